//! The business clock: each quarter of an hour asked whether the place was open in it. Blocks begin and end on quarters.

use super::World;
use chrono::{Datelike, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use goalkeeper::domain::event::Name;
use goalkeeper::domain::roster::{OpeningHours, RosterData, Unit};
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::settings::BusinessHours;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

const QUARTER: i64 = 15 * 60_000;

/// The quarters of each place, as far as they were asked for.
#[derive(Default)]
pub struct Places(RefCell<HashMap<Lies, Rc<Place>>>);

/// In which queue, and of which team: a listed queue's own at that time, else the one that was named.
type Lies = (Option<Name>, Option<Name>);

/// A place, and which of the quarters since 1970 it was open in.
struct Place {
    zone: Tz,
    /// None: it is always open.
    hours: Option<OpeningHours>,
    quarters: RefCell<HashMap<i64, bool>>,
}

/// The business clock of a ticket.
pub struct Clock {
    /// From when on it lay where.
    places: Vec<(i64, Rc<Place>)>,
}

impl Places {
    /// The clock of a ticket that lay in these queues (and teams that were named for it) one after the other.
    pub fn clock(&self, lay: &[(i64, Option<Name>, Option<Name>)], world: World) -> Clock {
        if world.settings.business_clock == BusinessHours::LastSchedule {
            let (at, queue, team) = lay.last().expect("it lies somewhere");
            return Clock { places: vec![(i64::MIN, self.place(queue, team, *at, world))] };
        }
        let mut places = Vec::new();
        for (n, (from, queue, team)) in lay.iter().enumerate() {
            places.push((*from, self.place(queue, team, *from, world)));
            // While it lies there the queue may change teams.
            let until = lay.get(n + 1).map_or(i64::MAX, |(next, ..)| *next);
            for listed in world.roster.queues.iter().filter(|listed| Some(&listed.unit.id) == queue.as_ref()) {
                let moves = listed.teams.iter().map(|member| member.valid_from.0);
                for at in moves.filter(|at| *from < *at && *at < until) {
                    places.push((at, self.place(queue, team, at, world)));
                }
            }
        }
        Clock { places }
    }

    fn place(&self, queue: &Option<Name>, named: &Option<Name>, at: i64, world: World) -> Rc<Place> {
        let listed = queue.as_ref().filter(|id| world.roster.queues.iter().any(|queue| queue.unit.id == **id));
        let team = listed.map_or(named.clone(), |queue| world.team_of_queue(queue, at));
        let made = || Rc::new(place(queue.as_ref(), team.as_ref(), world.roster));
        self.0.borrow_mut().entry((queue.clone(), team.clone())).or_insert_with(made).clone()
    }
}

/// The queue and what is above it: that team, its department, the company.
fn place(queue: Option<&Name>, team: Option<&Name>, roster: &RosterData) -> Place {
    let listed = queue.and_then(|id| roster.queues.iter().find(|queue| queue.unit.id == *id));
    let team = team.and_then(|id| roster.teams.iter().find(|team| team.unit.id == *id));
    let department = team.and_then(|team| team.department.as_ref());
    let department = department.and_then(|id| roster.departments.iter().find(|department| department.id == *id));
    let upwards: Vec<&Unit> = [listed.map(|queue| &queue.unit), team.map(|team| &team.unit), department]
        .into_iter()
        .flatten()
        .chain([&roster.company])
        .collect();
    let said = || upwards.iter().filter_map(|unit| unit.hours.as_ref());
    let weeks = said().map(|hours| hours.weeks.clone()).find(|weeks| !weeks.is_empty()).unwrap_or_default();
    let holidays = said().find_map(|hours| hours.holidays.clone());
    let above = match team {
        Some(team) => Scope::new(ScopeKind::Team, team.unit.id.clone()),
        None => Scope::new(ScopeKind::Company, roster.company.id.clone()),
    };
    let zone = listed.and_then(|queue| queue.unit.zone).unwrap_or_else(|| super::zone(roster, &above));
    let is_limited = !weeks.is_empty() || holidays.as_ref().is_some_and(|holidays| !holidays.is_empty());
    let hours = is_limited.then_some(OpeningHours { weeks, holidays });
    Place { zone, hours, quarters: RefCell::default() }
}

impl Place {
    fn is_open(&self, quarter: i64) -> bool {
        *self.quarters.borrow_mut().entry(quarter).or_insert_with(|| self.looks_open(quarter))
    }

    fn looks_open(&self, quarter: i64) -> bool {
        let Some(hours) = &self.hours else { return true };
        let utc = Utc.timestamp_millis_opt(quarter * QUARTER).single().expect("is a time");
        let local = utc.with_timezone(&self.zone);
        let date = local.date_naive();
        if hours.holidays.as_ref().is_some_and(|holidays| holidays.contains(&date)) {
            return false;
        }
        if hours.weeks.is_empty() {
            return true;
        }
        let Some(week) = hours.weeks.iter().rfind(|week| week.valid_from <= date) else { return false };
        let minute = (local.hour() * 60 + local.minute()) as u16;
        let blocks = &week.days[local.weekday().num_days_from_monday() as usize];
        assert!(blocks.iter().all(|(from, to)| from % 15 == 0 && to % 15 == 0), "{blocks:?}");
        blocks.iter().any(|(from, to)| *from <= minute && minute < *to)
    }
}

impl Clock {
    /// How much of the time between was open.
    pub fn between(&self, from: i64, to: i64) -> i64 {
        let mut open = 0;
        self.walk(from, |at, next, is_open| {
            open += if is_open { next.min(to) - at } else { 0 };
            next < to
        });
        open
    }

    /// The last instant, up to `now`, by which no more than `span` was open.
    pub fn limit(&self, from: i64, span: i64, now: i64) -> Option<i64> {
        let (mut open, mut limit) = (0, None);
        self.walk(from, |at, next, is_open| {
            if is_open && open + (next - at) > span {
                limit = Some(at + span - open);
                return false;
            }
            open += if is_open { next - at } else { 0 };
            next <= now
        });
        limit.filter(|limit| *limit <= now)
    }

    /// Tells stretches in each of which it is either open or not, until nobody wants to hear more.
    fn walk(&self, from: i64, mut tell: impl FnMut(i64, i64, bool) -> bool) {
        let mut at = from;
        loop {
            let quarter = at.div_euclid(QUARTER);
            let place = self.places.iter().rposition(|(since, _)| *since <= at).expect("it lies somewhere");
            let moves = self.places.get(place + 1).map_or(i64::MAX, |(since, _)| *since);
            let next = ((quarter + 1) * QUARTER).min(moves);
            if !tell(at, next, self.places[place].1.is_open(quarter)) {
                return;
            }
            at = next;
        }
    }
}
