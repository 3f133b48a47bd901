//! DEFINITIONS.md says how each measure is recomputed in PromQL: every line of it is asked of a real Prometheus that scrapes a
//! real daemon, and must say what the API says.

use crate::support::calls::{STREAM, topic};
use crate::support::daemon::{Daemon, Setup, binary};
use crate::support::kafka::{Message, shared};
use crate::support::prometheus::Prometheus;
use goalkeeper::domain::measure::{Measure, measures};
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::settings::Settings;
use goalkeeper::publish::promql::expression;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A day of the centre in a box, with its roster.
fn day(roster: &std::path::Path) -> Vec<Message> {
    let arguments = ["simulate", "--contacts", "300", "--reps", "8", "--output", "-", "--roster"];
    let output = binary().args(arguments).arg(roster).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("is text");
    // Counters have what is told of the month before too, and the window has not.
    let of_the_day = text.lines().filter(|line| !line.contains("mystery_shopping"));
    of_the_day.map(|line| Message::of(line.to_owned())).collect()
}

/// What the centre in a box may not tell of in one small day, at noon of it.
fn the_rest() -> Vec<Message> {
    let contact = "box-rest";
    let told = [
        ("survey.answered", json!({"survey": "r1", "rep": "ines", "queue": "support", "scale": "ces", "score": 3})),
        (
            "survey.answered",
            json!({"survey": "r2", "rep": "ines", "queue": "support", "scale": "csi", "score": 9, "weight": 2}),
        ),
        (
            "survey.answered",
            json!({"survey": "r3", "rep": "ines", "queue": "support", "scale": "csi", "score": 6, "weight": 0.5}),
        ),
        ("contact.queued", json!({"contact": contact, "queue": "support"})),
        ("contact.answered", json!({"contact": contact, "queue": "support", "rep": "ines", "wait": 3})),
        ("contact.ended", json!({"contact": contact, "rep": "ines", "talk": 60})),
        (
            "review.scored",
            json!({"review": "q1", "rep": "ines", "contact": contact,
                "items": [{"criterion": "concern", "score": 3, "max": 5}, {"criterion": "law", "score": 1, "max": 1, "fatal": true}]}),
        ),
        ("complaint.logged", json!({"complaint": "b1", "category": "rude", "contact": contact})),
        ("complaint.logged", json!({"complaint": "b2", "category": "rude", "contact": "nobody-knows"})),
        ("certification.earned", json!({"rep": "ines", "certification": "ccna"})),
        ("coaching.session", json!({"rep": "ines"})),
    ];
    let reported = [("company", "acme"), ("department", "service"), ("team", "team-support-1"), ("rep", "ines")].map(|(kind, id)| {
        let data = json!({"measure": "sales", "scope": {kind: id}, "from": "2026-01-05T08:00:00Z", "to": "2026-01-05T09:00:00Z",
            "numerator": 12.5, "denominator": 5});
        ("measure.reported", data)
    });
    let event = |(n, (kind, data)): (usize, (&str, Value))| {
        let time = format!("2026-01-05T11:00:{n:02}Z");
        let event = json!({"specversion": "1.0", "id": format!("rest-{n}"), "source": "/rest", "type": kind, "time": time, "data": data});
        Message::of(event.to_string())
    };
    told.into_iter().chain(reported).enumerate().map(event).collect()
}

/// What the API says of a scope since the first event.
fn told(daemon: &Daemon, scope: &Scope) -> Vec<(String, Option<f64>)> {
    let (status, body) = daemon.get(&format!("/api/v1/figures?scope={scope}&window=all"));
    assert_eq!(status, 200, "{body}");
    let answer: Value = serde_json::from_str(&body).expect("is JSON");
    let row = |row: &Value| (row["measure"].as_str().expect("has a name").to_owned(), row["value"].as_f64());
    answer["rows"].as_array().expect("rows").iter().map(row).collect()
}

/// What Prometheus says; nothing and no number are no value.
fn asked(prometheus: &Prometheus, query: &str) -> Option<f64> {
    let found = prometheus.vector(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let value = found.first()?["value"][1].as_str().expect("is text").parse::<f64>().expect("is a number");
    Some(value).filter(|value| value.is_finite())
}

#[test]
#[ignore = "needs a real Kafka and Prometheus: make test"]
fn every_measure_is_recomputed_from_what_is_published() {
    let topic = topic("promql", 1);
    let folder = tempfile::tempdir().expect("a directory");
    let roster = folder.path().join("roster.yaml");
    let mut messages = day(&roster);
    let begins = messages.len() / 2;
    messages.splice(begins..begins, the_rest());
    let events = messages.len();
    shared().produce(&topic, 0, messages);
    let roster = std::fs::read_to_string(&roster).expect("was written");
    let setup = Setup::new(&shared().brokers(), &topic, &roster, STREAM);
    let daemon = setup.start();
    daemon.wait_metric(&format!("goalkeeper_events_total{{partition=\"0\",topic=\"{topic}\"}}"), events as f64);
    let prometheus = Prometheus::start(&format!("127.0.0.1:{}", setup.port));
    prometheus.wait_value("goalkeeper_company_queued_total", |queued| queued > 100.0);
    prometheus.wait_value("count_over_time(goalkeeper_company_queued_total[1h])", |scrapes| scrapes >= 3.0);

    let settings = Settings::default();
    let all: Vec<Measure> = measures(&settings);
    let mut compared: BTreeSet<&str> = BTreeSet::new();
    let mut differ = Vec::new();
    for (kind, id) in [
        (ScopeKind::Company, "acme"),
        (ScopeKind::Department, "service"),
        (ScopeKind::Team, "team-support-1"),
        (ScopeKind::Queue, "support"),
        (ScopeKind::Rep, "ines"),
    ] {
        let scope = Scope::new(kind, id);
        for (name, told) in told(&daemon, &scope) {
            let measure = all.iter().find(|measure| measure.name == name).expect("is in the catalogue");
            let Some(query) = expression(measure, &scope, &settings) else { continue };
            let asked = asked(&prometheus, &query);
            let agree = match (told, asked) {
                (None, found) => found.is_none_or(|value| value == 0.0),
                // Between two buckets it is a guess; those of tickets are four times as wide as the one before.
                (Some(told), Some(asked)) if measure.percentile().is_some() => told / asked < 4.2 && asked / told < 4.2,
                (Some(told), Some(asked)) => (told - asked).abs() <= 1e-6 * told.abs().max(1.0),
                (Some(_), None) => false,
            };
            if !agree {
                differ.push(format!("{name} of {scope}: {told:?} by the API, {asked:?} by {query}"));
            }
            if told.is_some_and(|value| value != 0.0) {
                compared.insert(measure.definition.name);
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    let without: Vec<&str> =
        goalkeeper::domain::measure::catalogue().map(|one| one.name).filter(|name| !compared.contains(name)).collect();
    println!("{} entries of the catalogue compared; nothing came of {without:?}", compared.len());
    assert!(compared.len() >= 120, "too little came of it: {without:?}");
}
