//! What a contact is, folded from its entries: legs, handlings, misses and ends.
//!
//! The fold walks the entries once; outcomes and durations are read from it afterwards, because what decides an outcome
//! may have happened in any order.

use super::super::contribution::Draft;
use super::super::event::{
    Author, Channel, ContactEvent, ContactWhat, Content, CustomerHash, Direction, EndedBy, Field, LeftReason,
    MissReason, Name, Reported, TransferKind, TransferResult,
};
use super::super::record::{Entry, Record};
use super::super::time::Instant;
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

/// What a contact is, folded from its entries.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) first: Instant,
    pub(super) direction: Option<Direction>,
    pub(super) customer: Option<(&'a Name, CustomerHash)>,
    pub(super) channel: Option<Channel>,
    /// The first contact of the journey, as told last.
    pub(super) root: Option<&'a Name>,
    pub(super) issue: Option<&'a Name>,
    /// Whether the matter was resolved, as the source says.
    pub(super) resolved: Option<bool>,
    /// True if a rep passed it on to somebody else; a consultation alone does not.
    pub(super) transferred: bool,
    /// The customer's zone, as told last.
    pub(super) zone: Option<&'a Name>,
    pub(super) legs: Vec<Leg<'a>>,
    pub(super) handlings: Vec<Handling<'a>>,
    pub(super) misses: Vec<Miss<'a>>,
    pub(super) transfers: Vec<Transfer<'a>>,
    pub(super) replies: Vec<Reply<'a>>,
    /// Reps at whom it rings, and since when.
    ringing: Vec<(&'a Name, Instant)>,
    messages: HashSet<&'a Name, FxBuildHasher>,
    /// The customer's oldest message that nobody has answered.
    asked: Option<Instant>,
    /// Ends of the whole contact, in order.
    pub(super) ends: Vec<(Instant, Option<EndedBy>)>,
}

/// A contact's stay in one queue.
#[derive(Debug, Default)]
pub(super) struct Leg<'a> {
    pub(super) key: LegKey<'a>,
    pub(super) queue: Option<(&'a Name, &'a Name)>,
    pub(super) team: Option<&'a Name>,
    pub(super) first: Instant,
    pub(super) queued: Option<Instant>,
    pub(super) answered: Option<Answer<'a>>,
    pub(super) left: Option<(Instant, LeftReason, Reported, &'a Name)>,
    pub(super) abandons: Vec<(Instant, Reported, bool, &'a Name)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LegKey<'a> {
    /// Named by the source.
    Named(&'a str),
    /// Each queue is a leg of its own; queues of two namespaces are two.
    Queue(Option<&'a str>, &'a str),
    /// An outcome where no queue was ever named.
    #[default]
    Direct,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) at: Instant,
    pub(super) wait: Reported,
    pub(super) source: &'a Name,
    /// False if the instant had to be guessed, so that no wait can be read from it.
    pub(super) at_is_known: bool,
}

/// A rep's work on the contact, from the answer to the end of talk and of after-contact work.
#[derive(Debug)]
pub(in super::super) struct Handling<'a> {
    pub(in super::super) rep: Option<&'a Name>,
    pub(super) leg: usize,
    pub(super) team: Option<&'a Name>,
    pub(in super::super) from: Instant,
    pub(super) ring: Ring<'a>,
    /// True if only its end told of it: then its span is no measurement.
    pub(super) proven: bool,
    pub(super) to: Option<Ending<'a>>,
    pub(super) holds: Vec<(Instant, Option<Instant>)>,
    pub(super) wrap: Option<(Instant, Reported, &'a Name)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a> {
    pub(super) at: Instant,
    pub(super) talk: Reported,
    pub(super) hold: Reported,
    pub(super) source: &'a Name,
    /// False if only the end of after-contact work tells that talk has ended.
    pub(super) at_is_known: bool,
}

#[derive(Debug)]
pub(super) struct Miss<'a> {
    pub(super) rep: &'a Name,
    pub(super) leg: Option<usize>,
    pub(super) team: Option<&'a Name>,
    pub(super) at: Instant,
    pub(super) reason: MissReason,
    pub(super) ring: Ring<'a>,
}

/// How long it rang before it was answered or missed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ring<'a> {
    pub(super) since: Option<Instant>,
    pub(super) told: Reported,
    pub(super) source: &'a Name,
}

/// A rep passed the contact on, or tried to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer<'a> {
    pub(super) rep: &'a Name,
    pub(super) entry: &'a Entry,
    pub(super) event: &'a ContactEvent,
}

