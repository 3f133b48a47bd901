//! Tickets: histories of status, queue and holder, and what they book on the calendar clock.

use super::booking::Credit;
use super::contribution::Draft;
use super::event::{Author, Content, Field, Name, TicketEvent, TicketWhat};
use super::measure::threshold_number;
use super::quantity::Quantity as Q;
use super::record::{Entry, Record};
use super::time::{Instant, Span};

/// What a ticket is, folded from its entries.
#[derive(Debug, Default)]
struct Facts {
    created: Option<(Instant, Option<Name>)>,
    /// The queue in which the ticket lies from each instant on.
    queues: Vec<(Instant, Option<Name>)>,
    holder: Option<Name>,
    solves: Vec<Solve>,
    done: bool,
    standing: Standing,
    messages: Vec<Posted>,
    last_rep: Option<Name>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Whole,
    Merged,
    Deleted,
}

#[derive(Debug)]
struct Solve {
    at: Instant,
    by: Option<Name>,
    queue: Option<Name>,
    undone: bool,
}

/// A message: when and by whom it was first posted, and what it became.
#[derive(Debug)]
struct Posted {
    id: Name,
    at: Instant,
    by: Option<Name>,
    queue: Option<Name>,
    is_reply: bool,
}

/// Books what a ticket stands for.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let facts = fold(record, draft);
    let Some(facts) = facts else {
        draft.tell_links(record, &Credit::default());
        return;
    };
    let queue = facts.queue_at(Instant::MAX);
    let rep =
        facts.solves.last().and_then(|solve| solve.by.clone()).or(facts.holder.clone()).or(facts.last_rep.clone());
    draft.tell_links(record, &Credit { known: true, rep, queue, team: None });
    if facts.standing == Standing::Deleted {
        return;
    }
    if let Some((at, queue)) = &facts.created {
        let path = draft.context.roster.queue_path(queue.as_ref(), None, *at);
        draft.ledger.book(&path, *at, Q::TicketsCreated, 1);
    }
    if facts.standing == Standing::Whole {
        book_solves(&facts, draft);
        if let Some((created, _)) = facts.created {
            book_response(&facts, created, draft);
            book_resolution(&facts, created, draft);
        }
    }
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

fn fold(record: &Record, draft: &Draft<'_>) -> Option<Facts> {
    let mut facts = Facts::default();
    let mut any = false;
    for entry in record.holding() {
        let Content::Ticket(event) = &entry.content else { continue };
        any = true;
        facts.take(entry, event, draft);
    }
    any.then_some(facts)
}

impl Facts {
    fn take(&mut self, entry: &Entry, event: &TicketEvent, draft: &Draft<'_>) {
        let at = entry.time;
        let rep_id = |rep: &Name| draft.context.roster.rep_id(&entry.source, rep).clone();
        // Who acted, before the event moves the ticket: the holder may be the one it moves to.
        let named = event.shared.rep.value().map(rep_id);
        let actor = event.by.as_ref().map(rep_id).or(named.clone()).or(self.holder.clone());
        match &event.shared.queue {
            Field::Absent => {}
            Field::Null => self.queues.push((at, None)),
            Field::Value(queue) => self.queues.push((at, Some(draft.queue(&entry.source, queue)))),
        }
        match &event.shared.rep {
            Field::Absent => {}
            Field::Null => self.holder = None,
            Field::Value(_) => self.holder = named.clone(),
        }
        self.last_rep = actor.clone().or(self.last_rep.take());
        let queue = self.queues.last().and_then(|(_, queue)| queue.clone());
        match &event.what {
            TicketWhat::Created => {
                if self.created.is_none() {
                    let said = event.shared.queue.value().map(|queue| draft.queue(&entry.source, queue));
                    self.created = Some((at, said));
                }
            }
            TicketWhat::Message { message, author, public, deleted } => {
                let is_reply = *author == Author::Rep && *public && !deleted;
                match self.messages.iter_mut().find(|posted| posted.id == *message) {
                    Some(posted) => posted.is_reply = is_reply,
                    None => self.messages.push(Posted { id: message.clone(), at, by: actor, queue, is_reply }),
                }
            }
            TicketWhat::Updated | TicketWhat::Assigned => {}
            TicketWhat::Status(status) => {
                if status.is_done() && !self.done {
                    self.solves.push(Solve { at, by: actor, queue, undone: false });
                } else if let (false, true, Some(last)) = (status.is_done(), self.done, self.solves.last_mut()) {
                    last.undone = true;
                }
                self.done = status.is_done();
            }
            TicketWhat::Merged { .. } => self.standing = Standing::Merged,
            TicketWhat::Deleted { .. } => self.standing = Standing::Deleted,
            TicketWhat::Restored => self.standing = Standing::Whole,
        }
        // A creation that names no queue lies in the first queue that anyone names.
        if let (Some((_, created_in @ None)), Some((_, first))) = (&mut self.created, self.queues.first()) {
            created_in.clone_from(first);
        }
    }

