//! The API: what a real daemon answers, what docs/api.md says of it, and what it refuses.

use crate::support::calls::{STREAM, call, topic};
use crate::support::daemon::{Daemon, ROSTER, Setup};
use crate::support::kafka::{Message, shared};
use goalkeeper::publish::answer::NoAnswer;
use goalkeeper::publish::server::{Shared, router};
use goalkeeper::publish::status::Status;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The events of one call that gave up after `wait` seconds, `minutes` after nine.
fn abandoned(n: usize, minutes: usize, wait: usize) -> Vec<Message> {
    let event = |kind: &str, seconds: usize| {
        Message::of(format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{n}-{seconds}\",\"source\":\"/pbx\",\"type\":\"contact.{kind}\",\
             \"time\":\"2026-01-05T{:02}:{:02}:{seconds:02}Z\",\"data\":{{\"contact\":\"c{n}\",\"queue\":\"support\"}}}}",
            9 + minutes / 60,
            minutes % 60
        ))
    };
    vec![event("queued", 0), event("abandoned", wait)]
}

/// Five calls that were answered, and two that gave up.
fn morning(topic: &str) {
    let kafka = shared();
    for n in [1, 2, 4, 5, 7] {
        kafka.produce(topic, 0, call(n, n * 12));
    }
    for n in [3, 6] {
        kafka.produce(topic, 0, abandoned(n, n * 12, n * 5));
    }
}

fn get(daemon: &Daemon, path: &str) -> Value {
    let (status, body) = daemon.get(path);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).expect("is JSON")
}

/// All facts behind a figure, page by page, and the figure.
fn facts(daemon: &Daemon, question: &str, limit: usize) -> (Vec<Value>, Value) {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(daemon, &format!("/api/v1/facts?{question}&limit={limit}{cursor}"));
        assert_eq!(page["complete"], true);
        let facts = page["facts"].as_array().expect("is a list");
        assert!(facts.len() <= limit);
        all.extend(facts.iter().cloned());
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, page["figure"].clone()),
        }
    }
}

