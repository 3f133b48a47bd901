//! A seeded day of a contact centre with everything that goes wrong on its way, and what of it must have been accepted.

use goalkeeper::domain::event::Event;
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::{Instant, Span};
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::sim::{Disorder, Disordered, Emitted, Profile, Simulation, roster_yaml};
use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

/// Partitions of the topic.
pub const PARTITIONS: u32 = 4;

/// Settings under which a day has late events of both kinds, and deadlines that pass within it. Appended to
/// goalkeeper.yaml.
pub const RULES: &str = "clock: stream\nwindows: [day]\n\
                         rules: {lateness: 4h, first_contact: {window: 2h}, longest_wait: 10m}\n";

fn profile() -> Profile {
    Profile { days: Some(1), reps: 24, contacts_per_day: Some(1_600.0), ..Profile::default() }
}

/// The roster of the day.
pub fn roster() -> String {
    roster_yaml(&profile())
}

/// The messages of the day in the order in which they are sent.
pub fn messages(seed: u64) -> Vec<Emitted> {
    let disorder = Disorder {
        shuffle_within: Duration::from_secs(300),
        duplicates: 0.05,
        revisions: 0.05,
        late: 0.03,
        retractions: 0.03,
        malformed: 0.02,
        ..Disorder::default()
    };
    Disordered::new(Simulation::new(profile(), seed), disorder, seed).collect()
}

/// What lies in the topic, and what must have been made of it.
pub struct Log {
    decoder: Decoder,
    lateness: Span,
    known: HashSet<String>,
    /// Of each partition by offset: whether the record told something new.
    news: Vec<Vec<bool>>,
    reached: Vec<Option<Instant>>,
    /// What must have been accepted by now.
    pub accepted: Vec<Event>,
    /// Events that came too late.
    pub late: usize,
    /// Messages that came again.
    pub repeated: usize,
    /// Messages that are no event that counts.
    pub junk: usize,
}

impl Log {
    /// An empty topic.
    pub fn new(settings: &Settings) -> Log {
        Log {
            decoder: Decoder::new([0; 16]),
            lateness: settings.lateness,
            known: HashSet::new(),
            news: vec![Vec::new(); PARTITIONS as usize],
            reached: vec![None; PARTITIONS as usize],
            accepted: Vec::new(),
            late: 0,
            repeated: 0,
            junk: 0,
        }
    }

    /// Notes a message that is put at the end of its partition.
    pub fn append(&mut self, partition: usize, json: &str) {
        let is_repeated = !self.known.insert(json.to_owned());
        let decoded = self.decoder.decode(Message { payload: Some(json.as_bytes()), headers: &[] });
        let Ok(Decoded::Event(event)) = decoded else {
            self.junk += 1;
            return self.news[partition].push(false);
        };
        let reached = &mut self.reached[partition];
        let is_late = reached.is_some_and(|reached| event.time < reached.minus(self.lateness));
        if !is_late {
            *reached = (*reached).max(Some(event.time));
            self.accepted.push(event);
        }
        self.late += usize::from(is_late);
        self.repeated += usize::from(is_repeated);
        self.news[partition].push(!is_late && !is_repeated);
    }

    /// The offset after the last message of each partition.
    pub fn ends(&self) -> Vec<i64> {
        self.news.iter().map(|partition| partition.len() as i64).collect()
    }

    /// Messages so far.
    pub fn len(&self) -> usize {
        self.news.iter().map(Vec::len).sum()
    }

    /// How many of these records of a partition told something new.
    pub fn news(&self, partition: usize, offsets: Range<i64>) -> usize {
        let offsets = offsets.start as usize..offsets.end.max(offsets.start) as usize;
        self.news[partition][offsets].iter().filter(|news| **news).count()
    }
}
