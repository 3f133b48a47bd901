//! Panes: what bookings add up to, for each scope and stretch of time.
//!
//! ```text
//! shelf (tier, reps or others) -> slot (start) -> row (scope) -> cells
//!
//! minute, others        |10:00|10:01|10:02| ...        kept 26 h
//! quarter-hour, reps    |  10:00  |  10:15  | ...      kept 9 d
//! quarter-hour, others  |  10:00  |  10:15  | ...      kept 100 d
//! local day, all        |     2026-01-05     | ...     kept 800 d
//! standing, all         |                              kept for ever
//! ```
//!
//! Every amount goes into every tier; tiers are never rolled up into each other. What stands is the sum of all changes of
//! stocks that ever were, so what stood at an instant is that less what has changed since. Whole slots expire together. Rows of
//! slots that are older than the windows in use reach lie on disk only, once they are written.

use super::amounts::Amounts;
use super::batch::{Batch, ScopeNumber, Sum};
use super::booking::{Booking, Delta};
use super::digest::{self, Parts, Share};
use super::flow::Flow;
use super::quantity::Cell;
use super::scope::{Scope, ScopeKind};
use super::storage::{Storage, must};
use super::time::{Instant, MINUTE, Span, Zone, day_of};
use super::window::{Reach, Stretch, Tier};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Default)]
struct Slotted {
    row: Amounts,
    dirty: bool,
    /// Of the row when it was last looked at.
    digest: u64,
}

#[derive(Debug, Default)]
struct Slot {
    rows: HashMap<ScopeNumber, Slotted, FxBuildHasher>,
    /// True if rows that are not here may be on disk.
    on_disk: bool,
}

#[derive(Debug)]
struct Shelf {
    tier: Tier,
    reps: bool,
    slots: BTreeMap<i64, Slot>,
}

impl Slotted {
    /// A row as it is on disk, or will be next.
    fn clean(shelf: usize, scope: &Scope, start: Instant, row: Amounts) -> Slotted {
        Slotted { digest: digest::of_row(shelf, start, scope, row.cells()), row, dirty: false }
    }
}

/// Where a row is kept: tier, start of the pane, scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The tier.
    pub tier: Tier,
    /// The start of the pane.
    pub start: Instant,
    /// Whose row it is.
    pub scope: Scope,
}

/// What has to be written or removed where state is kept.
#[derive(Debug)]
pub enum RowWrite<'a> {
    /// The row as it is now.
    Put(&'a RowKey, &'a Amounts),
    /// The row is no longer kept.
    Delete(&'a RowKey),
    /// So many rows of this scope are not empty.
    Scope(&'a Scope, u64),
}

/// All panes of all scopes.
#[derive(Debug)]
pub struct Panes {
    batch: Batch,
    shelves: [Shelf; 7],
    flows: Vec<Flow>,
    days: Days,
    /// How many rows of each scope are not empty, and whether that has changed since it was stored.
    filled: Vec<(u64, bool)>,
    storage: Option<Arc<dyn Storage>>,
    /// T as the panes know it: what is older than a tier keeps is gone.
    now: Instant,
    /// False in replays: every pane is kept.
    expires: bool,
    dirty: Vec<(usize, i64, ScopeNumber)>,
    deleted: Vec<RowKey>,
    digests: Digests,
    dropped: u64,
}

/// Linear digests of both sides of the books: what was ever booked is what rows show, or showed before they expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// Of everything that records booked, less what they took back: live bookings and closed ones.
    pub booked: u64,
    /// Of bookings whose records have expired.
    pub closed: u64,
    /// Of rows as they were when last looked at.
    pub rows: u64,
    /// Of amounts whose panes have expired.
    pub gone: u64,
}

impl Panes {
    /// Empty panes. Without `expires` nothing is ever too old, as a replay of a whole history wants it.
    pub fn new(expires: bool) -> Panes {
        let shelf = |tier, reps| Shelf { tier, reps, slots: BTreeMap::new() };
        Panes {
            batch: Batch::default(),
            shelves: [
                shelf(Tier::Minute, false),
                shelf(Tier::QuarterHour, false),
                shelf(Tier::QuarterHour, true),
                shelf(Tier::Day, false),
                shelf(Tier::Day, true),
                shelf(Tier::Standing, false),
                shelf(Tier::Standing, true),
            ],
            flows: Vec::new(),
            days: Days::default(),
            filled: Vec::new(),
            storage: None,
            now: Instant::MIN,
            expires,
            dirty: Vec::new(),
            deleted: Vec::new(),
            digests: Digests::default(),
            dropped: 0,
        }
    }

