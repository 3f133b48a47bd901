//! All live records: where events gather, notes travel, deadlines fall due, and books are closed.
//!
//! Nothing here knows panes. What changes leaves as [`Change`]s, and nothing else connects the two.

use super::booking::{Booking, Delta, Message, difference};
use super::contribution::{Context, contribution};
use super::customer;
use super::event::Kind;
use super::record::{Entry, Merged, Received, Record, RecordKey, Sent};
use super::settings::Settings;
use super::ticket;
use super::time::{HOUR, Instant, MINUTE, Span};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;

/// What records tell the panes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Amounts to add.
    Delta(Delta),
    /// A booking that its record will never change again: it expired.
    Closed(Booking),
}

/// What has to be written or removed where state is kept.
#[derive(Debug)]
pub enum Write<'a> {
    /// The record as it is now, under its hour.
    Put(&'a RecordKey, &'a Record),
    /// The record that was stored under this hour is no longer there.
    Delete(&'a RecordKey, i64),
}

/// What taking an event in did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Something new is known.
    Applied,
    /// It was known already.
    Unchanged,
    /// The record has grown without end and takes no more.
    Saturated,
}

#[derive(Debug, Default)]
struct Slot {
    record: Record,
    /// The hour under which the record is stored, if it is.
    stored: Option<i64>,
    dirty: bool,
}

/// All live records.
#[derive(Debug, Default)]
pub struct Records {
    slots: HashMap<RecordKey, Slot, FxBuildHasher>,
    /// Keys by kind and hour; a key that has moved on stays behind and is skipped.
    blocks: BTreeMap<(Kind, i64), Vec<RecordKey>>,
    /// Keys by the minute in which they fall due; a key whose deadline has moved is skipped.
    due: BTreeMap<i64, Vec<RecordKey>>,
    /// Keys still to be booked under the roster and settings in force.
    pending: Vec<RecordKey>,
    woken: Vec<RecordKey>,
    changes: Vec<Change>,
    dirty: Vec<RecordKey>,
    deleted: Vec<(RecordKey, i64)>,
    generation: u32,
    totals: RecordTotals,
}

/// What happened to records since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordTotals {
    /// Records that expired.
    pub expired: u64,
    /// Records that became saturated.
    pub saturated: u64,
    /// Messages to records that take none any more.
    pub undelivered: u64,
}

