//! Where reading goes on when Kafka has other records than it had: the real daemon on a real Kafka.

use crate::support::calls::{STREAM, call, topic};
use crate::support::daemon::{Daemon, ROSTER, Setup};
use crate::support::kafka::{Kafka, shared};
use crate::support::{unique, wait_for};
use std::time::Duration;

const ON_GAP: [&str; 2] = ["on_gap: stop", "on_gap: continue"];
const READY: &str = "goalkeeper_ready";

/// A daemon's directory for a topic of a broker.
fn setup(kafka: &Kafka, topic: &str, on_gap: &str) -> Setup {
    let setup = Setup::new(&kafka.brokers(), topic, ROSTER, STREAM);
    setup.change("  group_id:", &format!("  {on_gap}\n  group_id:"));
    setup
}

fn gaps(topic: &str, kind: &str) -> String {
    format!("goalkeeper_kafka_gaps_total{{kind=\"{kind}\",partition=\"0\",topic=\"{topic}\"}}")
}

fn lost(topic: &str) -> String {
    format!("goalkeeper_kafka_records_lost_total{{partition=\"0\",topic=\"{topic}\"}}")
}

fn missing(topic: &str) -> String {
    format!("goalkeeper_kafka_topic_missing{{topic=\"{topic}\"}}")
}

/// Figures of state, not of the process: a restart does not set them back.
const ANSWERED: &str = "goalkeeper_queue_window_answered{queue=\"support\",window=\"day\"}";

/// The daemon has ended by itself and says why.
fn assert_ends(mut daemon: Daemon, why: &str) {
    assert!(!daemon.wait_end().success());
    let said = daemon.said();
    assert!(said.contains(why), "{said}");
    assert!(said.contains("kafka.on_gap: continue"), "{said}");
}

