//! What a ticket adds to the backlog while it is not solved: one, since when it is there, and whether it has grown old.

use super::book::queue_path;
use super::facts::{Facts, Holder, Place, Standing};
use crate::domain::contribution::Draft;
use crate::domain::measure::{seconds_of_stocks, threshold_number};
use crate::domain::quantity::{Cell, Quantity as Q};
use crate::domain::scope::Path;
use crate::domain::time::Instant;
use std::sync::Arc;

/// A stretch in which the ticket lay unsolved in one place with one holder.
struct Stay<'a> {
    from: Instant,
    /// None while it lies there still.
    to: Option<Instant>,
    place: &'a Place,
    holder: &'a Holder,
}

/// Books each stay: it begins with +1 and ends with -1 on the same path, so that a stock is never torn apart by a
/// membership that changes in between.
pub(super) fn contribute(facts: &Facts, draft: &mut Draft<'_>) {
    let Some(created) = facts.created.as_ref().map(|created| created.at) else { return };
    let stays = stays(facts, created);
    let lies_at = |old: Instant| stays.last().is_some_and(|stay| stay.to.is_none_or(|to| old < to));
    let thresholds = draft.context.settings.backlog_thresholds.iter();
    let reached: Vec<(Instant, u32)> = thresholds
        .map(|threshold| (created.plus(*threshold), threshold_number(*threshold)))
        .filter(|(old, _)| lies_at(*old) && draft.has_passed(*old))
        .collect();
    for stay in stays {
        let of_queue = queue_path(stay.place, stay.from, draft);
        let of_rep = stay.holder.rep().map(|rep| draft.context.roster.rep_only(rep));
        for path in [Some(&of_queue), of_rep.as_ref()].into_iter().flatten() {
            lies(&stay, path, stay.from, Cell::plain(Q::Backlog), 1, draft);
            let since = seconds_of_stocks(created);
            lies(&stay, path, stay.from, Cell::plain(Q::BacklogSince), since, draft);
            for (old, number) in &reached {
                let from = stay.from.max(*old);
                lies(&stay, path, from, Cell::with(Q::BacklogOlder, *number), 1, draft);
                lies(&stay, path, from, Cell::with(Q::BacklogOlderSince, *number), since, draft);
            }
        }
        if *stay.holder == Holder::Nobody {
            lies(&stay, &of_queue, stay.from, Cell::plain(Q::BacklogUnassigned), 1, draft);
        }
    }
}

fn lies(stay: &Stay<'_>, path: &Arc<Path>, from: Instant, cell: Cell, amount: i64, draft: &mut Draft<'_>) {
    if stay.to.is_none_or(|to| from < to) {
        draft.ledger.stock(path, from, cell, amount);
        if let Some(to) = stay.to {
            draft.ledger.stock(path, to, cell, -amount);
        }
    }
}

fn stays(facts: &Facts, created: Instant) -> Vec<Stay<'_>> {
    let gone = facts.gone.as_ref().filter(|_| facts.standing == Standing::Merged).map(|(at, _)| *at);
    let mut changes: Vec<Instant> = facts.places.iter().map(|(at, _)| (*at).max(created)).collect();
    changes.extend(gone);
    changes.sort_unstable();
    changes.dedup();
    let ends = changes.iter().skip(1).copied().map(Some).chain([None]);
    let stays = changes.iter().zip(ends).filter(|(from, _)| gone.is_none_or(|gone| **from < gone));
    let mut kept: Vec<Stay<'_>> = Vec::new();
    for (from, to) in stays.filter(|(from, _)| !facts.is_done_at(**from)) {
        let at = facts.places.iter().rposition(|(since, _)| since <= from).unwrap_or_default();
        let stay = Stay { from: *from, to, place: &facts.places[at].1, holder: &facts.holders[at] };
        match kept.last_mut() {
            Some(last) if last.to == Some(*from) && last.place == stay.place && last.holder == stay.holder => {
                last.to = to
            }
            _ => kept.push(stay),
        }
    }
    kept
}
