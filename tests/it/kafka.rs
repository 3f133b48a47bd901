//! The daemon against a real Apache Kafka, and a real Prometheus against the daemon.

use crate::support::calls::{STREAM, call, topic};
use crate::support::daemon::{Daemon, ROSTER, Setup};
use crate::support::free_port;
use crate::support::kafka::{Message, shared};
use crate::support::lint::lint;
use crate::support::prometheus::{Prometheus, promtool};

#[test]
#[ignore = "needs a real Kafka: make test"]
fn what_lies_in_kafka_is_seen_at_metrics_and_in_prometheus() {
    let kafka = shared();
    let topic = topic("metrics", 2);
    for n in 0..10 {
        kafka.produce(&topic, n % 2, call(n as usize, n as usize));
    }
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_queue_answered_total{queue=\"support\"}", 10.0);
    daemon.wait_metric("goalkeeper_rep_window_answered{rep=\"ines\",window=\"day\"}", 10.0);
    let samples = daemon.metrics();
    assert_eq!(samples["goalkeeper_queue_window_asa_seconds{queue=\"support\",window=\"day\"}"], 10.0);
    assert_eq!(samples["goalkeeper_team_window_talk_time_mean_seconds{team=\"care\",window=\"day\"}"], 30.0);
    // Reps that have done nothing yet are there at 0.
    assert_eq!(samples["goalkeeper_rep_handled_total{rep=\"omar\"}"], 0.0);
    assert_eq!(samples["goalkeeper_ready"], 1.0);

    assert_eq!(samples["goalkeeper_queue_answered_wait_seconds_bucket{queue=\"support\",le=\"20.0\"}"], 10.0);
    assert_eq!(samples["goalkeeper_queue_answered_wait_seconds_bucket{queue=\"support\",le=\"5.0\"}"], 0.0);
    assert_eq!(samples["goalkeeper_queue_answered_wait_seconds_sum{queue=\"support\"}"], 100.0);
    assert_eq!(samples["goalkeeper_queue_waiting_now{queue=\"support\"}"], 0.0);
    assert_eq!(samples["goalkeeper_series_dropped{scope=\"rep\"}"], 0.0);

    // Twice: the first page does not count itself.
    let (_, _) = daemon.get("/metrics");
    let (_, page) = daemon.get("/metrics");
    assert!(page.contains("goalkeeper_http_request_duration_seconds_bucket{handler=\"metrics\",le=\"0.001\"}"));
    assert_eq!(promtool(&page), "");
    assert_eq!(lint(&page).faults, Vec::<String>::new());
    let prometheus = Prometheus::start(&daemon.address());
    prometheus.wait_value("goalkeeper_queue_answered_total{queue=\"support\"}", |value| value == 10.0);
    prometheus.wait_value("sum(goalkeeper_records_total)", |value| value == 30.0);
    prometheus.wait_value("goalkeeper_queue_answered_wait_seconds_bucket{le=~\"20|20.0\"}", |value| value == 10.0);
    prometheus.wait_value("up{job=\"goalkeeper\"}", |value| value == 1.0);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn reps_have_a_page_of_their_own_where_it_is_asked_for() {
    let kafka = shared();
    let topic = topic("reps", 1);
    kafka.produce(&topic, 0, call(1, 1));
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let port = free_port();
    setup.change("  reps: true\n", &format!("  reps: true\n  reps_listen: 127.0.0.1:{port}\n"));
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_queue_answered_total{queue=\"support\"}", 1.0);
    assert!(!daemon.metrics().keys().any(|name| name.starts_with("goalkeeper_rep_")));
    let mut answer = ureq::get(format!("http://127.0.0.1:{port}/metrics")).call().expect("it is served");
    let page = answer.body_mut().read_to_string().expect("is text");
    assert_eq!(promtool(&page), "");
    let own = lint(&page);
    assert_eq!(own.faults, Vec::<String>::new());
    assert_eq!(own.series["goalkeeper_rep_handled_total{rep=\"ines\"}"], 1.0);
    assert!(own.series.keys().all(|name| name.starts_with("goalkeeper_rep_")));
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn every_record_is_accounted_for() {
    let kafka = shared();
    let topic = topic("accounts", 1);
    let late = "{\"specversion\":\"1.0\",\"id\":\"old\",\"source\":\"/pbx\",\"type\":\"contact.queued\",\
                \"time\":\"2025-01-05T09:00:00Z\",\"data\":{\"contact\":\"old\",\"queue\":\"support\"}}";
    let unknown = "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"/pbx\",\"type\":\"coffee.brewed\"}";
    kafka.produce(&topic, 0, call(1, 1));
    kafka.produce(&topic, 0, call(1, 1));
    kafka.produce(&topic, 0, [Message::of("no json"), Message::default(), Message::of(late), Message::of(unknown)]);
    kafka.produce(&topic, 0, call(2, 2));
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let daemon = setup.start();
    let labels = format!("topic=\"{topic}\",partition=\"0\"");
    let of = |name: &str, more: &str| {
        let mut parts: Vec<String> = labels.split(',').map(str::to_owned).collect();
        parts.extend(more.split(',').filter(|part| !part.is_empty()).map(str::to_owned));
        parts.sort();
        format!("goalkeeper_{name}{{{}}}", parts.join(","))
    };
    daemon.wait_metric(&of("records_total", ""), 13.0);
    let samples = daemon.metrics();
    let get = |name: &str, more: &str| samples.get(&of(name, more)).copied().unwrap_or_default();
    assert_eq!(get("records_decoded_total", ""), 10.0);
    assert_eq!(get("records_refused_total", "reason=\"not_json\""), 1.0);
    assert_eq!(get("records_refused_total", "reason=\"null_payload\""), 1.0);
    assert_eq!(get("records_ignored_total", "event=\"coffee.brewed\""), 1.0);
    assert_eq!(get("events_total", ""), 10.0);
    assert_eq!(get("events_applied_total", ""), 6.0);
    assert_eq!(get("events_unchanged_total", ""), 3.0);
    assert_eq!(get("events_refused_total", "reason=\"late\""), 1.0);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_roster_changed_while_the_daemon_was_down_books_live_records_anew() {
    let kafka = shared();
    let topic = topic("roster", 1);
    kafka.produce(&topic, 0, call(1, 1));
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    assert!(setup.start().stop().success());
    let moved = ROSTER
        .replace("teams: [{id: care}]", "teams: [{id: care}, {id: night}]")
        .replace("{id: ines, team: care}", "{id: ines, team: night}");
    std::fs::write(setup.path().join("roster.yaml"), moved).expect("can be written");
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_team_window_handled{team=\"night\",window=\"day\"}", 1.0);
    daemon.wait_metric("goalkeeper_team_window_handled{team=\"care\",window=\"day\"}", 0.0);
    // The queue stays with its team: only the rep has moved.
    daemon.wait_metric("goalkeeper_team_window_answered{team=\"care\",window=\"day\"}", 1.0);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn two_daemons_cannot_share_a_state_directory() {
    let kafka = shared();
    let topic = topic("shared", 1);
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let _first = setup.start();
    let mut second = Daemon::start(&setup.path(), setup.port);
    assert!(!second.wait_end().success());
    assert!(second.said().contains("is in use by another goalkeeper"), "{}", second.said());
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn the_api_says_what_is_wrong_with_a_question() {
    let kafka = shared();
    let topic = topic("api", 1);
    kafka.produce(&topic, 0, call(1, 1));
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let daemon = setup.start();
    for (question, problem) in [
        ("scope=galaxy", "unknown scope `galaxy`"),
        ("scope=team/none", "unknown team `none`"),
        ("measure=happiness", "unknown measure `happiness`"),
        ("window=fortnight", "unknown window `fortnight`"),
        ("colour=red", "unknown parameter `colour`"),
        ("at=yesterday", "`yesterday` is no time"),
        ("window=quarter_hour,hour,day&from=0001-01-01&to=9999-12-31", "more than 200000 rows"),
    ] {
        let (status, body) = daemon.get(&format!("/api/v1/figures?{question}"));
        assert_eq!(status, 400, "{body}");
        assert!(body.contains(problem), "{body}");
    }
    let rows = daemon.figures("scope=queue/support&measure=answered,asa&window=15m&at=2026-01-05T09:05:00Z");
    assert_eq!(rows[0]["value"], 1.0);
    assert_eq!(rows[1]["value"], 10.0);
    assert_eq!(rows[1]["unit"], "seconds");
}
