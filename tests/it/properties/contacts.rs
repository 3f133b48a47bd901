//! Generated contacts: calls as a phone system would log them, and calls that make no sense at all.

use super::centre::{DISPOSITIONS, ISSUES, PHONES, QUEUES, REPS, TEAMS, name};
use super::chance::Chance;
use super::history::Pen;
use super::parts;
use goalkeeper::domain::event::{
    Author, Channel, ContactEvent, ContactWhat, Content, CustomerHash, Direction, EndedBy, Field, Kind, LeftReason,
    MissReason, Name, Rare, Reported, Shared, TransferKind, TransferResult,
};
use goalkeeper::domain::time::{HOUR, MINUTE};

const CUSTOMERS: i64 = 9;

/// One contact under the pen.
struct Call<'a> {
    pen: &'a mut Pen,
    source: &'static str,
    id: String,
    at: i64,
    seq: i64,
    shared: Shared,
}

/// Writes a contact that begins at `at` and gives its source and id.
pub fn write(pen: &mut Pen, at: i64) -> (&'static str, String) {
    let source = pen.chance.pick(&PHONES);
    // A small vocabulary: now and then two stories fall into one record.
    let soon = at < pen.reuses_ids_until;
    let id = match soon && pen.chance.per_cent(4) {
        true => pen.chance.pick(&pen.calls),
        false => format!("c{}", pen.contacts),
    };
    pen.contacts += 1;
    if soon {
        pen.calls.push(id.clone());
    }
    let mut call = Call { pen, source, id, at, seq: 0, shared: Shared::default() };
    if call.pen.chance.per_cent(15) {
        call.nonsense()
    } else {
        call.story()
    }
    (call.source, call.id)
}

