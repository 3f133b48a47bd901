//! Reps: shifts, breaks, who is free, and who gets the next contact.

use super::agenda::Action;
use super::calendar::{Pause, Shift};
use super::centre::Simulation;
use super::contacts::ContactId;
use super::profile::Profile;
use super::random::Chance;
use crate::domain::time::{DAY, MINUTE, next_date};
use chrono::Datelike;
use std::collections::VecDeque;

/// Chance that a training ends with a certificate, what it may be, and how long it holds.
const CERTIFIED: f64 = 0.3;
const CERTIFICATES: [&str; 3] = ["phone", "data-protection", "products"];
const HOLDS: i64 = 365 * DAY;

/// One rep at work.
pub(super) struct Rep {
    pub(super) group: u32,
    /// Factor on talk and wrap times: below 1 is faster than average.
    pub(super) pace: f64,
    /// Factor on the chance to resolve, and on ratings.
    pub(super) quality: f64,
    /// The contact being wrapped up, and the queue it came from.
    pub(super) wrapping: (u32, Option<u32>),
    /// The inbound contact that was over last.
    pub(super) handled: Option<ContactId>,
    status: Status,
    shift_over: bool,
    pause_due: Option<Pause>,
    /// Marks the rep's present place in the line of free reps; older places are stale.
    token: u32,
    states: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Status {
    Off,
    Free,
    Busy,
    Paused,
}

/// The reps of some teams, and the contacts that wait for them.
#[derive(Default)]
pub(super) struct Group {
    /// Contacts in order of arrival, each with the token of its stay.
    pub(super) waiting: VecDeque<(u32, u32)>,
    /// Free reps, the longest idle first, each with a token.
    free: VecDeque<(u32, u32)>,
}

impl Rep {
    pub(super) fn new(profile: &Profile, group: u32, chance: &mut Chance) -> Rep {
        let pace = chance.lognormal(profile.skill_spread);
        let quality = chance.lognormal(profile.skill_spread / 2.0);
        Rep {
            group,
            pace,
            quality,
            wrapping: (0, None),
            handled: None,
            status: Status::Off,
            shift_over: false,
            pause_due: None,
            token: 0,
            states: 0,
        }
    }

    fn is_free(&self, token: u32) -> bool {
        self.status == Status::Free && self.token == token
    }
}

impl Simulation {
    /// Enters the shifts of the local day that `now` is in, and the next day.
    pub(super) fn plan_day(&mut self, now: i64) {
        if self.profile.steady {
            for rep in 0..self.shape.reps() {
                self.begin_shift(now, rep);
            }
            return;
        }
        let date = self.calendar.date(now);
        for rep in 0..self.shape.reps() {
            let (team, place) = self.shape.team_of_rep(rep);
            // The last team may be small, so teams begin at different places of the pattern.
            let Some(shift) = self.calendar.shift(place + team * 3, date).filter(|shift| now < shift.to) else {
                continue;
            };
            self.agenda.add(shift.from.max(now), Action::ShiftBegin(rep));
            self.agenda.add(shift.to, Action::ShiftEnd(rep));
            for (due, pause) in shift.pauses.iter().copied().filter(|(due, _)| now < *due) {
                self.agenda.add(due, Action::PauseBegin { rep, pause });
            }
            if self.chance.happens(self.profile.reviews) {
                let left = shift.to - now.max(shift.from);
                let time = shift.to - self.chance.below(left.unsigned_abs()) as i64;
                self.agenda.add(time, Action::Review(rep));
            }
            self.tell_shift(now, rep, &shift);
        }
        let is_new_month = date.day() == 1;
        if is_new_month || now == self.start() {
            self.report_shoppers(now, date);
        }
        self.agenda.add(self.calendar.midnight(next_date(date)), Action::Day);
    }

    pub(super) fn begin_shift(&mut self, now: i64, rep: u32) {
        let person = &mut self.reps[rep as usize];
        person.shift_over = false;
        person.pause_due = None;
        // Whoever is still busy from the shift before is released into this one.
        if person.status == Status::Off {
            self.release(now, rep);
        }
    }

    pub(super) fn end_shift(&mut self, now: i64, rep: u32) {
        let person = &mut self.reps[rep as usize];
        person.shift_over = true;
        if person.status != Status::Busy {
            person.status = Status::Off;
            self.tell_state(now, rep, "offline");
        }
    }

    pub(super) fn begin_pause(&mut self, now: i64, rep: u32, pause: Pause) {
        let person = &mut self.reps[rep as usize];
        person.pause_due = Some(pause);
        if person.status == Status::Free {
            self.release(now, rep);
        }
    }

