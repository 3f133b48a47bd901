//! A contact, read event by event: its legs, its handlings, and what they count for.

use super::{Credit, Ledger, Visit, World, version::Key};
use goalkeeper::domain::event::{
    Author, Channel, ContactEvent, ContactWhat, Content, CustomerHash, Direction, EndedBy, Event, LeftReason,
    MissReason, Name, Reported, TransferKind, TransferResult,
};
use goalkeeper::domain::roster::Owner;
use goalkeeper::domain::settings::Durations;
use goalkeeper::domain::time::Span;

/// What others must know of a contact.
pub struct Story {
    pub credit: Credit,
    pub visit: Option<((Name, CustomerHash), Visit)>,
}

#[derive(Clone, PartialEq)]
enum LegName {
    Told(Name),
    Queue(Name),
    /// Answered, and no queue was ever named.
    Direct,
}

struct Leg {
    name: LegName,
    queue: Option<Name>,
    team: Option<Name>,
    /// When it was first heard of.
    first: i64,
    entered: Option<i64>,
    answered: Option<Outcome>,
    left: Option<(Outcome, LeftReason)>,
    /// Each told abandon, and whether it is provisional.
    abandons: Vec<(Outcome, bool)>,
}

#[derive(Clone)]
struct Outcome {
    at: i64,
    wait: Reported,
    source: Name,
    /// False if only an end told of the answer, and not for how long they had talked.
    at_is_known: bool,
}

struct Handling {
    rep: Option<Name>,
    leg: usize,
    team: Option<Name>,
    began: i64,
    /// What was said of its ring when the rep answered, if that was told.
    ring: Option<Ring>,
    /// Only its end told of it: its span is no measurement.
    proven: bool,
    end: Option<Ending>,
    held_since: Option<i64>,
    holds: Vec<(i64, i64)>,
    wrapped: Option<(i64, Reported, Name)>,
}

#[derive(Clone)]
struct Ending {
    at: i64,
    talk: Reported,
    hold: Reported,
    source: Name,
}

struct Miss {
    rep: Name,
    leg: Option<usize>,
    team: Option<Name>,
    reason: MissReason,
    at: i64,
    ring: Ring,
}

/// How long it rang: by the clock, as told, and by whom.
#[derive(Clone)]
struct Ring {
    span: Option<i64>,
    told: Reported,
    source: Name,
}

struct Fold<'a> {
    world: World<'a>,
    legs: Vec<Leg>,
    /// The leg that was entered last.
    last: Option<usize>,
    handlings: Vec<Handling>,
    misses: Vec<Miss>,
    /// Ends of the whole contact.
    ends: Vec<(i64, Option<EndedBy>)>,
    /// Whether it began at night for the customer, if that can be told.
    at_night: Option<bool>,
}

/// Folds one contact and notes what it counts for.
pub fn fold(key: &Key, entries: &[&Event], world: World, ledger: &mut Ledger) -> Story {
    let mut fold = Fold {
        world,
        legs: vec![],
        last: None,
        handlings: vec![],
        misses: vec![],
        ends: vec![],
        at_night: at_night(entries, world),
    };
    let (mut outbound, mut customer) = (false, None);
    let order = reading_order(entries, world);
    for (n, event) in order.iter().enumerate() {
        let contact = told(event);
        if let Some(direction) = contact.shared.direction {
            outbound = direction == Direction::Outbound;
        }
        if contact.shared.customer.is_said() {
            let space = world.settings.source(&event.source).customers.clone().unwrap_or_else(|| Name::from(""));
            customer = contact.shared.customer.value().map(|hash| (space, *hash));
        }
        if fold.counts_yet(event, &order[n + 1..]) {
            fold.read(event, &order[..n], &order[n + 1..]);
        }
    }
    let first = entries.iter().map(|e| e.time.0).min().expect("a contact has events");
    if outbound {
        fold.attempt(&order, first, ledger);
    } else {
        fold.transfers(&order, ledger);
        fold.chat(&order, ledger);
        fold.queue_side(&order, ledger);
    }
    fold.rep_side(outbound, &order, ledger);
    let credit = fold.last_handling();
    let said = order.iter().filter_map(|event| told(event).shared.rare.as_ref()?.resolved).next_back();
    if let (Some(resolved), false) = (said, outbound) {
        fold.flagged(resolved, ledger);
    }
    let visit = fold.visit(key, &order, first, credit.clone());
    Story { credit, visit: customer.filter(|_| !outbound).map(|customer| (customer, visit)) }
}

/// A rep passed the contact on, and it stayed there.
fn passes_on(event: &&&Event) -> bool {
    match told(event).what {
        ContactWhat::Transferred { kind, result, .. } => {
            !matches!(kind, TransferKind::Consult) && matches!(result, TransferResult::Completed)
        }
        _ => false,
    }
}

