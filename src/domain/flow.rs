//! What has been added and taken back since the process began: the source of counters that only rise.

use super::amounts::Amounts;
use super::quantity::Cell;

/// Amounts of one scope since the process began. What was added and taken back within one batch shows in neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// What was added.
    pub added: Amounts,
    /// What was taken back again, as positive amounts.
    pub retracted: Amounts,
}

impl Flow {
    /// Counts what a batch has changed.
    pub(super) fn count(&mut self, changes: &[(Cell, i64)]) {
        if changes.iter().all(|(_, n)| *n > 0) {
            self.added.add(changes);
            return;
        }
        let side = |sign: i64| -> Vec<(Cell, i64)> {
            changes.iter().map(|(cell, n)| (*cell, n * sign)).filter(|(_, n)| *n > 0).collect()
        };
        self.added.add(&side(1));
        self.retracted.add(&side(-1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quantity::Quantity;

    #[test]
    fn what_is_taken_back_is_counted_apart() {
        let (answered, talk) = (Cell::plain(Quantity::Answered), Cell::plain(Quantity::Talk));
        let mut flow = Flow::default();
        flow.count(&[(answered, 2), (talk, 10)]);
        flow.count(&[(answered, -1), (talk, 5)]);
        assert_eq!(flow.added.cells(), [(answered, 2), (talk, 15)]);
        assert_eq!(flow.retracted.cells(), [(answered, 1)]);
    }
}
