//! The judge: holds figures against targets, and remembers what must not be forgotten: where alerts stand, and the
//! verdicts on windows that have ended.

use super::alert::Alert;
use super::amounts::Amounts;
use super::engine::Engine;
use super::event::Name;
use super::interval;
use super::measure::{Figure, Side};
use super::roster::Roster;
use super::scope::{Scope, ScopeKind};
use super::target::{Target, Whom};
use super::time::{DAY, Instant, Span, Zone};
use super::verdict::{Judgee, State, Verdict, judge};
use super::window::{Stretch, Window};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Verdicts on windows that have ended, remembered for each target and scope.
const CLOSED_KEPT: usize = 8;
/// Those verdicts are held against their figures again once in so many looks.
const LOOKS_A_ROUND: usize = 30;
/// A team misses as a whole if at least so many of its members have data, ...
const COMMON_MEMBERS: usize = 3;
/// ... at least this share of them misses, and so does the team.
const COMMON_SHARE: f64 = 0.6;

/// Whom a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair {
    /// The target's id.
    pub target: Name,
    /// Whose figure.
    pub scope: Scope,
}

/// What a target says of one scope now.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Which target: its place in [`Judge::targets`].
    pub target: usize,
    /// Whose figure.
    pub scope: Scope,
    /// Its team.
    pub team: Option<Name>,
    /// What is to be said of the present window.
    pub verdict: Verdict,
    /// The verdict on the last window that has ended; never of a rolling one.
    pub closed: Option<Closed>,
    /// True if this is the alert of a whole team, most of whose members miss.
    pub is_common: bool,
    /// True if it misses with its whole team, which is told instead.
    pub is_suppressed: bool,
    /// True if it misses, as alerts see it: with hysteresis, a last verdict that is still told, and suppression.
    pub is_breached: bool,
    /// Where its alert stands.
    pub alert: Alert,
}

impl Judged {
    /// The verdict on the window before, where that is what is told: the present window gives no reason.
    pub fn told_closed(&self) -> Option<&Closed> {
        let is_told = |closed: &&Closed| {
            !self.verdict.breached && closed.state == State::Missed && closed.end == self.verdict.start
        };
        self.closed.as_ref().filter(is_told)
    }
}

/// The verdict on a window that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// The window's first instant.
    pub start: Instant,
    /// The window's end, exclusive.
    pub end: Instant,
    /// What is to be said of it.
    pub state: State,
    /// The figure.
    pub figure: Figure,
    /// T when it was given, or given again.
    pub given: Instant,
    /// How often it was given again because its figure had changed.
    pub revision: u32,
}

/// What is remembered of a target and scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remembered {
    /// The definition of the target that all this is of.
    pub definition: u64,
    /// Where the alert stands.
    pub alert: Alert,
    /// Verdicts on windows that have ended, in their order.
    pub closed: Vec<Closed>,
}

/// A change of what is remembered.
#[derive(Debug)]
pub enum Memory<'a> {
    /// This is remembered now.
    Put(&'a Pair, &'a Remembered),
    /// This is forgotten.
    Delete(&'a Pair),
}

/// Holds figures against targets.
#[derive(Debug, Default)]
pub struct Judge {
    targets: Arc<[Target]>,
    /// Targets with the same scopes and window: their sums are made once.
    groups: BTreeMap<(Whom, Window), Vec<usize>>,
    memory: FxHashMap<Pair, Remembered>,
    changed: Vec<Pair>,
    members: Members,
    judged: Arc<Vec<Judged>>,
    looks: usize,
}

/// A scope with what stands above it.
#[derive(Clone, Debug)]
struct Member {
    scope: Scope,
    zone: Zone,
    team: Option<Name>,
    department: Option<Name>,
    /// When the rep started.
    started: Option<Instant>,
}

