//! What legs and handlings of a contact book: outcomes with their waits, and talk, hold and after-contact work.

use super::super::contribution::Draft;
use super::super::event::{EndedBy, LeftReason, Name, Reported};
use super::super::measure::threshold_number;
use super::super::quantity::{Cell, Quantity as Q};
use super::super::scope::Path;
use super::super::settings::Durations;
use super::super::time::{Instant, Span};
use super::facts::{Ending, Facts, Handling, Leg, Ring, Told};
use super::transfers::was_passed_on;
use std::sync::Arc;

/// What became of a leg.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Answered,
    Abandoned,
    Left(LeftReason),
    Unknown,
}

pub(super) fn queue_of(leg: &Leg<'_>, draft: &Draft<'_>) -> Option<Name> {
    leg.queue.map(|(source, queue)| draft.queue(source, queue))
}

/// What became of a leg, when, and the wait as far as it is known. The wait may still be negative.
fn outcome(facts: &Facts<'_>, leg: &Leg<'_>, draft: &mut Draft<'_>) -> Option<(Outcome, Instant, Option<Span>)> {
    let measured = |at: Instant| leg.queued.map(|queued| at.since(queued));
    let wait = |at, reported, source: &Name, draft: &Draft<'_>| chosen(draft.durations(source), measured(at), reported);
    if let Some(answer) = leg.answered {
        let known = answer.at_is_known || answer.wait != Reported::Absent;
        let wait = if known { wait(answer.at, answer.wait, answer.source, draft) } else { None };
        return Some((Outcome::Answered, answer.at, wait));
    }
    if let Some((at, reason, reported, source)) = leg.left {
        return Some((Outcome::Left(reason), at, wait(at, reported, source, draft)));
    }
    for (at, reported, provisional, source) in &leg.abandons {
        if !provisional || draft.has_passed(at.plus(draft.context.settings.provisional_grace)) {
            return Some((Outcome::Abandoned, *at, wait(*at, *reported, source, draft)));
        }
    }
    let lost = leg.entered().plus(draft.context.settings.longest_wait);
    if let Some((at, ended_by)) = facts.end_of(leg).filter(|(at, _)| *at <= lost) {
        return Some(match ended_by {
            Some(EndedBy::Customer) if facts.waits_in(leg, at) => (Outcome::Abandoned, at, measured(at)),
            _ => (Outcome::Unknown, at, None),
        });
    }
    draft.has_passed(lost).then_some((Outcome::Unknown, lost, None))
}

/// True if the customer gave up in this leg.
pub(super) fn has_abandoned(facts: &Facts<'_>, leg: &Leg<'_>, draft: &mut Draft<'_>) -> bool {
    matches!(outcome(facts, leg, draft), Some((Outcome::Abandoned, ..)))
}

/// The figure of a duration that counts, as far as it is known: where one of the two is missing the other is taken.
fn chosen(durations: Durations, measured: Option<Span>, reported: Reported) -> Option<Span> {
    match (durations, reported) {
        (Durations::Timestamps, Reported::Millis(ms)) => measured.or(Some(Span(ms))),
        (Durations::Reported, Reported::Millis(ms)) => Some(Span(ms)),
        (Durations::Reported, Reported::Unknown) => None,
        (_, Reported::Absent | Reported::Unknown) => measured,
    }
}

