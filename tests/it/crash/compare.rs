//! Holding all that the daemon answers against the oracle.

use super::feed::Feed;
use crate::oracle::{self, Known, Stretch, World};
use crate::properties::compare::agrees;
use crate::support::daemon::Daemon;
use goalkeeper::domain::measure::{Figure, Unit, measures};
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::time::Instant;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The windows of every comparison: what has just happened, and all of it.
pub const WINDOWS: [&str; 5] = ["15m", "2h", "hour", "day", "week"];

/// How the figures of the daemon differ from what they must be.
#[derive(Debug, Default)]
pub struct Differences {
    /// Figures compared that have data.
    pub with_data: usize,
    /// Figures that count too little.
    pub lost: usize,
    /// Figures that count too much.
    pub doubled: usize,
    /// Figures that are wrong otherwise.
    pub wrong: usize,
    /// Some of them, in words.
    pub examples: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    time: String,
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    scope_kind: String,
    scope: String,
    measure: String,
    window: String,
    start: String,
    end: String,
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    sample: i64,
}

/// Compares every measure of every scope at T, which must be at the latest mark.
pub fn with_oracle(daemon: &Daemon, feed: &Feed) -> Differences {
    let time = feed.time;
    let question = format!("window={}&at={}", WINDOWS.join(","), time.to_rfc3339());
    let answer: Answer = serde_json::from_value(daemon.answer(&question)).expect("is an answer");
    assert_eq!(answer.time, time.to_rfc3339(), "T has gone on");
    let (roster, settings) = (&feed.world.roster, &feed.world.config.settings);
    let known = Known::at(&feed.log.accepted, World { roster, settings, now: time.0 });
    let catalogue = measures(settings);
    let units: BTreeMap<&str, Unit> = catalogue.iter().map(|m| (m.name.as_str(), m.definition.unit)).collect();
    let mut differences = Differences::default();
    let mut asked: BTreeMap<(Scope, &str), Vec<&Row>> = BTreeMap::new();
    for row in &answer.rows {
        let kind = ScopeKind::parse(&row.scope_kind).expect("is a kind of scope");
        asked.entry((Scope::new(kind, row.scope.as_str()), row.window.as_str())).or_default().push(row);
    }
    let scopes: BTreeSet<&Scope> = asked.keys().map(|(scope, _)| scope).chain(known.scopes()).collect();
    for scope in scopes {
        let zone = oracle::zone(roster, scope);
        let wanted = catalogue.iter().filter(|measure| measure.has(scope.kind)).count();
        for window in WINDOWS {
            let [stretch] = oracle::stretches(window, time.0 - 1, time.0, scope.kind, zone)[..] else {
                panic!("an instant is in one {window}");
            };
            let rows = asked.get(&(scope.clone(), window)).map(Vec::as_slice).unwrap_or_default();
            assert_eq!(rows.len(), wanted, "measures of {scope} in {window}");
            for row in rows {
                assert_eq!(stretch_of(row), stretch, "{row:?}");
                let unit = units[row.measure.as_str()];
                let whole = |n: f64, parts: i64| (n * parts as f64).round() as i64;
                let figure = Figure {
                    value: row.value,
                    numerator: row.numerator.map(|n| whole(n, unit.parts())),
                    denominator: row.denominator.map(|n| whole(n, unit.lower_parts())),
                    sample: row.sample,
                };
                let must = known.ask(scope, &row.measure, stretch, settings);
                differences.with_data += usize::from(must.sample > 0);
                // The API gives six digits.
                if !agrees(&figure, &must, 1e-6) {
                    match figure.sample.cmp(&must.sample) {
                        std::cmp::Ordering::Less => differences.lost += 1,
                        std::cmp::Ordering::Greater => differences.doubled += 1,
                        std::cmp::Ordering::Equal => differences.wrong += 1,
                    }
                    differences.examples.push(format!("{row:?} must be {must:?}"));
                }
            }
        }
    }
    differences
}

fn stretch_of(row: &Row) -> Stretch {
    let instant = |text: &str| Instant::from_rfc3339(text).expect("is a time").0;
    Stretch { start: instant(&row.start), end: instant(&row.end) }
}

impl std::fmt::Display for Differences {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Differences { with_data, lost, doubled, wrong, .. } = self;
        write!(f, "of {with_data} figures with data: lost {lost}, doubled {doubled}, otherwise wrong {wrong}")
    }
}
