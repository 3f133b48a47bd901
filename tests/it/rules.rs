//! `goalkeeper rules`: what it prints, and that each alert has its page.

use goalkeeper::config;
use goalkeeper::publish::rules::{Options, Rules, rules};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rules_of(directory: &Path, options: &Options) -> Rules {
    let loaded = config::load(directory).unwrap_or_else(|problems| panic!("{problems}"));
    rules(&loaded, options).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Rules for two targets of reps, with or without series of reps.
fn rules_for_reps(server: &str, options: &Options) -> Rules {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("can be written");
    write("goalkeeper.yaml", &format!("roster: roster.yaml\ntargets: targets.yaml\nserver: {server}\n"));
    write("roster.yaml", "company: {id: acme, zone: UTC}\nteams: [{id: care}]\nreps: [{id: ines, team: care}]\n");
    let target = |id: &str, scope: &str| {
        format!(
            "  - {{id: '{id}', title: 'so {{{{ many }}}}', scope: {scope}, measure: handled, at_least: 5, window: day}}\n"
        )
    };
    write("targets.yaml", &format!("targets:\n{}{}", target("all", "every rep"), target("o\"ne", "rep/ines")));
    rules_of(directory.path(), options)
}

#[test]
fn the_shipped_rules_are_those_of_the_shipped_configurations() {
    // Where series of single reps are not published, the target for reps is not told of each.
    for (config, file, warned) in [
        ("config", "deploy/prometheus/goalkeeper.rules.yaml", 1),
        ("deploy/compose/config", "deploy/compose/goalkeeper.rules.yaml", 0),
    ] {
        let path = root().join(file);
        let Rules { text, warnings } = rules_of(&root().join(config), &Options::default());
        assert_eq!(warnings.len(), warned, "{config}: {warnings:?}");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).expect("can be written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "{file} is not what `goalkeeper rules` prints: run `make generate`");
    }
}

#[test]
fn each_alert_has_its_runbook_and_each_runbook_its_alert() {
    let text = rules_of(&root().join("config"), &Options::default()).text;
    let alerts: BTreeSet<String> =
        text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect();
    let pages = std::fs::read_dir(root().join("docs/runbooks")).expect("is there");
    let pages: BTreeSet<String> = pages
        .map(|entry| entry.expect("can be listed").file_name().into_string().expect("is text"))
        .map(|name| name.strip_suffix(".md").expect("is a page").to_owned())
        .collect();
    assert!(alerts.len() > 15, "{alerts:?}");
    assert_eq!(alerts, pages);
    for page in pages {
        let text = std::fs::read_to_string(root().join(format!("docs/runbooks/{page}.md"))).expect("can be read");
        assert!(text.starts_with(&format!("# {page}\n")) && text.contains("\n## Do\n"), "{page}");
    }
}

#[test]
fn where_reps_are_not_published_their_alerts_are_not_made_up_and_it_is_said() {
    let with = rules_for_reps("{reps: true}", &Options::default());
    assert_eq!(with.warnings, [""; 0]);
    assert_eq!(with.text.matches("alert: GoalkeeperTargetMissed").count(), 2);
    let without = rules_for_reps("{reps: false}", &Options::default());
    assert_eq!(without.text.matches("alert: GoalkeeperTargetMissed").count(), 1);
    assert_eq!(without.warnings.len(), 2);
    for warning in &without.warnings {
        assert!(without.text.contains(&format!("\n# {warning}.\n")), "{}", without.text);
    }
}

#[test]
fn what_people_have_written_is_no_template_and_ends_no_text() {
    let text = rules_for_reps("{reps: true}", &Options::default()).text;
    assert!(text.contains("so {{ \\\"{{\\\" }} many }}\""), "{text}");
    assert!(text.contains("{target=\"o\\\"ne\",job=\"goalkeeper\"}"), "{text}");
    assert!(text.contains("target: \"o\\\"ne\""), "{text}");
}

#[test]
fn selector_runbooks_and_dashboard_are_what_the_options_say() {
    let options = Options {
        selector: "job=\"gk\",site=~\"oslo|bergen\"".to_owned(),
        runbooks: "https://wiki.example/goalkeeper/".to_owned(),
        dashboard: Some("https://grafana.example/d/targets?orgId=1".to_owned()),
    };
    let text = rules_for_reps("{reps: true}", &options).text;
    assert!(!text.contains("job=\"goalkeeper\"") && text.contains("up{job=\"gk\",site=~\"oslo|bergen\"} == 0"));
    assert!(text.contains("\"https://wiki.example/goalkeeper/GoalkeeperDown.md\""));
    assert!(text.contains("\"https://grafana.example/d/targets?orgId=1&var-target={{ urlquery $labels.target }}&"));
    let loaded = config::load(&root().join("config")).unwrap_or_else(|problems| panic!("{problems}"));
    for selector in ["", " ", "{job=\"gk\"}"] {
        let options = Options { selector: selector.to_owned(), ..Options::default() };
        let problem = rules(&loaded, &options).expect_err("is refused");
        assert!(problem.contains("without braces"), "{problem}");
    }
}
