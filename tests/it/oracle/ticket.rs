//! A ticket, read event by event: who held it when, its replies, its solves, and what they count for.

use super::business::{Clock, Places};
use super::version::{self, Key};
use super::{Credit, Ledger, Stay, Visit, World};
use goalkeeper::domain::event::{
    Author, Channel, Content, CustomerHash, Direction, Event, Field, Kind, Name, Priority, TicketEvent, TicketStatus,
    TicketWhat,
};
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::settings::PriorityTargets;

struct Message {
    id: Name,
    /// When, and by whom, it first was a public message of a rep.
    replied: Option<(i64, Credit)>,
    /// When it first was a public message of the customer.
    asked: Option<i64>,
    counts: bool,
    asks: bool,
}

struct Solve {
    at: i64,
    undone: bool,
    credit: Credit,
}

#[derive(Clone, Default, PartialEq)]
struct Place {
    queue: Option<Name>,
    team: Option<Name>,
}

#[derive(Default)]
struct Fold {
    created: Option<(i64, Place, Priority)>,
    /// Where it lay from when on.
    places: Vec<(i64, Place)>,
    lies: Place,
    holder: Option<Name>,
    /// It is with somebody of whom nothing is known.
    held_by_unknown: bool,
    first_holder: Option<Name>,
    /// Who held it from when on, and whether somebody did.
    holders: Vec<(i64, Option<Name>, bool)>,
    /// When it changed hands or queues, and where it lay before.
    passed_on: Vec<(i64, Place)>,
    statuses: Vec<(i64, TicketStatus)>,
    closed: Option<(i64, Place)>,
    done: bool,
    merged: bool,
    deleted: bool,
    gone: Option<(i64, Place)>,
    issue: Option<Name>,
    priority: Option<Priority>,
    outbound: bool,
    messages: Vec<Message>,
    solves: Vec<Solve>,
    last_actor: Option<Name>,
}

/// Folds one ticket, notes what it counts for, and says who handled it last.
pub fn fold(entries: &[&Event], places: &Places, world: World, ledger: &mut Ledger) -> Credit {
    let mut fold = Fold::default();
    // What nobody has said yet is as it is said first.
    let first = entries.iter().find(|event| told(event).shared.queue.is_said());
    fold.lies.queue = first.and_then(|e| told(e).shared.queue.value().map(|queue| world.queue(&e.source, queue)));
    fold.places.push((i64::MIN, fold.lies.clone()));
    for event in entries {
        fold.read(event, world);
    }
    if let (Some((at, place)), true) = (&fold.gone, fold.merged || fold.deleted) {
        let scopes = world.queue_side(place.queue.as_ref(), place.team.as_ref(), *at);
        ledger.add(&scopes, if fold.deleted { "tickets_deleted" } else { "tickets_merged" }, *at, 1);
    }
    if let (Some((at, place, _)), false) = (&fold.created, fold.deleted) {
        let scopes = world.queue_side(place.queue.as_ref(), place.team.as_ref(), *at);
        ledger.add(&scopes, "tickets_created", *at, 1);
    }
    if !fold.deleted {
        fold.lies_unsolved(world, ledger);
    }
    if !fold.deleted && !fold.merged {
        let lay: Vec<_> =
            fold.places.iter().map(|(from, place)| (*from, place.queue.clone(), place.team.clone())).collect();
        fold.counts(&places.clock(&lay, world), world, ledger);
    }
    fold.last_handling()
}

