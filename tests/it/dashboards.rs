//! Grafana's dashboards: what they hold to, and that each of their queries finds something in a real Prometheus that scrapes
//! a real daemon.

use crate::alerting::rules_of;
use crate::support::calls::{STREAM, topic};
use crate::support::daemon::{Setup, binary};
use crate::support::kafka::{Message, shared};
use crate::support::prometheus::Prometheus;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// What is read besides goalkeeper's own: Prometheus tells it of every target.
const OF_OTHERS: [&str; 4] = ["ALERTS", "scrape_duration_seconds", "scrape_samples_scraped", "up"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All of them, by the names of their files.
fn dashboards() -> Vec<(String, Value)> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("can be listed").file_name().into_string().expect("is text")
    };
    let names = std::fs::read_dir(folder().join("dashboards")).expect("is there").map(name);
    let mut all: Vec<_> = names
        .map(|name| {
            let text = read(&format!("dashboards/{name}"));
            (name, serde_json::from_str(&text).expect("is JSON"))
        })
        .collect();
    all.sort_by(|one: &(String, Value), other| one.0.cmp(&other.0));
    all
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Every query of a dashboard, after where it stands.
fn queries(name: &str, dashboard: &Value) -> Vec<(String, Value)> {
    let of_panel = |panel: &Value| -> Vec<(String, Value)> {
        let place = |query: &Value| format!("{name}, {}, {}", text(&panel["title"]), text(&query["refId"]));
        list(&panel["targets"]).iter().map(|query| (place(query), query.clone())).collect()
    };
    list(&dashboard["panels"]).iter().flat_map(of_panel).collect()
}

/// All that a dashboard has under a key, however deep.
fn under<'a>(key: &str, value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            if name == key {
                found.push(value);
            }
            under(key, value, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| under(key, value, found)),
        _ => (),
    }
}

#[test]
fn the_dashboards_are_those_that_are_generated() {
    let made = tempfile::tempdir().expect("a directory");
    let output = Command::new("python3").arg(folder().join("generate.py")).arg(made.path()).output();
    let output = output.expect("python3 runs: make setup installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all = dashboards();
    assert_eq!(all.len(), 6);
    assert_eq!(std::fs::read_dir(made.path()).expect("is there").count(), all.len());
    for (name, _) in all {
        let want = std::fs::read_to_string(made.path().join(&name)).expect("is made");
        assert!(want == read(&format!("dashboards/{name}")), "{name} is not what is generated: run `make generate`");
    }
}

#[test]
fn the_dashboards_keep_to_the_rules_of_grafanas_linter() {
    for (name, dashboard) in dashboards() {
        let uid = text(&dashboard["uid"]);
        assert_eq!(format!("{}.json", uid.strip_prefix("goalkeeper-").expect("begins so")), name);
        assert!(uid.len() <= 40, "{uid}");
        assert_eq!(dashboard["id"], Value::Null);
        assert_eq!((&dashboard["schemaVersion"], &dashboard["editable"]), (&json!(39), &json!(false)));
        assert_eq!(dashboard["tags"], json!(["goalkeeper"]));
        assert_eq!(dashboard["links"][0]["tags"], dashboard["tags"], "{name} has no link to the others");
        assert_eq!(dashboard.get("__inputs"), None, "nobody is there to answer");

        let variables = list(&dashboard["templating"]["list"]);
        assert_eq!((&variables[0]["name"], &variables[0]["type"]), (&json!("datasource"), &json!("datasource")));
        for (variable, wanted) in variables[1..].iter().zip(["job", "instance"]) {
            assert_eq!(variable["name"], wanted, "{name}");
            assert_eq!((&variable["multi"], &variable["allValue"]), (&json!(true), &json!(".+")), "{name}");
        }
        assert!(variables[1..].iter().all(|variable| variable["refresh"] == 2), "{name}");
        let mut sources = Vec::new();
        under("datasource", &dashboard, &mut sources);
        let wanted = json!({"type": "prometheus", "uid": "${datasource}"});
        assert!(sources.len() > 20 && sources.iter().all(|source| **source == wanted), "{name}: {sources:?}");

        let mut taken = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for panel in list(&dashboard["panels"]) {
            let title = format!("{name}, {}", panel["title"]);
            assert!(ids.insert(panel["id"].as_u64().expect("a number")), "{title} has the id of another");
            assert_ne!(text(&panel["title"]), "", "{title}");
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().expect("a number"));
            assert!(w > 0 && x + w <= 24, "{title} is wider than the grid");
            let mut places = (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y)));
            assert!(places.all(|place| taken.insert(place)), "{title} lies on another");
            if panel["type"] != "row" {
                assert!(text(&panel["description"]).len() > 20, "{title} has no description");
                let refs: BTreeSet<_> = list(&panel["targets"]).iter().map(|query| text(&query["refId"])).collect();
                assert_eq!(refs.len(), list(&panel["targets"]).len(), "{title}");
            }
            if !["row", "text"].contains(&text(&panel["type"])) {
                assert_ne!(list(&panel["targets"]), [Value::Null; 0], "{title} asks nothing");
                assert_ne!(text(&panel["fieldConfig"]["defaults"]["unit"]), "", "{title} has no unit");
                assert_ne!(list(&panel["fieldConfig"]["defaults"]["thresholds"]["steps"]), [Value::Null; 0], "{title}");
            }
        }
    }
}

