//! Reps: shifts, breaks, who is free, and who gets the next contact.

use super::agenda::Action;
use super::centre::Simulation;
use super::profile::Profile;
use super::random::Chance;
use crate::domain::time::next_date;
use std::collections::VecDeque;

/// One rep at work.
pub(super) struct Rep {
    pub(super) group: u32,
    /// Factor on talk and wrap times: below 1 is faster than average.
    pub(super) pace: f64,
    /// Factor on the chance to resolve, and on ratings.
    pub(super) quality: f64,
    /// The contact being wrapped up, and the queue it came from.
    pub(super) wrapping: (u32, Option<u32>),
    status: Status,
    shift_over: bool,
    pause_due: bool,
    /// Length of the break that is due.
    pause: i64,
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
            status: Status::Off,
            shift_over: false,
            pause_due: false,
            pause: 0,
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
            if now < shift.pause_from {
                self.reps[rep as usize].pause = shift.pause_to - shift.pause_from;
                self.agenda.add(shift.pause_from, Action::PauseBegin(rep));
            }
        }
        self.agenda.add(self.calendar.midnight(next_date(date)), Action::Day);
    }

    pub(super) fn begin_shift(&mut self, now: i64, rep: u32) {
        let person = &mut self.reps[rep as usize];
        person.shift_over = false;
        person.pause_due = false;
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

    pub(super) fn begin_pause(&mut self, now: i64, rep: u32) {
        let person = &mut self.reps[rep as usize];
        person.pause_due = true;
        if person.status == Status::Free {
            self.release(now, rep);
        }
    }

    pub(super) fn end_pause(&mut self, now: i64, rep: u32) {
        if self.reps[rep as usize].status == Status::Paused {
            self.release(now, rep);
        }
    }

    /// A rep is done with whatever it was: goes home, takes the break that is due, or is free for the next contact.
    pub(super) fn release(&mut self, now: i64, rep: u32) {
        let person = &mut self.reps[rep as usize];
        if person.shift_over {
            person.status = Status::Off;
            return self.tell_state(now, rep, "offline");
        }
        if std::mem::take(&mut person.pause_due) {
            person.status = Status::Paused;
            self.agenda.add(now + person.pause, Action::PauseEnd(rep));
            return self.tell_state(now, rep, "break");
        }
        person.status = Status::Free;
        let group = person.group;
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
        self.tell_state(now, rep, "available");
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
}
