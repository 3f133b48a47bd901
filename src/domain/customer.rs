//! Customers: what their contacts mean together. A customer's record has no events of its own, only notes.

use super::booking::{Message, Visit};
use super::contribution::Draft;
use super::quantity::Quantity as Q;
use super::record::{Record, RecordKey};
use super::time::{Instant, Span};

/// Books first-contact resolution: an answered contact counts once the window has passed, as resolved if no other
/// inbound contact of the customer came within it.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let visits = visits(record);
    let window = draft.context.settings.first_contact_window;
    for (n, (_, visit)) in visits.iter().enumerate() {
        // "Within the window" includes its last millisecond, so it has passed one later.
        if !visit.answered || !draft.has_passed(visit.first.plus(window).plus(Span(1))) {
            continue;
        }
        let comes_back = visits.get(n + 1).is_some_and(|(_, next)| next.first.since(visit.first) <= window);
        let credit = &visit.credit;
        draft.slice_by_credit(credit);
        let path = draft.context.roster.rep_path(
            credit.rep.as_ref(),
            credit.queue.as_ref(),
            credit.team.as_ref(),
            visit.first,
        );
        draft.ledger.book(&path, visit.first, Q::FirstContactEligible, 1);
        if !comes_back {
            draft.ledger.book(&path, visit.first, Q::FirstContactResolved, 1);
        }
    }
}

/// True if more contacts than `limit` lie within one span of `window`.
pub(super) fn is_saturated(record: &Record, window: Span, limit: usize) -> bool {
    if record.received.len() <= limit {
        return false;
    }
    let firsts: Vec<Instant> = visits(record).iter().map(|(_, visit)| visit.first).collect();
    firsts.windows(limit + 1).any(|run| run[limit].since(run[0]) <= window)
}

fn visits(record: &Record) -> Vec<(&RecordKey, &Visit)> {
    let mut visits: Vec<(&RecordKey, &Visit)> = record
        .received
        .iter()
        .filter_map(|received| match &received.message {
            Message::Visit(visit) => Some((&received.from, visit)),
            _ => None,
        })
        .collect();
    visits.sort_unstable_by_key(|(from, visit)| (visit.first, *from));
    visits
}
