//! A real Prometheus that scrapes, and promtool that judges pages.

use super::process::Process;
use super::{free_port, wait_for};
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
        let directory = tempfile::tempdir().expect("a directory");
        let port = free_port();
        let config = directory.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n  - job_name: goalkeeper\n    static_configs: [{{targets: \
             ['{target}']}}]\n{job}"
        );
        std::fs::write(&config, text).expect("can be written");
        let mut command = Command::new(program("prometheus"));
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
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

    fn query(&self, query: &str) -> Result<f64, String> {
        let url = format!("http://127.0.0.1:{}/api/v1/query", self.port);
        let said = || format!("it says: {}", self.process.said());
        let mut response =
            ureq::get(url).query("query", query).call().map_err(|error| format!("{error}; {}", said()))?;
        let answer: serde_json::Value = response.body_mut().read_json().map_err(|error| error.to_string())?;
        let result = &answer["data"]["result"];
        match result.as_array().map(Vec::as_slice) {
            Some([one]) => one["value"][1].as_str().and_then(|text| text.parse().ok()).ok_or_else(|| one.to_string()),
            _ => Err(result.to_string()),
        }
    }
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
