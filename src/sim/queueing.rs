//! From the menu to the answer: queues, patience, rings, and who leaves before.

use super::agenda::Action;
use super::centre::{ISSUES, Simulation};
use super::contacts::{Exit, Stage};
use crate::domain::time::MINUTE;

/// Share of those who would leave the queue who ask for a callback; the others leave a voicemail.
const CALLBACKS: f64 = 0.6;
/// Mean wait before they do, in seconds.
const EXIT_SECONDS: f64 = 90.0;
/// Mean time until a customer who gave up tries again, in seconds.
const REDIAL_SECONDS: f64 = 900.0;
/// How long a missed ring lasts, and how long the rep who missed it is away after it.
const MISSED_RING: i64 = 20_000;
const AWAY: i64 = 30_000;

impl Simulation {
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

    pub(super) fn group_of(&self, contact: u32) -> u32 {
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
}
