//! Verdicts: what a figure says of a target.

use super::interval::Interval;
use super::measure::{Figure, Unit};
use super::target::{Bound, Target};
use super::time::Instant;
use super::window::{Stretch, Window};

/// What is to be said of a target for one scope and window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It is not judged yet.
    Pending,
    /// Nothing was looked at.
    NoData,
    /// Too little was looked at to say.
    Undetermined,
    /// The window is open, and it will be met if things go on like this.
    OnTrack,
    /// It is met, but hardly; or the window is open, and it will be missed if things go on like this.
    AtRisk,
    /// The figure keeps the bound.
    Met,
    /// The figure does not keep the bound.
    Missed,
    /// Its deadline has passed.
    Expired,
}

impl State {
    /// All states.
    pub const ALL: [State; 8] = [
        State::Pending,
        State::NoData,
        State::Undetermined,
        State::OnTrack,
        State::AtRisk,
        State::Met,
        State::Missed,
        State::Expired,
    ];

    /// The state as labels write it.
    pub fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::NoData => "no_data",
            State::Undetermined => "undetermined",
            State::OnTrack => "on_track",
            State::AtRisk => "at_risk",
            State::Met => "met",
            State::Missed => "missed",
            State::Expired => "expired",
        }
    }
}

/// What a figure says of a target, with its evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// What is to be said.
    pub state: State,
    /// True if it is missed, or will be if things go on like this: what an alert is about.
    pub breached: bool,
    /// The window's first instant.
    pub start: Instant,
    /// The window's end, exclusive.
    pub end: Instant,
    /// The figure.
    pub figure: Figure,
    /// How sure it is, where that can be said.
    pub interval: Option<Interval>,
    /// What it will be at the window's end at the present pace: of counts in open windows only.
    pub projection: Option<f64>,
    /// The bound that it was held against.
    pub bound: Bound,
    /// Until when the rep counts as new, where what is wanted of newcomers decided.
    pub ramp: Option<Instant>,
}

/// A pace is judged once this share of the window has passed: before, one call more or less would decide.
const PACE_FROM: f64 = 0.1;

/// Who is held against a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgee {
    /// One scope; a rep has started then, if that is known.
    One(Option<Instant>),
    /// So many reps together: a count is held against the bound of all of them.
    Together(usize),
}

/// What a figure says of a target at T.
pub fn judge(
    target: &Target,
    stretch: Stretch,
    figure: Figure,
    interval: Option<Interval>,
    judgee: Judgee,
    now: Instant,
) -> Verdict {
    let Stretch { start, end, .. } = stretch;
    let is_open = !target.window.is_rolling() && now < end;
    let is_tally = target.measure.is_tally();
    let is_enough = || {
        // Of what stands all is known, however little it is.
        let is_sampled = target.measure.definition.unit != Unit::Count && !target.measure.is_stock();
        !is_sampled || figure.sample >= target.minimum_sample
    };
    let ramp = ramp(target, judgee, start, now);
    let bound = match (judgee, &ramp) {
        (Judgee::Together(members), _) if target.measure.definition.unit == Unit::Count => {
            target.bound().times(members as f64)
        }
        (_, Some((_, eased))) => eased.unwrap_or(target.bound()),
        _ => target.bound(),
    };
    let is_spared = matches!(ramp, Some((_, None)));
    let projection = figure.value.filter(|_| is_open && is_tally).and_then(|value| {
        let passed = now.since(start).0 as f64 / end.since(start).0 as f64;
        (passed >= PACE_FROM).then(|| value / passed)
    });
    let (state, breached) = match figure.value {
        _ if target.start.is_some_and(|first| is_before(target.window, start, first, now)) => (State::Pending, false),
        _ if is_spared => (State::Pending, false),
        _ if target.deadline.is_some_and(|last| last < end && last <= now) => (State::Expired, false),
        None => (State::NoData, false),
        Some(_) if !is_enough() => (State::Undetermined, false),
        Some(value) if is_open && is_tally => count_so_far(bound, value, projection, target.margin),
        Some(value) if bound.holds(value) => match (is_open, target.window.is_rolling()) {
            (true, _) => (State::OnTrack, false),
            (false, true) if !bound.tightened(target.margin).holds(value) => (State::AtRisk, false),
            (false, _) => (State::Met, false),
        },
        Some(_) if interval.is_some_and(|interval| may_hold(bound, interval)) => (State::Undetermined, false),
        Some(_) if is_open => (State::AtRisk, true),
        Some(_) => (State::Missed, true),
    };
    let ramp = ramp.map(|(until, _)| until);
    Verdict { state, breached, start, end, figure, interval, projection, bound, ramp }
}

/// Until when a rep is new, and what is wanted meanwhile, if this window still falls under it.
fn ramp(target: &Target, judgee: Judgee, start: Instant, now: Instant) -> Option<(Instant, Option<Bound>)> {
    let (Some(ramp), Judgee::One(Some(started))) = (target.ramp, judgee) else { return None };
    let until = started.plus(ramp.length);
    is_before(target.window, start, until, now).then_some((until, ramp.bound))
}

/// True if a window is not judged because it begins before the target does. A rolling one is judged from the start on.
fn is_before(window: Window, start: Instant, first: Instant, now: Instant) -> bool {
    if window.is_rolling() { now < first } else { start < first }
}

/// Tallies only grow, so what is exceeded is missed before the window ends, and what is reached is met.
fn count_so_far(bound: Bound, value: f64, projection: Option<f64>, margin: f64) -> (State, bool) {
    let (least, most) = bound.ends();
    if most.is_some_and(|most| value > most) {
        return (State::Missed, true);
    }
    if most.is_none() && least.is_some_and(|least| value >= least) {
        return (State::Met, false);
    }
    match projection.is_none_or(|projection| bound.tightened(-margin).holds(projection)) {
        true => (State::OnTrack, false),
        false => (State::AtRisk, true),
    }
}

/// True if what a value may well be keeps the bound.
fn may_hold(bound: Bound, interval: Interval) -> bool {
    let (least, most) = bound.ends();
    least.is_none_or(|least| interval.high >= least) && most.is_none_or(|most| interval.low <= most)
}
