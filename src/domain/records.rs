//! All live records: where events gather, notes travel, deadlines fall due, and books are closed.
//!
//! Nothing here knows panes. What changes is told as [`Change`]s, and nothing else connects the two.

use super::booking::{Booking, Delta, Message, difference};
use super::certification;
use super::contribution::{Context, contribution};
use super::customer;
use super::event::Kind;
use super::record::{Entry, Merged, Received, Record, RecordKey, Sent};
use super::scope::Path;
use super::settings::Settings;
use super::slots::{Address, Booked, Note, Open, Packed, Place, Slots, Stored};
use super::storage::Storage;
use super::ticket;
use super::time::{HOUR, Instant, MINUTE, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What records tell the panes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change<'a> {
    /// Amounts to add.
    Delta(&'a Delta),
    /// A booking that a record of this kind will never change again: it expired.
    Closed(Kind, &'a Booking),
}

/// Who hears of changes as they are made: thousands lie nowhere in between.
pub type Tell<'a> = &'a mut dyn FnMut(Change<'_>);

/// What has to be written or removed where state is kept.
#[derive(Debug)]
pub(crate) enum Write<'a> {
    /// A path that bookings name by its number.
    Path(u32, &'a Path),
    /// The record as it is now, at the address of its note.
    Put(&'a Note, &'a Packed),
    /// Nothing is at this address any more.
    Delete(Address),
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
    /// The record would be one too many.
    Full,
}

/// All live records.
#[derive(Debug, Default)]
pub struct Records {
    slots: Slots,
    /// Records by kind and hour; one that has moved on stays behind and is skipped.
    blocks: BTreeMap<(Kind, i64), Vec<Place>>,
    /// Records by the minute in which they fall due; one whose deadline has moved is skipped.
    due: BTreeMap<i64, Vec<Place>>,
    /// Records still to be booked under the roster and settings in force.
    pending: Vec<Place>,
    woken: Vec<Place>,
    dirty: Vec<Place>,
    deleted: Vec<Address>,
    generation: u32,
    totals: RecordTotals,
    /// Visits before it are in closed books of customers.
    customers_closed: Instant,
}

/// What happened to records since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordTotals {
    /// Records that expired.
    pub expired: u64,
    /// Records that became saturated.
    pub saturated: u64,
    /// Messages to records that take none any more: they are saturated, or their books are closed.
    pub undelivered: u64,
}

impl Records {
    /// No records yet, and room for so many that are unpacked.
    pub fn new(open: usize) -> Records {
        Records { slots: Slots::new(open), ..Records::default() }
    }
    /// How many records are live.
    pub fn len(&self) -> usize {
        self.slots.len()
    }
    /// True without any record.
    pub fn is_empty(&self) -> bool {
        self.slots.len() == 0
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

    /// How many records of a kind are live.
    pub fn count(&self, kind: Kind) -> usize {
        self.slots.places().filter(|(_, note)| note.kind == kind).count()
    }
    /// How many paths bookings name by number.
    pub fn paths(&self) -> usize {
        self.slots.paths.len()
    }

    /// Shows every record with its key, in no order.
    pub fn visit(&self, mut visit: impl FnMut(&RecordKey, &Record)) {
        self.slots.visit(|_, key, record| visit(key, record));
    }

    /// Where they lie, to look for some of them.
    pub(super) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Shows every record with its key and what is known of it without looking, in no order.
    pub(super) fn visit_noted(&self, visit: impl FnMut(&Note, &RecordKey, &Record)) {
        self.slots.visit(visit);
    }

    /// Takes in one event of the record `key`; [`Records::settle`] books what it changes.
    pub fn take(&mut self, key: RecordKey, entry: Entry, context: &Context<'_>) -> Taken {
        if self.len() >= context.settings.live_records && self.slots.find(&key).is_none() {
            return Taken::Full;
        }
        let place = self.open(&key, entry.time.0.div_euclid(HOUR));
        let Some((_, Open { record, .. })) = self.slots.open(place) else { return Taken::Unchanged };
        if record.saturated {
            return Taken::Saturated;
        }
        if record.entries.len() >= context.settings.saturation_ids && record.find(&entry).is_none() {
            self.saturate(place);
            self.wake(place);
            return Taken::Saturated;
        }
        if record.merge(entry) == Merged::Unchanged {
            return Taken::Unchanged;
        }
        self.wake(place);
        Taken::Applied
    }

    /// Finds what has fallen due by `now`; [`Records::settle`] books it again.
    pub fn tick(&mut self, now: Instant) {
        let minute = now.0.div_euclid(MINUTE);
        while let Some(entry) = self.due.first_entry() {
            if *entry.key() > minute {
                break;
            }
            let (bucket, places) = entry.remove_entry();
            let mut later = Vec::new();
            for place in places {
                match self.slots.note(place).map(|note| note.due) {
                    Some(due) if due <= now => self.wake(place),
                    Some(due) if due.0.div_euclid(MINUTE) == bucket => later.push(place),
                    _ => {}
                }
            }
            if !later.is_empty() {
                self.due.entry(bucket).or_default().extend(later);
                break;
            }
        }
    }

    /// How many records know something that they have not booked yet.
    pub fn unsettled(&self) -> usize {
        self.woken.len()
    }

    /// Books what records have learned since this was last called, each record once, however many events it took in.
    pub fn settle(&mut self, context: &Context<'_>, tell: Tell<'_>) {
        // Notes run from contacts to customers and surveys, which send none: there are few rounds.
        while !self.woken.is_empty() {
            for place in std::mem::take(&mut self.woken) {
                if let Some(note) = self.slots.note_mut(place) {
                    note.woken = false;
                }
                self.settle_one(place, context, tell);
            }
        }
        self.slots.close_old();
    }

    /// True if [`Records::expire`] would find anything.
    pub fn has_expired(&self, low: Instant, settings: &Settings) -> bool {
        Kind::ALL.into_iter().any(|kind| {
            let limit = horizon_hour(kind, low, settings);
            limit.is_some_and(|limit| self.blocks.range((kind, i64::MIN)..(kind, limit)).next().is_some())
        })
    }

    /// Lets whole hours of records expire whose last event is older than `low` less silence and lateness. Returns the
    /// horizon of each kind that has moved: events older than it come too late.
    pub fn expire(&mut self, low: Instant, context: &Context<'_>, tell: Tell<'_>) -> Vec<(Kind, Instant)> {
        let mut horizons = Vec::new();
        for kind in Kind::ALL {
            let Some(limit) = horizon_hour(kind, low, context.settings) else { continue };
            while let Some((&(_, hour), _)) = self.blocks.range((kind, i64::MIN)..(kind, limit)).next() {
                for place in self.blocks.remove(&(kind, hour)).unwrap_or_default() {
                    self.expire_or_move(place, hour, limit, context, tell);
                }
            }
            let horizon = Instant(limit * HOUR);
            if kind == Kind::Customer {
                self.customers_closed = horizon.max(self.customers_closed);
            }
            horizons.push((kind, horizon));
        }
        self.slots.close_old();
        horizons
    }

    /// Begins re-booking every live record, under a roster or settings that have just come into force.
    pub fn begin_rebook(&mut self) {
        self.generation += 1;
        self.pending = self.slots.places().map(|(place, _)| place).collect();
    }

    /// Re-books at most `n` records; [`Records::pending`] tells what is left.
    pub fn rebook(&mut self, n: usize, context: &Context<'_>, tell: Tell<'_>) {
        let from = self.pending.len().saturating_sub(n);
        for place in self.pending.split_off(from) {
            if self.slots.note(place).is_some_and(|note| note.generation != self.generation) {
                self.wake(place);
            }
        }
        self.settle(context, tell);
    }

    /// Hands every record that changed since the last call to `write`, every one that is gone, and every path that is
    /// new.
    pub(crate) fn drain_writes(&mut self, mut write: impl FnMut(Write<'_>)) {
        for address in self.deleted.drain(..) {
            write(Write::Delete(address));
        }
        for place in self.dirty.drain(..) {
            let Some((note, packed)) = self.slots.pack(place) else { continue };
            if !std::mem::take(&mut note.dirty) {
                continue;
            }
            let address = note.address;
            let before = note.stored.replace(Stored { hour: address.hour, check: packed.check() });
            if let Some(Stored { hour, .. }) = before.filter(|before| before.hour != address.hour) {
                write(Write::Delete(Address { hour, ..address }));
            }
            write(Write::Put(note, packed));
        }
        for (number, path) in self.slots.paths.drain_new() {
            write(Write::Path(number, path));
        }
    }

    /// Puts a stored path back, in the order of numbers; false if one is missing.
    pub(crate) fn restore_path(&mut self, number: u32, path: Path) -> bool {
        self.slots.paths.restore(number, path)
    }

    /// Puts a stored record back, which lies on disk, by what was kept of its note. Call [`Records::restored`] when all are
    /// there.
    pub(crate) fn restore(&mut self, note: Note) {
        let (kind, hour, due) = (note.kind, note.hour(), note.due);
        let place = self.slots.restore(note);
        self.blocks.entry((kind, hour)).or_default().push(place);
        if due < Instant::MAX {
            self.due.entry(due.0.div_euclid(MINUTE)).or_default().push(place);
        }
    }

    /// From now on, what has been written can be fetched from there.
    pub(crate) fn lie_in(&mut self, storage: Arc<dyn Storage>) {
        self.slots.lie_in(storage);
    }

    /// Leaves records to the disk until those in memory take no more than `room` bytes. Only when everything that
    /// [`Records::drain_writes`] handed out has been written.
    pub(crate) fn make_room(&mut self, room: usize) {
        self.slots.make_room(room);
    }

    /// Bytes of the records in memory, and how many had to be fetched from disk since the process began.
    pub fn use_of_memory(&self) -> (usize, u64) {
        self.slots.use_of_memory()
    }

    /// Ends restoring under the generation that was stored: what is of an older one is re-booked still.
    pub(crate) fn restored(&mut self, generation: u32, customers_closed: Instant) {
        self.generation = generation;
        self.customers_closed = customers_closed;
        let old = self.slots.places().filter(|(_, note)| note.generation != generation);
        self.pending = old.map(|(place, _)| place).collect();
    }

    /// Drops the frozen notes that customers no longer need. It happens when their hour comes by anyway; doing it for
    /// all makes two states comparable.
    pub fn prune(&mut self, low: Instant, context: &Context<'_>, tell: Tell<'_>) {
        let Some(limit) = horizon_hour(Kind::Customer, low, context.settings) else { return };
        let customers = self.slots.places().filter(|(_, note)| note.kind == Kind::Customer);
        for place in customers.map(|(place, _)| place).collect::<Vec<_>>() {
            self.prune_one(place, Instant(limit * HOUR), context, tell);
        }
        self.slots.close_old();
    }

    fn wake(&mut self, place: Place) {
        if let Some(note) = self.slots.note_mut(place)
            && !std::mem::replace(&mut note.woken, true)
        {
            self.woken.push(place);
        }
    }

    fn settle_one(&mut self, place: Place, context: &Context<'_>, tell: Tell<'_>) {
        let Some((note, Open { key, record, .. })) = self.slots.open(place) else { return };
        let now = contribution(key, record, context);
        difference(&now.bookings, &record.booked, |delta| tell(Change::Delta(delta)));
        record.booked = now.bookings;
        note.booked = Booked::of(&record.booked);
        note.generation = self.generation;
        let due = now.due.unwrap_or(Instant::MAX);
        if due != note.due && due < Instant::MAX {
            self.due.entry(due.0.div_euclid(MINUTE)).or_default().push(place);
        }
        note.due = due;
        let stays = must_stay(note.kind, record);
        let last = record.last_hour();
        if note.hour() > last && !stays && !record.saturated && last > i64::MIN / HOUR {
            note.move_to(last);
            self.blocks.entry((note.kind, last)).or_default().push(place);
        }
        mark(note, place, &mut self.dirty);
        if record.sent != now.sends {
            let from = key.clone();
            let new: Vec<Sent> = now.sends.iter().filter(|sent| !record.sent.contains(sent)).cloned().collect();
            let before = std::mem::replace(&mut record.sent, now.sends);
            let is_gone = |old: &&Sent| !record.sent.iter().any(|sent| sent.to == old.to);
            let gone: Vec<&Sent> = before.iter().filter(is_gone).collect();
            gone.into_iter().for_each(|old| self.withdraw(&from, old));
            new.into_iter().for_each(|sent| self.deliver(&from, sent, context));
        }
    }

    fn deliver(&mut self, from: &RecordKey, sent: Sent, context: &Context<'_>) {
        let Sent { to, message } = sent;
        if self.is_closed(&message) {
            self.totals.undelivered += 1;
            return;
        }
        let place = match &message {
            Message::Link(since) => self.open(&to, since.0.div_euclid(HOUR)),
            Message::Visit(visit) => self.open(&to, visit.first.0.div_euclid(HOUR)),
            Message::States { hour, .. } | Message::Planned { hour, .. } => self.open(&to, hour.0.div_euclid(HOUR)),
            Message::Handled(spans) => self.open(&to, spans.first().map_or(0, |(from, _)| from.0.div_euclid(HOUR))),
            // A judgement that has expired is not brought back to life by what it once asked for.
            Message::Handling(_) => match self.slots.find(&to) {
                Some(place) => place,
                None => return,
            },
        };
        let Some((_, Open { record, .. })) = self.slots.open(place) else { return };
        if record.saturated {
            self.totals.undelivered += 1;
            return;
        }
        let received = Received { from: from.clone(), message, frozen: false };
        match record.received.binary_search_by(|other| other.from.cmp(from)) {
            Ok(at) => record.received[at] = received,
            Err(at) => record.received.insert(at, received),
        }
        let settings = context.settings;
        let is_saturated = match to.kind {
            Kind::Customer => {
                customer::is_saturated(record, settings.first_contact.window, settings.saturation_contacts)
            }
            Kind::RepHour => record.received.len() > settings.saturation_ids,
            _ => false,
        };
        if is_saturated {
            self.saturate(place);
        }
        self.wake(place);
    }

    fn withdraw(&mut self, from: &RecordKey, Sent { to, message }: &Sent) {
        if self.is_closed(message) {
            return;
        }
        let Some(place) = self.slots.find(to) else { return };
        let Some((_, Open { record, .. })) = self.slots.open(place) else { return };
        if let Ok(at) = record.received.binary_search_by(|other| other.from.cmp(from)) {
            record.received.remove(at);
            self.wake(place);
        }
    }

    /// True of a visit that the customer's books are closed over: a ticket may be open, and change, for longer.
    fn is_closed(&self, message: &Message) -> bool {
        matches!(message, Message::Visit(visit) if visit.first < self.customers_closed)
    }

    /// The place of the record with this key; one that was not there is of `hour`.
    fn open(&mut self, key: &RecordKey, hour: i64) -> Place {
        let (place, is_new) = self.slots.find_or_begin(key, hour, self.generation);
        if is_new {
            self.blocks.entry((key.kind, hour)).or_default().push(place);
        }
        place
    }

    /// Lets a record that has grown without end forget everything. It waits for its expiry in the hour of its last event.
    fn saturate(&mut self, place: Place) {
        let Some((note, Open { record, .. })) = self.slots.open(place) else { return };
        note.move_to(note.hour().max(record.last_hour()));
        record.saturate();
        self.blocks.entry((note.kind, note.hour())).or_default().push(place);
        self.totals.saturated += 1;
    }

    fn expire_or_move(&mut self, place: Place, hour: i64, limit: i64, context: &Context<'_>, tell: Tell<'_>) {
        if self.slots.note(place).is_none_or(|note| note.hour() != hour) {
            return;
        }
        let Some((note, Open { record, .. })) = self.slots.open(place) else { return };
        let last = if record.saturated { hour } else { record.last_hour() };
        let stays = must_stay(note.kind, record);
        if !stays && last < limit {
            return self.expire_one(place, tell);
        }
        // What must stay is looked at again in a day; everything else waits in the hour of its last event.
        note.move_to(if last < limit { limit + 24 } else { last });
        self.blocks.entry((note.kind, note.hour())).or_default().push(place);
        mark(note, place, &mut self.dirty);
        if note.kind == Kind::Customer {
            self.prune_one(place, Instant(limit * HOUR), context, tell);
        }
    }

    fn expire_one(&mut self, place: Place, tell: Tell<'_>) {
        let Some((note, key, record)) = self.slots.remove(place) else { return };
        self.totals.expired += 1;
        if let Some(Stored { hour, .. }) = note.stored {
            self.deleted.push(Address { hour, ..note.address });
        }
        record.booked.iter().for_each(|booking| tell(Change::Closed(note.kind, booking)));
        for sent in record.sent {
            let Some(place) = self.slots.find(&sent.to) else { continue };
            let Some((note, Open { record: receiver, .. })) = self.slots.open(place) else { continue };
            let Ok(at) = receiver.received.binary_search_by(|other| other.from.cmp(&key)) else { continue };
            if matches!(sent.message, Message::Link(_)) {
                // Nobody is left to tell: the link goes, and with it the memory of what was told.
                receiver.received.remove(at);
                receiver.sent.retain(|other| other.to != key);
            } else {
                receiver.received[at].frozen = true;
            }
            mark(note, place, &mut self.dirty);
        }
    }

    /// Frozen notes leave at the receiver's own horizon, and their books are closed: the oldest first, because what a visit
    /// means depends on those after it.
    fn prune_one(&mut self, place: Place, horizon: Instant, context: &Context<'_>, tell: Tell<'_>) {
        let Some((_, Open { record, .. })) = self.slots.open(place) else { return };
        let stays = |received: &Received| match &received.message {
            Message::Visit(visit) if visit.first >= horizon => Some(visit.first),
            _ => None,
        };
        let oldest = record.received.iter().filter_map(stays).min().unwrap_or(Instant::MAX);
        let leaves = |received: &Received| match &received.message {
            Message::Visit(visit) => visit.first < oldest.min(horizon),
            _ => false,
        };
        if !record.received.iter().any(leaves) {
            return;
        }
        // Booked first under what is in force, so that what remains below is due exactly.
        self.settle_one(place, context, tell);
        let Some((note, Open { key, record, .. })) = self.slots.open(place) else { return };
        record.received.retain(|received| !leaves(received));
        let remaining = contribution(key, record, context);
        difference(&record.booked, &remaining.bookings, |closed| tell(Change::Closed(note.kind, closed)));
        record.booked = remaining.bookings;
        note.booked = Booked::of(&record.booked);
        mark(note, place, &mut self.dirty);
    }
}

fn mark(note: &mut Note, place: Place, dirty: &mut Vec<Place>) {
    if !std::mem::replace(&mut note.dirty, true) {
        dirty.push(place);
    }
}

/// True for what no silence lets expire.
fn must_stay(kind: Kind, record: &Record) -> bool {
    match kind {
        Kind::Ticket => ticket::is_open(record),
        Kind::Certification => certification::is_for_ever(record),
        _ => false,
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