/// A rep's message that answered the customer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply<'a> {
    pub(super) rep: Option<&'a Name>,
    pub(super) told: Told<'a>,
    pub(super) asked: Instant,
}

/// The entries that hold, in fold order; where begin and end of one thing fall in the same instant and the thing is
/// open, the end comes first.
pub(super) fn in_order<'a>(record: &'a Record, draft: &Draft<'_>) -> Vec<(&'a Entry, &'a ContactEvent)> {
    let mut entries: Vec<(&'a Entry, &'a ContactEvent)> = record
        .holding()
        .filter_map(|entry| match &entry.content {
            Content::Contact(event) => Some((entry, &**event)),
            _ => None,
        })
        .collect();
    let tied = |a: &Entry, b: &Entry| (a.time, a.seq) == (b.time, b.seq) && a.source == b.source;
    let may_begin = |what: &ContactWhat| matches!(what, ContactWhat::Held | ContactWhat::Answered { .. });
    for at in 0..entries.len() {
        if !may_begin(&entries[at].1.what) {
            continue;
        }
        let (begin, event) = entries[at];
        let group = entries[at + 1..].iter().take_while(|(other, _)| tied(begin, other)).count();
        let end = entries[at + 1..=at + group].iter().position(|other| ends((begin, event), *other, draft));
        if let Some(end) = end.map(|n| at + 1 + n)
            && is_open(&entries[..at], (begin, event), draft)
        {
            let ending = entries.remove(end);
            entries.insert(at, ending);
        }
    }
    entries
}

/// An event of a contact, and its entry.
pub(super) type Told<'a> = (&'a Entry, &'a ContactEvent);

/// True if `end` ends the kind of thing that `begin` begins, for the same rep.
fn ends(begin: Told<'_>, end: Told<'_>, draft: &Draft<'_>) -> bool {
    let rep = rep_of(end, draft);
    let same_rep = rep_of(begin, draft) == rep;
    match (&begin.1.what, &end.1.what) {
        (ContactWhat::Held, ContactWhat::Retrieved) => same_rep,
        (ContactWhat::Answered { .. }, ContactWhat::Ended { .. }) => same_rep || rep.is_none(),
        _ => false,
    }
}

