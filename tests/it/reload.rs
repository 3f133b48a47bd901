//! Reloads: of a running daemon, and those that come about while it is down.

use crate::support::calls::{STREAM, call, topic};
use crate::support::daemon::{ROSTER, Setup};
use crate::support::kafka::{self, shared};
use crate::support::wait_for;
use goalkeeper::config;
use goalkeeper::domain::engine::{Engine, Input, Outcome, Query};
use goalkeeper::domain::measure::Measure;
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::Instant;
use goalkeeper::domain::times::Times;
use goalkeeper::domain::window::Window;
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::store::{Checkpoint, InForce, Logs, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

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
        times: Times::default(),
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

const SUCCESSFUL: &str = "goalkeeper_config_last_reload_successful";
const SUCCESS_TIME: &str = "goalkeeper_config_last_reload_success_timestamp_seconds";
const PENDING: &str = "goalkeeper_rebook_pending_records";

fn handled(team: &str) -> String {
    format!("goalkeeper_team_window_handled{{team=\"{team}\",window=\"day\"}}")
}

/// The roster with Ines in another team.
fn moved() -> String {
    let two = ROSTER.replace("teams: [{id: care}]", "teams: [{id: care}, {id: night}]");
    two.replace("{id: ines, team: care}", "{id: ines, team: night}")
}

/// A topic with one call, and a daemon's directory for it.
fn setup() -> (String, Setup) {
    let topic = topic("reload", 1);
    shared().produce(&topic, 0, call(1, 1));
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, STREAM);
    setup.change("  group_id:", "  on_gap: stop\n  group_id:");
    (topic, setup)
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_running_daemon_books_live_records_anew_and_remembers_what_is_in_force() {
    let (topic, setup) = setup();
    let daemon = setup.start();
    daemon.wait_metric(&handled("care"), 1.0);
    let begun = daemon.metrics();
    assert_eq!(begun[SUCCESSFUL], 1.0);
    assert!(begun[SUCCESS_TIME] > 1.7e9, "{}", begun[SUCCESS_TIME]);

    // By HTTP the roster. Where nothing is published for an hour, the gauge says that what is shown is not whole.
    setup.change_roster(&moved());
    setup.change("publish_interval: 100ms", "publish_interval: 1h");
    let (status, said) = daemon.post("/-/reload");
    assert_eq!((status, said.trim()), (200, "the configuration is reloaded: 3 live records are booked anew"));
    let mixed = daemon.metrics();
    assert_eq!((mixed[PENDING], mixed.get(&handled("night"))), (3.0, None));
    assert!(mixed[SUCCESS_TIME] > begun[SUCCESS_TIME]);

    // By signal the settings.
    setup.change("publish_interval: 1h", "publish_interval: 100ms");
    setup.change(STREAM, &format!("{STREAM}measures: {{wait_thresholds: [9s, 10s]}}\n"));
    daemon.hang_up();
    daemon.wait_metric(&handled("night"), 1.0);
    daemon.wait_metric(&handled("care"), 0.0);
    daemon.wait_metric(PENDING, 0.0);
    let within = |seconds: u32| {
        format!("goalkeeper_queue_window_wait_answered_within_{seconds}s_ratio{{queue=\"support\",window=\"day\"}}")
    };
    daemon.wait_metric(&within(9), 0.0);
    daemon.wait_metric(&within(10), 1.0);
    assert!(!daemon.metrics().contains_key(&within(20)));

    // Events go on, and what is in force is in the checkpoint: a restart finds nothing new.
    shared().produce(&topic, 0, call(2, 2));
    daemon.wait_metric(&handled("night"), 2.0);
    assert!(daemon.stop().success());
    let again = setup.start();
    again.wait_metric(&handled("night"), 2.0);
    let said = again.said();
    assert_eq!(said.matches("the roster has changed").count(), 1, "{said}");
    assert_eq!(said.matches("settings have changed").count(), 1, "{said}");
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_reload_with_a_problem_in_any_file_changes_nothing_and_says_where() {
    let (_, setup) = setup();
    let daemon = setup.start();
    daemon.wait_metric(&handled("care"), 1.0);
    let time = daemon.metrics()[SUCCESS_TIME];
    let unchanged = |why: &str| {
        let samples = daemon.metrics();
        assert_eq!((samples[SUCCESSFUL], samples[SUCCESS_TIME]), (0.0, time), "{why}");
        assert_eq!((samples[&handled("care")], samples.get(&handled("night"))), (1.0, None), "{why}");
        assert!(daemon.said().contains(why), "{}", daemon.said());
    };
    let refused = |why: &str| {
        let (status, said) = daemon.post("/-/reload");
        assert_eq!(status, 500, "{said}");
        assert!(said.contains("what was in force stays in force") && said.contains(why), "{said}");
        unchanged(why);
    };
    // The roster is good, and is not taken either.
    setup.change_roster(&moved());
    setup.change(STREAM, "clock: stream\nwindoes: [1h]\n");
    refused("goalkeeper.yaml:15:1: unknown key `windoes`");
    setup.change("windoes: [1h]", "windows: [1h]");
    setup.change("on_gap: stop\n", "on_gap: continue\n");
    refused("goalkeeper.yaml:5:3: kafka.on_gap cannot change while goalkeeper runs");
    setup.change("on_gap: continue\n", "on_gap: stop\n");
    // The main file is good, and is not taken either: days are still published.
    setup.change_roster(&moved().replace("team: night", "team: nigth"));
    daemon.hang_up();
    let why = "roster.yaml:4:25: team `nigth` is not listed";
    wait_for("the problem is told", Duration::from_secs(20), || {
        let said = daemon.said();
        if said.contains(why) { Ok(()) } else { Err(said) }
    });
    unchanged(why);
    assert_eq!(daemon.get("/-/reload").0, 405);

    setup.change_roster(&moved());
    setup.change("windows: [1h]", "windows: [day]");
    assert_eq!(daemon.post("/-/reload").0, 200);
    daemon.wait_metric(SUCCESSFUL, 1.0);
    daemon.wait_metric(&handled("night"), 1.0);
    assert!(daemon.metrics()[SUCCESS_TIME] > time);
}

/// Live records that the state on disk has still under what was in force before, and all live records in it.
fn behind_on_disk(setup: &Setup) -> (usize, usize) {
    let loaded = config::load(&setup.path()).unwrap_or_else(|problems| panic!("{problems}"));
    let store = Store::open(&loaded.config.state.directory).expect("can be opened");
    let saved = store.saved().expect("can be read").expect("was written");
    let mut engine = Engine::new(Arc::new(Roster::new(loaded.roster)), Arc::new(loaded.config.settings));
    store.restore(&mut engine, saved.position).expect("can be restored");
    (engine.records().pending(), engine.records().len())
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_daemon_that_is_killed_while_it_books_anew_goes_on_as_if_it_had_not_been() {
    // Many slices.
    const CALLS: usize = 30_000;
    const WANTED: usize = 3;
    let (topic, setup) = setup();
    setup.change("checkpoint_interval: 500ms", "checkpoint_interval: 1ms");
    let answered = |n: usize| {
        let (minute, second) = (n / 60 % 60, n % 60);
        kafka::Message::of(format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{n}\",\"source\":\"/pbx\",\"type\":\"contact.ended\",\
             \"time\":\"2026-01-05T10:{minute:02}:{second:02}Z\",\
             \"data\":{{\"contact\":\"{n}\",\"queue\":\"support\",\"rep\":\"ines\",\"talk\":1}}}}"
        ))
    };
    shared().produce(&topic, 0, (0..CALLS).map(answered));
    // Kills that left a state in which some records were booked anew and others not.
    let (mut halfway, mut rounds) = (0, 0);
    while halfway < WANTED {
        rounds += 1;
        assert!(rounds <= 10 * WANTED, "only {halfway} of {rounds} kills came while records were booked anew");
        let daemon = setup.start();
        daemon.wait_metric(PENDING, 0.0);
        setup.change_roster(&if rounds % 2 == 1 { moved() } else { ROSTER.to_owned() });
        let (status, said) = daemon.post("/-/reload");
        assert_eq!(status, 200, "{said}");
        // An event comes in between two slices, and with it a checkpoint.
        let before = daemon.positions(&topic).checkpoints;
        shared().produce(&topic, 0, [answered(CALLS + rounds)]);
        wait_for("a checkpoint is written", Duration::from_secs(30), || match daemon.positions(&topic).checkpoints {
            now if now > before => Ok(()),
            now => Err(now.to_string()),
        });
        daemon.kill();
        let (behind, all) = behind_on_disk(&setup);
        halfway += usize::from(0 < behind && behind < all);
    }
    setup.change_roster(&moved());
    // All of them and the call of the setup.
    let all = (CALLS + rounds + 1) as f64;
    let daemon = setup.start();
    daemon.wait_metric(&handled("night"), all);
    daemon.wait_metric(&handled("care"), 0.0);
    daemon.wait_metric(PENDING, 0.0);
    // What is in force is found in the state again, whole.
    assert!(daemon.stop().success());
    let undisturbed = Setup::new(&shared().brokers(), &topic, &moved(), STREAM);
    let question = "scope=company,team,queue,rep&window=day&from=2026-01-05&to=2026-01-06";
    assert_eq!(setup.start().figures(question), undisturbed.start().figures(question));
}
