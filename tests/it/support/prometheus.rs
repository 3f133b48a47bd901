//! A real Prometheus that scrapes, and promtool that judges pages.

use super::process::Process;
use super::{free_port, wait_for};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A running Prometheus.
pub struct Prometheus {
    port: u16,
    process: Process,
    _directory: TempDir,
}

impl Prometheus {
    /// Starts one that scrapes `target` every second.
    pub fn start(target: &str) -> Prometheus {
        Prometheus::start_with(target, "")
    }

    /// As [`Prometheus::start`], with more lines of the scrape job.
    pub fn start_with(target: &str, job: &str) -> Prometheus {
        Prometheus::launch(target, job, "1s", "groups: []\n", None)
    }

    /// Likewise, with rules and nobody to tell.
    pub fn start_with_rules(target: &str, rules: &str) -> Prometheus {
        Prometheus::launch(target, "", "1s", rules, None)
    }

    /// As [`Prometheus::start`], every quarter of a second, with rules and an Alertmanager.
    pub fn start_alerting(target: &str, rules: &str, alertmanager: &str) -> Prometheus {
        Prometheus::launch(target, "", "250ms", rules, Some(alertmanager))
    }

    fn launch(target: &str, job: &str, interval: &str, rules: &str, alertmanager: Option<&str>) -> Prometheus {
        let directory = tempfile::tempdir().expect("a directory");
        let port = free_port();
        let config = directory.path().join("prometheus.yml");
        let alerting = alertmanager.map_or_else(String::new, |address| {
            format!("alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{address}']}}]}}]}}\n")
        });
        let text = format!(
            "global: {{scrape_interval: {interval}, evaluation_interval: {interval}}}\nrule_files: [rules.yaml]\n\
             {alerting}scrape_configs:\n  - job_name: goalkeeper\n    static_configs: [{{targets: ['{target}']}}]\n{job}"
        );
        std::fs::write(&config, text).expect("can be written");
        std::fs::write(directory.path().join("rules.yaml"), rules).expect("can be written");
        let mut command = Command::new(program("prometheus"));
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
            // What is told before Alertmanager is found is told again after so long.
            .arg("--rules.alert.resend-delay=10s")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let process = Process::start(command, &directory.path().join("log"));
        Prometheus { port, process, _directory: directory }
    }

    /// Waits until a query has a single value, and says which.
    pub fn wait_value(&self, query: &str, accept: impl Fn(f64) -> bool) -> f64 {
        wait_for(query, Duration::from_secs(60), || {
            let value = self.query(query)?;
            if accept(value) { Ok(value) } else { Err(value.to_string()) }
        })
    }

    /// Waits until a query finds nothing.
    pub fn wait_none(&self, query: &str) {
        wait_for(&format!("no {query}"), Duration::from_secs(60), || match &self.vector(query)?[..] {
            [] => Ok(()),
            some => Err(format!("{some:?}")),
        });
    }

    /// Waits until rules were evaluated so many times more.
    pub fn wait_evaluations(&self, times: f64) {
        let query = "count_over_time(ALERTS{alertname=\"GoalkeeperWatchdog\"}[1h])";
        let before = self.wait_value(query, |_| true);
        self.wait_value(query, |count| count >= before + times);
    }

    /// The names of the alerts that fire now.
    pub fn firing(&self) -> Result<BTreeSet<String>, String> {
        let result = self.vector("ALERTS{alertstate=\"firing\"}")?;
        let name = |one: &Value| one["metric"]["alertname"].as_str().expect("alerts have names").to_owned();
        Ok(result.iter().map(name).collect())
    }

    /// Waits until just these alerts fire.
    pub fn wait_firing(&self, names: &[&str]) {
        let wanted: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        wait_for(&format!("{names:?} fire"), Duration::from_secs(60), || match self.firing()? {
            found if found == wanted => Ok(()),
            found => Err(format!("{found:?}")),
        });
    }

    /// What is wrong with any rule, as far as evaluating it showed.
    pub fn broken_rules(&self) -> Vec<Value> {
        let answer = self.get("rules", &[]).expect("Prometheus answers");
        let groups = answer["data"]["groups"].as_array().expect("groups").clone();
        let rules = groups.into_iter().flat_map(|group| group["rules"].as_array().expect("rules").clone());
        rules.filter(|rule| rule["health"] != "ok").collect()
    }

    fn query(&self, query: &str) -> Result<f64, String> {
        match &self.vector(query)?[..] {
            [one] => one["value"][1].as_str().and_then(|text| text.parse().ok()).ok_or_else(|| one.to_string()),
            several => Err(format!("{several:?}")),
        }
    }

    /// What a query finds.
    pub fn vector(&self, query: &str) -> Result<Vec<Value>, String> {
        let answer = self.get("query", &[("query", query)])?;
        Ok(answer["data"]["result"].as_array().cloned().unwrap_or_default())
    }

    fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let url = format!("http://127.0.0.1:{}/api/v1/{path}", self.port);
        let said = || format!("it says: {}", self.process.said());
        let request = ureq::get(url).query_pairs(parameters.iter().copied());
        let mut response = request.call().map_err(|error| format!("{error}; {}", said()))?;
        response.body_mut().read_json().map_err(|error| error.to_string())
    }
}

/// What `promtool check rules` says of a file of rules; nothing if it is content.
pub fn promtool_rules(rules: &str) -> String {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(rules.as_bytes()).expect("can be written");
    let command = Command::new("promtool").args(["check", "rules", "--lint=all"]).arg(file.path()).output();
    let output = command.expect("promtool runs: make setup installs it");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { String::new() } else { text }
}

/// Debian's, or those in the directory that `make check-current` names.
fn program(name: &str) -> PathBuf {
    std::env::var_os("GOALKEEPER_PROMETHEUS").map_or_else(|| name.into(), |folder| PathBuf::from(folder).join(name))
}

/// What `promtool check metrics` says of a page; nothing if it is content.
pub fn promtool(page: &str) -> String {
    let mut child = Command::new(program("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs: make setup installs it");
    child.stdin.take().expect("is piped").write_all(page.as_bytes()).expect("promtool reads");
    let output = child.wait_with_output().expect("promtool ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { String::new() } else { text }
}