/// The contact that a ticket is of the customer who opened it, while it is neither merged nor deleted.
pub fn visit(key: &Key, entries: &[&Event], world: World) -> Option<((Name, CustomerHash), Visit)> {
    let last = |says: &dyn Fn(&TicketEvent) -> bool| entries.iter().rfind(|event| says(told(event)));
    let is_gone = last(&|ticket| {
        matches!(ticket.what, TicketWhat::Merged { .. } | TicketWhat::Deleted { .. } | TicketWhat::Restored)
    });
    let outbound = last(&|ticket| ticket.shared.direction.is_some());
    let customer = last(&|ticket| ticket.shared.customer.is_said())?;
    let hash = *told(customer).shared.customer.value()?;
    let created = entries.iter().position(|event| told(event).what == TicketWhat::Created)?;
    if is_gone.is_some_and(|event| told(event).what != TicketWhat::Restored)
        || outbound.is_some_and(|event| told(event).shared.direction == Some(Direction::Outbound))
        || told(entries[created]).by.is_some()
    {
        return None;
    }
    let mut fold = Fold::default();
    let named = entries.iter().find(|event| told(event).shared.queue.is_said());
    fold.lies.queue = named.and_then(|e| told(e).shared.queue.value().map(|queue| world.queue(&e.source, queue)));
    for event in &entries[..=created] {
        fold.read(event, world);
    }
    let rare = |event: &Event| told(event).shared.rare.clone().unwrap_or_default();
    let root = entries.iter().rev().find_map(|event| Some((&event.source, rare(event).root?)));
    let issue = last(&|ticket| ticket.shared.issue.is_said());
    let visit = Visit {
        first: entries[created].time.0,
        contact: key.clone(),
        journey: root.map_or(key.clone(), |(source, id)| version::key(Kind::Contact, source, &id, world.settings)),
        answered: false,
        gave_up: false,
        channel: entries.iter().rev().find_map(|event| told(event).shared.channel).unwrap_or(Channel::Email),
        issue: issue.and_then(|event| told(event).shared.issue.value().cloned()),
        passed_on: false,
        came_in: (fold.lies.queue, fold.lies.team),
        credit: Credit::default(),
        handled: Vec::new(),
    };
    let space = world.settings.source(&customer.source).customers.clone().unwrap_or_else(|| Name::from(""));
    Some(((space, hash), visit))
}

fn told(event: &Event) -> &TicketEvent {
    match &event.content {
        Content::Ticket(ticket) => ticket,
        _ => panic!("an event of a ticket tells of a ticket"),
    }
}

impl Fold {
    fn read(&mut self, event: &Event, world: World) {
        let ticket = told(event);
        let shared = &ticket.shared;
        let at = event.time.0;
        let named = shared.rep.value().map(|rep| world.rep(&event.source, rep));
        let by = ticket.by.as_ref().map(|rep| world.rep(&event.source, rep));
        let actor = by.or_else(|| named.clone()).or_else(|| self.holder.clone());
        if shared.issue.is_said() {
            self.issue = shared.issue.value().cloned();
        }
        self.priority = shared.rare.as_ref().and_then(|rare| rare.priority).or(self.priority);
        self.outbound = shared.direction.map_or(self.outbound, |direction| direction == Direction::Outbound);
        let before = (self.lies.clone(), self.holder.clone(), self.held_by_unknown);
        match &shared.queue {
            Field::Absent => {}
            Field::Null => self.lies.queue = None,
            Field::Value(queue) => self.lies.queue = Some(world.queue(&event.source, queue)),
        }
        match (&shared.rep, &ticket.what) {
            (Field::Absent, TicketWhat::Assigned) => (self.holder, self.held_by_unknown) = (None, true),
            (Field::Null, _) => (self.holder, self.held_by_unknown) = (None, false),
            (Field::Absent, _) => {}
            (Field::Value(_), _) => (self.holder, self.held_by_unknown) = (named, false),
        }
        // A team told overrides the roster for as long as the ticket stays with that queue and rep.
        let stays = self.lies.queue == before.0.queue && self.holder == before.1 && self.held_by_unknown == before.2;
        self.lies.team = match shared.team() {
            Some(team) => Some(team.clone()),
            None if stays => self.lies.team.take(),
            None => None,
        };
        if self.first_holder.is_none() {
            self.first_holder = self.holder.clone();
        }
        self.holders.push((at, self.holder.clone(), self.holder.is_some() || self.held_by_unknown));
        if !stays && self.created.is_some() {
            self.passed_on.push((at, before.0));
        }
        self.places.push((at, self.lies.clone()));
        let by_queue = ticket.by_queue.as_ref().map(|queue| world.queue(&event.source, queue));
        let credit = Credit {
            rep: actor.clone(),
            queue: by_queue.or_else(|| self.lies.queue.clone()),
            team: if ticket.by.is_some() { shared.team().cloned() } else { self.lies.team.clone() },
        };
        self.last_actor = actor.or(self.last_actor.take());
        match &ticket.what {
            TicketWhat::Created => {
                self.created.get_or_insert((at, self.lies.clone(), self.priority.unwrap_or(Priority::Normal)));
            }
            TicketWhat::Message { message, author, public, deleted } => {
                let counts = *author == Author::Rep && *public && !*deleted;
                let asks = *author == Author::Customer && *public && !*deleted;
                let old = self.messages.iter().position(|old| old.id == *message);
                let replied = old.and_then(|old| self.messages[old].replied.clone());
                let replied = replied.or(counts.then_some((at, credit)));
                let asked = old.and_then(|old| self.messages[old].asked).or(asks.then_some(at));
                let new = Message { id: message.clone(), replied, asked, counts, asks };
                match old {
                    Some(old) => self.messages[old] = new,
                    None => self.messages.push(new),
                }
            }
            TicketWhat::Status(status) => {
                self.status(matches!(status, TicketStatus::Solved | TicketStatus::Closed), at, credit);
                self.statuses.push((at, *status));
                match (*status, &self.closed) {
                    (TicketStatus::Closed, Some(_)) => {}
                    (TicketStatus::Closed, None) => self.closed = Some((at, self.lies.clone())),
                    _ => self.closed = None,
                }
            }
            TicketWhat::Merged { .. } => {
                (self.merged, self.deleted) = (true, false);
                self.gone = Some((at, self.lies.clone()));
            }
            TicketWhat::Deleted { .. } => {
                self.deleted = true;
                self.gone = Some((at, self.lies.clone()));
            }
            TicketWhat::Restored => (self.merged, self.deleted) = (false, false),
            TicketWhat::Updated | TicketWhat::Assigned => {}
        }
    }

