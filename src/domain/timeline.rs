//! Timelines: what reps do all day, from the states that sources tell and the contacts that they handle.
//!
//! ```text
//! timeline (rep, facet, day, source) --states------+
//! contact                            --handled-----+
//! shift                              --planned-----+-> rep's hour -> spans of time
//! shift --------------------------------------------------------> spans of time
//! ```
//!
//! At each instant a rep does one thing, so the times of the states add up to the time signed in, however many contacts
//! are handled at once. What is known of a rep lies in hours, so that a contact of today need not look at all that went
//! before it.

use super::booking::Message;
use super::contact::facts::Handling;
use super::contribution::Draft;
use super::event::{Content, Facet, Kind, Name, RepState};
use super::quantity::Quantity as Q;
use super::record::{Record, RecordId, RecordKey};
use super::time::{HOUR, Instant, QUARTER_HOUR, Span};
use std::cmp::Reverse;

/// A shift is no longer: what is planned beyond is no single shift.
const LONGEST_SHIFT: Span = Span::days(7);

impl RecordKey {
    /// What a rep did in the UTC hour that holds an instant.
    pub(super) fn rep_hour(rep: &Name, at: Instant) -> RecordKey {
        let hour = at.0.div_euclid(HOUR);
        RecordKey {
            kind: Kind::RepHour,
            namespace: Name::from(""),
            id: RecordId::Text(format!("{rep}\t{hour}").into()),
        }
    }

    /// The rep of a rep's hour, and when the hour begins; `None` of other records.
    pub fn rep_and_hour(&self) -> Option<(Name, Instant)> {
        let RecordId::Text(id) = (self.kind == Kind::RepHour).then_some(&self.id)? else { return None };
        let (rep, hour) = id.rsplit_once('\t')?;
        Some((rep.into(), Instant(hour.parse::<i64>().ok()? * HOUR)))
    }
}

/// Tells the hours of a rep which states there were, as they come, up to where the last one ends at the latest.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let roster = draft.context.roster;
    let mut whose = None;
    let mut told: Vec<(Instant, RepState)> = Vec::new();
    for entry in record.holding() {
        let Content::State(event) = &entry.content else { continue };
        whose = Some((roster.rep_id(&entry.source, &event.rep), event.facet));
        told.push((entry.time, event.state));
    }
    let (Some((rep, facet)), Some((first, last))) = (whose, told.first().zip(told.last())) else { return };
    let longest = draft.context.settings.longest_state;
    let (mut hour, end) = (first.0.floor(HOUR), last.0.plus(longest));
    while hour < end && draft.has_passed(hour) {
        let next = hour.plus(Span(HOUR));
        // The one that holds as the hour begins, and those that begin in it.
        let holding = told.partition_point(|(at, _)| *at <= hour).saturating_sub(1);
        let of_hour = told[holding..].iter().filter(|(at, _)| *at < next && at.plus(longest) > hour);
        let states: Vec<(Instant, RepState)> = of_hour.copied().collect();
        if !states.is_empty() {
            draft.send(RecordKey::rep_hour(rep, hour), Message::States { facet, hour, states });
        }
        hour = next;
    }
}

