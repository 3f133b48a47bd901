//! Series of targets: verdicts with their evidence.

use super::board::Board;
use super::family::{Family, FamilyKind, Tail, written};
use crate::domain::alert::Alert;
use crate::domain::event::Name;
use crate::domain::interval::Interval;
use crate::domain::judge::{Closed, Judged};
use crate::domain::measure::{Figure, Measure, Unit};
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::settings::Settings;
use crate::domain::target::{Bound, Goal, Severity, Target, Whom};
use crate::domain::time::{Instant, Period, Span};
use crate::domain::verdict::{State, Verdict};
use crate::domain::window::Window;
use std::collections::HashMap;
use std::sync::Arc;

/// The states that a window which has ended can be in.
const CLOSED_STATES: [State; 4] = [State::NoData, State::Undetermined, State::Met, State::Missed];
/// Labels kept from page to page.
const LABELS_KEPT: usize = 1 << 18;
/// What there is to know of a target.
const INFO: &str = "Targets in force; always 1.";
/// What a sample is.
const SAMPLE: &str = "How many things the figure is about.";

/// Writes series of targets. It keeps the texts of labels from one page to the next.
#[derive(Debug, Default)]
pub struct TargetSeries {
    targets: Option<Arc<[Target]>>,
    /// By target and scope: the team that the labels name, and the labels.
    labels: HashMap<(usize, Scope), (Option<Name>, Arc<str>)>,
}

impl TargetSeries {
    /// What there is to know of each target, whoever is judged.
    pub fn of_targets(board: &Board) -> Vec<Family> {
        let heads = board.targets.iter().map(|target| written(&[("target", &target.id)]).into()).collect();
        let mut families = Families::new(heads);
        for (head, target) in board.targets.iter().enumerate() {
            families.tell_of(head, target);
        }
        let info = board.targets.iter().map(|target| (info(target), 1.0)).collect();
        let info = Family::of("goalkeeper_target_info", INFO, FamilyKind::Gauge, info);
        std::iter::once(info).chain(families.families).filter(|family| !family.samples.is_empty()).collect()
    }

    /// What is said of all targets, of scopes of the wanted kinds.
    pub fn of_scopes(&mut self, board: &Board, is_wanted: impl Fn(ScopeKind) -> bool) -> Vec<Family> {
        let is_same = self.targets.as_ref().is_some_and(|targets| Arc::ptr_eq(targets, &board.targets));
        if !is_same || self.labels.len() > LABELS_KEPT {
            self.labels.clear();
            self.targets = Some(board.targets.clone());
        }
        let wanted: Vec<&Judged> = board.judged.iter().filter(|judged| is_wanted(judged.scope.kind)).collect();
        let mut families = Families::new(wanted.iter().map(|judged| self.head(board, judged)).collect());
        for (head, judged) in wanted.into_iter().enumerate() {
            families.tell(head, &board.targets[judged.target], judged);
        }
        families.families.retain(|family| !family.samples.is_empty());
        families.families
    }

    fn head(&mut self, board: &Board, judged: &Judged) -> Arc<str> {
        let key = (judged.target, judged.scope.clone());
        // Somebody may have changed teams.
        if let Some((team, text)) = self.labels.get(&key)
            && *team == judged.team
        {
            return text.clone();
        }
        let mut labels = vec![
            ("target", &*board.targets[judged.target].id),
            ("scope_kind", judged.scope.kind.name()),
            ("scope", &*judged.scope.id),
        ];
        let part = judged.scope.slice.as_ref().map(|slice| slice.to_string());
        labels.extend(part.as_deref().map(|part| ("where", part)));
        labels.extend(judged.team.as_deref().map(|team| ("team", team)));
        let text: Arc<str> = written(&labels).into();
        self.labels.insert(key, (judged.team.clone(), text.clone()));
        text
    }
}

fn info(target: &Target) -> String {
    written(&[
        ("target", &target.id),
        ("title", &target.title),
        ("measure", &target.measure.name),
        ("window", &target.window.to_string()),
        ("scopes", &target.whom.to_string()),
        ("severity", target.severity.name()),
        ("owned_by", target.owner.as_deref().unwrap_or_default()),
    ])
}

