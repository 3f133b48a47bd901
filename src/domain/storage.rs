//! What the engine asks of the place where state is kept, beside writing it: to give back what has no room in memory.

use super::amounts::Amounts;
use super::pane::RowKey;
use super::scope::Scope;
use super::slots::{Address, Packed};
use super::time::Instant;
use super::window::Tier;

/// Where records and rows lie that have no room in memory. Each answer may be that it cannot be had, and why.
pub(crate) trait Storage: std::fmt::Debug + Send + Sync {
    /// The record that was stored at this address.
    fn record(&self, address: Address) -> Result<Packed, String>;

    /// The row that was stored under this key; nothing if there is none.
    fn row(&self, key: &RowKey) -> Result<Amounts, String>;

    /// All rows that were stored of one pane, those of reps or those of all others.
    fn rows(&self, tier: Tier, start: Instant, reps: bool) -> Result<Vec<(Scope, Amounts)>, String>;
}

/// What was asked of the storage. Without it no figure can be right, so there is no going on if it cannot be had.
pub(super) fn must<T>(answer: Result<T, String>) -> T {
    answer.unwrap_or_else(|problem| panic!("{problem}"))
}
