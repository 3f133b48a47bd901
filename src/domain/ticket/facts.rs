//! What a ticket is, folded from its events in their order.

use super::events;
use crate::domain::booking::Credit;
use crate::domain::contribution::Draft;
use crate::domain::event::{
    Author, Channel, CustomerHash, Direction, Field, Kind, Name, Priority, TicketEvent, TicketStatus, TicketWhat,
};
use crate::domain::record::{Entry, Record, RecordKey};
use crate::domain::time::Instant;

/// What a ticket is.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) created: Option<Created>,
    /// Where the ticket lies from each instant on; before anybody says so, where it is first said to lie.
    pub(super) places: Vec<(Instant, Place)>,
    pub(super) holder: Holder,
    /// The first rep who is known to have held it.
    pub(super) first_holder: Option<Name>,
    /// Who held it from each instant on, in the order of `places`.
    pub(super) holders: Vec<Holder>,
    /// Each change of queue or holder after the creation: when, and where the ticket lay before.
    pub(super) reassignments: Vec<(Instant, Place)>,
    /// Its status from each instant on; before, it is new.
    pub(super) statuses: Vec<(Instant, TicketStatus)>,
    pub(super) solves: Vec<Solve>,
    pub(super) done: bool,
    /// Since when, and where, it is closed.
    pub(super) closed: Option<(Instant, Place)>,
    pub(super) standing: Standing,
    /// When, and where, it was merged or deleted last.
    pub(super) gone: Option<(Instant, Place)>,
    messages: Vec<Posted>,
    pub(super) issue: Option<Name>,
    priority: Option<Priority>,
    direction: Option<Direction>,
    pub(super) customer: Option<(Name, CustomerHash)>,
    pub(super) channel: Option<Channel>,
    /// The contact with which its journey began.
    pub(super) root: Option<RecordKey>,
    pub(super) last_rep: Option<Name>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    #[default]
    Whole,
    Merged,
    Deleted,
}

/// How the ticket began.
#[derive(Clone, Debug)]
pub(super) struct Created {
    pub(super) at: Instant,
    pub(super) place: Place,
    /// How urgent it was then.
    pub(super) priority: Priority,
    /// True if a rep opened it, not the customer.
    by_rep: bool,
}

/// Where a ticket lies: its queue, and the team if an event named one (it overrides the roster until queue or rep
/// change).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) queue: Option<Name>,
    pub(super) team: Option<Name>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Holder {
    #[default]
    Nobody,
    /// It was assigned, and nobody says to whom.
    Unknown,
    Rep(Name),
}