/// Who is meant by each target, for as long as nobody changes teams.
#[derive(Debug, Default)]
struct Members {
    roster: Option<Arc<Roster>>,
    until: Option<Instant>,
    of: BTreeMap<Whom, Arc<[Member]>>,
}

impl Judge {
    /// The targets in force.
    pub fn targets(&self) -> &Arc<[Target]> {
        &self.targets
    }

    /// What was found at the last look: targets in their order, scopes in the order of the roster, whole teams last.
    pub fn judged(&self) -> &Arc<Vec<Judged>> {
        &self.judged
    }

    /// What is remembered, in no order.
    pub fn memory(&self) -> impl Iterator<Item = (&Pair, &Remembered)> {
        self.memory.iter()
    }

    /// The verdicts on windows of a target and scope that have ended, in their order.
    pub fn closed(&self, pair: &Pair) -> &[Closed] {
        self.memory.get(pair).map_or(&[], |remembered| &remembered.closed)
    }

    /// Puts targets in force.
    pub(super) fn put_in_force(&mut self, targets: Arc<[Target]>) {
        self.groups.clear();
        for (n, target) in targets.iter().enumerate() {
            self.groups.entry((target.whom.clone(), target.window)).or_default().push(n);
        }
        self.targets = targets;
        self.members = Members::default();
        self.judged = Arc::default();
    }

    /// Remembers what was stored.
    pub fn restore(&mut self, pair: Pair, remembered: Remembered) {
        self.memory.insert(pair, remembered);
    }

