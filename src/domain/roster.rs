//! The roster: who belongs where, since when, in which zone, and under which names each source knows them.

use super::event::Name;
use super::schedule::{DatedWeek, Schedule, Timetable};
use super::scope::{Path, Scope, ScopeKind};
use super::slice::{Breakdown, Kinds, Slice};
use super::time::{Instant, Span, Zone};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The roster as written; [`Roster::new`] makes it answer questions.
#[derive(Clone, Debug, PartialEq)]
pub struct RosterData {
    /// The root of the tree.
    pub company: Unit,
    /// Departments of the company.
    pub departments: Vec<Unit>,
    /// Teams, each in a department or directly under the company.
    pub teams: Vec<Team>,
    /// Queues, each of a team or directly under the company.
    pub queues: Vec<Queue>,
    /// Reps with their teams through time.
    pub reps: Vec<Rep>,
    /// Whose business each type of issue is.
    pub issues: Vec<Issue>,
}

/// A type of issue.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// As events name it.
    pub id: Name,
    /// Who is there to handle it.
    pub owner: Owner,
}

/// Whose business something is.
#[derive(Clone, Debug, PartialEq)]
pub enum Owner {
    /// A team's.
    Team(Name),
    /// That of whoever serves a queue.
    Queue(Name),
}

/// What every scope has.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Unique within its kind.
    pub id: Name,
    /// Its zone; none is that of its parent.
    pub zone: Option<Zone>,
    /// Its opening hours and holidays; none are those of its parent.
    pub hours: Option<OpeningHours>,
}

/// A team.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    /// Id, zone and hours.
    pub unit: Unit,
    /// The department it belongs to; none is the company itself.
    pub department: Option<Name>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Id, zone and hours.
    pub unit: Unit,
    /// The teams it belonged to through time, by `valid_from`; empty is the company itself.
    pub teams: Vec<Membership>,
    /// The wait within which an answer is in time here; none is the settings'.
    pub service_level_threshold: Option<Span>,
    /// The longest wait of a short abandon here; none is the settings'.
    pub short_abandon: Option<Span>,
}

/// A representative.
#[derive(Clone, Debug, PartialEq)]
pub struct Rep {
    /// Id, zone and hours.
    pub unit: Unit,
    /// The teams the rep was in through time, by `valid_from`.
    pub teams: Vec<Membership>,
    /// The day the rep began; newcomers ramp up from there.
    pub started: Option<Instant>,
    /// What each source calls the rep: (source, id there).
    pub aliases: Vec<(Name, Name)>,
}

/// A team from an instant on.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// From when on; the first one of a rep or queue may be [`Instant::MIN`].
    pub valid_from: Instant,
    /// The team; none is the company itself (between teams, or gone).
    pub team: Option<Name>,
}

/// What a place says of when it is open, on the local clock of its own zone.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OpeningHours {
    /// The weeks that held through time, by `valid_from`; none are those of the parent.
    pub weeks: Vec<DatedWeek>,
    /// Dates on which it is closed all day; none told are those of the parent.
    pub holidays: Option<Vec<chrono::NaiveDate>>,
}

/// A roster that answers: which scopes does a booking count for?
///
/// A rep or queue that is not listed still counts, for itself and for the company.
#[derive(Debug)]
pub struct Roster {
    data: RosterData,
    company: (Scope, Zone),
    teams: Named<Vec<(Scope, Zone)>>,
    queues: Named<usize>,
    reps: Named<usize>,
    aliases: Named<Named<Name>>,
    schedules: Schedules,
    // Paths are few and asked for with every booking; the map only saves building them again.
    paths: Mutex<HashMap<PathKey, Arc<Path>, FxBuildHasher>>,
    parts: Mutex<HashMap<PartKey, Option<Arc<Path>>, FxBuildHasher>>,
}

/// When each place is open.
#[derive(Debug)]
struct Schedules {
    company: Timetable,
    teams: Named<Timetable>,
    queues: Named<Timetable>,
}

type Named<T> = HashMap<Name, T, FxBuildHasher>;

/// Whose path. Names are compared by where they are: those of events are shared, so that one rep is mostly one place, and
/// a name that is held cannot move. The same rep at two places only has two equal paths.
#[derive(Clone, Debug)]
struct PathKey {
    rep: Option<Name>,
    queue: Option<Name>,
    team: Option<Name>,
    /// Nothing above the rep.
    alone: bool,
}