pub(super) fn book_leg(facts: &Facts<'_>, leg: &Leg<'_>, draft: &mut Draft<'_>) {
    let queue = queue_of(leg, draft);
    let roster = draft.context.roster;
    let Some((outcome, at, wait)) = outcome(facts, leg, draft) else {
        let entry = leg.entered();
        let path = roster.queue_path(queue.as_ref(), leg.team, entry);
        draft.ledger.book(&path, entry, Q::Queued, 1);
        draft.ledger.stock(&path, entry, Cell::plain(Q::Waiting), 1);
        draft.ledger.stock(&path, entry, Cell::with(Q::WaitingSince, entry.0 as u32), 1);
        return;
    };
    let path = roster.queue_path(queue.as_ref(), leg.team, at);
    let is_outside = is_outside_customers_day(facts, draft);
    if let Some(is_outside) = is_outside {
        book_clock(outcome, is_outside, &path, at, draft);
    }
    let wait = wait.map(|wait| draft.unskewed(wait, &path, at));
    // Clocks of one log disagree by seconds: an entry after its outcome is booked with it, so that waiting never
    // goes below 0.
    let entry = match outcome {
        // Without a wait to go back by, it was there when it was first heard of.
        Outcome::Unknown => leg.entered(),
        _ => leg.queued.unwrap_or(at.minus(wait.unwrap_or_default())),
    };
    let entry = entry.min(at);
    let entry_path = roster.queue_path(queue.as_ref(), leg.team, entry);
    draft.ledger.book(&entry_path, entry, Q::Queued, 1);
    if !matches!(outcome, Outcome::Unknown) {
        draft.ledger.book(&entry_path, entry, Q::EntriesSettled, 1);
    }
    if matches!(outcome, Outcome::Abandoned) {
        draft.ledger.book(&entry_path, entry, Q::EntriesAbandoned, 1);
    }
    draft.ledger.stock(&entry_path, entry, Cell::plain(Q::Waiting), 1);
    // The wait ends where it began, also if the queue has come to another team meanwhile.
    draft.ledger.stock(&entry_path, at, Cell::plain(Q::Waiting), -1);
    match outcome {
        Outcome::Answered => draft.ledger.book(&path, at, Q::Answered, 1),
        Outcome::Abandoned => draft.ledger.book(&path, at, Q::Abandoned, 1),
        Outcome::Left(reason) => draft.ledger.count_with(&path, at, Q::Left, reason as u32 + 1),
        Outcome::Unknown => draft.ledger.book(&path, at, Q::Unknown, 1),
    }
    let Some(wait) = wait else { return };
    let (sums, within, distribution) = match outcome {
        Outcome::Answered => ([Q::AnsweredWait, Q::AnsweredWaitKnown], Q::AnsweredWithin, Q::AnsweredWaits),
        Outcome::Abandoned => ([Q::AbandonedWait, Q::AbandonedWaitKnown], Q::AbandonedWithin, Q::AbandonedWaits),
        Outcome::Left(_) => ([Q::LeftWait, Q::LeftWaitKnown], Q::LeftWithin, Q::LeftWaits),
        Outcome::Unknown => return,
    };
    let settings = draft.context.settings;
    draft.ledger.duration(&path, at, sums, Some(settings.cell_of(distribution, wait)), wait);
    for threshold in settings.wait_thresholds.iter().filter(|threshold| wait <= **threshold) {
        draft.ledger.count_with(&path, at, within, threshold_number(*threshold));
    }
    let listed = queue.as_ref().and_then(|queue| roster.queue(queue));
    let in_time = listed.and_then(|q| q.service_level_threshold).unwrap_or(settings.service_level_threshold);
    let short = listed.and_then(|q| q.short_abandon).unwrap_or(settings.short_abandon);
    if matches!(outcome, Outcome::Left(LeftReason::Callback)) {
        if wait <= in_time {
            draft.ledger.book(&path, at, Q::CallbacksInTime, 1);
        }
        for threshold in settings.wait_thresholds.iter().filter(|threshold| wait <= **threshold) {
            draft.ledger.count_with(&path, at, Q::CallbacksWithin, threshold_number(*threshold));
        }
    }
    match outcome {
        Outcome::Answered if wait <= in_time => draft.ledger.book(&path, at, Q::AnsweredInTime, 1),
        Outcome::Abandoned => {
            if wait <= in_time {
                draft.ledger.book(&path, at, Q::AbandonedInTime, 1);
            }
            if wait <= short {
                draft.ledger.book(&path, at, Q::AbandonedShort, 1);
                if is_outside == Some(true) {
                    draft.ledger.book(&path, at, Q::OutsideAbandonedShort, 1);
                }
            }
        }
        _ => {}
    }
}

/// Whether the contact began outside the day of the customer's own clock, where that is known.
fn is_outside_customers_day(facts: &Facts<'_>, draft: &Draft<'_>) -> Option<bool> {
    let zone = facts.zone?.parse().ok()?;
    let (from, to) = draft.context.settings.customers_day;
    let minute = facts.first.minute_of_day(zone);
    // A day that goes over midnight began on the date before.
    Some(![minute, minute + 24 * 60].iter().any(|minute| (from..to).contains(minute)))
}

