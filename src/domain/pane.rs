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

use super::booking::{Booking, Delta};
use super::measure::Totals;
use super::quantity::{Cell, Quantity};
use super::scope::{Path, Scope, ScopeKind};
use super::sketch::Sketch;
use super::time::{Instant, Span, Zone, day_of};
use super::window::{Stretch, Tier};
use hashbrown::HashMap;
use rustc_hash::{FxBuildHasher, FxHasher};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What one scope has in one pane. Cells are sorted, and none is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Plain cells.
    pub plain: Vec<(Cell, i64)>,
    /// Distributions.
    pub sketches: Vec<(Quantity, Sketch)>,
}

impl Row {
    /// True if nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.sketches.iter().all(|(_, sketch)| sketch.buckets().is_empty())
    }

    /// Every cell with its amount.
    pub fn cells(&self) -> impl Iterator<Item = (Cell, i64)> {
        let buckets = self.sketches.iter().flat_map(|(quantity, sketch)| {
            sketch.buckets().iter().map(|(bucket, n)| (Cell::with(*quantity, u32::from(*bucket)), *n))
        });
        self.plain.iter().copied().chain(buckets)
    }

    /// Adds amounts sorted by cell, those of distributions only if wanted.
    pub(super) fn add(&mut self, amounts: &[(Cell, i64)], distributions: bool) {
        let mut from = 0;
        for (cell, n) in amounts {
            if cell.quantity.is_distribution() {
                if distributions {
                    self.add_to_sketch(cell.quantity, cell.parameter as u16, *n);
                }
                continue;
            }
            // Both sides are sorted, so each search starts where the last one ended.
            match self.plain[from..].binary_search_by_key(cell, |(other, _)| *other) {
                Ok(at) => {
                    from += at;
                    self.plain[from].1 += n;
                    if self.plain[from].1 == 0 {
                        self.plain.remove(from);
                    }
                }
                Err(at) => {
                    from += at;
                    self.plain.insert(from, (*cell, *n));
                }
            }
        }
    }

    fn add_to_sketch(&mut self, quantity: Quantity, bucket: u16, n: i64) {
        let at = self.sketches.iter().position(|(other, _)| *other == quantity).unwrap_or_else(|| {
            self.sketches.push((quantity, Sketch::default()));
            self.sketches.len() - 1
        });
        self.sketches[at].1.add(bucket, n);
    }
}

/// The number of a scope within these panes.
type ScopeNumber = u32;

#[derive(Clone, Copy, Debug)]
struct Step {
    scope: ScopeNumber,
    kind: ScopeKind,
    zone: Zone,
}

