//! Timelines: what reps do all day, from the states that sources tell and the contacts that they handle.
//!
//! ```text
//! timeline (rep, facet, day, source) --states--+
//!                     the last one: next day too +-> rep's day -> spans of time
//! contact            --handled from, to---------+
//! shift ------------------------------------------------------> spans of time
//! ```
//!
//! At each instant a rep does one thing, so the times of the states add up to the time signed in, however many contacts
//! are handled at once.

use super::booking::Message;
use super::contact::facts::Handling;
use super::contribution::Draft;
use super::event::{Content, Facet, Kind, Name, RepState};
use super::quantity::Quantity as Q;
use super::record::{Record, RecordId, RecordKey};
use super::time::{DAY, Instant, QUARTER_HOUR, Span};

/// A shift is no longer: what is planned beyond is no single shift.
const LONGEST_SHIFT: Span = Span::days(7);

impl RecordKey {
    /// What a rep did on the UTC day that holds an instant.
    pub(super) fn rep_day(rep: &Name, at: Instant) -> RecordKey {
        let day = at.0.div_euclid(DAY);
        RecordKey { kind: Kind::RepDay, namespace: Name::from(""), id: RecordId::Text(format!("{rep}\t{day}").into()) }
    }

    /// The rep of a rep's day, and when the day begins; `None` of other records.
    pub fn rep_and_day(&self) -> Option<(Name, Instant)> {
        let RecordId::Text(id) = (self.kind == Kind::RepDay).then_some(&self.id)? else { return None };
        let (rep, day) = id.rsplit_once('\t')?;
        Some((rep.into(), Instant(day.parse::<i64>().ok()? * DAY)))
    }
}

/// Tells the rep's day which states there were, and the next day which one there was at midnight.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let roster = draft.context.roster;
    let mut whose = None;
    let mut states = Vec::new();
    for entry in record.holding() {
        let Content::State(event) = &entry.content else { continue };
        whose = Some((roster.rep_id(&entry.source, &event.rep), event.facet));
        states.push((entry.time, event.state));
    }
    let (Some((rep, facet)), Some(last)) = (whose, states.last().copied()) else { return };
    let (today, tomorrow) = (RecordKey::rep_day(rep, last.0), RecordKey::rep_day(rep, last.0.plus(Span(DAY))));
    draft.send(today, Message::States(facet, states));
    draft.send(tomorrow, Message::States(facet, vec![last]));
}

/// Tells the days of reps when they handled a contact: from the answer to the end of after-contact work.
pub(super) fn tell_days(handlings: &[Handling<'_>], draft: &mut Draft<'_>) {
    let longest = draft.context.settings.longest_state;
    let mut days: Vec<(RecordKey, Vec<(Instant, Instant)>)> = Vec::new();
    for handling in handlings {
        let (Some(rep), Some((from, to))) = (handling.rep, handling.span()) else { continue };
        let to = to.min(from.plus(longest));
        let mut day = from;
        while day < to {
            let key = RecordKey::rep_day(rep, day);
            match days.iter_mut().find(|(known, _)| *known == key) {
                Some((_, spans)) => spans.push((from, to)),
                None => days.push((key, vec![(from, to)])),
            }
            day = Instant(day.floor(DAY).0 + DAY);
        }
    }
    for (key, spans) in days {
        draft.send(key, Message::Handled(spans));
    }
}

/// One state from an instant on, to where it ends at the latest.
#[derive(Clone, Copy)]
struct Stay {
    from: Instant,
    to: Instant,
    state: RepState,
    /// True if nothing is known that ends it: on the next day something may.
    runs: bool,
}

/// Books what the rep did all day: one thing at each instant. Nothing is known of a rep whose states nobody tells.
pub(super) fn contribute_day(key: &RecordKey, record: &Record, draft: &mut Draft<'_>) {
    let Some((rep, begin)) = key.rep_and_day() else { return };
    let end = begin.plus(Span(DAY));
    let activity = stays(record, Facet::Activity, draft);
    let presence = stays(record, Facet::Presence, draft);
    if activity.is_empty() && presence.is_empty() {
        return;
    }
    let handled = handled(record);
    let mut cuts: Vec<Instant> = vec![begin, end];
    cuts.extend(activity.iter().chain(&presence).flat_map(|stay| [stay.from, stay.to]));
    cuts.extend(handled.iter().flat_map(|(from, to)| [*from, *to]));
    cuts.retain(|cut| (begin..=end).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    let (mut activity, mut presence) = (Cursor::new(&activity), Cursor::new(&presence));
    let mut handled = handled.iter().peekable();
    let mut done: Option<(RepState, bool, Instant, Instant)> = None;
    for cut in cuts.windows(2) {
        let (from, to) = (cut[0], cut[1]);
        while handled.next_if(|(_, until)| *until <= from).is_some() {}
        let is_handling = handled.peek().is_some_and(|(begun, _)| *begun <= from);
        let (doing, runs) = match (presence.at(from), activity.at(from)) {
            (Some(Stay { state: RepState::Offline, .. }), _) | (None, None) => continue,
            (_, Some(stay)) | (Some(stay), None) => (stay.state, stay.runs),
        };
        let doing = match doing {
            RepState::Offline => continue,
            RepState::WrapUp => RepState::WrapUp,
            _ if is_handling => RepState::OnContact,
            state => state,
        };
        match &mut done {
            // A state that is told again goes on.
            Some((state, ran, _, until)) if (*state, *ran, *until) == (doing, runs, from) => *until = to,
            _ => {
                if let Some(done) = done.replace((doing, runs, from, to)) {
                    book_state(&rep, done, draft);
                }
            }
        }
    }
    if let Some(done) = done {
        book_state(&rep, done, draft);
    }
}

fn book_state(rep: &Name, (state, runs, from, to): (RepState, bool, Instant, Instant), draft: &mut Draft<'_>) {
    let quantity = match state {
        RepState::Available => Q::TimeAvailable,
        RepState::OnContact => Q::TimeOnContact,
        RepState::WrapUp => Q::TimeWrapUp,
        RepState::Break => Q::TimeBreak,
        RepState::Training => Q::TimeTraining,
        RepState::Meeting => Q::TimeMeeting,
        RepState::Other | RepState::Offline => Q::TimeOther,
    };
    let to = if runs { passed(from, to, draft) } else { to };
    book(rep, from, to, &[quantity, Q::TimeSignedIn], draft);
}

/// Books a stretch of scheduled work as it passes.
pub(super) fn contribute_shift(record: &Record, draft: &mut Draft<'_>) {
    let Some(entry) = record.holding().last() else { return };
    let Content::Shift(shift) = &entry.content else { return };
    if shift.activity == RepState::Offline {
        return;
    }
    let rep = draft.context.roster.rep_id(&entry.source, &shift.rep);
    let to = passed(shift.from, shift.to.min(shift.from.plus(LONGEST_SHIFT)), draft);
    book(rep, shift.from, to, &[Q::TimeScheduled], draft);
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
            Message::States(of, states) if *of == facet => told.extend(states),
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
