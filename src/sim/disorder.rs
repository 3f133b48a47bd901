//! Faults on request: what brokers, networks and careless producers do to a stream.
//!
//! What is true at the end stays the same: a wrong version is followed by its correction, a phantom by its retraction,
//! and junk can only be refused or ignored. So the figures of a disordered stream must equal those of the plain one.

use super::Emitted;
use super::random::Chance;
use super::wire::{HEAD, Writer};
use crate::domain::time::DAY;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Messages held back at most; beyond it the first one due goes out early.
const HELD: usize = 1 << 18;
/// Longest time until a duplicate, a correction or a retraction follows, in milliseconds.
const FOLLOWS_WITHIN: u64 = 600_000;
/// How much too early the time of a wrong version may be, in milliseconds.
const WRONG_BY: u64 = 120_000;

/// Faults of a stream. Each share is a fraction (0 to 1) of the events of the plain stream; 0, the default, is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Disorder {
    /// Every message is sent up to this much later, by chance, so that neighbours change places. Default 0.
    pub shuffle_within: Duration,
    /// Share of messages sent twice, the second time within ten minutes.
    pub duplicates: f64,
    /// Share of events of which a wrong version (earlier, another rep) comes first, then the right one as revision 1.
    pub revisions: f64,
    /// Share of messages that come late.
    pub late: f64,
    /// How late at most; half of it at least. Default 6 h.
    pub late_by: Duration,
    /// Share of events beside which a phantom is sent (own id, earlier, another rep) and retracted afterwards.
    pub retractions: f64,
    /// Share of events beside which junk is sent: cut short, no time, no record, unknown type, ...
    pub malformed: f64,
}

impl Default for Disorder {
    fn default() -> Disorder {
        Disorder {
            shuffle_within: Duration::ZERO,
            duplicates: 0.0,
            revisions: 0.0,
            late: 0.0,
            late_by: Duration::from_secs(6 * 3600),
            retractions: 0.0,
            malformed: 0.0,
        }
    }
}

impl Disorder {
    /// True if nothing is asked for.
    pub fn is_none(&self) -> bool {
        let shares = [self.duplicates, self.revisions, self.late, self.retractions, self.malformed];
        self.shuffle_within.is_zero() && shares.iter().all(|share| *share <= 0.0)
    }
}

/// A stream with faults, in order of [`Emitted::sent`]. Seeded; holds back at most 262,144 messages.
pub struct Disordered<I> {
    inner: I,
    disorder: Disorder,
    chance: Chance,
    writer: Writer,
    held: BinaryHeap<Reverse<(i64, u64, Emitted)>>,
    entered: u64,
    now: i64,
    exhausted: bool,
    other_rep: String,
}

impl<I: Iterator<Item = Emitted>> Disordered<I> {
    /// Puts faults on `inner`, which must be in order of `sent`.
    pub fn new(inner: I, disorder: Disorder, seed: u64) -> Disordered<I> {
        Disordered {
            inner,
            disorder,
            chance: Chance::new(seed, 2),
            writer: Writer::new(""),
            held: BinaryHeap::new(),
            entered: 0,
            now: i64::MIN,
            exhausted: false,
            other_rep: "nobody".into(),
        }
    }

    fn admit(&mut self, emitted: Emitted) {
        self.now = self.now.max(emitted.sent);
        let delay = self.delay();
        if self.chance.happens(self.disorder.malformed) {
            let junk = junk(&emitted.json, self.chance.index(JUNK));
            self.hold(delay, emitted.clone(), junk);
        }
        if self.chance.happens(self.disorder.retractions) {
            let phantom = with_id(&self.wrong(&emitted), "-phantom");
            let retraction = retraction(&with_id(&emitted.json, "-phantom"));
            let later = delay + self.follows();
            self.hold(delay, emitted.clone(), phantom);
            self.hold(later, emitted.clone(), retraction);
        }
        let mut right = emitted.json.clone();
        let mut right_delay = delay;
        if self.chance.happens(self.disorder.revisions) {
            let wrong = self.wrong(&emitted);
            self.hold(delay, emitted.clone(), wrong);
            right = with_head(&right, "\"revision\":1,");
            right_delay += self.follows();
        }
        if self.chance.happens(self.disorder.duplicates) {
            let later = right_delay + self.follows();
            self.hold(later, emitted.clone(), right.clone());
        }
        if let Some(rep) = field(&emitted.json, "\"rep\":\"") {
            self.other_rep.clear();
            self.other_rep.push_str(rep);
        }
        self.hold(right_delay, emitted, right);
    }

