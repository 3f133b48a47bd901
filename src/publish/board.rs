//! The board: what is said of all targets at one moment, in the shapes that programs and pages read.

use super::rows::{local, lower_half, rounded};
use crate::domain::event::Name;
use crate::domain::judge::{Closed, Judged};
use crate::domain::measure::{Figure, Unit, short};
use crate::domain::roster::Roster;
use crate::domain::target::{Ramp, Target};
use crate::domain::time::Instant;
use crate::domain::window::Window;
use serde::Serialize;
use serde_json::Number;
use std::sync::Arc;

/// What is said of all targets at one moment.
#[derive(Clone, Debug)]
pub struct Board {
    /// T: how far time has come.
    pub time: Instant,
    /// The targets in force.
    pub targets: Arc<[Target]>,
    /// What is said of each, scope by scope; empty until everything that was there at the start has been read.
    pub judged: Arc<Vec<Judged>>,
    /// Whose figures they are.
    pub roster: Arc<Roster>,
}

/// A target with what is said of it.
#[derive(Clone, Debug, Serialize)]
pub struct ShownTarget {
    /// The target's id.
    pub id: Name,
    /// In plain words.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The target that it serves.
    pub parent: Option<Name>,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// Where to read what to do.
    pub runbook: Option<String>,
    /// Whose figures are held against it, as the file of targets says it.
    pub scope: String,
    /// The measure.
    pub measure: String,
    /// Its unit.
    pub unit: &'static str,
    /// The bound in words.
    pub bound: String,
    /// The lower end of the bound.
    pub at_least: Option<f64>,
    /// The upper end of the bound.
    pub at_most: Option<f64>,
    /// The window.
    pub window: String,
    /// From when on it is judged, RFC 3339.
    pub start: Option<String>,
    /// Until when it is judged, RFC 3339.
    pub deadline: Option<String>,
    /// What holds for reps who are new, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<String>,
    /// With fewer things looked at nothing is said.
    pub minimum_sample: i64,
    /// How sure a miss must be, in percent.
    pub confidence: Option<i64>,
    /// What is said, scope by scope.
    pub scopes: Vec<ShownVerdict>,
}

/// What is said of a target for one scope.
#[derive(Clone, Debug, Serialize)]
pub struct ShownVerdict {
    /// `company`, `department`, `team`, `queue` or `rep`.
    pub scope_kind: &'static str,
    /// Its id.
    pub scope: Name,
    /// Which part of it, as `channel=chat`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Its team.
    pub team: Option<Name>,
    /// `pending`, `no_data`, `undetermined`, `on_track`, `at_risk`, `met`, `missed` or `expired`.
    pub state: &'static str,
    /// True if alerts see it missing.
    pub breached: bool,
    /// True if its team misses as a whole and is told instead.
    pub suppressed: bool,
    /// True if this is a whole team, most of whose reps miss.
    pub common: bool,
    /// The window's first instant, in the scope's zone.
    pub start: String,
    /// The window's end, exclusive, in the scope's zone.
    pub end: String,
    /// The figure.
    #[serde(flatten)]
    pub figure: ShownFigure,
    /// From where the value may well be.
    pub low: Option<f64>,
    /// To where the value may well be.
    pub high: Option<f64>,
    /// What a count will be at the window's end at the present pace.
    pub projection: Option<f64>,
    /// Until when the rep is new and what is wanted of newcomers decides, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp_until: Option<String>,
    /// The bound in words, where it is another than the target's: of newcomers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// `inactive`, `pending`, `firing` or `resolved`.
    pub alert: &'static str,
    /// Since when, RFC 3339.
    pub alert_since: Option<String>,
    /// The verdict on the last window that has ended.
    pub closed: Option<ShownClosed>,
}

/// A figure as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct ShownFigure {
    /// The value in the unit.
    pub value: Option<f64>,
    /// The value as people write it.
    pub text: Option<String>,
    /// The upper half; seconds where the unit is seconds.
    pub numerator: Option<f64>,
    /// The lower half.
    pub denominator: Option<Number>,
    /// How many things were looked at.
    pub sample: i64,
}

