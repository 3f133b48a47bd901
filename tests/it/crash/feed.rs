//! A topic that a day is fed to, in parts.

use super::day::{self, Log, PARTITIONS};
use crate::support::daemon::{Daemon, Positions, Setup};
use crate::support::kafka::{Kafka, Message};
use crate::support::{unique, wait_for};
use goalkeeper::config::{self, Loaded};
use goalkeeper::domain::time::Instant;
use goalkeeper::sim::Emitted;
use std::time::Duration;

/// How long anything may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The topic, what lies in it, and what is still to come.
pub struct Feed {
    pub topic: String,
    pub log: Log,
    /// The latest mark, once all is read: T.
    pub time: Instant,
    pub world: Loaded,
    rest: std::vec::IntoIter<Emitted>,
}

impl Feed {
    /// A fresh topic with the first mark in it: before every partition has come somewhere, T may be anywhere.
    pub fn new(kafka: &Kafka, seed: u64) -> Feed {
        let topic = unique("day");
        kafka.create_topic(&topic, PARTITIONS as i32, &[]);
        let world = config::load(&setup("nobody:9092", &topic).path()).unwrap_or_else(|problems| panic!("{problems}"));
        let messages = day::messages(seed);
        let time = Instant(messages[0].sent);
        let log = Log::new(&world.config.settings);
        let mut feed = Feed { topic, log, time, world, rest: messages.into_iter() };
        feed.mark(kafka);
        feed
    }

    /// How many messages are still to come.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next messages of the day.
    pub fn take(&mut self, n: usize) -> Vec<Emitted> {
        assert!(self.left() > 0, "the day is over too soon");
        self.rest.by_ref().take(n).collect()
    }

    /// Sends messages and waits until all are taken.
    pub fn send(&mut self, kafka: &Kafka, messages: &[Emitted]) {
        let (log, time) = (&mut self.log, &mut self.time);
        let placed = messages.iter().map(|message| {
            let partition = message.partition(PARTITIONS);
            log.append(partition as usize, &message.json);
            *time = (*time).max(Instant(message.sent));
            (partition as i32, Message { key: Some(message.key.clone()), ..Message::of(message.json.clone()) })
        });
        kafka.spread(&self.topic, placed);
    }

    /// Brings every partition to one instant that no event has reached: when all is read, T is there.
    pub fn mark(&mut self, kafka: &Kafka) {
        self.time = Instant(self.time.0 + 1);
        let (log, time) = (&mut self.log, self.time.to_rfc3339());
        let marks = (0..PARTITIONS).map(|n| {
            let json = format!(
                "{{\"specversion\":\"1.0\",\"id\":\"mark-{n}-{time}\",\"source\":\"/marks\",\"type\":\"contact.started\",\
                 \"time\":\"{time}\",\"data\":{{\"contact\":\"mark-{n}-{time}\"}}}}"
            );
            log.append(n as usize, &json);
            (n as i32, Message::of(json))
        });
        kafka.spread(&self.topic, marks);
    }

    /// Waits until the daemon has read everything and T is at the mark.
    pub fn wait_read(&self, daemon: &Daemon) -> Positions {
        let wanted = self.log.ends();
        let seen = wait_for("everything is read", LIMIT, || match daemon.positions(&self.topic) {
            seen if seen.next == wanted => Ok(seen),
            seen => Err(format!("{seen:?}, not {wanted:?}; the daemon says: {}", daemon.said())),
        });
        wait_for("time has come to the mark", LIMIT, || {
            match daemon.answer("scope=company&measure=queued&window=day")["time"].take() {
                time if time == self.time.to_rfc3339() => Ok(()),
                time => Err(format!("{time}, not {}", self.time.to_rfc3339())),
            }
        });
        seen
    }
}

/// A daemon's directory for the topic. All its records lie on disk, checkpoints follow each other, and what is wrong with
/// the network is soon noticed.
pub fn setup(brokers: &str, topic: &str) -> Setup {
    let setup = Setup::new(brokers, topic, &day::roster(), day::RULES);
    setup.change("checkpoint_interval: 500ms", "checkpoint_interval: 200ms\n  record_memory_mib: 0");
    let properties = "  properties: {reconnect.backoff.max.ms: '500', socket.timeout.ms: '2000'}\n";
    setup.change("  group_id:", &format!("{properties}  group_id:"));
    setup
}
