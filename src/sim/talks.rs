//! Contacts from the answer on: talk, hold, chat messages, transfers, after-contact work.

use super::agenda::Action;
use super::centre::Simulation;
use super::profile::Service;
use super::surveys::About;

/// Mean time between the messages of a chat, in seconds.
const MESSAGE_SECONDS: f64 = 40.0;
/// Talks shorter than this are not put on hold.
const SHORTEST_HELD: i64 = 20_000;
/// Mean time until a customer whose matter was not resolved comes back, in seconds.
const RETURN_SECONDS: f64 = 1.5 * 86_400.0;
/// How contacts are passed on; a consultation asks a colleague and passes nothing on.
const TRANSFERS: [&str; 6] = ["queue", "queue", "queue", "blind", "attended", "consult"];
/// Chances: nobody takes it; it was needed; it was not, as the exchange says.
const FAILED: f64 = 0.05;
const NEEDED: f64 = 0.6;
const UNNEEDED: f64 = 0.25;

impl Simulation {
    /// Draws how long the talk will be and what happens in it.
    pub(super) fn begin_talk(&mut self, now: i64, contact: u32) {
        let spread = match self.profile.service {
            Service::Exponential => self.chance.exponential(),
            Service::Lognormal(sigma) => self.chance.lognormal(sigma),
        };
        let held = self.chance.happens(self.profile.holds);
        let of = &mut self.contacts[contact];
        let pace = self.reps[of.rep as usize].pace;
        let length = (self.profile.talk_seconds * 1000.0 * spread * pace).round() as i64;
        of.answered = now;
        of.talk_end = now + length;
        of.hold = 0;
        of.holds = 0;
        let chat = of.chat;
        let rep = of.rep;
        self.agenda.add(now + length, Action::TalkEnd(contact));
        if chat {
            self.next_message(now, contact);
        } else if held && length > SHORTEST_HELD {
            let begin = (length as f64 * (0.1 + 0.4 * self.chance.unit())) as i64;
            self.agenda.add(now + begin, Action::HoldBegin(contact));
        }
        self.tell_state(now, rep, "on_contact");
    }

    pub(super) fn begin_hold(&mut self, now: i64, contact: u32) {
        let of = &mut self.contacts[contact];
        of.hold_begin = now;
        of.holds += 1;
        // At most four fifths of the talk that is left, so that the hold ends first.
        let left = (of.talk_end - now) as f64;
        let emitted = self.rep_event(now, contact, "contact.held").end();
        self.emit(emitted);
        let length = (left * (0.1 + 0.7 * self.chance.unit())) as i64;
        self.agenda.add(now + length, Action::HoldEnd(contact));
    }

    pub(super) fn end_hold(&mut self, now: i64, contact: u32) {
        let of = &mut self.contacts[contact];
        of.hold += now - of.hold_begin;
        let emitted = self.rep_event(now, contact, "contact.retrieved").end();
        self.emit(emitted);
    }

    /// Customer and rep write in turn until the chat is over.
    pub(super) fn chat(&mut self, now: i64, contact: u32) {
        let of = &mut self.contacts[contact];
        of.messages += 1;
        let message = of.messages;
        let by_rep = message.is_multiple_of(2);
        let draft = if by_rep {
            self.rep_event(now, contact, "contact.message").text("author", "rep")
        } else {
            self.contact_event(now, contact, "contact.message").text("author", "customer")
        };
        self.emit(draft.number("message", u64::from(message)).end());
        self.next_message(now, contact);
    }

    fn next_message(&mut self, now: i64, contact: u32) {
        let next = now + 1000 + self.chance.span(MESSAGE_SECONDS);
        // After the talk's end the slot may have another user.
        if next < self.contacts[contact].talk_end {
            self.agenda.add(next, Action::Message(contact));
        }
    }