/// The verdict on a window that has ended.
#[derive(Clone, Debug, Serialize)]
pub struct ShownClosed {
    /// The window's first instant, in the scope's zone.
    pub start: String,
    /// The window's end, exclusive, in the scope's zone.
    pub end: String,
    /// `no_data`, `undetermined`, `met` or `missed`.
    pub state: &'static str,
    /// The figure.
    #[serde(flatten)]
    pub figure: ShownFigure,
    /// When it was given, or given again, RFC 3339.
    pub given: String,
    /// How often it was given again because its figure had changed.
    pub revision: u32,
}

/// An alert.
#[derive(Clone, Debug, Serialize)]
pub struct ShownAlert {
    /// The target's id.
    pub target: Name,
    /// The target in plain words.
    pub title: String,
    /// `pending`, `firing` or `resolved`.
    pub state: &'static str,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where to read what to do.
    pub runbook: Option<String>,
    /// `company`, `department`, `team`, `queue` or `rep`.
    pub scope_kind: &'static str,
    /// Its id.
    pub scope: Name,
    /// Which part of it, as `channel=chat`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Its team.
    pub team: Option<Name>,
    /// What is wrong, in plain words.
    pub sentence: String,
}

impl Board {
    /// Every target, or those that are asked for, with what is said of those scopes that are wanted.
    pub fn targets(&self, is_wanted: impl Fn(&Target, &Judged) -> bool) -> Vec<ShownTarget> {
        let mut shown: Vec<ShownTarget> = self.targets.iter().map(shown_target).collect();
        for judged in self.judged.iter() {
            let target = &self.targets[judged.target];
            if is_wanted(target, judged) {
                shown[judged.target].scopes.push(self.shown_verdict(target, judged));
            }
        }
        shown
    }

    /// Alerts that are wanted and not inactive: loudest first, then the latest.
    pub fn alerts(&self, is_wanted: impl Fn(&Judged) -> bool) -> Vec<ShownAlert> {
        let is_told = |judged: &&Judged| judged.alert.since().is_some() && is_wanted(judged);
        let mut told: Vec<&Judged> = self.judged.iter().filter(is_told).collect();
        let severity = |judged: &Judged| self.targets[judged.target].severity;
        told.sort_by_key(|judged| {
            (!judged.alert.is_active(), std::cmp::Reverse((severity(judged), judged.alert.since())))
        });
        told.into_iter().map(|judged| self.shown_alert(judged)).collect()
    }

    fn shown_alert(&self, judged: &Judged) -> ShownAlert {
        let target = &self.targets[judged.target];
        ShownAlert {
            target: target.id.clone(),
            title: target.title.clone(),
            state: judged.alert.name(),
            since: judged.alert.since().map(Instant::to_rfc3339),
            severity: target.severity.name(),
            owner: target.owner.clone(),
            runbook: target.runbook.clone(),
            scope_kind: judged.scope.kind.name(),
            scope: judged.scope.id.clone(),
            part: judged.scope.slice.as_ref().map(|slice| slice.to_string()),
            team: judged.team.clone(),
            sentence: sentence(target, judged),
        }
    }

    fn shown_verdict(&self, target: &Target, judged: &Judged) -> ShownVerdict {
        let unit = target.measure.definition.unit;
        let zone = self.roster.zone(&judged.scope);
        let verdict = &judged.verdict;
        let shown_closed = |closed: &Closed| ShownClosed {
            start: local(closed.start, zone),
            end: local(closed.end, zone),
            state: closed.state.name(),
            figure: shown_figure(&closed.figure, unit),
            given: closed.given.to_rfc3339(),
            revision: closed.revision,
        };
        ShownVerdict {
            scope_kind: judged.scope.kind.name(),
            scope: judged.scope.id.clone(),
            part: judged.scope.slice.as_ref().map(|slice| slice.to_string()),
            team: judged.team.clone(),
            state: verdict.state.name(),
            breached: judged.is_breached,
            suppressed: judged.is_suppressed,
            common: judged.is_common,
            start: local(verdict.start, zone),
            end: local(verdict.end, zone),
            figure: shown_figure(&verdict.figure, unit),
            low: verdict.interval.map(|interval| rounded(interval.low)),
            high: verdict.interval.map(|interval| rounded(interval.high)),
            projection: verdict.projection.map(rounded),
            ramp_until: verdict.ramp.map(Instant::to_rfc3339),
            bound: verdict.ramp.filter(|_| verdict.bound != target.bound()).map(|_| verdict.bound.text(unit)),
            alert: judged.alert.name(),
            alert_since: judged.alert.since().map(Instant::to_rfc3339),
            closed: judged.closed.as_ref().map(shown_closed),
        }
    }
}

