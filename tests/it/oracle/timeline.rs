//! What reps do all day, instant by instant: all their states in one row, and all that they handled.

use super::version::Records;
use super::{Credit, Ledger, World};
use goalkeeper::domain::event::{Content, Event, Facet, Kind, Name, RepState};
use goalkeeper::domain::time::{DAY, HOUR, QUARTER_HOUR};
use std::collections::{BTreeMap, BTreeSet};

/// States of one facet of one rep, by time.
type States = Vec<(i64, RepState)>;

const ON_QUEUE: [RepState; 3] = [RepState::Available, RepState::OnContact, RepState::WrapUp];

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
    let shifts = records.iter().filter(|(key, entries)| key.kind == Kind::Shift && !entries.is_empty());
    let plans: Vec<Plan> = shifts.map(|(_, entries)| plan(entries, world)).collect();
    for (rep, states) in &mut told {
        states.iter_mut().for_each(|states| states.sort_by_key(|(at, _)| *at));
        let own: Vec<&Plan> = plans.iter().filter(|plan| plan.rep == *rep).collect();
        hour_by_hour(rep, states, &own, world, ledger);
    }
    for plan in plans.iter().filter(|plan| plan.activity != RepState::Offline) {
        scheduled(plan, world, ledger);
    }
}

/// What somebody is to do from one instant to another.
struct Plan {
    rep: Name,
    from: i64,
    to: i64,
    activity: RepState,
}

fn plan(entries: &[&Event], world: World) -> Plan {
    let last = entries[entries.len() - 1];
    let Content::Shift(shift) = &last.content else { panic!("a shift") };
    let (from, to) = (shift.from.0, shift.to.0.min(shift.from.0 + 7 * DAY));
    Plan { rep: world.rep(&last.source, &shift.rep), from, to, activity: shift.activity }
}

/// What is planned for an instant: a later plan goes before an earlier one, and a short one before a long one.
fn planned_at(plans: &[&Plan], t: i64) -> Option<RepState> {
    let mut holding: Vec<&&Plan> = plans.iter().filter(|plan| plan.from <= t && t < plan.to).collect();
    holding.sort_by_key(|plan| (-plan.from, plan.to, std::cmp::Reverse(plan.activity)));
    holding.first().map(|plan| plan.activity)
}

/// True if some state holds at any time of the UTC hour of an instant.
fn is_known(told: &[States; 2], t: i64, longest: i64) -> bool {
    let (begin, end) = (hour(t), hour(t) + HOUR);
    told.iter().flatten().any(|(at, _)| *at < end && at + longest > begin)
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

fn hour_by_hour(rep: &Name, told: &[States; 2], plans: &[&Plan], world: World, ledger: &mut Ledger) {
    let [activity, presence] = told;
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
    cuts.extend(plans.iter().flat_map(|plan| [plan.from, plan.to]));
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
        let said = match present {
            Some((RepState::Offline, _)) => present,
            _ => active.or(present),
        };
        let credit = Credit { rep: Some(rep.clone()), ..Credit::default() };
        let scopes = world.rep_side(&credit, from);
        if said.is_none_or(|(_, runs)| runs) {
            to = to.min(quarter(world.now));
        }
        let planned = planned_at(plans, from).filter(|_| is_known(told, from, longest));
        if planned.is_some_and(|planned| ON_QUEUE.contains(&planned)) {
            ledger.span(&scopes, "planned_on_queue", from, to);
        }
        let planned = planned.filter(|planned| *planned != RepState::Offline);
        if planned.is_some() {
            ledger.span(&scopes, "planned", from, to);
        }
        let Some((state, _)) = said else { continue };
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
        ledger.span(&scopes, what, from, to);
        let does = match planned {
            None => false,
            Some(RepState::Break) => what == "time_break",
            Some(RepState::Training) => what == "time_training",
            Some(RepState::Meeting) => what == "time_meeting",
            Some(RepState::Other) => what == "time_other",
            Some(_) => ["time_available", "time_on_contact", "time_wrap_up"].contains(&what),
        };
        if does {
            ledger.span(&scopes, "planned_and_done", from, to);
        }
    }
}

fn scheduled(plan: &Plan, world: World, ledger: &mut Ledger) {
    let end = plan.to.min(quarter(world.now));
    let moves = world.roster.reps.iter().filter(|listed| listed.unit.id == plan.rep).flat_map(|listed| &listed.teams);
    let mut cuts: BTreeSet<i64> = moves.map(|membership| membership.valid_from.0).collect();
    cuts.extend([plan.from, end]);
    let cuts: Vec<i64> = cuts.into_iter().filter(|at| (plan.from..=end).contains(at)).collect();
    for cut in cuts.windows(2) {
        let credit = Credit { rep: Some(plan.rep.clone()), ..Credit::default() };
        ledger.span(&world.rep_side(&credit, cut[0]), "time_scheduled", cut[0], cut[1]);
    }
}
