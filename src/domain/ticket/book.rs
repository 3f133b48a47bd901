//! What a ticket books of its life: replies, solves, and the time between them on both clocks.

use super::facts::{Created, Facts, Place, Solve};
use crate::domain::booking::Credit;
use crate::domain::contribution::Draft;
use crate::domain::event::TicketStatus;
use crate::domain::measure::threshold_number;
use crate::domain::quantity::Quantity as Q;
use crate::domain::schedule::BusinessClock;
use crate::domain::scope::Path;
use crate::domain::settings::BusinessHours;
use crate::domain::time::{Instant, Span};
use std::sync::Arc;

/// What books a duration: its sums on the calendar clock and on the business clock, and how often it was taken.
struct Duration {
    sums: [Q; 2],
    known: Q,
    /// Distributions on both clocks.
    times: [Q; 2],
}

/// What books how often something came in time: how often it had to, and how often it did, on both clocks.
struct Thresholds {
    due: [Q; 2],
    within: [Q; 2],
}

const FIRST_RESPONSE: Duration = Duration {
    sums: [Q::FirstResponseTime, Q::FirstResponseBusinessTime],
    known: Q::FirstResponses,
    times: [Q::FirstResponseTimes, Q::FirstResponseBusinessTimes],
};
const NEXT_RESPONSE: Duration = Duration {
    sums: [Q::NextResponseTime, Q::NextResponseBusinessTime],
    known: Q::NextResponses,
    times: [Q::NextResponseTimes, Q::NextResponseBusinessTimes],
};
const FIRST_RESOLUTION: Duration = Duration {
    sums: [Q::FirstResolutionTime, Q::FirstResolutionBusinessTime],
    known: Q::FirstResolutions,
    times: [Q::FirstResolutionTimes, Q::FirstResolutionBusinessTimes],
};
const FULL_RESOLUTION: Duration = Duration {
    sums: [Q::FullResolutionTime, Q::FullResolutionBusinessTime],
    known: Q::FullResolutions,
    times: [Q::FullResolutionTimes, Q::FullResolutionBusinessTimes],
};
const FIRST_RESPONSE_WITHIN: Thresholds = Thresholds {
    due: [Q::FirstResponseDue, Q::FirstResponseBusinessDue],
    within: [Q::FirstResponseWithin, Q::FirstResponseBusinessWithin],
};
const NEXT_RESPONSE_WITHIN: Thresholds = Thresholds {
    due: [Q::NextResponseDue, Q::NextResponseBusinessDue],
    within: [Q::NextResponseWithin, Q::NextResponseBusinessWithin],
};
const FULL_RESOLUTION_WITHIN: Thresholds = Thresholds {
    due: [Q::FullResolutionDue, Q::FullResolutionBusinessDue],
    within: [Q::FullResolutionWithin, Q::FullResolutionBusinessWithin],
};
const FIRST_RESPONSE_TARGET: Thresholds = Thresholds {
    due: [Q::FirstResponseTargetDue, Q::FirstResponseBusinessTargetDue],
    within: [Q::FirstResponseTargetMet, Q::FirstResponseBusinessTargetMet],
};
const FULL_RESOLUTION_TARGET: Thresholds = Thresholds {
    due: [Q::FullResolutionTargetDue, Q::FullResolutionBusinessTargetDue],
    within: [Q::FullResolutionTargetMet, Q::FullResolutionBusinessTargetMet],
};

/// Books a ticket that is neither merged nor deleted.
pub(super) fn contribute(facts: &Facts, draft: &mut Draft<'_>) {
    let clock = clock_of(facts, draft);
    for (at, place) in &facts.reassignments {
        let path = queue_path(place, *at, draft);
        draft.ledger.book(&path, *at, Q::Reassignments, 1);
    }
    count_solves(facts, draft);
    if let Some((at, place)) = &facts.closed {
        let path = queue_path(place, *at, draft);
        draft.ledger.book(&path, *at, Q::TicketsClosed, 1);
    }
    if let Some(created) = &facts.created {
        let mut book = Book { facts, created, clock: &clock, draft };
        book.responses();
        book.resolutions();
        book.close();
    }
}

/// Counts where the ticket came into being.
pub(super) fn count_created(facts: &Facts, draft: &mut Draft<'_>) {
    if let Some(created) = &facts.created {
        let path = queue_path(&created.place, created.at, draft);
        draft.ledger.book(&path, created.at, Q::TicketsCreated, 1);
    }
}

/// Counts where the ticket was merged or deleted.
pub(super) fn count_gone(facts: &Facts, quantity: Q, draft: &mut Draft<'_>) {
    if let Some((at, place)) = &facts.gone {
        let path = queue_path(place, *at, draft);
        draft.ledger.book(&path, *at, quantity, 1);
    }
}

