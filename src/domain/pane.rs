//! Panes: what bookings add up to, for each scope and stretch of time.
//!
//! ```text
//! shelf (tier, reps or others) -> slot (start) -> row (scope) -> cells
//!
//! minute, others        |10:00|10:01|10:02| ...        kept 26 h
//! quarter-hour, reps    |  10:00  |  10:15  | ...      kept 9 d
//! quarter-hour, others  |  10:00  |  10:15  | ...      kept 100 d
//! local day, all        |     2026-01-05     | ...     kept 800 d
//! ```
//!
//! Every amount goes into every tier; tiers are never rolled up into each other. Whole slots expire together.

use super::amounts::Amounts;
use super::batch::{Batch, ScopeNumber, Sum};
use super::booking::{Booking, Delta};
use super::flow::Flow;
use super::scope::{Scope, ScopeKind};
use super::time::{Instant, Span, Zone, day_of};
use super::window::{Stretch, Tier};
use hashbrown::HashMap;
use rustc_hash::{FxBuildHasher, FxHasher};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

#[derive(Debug, Default)]
struct Slotted {
    row: Amounts,
    dirty: bool,
}

type Slot = HashMap<ScopeNumber, Slotted, FxBuildHasher>;

#[derive(Debug)]
struct Shelf {
    tier: Tier,
    reps: bool,
    slots: BTreeMap<i64, Slot>,
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
}

/// All panes of all scopes.
#[derive(Debug)]
pub struct Panes {
    batch: Batch,
    shelves: [Shelf; 5],
    flows: Vec<Flow>,
    days: HashMap<Zone, BTreeMap<i64, i64>, FxBuildHasher>,
    /// T as the panes know it: what is older than a tier keeps is gone.
    now: Instant,
    /// False in replays: every pane is kept.
    expires: bool,
    dirty: Vec<(usize, i64, ScopeNumber)>,
    deleted: Vec<RowKey>,
    digests: Digests,
    dropped: u64,
}