/// True if the thing that `begin` begins is open after `before`.
fn is_open(before: &[Told<'_>], begin: Told<'_>, draft: &Draft<'_>) -> bool {
    let mut open = false;
    for other in before {
        let same_thing = std::mem::discriminant(&other.1.what) == std::mem::discriminant(&begin.1.what);
        if same_thing && rep_of(*other, draft) == rep_of(begin, draft) {
            open = true;
        } else if ends(begin, *other, draft) {
            open = false;
        }
    }
    open
}

/// The rep that an event names, by the roster's id.
pub(super) fn rep_of<'a>((entry, event): Told<'a>, draft: &Draft<'a>) -> Option<&'a Name> {
    event.shared.rep.value().map(|rep| draft.context.roster.rep_id(&entry.source, rep))
}

pub(super) fn fold<'a>(entries: &[(&'a Entry, &'a ContactEvent)], draft: &mut Draft<'a>) -> Option<Facts<'a>> {
    let (first, _) = entries.first()?;
    let mut facts = Facts { first: first.time, ..Facts::default() };
    let mut last_queued = None;
    let grace = draft.context.settings.provisional_grace;
    for (n, (entry, event)) in entries.iter().enumerate() {
        let shared = &event.shared;
        if shared.direction.is_some() {
            facts.direction = shared.direction;
        }
        facts.root = shared.root().or(facts.root);
        facts.zone = shared.customer_zone().or(facts.zone);
        match &shared.customer {
            Field::Absent => {}
            Field::Null => facts.customer = None,
            Field::Value(hash) => facts.customer = Some((&entry.source, *hash)),
        }
        if shared.issue.is_said() {
            facts.issue = shared.issue.value();
        }
        facts.channel = shared.channel.or(facts.channel);
        facts.resolved = shared.rare.as_ref().and_then(|rare| rare.resolved).or(facts.resolved);
        let rep = shared.rep.value().map(|rep| draft.context.roster.rep_id(&entry.source, rep));
        let at = entry.time;
        match &event.what {
            ContactWhat::Started | ContactWhat::Updated => {}
            ContactWhat::Transferred { kind, result, .. } => {
                facts.transferred |= *kind != TransferKind::Consult && *result == TransferResult::Completed;
                facts.transfers.extend(rep.map(|rep| Transfer { rep, entry, event }));
            }
            ContactWhat::Message { message, author } => {
                // Told twice it is one message.
                if facts.messages.insert(message) {
                    facts.take_message(*author, rep, (entry, event));
                }
            }
            ContactWhat::Queued => {
                let leg = facts.place(entry, event, rep, last_queued, draft).unwrap_or_else(|| facts.direct(entry));
                facts.legs[leg].queued.get_or_insert(at);
                last_queued = Some(leg);
            }
            ContactWhat::Offered => {
                facts.place(entry, event, rep, last_queued, draft);
                facts.stops_ringing(rep);
                facts.ringing.extend(rep.map(|rep| (rep, at)));
            }
            ContactWhat::Missed { reason, ring } => {
                let leg = facts.place(entry, event, rep, last_queued, draft);
                let ring = Ring { since: facts.stops_ringing(rep), told: *ring, source: &entry.source };
                if let Some(rep) = rep {
                    facts.misses.push(Miss { rep, leg, team: shared.team(), at, reason: *reason, ring });
                }
            }
            ContactWhat::Answered { wait, ring } => {
                let ring = Ring { since: facts.stops_ringing(rep), told: *ring, source: &entry.source };
                let leg = facts.place(entry, event, rep, last_queued, draft).unwrap_or_else(|| facts.direct(entry));
                let answer = Answer { at, wait: *wait, source: &entry.source, at_is_known: true };
                facts.legs[leg].answered.get_or_insert(answer);
                match facts.open_handling(rep) {
                    Some(open) => facts.handlings[open].team = shared.team().or(facts.handlings[open].team),
                    None => facts.handlings.push(Handling::begin(rep, leg, shared.team(), at, ring)),
                }
            }
            ContactWhat::Held => {
                if let Some(open) = facts.held_by(rep)
                    && facts.handlings[open].holds.last().is_none_or(|(_, to)| to.is_some())
                {
                    facts.handlings[open].holds.push((at, None));
                }
            }
            ContactWhat::Retrieved => {
                if let Some(open) = facts.held_by(rep)
                    && let Some((_, to @ None)) = facts.handlings[open].holds.last_mut()
                {
                    *to = Some(at);
                }
            }
            ContactWhat::Abandoned { wait, provisional } => {
                let leg = facts.place(entry, event, rep, last_queued, draft).unwrap_or_else(|| facts.direct(entry));
                if !*provisional || !goes_on(&entries[n + 1..], at.plus(grace)) {
                    facts.legs[leg].abandons.push((at, *wait, *provisional, &entry.source));
                }
            }
            ContactWhat::Left { reason, wait } => {
                let leg = facts.place(entry, event, rep, last_queued, draft).unwrap_or_else(|| facts.direct(entry));
                facts.legs[leg].left.get_or_insert((at, *reason, *wait, &entry.source));
            }
            ContactWhat::Ended { ended_by, talk, hold, provisional, .. } => {
                let until = at.plus(grace);
                if *provisional && (goes_on(&entries[n + 1..], until) || !draft.has_passed(until)) {
                    continue;
                }
                let ending = Ending { at, talk: *talk, hold: *hold, source: &entry.source, at_is_known: true };
                match rep {
                    Some(rep) => facts.end_of_rep(entry, event, rep, ending, last_queued, draft),
                    None => {
                        facts.end_of_contact(entry, event, ending, last_queued, draft);
                        facts.ends.push((at, *ended_by));
                    }
                }
            }
            ContactWhat::Wrapped { work } => {
                let Some(rep) = rep else { continue };
                let found = facts.handlings.iter_mut().rev().find(|h| h.rep == Some(rep) && h.wrap.is_none());
                let Some(handling) = found else { continue };
                handling.team = shared.team().or(handling.team);
                handling.wrap = Some((at, *work, &entry.source));
            }
        }
    }
    for handling in &mut facts.handlings {
        handling.end_by_wrap();
    }
    Some(facts)
}

