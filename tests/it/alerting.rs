//! Alerts as people get them: a real daemon, fed from a real Kafka, scraped by a real Prometheus with the rules that
//! `goalkeeper rules` prints, and a real Alertmanager with the configuration of the documentation.

use crate::support::alertmanager::{Alertmanager, Receiver, amtool, example_config};
use crate::support::calls::topic;
use crate::support::daemon::{Daemon, Setup, binary};
use crate::support::kafka::{Message, shared};
use crate::support::prometheus::{Prometheus, promtool_rules};
use crate::support::unique;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ROSTER: &str = "company: {id: acme, zone: Europe/Oslo}\nteams: [{id: care}]\nqueues: [{id: support, team: care}]\n\
                      reps: [{id: ines, team: care}, {id: omar, team: care}, {id: lena, team: care}]\n";

/// A configuration with one target.
fn setup(topic: &str, target: &str, more: &str) -> Setup {
    let setup = Setup::new(&shared().brokers(), topic, ROSTER, &format!("targets: targets.yaml\n{more}"));
    std::fs::write(setup.path().join("targets.yaml"), format!("targets: [{target}]\n")).expect("can be written");
    setup
}

/// The rules for a configuration, with which promtool must be content.
pub fn rules_of(setup: &Setup) -> String {
    let output = binary().args(["rules", "--config"]).arg(setup.path()).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rules = String::from_utf8(output.stdout).expect("is text");
    assert_eq!(promtool_rules(&rules), "");
    rules
}

/// An event of some seconds ago.
fn event(id: &str, kind: &str, seconds_ago: i64, data: &str) -> Message {
    let time = (chrono::Utc::now() - chrono::TimeDelta::seconds(seconds_ago)).to_rfc3339();
    Message::of(format!(
        "{{\"specversion\":\"1.0\",\"id\":\"{id}-{kind}\",\"source\":\"/pbx\",\"type\":\"contact.{kind}\",\
         \"time\":\"{time}\",\"data\":{{\"contact\":\"{id}\",\"queue\":\"support\"{data}}}}}"
    ))
}

/// A call that ends 5 s ago after so much talk.
fn answered(rep: &str, talk: i64) -> Vec<Message> {
    let id = unique("call");
    let rep = format!(",\"rep\":\"{rep}\"");
    vec![event(&id, "queued", 10 + talk, ""), event(&id, "answered", 5 + talk, &rep), event(&id, "ended", 5, &rep)]
}

fn abandoned() -> Vec<Message> {
    let id = unique("call");
    vec![event(&id, "queued", 60, ""), event(&id, "abandoned", 20, "")]
}