    /// Takes a delta in. It is seen once [`Panes::flush`] has been called.
    pub fn apply(&mut self, delta: &Delta) {
        let shares = self.batch.add(delta);
        let digest = self.days.digest(shares, &self.shelves, delta);
        self.digests.booked = self.digests.booked.wrapping_add(digest);
    }

    /// How many sums wait for [`Panes::flush`].
    pub fn waiting(&self) -> usize {
        self.batch.len()
    }

    /// Adds what was taken in to every scope of its path, in every tier that still has the pane.
    pub fn flush(&mut self) {
        if self.batch.len() == 0 {
            return;
        }
        let sums = self.batch.drain();
        for of_scope in sums.chunk_by(|((a, _), _), ((b, _), _)| a == b) {
            self.book(of_scope);
        }
    }

    fn book(&mut self, sums: &[Sum]) {
        let Some(((node, _), _)) = sums.first() else { return };
        let zone = self.batch.zone(*node);
        for n in 0..self.shelves.len() {
            if self.shelves[n].reps != (node.kind == ScopeKind::Rep) {
                continue;
            }
            let tier = self.shelves[n].tier;
            if tier == Tier::Standing {
                let mut standing = Amounts::default();
                sums.iter().for_each(|(_, amounts)| standing.add(amounts.stocks()));
                self.add(n, Instant::default(), node.scope, standing.cells());
                continue;
            }
            let mut sums = sums.iter().map(|((_, start), amounts)| (*start, amounts)).peekable();
            while let Some((start, first)) = sums.next() {
                let pane = self.days.pane_start(tier, start, zone);
                let mut more = None;
                while let Some((_, amounts)) = sums.next_if(|(next, _)| self.days.pane_start(tier, *next, zone) == pane)
                {
                    more.get_or_insert_with(|| first.clone()).add(amounts.cells());
                }
                self.add(n, pane, node.scope, more.as_ref().unwrap_or(first).dated());
            }
        }
        let number = node.scope as usize;
        // Of slices there are windows only: counters of them would double what every scope keeps.
        if self.batch.scopes()[number].slice.is_some() {
            return;
        }
        if number >= self.flows.len() {
            self.flows.resize(number + 1, Flow::default());
        }
        for (_, amounts) in sums {
            self.flows[number].count(amounts.flowing());
        }
    }

    fn add(&mut self, shelf: usize, start: Instant, scope: ScopeNumber, amounts: &[(Cell, i64)]) {
        if amounts.is_empty() {
            return;
        }
        if start < self.cutoff(shelf) {
            self.dropped += 1;
            let digest = digest::of_row(shelf, start, &self.batch.scopes()[scope as usize], amounts);
            self.digests.gone = self.digests.gone.wrapping_add(digest);
            return;
        }
        let Shelf { tier, slots, .. } = &mut self.shelves[shelf];
        let slot = slots.entry(start.0).or_default();
        let (storage, scopes) = (self.storage.as_deref(), self.batch.scopes());
        let slotted = slot.rows.entry(scope).or_insert_with(|| match storage.filter(|_| slot.on_disk) {
            Some(storage) => {
                let key = RowKey { tier: *tier, start, scope: scopes[scope as usize].clone() };
                Slotted::clean(shelf, &key.scope, start, must(storage.row(&key)))
            }
            None => Slotted::default(),
        });
        let was_empty = slotted.row.is_empty();
        slotted.row.add(amounts);
        let is_empty = slotted.row.is_empty();
        if !std::mem::replace(&mut slotted.dirty, true) {
            self.dirty.push((shelf, start.0, scope));
        }
        match (was_empty, is_empty) {
            (true, false) => self.count(scope, 1),
            (false, true) => self.count(scope, -1),
            _ => {}
        }
    }