    /// Hands every change of what is remembered since the last call to `write`.
    pub fn drain_writes(&mut self, mut write: impl FnMut(Memory<'_>)) {
        self.changed.sort_unstable();
        self.changed.dedup();
        for pair in self.changed.drain(..) {
            match self.memory.get(&pair) {
                Some(remembered) => write(Memory::Put(&pair, remembered)),
                None => write(Memory::Delete(&pair)),
            }
        }
    }

    /// Holds all figures against all targets at T. Not while figures are a mix of two rosters.
    pub(super) fn look(&mut self, engine: &Engine) {
        let now = engine.now();
        if now == Instant::MIN || engine.rebooking() {
            return;
        }
        self.members.look(&self.groups, engine.roster(), now);
        self.looks += 1;
        let mut all: Vec<Vec<Judged>> = self.targets.iter().map(|_| Vec::new()).collect();
        let groups = std::mem::take(&mut self.groups);
        for ((whom, window), numbers) in &groups {
            let Some(members) = self.members.of.get(whom).cloned() else { continue };
            let mut of_targets: Vec<Vec<Judged>> = numbers.iter().map(|_| Vec::with_capacity(members.len())).collect();
            let stocks = numbers.iter().any(|n| self.targets[*n].measure.is_stock());
            for member in &*members {
                let stretch = present(*window, member, now);
                let totals = engine.totals(&member.scope, stretch, stocks);
                for (n, of_target) in numbers.iter().zip(&mut of_targets) {
                    let target = &self.targets[*n];
                    let verdict = verdict(engine, target, member, stretch, &totals, Judgee::One(member.started));
                    of_target.push(Judged {
                        target: *n,
                        scope: member.scope.clone(),
                        team: member.team.clone(),
                        is_breached: verdict.breached,
                        verdict,
                        closed: None,
                        is_common: false,
                        is_suppressed: false,
                        alert: Alert::Inactive,
                    });
                }
            }
            for (n, mut of_target) in numbers.iter().zip(of_targets) {
                let target = self.targets[*n].clone();
                self.close_all(engine, &target, &members, &mut of_target);
                if whom.kind() == ScopeKind::Rep {
                    self.find_common_causes(engine, *n, &target, &mut of_target);
                }
                for judged in &mut of_target {
                    self.alert(&target, judged, engine.settings().verdict_lateness, engine.now());
                }
                all[*n] = of_target;
            }
        }
        self.groups = groups;
        self.judged = Arc::new(all.into_iter().flatten().collect());
        self.forget();
    }

    /// Gives the verdicts on windows that have ended, and gives those again whose figures have changed.
    fn close_all(&mut self, engine: &Engine, target: &Target, members: &[Member], judged: &mut [Judged]) {
        if target.window.is_rolling() {
            return;
        }
        let definition = target.definition();
        for (n, (member, judged)) in members.iter().zip(judged).enumerate() {
            let pair = Pair { target: target.id.clone(), scope: member.scope.clone() };
            let remembered = self.memory.entry(pair.clone()).or_default();
            let mut changed = remembered.begin(definition);
            changed |= close(remembered, engine, target, member);
            if n % LOOKS_A_ROUND == self.looks % LOOKS_A_ROUND {
                changed |= look_again(remembered, engine, target, member);
            }
            judged.closed = remembered.closed.last().cloned();
            if changed {
                self.changed.push(pair);
            }
        }
    }

    /// Where a team misses and most of its members do, the team is told and its members are not: it is no fault of theirs.
    fn find_common_causes(&self, engine: &Engine, number: usize, target: &Target, judged: &mut Vec<Judged>) {
        if !target.measure.has(ScopeKind::Team) {
            return;
        }
        let mut teams: BTreeMap<Name, Vec<usize>> = BTreeMap::new();
        for (n, judged) in judged.iter().enumerate() {
            let has_data = !matches!(judged.verdict.state, State::Pending | State::NoData | State::Expired);
            if let Some(team) = judged.team.as_ref().filter(|_| has_data) {
                teams.entry(team.clone()).or_default().push(n);
            }
        }
        let mut common = Vec::new();
        for (team, members) in teams {
            let missing = members.iter().filter(|n| misses(target, &judged[**n].verdict)).count();
            let most_miss = members.len() >= COMMON_MEMBERS && missing as f64 >= COMMON_SHARE * members.len() as f64;
            let scope = Scope { slice: target.whom.part().cloned(), ..Scope::new(ScopeKind::Team, team.clone()) };
            let pair = Pair { target: target.id.clone(), scope: scope.clone() };
            // What was told is over when it has been told so.
            if !most_miss && self.memory.get(&pair).is_none_or(|remembered| remembered.alert == Alert::Inactive) {
                continue;
            }
            let zone = engine.roster().zone(&scope);
            let member =
                Member { scope: scope.clone(), zone, team: Some(team.clone()), department: None, started: None };
            let stretch = present(target.window, &member, engine.now());
            let totals = engine.totals(&scope, stretch, target.measure.is_stock());
            let verdict = verdict(engine, target, &member, stretch, &totals, Judgee::Together(members.len()));
            let is_breached = most_miss && verdict.breached;
            if is_breached {
                members.iter().for_each(|n| judged[*n].is_suppressed = misses(target, &judged[*n].verdict));
            }
            common.push(Judged {
                target: number,
                scope,
                team: Some(team),
                verdict: Verdict { breached: is_breached, ..verdict },
                closed: None,
                is_common: true,
                is_suppressed: false,
                is_breached,
                alert: Alert::Inactive,
            });
        }
        judged.extend(common);
    }

    /// Lets the alert of a pair go on.
    fn alert(&mut self, target: &Target, judged: &mut Judged, verdict_lateness: Span, now: Instant) {
        let pair = Pair { target: target.id.clone(), scope: judged.scope.clone() };
        let remembered = self.memory.entry(pair.clone()).or_default();
        let mut changed = remembered.begin(target.definition());
        let is_told = judged.closed.as_ref().is_some_and(|closed| is_told(closed, target, now));
        let hardly = || remembered.alert.is_active() && is_hardly_kept(target, &judged.verdict);
        // The window before has ended and has no verdict yet: what was wrong with it is not over.
        let waits = || {
            let since = now.since(judged.verdict.start);
            remembered.alert.is_active() && !target.window.is_rolling() && since < verdict_lateness
        };
        let is_breached = judged.verdict.breached || is_told || hardly() || waits();
        judged.is_breached = is_breached && !judged.is_suppressed && (!judged.is_common || judged.verdict.breached);
        judged.alert = remembered.alert.step(judged.is_breached, target.hold, now);
        changed |= std::mem::replace(&mut remembered.alert, judged.alert) != judged.alert;
        if changed {
            self.changed.push(pair);
        }
    }

    /// Forgets pairs that are judged no longer.
    fn forget(&mut self) {
        if self.memory.len() <= self.judged.len() {
            return;
        }
        let targets = &self.targets;
        let is_judged: std::collections::HashSet<(&Name, &Scope)> =
            self.judged.iter().map(|judged| (&targets[judged.target].id, &judged.scope)).collect();
        let changed = &mut self.changed;
        self.memory.retain(|pair, _| {
            let stays = is_judged.contains(&(&pair.target, &pair.scope));
            if !stays {
                changed.push(pair.clone());
            }
            stays
        });
    }
}

impl Remembered {
    /// Begins anew if this is of another definition.
    fn begin(&mut self, definition: u64) -> bool {
        let is_other = self.definition != definition;
        if is_other {
            *self = Remembered { definition, ..Remembered::default() };
        }
        is_other
    }
}

impl Members {
    fn look(&mut self, groups: &BTreeMap<(Whom, Window), Vec<usize>>, roster: &Arc<Roster>, now: Instant) {
        let is_same = self.roster.as_ref().is_some_and(|known| Arc::ptr_eq(known, roster));
        if is_same && self.until.is_some_and(|until| now < until) {
            return;
        }
        let member = |scope: Scope| {
            let team = roster.team_of(&scope, now).cloned();
            let department = match scope.kind {
                ScopeKind::Department => Some(scope.id.clone()),
                _ => team.as_ref().and_then(|team| roster.department_of(team)).cloned(),
            };
            let started = match scope.kind {
                ScopeKind::Rep => roster.rep(&scope.id).and_then(|rep| rep.started),
                _ => None,
            };
            Member { zone: roster.zone(&scope), scope, team, department, started }
        };
        let all: Vec<Member> = roster.scopes().into_iter().map(member).collect();
        self.of.clear();
        for (whom, _) in groups.keys() {
            let meant: Arc<[Member]> = match whom {
                Whom::One(scope) => [member(scope.clone())].into(),
                Whom::Every { kind, of, part } => {
                    let is_meant =
                        |m: &&Member| m.scope.kind == *kind && of.as_ref().is_none_or(|above| m.is_below(above));
                    let meant =
                        |m: &Member| Member { scope: Scope { slice: part.clone(), ..m.scope.clone() }, ..m.clone() };
                    all.iter().filter(is_meant).map(meant).collect()
                }
            };
            self.of.insert(whom.clone(), meant);
        }
        self.roster = Some(roster.clone());
        self.until = Some(roster.next_change(now));
    }
}

impl Member {
    fn is_below(&self, above: &Scope) -> bool {
        match above.kind {
            ScopeKind::Company => true,
            ScopeKind::Department => self.department.as_ref() == Some(&above.id),
            ScopeKind::Team => self.team.as_ref() == Some(&above.id),
            ScopeKind::Queue | ScopeKind::Rep => self.scope == *above,
        }
    }
}

/// The window that is open at T, or the rolling one that ends there.
fn present(window: Window, member: &Member, now: Instant) -> Stretch {
    window.at(Instant(now.0.saturating_add(1)), member.scope.kind, member.zone)
}

fn verdict(
    engine: &Engine,
    target: &Target,
    member: &Member,
    stretch: Stretch,
    totals: &Amounts,
    judgee: Judgee,
) -> Verdict {
    let figure = match engine.knows(&target.measure, &member.scope, stretch, member.zone) {
        true => target.measure.figure(totals, engine.stands_at(stretch), engine.settings()),
        false => Figure::default(),
    };
    let interval = target.confidence.and_then(|confidence| interval::of(&target.measure, &figure, totals, confidence));
    judge(target, stretch, figure, interval, judgee, engine.now())
}

/// Gives verdicts on the windows that have ended long enough ago, as far back as is remembered.
fn close(remembered: &mut Remembered, engine: &Engine, target: &Target, member: &Member) -> bool {
    let kind = member.scope.kind;
    let before = |stretch: Stretch| target.window.at(stretch.start, kind, member.zone);
    let settled = engine.now().minus(engine.settings().verdict_lateness);
    let mut due = before(present(target.window, member, settled));
    let known = remembered.closed.last().map(|closed| closed.end);
    let mut ended = Vec::new();
    while known.is_none_or(|known| due.end > known) && ended.len() < CLOSED_KEPT {
        ended.push(due);
        // A target that is new is told of what has just ended, not of all that went before.
        if known.is_none() {
            break;
        }
        due = before(due);
    }
    let mut changed = false;
    for stretch in ended.into_iter().rev() {
        let totals = engine.totals(&member.scope, stretch, target.measure.is_stock());
        let verdict = verdict(engine, target, member, stretch, &totals, Judgee::One(member.started));
        if matches!(verdict.state, State::Pending | State::Expired) {
            continue;
        }
        changed = true;
        remembered.closed.push(Closed {
            start: stretch.start,
            end: stretch.end,
            state: verdict.state,
            figure: verdict.figure,
            given: engine.now(),
            revision: 0,
        });
    }
    let surplus = remembered.closed.len().saturating_sub(CLOSED_KEPT);
    remembered.closed.drain(..surplus);
    changed
}

/// Gives verdicts again whose figures have changed.
fn look_again(remembered: &mut Remembered, engine: &Engine, target: &Target, member: &Member) -> bool {
    let mut changed = false;
    for closed in &mut remembered.closed {
        let stretch = target.window.at(closed.end, member.scope.kind, member.zone);
        // In another zone it was another window, and panes that are no longer kept say nothing new.
        let is_known = engine.knows(&target.measure, &member.scope, stretch, member.zone);
        if (stretch.start, stretch.end) != (closed.start, closed.end) || !is_known {
            continue;
        }
        let totals = engine.totals(&member.scope, stretch, target.measure.is_stock());
        let verdict = verdict(engine, target, member, stretch, &totals, Judgee::One(member.started));
        if (verdict.state, verdict.figure) != (closed.state, closed.figure)
            && !matches!(verdict.state, State::Pending | State::Expired)
        {
            changed = true;
            *closed = Closed {
                state: verdict.state,
                figure: verdict.figure,
                given: engine.now(),
                revision: closed.revision + 1,
                ..closed.clone()
            };
        }
    }
    changed
}

/// True if a figure does not keep the bound, however sure that is; of a count that is open, if its pace falls short.
fn misses(target: &Target, verdict: &Verdict) -> bool {
    verdict.breached
        || !target.measure.is_tally() && verdict.figure.value.is_some_and(|value| !verdict.bound.holds(value))
}

/// A miss that is final is told for a day, or until the next window has as good as ended.
fn is_told(closed: &Closed, target: &Target, now: Instant) -> bool {
    let told_for = closed.end.since(closed.start).0.min(DAY);
    // What others report of a window comes when it comes, long after its end too.
    let since = if target.measure.definition.side == Side::Named { closed.given } else { closed.end };
    closed.state == State::Missed && now.since(since).0 < told_for
}

/// True if a figure keeps the bound, but not by as much as ends an alert.
fn is_hardly_kept(target: &Target, verdict: &Verdict) -> bool {
    let is_judged = matches!(verdict.state, State::OnTrack | State::AtRisk | State::Met);
    !target.measure.is_tally()
        && is_judged
        && verdict.figure.value.is_some_and(|value| !verdict.bound.tightened(target.hysteresis).holds(value))
}
