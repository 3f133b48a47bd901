//! What the reader tells, and what it needs to know to begin.

use super::{Gap, Original};
use crate::domain::time::Instant;
use crate::ingest::decode::Decoded;
use crate::ingest::refusal::Refused;
use std::collections::{BTreeMap, BTreeSet};

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic.
    pub topic: String,
    /// The partition's number in it.
    pub number: i32,
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// Where the reading of everything goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    /// The place in each partition, by the partition's name.
    pub partitions: BTreeMap<String, Place>,
    /// What identifies each topic that the places are of.
    pub topics: BTreeMap<String, String>,
}

/// A place in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The offset that comes next.
    pub next: i64,
    /// The leader epoch under which the record before it was written; -1 if unknown. It tells whether that record is
    /// still there.
    pub epoch: i32,
}

/// What the reader tells.
#[derive(Debug)]
pub enum Notice {
    /// These partitions are read from now on, or from another offset on.
    Opened(Vec<Opened>),
    /// These topics and patterns are not there now. Told when it changes.
    Missing(BTreeSet<String>),
    /// Messages, and how far the partitions have come that had any.
    Batch(Batch),
    /// Kafka cannot be asked what there is, and why: the reader goes on trying. Told with every attempt.
    Unreachable(String),
    /// Kafka answers; told when it does for the first time, and when it does again.
    Reachable,
    /// Something is wrong that may pass: the reader goes on trying.
    Trouble(String),
    /// The reader has given up; nothing more will come.
    Failed(String),
}

/// A partition whose reading begins, or goes on elsewhere.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its place among all partitions that were told: batches name it so. The next free one if it is new.
    pub place: usize,
    /// Which.
    pub partition: Partition,
    /// What identifies its topic.
    pub topic: Option<String>,
    /// Where reading begins.
    pub from: Place,
    /// What is wrong with that.
    pub gap: Option<Gap>,
    /// True if there is nothing to read yet.
    pub at_end: bool,
}

/// Some messages, in the order of their arrival.
#[derive(Debug, Default)]
pub struct Batch {
    /// The messages.
    pub items: Vec<Item>,
    /// How far the partitions have come that had messages or were found to be at their end.
    pub reached: Vec<Reached>,
    /// How often the decoder's table of shared texts was full.
    pub name_resets: u64,
}

/// One message.
#[derive(Debug)]
pub struct Item {
    /// The partition's place among all that were told.
    pub partition: usize,
    /// Its offset.
    pub offset: i64,
    /// When it came to be.
    pub stamp: Stamp,
    /// What it is.
    pub what: Result<Decoded, Refused>,
    /// As it came; only where refused records become dead letters.
    pub original: Option<Original>,
}

/// Kafka's own timestamp of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The broker says when it appended it.
    Appended(Instant),
    /// The producer says when it made it.
    Created(Instant),
    /// Nobody says.
    Absent,
}

impl Stamp {
    /// What it says, whoever says it.
    pub fn time(self) -> Option<Instant> {
        match self {
            Stamp::Appended(time) | Stamp::Created(time) => Some(time),
            Stamp::Absent => None,
        }
    }
}

/// How far a partition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The partition's place among all that were told.
    pub partition: usize,
    /// Where it is now.
    pub to: Place,
    /// The offset after the partition's last message, as far as the client knows.
    pub end: i64,
    /// True if everything that was there has been read.
    pub at_end: bool,
}