    /// Counts rows of a scope that have become filled, or are so no longer.
    fn count(&mut self, scope: ScopeNumber, change: i64) {
        let number = scope as usize;
        if number >= self.filled.len() {
            self.filled.resize(number + 1, (0, false));
        }
        let (count, changed) = &mut self.filled[number];
        *count = count.wrapping_add_signed(change);
        *changed = true;
    }

    /// What was added and taken back for a scope since the process began.
    pub fn flow(&self, scope: &Scope) -> Option<&Flow> {
        self.flows.get(self.batch.known(scope)? as usize)
    }

    /// Notes that a booking is final: its record has expired.
    pub fn close(&mut self, booking: &Booking) {
        let digest = self.digest_of(booking);
        self.digests.closed = self.digests.closed.wrapping_add(digest);
    }

    /// Moves T on and lets panes expire that are older than their tier keeps.
    pub fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
        for n in 0..self.shelves.len() {
            let cutoff = self.cutoff(n);
            while let Some(entry) = self.shelves[n].slots.first_entry() {
                if *entry.key() >= cutoff.0 {
                    break;
                }
                let (start, slot) = entry.remove_entry();
                self.expire(n, Instant(start), slot);
            }
        }
    }

    fn expire(&mut self, shelf: usize, start: Instant, mut slot: Slot) {
        let Shelf { tier, reps, .. } = self.shelves[shelf];
        if let Some(storage) = self.storage.as_deref().filter(|_| slot.on_disk) {
            for (scope, row) in must(storage.rows(tier, start, reps)) {
                let number = self.batch.number(&scope);
                slot.rows.entry(number).or_insert_with(|| Slotted::clean(shelf, &scope, start, row));
            }
        }
        for (scope, slotted) in slot.rows {
            let digest = digest::of_row(shelf, start, &self.batch.scopes()[scope as usize], slotted.row.cells());
            self.digests.gone = self.digests.gone.wrapping_add(digest);
            self.digests.rows = self.digests.rows.wrapping_sub(slotted.digest);
            if !slotted.row.is_empty() {
                self.count(scope, -1);
            }
            let scope = self.batch.scopes()[scope as usize].clone();
            self.deleted.push(RowKey { tier, start, scope });
        }
    }

    /// From now on, rows that were written can be fetched from there.
    pub(crate) fn lie_in(&mut self, storage: Arc<dyn Storage>) {
        self.storage = Some(storage);
    }

    /// Leaves rows to the disk that are older than `reach`. Only when everything that [`Panes::drain_writes`] handed out
    /// has been written.
    pub(crate) fn make_room(&mut self, reach: Reach) {
        if self.storage.is_none() {
            return;
        }
        for Shelf { tier, slots, .. } in &mut self.shelves {
            let cutoff = self.now.minus(reach.in_tier(*tier));
            for (_, slot) in slots.range_mut(..cutoff.0) {
                if !slot.rows.is_empty() {
                    slot.rows.retain(|_, slotted| slotted.dirty);
                    slot.rows.shrink_to_fit();
                    slot.on_disk = true;
                }
            }
        }
    }

    /// What flowed in the panes of a stretch for one scope, without what [`Panes::flush`] has not added yet.
    pub fn sum(&self, scope: &Scope, stretch: Stretch) -> Amounts {
        let mut sum = Amounts::default();
        self.visit_rows(scope, stretch, |row| sum.add(row.flowing()));
        sum
    }

    /// What stood in a scope at the end of a stretch, without what [`Panes::flush`] has not added yet.
    pub fn standing(&self, scope: &Scope, stretch: Stretch) -> Amounts {
        let Stretch { tier, end, .. } = stretch;
        let mut standing = Amounts::default();
        let mut changed_since = Amounts::default();
        self.visit_rows(scope, Stretch { tier: Tier::Standing, start: Instant::MIN, end: Instant::MAX }, |row| {
            // Of the past nothing is known of what only stands now.
            standing.add(if end > self.now { row.cells() } else { row.dated() });
        });
        self.visit_rows(scope, Stretch { tier, start: end, end: Instant::MAX }, |row| changed_since.add(row.stocks()));
        standing.add(changed_since.negated().cells());
        standing
    }

    fn visit_rows(&self, scope: &Scope, stretch: Stretch, mut visit: impl FnMut(&Amounts)) {
        let reps = scope.kind == ScopeKind::Rep;
        let shelf = self.shelves.iter().find(|shelf| shelf.tier == stretch.tier && shelf.reps == reps);
        let (Some(number), Some(shelf)) = (self.batch.known(scope), shelf) else { return };
        for (start, slot) in shelf.slots.range(stretch.start.0..stretch.end.0) {
            match (slot.rows.get(&number), self.storage.as_deref().filter(|_| slot.on_disk)) {
                (Some(slotted), _) => visit(&slotted.row),
                (None, Some(storage)) => {
                    let key = RowKey { tier: shelf.tier, start: Instant(*start), scope: scope.clone() };
                    visit(&must(storage.row(&key)));
                }
                (None, None) => {}
            }
        }
    }

    /// The first instant of which this tier still has every pane, for scopes of this kind.
    pub fn kept_from(&self, tier: Tier, kind: ScopeKind) -> Option<Instant> {
        let kept = tier.kept(kind)?;
        Some(if self.expires { self.now.minus(kept) } else { Instant::MIN })
    }

    /// Every scope that ever had a row since the process began.
    pub fn scopes(&self) -> &[Scope] {
        self.batch.scopes()
    }

    /// True if anything is kept for a scope now.
    pub fn has_rows(&self, scope: &Scope) -> bool {
        let number = self.batch.known(scope).map(|number| number as usize);
        number.and_then(|number| self.filled.get(number)).is_some_and(|(filled, _)| *filled > 0)
    }

    /// How many rows are in memory.
    pub fn len(&self) -> usize {
        self.shelves.iter().flat_map(|shelf| shelf.slots.values()).map(|slot| slot.rows.len()).sum()
    }

    /// True without any row in memory.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Amounts that came too late for a pane: it is no longer kept.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Shows every row that is not empty, in no order.
    pub fn visit(&self, mut visit: impl FnMut(&RowKey, &Amounts)) {
        self.visit_all(|_, key, row| {
            if !row.is_empty() {
                visit(key, row);
            }
        });
    }

    /// Shows every row with the number of its shelf.
    fn visit_all(&self, mut visit: impl FnMut(usize, &RowKey, &Amounts)) {
        for (n, shelf) in self.shelves.iter().enumerate() {
            for (start, slot) in &shelf.slots {
                let start = Instant(*start);
                let mut show = |scope: &Scope, row: &Amounts| {
                    visit(n, &RowKey { tier: shelf.tier, start, scope: scope.clone() }, row);
                };
                for (scope, slotted) in &slot.rows {
                    show(&self.batch.scopes()[*scope as usize], &slotted.row);
                }
                let Some(storage) = self.storage.as_deref().filter(|_| slot.on_disk) else { continue };
                for (scope, row) in must(storage.rows(shelf.tier, start, shelf.reps)) {
                    if self.batch.known(&scope).is_none_or(|number| !slot.rows.contains_key(&number)) {
                        show(&scope, &row);
                    }
                }
            }
        }
    }

    /// Hands every row that changed since the last call to `write`, and every one that is gone. Each is looked at again, so
    /// this is when [`Panes::balance`] can be asked.
    pub fn drain_writes(&mut self, mut write: impl FnMut(RowWrite<'_>)) {
        for (n, start, scope) in self.dirty.drain(..) {
            let shelf = &mut self.shelves[n];
            let found = shelf.slots.get_mut(&start).and_then(|slot| slot.rows.get_mut(&scope));
            let Some(slotted) = found else { continue };
            let key =
                RowKey { tier: shelf.tier, start: Instant(start), scope: self.batch.scopes()[scope as usize].clone() };
            let now = Slotted::clean(n, &key.scope, key.start, std::mem::take(&mut slotted.row));
            self.digests.rows = self.digests.rows.wrapping_add(now.digest).wrapping_sub(slotted.digest);
            *slotted = now;
            // What stands never expires, so nothing is left of it where it has come to nothing.
            match shelf.tier == Tier::Standing && slotted.row.is_empty() {
                true => {
                    write(RowWrite::Delete(&key));
                    shelf.slots.entry(start).or_default().rows.remove(&scope);
                }
                false => write(RowWrite::Put(&key, &slotted.row)),
            }
        }
        for key in self.deleted.drain(..) {
            write(RowWrite::Delete(&key));
        }
        for ((count, changed), scope) in self.filled.iter_mut().zip(self.batch.scopes()) {
            if std::mem::take(changed) {
                write(RowWrite::Scope(scope, *count));
            }
        }
    }

    /// Puts back how many rows of a scope are not empty. All scopes come before any pane.
    pub(crate) fn restore_scope(&mut self, scope: &Scope, filled: u64) {
        let number = self.batch.number(scope) as usize;
        if number >= self.filled.len() {
            self.filled.resize(number + 1, (0, false));
        }
        self.filled[number] = (filled, false);
    }

    /// Puts back that there is a pane, and tells whether its rows belong in memory: those within `reach` of `now` do.
    pub(crate) fn restore_pane(&mut self, tier: Tier, start: Instant, now: Instant, reach: Reach) -> bool {
        let near = start >= now.minus(reach.in_tier(tier));
        for shelf in self.shelves.iter_mut().filter(|shelf| shelf.tier == tier) {
            shelf.slots.entry(start.0).or_default().on_disk = !near;
        }
        near
    }

    /// Puts a stored row back into a pane whose rows belong in memory.
    pub(crate) fn restore_row(&mut self, key: &RowKey, row: Amounts) {
        let reps = key.scope.kind == ScopeKind::Rep;
        let number = self.batch.number(&key.scope);
        if let Some(n) = self.shelves.iter().position(|shelf| shelf.tier == key.tier && shelf.reps == reps) {
            let slotted = Slotted::clean(n, &key.scope, key.start, row);
            self.shelves[n].slots.entry(key.start.0).or_default().rows.insert(number, slotted);
        }
    }

    /// Puts the stored instant and digests back.
    pub fn restored(&mut self, now: Instant, digests: Digests) {
        self.now = now;
        self.digests = digests;
    }

    /// The digests that a restart must bring back.
    pub fn digests(&self) -> Digests {
        self.digests
    }

    /// Holds both sides of the books against each other by what is known of them: only rows that have changed have been
    /// looked at. Right after [`Panes::drain_writes`].
    ///
    /// # Errors
    /// Both sides, if they differ.
    pub fn balance(&self) -> Result<(), String> {
        equal(self.digests.booked, self.digests.gone.wrapping_add(self.digests.rows))
    }

    /// Holds all rows against all live bookings, whose digests add up to `live`; all are looked at.
    ///
    /// # Errors
    /// Both sides, if they differ.
    pub fn check(&self, live: u64) -> Result<(), String> {
        let booked = self.digests.closed.wrapping_add(live);
        let mut shown = self.digests.gone;
        self.visit_all(|shelf, key, row| {
            shown = shown.wrapping_add(digest::of_row(shelf, key.start, &key.scope, row.cells()))
        });
        equal(booked, shown).and_then(|()| equal(self.digests.booked, shown))
    }

    /// The digest of a booking in all its rows.
    pub(super) fn digest_of(&mut self, booking: &Booking) -> u64 {
        self.days.digest(self.batch.shares(&booking.path), &self.shelves, booking)
    }

    fn cutoff(&self, shelf: usize) -> Instant {
        let Shelf { tier, reps, .. } = self.shelves[shelf];
        let kind = if reps { ScopeKind::Rep } else { ScopeKind::Company };
        match self.expires {
            true => self.now.minus(tier.kept(kind).unwrap_or(Span::UNLIMITED)),
            false => Instant::MIN,
        }
    }
}