/// Tells the hours of reps, as they come, when they handled a contact: from the answer to the end of after-contact work,
/// and no longer than a state without a successor.
pub(super) fn tell_hours(handlings: &[Handling<'_>], draft: &mut Draft<'_>) {
    let longest = draft.context.settings.longest_state;
    let mut hours: Vec<(RecordKey, Vec<(Instant, Instant)>)> = Vec::new();
    for handling in handlings {
        let Some(rep) = handling.rep else { continue };
        let mut from = handling.from;
        let lost = from.plus(longest);
        let to = handling.finished().map_or(lost, |finished| finished.min(lost));
        while from < to && draft.has_passed(from.floor(HOUR)) {
            let key = RecordKey::rep_hour(rep, from);
            let until = to.min(from.floor(HOUR).plus(Span(HOUR)));
            match hours.iter_mut().find(|(known, _)| *known == key) {
                Some((_, spans)) => spans.push((from, until)),
                None => hours.push((key, vec![(from, until)])),
            }
            from = until;
        }
    }
    for (key, spans) in hours {
        draft.send(key, Message::Handled(spans));
    }
}

/// Tells the hours of a rep what was planned for them, as they come.
fn tell_plan(rep: &Name, activity: RepState, from: Instant, to: Instant, draft: &mut Draft<'_>) {
    let mut hour = from.floor(HOUR);
    while hour < to && draft.has_passed(hour) {
        draft.send(RecordKey::rep_hour(rep, hour), Message::Planned { hour, from, to, activity });
        hour = hour.plus(Span(HOUR));
    }
}

/// One state from an instant on, to where it ends at the latest.
#[derive(Clone, Copy)]
struct Stay {
    from: Instant,
    to: Instant,
    state: RepState,
    /// True if nothing is known that ends it: in the next hour something may.
    runs: bool,
}

/// Books what the rep did: one thing at each instant. Nothing is known of a rep whose states nobody tells, and nothing is
/// said of hours that have not begun, of which not all timelines have told yet.
pub(super) fn contribute_hour(key: &RecordKey, record: &Record, draft: &mut Draft<'_>) {
    let Some((rep, begin)) = key.rep_and_hour() else { return };
    let end = begin.plus(Span(HOUR));
    let activity = stays(record, Facet::Activity, draft);
    let presence = stays(record, Facet::Presence, draft);
    if (activity.is_empty() && presence.is_empty()) || !draft.has_passed(begin) {
        return;
    }
    let handled = handled(record);
    let plans = plans(record);
    let mut cuts: Vec<Instant> = vec![begin, end];
    cuts.extend(activity.iter().chain(&presence).flat_map(|stay| [stay.from, stay.to]));
    cuts.extend(handled.iter().flat_map(|(from, to)| [*from, *to]));
    cuts.extend(plans.iter().flat_map(|plan| [plan.from, plan.to]));
    cuts.retain(|cut| (begin..=end).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    let (mut activity, mut presence) = (Cursor::new(&activity), Cursor::new(&presence));
    let mut handled = handled.iter().peekable();
    let mut stretch: Option<(Doing, Instant, Instant)> = None;
    for cut in cuts.windows(2) {
        let (from, to) = (cut[0], cut[1]);
        while handled.next_if(|(_, until)| *until <= from).is_some() {}
        let is_handling = handled.peek().is_some_and(|(begun, _)| *begun <= from);
        let (state, runs) = match (presence.at(from), activity.at(from)) {
            (Some(stay @ Stay { state: RepState::Offline, .. }), _) | (_, Some(stay)) | (Some(stay), None) => {
                (stay.state, stay.runs)
            }
            (None, None) => (RepState::Offline, true),
        };
        let state = match state {
            RepState::Offline | RepState::WrapUp => state,
            _ if is_handling => RepState::OnContact,
            state => state,
        };
        let doing = Doing { state, runs, planned: planned_at(&plans, from) };
        match &mut stretch {
            // A state that is told again goes on.
            Some((before, _, until)) if (*before, *until) == (doing, from) => *until = to,
            _ => {
                if let Some(stretch) = stretch.replace((doing, from, to)) {
                    book_stretch(&rep, stretch, draft);
                }
            }
        }
    }
    if let Some(stretch) = stretch {
        book_stretch(&rep, stretch, draft);
    }
}

/// What a rep does for a while, and what was planned for it.
#[derive(Clone, Copy, PartialEq)]
struct Doing {
    /// Offline too where no state holds.
    state: RepState,
    /// As of a [`Stay`].
    runs: bool,
    /// Offline too where nothing was planned.
    planned: RepState,
}

/// Books what was done in a stretch and what was planned for it as one, so that all of it counts at the same instants.
fn book_stretch(rep: &Name, (doing, from, to): (Doing, Instant, Instant), draft: &mut Draft<'_>) {
    let Doing { state, runs, planned } = doing;
    let mut quantities = Vec::new();
    match state {
        RepState::Offline => {}
        RepState::Available => quantities.push(Q::TimeAvailable),
        RepState::OnContact => quantities.push(Q::TimeOnContact),
        RepState::WrapUp => quantities.push(Q::TimeWrapUp),
        RepState::Break => quantities.push(Q::TimeBreak),
        RepState::Training => quantities.push(Q::TimeTraining),
        RepState::Meeting => quantities.push(Q::TimeMeeting),
        RepState::Other => quantities.push(Q::TimeOther),
    }
    if state != RepState::Offline {
        quantities.push(Q::TimeSignedIn);
    }
    if planned != RepState::Offline {
        quantities.push(Q::TimePlanned);
        let is_for_contacts = is_on_queue(planned);
        if planned == state || is_for_contacts && is_on_queue(state) {
            quantities.push(Q::TimeAdhered);
        }
        if is_for_contacts {
            quantities.push(Q::TimePlannedOnQueue);
        }
    }
    if quantities.is_empty() {
        return;
    }
    let to = if runs { passed(from, to, draft) } else { to };
    book(rep, from, to, &quantities, draft);
}

/// True of what reps do for contacts.
fn is_on_queue(state: RepState) -> bool {
    matches!(state, RepState::Available | RepState::OnContact | RepState::WrapUp)
}

/// Tells a rep's hours of a stretch of scheduled work, and books it as it passes.
pub(super) fn contribute_shift(record: &Record, draft: &mut Draft<'_>) {
    let Some(entry) = record.holding().last() else { return };
    let Content::Shift(shift) = &entry.content else { return };
    let rep = draft.context.roster.rep_id(&entry.source, &shift.rep);
    let (from, to) = (shift.from, shift.to.min(shift.from.plus(LONGEST_SHIFT)));
    tell_plan(rep, shift.activity, from, to, draft);
    if shift.activity != RepState::Offline {
        let to = passed(from, to, draft);
        book(rep, from, to, &[Q::TimeScheduled], draft);
    }
}

/// How far what runs up to `to` is booked: up to the last full quarter-hour of T.
fn passed(from: Instant, to: Instant, draft: &mut Draft<'_>) -> Instant {
    let full = draft.context.now.floor(QUARTER_HOUR);
    if full >= to {
        return to;
    }
    draft.has_passed(full.max(from.floor(QUARTER_HOUR)).plus(Span(QUARTER_HOUR)));
    full.max(from)
}

/// Books a span of a rep in quarter-hours, so that what has been booked of one that runs stays, each for the team that
/// the rep was in.
fn book(rep: &Name, mut from: Instant, to: Instant, quantities: &[Q], draft: &mut Draft<'_>) {
    let roster = draft.context.roster;
    let teams = roster.rep(rep).map_or(&[][..], |rep| &rep.teams);
    while from < to {
        let quarter = from.floor(QUARTER_HOUR).plus(Span(QUARTER_HOUR));
        let moves = teams.iter().map(|membership| membership.valid_from).filter(|at| *at > from);
        let until = moves.fold(quarter.min(to), Instant::min);
        let path = roster.rep_path(Some(rep), None, None, from);
        draft.ledger.span(&path, from, until, quantities);
        from = until;
    }
}

/// The states of one facet in their order, each until the next one or the longest time.
fn stays(record: &Record, facet: Facet, draft: &Draft<'_>) -> Vec<Stay> {
    let longest = draft.context.settings.longest_state;
    let mut told: Vec<(Instant, RepState)> = Vec::new();
    for received in &record.received {
        match &received.message {
            Message::States { facet: of, states, .. } if *of == facet => told.extend(states),
            _ => {}
        }
    }
    // Those of one source are in their order, and sources in that of their names.
    told.sort_by_key(|(at, _)| *at);
    let next = told.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
    let stay = |((from, state), next): (&(Instant, RepState), Option<Instant>)| {
        let longest = from.plus(longest);
        Stay { from: *from, to: next.map_or(longest, |next| next.min(longest)), state: *state, runs: next.is_none() }
    };
    told.iter().zip(next).map(stay).filter(|stay| stay.from < stay.to).collect()
}

/// What was planned for a rep from one instant to another.
struct Plan {
    from: Instant,
    to: Instant,
    activity: RepState,
}

fn plans(record: &Record) -> Vec<Plan> {
    let planned = record.received.iter().filter_map(|received| match received.message {
        Message::Planned { from, to, activity, .. } => Some(Plan { from, to, activity }),
        _ => None,
    });
    planned.collect()
}

/// What was planned for an instant: of plans that overlap, such as a break in a shift, what begins last, then what ends
/// first; offline where nothing was.
fn planned_at(plans: &[Plan], instant: Instant) -> RepState {
    let holding = plans.iter().filter(|plan| plan.from <= instant && instant < plan.to);
    let last = holding.max_by_key(|plan| (plan.from, Reverse(plan.to), plan.activity));
    last.map_or(RepState::Offline, |plan| plan.activity)
}

/// When the rep handled any contact at all, as spans that neither touch nor overlap.
fn handled(record: &Record) -> Vec<(Instant, Instant)> {
    let mut all: Vec<(Instant, Instant)> = Vec::new();
    for received in &record.received {
        if let Message::Handled(spans) = &received.message {
            all.extend(spans);
        }
    }
    all.sort_unstable();
    let mut merged: Vec<(Instant, Instant)> = Vec::with_capacity(all.len());
    for (from, to) in all {
        match merged.last_mut() {
            Some((_, until)) if from <= *until => *until = to.max(*until),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// Passes over the states of a facet as time goes on.
struct Cursor<'a>(&'a [Stay]);

impl<'a> Cursor<'a> {
    fn new(stays: &'a [Stay]) -> Cursor<'a> {
        Cursor(stays)
    }

    /// The state at an instant, which is not before the one asked for last.
    fn at(&mut self, instant: Instant) -> Option<Stay> {
        while let Some((first, rest)) = self.0.split_first() {
            if instant < first.to {
                break;
            }
            self.0 = rest;
        }
        self.0.first().filter(|stay| stay.from <= instant).copied()
    }
}
