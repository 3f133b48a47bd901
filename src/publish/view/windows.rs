//! Gauges of event-time windows, and of what stands now, with the components from which anyone can compute them again.

use crate::domain::engine::{Engine, Query, Row};
use crate::domain::measure::{Measure, Unit, measures};
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::settings::Settings;
use crate::domain::time::{Instant, Zone};
use crate::domain::times::Times;
use crate::domain::window::Window;
use crate::publish::family::{Family, FamilyKind, Tail, written};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The gauges of one kind of scope, or of its slices: of windows, or of what stands now, which is the same for each window.
pub(super) struct Windows {
    query: Query,
    windows: Vec<Window>,
    columns: Vec<Column>,
}

/// One measure.
struct Column {
    value: Family,
    components: Option<Components>,
}

/// The halves of a ratio or mean. A percentile is about the same things as the mean beside it.
struct Components {
    numerator: Family,
    sample: Family,
}

impl Windows {
    pub(super) fn new(kind: ScopeKind, prefix: &str, settings: &Settings, of: &[Window]) -> Windows {
        let tails = of.iter().map(|window| Tail::with("", "window", &window.to_string())).collect();
        let measures = measures(settings).into_iter().filter(|m| m.has(kind) && !m.is_stock()).collect();
        Windows::of(&format!("{prefix}_window"), measures, of.to_vec(), tails)
    }

    /// Of the stocks as they stand now.
    pub(super) fn of_now(kind: ScopeKind, prefix: &str, settings: &Settings) -> Windows {
        let measures = measures(settings).into_iter().filter(|m| m.has(kind) && m.is_stock()).collect();
        // Any window that is under way would do.
        Windows::of(prefix, measures, vec![Window::QuarterHour], [Tail::plain("")].into())
    }

    fn of(prefix: &str, measures: Vec<Measure>, windows: Vec<Window>, tails: Arc<[Tail]>) -> Windows {
        let columns = measures.iter().map(|measure| Column::new(prefix, measure, &tails)).collect();
        let query = Query {
            scopes: Vec::new(),
            measures,
            windows: Vec::new(),
            times: Times::default(),
            from: Instant::MIN,
            to: Instant::MIN,
        };
        Windows { query, windows, columns }
    }

    pub(super) fn families(&self) -> impl Iterator<Item = &Family> {
        self.columns.iter().flat_map(|column| {
            let components = column.components.iter().flat_map(|both| [&both.numerator, &both.sample]);
            std::iter::once(&column.value).chain(components)
        })
    }

    pub(super) fn into_families(self) -> impl Iterator<Item = Family> {
        self.columns.into_iter().flat_map(|column| {
            let components = column.components.into_iter().flat_map(|both| [both.numerator, both.sample]);
            std::iter::once(column.value).chain(components)
        })
    }

    /// Tells the windows of one scope as they stand at T.
    pub(super) fn fill(&mut self, head: usize, scope: &Scope, engine: &Engine) {
        if self.columns.is_empty() {
            return;
        }
        self.query.to = at(engine);
        self.query.from = Instant(self.query.to.0.saturating_sub(1));
        self.query.scopes = vec![scope.clone()];
        // Before the first event nothing has happened: counts are 0, all else has no value.
        let nothing_yet = engine.first().is_none();
        for (tail, window) in self.windows.iter().enumerate() {
            self.query.windows = vec![*window];
            let mut columns = self.columns.iter_mut();
            let visited = engine.visit_figures(&self.query, |row| {
                if let Some(column) = columns.next() {
                    column.push(head, tail, &row, nothing_yet);
                }
            });
            if let Err(error) = visited {
                tracing::debug!("no figure: {error}");
            }
        }
    }
}

impl Column {
    fn new(prefix: &str, measure: &Measure, tails: &Arc<[Tail]>) -> Column {
        let definition = measure.definition;
        let family = |end: &str, help: String| {
            let name = format!("goalkeeper_{prefix}_{}{end}", measure.name);
            Family::new(name, help, FamilyKind::Gauge, &[].into(), tails)
        };
        let numerator = if definition.unit == Unit::Seconds { "_numerator_seconds" } else { "_numerator" };
        let components = (measure.components().len() == 2).then(|| Components {
            numerator: family(numerator, format!("The upper half of: {}", definition.meaning)),
            sample: family("_sample", format!("The lower half, how many things this is about: {}", definition.meaning)),
        });
        let end = match definition.unit {
            Unit::Seconds => "_seconds",
            Unit::Ratio | Unit::Score | Unit::Share | Unit::Proportion => "_ratio",
            Unit::Count | Unit::Points | Unit::Mean | Unit::Number | Unit::Weighted => "",
            Unit::PerThousand => "_per_thousand",
            Unit::PerHour => "_per_hour",
        };
        Column { value: family(end, definition.meaning.to_owned()), components }
    }

    fn push(&mut self, head: usize, tail: usize, row: &Row, nothing_yet: bool) {
        let figure = row.figure;
        let zero = |wanted: bool| (wanted && nothing_yet).then_some(0);
        let value = figure.value.or(zero(row.unit == Unit::Count).map(|_| 0.0));
        if let Some(value) = value {
            self.value.push(head, tail, value);
        }
        if let (Some(components), Some(sample)) = (&mut self.components, figure.denominator.or(zero(true))) {
            let upper = figure.numerator.unwrap_or_default() as f64 / row.unit.parts() as f64;
            components.numerator.push(head, tail, upper);
            components.sample.push(head, tail, sample as f64 / row.unit.lower_parts() as f64);
        }
    }
}

/// Windows stand right behind T.
fn at(engine: &Engine) -> Instant {
    Instant(engine.now().0.saturating_add(1))
}

/// Where each window begins and ends, for each kind of scope and each zone: days and the grain of rolling windows differ.
pub(super) fn bounds(engine: &Engine, of: &[Window], scopes: &BTreeSet<(ScopeKind, &'static str)>) -> Vec<Family> {
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for (kind, name) in scopes {
        let zone: Zone = name.parse().unwrap_or_default();
        for window in of {
            let stretch = window.at(at(engine), *kind, zone);
            let labels = written(&[("scope", kind.name()), ("window", &window.to_string()), ("zone", name)]);
            starts.push((labels.clone(), stretch.start.0 as f64 / 1000.0));
            ends.push((labels, stretch.end.0 as f64 / 1000.0));
        }
    }
    bounds_families(starts, ends)
}

pub(super) fn bounds_families(starts: Vec<(String, f64)>, ends: Vec<(String, f64)>) -> Vec<Family> {
    let family = |name, help, series| Family::of(name, help, FamilyKind::Gauge, series);
    let families = [
        family(
            "goalkeeper_window_start_timestamp_seconds",
            "The first instant of the window, by kind of scope and zone: see the zone of goalkeeper_queue_info and others.",
            starts,
        ),
        family(
            "goalkeeper_window_end_timestamp_seconds",
            "The end of the window, exclusive: of a window under way it is still to come.",
            ends,
        ),
    ];
    families.into()
}
