//! Series of targets: verdicts with their evidence.

use super::board::Board;
use super::view::{Family, FamilyKind};
use crate::domain::judge::Judged;
use crate::domain::measure::{Figure, Unit};
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::target::Target;
use crate::domain::verdict::State;
use std::collections::HashMap;
use std::sync::Arc;

/// The states that a window which has ended can be in.
const CLOSED_STATES: [State; 4] = [State::NoData, State::Undetermined, State::Met, State::Missed];
/// Labels kept from page to page.
const LABELS_KEPT: usize = 1 << 18;

/// Writes series of targets. It keeps the texts of labels from one page to the next.
#[derive(Debug, Default)]
pub struct TargetSeries {
    targets: Option<Arc<[Target]>>,
    labels: HashMap<(usize, Scope), Labels>,
}

/// The labels of one target and scope.
#[derive(Clone, Debug)]
struct Labels {
    plain: Arc<str>,
    states: [Arc<str>; State::ALL.len()],
    closed: [Arc<str>; CLOSED_STATES.len()],
}

impl TargetSeries {
    /// The families of all targets, of scopes of the wanted kinds.
    pub fn families(&mut self, board: &Board, is_wanted: impl Fn(ScopeKind) -> bool) -> Vec<Family> {
        let is_same = self.targets.as_ref().is_some_and(|targets| Arc::ptr_eq(targets, &board.targets));
        if !is_same || self.labels.len() > LABELS_KEPT {
            self.labels.clear();
            self.targets = Some(board.targets.clone());
        }
        let mut families = Families::default();
        for target in board.targets.iter() {
            families.tell_of(target);
        }
        for judged in board.judged.iter().filter(|judged| is_wanted(judged.scope.kind)) {
            let target = &board.targets[judged.target];
            // Somebody may have changed teams.
            let labels = match self.labels.get(&(judged.target, judged.scope.clone())) {
                Some(labels) if labels.is_of(judged) => labels,
                _ => {
                    let key = (judged.target, judged.scope.clone());
                    self.labels.insert(key.clone(), Labels::of(target, judged));
                    &self.labels[&key]
                }
            };
            families.tell(target, judged, labels);
        }
        families.0.into_iter().filter(|family| !family.samples.is_empty()).collect()
    }
}

impl Labels {
    fn of(target: &Target, judged: &Judged) -> Labels {
        let all = |state: Option<State>| {
            let team = judged.team.as_deref().map(|team| ("team", team));
            let state = state.map(|state| ("state", state.name()));
            let first =
                [("target", &*target.id), ("scope_kind", judged.scope.kind.name()), ("scope", &judged.scope.id)];
            written(first.into_iter().chain(team).chain(state))
        };
        Labels {
            plain: all(None),
            states: State::ALL.map(|state| all(Some(state))),
            closed: CLOSED_STATES.map(|state| all(Some(state))),
        }
    }

    fn is_of(&self, judged: &Judged) -> bool {
        match &judged.team {
            Some(team) => self.plain.ends_with(&written([("team", &**team)].into_iter())[1..]),
            None => !self.plain.contains(",team=\""),
        }
    }
}

/// Labels as they are written: `{target="calls",scope_kind="rep"}`.
fn written<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> Arc<str> {
    let mut text = String::from("{");
    for (n, (name, value)) in labels.enumerate() {
        if n > 0 {
            text.push(',');
        }
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        text.extend([name, "=\"", &value, "\""]);
    }
    text.push('}');
    text.into()
}

#[derive(Default)]
struct Families(Vec<Family>);

impl Families {
    fn push(&mut self, name: &str, unit: Unit, help: &str, labels: &Arc<str>, value: f64) {
        let suffix = match unit {
            Unit::Count => "",
            unit => unit.name(),
        };
        let is_it = |family: &Family| match family
            .name
            .strip_prefix("goalkeeper_target_")
            .and_then(|rest| rest.strip_prefix(name))
        {
            Some("") => suffix.is_empty(),
            Some(rest) => !suffix.is_empty() && rest.strip_prefix('_') == Some(suffix),
            None => false,
        };
        let found = self.0.iter().position(is_it).unwrap_or_else(|| {
            let joint = if suffix.is_empty() { "" } else { "_" };
            let name = format!("goalkeeper_target_{name}{joint}{suffix}");
            self.0.push(Family { name, help: help.to_owned(), kind: FamilyKind::Gauge, samples: Vec::new() });
            self.0.len() - 1
        });
        self.0[found].samples.push((labels.clone(), value));
    }

