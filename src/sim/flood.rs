//! Events for benchmarks: alike in size, spread over many reps and queues, made faster than they can be read.

use super::Emitted;
use super::company::{Shape, queue_id, rep_id};
use super::random::mix;
use super::wire::{Draft, Writer, push_number};
use crate::domain::time::Zone;
use std::collections::VecDeque;

/// Queues of a flood.
pub const FLOOD_QUEUES: u32 = 120;
/// Queues that a rep works for.
const QUEUES_OF_A_REP: u64 = 4;
/// Bytes of each message.
const SIZE: usize = 333;
/// Reps of a team.
const REPS_PER_TEAM: u32 = 20;
/// 2026-01-05T00:00:00Z.
const START: i64 = 1_767_571_200_000;
/// Milliseconds between contacts: a million of them a day.
const GAP: i64 = 86;
/// Shortest and longest wait, talk and after-contact work, in milliseconds.
const SPANS: [(i64, i64); 3] = [(0, 40_000), (120_000, 360_000), (5_000, 55_000)];

/// Contacts of four events each (queued, answered, ended, wrapped) in rough order of time: an event may come some
/// minutes before or after its neighbours. Holds nothing but its place: a contact is a function of seed and number.
pub struct Flood {
    contacts: u64,
    customers: u64,
    seed: u64,
    next: u64,
    lags: [u64; 3],
    queue_ids: Vec<String>,
    rep_ids: Vec<String>,
    writer: Writer,
    record: String,
    customer: String,
    out: VecDeque<Emitted>,
}

/// A flood of `contacts` contacts, four events each, of a company with `reps` reps and 120 queues, from
/// 2026-01-05T00:00Z on at a million contacts a day. The same arguments give the same bytes.
pub fn flood(reps: u32, contacts: u64, seed: u64) -> Flood {
    let mut lag = 0;
    let lags = SPANS.map(|(least, most)| {
        lag += (least + most) / 2 / GAP;
        lag as u64
    });
    Flood {
        contacts,
        customers: contacts / 4 + 1,
        seed,
        next: 0,
        lags,
        queue_ids: (0..FLOOD_QUEUES).map(queue_id).collect(),
        rep_ids: (0..reps.max(1)).map(rep_id).collect(),
        writer: Writer::new("/sim/flood"),
        record: String::new(),
        customer: String::new(),
        out: VecDeque::with_capacity(4),
    }
}

/// A roster file (YAML) for [`flood`] with as many reps.
pub fn flood_roster_yaml(reps: u32) -> String {
    Shape::new(reps, REPS_PER_TEAM, FLOOD_QUEUES).roster_yaml("flood", Zone::UTC, None, &[])
}

impl Flood {
    /// Event `step` of `contact`, 0 to 3.
    fn event(&mut self, contact: u64, step: usize) -> Emitted {
        let dice = mix(self.seed ^ mix(contact));
        let mut time = START + contact as i64 * GAP;
        for (place, (least, most)) in SPANS.iter().enumerate().take(step) {
            time += least + (mix(dice + place as u64) % (most - least) as u64) as i64;
        }
        self.record.clear();
        self.record.push_str("f-");
        push_number(&mut self.record, contact);
        self.customer.clear();
        self.customer.push_str("c-");
        push_number(&mut self.customer, mix(dice + 3) % self.customers);
        let what = ["contact.queued", "contact.answered", "contact.ended", "contact.wrapped"][step];
        let draft = self.writer.begin(what, &self.record, step as u32 + 1, time, &self.customer);
        let draft = draft.text("contact", &self.record).text("customer", &self.customer);
        let rep = mix(dice + 5) % self.rep_ids.len() as u64;
        let queue = mix(rep * QUEUES_OF_A_REP + mix(dice + 4) % QUEUES_OF_A_REP) % u64::from(FLOOD_QUEUES);
        let draft = draft.text("queue", &self.queue_ids[queue as usize]);
        let rep = &self.rep_ids[rep as usize];
        let draft = match step {
            0 => draft.text("channel", "voice"),
            1 => draft.text("rep", rep).text("issue", "invoice"),
            2 => draft.text("rep", rep).text("ended_by", "customer"),
            _ => draft.text("rep", rep).flag("resolved", !dice.is_multiple_of(5)),
        };
        pad(draft).end()
    }
}

impl Iterator for Flood {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
        loop {
            if let Some(emitted) = self.out.pop_front() {
                return Some(emitted);
            }
            let place = self.next;
            if place >= self.contacts + self.lags[2] {
                return None;
            }
            self.next += 1;
            for (step, lag) in [0, self.lags[0], self.lags[1], self.lags[2]].into_iter().enumerate() {
                if let Some(contact) = place.checked_sub(lag).filter(|contact| *contact < self.contacts) {
                    // Sent on schedule, whatever the event says: as a system would that logs with a delay.
                    let sent = START + place as i64 * GAP;
                    let emitted = self.event(contact, step);
                    self.out.push_back(Emitted { sent, ..emitted });
                }
            }
        }
    }
}

/// Fills the message up to its size with a field that nobody knows.
fn pad(draft: Draft) -> Draft {
    const FILLING: &str = "the quick brown fox jumps over the lazy dog and the lazy dog does not mind it in the \
                           least, as far as anybody can tell from the look on its face on a warm afternoon in \
                           the yard behind the old house by the river";
    let used = draft.length() + ",\"note\":\"\"}}".len();
    let filling = SIZE.saturating_sub(used).min(FILLING.len());
    draft.text("note", &FILLING[..filling])
}
