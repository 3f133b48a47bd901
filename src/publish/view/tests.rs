//! Zeros from the roster on, and limits that show.

use super::*;
use crate::domain::roster::{Queue, Roster, RosterData, Unit as RosterUnit};

fn engine(queues: &[&str]) -> Engine {
    let unit = |id: &str| RosterUnit { id: id.into(), zone: None, hours: None };
    let queue = |id: &&str| Queue { unit: unit(id), teams: vec![], service_level_threshold: None, short_abandon: None };
    let queues = queues.iter().map(queue).collect();
    let data = RosterData { company: unit("acme"), departments: vec![], teams: vec![], queues, reps: vec![] };
    Engine::new(Arc::new(Roster::new(data)), Arc::new(Settings::default()))
}

fn viewer(limit: usize, limit_of_kind: usize) -> Viewer {
    let windows = ["15m", "7d", "30d", "hour", "month"].map(|name| Window::parse(name).expect("is a window"));
    Viewer::new(windows.into(), Reps::Shown, limit, limit_of_kind)
}

fn series(view: &View) -> BTreeMap<String, f64> {
    view.families.iter().flat_map(Family::series).collect()
}

#[test]
fn before_the_first_event_counts_are_0_and_nothing_else_has_a_value() {
    let series = series(&viewer(10_000, 10_000).view(&engine(&["a"]), true));
    for window in ["15m", "7d", "30d", "hour", "month"] {
        assert_eq!(series[&format!("goalkeeper_company_window_offered{{company=\"acme\",window=\"{window}\"}}")], 0.0);
        let sample = format!("goalkeeper_company_window_abandon_rate_sample{{company=\"acme\",window=\"{window}\"}}");
        assert_eq!(series[&sample], 0.0);
    }
    assert!(!series.keys().any(|name| name.contains("abandon_rate_ratio")));
    for zero in [
        "goalkeeper_queue_answered_total{queue=\"a\"}",
        "goalkeeper_queue_waiting_now{queue=\"a\"}",
        "goalkeeper_queue_left_retracted_total{queue=\"a\",reason=\"callback\"}",
        "goalkeeper_queue_answered_wait_seconds_bucket{queue=\"a\",le=\"20.0\"}",
        "goalkeeper_queue_answered_wait_retracted_seconds_count{queue=\"a\"}",
    ] {
        assert_eq!(series.get(zero), Some(&0.0), "{zero}");
    }
}

#[test]
fn before_figures_are_complete_there_are_no_windows() {
    let series = series(&viewer(10_000, 10_000).view(&engine(&["a"]), false));
    assert!(series.contains_key("goalkeeper_queue_answered_total{queue=\"a\"}"));
    assert!(!series.keys().any(|name| name.contains("_window_") || name.contains("waiting")), "{series:?}");
}

#[test]
fn a_scope_fits_whole_or_not_at_all_and_what_does_not_fit_shows() {
    let engine = engine(&["a", "b", "c"]);
    let each = |kind| Sheet::new(kind, engine.settings(), &viewer(1, 1).windows).most_series();
    let (company, queue) = (each(ScopeKind::Company), each(ScopeKind::Queue));
    let whole = viewer(1_000_000, 1_000_000).view(&engine, true);
    let of_queue = whole.series[&ScopeKind::Queue] / 3;
    for (limit, limit_of_kind, fit) in [
        (1_000_000, 1_000_000, 3),
        (1_000_000, 2 * queue.max(company), 2),
        (1_000_000, queue - 1, 0),
        (company + queue, 1_000_000, 1),
    ] {
        let view = viewer(limit, limit_of_kind).view(&engine, true);
        assert_eq!(view.series[&ScopeKind::Queue], fit * of_queue, "{limit} {limit_of_kind}");
        assert_eq!(view.dropped[&ScopeKind::Queue], (3 - fit) * queue, "{limit} {limit_of_kind}");
    }
}

#[test]
fn reps_are_shown_where_they_are_to_be() {
    let data = RosterData {
        reps: vec![crate::domain::roster::Rep {
            unit: RosterUnit { id: "ines".into(), zone: None, hours: None },
            teams: vec![],
            started: None,
            aliases: vec![],
        }],
        ..engine(&[]).roster().data().clone()
    };
    let engine = Engine::new(Arc::new(Roster::new(data)), Arc::new(Settings::default()));
    for (reps, main, apart) in [(Reps::Hidden, false, false), (Reps::Shown, true, false), (Reps::Apart, false, true)] {
        let view = Viewer::new(Vec::new(), reps, 10_000, 10_000).view(&engine, true);
        let shown = |families: &[Family]| families.iter().any(|family| family.name.starts_with("goalkeeper_rep_"));
        assert_eq!((shown(&view.families), shown(&view.reps)), (main, apart), "{reps:?}");
        let talk = |families: &[Family]| families.iter().any(|family| family.name == "goalkeeper_rep_talk_seconds");
        // Counters of sums and counts, no distributions.
        assert_eq!(talk(&view.families) || talk(&view.reps), main || apart);
        let histogram = |family: &Family| family.kind == FamilyKind::Histogram && family.name.contains("_rep_");
        assert!(!view.families.iter().chain(&view.reps).any(histogram));
    }
}
