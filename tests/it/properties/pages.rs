//! What pages of metrics tell, over generated histories: who waits now, and histograms that are exact at every threshold.

use super::chance::Chance;
use super::{centre, for_seeds, history};
use crate::support::lint::{Page, lint};
use goalkeeper::domain::engine::{Engine, Input, Query};
use goalkeeper::domain::measure::Measure;
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::scope::ScopeKind;
use goalkeeper::domain::time::{DAY, HOUR, Instant, Span};
use goalkeeper::domain::times::Times;
use goalkeeper::domain::window::Window;
use goalkeeper::publish::exposition::{Format, page};
use goalkeeper::publish::view::{Reps, Viewer};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

#[test]
fn who_waits_is_who_entered_less_whose_outcome_is_known_and_histograms_are_exact_at_thresholds() {
    let (waited, exact, retracted) = (Cell::new(0), Cell::new(0), Cell::new(0));
    for_seeds(20, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let mut settings = centre::settings(&mut chance).without_horizon();
        settings.longest_wait = Span(chance.pick(&[HOUR, 4 * HOUR]));
        let mut roster = centre::roster(begin, 2, &mut chance);
        // Who waits while the queue changes teams entered with one team and is told of by the other.
        roster.queues.iter_mut().for_each(|queue| queue.teams.truncate(1));
        let mut engine =
            Engine::new(Arc::new(Roster::new(roster)), Arc::new(settings.clone())).with_room(centre::room(&mut chance));
        let partition = engine.partition("0");
        let mut events = history::history(seed, begin, 2, 300);
        events.sort_by_cached_key(|event| event.time.0 + chance.below(2 * HOUR));
        for (n, event) in events.into_iter().enumerate() {
            let time = event.time;
            engine.gather(Input::Event { partition, received: None, event });
            engine.gather(Input::Tick(time));
            if chance.per_cent(1) {
                // Other thresholds: the histograms are of these once all is booked anew.
                let new = centre::settings(&mut chance).without_horizon();
                settings.wait_thresholds = new.wait_thresholds;
                settings.response_thresholds = new.response_thresholds;
                engine.gather(Input::Settings(Arc::new(settings.clone())));
            }
            if n % 30 == 0 {
                engine.gather(Input::Rebook(usize::MAX));
                engine.flush();
                let series = series(&engine);
                waited.set(waited.get() + waiting_is_lawful(&engine, &series));
                exact.set(exact.get() + thresholds_are_exact(&engine, &series));
                let twin = |name: &&String| name.contains("_wait_retracted_seconds_count");
                let back: f64 = series.keys().filter(twin).map(|name| series[name]).sum();
                retracted.set(retracted.get() + back as i64);
            }
        }
    });
    println!("{} waiting, {} answers within a threshold, {} taken back", waited.get(), exact.get(), retracted.get());
    assert!(waited.get() > 50 && exact.get() > 100 && retracted.get() > 100, "the histories show nothing");
}

/// The series of a page, which has no fault.
fn series(engine: &Engine) -> BTreeMap<String, f64> {
    let windows = ["15m", "day"].map(|name| Window::parse(name).expect("is a window"));
    let view = Viewer::new(windows.into(), Reps::Shown, usize::MAX, usize::MAX).view(engine, true);
    let [text, open] = [Format::Text, Format::OpenMetrics]
        .map(|format| String::from_utf8(page(&[], &view.families, format)).expect("is text"));
    let Page { series, faults } = lint(&text);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(lint(&open).faults, Vec::<String>::new());
    series
}

/// Everything that ever counted for a scope, as `name` has it: value or numerator.
fn ever(engine: &Engine, scope: &goalkeeper::domain::scope::Scope, name: &str) -> i64 {
    let query = Query {
        scopes: vec![scope.clone()],
        measures: vec![Measure::named(name, engine.settings()).expect("is there")],
        windows: vec![Window::All],
        times: Times::default(),
        from: Instant(engine.first().expect("events came").0 - 3 * DAY),
        to: Instant(engine.now().0 + 3 * DAY),
    };
    let rows = engine.figures(&query).expect("all is kept");
    rows.iter().map(|row| row.figure.numerator.unwrap_or_default()).sum()
}

fn waiting_is_lawful(engine: &Engine, series: &BTreeMap<String, f64>) -> i64 {
    let mut all = 0;
    // A queue that changes teams takes who waits along, and what has entered stays where it was.
    for scope in engine.scopes().iter().filter(|scope| matches!(scope.kind, ScopeKind::Queue | ScopeKind::Company)) {
        let law = ever(engine, scope, "queued") - ever(engine, scope, "offered");
        let kind = scope.kind.name();
        let of = |name: &str| series.get(&format!("goalkeeper_{kind}_{name}{{{kind}=\"{}\"}}", scope.id)).copied();
        assert_eq!(of("waiting_now"), Some(law as f64), "{scope}");
        let longest = of("longest_wait_now_seconds");
        assert_eq!(longest.is_some(), law > 0, "{scope}");
        if let Some(longest) = longest {
            assert!(longest < engine.settings().longest_wait.0 as f64 / 1000.0, "{scope} waits for {longest} s");
        }
        all += law;
    }
    all
}

/// Added less retracted is what panes have: the flows are of all time.
fn thresholds_are_exact(engine: &Engine, series: &BTreeMap<String, f64>) -> i64 {
    let mut all = 0;
    for scope in engine.scopes().iter().filter(|scope| scope.kind != ScopeKind::Rep) {
        let kind = scope.kind.name();
        let net = |distribution: &str, end: &str, le: &str| {
            let of = |twin: &str| {
                series[&format!("goalkeeper_{kind}_{distribution}{twin}_seconds{end}{{{kind}=\"{}\"{le}}}", scope.id)]
            };
            (of("") - of("_retracted")) as i64
        };
        for threshold in &engine.settings().wait_thresholds {
            let short = goalkeeper::domain::measure::short(*threshold);
            let le = format!(",le=\"{:?}\"", threshold.0 as f64 / 1000.0);
            for (distribution, measure) in [("answered_wait", "wait_answered"), ("abandoned_wait", "wait_abandoned")] {
                let within = ever(engine, scope, &format!("{measure}_within_{short}"));
                assert_eq!(net(distribution, "_bucket", &le), within, "{scope} {measure} within {short}");
                all += within;
            }
        }
        let sum = ever(engine, scope, "asa") as f64 / 1000.0;
        let shown = |twin: &str| {
            series[&format!("goalkeeper_{kind}_answered_wait{twin}_seconds_sum{{{kind}=\"{}\"}}", scope.id)]
        };
        assert!((shown("") - shown("_retracted") - sum).abs() < 1e-6, "{scope}");
    }
    all
}
