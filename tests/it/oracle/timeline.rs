//! What reps do all day, instant by instant: all their states in one row, and all that they handled.

use super::version::Records;
use super::{Credit, Ledger, World};
use goalkeeper::domain::event::{Content, Event, Facet, Kind, Name, RepState};
use goalkeeper::domain::time::{DAY, HOUR, QUARTER_HOUR};
use std::collections::{BTreeMap, BTreeSet};

/// States of one facet of one rep, by time.
type States = Vec<(i64, RepState)>;

/// Notes what every rep did, and the shifts that were planned.
pub fn fold(records: &Records<'_>, world: World, ledger: &mut Ledger) {
    let mut told: BTreeMap<Name, [States; 2]> = BTreeMap::new();
    for (_, entries) in records.iter().filter(|(key, _)| key.kind == Kind::Timeline) {
        for event in entries {
            let Content::State(state) = &event.content else { panic!("a state") };
            let facet = usize::from(state.facet == Facet::Presence);
            let rep = world.rep(&event.source, &state.rep);
            told.entry(rep).or_default()[facet].push((event.time.0, state.state));
        }
    }
    for (rep, states) in &mut told {
        states.iter_mut().for_each(|states| states.sort_by_key(|(at, _)| *at));
        hour_by_hour(rep, states, world, ledger);
    }
    for (_, entries) in records.iter().filter(|(key, entries)| key.kind == Kind::Shift && !entries.is_empty()) {
        shift(entries, world, ledger);
    }
}

fn hour(t: i64) -> i64 {
    t.div_euclid(HOUR) * HOUR
}

fn quarter(t: i64) -> i64 {
    t.div_euclid(QUARTER_HOUR) * QUARTER_HOUR
}

/// The state at an instant, and whether nothing ends it in the same UTC hour.
fn state_at(states: &States, t: i64, longest: i64) -> Option<(RepState, bool)> {
    let (at, state) = states.iter().rfind(|(at, _)| *at <= t)?;
    let next = hour(t) + HOUR;
    let runs = !states.iter().any(|(later, _)| *later > t && *later < next);
    (t < at + longest).then_some((*state, runs))
}

fn hour_by_hour(rep: &Name, [activity, presence]: &[States; 2], world: World, ledger: &mut Ledger) {
    let longest = world.settings.longest_state.0;
    let handled: Vec<(i64, i64)> = ledger.handled.get(rep).cloned().unwrap_or_default();
    let handled: Vec<(i64, i64)> = handled.iter().map(|(from, to)| (*from, *to.min(&(from + longest)))).collect();
    let mut cuts: BTreeSet<i64> = BTreeSet::new();
    for (at, _) in activity.iter().chain(presence) {
        cuts.extend([*at, at + longest]);
    }
    cuts.extend(handled.iter().flat_map(|(from, to)| [*from, *to]));
    let moves = world.roster.reps.iter().filter(|listed| listed.unit.id == *rep).flat_map(|listed| &listed.teams);
    cuts.extend(moves.map(|membership| membership.valid_from.0).filter(|at| *at > i64::MIN));
    let first = *cuts.first().expect("something was told");
    let last = *cuts.last().expect("something was told");
    cuts.extend((hour(first)..=last).step_by(HOUR as usize).filter(|at| *at > first));
    let cuts: Vec<i64> = cuts.into_iter().collect();
    for cut in cuts.windows(2) {
        let (from, mut to) = (cut[0], cut[1]);
        if hour(from) > world.now {
            break;
        }
        let (present, active) = (state_at(presence, from, longest), state_at(activity, from, longest));
        if present.is_some_and(|(state, _)| state == RepState::Offline) {
            continue;
        }
        let Some((state, runs)) = active.or(present) else { continue };
        let on_contact = handled.iter().any(|(begun, until)| *begun <= from && from < *until);
        let what = match state {
            RepState::Offline => continue,
            RepState::WrapUp => "time_wrap_up",
            _ if on_contact => "time_on_contact",
            RepState::OnContact => "time_on_contact",
            RepState::Available => "time_available",
            RepState::Break => "time_break",
            RepState::Training => "time_training",
            RepState::Meeting => "time_meeting",
            RepState::Other => "time_other",
        };
        if runs {
            to = to.min(quarter(world.now));
        }
        let credit = Credit { rep: Some(rep.clone()), ..Credit::default() };
        ledger.span(&world.rep_side(&credit, from), what, from, to);
    }
}

fn shift(entries: &[&Event], world: World, ledger: &mut Ledger) {
    let last = entries[entries.len() - 1];
    let Content::Shift(shift) = &last.content else { panic!("a shift") };
    if shift.activity == RepState::Offline {
        return;
    }
    let rep = world.rep(&last.source, &shift.rep);
    let end = shift.to.0.min(shift.from.0 + 7 * DAY).min(quarter(world.now));
    let moves = world.roster.reps.iter().filter(|listed| listed.unit.id == rep).flat_map(|listed| &listed.teams);
    let mut cuts: BTreeSet<i64> = moves.map(|membership| membership.valid_from.0).collect();
    cuts.extend([shift.from.0, end]);
    let cuts: Vec<i64> = cuts.into_iter().filter(|at| (shift.from.0..=end).contains(at)).collect();
    for cut in cuts.windows(2) {
        let credit = Credit { rep: Some(rep.clone()), ..Credit::default() };
        ledger.span(&world.rep_side(&credit, cut[0]), "time_scheduled", cut[0], cut[1]);
    }
}