/// As [`PathKey`], of names that others hold.
#[derive(Clone, Copy)]
struct Asked<'a> {
    rep: Option<&'a Name>,
    queue: Option<&'a Name>,
    team: Option<&'a Name>,
    alone: bool,
}

impl PathKey {
    fn asked(&self) -> Asked<'_> {
        Asked { rep: self.rep.as_ref(), queue: self.queue.as_ref(), team: self.team.as_ref(), alone: self.alone }
    }
}

impl Asked<'_> {
    fn places(&self) -> ([usize; 3], bool) {
        let place = |name: Option<&Name>| name.map_or(0, |name| Arc::as_ptr(name).cast::<u8>().addr());
        ([place(self.rep), place(self.queue), place(self.team)], self.alone)
    }
}

impl std::hash::Hash for PathKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.asked().places().hash(state);
    }
}

impl PartialEq for PathKey {
    fn eq(&self, other: &PathKey) -> bool {
        self.asked().places() == other.asked().places()
    }
}

impl Eq for PathKey {}

impl std::hash::Hash for Asked<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.places().hash(state);
    }
}

impl hashbrown::Equivalent<PathKey> for Asked<'_> {
    fn equivalent(&self, key: &PathKey) -> bool {
        self.places() == key.asked().places()
    }
}

/// A part of a path, for scopes of these kinds. Both are compared by where they are, and what is held cannot move.
#[derive(Clone, Debug)]
struct PartKey {
    path: Arc<Path>,
    slice: Arc<Slice>,
    kinds: Kinds,
}

impl PartKey {
    fn places(&self) -> (usize, usize, Kinds) {
        (Arc::as_ptr(&self.path).addr(), Arc::as_ptr(&self.slice).addr(), self.kinds)
    }
}

impl std::hash::Hash for PartKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.places().hash(state);
    }
}

impl PartialEq for PartKey {
    fn eq(&self, other: &PartKey) -> bool {
        self.places() == other.places()
    }
}

impl Eq for PartKey {}

/// Paths kept at most; beyond it the map starts again, which costs time only.
const PATHS_KEPT: usize = 1 << 17;

impl Roster {
    /// Makes a roster answer. References to teams and departments that are not listed fall to the company; `config`
    /// refuses such files, so this only happens to rosters built in code.
    pub fn new(data: RosterData) -> Roster {
        let company_zone = data.company.zone.unwrap_or(Zone::UTC);
        let company = (Scope::new(ScopeKind::Company, data.company.id.clone()), company_zone);
        let departments: BTreeMap<&Name, Zone> =
            data.departments.iter().map(|d| (&d.id, d.zone.unwrap_or(company_zone))).collect();
        let teams = data
            .teams
            .iter()
            .map(|team| {
                let department = team.department.as_ref().and_then(|id| departments.get_key_value(id));
                let parent_zone = department.map_or(company_zone, |(_, zone)| *zone);
                let own = (Scope::new(ScopeKind::Team, team.unit.id.clone()), team.unit.zone.unwrap_or(parent_zone));
                let mut steps = vec![own];
                steps.extend(department.map(|(id, z)| (Scope::new(ScopeKind::Department, (*id).clone()), *z)));
                steps.push(company.clone());
                (team.unit.id.clone(), steps)
            })
            .collect();
        let queues = data.queues.iter().enumerate().map(|(n, q)| (q.unit.id.clone(), n)).collect();
        let reps = data.reps.iter().enumerate().map(|(n, r)| (r.unit.id.clone(), n)).collect();
        let mut aliases: Named<Named<Name>> = HashMap::default();
        for rep in &data.reps {
            for (source, alias) in &rep.aliases {
                aliases.entry(source.clone()).or_default().insert(alias.clone(), rep.unit.id.clone());
            }
        }
        let schedules = Schedules::of(&data, company_zone);
        let (paths, parts) = (Mutex::default(), Mutex::default());
        Roster { data, company, teams, queues, reps, aliases, schedules, paths, parts }
    }

    /// The roster as written.
    pub fn data(&self) -> &RosterData {
        &self.data
    }

    /// The roster's id of what `source` calls `rep`.
    pub fn rep_id<'a>(&'a self, source: &str, rep: &'a Name) -> &'a Name {
        self.aliases.get(source).and_then(|names| names.get(rep)).unwrap_or(rep)
    }

