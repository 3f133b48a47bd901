//! The figures that are published, computed once and then only read.

use super::board::Board;
use super::targets::TargetSeries;
use crate::domain::amounts::Amounts;
use crate::domain::engine::{Engine, Query, QueryError};
use crate::domain::flow::Flow;
use crate::domain::measure::{Measure, Unit, measures, short, threshold_number};
use crate::domain::quantity::{Cell, LEFT_REASONS, MISS_REASONS, Quantity};
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::time::{Instant, Span};
use crate::domain::window::Window;
use std::collections::HashMap;
use std::sync::Arc;

/// All figures of one moment.
#[derive(Debug, Default)]
pub struct View {
    /// Families by name.
    pub families: Vec<Family>,
    /// Samples in all families.
    pub series: usize,
    /// Samples that did not fit.
    pub dropped: usize,
    /// What is said of targets; none before the first look.
    pub board: Option<Board>,
}

/// Samples of one name.
#[derive(Debug)]
pub struct Family {
    /// The name; of a counter without `_total`.
    pub name: String,
    /// What it means.
    pub help: String,
    /// What it is.
    pub kind: FamilyKind,
    /// Labels as they are written, `{queue="support"}`, and values.
    pub samples: Vec<(Arc<str>, f64)>,
}

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only rises while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// Makes views. It keeps the texts of labels from one view to the next.
#[derive(Debug)]
pub struct Viewer {
    windows: Vec<Window>,
    reps: bool,
    limit: usize,
    labels: HashMap<(Scope, Second), Arc<str>>,
    targets: TargetSeries,
}

/// The label beside the scope's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Second {
    None,
    Window(usize),
    Reason(&'static str),
    Threshold(Span),
}

/// Labels kept from view to view; more than a page can hold is only kept when scopes come and go.
const LABELS_KEPT: usize = 1 << 20;

impl Viewer {
    /// A viewer of these windows, with or without reps, and at most `limit` series.
    pub fn new(windows: Vec<Window>, reps: bool, limit: usize) -> Viewer {
        Viewer { windows, reps, limit, labels: HashMap::new(), targets: TargetSeries::default() }
    }

    /// What is to be seen now. Until `ready`, window figures are held back: they would be of half a history.
    pub fn view(&mut self, engine: &Engine, ready: bool) -> View {
        if self.labels.len() > LABELS_KEPT {
            self.labels.clear();
        }
        let mut view = View::default();
        let scopes = engine.scopes();
        for kind in ScopeKind::ALL {
            if kind == ScopeKind::Rep && !self.reps {
                continue;
            }
            let scopes: Vec<&Scope> = scopes.iter().filter(|scope| scope.kind == kind).collect();
            if ready {
                self.windows(engine, kind, &scopes, &mut view);
            }
            self.counters(engine, kind, &scopes, &mut view);
        }
        self.board(engine, ready, &mut view);
        view
    }

    /// What is said of targets. The limit of series does not cut them: how many there are is the owner's choice.
    fn board(&mut self, engine: &Engine, ready: bool, view: &mut View) {
        let judge = engine.judge();
        let judged = if ready { judge.judged().clone() } else { Arc::default() };
        let (targets, roster) = (judge.targets().clone(), engine.roster().clone());
        let board = Board { time: engine.now(), targets, judged, roster };
        let reps = self.reps;
        let families = self.targets.families(&board, |kind| reps || kind != ScopeKind::Rep);
        view.series += families.iter().map(|family| family.samples.len()).sum::<usize>();
        view.families.extend(families);
        view.board = Some(board);
    }

