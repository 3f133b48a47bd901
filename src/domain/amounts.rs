//! Amounts: how much of what. The one shape that bookings, panes, windows and counters have in common.

use super::quantity::{Cell, Quantity};
use std::cmp::Ordering;

/// Integer amounts by cell. Cells are sorted and unique, and none holds 0, so two that say the same are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts(Vec<(Cell, i64)>);

impl Amounts {
    /// Amounts in any order, cells repeated or not.
    pub fn new(mut amounts: Vec<(Cell, i64)>) -> Amounts {
        amounts.sort_unstable_by_key(|(cell, _)| *cell);
        Amounts::from_sorted(amounts.into_iter())
    }

    /// Amounts as [`Amounts::cells`] has them; none if these are not.
    pub(super) fn written(amounts: Vec<(Cell, i64)>) -> Option<Amounts> {
        let is_sorted = amounts.is_sorted_by(|(a, _), (b, _)| a < b);
        (is_sorted && amounts.iter().all(|(_, n)| *n != 0)).then_some(Amounts(amounts))
    }

    /// Amounts sorted by cell, cells repeated or not; no larger than it must be.
    pub(super) fn from_sorted(amounts: impl ExactSizeIterator<Item = (Cell, i64)>) -> Amounts {
        let mut kept: Vec<(Cell, i64)> = Vec::with_capacity(amounts.len());
        for (cell, n) in amounts {
            match kept.last_mut() {
                Some((last, sum)) if *last == cell => *sum += n,
                _ => kept.push((cell, n)),
            }
        }
        kept.retain(|(_, n)| *n != 0);
        Amounts(kept)
    }

    /// Every cell with its amount, sorted by cell.
    pub fn cells(&self) -> &[(Cell, i64)] {
        &self.0
    }

    /// True if nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The amount of one cell.
    pub fn get(&self, cell: Cell) -> i64 {
        self.0.binary_search_by_key(&cell, |(other, _)| *other).map_or(0, |at| self.0[at].1)
    }

    /// The cells of one quantity, whatever their parameter.
    pub fn of(&self, quantity: Quantity) -> &[(Cell, i64)] {
        let from = self.0.partition_point(|(cell, _)| cell.quantity < quantity);
        let count = self.0[from..].partition_point(|(cell, _)| cell.quantity == quantity);
        &self.0[from..from + count]
    }

    /// Everything but distributions and stocks: these sort behind all else.
    pub fn plain(&self) -> &[(Cell, i64)] {
        &self.0[..self.from(Quantity::is_plain)]
    }

    /// Everything that flows: all but stocks.
    pub fn flowing(&self) -> &[(Cell, i64)] {
        &self.0[..self.from(|quantity| !quantity.is_stock())]
    }

    /// Changes of stocks.
    pub fn stocks(&self) -> &[(Cell, i64)] {
        &self.0[self.from(|quantity| !quantity.is_stock())..]
    }

    /// Everything that counts at an instant, and not only as long as it is so.
    pub fn dated(&self) -> &[(Cell, i64)] {
        &self.0[..self.from(|quantity| !quantity.is_present())]
    }

    /// The place of the first cell of which this is not so.
    fn from(&self, is_before: impl Fn(Quantity) -> bool) -> usize {
        self.0.partition_point(|(cell, _)| is_before(cell.quantity))
    }

    /// The same with every sign turned.
    pub fn negated(&self) -> Amounts {
        self.times(-1)
    }

    /// So many times as much.
    pub fn times(&self, n: i64) -> Amounts {
        debug_assert!(n != 0);
        Amounts(self.0.iter().map(|(cell, amount)| (*cell, amount * n)).collect())
    }

    /// What each of `parts` equal parts has; nothing is left over.
    pub(super) fn each(&self, parts: i64) -> Amounts {
        debug_assert!(self.0.iter().all(|(_, n)| n % parts == 0));
        Amounts(self.0.iter().map(|(cell, n)| (*cell, n / parts)).collect())
    }

    /// Adds amounts that are sorted by cell, as [`Amounts::cells`] has them.
    pub fn add(&mut self, others: &[(Cell, i64)]) {
        let (mut from, mut new, mut zeros) = (0, 0, false);
        for (cell, n) in others {
            // Both sides are sorted, so each search starts where the last one ended.
            from += search(&self.0[from..], *cell);
            match self.0.get_mut(from) {
                Some((other, sum)) if other == cell => {
                    *sum += n;
                    zeros |= *sum == 0;
                }
                _ => new += 1,
            }
        }
        if new > 0 {
            self.insert(others, new);
        }
        if zeros {
            self.0.retain(|(_, n)| *n != 0);
        }
    }

    /// Puts in the `new` cells of `others` that are not there yet, from the back, so that each cell moves once.
    fn insert(&mut self, others: &[(Cell, i64)], new: usize) {
        let mut read = self.0.len();
        let mut write = read + new;
        self.0.resize(write, (Cell::plain(Quantity::Queued), 0));
        for (cell, n) in others.iter().rev() {
            let mut order = Ordering::Less;
            while read > 0 {
                order = self.0[read - 1].0.cmp(cell);
                if order != Ordering::Greater {
                    break;
                }
                read -= 1;
                write -= 1;
                self.0[write] = self.0[read];
            }
            if read == 0 || order == Ordering::Less {
                write -= 1;
                self.0[write] = (*cell, *n);
            }
            if write == read {
                break;
            }
        }
    }
}

/// The place of the first cell that is not before `cell`. What is wanted is mostly near, so the steps grow from one.
fn search(cells: &[(Cell, i64)], cell: Cell) -> usize {
    let mut step = 1;
    while step <= cells.len() && cells[step - 1].0 < cell {
        step *= 2;
    }
    let from = step / 2;
    let to = step.min(cells.len());
    from + cells[from..to].partition_point(|(other, _)| *other < cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn amounts() -> impl Strategy<Value = Vec<(Cell, i64)>> {
        let cell = (0..12_usize, 0..4_u32).prop_map(|(n, parameter)| Cell::with(Quantity::ALL[n * 5], parameter));
        proptest::collection::vec((cell, -2..3_i64), 0..40)
    }

    proptest! {
        #[test]
        fn adding_is_adding_cell_by_cell(lists in proptest::collection::vec(amounts(), 0..6)) {
            let mut sum = Amounts::default();
            let mut expected: BTreeMap<Cell, i64> = BTreeMap::new();
            for list in lists {
                for (cell, n) in &list {
                    *expected.entry(*cell).or_default() += n;
                }
                sum.add(Amounts::new(list).cells());
                let expected: Vec<(Cell, i64)> = expected.iter().map(|(c, n)| (*c, *n)).filter(|(_, n)| *n != 0).collect();
                prop_assert_eq!(sum.cells(), &expected[..]);
            }
            let mut nothing = sum.clone();
            nothing.add(sum.negated().cells());
            prop_assert!(nothing.is_empty());
            for quantity in Quantity::ALL {
                let of: i64 = sum.of(quantity).iter().map(|(_, n)| n).sum();
                let by_cell: i64 = (0..4).map(|parameter| sum.get(Cell::with(quantity, parameter))).sum();
                prop_assert_eq!(of, by_cell);
            }
            prop_assert!(sum.plain().iter().all(|(cell, _)| !cell.quantity.is_distribution()));
        }
    }
}