/// Minutes of which it is kept what all panes that hold them have in digests.
const PLACES_KEPT: usize = 256;

/// The local days in use, which are few: asking the time zone for each amount costs more than adding it.
#[derive(Debug, Default)]
struct Days {
    known: HashMap<Zone, BTreeMap<i64, i64>, FxBuildHasher>,
    /// By the last digits of the minute.
    places: Vec<Option<(Zone, Instant, Places)>>,
}

/// What the panes that hold a minute have in digests, and the rows of what stands: those of reps, and the others.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
    reps: Place,
    others: Place,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    panes: u64,
    standing: u64,
}

impl Place {
    fn digest(self, share: u64, in_panes: u64, standing: u64) -> u64 {
        let of_all = self.panes.wrapping_mul(in_panes).wrapping_add(self.standing.wrapping_mul(standing));
        share.wrapping_mul(of_all)
    }
}

impl Days {
    /// The digest of a booking in all rows that it counts in.
    fn digest(&mut self, shares: &[Share], shelves: &[Shelf], booking: &Booking) -> u64 {
        if booking.length() == 0 {
            return self.digest_at(shares, shelves, booking.at, Parts::of(&booking.amounts));
        }
        // A digest is linear: that of a part of a span is that of a millisecond so many times.
        let each = Parts::of(&booking.amounts.each(booking.length()));
        booking.overlaps(MINUTE).fold(0, |sum: u64, (minute, overlap)| {
            let of_minute = self.digest_at(shares, shelves, minute, each);
            sum.wrapping_add(of_minute.wrapping_mul(overlap.cast_unsigned()))
        })
    }