    fn windows(&mut self, engine: &Engine, kind: ScopeKind, scopes: &[&Scope], view: &mut View) {
        let measures: Vec<Measure> = measures(engine.settings()).into_iter().filter(|m| m.has(kind)).collect();
        let mut families: Vec<Family> = measures.iter().map(|measure| window_family(kind, measure)).collect();
        let mut samples: Vec<Option<Family>> = measures.iter().map(|measure| sample_family(kind, measure)).collect();
        let at = Instant(engine.now().0.saturating_add(1));
        let mut query =
            Query { scopes: Vec::new(), measures, windows: Vec::new(), from: Instant(at.0.saturating_sub(1)), to: at };
        for scope in scopes {
            for (number, window) in self.windows.clone().into_iter().enumerate() {
                let labels = self.label(scope, Second::Window(number));
                query.scopes = vec![(*scope).clone()];
                query.windows = vec![window];
                let mut place = 0;
                let visited: Result<(), QueryError> = engine.visit_figures(&query, |row| {
                    let n = place;
                    place += 1;
                    // Before the first event nothing has happened: counts are 0, all else has no value.
                    let nothing_yet = engine.first().is_none() && row.unit == Unit::Count;
                    if let Some(value) = row.figure.value.or(nothing_yet.then_some(0.0)) {
                        self.push(view, &mut families[n], &labels, value);
                    }
                    if let Some(family) = &mut samples[n] {
                        self.push(view, family, &labels, row.figure.sample as f64);
                    }
                });
                if let Err(error) = visited {
                    tracing::debug!("no figure: {error}");
                }
            }
        }
        view.families
            .extend(families.into_iter().chain(samples.into_iter().flatten()).filter(|f| !f.samples.is_empty()));
    }

    fn counters(&mut self, engine: &Engine, kind: ScopeKind, scopes: &[&Scope], view: &mut View) {
        let mut columns: Vec<Column> = counted(kind).flat_map(|quantity| Column::of(kind, quantity, engine)).collect();
        for scope in scopes {
            let flow = engine.panes().flow(scope);
            for column in &mut columns {
                let of = |side: fn(&Flow) -> &Amounts| flow.map_or(0, |flow| side(flow).get(column.cell));
                let (added, retracted) = (of(|flow| &flow.added), of(|flow| &flow.retracted));
                let labels = self.label(scope, column.second.clone());
                self.push(view, &mut column.added, &labels, added as f64 / column.scale);
                self.push(view, &mut column.retracted, &labels, retracted as f64 / column.scale);
            }
        }
        // Cells of one quantity are samples of one family.
        for column in columns.into_iter().flat_map(|column| [column.added, column.retracted]) {
            match view.families.iter_mut().rev().take(2).find(|family| family.name == column.name) {
                Some(family) => family.samples.extend(column.samples),
                None if column.samples.is_empty() => {}
                None => view.families.push(column),
            }
        }
    }

    fn push(&self, view: &mut View, family: &mut Family, labels: &Arc<str>, value: f64) {
        if view.series >= self.limit {
            view.dropped += 1;
            return;
        }
        view.series += 1;
        family.samples.push((labels.clone(), value));
    }

    fn label(&mut self, scope: &Scope, second: Second) -> Arc<str> {
        let key = (scope.clone(), second);
        if let Some(text) = self.labels.get(&key) {
            return text.clone();
        }
        let text = match &key.1 {
            Second::None => written(scope, None),
            Second::Window(n) => written(scope, Some(("window", &self.windows[*n].to_string()))),
            Second::Reason(name) => written(scope, Some(("reason", name))),
            Second::Threshold(span) => written(scope, Some(("threshold", &short(*span)))),
        };
        self.labels.insert(key, text.clone());
        text
    }
}

/// Labels as they are written.
fn written(scope: &Scope, second: Option<(&str, &str)>) -> Arc<str> {
    let mut text = String::from("{");
    for (n, (name, value)) in [Some((scope.kind.name(), &*scope.id)), second].into_iter().flatten().enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    text.push('}');
    text.into()
}

fn unit_suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "_seconds",
        Unit::Ratio | Unit::Score => "_ratio",
        Unit::Count | Unit::Points => "",
    }
}

fn window_family(kind: ScopeKind, measure: &Measure) -> Family {
    Family {
        name: format!("goalkeeper_{}_window_{}{}", kind.name(), measure.name, unit_suffix(measure.definition.unit)),
        help: measure.definition.meaning.to_owned(),
        kind: FamilyKind::Gauge,
        samples: Vec::new(),
    }
}

/// How many things a ratio or mean is about; with it anyone can compute the numerator again. A percentile is about the
/// same things as the mean beside it.
fn sample_family(kind: ScopeKind, measure: &Measure) -> Option<Family> {
    let definition = measure.definition;
    let is_mean = definition.unit == Unit::Seconds && measure.name.ends_with("_mean");
    (is_mean || matches!(definition.unit, Unit::Ratio | Unit::Score | Unit::Points)).then(|| Family {
        name: format!("goalkeeper_{}_window_{}_sample", kind.name(), measure.name),
        help: format!("How many things this is about: {}", definition.meaning),
        kind: FamilyKind::Gauge,
        samples: Vec::new(),
    })
}