    /// What is said once of each target.
    fn tell_of(&mut self, target: &Target) {
        let unit = target.measure.definition.unit;
        let id = ("target", &*target.id);
        let window = target.window.to_string();
        let whom = target.whom.to_string();
        let owner = target.owner.as_deref().unwrap_or_default();
        let info = [
            id,
            ("title", &target.title),
            ("measure", &target.measure.name),
            ("window", &window),
            ("scopes", &whom),
            ("severity", target.severity.name()),
            ("owned_by", owner),
        ];
        self.push("info", Unit::Count, "Targets in force.", &written(info.into_iter()), 1.0);
        let labels = written([id].into_iter());
        let (least, most) = target.bound().ends();
        for (name, help, end) in
            [("at_least", "The least that a target wants.", least), ("at_most", "The most that a target wants.", most)]
        {
            if let Some(end) = end {
                self.push(name, unit, help, &labels, end);
            }
        }
        if unit != Unit::Count {
            let help = "With a smaller sample a target is undetermined.";
            self.push("minimum_sample", Unit::Count, help, &labels, target.minimum_sample as f64);
        }
    }

    /// What is said of a target for one scope.
    fn tell(&mut self, target: &Target, judged: &Judged, labels: &Labels) {
        let unit = target.measure.definition.unit;
        let verdict = &judged.verdict;
        for (state, labels) in State::ALL.into_iter().zip(&labels.states) {
            let help =
                "What is to be said of a target for a scope in the present window: one state is 1, all others 0.";
            self.push("state", Unit::Count, help, labels, f64::from(u8::from(state == verdict.state)));
        }
        let plain = &labels.plain;
        let flag = |flag: bool| f64::from(u8::from(flag));
        self.push(
            "breached",
            Unit::Count,
            "1 while a target is missed or will be, as alerts see it: with hysteresis, minimum sample and confidence.",
            plain,
            flag(judged.is_breached),
        );
        if judged.scope.kind == ScopeKind::Rep {
            let help = "1 while a rep misses with most of the team, which is told instead.";
            self.push("suppressed", Unit::Count, help, plain, flag(judged.is_suppressed));
        }
        self.figure(&verdict.figure, unit, ["value", "sample"], ["The figure held against a target.", SAMPLE], plain);
        if let Some(interval) = verdict.interval {
            self.push("interval_low", unit, "From where a value may well be, given its sample.", plain, interval.low);
            self.push("interval_high", unit, "To where a value may well be, given its sample.", plain, interval.high);
        }
        if let Some(projection) = verdict.projection {
            let help = "What a count will be at the window's end at the present pace.";
            self.push("projection", unit, help, plain, projection);
        }
        let Some(closed) = &judged.closed else { return };
        for (state, labels) in CLOSED_STATES.into_iter().zip(&labels.closed) {
            let help = "The verdict on the last window that has ended: one state is 1, all others 0.";
            self.push("closed_state", Unit::Count, help, labels, flag(state == closed.state));
        }
        let help = ["The figure of the last window that has ended.", SAMPLE];
        self.figure(&closed.figure, unit, ["closed_value", "closed_sample"], help, plain);
        let end = closed.end.0 as f64 / 1000.0;
        self.push("closed_end_timestamp", Unit::Seconds, "The end of the last window that has a verdict.", plain, end);
        let help = "How often the verdict on the last window was given again because its figure had changed.";
        self.push("closed_revisions", Unit::Count, help, plain, f64::from(closed.revision));
    }

    fn figure(&mut self, figure: &Figure, unit: Unit, names: [&str; 2], help: [&str; 2], labels: &Arc<str>) {
        if let Some(value) = figure.value {
            self.push(names[0], unit, help[0], labels, value);
        }
        if unit != Unit::Count {
            self.push(names[1], Unit::Count, help[1], labels, figure.sample as f64);
        }
    }
}

const SAMPLE: &str = "How many things the figure is about.";