/// Books an outcome by the customer's clock.
fn book_clock(outcome: Outcome, is_outside: bool, path: &Arc<Path>, at: Instant, draft: &mut Draft<'_>) {
    draft.ledger.book(path, at, Q::CustomersClockKnown, 1);
    if is_outside {
        draft.ledger.book(path, at, Q::OutsideDay, 1);
        match outcome {
            Outcome::Answered => draft.ledger.book(path, at, Q::OutsideAnswered, 1),
            Outcome::Abandoned => draft.ledger.book(path, at, Q::OutsideAbandoned, 1),
            Outcome::Left(_) => draft.ledger.book(path, at, Q::OutsideLeft, 1),
            Outcome::Unknown => {}
        }
    }
}

/// The quantities that a finished handling books.
#[derive(Clone, Copy)]
pub(super) struct HandlingQuantities {
    handled: Q,
    talk: [Q; 2],
    handle: [Q; 2],
    detailed: bool,
}

pub(super) const INBOUND: HandlingQuantities = HandlingQuantities {
    handled: Q::Handled,
    talk: [Q::Talk, Q::TalkKnown],
    handle: [Q::HandleTime, Q::HandleTimeKnown],
    detailed: true,
};

pub(super) const OUTBOUND: HandlingQuantities = HandlingQuantities {
    handled: Q::OutboundHandled,
    talk: [Q::OutboundTalk, Q::OutboundTalkKnown],
    handle: [Q::OutboundHandleTime, Q::OutboundHandleTimeKnown],
    detailed: false,
};

pub(super) fn book_handling(facts: &Facts<'_>, number: usize, quantities: HandlingQuantities, draft: &mut Draft<'_>) {
    let handling = &facts.handlings[number];
    let (Some(ending), Some(at)) = (handling.to, handling.finished()) else { return };
    let queue = queue_of(&facts.legs[handling.leg], draft);
    let path = draft.context.roster.rep_path(handling.rep, queue.as_ref(), handling.team, at);
    draft.ledger.book(&path, at, quantities.handled, 1);
    let (talk, hold, wrap) = durations(handling, &ending, draft);
    let talk = talk.map(|span| draft.unskewed(span, &path, at));
    let hold = hold.map(|span| draft.unskewed(span, &path, at));
    let wrap = wrap.map(|span| draft.unskewed(span, &path, at));
    let settings = draft.context.settings;
    let distribution = |quantity, span| quantities.detailed.then(|| settings.cell_of(quantity, span));
    if let Some(talk) = talk {
        draft.ledger.duration(&path, at, quantities.talk, distribution(Q::TalkTimes, talk), talk);
    }
    if quantities.detailed {
        if let Some(hold) = hold {
            draft.ledger.duration(&path, at, [Q::Hold, Q::HoldKnown], None, hold);
        }
        if let Some(wrap) = wrap {
            draft.ledger.duration(&path, at, [Q::Wrap, Q::WrapKnown], None, wrap);
        }
        let is_more = |span: Option<Span>| span.is_some_and(|span| span.0 > 0);
        for (is_so, quantity) in [
            (is_more(hold), Q::HandledWithHold),
            (is_more(wrap), Q::HandledWithWrap),
            (was_passed_on(facts, number), Q::HandledTransferred),
        ] {
            if is_so {
                draft.ledger.book(&path, at, quantity, 1);
            }
        }
    }
    if let (Some(talk), Some(hold), Some(wrap)) = (talk, hold, wrap) {
        let whole = Span(talk.0 + hold.0 + wrap.0);
        draft.ledger.duration(&path, at, quantities.handle, distribution(Q::HandleTimes, whole), whole);
    }
}

/// A ring that ended at `at`; what it counts for is on the path.
pub(super) fn book_ring(ring: &Ring<'_>, path: &Arc<Path>, at: Instant, draft: &mut Draft<'_>) {
    let measured = ring.since.map(|since| at.since(since));
    if let Some(span) = chosen(draft.durations(ring.source), measured, ring.told) {
        draft.ledger.duration(path, at, [Q::RingTime, Q::RingTimeKnown], None, span);
    }
}