/// Whether the customer's own clock showed a time outside the customers' day at the first event.
fn at_night(entries: &[&Event], world: World) -> Option<bool> {
    use chrono::{TimeZone, Timelike};
    let mut zones = entries.iter().filter_map(|event| told(event).shared.rare.as_ref()?.customer_zone.clone());
    let zone: chrono_tz::Tz = zones.next_back()?.parse().ok()?;
    let first = entries.iter().map(|event| event.time.0).min()?;
    let shown = zone.timestamp_millis_opt(first).single()?.time();
    let minute = shown.num_seconds_from_midnight() / 60;
    let (begins, ends) = world.settings.customers_day;
    // Counted in minutes since the midnight before, a day that ends tomorrow also holds the morning after it.
    let (begins, ends) = (u32::from(begins), u32::from(ends));
    let is_morning_after = minute + 24 * 60 < ends;
    Some(!is_morning_after && (minute < begins || minute >= ends))
}

fn told(event: &Event) -> &ContactEvent {
    match &event.content {
        Content::Contact(contact) => contact,
        _ => panic!("an event of a contact tells of a contact"),
    }
}

/// The events as listed, but in one instant the end of what is open goes before its next begin.
fn reading_order<'a>(entries: &[&'a Event], world: World) -> Vec<&'a Event> {
    let mut order: Vec<&Event> = Vec::new();
    let mut rest: Vec<&Event> = entries.to_vec();
    while !rest.is_empty() {
        let next = rest[0];
        let is_open = opening(next).is_some_and(|begin| open_before(&order, next, begin, world));
        let same = |e: &Event| (e.time, &e.source, e.seq) == (next.time, &next.source, next.seq);
        let end = rest.iter().position(|e| is_open && same(e) && closes(next, e, world));
        order.push(rest.remove(end.unwrap_or(0)));
    }
    order
}

#[derive(Clone, Copy, PartialEq)]
enum Thing {
    Handling,
    Hold,
}

fn opening(event: &Event) -> Option<Thing> {
    match told(event).what {
        ContactWhat::Answered { .. } => Some(Thing::Handling),
        ContactWhat::Held => Some(Thing::Hold),
        _ => None,
    }
}

fn closing(event: &Event) -> Option<Thing> {
    match told(event).what {
        ContactWhat::Ended { .. } => Some(Thing::Handling),
        ContactWhat::Retrieved => Some(Thing::Hold),
        _ => None,
    }
}

fn rep_of(event: &Event, world: World) -> Option<Name> {
    told(event).shared.rep.value().map(|rep| world.rep(&event.source, rep))
}

fn closes(begin: &Event, end: &Event, world: World) -> bool {
    let whole = rep_of(end, world).is_none() && closing(end) == Some(Thing::Handling);
    opening(begin) == closing(end) && (whole || rep_of(begin, world) == rep_of(end, world))
}

fn open_before(order: &[&Event], next: &Event, thing: Thing, world: World) -> bool {
    let of_it = order.iter().rev().find(|e| {
        (opening(e) == Some(thing) && rep_of(e, world) == rep_of(next, world))
            || (closing(e) == Some(thing) && closes(next, e, world))
    });
    of_it.is_some_and(|e| opening(e).is_some())
}