/// Every family that exists, of a target on a share; families of other units end otherwise.
pub fn families() -> Option<Vec<Family>> {
    let measure = Measure::named("abandon_rate", &Settings::default())?;
    let figure = Figure { value: Some(0.0), numerator: Some(0), denominator: Some(1), sample: 1 };
    let scope = Scope::new(ScopeKind::Rep, "");
    let (at, bound) = (Instant(0), Bound::Within(0.0, 1.0));
    let target = Target {
        id: "".into(),
        title: String::new(),
        owner: None,
        parent: None,
        severity: Severity::Warning,
        runbook: None,
        whom: Whom::One(scope.clone()),
        measure,
        goal: Goal::Absolute(bound),
        window: Window::Calendar(Period::Day),
        start: None,
        deadline: None,
        minimum_sample: 1,
        confidence: None,
        hold: Span(0),
        hysteresis: 0.0,
        margin: 0.0,
        ramp: None,
    };
    let judged = Judged {
        target: 0,
        scope,
        team: Some("".into()),
        verdict: Verdict {
            state: State::Met,
            breached: false,
            start: at,
            end: at,
            figure,
            interval: Some(Interval { low: 0.0, high: 0.0 }),
            projection: Some(0.0),
            bound,
            ramp: Some(at),
        },
        closed: Some(Closed { start: at, end: at, state: State::Met, figure, given: at, revision: 0 }),
        is_common: false,
        is_suppressed: false,
        is_breached: true,
        alert: Alert::Inactive,
    };
    let head = |labels: &[(&str, &str)]| -> Arc<[Arc<str>]> { [Arc::from(written(labels))].into() };
    let mut of_target = Families::new(head(&[("target", "")]));
    of_target.tell_of(0, &target);
    let mut of_scope =
        Families::new(head(&[("target", ""), ("scope_kind", ""), ("scope", ""), ("where", ""), ("team", "")]));
    of_scope.tell(0, &target, &judged);
    let info = Family::of("goalkeeper_target_info", INFO, FamilyKind::Gauge, vec![(info(&target), 1.0)]);
    Some(std::iter::once(info).chain(of_target.families).chain(of_scope.families).collect())
}

/// The name of a family in a unit.
pub(super) fn family_name(name: &str, unit: Unit) -> String {
    let suffix = suffix(unit);
    let joint = if suffix.is_empty() { "" } else { "_" };
    format!("goalkeeper_target_{name}{joint}{suffix}")
}

fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Count | Unit::Mean => "",
        unit => unit.name(),
    }
}

/// Families that share their heads: found by name, and made when the first sample comes.
struct Families {
    heads: Arc<[Arc<str>]>,
    plain: Arc<[Tail]>,
    states: Arc<[Tail]>,
    closed: Arc<[Tail]>,
    places: HashMap<(&'static str, &'static str), usize>,
    families: Vec<Family>,
}

impl Families {
    fn new(heads: Arc<[Arc<str>]>) -> Families {
        let states = |states: &[State]| states.iter().map(|state| Tail::with("", "state", state.name())).collect();
        Families {
            heads,
            plain: [Tail::plain("")].into(),
            states: states(&State::ALL),
            closed: states(&CLOSED_STATES),
            places: HashMap::new(),
            families: Vec::new(),
        }
    }

    fn push(&mut self, name: &'static str, unit: Unit, help: &str, head: usize, value: f64) {
        let tails = self.plain.clone();
        self.family(name, unit, help, &tails).push(head, 0, value);
    }

    /// A set of states: one is 1, all others 0.
    fn push_states(&mut self, name: &'static str, help: &str, head: usize, all: &[State], state: State) {
        let tails = if all.len() == CLOSED_STATES.len() { self.closed.clone() } else { self.states.clone() };
        let family = self.family(name, Unit::Count, help, &tails);
        for (tail, other) in all.iter().enumerate() {
            family.push(head, tail, f64::from(u8::from(*other == state)));
        }
    }