    fn queue_at(&self, at: Instant) -> Option<Name> {
        self.queues.iter().rev().find(|(since, _)| *since <= at).and_then(|(_, queue)| queue.clone())
    }

    /// The last solve, while it holds.
    fn solved(&self) -> Option<&Solve> {
        self.solves.last().filter(|_| self.done)
    }
}

fn book_solves(facts: &Facts, draft: &mut Draft<'_>) {
    let roster = draft.context.roster;
    for solve in &facts.solves {
        let path = roster.rep_path(solve.by.as_ref(), solve.queue.as_ref(), None, solve.at);
        draft.ledger.book(&path, solve.at, Q::TicketSolves, 1);
        if solve.undone {
            draft.ledger.book(&path, solve.at, Q::TicketsReopened, 1);
        }
    }
    let Some(last) = facts.solved() else { return };
    let path = roster.rep_path(last.by.as_ref(), last.queue.as_ref(), None, last.at);
    draft.ledger.book(&path, last.at, Q::TicketsSolved, 1);
    if facts.solves.len() > 1 {
        draft.ledger.book(&path, last.at, Q::TicketsSolvedAgain, 1);
    }
    if let Some((created, _)) = facts.created {
        let span = draft.unskewed(last.at.since(created), &path, last.at);
        let sums = [Q::FullResolutionTime, Q::FullResolutions];
        draft.ledger.duration(&path, last.at, sums, Some(Q::FullResolutionTimes), span);
    }
}

fn book_response(facts: &Facts, created: Instant, draft: &mut Draft<'_>) {
    let replies = facts.messages.iter().filter(|posted| posted.is_reply && posted.at >= created);
    let reply = replies.min_by_key(|posted| posted.at);
    if let Some(reply) = reply {
        let roster = draft.context.roster;
        let path = roster.rep_path(reply.by.as_ref(), reply.queue.as_ref(), None, reply.at);
        let sums = [Q::FirstResponseTime, Q::FirstResponses];
        draft.ledger.duration(&path, reply.at, sums, Some(Q::FirstResponseTimes), reply.at.since(created));
    }
    let quantities = [Q::FirstResponseDue, Q::FirstResponseWithin];
    let thresholds = &draft.context.settings.response_thresholds;
    book_thresholds(facts, created, reply.map(|reply| reply.at), thresholds, quantities, draft);
}

fn book_resolution(facts: &Facts, created: Instant, draft: &mut Draft<'_>) {
    let quantities = [Q::FullResolutionDue, Q::FullResolutionWithin];
    let thresholds = &draft.context.settings.resolution_thresholds;
    book_thresholds(facts, created, facts.solved().map(|solve| solve.at), thresholds, quantities, draft);
}

/// Each threshold counts at the earlier of what was waited for and creation + threshold: what never comes misses too.
fn book_thresholds(
    facts: &Facts,
    created: Instant,
    reached: Option<Instant>,
    thresholds: &[Span],
    [due, within]: [Q; 2],
    draft: &mut Draft<'_>,
) {
    for threshold in thresholds {
        let limit = created.plus(*threshold);
        let number = threshold_number(*threshold);
        let in_time = reached.filter(|at| *at <= limit);
        let at = match in_time {
            Some(at) => at,
            None if draft.has_passed(limit) => limit,
            None => continue,
        };
        let path = draft.context.roster.queue_path(facts.queue_at(at).as_ref(), None, at);
        draft.ledger.count_with(&path, at, due, number);
        if in_time.is_some() {
            draft.ledger.count_with(&path, at, within, number);
        }
    }
}