impl Fold<'_> {
    /// A provisional end counts after the grace period if the contact did not go on within it.
    fn counts_yet(&self, event: &Event, later: &[&Event]) -> bool {
        let until = event.time.plus(self.world.settings.provisional_grace);
        let provisional = matches!(told(event).what, ContactWhat::Ended { provisional: true, .. });
        !provisional || (self.world.now >= until.0 && !self.goes_on(event, later))
    }

    /// Whether people do something with the contact within the grace period after an event.
    fn goes_on(&self, event: &Event, later: &[&Event]) -> bool {
        use ContactWhat::{Answered, Held, Message, Offered, Queued, Retrieved, Transferred};
        let until = event.time.plus(self.world.settings.provisional_grace);
        for e in later.iter().filter(|e| e.time <= until) {
            let is_peoples = match &told(e).what {
                Queued | Offered | Answered { .. } | Held | Retrieved | Transferred { .. } => true,
                Message { author, .. } => [Author::Customer, Author::Rep].contains(author),
                _ => false,
            };
            if is_peoples {
                return true;
            }
        }
        false
    }

    fn read(&mut self, event: &Event, before: &[&Event], later: &[&Event]) {
        let contact = told(event);
        let at = event.time.0;
        let rep = rep_of(event, self.world);
        let outcome = |wait: Reported| Outcome { at, wait, source: event.source.clone(), at_is_known: true };
        let team = contact.shared.team().cloned();
        match &contact.what {
            ContactWhat::Queued => {
                let leg = self.leg_or_direct(event);
                self.legs[leg].entered.get_or_insert(at);
                self.last = Some(leg);
            }
            ContactWhat::Offered => {
                self.leg_of(event);
            }
            ContactWhat::Missed { reason, ring } => {
                let leg = self.leg_of(event);
                let ring = self.ring(event, before, *ring);
                // A ring at nobody in particular is nobody's miss.
                self.misses.extend(rep.map(|rep| Miss { rep, leg, team, reason: *reason, at, ring }));
            }
            ContactWhat::Answered { wait, ring } => {
                let ring = self.ring(event, before, *ring);
                let leg = self.leg_or_direct(event);
                self.legs[leg].answered.get_or_insert(outcome(*wait));
                match self.open(rep.as_ref()) {
                    Some(open) => open.team = team.or(open.team.take()),
                    None => self.begin(rep, leg, team, at, Some(ring)),
                }
            }
            ContactWhat::Held => {
                if let Some(handling) = self.held(rep.as_ref()) {
                    handling.held_since.get_or_insert(at);
                }
            }
            ContactWhat::Retrieved => {
                if let Some(handling) = self.held(rep.as_ref())
                    && let Some(since) = handling.held_since.take()
                {
                    handling.holds.push((since, at));
                }
            }
            ContactWhat::Abandoned { wait, provisional } => {
                let leg = self.leg_or_direct(event);
                let is_taken_back = *provisional && self.goes_on(event, later);
                if !is_taken_back {
                    self.legs[leg].abandons.push((outcome(*wait), *provisional));
                }
            }
            ContactWhat::Left { reason, wait } => {
                let leg = self.leg_or_direct(event);
                self.legs[leg].left.get_or_insert((outcome(*wait), *reason));
            }
            ContactWhat::Ended { ended_by, talk, hold, .. } => {
                let ending = Ending { at, talk: *talk, hold: *hold, source: event.source.clone() };
                match rep {
                    Some(rep) => self.end_of_rep(event, rep, team, ending),
                    None => {
                        self.end_of_contact(event, team, ending);
                        self.ends.push((at, *ended_by));
                    }
                }
            }
            ContactWhat::Wrapped { work } => {
                let unwrapped = |h: &&mut Handling| rep.is_some() && h.rep == rep && h.wrapped.is_none();
                if let Some(handling) = self.handlings.iter_mut().rev().find(unwrapped) {
                    handling.team = team.or(handling.team.take());
                    handling.wrapped = Some((at, *work, event.source.clone()));
                }
            }
            ContactWhat::Started | ContactWhat::Updated | ContactWhat::Message { .. } => {}
            ContactWhat::Transferred { .. } => {}
        }
    }

    /// The leg an event belongs to: as named, else that of its queue, else that of its rep's open handling, else the
    /// one queued last.
    fn leg_of(&mut self, event: &Event) -> Option<usize> {
        let leg = match self.leg_name(event) {
            Some(name) => self.named(name, event.time.0),
            None => self.leg_implied(event)?,
        };
        let shared = &told(event).shared;
        if let Some(queue) = shared.queue.value() {
            self.legs[leg].queue = Some(self.world.queue(&event.source, queue));
        }
        if let Some(team) = shared.team() {
            self.legs[leg].team = Some(team.clone());
        }
        Some(leg)
    }

    fn leg_name(&self, event: &Event) -> Option<LegName> {
        let shared = &told(event).shared;
        let queue = shared.queue.value().map(|queue| LegName::Queue(self.world.queue(&event.source, queue)));
        shared.leg().map(|leg| LegName::Told(leg.clone())).or(queue)
    }

    fn leg_implied(&self, event: &Event) -> Option<usize> {
        let rep = rep_of(event, self.world);
        let open = self.handlings.iter().rev().find(|h| rep.is_some() && h.rep == rep && h.is_open());
        open.map(|handling| handling.leg).or(self.last)
    }

    /// Without any queue ever named there is still one place where the contact is.
    fn leg_or_direct(&mut self, event: &Event) -> usize {
        self.leg_of(event).unwrap_or_else(|| self.named(LegName::Direct, event.time.0))
    }

    fn named(&mut self, name: LegName, first: i64) -> usize {
        self.legs.iter().position(|leg| leg.name == name).unwrap_or_else(|| {
            let (queue, team, entered, answered, left, abandons) = (None, None, None, None, None, vec![]);
            self.legs.push(Leg { name, queue, team, first, entered, answered, left, abandons });
            self.legs.len() - 1
        })
    }

    fn open(&mut self, rep: Option<&Name>) -> Option<&mut Handling> {
        self.handlings.iter_mut().rev().find(|h| h.rep.as_ref() == rep && h.is_open())
    }

    /// The handling that a hold is about: the rep's, or whichever began last if the source does not say.
    fn held(&mut self, rep: Option<&Name>) -> Option<&mut Handling> {
        self.handlings.iter_mut().rev().find(|h| h.is_open() && (rep.is_none() || h.rep.as_ref() == rep))
    }

    /// A ring ends: it began with the last offer to the rep, unless it ended before.
    fn ring(&self, end: &Event, before: &[&Event], told: Reported) -> Ring {
        let rep = rep_of(end, self.world);
        let of_rep = before.iter().rev().filter(|e| rep.is_some() && rep_of(e, self.world) == rep);
        let mut rings = of_rep.filter_map(|e| match self::told(e).what {
            ContactWhat::Offered => Some(Some(e.time.0)),
            ContactWhat::Missed { .. } | ContactWhat::Answered { .. } => Some(None),
            _ => None,
        });
        let span = rings.next().flatten().map(|since| end.time.0 - since);
        Ring { span, told, source: end.source.clone() }
    }

    fn ring_counts(&self, ring: &Ring, at: i64, scopes: &[goalkeeper::domain::scope::Scope], ledger: &mut Ledger) {
        if let (Some(ms), _) = self.choose(ring.span, ring.told, &ring.source) {
            ledger.add(scopes, "ring", at, ms);
        }
    }

    /// The handling to which something that a rep did at an instant belongs: the last that had begun by then, else the
    /// rep's first. Of nobody in particular it is the last that anybody had begun.
    fn during(&self, rep: Option<&Name>, at: i64) -> Option<&Handling> {
        let mut found = None;
        for handling in &self.handlings {
            if (rep.is_none() || handling.rep.as_ref() == rep) && handling.began <= at {
                found = Some(handling);
            }
        }
        found.or_else(|| self.handlings.iter().find(|h| rep.is_some() && h.rep.as_ref() == rep))
    }

    /// Whose work something is that a rep did at an instant.
    fn doer(&self, rep: Option<Name>, queue: Option<Name>, team: Option<Name>, at: i64) -> Credit {
        let during = self.during(rep.as_ref(), at);
        Credit {
            queue: queue.or_else(|| during.and_then(|h| self.legs[h.leg].queue.clone())),
            team: team.or_else(|| during.and_then(|h| h.team.clone())),
            rep: rep.or_else(|| during.and_then(|h| h.rep.clone())),
        }
    }

    fn attempt(&self, order: &[&Event], first: i64, ledger: &mut Ledger) {
        let named = order.iter().find(|e| rep_of(e, self.world).is_some());
        let credit = Credit {
            rep: named.and_then(|e| rep_of(e, self.world)),
            team: named.and_then(|e| told(e).shared.team().cloned()),
            queue: self.legs.first().and_then(|leg| leg.queue.clone()),
        };
        let scopes = self.world.rep_side(&credit, first);
        ledger.add(&scopes, "outbound_contacts", first, 1);
        if self.legs.iter().any(|leg| leg.answered.is_some()) {
            ledger.add(&scopes, "outbound_connected", first, 1);
        }
    }

    /// The messages of reps that answered the customer, and how long each took.
    fn replies<'e>(order: &[&'e Event]) -> Vec<(&'e Event, i64)> {
        let (mut known, mut asked, mut replies) = (Vec::new(), Vec::new(), Vec::new());
        for event in order {
            let ContactWhat::Message { message, author } = &told(event).what else { continue };
            if known.contains(&message) {
                continue;
            }
            known.push(message);
            let at = event.time.0;
            match author {
                Author::Customer => asked.push(at),
                Author::Rep if !asked.is_empty() => {
                    replies.push((*event, at - asked[0]));
                    asked.clear();
                }
                _ => {}
            }
        }
        replies
    }

    fn chat(&self, order: &[&Event], ledger: &mut Ledger) {
        for (n, (event, wait)) in Self::replies(order).into_iter().enumerate() {
            let (at, shared) = (event.time.0, &told(event).shared);
            let queue = shared.queue.value().map(|queue| self.world.queue(&event.source, queue));
            let credit = self.doer(rep_of(event, self.world), queue, shared.team().cloned(), at);
            let scopes = self.world.rep_side(&credit, at);
            ledger.add(&scopes, "chat_response", at, wait);
            if n == 0 {
                ledger.add(&scopes, "chat_first_response", at, wait);
            }
        }
    }

    fn transfers(&self, order: &[&Event], ledger: &mut Ledger) {
        for (n, event) in order.iter().enumerate() {
            let ContactWhat::Transferred { kind, result, .. } = &told(event).what else { continue };
            let (Some(rep), at, shared) = (rep_of(event, self.world), event.time.0, &told(event).shared) else {
                continue;
            };
            let queue = shared.queue.value().map(|queue| self.world.queue(&event.source, queue));
            let credit = self.doer(Some(rep), queue, shared.team().cloned(), at);
            let scopes = self.world.rep_side(&credit, at);
            let kind = match (result, kind) {
                (TransferResult::Completed, TransferKind::Blind) => "blind",
                (TransferResult::Completed, TransferKind::Attended) => "attended",
                (TransferResult::Completed, TransferKind::Queue) => "queue",
                (TransferResult::Completed, TransferKind::Consult) => "consult",
                (TransferResult::Completed, TransferKind::Other) => "other",
                _ => "failed",
            };
            ledger.add(&scopes, format!("transfers_{kind}"), at, 1);
            if !["failed", "consult"].contains(&kind) {
                let class = match self.needed(&credit, order, n) {
                    Some(true) => "needed",
                    Some(false) => "unneeded",
                    None => "unclassified",
                };
                ledger.add(&scopes, format!("transfers_{class}"), at, 1);
            }
        }
    }

    /// Whether a transfer was needed: what it says itself, else the outcome code of its rep, else whose the issue is.
    fn needed(&self, credit: &Credit, order: &[&Event], n: usize) -> Option<bool> {
        let ContactWhat::Transferred { to_rep, to_queue, needed, .. } = &told(order[n]).what else { return None };
        if needed.is_some() {
            return *needed;
        }
        let code = |e: &&Event| told(e).shared.rare.as_ref().and_then(|rare| rare.disposition.clone());
        let mut codes = vec![];
        for event in order {
            let by = rep_of(event, self.world);
            if by.is_none() || by == credit.rep {
                codes.extend(code(event));
            }
        }
        if let Some(code) = code(&order[n]).or(codes.pop()) {
            if self.world.settings.needed_transfers.contains(&code) {
                return Some(true);
            }
            if self.world.settings.unneeded_transfers.contains(&code) {
                return Some(false);
            }
        }
        let said = |e: &&&Event| told(e).shared.issue.is_said();
        let in_force = order[..=n].iter().rfind(said).or(order.iter().find(said))?;
        let issue = told(in_force).shared.issue.value()?;
        let owner = &self.world.roster.issues.iter().find(|listed| listed.id == *issue)?.owner;
        let at = order[n].time.0;
        let owners = match owner {
            Owner::Team(team) => Some(team.clone()),
            Owner::Queue(queue) => self.world.team_of_queue(queue, at),
        };
        let own = credit.team.clone().or_else(|| self.world.team_of_rep(credit.rep.as_ref()?, at));
        if owners.is_some() && own == owners {
            return Some(false);
        }
        let source = &order[n].source;
        let to_queue = to_queue.as_ref().map(|queue| self.world.queue(source, queue));
        let to_rep = to_rep.as_ref().map(|rep| self.world.rep(source, rep));
        let queue_is_owners = match owner {
            Owner::Team(team) => to_queue.and_then(|queue| self.world.team_of_queue(&queue, at)).as_ref() == Some(team),
            Owner::Queue(queue) => to_queue.as_ref() == Some(queue),
        };
        let rep_is_owners = owners.is_some() && to_rep.and_then(|rep| self.world.team_of_rep(&rep, at)) == owners;
        (queue_is_owners || rep_is_owners).then_some(true)
    }

    /// Whether the rep of a handling passed the contact on in it.
    fn passed_on(&self, handling: &Handling, order: &[&Event]) -> bool {
        order.iter().any(|event| {
            let ContactWhat::Transferred { kind, result, .. } = &told(event).what else { return false };
            let rep = rep_of(event, self.world);
            let is_this = || self.during(rep.as_ref(), event.time.0).is_some_and(|found| std::ptr::eq(found, handling));
            *result == TransferResult::Completed && *kind != TransferKind::Consult && rep.is_some() && is_this()
        })
    }

    fn begin(&mut self, rep: Option<Name>, leg: usize, team: Option<Name>, began: i64, ring: Option<Ring>) {
        let (proven, end, held_since, holds, wrapped) = (false, None, None, vec![], None);
        self.handlings.push(Handling { rep, leg, team, began, ring, proven, end, held_since, holds, wrapped });
    }

    /// Ends the rep's talk (also one whose after-contact work bears an earlier time), else the talk of a rep whom
    /// nobody had named; else it proves an answer, unless that leg has seen this rep already.
    fn end_of_rep(&mut self, event: &Event, rep: Name, team: Option<Name>, ending: Ending) {
        let of_rep = |h: &Handling| h.rep.as_ref() == Some(&rep);
        let rules: [&dyn Fn(&Handling) -> bool; 3] =
            [&|h| of_rep(h) && h.is_open(), &|h| of_rep(h) && h.end.is_none(), &|h| h.rep.is_none() && h.is_open()];
        let found = rules.iter().find_map(|rule| self.handlings.iter().rposition(rule));
        if let Some(n) = found {
            let handling = &mut self.handlings[n];
            handling.rep = Some(rep);
            handling.team = team.or(handling.team.take());
            handling.end = Some(ending);
            return;
        }
        let leg = self.leg_or_direct(event);
        if !self.handlings.iter().any(|h| of_rep(h) && h.leg == leg) {
            self.proof(leg, Some(rep), team, ending);
        }
    }

    fn end_of_contact(&mut self, event: &Event, team: Option<Name>, mut ending: Ending) {
        if self.handlings.is_empty()
            && self.legs.iter().all(|leg| leg.answered.is_none())
            && millis(ending.talk).is_some()
        {
            let leg = self.leg_or_direct(event);
            return self.proof(leg, None, team, ending);
        }
        // What the source says of the whole contact says nothing of each of several handlings.
        if self.handlings.len() > 1 {
            (ending.talk, ending.hold) = (Reported::Absent, Reported::Absent);
        }
        for handling in self.handlings.iter_mut().filter(|h| h.is_open()) {
            handling.team = team.clone().or(handling.team.take());
            handling.end = Some(ending.clone());
        }
    }

    fn proof(&mut self, leg: usize, rep: Option<Name>, team: Option<Name>, ending: Ending) {
        let spoken = millis(ending.talk).map(|talk| talk + millis(ending.hold).unwrap_or(0));
        let at = ending.at - spoken.unwrap_or(0);
        let at = self.legs[leg].entered.map_or(at, |entered| at.max(entered));
        let (source, at_is_known) = (ending.source.clone(), spoken.is_some());
        self.legs[leg].answered.get_or_insert(Outcome { at, wait: Reported::Absent, source, at_is_known });
        self.begin(rep, leg, team, at, None);
        let handling = self.handlings.last_mut().expect("has just begun");
        (handling.proven, handling.end) = (true, Some(ending));
    }

    /// The end of the contact that ends the wait in a leg, and whether it was the customer giving up: that can only be
    /// in what was entered last by then, and only if nobody answered since.
    fn end_of_wait(&self, n: usize) -> Option<(i64, bool)> {
        let heard = |leg: &Leg| leg.entered.unwrap_or(leg.first);
        let entered = heard(&self.legs[n]);
        let (at, by) = *self.ends.iter().find(|(at, _)| *at >= entered).or(self.ends.last())?;
        if at > entered + self.world.settings.longest_wait.0 {
            return None;
        }
        let by_then = (0..self.legs.len()).filter(|m| heard(&self.legs[*m]) <= at.max(entered));
        let is_last = by_then.max_by_key(|m| heard(&self.legs[*m])) == Some(n);
        let superseded = self.legs.iter().filter_map(|leg| leg.answered.as_ref()).any(|answer| answer.at >= entered);
        Some((at, by == Some(EndedBy::Customer) && is_last && !superseded))
    }

    fn credit(&self, handling: &Handling) -> Credit {
        let queue = self.legs[handling.leg].queue.clone();
        Credit { rep: handling.rep.clone(), queue, team: handling.team.clone() }
    }

    /// The rep who answered last; if none was named, the queue that did.
    fn last_handling(&self) -> Credit {
        let by_rep = self.handlings.iter().filter(|h| h.rep.is_some()).max_by_key(|h| h.began);
        let answered = self.legs.iter().filter(|leg| leg.answered.is_some());
        let last = answered.max_by_key(|leg| leg.answered.as_ref().map(|answer| answer.at));
        let by_queue = Credit { queue: last.and_then(|leg| leg.queue.clone()), ..Credit::default() };
        by_rep.map_or(by_queue, |handling| self.credit(handling))
    }

    /// What the source says of the contact counts where the handling that gets the credit ends.
    fn flagged(&self, resolved: bool, ledger: &mut Ledger) {
        let named = self.handlings.iter().any(|h| h.rep.is_some());
        let candidates = self.handlings.iter().filter(|h| h.rep.is_some() || !named);
        let Some(last) = candidates.max_by_key(|h| h.began) else { return };
        let ends = [last.end.as_ref().map(|end| end.at), last.wrapped.as_ref().map(|(at, _, _)| *at)];
        let Some(at) = ends.into_iter().flatten().max() else { return };
        ledger.add(&self.world.rep_side(&self.credit(last), at), "flagged", at, i64::from(resolved));
    }

    fn visit(&self, key: &Key, order: &[&Event], first: i64, credit: Credit) -> Visit {
        let answered = self.legs.iter().any(|leg| leg.answered.is_some()) || !Self::replies(order).is_empty();
        let in_queue = (0..self.legs.len()).any(|n| self.became(n).is_some_and(|(what, _)| what == "abandoned"));
        let in_menu = self.legs.is_empty() && self.handlings.is_empty() && !self.ends.is_empty();
        let says_issue = |event: &&&Event| told(event).shared.issue.is_said();
        let issue = order.iter().rfind(says_issue).and_then(|event| told(event).shared.issue.value().cloned());
        let root = order.iter().rev().find_map(|event| told(event).shared.rare.as_ref()?.root.clone());
        let came_in = self.legs.iter().min_by_key(|leg| leg.entered.unwrap_or(leg.first));
        let mut handled: Vec<&Handling> = self.handlings.iter().filter(|h| h.rep.is_some()).collect();
        handled.sort_by_key(|handling| handling.began);
        Visit {
            first,
            contact: key.clone(),
            journey: root.map_or(key.clone(), |root| Key { id: root.to_string(), ..key.clone() }),
            answered,
            gave_up: !answered && (in_queue || in_menu),
            channel: order.iter().filter_map(|e| told(e).shared.channel).next_back().unwrap_or(Channel::Voice),
            issue,
            passed_on: order.iter().any(|event| passes_on(&event)),
            came_in: (came_in.and_then(|leg| leg.queue.clone()), came_in.and_then(|leg| leg.team.clone())),
            credit,
            handled: handled.into_iter().map(|handling| self.credit(handling)).collect(),
        }
    }

    fn queue_side(&self, order: &[&Event], ledger: &mut Ledger) {
        if self.legs.is_empty()
            && self.handlings.is_empty()
            && Self::replies(order).is_empty()
            && let Some((at, _)) = self.ends.first()
        {
            ledger.add(&self.world.company(), "lost_in_menu", *at, 1);
        }
        for n in 0..self.legs.len() {
            self.leg_counts(n, ledger);
        }
    }

    /// What became of a leg, if anybody told.
    fn became(&self, n: usize) -> Option<(String, Outcome)> {
        let leg = &self.legs[n];
        let gave_up = |at| Outcome { at, wait: Reported::Absent, source: Name::from(""), at_is_known: true };
        let grace = self.world.settings.provisional_grace.0;
        let holds = |a: &&(Outcome, bool)| !a.1 || self.world.now >= a.0.at + grace;
        let abandoned = leg.abandons.iter().find(holds).map(|(outcome, _)| outcome);
        if let Some(outcome) = &leg.answered {
            Some(("answered".to_owned(), outcome.clone()))
        } else if let Some((outcome, reason)) = &leg.left {
            Some((format!("left_{}", left_name(*reason)), outcome.clone()))
        } else if let Some(outcome) = abandoned {
            Some(("abandoned".to_owned(), outcome.clone()))
        } else {
            self.end_of_wait(n).filter(|(_, gives_up)| *gives_up).map(|(at, _)| ("abandoned".to_owned(), gave_up(at)))
        }
    }

    fn leg_counts(&self, n: usize, ledger: &mut Ledger) {
        let leg = &self.legs[n];
        let side = |at: i64| self.world.queue_side(leg.queue.as_ref(), leg.team.as_ref(), at);
        let heard = leg.entered.unwrap_or(leg.first);
        let too_long = heard + self.world.settings.longest_wait.0;
        let Some((name, outcome)) = self.became(n) else {
            // Nobody told what became of it.
            let at = self.end_of_wait(n).map(|(at, _)| at).or((too_long <= self.world.now).then_some(too_long));
            let entry = heard.min(at.unwrap_or(heard));
            ledger.add(&side(entry), "queued", entry, 1);
            ledger.stay(&side(entry), "waiting", entry, at);
            if let Some(at) = at {
                ledger.add(&side(at), "unknown", at, 1);
                self.clock_counts("unknown", at, &side(at), ledger);
            }
            return;
        };
        let scopes = side(outcome.at);
        ledger.add(&scopes, &name, outcome.at, 1);
        self.clock_counts(&name, outcome.at, &scopes, ledger);
        let span = leg.entered.map(|entered| outcome.at - entered).filter(|_| outcome.at_is_known);
        let (wait, skewed) = self.choose(span, outcome.wait, &outcome.source);
        let entry = leg.entered.unwrap_or(outcome.at - wait.unwrap_or(0)).min(outcome.at);
        ledger.add(&side(entry), "queued", entry, 1);
        ledger.add(&side(entry), format!("entry_{}", name.split('_').next().expect("is not empty")), entry, 1);
        ledger.stay(&side(entry), "waiting", entry, Some(outcome.at));
        if skewed {
            ledger.add(&scopes, "skew", outcome.at, 1);
        }
        if let Some(wait) = wait {
            self.wait_counts(&name, leg, wait, outcome.at, &scopes, ledger);
        }
    }

    fn clock_counts(&self, name: &str, at: i64, scopes: &[goalkeeper::domain::scope::Scope], ledger: &mut Ledger) {
        if let Some(at_night) = self.at_night {
            ledger.add(scopes, if at_night { format!("night_{name}") } else { "daylight".to_owned() }, at, 1);
        }
    }

    fn wait_counts(
        &self,
        name: &str,
        leg: &Leg,
        wait: i64,
        at: i64,
        scopes: &[goalkeeper::domain::scope::Scope],
        ledger: &mut Ledger,
    ) {
        let family = name.split('_').next().expect("a name is not empty");
        ledger.add(scopes, format!("wait_{family}"), at, wait);
        let listed = leg.queue.as_ref().and_then(|id| self.world.roster.queues.iter().find(|q| q.unit.id == *id));
        let settings = self.world.settings;
        let threshold: Span =
            listed.and_then(|q| q.service_level_threshold).unwrap_or(settings.service_level_threshold);
        let short: Span = listed.and_then(|q| q.short_abandon).unwrap_or(settings.short_abandon);
        if wait <= threshold.0 && family != "left" {
            ledger.add(scopes, format!("{family}_in_time"), at, 1);
        }
        if name == "left_callback" {
            ledger.add(scopes, "wait_callback", at, wait);
            ledger.add(scopes, "callback_in_time", at, i64::from(wait <= threshold.0));
        }
        if family == "abandoned" && wait <= short.0 {
            ledger.add(scopes, "abandoned_short", at, 1);
            if self.at_night == Some(true) {
                ledger.add(scopes, "night_short", at, 1);
            }
        }
    }

    /// The duration that counts, and whether it came out negative.
    fn choose(&self, span: Option<i64>, reported: Reported, source: &Name) -> (Option<i64>, bool) {
        let by_clock = (span.map(|span| span.max(0)), span.is_some_and(|span| span < 0));
        match (self.world.settings.source(source).durations, reported) {
            (Durations::Reported, Reported::Millis(ms)) => (Some(ms), false),
            (Durations::Reported, Reported::Unknown) => (None, false),
            (_, Reported::Millis(ms)) if span.is_none() => (Some(ms), false),
            _ => by_clock,
        }
    }

    fn rep_side(&self, outbound: bool, order: &[&Event], ledger: &mut Ledger) {
        let name = |name: &str| if outbound { format!("outbound_{name}") } else { name.to_owned() };
        for miss in self.misses.iter().filter(|_| !outbound) {
            let queue = miss.leg.and_then(|leg| self.legs[leg].queue.clone());
            let credit = Credit { rep: Some(miss.rep.clone()), queue, team: miss.team.clone() };
            let scopes = self.world.rep_side(&credit, miss.at);
            ledger.add(&scopes, format!("missed_{}", miss_name(miss.reason)), miss.at, 1);
            self.ring_counts(&miss.ring, miss.at, &scopes, ledger);
        }
        for handling in &self.handlings {
            let credit = self.credit(handling);
            if let Some(rep) = handling.rep.as_ref().filter(|_| !outbound) {
                let scope =
                    goalkeeper::domain::scope::Scope::new(goalkeeper::domain::scope::ScopeKind::Rep, rep.clone());
                ledger.add(&[scope], "rep_answered", handling.began, 1);
                let scopes = self.world.rep_side(&credit, handling.began);
                ledger.add(&scopes, "ring_answered", handling.began, 1);
                if let Some(ring) = &handling.ring {
                    self.ring_counts(ring, handling.began, &scopes, ledger);
                }
            }
            let wrapped_at = handling.wrapped.as_ref().map(|(at, _, _)| *at);
            let finished = handling.end.as_ref().map(|end| end.at).max(wrapped_at);
            if let Some(rep) = &handling.rep {
                // What nobody has ended goes on.
                let until = finished.unwrap_or(handling.began + self.world.settings.longest_state.0);
                ledger.handled.entry(rep.clone()).or_default().push((handling.began, until));
            }
            let Some(at) = finished else { continue };
            let scopes = self.world.rep_side(&credit, at);
            ledger.add(&scopes, name("handled"), at, 1);
            if !outbound && self.passed_on(handling, order) {
                ledger.add(&scopes, "handled_transferred", at, 1);
            }
            let (talk, hold, wrap, skews) = self.durations(handling);
            for (what, ms) in [("talk", talk), ("hold", hold), ("wrap", wrap)] {
                if let Some(ms) = ms {
                    ledger.add(&scopes, name(what), at, ms);
                }
            }
            if let (Some(talk), Some(hold), Some(wrap)) = (talk, hold, wrap) {
                ledger.add(&scopes, name("handle"), at, talk + hold + wrap);
            }
            if skews > 0 {
                ledger.add(&scopes, "skew", at, skews);
            }
        }
    }

    /// Talk, hold and after-contact work as far as they are known, and how many of them came out negative.
    fn durations(&self, handling: &Handling) -> (Option<i64>, Option<i64>, Option<i64>, i64) {
        // After-contact work alone tells that talk is over, not when: nothing can be measured from it.
        let wrapped = handling.wrapped.as_ref();
        let end_by_wrap = wrapped.map(|(at, _, source)| Ending {
            at: *at,
            talk: Reported::Absent,
            hold: Reported::Absent,
            source: source.clone(),
        });
        let end = handling.end.clone().or(end_by_wrap).expect("has ended");
        let is_measured = handling.end.is_some() && !handling.proven;
        let mut holds = handling.holds.clone();
        holds.extend(handling.held_since.map(|since| (since, end.at)));
        let held: i64 = holds.iter().map(|(from, to)| to.min(&end.at) - from).sum();
        // Without a single hold told, the source's own figure is all there is.
        let hold = match (end.hold, self.world.settings.source(&end.source).durations) {
            (_, Durations::Timestamps) if !holds.is_empty() => Some(held),
            (Reported::Absent, _) => Some(held),
            (reported, _) => millis(reported),
        };
        let connected = is_measured.then_some(end.at - handling.began);
        let span = connected.and_then(|connected| Some(connected - hold?));
        let (talk, talk_skewed) = self.choose(span, end.talk, &end.source);
        let (wrap, wrap_skewed) = match wrapped {
            None => (Some(0), false),
            Some((at, work, source)) => {
                let span = handling.end.as_ref().map(|end| at - end.at);
                self.choose(span, *work, source)
            }
        };
        let skewed = [talk_skewed, wrap_skewed, hold.is_some_and(|hold| hold < 0)];
        let skews = skewed.iter().filter(|skewed| **skewed).count() as i64;
        (talk, hold.map(|hold| hold.max(0)), wrap, skews)
    }
}

impl Handling {
    /// Neither its end nor that of the work after it was told.
    fn is_open(&self) -> bool {
        self.end.is_none() && self.wrapped.is_none()
    }
}

fn millis(reported: Reported) -> Option<i64> {
    match reported {
        Reported::Millis(ms) => Some(ms),
        Reported::Absent | Reported::Unknown => None,
    }
}

pub fn left_name(reason: LeftReason) -> &'static str {
    match reason {
        LeftReason::Callback => "callback",
        LeftReason::Voicemail => "voicemail",
        LeftReason::Timeout => "timeout",
        LeftReason::Empty => "empty",
        LeftReason::ExitKey => "exit_key",
        LeftReason::Overflow => "overflow",
        LeftReason::Withdrawn => "withdrawn",
        LeftReason::Closed => "closed",
        LeftReason::Full => "full",
        LeftReason::Failed => "failed",
        LeftReason::Other => "other",
    }
}

pub fn miss_name(reason: MissReason) -> &'static str {
    match reason {
        MissReason::NoAnswer => "no_answer",
        MissReason::Rejected => "rejected",
        MissReason::Busy => "busy",
        MissReason::Dumped => "dumped",
        MissReason::CallerLeft => "caller_left",
        MissReason::Other => "other",
    }
}