    /// Every listed queue.
    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.data.queues.iter()
    }

    /// The queue as listed, if it is.
    pub fn queue(&self, id: &str) -> Option<&Queue> {
        self.queues.get(id).map(|n| &self.data.queues[*n])
    }

    /// The rep as listed, if so.
    pub fn rep(&self, id: &str) -> Option<&Rep> {
        self.reps.get(id).map(|n| &self.data.reps[*n])
    }

    /// True if the team is listed.
    pub fn lists_team(&self, id: &str) -> bool {
        self.teams.contains_key(id)
    }

    /// True if the department is listed.
    pub fn lists_department(&self, id: &str) -> bool {
        self.data.departments.iter().any(|department| &*department.id == id)
    }

    /// Whose business the issue is, as listed.
    pub fn owner_of(&self, issue: &str) -> Option<&Owner> {
        self.data.issues.iter().find(|listed| &*listed.id == issue).map(|listed| &listed.owner)
    }

    /// The team of a listed rep at an instant.
    pub fn rep_team(&self, id: &str, at: Instant) -> Option<&Name> {
        team_at(&self.rep(id)?.teams, at)
    }

    /// The team of a listed queue at an instant.
    pub fn queue_team(&self, id: &str, at: Instant) -> Option<&Name> {
        team_at(&self.queue(id)?.teams, at)
    }

    /// The team of a rep or queue at an instant, or the team itself, as listed.
    pub fn team_of<'a>(&'a self, scope: &'a Scope, at: Instant) -> Option<&'a Name> {
        match scope.kind {
            ScopeKind::Rep => self.rep_team(&scope.id, at),
            ScopeKind::Queue => self.queue_team(&scope.id, at),
            ScopeKind::Team => self.lists_team(&scope.id).then_some(&scope.id),
            ScopeKind::Department | ScopeKind::Company => None,
        }
    }

    /// The department of a listed team.
    pub fn department_of(&self, team: &str) -> Option<&Name> {
        self.teams.get(team)?.iter().map(|(scope, _)| scope).find(|s| s.kind == ScopeKind::Department).map(|s| &s.id)
    }

    /// The first instant after `at` at which somebody changes teams; [`Instant::MAX`] if nobody does.
    pub fn next_change(&self, at: Instant) -> Instant {
        let reps = self.data.reps.iter().flat_map(|rep| &rep.teams);
        let memberships = reps.chain(self.data.queues.iter().flat_map(|queue| &queue.teams));
        memberships.map(|membership| membership.valid_from).filter(|from| *from > at).min().unwrap_or(Instant::MAX)
    }

    /// The scopes of a queue-side booking at `at`: the queue, its team (or `team`, which overrides the roster) and up.
    pub fn queue_path(&self, queue: Option<&Name>, team: Option<&Name>, at: Instant) -> Arc<Path> {
        let memberships = queue.and_then(|id| self.queue(id)).map(|q| &q.teams[..]);
        let team = team.or_else(|| team_at(memberships.unwrap_or_default(), at));
        self.path(Asked { rep: None, queue, team, alone: false })
    }

    /// The scopes of a rep-side booking at `at`: the rep, the queue itself if one is named, the rep's team then (or
    /// `team`, which overrides the roster) and up. Without a rep it counts for the company (and `team`) only. The
    /// queue's own team gets nothing: every amount is once in each team, department and the company.
    pub fn rep_path(&self, rep: Option<&Name>, queue: Option<&Name>, team: Option<&Name>, at: Instant) -> Arc<Path> {
        self.path(Asked { rep, queue, team: team.or_else(|| self.team_of_rep(rep?, at)), alone: false })
    }

    /// What [`Roster::rep_path`] has beside the rep.
    pub fn path_above_rep(
        &self,
        rep: Option<&Name>,
        queue: Option<&Name>,
        team: Option<&Name>,
        at: Instant,
    ) -> Arc<Path> {
        self.path(Asked { rep: None, queue, team: team.or_else(|| self.team_of_rep(rep?, at)), alone: false })
    }

    fn team_of_rep(&self, rep: &str, at: Instant) -> Option<&Name> {
        team_at(&self.rep(rep)?.teams, at)
    }

    /// The rep alone, for what counts at rep level only.
    pub fn rep_only(&self, rep: &Name) -> Arc<Path> {
        self.path(Asked { rep: Some(rep), queue: None, team: None, alone: true })
    }

    /// A department and the company. One that is not listed counts for the company.
    pub fn department_path(&self, id: &Name) -> Arc<Path> {
        let listed = self.data.departments.iter().find(|department| department.id == *id);
        let own = listed.map(|d| (Scope::new(ScopeKind::Department, d.id.clone()), d.zone.unwrap_or(self.company.1)));
        Arc::new(Path::new(own.into_iter().chain([self.company.clone()]).collect()))
    }

    /// One scope, and nothing above it.
    pub fn scope_path(&self, scope: &Scope) -> Arc<Path> {
        Arc::new(Path::new(vec![(scope.clone(), self.zone(scope))]))
    }

    /// The company alone.
    pub fn company_path(&self) -> Arc<Path> {
        self.path(Asked { rep: None, queue: None, team: None, alone: false })
    }

    /// The slices of the listed scopes of these kinds on a path; `None` if there are none.
    pub(super) fn part(&self, path: &Arc<Path>, slice: &Arc<Slice>, kinds: Kinds) -> Option<Arc<Path>> {
        // A poisoned lock only means that a thread died between two insertions: the map is whole.
        let mut parts = self.parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = PartKey { path: path.clone(), slice: slice.clone(), kinds };
        if let Some(part) = parts.get(&key) {
            return part.clone();
        }
        let is_wanted = |(scope, _): &&(Scope, Zone)| kinds.has(scope.kind) && self.lists(scope.kind, &scope.id);
        let steps: Vec<(Scope, Zone)> =
            path.steps().iter().filter(is_wanted).map(|(scope, zone)| (scope.part(slice), *zone)).collect();
        let part = (!steps.is_empty()).then(|| Arc::new(Path::new(steps)));
        if parts.len() >= PATHS_KEPT {
            parts.clear();
        }
        parts.insert(key, part.clone());
        part
    }

    /// True if the scope is listed; the company comes from nowhere else.
    pub fn lists(&self, kind: ScopeKind, id: &str) -> bool {
        match kind {
            ScopeKind::Rep => self.rep(id).is_some(),
            ScopeKind::Queue => self.queue(id).is_some(),
            ScopeKind::Team => self.lists_team(id),
            ScopeKind::Department => self.lists_department(id),
            ScopeKind::Company => true,
        }
    }

    /// The zone in which `scope` counts its days.
    pub fn zone(&self, scope: &Scope) -> Zone {
        match scope.kind {
            ScopeKind::Company => self.company.1,
            ScopeKind::Department => {
                let listed = self.data.departments.iter().find(|d| d.id == scope.id);
                listed.and_then(|d| d.zone).unwrap_or(self.company.1)
            }
            ScopeKind::Team => self.teams.get(&scope.id).map_or(self.company.1, |steps| steps[0].1),
            ScopeKind::Queue => self.queue_step(&scope.id).1,
            ScopeKind::Rep => self.rep_step(&scope.id).1,
        }
    }

    /// When the place is open in which a ticket lies: the queue, without one the team, else the company.
    pub fn timetable(&self, queue: Option<&Name>, team: Option<&Name>) -> &Timetable {
        let Schedules { company, teams, queues } = &self.schedules;
        let own = queue.and_then(|queue| queues.get(queue)).or_else(|| team.and_then(|team| teams.get(team)));
        own.unwrap_or(company)
    }

    /// Every listed scope, from the company down.
    pub fn scopes(&self) -> Vec<Scope> {
        let named = |kind, id: &Name| Scope::new(kind, id.clone());
        let mut all = vec![self.company.0.clone()];
        all.extend(self.data.departments.iter().map(|d| named(ScopeKind::Department, &d.id)));
        all.extend(self.data.teams.iter().map(|t| named(ScopeKind::Team, &t.unit.id)));
        all.extend(self.data.queues.iter().map(|q| named(ScopeKind::Queue, &q.unit.id)));
        all.extend(self.data.reps.iter().map(|r| named(ScopeKind::Rep, &r.unit.id)));
        all
    }

    /// Every slice of the listed scopes of a kind by a breakdown.
    pub fn slices(&self, kind: ScopeKind, breakdown: &Breakdown) -> Vec<Scope> {
        let of_kind = self.scopes().into_iter().filter(|scope| scope.kind == kind);
        of_kind.flat_map(|scope| breakdown.slices().map(move |slice| scope.part(slice))).collect()
    }

    fn path(&self, key: Asked<'_>) -> Arc<Path> {
        // A poisoned lock only means that a thread died between two insertions: the map is whole.
        let mut paths = self.paths.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(path) = paths.get(&key) {
            return path.clone();
        }
        let mut steps: Vec<(Scope, Zone)> = Vec::with_capacity(5);
        steps.extend(key.rep.map(|rep| self.rep_step(rep)));
        steps.extend(key.queue.map(|queue| self.queue_step(queue)));
        match key.team {
            Some(team) => match self.teams.get(team) {
                Some(up) => steps.extend(up.iter().cloned()),
                None => {
                    steps.push((Scope::new(ScopeKind::Team, team.clone()), self.company.1));
                    steps.push(self.company.clone());
                }
            },
            None if key.alone => {}
            None => steps.push(self.company.clone()),
        }
        let path = Arc::new(Path::new(steps));
        if paths.len() >= PATHS_KEPT {
            paths.clear();
        }
        let Asked { rep, queue, team, alone } = key;
        let held = PathKey { rep: rep.cloned(), queue: queue.cloned(), team: team.cloned(), alone };
        paths.insert(held, path.clone());
        path
    }

    // A rep's or queue's day is that of its latest team unless it has a zone of its own: a zone per membership would
    // give one person two calendars.
    fn rep_step(&self, id: &Name) -> (Scope, Zone) {
        let listed = self.rep(id);
        let zone = listed.and_then(|r| r.unit.zone.or_else(|| self.latest_zone(&r.teams)));
        (Scope::new(ScopeKind::Rep, id.clone()), zone.unwrap_or(self.company.1))
    }

    fn queue_step(&self, id: &Name) -> (Scope, Zone) {
        let listed = self.queue(id);
        let zone = listed.and_then(|q| q.unit.zone.or_else(|| self.latest_zone(&q.teams)));
        (Scope::new(ScopeKind::Queue, id.clone()), zone.unwrap_or(self.company.1))
    }

    fn latest_zone(&self, teams: &[Membership]) -> Option<Zone> {
        let latest = teams.iter().rev().find_map(|membership| membership.team.as_ref());
        self.teams.get(latest?).map(|steps| steps[0].1)
    }
}

