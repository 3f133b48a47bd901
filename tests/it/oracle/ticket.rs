//! A ticket, read event by event: who held it when, its replies, its solves, and what they count for.

use super::{Credit, Ledger, World};
use goalkeeper::domain::event::{Author, Content, Event, Field, Name, TicketEvent, TicketWhat};

struct Message {
    id: Name,
    /// When, and by whom, it first was a public message of a rep.
    replied: Option<(i64, Credit)>,
    counts: bool,
}

struct Solve {
    at: i64,
    undone: bool,
    credit: Credit,
}

#[derive(Clone, Default)]
struct Place {
    queue: Option<Name>,
    team: Option<Name>,
}

#[derive(Default)]
struct Fold {
    created: Option<(i64, Place)>,
    /// Where it lay from when on.
    places: Vec<(i64, Place)>,
    lies: Place,
    holder: Option<Name>,
    done: bool,
    merged: bool,
    deleted: bool,
    messages: Vec<Message>,
    solves: Vec<Solve>,
    last_actor: Option<Name>,
}

/// Folds one ticket, notes what it counts for, and says who handled it last.
pub fn fold(entries: &[&Event], world: World, ledger: &mut Ledger) -> Credit {
    let mut fold = Fold::default();
    // What nobody has said yet is as it is said first.
    let first = entries.iter().find(|event| told(event).shared.queue.is_said());
    fold.lies.queue = first.and_then(|e| told(e).shared.queue.value().map(|queue| world.queue(&e.source, queue)));
    fold.places.push((i64::MIN, fold.lies.clone()));
    for event in entries {
        fold.read(event, world);
    }
    if !fold.deleted {
        fold.counts(world, ledger);
    }
    fold.last_handling()
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
        // A team told overrides the roster for as long as the ticket stays with that queue and rep.
        if shared.queue.is_said() || shared.rep.is_said() {
            self.lies.team = None;
        }
        match &shared.queue {
            Field::Absent => {}
            Field::Null => self.lies.queue = None,
            Field::Value(queue) => self.lies.queue = Some(world.queue(&event.source, queue)),
        }
        if let Some(team) = shared.team() {
            self.lies.team = Some(team.clone());
        }
        match (&shared.rep, &ticket.what) {
            (Field::Absent, TicketWhat::Assigned) | (Field::Null, _) => self.holder = None,
            (Field::Absent, _) => {}
            (Field::Value(_), _) => self.holder = named,
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
                self.created.get_or_insert((at, self.lies.clone()));
            }
            TicketWhat::Message { message, author, public, deleted } => {
                let counts = *author == Author::Rep && *public && !*deleted;
                let old = self.messages.iter().position(|old| old.id == *message);
                let replied = old.and_then(|old| self.messages[old].replied.clone());
                let replied = replied.or(counts.then_some((at, credit)));
                let new = Message { id: message.clone(), replied, counts };
                match old {
                    Some(old) => self.messages[old] = new,
                    None => self.messages.push(new),
                }
            }
            TicketWhat::Status(status) => self.status(status.is_done(), at, credit),
            TicketWhat::Merged { .. } => (self.merged, self.deleted) = (true, false),
            TicketWhat::Deleted { .. } => self.deleted = true,
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

    fn place(&self, at: i64, world: World) -> Vec<goalkeeper::domain::scope::Scope> {
        let (_, place) = self.places.iter().rev().find(|(from, _)| *from <= at).expect("lies somewhere");
        world.queue_side(place.queue.as_ref(), place.team.as_ref(), at)
    }

    fn counts(&self, world: World, ledger: &mut Ledger) {
        if let Some((at, place)) = &self.created {
            let scopes = world.queue_side(place.queue.as_ref(), place.team.as_ref(), *at);
            ledger.add(&scopes, "tickets_created", *at, 1);
        }
        if self.merged {
            return;
        }
        for solve in &self.solves {
            let scopes = world.rep_side(&solve.credit, solve.at);
            ledger.add(&scopes, "ticket_solves", solve.at, 1);
            if solve.undone {
                ledger.add(&scopes, "tickets_reopened", solve.at, 1);
            }
        }
        let solve = self.solves.last().filter(|_| self.done);
        if let Some(solve) = solve {
            let scopes = world.rep_side(&solve.credit, solve.at);
            ledger.add(&scopes, "tickets_solved", solve.at, 1);
            if self.solves.len() > 1 {
                ledger.add(&scopes, "tickets_solved_again", solve.at, 1);
            }
        }
        let Some((created, _)) = self.created else { return };
        let replies = self.messages.iter().filter(|m| m.counts).filter_map(|m| m.replied.as_ref());
        let reply = replies.min_by_key(|(at, _)| *at);
        self.duration("first_response", created, reply.map(|(at, by)| (*at, by)), world, ledger);
        self.duration("full_resolution", created, solve.map(|s| (s.at, &s.credit)), world, ledger);
        let clocks = [
            ("first_response", &world.settings.response_thresholds, reply.map(|(at, _)| *at)),
            ("full_resolution", &world.settings.resolution_thresholds, solve.map(|s| s.at)),
        ];
        for (name, thresholds, done) in clocks {
            for threshold in thresholds {
                let limit = created.saturating_add(threshold.0);
                let in_time = done.filter(|at| *at <= limit);
                if in_time.is_none() && world.now < limit {
                    continue;
                }
                let at = in_time.unwrap_or(limit);
                let scopes = self.place(at, world);
                ledger.add(&scopes, format!("{name}_due_{}", threshold.0), at, 1);
                if in_time.is_some() {
                    ledger.add(&scopes, format!("{name}_within_{}", threshold.0), at, 1);
                }
            }
        }
    }

    fn duration(&self, name: &str, created: i64, end: Option<(i64, &Credit)>, world: World, ledger: &mut Ledger) {
        let Some((at, credit)) = end else { return };
        let scopes = world.rep_side(credit, at);
        ledger.add(&scopes, name, at, (at - created).max(0));
        if at < created {
            ledger.add(&scopes, "skew", at, 1);
        }
    }
}