    fn status(&mut self, done: bool, at: i64, credit: Credit) {
        if done && !self.done {
            self.solves.push(Solve { at, undone: false, credit });
        } else if self.done && !done {
            self.solves.last_mut().expect("what is done was solved").undone = true;
        }
        self.done = done;
    }

    /// Who solved it last, else who holds it, else who did anything with it.
    fn last_handling(&self) -> Credit {
        let solver = self.solves.last().and_then(|solve| solve.credit.rep.clone());
        let rep = solver.or(self.holder.clone()).or(self.last_actor.clone());
        Credit { rep, queue: self.lies.queue.clone(), team: None }
    }

    fn place(&self, at: i64, world: World) -> Vec<Scope> {
        let (_, place) = self.places.iter().rev().find(|(from, _)| *from <= at).expect("lies somewhere");
        world.queue_side(place.queue.as_ref(), place.team.as_ref(), at)
    }

    /// When the customer wrote what is still there.
    fn asked(&self) -> impl Iterator<Item = i64> {
        self.messages.iter().filter(|message| message.asks).filter_map(|message| message.asked)
    }

    /// One ticket more in the backlog where it comes to lie unsolved, and one less where it leaves.
    fn lies_unsolved(&self, world: World, ledger: &mut Ledger) {
        let Some((created, ..)) = self.created else { return };
        let end = self.gone.as_ref().filter(|_| self.merged).map_or(i64::MAX, |(at, _)| *at);
        let state = |at: i64| {
            let (_, place) = self.places.iter().rev().find(|(from, _)| *from <= at).expect("lies somewhere");
            let holder = self.holders.iter().rev().find(|(from, ..)| *from <= at);
            let (holder, is_held) = holder.map_or((None, false), |(_, holder, is_held)| (holder.clone(), *is_held));
            (at < end && !self.is_done(at)).then(|| (place.clone(), holder, is_held))
        };
        let mut bounds: Vec<i64> = self.places.iter().map(|(at, _)| (*at).max(created)).chain([created, end]).collect();
        bounds.sort_unstable();
        // Where something changes.
        bounds.dedup_by(|later, earlier| later == earlier || state(*later) == state(*earlier));
        for (n, from) in bounds.iter().enumerate() {
            let Some((place, holder, is_held)) = state(*from) else { continue };
            let to = bounds.get(n + 1).copied().unwrap_or(i64::MAX);
            let queue = world.queue_side(place.queue.as_ref(), place.team.as_ref(), *from);
            let rep: Vec<Scope> = holder.iter().map(|rep| Scope::new(ScopeKind::Rep, rep.clone())).collect();
            let to = Some(to).filter(|to| *to < i64::MAX);
            let stay = |what| Stay { what, began: created, from: *from, to };
            ledger.stand(&queue, stay("backlog"));
            // The holder has it whatever queue it lies in.
            ledger.stand(&rep, stay("backlog"));
            if !is_held {
                ledger.stand(&queue, stay("backlog_unassigned"));
            }
        }
    }

    fn is_done(&self, at: i64) -> bool {
        let status = self.statuses.iter().rev().find(|(since, _)| *since <= at);
        matches!(status, Some((_, TicketStatus::Solved | TicketStatus::Closed)))
    }

    fn is_fault(&self, world: World) -> bool {
        let named = &world.settings.fault_issues;
        named.is_empty() || named.iter().any(|fault| Some(fault) == self.issue.as_ref())
    }