/// True if the contact goes on after a provisional end or abandon, within its grace period. What bots and the system write
/// on their own does not show that.
fn goes_on(after: &[Told<'_>], until: Instant) -> bool {
    after.iter().take_while(|(entry, _)| entry.time <= until).any(|(_, event)| {
        matches!(
            event.what,
            ContactWhat::Queued
                | ContactWhat::Offered
                | ContactWhat::Answered { .. }
                | ContactWhat::Held
                | ContactWhat::Retrieved
                | ContactWhat::Message { author: Author::Customer | Author::Rep, .. }
                | ContactWhat::Transferred { .. }
        )
    })
}

impl<'a> Facts<'a> {
    /// True if anybody ever answered.
    pub(super) fn is_answered(&self) -> bool {
        !self.handlings.is_empty() || self.legs.iter().any(|leg| leg.answered.is_some())
    }

    /// When it ended, if it had reached neither a queue nor anybody.
    pub(super) fn lost_in_menu(&self) -> Option<Instant> {
        let reached = !self.legs.is_empty() || !self.handlings.is_empty() || !self.replies.is_empty();
        self.ends.first().filter(|_| !reached).map(|(at, _)| *at)
    }

    /// The leg that an event belongs to: the one it names, the one of the queue it names, the one its rep is handling,
    /// the one queued last before it; or none yet.
    fn place(
        &mut self,
        entry: &'a Entry,
        event: &'a ContactEvent,
        rep: Option<&Name>,
        last_queued: Option<usize>,
        draft: &Draft<'a>,
    ) -> Option<usize> {
        let queue = event.shared.queue.value();
        let key = match (event.shared.leg(), queue) {
            (Some(leg), _) => LegKey::Named(leg),
            (None, Some(queue)) => LegKey::Queue(draft.context.settings.source(&entry.source).queues.as_deref(), queue),
            (None, None) => {
                let handled = rep.and_then(|rep| self.open_handling(Some(rep))).map(|n| self.handlings[n].leg);
                let leg = handled.or(last_queued)?;
                self.legs[leg].team = event.shared.team().or(self.legs[leg].team);
                return Some(leg);
            }
        };
        let leg = self.leg(key, entry.time);
        if let Some(queue) = queue {
            self.legs[leg].queue = Some((&entry.source, queue));
        }
        self.legs[leg].team = event.shared.team().or(self.legs[leg].team);
        Some(leg)
    }

    /// The leg of outcomes where no queue was ever named.
    fn direct(&mut self, entry: &'a Entry) -> usize {
        self.leg(LegKey::Direct, entry.time)
    }

    fn leg(&mut self, key: LegKey<'a>, first: Instant) -> usize {
        self.legs.iter().position(|leg| leg.key == key).unwrap_or_else(|| {
            self.legs.push(Leg { key, first, ..Leg::default() });
            self.legs.len() - 1
        })
    }

    /// The end of the contact that ends the wait in a leg: the first one since its entry. If all came before, the
    /// clocks disagree, and it is the last.
    pub(super) fn end_of(&self, leg: &Leg<'_>) -> Option<(Instant, Option<EndedBy>)> {
        self.ends.iter().find(|(at, _)| *at >= leg.entered()).or(self.ends.last()).copied()
    }

    /// True if the contact waits in this leg at `end`: it had entered none later, and nobody has answered since.
    pub(super) fn waits_in(&self, leg: &Leg<'_>, end: Instant) -> bool {
        let entered_by_then = self.legs.iter().filter(|other| other.entered() <= end.max(leg.entered()));
        let last = entered_by_then.max_by_key(|other| other.entered());
        let answered_since = |other: &Leg<'_>| other.answered.is_some_and(|answer| answer.at >= leg.entered());
        last.is_some_and(|last| last.key == leg.key) && !self.legs.iter().any(answered_since)
    }

    fn open_handling(&self, rep: Option<&Name>) -> Option<usize> {
        self.handlings.iter().rposition(|handling| handling.rep == rep && handling.is_open())
    }

    /// The handling that something at `at` belongs to: the rep's last one begun by then, or else the rep's first, which
    /// only its end may have proved; of whoever began last if no rep is named.
    pub(super) fn handling_at(&self, rep: Option<&Name>, at: Instant) -> Option<usize> {
        let is_of = |handling: &Handling<'_>| rep.is_none() || handling.rep == rep;
        let begun = self.handlings.iter().rposition(|handling| is_of(handling) && handling.from <= at);
        begun.or_else(|| self.handlings.iter().position(|handling| rep.is_some() && is_of(handling)))
    }

    /// Since when it rang at the rep, which it no longer does.
    fn stops_ringing(&mut self, rep: Option<&Name>) -> Option<Instant> {
        let at = self.ringing.iter().position(|(ringing, _)| Some(*ringing) == rep)?;
        Some(self.ringing.swap_remove(at).1)
    }

    /// A message: the customer's waits for an answer if none does, and the rep's answers it. Bots and the system do
    /// neither.
    fn take_message(&mut self, author: Author, rep: Option<&'a Name>, told: Told<'a>) {
        match author {
            Author::Customer => drop(self.asked.get_or_insert(told.0.time)),
            Author::Rep => {
                if let Some(asked) = self.asked.take() {
                    self.replies.push(Reply { rep, told, asked });
                }
            }
            Author::Bot | Author::System => {}
        }
    }

    /// The handling that a hold is about: the rep's, or the last one begun if the source does not name the rep.
    fn held_by(&self, rep: Option<&Name>) -> Option<usize> {
        match rep {
            Some(rep) => self.open_handling(Some(rep)),
            None => self.handlings.iter().rposition(Handling::is_open),
        }
    }

    /// Talk of one rep ends. If nobody told that the rep answered in this leg, this proves it.
    fn end_of_rep(
        &mut self,
        entry: &'a Entry,
        event: &'a ContactEvent,
        rep: &'a Name,
        ending: Ending<'a>,
        last_queued: Option<usize>,
        draft: &Draft<'a>,
    ) {
        let of_rep = |handling: &Handling<'a>| handling.rep == Some(rep);
        // Clocks disagree: the end of the work after talk may have been told with an earlier time than its own.
        let wrapped = |handling: &Handling<'a>| of_rep(handling) && handling.to.is_none();
        let open = self.open_handling(Some(rep)).or_else(|| self.handlings.iter().rposition(wrapped));
        if let Some(open) = open.or_else(|| self.open_handling(None)) {
            self.handlings[open].rep = Some(rep);
            self.handlings[open].end(ending, event.shared.team());
            return;
        }
        let leg = self.place(entry, event, Some(rep), last_queued, draft).unwrap_or_else(|| self.direct(entry));
        if !self.handlings.iter().any(|handling| of_rep(handling) && handling.leg == leg) {
            self.proof(leg, event, Some(rep), ending);
        }
    }

    /// Talk of everybody ends. If nobody answered so far and the source tells how long they talked, this proves an
    /// answer.
    fn end_of_contact(
        &mut self,
        entry: &'a Entry,
        event: &'a ContactEvent,
        ending: Ending<'a>,
        last_queued: Option<usize>,
        draft: &Draft<'a>,
    ) {
        let nobody = self.handlings.is_empty() && self.legs.iter().all(|leg| leg.answered.is_none());
        if nobody && matches!(ending.talk, Reported::Millis(_)) {
            let leg = self.place(entry, event, None, last_queued, draft).unwrap_or_else(|| self.direct(entry));
            return self.proof(leg, event, None, ending);
        }
        let open = self.handlings.iter().filter(|handling| handling.is_open()).count();
        // The talk of a whole contact says nothing of each of several reps.
        let shared = self.handlings.len() > 1 || open > 1;
        let none = Reported::Absent;
        let ending = if shared { Ending { talk: none, hold: none, ..ending } } else { ending };
        for handling in self.handlings.iter_mut().filter(|handling| handling.is_open()) {
            handling.end(ending, event.shared.team());
        }
    }

    fn proof(&mut self, leg: usize, event: &'a ContactEvent, rep: Option<&'a Name>, ending: Ending<'a>) {
        let hold = match ending.hold {
            Reported::Millis(ms) => ms,
            Reported::Absent | Reported::Unknown => 0,
        };
        let (at, at_is_known) = match ending.talk {
            Reported::Millis(talk) => (Instant(ending.at.0 - talk - hold), true),
            Reported::Absent | Reported::Unknown => (ending.at, false),
        };
        let at = at.max(self.legs[leg].queued.unwrap_or(at));
        self.legs[leg].answered.get_or_insert(Answer {
            at,
            wait: Reported::Absent,
            source: ending.source,
            at_is_known,
        });
        let ring = Ring { since: None, told: Reported::Absent, source: ending.source };
        let mut handling = Handling::begin(rep, leg, event.shared.team(), at, ring);
        handling.proven = true;
        handling.end(ending, None);
        self.handlings.push(handling);
    }
}

impl Leg<'_> {
    /// When the wait began, or else when the leg was first heard of.
    pub(super) fn entered(&self) -> Instant {
        self.queued.unwrap_or(self.first)
    }
}

