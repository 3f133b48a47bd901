//! The simulation itself: its state, and what happens when something is due.

use super::Emitted;
use super::agenda::{Action, Agenda, Slots};
use super::calendar::{Arrivals, Calendar};
use super::company::{Shape, queue_id, rep_id};
use super::contacts::Contact;
use super::people::{Group, Rep};
use super::profile::Profile;
use super::random::Chance;
use super::surveys::Survey;
use super::tickets::Ticket;
use super::wire::{Writer, push_number};
use crate::domain::time::HOUR;
use chrono::Days;
use std::collections::VecDeque;

/// Issue types of contacts and tickets.
pub(super) const ISSUES: [&str; 6] = ["invoice", "delivery", "login", "order", "fault", "contract"];

/// A contact centre at work: an iterator over what its systems send, in order of time. The same profile and seed give
/// the same bytes.
pub struct Simulation {
    pub(super) profile: Profile,
    pub(super) shape: Shape,
    pub(super) calendar: Calendar,
    pub(super) chance: Chance,
    pub(super) agenda: Agenda,
    pub(super) writer: Writer,
    pub(super) queue_ids: Vec<String>,
    pub(super) rep_ids: Vec<String>,
    pub(super) contacts: Slots<Contact>,
    pub(super) tickets: Slots<Ticket>,
    pub(super) surveys: Slots<Survey>,
    pub(super) reps: Vec<Rep>,
    pub(super) groups: Vec<Group>,
    pub(super) customer_pool: u64,
    arrivals: Arrivals,
    ticket_arrivals: Arrivals,
    /// The ticket created last, into which others are merged.
    pub(super) last_ticket: u64,
    out: VecDeque<Emitted>,
    start: i64,
    end: i64,
    numbers: u64,
    tokens: u32,
    // Ids under construction; kept to spare an allocation for each event.
    pub(super) record: String,
    pub(super) key: String,
}

impl Simulation {
    /// A simulation that has not begun.
    pub fn new(profile: Profile, seed: u64) -> Simulation {
        let shape = Shape::of(&profile);
        let calendar = Calendar::new(&profile);
        let start = calendar.midnight(profile.start) + i64::from(profile.start_hour.min(23)) * HOUR;
        let last = profile.days.and_then(|days| profile.start.checked_add_days(Days::new(u64::from(days))));
        let end = last.map_or(i64::MAX, |date| calendar.midnight(date));
        let per_day = profile.daily_contacts();
        // People have a stream of their own: the same seed gives the same staff however busy they are.
        let mut staff = Chance::new(seed, 1);
        let reps = (0..shape.reps()).map(|rep| Rep::new(&profile, shape.group_of_rep(rep), &mut staff)).collect();
        let mut simulation = Simulation {
            shape,
            calendar,
            chance: Chance::new(seed, 0),
            agenda: Agenda::default(),
            writer: Writer::new(&profile.source),
            queue_ids: (0..profile.queues.max(1)).map(queue_id).collect(),
            rep_ids: (0..shape.reps()).map(rep_id).collect(),
            contacts: Slots::new(),
            tickets: Slots::new(),
            surveys: Slots::new(),
            reps,
            groups: (0..shape.groups()).map(|_| Group::default()).collect(),
            customer_pool: profile.customer_pool(),
            arrivals: Arrivals::new(calendar, per_day, start),
            ticket_arrivals: Arrivals::new(calendar, per_day * profile.tickets, start),
            last_ticket: 0,
            out: VecDeque::new(),
            start,
            end,
            numbers: 0,
            tokens: 0,
            record: String::new(),
            key: String::new(),
            profile,
        };
        simulation.agenda.add(start, Action::Day);
        if !simulation.profile.steady {
            simulation.agenda.add(start, Action::Report);
        }
        simulation.next_arrival();
        simulation.next_ticket_arrival();
        simulation
    }

    /// The moment it begins, milliseconds since 1970.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// The moment from which on nothing is emitted, milliseconds since 1970; `i64::MAX` if there is none.
    pub fn end(&self) -> i64 {
        self.end
    }

    fn happen(&mut self, now: i64, action: Action) {
        match action {
            Action::Day => self.plan_day(now),
            Action::Arrival => {
                self.arrive(now, None);
                self.next_arrival();
            }
            Action::TicketArrival => {
                self.create_ticket(now);
                self.next_ticket_arrival();
            }
            Action::Return(customer) => self.arrive(now, Some(customer)),
            Action::MenuEnd(contact) => self.leave_menu(now, contact),
            Action::PatienceEnd { contact, token } => self.end_patience(now, contact, token),
            Action::RingEnd { contact, token } => self.end_ring(now, contact, token),
            Action::HoldBegin(contact) => self.begin_hold(now, contact),
            Action::HoldEnd(contact) => self.end_hold(now, contact),
            Action::Message(contact) => self.chat(now, contact),
            Action::TalkEnd(contact) => self.end_talk(now, contact),
            Action::CallBack(contact) => self.call_back(now, contact),
            Action::WrapEnd(rep) => self.end_wrap(now, rep),
            Action::Ready(rep) => self.release(now, rep),
            Action::ShiftBegin(rep) => self.begin_shift(now, rep),
            Action::ShiftEnd(rep) => self.end_shift(now, rep),
            Action::PauseBegin { rep, pause } => self.begin_pause(now, rep, pause),
            Action::PauseEnd { rep, pause } => self.end_pause(now, rep, pause),
            Action::Review(rep) => self.review(now, rep),
            Action::Report => self.report_orders(now),
            Action::Ticket(ticket) => self.step_ticket(now, ticket),
            Action::Survey(survey) => self.step_survey(now, survey),
        }
    }

    fn next_arrival(&mut self) {
        if let Some(time) = self.arrivals.next(self.end, &mut self.chance) {
            self.agenda.add(time, Action::Arrival);
        }
    }

    fn next_ticket_arrival(&mut self) {
        if let Some(time) = self.ticket_arrivals.next(self.end, &mut self.chance) {
            self.agenda.add(time, Action::TicketArrival);
        }
    }

    pub(super) fn emit(&mut self, emitted: Emitted) {
        self.out.push_back(emitted);
    }

    /// A number no record had before.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Names a record as none was before: `prefix` and a number.
    pub(super) fn name_record(&mut self, prefix: &str) {
        let number = self.number();
        self.record.clear();
        self.record.push_str(prefix);
        push_number(&mut self.record, number);
    }

    /// A token no stay or ring had before (within four thousand million).
    pub(super) fn token(&mut self) -> u32 {
        self.tokens = self.tokens.wrapping_add(1);
        self.tokens
    }

    /// A group, by the share of reps in it: so every group is about equally busy.
    pub(super) fn any_group(&mut self) -> u32 {
        self.shape.group_of_rep(self.chance.below(u64::from(self.shape.reps())) as u32)
    }

    /// A customer of the pool, or nobody.
    pub(super) fn any_customer(&mut self) -> Option<u64> {
        if self.chance.happens(self.profile.anonymous) {
            return None;
        }
        Some(self.chance.below(self.customer_pool))
    }
}

impl Iterator for Simulation {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
        loop {
            if let Some(emitted) = self.out.pop_front() {
                return Some(emitted);
            }
            let (time, action) = self.agenda.next()?;
            if time >= self.end {
                return None;
            }
            self.happen(time, action);
        }
    }
}
