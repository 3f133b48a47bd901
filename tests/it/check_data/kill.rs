//! A recorded set through a real Kafka, with five kill -9 in the middle.

use super::runs::{Event, Events, Report, Row};
use super::table::Check;
use crate::support::daemon::{Daemon, Positions, Setup};
use crate::support::kafka::{Kafka, Message, shared};
use crate::support::{unique, wait_for};
use std::time::{Duration, Instant};

/// Partitions over which the events are spread.
const SPREAD: i32 = 3;
/// The partition of what is held back.
const HELD: i32 = SPREAD;
/// Kills, spread over the second and third quarter of the events.
const KILLS: usize = 5;
/// Parts in which the events of one kill are fed, until the daemon can be killed in a good moment.
const PARTS: usize = 10;
/// Long enough to feed and read a part in between.
const CHECKPOINTS: &str = "checkpoint_interval: 2s";
/// So soon after a checkpoint the next one is not under way.
const SAFE: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(60);

/// A daemon that was killed and started again some times, with everything read.
pub struct Killed<'e> {
    events: &'e Events,
    topic: String,
    daemon: Daemon,
    crashes: Vec<Crash>,
    setup: Setup,
}

/// Where the daemon was when it was killed, and where its next life began.
#[derive(Debug)]
struct Crash {
    before: Positions,
    began: Vec<i64>,
}

/// A daemon on the same topic that nothing has happened to.
pub struct Undisturbed {
    daemon: Daemon,
    _setup: Setup,
}

impl<'e> Killed<'e> {
    /// Feeds the events in order of time to several partitions, those of one key to one partition. In the middle the
    /// daemon is killed again and again: each time after a checkpoint, and with records that no checkpoint holds. `held`
    /// lie in a partition of their own from the beginning: with `clock: stream` time goes no further than they do.
    pub fn feed(name: &str, events: &'e Events, held: &[&Event]) -> Killed<'e> {
        let kafka = shared();
        let topic = unique(name);
        kafka.create_topic(&topic, if held.is_empty() { SPREAD } else { HELD + 1 }, &[]);
        if !held.is_empty() {
            kafka.produce(&topic, HELD, held.iter().map(message));
        }
        let free: Vec<&Event> =
            events.events.iter().filter(|event| !held.iter().any(|held| held.json == event.json)).collect();
        let (quarter, end) = (free.len() / 4, free.len() / 4 * 3);
        produce(kafka, &topic, &free[..quarter]);
        let setup = setup(kafka, &topic, events);
        let daemon = setup.start();
        let mut killed = Killed { events, topic, daemon, crashes: Vec::new(), setup };
        for stretch in free[quarter..end].chunks((end - quarter).div_ceil(KILLS)) {
            killed = killed.crash(stretch);
        }
        killed.produce(&free[end..]);
        killed
    }

    /// Feeds some events part by part, and kills the daemon in the first good moment.
    fn crash(mut self, events: &[&Event]) -> Killed<'e> {
        let mut parts = events.chunks(events.len().div_ceil(PARTS));
        let mut before = self.positions();
        for part in parts.by_ref() {
            // Right after a checkpoint there is time to feed a part before the next one.
            let checkpoints = wait_for("the next checkpoint", LIMIT, || match self.positions().checkpoints {
                n if n > before.checkpoints => Ok(n),
                n => Err(n.to_string()),
            });
            let begun = Instant::now();
            self.produce(part);
            before = self.positions();
            if before.checkpoints == checkpoints && before.unsaved() > 0 && begun.elapsed() < SAFE {
                break;
            }
        }
        self.daemon.kill();
        self.daemon = self.setup.start();
        let crash = Crash { before, began: self.positions().began() };
        assert!(crash.could_do_harm(), "the kill came at a moment that proves nothing: {crash:?}");
        self.crashes.push(crash);
        parts.for_each(|part| self.produce(part));
        self
    }

    fn positions(&self) -> Positions {
        self.daemon.positions(&self.topic)
    }

    /// Feeds events and waits until they are read.
    fn produce(&self, events: &[&Event]) {
        let wanted = self.positions().read() + events.len() as i64;
        produce(shared(), &self.topic, events);
        self.wait_read(wanted);
    }