impl Schedules {
    /// A queue is open when its team of that time is, by that team's clock: a move rewrites no hours that have passed.
    fn of(data: &RosterData, company_zone: Zone) -> Schedules {
        let nothing = Place { zone: company_zone, weeks: &[], holidays: &[] };
        let company = nothing.with(&data.company);
        let departments: BTreeMap<&Name, Place<'_>> =
            data.departments.iter().map(|department| (&department.id, company.with(department))).collect();
        let teams: BTreeMap<&Name, Place<'_>> = data
            .teams
            .iter()
            .map(|team| {
                let department = team.department.as_ref().and_then(|id| departments.get(id));
                (&team.unit.id, department.unwrap_or(&company).with(&team.unit))
            })
            .collect();
        let queue = |queue: &Queue| {
            let below = |team: Option<&Place<'_>>| team.unwrap_or(&company).with(&queue.unit).schedule();
            let of_team = |member: &Membership| below(member.team.as_ref().and_then(|team| teams.get(team)));
            let moves = queue.teams.iter().map(|member| (member.valid_from, of_team(member)));
            (queue.unit.id.clone(), [(Instant::MIN, below(None))].into_iter().chain(moves).collect())
        };
        let always = |place: &Place<'_>| vec![(Instant::MIN, place.schedule())];
        Schedules {
            company: always(&company),
            teams: teams.iter().map(|(id, team)| ((*id).clone(), always(team))).collect(),
            queues: data.queues.iter().map(queue).collect(),
        }
    }
}

/// What a place has of its own or from above.
#[derive(Clone, Copy)]
struct Place<'a> {
    zone: Zone,
    weeks: &'a [DatedWeek],
    holidays: &'a [chrono::NaiveDate],
}

impl<'a> Place<'a> {
    /// A place below this one.
    fn with(self, unit: &'a Unit) -> Place<'a> {
        let hours = unit.hours.as_ref();
        Place {
            zone: unit.zone.unwrap_or(self.zone),
            weeks: hours.map(|hours| &hours.weeks[..]).filter(|weeks| !weeks.is_empty()).unwrap_or(self.weeks),
            holidays: hours.and_then(|hours| hours.holidays.as_deref()).unwrap_or(self.holidays),
        }
    }

    fn schedule(&self) -> Option<Schedule> {
        let says_something = !self.weeks.is_empty() || !self.holidays.is_empty();
        says_something.then(|| Schedule::new(self.zone, self.weeks, self.holidays))
    }
}

/// The team in force at `at`: the last membership that began by then. Memberships are sorted by `valid_from`.
fn team_at(memberships: &[Membership], at: Instant) -> Option<&Name> {
    memberships.iter().rev().find(|m| m.valid_from <= at).and_then(|m| m.team.as_ref())
}
