//! Contacts: legs in queues, handling by reps, and what both book.

mod book;
pub(super) mod facts;
mod transfers;

use super::booking::{Credit, Message, Reached, Visit};
use super::contribution::Draft;
use super::event::{Channel, Direction, Name};
use super::quantity::Quantity as Q;
use super::record::{Record, RecordId, RecordKey};
use super::timeline::tell_hours;
use book::{INBOUND, OUTBOUND, book_flag, book_handling, book_leg, book_replies, book_ring, has_abandoned, queue_of};
use facts::{Facts, Handling, Told, fold, in_order, rep_of};
use transfers::book_transfers;

/// Books what a contact stands for.
pub(super) fn contribute<'a>(key: &RecordKey, record: &'a Record, draft: &mut Draft<'a>) {
    let entries = in_order(record, draft);
    let Some(facts) = fold(&entries, draft) else {
        draft.tell_links(record, &Credit::default());
        return;
    };
    draft.slice_by_fields(Channel::Voice, None, || entries.iter().map(|(entry, event)| (entry.time, &event.shared)));
    let credit = credit(&facts, draft);
    draft.tell_links(record, &credit);
    if facts.direction == Some(Direction::Outbound) {
        book_attempt(&entries, &facts, draft);
        for n in 0..facts.handlings.len() {
            book_handling(&facts, n, OUTBOUND, draft);
        }
        tell_hours(&facts.handlings, draft);
        return;
    }
    for leg in &facts.legs {
        book_leg(&facts, leg, draft);
    }
    for (n, handling) in facts.handlings.iter().enumerate() {
        if let Some(rep) = handling.rep {
            let (roster, at) = (draft.context.roster, handling.from);
            draft.ledger.book(&roster.rep_only(rep), at, Q::RepAnswered, 1);
            let queue = queue_of(&facts.legs[handling.leg], draft);
            let path = roster.rep_path(Some(rep), queue.as_ref(), handling.team, at);
            draft.ledger.book(&path, at, Q::RingsAnswered, 1);
            book_ring(&handling.ring, &path, at, draft);
        }
        book_handling(&facts, n, INBOUND, draft);
    }
    tell_hours(&facts.handlings, draft);
    book_transfers(&entries, &facts, draft);
    book_replies(&facts, draft);
    for miss in &facts.misses {
        let queue = miss.leg.and_then(|n| queue_of(&facts.legs[n], draft));
        let path = draft.context.roster.rep_path(Some(miss.rep), queue.as_ref(), miss.team, miss.at);
        draft.ledger.count_with(&path, miss.at, Q::Missed, miss.reason as u32 + 1);
        book_ring(&miss.ring, &path, miss.at, draft);
    }
    if let Some(at) = facts.lost_in_menu() {
        let company = draft.context.roster.company_path();
        draft.ledger.book(&company, at, Q::LostInMenu, 1);
    }
    book_flag(&facts, last_handling(&facts), draft);
    if let Some((source, hash)) = facts.customer {
        let to = RecordKey::customer(source, hash, draft.context.settings);
        let visit = visit(key, &facts, credit, draft);
        draft.send(to, Message::Visit(Box::new(visit)));
    }
}

/// An attempt to reach a customer: it counts for the rep who is named first.
fn book_attempt(entries: &[Told<'_>], facts: &Facts<'_>, draft: &mut Draft<'_>) {
    let named = entries.iter().find_map(|told| Some((rep_of(*told, draft)?, told.1.shared.team())));
    let queue = facts.legs.first().and_then(|leg| queue_of(leg, draft));
    let (rep, team) = named.map_or((None, None), |(rep, team)| (Some(rep), team));
    let path = draft.context.roster.rep_path(rep, queue.as_ref(), team, facts.first);
    draft.ledger.book(&path, facts.first, Q::OutboundContacts, 1);
    if facts.is_answered() {
        draft.ledger.book(&path, facts.first, Q::OutboundConnected, 1);
    }
}

/// What the customer's record must know of the contact.
fn visit(key: &RecordKey, facts: &Facts<'_>, credit: Credit, draft: &mut Draft<'_>) -> Visit {
    let entered = facts.legs.iter().min_by_key(|leg| leg.entered());
    Visit {
        first: facts.first,
        root: facts.root.map(|root| RecordKey { id: RecordId::Text(root.clone()), ..key.clone() }),
        reached: reached(facts, draft),
        channel: facts.channel.unwrap_or(Channel::Voice),
        issue: facts.issue.cloned(),
        transferred: facts.transferred,
        queue: entered.and_then(|leg| queue_of(leg, draft)),
        team: entered.and_then(|leg| leg.team.cloned()),
        credit,
        earlier: earlier(facts, draft),
    }
}

fn reached(facts: &Facts<'_>, draft: &mut Draft<'_>) -> Reached {
    if facts.is_answered() || !facts.replies.is_empty() {
        Reached::Answered
    } else if facts.lost_in_menu().is_some() || facts.legs.iter().any(|leg| has_abandoned(facts, leg, draft)) {
        Reached::GaveUp
    } else {
        Reached::Nobody
    }
}

/// The handling of the rep who answered last.
fn last_handling<'f, 'a>(facts: &'f Facts<'a>) -> Option<&'f Handling<'a>> {
    facts.handlings.iter().filter(|h| h.rep.is_some()).max_by_key(|h| h.from)
}

/// Who is credited with the contact as a whole: the rep who answered last.
fn credit(facts: &Facts<'_>, draft: &Draft<'_>) -> Credit {
    match last_handling(facts) {
        Some(handling) => credit_of(handling, facts, draft),
        None => {
            let answered = facts.legs.iter().filter_map(|leg| Some((leg.answered?.at, leg)));
            let leg = answered.max_by_key(|(at, _)| *at).map(|(_, leg)| leg);
            let slices = draft.ledger.slices().clone();
            Credit { known: true, queue: leg.and_then(|leg| queue_of(leg, draft)), slices, ..Credit::default() }
        }
    }
}

fn credit_of(handling: &Handling<'_>, facts: &Facts<'_>, draft: &Draft<'_>) -> Credit {
    Credit {
        known: true,
        rep: handling.rep.cloned(),
        queue: queue_of(&facts.legs[handling.leg], draft),
        team: handling.team.cloned(),
        slices: draft.ledger.slices().clone(),
    }
}

/// Who handled the contact before the rep who answered last did, each rep's first handling, in order.
fn earlier(facts: &Facts<'_>, draft: &Draft<'_>) -> Vec<Credit> {
    if facts.handlings.len() < 2 {
        return Vec::new();
    }
    let mut handlings: Vec<&Handling<'_>> = facts.handlings.iter().filter(|h| h.rep.is_some()).collect();
    handlings.sort_by_key(|handling| handling.from);
    handlings.pop();
    let mut reps: Vec<Option<&Name>> = Vec::new();
    handlings.retain(|handling| {
        let is_new = !reps.contains(&handling.rep);
        reps.push(handling.rep);
        is_new
    });
    handlings.into_iter().map(|handling| credit_of(handling, facts, draft)).collect()
}
