//! High availability is two independent daemons on one log: they must say and know the same.

use super::compare::{WINDOWS, with_oracle};
use super::feed::{Feed, setup};
use crate::support::daemon::{Daemon, Setup};
use crate::support::kafka::shared;
use goalkeeper::config::{self, Loaded};
use goalkeeper::domain::engine::Engine;
use goalkeeper::domain::roster::Roster;
use goalkeeper::store::Store;
use serde_json::Value;
use std::sync::Arc;

#[test]
#[ignore = "needs a real Kafka: make test"]
fn two_daemons_on_one_log_give_the_same_figures_and_the_same_canonical_export() {
    let kafka = shared();
    let mut feed = Feed::new(kafka, 2);
    let setups = [setup(&kafka.brokers(), &feed.topic), setup(&kafka.brokers(), &feed.topic)];
    // They write at other moments, and one of them holds its records in memory.
    setups[1].change("checkpoint_interval: 200ms\n  record_memory_mib: 0", "checkpoint_interval: 1100ms");
    let next = |feed: &mut Feed, n: usize| {
        let messages = feed.take(n);
        feed.send(kafka, &messages);
        feed.mark(kafka);
    };
    let third = feed.left() / 3;
    let one = setups[0].start();
    next(&mut feed, third);
    // The other comes later, and reads at once what the first one has read in parts.
    feed.wait_read(&one);
    next(&mut feed, third);
    let other = setups[1].start();
    must_agree(&feed, [&one, &other]);
    next(&mut feed, usize::MAX);
    must_agree(&feed, [&one, &other]);
    assert!(one.stop().success() && other.stop().success());
    let [one, other] = setups.map(|setup| export(&setup));
    assert!(one.lines().count() > 10_000, "{} lines", one.lines().count());
    assert!(one == other, "the canonical exports differ");
}

fn must_agree(feed: &Feed, daemons: [&Daemon; 2]) {
    let question = format!("window={}&at={}", WINDOWS.join(","), feed.time.to_rfc3339());
    let [one, other]: [Value; 2] = daemons.map(|daemon| {
        feed.wait_read(daemon);
        daemon.answer(&question)
    });
    let rows = |answer: &Value| answer["rows"].as_array().expect("are rows").clone();
    let differing = rows(&one).into_iter().zip(rows(&other)).find(|(one, other)| one != other);
    assert_eq!(differing, None);
    assert!(one == other, "the answers differ in more than their rows");
    let found = with_oracle(daemons[0], feed);
    assert!(found.examples.is_empty() && found.with_data > 1_000, "{found:?}");
}

/// The canonical export of what a daemon that has stopped left behind.
pub fn export(setup: &Setup) -> String {
    let Loaded { config, roster, .. } = config::load(&setup.path()).unwrap_or_else(|problems| panic!("{problems}"));
    let store = Store::open(&config.state.directory).expect("the daemon has stopped");
    let saved = store.saved().expect("can be read").expect("there was a checkpoint");
    let mut engine = Engine::new(Arc::new(Roster::new(roster)), Arc::new(config.settings));
    store.restore(&mut engine, saved.position).expect("can be read");
    engine.export()
}