    pub(super) fn end_talk(&mut self, now: i64, contact: u32) {
        let transfers = self.profile.queues > 1 && !self.contacts[contact].transferred;
        let (rep, queue) = (self.contacts[contact].rep, self.contacts[contact].queue);
        if self.profile.wrap_seconds > 0.0 {
            self.contacts[contact].users += 1;
        }
        if transfers
            && let Some(from) = self.contacts[contact].queue
            && self.chance.happens(self.profile.transfers)
            && let Some(to) = self.pass_on(now, contact, from)
        {
            self.contacts[contact].transferred = true;
            self.end_handling(now, contact, "rep");
            self.enter_queue(now, contact, to);
        } else {
            self.finish(now, contact);
        }
        if self.profile.wrap_seconds > 0.0 {
            let person = &mut self.reps[rep as usize];
            person.wrapping = (contact, queue);
            let work = self.chance.span(self.profile.wrap_seconds * person.pace);
            self.agenda.add(now + work, Action::WrapEnd(rep));
            self.tell_state(now, rep, "wrap_up");
        } else {
            self.release(now, rep);
        }
    }

    /// The rep passes the contact on; the queue in which it will wait, if that is how it ends.
    fn pass_on(&mut self, now: i64, contact: u32, from: u32) -> Option<u32> {
        let others = self.profile.queues - 1;
        let to = (from + 1 + self.chance.below(u64::from(others)) as u32) % self.profile.queues;
        let kind = TRANSFERS[self.chance.index(TRANSFERS.len())];
        let failed = self.chance.happens(FAILED);
        let why = self.chance.unit();
        let result = if failed { "failed" } else { "completed" };
        let mut draft = self.rep_event(now, contact, "contact.transferred").text("kind", kind);
        draft = draft.text("result", result).text("to_queue", &self.queue_ids[to as usize]);
        if why < NEEDED + UNNEEDED {
            draft = draft.flag("needed", why < NEEDED);
        }
        self.emit(draft.end());
        (!failed && kind != "consult").then_some(to)
    }

    /// The talk was the last one: was the matter resolved, and what comes of it?
    fn finish(&mut self, now: i64, contact: u32) {
        let of = &self.contacts[contact];
        let (rep, customer, outbound) = (of.rep, of.customer, of.outbound);
        let quality = self.reps[rep as usize].quality;
        let resolved = self.chance.happens((self.profile.resolved * quality).min(0.98));
        self.contacts[contact].resolved = resolved;
        let ended_by = if self.chance.happens(0.7) { "customer" } else { "rep" };
        self.end_handling(now, contact, ended_by);
        if !outbound {
            self.reps[rep as usize].handled = Some(self.contacts[contact].id);
            if !resolved && self.chance.happens(self.profile.complaints) {
                self.complain(now, contact);
            }
            if let Some(customer) = customer.filter(|_| !resolved && self.chance.happens(self.profile.returns)) {
                let later = now + self.chance.span(RETURN_SECONDS);
                self.come_back(later, customer);
            }
            if self.chance.happens(self.profile.surveys) {
                let about = About::Contact(self.contacts[contact].id);
                self.offer_survey(now, about, customer, quality, resolved);
            }
        }
        self.drop_contact(contact);
    }

    fn end_handling(&mut self, now: i64, contact: u32, ended_by: &str) {
        let of = &self.contacts[contact];
        let (talk, hold, holds) = (now - of.answered - of.hold, of.hold, of.holds);
        let draft = self.rep_event(now, contact, "contact.ended").text("ended_by", ended_by);
        self.emit(draft.seconds("talk", talk).seconds("hold", hold).number("holds", u64::from(holds)).end());
    }

    /// After-contact work is done. The contact itself may wait in another queue by now.
    pub(super) fn end_wrap(&mut self, now: i64, rep: u32) {
        let (contact, queue) = self.reps[rep as usize].wrapping;
        let of = &mut self.contacts[contact];
        // What a transferred contact says now is about its new queue and rep; this event is about this rep's work.
        let now_in = std::mem::replace(&mut of.queue, queue);
        let now_with = std::mem::replace(&mut of.rep, rep);
        let resolved = of.resolved;
        let disposition = if resolved { "resolved" } else { "follow_up" };
        let draft = self.rep_event(now, contact, "contact.wrapped");
        self.emit(draft.text("disposition", disposition).flag("resolved", resolved).end());
        let of = &mut self.contacts[contact];
        of.queue = now_in;
        of.rep = now_with;
        self.drop_contact(contact);
        self.release(now, rep);
    }
}