    fn family(&mut self, name: &'static str, unit: Unit, help: &str, tails: &Arc<[Tail]>) -> &mut Family {
        let (heads, families) = (&self.heads, &mut self.families);
        let place = *self.places.entry((name, suffix(unit))).or_insert_with(|| {
            let name = family_name(name, unit);
            families.push(Family::new(name, help, FamilyKind::Gauge, heads, tails));
            families.len() - 1
        });
        &mut families[place]
    }

    /// What is said once of each target.
    fn tell_of(&mut self, head: usize, target: &Target) {
        let unit = target.measure.definition.unit;
        let (least, most) = target.bound().ends();
        if let Some(least) = least {
            self.push("at_least", unit, "The least that a target wants.", head, least);
        }
        if let Some(most) = most {
            self.push("at_most", unit, "The most that a target wants.", head, most);
        }
        if unit != Unit::Count {
            let help = "With a smaller sample a target is undetermined.";
            self.push("minimum_sample", Unit::Count, help, head, target.minimum_sample as f64);
        }
    }

    /// What is said of a target for one scope.
    fn tell(&mut self, head: usize, target: &Target, judged: &Judged) {
        let unit = target.measure.definition.unit;
        let verdict = &judged.verdict;
        let help = "What is to be said of a target for a scope in the present window: one state is 1, all others 0.";
        self.push_states("state", help, head, &State::ALL, verdict.state);
        let flag = |flag: bool| f64::from(u8::from(flag));
        let help =
            "1 while a target is missed or will be, as alerts see it: with hysteresis, minimum sample and confidence.";
        self.push("breached", Unit::Count, help, head, flag(judged.is_breached));
        if judged.scope.kind == ScopeKind::Rep {
            let help = "1 while a rep misses with most of the team, which is told instead.";
            self.push("suppressed", Unit::Count, help, head, flag(judged.is_suppressed));
        }
        self.figure(&verdict.figure, unit, ["value", "sample"], ["The figure held against a target.", SAMPLE], head);
        if let Some(interval) = verdict.interval {
            self.push("interval_low", unit, "From where a value may well be, given its sample.", head, interval.low);
            self.push("interval_high", unit, "To where a value may well be, given its sample.", head, interval.high);
        }
        if let Some(projection) = verdict.projection {
            let help = "What a count will be at the window's end at the present pace.";
            self.push("projection", unit, help, head, projection);
        }
        if let Some(until) = verdict.ramp {
            let help = "Until when a rep is new, where what is wanted of newcomers decides; absent of all others.";
            self.push("ramp_end_timestamp", Unit::Seconds, help, head, until.0 as f64 / 1000.0);
        }
        if judged.is_breached {
            let told = judged.told_closed();
            if let Some(value) = told.map_or(verdict.figure.value, |closed| closed.figure.value) {
                let help = "The figure that a missed target is told by; there only while it is missed.";
                self.push("told", unit, help, head, value);
            }
            let help = "1 if what is told is the figure of the last window that has ended, not of the present one.";
            self.push("told_ended", Unit::Count, help, head, flag(told.is_some()));
        }
        let Some(closed) = &judged.closed else { return };
        let help = "The verdict on the last window that has ended: one state is 1, all others 0.";
        self.push_states("closed_state", help, head, &CLOSED_STATES, closed.state);
        let help = ["The figure of the last window that has ended.", SAMPLE];
        self.figure(&closed.figure, unit, ["closed_value", "closed_sample"], help, head);
        let end = closed.end.0 as f64 / 1000.0;
        self.push("closed_end_timestamp", Unit::Seconds, "The end of the last window that has a verdict.", head, end);
        let help = "How often the verdict on the last window was given again because its figure had changed.";
        self.push("closed_revisions", Unit::Count, help, head, f64::from(closed.revision));
    }

    fn figure(&mut self, figure: &Figure, unit: Unit, names: [&'static str; 2], help: [&str; 2], head: usize) {
        if let Some(value) = figure.value {
            self.push(names[0], unit, help[0], head, value);
        }
        if unit != Unit::Count {
            self.push(names[1], Unit::Count, help[1], head, figure.sample as f64);
        }
    }
}
