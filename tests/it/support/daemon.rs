//! The daemon as a user runs it: the real binary with a configuration directory.

use super::process::Process;
use super::{free_port, wait_for};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// A roster that fits the events of most tests.
pub const ROSTER: &str = "company: {id: acme, zone: Europe/Oslo}\nteams: [{id: care}]\nqueues: [{id: support, team: care}]\n\
                          reps: [{id: ines, team: care}, {id: omar, team: care}]\n";

/// The binary under test.
pub fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_goalkeeper"))
}

/// Writes a configuration directory; `more` is appended to goalkeeper.yaml.
pub fn write_config(directory: &Path, brokers: &str, topic: &str, roster: &str, more: &str) -> u16 {
    let port = free_port();
    let text = format!(
        "roster: roster.yaml\nkafka:\n  brokers: [\"{brokers}\"]\n  topics: [{topic}]\n  group_id: {topic}\n\
         state:\n  directory: {}\n  checkpoint_interval: 500ms\n\
         server:\n  listen: 127.0.0.1:{port}\n  publish_interval: 100ms\n  reps: true\n{more}",
        directory.join("state").display()
    );
    std::fs::write(directory.join("goalkeeper.yaml"), text).expect("can be written");
    std::fs::write(directory.join("roster.yaml"), roster).expect("can be written");
    port
}

/// A running daemon.
pub struct Daemon {
    process: Process,
    port: u16,
}

/// Samples of a page of metrics by name with labels.
pub type Samples = BTreeMap<String, f64>;

impl Daemon {
    /// Starts `goalkeeper run` on a configuration made by [`write_config`].
    pub fn start(directory: &Path, port: u16) -> Daemon {
        let mut command = binary();
        command.args(["run", "--config"]).arg(directory);
        Daemon { process: Process::start(command, &directory.join("log")), port }
    }

    /// Starts `goalkeeper demo`: simulator, a broker in the process, and the daemon.
    pub fn demo(directory: &Path, port: u16) -> Daemon {
        let mut command = binary();
        command.args(["demo", "--listen", &format!("127.0.0.1:{port}")]);
        Daemon { process: Process::start(command, &directory.join("log")), port }
    }

    /// Starts it and waits until everything that was there is read.
    pub fn start_ready(directory: &Path, port: u16) -> Daemon {
        let mut daemon = Daemon::start(directory, port);
        daemon.wait_ready();
        daemon
    }

    /// Waits until it is ready.
    pub fn wait_ready(&mut self) {
        wait_for("the daemon is ready", Duration::from_secs(60), || {
            if let Some(status) = self.process.ended() {
                panic!("the daemon ended with {status}: {}", self.said());
            }
            match self.get("/-/ready") {
                (200, _) => Ok(()),
                (status, body) => Err(format!("{status} {body}; it says: {}", self.said())),
            }
        });
    }

    /// Gets a path; status 0 if nobody answers.
    pub fn get(&self, path: &str) -> (u16, String) {
        said_by(agent().get(format!("{}{path}", self.url())).call())
    }

    /// Posts nothing to a path.
    pub fn post(&self, path: &str) -> (u16, String) {
        said_by(agent().post(format!("{}{path}", self.url())).send_empty())
    }

    /// Where it serves.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address that Prometheus is to scrape.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// All samples of its page of metrics.
    pub fn metrics(&self) -> Samples {
        let (status, page) = self.get("/metrics");
        assert_eq!(status, 200, "{page}");
        samples(&page)
    }

    /// Where it is in each partition of a topic.
    pub fn positions(&self, topic: &str) -> Positions {
        let samples = self.metrics();
        let each = |name: &str| -> Vec<i64> {
            let of = |n| format!("goalkeeper_{name}{{partition=\"{n}\",topic=\"{topic}\"}}");
            (0..).map_while(|n| samples.get(&of(n))).map(|value| *value as i64).collect()
        };
        Positions {
            checkpoints: samples["goalkeeper_checkpoints_total"] as i64,
            next: each("kafka_position_offset"),
            saved: each("checkpoint_position_offset"),
            records: each("records_total"),
        }
    }