    fn delay(&mut self) -> i64 {
        let shuffle = millis(self.disorder.shuffle_within);
        let mut delay = self.chance.below(shuffle + 1);
        if self.chance.happens(self.disorder.late) {
            let late_by = millis(self.disorder.late_by);
            delay += late_by / 2 + self.chance.below(late_by / 2 + 1);
        }
        delay as i64
    }

    fn follows(&mut self) -> i64 {
        1 + self.chance.below(FOLLOWS_WITHIN) as i64
    }

    fn hold(&mut self, delay: i64, like: Emitted, json: String) {
        self.entered += 1;
        let sent = self.now + delay;
        self.held.push(Reverse((sent, self.entered, Emitted { json, sent, ..like })));
    }

    /// The event with an earlier time and, if it names a rep, the rep of the event before.
    fn wrong(&mut self, emitted: &Emitted) -> String {
        // Not on the day before: what has no id of its own is told apart by its day.
        let midnight = emitted.time.div_euclid(DAY) * DAY;
        let earlier = (emitted.time - 1 - self.chance.below(WRONG_BY) as i64).max(midnight);
        let mut time = String::new();
        self.writer.push_time(&mut time, earlier);
        let json = replaced(&emitted.json, "\"time\":\"", &time);
        // Behind a comma: the first field of data names the record and must stay.
        replaced(&json, ",\"rep\":\"", &self.other_rep)
    }
}

impl<I: Iterator<Item = Emitted>> Iterator for Disordered<I> {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
        loop {
            let due = self.held.peek().is_some_and(|Reverse((sent, ..))| {
                // What comes may still overtake a message of this very instant, so only earlier ones are due.
                *sent < self.now || self.exhausted || self.held.len() > HELD
            });
            if due {
                return self.held.pop().map(|Reverse((sent, _, emitted))| {
                    let sent = if self.exhausted { sent } else { sent.min(self.now) };
                    Emitted { sent, ..emitted }
                });
            }
            match self.inner.next() {
                Some(emitted) => self.admit(emitted),
                None if self.exhausted => return None,
                None => self.exhausted = true,
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 4).min(u64::MAX / 4)
}

/// The value of the first text field that begins with `mark`.
fn field<'a>(json: &'a str, mark: &str) -> Option<&'a str> {
    let begin = json.find(mark)? + mark.len();
    let length = json[begin..].find('"')?;
    Some(&json[begin..begin + length])
}

/// The message with another value in the text field that begins with `mark`, if it has that field.
fn replaced(json: &str, mark: &str, value: &str) -> String {
    let Some(old) = field(json, mark) else {
        return json.to_owned();
    };
    json.replacen(&format!("{mark}{old}\""), &format!("{mark}{value}\""), 1)
}

/// The message with `more` after its head.
fn with_head(json: &str, more: &str) -> String {
    json.replacen(HEAD, &format!("{HEAD}{more}"), 1)
}

/// The message with a longer event id.
fn with_id(json: &str, suffix: &str) -> String {
    let id = field(json, "\"id\":\"").unwrap_or_default();
    replaced(json, "\"id\":\"", &format!("{id}{suffix}"))
}

/// Types of events whose records several fields name together.
const WITHOUT_ID: [&str; 2] = ["certification.earned", "measure.reported"];

/// The retraction of an event of ours: `data` keeps its first field only, where that names the record.
fn retraction(json: &str) -> String {
    let json = with_head(json, "\"retracted\":true,");
    if field(&json, "\"type\":\"").is_some_and(|what| WITHOUT_ID.contains(&what)) {
        return json;
    }
    let mark = "\"data\":{";
    let Some(data) = json.find(mark).map(|at| at + mark.len()) else {
        return json;
    };
    match json[data..].find(",\"") {
        Some(length) => format!("{}}}}}", &json[..data + length]),
        None => json,
    }
}

/// Kinds of junk.
const JUNK: usize = 8;

/// Something like `json` that no decoder may take for an event of a known type.
fn junk(json: &str, kind: usize) -> String {
    match kind {
        0 => json.chars().take(json.len() / 2).collect(),
        1 => with_id(json, "-junk").replacen("\"time\":", "\"when\":", 1),
        2 => replaced(&with_id(json, "-junk"), "\"time\":\"", "yesterday"),
        3 => without_data(json, "{}"),
        4 => without_data(json, "\"see attachment\""),
        5 => replaced(&with_id(json, "-junk"), "\"type\":\"", "contact.sneezed"),
        6 => format!("[{json}]"),
        _ => "not an event".into(),
    }
}

fn without_data(json: &str, data: &str) -> String {
    let mark = "\"data\":";
    json.find(mark).map_or_else(String::new, |at| format!("{}{data}}}", with_id(&json[..at + mark.len()], "-junk")))
}