/// The names that docs/metrics.md has, each for each kind of scope and in each unit.
fn catalogue() -> BTreeSet<String> {
    let page = std::fs::read_to_string(folder().join("../../docs/metrics.md")).expect("is there");
    let mut names: BTreeSet<String> = OF_OTHERS.map(str::to_owned).into();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (name, kind, of) = (cells[1].trim_matches('`'), cells[2], cells[5]);
        let scopes = if of == "all" { "company, department, team, queue, rep" } else { of };
        for scope in scopes.split(", ") {
            for unit in ["", "_ratio", "_seconds", "_points", "_per_thousand", "_per_hour", "_number"] {
                let name = name.replace("SCOPE", scope).replace("_UNIT", unit);
                if kind == "histogram" {
                    names.insert(format!("{name}_bucket"));
                }
                names.insert(name);
            }
        }
    }
    names
}

#[test]
fn queries_read_what_there_is_of_the_chosen_daemons_only() {
    let catalogue = catalogue();
    let name_of = Regex::new(r"\b(goalkeeper_\w+|process_\w+|scrape_\w+|ALERTS|up\b)").expect("is one");
    let selector = Regex::new(r"\{[^}]*\}").expect("is one");
    let range = Regex::new(r"\[([^\]]*)\]").expect("is one");
    let mut count = 0;
    for (file, dashboard) in dashboards() {
        for (place, query) in queries(&file, &dashboard) {
            let query = text(&query["expr"]);
            for found in name_of.find_iter(query) {
                let name = found.as_str();
                let is_known = catalogue.contains(name)
                    || name.ends_with('_') && catalogue.iter().any(|known| known.starts_with(name));
                assert!(is_known, "{place}: docs/metrics.md has no {name}");
                count += 1;
            }
            for found in selector.find_iter(query) {
                let is_alert = query[..found.start()].ends_with("ALERTS");
                assert!(found.as_str().contains("job=~\"$job\""), "{place}: {}", found.as_str());
                assert!(is_alert || found.as_str().contains("instance=~\"$instance\""), "{place}: {}", found.as_str());
            }
            // Outside of selectors no name stands alone.
            let bare = selector.replace_all(query, "{}");
            for found in name_of.find_iter(&bare) {
                assert!(bare[found.end()..].starts_with("{}"), "{place}: {} has no matchers", found.as_str());
            }
            for found in range.captures_iter(&bare) {
                assert!(["$__rate_interval", "$__range"].contains(&&found[1]), "{place}: {}", &found[1]);
            }
        }
    }
    assert!(count > 300, "{count}");
}

#[test]
fn what_is_provisioned_is_what_compose_mounts() {
    let yaml = |text: String| -> Value { serde_saphyr::from_str(&text).expect("is YAML") };
    let compose = yaml(read("../compose/compose.yaml"));
    let mounts = list(&compose["services"]["grafana"]["volumes"]);
    let provider = &yaml(read("provisioning/dashboards/goalkeeper.yaml"))["providers"][0];
    let dashboards_there = text(&provider["options"]["path"]);
    assert!(mounts.contains(&json!(format!("../grafana/dashboards:{dashboards_there}:ro"))), "{mounts:?}");
    assert!(mounts.contains(&json!("../grafana/provisioning:/etc/grafana/provisioning:ro")), "{mounts:?}");
    let source = &yaml(read("provisioning/datasources/prometheus.yaml"))["datasources"][0];
    let host = text(&source["url"]).strip_prefix("http://").and_then(|rest| rest.strip_suffix(":9090"));
    assert!(compose["services"].get(host.expect("is Prometheus")).is_some());
    let scrapes = yaml(read("../prometheus/prometheus.yml"));
    assert_eq!(source["jsonData"]["timeInterval"], scrapes["global"]["scrape_interval"]);
    let uid = text(&source["uid"]);
    assert!(dashboards().iter().all(|(_, dashboard)| !dashboard.to_string().contains(uid)), "others have another");
}