    fn counts(&self, clock: &Clock, world: World, ledger: &mut Ledger) {
        for (at, place) in &self.passed_on {
            let scopes = world.queue_side(place.queue.as_ref(), place.team.as_ref(), *at);
            ledger.add(&scopes, "reassignments", *at, 1);
        }
        for solve in &self.solves {
            let scopes = world.rep_side(&solve.credit, solve.at);
            ledger.add(&scopes, "ticket_solves", solve.at, 1);
            if solve.undone {
                ledger.add(&scopes, "tickets_reopened", solve.at, 1);
            }
        }
        let mut replies: Vec<&(i64, Credit)> =
            self.messages.iter().filter(|m| m.counts).filter_map(|m| m.replied.as_ref()).collect();
        replies.sort_by_key(|(at, _)| *at);
        // The centre itself began with the first one, if the customer had not written yet.
        let opens = self.outbound && replies.first().is_some_and(|(at, _)| self.asked().all(|asked| asked > *at));
        let replies = &replies[usize::from(opens)..];
        let solve = self.solves.last().filter(|_| self.done);
        if let Some(solve) = solve {
            let scopes = world.rep_side(&solve.credit, solve.at);
            let mut add = |what: &str, n: usize| ledger.add(&scopes, what, solve.at, n as i64);
            add("tickets_solved", 1);
            add("tickets_solved_again", usize::from(self.solves.len() > 1));
            add("solved_solves", self.solves.len());
            add("solved_replies", replies.len());
            add("one_touch", usize::from(replies.len() == 1));
            add("two_touch", usize::from(replies.len() == 2));
            add("solved_reassignments", self.passed_on.len());
            add("tickets_reassigned", usize::from(!self.passed_on.is_empty()));
            if self.is_fault(world) {
                add("faults_solved", 1);
                add("faults_owned", usize::from(self.first_holder.is_some() && self.first_holder == solve.credit.rep));
            }
        }
        if let Some((at, place)) = &self.closed {
            let scopes = world.queue_side(place.queue.as_ref(), place.team.as_ref(), *at);
            ledger.add(&scopes, "tickets_closed", *at, 1);
        }
        if let Some((created, _, priority)) = &self.created {
            let mut clocks = Clocks { fold: self, clock, created: *created, priority: *priority, world, ledger };
            clocks.responses(replies);
            clocks.resolutions(solve);
            clocks.close();
        }
    }
}

/// What runs from the creation on, on either clock.
struct Clocks<'a, 'w> {
    fold: &'a Fold,
    clock: &'a Clock,
    created: i64,
    priority: Priority,
    world: World<'a>,
    ledger: &'a mut Ledger<'w>,
}

impl Clocks<'_, '_> {
    fn responses(&mut self, replies: &[&(i64, Credit)]) {
        let settings = self.world.settings;
        let mut questions: Vec<i64> = self.fold.asked().collect();
        questions.sort_unstable();
        // To what the centre itself began nobody can respond before the customer has asked.
        let (from, replies) = match (self.fold.outbound, questions.first()) {
            (false, _) => (self.created, replies),
            (true, Some(asked)) => (*asked, &replies[replies.iter().filter(|(at, _)| at < asked).count()..]),
            (true, None) => return,
        };
        let first = replies.first().map(|(at, by)| (*at, by));
        self.duration("first_response", from, first);
        let at = first.map(|(at, _)| at);
        for threshold in &settings.response_thresholds {
            self.threshold("first_response", from, at, threshold.0, &format!("_{}", threshold.0), false);
        }
        self.target("first_response", from, at, &settings.response_targets);
        // Each message of the customer, whose reply it waits for: those that wait together wait since the first one.
        let mut waiting: Option<i64> = None;
        let Some(first) = at else { return };
        let mut replies = replies[1..].iter();
        let mut next = replies.next();
        for asked in questions.into_iter().filter(|asked| *asked > first) {
            while let Some((at, by)) = next.filter(|(at, _)| *at < asked) {
                self.answered(waiting.take(), *at, by);
                next = replies.next();
            }
            waiting = waiting.or(Some(asked));
        }
        for (at, by) in next.into_iter().chain(replies) {
            self.answered(waiting.take(), *at, by);
        }
        if let Some(asked) = waiting {
            for threshold in &settings.response_thresholds {
                self.threshold("next_response", asked, None, threshold.0, &format!("_{}", threshold.0), true);
            }
        }
    }

    fn answered(&mut self, asked: Option<i64>, at: i64, by: &Credit) {
        let Some(asked) = asked else { return };
        self.duration("next_response", asked, Some((at, by)));
        for threshold in &self.world.settings.response_thresholds {
            self.threshold("next_response", asked, Some(at), threshold.0, &format!("_{}", threshold.0), false);
        }
    }

