//! Contacts: legs in queues, handling by reps, and what both book.

mod book;
pub(super) mod facts;
mod transfers;

use super::booking::{Credit, Message, Visit};
use super::contribution::Draft;
use super::event::Direction;
use super::quantity::Quantity as Q;
use super::record::{Record, RecordKey};
use super::timeline::tell_days;
use book::{INBOUND, OUTBOUND, book_handling, book_leg, book_replies, book_ring, queue_of};
use facts::{Facts, Told, fold, in_order, rep_of};
use transfers::book_transfers;

/// Books what a contact stands for.
pub(super) fn contribute<'a>(key: &RecordKey, record: &'a Record, draft: &mut Draft<'a>) {
    let entries = in_order(record, draft);
    let Some(facts) = fold(&entries, draft) else {
        draft.tell_links(record, &Credit::default());
        return;
    };
    let credit = credit(&facts, draft);
    draft.tell_links(record, &credit);
    if facts.direction == Some(Direction::Outbound) {
        book_attempt(&entries, &facts, draft);
        for n in 0..facts.handlings.len() {
            book_handling(&facts, n, OUTBOUND, draft);
        }
        tell_days(&facts.handlings, draft);
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
    tell_days(&facts.handlings, draft);
    book_transfers(&entries, &facts, draft);
    book_replies(&facts, draft);
    for miss in &facts.misses {
        let queue = miss.leg.and_then(|n| queue_of(&facts.legs[n], draft));
        let path = draft.context.roster.rep_path(Some(miss.rep), queue.as_ref(), miss.team, miss.at);
        draft.ledger.count_with(&path, miss.at, Q::Missed, miss.reason as u32 + 1);
        book_ring(&miss.ring, &path, miss.at, draft);
    }
    if let (true, true, Some((at, _))) = (facts.legs.is_empty(), facts.handlings.is_empty(), facts.ends.first()) {
        let company = draft.context.roster.company_path();
        draft.ledger.book(&company, *at, Q::LostInMenu, 1);
    }
    if let Some((source, hash)) = facts.customer {
        let answered = facts.is_answered();
        let to = RecordKey::customer(source, hash, draft.context.settings);
        draft.send(to, Message::Visit(Visit { first: facts.first, answered, credit }));
    }
    debug_assert_eq!(key.kind, super::event::Kind::Contact);
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

/// Who is credited with the contact as a whole: the rep who answered last.
fn credit(facts: &Facts<'_>, draft: &Draft<'_>) -> Credit {
    let handling = facts.handlings.iter().filter(|h| h.rep.is_some()).max_by_key(|h| h.from);
    let leg = match handling {
        Some(handling) => Some(&facts.legs[handling.leg]),
        None => {
            let answered = facts.legs.iter().filter_map(|leg| Some((leg.answered?.at, leg)));
            answered.max_by_key(|(at, _)| *at).map(|(_, leg)| leg)
        }
    };
    Credit {
        known: true,
        rep: handling.and_then(|h| h.rep.cloned()),
        queue: leg.and_then(|leg| queue_of(leg, draft)),
        team: handling.and_then(|h| h.team.cloned()),
    }
}
