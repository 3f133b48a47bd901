//! What time it is when the wall clock and the records disagree at the start: the real daemon on a real Kafka.

use crate::support::calls::{call, topic};
use crate::support::daemon::{Daemon, ROSTER, Setup};
use crate::support::kafka::{Message, shared};
use crate::support::wait_for;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const TIME: &str = "goalkeeper_time_timestamp_seconds";
const DISBELIEVED: &str = "goalkeeper_clock_disbelieved";
const DAY: f64 = 86_400.0;
/// When the call of [`stamped`] was over.
const CALL_ENDED: f64 = 1_767_603_700.0;

/// A call whose records say of themselves that they were made `ago` seconds ago.
fn stamped(n: usize, ago: f64) -> Vec<Message> {
    let timestamp = Some(((now() - ago) * 1000.0) as i64);
    call(n, 1).into_iter().map(|message| Message { timestamp, ..message }).collect()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

fn wait_time(daemon: &Daemon, accept: impl Fn(f64) -> bool) {
    wait_for("time has come there", Duration::from_secs(30), || match daemon.metrics().get(TIME) {
        Some(time) if accept(*time) => Ok(()),
        seen => Err(format!("{seen:?}; the daemon says: {}", daemon.said())),
    });
}

fn is_now(time: f64) -> bool {
    (now() - time).abs() < 60.0
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_wall_clock_ahead_of_the_records_that_come_in_is_not_followed_until_one_is_current() {
    let topic = topic("ahead", 1);
    shared().produce(&topic, 0, stamped(1, 3.0 * DAY));
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, "clock: wall\n");
    let daemon = setup.start();
    // What lay there may be old: that says nothing, and time stays with the events meanwhile.
    wait_time(&daemon, |time| time == CALL_ENDED);
    assert_eq!(daemon.metrics()[DISBELIEVED], 0.0);
    assert!(daemon.said().contains("no record is current"), "{}", daemon.said());

    shared().produce(&topic, 0, stamped(2, 2.0 * DAY));
    daemon.wait_metric(DISBELIEVED, 1.0);
    wait_time(&daemon, |time| is_now(time + 2.0 * DAY));
    assert!(daemon.said().contains("Set the clock right"), "{}", daemon.said());

    shared().produce(&topic, 0, stamped(3, 0.0));
    daemon.wait_metric(DISBELIEVED, 0.0);
    wait_time(&daemon, is_now);
    assert!(daemon.said().contains("the wall clock is believed again"), "{}", daemon.said());
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_topic_that_was_quiet_for_days_and_gets_current_records_proves_the_wall_clock() {
    let topic = topic("quiet", 1);
    shared().produce(&topic, 0, stamped(1, 3.0 * DAY));
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, "clock: wall\n");
    let daemon = setup.start();
    wait_time(&daemon, |time| time == CALL_ENDED);
    shared().produce(&topic, 0, stamped(2, 0.0));
    wait_time(&daemon, is_now);
    assert!(!daemon.said().contains("wall clock is"), "{}", daemon.said());
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn an_empty_topic_has_no_time_and_no_figures_until_something_comes() {
    let topic = topic("empty", 1);
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, "clock: wall\n");
    let daemon = setup.start();
    let (status, body) = daemon.get("/api/v1/figures?scope=team&window=day");
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("no event has come yet"), "{body}");
    shared().produce(&topic, 0, stamped(1, 0.0));
    wait_time(&daemon, is_now);
    assert_eq!(daemon.get("/api/v1/figures?scope=team&window=day").0, 200);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn where_no_record_comes_the_wall_clock_is_believed_after_a_while() {
    let topic = topic("silent", 1);
    shared().produce(&topic, 0, stamped(1, 3.0 * DAY));
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, "clock: wall\nrules: {idle: 1s}\n");
    let daemon = setup.start();
    wait_time(&daemon, is_now);
    assert_eq!(daemon.metrics()[DISBELIEVED], 0.0);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn where_no_record_comes_a_wall_clock_that_is_weeks_ahead_is_not_believed() {
    let topic = topic("weeks", 1);
    shared().produce(&topic, 0, stamped(1, 30.0 * DAY));
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, "clock: wall\nrules: {idle: 1s}\n");
    let daemon = setup.start();
    daemon.wait_metric(DISBELIEVED, 1.0);
    assert_eq!(daemon.metrics()[TIME], CALL_ENDED);
    assert!(daemon.said().contains("no record comes that would speak for it"), "{}", daemon.said());

    shared().produce(&topic, 0, stamped(2, 0.0));
    daemon.wait_metric(DISBELIEVED, 0.0);
    wait_time(&daemon, is_now);
}
