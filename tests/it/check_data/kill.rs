//! A recorded set through a real Kafka, with a kill -9 in the middle.

use super::runs::{Event, Events, Report, Row};
use super::table::Check;
use crate::support::daemon::{Daemon, Setup};
use crate::support::kafka::{Kafka, Message, shared};
use crate::support::{unique, wait_for};
use std::time::{Duration, Instant};

/// Partitions over which the events are spread.
const SPREAD: i32 = 3;
/// The partition of what is held back.
const HELD: i32 = SPREAD;
/// Parts in which the third quarter of the events is fed, until the daemon can be killed in a good moment.
const PARTS: usize = 20;
/// Long enough to feed and read a part in between.
const CHECKPOINTS: &str = "checkpoint_interval: 2s";
const LIMIT: Duration = Duration::from_secs(60);

/// So soon after a checkpoint the next one is not under way.
const SAFE: Duration = Duration::from_secs(1);

/// A daemon that was killed and has been started again since, with everything read.
pub struct Killed<'e> {
    events: &'e Events,
    topic: String,
    daemon: Daemon,
    crash: Crash,
    _setup: Setup,
}

/// What the daemon had done when it was killed, and what it did afterwards.
#[derive(Clone, Copy, Debug)]
struct Crash {
    records: i64,
    checkpoints: i64,
    read_before: i64,
    read_after: i64,
}

/// A daemon on the same topic that nothing has happened to.
pub struct Undisturbed {
    daemon: Daemon,
    _setup: Setup,
}

impl<'e> Killed<'e> {
    /// Feeds the events in order of time to several partitions, those of one key to one partition. In the
    /// third quarter the daemon is killed: after a checkpoint, and with records that no checkpoint holds. `held` lie in a partition of their
    /// own from the beginning: with `clock: stream` time goes no further than they do.
    pub fn feed(name: &str, events: &'e Events, held: &[&Event]) -> Killed<'e> {
        let kafka = shared();
        let topic = unique(name);
        kafka.create_topic(&topic, if held.is_empty() { SPREAD } else { HELD + 1 }, &[]);
        if !held.is_empty() {
            kafka.produce(&topic, HELD, held.iter().map(message));
        }
        let free: Vec<&Event> =
            events.events.iter().filter(|event| !held.iter().any(|held| held.json == event.json)).collect();
        let setup = setup(kafka, &topic, events);
        let (half, end) = (free.len() / 2, free.len() / 4 * 3);
        produce(kafka, &topic, &free[..half]);
        let daemon = setup.start();
        let mut crash = Crash { records: 0, checkpoints: 0, read_before: 0, read_after: 0 };
        let mut fed = half;
        for part in free[half..end].chunks((end - half).div_ceil(PARTS)) {
            // Right after a checkpoint there is time to feed a part before the next one.
            let checkpoints = wait_for("the next checkpoint", LIMIT, || match checkpoints(&daemon) {
                n if n > crash.checkpoints => Ok(n),
                n => Err(n.to_string()),
            });
            let begun = Instant::now();
            produce(kafka, &topic, part);
            fed += part.len();
            let wanted = (fed + held.len()) as i64;
            crash.read_before = wait_for("the part is read", LIMIT, || match records(&daemon) {
                n if n == wanted => Ok(n),
                n => Err(format!("{n} of {wanted} records")),
            });
            crash.checkpoints = self::checkpoints(&daemon);
            if crash.checkpoints == checkpoints && begun.elapsed() < SAFE {
                break;
            }
        }
        daemon.kill();
        produce(kafka, &topic, &free[fed..]);
        let daemon = setup.start();
        crash.records = (free.len() + held.len()) as i64;
        crash.read_after = records(&daemon);
        assert!(crash.could_do_harm(), "the kill came at a moment that proves nothing: {crash:?}");
        Killed { events, topic, daemon, crash, _setup: setup }
    }

    /// Says that the kill was one that could have done harm.
    pub fn tell(&self, check: &mut Check<'_>) {
        let crash = &self.crash;
        let at = format!("{} of {} records read", crash.read_before, crash.records);
        check.holds("killed in the middle", "some but not all", &at, crash.is_in_the_middle());
        let checkpoints = crash.checkpoints.to_string();
        check.holds("checkpoints before the kill", "1 or more", &checkpoints, crash.checkpoints >= 1);
        let again = crash.read_again().to_string();
        check.holds("records read that no checkpoint held", "1 or more", &again, crash.read_again() >= 1);
        let kept = crash.not_read_again().to_string();
        check.holds("records not read again", "1 or more", &kept, crash.not_read_again() >= 1);
    }

    /// What the API answers.
    pub fn report(&self, questions: &[&str]) -> Report {
        report(&self.daemon, questions)
    }

    /// Lets time go on: feeds what comes last to the partition that was held back.
    pub fn release(&self, events: &[&Event]) {
        let before = records(&self.daemon);
        shared().produce(&self.topic, HELD, events.iter().map(message));
        let wanted = before + events.len() as i64;
        wait_for("what was released is read", LIMIT, || match records(&self.daemon) {
            n if n == wanted => Ok(()),
            n => Err(n.to_string()),
        });
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
    fn is_in_the_middle(&self) -> bool {
        0 < self.read_before && self.read_before < self.records
    }

    /// What the last checkpoint before the kill did not hold.
    fn read_again(&self) -> i64 {
        self.read_before + self.read_after - self.records
    }

    /// What it held.
    fn not_read_again(&self) -> i64 {
        self.records - self.read_after
    }

    fn could_do_harm(&self) -> bool {
        self.is_in_the_middle() && self.checkpoints >= 1 && self.read_again() >= 1 && self.not_read_again() >= 1
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

fn records(daemon: &Daemon) -> i64 {
    sum(daemon, "goalkeeper_records_total{", "")
}

fn checkpoints(daemon: &Daemon) -> i64 {
    sum(daemon, "goalkeeper_checkpoints_total", "")
}

fn sum(daemon: &Daemon, name: &str, label: &str) -> i64 {
    let samples = daemon.metrics();
    let of = samples.iter().filter(|(sample, _)| sample.starts_with(name) && sample.contains(label));
    of.map(|(_, value)| *value as i64).sum()
}