    fn digest_at(&mut self, shares: &[Share], shelves: &[Shelf], at: Instant, parts: Parts) -> u64 {
        shares.iter().fold(0, |sum: u64, share| {
            let Places { reps, others } = self.places(shelves, at, share.zone);
            let of_reps = reps.digest(share.reps, parts.reps, parts.standing);
            sum.wrapping_add(of_reps).wrapping_add(others.digest(share.others, parts.others, parts.standing))
        })
    }

    fn places(&mut self, shelves: &[Shelf], at: Instant, zone: Zone) -> Places {
        let minute = at.floor(MINUTE);
        let kept = (minute.0 / MINUTE).rem_euclid(PLACES_KEPT as i64) as usize;
        if let Some(Some((of_zone, of_minute, places))) = self.places.get(kept)
            && (*of_zone, *of_minute) == (zone, minute)
        {
            return *places;
        }
        let mut places = Places::default();
        for (n, shelf) in shelves.iter().enumerate() {
            let place = if shelf.reps { &mut places.reps } else { &mut places.others };
            let sum = if shelf.tier == Tier::Standing { &mut place.standing } else { &mut place.panes };
            *sum = sum.wrapping_add(digest::of_place(n, self.pane_start(shelf.tier, minute, zone)));
        }
        self.places.resize(PLACES_KEPT, None);
        self.places[kept] = Some((zone, minute, places));
        places
    }