/// Whose something is that a rep did: the rep, queue and team that it names, else those of the handling.
pub(super) fn doer<'a>(
    rep: Option<&'a Name>,
    (entry, event): Told<'a>,
    facts: &Facts<'a>,
    draft: &Draft<'_>,
) -> (Option<&'a Name>, Option<Name>, Option<&'a Name>) {
    let handling = facts.handling_at(rep, entry.time).map(|n| &facts.handlings[n]);
    let named = event.shared.queue.value().map(|queue| draft.queue(&entry.source, queue));
    let queue = named.or_else(|| handling.and_then(|handling| queue_of(&facts.legs[handling.leg], draft)));
    let team = event.shared.team().or_else(|| handling.and_then(|handling| handling.team));
    (rep.or_else(|| handling.and_then(|handling| handling.rep)), queue, team)
}

/// Each answer of a rep in a chat, and the first of them once more.
pub(super) fn book_replies(facts: &Facts<'_>, draft: &mut Draft<'_>) {
    let first = [Q::ChatFirstResponseTime, Q::ChatFirstResponses];
    let each = [Q::ChatResponseTime, Q::ChatResponses];
    for (n, reply) in facts.replies.iter().enumerate() {
        let (rep, queue, team) = doer(reply.rep, reply.told, facts, draft);
        let at = reply.told.0.time;
        let path = draft.context.roster.rep_path(rep, queue.as_ref(), team, at);
        let span = at.since(reply.asked);
        let settings = draft.context.settings;
        if n == 0 {
            let cell = settings.cell_of(Q::ChatFirstResponseTimes, span);
            draft.ledger.duration(&path, at, first, Some(cell), span);
        }
        let cell = settings.cell_of(Q::ChatResponseTimes, span);
        draft.ledger.duration(&path, at, each, Some(cell), span);
    }
}

/// What the source says of whether the matter was resolved counts where the last handling ends.
pub(super) fn book_flag(facts: &Facts<'_>, last: Option<&Handling<'_>>, draft: &mut Draft<'_>) {
    let Some(resolved) = facts.resolved else { return };
    // Without a rep named, whoever answered last.
    let last = last.or_else(|| facts.handlings.iter().max_by_key(|handling| handling.from));
    let Some((handling, at)) = last.and_then(|handling| Some((handling, handling.finished()?))) else { return };
    let queue = queue_of(&facts.legs[handling.leg], draft);
    let path = draft.context.roster.rep_path(handling.rep, queue.as_ref(), handling.team, at);
    draft.ledger.book(&path, at, Q::ContactsFlagged, 1);
    if resolved {
        draft.ledger.book(&path, at, Q::ContactsFlaggedResolved, 1);
    }
}

/// Talk, hold and after-contact work of a finished handling, as far as known; may be negative.
fn durations(
    handling: &Handling<'_>,
    ending: &Ending<'_>,
    draft: &Draft<'_>,
) -> (Option<Span>, Option<Span>, Option<Span>) {
    let held = Span(handling.holds.iter().filter_map(|(from, to)| to.map(|to| to.since(*from).0)).sum());
    let setting = draft.durations(ending.source);
    let hold = match (setting, ending.hold) {
        (Durations::Timestamps, _) if !handling.holds.is_empty() => Some(held),
        (_, Reported::Millis(ms)) => Some(Span(ms)),
        (_, Reported::Unknown) => None,
        (_, Reported::Absent) => Some(held),
    };
    // Talk is what is left of the connection beside the hold that counts: no second is in both, and none of an unknown hold.
    let measured_talk = hold
        .filter(|_| !handling.proven && ending.at_is_known)
        .map(|hold| Span(ending.at.since(handling.from).0 - hold.0));
    let talk = chosen(setting, measured_talk, ending.talk);
    let wrap = match handling.wrap {
        None => Some(Span(0)),
        Some((at, work, source)) => {
            let measured = ending.at_is_known.then(|| at.since(ending.at));
            chosen(draft.durations(source), measured, work)
        }
    };
    (talk, hold, wrap)
}