    /// Waits until a sample has a value.
    pub fn wait_metric(&self, name: &str, wanted: f64) {
        wait_for(&format!("{name} is {wanted}"), Duration::from_secs(60), || match self.metrics().get(name) {
            Some(value) if *value == wanted => Ok(()),
            Some(value) => Err(value.to_string()),
            None => Err(format!("no such sample; the daemon says: {}", self.said())),
        });
    }

    /// The rows that the API answers, without their times of asking.
    pub fn figures(&self, question: &str) -> serde_json::Value {
        self.answer(question)["rows"].take()
    }

    /// Everything that the API answers.
    pub fn answer(&self, question: &str) -> serde_json::Value {
        let (status, body) = self.get(&format!("/api/v1/figures?{question}"));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("is JSON")
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Lets it stand still while `meanwhile` happens.
    pub fn while_paused(&self, meanwhile: impl FnOnce()) {
        self.process.pause();
        meanwhile();
        self.process.resume();
    }

    /// Asks it to read its configuration anew.
    pub fn hang_up(&self) {
        self.process.hang_up();
    }

    /// Kills it on the spot.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        self.process.terminate();
        self.wait_end()
    }

    /// Waits until it has ended by itself.
    pub fn wait_end(&mut self) -> ExitStatus {
        wait_for("the daemon ends", Duration::from_secs(30), || self.process.ended().ok_or_else(|| self.process.said()))
    }

    /// What it has said.
    pub fn said(&self) -> String {
        self.process.said()
    }
}

/// All samples of a page of metrics.
pub fn samples(page: &str) -> Samples {
    page.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, value)| (name.to_owned(), value.parse().expect("a number")))
        .collect()
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    ureq::Agent::new_with_config(config.timeout_global(Some(Duration::from_secs(20))).build())
}

fn said_by(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, String) {
    match answer {
        Ok(mut response) => (
            response.status().as_u16(),
            response.body_mut().with_config().limit(64 << 20).read_to_string().expect("the body is text"),
        ),
        Err(error) => (0, error.to_string()),
    }
}

/// Where a daemon is in each partition of a topic, and where it would be after a crash.
#[derive(Debug)]
pub struct Positions {
    /// Checkpoints since the process began.
    pub checkpoints: i64,
    /// What is read next.
    pub next: Vec<i64>,
    /// What would be read next after a crash.
    pub saved: Vec<i64>,
    /// Records read since the process began.
    pub records: Vec<i64>,
}

impl Positions {
    /// Records of the topic that are read, by this process or an earlier one.
    pub fn read(&self) -> i64 {
        self.next.iter().sum()
    }

    /// Records that would be read again after a crash.
    pub fn unsaved(&self) -> i64 {
        self.read() - self.saved.iter().sum::<i64>()
    }

    /// Where the process began to read. Only while nothing is read: the samples of a page are not of one instant.
    pub fn began(&self) -> Vec<i64> {
        self.next.iter().zip(&self.records).map(|(next, records)| next - records).collect()
    }
}

/// A configuration directory of its own.
pub struct Setup {
    pub directory: tempfile::TempDir,
    pub port: u16,
}

impl Setup {
    /// For a topic of a broker.
    pub fn new(brokers: &str, topic: &str, roster: &str, more: &str) -> Setup {
        let directory = tempfile::tempdir().expect("a directory");
        let port = write_config(directory.path(), brokers, topic, roster, more);
        Setup { directory, port }
    }

    /// Starts a daemon on it and waits until it is ready.
    pub fn start(&self) -> Daemon {
        Daemon::start_ready(self.directory.path(), self.port)
    }

    /// Replaces a piece of goalkeeper.yaml.
    pub fn change(&self, from: &str, to: &str) {
        let path = self.directory.path().join("goalkeeper.yaml");
        let text = std::fs::read_to_string(&path).expect("is there");
        assert!(text.contains(from), "goalkeeper.yaml has no `{from}`");
        std::fs::write(&path, text.replace(from, to)).expect("can be written");
    }

    /// Writes another roster.
    pub fn change_roster(&self, roster: &str) {
        std::fs::write(self.directory.path().join("roster.yaml"), roster).expect("can be written");
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }
}