fn sum(facts: &[Value], half: &str) -> f64 {
    facts.iter().map(|fact| fact[half].as_f64().unwrap_or(0.0)).sum()
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn facts_add_up_to_figures_wherever_the_records_lie() {
    let topic = topic("facts", 1);
    for n in 0..300 {
        shared().produce(&topic, 0, if n % 7 == 3 { abandoned(n, n, 20) } else { call(n, n) });
    }
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, STREAM);
    // Whatever is written and not at hand lies on disk only.
    setup.change("checkpoint_interval: 500ms", "checkpoint_interval: 200ms\n  record_memory_mib: 0");
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_queue_abandoned_total{queue=\"support\"}", 43.0);
    assert!(daemon.stop().success());
    // After the start nothing is in memory.
    let daemon = setup.start();
    assert_eq!(daemon.metrics()["goalkeeper_loaded_records"], 0.0);
    let mut found = 0;
    for measure in get(&daemon, "/api/v1/measures")["measures"].as_array().expect("is a list") {
        let name = measure["measure"].as_str().expect("has a name");
        // What stands is no sum of facts.
        let (status, body) = daemon.get(&format!("/api/v1/facts?scope=company/acme&measure={name}&window=day"));
        if status == 400 && body.contains("what stood at an instant") {
            continue;
        }
        if measure["components"] == json!([]) {
            let (status, body) = daemon.get(&format!("/api/v1/facts?scope=company/acme&measure={name}&window=day"));
            assert!(status == 400 && body.contains("ask for the mean"), "{body}");
            continue;
        }
        for scope in ["queue/support", "rep/ines", "company/acme"] {
            let question = format!("scope={scope}&measure={name}&window=day");
            if !measure["scopes"].as_array().expect("is a list").contains(&json!(scope.split('/').next())) {
                assert_eq!(daemon.get(&format!("/api/v1/facts?{question}")).0, 400);
                continue;
            }
            let (facts, figure) = facts(&daemon, &question, 197);
            for half in ["numerator", "denominator"] {
                let whole = figure[half].as_f64().unwrap_or_else(|| sum(&facts, half));
                assert!((sum(&facts, half) - whole).abs() < 1e-6, "{half} of {question}: {figure}");
            }
            found += facts.len();
        }
    }
    assert!(found > 3_000, "{found}");
    assert!(daemon.metrics()["goalkeeper_record_memory_bytes"] < 1_000.0, "looking brings nothing into memory");
    let (lost, _) = facts(&daemon, "scope=team/care&measure=abandoned&window=day", 10);
    let ids: BTreeSet<&str> = lost.iter().filter_map(|fact| fact["id"].as_str()).collect();
    assert!(ids.len() == 43 && ids.contains("c3") && ids.contains("c297"), "{ids:?}");
    assert_eq!(lost[0]["at"], "2026-01-05T10:03:20.000+01:00");
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn pages_stay_where_they_are_while_events_come() {
    let topic = topic("pages", 1);
    morning(&topic);
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, STREAM);
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_queue_abandoned_total{queue=\"support\"}", 2.0);
    let question = "/api/v1/facts?scope=queue/support&measure=offered&window=2h&limit=3";
    let ids = |page: &Value| -> Vec<String> {
        let facts = page["facts"].as_array().expect("is a list");
        facts.iter().map(|fact| fact["id"].as_str().expect("has an id").to_owned()).collect()
    };
    let first = get(&daemon, question);
    assert_eq!(ids(&first), ["c1", "c2", "c3"]);
    // One before what was shown, one behind it, and one that moves the window on.
    for (n, minutes) in [(20, 13), (21, 50), (22, 200)] {
        shared().produce(&topic, 0, abandoned(n, minutes, 5));
    }
    daemon.wait_metric("goalkeeper_queue_abandoned_total{queue=\"support\"}", 5.0);
    let next = |page: &Value| format!("{question}&cursor={}", page["cursor"].as_str().expect("there is more"));
    let path = next(&first);
    assert!(daemon.stop().success());
    let daemon = setup.start();
    let second = get(&daemon, &path);
    assert_eq!(ids(&second), ["c4", "c21", "c5"]);
    assert_eq!(second["figure"]["start"], first["figure"]["start"]);
    assert_eq!(second["figure"]["numerator"], 9.0);
    let third = get(&daemon, &next(&second));
    assert_eq!((ids(&third), &third["more"]), (vec!["c6".to_owned(), "c7".to_owned()], &json!(false)));
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn the_documented_answers_are_those_of_a_daemon() {
    let topic = topic("documented", 1);
    morning(&topic);
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, STREAM);
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_queue_abandoned_total{queue=\"support\"}", 2.0);
    daemon.wait_metric("goalkeeper_live_records", 10.0);
    daemon.wait_metric(&format!("goalkeeper_checkpoint_position_offset{{partition=\"0\",topic=\"{topic}\"}}"), 19.0);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    let documented = std::fs::read_to_string(&path).expect("is there");
    let mut pieces = documented.split("```json\n");
    let mut written = pieces.next().expect("has a beginning").to_owned();
    let mut cursor = String::new();
    for piece in pieces {
        let question = written.rsplit("    GET ").next().and_then(|rest| rest.lines().next());
        let question = question.expect("each answer has a question").replace("CURSOR", &cursor);
        let (_, body) = daemon.get(&question);
        let mut answer: Value = serde_json::from_str(&body).expect("is JSON");
        cursor = answer["cursor"].as_str().unwrap_or_default().to_owned();
        steady(&mut answer, &topic);
        let text = serde_json::to_string_pretty(&answer).expect("can be written");
        let (_, rest) = piece.split_once("```").expect("the block ends");
        written.push_str(&format!("```json\n{text}\n```{rest}"));
    }
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(&path, &written).expect("can be written");
    }
    assert!(written.contains("\"facts\"") && written.contains("\"lag\""));
    assert!(
        documented == written,
        "docs/api.md does not say what is answered: UPDATE=1 cargo test --test it -- --ignored api::the_documented"
    );
}