impl Call<'_> {
    fn chance(&mut self) -> &mut Chance {
        &mut self.pen.chance
    }

    fn wait_for(&mut self, at_most: i64) {
        self.at += self.pen.chance.span(at_most);
        self.seq += 1;
    }

    /// Writes an event with the shared fields at hand; single fields are forgotten or overridden now and then.
    fn tell(&mut self, what: ContactWhat, queue: Option<&str>, rep: Option<&str>) {
        let mut shared = std::mem::take(&mut self.shared);
        shared.queue = queue.map_or(Field::Absent, |queue| Field::Value(name(queue)));
        shared.rep = rep.map_or(Field::Absent, |rep| Field::Value(self.pen.alias(self.source, rep)));
        if self.chance().per_cent(1) {
            shared.rep = Field::Null;
        }
        if self.chance().per_cent(3) {
            let team = name(self.pen.chance.pick(&TEAMS));
            shared.rare.get_or_insert_default().team = Some(team);
        }
        if self.chance().per_cent(2) {
            shared.direction = Some(self.pen.chance.pick(&[Direction::Inbound, Direction::Outbound]));
        }
        if self.chance().per_cent(2) {
            shared.customer = self.customer();
        }
        if self.chance().per_cent(8) {
            let issue = name(self.chance().pick(&ISSUES));
            shared.issue = if self.chance().per_cent(90) { Field::Value(issue) } else { Field::Null };
        }
        if self.chance().per_cent(5) {
            let code = name(self.chance().pick(&DISPOSITIONS));
            shared.rare.get_or_insert_default().disposition = Some(code);
        }
        let says = matches!(what, ContactWhat::Updated | ContactWhat::Ended { .. } | ContactWhat::Wrapped { .. });
        if self.chance().per_cent(if says { 30 } else { 2 }) {
            let resolved = self.chance().per_cent(70);
            shared.rare.get_or_insert_default().resolved = Some(resolved);
        }
        if let Some(root) = self.pen.root.clone().filter(|_| self.chance().per_cent(40)) {
            shared.rare.get_or_insert_default().root = Some(root);
        }
        parts::say(&mut shared, self.chance());
        let content = Content::Contact(Box::new(ContactEvent { what, shared }));
        let subject = (Kind::Contact, self.id.clone());
        // Phone systems of one family log to two places.
        let source = match self.source {
            "/pbx/c" => self.source,
            own => {
                if self.chance().per_cent(95) {
                    own
                } else {
                    PHONES[1]
                }
            }
        };
        self.pen.write(source, subject, self.at, self.seq, content);
    }

    fn customer(&mut self) -> Field<CustomerHash> {
        customer(self.chance())
    }

    fn reported(&mut self, about: i64) -> Reported {
        match self.chance().below(20) {
            0 => Reported::Unknown,
            1..=9 => Reported::Absent,
            10 => Reported::Millis(0),
            _ => Reported::Millis((about + self.chance().between(-2000, 2000)).max(0)),
        }
    }

    fn leg(&mut self, leg: Option<i64>) {
        let told = leg.map(|leg| name(&leg.to_string()));
        if told.is_some() || self.shared.rare.is_some() {
            self.shared.rare = Some(Box::new(Rare { leg: told, ..Rare::default() }));
        }
    }

    fn story(&mut self) {
        let customer = self.pen.comes_back.take().map_or_else(|| self.customer(), Field::Value);
        self.pen.visits.push((self.at, customer.value().copied(), self.id.clone()));
        let outbound = self.chance().per_cent(10);
        if self.chance().per_cent(60) {
            self.about(&customer, outbound);
            self.tell(ContactWhat::Started, None, None);
            self.wait_for(MINUTE);
        }
        self.about(&customer, outbound);
        let legs = if self.chance().per_cent(8) { 0 } else { 1 + self.chance().below(3).min(self.chance().below(3)) };
        let with_legs = self.chance().per_cent(30);
        if legs == 0 && self.chance().per_cent(30) {
            self.chat(None);
        }
        let mut talking: Vec<&'static str> = Vec::new();
        for leg in 0..legs {
            let told = with_legs.then_some(leg);
            if !self.stay(told, &customer, outbound, &mut talking) {
                break;
            }
            if self.chance().per_cent(50) {
                self.transfer(&mut talking);
            }
        }
        self.hang_up(&customer, outbound, talking);
    }

    fn about(&mut self, customer: &Field<CustomerHash>, outbound: bool) {
        self.shared.customer = customer.clone();
        self.shared.direction = outbound.then_some(Direction::Outbound);
        self.shared.channel = self.chance().per_cent(10).then_some(Channel::Chat);
    }

    /// A stay in one queue; true if somebody answered.
    fn stay(
        &mut self,
        leg: Option<i64>,
        customer: &Field<CustomerHash>,
        outbound: bool,
        talking: &mut Vec<&'static str>,
    ) -> bool {
        let queue = self.pen.chance.pick(&QUEUES);
        let entered = self.at;
        if self.chance().per_cent(90) {
            self.leg(leg);
            self.about(customer, outbound);
            self.tell(ContactWhat::Queued, Some(queue), None);
        }
        let patience = if self.chance().per_cent(4) { 6 * HOUR } else { 3 * MINUTE };
        self.wait_for(patience);
        let queue = self.chance().per_cent(85).then_some(queue);
        while self.chance().per_cent(25) {
            let rep = self.pen.chance.pick(&REPS);
            self.leg(leg);
            self.tell(ContactWhat::Offered, queue, Some(rep));
            self.wait_for(20_000);
            self.leg(leg);
            let reason = self.pen.chance.pick(&[MissReason::NoAnswer, MissReason::CallerLeft, MissReason::Rejected]);
            let ring = self.reported(10_000);
            self.tell(ContactWhat::Missed { reason, ring }, queue, Some(rep));
        }
        let wait = self.reported(self.at - entered);
        self.leg(leg);
        match self.chance().below(20) {
            0..=12 => {
                let rep = self.pen.chance.pick(&REPS);
                let rep = self.chance().per_cent(96).then_some(rep);
                // Clocks of one log disagree by seconds.
                let skew = if self.chance().per_cent(8) { self.chance().below(4000) } else { 0 };
                self.at -= skew;
                if self.chance().per_cent(92) {
                    let ring = self.reported(5000);
                    self.tell(ContactWhat::Answered { wait, ring }, queue, rep);
                }
                self.at += skew;
                talking.extend(rep);
                self.talk(rep);
                return true;
            }
            13..=15 => {
                let provisional = self.chance().per_cent(40);
                self.tell(ContactWhat::Abandoned { wait, provisional }, queue, None);
                if provisional && self.chance().per_cent(50) {
                    self.wait_for(20 * MINUTE);
                    return self.chance().per_cent(70);
                }
            }
            16..=17 => {
                let reasons = [LeftReason::Callback, LeftReason::Failed, LeftReason::Timeout, LeftReason::Voicemail];
                let reason = self.pen.chance.pick(&reasons);
                self.tell(ContactWhat::Left { reason, wait }, queue, None);
                return self.chance().per_cent(30);
            }
            _ => {}
        }
        false
    }

    fn talk(&mut self, rep: Option<&'static str>) {
        self.wait_for(5 * MINUTE);
        while self.chance().per_cent(35) {
            self.tell(ContactWhat::Held, None, rep);
            self.wait_for(MINUTE);
            if self.chance().per_cent(85) {
                self.tell(ContactWhat::Retrieved, None, rep);
                if self.chance().per_cent(80) {
                    self.wait_for(2 * MINUTE);
                }
            }
        }
        if self.chance().per_cent(20) {
            self.chat(rep);
        }
    }

    fn chat(&mut self, rep: Option<&'static str>) {
        for _ in 0..self.chance().between(1, 6) {
            let message = self.message();
            let rep = if self.chance().per_cent(70) { rep } else { None };
            let queue = self.pen.chance.pick(&QUEUES);
            let queue = self.chance().per_cent(10).then_some(queue);
            self.tell(message, queue, rep);
            self.wait_for(MINUTE);
        }
    }

    /// A message; now and then one that was told already.
    fn message(&mut self) -> ContactWhat {
        let authors = [Author::Customer, Author::Customer, Author::Rep, Author::Rep, Author::Bot, Author::System];
        let message = name(&format!("m{}", self.chance().below(12)));
        ContactWhat::Message { message, author: self.chance().pick(&authors) }
    }

    fn transferred(&mut self) -> ContactWhat {
        use TransferKind::{Attended, Blind, Consult, Other, Queue};
        use TransferResult::{Completed, Failed, Returned};
        let (to_rep, to_queue) = (self.chance().pick(&REPS), self.chance().pick(&QUEUES));
        let to_rep = self.chance().per_cent(40).then(|| self.pen.alias(self.source, to_rep));
        ContactWhat::Transferred {
            kind: self.chance().pick(&[Blind, Attended, Queue, Consult, Other]),
            result: self.chance().pick(&[Completed, Completed, Completed, Failed, Returned]),
            to_queue: to_rep.is_none().then(|| name(to_queue)),
            to_rep,
            to_external: None,
            needed: self.chance().pick(&[None, None, None, Some(true), Some(false)]),
        }
    }

    fn transfer(&mut self, talking: &mut Vec<&'static str>) {
        let Some(rep) = talking.last().copied() else { return };
        let what = self.transferred();
        self.tell(what, None, Some(rep));
        if self.chance().per_cent(70) {
            self.wait_for(10_000);
            self.end(Some(rep), 60_000);
            self.wrap(rep);
            talking.pop();
        }
    }

    fn end(&mut self, rep: Option<&str>, about: i64) {
        let what = ContactWhat::Ended {
            ended_by: self.pen.chance.pick(&[None, Some(EndedBy::Customer), Some(EndedBy::Rep), Some(EndedBy::System)]),
            talk: self.reported(about),
            hold: self.reported(about / 4),
            holds: None,
            provisional: self.pen.chance.per_cent(8),
        };
        let ended_twice = self.chance().per_cent(4);
        self.tell(what.clone(), None, rep);
        if ended_twice {
            self.wait_for(MINUTE);
            self.tell(what, None, rep);
        }
    }

    fn wrap(&mut self, rep: &str) {
        if self.chance().per_cent(60) {
            let began = self.at;
            self.at += self.chance().between(-3000, 60_000);
            let work = self.reported(30_000);
            self.tell(ContactWhat::Wrapped { work }, None, Some(rep));
            self.at = self.at.max(began);
        }
    }

    fn hang_up(&mut self, customer: &Field<CustomerHash>, outbound: bool, talking: Vec<&'static str>) {
        if self.chance().per_cent(20) {
            self.about(customer, outbound);
            self.tell(ContactWhat::Updated, None, None);
        }
        self.wait_for(MINUTE);
        match talking.last() {
            Some(rep) if self.chance().per_cent(50) => self.end(Some(rep), 120_000),
            _ if self.chance().per_cent(80) => {
                let customer_gone = ContactWhat::Ended {
                    ended_by: self.pen.chance.pick(&[Some(EndedBy::Customer), Some(EndedBy::System), None]),
                    talk: if self.chance().per_cent(8) { self.reported(60_000) } else { Reported::Absent },
                    hold: Reported::Absent,
                    holds: None,
                    provisional: self.pen.chance.per_cent(10),
                };
                self.tell(customer_gone, None, None);
            }
            _ => {}
        }
        for rep in talking {
            self.wrap(rep);
        }
    }

    /// Anything in any order within a few minutes, many things at once.
    fn nonsense(&mut self) {
        let begin = self.at;
        for _ in 0..self.chance().between(2, 14) {
            self.at = begin + self.chance().below(12) * 10_000;
            self.seq = self.chance().below(2);
            let queue = self.pen.chance.pick(&QUEUES);
            let queue = self.chance().per_cent(40).then_some(queue);
            let rep = self.pen.chance.pick(&REPS[..3]);
            let rep = self.chance().per_cent(70).then_some(rep);
            let leg = self.chance().per_cent(20).then(|| self.pen.chance.below(2));
            self.leg(leg);
            if self.chance().per_cent(20) {
                self.shared.customer = self.customer();
            }
            let what = self.anything();
            self.tell(what, queue, rep);
        }
    }

    fn anything(&mut self) -> ContactWhat {
        let (wait, ring) = (self.reported(30_000), Reported::Absent);
        let provisional = self.chance().per_cent(20);
        match self.chance().below(18) {
            14 => ContactWhat::Offered,
            15 => self.transferred(),
            16 | 17 => self.message(),
            0 => ContactWhat::Started,
            1 | 2 => ContactWhat::Queued,
            3 => ContactWhat::Missed { reason: MissReason::Busy, ring: self.reported(9_000) },
            4..=6 => ContactWhat::Answered { wait, ring },
            7 => ContactWhat::Held,
            8 => ContactWhat::Retrieved,
            9 => ContactWhat::Abandoned { wait, provisional },
            10 => ContactWhat::Left { reason: LeftReason::Overflow, wait },
            11 => ContactWhat::Wrapped { work: self.reported(20_000) },
            _ => ContactWhat::Ended {
                ended_by: self.pen.chance.pick(&[None, Some(EndedBy::Customer), Some(EndedBy::Other)]),
                talk: self.reported(60_000),
                hold: self.reported(10_000),
                holds: None,
                provisional,
            },
        }
    }
}

/// Somebody, nobody, or not said.
pub fn customer(chance: &mut Chance) -> Field<CustomerHash> {
    match chance.below(CUSTOMERS + 2) {
        0 => Field::Absent,
        1 => Field::Null,
        n => Field::Value(CustomerHash(n as u128)),
    }
}

/// The name by which a source knows a rep.
pub fn alias(source: &str, rep: &str) -> Name {
    let listed = REPS[..3].iter().position(|r| *r == rep).filter(|_| source == PHONES[1]);
    listed.map_or_else(|| name(rep), |n| name(&format!("ext-{n}")))
}
