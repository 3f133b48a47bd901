//! A real Alertmanager, and who receives its messages.

use super::process::Process;
use super::{free_port, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// The example of the documentation, with messages to `url` and without waiting.
pub fn example_config(url: &str) -> String {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md")).expect("is there");
    let (_, rest) = page.split_once("```yaml\n").expect("the page has an example");
    let (example, _) = rest.split_once("```").expect("the example ends");
    let changes = [
        ("group_wait: 30s", "group_wait: 0s"),
        ("group_interval: 5m", "group_interval: 250ms"),
        ("http://127.0.0.1:5001/", url),
    ];
    changes.into_iter().fold(example.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the example has no `{from}`");
        text.replace(from, to)
    })
}

/// A running Alertmanager.
pub struct Alertmanager {
    port: u16,
    process: Process,
    _directory: TempDir,
}

impl Alertmanager {
    /// Starts one and waits until it is ready.
    pub fn start(config: &str) -> Alertmanager {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("alertmanager.yml");
        std::fs::write(&file, config).expect("can be written");
        let port = free_port();
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", directory.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=");
        let process = Process::start(command, &directory.path().join("log"));
        let alertmanager = Alertmanager { port, process, _directory: directory };
        wait_for("Alertmanager is ready", Duration::from_secs(30), || {
            let answer = ureq::get(format!("http://{}/-/ready", alertmanager.address())).call();
            answer.map(drop).map_err(|error| format!("{error}; it says: {}", alertmanager.process.said()))
        });
        alertmanager
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Hands it an alert.
    pub fn post(&self, labels: &Value) {
        let url = format!("http://{}/api/v2/alerts", self.address());
        ureq::post(url).send_json(serde_json::json!([{ "labels": labels }])).expect("it takes alerts");
    }

    /// Waits until it says of the alert with these labels that its state is `state`.
    pub fn wait_state(&self, labels: &Value, state: &str) {
        let url = format!("http://{}/api/v2/alerts", self.address());
        wait_for(&format!("{labels} is {state}"), Duration::from_secs(30), || {
            let mut response = ureq::get(&url).call().map_err(|error| error.to_string())?;
            let alerts: Vec<Value> = response.body_mut().read_json().map_err(|error| error.to_string())?;
            let found = alerts.iter().find(|alert| alert["labels"] == *labels);
            match found {
                Some(alert) if alert["status"]["state"] == state => Ok(()),
                _ => Err(format!("{alerts:?}")),
            }
        });
    }
}

/// What `amtool check-config` says if it is not content.
pub fn amtool(config: &str) -> Result<(), String> {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(config.as_bytes()).expect("can be written");
    let output = Command::new("amtool").arg("check-config").arg(file.path()).output().expect("amtool runs");
    let said = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said).into_owned()) }
}

/// Receives messages as a webhook.
pub struct Receiver {
    port: u16,
    alerts: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    /// Begins to listen.
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let alerts = Arc::new(Mutex::new(Vec::new()));
        let kept = alerts.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                // Alertmanager keeps connections open: each has a thread.
                std::thread::spawn(move || take_messages(stream, &kept));
            }
        });
        Receiver { port, alerts }
    }

    /// Where messages are to go.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Every alert that was told so far, each as often as it was told.
    pub fn told(&self) -> Vec<Value> {
        self.alerts.lock().expect("nobody panics here").clone()
    }

    /// Waits until an alert of a target and scope is told as `firing` or `resolved`.
    pub fn wait(&self, target: &str, scope: &str, status: &str) -> Value {
        self.wait_told(&format!("{target} of {scope} is {status}"), |alert| {
            alert["labels"]["target"] == target && alert["labels"]["scope"] == scope && alert["status"] == status
        })
    }

    /// Waits until such an alert is told.
    pub fn wait_told(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        wait_for(what, Duration::from_secs(60), || {
            let told = self.told();
            told.iter().find(|alert| is_it(alert)).cloned().ok_or_else(|| format!("{told:?}"))
        })
    }
}

fn take_messages(stream: TcpStream, alerts: &Mutex<Vec<Value>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let message: Value = serde_json::from_slice(&body).expect("a message is JSON");
        alerts
            .lock()
            .expect("nobody panics here")
            .extend(message["alerts"].as_array().expect("alerts").iter().cloned());
        if reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}
