//! Contacts until they are answered: menu, queue, patience, rings.

use super::agenda::Action;
use super::centre::{ISSUES, Simulation};
use super::wire::{Draft, push_number};
use crate::domain::time::{HOUR, MINUTE};

/// Share of those who would leave the queue who ask for a callback; the others leave a voicemail.
const CALLBACKS: f64 = 0.6;
/// Mean wait before they do, in seconds.
const EXIT_SECONDS: f64 = 90.0;
/// Mean time until a customer who gave up tries again, in seconds.
const REDIAL_SECONDS: f64 = 900.0;
/// How long a missed ring lasts, and how long the rep who missed it is away after it.
const MISSED_RING: i64 = 20_000;
const AWAY: i64 = 30_000;
/// Mean ring at the customer's end of an outbound call, in seconds, and the chance that nobody answers there.
const DIAL_SECONDS: f64 = 12.0;
const NOBODY_HOME: f64 = 0.25;

/// A call or chat that is not over.
pub(super) struct Contact {
    pub(super) id: ContactId,
    pub(super) customer: Option<u64>,
    pub(super) chat: bool,
    pub(super) outbound: bool,
    /// The call it grew from, for callbacks.
    root: Option<ContactId>,
    pub(super) queue: Option<u32>,
    pub(super) rep: u32,
    pub(super) issue: usize,
    stage: Stage,
    /// Events sent; the next one's number.
    events: u32,
    /// When it entered its present queue.
    entered: i64,
    rang: i64,
    stay: u32,
    ring: u32,
    will_miss: bool,
    exit: Exit,
    /// When talk began and will end; hold so far.
    pub(super) answered: i64,
    pub(super) talk_end: i64,
    pub(super) hold: i64,
    pub(super) hold_begin: i64,
    pub(super) holds: u32,
    pub(super) messages: u32,
    pub(super) transferred: bool,
    pub(super) resolved: bool,
    /// How many actions and reps still need this slot.
    pub(super) users: u32,
}

/// What a contact is called: second of its begin and a number, as telephone exchanges do.
#[derive(Clone, Copy)]
pub(super) struct ContactId {
    second: u64,
    number: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Menu,
    Waiting,
    Ringing,
    Talking,
    Over,
}

#[derive(Clone, Copy, PartialEq)]
enum Exit {
    Abandon,
    Callback,
    Voicemail,
}

impl Contact {
    /// True while it waits in the stay that `token` stands for.
    pub(super) fn waits(&self, token: u32) -> bool {
        self.stage == Stage::Waiting && self.stay == token
    }
}

impl ContactId {
    /// Appends the id as text.
    pub(super) fn push(self, text: &mut String) {
        push_number(text, self.second);
        text.push('.');
        push_number(text, self.number);
    }
}

/// Appends the key of a customer.
pub(super) fn push_customer(text: &mut String, customer: u64) {
    text.push_str("c-");
    push_number(text, customer);
}

impl Simulation {
    /// Starts an event of a contact, with the fields that every one carries.
    pub(super) fn contact_event(&mut self, now: i64, contact: u32, what: &str) -> Draft {
        let of = &mut self.contacts[contact];
        of.events += 1;
        self.record.clear();
        of.id.push(&mut self.record);
        self.key.clear();
        match of.customer {
            Some(customer) => push_customer(&mut self.key, customer),
            None => self.key.push_str(&self.record),
        }
        let mut draft = self.writer.begin(what, &self.record, of.events, now, &self.key).text("contact", &self.record);
        if of.customer.is_some() {
            draft = draft.text("customer", &self.key);
        }
        if let Some(queue) = of.queue {
            draft = draft.text("queue", &self.queue_ids[queue as usize]);
        }
        if of.outbound {
            draft = draft.text("direction", "outbound");
        }
        if let Some(root) = of.root {
            self.key.clear();
            root.push(&mut self.key);
            draft = draft.text("root", &self.key);
        }
        draft
    }

    /// The same with the rep who has it.
    pub(super) fn rep_event(&mut self, now: i64, contact: u32, what: &str) -> Draft {
        let draft = self.contact_event(now, contact, what);
        draft.text("rep", &self.rep_ids[self.contacts[contact].rep as usize])
    }

    fn create(&mut self, now: i64, customer: Option<u64>) -> u32 {
        let id = ContactId { second: now.max(0) as u64 / 1000, number: self.number() };
        let chat = self.chance.happens(self.profile.chats);
        let issue = self.chance.index(ISSUES.len());
        self.contacts.insert(Contact {
            id,
            customer,
            chat,
            outbound: false,
            root: None,
            queue: None,
            rep: 0,
            issue,
            stage: Stage::Menu,
            events: 0,
            entered: now,
            rang: now,
            stay: 0,
            ring: 0,
            will_miss: false,
            exit: Exit::Abandon,
            answered: now,
            talk_end: now,
            hold: 0,
            hold_begin: 0,
            holds: 0,
            messages: 0,
            transferred: false,
            resolved: false,
            users: 1,
        })
    }

