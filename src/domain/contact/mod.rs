//! Contacts: legs in queues, handling by reps, and what both book.

mod book;
mod facts;

use super::booking::{Credit, Message, Visit};
use super::contribution::Draft;
use super::event::{Channel, Direction};
use super::quantity::Quantity as Q;
use super::record::{Record, RecordKey};
use book::{INBOUND, OUTBOUND, book_handling, book_leg, queue_of};
use facts::{Facts, fold, in_order};

/// Books what a contact stands for.
pub(super) fn contribute<'a>(key: &RecordKey, record: &'a Record, draft: &mut Draft<'a>) {
    let entries = in_order(record, draft);
    let Some(facts) = fold(&entries, draft) else {
        draft.tell_links(record, &Credit::default());
        return;
    };
    draft.slice_by_fields(Channel::Voice, || entries.iter().map(|(entry, event)| (entry.time, &event.shared)));
    let credit = credit(&facts, draft);
    draft.tell_links(record, &credit);
    if facts.direction == Some(Direction::Outbound) {
        let company = draft.context.roster.company_path();
        draft.ledger.book(&company, facts.first, Q::OutboundContacts, 1);
        for handling in &facts.handlings {
            book_handling(&facts, handling, OUTBOUND, draft);
        }
        return;
    }
    for leg in &facts.legs {
        book_leg(&facts, leg, draft);
    }
    for handling in &facts.handlings {
        if let Some(rep) = handling.rep {
            let path = draft.context.roster.rep_only(rep);
            draft.ledger.book(&path, handling.from, Q::RepAnswered, 1);
        }
        book_handling(&facts, handling, INBOUND, draft);
    }
    for miss in &facts.misses {
        let queue = miss.leg.and_then(|n| queue_of(&facts.legs[n], draft));
        let path = draft.context.roster.rep_path(Some(miss.rep), queue.as_ref(), miss.team, miss.at);
        draft.ledger.count_with(&path, miss.at, Q::Missed, miss.reason as u32 + 1);
    }
    if let (true, true, Some((at, _))) = (facts.legs.is_empty(), facts.handlings.is_empty(), facts.ends.first()) {
        let company = draft.context.roster.company_path();
        draft.ledger.book(&company, *at, Q::LostInMenu, 1);
    }
    if let Some((source, hash)) = facts.customer {
        let answered = !facts.handlings.is_empty() || facts.legs.iter().any(|leg| leg.answered.is_some());
        let to = RecordKey::customer(source, hash, draft.context.settings);
        draft.send(to, Message::Visit(Visit { first: facts.first, answered, credit }));
    }
    debug_assert_eq!(key.kind, super::event::Kind::Contact);
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
        slices: draft.ledger.slices().clone(),
    }
}
