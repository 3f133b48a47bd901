//! Linear digests: what a booking or a row of a pane says as one number, by which two sides of the books are compared.
//!
//! A digest is a sum of hash(scope) x hash(tier, pane) x hash(cell) x amount, so it is kept by adding and taking back, and
//! the scopes that share a zone can be added up beforehand. It goes by names, not by numbers, so that it means the same
//! after a restart.

use super::amounts::Amounts;
use super::quantity::Cell;
use super::scope::{Path, Scope, ScopeKind};
use super::time::{Instant, Zone};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// The digest of a row.
pub(super) fn of_row(shelf: usize, start: Instant, scope: &Scope, cells: &[(Cell, i64)]) -> u64 {
    hash(scope).wrapping_mul(of_place(shelf, start)).wrapping_mul(of_cells(cells))
}

/// The part that a pane has in the digests of its rows.
pub(super) fn of_place(shelf: usize, start: Instant) -> u64 {
    hash(&(shelf, start.0))
}

/// The parts that amounts have in the digests of rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    /// In rows of reps, which have no distributions.
    pub(super) reps: u64,
    /// In rows of others.
    pub(super) others: u64,
    /// In rows of what stands.
    pub(super) standing: u64,
}

impl Parts {
    pub(super) fn of(amounts: &Amounts) -> Parts {
        let (plain, flowing, dated) = (amounts.plain(), amounts.flowing().len(), amounts.dated().len());
        let dated_stocks = of_cells(&amounts.cells()[flowing..dated]);
        let reps = of_cells(plain).wrapping_add(dated_stocks);
        Parts {
            reps,
            others: reps.wrapping_add(of_cells(&amounts.cells()[plain.len()..flowing])),
            standing: dated_stocks.wrapping_add(of_cells(&amounts.cells()[dated..])),
        }
    }
}

fn of_cells(cells: &[(Cell, i64)]) -> u64 {
    cells.iter().fold(0, |sum: u64, (cell, n)| sum.wrapping_add(hash(&cell.order()).wrapping_mul(n.cast_unsigned())))
}

/// The part that the scopes of a path have in digests, those in one zone together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) zone: Zone,
    pub(super) reps: u64,
    pub(super) others: u64,
}

/// The shares of all scopes of a path.
pub(super) fn shares(path: &Path) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    for (scope, zone) in path.steps() {
        let at = shares.iter().position(|share| share.zone == *zone).unwrap_or_else(|| {
            shares.push(Share { zone: *zone, reps: 0, others: 0 });
            shares.len() - 1
        });
        let share = &mut shares[at];
        let sum = if scope.kind == ScopeKind::Rep { &mut share.reps } else { &mut share.others };
        *sum = sum.wrapping_add(hash(scope));
    }
    shares
}

/// Odd, so that no factor of a product takes anything away from the others.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish() | 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quantity::Quantity;

    #[test]
    fn digests_of_stored_states_stay_what_they_are() {
        let scope = Scope::new(ScopeKind::Queue, "support");
        let answered = Amounts::new(vec![(Cell::plain(Quantity::Answered), 3)]);
        // If this changes, states on disk no longer match their digests: raise the version of the store.
        assert_eq!(of_row(1, Instant(900_000), &scope, answered.cells()), 14_241_720_084_734_492_455);
    }
}