impl<'a> Handling<'a> {
    fn begin(rep: Option<&'a Name>, leg: usize, team: Option<&'a Name>, from: Instant, ring: Ring<'a>) -> Handling<'a> {
        Handling { rep, leg, team, from, ring, proven: false, to: None, holds: Vec::new(), wrap: None }
    }

    /// True while talk goes on: neither its end nor that of the work after it was told.
    pub(super) fn is_open(&self) -> bool {
        self.to.is_none() && self.wrap.is_none()
    }

    /// When talk and the work after it have ended; none while they go on.
    pub(in super::super) fn finished(&self) -> Option<Instant> {
        let ended = self.to?.at;
        Some(self.wrap.map_or(ended, |(wrapped, _, _)| wrapped.max(ended)))
    }

    /// After-contact work proves that talk has ended, though not when.
    fn end_by_wrap(&mut self) {
        if let (None, Some((at, _, source))) = (self.to, self.wrap) {
            let (talk, hold) = (Reported::Unknown, Reported::Absent);
            self.end(Ending { at, talk, hold, source, at_is_known: false }, None);
        }
    }

    fn end(&mut self, ending: Ending<'a>, team: Option<&'a Name>) {
        self.to = Some(ending);
        self.team = team.or(self.team);
        for (_, to) in &mut self.holds {
            // A hold is cut at the end of talk.
            *to = Some(to.unwrap_or(ending.at).min(ending.at));
        }
    }
}
