//! Outbound contacts: promised callbacks, and reps with time to spare who call customers.

use super::agenda::Action;
use super::centre::Simulation;
use super::contacts::{ContactId, Stage};
use crate::domain::time::{HOUR, MINUTE};

/// Mean ring at the customer's end of an outbound call, in seconds, and the chance that nobody answers there.
const DIAL_SECONDS: f64 = 12.0;
const NOBODY_HOME: f64 = 0.25;

impl Simulation {
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
    pub(super) fn call_out(&mut self, now: i64) {
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
}
