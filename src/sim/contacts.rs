//! Contacts: what is known of an open one, its events, and how it begins.

use super::agenda::Action;
use super::centre::{ISSUES, Simulation};
use super::wire::{Draft, push_number};

/// Of so many customers one lives far away.
const FAR_AWAY: u64 = 20;
const FAR: &str = "America/New_York";

/// A call or chat that is not over.
pub(super) struct Contact {
    pub(super) id: ContactId,
    pub(super) customer: Option<u64>,
    pub(super) chat: bool,
    pub(super) outbound: bool,
    /// The call it grew from, for callbacks.
    pub(super) root: Option<ContactId>,
    pub(super) queue: Option<u32>,
    pub(super) rep: u32,
    pub(super) issue: usize,
    pub(super) stage: Stage,
    /// Events sent; the next one's number.
    events: u32,
    /// When it entered its present queue.
    pub(super) entered: i64,
    pub(super) rang: i64,
    pub(super) stay: u32,
    pub(super) ring: u32,
    pub(super) will_miss: bool,
    pub(super) exit: Exit,
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
pub(super) enum Stage {
    Menu,
    Waiting,
    Ringing,
    Talking,
    Over,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Exit {
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

    pub(super) fn create(&mut self, now: i64, customer: Option<u64>) -> u32 {
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
            let home =
                if customer.is_some_and(|it| it.is_multiple_of(FAR_AWAY)) { FAR } else { self.profile.zone.name() };
            let zone = customer.map(|_| home);
            let draft = self.contact_event(now, contact, "contact.started").text("channel", channel);
            self.emit(draft.maybe("customer_zone", zone).end());
            let menu = self.chance.span(self.profile.menu_seconds);
            self.agenda.add(now + menu, Action::MenuEnd(contact));
        } else {
            self.leave_menu(now, contact);
        }
        if self.chance.happens(self.profile.outbound) {
            self.call_out(now);
        }
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
