//! What surveys, reviews and complaints have in common: each may name a contact or ticket, and takes from it who is judged.

use super::booking::{Credit, Message};
use super::contribution::Draft;
use super::event::{About, Kind, Name};
use super::quantity::Quantity as Q;
use super::record::{Entry, Record, RecordKey};
use super::scope::Path;
use super::time::Instant;
use std::sync::Arc;

/// The contact or ticket that a judgement names, with the source that names it.
pub(super) type Named<'a> = Option<(&'a Name, &'a About)>;

/// When a judgement was first heard of, and its last entry that holds.
pub(super) fn first_and_last(record: &Record) -> Option<(Instant, &Entry)> {
    let mut holding = record.holding();
    let first = holding.next()?;
    Some((first.time, holding.last().unwrap_or(first)))
}

/// Links a judgement to the contact or ticket that it names, tells what that says of who handled it, and makes what the
/// judgement books a part of what that is a part of. One of which nothing is known is counted at `first`; the judgement
/// was last heard of at `last`.
pub(super) fn link(record: &Record, named: Named<'_>, first: Instant, last: Instant, draft: &mut Draft<'_>) -> Credit {
    let credit = handling(record, named, last, draft);
    draft.slice_by_credit(&credit);
    if named.is_some() && !credit.known {
        let company = draft.context.roster.company_path();
        draft.ledger.book(&company, first, Q::JudgementsUnattributed, 1);
    }
    credit
}

fn handling(record: &Record, named: Named<'_>, last: Instant, draft: &mut Draft<'_>) -> Credit {
    let Some((source, about)) = named else { return Credit::default() };
    debug_assert!(matches!(about.kind, Kind::Contact | Kind::Ticket));
    let source = about.source.as_ref().unwrap_or(source);
    let to = RecordKey::named(about.kind, source, &about.id, draft.context.settings);
    let note = record.received.iter().find_map(|received| match &received.message {
        Message::Handling(credit) if received.from == to => Some((credit, received.frozen)),
        _ => None,
    });
    // What a contact told before it expired stays: asked again it would answer that nothing is known of it.
    if !note.is_some_and(|(credit, frozen)| credit.known && frozen) {
        draft.send(to, Message::Link(last));
    }
    note.map(|(credit, _)| (**credit).clone()).unwrap_or_default()
}

/// Who is judged: what the judgement names itself stands before what the contact or ticket says.
pub(super) fn path(
    rep: Option<&Name>,
    queue: Option<&Name>,
    credit: &Credit,
    at: Instant,
    draft: &Draft<'_>,
) -> Arc<Path> {
    let queue = queue.or(credit.queue.as_ref());
    match rep {
        Some(rep) => draft.context.roster.rep_path(Some(rep), queue, None, at),
        None => draft.context.roster.rep_path(credit.rep.as_ref(), queue, credit.team.as_ref(), at),
    }
}