#[derive(Debug, Default)]
struct Slotted {
    row: Row,
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
    Put(&'a RowKey, &'a Row),
    /// The row is no longer kept.
    Delete(&'a RowKey),
}

/// All panes of all scopes.
#[derive(Debug)]
pub struct Panes {
    scopes: Vec<Scope>,
    numbers: HashMap<Scope, ScopeNumber, FxBuildHasher>,
    paths: HashMap<Arc<Path>, Arc<[Step]>, FxBuildHasher>,
    shelves: [Shelf; 5],
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
            scopes: Vec::new(),
            numbers: HashMap::default(),
            paths: HashMap::default(),
            shelves: [
                shelf(Tier::Minute, false),
                shelf(Tier::QuarterHour, false),
                shelf(Tier::QuarterHour, true),
                shelf(Tier::Day, false),
                shelf(Tier::Day, true),
            ],
            days: HashMap::default(),
            now: Instant::MIN,
            expires,
            dirty: Vec::new(),
            deleted: Vec::new(),
            digests: Digests::default(),
            dropped: 0,
        }
    }

    /// Adds a delta to every scope of its path, in every tier that still has the pane.
    pub fn apply(&mut self, delta: &Delta) {
        let steps = self.steps(&delta.path);
        for step in steps.iter() {
            let reps = step.kind == ScopeKind::Rep;
            for n in 0..self.shelves.len() {
                if self.shelves[n].reps != reps {
                    continue;
                }
                let start = self.pane_start(self.shelves[n].tier, delta.at, step.zone);
                if start < self.cutoff(n) {
                    self.dropped += 1;
                    self.digests.gone =
                        self.digests.gone.wrapping_add(self.digest(n, start, step.scope, &delta.amounts));
                    continue;
                }
                let slot = self.shelves[n].slots.entry(start.0).or_default();
                let slotted = slot.entry(step.scope).or_default();
                slotted.row.add(&delta.amounts, !reps);
                if !std::mem::replace(&mut slotted.dirty, true) {
                    self.dirty.push((n, start.0, step.scope));
                }
            }
        }
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
                    let amounts: Vec<(Cell, i64)> = slotted.row.cells().collect();
                    let digest = self.digest(n, Instant(start), scope, &amounts);
                    self.digests.gone = self.digests.gone.wrapping_add(digest);
                    let scope = self.scopes[scope as usize].clone();
                    self.deleted.push(RowKey { tier, start: Instant(start), scope });
                }
            }
        }
    }

    /// What the panes of a stretch add up to for one scope.
    pub fn sum(&self, scope: &Scope, stretch: Stretch) -> Totals {
        let mut totals = Totals::default();
        let reps = scope.kind == ScopeKind::Rep;
        let shelf = self.shelves.iter().find(|shelf| shelf.tier == stretch.tier && shelf.reps == reps);
        let (Some(number), Some(shelf)) = (self.numbers.get(scope), shelf) else { return totals };
        for (_, slot) in shelf.slots.range(stretch.start.0..stretch.end.0) {
            if let Some(slotted) = slot.get(number) {
                for (cell, n) in &slotted.row.plain {
                    totals.add(*cell, *n);
                }
                for (quantity, sketch) in &slotted.row.sketches {
                    totals.merge(*quantity, sketch);
                }
            }
        }
        totals
    }

    /// The first instant of which this tier still has every pane, for scopes of this kind.
    pub fn kept_from(&self, tier: Tier, kind: ScopeKind) -> Option<Instant> {
        let kept = tier.kept(kind)?;
        Some(if self.expires { self.now.minus(kept) } else { Instant::MIN })
    }

    /// Every scope that ever had a row.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
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
    pub fn rows(&self) -> impl Iterator<Item = (RowKey, &Row)> {
        self.shelves.iter().flat_map(move |shelf| {
            shelf.slots.iter().flat_map(move |(start, slot)| {
                slot.iter().filter(|(_, slotted)| !slotted.row.is_empty()).map(move |(scope, slotted)| {
                    let scope = self.scopes[*scope as usize].clone();
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
            let scope = self.scopes[scope as usize].clone();
            write(RowWrite::Put(&RowKey { tier: shelf.tier, start: Instant(start), scope }, &slotted.row));
        }
        for key in self.deleted.drain(..) {
            write(RowWrite::Delete(&key));
        }
    }

    /// Puts a stored row back.
    pub fn restore(&mut self, key: RowKey, row: Row) {
        let reps = key.scope.kind == ScopeKind::Rep;
        let number = self.number(&key.scope);
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

    /// Holds the panes against all live bookings: panes + expired panes = live bookings + closed bookings, by linear
    /// digests over (tier, pane, scope, cell) times amount.
    pub fn check<'a>(&self, live: impl Iterator<Item = &'a Booking>) -> Result<(), String> {
        let booked = live.fold(self.digests.closed, |sum, booking| sum.wrapping_add(self.digest_of(booking)));
        let mut shown = self.digests.gone;
        for (n, shelf) in self.shelves.iter().enumerate() {
            for (start, slot) in &shelf.slots {
                for (scope, slotted) in slot {
                    let amounts: Vec<(Cell, i64)> = slotted.row.cells().collect();
                    shown = shown.wrapping_add(self.digest(n, Instant(*start), *scope, &amounts));
                }
            }
        }
        if booked == shown {
            Ok(())
        } else {
            Err(format!("the books do not match the panes: bookings {booked:016x}, panes {shown:016x}"))
        }
    }

    fn digest_of(&self, booking: &Booking) -> u64 {
        let mut sum = 0u64;
        for (scope, zone) in booking.path.steps() {
            // A scope without a number has no row, and so no booking was ever applied to it.
            let Some(number) = self.numbers.get(scope) else { continue };
            for (n, shelf) in self.shelves.iter().enumerate() {
                if shelf.reps == (scope.kind == ScopeKind::Rep) {
                    let start = shelf.tier.pane_start(booking.at, *zone);
                    sum = sum.wrapping_add(self.digest(n, start, *number, &booking.amounts));
                }
            }
        }
        sum
    }

    fn digest(&self, shelf: usize, start: Instant, scope: ScopeNumber, amounts: &[(Cell, i64)]) -> u64 {
        // Hashed by name, not by number, so that a digest means the same after a restart.
        let mut place = FxHasher::default();
        (shelf, start, &self.scopes[scope as usize]).hash(&mut place);
        let place = place.finish();
        let counted = |cell: &Cell| !(self.shelves[shelf].reps && cell.quantity.is_distribution());
        amounts.iter().filter(|(cell, _)| counted(cell)).fold(0, |sum: u64, (cell, n)| {
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

    fn steps(&mut self, path: &Arc<Path>) -> Arc<[Step]> {
        if let Some(steps) = self.paths.get(path) {
            return steps.clone();
        }
        let steps: Arc<[Step]> = path
            .steps()
            .iter()
            .map(|(scope, zone)| Step { scope: self.number(scope), kind: scope.kind, zone: *zone })
            .collect();
        self.paths.insert(path.clone(), steps.clone());
        steps
    }

    fn number(&mut self, scope: &Scope) -> ScopeNumber {
        *self.numbers.entry_ref(scope).or_insert_with(|| {
            self.scopes.push(scope.clone());
            (self.scopes.len() - 1) as ScopeNumber
        })
    }
}
