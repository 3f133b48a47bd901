//! Rules for Prometheus: an alert for each target, and alerts on goalkeeper itself.

mod goals;
mod health;

use crate::config::Loaded;
use crate::domain::target::Severity;
use std::fmt::Write as _;

/// What the rules leave to whoever loads them.
#[derive(Clone, Debug)]
pub struct Options {
    /// Matchers that goalkeeper's series have and no others, such as `job="goalkeeper"`.
    pub selector: String,
    /// Where the runbooks are: an address, or a folder.
    pub runbooks: String,
    /// The address of a dashboard of targets, if there is one.
    pub dashboard: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options { selector: "job=\"goalkeeper\"".to_owned(), runbooks: "docs/runbooks".to_owned(), dashboard: None }
    }
}

/// Rules as Prometheus reads them.
#[derive(Debug)]
pub struct Rules {
    /// The file.
    pub text: String,
    /// What whoever loads it should know.
    pub warnings: Vec<String>,
}

/// One alert.
#[derive(Clone, Debug)]
struct Rule {
    alert: &'static str,
    expression: String,
    hold: String,
    /// None is quieter than all: nobody needs to read it.
    severity: Option<Severity>,
    labels: Vec<(&'static str, String)>,
    annotations: Vec<(&'static str, String)>,
}

/// So old may the time of figures be that targets are told by. Seconds.
const FRESH: u32 = 300;
/// So long an alert on a target stays when figures fail to come: a restart does not end it.
const KEPT: &str = "15m";

/// The alerts for a configuration.
///
/// # Errors
/// What is wrong with the options.
pub fn rules(loaded: &Loaded, options: &Options) -> Result<Rules, String> {
    if options.selector.trim().is_empty() || options.selector.contains(['{', '}', '\n']) {
        return Err(format!(
            "--selector `{}` is no list of matchers; write it without braces, e.g. 'job=\"goalkeeper\"'",
            options.selector
        ));
    }
    let (goals, warnings) = goals::rules(loaded, options);
    let mut text = String::from(
        "# Written by `goalkeeper rules`: change the configuration and write it anew. docs/alerts.md explains it.\n",
    );
    for warning in &warnings {
        let _ = writeln!(text, "# {warning}.");
    }
    text.push_str("groups:\n");
    if !goals.is_empty() {
        text.push_str("  - name: goalkeeper-targets\n    rules:\n");
        let _ = write!(
            text,
            "      # Targets are told by figures that are up to date: while goalkeeper catches up nothing begins.\n      \
             - record: {}\n        expr: |-\n{}",
            goals::FRESH_BREACH,
            indented(&goals::fresh_breach(loaded, options), 10)
        );
        write_rules(&mut text, &goals);
    }
    text.push_str("  - name: goalkeeper-health\n    rules:\n");
    write_rules(&mut text, &health::rules(loaded, options));
    Ok(Rules { text, warnings })
}

fn write_rules(text: &mut String, rules: &[Rule]) {
    for rule in rules {
        let _ = write!(text, "      - alert: {}\n        expr: |-\n{}", rule.alert, indented(&rule.expression, 10));
        if rule.hold != "0s" {
            let _ = writeln!(text, "        for: {}", rule.hold);
        }
        let severity = ("severity", rule.severity.map_or("none", Severity::name).to_owned());
        for (name, pairs) in
            [("labels", [vec![severity], rule.labels.clone()].concat()), ("annotations", rule.annotations.clone())]
        {
            let _ = writeln!(text, "        {name}:");
            for (key, value) in pairs {
                let _ = writeln!(text, "          {key}: {}", quoted(&value));
            }
        }
    }
}

/// Lines, each further to the right.
fn indented(lines: &str, by: usize) -> String {
    lines.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

/// A text in quotes, as YAML and PromQL both read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text that Prometheus' templates leave as it is.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

/// Where it is written what to do about an alert.
fn runbook(options: &Options, alert: &str) -> String {
    format!("{}/{alert}.md", options.runbooks.trim_end_matches('/'))
}