/// What the counters of one cell show, scope by scope.
struct Column {
    cell: Cell,
    second: Second,
    scale: f64,
    added: Family,
    retracted: Family,
}

impl Column {
    fn of(kind: ScopeKind, quantity: Quantity, engine: &Engine) -> Vec<Column> {
        let scale = if is_duration(quantity) || quantity == Quantity::CsatScore { 1000.0 } else { 1.0 };
        let column = |(cell, second)| Column {
            cell,
            second,
            scale,
            added: counter_family(kind, quantity, false),
            retracted: counter_family(kind, quantity, true),
        };
        cells(quantity, engine).into_iter().map(column).collect()
    }
}

/// The quantities that a kind of scope can have, without distributions.
fn counted(kind: ScopeKind) -> impl Iterator<Item = Quantity> {
    Quantity::ALL.into_iter().filter(move |quantity| !quantity.is_distribution() && quantity.is_of(kind))
}

fn is_duration(quantity: Quantity) -> bool {
    use Quantity::*;
    matches!(
        quantity,
        AnsweredWait
            | AbandonedWait
            | LeftWait
            | Talk
            | Hold
            | Wrap
            | HandleTime
            | OutboundTalk
            | OutboundHandleTime
            | FirstResponseTime
            | FullResolutionTime
    )
}

/// The cells of a quantity: one, or one for each reason or threshold.
fn cells(quantity: Quantity, engine: &Engine) -> Vec<(Cell, Second)> {
    use Quantity::*;
    let settings = engine.settings();
    let thresholds = |spans: &[Span]| -> Vec<(Cell, Second)> {
        spans.iter().map(|span| (Cell::with(quantity, threshold_number(*span)), Second::Threshold(*span))).collect()
    };
    match quantity {
        Left => (1..).zip(LEFT_REASONS).map(|(n, (_, name))| (Cell::with(quantity, n), Second::Reason(name))).collect(),
        Missed => {
            (1..).zip(MISS_REASONS).map(|(n, (_, name))| (Cell::with(quantity, n), Second::Reason(name))).collect()
        }
        AnsweredWithin | AbandonedWithin | LeftWithin => thresholds(&settings.wait_thresholds),
        FirstResponseDue | FirstResponseWithin => thresholds(&settings.response_thresholds),
        FullResolutionDue | FullResolutionWithin => thresholds(&settings.resolution_thresholds),
        _ => vec![(Cell::plain(quantity), Second::None)],
    }
}

fn counter_family(kind: ScopeKind, quantity: Quantity, retracted: bool) -> Family {
    let mut name = format!("goalkeeper_{}_", kind.name());
    for (n, c) in format!("{quantity:?}").chars().enumerate() {
        if c.is_uppercase() && n > 0 {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    let what = name.rsplit("goalkeeper_").next().unwrap_or_default().replace('_', " ");
    if is_duration(quantity) {
        name.push_str("_seconds");
    }
    let help = match retracted {
        false => format!("Added since the start: {what}."),
        true => format!("Taken back since the start, because more was learned: {what}."),
    };
    if retracted {
        name.push_str("_retracted");
    }
    Family { name, help, kind: FamilyKind::Counter, samples: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::roster::{Roster, RosterData, Unit as RosterUnit};
    use crate::domain::settings::Settings;

    #[test]
    fn before_the_first_event_counts_are_0_and_nothing_else_has_a_value() {
        let company = RosterUnit { id: "acme".into(), zone: None, hours: None };
        let data = RosterData { company, departments: vec![], teams: vec![], queues: vec![], reps: vec![] };
        let engine = Engine::new(Arc::new(Roster::new(data)), Arc::new(Settings::default()));
        let windows = ["15m", "7d", "30d", "hour", "month"].map(|name| Window::parse(name).expect("is a window"));
        let view = Viewer::new(windows.into(), true, 10_000).view(&engine, true);
        let named = |name: &str| view.families.iter().find(|family| family.name == name);
        let offered = named("goalkeeper_company_window_offered").expect("is published");
        assert_eq!(offered.samples.iter().map(|(_, value)| *value).collect::<Vec<f64>>(), [0.0; 5]);
        assert!(named("goalkeeper_company_window_abandon_rate_ratio").is_none());
    }
}