impl Records {
    /// How many records are live.
    pub fn len(&self) -> usize {
        self.slots.len()
    }
    /// True without any record.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
    /// How many records are still to be booked under the roster and settings in force.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
    /// Counts of what happened since the process began.
    pub fn totals(&self) -> RecordTotals {
        self.totals
    }
    /// The number of the roster and settings in force; it rises with every reload.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Every record with its key, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&RecordKey, &Record)> {
        self.slots.iter().map(|(key, slot)| (key, &slot.record))
    }

    /// The record of a key.
    pub fn get(&self, key: &RecordKey) -> Option<&Record> {
        self.slots.get(key).map(|slot| &slot.record)
    }

    /// Takes in one event of the record `key`, and settles all that it changes.
    pub fn take(&mut self, key: RecordKey, entry: Entry, context: &Context<'_>) -> Taken {
        let hour = entry.time.0.div_euclid(HOUR);
        let slot = open(&mut self.slots, &mut self.blocks, &key, hour, self.generation);
        if slot.record.saturated {
            return Taken::Saturated;
        }
        if slot.record.entries.len() >= context.settings.saturation_ids && slot.record.find(&entry).is_none() {
            slot.record.hour = slot.record.hour.max(slot.record.last_hour());
            slot.record.saturate();
            self.blocks.entry((key.kind, slot.record.hour)).or_default().push(key.clone());
            self.totals.saturated += 1;
            self.settle(key, context);
            return Taken::Saturated;
        }
        if slot.record.merge(entry) == Merged::Unchanged {
            return Taken::Unchanged;
        }
        self.settle(key, context);
        Taken::Applied
    }

    /// Re-books what fell due by `context.now`.
    pub fn tick(&mut self, context: &Context<'_>) {
        let minute = context.now.0.div_euclid(MINUTE);
        while let Some(entry) = self.due.first_entry() {
            if *entry.key() > minute {
                break;
            }
            let (bucket, keys) = entry.remove_entry();
            let mut later = Vec::new();
            for key in keys {
                match self.slots.get(&key).and_then(|slot| slot.record.due) {
                    Some(due) if due <= context.now => self.settle(key, context),
                    Some(due) if due.0.div_euclid(MINUTE) == bucket => later.push(key),
                    _ => {}
                }
            }
            if !later.is_empty() {
                self.due.entry(bucket).or_default().extend(later);
                break;
            }
        }
    }

    /// Lets whole hours of records expire whose last event is older than `low` less silence and lateness. Returns the
    /// horizon of each kind that has moved: events older than it come too late.
    pub fn expire(&mut self, low: Instant, context: &Context<'_>) -> Vec<(Kind, Instant)> {
        let mut horizons = Vec::new();
        for kind in Kind::ALL {
            let Some(limit) = horizon_hour(kind, low, context.settings) else { continue };
            while let Some((&(_, hour), _)) = self.blocks.range((kind, i64::MIN)..(kind, limit)).next() {
                for key in self.blocks.remove(&(kind, hour)).unwrap_or_default() {
                    self.expire_or_move(key, hour, limit, context);
                }
            }
            horizons.push((kind, Instant(limit * HOUR)));
        }
        horizons
    }

    /// Begins re-booking every live record, under a roster or settings that have just come into force.
    pub fn begin_rebook(&mut self) {
        self.generation += 1;
        self.pending = self.slots.keys().cloned().collect();
    }

    /// Re-books at most `n` records; [`Records::pending`] tells what is left.
    pub fn rebook(&mut self, n: usize, context: &Context<'_>) {
        let from = self.pending.len().saturating_sub(n);
        for key in self.pending.split_off(from) {
            if self.slots.get(&key).is_some_and(|slot| slot.record.generation != self.generation) {
                self.settle(key, context);
            }
        }
    }

    /// What the panes must learn, in order.
    pub fn drain_changes(&mut self) -> std::vec::Drain<'_, Change> {
        self.changes.drain(..)
    }

    /// Hands every record that changed since the last call to `write`, and every one that is gone.
    pub fn drain_writes(&mut self, mut write: impl FnMut(Write<'_>)) {
        for (key, hour) in self.deleted.drain(..) {
            write(Write::Delete(&key, hour));
        }
        for key in self.dirty.drain(..) {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            if !std::mem::take(&mut slot.dirty) {
                continue;
            }
            if let Some(old) = slot.stored.filter(|old| *old != slot.record.hour) {
                write(Write::Delete(&key, old));
            }
            slot.stored = Some(slot.record.hour);
            write(Write::Put(&key, &slot.record));
        }
    }

    /// Puts a stored record back. Call [`Records::restored`] when all are there.
    pub fn restore(&mut self, key: RecordKey, record: Record) {
        self.blocks.entry((key.kind, record.hour)).or_default().push(key.clone());
        if let Some(due) = record.due {
            self.due.entry(due.0.div_euclid(MINUTE)).or_default().push(key.clone());
        }
        let stored = Some(record.hour);
        self.slots.insert(key, Slot { record, stored, dirty: false });
    }

    /// Ends restoring under the generation that was stored: what is of an older one is re-booked still.
    pub fn restored(&mut self, generation: u32) {
        self.generation = generation;
        let old = |slot: &Slot| slot.record.generation != generation;
        self.pending = self.slots.iter().filter(|(_, slot)| old(slot)).map(|(key, _)| key.clone()).collect();
    }

    /// Drops the frozen notes that customers no longer need. It happens when their hour comes by anyway; doing it for
    /// all makes two states comparable.
    pub fn prune(&mut self, low: Instant, context: &Context<'_>) {
        let Some(limit) = horizon_hour(Kind::Customer, low, context.settings) else { return };
        let customers: Vec<RecordKey> = self.slots.keys().filter(|key| key.kind == Kind::Customer).cloned().collect();
        for key in customers {
            self.prune_one(&key, Instant(limit * HOUR), context);
        }
    }

    /// The instant of the oldest event of any live record.
    pub fn oldest(&self) -> Option<Instant> {
        self.slots.values().filter_map(|slot| slot.record.entries.first()).map(|entry| entry.time).min()
    }

    fn settle(&mut self, key: RecordKey, context: &Context<'_>) {
        self.woken.push(key);
        // Notes run from contacts to customers and surveys, which send none: the loop is two steps deep.
        while let Some(key) = self.woken.pop() {
            self.settle_one(&key, context);
        }
    }

    fn settle_one(&mut self, key: &RecordKey, context: &Context<'_>) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        let now = contribution(key, &slot.record, context);
        let mut deltas = Vec::new();
        difference(&now.bookings, &slot.record.booked, &mut deltas);
        self.changes.extend(deltas.into_iter().map(Change::Delta));
        slot.record.booked = now.bookings;
        slot.record.generation = self.generation;
        if now.due != slot.record.due {
            if let Some(due) = now.due {
                self.due.entry(due.0.div_euclid(MINUTE)).or_default().push(key.clone());
            }
            slot.record.due = now.due;
        }
        let stays = key.kind == Kind::Ticket && ticket::is_open(&slot.record);
        let last = slot.record.last_hour();
        if slot.record.hour > last && !stays && !slot.record.saturated && last > i64::MIN / HOUR {
            slot.record.hour = last;
            self.blocks.entry((key.kind, last)).or_default().push(key.clone());
        }
        mark(slot, key, &mut self.dirty);
        if slot.record.sent != now.sends {
            let before = std::mem::replace(&mut slot.record.sent, now.sends.clone());
            self.send(key, before, now.sends, context);
        }
    }

    fn send(&mut self, from: &RecordKey, before: Vec<Sent>, after: Vec<Sent>, context: &Context<'_>) {
        for old in before.iter().filter(|old| !after.iter().any(|new| new.to == old.to)) {
            self.withdraw(from, &old.to);
        }
        for new in after {
            if !before.contains(&new) {
                self.deliver(from, new, context);
            }
        }
    }

    fn deliver(&mut self, from: &RecordKey, sent: Sent, context: &Context<'_>) {
        let Sent { to, message } = sent;
        let slot = match &message {
            Message::Link(since) | Message::Visit(super::booking::Visit { first: since, .. }) => {
                let hour = since.0.div_euclid(HOUR);
                open(&mut self.slots, &mut self.blocks, &to, hour, self.generation)
            }
            // A judgement that has expired is not brought back to life by what it once asked for.
            Message::Handling(_) => match self.slots.get_mut(&to) {
                Some(slot) => slot,
                None => return,
            },
        };
        if slot.record.saturated {
            self.totals.undelivered += 1;
            return;
        }
        let received = Received { from: from.clone(), message, frozen: false };
        match slot.record.received.binary_search_by(|other| other.from.cmp(from)) {
            Ok(at) => slot.record.received[at] = received,
            Err(at) => slot.record.received.insert(at, received),
        }
        let settings = context.settings;
        if to.kind == Kind::Customer
            && customer::is_saturated(&slot.record, settings.first_contact_window, settings.saturation_contacts)
        {
            slot.record.hour = slot.record.hour.max(slot.record.last_hour());
            slot.record.saturate();
            self.blocks.entry((to.kind, slot.record.hour)).or_default().push(to.clone());
            self.totals.saturated += 1;
        }
        self.woken.push(to);
    }

    fn withdraw(&mut self, from: &RecordKey, to: &RecordKey) {
        let Some(slot) = self.slots.get_mut(to) else { return };
        if let Ok(at) = slot.record.received.binary_search_by(|other| other.from.cmp(from)) {
            slot.record.received.remove(at);
            self.woken.push(to.clone());
        }
    }

    fn expire_or_move(&mut self, key: RecordKey, hour: i64, limit: i64, context: &Context<'_>) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        if slot.record.hour != hour {
            return;
        }
        let last = if slot.record.saturated { hour } else { slot.record.last_hour() };
        let stays = key.kind == Kind::Ticket && ticket::is_open(&slot.record);
        if !stays && last < limit {
            return self.expire_one(&key);
        }
        // What must stay is looked at again in a day; everything else waits in the hour of its last event.
        slot.record.hour = if last < limit { limit + 24 } else { last };
        self.blocks.entry((key.kind, slot.record.hour)).or_default().push(key.clone());
        mark(slot, &key, &mut self.dirty);
        if key.kind == Kind::Customer {
            self.prune_one(&key, Instant(limit * HOUR), context);
        }
    }

    fn expire_one(&mut self, key: &RecordKey) {
        let Some(slot) = self.slots.remove(key) else { return };
        self.totals.expired += 1;
        if let Some(hour) = slot.stored {
            self.deleted.push((key.clone(), hour));
        }
        self.changes.extend(slot.record.booked.into_iter().map(Change::Closed));
        for sent in slot.record.sent {
            let Some(receiver) = self.slots.get_mut(&sent.to) else { continue };
            let Ok(at) = receiver.record.received.binary_search_by(|other| other.from.cmp(key)) else { continue };
            if matches!(sent.message, Message::Link(_)) {
                // Nobody is left to tell: the link goes, and with it the memory of what was told.
                receiver.record.received.remove(at);
                receiver.record.sent.retain(|other| other.to != *key);
            } else {
                receiver.record.received[at].frozen = true;
            }
            mark(receiver, &sent.to, &mut self.dirty);
        }
    }

    /// Frozen notes leave at the receiver's own horizon, and their books are closed.
    fn prune_one(&mut self, key: &RecordKey, horizon: Instant, context: &Context<'_>) {
        let leaves = |received: &Received| match &received.message {
            Message::Visit(visit) => received.frozen && visit.first < horizon,
            _ => false,
        };
        let Some(slot) = self.slots.get_mut(key) else { return };
        if !slot.record.received.iter().any(leaves) {
            return;
        }
        // Booked first under what is in force, so that what remains below is due exactly.
        self.settle_one(key, context);
        let Some(slot) = self.slots.get_mut(key) else { return };
        slot.record.received.retain(|received| !leaves(received));
        let remaining = contribution(key, &slot.record, context);
        let mut closed = Vec::new();
        difference(&slot.record.booked, &remaining.bookings, &mut closed);
        self.changes.extend(closed.into_iter().map(Change::Closed));
        slot.record.booked = remaining.bookings;
        mark(slot, key, &mut self.dirty);
    }
}

fn open<'a>(
    slots: &'a mut HashMap<RecordKey, Slot, FxBuildHasher>,
    blocks: &mut BTreeMap<(Kind, i64), Vec<RecordKey>>,
    key: &RecordKey,
    hour: i64,
    generation: u32,
) -> &'a mut Slot {
    slots.entry_ref(key).or_insert_with(|| {
        blocks.entry((key.kind, hour)).or_default().push(key.clone());
        Slot { record: Record { hour, generation, ..Record::default() }, ..Slot::default() }
    })
}

fn mark(slot: &mut Slot, key: &RecordKey, dirty: &mut Vec<RecordKey>) {
    if !std::mem::replace(&mut slot.dirty, true) {
        dirty.push(key.clone());
    }
}

/// The first hour that must stay; `None` if nothing of the kind expires.
fn horizon_hour(kind: Kind, low: Instant, settings: &Settings) -> Option<i64> {
    let silence = settings.silence.of(kind);
    if silence.is_unlimited() || settings.lateness.is_unlimited() || low == Instant::MIN {
        return None;
    }
    Some(low.minus(Span(silence.0 + settings.lateness.0)).0.div_euclid(HOUR))
}