    /// A customer calls or writes; `back` is one who comes back.
    pub(super) fn arrive(&mut self, now: i64, back: Option<u64>) {
        let customer = if back.is_some() { back } else { self.any_customer() };
        let contact = self.create(now, customer);
        if self.profile.menu_seconds > 0.0 {
            let channel = if self.contacts[contact].chat { "chat" } else { "voice" };
            let emitted = self.contact_event(now, contact, "contact.started").text("channel", channel).end();
            self.emit(emitted);
            let menu = self.chance.span(self.profile.menu_seconds);
            self.agenda.add(now + menu, Action::MenuEnd(contact));
        } else {
            self.leave_menu(now, contact);
        }
        if self.chance.happens(self.profile.outbound) {
            self.call_out(now);
        }
    }

    pub(super) fn leave_menu(&mut self, now: i64, contact: u32) {
        if self.chance.happens(self.profile.lost_in_menu) {
            let emitted = self.contact_event(now, contact, "contact.ended").text("ended_by", "customer").end();
            self.emit(emitted);
            return self.drop_contact(contact);
        }
        let group = self.any_group();
        let queue = self.shape.any_queue(group, &mut self.chance);
        if !self.calendar.is_open(now) {
            self.contacts[contact].queue = Some(queue);
            let emitted = self.contact_event(now, contact, "contact.left").text("reason", "closed").end();
            self.emit(emitted);
            return self.drop_contact(contact);
        }
        self.enter_queue(now, contact, queue);
    }

    /// A contact enters a queue and finds a free rep or waits.
    pub(super) fn enter_queue(&mut self, now: i64, contact: u32, queue: u32) {
        let stay = self.token();
        let exit = if !self.chance.happens(self.profile.exits) {
            Exit::Abandon
        } else if self.chance.happens(CALLBACKS) && self.contacts[contact].customer.is_some() {
            Exit::Callback
        } else {
            Exit::Voicemail
        };
        let of = &mut self.contacts[contact];
        of.queue = Some(queue);
        of.stage = Stage::Waiting;
        of.entered = now;
        of.stay = stay;
        of.exit = exit;
        let channel = if of.chat { "chat" } else { "voice" };
        let draft = self.contact_event(now, contact, "contact.queued").text("channel", channel);
        self.emit(draft.end());
        let patience = match exit {
            Exit::Abandon => self.profile.patience_seconds,
            Exit::Callback | Exit::Voicemail => Some(EXIT_SECONDS),
        };
        if let Some(patience) = patience {
            let until = now + self.chance.span(patience);
            self.agenda.add(until, Action::PatienceEnd { contact, token: stay });
        }
        self.find_rep(now, contact, false);
    }

    fn find_rep(&mut self, now: i64, contact: u32, first_in_line: bool) {
        let group = self.group_of(contact);
        if let Some(rep) = self.take_rep(group) {
            return self.offer(now, contact, rep);
        }
        let place = (contact, self.contacts[contact].stay);
        let waiting = &mut self.groups[group as usize].waiting;
        if first_in_line { waiting.push_front(place) } else { waiting.push_back(place) }
    }

    fn group_of(&self, contact: u32) -> u32 {
        self.shape.group_of_queue(self.contacts[contact].queue.unwrap_or(0))
    }

    /// Rings at a rep, who is busy already, or connects at once.
    pub(super) fn offer(&mut self, now: i64, contact: u32, rep: u32) {
        let ring = self.token();
        let will_miss = self.chance.happens(self.profile.missed);
        let of = &mut self.contacts[contact];
        of.rep = rep;
        of.rang = now;
        of.ring = ring;
        if self.profile.ring_seconds <= 0.0 || of.chat {
            return self.answer(now, contact);
        }
        of.stage = Stage::Ringing;
        of.will_miss = will_miss;
        let emitted = self.rep_event(now, contact, "contact.offered").end();
        self.emit(emitted);
        let length = if will_miss { MISSED_RING } else { self.chance.span(self.profile.ring_seconds).min(MISSED_RING) };
        self.agenda.add(now + length, Action::RingEnd { contact, token: ring });
    }

    pub(super) fn end_ring(&mut self, now: i64, contact: u32, token: u32) {
        let of = &mut self.contacts[contact];
        if of.stage != Stage::Ringing || of.ring != token {
            return;
        }
        if !of.will_miss {
            return self.answer(now, contact);
        }
        let rep = of.rep;
        if of.outbound {
            let emitted = self.contact_event(now, contact, "contact.ended").text("ended_by", "system").end();
            self.emit(emitted);
            self.drop_contact(contact);
            return self.release(now, rep);
        }
        of.stage = Stage::Waiting;
        self.miss(now, contact, "no_answer");
        self.agenda.add(now + AWAY, Action::Ready(rep));
        self.find_rep(now, contact, true);
    }

