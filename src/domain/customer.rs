//! Customers: what their contacts mean together. A customer's record has no events of its own, only notes.

use super::booking::{Credit, Message, Reached, Visit};
use super::contribution::Draft;
use super::event::Name;
use super::quantity::Quantity as Q;
use super::record::{Record, RecordKey};
use super::scope::Path;
use super::settings::{CreditRule, FirstContact, RepeatKey, Transferred};
use super::time::{Instant, Span};
use std::sync::Arc;

/// Books first-contact resolution and repeat contacts. An answered contact counts once the window has passed, as
/// resolved if no repeat of it came within the window; until then it is pending.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let rules = &draft.context.settings.first_contact;
    let visits = visits(record);
    for (n, told) in visits.iter().enumerate().filter(|(_, (_, visit))| is_comparable(visit, rules)) {
        let (_, visit) = told;
        draft.slice_by_credit(&visit.credit);
        let are_near = |a: &Visit, b: &Visit| b.first.since(a.first) <= rules.window;
        if may_repeat(visit, rules) {
            let path = draft.context.roster.queue_path(visit.queue.as_ref(), visit.team.as_ref(), visit.first);
            draft.ledger.book(&path, visit.first, Q::CustomerContacts, 1);
            let mut before = visits[..n].iter().rev().take_while(|(_, other)| are_near(other, visit));
            if before.any(|other| is_alike(other, told, rules)) {
                draft.ledger.book(&path, visit.first, Q::RepeatContacts, 1);
            }
        }
        if visit.reached != Reached::Answered {
            continue;
        }
        let mut after = visits[n + 1..].iter().take_while(|(_, other)| are_near(visit, other));
        let comes_back = after.any(|other| may_repeat(other.1, rules) && is_alike(told, other, rules));
        let passed_on = visit.transferred && rules.transferred == Transferred::NeverResolved;
        // "Within the window" includes its last millisecond, so it has passed one later.
        let is_settled = draft.has_passed(visit.first.plus(rules.window).plus(Span(1)));
        book(visit, !comes_back && !passed_on, if is_settled { SETTLED } else { PENDING }, draft);
    }
}

/// True if it can be told whether another contact is a repeat of it.
fn is_comparable(visit: &Visit, rules: &FirstContact) -> bool {
    rules.key == RepeatKey::Customer || visit.issue.is_some()
}

fn may_repeat(visit: &Visit, rules: &FirstContact) -> bool {
    rules.channels.contains(&visit.channel) && (rules.abandoned_repeats || visit.reached != Reached::GaveUp)
}

/// True if the later of two contacts is a repeat of the other, should it come in time: both are about the same, and the
/// customer did not have to begin anew.
fn is_alike(a: &Told<'_>, b: &Told<'_>, rules: &FirstContact) -> bool {
    let is_same_matter = rules.key == RepeatKey::Customer || (a.1.issue.is_some() && a.1.issue == b.1.issue);
    is_same_matter && journey(a) != journey(b)
}

/// The contact with which the journey of a contact began.
fn journey<'a>((from, visit): &Told<'a>) -> &'a RecordKey {
    visit.root.as_ref().unwrap_or(from)
}

/// All contacts and those of them that are resolved, of those that are settled or of those that are pending.
struct Quantities {
    contacts: [Q; 2],
    shares: [Q; 2],
}

const SETTLED: Quantities = Quantities {
    contacts: [Q::FirstContactEligible, Q::FirstContactResolved],
    shares: [Q::FirstContactEligibleShare, Q::FirstContactResolvedShare],
};

const PENDING: Quantities = Quantities {
    contacts: [Q::FirstContactPending, Q::FirstContactPendingResolved],
    shares: [Q::FirstContactPendingShare, Q::FirstContactPendingResolvedShare],
};

/// A whole contact, in the parts that reps share.
const WHOLE: i64 = 1000;

/// Books one answered contact where its credit goes.
fn book(visit: &Visit, resolved: bool, quantities: Quantities, draft: &mut Draft<'_>) {
    let (roster, rule) = (draft.context.roster, draft.context.settings.first_contact.credit);
    let mut credit = |path: &Arc<Path>, share: i64| {
        for n in 0..=usize::from(resolved) {
            draft.ledger.book(path, visit.first, quantities.contacts[n], 1);
            if rule == CreditRule::Split {
                draft.ledger.book(path, visit.first, quantities.shares[n], share);
            }
        }
    };
    let first = visit.earlier.first().unwrap_or(&visit.credit);
    let Credit { rep, queue, team, .. } = if rule == CreditRule::First { first } else { &visit.credit };
    let had_others = visit.earlier.iter().any(|credit| credit.rep != *rep);
    let is_shared = matches!(rule, CreditRule::All | CreditRule::Split) && had_others;
    if !is_shared {
        return credit(&roster.rep_path(rep.as_ref(), queue.as_ref(), team.as_ref(), visit.first), WHOLE);
    }
    credit(&roster.path_above_rep(rep.as_ref(), queue.as_ref(), team.as_ref(), visit.first), WHOLE);
    // The last one gets what cannot be parted.
    let earlier =
        visit.earlier.iter().filter_map(|credit| credit.rep.as_ref()).filter(|other| Some(*other) != rep.as_ref());
    let reps: Vec<&Name> = earlier.chain(rep).collect();
    let share = WHOLE / reps.len() as i64;
    for (n, rep) in reps.iter().enumerate() {
        let rest = if n + 1 == reps.len() { WHOLE - share * reps.len() as i64 } else { 0 };
        credit(&roster.rep_only(rep), share + rest);
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

/// Who told of a contact, and what.
type Told<'a> = (&'a RecordKey, &'a Visit);

fn visits(record: &Record) -> Vec<Told<'_>> {
    let mut visits: Vec<Told<'_>> = record
        .received
        .iter()
        .filter_map(|received| match &received.message {
            Message::Visit(visit) => Some((&received.from, &**visit)),
            _ => None,
        })
        .collect();
    visits.sort_unstable_by_key(|(from, visit)| (visit.first, *from));
    visits
}