impl Holder {
    pub(super) fn rep(&self) -> Option<&Name> {
        match self {
            Holder::Rep(rep) => Some(rep),
            Holder::Nobody | Holder::Unknown => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Solve {
    pub(super) at: Instant,
    pub(super) by: Credit,
    pub(super) undone: bool,
}

/// A message as its last version has it, and when it first was what it is.
#[derive(Debug)]
struct Posted {
    id: Name,
    role: Role,
    replied: Option<(Instant, Credit)>,
    asked: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A public message of a rep.
    Reply,
    /// A public message of the customer.
    Question,
    /// A note, a message of a bot or of the system, or one that was taken back.
    Aside,
}

impl Role {
    fn of(author: Author, public: bool, deleted: bool) -> Role {
        match author {
            Author::Rep if public && !deleted => Role::Reply,
            Author::Customer if public && !deleted => Role::Question,
            _ => Role::Aside,
        }
    }
}

pub(super) fn fold(record: &Record, draft: &Draft<'_>) -> Option<Facts> {
    // Absent says nothing: until a queue is named the ticket lies where the first one to name it says.
    let first = events(record).find_map(|(entry, event)| match &event.shared.queue {
        Field::Absent => None,
        Field::Null => Some(None),
        Field::Value(queue) => Some(Some(draft.queue(&entry.source, queue))),
    });
    let place = Place { queue: first.flatten(), team: None };
    let (places, holders) = (vec![(Instant::MIN, place)], vec![Holder::Nobody]);
    let mut facts = Facts { places, holders, ..Facts::default() };
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
        let actor = event.by.as_ref().map(rep_id).or(named.clone()).or(self.holder.rep().cloned());
        self.learn(entry, event, draft);
        let place = self.moves(entry, event, named, draft);
        self.last_rep = actor.clone().or(self.last_rep.take());
        let by_queue = event.by_queue.as_ref().map(|queue| draft.queue(&entry.source, queue));
        // The team in which the ticket lies is not that of somebody else who acts on it.
        let team = if event.by.is_some() { event.shared.team().cloned() } else { place.team.clone() };
        let by = Credit { known: true, rep: actor, queue: by_queue.or(place.queue.clone()), team, ..Credit::default() };
        match &event.what {
            TicketWhat::Created => {
                let priority = self.priority.unwrap_or(Priority::Normal);
                self.created.get_or_insert(Created { at, place, priority, by_rep: event.by.is_some() });
            }
            TicketWhat::Message { message, author, public, deleted } => {
                self.posts(message, Role::of(*author, *public, *deleted), at, by);
            }
            TicketWhat::Updated | TicketWhat::Assigned => {}
            TicketWhat::Status(status) => self.becomes(*status, at, place, by),
            TicketWhat::Merged { .. } => (self.standing, self.gone) = (Standing::Merged, Some((at, place))),
            TicketWhat::Deleted { .. } => (self.standing, self.gone) = (Standing::Deleted, Some((at, place))),
            TicketWhat::Restored => self.standing = Standing::Whole,
        }
    }

    /// Takes what has one value, of which the latest counts.
    fn learn(&mut self, entry: &Entry, event: &TicketEvent, draft: &Draft<'_>) {
        match &event.shared.issue {
            Field::Absent => {}
            told => self.issue = told.value().cloned(),
        }
        let priority = event.shared.rare.as_ref().and_then(|rare| rare.priority);
        self.priority = priority.or(self.priority);
        self.direction = event.shared.direction.or(self.direction);
        self.channel = event.shared.channel.or(self.channel);
        match &event.shared.customer {
            Field::Absent => {}
            told => self.customer = told.value().map(|hash| (entry.source.clone(), *hash)),
        }
        if let Some(root) = event.shared.root() {
            self.root = Some(RecordKey::named(Kind::Contact, &entry.source, root, draft.context.settings));
        }
    }

    /// Moves the ticket to where, and to whom, the event says it belongs.
    fn moves(&mut self, entry: &Entry, event: &TicketEvent, named: Option<Name>, draft: &Draft<'_>) -> Place {
        let shared = &event.shared;
        let before = self.place_at(Instant::MAX).clone();
        let mut place = before.clone();
        match &shared.queue {
            Field::Absent => {}
            Field::Null => place.queue = None,
            Field::Value(queue) => place.queue = Some(draft.queue(&entry.source, queue)),
        }
        let holder = match (&shared.rep, named, &event.what) {
            (Field::Null, ..) => Holder::Nobody,
            (_, Some(rep), _) => Holder::Rep(rep),
            (_, None, TicketWhat::Assigned) => Holder::Unknown,
            (_, None, _) => self.holder.clone(),
        };
        let has_moved = before.queue != place.queue || self.holder != holder;
        place.team = shared.team().cloned().or(place.team.filter(|_| !has_moved));
        if self.created.is_some() && has_moved {
            self.reassignments.push((entry.time, before));
        }
        self.first_holder = self.first_holder.take().or_else(|| holder.rep().cloned());
        self.places.push((entry.time, place.clone()));
        self.holders.push(holder.clone());
        self.holder = holder;
        place
    }

    fn posts(&mut self, message: &Name, role: Role, at: Instant, by: Credit) {
        let known = self.messages.iter().position(|posted| posted.id == *message);
        let posted = known.unwrap_or_else(|| {
            self.messages.push(Posted { id: message.clone(), role, replied: None, asked: None });
            self.messages.len() - 1
        });
        let posted = &mut self.messages[posted];
        posted.role = role;
        match role {
            Role::Reply => drop(posted.replied.get_or_insert((at, by))),
            Role::Question => drop(posted.asked.get_or_insert(at)),
            Role::Aside => {}
        }
    }

    fn becomes(&mut self, status: TicketStatus, at: Instant, place: Place, by: Credit) {
        if status.is_done() && !self.done {
            self.solves.push(Solve { at, by, undone: false });
        } else if let (false, true, Some(last)) = (status.is_done(), self.done, self.solves.last_mut()) {
            last.undone = true;
        }
        self.done = status.is_done();
        self.closed = self.closed.take().or(Some((at, place))).filter(|_| status == TicketStatus::Closed);
        self.statuses.push((at, status));
    }

    /// The customer who opened it.
    pub(super) fn opened_by(&self) -> Option<(&Created, &(Name, CustomerHash))> {
        let created = self.created.as_ref().filter(|created| !created.by_rep)?;
        let customer = self.customer.as_ref().filter(|_| self.direction != Some(Direction::Outbound))?;
        Some((created, customer))
    }

    pub(super) fn place_at(&self, at: Instant) -> &Place {
        // The first one lies before everything.
        let found = self.places.iter().rposition(|(since, _)| *since <= at).unwrap_or_default();
        &self.places[found].1
    }

    /// The last solve, while it holds.
    pub(super) fn solved(&self) -> Option<&Solve> {
        self.solves.last().filter(|_| self.done)
    }

    pub(super) fn is_done_at(&self, at: Instant) -> bool {
        self.statuses.iter().rev().find(|(since, _)| *since <= at).is_some_and(|(_, status)| status.is_done())
    }

    /// Public messages of reps, in order of time. What the centre itself began opens with one that replies to nobody, unless
    /// the customer wrote before.
    pub(super) fn replies(&self) -> Vec<&(Instant, Credit)> {
        let of_reps = self.messages.iter().filter(|posted| posted.role == Role::Reply);
        let mut replies: Vec<&(Instant, Credit)> = of_reps.filter_map(|posted| posted.replied.as_ref()).collect();
        replies.sort_by_key(|(at, _)| *at);
        if self.is_outbound() {
            let asked = self.questions().first().copied();
            let opens = replies.first().is_some_and(|(at, _)| asked.is_none_or(|asked| *at < asked));
            replies.drain(..usize::from(opens));
        }
        replies
    }

    /// Since when somebody waits for the first response, and the replies that count as responses: from the creation on, or,
    /// where the centre itself began, from the first message of the customer on. None while nobody has asked.
    pub(super) fn responses(&self, created: Instant) -> Option<(Instant, Vec<&(Instant, Credit)>)> {
        let mut replies = self.replies();
        if !self.is_outbound() {
            return Some((created, replies));
        }
        let asked = *self.questions().first()?;
        replies.retain(|(at, _)| *at >= asked);
        Some((asked, replies))
    }

    fn is_outbound(&self) -> bool {
        self.direction == Some(Direction::Outbound)
    }

    /// Public messages of the customer, in order of time.
    pub(super) fn questions(&self) -> Vec<Instant> {
        let of_customers = self.messages.iter().filter(|posted| posted.role == Role::Question);
        let mut questions: Vec<Instant> = of_customers.filter_map(|posted| posted.asked).collect();
        questions.sort_unstable();
        questions
    }
}
