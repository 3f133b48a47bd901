//! A recorded set as events, and what the real binary makes of them: in order, shuffled, doubled.

use crate::support::daemon::binary;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The seed of every shuffle.
const SEED: u64 = 0x1917_0205;

/// A recorded set, turned into what the program takes.
pub struct Events {
    /// What goes below the sections of state and server in goalkeeper.yaml.
    pub config: String,
    pub roster: String,
    /// In order of time.
    pub events: Vec<Event>,
}

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it happened, in milliseconds.
    pub time: i64,
    /// What keeps the events of one customer, contact or ticket together.
    pub key: String,
    /// A structured CloudEvent.
    pub json: String,
}

/// How the events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Sorted,
    Shuffled,
    /// Each event twice, and shuffled.
    Doubled,
}

impl Order {
    pub const ALL: [Order; 3] = [Order::Sorted, Order::Shuffled, Order::Doubled];

    pub fn name(self) -> &'static str {
        match self {
            Order::Sorted => "in order",
            Order::Shuffled => "shuffled",
            Order::Doubled => "doubled",
        }
    }
}

/// What to ask of a replay; the answers go by [`Report::row`].
pub struct Question<'q> {
    pub scopes: &'q str,
    /// Empty asks for all.
    pub measures: &'q str,
    pub windows: &'q str,
    pub from: &'q str,
    pub to: &'q str,
}

/// What a replay has made of the events.
pub struct Replayed {
    pub report: Report,
    /// Lines of each fate: `applied`, `unchanged`, `refused`, `ignored`.
    pub fates: HashMap<String, i64>,
    /// The canonical export.
    pub export: String,
}

/// Figures by scope, measure and window.
#[derive(Default)]
pub struct Report {
    rows: HashMap<(String, String, String), Row>,
}

/// One figure, as reports and the API write it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Row {
    scope_kind: String,
    scope: String,
    measure: String,
    window: String,
    start: String,
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<i64>,
    sample: i64,
}

impl Report {
    pub fn new(rows: impl IntoIterator<Item = Row>) -> Report {
        let keyed = |row: Row| {
            let window = match row.window.as_str() {
                "all" => "all".to_owned(),
                // Finer windows than days go by minutes too.
                "quarter_hour" => format!("quarter_hour {}", &row.start[..16]),
                window => format!("{window} {}", &row.start[..10]),
            };
            ((format!("{}/{}", row.scope_kind, row.scope), row.measure.clone(), window), row)
        };
        Report { rows: rows.into_iter().map(keyed).collect() }
    }

    /// Adds the figures of another answer.
    pub fn extend(&mut self, other: Report) {
        self.rows.extend(other.rows);
    }

    /// The figure of a scope (`queue/PS`) and window: `all`, or a calendar window and its start, `day 1999-02-01`.
    pub fn row(&self, scope: &str, measure: &str, window: &str) -> Option<&Row> {
        self.rows.get(&(scope.to_owned(), measure.to_owned(), window.to_owned()))
    }

    /// The value in the measure's unit.
    pub fn value(&self, scope: &str, measure: &str, window: &str) -> Option<f64> {
        self.row(scope, measure, window)?.value
    }

    /// A count, or the upper half of a fraction: a whole number of things or seconds.
    pub fn upper(&self, scope: &str, measure: &str, window: &str) -> Option<i64> {
        let row = self.row(scope, measure, window)?;
        // An empty denominator has no numerator either; what is summed up is then nothing.
        let sum = row.numerator.unwrap_or(0.0);
        (sum.fract() == 0.0).then_some(sum as i64)
    }

    /// The lower half of a fraction.
    pub fn lower(&self, scope: &str, measure: &str, window: &str) -> Option<i64> {
        self.row(scope, measure, window)?.denominator
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many figures differ from those of `other`, and one of them.
    pub fn differing(&self, other: &Report) -> (usize, Option<String>) {
        let differ: Vec<String> = self
            .rows
            .iter()
            .filter(|(key, row)| other.rows.get(*key) != Some(*row))
            .map(|(key, row)| format!("{row:?}, not {:?}", other.rows.get(key)))
            .collect();
        let missing = other.rows.keys().filter(|key| !self.rows.contains_key(*key)).count();
        (differ.len() + missing, differ.into_iter().min())
    }
}

impl Events {
    /// The events as a producer might have sent them.
    pub fn arranged(&self, order: Order) -> Vec<&Event> {
        let mut events: Vec<&Event> = self.events.iter().collect();
        if order == Order::Doubled {
            events.extend(&self.events);
        }
        if order != Order::Sorted {
            events.shuffle(&mut ChaCha8Rng::seed_from_u64(SEED));
        }
        events
    }

    /// Replays the events with the real binary.
    pub fn replay(&self, order: Order, question: &Question<'_>) -> Replayed {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| -> PathBuf {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("can be written");
            path
        };
        write("goalkeeper.yaml", &format!("roster: roster.yaml\n{}", self.config));
        write("roster.yaml", &self.roster);
        let file = directory.path().join("events.ndjson");
        write_lines(&file, &self.arranged(order));
        let export = directory.path().join("export");
        let mut command = binary();
        command.args(["replay", "--report", "json", "--config"]).arg(directory.path());
        command.args(["--scope", question.scopes, "--window", question.windows]);
        command.args(["--from", question.from, "--to", question.to]).arg("--export").arg(&export);
        if !question.measures.is_empty() {
            command.args(["--measure", question.measures]);
        }
        let output = command.arg(&file).output().expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "replay failed: {said}");
        let text = String::from_utf8(output.stdout).expect("is text");
        let rows = text.lines().map(|line| serde_json::from_str::<Row>(line).expect("is a row"));
        Replayed {
            report: Report::new(rows),
            fates: fates(&said),
            export: std::fs::read_to_string(&export).expect("was written"),
        }
    }
}

/// Reads `9 records: 8 applied, 1 unchanged` and `  3 ignored, of an unknown type: x`.
fn fates(said: &str) -> HashMap<String, i64> {
    let mut fates = HashMap::from(["refused", "ignored"].map(|fate| (fate.to_owned(), 0)));
    for part in said.lines().flat_map(|line| line.split([':', ','])) {
        let Some((number, fate)) = part.trim().split_once(' ') else { continue };
        if let Ok(n) = number.parse::<i64>() {
            *fates.entry(fate.to_owned()).or_insert(0) += n;
        }
    }
    assert!(fates.contains_key("applied"), "no tally in: {said}");
    fates
}

fn write_lines(path: &Path, events: &[&Event]) {
    let file = std::fs::File::create(path).expect("can be written");
    let mut file = std::io::BufWriter::new(file);
    for event in events {
        writeln!(file, "{}", event.json).expect("can be written");
    }
    file.flush().expect("can be written");
}

/// Says with which seed shuffles are made.
pub fn tell_seed() {
    println!("check-data: shuffles are made with seed {SEED:#x}");
}
