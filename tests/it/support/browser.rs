//! A real browser without a screen: Chromium, driven through a pipe in the DevTools protocol.

use super::process::spawn;
use super::wait_for;
use base64::Engine as _;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long the browser may take for an answer, and a page to say what it should, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(40);

/// A browser with one page.
pub struct Browser {
    process: Child,
    orders: ChildStdin,
    news: Receiver<Value>,
    next: u64,
    session: String,
    /// What the pages have asked for.
    requests: Vec<String>,
    /// What went wrong in them.
    problems: Vec<String>,
    _profile: tempfile::TempDir,
}

/// What a page is to be shown as.
pub struct Screen {
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    pub phone: bool,
}

pub const WALL: Screen = Screen { name: "1920x1080", width: 1920, height: 1080, phone: false };
pub const PHONE: Screen = Screen { name: "390x844", width: 390, height: 844, phone: true };

impl Browser {
    /// Starts one; it ends with the test.
    pub fn start() -> Browser {
        let profile = tempfile::tempdir().expect("a directory");
        let log = std::fs::File::create(profile.path().join("log")).expect("can be written");
        let mut command = Command::new("setpriv");
        // The browser reads orders from descriptor 3 and writes to descriptor 4.
        command.args([
            "--pdeathsig",
            "KILL",
            "bash",
            "-c",
            "exec \"$@\" 3<&0 4>&1 0</dev/null 1>&2",
            "browser",
            "chromium",
        ]);
        command.args([
            "--headless",
            "--no-sandbox",
            "--remote-debugging-pipe",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ]);
        command.args([
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            "--hide-scrollbars",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().join("profile").display()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut process = spawn(command).expect("the browser starts");
        let orders = process.stdin.take().expect("is a pipe");
        let said = process.stdout.take().expect("is a pipe");
        let (tell, news) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(said).split(0).map_while(Result::ok) {
                if tell.send(serde_json::from_slice(&message).expect("is JSON")).is_err() {
                    break;
                }
            }
        });
        let mut browser = Browser {
            process,
            orders,
            news,
            next: 0,
            session: String::new(),
            requests: Vec::new(),
            problems: Vec::new(),
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].take();
        let session = browser.ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = session["sessionId"].as_str().expect("is text").to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Gives an order and waits for its answer.
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut order = json!({"id": id, "method": method, "params": parameters});
        if !self.session.is_empty() {
            order["sessionId"] = json!(self.session);
        }
        self.orders.write_all(format!("{order}\0").as_bytes()).expect("the browser listens");
        loop {
            let mut news = self.news.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method}: {error}"));
            if news["id"] == id {
                assert!(news["error"].is_null(), "{method}: {news}");
                return news["result"].take();
            }
            self.note(&news);
        }
    }

    fn note(&mut self, news: &Value) {
        let told = &news["params"];
        match news["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                self.requests.push(told["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
            Some("Runtime.exceptionThrown") => self.problems.push(told.to_string()),
            Some("Runtime.consoleAPICalled") if told["type"] == "error" => self.problems.push(told.to_string()),
            Some("Log.entryAdded") if told["entry"]["level"] == "error" => self.problems.push(told.to_string()),
            _ => {}
        }
    }

    /// Shows pages as on this screen.
    pub fn look_at(&mut self, screen: &Screen) {
        let metrics =
            json!({"width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.phone});
        self.ask("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Lets the system prefer something, such as `prefers-color-scheme` and `light`.
    pub fn prefer(&mut self, feature: &str, value: &str) {
        self.ask("Emulation.setEmulatedMedia", json!({"features": [{"name": feature, "value": value}]}));
    }

    /// Goes to a page.
    pub fn open(&mut self, url: &str) {
        let answer = self.ask("Page.navigate", json!({"url": url}));
        assert!(answer["errorText"].is_null(), "{url}: {answer}");
    }

    /// What a script in the page says.
    pub fn run(&mut self, script: &str) -> Value {
        let mut answer = self.ask("Runtime.evaluate", json!({"expression": script, "returnByValue": true}));
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        answer["result"]["value"].take()
    }

    /// The text of what a selector finds, as it is seen.
    pub fn text(&mut self, selector: &str) -> String {
        let script = format!("[...document.querySelectorAll({selector:?})].map((e) => e.innerText).join('\\n')");
        self.run(&script).as_str().unwrap_or_default().replace('\u{a0}', " ")
    }

    /// Waits until the page says all of this there.
    pub fn wait_text(&mut self, selector: &str, wanted: &[&str]) -> String {
        let what = format!("{selector} says {wanted:?}");
        wait_for(&what, PATIENCE, || {
            let seen = self.text(selector);
            let says = |wanted: &&str| seen.split_whitespace().collect::<Vec<_>>().join(" ").contains(wanted);
            if wanted.iter().all(says) { Ok(seen) } else { Err(format!("{seen:?}; problems: {:?}", self.problems)) }
        })
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            other => panic!("no such key here: {other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut order = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            if kind == "keyDown" && !text.is_empty() {
                order["text"] = json!(text);
            }
            self.ask("Input.dispatchKeyEvent", order);
        }
    }

    /// The text of what has the focus.
    pub fn focused(&mut self) -> String {
        let text = self.run("document.activeElement.innerText");
        text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Takes a picture of what is to be seen.
    pub fn picture(&mut self, path: &Path) {
        let answer = self.ask("Page.captureScreenshot", json!({"format": "png"}));
        let text = answer["data"].as_str().expect("is text");
        let bytes = base64::prelude::BASE64_STANDARD.decode(text).expect("is base64");
        std::fs::create_dir_all(path.parent().expect("has one")).expect("can be made");
        std::fs::write(path, bytes).expect("can be written");
    }

    /// What went wrong in the pages since the last call.
    pub fn problems(&mut self) -> Vec<String> {
        // What is under way comes before the next answer.
        self.run("0");
        std::mem::take(&mut self.problems)
    }

    /// Requests to anywhere but `origin`.
    pub fn strangers(&mut self, origin: &str) -> Vec<String> {
        self.run("0");
        let is_strange = |url: &&String| !url.starts_with(origin) && !url.starts_with("about:");
        self.requests.iter().filter(is_strange).cloned().collect()
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