    fn miss(&mut self, now: i64, contact: u32, reason: &str) {
        let ring = now - self.contacts[contact].rang;
        let draft = self.rep_event(now, contact, "contact.missed").text("reason", reason);
        self.emit(draft.seconds("ring", ring).end());
    }

    fn answer(&mut self, now: i64, contact: u32) {
        let of = &mut self.contacts[contact];
        of.stage = Stage::Talking;
        of.stay = 0;
        let (wait, ring, queued) = (now - of.entered, now - of.rang, of.queue.is_some());
        let issue = ISSUES[of.issue];
        let mut draft = self.rep_event(now, contact, "contact.answered").text("issue", issue);
        if queued {
            draft = draft.seconds("wait", wait).seconds("ring", ring);
        }
        self.emit(draft.end());
        self.begin_talk(now, contact);
    }

    pub(super) fn end_patience(&mut self, now: i64, contact: u32, token: u32) {
        let of = &mut self.contacts[contact];
        if of.stay != token || !matches!(of.stage, Stage::Waiting | Stage::Ringing) {
            return;
        }
        if of.stage == Stage::Ringing {
            let rep = of.rep;
            of.stage = Stage::Over;
            self.miss(now, contact, "caller_left");
            self.release(now, rep);
        }
        let of = &mut self.contacts[contact];
        of.stage = Stage::Over;
        let (wait, exit, customer) = (now - of.entered, of.exit, of.customer);
        let (what, reason) = match exit {
            Exit::Abandon => ("contact.abandoned", None),
            Exit::Callback => ("contact.left", Some("callback")),
            Exit::Voicemail => ("contact.left", Some("voicemail")),
        };
        let draft = self.contact_event(now, contact, what).maybe("reason", reason);
        self.emit(draft.seconds("wait", wait).end());
        if exit == Exit::Callback {
            let later = now + 10 * MINUTE + self.chance.span(1800.0);
            return self.agenda.add(later, Action::CallBack(contact));
        }
        if let Some(customer) = customer.filter(|_| self.chance.happens(self.profile.returns)) {
            let later = now + self.chance.span(REDIAL_SECONDS);
            self.come_back(later, customer);
        }
        self.drop_contact(contact);
    }

    /// A customer who was not helped calls again, at `time` or when the lines open.
    pub(super) fn come_back(&mut self, time: i64, customer: u64) {
        let time = self.calendar.when_open(time, &mut self.chance);
        self.agenda.add(time, Action::Return(customer));
    }

    /// A rep keeps the promise of a callback, as soon as one is free while the lines are open.
    pub(super) fn call_back(&mut self, now: i64, contact: u32) {
        let group = self.group_of(contact);
        let Some(rep) = self.take_rep(group) else {
            let later = self.calendar.when_open(now + 5 * MINUTE, &mut self.chance);
            let contact_is_stale = later - self.contacts[contact].entered > 72 * HOUR;
            if contact_is_stale {
                return self.drop_contact(contact);
            }
            return self.agenda.add(later, Action::CallBack(contact));
        };
        let (customer, root) = (self.contacts[contact].customer, self.contacts[contact].id);
        self.drop_contact(contact);
        self.dial(now, rep, customer, Some(root));
    }

    /// A rep with time to spare calls a customer.
    fn call_out(&mut self, now: i64) {
        let group = self.any_group();
        if let Some(rep) = self.take_rep(group) {
            let customer = Some(self.chance.below(self.customer_pool));
            self.dial(now, rep, customer, None);
        }
    }

    fn dial(&mut self, now: i64, rep: u32, customer: Option<u64>, root: Option<ContactId>) {
        let contact = self.create(now, customer);
        let ring = self.token();
        let will_miss = self.chance.happens(NOBODY_HOME);
        let of = &mut self.contacts[contact];
        of.outbound = true;
        of.chat = false;
        of.root = root;
        of.rep = rep;
        of.ring = ring;
        of.stage = Stage::Ringing;
        of.will_miss = will_miss;
        let emitted = self.rep_event(now, contact, "contact.started").end();
        self.emit(emitted);
        let length = self.chance.span(DIAL_SECONDS).min(MINUTE);
        self.agenda.add(now + length, Action::RingEnd { contact, token: ring });
    }

    /// One who needed the contact's slot is done with it.
    pub(super) fn drop_contact(&mut self, contact: u32) {
        let of = &mut self.contacts[contact];
        of.users -= 1;
        if of.users == 0 {
            // Actions still on the agenda must not take the slot's next user for this one.
            of.stay = 0;
            of.ring = 0;
            self.contacts.remove(contact);
        }
    }
}