/// Replaces what is different each time, and leaves the beginning of what is long.
fn steady(answer: &mut Value, topic: &str) {
    match answer {
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "bytes" | "last_checkpoint_bytes" => *value = json!(4_096),
                    "last_checkpoint" | "last_reload" => *value = json!("2026-01-05T10:25:00.000Z"),
                    "topic" => {
                        assert_eq!(value, topic);
                        *value = json!("events");
                    }
                    "measures" => value.as_array_mut().expect("is a list").truncate(2),
                    _ => {}
                }
                steady(value, topic);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| steady(value, topic)),
        _ => {}
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn what_cannot_be_answered_is_refused_with_what_to_do() {
    let topic = topic("refusals", 1);
    morning(&topic);
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, STREAM);
    let daemon = setup.start();
    let page = get(&daemon, "/api/v1/facts?scope=queue/support&measure=asa&window=day&limit=1");
    let cursor = page["cursor"].as_str().expect("there is more");
    for (question, problem, what_to_do) in [
        ("figures?window=1h&step=15m", "`step` goes with `from`", "say where"),
        ("figures?window=day&from=2026-01-05&step=15m", "`step` is for rolling windows", "calendar windows come"),
        ("figures?window=1h&from=2026-01-05&step=day", "`day` is no step", "such as 15m"),
        ("figures?at=2026-01-05&at=2026-01-06", "`at` is there twice", "leave one out"),
        ("figures?window=1h&from=0001-01-01&step=1m", "more than 200000 rows", "a longer step"),
        ("facts?measure=asa&window=1h", "none is named", "add scope=team/ID"),
        ("facts?scope=rep&measure=asa&window=1h", "facts are those of one scope", "write it as team/ID"),
        ("facts?scope=rep/ines&measure=asa&window=1h", "a rep has no asa", "another measure"),
        ("facts?scope=team/care&measure=wait_all_p90&window=1h", "no numerator", "the mean"),
        ("facts?scope=team/care&measure=waiting_now&window=1h", "what stood at an instant", "came and went"),
        ("facts?scope=team/care&measure=asa&window=1h&limit=1001", "so many facts", "1 to 1000"),
        ("facts?scope=team/care&measure=asa&window=1h&cursor=12", "another question", "begin without one"),
        (&format!("facts?scope=team/care&measure=asa&window=day&cursor={cursor}"), "another question", "without one"),
        (
            &format!("facts?scope=queue/support&measure=asa&window=day&at=2026-01-05&cursor={cursor}"),
            "another `at`",
            "leave that out",
        ),
        ("scopes?kind=team", "unknown parameter `kind`", "without any"),
    ] {
        let (status, body) = daemon.get(&format!("/api/v1/{question}"));
        assert_eq!(status, 400, "{question}: {body}");
        let answer: Value = serde_json::from_str(&body).expect("is JSON");
        let has = |name: &str, text: &str| answer[name].as_str().is_some_and(|found| found.contains(text));
        assert!(has("error", problem) && has("help", what_to_do), "{question}: {body}");
    }
}

/// A server whose questions are answered as `gate` lets them.
fn serve(runtime: &tokio::runtime::Runtime, gate: Arc<Semaphore>) -> String {
    let shared = Shared {
        live: Default::default(),
        view: Default::default(),
        own: Box::new(Vec::new),
        healthy: Box::new(|| Ok(())),
        ready: Box::new(|| Ok(())),
        count: Box::new(|_, _, _| {}),
        rendered: Box::new(|_| {}),
        access: std::sync::Arc::new(goalkeeper::publish::access::Access::new(&goalkeeper::config::Server::default())),
        ask: Box::new(move |_| {
            let gate = gate.clone();
            Box::pin(async move {
                gate.acquire().await.expect("is open").forget();
                Err(NoAnswer::NotReady("nothing is known: ask another".to_owned()))
            })
        }),
        status: Box::new(|| -> Status { panic!("nobody asks for it") }),
        reload: Box::new(|| Box::pin(async { Ok(String::new()) })),
    };
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port is free");
    let address = listener.local_addr().expect("has one");
    runtime.spawn(async move { axum::serve(listener, router(Arc::new(shared))).await });
    format!("http://{address}")
}

#[test]
fn everything_under_api_is_json_and_bounded() {
    let runtime = tokio::runtime::Runtime::new().expect("there are threads");
    let gate = Arc::new(Semaphore::new(0));
    let url = serve(&runtime, gate.clone());
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let said = |mut response: ureq::http::Response<ureq::Body>| {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("is text").to_owned());
        let (allow, again) = (header("allow"), header("retry-after"));
        let body: Value = response.body_mut().read_json().expect("is JSON");
        assert!(body["error"].is_string() && body["help"].is_string(), "{body}");
        (response.status().as_u16(), allow.or(again))
    };
    let ask = |path: &str| said(agent.get(format!("{url}{path}")).call().expect("somebody answers"));
    for path in ["/api", "/api/", "/api/v1", "/api/v1/figure", "/api/v2/figures", "/api/v1/figures/"] {
        assert_eq!(ask(path), (404, None), "{path}");
    }
    let posted = agent.post(format!("{url}/api/v1/figures")).send_empty().expect("somebody answers");
    assert_eq!(said(posted), (405, Some("GET, HEAD".to_owned())));
    assert_eq!(ask(&format!("/api/v1/figures?scope={}", "x".repeat(8_192))).0, 414);

    // Four are answered at once; of five, one is told to come again.
    let answers: Vec<(u16, Option<String>)> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..5).map(|_| scope.spawn(|| ask("/api/v1/figures"))).collect();
        crate::support::wait_for("one is turned away", std::time::Duration::from_secs(20), || {
            asking.iter().any(|thread| thread.is_finished()).then_some(()).ok_or_else(String::new)
        });
        assert_eq!(asking.iter().filter(|thread| thread.is_finished()).count(), 1);
        gate.add_permits(5);
        asking.into_iter().map(|thread| thread.join().expect("is answered")).collect()
    });
    assert_eq!(answers, vec![(503, Some("1".to_owned())); 5]);
    // There is room again.
    gate.add_permits(1);
    assert_eq!(ask("/api/v1/scopes").0, 503);
}