/// Ten days of a made-up contact centre, from 5 January 2026 on.
fn simulate(more: &[&str]) -> String {
    let centre = ["simulate", "--reps", "12", "--contacts", "300", "--days", "10", "--malformed", "0.002"];
    let output = binary().args(centre).args(more).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said
}

/// Targets on all that dashboards draw a bound for, in every unit that a kind of scope can have.
fn targets() -> String {
    let goals = [
        ("team", "service_level", "at_least: 100%"),
        ("team", "abandon_rate", "at_most: 3%"),
        ("team", "handle_time_mean", "at_most: 60s"),
        ("team", "first_contact_resolution", "at_least: 70%"),
        ("team", "nps", "at_least: 70"),
        ("team", "handled", "at_least: 500"),
        ("team", "tickets_solved", "at_least: 70"),
        ("team", "reopen_rate", "at_most: 2%"),
        ("team", "first_response_within_4h", "at_least: 90%"),
        ("team", "full_resolution_within_24h", "at_least: 90%"),
        ("team", "first_response_p90", "at_most: 4h"),
        ("team", "full_resolution_p90", "at_most: 24h"),
        ("team", "first_response_business_within_4h", "at_least: 90%"),
        ("team", "full_resolution_business_within_24h", "at_least: 90%"),
        ("team", "first_response_business_p90", "at_most: 4h"),
        ("team", "full_resolution_business_p90", "at_most: 8h"),
        ("team", "occupancy", "within: [10%, 85%]"),
        ("team", "contacts_per_available_hour", "at_least: 8"),
        ("team", "repeat_rate", "at_most: 15%"),
        ("team", "transfer_rate", "at_most: 5%"),
        ("team", "csat", "at_least: 70%"),
        ("team", "csi", "at_least: 80"),
        ("team", "ces_mean", "at_least: 5"),
        ("team", "survey_response_rate", "at_least: 30%"),
        ("team", "review_score", "at_least: 80%"),
        ("team", "complaints_per_1000_contacts", "at_most: 5"),
        ("queue", "service_level", "at_least: 80%"),
        ("queue", "abandon_rate", "at_most: 3%"),
        ("queue", "wait_answered_p90", "at_most: 60s"),
        ("queue", "nps", "at_least: 70"),
        ("queue", "handled", "at_least: 500"),
        ("rep", "handled", "at_least: 500"),
        ("rep", "handle_time_mean", "at_most: 60s"),
        ("rep", "first_contact_resolution", "at_least: 70%"),
        ("rep", "csat", "at_least: 70%"),
        ("rep", "occupancy", "within: [60%, 85%]"),
        ("rep", "review_score", "at_least: 80%"),
        ("rep", "nps", "at_least: 70"),
        ("rep", "tickets_solved", "at_least: 70"),
    ];
    let target = |(kind, measure, bound): (&str, &str, &str)| {
        format!(
            "  - {{id: {kind}-{measure}, title: So it is, scope: every {kind}, measure: {measure}, {bound}, window: month, \
             minimum_sample: 1, hold: 0s}}\n"
        )
    };
    format!("targets:\n{}", goals.map(target).concat())
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn every_query_of_the_dashboards_finds_something() {
    let kafka = shared();
    let (topic, letters) = (topic("dashboards", 2), topic("dashboards-refused", 1));
    let more = format!("targets: targets.yaml\nwindows: [1h, month]\n{STREAM}");
    let setup = Setup::new(&kafka.brokers(), &topic, "", &more);
    setup.change("  group_id:", &format!("  dead_letters: {letters}\n  group_id:"));
    let roster = setup.path().join("roster.yaml");
    simulate(&["--output", "/dev/null", "--roster", roster.to_str().expect("is text")]);
    std::fs::write(setup.path().join("targets.yaml"), targets()).expect("can be written");

    let daemon = setup.start();
    let prometheus = Prometheus::start_with_rules(&daemon.address(), &rules_of(&setup));
    // Counters must be seen before they count.
    prometheus.wait_value("count(goalkeeper_queue_answered_wait_seconds_bucket{le=\"+Inf\"})", |count| count == 3.0);
    let said = simulate(&["--brokers", &kafka.brokers(), "--topic", &topic]);
    let sent = said.split_once(" events sent").and_then(|(sent, _)| sent.trim().parse::<f64>().ok()).expect("a number");
    prometheus.wait_value("sum(goalkeeper_records_total)", |read| read == sent);
    // After all of that, and in each partition: none may keep time back.
    let waits = |partition: i32| {
        let text = format!(
            "{{\"specversion\":\"1.0\",\"id\":\"waits-{partition}\",\"source\":\"/pbx\",\"type\":\"contact.queued\",\
             \"time\":\"2026-01-15T09:00:00Z\",\"data\":{{\"contact\":\"waits-{partition}\",\"queue\":\"support\"}}}}"
        );
        (partition, Message::of(text))
    };
    kafka.spread(&topic, [waits(0), waits(1)]);
    prometheus.wait_value("goalkeeper_queue_waiting_now{queue=\"support\"}", |waiting| waiting >= 2.0);
    prometheus.wait_value("count(ALERTS{target!=\"\",alertstate=\"firing\"})", |count| count > 0.0);

    let rep = prometheus.vector("topk(1, goalkeeper_rep_window_csat_sample{window=\"month\"})").expect("is answered");
    let rep = text(&rep[0]["metric"]["rep"]);
    let chosen = |query: &str| {
        let all =
            ["job", "instance", "queue", "team", "target", "scope"].map(|name| (format!("\"${name}\""), "\".+\""));
        let query = all.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value));
        let query = query.replace("$__rate_interval", "30m").replace("$__range", "30m");
        query.replace("$window", "month").replace("$rep", rep)
    };
    let ask = |place: &str, query: &str| -> Vec<Value> {
        let query = chosen(query);
        // Only label_replace's first group is no variable.
        assert!(!query.replace("\"$1\"", "").contains('$'), "{place}: {query}");
        let found = prometheus.vector(&query).unwrap_or_else(|error| panic!("{place}: {query}: {error}"));
        let is_number = |one: &Value| text(&one["value"][1]).parse().is_ok_and(f64::is_finite);
        assert!(found.iter().any(is_number), "{place} finds nothing: {query}: {found:?}");
        found
    };
    let label = Regex::new(r"\{\{(\w+)\}\}").expect("is one");
    let values = Regex::new(r"^label_values\((.*), (\w+)\)$").expect("is one");
    for (name, dashboard) in dashboards() {
        for (place, query) in queries(&name, &dashboard) {
            let found = ask(&place, text(&query["expr"]));
            for wanted in label.captures_iter(text(&query["legendFormat"])) {
                let has_it = |one: &Value| one["metric"].get(&wanted[1]).is_some();
                assert!(found.iter().all(has_it), "{place}: {} in {found:?}", &wanted[1]);
            }
        }
        for variable in &list(&dashboard["templating"]["list"])[1..] {
            let parts = values.captures(text(&variable["query"]["query"])).expect("are values of a label");
            let found = ask(&name, &format!("count by ({}) ({})", &parts[2], &parts[1]));
            assert!(found.iter().all(|one| one["metric"].get(&parts[2]).is_some()), "{name}: {variable}");
        }
    }

    // The room of a target with two bounds is that to the nearer one.
    let worst_first = dashboards().into_iter().find(|(name, _)| name == "teams.json").expect("is there");
    let mut all = queries(&worst_first.0, &worst_first.1).into_iter();
    let (place, room) = all.find(|(place, _)| place.ends_with("the worst first, B")).expect("is there");
    let number = |one: &Value| text(&one["value"][1]).parse::<f64>().expect("is a number");
    let of_occupancy = |one: &Value| one["metric"]["target"] == "team-occupancy";
    let rooms: Vec<Value> = ask(&place, text(&room["expr"])).into_iter().filter(of_occupancy).collect();
    assert_eq!(rooms.len(), 2, "one for each team");
    for room in &rooms {
        let team = text(&room["metric"]["scope"]);
        let value = format!("goalkeeper_target_value_ratio{{target=\"team-occupancy\",scope=\"{team}\"}}");
        let occupancy = number(&ask("the room", &value)[0]);
        let nearer = (occupancy / 0.1 - 1.0).min(1.0 - occupancy / 0.85);
        assert!((number(room) - nearer).abs() < 1e-9, "{team}: {occupancy} has room {room}");
    }
}