/// Linear digests of both sides of the books; see [`Panes::check`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// Of bookings whose records have expired.
    pub closed: u64,
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
            ],
            flows: Vec::new(),
            days: HashMap::default(),
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
        self.batch.add(delta);
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
            let mut sums = sums.iter().map(|((_, start), amounts)| (*start, amounts)).peekable();
            while let Some((start, first)) = sums.next() {
                let pane = self.pane_start(tier, start, zone);
                let mut more = None;
                while let Some((_, amounts)) = sums.next_if(|(next, _)| self.pane_start(tier, *next, zone) == pane) {
                    more.get_or_insert_with(|| first.clone()).add(amounts.cells());
                }
                self.add(n, pane, node.scope, more.as_ref().unwrap_or(first));
            }
        }
        let number = node.scope as usize;
        if number >= self.flows.len() {
            self.flows.resize(number + 1, Flow::default());
        }
        for (_, amounts) in sums {
            self.flows[number].count(amounts.plain());
        }
    }

    fn add(&mut self, shelf: usize, start: Instant, scope: ScopeNumber, amounts: &Amounts) {
        if start < self.cutoff(shelf) {
            self.dropped += 1;
            let digest = self.digest(shelf, start, &self.batch.scopes()[scope as usize], amounts);
            self.digests.gone = self.digests.gone.wrapping_add(digest);
            return;
        }
        let slotted = self.shelves[shelf].slots.entry(start.0).or_default().entry(scope).or_default();
        slotted.row.add(amounts.cells());
        if !std::mem::replace(&mut slotted.dirty, true) {
            self.dirty.push((shelf, start.0, scope));
        }
    }

    /// What was added and taken back for a scope since the process began.
    pub fn flow(&self, scope: &Scope) -> Option<&Flow> {
        self.flows.get(self.batch.known(scope)? as usize)
    }

    /// Notes that a booking is final: its record has expired.
    pub fn close(&mut self, booking: &Booking) {
        self.digests.closed = self.digests.closed.wrapping_add(self.digest_of(booking));
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
                let tier = self.shelves[n].tier;
                for (scope, slotted) in slot {
                    let scope = self.batch.scopes()[scope as usize].clone();
                    let digest = self.digest(n, Instant(start), &scope, &slotted.row);
                    self.digests.gone = self.digests.gone.wrapping_add(digest);
                    self.deleted.push(RowKey { tier, start: Instant(start), scope });
                }
            }
        }
    }

    /// What the panes of a stretch add up to for one scope, without what [`Panes::flush`] has not added yet.
    pub fn sum(&self, scope: &Scope, stretch: Stretch) -> Amounts {
        let mut sum = Amounts::default();
        let reps = scope.kind == ScopeKind::Rep;
        let shelf = self.shelves.iter().find(|shelf| shelf.tier == stretch.tier && shelf.reps == reps);
        let (Some(number), Some(shelf)) = (self.batch.known(scope), shelf) else { return sum };
        for (_, slot) in shelf.slots.range(stretch.start.0..stretch.end.0) {
            if let Some(slotted) = slot.get(&number) {
                sum.add(slotted.row.cells());
            }
        }
        sum
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
        let Some(number) = self.batch.known(scope) else { return false };
        // Days last: what is anywhere is mostly there.
        let mut slots = self.shelves.iter().rev().flat_map(|shelf| shelf.slots.values());
        slots.any(|slot| slot.get(&number).is_some_and(|slotted| !slotted.row.is_empty()))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.shelves.iter().flat_map(|shelf| shelf.slots.values()).map(HashMap::len).sum()
    }

    /// True without any row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Amounts that came too late for a pane: it is no longer kept.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Every row that is not empty, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (RowKey, &Amounts)> {
        self.shelves.iter().flat_map(move |shelf| {
            shelf.slots.iter().flat_map(move |(start, slot)| {
                slot.iter().filter(|(_, slotted)| !slotted.row.is_empty()).map(move |(scope, slotted)| {
                    let scope = self.batch.scopes()[*scope as usize].clone();
                    (RowKey { tier: shelf.tier, start: Instant(*start), scope }, &slotted.row)
                })
            })
        })
    }

    /// Hands every row that changed since the last call to `write`, and every one that is gone.
    pub fn drain_writes(&mut self, mut write: impl FnMut(RowWrite<'_>)) {
        for (n, start, scope) in self.dirty.drain(..) {
            let shelf = &mut self.shelves[n];
            let found = shelf.slots.get_mut(&start).and_then(|slot| slot.get_mut(&scope));
            let Some(slotted) = found else { continue };
            slotted.dirty = false;
            let scope = self.batch.scopes()[scope as usize].clone();
            write(RowWrite::Put(&RowKey { tier: shelf.tier, start: Instant(start), scope }, &slotted.row));
        }
        for key in self.deleted.drain(..) {
            write(RowWrite::Delete(&key));
        }
    }

    /// Puts a stored row back.
    pub fn restore(&mut self, key: RowKey, row: Amounts) {
        let reps = key.scope.kind == ScopeKind::Rep;
        let number = self.batch.number(&key.scope);
        let shelf = self.shelves.iter_mut().find(|shelf| shelf.tier == key.tier && shelf.reps == reps);
        if let Some(shelf) = shelf {
            shelf.slots.entry(key.start.0).or_default().insert(number, Slotted { row, dirty: false });
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

    /// Holds the panes against all live bookings, whose digests add up to `live`: panes + expired panes = live bookings +
    /// closed bookings, by linear digests over (tier, pane, scope, cell) times amount.
    pub fn check(&self, live: u64) -> Result<(), String> {
        let booked = self.digests.closed.wrapping_add(live);
        let mut shown = self.digests.gone;
        for (n, shelf) in self.shelves.iter().enumerate() {
            for (start, slot) in &shelf.slots {
                for (scope, slotted) in slot {
                    let scope = &self.batch.scopes()[*scope as usize];
                    shown = shown.wrapping_add(self.digest(n, Instant(*start), scope, &slotted.row));
                }
            }
        }
        if booked == shown {
            Ok(())
        } else {
            Err(format!("the books do not match the panes: bookings {booked:016x}, panes {shown:016x}"))
        }
    }

    /// The digest of one booking.
    pub(super) fn digest_of(&self, booking: &Booking) -> u64 {
        let mut sum = 0u64;
        for (scope, zone) in booking.path.steps() {
            for (n, shelf) in self.shelves.iter().enumerate() {
                if shelf.reps == (scope.kind == ScopeKind::Rep) {
                    let start = shelf.tier.pane_start(booking.at, *zone);
                    sum = sum.wrapping_add(self.digest(n, start, scope, &booking.amounts));
                }
            }
        }
        sum
    }

    fn digest(&self, shelf: usize, start: Instant, scope: &Scope, amounts: &Amounts) -> u64 {
        // Hashed by name, not by number, so that a digest means the same after a restart.
        let mut place = FxHasher::default();
        (shelf, start, scope).hash(&mut place);
        let place = place.finish();
        let counted = if self.shelves[shelf].reps { amounts.plain() } else { amounts.cells() };
        counted.iter().fold(0, |sum: u64, (cell, n)| {
            let mut hasher = FxHasher::default();
            (place, cell).hash(&mut hasher);
            sum.wrapping_add(hasher.finish().wrapping_mul(*n as u64))
        })
    }

    fn cutoff(&self, shelf: usize) -> Instant {
        let Shelf { tier, reps, .. } = self.shelves[shelf];
        let kind = if reps { ScopeKind::Rep } else { ScopeKind::Company };
        match self.expires {
            true => self.now.minus(tier.kept(kind).unwrap_or(Span::UNLIMITED)),
            false => Instant::MIN,
        }
    }

    fn pane_start(&mut self, tier: Tier, at: Instant, zone: Zone) -> Instant {
        if tier != Tier::Day {
            return tier.pane_start(at, zone);
        }
        // Asking the time zone for each amount costs more than adding it; the days in use are few.
        let days = self.days.entry(zone).or_default();
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