/// The opening hours of the places where it lay, one after the other, or of the last one as they were then, all the time.
fn clock_of<'a>(facts: &Facts, draft: &Draft<'a>) -> BusinessClock<'a> {
    let mut clock = BusinessClock::default();
    for (at, place) in &facts.places {
        clock.move_to(*at, draft.context.roster.timetable(place.queue.as_ref(), place.team.as_ref()));
    }
    let last = facts.places.last().map_or(Instant::MAX, |(at, _)| *at);
    match draft.context.settings.business_clock {
        BusinessHours::AllSchedules => clock,
        BusinessHours::LastSchedule => BusinessClock::of(clock.schedule_at(last)),
    }
}

pub(super) fn queue_path(place: &Place, at: Instant, draft: &Draft<'_>) -> Arc<Path> {
    draft.context.roster.queue_path(place.queue.as_ref(), place.team.as_ref(), at)
}

fn rep_path(by: &Credit, at: Instant, draft: &Draft<'_>) -> Arc<Path> {
    draft.context.roster.rep_path(by.rep.as_ref(), by.queue.as_ref(), by.team.as_ref(), at)
}

fn count_solves(facts: &Facts, draft: &mut Draft<'_>) {
    for solve in &facts.solves {
        let path = rep_path(&solve.by, solve.at, draft);
        draft.ledger.book(&path, solve.at, Q::TicketSolves, 1);
        if solve.undone {
            draft.ledger.book(&path, solve.at, Q::TicketsReopened, 1);
        }
    }
    let Some(last) = facts.solved() else { return };
    let path = rep_path(&last.by, last.at, draft);
    let mut book = |quantity, amount: usize| draft.ledger.book(&path, last.at, quantity, amount as i64);
    let (solves, replies, reassignments) = (facts.solves.len(), facts.replies().len(), facts.reassignments.len());
    book(Q::TicketsSolved, 1);
    book(Q::TicketsSolvedAgain, usize::from(solves > 1));
    book(Q::SolvedSolves, solves);
    book(Q::SolvedReplies, replies);
    book(Q::SolvedOneTouch, usize::from(replies == 1));
    book(Q::SolvedTwoTouch, usize::from(replies == 2));
    book(Q::SolvedReassignments, reassignments);
    book(Q::TicketsReassigned, usize::from(reassignments > 0));
    if is_fault(facts, draft) {
        let is_owned = facts.first_holder.is_some() && facts.first_holder == last.by.rep;
        draft.ledger.book(&path, last.at, Q::FaultsSolved, 1);
        draft.ledger.book(&path, last.at, Q::FaultsOwned, i64::from(is_owned));
    }
}

/// Where no issue types are named as faults, every ticket is one.
fn is_fault(facts: &Facts, draft: &Draft<'_>) -> bool {
    let faults = &draft.context.settings.fault_issues;
    faults.is_empty() || facts.issue.as_ref().is_some_and(|issue| faults.contains(issue))
}

/// Books what begins with the creation.
struct Book<'b, 'd> {
    facts: &'b Facts,
    created: &'b Created,
    clock: &'b BusinessClock<'d>,
    draft: &'b mut Draft<'d>,
}

impl Book<'_, '_> {
    fn responses(&mut self) {
        let settings = self.draft.context.settings;
        let Some((since, replies)) = self.facts.responses(self.created.at) else { return };
        let first = replies.first().map(|(at, _)| *at);
        if let Some((at, by)) = replies.first() {
            self.duration(&FIRST_RESPONSE, by, since, *at);
        }
        self.thresholds(&FIRST_RESPONSE_WITHIN, since, first, &settings.response_thresholds, |_| true);
        let target = settings.response_targets.of(self.created.priority);
        self.target(&FIRST_RESPONSE_TARGET, since, first, target);
        self.next_responses(&replies);
    }

    /// Every reply after the first one, from the oldest message of the customer since the reply before.
    fn next_responses(&mut self, replies: &[&(Instant, Credit)]) {
        let thresholds = &self.draft.context.settings.response_thresholds;
        let questions = self.facts.questions();
        let Some(mut answered) = replies.first().map(|(at, _)| *at) else { return };
        let oldest_since = |answered| questions.iter().copied().find(|asked| *asked > answered);
        for (at, by) in &replies[1..] {
            if let Some(asked) = oldest_since(answered).filter(|asked| asked <= at) {
                self.duration(&NEXT_RESPONSE, by, asked, *at);
                self.thresholds(&NEXT_RESPONSE_WITHIN, asked, Some(*at), thresholds, |_| true);
            }
            answered = *at;
        }
        if let Some(asked) = oldest_since(answered) {
            // Thanks that close a solved ticket wait for nobody.
            let facts = self.facts;
            self.thresholds(&NEXT_RESPONSE_WITHIN, asked, None, thresholds, |limit| !facts.is_done_at(limit));
        }
    }

    fn resolutions(&mut self) {
        let (created, settings) = (self.created.at, self.draft.context.settings);
        if let Some(first) = self.facts.solves.first() {
            self.duration(&FIRST_RESOLUTION, &first.by, created, first.at);
        }
        let solved = self.facts.solved();
        if let Some(last) = solved {
            self.duration(&FULL_RESOLUTION, &last.by, created, last.at);
            self.states(last);
        }
        let at = solved.map(|solve| solve.at);
        self.thresholds(&FULL_RESOLUTION_WITHIN, created, at, &settings.resolution_thresholds, |_| true);
        let target = settings.resolution_targets.of(self.created.priority);
        self.target(&FULL_RESOLUTION_TARGET, created, at, target);
    }