    fn pane_start(&mut self, tier: Tier, at: Instant, zone: Zone) -> Instant {
        if tier != Tier::Day {
            return tier.pane_start(at, zone);
        }
        let days = self.known.entry(zone).or_default();
        if let Some((start, end)) = days.range(..=at.0).next_back()
            && at.0 < *end
        {
            return Instant(*start);
        }
        let (start, end) = day_of(at, zone);
        days.insert(start.0, end.0);
        start
    }
}

fn equal(booked: u64, shown: u64) -> Result<(), String> {
    match booked == shown {
        true => Ok(()),
        false => Err(format!("the books do not match the panes: bookings {booked:016x}, panes {shown:016x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quantity::Quantity;
    use crate::domain::scope::Path;

    fn answered(n: i64) -> Amounts {
        Amounts::new(vec![(Cell::plain(Quantity::Answered), n)])
    }

    fn booked(panes: &mut Panes, n: i64) {
        let path = Path::new(vec![(Scope::new(ScopeKind::Queue, "support"), Zone::default())]);
        panes.apply(&Delta { path: path.into(), at: Instant(0), until: Instant(0), amounts: answered(n) });
        panes.flush();
        panes.drain_writes(|_| {});
    }

    fn scope(kind: ScopeKind) -> Scope {
        Scope::new(kind, "x")
    }

    #[test]
    fn a_span_is_split_at_the_borders_of_panes_and_taken_back_whole() {
        let zone: Zone = chrono_tz::Europe::Oslo;
        let path = Path::new(vec![(scope(ScopeKind::Rep), zone), (scope(ScopeKind::Team), zone)]);
        // 1970-01-02 begins in Oslo at 23:00 UTC.
        let midnight = Instant(23 * 3_600_000);
        let (from, until) = (midnight.minus(Span(90_500)), midnight.plus(Span::minutes(20)));
        let talk = |n: i64| Amounts::new(vec![(Cell::plain(Quantity::Talk), n * until.since(from).0)]);
        let mut panes = Panes::new(true);
        panes.apply(&Delta { path: path.clone().into(), at: from, until, amounts: talk(2) });
        panes.apply(&Delta { path: path.clone().into(), at: from, until, amounts: talk(-1) });
        panes.flush();
        let sum = |panes: &Panes, kind, tier, start: Instant, end: Instant| {
            panes.sum(&scope(kind), Stretch { tier, start, end }).get(Cell::plain(Quantity::Talk))
        };
        let later = |minutes| midnight.plus(Span::minutes(minutes));
        assert_eq!(sum(&panes, ScopeKind::Team, Tier::Minute, later(-2), later(-1)), 30_500);
        assert_eq!(sum(&panes, ScopeKind::Team, Tier::Minute, later(-1), later(5)), 6 * 60_000);
        assert_eq!(sum(&panes, ScopeKind::Team, Tier::Minute, later(19), later(40)), 60_000);
        for kind in [ScopeKind::Rep, ScopeKind::Team] {
            assert_eq!(sum(&panes, kind, Tier::QuarterHour, later(-15), later(0)), 90_500);
            assert_eq!(sum(&panes, kind, Tier::QuarterHour, later(15), later(30)), 5 * 60_000);
            assert_eq!(sum(&panes, kind, Tier::Day, midnight, later(60)), 20 * 60_000);
        }
        panes.drain_writes(|_| {});
        assert_eq!(panes.balance(), Ok(()));
        panes.apply(&Delta { path: path.into(), at: from, until, amounts: talk(-1) });
        panes.flush();
        panes.drain_writes(|_| {});
        panes.visit(|key, row| panic!("{key:?} still has {row:?}"));
        assert_eq!(panes.digests(), Digests::default());
    }

    #[test]
    fn what_stands_outlives_all_panes_and_is_forgotten_where_it_comes_to_nothing() {
        let queue = scope(ScopeKind::Queue);
        let path: Arc<Path> = Path::new(vec![(queue.clone(), Zone::default())]).into();
        let mut panes = Panes::new(true);
        let change = |panes: &mut Panes, at: i64, n: i64| {
            let (at, amounts) = (Instant(at), Amounts::new(vec![(Cell::plain(Quantity::Waiting), n)]));
            panes.apply(&Delta { path: path.clone(), at, until: at, amounts });
            panes.flush();
            let mut rows = Vec::new();
            panes.drain_writes(|write| match write {
                RowWrite::Put(key, _) if key.tier == Tier::Standing => rows.push(true),
                RowWrite::Delete(key) if key.tier == Tier::Standing => rows.push(false),
                _ => {}
            });
            rows
        };
        let day = Span::days(1).0;
        assert_eq!(change(&mut panes, day, 2), [true]);
        let standing = |panes: &Panes, days: i64| {
            let stretch = Stretch { tier: Tier::Day, start: Instant::MIN, end: Instant(days * day) };
            panes.standing(&queue, stretch).get(Cell::plain(Quantity::Waiting))
        };
        assert_eq!([0, 1, 2, 900].map(|days| standing(&panes, days)), [0, 0, 2, 2]);
        panes.advance(Instant(900 * day));
        assert_eq!(standing(&panes, 900), 2);
        assert_eq!(change(&mut panes, 899 * day, -1), [true]);
        assert_eq!([899, 900].map(|days| standing(&panes, days)), [2, 1]);
        assert_eq!(panes.balance(), Ok(()));
        // Of a time whose panes have gone it is known that it no longer is so.
        assert_eq!(change(&mut panes, 2 * day, -1), [false]);
        assert_eq!([899, 900].map(|days| standing(&panes, days)), [1, 0]);
        assert_eq!(panes.balance(), Ok(()));
    }

    #[test]
    fn a_row_that_was_changed_behind_its_bookings_is_noticed_when_it_is_written_next() {
        let mut panes = Panes::new(true);
        booked(&mut panes, 3);
        assert_eq!(panes.balance(), Ok(()));
        for slotted in panes.shelves[0].slots.values_mut().flat_map(|slot| slot.rows.values_mut()) {
            slotted.row = answered(2);
        }
        booked(&mut panes, 1);
        assert!(panes.balance().is_err());
        assert!(panes.check(panes.digests.booked).is_err());
        // Also in a pane that expires.
        panes.advance(Instant::MAX);
        panes.drain_writes(|_| {});
        assert!(panes.balance().is_err());
    }
}