    pub(super) fn end_pause(&mut self, now: i64, rep: u32, pause: Pause) {
        if self.reps[rep as usize].status != Status::Paused {
            return;
        }
        match pause {
            Pause::Coaching => self.tell_coaching(now, rep),
            Pause::Training if self.chance.happens(CERTIFIED) => self.tell_certificate(now, rep),
            Pause::Training | Pause::Break => {}
        }
        self.release(now, rep);
    }

    /// A rep is done with whatever it was: goes home, takes the pause that is due, or is free for the next contact.
    pub(super) fn release(&mut self, now: i64, rep: u32) {
        let person = &mut self.reps[rep as usize];
        if person.shift_over {
            person.status = Status::Off;
            return self.tell_state(now, rep, "offline");
        }
        if let Some(pause) = person.pause_due.take() {
            person.status = Status::Paused;
            self.agenda.add(now + pause.minutes() * MINUTE, Action::PauseEnd { rep, pause });
            return self.tell_state(now, rep, pause.state());
        }
        person.status = Status::Free;
        let group = person.group;
        self.tell_state(now, rep, "available");
        if let Some(contact) = self.next_waiting(group) {
            self.reps[rep as usize].status = Status::Busy;
            return self.offer(now, contact, rep);
        }
        let token = self.token();
        self.reps[rep as usize].token = token;
        let free = &mut self.groups[group as usize].free;
        // Places of reps who went home are stale; without this a line that nobody calls would only grow.
        while free.front().is_some_and(|(other, token)| !self.reps[*other as usize].is_free(*token)) {
            free.pop_front();
        }
        free.push_back((rep, token));
    }

    /// The longest idle rep of `group`, who is busy from now on.
    pub(super) fn take_rep(&mut self, group: u32) -> Option<u32> {
        while let Some((rep, token)) = self.groups[group as usize].free.pop_front() {
            let person = &mut self.reps[rep as usize];
            if person.is_free(token) {
                person.status = Status::Busy;
                return Some(rep);
            }
        }
        None
    }

    /// The contact that has waited longest for `group`.
    fn next_waiting(&mut self, group: u32) -> Option<u32> {
        while let Some((contact, token)) = self.groups[group as usize].waiting.pop_front() {
            if self.contacts[contact].waits(token) {
                return Some(contact);
            }
        }
        None
    }

    /// A rep of `group` who is on duty, if a few tries find one: tickets are worked on between calls.
    pub(super) fn rep_on_duty(&mut self, group: u32) -> Option<u32> {
        (0..64).find_map(|_| {
            let rep = self.chance.below(u64::from(self.shape.reps())) as u32;
            let person = &self.reps[rep as usize];
            let fits = person.status != Status::Off && person.group == group;
            fits.then_some(rep)
        })
    }

    /// Sends `rep.state`, if that is asked for.
    pub(super) fn tell_state(&mut self, now: i64, rep: u32, state: &str) {
        if !self.profile.rep_states {
            return;
        }
        let person = &mut self.reps[rep as usize];
        person.states += 1;
        let id = &self.rep_ids[rep as usize];
        self.record.clear();
        self.record.push_str("state-");
        self.record.push_str(id);
        let draft = self.writer.begin("rep.state", &self.record, person.states, now, id);
        let emitted = draft.text("rep", id).text("state", state).end();
        self.emit(emitted);
    }

    /// Sends `shift.planned`, if states are asked for.
    fn tell_shift(&mut self, now: i64, rep: u32, shift: &Shift) {
        if !self.profile.rep_states {
            return;
        }
        self.name_record("shift-");
        // Of a shift under way the part that is joined: nobody tells of the rest.
        let (from, to) = (self.writer.time(shift.from.max(now)), self.writer.time(shift.to));
        let id = &self.rep_ids[rep as usize];
        let draft = self.writer.begin("shift.planned", &self.record, 1, now, id).text("shift", &self.record);
        let draft = draft.text("rep", id).text("from", &from).text("to", &to);
        self.emit(draft.text("activity", "available").end());
    }

    fn tell_coaching(&mut self, now: i64, rep: u32) {
        self.name_record("coaching-");
        let id = &self.rep_ids[rep as usize];
        let draft = self.writer.begin("coaching.session", &self.record, 1, now, id);
        let emitted = draft.text("rep", id).text("plan", "weekly").end();
        self.emit(emitted);
    }

    fn tell_certificate(&mut self, now: i64, rep: u32) {
        self.name_record("certificate-");
        let certificate = CERTIFICATES[self.chance.index(CERTIFICATES.len())];
        let expires = self.writer.time(now + HOLDS);
        let id = &self.rep_ids[rep as usize];
        let draft = self.writer.begin("certification.earned", &self.record, 1, now, id);
        let draft = draft.text("rep", id).text("certification", certificate);
        self.emit(draft.text("expires", &expires).end());
    }
}
