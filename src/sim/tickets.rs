//! Tickets: created, assigned, answered to and fro, solved, reopened, closed; a few merged or deleted. They take days.

use super::agenda::Action;
use super::centre::{ISSUES, Simulation};
use super::contacts::push_customer;
use super::surveys::About;
use super::wire::{Draft, push_number};
use crate::domain::time::{DAY, HOUR, MINUTE};

/// Mean times in seconds: until somebody takes it, until a reply, until others have done their part, until the customer
/// writes again.
const TAKE_SECONDS: f64 = 2400.0;
const REPLY_SECONDS: f64 = 5400.0;
const OTHERS_SECONDS: f64 = 14_400.0;
const CUSTOMER_SECONDS: f64 = 8.0 * 3600.0;
const REOPEN_SECONDS: f64 = 86_400.0;
/// From the last solve to closing.
const CLOSE_AFTER: i64 = 4 * DAY;
/// Chances: spam, merged into another, passed on instead of answered, solved with a reply, put on hold after one for what
/// others must do, reopened after a solve.
const SPAM: f64 = 0.01;
const MERGED: f64 = 0.01;
const PASSED_ON: f64 = 0.1;
const SOLVED: f64 = 0.55;
const ON_HOLD: f64 = 0.2;
const REOPENED: f64 = 0.08;

/// A ticket that is not closed.
pub(super) struct Ticket {
    number: u64,
    customer: Option<u64>,
    queue: u32,
    holder: Option<u32>,
    events: u32,
    messages: u32,
    next: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Take,
    Reply,
    CustomerWrites,
    Solve,
    Reopen,
    Close,
}

impl Simulation {
    pub(super) fn create_ticket(&mut self, now: i64) {
        let group = self.any_group();
        let queue = self.shape.any_queue(group, &mut self.chance);
        let customer = self.any_customer();
        let number = self.number();
        self.last_ticket = number;
        let ticket = self.tickets.insert(Ticket {
            number,
            customer,
            queue,
            holder: None,
            events: 0,
            messages: 0,
            next: Step::Take,
        });
        let issue = ISSUES[self.chance.index(ISSUES.len())];
        let channel = if self.chance.happens(0.3) { "web" } else { "email" };
        let priority = ["low", "normal", "normal", "normal", "high", "urgent"][self.chance.index(6)];
        let draft = self.ticket_event(now, ticket, "ticket.created").text("channel", channel);
        let draft = draft.text("queue", &self.queue_ids[queue as usize]).text("issue", issue);
        self.emit(draft.text("priority", priority).end());
        self.write_message(now, ticket, "customer");
        self.plan(now, ticket, Step::Take, TAKE_SECONDS);
    }

    pub(super) fn step_ticket(&mut self, now: i64, ticket: u32) {
        match self.tickets[ticket].next {
            Step::Take => self.take_ticket(now, ticket),
            Step::Reply => self.reply(now, ticket),
            Step::CustomerWrites | Step::Reopen => {
                self.write_message(now, ticket, "customer");
                self.set_status(now, ticket, "open");
                self.plan(now, ticket, Step::Reply, REPLY_SECONDS);
            }
            Step::Solve => self.solve(now, ticket),
            Step::Close => {
                self.set_status(now, ticket, "closed");
                self.tickets.remove(ticket);
            }
        }
    }

    /// Somebody on duty takes it; some turn out to be spam or to belong to another ticket.
    fn take_ticket(&mut self, now: i64, ticket: u32) {
        if self.chance.happens(SPAM) {
            let draft = self.ticket_event(now, ticket, "ticket.deleted").text("reason", "spam");
            self.emit(draft.end());
            return self.tickets.remove(ticket);
        }
        let into = self.last_ticket;
        if self.chance.happens(MERGED) && self.tickets[ticket].number != into {
            let into = format!("t-{into}");
            let draft = self.ticket_event(now, ticket, "ticket.merged").text("into", &into);
            self.emit(draft.end());
            return self.tickets.remove(ticket);
        }
        let group = self.shape.group_of_queue(self.tickets[ticket].queue);
        let Some(rep) = self.rep_on_duty(group) else {
            return self.plan_at(now + HOUR, ticket, Step::Take);
        };
        self.tickets[ticket].holder = Some(rep);
        let draft = self.ticket_event(now, ticket, "ticket.assigned").text("rep", &self.rep_ids[rep as usize]);
        let queue = self.tickets[ticket].queue;
        let emitted = draft.text("queue", &self.queue_ids[queue as usize]).end();
        self.emit(emitted);
        self.plan(now, ticket, Step::Reply, REPLY_SECONDS);
    }