/// Deletes a topic and makes another one of its name with the calls of `calls`.
fn make_anew(topic: &str, calls: std::ops::Range<usize>) {
    shared().delete_topic(topic);
    shared().create_topic(topic, 1, &[]);
    for n in calls {
        shared().produce(topic, 0, call(n, n));
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_topic_made_anew_while_the_daemon_was_down_is_told_from_its_predecessor_however_long_it_is() {
    for (on_gap, calls) in ON_GAP.into_iter().flat_map(|on_gap| [(on_gap, 10..10), (on_gap, 10..11), (on_gap, 10..15)])
    {
        let topic = topic("anew", 1);
        shared().produce(&topic, 0, [call(1, 1), call(2, 2)].concat());
        let setup = setup(shared(), &topic, on_gap);
        assert!(setup.start().stop().success());
        let new = calls.len();
        make_anew(&topic, calls);
        if on_gap == ON_GAP[0] {
            // Nothing of the new topic is in the state: it ends again and again.
            for _ in 0..2 {
                assert_ends(Daemon::start(&setup.path(), setup.port), "the topic was deleted and made anew");
            }
            setup.change(ON_GAP[0], ON_GAP[1]);
        }
        let daemon = setup.start();
        assert_eq!(daemon.metrics()[&gaps(&topic, "recreated")], 1.0);
        daemon.wait_metric(ANSWERED, 2.0 + new as f64);
        assert!(daemon.said().contains("the topic was deleted and made anew"), "{}", daemon.said());
        // It is known by its new id from here on.
        assert!(daemon.stop().success());
        assert_eq!(setup.start().metrics()[&gaps(&topic, "recreated")], 0.0);
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_topic_made_anew_while_the_daemon_runs_is_read_from_its_beginning_or_ends_it() {
    for on_gap in ON_GAP {
        let topic = topic("anew", 1);
        shared().produce(&topic, 0, call(1, 1));
        let setup = setup(shared(), &topic, on_gap);
        let daemon = setup.start();
        daemon.wait_metric(ANSWERED, 1.0);
        // The new topic is longer than the old one, so that no offset is missed.
        daemon.while_paused(|| make_anew(&topic, 10..13));
        match on_gap == ON_GAP[0] {
            true => assert_ends(daemon, "the topic was deleted and made anew"),
            false => {
                daemon.wait_metric(ANSWERED, 4.0);
                daemon.wait_metric(&gaps(&topic, "recreated"), 1.0);
                shared().produce(&topic, 0, call(20, 20));
                daemon.wait_metric(ANSWERED, 5.0);
            }
        }
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn records_that_kafka_deleted_while_the_daemon_was_down_are_counted_or_end_it() {
    for on_gap in ON_GAP {
        let topic = topic("deleted", 1);
        shared().produce(&topic, 0, call(1, 1));
        let setup = setup(shared(), &topic, on_gap);
        assert!(setup.start().stop().success());
        shared().produce(&topic, 0, [call(2, 2), call(3, 3)].concat());
        shared().delete_before(&topic, 0, 6);
        if on_gap == ON_GAP[0] {
            assert_ends(
                Daemon::start(&setup.path(), setup.port),
                "deleted everything before 6: figures miss 3 records",
            );
            setup.change(ON_GAP[0], ON_GAP[1]);
        }
        let daemon = setup.start();
        assert_eq!(daemon.metrics()[&lost(&topic)], 3.0);
        assert_eq!(daemon.metrics()[&gaps(&topic, "deleted")], 1.0);
        daemon.wait_metric(ANSWERED, 2.0);
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn retention_that_overtakes_a_running_daemon_is_counted_or_ends_it() {
    for on_gap in ON_GAP {
        let topic = topic("overtaken", 1);
        shared().produce(&topic, 0, call(1, 1));
        let setup = setup(shared(), &topic, on_gap);
        let daemon = setup.start();
        daemon.while_paused(|| {
            // The broker may answer a question that was under way with the first of these.
            for n in 2..9 {
                shared().produce(&topic, 0, call(n, n));
            }
            shared().delete_before(&topic, 0, 21);
        });
        match on_gap == ON_GAP[0] {
            true => assert_ends(daemon, "deleted everything before 21"),
            false => {
                daemon.wait_metric(&gaps(&topic, "deleted"), 1.0);
                let read = format!("goalkeeper_records_total{{partition=\"0\",topic=\"{topic}\"}}");
                wait_for("all is read or lost", Duration::from_secs(30), || {
                    let samples = daemon.metrics();
                    let sum = samples[&read] + samples[&lost(&topic)];
                    if sum == 24.0 && samples[&lost(&topic)] > 0.0 { Ok(()) } else { Err(format!("{sum}")) }
                });
                let seen = daemon.metrics()[&read];
                shared().produce(&topic, 0, call(20, 20));
                daemon.wait_metric(&read, seen + 3.0);
            }
        }
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_log_that_lost_its_end_is_read_again_from_its_beginning_or_ends_the_daemon() {
    let mut kafka = Kafka::start();
    // Shorter than what was read, and longer: only the epochs of its leaders tell the second one.
    for (calls, kind, why) in [
        (10..10, "truncated", "the log ends at 0: Kafka has lost records"),
        (10..13, "rewritten", "Kafka has lost some of them and has others in their place"),
    ] {
        let topic = unique("lost");
        kafka.create_topic(&topic, 1, &[]);
        kafka.produce(&topic, 0, [call(1, 1), call(2, 2)].concat());
        let setup = setup(&kafka, &topic, ON_GAP[0]);
        assert!(setup.start().stop().success());
        kafka.lose_log(&topic, 0);
        let new = calls.len() as f64;
        for n in calls {
            kafka.produce(&topic, 0, call(n, n));
        }
        assert_ends(Daemon::start(&setup.path(), setup.port), why);
        setup.change(ON_GAP[0], ON_GAP[1]);
        let daemon = setup.start();
        daemon.wait_metric(&gaps(&topic, kind), 1.0);
        daemon.wait_metric(ANSWERED, 2.0 + new);
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_log_that_loses_its_end_while_the_daemon_runs_is_noticed() {
    let mut kafka = Kafka::start();
    for on_gap in ON_GAP {
        let topic = unique("lost");
        kafka.create_topic(&topic, 1, &[]);
        kafka.produce(&topic, 0, [call(1, 1), call(2, 2)].concat());
        let setup = setup(&kafka, &topic, on_gap);
        let daemon = setup.start();
        daemon.while_paused(|| {
            kafka.lose_log(&topic, 0);
            kafka.produce(&topic, 0, [call(10, 10), call(11, 11), call(12, 12)].concat());
        });
        match on_gap == ON_GAP[0] {
            true => assert_ends(daemon, "has others in their place"),
            false => {
                daemon.wait_metric(&gaps(&topic, "rewritten"), 1.0);
                daemon.wait_metric(ANSWERED, 5.0);
            }
        }
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_topic_that_is_not_there_at_the_start_is_waited_for_or_left_out() {
    for on_gap in ON_GAP {
        let (there, absent) = (topic("there", 1), unique("absent"));
        shared().produce(&there, 0, call(1, 1));
        let setup = setup(shared(), &there, on_gap);
        setup.change(&format!("topics: [{there}]"), &format!("topics: [{there}, {absent}]"));
        let daemon = Daemon::start(&setup.path(), setup.port);
        let read = format!("goalkeeper_records_total{{partition=\"0\",topic=\"{there}\"}}");
        wait_for("the daemon serves", Duration::from_secs(30), || match daemon.get("/metrics") {
            (200, _) => Ok(()),
            other => Err(format!("{other:?}")),
        });
        daemon.wait_metric(&read, 3.0);
        daemon.wait_metric(&missing(&absent), 1.0);
        assert!(daemon.said().contains("Kafka has no such topic"), "{}", daemon.said());
        match on_gap == ON_GAP[0] {
            true => {
                assert_eq!(daemon.metrics()[READY], 0.0);
                assert_eq!(daemon.get("/-/ready").0, 503);
            }
            false => daemon.wait_metric(READY, 1.0),
        }
        shared().create_topic(&absent, 1, &[]);
        shared().produce(&absent, 0, call(2, 2));
        daemon.wait_metric(ANSWERED, 2.0);
        daemon.wait_metric(READY, 1.0);
        assert!(!daemon.metrics().contains_key(&missing(&absent)));
        shared().delete_topic(&absent);
        daemon.wait_metric(&missing(&absent), 1.0);
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn partitions_that_are_added_later_are_read_from_their_beginning() {
    let topic = topic("grown", 1);
    shared().produce(&topic, 0, call(1, 1));
    let setup = setup(shared(), &topic, ON_GAP[0]);
    let daemon = setup.start();
    shared().grow_topic(&topic, 2);
    shared().produce(&topic, 1, call(2, 2));
    daemon.wait_metric(ANSWERED, 2.0);
    assert!(daemon.stop().success());
    // What was deleted of a partition before it was seen at all is a gap too.
    shared().grow_topic(&topic, 3);
    shared().produce(&topic, 2, [call(3, 3), call(4, 4)].concat());
    shared().delete_before(&topic, 2, 3);
    assert_ends(Daemon::start(&setup.path(), setup.port), "deleted everything before 3: figures miss 3 records");
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_pattern_means_the_topics_that_match_it_now_and_later() {
    let first = topic("matched", 1);
    let pattern = format!("^{first}(-more)?$");
    let (later, other) = (format!("{first}-more"), format!("{first}-other"));
    shared().create_topic(&other, 1, &[]);
    shared().produce(&first, 0, call(1, 1));
    shared().produce(&other, 0, call(5, 5));
    let setup = setup(shared(), &first, ON_GAP[1]);
    setup.change(&format!("topics: [{first}]"), &format!("topics: ['{pattern}', '^nobody-.*']"));
    let daemon = setup.start();
    daemon.wait_metric(ANSWERED, 1.0);
    daemon.wait_metric(&missing("^nobody-.*"), 1.0);
    shared().create_topic(&later, 2, &[]);
    shared().produce(&later, 1, call(2, 2));
    daemon.wait_metric(ANSWERED, 2.0);
    // A topic that was read to its end may go.
    shared().delete_topic(&later);
    shared().produce(&first, 0, call(3, 3));
    daemon.wait_metric(ANSWERED, 3.0);
    let read = daemon.metrics().into_iter().filter(|(name, _)| name.starts_with("goalkeeper_records_total"));
    let read: Vec<f64> = read.map(|(_, value)| value).collect();
    assert_eq!(read, [6.0, 0.0, 3.0], "of the first topic and of the later one's partitions, and of no other");
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn lag_tools_see_the_offsets_of_the_last_checkpoint() {
    let topic = topic("lag", 2);
    shared().produce(&topic, 0, call(1, 1));
    let setup = setup(shared(), &topic, ON_GAP[0]);
    let daemon = setup.start();
    // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG
    let wait_row = |row: &str| {
        wait_for(row, Duration::from_secs(60), || {
            let said = shared().describe_group(&topic);
            let rows = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            if rows.into_iter().any(|found| found.starts_with(&format!("{topic} {topic} {row}"))) {
                Ok(())
            } else {
                Err(said)
            }
        });
    };
    wait_row("0 3 3 0");
    wait_row("1 0 0 0");
    assert!(daemon.stop().success());
    shared().produce(&topic, 0, call(2, 2));
    wait_row("0 3 6 3");
}
