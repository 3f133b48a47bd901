//! Tickets: histories of status, queue and holder, and what they book on the calendar clock and on the business clock.

mod backlog;
mod book;
mod facts;

use super::booking::{Credit, Message, Reached, Visit};
use super::contribution::Draft;
use super::event::{Channel, Content, TicketEvent, TicketWhat};
use super::quantity::Quantity as Q;
use super::record::{Entry, Record, RecordKey};
use super::time::Instant;
use facts::{Facts, Standing, fold};

/// Books what a ticket stands for.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let Some(facts) = fold(record, draft) else {
        draft.tell_links(record, &Credit::default());
        return;
    };
    // A later priority rewrites nothing: it is a part of the one that its targets go by.
    let priority = facts.created.as_ref().map(|created| created.priority);
    draft
        .slice_by_fields(Channel::Email, priority, || events(record).map(|(entry, event)| (entry.time, &event.shared)));
    let queue = facts.place_at(Instant::MAX).queue.clone();
    let solver = facts.solves.last().and_then(|solve| solve.by.rep.clone());
    let rep = solver.or_else(|| facts.holder.rep().cloned()).or_else(|| facts.last_rep.clone());
    let slices = draft.ledger.slices().clone();
    draft.tell_links(record, &Credit { known: true, rep, queue, team: None, slices });
    match facts.standing {
        Standing::Deleted => return book::count_gone(&facts, Q::TicketsDeleted, draft),
        Standing::Merged => book::count_gone(&facts, Q::TicketsMerged, draft),
        Standing::Whole => {
            book::contribute(&facts, draft);
            tell_customer(&facts, draft);
        }
    }
    book::count_created(&facts, draft);
    backlog::contribute(&facts, draft);
}

/// Tells the customer who opened it that it is an inbound contact. Nobody answers it as a call is answered, so it is a repeat
/// of others and never judged itself.
fn tell_customer(facts: &Facts, draft: &mut Draft<'_>) {
    let Some((created, (source, hash))) = facts.opened_by() else { return };
    let visit = Visit {
        first: created.at,
        root: facts.root.clone(),
        reached: Reached::Nobody,
        channel: facts.channel.unwrap_or(Channel::Email),
        issue: facts.issue.clone(),
        transferred: false,
        queue: created.place.queue.clone(),
        team: created.place.team.clone(),
        credit: Credit { slices: draft.ledger.slices().clone(), ..Credit::default() },
        earlier: Vec::new(),
    };
    draft.send(RecordKey::customer(source, *hash, draft.context.settings), Message::Visit(Box::new(visit)));
}

/// What holds of it, in order.
fn events(record: &Record) -> impl Iterator<Item = (&Entry, &TicketEvent)> {
    record.holding().filter_map(|entry| match &entry.content {
        Content::Ticket(event) => Some((entry, &**event)),
        _ => None,
    })
}

/// True while the ticket must stay whatever its silence: it is not solved, so something of it is still to come.
pub(super) fn is_open(record: &Record) -> bool {
    let mut done = false;
    let mut gone = false;
    for entry in record.holding() {
        let Content::Ticket(event) = &entry.content else { continue };
        match event.what {
            TicketWhat::Status(status) => done = status.is_done(),
            TicketWhat::Merged { .. } | TicketWhat::Deleted { .. } => gone = true,
            TicketWhat::Restored => gone = false,
            _ => {}
        }
    }
    !done && !gone && record.holding().next().is_some()
}
