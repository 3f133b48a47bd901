//! Holding the engine's figures against the oracle's.

use super::chance::Chance;
use super::oracle::{self, Answer, Known, Stretch, Value, World};
use goalkeeper::domain::engine::{Engine, Query, Row};
use goalkeeper::domain::event::Event;
use goalkeeper::domain::measure::{Figure, measures};
use goalkeeper::domain::roster::RosterData;
use goalkeeper::domain::scope::Scope;
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::slice;
use goalkeeper::domain::time::{DAY, Instant};
use goalkeeper::domain::times::Times;
use goalkeeper::domain::window::Window;
use std::collections::BTreeSet;

/// All windows that the vocabulary of windows has to offer.
pub const WINDOWS: [&str; 14] =
    ["15m", "1h", "2h", "1d", "7d", "30d", "quarter_hour", "hour", "day", "week", "month", "quarter", "year", "all"];

/// Compares all measures of all scopes in these windows at T; gives how many figures had data.
pub fn with_oracle(
    engine: &Engine,
    accepted: &[Event],
    roster: &RosterData,
    settings: &Settings,
    windows: &[&str],
    chance: &mut Chance,
) -> Result<usize, String> {
    let now = engine.now();
    if now == Instant::MIN {
        // Before the first tick there is no time to ask about.
        return Ok(0);
    }
    let known = Known::at(accepted, World { roster, settings, now: now.0 });
    let mut scopes: BTreeSet<Scope> = engine.scopes().into_iter().chain(known.scopes().cloned()).collect();
    scopes.extend(engine.panes().scopes().iter().filter(|scope| is_slice_in_force(scope, engine)).cloned());
    let first = accepted.iter().map(|event| event.time).min().unwrap_or(now);
    // Anywhere in the history: T may lie long after it.
    let to = if chance.per_cent(40) { now } else { Instant(chance.between(first.0, now.0.max(first.0 + 1)) + 1) };
    let from = Instant(to.0 - 1 - chance.below(2 * DAY));
    let mut with_data = 0;
    for window in windows {
        let rolls_over_fine_panes = window.ends_with(['m', 'h']) || ["1d", "7d"].contains(window);
        let (from, to) = match *window {
            "all" => (first, Instant(now.0.max(first.0 + 1))),
            // Finer panes are gone sooner.
            "quarter_hour" | "hour" if !settings.lateness.is_unlimited() => {
                let to = to.max(Instant(now.0 - 7 * DAY));
                (from.max(Instant(now.0 - 8 * DAY)).min(Instant(to.0 - 1)), to)
            }
            _ if rolls_over_fine_panes && !settings.lateness.is_unlimited() => (from, now),
            _ => (from, to),
        };
        for scope in &scopes {
            let query = Query {
                scopes: vec![scope.clone()],
                measures: measures(settings),
                windows: vec![Window::parse(window)?],
                times: Times::default(),
                from,
                to,
            };
            let rows = engine.figures(&query).map_err(|error| error.to_string())?;
            let zone = oracle::zone(roster, scope);
            let stretches = oracle::stretches(window, from.0, to.0, scope.kind, zone);
            let differences = rows_differ(&rows, &stretches, &known, scope, settings);
            if !differences.is_empty() {
                let all: String = differences.iter().map(|d| format!("\n  {d}")).collect();
                let (from, to) = (from.to_rfc3339(), to.to_rfc3339());
                let t = now.to_rfc3339();
                return Err(format!("{scope} {window} asked from {from} to {to} at T {t}:{all}"));
            }
            with_data += rows.iter().filter(|row| row.figure.sample > 0).count();
        }
    }
    Ok(with_data)
}

fn is_slice_in_force(scope: &Scope, engine: &Engine) -> bool {
    scope.slice.as_ref().is_some_and(|part| {
        let by = part.dimension.to_string();
        engine.roster().lists(scope.kind, &scope.id)
            && slice::slice(&engine.settings().breakdowns, (&by, &part.value), scope.kind).is_ok()
    })
}

fn rows_differ(rows: &[Row], stretches: &[Stretch], known: &Known, scope: &Scope, settings: &Settings) -> Vec<String> {
    let mut found: Vec<Stretch> = rows.iter().map(|row| Stretch { start: row.start.0, end: row.end.0 }).collect();
    found.dedup();
    if found != stretches {
        let write = |s: &Stretch| format!("{}..{}", Instant(s.start).to_rfc3339(), Instant(s.end).to_rfc3339());
        let only = |here: &[Stretch], there: &[Stretch]| -> Vec<String> {
            here.iter().filter(|stretch| !there.contains(stretch)).map(write).collect()
        };
        return vec![format!("has windows {:?}, misses {:?}", only(&found, stretches), only(stretches, &found))];
    }
    let mut differences = Vec::new();
    for row in rows {
        let stretch = Stretch { start: row.start.0, end: row.end.0 };
        let must = known.ask(scope, &row.measure, stretch, settings);
        if !agrees(&row.figure, &must, 1e-9) {
            let (start, end) = (row.start.to_rfc3339(), row.end.to_rfc3339());
            differences.push(format!("{} in {start}..{end} is {:?}, must be {must:?}", row.measure, row.figure));
        }
    }
    differences
}

/// True if a figure is what it must be; `precision` is that of its value.
pub fn agrees(found: &Figure, must: &Answer, precision: f64) -> bool {
    let near = |value: f64, exact: i64, error: f64| (value * 1000.0 - exact as f64).abs() <= exact as f64 * error + 1.0;
    let value = match (found.value, must.value) {
        (None, Value::None) => true,
        (Some(value), Value::Exactly(exact)) => (value - exact).abs() <= precision * exact.abs().max(1.0),
        // The middle of the sketch's bucket: half a bucket off at most.
        (Some(value), Value::Percentile(exact)) => near(value, exact, 0.005_45),
        // The upper bound of the bucket: never below, a whole bucket above at most.
        (Some(value), Value::Maximum(exact)) => value * 1000.0 >= exact as f64 - 1e-6 && near(value, exact, 0.010_95),
        _ => false,
    };
    value && (found.numerator, found.denominator, found.sample) == (must.numerator, must.denominator, must.sample)
}
