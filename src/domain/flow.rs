//! What has been added and taken back since the process began: the source of counters that only rise.
//!
//! Kept by path, not by scope: one row is touched for each delta, and whoever reads it fans out.

use super::booking::Delta;
use super::pane::Row;
use super::quantity::Cell;
use super::scope::Path;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::sync::Arc;

/// Amounts since the process began, by path.
#[derive(Debug, Default)]
pub struct Flows(HashMap<Arc<Path>, Flow, FxBuildHasher>);

/// Amounts of one path since the process began.
#[derive(Debug, Default)]
pub struct Flow {
    /// What was added.
    pub added: Row,
    /// What was taken back again, as positive amounts.
    pub retracted: Row,
}

impl Flows {
    /// Counts a delta.
    pub fn count(&mut self, delta: &Delta) {
        let flow = match self.0.get_mut(&delta.path) {
            Some(flow) => flow,
            None => self.0.entry(delta.path.clone()).or_default(),
        };
        if delta.amounts.iter().all(|(_, n)| *n > 0) {
            flow.added.add(&delta.amounts, false);
            return;
        }
        let side = |sign: i64| -> Vec<(Cell, i64)> {
            delta.amounts.iter().map(|(cell, n)| (*cell, n * sign)).filter(|(_, n)| *n > 0).collect()
        };
        flow.added.add(&side(1), false);
        flow.retracted.add(&side(-1), false);
    }

    /// Each path with its amounts, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<Path>, &Flow)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quantity::Quantity;
    use crate::domain::scope::{Scope, ScopeKind};
    use crate::domain::time::Instant;

    #[test]
    fn what_is_taken_back_is_counted_apart() {
        let path = Path::new(vec![(Scope::new(ScopeKind::Company, "acme"), chrono_tz::UTC)]);
        let delta = |amounts| Delta { path: path.clone(), at: Instant(0), amounts };
        let (answered, talk) = (Cell::plain(Quantity::Answered), Cell::plain(Quantity::Talk));
        let mut flows = Flows::default();
        flows.count(&delta(vec![(answered, 2), (talk, 10)]));
        flows.count(&delta(vec![(answered, -1), (talk, 5)]));
        let (_, flow) = flows.iter().next().expect("one path");
        assert_eq!(flow.added.plain, [(answered, 2), (talk, 15)]);
        assert_eq!(flow.retracted.plain, [(answered, 1)]);
    }
}