    /// How long it was in which state from its creation to its last solve.
    fn states(&mut self, last: &Solve) {
        let path = rep_path(&last.by, last.at, self.draft);
        let mut since = (self.created.at, TicketStatus::New);
        let ends = self.facts.statuses.iter().copied().chain([(last.at, TicketStatus::Solved)]);
        for (at, status) in ends {
            let (from, to) = (since.0, at.clamp(self.created.at, last.at.max(self.created.at)));
            let spent = [to.since(from), self.clock.open_between(from, to)];
            for sums in sums_of(since.1) {
                self.sums(&path, last.at, *sums, spent);
            }
            since = (to.max(from), status);
        }
        if is_fault(self.facts, self.draft) {
            let open = self.both(self.created.at, last.at.max(self.created.at));
            self.sums(&path, last.at, [Q::FaultOpenTime, Q::FaultOpenBusinessTime], open);
            self.draft.ledger.book(&path, last.at, Q::FaultOpenTimes, 1);
        }
    }

    fn close(&mut self) {
        let Some((at, place)) = &self.facts.closed else { return };
        let path = queue_path(place, *at, self.draft);
        let span = self.both(self.created.at, (*at).max(self.created.at));
        self.sums(&path, *at, [Q::TimeToClose, Q::BusinessTimeToClose], span);
        self.draft.ledger.book(&path, *at, Q::TimesToClose, 1);
    }

    /// A span on the calendar clock and on the business clock.
    fn both(&self, from: Instant, to: Instant) -> [Span; 2] {
        [to.since(from), self.clock.open_between(from, to)]
    }

    fn sums(&mut self, path: &Arc<Path>, at: Instant, sums: [Q; 2], spans: [Span; 2]) {
        for (sum, span) in sums.into_iter().zip(spans) {
            self.draft.ledger.book(path, at, sum, span.0);
        }
    }

    fn duration(&mut self, duration: &Duration, by: &Credit, from: Instant, to: Instant) {
        let path = rep_path(by, to, self.draft);
        self.draft.unskewed(to.since(from), &path, to);
        let spans = self.both(from, to.max(from));
        self.sums(&path, to, duration.sums, spans);
        self.draft.ledger.book(&path, to, duration.known, 1);
        for (times, span) in duration.times.into_iter().zip(spans) {
            let cell = self.draft.context.settings.cell_of(times, span);
            self.draft.ledger.count_with(&path, to, cell.quantity, cell.parameter);
        }
    }

    /// Each threshold counts at the earlier of what was waited for and the instant from which on it comes too late: what
    /// never comes misses too, where it `matters` still.
    fn thresholds(
        &mut self,
        quantities: &Thresholds,
        from: Instant,
        reached: Option<Instant>,
        thresholds: &[Span],
        matters: impl Fn(Instant) -> bool,
    ) {
        for threshold in thresholds {
            let number = threshold_number(*threshold);
            self.held_against(quantities, from, reached, (*threshold, number), &matters);
        }
    }

    fn target(&mut self, quantities: &Thresholds, from: Instant, reached: Option<Instant>, target: Option<Span>) {
        if let Some(target) = target {
            self.held_against(quantities, from, reached, (target, 0), &|_| true);
        }
    }

    fn held_against(
        &mut self,
        Thresholds { due, within }: &Thresholds,
        from: Instant,
        reached: Option<Instant>,
        (threshold, number): (Span, u32),
        matters: &impl Fn(Instant) -> bool,
    ) {
        let limits = [Some(from.plus(threshold)), self.clock.after(from, threshold)];
        for (clock, limit) in limits.into_iter().enumerate() {
            let in_time = reached.filter(|at| limit.is_none_or(|limit| *at <= limit));
            let at = match (in_time, limit) {
                (Some(at), _) => at,
                (None, Some(limit)) if self.draft.has_passed(limit) && matters(limit) => limit,
                (None, _) => continue,
            };
            let path = queue_path(self.facts.place_at(at), at, self.draft);
            self.draft.ledger.count_with(&path, at, due[clock], number);
            if in_time.is_some() {
                self.draft.ledger.count_with(&path, at, within[clock], number);
            }
        }
    }
}

/// What the time in a status adds to. Whoever waits for the customer, or has solved it, lets nobody wait.
fn sums_of(status: TicketStatus) -> &'static [[Q; 2]] {
    const REQUESTER: [Q; 2] = [Q::RequesterWait, Q::RequesterBusinessWait];
    const AGENT: [Q; 2] = [Q::AgentWork, Q::AgentBusinessWork];
    match status {
        TicketStatus::New | TicketStatus::Open => &[REQUESTER, AGENT],
        TicketStatus::OnHold => &[REQUESTER, [Q::OnHold, Q::OnHoldBusiness]],
        TicketStatus::Pending | TicketStatus::Solved | TicketStatus::Closed | TicketStatus::Other => &[],
    }
}
