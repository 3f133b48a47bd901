//! Scenarios: the configuration files that the roster lines and settings of a story stand for.

use std::fmt::Write;

/// What a roster line says: an id, and words as key and value.
#[derive(Debug, Default)]
pub(super) struct Unit {
    pub(super) id: String,
    pub(super) words: Vec<(String, String)>,
}

/// The text of a `roster.yaml`.
pub(super) fn roster(
    company: &Unit,
    departments: &[Unit],
    teams: &[Unit],
    queues: &[Unit],
    reps: &[Unit],
    issues: &[Unit],
) -> String {
    let mut roster = String::from("company: ");
    flow(&mut roster, company, &["zone", "hours", "holidays"]);
    for (name, units, scalars) in [
        ("departments", departments, &["zone", "hours", "holidays"][..]),
        ("teams", teams, &["department", "zone", "hours", "holidays"]),
        ("queues", queues, &["zone", "hours", "holidays", "service_level_threshold", "short_abandon"]),
        ("reps", reps, &["zone", "started"]),
    ] {
        let _ = write!(roster, "\n{name}:");
        if units.is_empty() {
            roster.push_str(" []");
        }
        let mut seen: Vec<&str> = Vec::new();
        for unit in units {
            if seen.contains(&unit.id.as_str()) {
                continue;
            }
            seen.push(&unit.id);
            roster.push_str("\n  - ");
            let lines: Vec<&Unit> = units.iter().filter(|other| other.id == unit.id).collect();
            member(&mut roster, &lines, scalars);
        }
    }
    roster.push_str("\nissues:");
    if issues.is_empty() {
        roster.push_str(" []");
    }
    for issue in issues {
        let words = issue.words.iter().map(|(kind, id)| format!("{kind}: {id}")).collect::<Vec<String>>();
        let _ = write!(roster, "\n  - {{id: {}, owner: {{{}}}}}", issue.id, words.join(", "));
    }
    roster.push('\n');
    roster
}

/// The text of a `goalkeeper.yaml`.
pub(super) fn rules(settings: &[(String, String)]) -> String {
    let mut rules = String::new();
    let mut sections: Vec<&str> = Vec::new();
    for (path, _) in settings {
        let section = path.split('.').next().unwrap_or(path);
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    for section in sections {
        let _ = writeln!(rules, "{}", nested(section, settings));
    }
    rules
}

/// The text of a `targets.yaml`.
pub(super) fn targets(targets: &[Unit]) -> String {
    let mut text = String::from("targets:");
    if targets.is_empty() {
        text.push_str(" []");
    }
    for target in targets {
        let _ = write!(text, "\n  - {{id: {}", target.id);
        if !target.words.iter().any(|(key, _)| key == "title") {
            let _ = write!(text, ", title: {}", target.id);
        }
        for (key, value) in &target.words {
            let _ = write!(text, ", {key}: {value}");
        }
        text.push('}');
    }
    text.push('\n');
    text
}

/// One section of the settings as a YAML flow mapping: `measures: {short_abandon: 5s}`.
fn nested(section: &str, settings: &[(String, String)]) -> String {
    let mut inner: Vec<String> = Vec::new();
    let mut below: Vec<&str> = Vec::new();
    for (path, value) in settings {
        if path == section {
            return format!("{section}: {value}");
        }
        let Some(rest) = path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) else { continue };
        let first = rest.split('.').next().unwrap_or(rest);
        if !below.contains(&first) {
            below.push(first);
            let deeper: Vec<(String, String)> = settings
                .iter()
                .filter_map(|(path, value)| {
                    let rest = path.strip_prefix(section)?.strip_prefix('.')?;
                    Some((rest.to_owned(), value.clone()))
                })
                .collect();
            inner.push(nested(first, &deeper));
        }
    }
    format!("{section}: {{{}}}", inner.join(", "))
}

fn flow(text: &mut String, unit: &Unit, scalars: &[&str]) {
    let _ = write!(text, "{{id: {}", unit.id);
    for (key, value) in unit.words.iter().filter(|(key, _)| scalars.contains(&key.as_str())) {
        let _ = write!(text, ", {key}: {value}");
    }
    text.push('}');
}

/// A team, queue or rep with its teams through time and its aliases.
fn member(text: &mut String, lines: &[&Unit], scalars: &[&str]) {
    let word = |unit: &Unit, key: &str| unit.words.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let first = lines[0];
    let _ = write!(text, "{{id: {}", first.id);
    for (key, value) in first.words.iter().filter(|(key, _)| scalars.contains(&key.as_str())) {
        let _ = write!(text, ", {key}: {value}");
    }
    let memberships: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let team = word(line, "team")?;
            Some(match word(line, "from") {
                Some(from) => format!("{{team: {team}, valid_from: {from}}}"),
                None => format!("{{team: {team}}}"),
            })
        })
        .collect();
    if !memberships.is_empty() {
        let _ = write!(text, ", teams: [{}]", memberships.join(", "));
    }
    let aliases: Vec<String> = lines
        .iter()
        .flat_map(|line| &line.words)
        .filter_map(|(key, value)| Some(format!("{}: [{value}]", key.strip_prefix("alias.")?)))
        .collect();
    if !aliases.is_empty() {
        let _ = write!(text, ", aliases: {{{}}}", aliases.join(", "));
    }
    text.push('}');
}