    fn resolutions(&mut self, solve: Option<&Solve>) {
        let settings = self.world.settings;
        self.duration("first_resolution", self.created, self.fold.solves.first().map(|s| (s.at, &s.credit)));
        self.duration("full_resolution", self.created, solve.map(|s| (s.at, &s.credit)));
        let at = solve.map(|solve| solve.at);
        for threshold in &settings.resolution_thresholds {
            self.threshold("full_resolution", self.created, at, threshold.0, &format!("_{}", threshold.0), false);
        }
        self.target("full_resolution", self.created, at, &settings.resolution_targets);
        let Some(solve) = solve else { return };
        let scopes = self.world.rep_side(&solve.credit, solve.at);
        use TicketStatus::{New, OnHold, Open};
        for (name, states) in
            [("requester_wait", &[New, Open, OnHold][..]), ("agent_work", &[New, Open]), ("on_hold", &[OnHold])]
        {
            let (mut calendar, mut business) = (0, 0);
            for (from, to) in self.spent_in(states, solve.at) {
                calendar += to - from;
                business += self.clock.between(from, to);
            }
            self.ledger.add(&scopes, name, solve.at, calendar);
            self.ledger.add(&scopes, format!("{name}_business"), solve.at, business);
        }
        if self.fold.is_fault(self.world) {
            let to = solve.at.max(self.created);
            self.ledger.add(&scopes, "fault_open_time", solve.at, to - self.created);
            self.ledger.add(&scopes, "fault_open_time_business", solve.at, self.clock.between(self.created, to));
        }
    }

    /// When, between creation and `end`, the ticket was in one of these states.
    fn spent_in(&self, states: &[TicketStatus], end: i64) -> Vec<(i64, i64)> {
        let mut bounds: Vec<i64> = self.fold.statuses.iter().map(|(at, _)| *at).collect();
        bounds.extend([self.created, end]);
        bounds.retain(|at| self.created <= *at && *at <= end);
        bounds.sort_unstable();
        let status = |at: i64| {
            let last = self.fold.statuses.iter().rev().find(|(since, _)| *since <= at);
            last.map_or(TicketStatus::New, |(_, status)| *status)
        };
        let pairs = bounds.windows(2).map(|pair| (pair[0], pair[1]));
        pairs.filter(|(from, to)| from < to && states.contains(&status(*from))).collect()
    }

    fn close(&mut self) {
        let Some((at, place)) = &self.fold.closed else { return };
        let scopes = self.world.queue_side(place.queue.as_ref(), place.team.as_ref(), *at);
        let to = (*at).max(self.created);
        self.ledger.add(&scopes, "time_to_close", *at, to - self.created);
        self.ledger.add(&scopes, "time_to_close_business", *at, self.clock.between(self.created, to));
    }

    fn target(&mut self, name: &str, from: i64, done: Option<i64>, targets: &PriorityTargets) {
        if let Some(target) = targets.of(self.priority) {
            self.threshold(&format!("{name}_target"), from, done, target.0, "", false);
        }
    }

    /// Held against a threshold on both clocks; `while_open`: what was not done in time counts only if the ticket was not
    /// solved then.
    fn threshold(&mut self, name: &str, from: i64, done: Option<i64>, span: i64, end: &str, while_open: bool) {
        let now = self.world.now;
        let calendar = from.saturating_add(span);
        let business = |at: i64| self.clock.between(from, at.max(from)) <= span;
        let clocks = [
            ("", done.filter(|at| *at <= calendar), Some(calendar).filter(|limit| *limit <= now)),
            ("_business", done.filter(|at| business(*at)), self.clock.limit(from, span, now)),
        ];
        for (clock, in_time, late) in clocks {
            let late = late.filter(|limit| !while_open || !self.fold.is_done(*limit));
            let Some(at) = in_time.or(late) else { continue };
            let scopes = self.fold.place(at, self.world);
            self.ledger.add(&scopes, format!("{name}{clock}_due{end}"), at, 1);
            if in_time.is_some() {
                self.ledger.add(&scopes, format!("{name}{clock}_within{end}"), at, 1);
            }
        }
    }

    fn duration(&mut self, name: &str, from: i64, end: Option<(i64, &Credit)>) {
        let Some((at, credit)) = end else { return };
        let scopes = self.world.rep_side(credit, at);
        self.ledger.add(&scopes, name, at, (at - from).max(0));
        self.ledger.add(&scopes, format!("{name}_business"), at, self.clock.between(from, at.max(from)));
        if at < from {
            self.ledger.add(&scopes, "skew", at, 1);
        }
    }
}