fn names(told: &[Value]) -> BTreeSet<String> {
    told.iter().map(|alert| alert["labels"]["alertname"].as_str().expect("alerts have names").to_owned()).collect()
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_missed_target_is_told_once_whatever_becomes_of_the_daemon_and_ends_when_it_is_kept() {
    let kafka = shared();
    let (first, second) = (topic("missed", 1), unique("missed-later"));
    let target = "{id: abandon-rate, title: At most 3 % of callers give up, owner: head of service, scope: every team, \
                  measure: abandon_rate, at_most: 3%, window: 1h, hold: 1s, severity: critical}";
    let setup = setup(&first, target, "");
    // What is not there yet keeps the daemon from having read everything, for as long as the test likes.
    setup.change(&format!("topics: [{first}]"), &format!("topics: [{first}, {second}]"));
    kafka.produce(&first, 0, (0..27).flat_map(|_| answered("ines", 60)).chain((0..3).flat_map(|_| abandoned())));
    let records = 27.0 * 3.0 + 3.0 * 2.0;

    let receiver = Receiver::start();
    let alertmanager = Alertmanager::start(&example_config(&receiver.url()));
    let mut daemon = Daemon::start(&setup.path(), setup.port);
    let prometheus = Prometheus::start_alerting(&daemon.address(), &rules_of(&setup), &alertmanager.address());
    prometheus.wait_value("sum(goalkeeper_records_total)", |value| value == records);
    prometheus.wait_evaluations(8.0);
    assert_eq!(daemon.metrics()["goalkeeper_ready"], 0.0);
    assert_eq!(prometheus.vector("count_over_time(ALERTS{target!=\"\"}[1h])"), Ok(vec![]), "told while catching up");

    kafka.create_topic(&second, 1, &[]);
    daemon.wait_ready();
    let told = receiver.wait("abandon-rate", "care", "firing");
    let labels = json!({"alertname": "GoalkeeperTargetMissed", "job": "goalkeeper", "target": "abandon-rate",
        "scope_kind": "team", "scope": "care", "team": "care", "severity": "critical"});
    assert_eq!(told["labels"], labels);
    let annotations = json!({"summary": "Missed by team care: At most 3 % of callers give up",
        "description": "abandon_rate of team care is 10 % over the last 1h; the target is at most 3 %",
        "threshold": "at most 3 %", "owner": "head of service", "runbook_url": "docs/runbooks/GoalkeeperTargetMissed.md"});
    assert_eq!(told["annotations"], annotations);
    let since = chrono::DateTime::parse_from_rfc3339(told["startsAt"].as_str().expect("a time")).expect("a time");
    assert!((chrono::Utc::now() - since.to_utc()).num_minutes() < 2, "{since}");

    // Killed, gone for some rounds, and back.
    let active = "ALERTS_FOR_STATE{target=\"abandon-rate\"}";
    let begun = prometheus.wait_value(active, |_| true);
    daemon.kill();
    prometheus.wait_value("up{job=\"goalkeeper\"}", |up| up == 0.0);
    prometheus.wait_evaluations(6.0);
    let _daemon = setup.start();
    prometheus.wait_value("goalkeeper_target_breached{target=\"abandon-rate\"}", |breached| breached == 1.0);
    prometheus.wait_evaluations(6.0);
    assert_eq!(prometheus.wait_value(active, |_| true), begun, "it has begun anew");
    assert!(receiver.told().iter().all(|alert| alert["status"] == "firing"), "{:?}", receiver.told());

    kafka.produce(&second, 0, (0..100).flat_map(|_| answered("omar", 60)));
    receiver.wait("abandon-rate", "care", "resolved");
    receiver.wait_told("the watchdog barks", |alert| alert["labels"]["alertname"] == "GoalkeeperWatchdog");
    let expected = ["GoalkeeperTargetMissed", "GoalkeeperWatchdog"].map(str::to_owned).into();
    assert_eq!(names(&receiver.told()), expected);
    assert_eq!(prometheus.broken_rules(), [Value::Null; 0]);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_team_that_misses_together_is_told_instead_of_its_reps() {
    let kafka = shared();
    let topic = topic("together", 1);
    let target = "{id: talk, title: Calls of a minute, scope: every rep, measure: talk_time_mean, at_most: 60s, \
                  window: 1h, minimum_sample: 1, hold: 0s}";
    let setup = setup(&topic, target, "");
    let daemon = setup.start();
    let receiver = Receiver::start();
    let alertmanager = Alertmanager::start(&example_config(&receiver.url()));
    let prometheus = Prometheus::start_alerting(&daemon.address(), &rules_of(&setup), &alertmanager.address());
    prometheus.wait_evaluations(4.0);

    let calls = [("ines", 120), ("omar", 10), ("lena", 10)];
    kafka.produce(&topic, 0, calls.into_iter().flat_map(|(rep, talk)| answered(rep, talk)));
    let told = receiver.wait("talk", "ines", "firing");
    let labels = |kind: &str, scope: &str| {
        json!({"alertname": "GoalkeeperTargetMissed", "job": "goalkeeper", "target": "talk", "scope_kind": kind,
            "scope": scope, "team": "care", "severity": "warning"})
    };
    assert_eq!(told["labels"], labels("rep", "ines"));
    let sentence = "talk_time_mean of rep ines is 2m 0s over the last 1h; the target is at most 60 s";
    assert_eq!(told["annotations"]["description"], sentence);

    kafka.produce(&topic, 0, (0..3).flat_map(|_| answered("omar", 120)));
    let told = receiver.wait("talk", "care", "firing");
    assert_eq!(told["labels"], labels("team", "care"));
    let sentence = told["annotations"]["description"].as_str().expect("a sentence");
    assert!(
        sentence.starts_with("talk_time_mean of most reps of team care, and of the team as a whole, is 1m "),
        "{sentence}"
    );
    prometheus.wait_none("ALERTS{scope=\"ines\"}");
    assert!(receiver.told().iter().all(|alert| alert["labels"]["scope"] != "omar"), "{:?}", receiver.told());

    // Where an alert of a rep is left over, Alertmanager keeps it back.
    alertmanager.wait_state(&labels("team", "care"), "active");
    alertmanager.post(&labels("rep", "lena"));
    alertmanager.wait_state(&labels("rep", "lena"), "suppressed");
}

/// Holds are taken away, so that whatever is not right would fire at once.
#[test]
#[ignore = "needs a real Kafka: make test"]
fn of_the_daemons_own_alerts_those_fire_that_should_and_no_others() {
    let topic = topic("health", 1);
    let target = "{id: calls, title: Five calls, scope: company, measure: handled, at_least: 5, window: day}";
    let setup = setup(&topic, target, "rules: {saturation: {unlisted: 1}}\n");
    let daemon = setup.start();
    let rules: String = rules_of(&setup)
        .lines()
        .filter(|line| !line.starts_with("        for: "))
        .map(|line| format!("{line}\n"))
        .collect();
    let alertmanager = Alertmanager::start(&example_config("http://127.0.0.1:9/"));
    let prometheus = Prometheus::start_alerting(&daemon.address(), &rules, &alertmanager.address());
    // Nothing is there: that is told, and nothing else; no target either.
    daemon.wait_metric("goalkeeper_kafka_reachable", 1.0);
    prometheus.wait_value("goalkeeper_checkpoints_total", |value| value >= 1.0);
    let mut expected = vec!["GoalkeeperNoData", "GoalkeeperWatchdog"];
    prometheus.wait_firing(&expected);
    prometheus.wait_evaluations(8.0);
    prometheus.wait_firing(&expected);
    assert_eq!(prometheus.broken_rules(), [Value::Null; 0]);

    let mut and = |name: &'static str| {
        expected.push(name);
        prometheus.wait_firing(&expected);
    };
    setup.change("  publish_interval: 100ms\n", "  publish_interval: 100ms\n  series_limit: 1\n");
    daemon.hang_up();
    and("GoalkeeperSeriesCapped");
    setup.change("series_limit: 1", "series_limit: none");
    daemon.hang_up();
    and("GoalkeeperReloadFailed");
    feed_what_is_refused(&prometheus, &daemon, &topic);

    // All that the rules look at is there, but what is there only while it is wrong, or when time has come.
    let page = daemon.get("/metrics").1;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for name in rules.split(|c| !is_name(c)).filter(|word| word.starts_with("goalkeeper_")) {
        let is_exempt = name.starts_with("goalkeeper_target_")
            || ["goalkeeper_kafka_topic_missing", "goalkeeper_dead_letters_total"].contains(&name);
        assert!(is_exempt || page.contains(&format!("\n# TYPE {name} ")), "there is no {name}");
    }

    daemon.kill();
    prometheus.wait_value("count(ALERTS{alertname=\"GoalkeeperDown\",alertstate=\"firing\"})", |count| count == 1.0);
}

/// Records that are refused, and more names than are taken.
fn feed_what_is_refused(prometheus: &Prometheus, daemon: &Daemon, topic: &str) {
    let kafka = shared();
    kafka.produce(topic, 0, [Message::of("no json")]);
    prometheus
        .wait_value("count(ALERTS{alertname=\"GoalkeeperRefusals\",alertstate=\"firing\"})", |count| count == 1.0);
    let stranger = |n: usize| {
        let id = unique("stranger");
        let message = event(&id, "queued", 10, "");
        let text = String::from_utf8(message.payload.expect("a value")).expect("is text");
        Message::of(text.replace("\"support\"", &format!("\"nobody-{n}\"")))
    };
    kafka.produce(topic, 0, (0..3).map(stranger));
    for name in ["GoalkeeperNearlyFull", "GoalkeeperFull"] {
        let firing = format!("count(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}})");
        prometheus.wait_value(&firing, |count| count == 1.0);
    }
    assert!(daemon.metrics()["goalkeeper_unlisted_scopes"] <= 1.0);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn the_shipped_rules_and_the_example_for_alertmanager_are_clean() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus/goalkeeper.rules.yaml");
    assert_eq!(promtool_rules(&std::fs::read_to_string(path).expect("is there")), "");
    assert_eq!(amtool(&example_config("http://127.0.0.1:5001/")), Ok(()));
}