    fn reply(&mut self, now: i64, ticket: u32) {
        if self.chance.happens(PASSED_ON) {
            let group = self.any_group();
            let queue = self.shape.any_queue(group, &mut self.chance);
            self.tickets[ticket].queue = queue;
            self.tickets[ticket].holder = None;
            let draft = self.ticket_event(now, ticket, "ticket.assigned").null("rep");
            let emitted = draft.text("queue", &self.queue_ids[queue as usize]).end();
            self.emit(emitted);
            return self.plan(now, ticket, Step::Take, TAKE_SECONDS);
        }
        self.write_message(now, ticket, "rep");
        if self.chance.happens(SOLVED) {
            return self.plan_at(now + 2000, ticket, Step::Solve);
        }
        if self.chance.happens(ON_HOLD) {
            self.set_status(now, ticket, "on_hold");
            return self.plan(now, ticket, Step::Reply, OTHERS_SECONDS);
        }
        self.set_status(now, ticket, "pending");
        let later = now + MINUTE + self.chance.span(CUSTOMER_SECONDS);
        self.plan_at(later, ticket, Step::CustomerWrites);
    }

    fn solve(&mut self, now: i64, ticket: u32) {
        self.set_status(now, ticket, "solved");
        if self.chance.happens(self.profile.surveys) {
            let of = &self.tickets[ticket];
            let quality = of.holder.map_or(1.0, |rep| self.reps[rep as usize].quality);
            let (about, customer) = (About::Ticket(of.number), of.customer);
            self.offer_survey(now, about, customer, quality, true);
        }
        if self.chance.happens(REOPENED) {
            let later = now + HOUR + self.chance.span(REOPEN_SECONDS).min(CLOSE_AFTER - 2 * HOUR);
            return self.plan_at(later, ticket, Step::Reopen);
        }
        self.plan_at(now + CLOSE_AFTER, ticket, Step::Close);
    }

    /// The next step, done by a rep: after a span, when the lines are open.
    fn plan(&mut self, now: i64, ticket: u32, step: Step, mean_seconds: f64) {
        let later = now + 1000 + self.chance.span(mean_seconds);
        let open = self.calendar.when_open(later, &mut self.chance);
        self.plan_at(open, ticket, step);
    }

    fn plan_at(&mut self, time: i64, ticket: u32, step: Step) {
        self.tickets[ticket].next = step;
        self.agenda.add(time, Action::Ticket(ticket));
    }

    fn set_status(&mut self, now: i64, ticket: u32, status: &str) {
        let mut draft = self.ticket_event(now, ticket, "ticket.status").text("status", status);
        if let Some(rep) = self.tickets[ticket].holder {
            draft = draft.text("rep", &self.rep_ids[rep as usize]);
        }
        self.emit(draft.end());
    }

    fn write_message(&mut self, now: i64, ticket: u32, author: &str) {
        let of = &mut self.tickets[ticket];
        of.messages += 1;
        let (message, holder) = (u64::from(of.messages), of.holder);
        let mut draft = self.ticket_event(now, ticket, "ticket.message").number("message", message);
        draft = draft.text("author", author);
        if let Some(rep) = holder {
            draft = draft.text("rep", &self.rep_ids[rep as usize]);
        }
        self.emit(draft.end());
    }

    fn ticket_event(&mut self, now: i64, ticket: u32, what: &str) -> Draft {
        let of = &mut self.tickets[ticket];
        of.events += 1;
        self.record.clear();
        self.record.push_str("t-");
        push_number(&mut self.record, of.number);
        self.key.clear();
        match of.customer {
            Some(customer) => push_customer(&mut self.key, customer),
            None => self.key.push_str(&self.record),
        }
        let draft = self.writer.begin(what, &self.record, of.events, now, &self.key).text("ticket", &self.record);
        if of.customer.is_some() { draft.text("customer", &self.key) } else { draft }
    }
}