    fn wait_read(&self, wanted: i64) {
        wait_for("all is read", LIMIT, || match self.positions().read() {
            n if n == wanted => Ok(()),
            n => Err(format!("{n} of {wanted} records")),
        });
    }

    /// Says that each kill was one that could have done harm.
    pub fn tell(&self, check: &mut Check<'_>) {
        let least = |of: fn(&Crash) -> i64| self.crashes.iter().map(of).min().unwrap_or_default();
        let kills = self.crashes.len();
        check.holds("kills in the middle", &KILLS.to_string(), &kills.to_string(), kills == KILLS);
        for (what, n) in [
            ("checkpoints of that life before each kill", least(|crash| crash.before.checkpoints)),
            ("records read before each kill that no checkpoint held", least(Crash::read_again)),
            ("records not read again after each kill", least(Crash::not_read_again)),
        ] {
            check.holds(what, "1 or more", &n.to_string(), n >= 1);
        }
    }

    /// What the API answers.
    pub fn report(&self, questions: &[&str]) -> Report {
        report(&self.daemon, questions)
    }

    /// Lets time go on: feeds what comes last to the partition that was held back.
    pub fn release(&self, events: &[&Event]) {
        let wanted = self.positions().read() + events.len() as i64;
        shared().produce(&self.topic, HELD, events.iter().map(message));
        self.wait_read(wanted);
    }

    /// Another daemon on the same topic, once everything is in it.
    pub fn undisturbed(&self) -> Undisturbed {
        let setup = setup(shared(), &self.topic, self.events);
        Undisturbed { daemon: setup.start(), _setup: setup }
    }

    /// Holds every figure of an answer against that of a daemon to which nothing has happened.
    pub fn tell_equal(&self, undisturbed: &Undisturbed, questions: &[&str], check: &mut Check<'_>) {
        let (found, expected) = (self.report(questions), report(&undisturbed.daemon, questions));
        let (differing, example) = found.differing(&expected);
        let what = format!("of {} figures, as a daemon that was left alone", expected.len());
        check.holds(&what, "0 differ", &format!("{differing} differ"), differing == 0 && expected.len() > 0);
        if let Some(example) = example {
            println!("check-data: one of the {differing}: {example}");
        }
    }
}

impl Crash {
    /// What the last checkpoint before the kill did not hold.
    fn read_again(&self) -> i64 {
        self.before.read() - self.not_read_again()
    }

    /// What it held.
    fn not_read_again(&self) -> i64 {
        self.began.iter().sum()
    }

    fn could_do_harm(&self) -> bool {
        self.before.checkpoints >= 1 && self.read_again() >= 1 && self.not_read_again() >= 1
    }
}

impl Undisturbed {
    /// Sums the samples of a metric whose labels contain `label`.
    pub fn metric(&self, name: &str, label: &str) -> i64 {
        sum(&self.daemon, name, label)
    }
}

fn setup(kafka: &Kafka, topic: &str, events: &Events) -> Setup {
    let setup = Setup::new(&kafka.brokers(), topic, &events.roster, &format!("clock: stream\n{}", events.config));
    setup.change("checkpoint_interval: 500ms", CHECKPOINTS);
    setup
}

fn produce(kafka: &Kafka, topic: &str, events: &[&Event]) {
    for partition in 0..SPREAD {
        let of = |event: &&&Event| place(&event.key) == partition;
        kafka.produce(topic, partition, events.iter().filter(of).map(message));
    }
}

fn message(event: &&Event) -> Message {
    Message { key: Some(event.key.clone()), ..Message::of(event.json.clone()) }
}

/// The partition of a key: any fixed spread does.
fn place(key: &str) -> i32 {
    let hash = key.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    (hash % SPREAD as u32) as i32
}

fn report(daemon: &Daemon, questions: &[&str]) -> Report {
    let mut report = Report::default();
    for question in questions {
        let rows: Vec<Row> = serde_json::from_value(daemon.figures(question)).expect("are rows");
        report.extend(Report::new(rows));
    }
    report
}

fn sum(daemon: &Daemon, name: &str, label: &str) -> i64 {
    let samples = daemon.metrics();
    let of = samples.iter().filter(|(sample, _)| sample.starts_with(name) && sample.contains(label));
    of.map(|(_, value)| *value as i64).sum()
}
