//! Reloads, also those that come about while the daemon is down.

use goalkeeper::config;
use goalkeeper::domain::engine::{Engine, Input, Outcome, Query};
use goalkeeper::domain::measure::Measure;
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::Instant;
use goalkeeper::domain::window::Window;
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::store::{Checkpoint, InForce, Logs, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A roster of one queue, with or without a threshold of its own.
fn roster(threshold: &str) -> Arc<Roster> {
    let text = format!("company: {{id: acme, zone: UTC}}\nqueues: [{{id: support{threshold}}}]\n");
    Arc::new(Roster::new(config::read_roster("roster.yaml", &text).expect("is a roster")))
}

fn engine(threshold: &str) -> Engine {
    Engine::new(roster(threshold), Arc::new(Settings::default()))
}

fn instant(text: &str) -> Instant {
    Instant::from_rfc3339(text).expect("is a time")
}

/// A contact that was answered after 25 s.
fn answer(engine: &mut Engine, id: &str, time: &str) {
    let json = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"pbx","type":"contact.answered","time":"{time}",
            "data":{{"contact":"{id}","queue":"support","wait":25}}}}"#
    );
    let decoded = Decoder::new([0; 16]).decode(Message { payload: Some(json.as_bytes()), headers: &[] });
    let Ok(Decoded::Event(event)) = decoded else { panic!("{decoded:?}") };
    let partition = engine.partition("topic/0");
    assert_eq!(engine.apply(Input::Event { partition, received: None, event }), Outcome::Applied);
}

fn service_level(engine: &Engine, window: &str) -> Option<f64> {
    let now = engine.now();
    let query = Query {
        scopes: vec![Scope::new(ScopeKind::Queue, "support")],
        measures: vec![Measure::named("service_level", engine.settings()).expect("is a measure")],
        windows: vec![Window::parse(window).expect("is a window")],
        from: now,
        to: Instant(now.0 + 1),
    };
    engine.figures(&query).expect("is kept")[0].figure.value
}

/// The engine of a process that found on disk what `engine` had left there.
fn restarted(engine: &mut Engine, threshold: &str, store: &Store) -> Engine {
    store
        .write(&Checkpoint::cut(engine, BTreeMap::new(), Logs::default(), InForce::default()))
        .expect("can be written");
    let mut after = self::engine(threshold);
    let saved = store.saved().expect("can be read").expect("was written");
    store.restore(&mut after, saved.position).expect("can be restored");
    let roster = after.roster().clone();
    after.apply(Input::Roster(roster));
    while after.rebooking() {
        after.apply(Input::Rebook(1));
    }
    after
}

#[test]
fn a_threshold_that_changed_while_the_daemon_was_down_has_no_value_for_closed_books() {
    let store = Store::in_memory().expect("there is memory");
    let mut before = engine("");
    answer(&mut before, "c1", "2026-01-05T10:00:00Z");
    answer(&mut before, "c2", "2026-01-15T10:00:00Z");
    before.apply(Input::Tick(instant("2026-01-15T10:02:00Z")));
    assert_eq!(service_level(&before, "month"), Some(0.0));

    let same = restarted(&mut before, "", &store);
    assert_eq!(service_level(&same, "month"), Some(0.0));
    let mut other = restarted(&mut before, ", service_level_threshold: 30s", &store);
    assert_eq!(service_level(&other, "month"), None);
    assert_eq!(service_level(&other, "7d"), Some(1.0));
    // That is remembered.
    let again = restarted(&mut other, ", service_level_threshold: 30s", &store);
    assert_eq!(service_level(&again, "month"), None);
    assert_eq!(service_level(&again, "7d"), Some(1.0));
}

#[test]
fn nothing_expires_while_it_is_booked_under_what_was_in_force_before() {
    let mut engine = engine("");
    answer(&mut engine, "c1", "2026-01-05T10:00:00Z");
    engine.apply(Input::Tick(instant("2026-01-05T10:02:00Z")));
    engine.apply(Input::Roster(roster(", service_level_threshold: 30s")));
    engine.apply(Input::Tick(instant("2026-01-20T00:00:00Z")));
    assert_eq!((engine.records().len(), service_level(&engine, "month")), (1, Some(0.0)));
    engine.apply(Input::Rebook(1));
    assert_eq!((engine.records().len(), service_level(&engine, "month")), (0, Some(1.0)));
}
