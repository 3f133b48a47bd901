//! Tickets: histories of status, queue and holder, and what they book on the calendar clock.

use super::booking::Credit;
use super::contribution::Draft;
use super::event::{Author, Channel, Content, Field, Name, TicketEvent, TicketWhat};
use super::measure::threshold_number;
use super::quantity::Quantity as Q;
use super::record::{Entry, Record};
use super::scope::Path;
use super::time::{Instant, Span};
use std::sync::Arc;

/// What a ticket is, folded from its entries.
#[derive(Debug, Default)]
struct Facts {
    created: Option<(Instant, Place)>,
    /// Where the ticket lies from each instant on; before anybody says so, where it is first said to lie.
    places: Vec<(Instant, Place)>,
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

/// Where a ticket lies: its queue, and the team if an event named one (it overrides the roster until queue or rep
/// change).
#[derive(Clone, Debug, Default)]
struct Place {
    queue: Option<Name>,
    team: Option<Name>,
}

#[derive(Debug)]
struct Solve {
    at: Instant,
    by: Credit,
    undone: bool,
}

/// A message: when and by whom it first became a reply, and whether it still is one.
#[derive(Debug)]
struct Posted {
    id: Name,
    replied: Option<(Instant, Credit)>,
    is_reply: bool,
}

/// Books what a ticket stands for.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let facts = fold(record, draft);
    let Some(facts) = facts else {
        draft.tell_links(record, &Credit::default());
        return;
    };
    draft.slice_by_fields(Channel::Email, || events(record).map(|(entry, event)| (entry.time, &event.shared)));
    let queue = facts.place_at(Instant::MAX).queue;
    let rep =
        facts.solves.last().and_then(|solve| solve.by.rep.clone()).or(facts.holder.clone()).or(facts.last_rep.clone());
    let slices = draft.ledger.slices().clone();
    draft.tell_links(record, &Credit { known: true, rep, queue, team: None, slices });
    if facts.standing == Standing::Deleted {
        return;
    }
    if let Some((at, place)) = &facts.created {
        let path = draft.context.roster.queue_path(place.queue.as_ref(), place.team.as_ref(), *at);
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

fn events(record: &Record) -> impl Iterator<Item = (&Entry, &TicketEvent)> {
    record.holding().filter_map(|entry| match &entry.content {
        Content::Ticket(event) => Some((entry, &**event)),
        _ => None,
    })
}

fn fold(record: &Record, draft: &Draft<'_>) -> Option<Facts> {
    // Absent says nothing: until a queue is named the ticket lies where the first one to name it says.
    let first = events(record).find_map(|(entry, event)| match &event.shared.queue {
        Field::Absent => None,
        Field::Null => Some(None),
        Field::Value(queue) => Some(Some(draft.queue(&entry.source, queue))),
    });
    let place = Place { queue: first.flatten(), team: None };
    let mut facts = Facts { places: vec![(Instant::MIN, place)], ..Facts::default() };
    for (entry, event) in events(record) {
        facts.take(entry, event, draft);
    }
    events(record).next().is_some().then_some(facts)
}

impl Facts {
    fn take(&mut self, entry: &Entry, event: &TicketEvent, draft: &Draft<'_>) {
        let at = entry.time;
        let rep_id = |rep: &Name| draft.context.roster.rep_id(&entry.source, rep).clone();
        // Who acted, before the event moves the ticket: the holder may be the one it moves to.
        let named = event.shared.rep.value().map(rep_id);
        let actor = event.by.as_ref().map(rep_id).or(named.clone()).or(self.holder.clone());
        let place = self.lies_after(entry, event, draft);
        match (&event.shared.rep, &event.what) {
            // Assigned to somebody unknown: no longer to the one before.
            (Field::Null, _) | (Field::Absent, TicketWhat::Assigned) => self.holder = None,
            (Field::Absent, _) => {}
            (Field::Value(_), _) => self.holder = named.clone(),
        }
        self.last_rep = actor.clone().or(self.last_rep.take());
        let by_queue = event.by_queue.as_ref().map(|queue| draft.queue(&entry.source, queue));
        // The team in which the ticket lies is not that of somebody else who acts on it.
        let team = if event.by.is_some() { event.shared.team().cloned() } else { place.team.clone() };
        let by = Credit { known: true, rep: actor, queue: by_queue.or(place.queue.clone()), team, ..Credit::default() };
        match &event.what {
            TicketWhat::Created => {
                self.created.get_or_insert((at, place));
            }
            TicketWhat::Message { message, author, public, deleted } => {
                let is_reply = *author == Author::Rep && *public && !deleted;
                let known = self.messages.iter().position(|posted| posted.id == *message);
                let posted = known.unwrap_or_else(|| {
                    self.messages.push(Posted { id: message.clone(), replied: None, is_reply });
                    self.messages.len() - 1
                });
                let posted = &mut self.messages[posted];
                posted.is_reply = is_reply;
                if is_reply {
                    posted.replied.get_or_insert((at, by));
                }
            }
            TicketWhat::Updated | TicketWhat::Assigned => {}
            TicketWhat::Status(status) => {
                if status.is_done() && !self.done {
                    self.solves.push(Solve { at, by, undone: false });
                } else if let (false, true, Some(last)) = (status.is_done(), self.done, self.solves.last_mut()) {
                    last.undone = true;
                }
                self.done = status.is_done();
            }
            TicketWhat::Merged { .. } => self.standing = Standing::Merged,
            TicketWhat::Deleted { .. } => self.standing = Standing::Deleted,
            TicketWhat::Restored => self.standing = Standing::Whole,
        }
    }

    /// Moves the ticket to where the event says it lies.
    fn lies_after(&mut self, entry: &Entry, event: &TicketEvent, draft: &Draft<'_>) -> Place {
        let shared = &event.shared;
        let mut place = self.place_at(Instant::MAX);
        if shared.queue.is_said() || shared.rep.is_said() {
            place.team = None;
        }
        match &shared.queue {
            Field::Absent => {}
            Field::Null => place.queue = None,
            Field::Value(queue) => place.queue = Some(draft.queue(&entry.source, queue)),
        }
        place.team = shared.team().cloned().or(place.team);
        self.places.push((entry.time, place.clone()));
        place
    }

    fn place_at(&self, at: Instant) -> Place {
        let found = self.places.iter().rev().find(|(since, _)| *since <= at);
        found.map(|(_, place)| place.clone()).unwrap_or_default()
    }

    /// The last solve, while it holds.
    fn solved(&self) -> Option<&Solve> {
        self.solves.last().filter(|_| self.done)
    }
}

fn path_of(by: &Credit, at: Instant, draft: &Draft<'_>) -> Arc<Path> {
    draft.context.roster.rep_path(by.rep.as_ref(), by.queue.as_ref(), by.team.as_ref(), at)
}

fn book_solves(facts: &Facts, draft: &mut Draft<'_>) {
    for solve in &facts.solves {
        let path = path_of(&solve.by, solve.at, draft);
        draft.ledger.book(&path, solve.at, Q::TicketSolves, 1);
        if solve.undone {
            draft.ledger.book(&path, solve.at, Q::TicketsReopened, 1);
        }
    }
    let Some(last) = facts.solved() else { return };
    let path = path_of(&last.by, last.at, draft);
    draft.ledger.book(&path, last.at, Q::TicketsSolved, 1);
    if facts.solves.len() > 1 {
        draft.ledger.book(&path, last.at, Q::TicketsSolvedAgain, 1);
    }
    if let Some((created, _)) = facts.created {
        let span = draft.unskewed(last.at.since(created), &path, last.at);
        let sums = [Q::FullResolutionTime, Q::FullResolutions];
        draft.ledger.duration(
            &path,
            last.at,
            sums,
            Some(draft.context.settings.cell_of(Q::FullResolutionTimes, span)),
            span,
        );
    }
}

fn book_response(facts: &Facts, created: Instant, draft: &mut Draft<'_>) {
    let replies = facts.messages.iter().filter(|posted| posted.is_reply).filter_map(|posted| posted.replied.as_ref());
    let reply = replies.min_by_key(|(at, _)| *at);
    if let Some((at, by)) = reply {
        let path = path_of(by, *at, draft);
        let span = draft.unskewed(at.since(created), &path, *at);
        let sums = [Q::FirstResponseTime, Q::FirstResponses];
        draft.ledger.duration(
            &path,
            *at,
            sums,
            Some(draft.context.settings.cell_of(Q::FirstResponseTimes, span)),
            span,
        );
    }
    let quantities = [Q::FirstResponseDue, Q::FirstResponseWithin];
    let thresholds = &draft.context.settings.response_thresholds;
    book_thresholds(facts, created, reply.map(|(at, _)| *at), thresholds, quantities, draft);
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
        let place = facts.place_at(at);
        let path = draft.context.roster.queue_path(place.queue.as_ref(), place.team.as_ref(), at);
        draft.ledger.count_with(&path, at, due, number);
        if in_time.is_some() {
            draft.ledger.count_with(&path, at, within, number);
        }
    }
}