fn shown_target(target: &Target) -> ShownTarget {
    let unit = target.measure.definition.unit;
    let (at_least, at_most) = target.bound().ends();
    ShownTarget {
        id: target.id.clone(),
        title: target.title.clone(),
        owner: target.owner.clone(),
        parent: target.parent.clone(),
        severity: target.severity.name(),
        runbook: target.runbook.clone(),
        scope: target.whom.to_string(),
        measure: target.measure.name.clone(),
        unit: unit.name(),
        bound: target.bound().text(unit),
        at_least,
        at_most,
        window: target.window.to_string(),
        start: target.start.map(Instant::to_rfc3339),
        deadline: target.deadline.map(Instant::to_rfc3339),
        ramp: target.ramp.map(|ramp| ramp_text(ramp, unit)),
        minimum_sample: target.minimum_sample,
        confidence: target.confidence.map(|confidence| confidence.percent()),
        scopes: Vec::new(),
    }
}

fn shown_figure(figure: &Figure, unit: Unit) -> ShownFigure {
    ShownFigure {
        value: figure.value.map(rounded),
        text: figure.value.map(|value| unit.text(value)),
        numerator: figure.numerator.map(|n| n as f64 / unit.parts() as f64),
        denominator: figure.denominator.map(|n| lower_half(n, unit)),
        sample: figure.sample,
    }
}

/// What is wrong, in plain words: `abandon_rate of team care is 4.2 % this week; the target is at most 3 %`.
pub fn sentence(target: &Target, judged: &Judged) -> String {
    let unit = target.measure.definition.unit;
    let part = part_text(target);
    let whose = match judged.is_common {
        true => format!("most reps of team {}{part}, and of the team as a whole,", judged.scope.id),
        false => format!("{} {}{part}", judged.scope.kind.name(), judged.scope.id),
    };
    let verdict = &judged.verdict;
    let bound = match verdict.ramp {
        Some(_) => format!("{}, since the rep is new", verdict.bound.text(unit)),
        None => target.bound().text(unit),
    };
    let closed = judged.told_closed();
    let (figure, when) = match closed {
        Some(closed) => (&closed.figure, format!("was {{}} {}", ended(target.window))),
        None => (&verdict.figure, format!("is {{}} {}", when(target.window))),
    };
    let value = figure.value.map_or_else(|| "without data".to_owned(), |value| unit.text(value));
    let projection = verdict.projection.filter(|_| closed.is_none());
    let projection =
        projection.map_or_else(String::new, |n| format!(", at this pace {} at its end", unit.text(n.round())));
    let looked_at = match target.measure.looks_at_time() {
        true => Unit::Seconds.text(figure.sample as f64),
        false => figure.sample.to_string(),
    };
    let of = if unit == Unit::Count { String::new() } else { format!(" ({looked_at} looked at)") };
    format!("{} of {whose} {}{projection}; the target is {bound}{of}", target.measure.name, when.replace("{}", &value))
}

/// The part of each scope that a target is about, in words, behind the scope; nothing if it is the whole.
pub fn part_text(target: &Target) -> String {
    target.whom.part().map_or_else(String::new, |part| format!(" ({part})"))
}

/// What holds for newcomers in words: `at least 60 % for 90d`.
fn ramp_text(ramp: Ramp, unit: Unit) -> String {
    let wanted = ramp.bound.map_or_else(|| "not judged".to_owned(), |bound| bound.text(unit));
    format!("{wanted} for {}", short(ramp.length))
}

/// The present window in words.
pub fn when(window: Window) -> String {
    match window {
        Window::Rolling(_) => format!("over the last {window}"),
        Window::QuarterHour => "in this quarter of an hour".to_owned(),
        Window::All => "in all".to_owned(),
        Window::Hour | Window::Calendar(_) => match window.to_string().as_str() {
            "day" => "today".to_owned(),
            name => format!("this {name}"),
        },
    }
}

/// The window before in words.
pub fn ended(window: Window) -> String {
    match window {
        Window::QuarterHour => "in the quarter of an hour that has ended".to_owned(),
        _ => format!("in the {window} that has ended"),
    }
}
