//! The wallboard and the page of figures in a real browser, and what feeds them.

use crate::support::browser::{Browser, PHONE, WALL};
use crate::support::calls::{STREAM, call, topic};
use crate::support::daemon::{Daemon, ROSTER, Setup};
use crate::support::kafka::{Message, shared};
use crate::support::{free_port, unique, wait_for};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

const TARGETS: &str = "targets:\n  \
    - {id: answer, title: Calls are answered within 15 s, owner: Head of service, scope: every team, measure: asa, \
       at_most: 15s, window: day, minimum_sample: 1, hold: 0s}\n  \
    - {id: abandon-rate, title: At most 3 % give up, scope: every queue, measure: abandon_rate, at_most: 3%, window: day, \
       minimum_sample: 2, hold: 0s, severity: critical, runbook: 'https://example.org/abandon'}\n  \
    - {id: handled, title: Five hundred calls for each rep, scope: every rep, measure: handled, at_least: 500, window: day, \
       hold: 0s}\n";

/// A caller who gave up, `minutes` after nine.
fn abandoned(n: usize, minutes: usize) -> Vec<Message> {
    let event = |kind: &str, second: usize| {
        Message::of(format!(
            "{{\"specversion\":\"1.0\",\"id\":\"a{n}-{second}\",\"source\":\"/pbx\",\"type\":\"contact.{kind}\",\
             \"time\":\"2026-01-05T{:02}:{:02}:{second:02}Z\",\"data\":{{\"contact\":\"a{n}\",\"queue\":\"support\"}}}}",
            9 + minutes / 60,
            minutes % 60
        ))
    };
    vec![event("queued", 0), event("abandoned", 30)]
}

/// Puts targets in force in a daemon that runs.
fn set_targets(setup: &Setup, daemon: &Daemon) {
    std::fs::write(setup.path().join("targets.yaml"), TARGETS).expect("can be written");
    setup.change("roster: roster.yaml\n", "roster: roster.yaml\ntargets: targets.yaml\n");
    assert_eq!(daemon.post("/-/reload").0, 200);
}

fn assert_no_rep(browser: &mut Browser) {
    let page = browser.run("document.documentElement.outerHTML");
    let page = page.as_str().expect("is text");
    assert!(!page.contains("ines") && !page.contains("omar") && !page.contains("Handled"), "{page}");
}

#[test]
#[ignore = "needs a real Kafka and Chromium: make test"]
fn the_board_says_what_it_shows_and_when_not_to_trust_it() {
    let kafka = shared();
    let topic = unique("board");
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let daemon = Daemon::start(&setup.path(), setup.port);
    wait_for("it serves", Duration::from_secs(60), || match daemon.get("/-/healthy") {
        (200, _) => Ok(()),
        other => Err(format!("{other:?}; {}", daemon.said())),
    });
    let mut browser = Browser::start();
    browser.look_at(&WALL);
    browser.open(&daemon.url());

    // Nothing is there; then a topic, then a call, then targets: the page follows by itself.
    browser.wait_text("#banners", &["Catching up", "Waiting for topics that Kafka does not have", &topic]);
    kafka.create_topic(&topic, 1, &[]);
    browser.wait_text("#banners", &["No event yet"]);
    kafka.produce(&topic, 0, call(1, 1));
    browser.wait_text("#tile-team-care", &["care", "Speed of answer 10 s over the last 15m"]);
    browser.wait_text("#boards", &["No targets are set", "How to set targets"]);
    browser.wait_text("#alerts", &["No open alerts"]);
    browser.wait_text("#clock", &["10:01", "2026-01-05, data"]);
    assert_eq!(browser.text("#banners"), "");
    set_targets(&setup, &daemon);
    browser.wait_text("#tile-team-care", &["Speed of answer 10 s On track at most 15 s today"]);
    browser.wait_text("#tile-queue-support", &["Abandon rate 0 % Undecided at most 3 % today"]);
    assert!(!browser.text("#boards").contains("No targets"));
    assert_no_rep(&mut browser);

    // A target is missed: the tile says so, the alert is listed, and whoever listens hears it.
    kafka.produce(&topic, 0, abandoned(1, 2));
    browser.wait_text("#tile-queue-support", &["Abandon rate 50 % At risk"]);
    let alert = [
        "Critical · queue support",
        "At most 3 % give up",
        "Abandon rate of queue support is 50 % today",
        "what to do",
    ];
    browser.wait_text("#alert-list", &alert);
    browser.wait_text("#summary", &["1 at risk"]);
    browser.wait_text("#said", &["Alert: Abandon rate of queue support is 50 % today"]);
    assert_eq!(browser.run("document.title"), "1 alert – acme – Goalkeeper");
    assert_eq!(browser.run("document.querySelectorAll('[aria-live]').length"), 1);
    assert_no_rep(&mut browser);

    // By address alone: some teams and queues, how old data may be, the theme.
    browser.open(&format!("{}/?queue=support,none&stale=2&theme=light", daemon.url()));
    browser.wait_text("#boards", &["Queues", "There is no queue none"]);
    assert!(!browser.text("#boards").contains("Teams"));
    assert_eq!(browser.run("document.documentElement.dataset.theme"), "light");
    browser.wait_text("#banners", &["Data is old", "No new event for", "figures stand at 10:02"]);
    kafka.produce(&topic, 0, call(3, 3));
    wait_for("it is fresh again", Duration::from_secs(30), || match browser.text("#banners").as_str() {
        "" => Ok(()),
        other => Err(other.to_owned()),
    });
    assert_eq!(browser.problems(), Vec::<String>::new());

    // The daemon dies: the page says so, for how long, and comes back by itself.
    daemon.kill();
    let age = |text: &str| -> u32 {
        let digits = text.split("heard of goalkeeper for ").nth(1).and_then(|rest| rest.split(' ').next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{text}"))
    };
    let first = age(&browser.wait_text("#banners", &["Connection lost", "What is below is of 10:03"]));
    wait_for("the age grows", Duration::from_secs(30), || match age(&browser.text("#banners")) {
        later if later > first => Ok(()),
        other => Err(other.to_string()),
    });
    assert_eq!(browser.run("document.body.classList.contains('doubtful')"), true);
    let daemon = setup.start();
    wait_for("it is back", Duration::from_secs(60), || match browser.text("#banners") {
        text if text.contains("Connection lost") => Err(text),
        _ => Ok(()),
    });
    browser.wait_text("#tile-queue-support", &["Abandon rate 33.3 %"]);
    // The browser itself tells that it was refused meanwhile, and nothing else went wrong.
    let problems = browser.problems();
    assert!(problems.iter().all(|problem| problem.contains("net::ERR_")), "{problems:?}");
    assert!(browser.requests() > 10);
    assert_eq!(browser.strangers(&daemon.url()), Vec::<String>::new());
}

#[test]
#[ignore = "needs a real Kafka and Chromium: make test"]
fn everything_is_reached_by_keyboard_and_a_figure_tells_how_it_came_about() {
    let kafka = shared();
    let topic = topic("figures-page", 1);
    kafka.produce(&topic, 0, (1..5).flat_map(|n| call(n, n * 20)));
    kafka.produce(&topic, 0, abandoned(1, 85));
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    std::fs::write(setup.path().join("targets.yaml"), TARGETS).expect("can be written");
    setup.change("roster: roster.yaml\n", "roster: roster.yaml\ntargets: targets.yaml\n");
    let daemon = setup.start();
    let mut browser = Browser::start();
    browser.look_at(&WALL);
    browser.prefer("prefers-color-scheme", "dark");
    browser.open(&daemon.url());
    browser.wait_text("#tile-team-care", &["Speed of answer 10 s"]);
    browser.wait_text("#alert-list", &["Critical"]);

    let mut reached = Vec::new();
    for _ in 0..4 {
        browser.press("Tab");
        reached.push(browser.focused());
    }
    assert_eq!(reached[..3], ["Skip to the figures", "Figures", "Light"]);
    // While figures change, the focus stays where it is.
    let before = browser.focused();
    kafka.produce(&topic, 0, call(9, 86));
    browser.wait_text("#clock", &["11:26"]);
    assert_eq!(browser.run("document.activeElement.dataset.key !== undefined"), true, "{before}");
    while !browser.focused().starts_with("Abandon rate") {
        browser.press("Tab");
        assert!(
            browser.run("document.activeElement !== document.body").as_bool().expect("is one"),
            "Tab leads nowhere"
        );
    }
    browser.press("Enter");

    browser.wait_text("#figure", &["Abandon rate of", "Window", "Numerator", "Looked at"]);
    browser.wait_text("#definition", &["Formula", "abandoned / ", "Counts for"]);
    browser.wait_text(
        "#history-table",
        &["Quarter of an hour", "2026-01-05 11:15 33.3 % 3", "2026-01-05 10:45 no data 0"],
    );
    browser.wait_text("#facts-note", &["record"]);
    // Where there is no value there is no line.
    assert_eq!(browser.run("document.querySelectorAll('#chart svg[role=img] .point').length"), 4);
    assert_eq!(browser.run("document.querySelector('#chart .line').getAttribute('d').split('M').length"), 3);

    browser.open(&format!("{}/figures?scope=queue/support&measure=offered&window=1h", daemon.url()));
    browser.wait_text("#value", &["5"]);
    browser.wait_text("#history-table", &["Hour", "2026-01-05 10:00 2", "2026-01-05 11:00 4"]);
    assert_eq!(browser.run("document.querySelectorAll('#chart .bar').length"), 2);
    browser.run("document.getElementById('at').value = 'yesterday'; document.querySelector('form button').click()");
    browser.wait_text("#banners", &["No answer `yesterday` is no time"]);
    // Refusals that are told on the page are told in the console too, by the browser itself; nothing else is.
    let problems = browser.problems();
    assert!(
        problems.iter().all(|problem| problem.contains("the server responded with a status of 40")),
        "{problems:?}"
    );
    assert_eq!(browser.strangers(&daemon.url()), Vec::<String>::new());
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn streams_are_live_bounded_and_slow_readers_hold_nothing_up() {
    let kafka = shared();
    let topic = topic("streams", 1);
    kafka.produce(&topic, 0, call(1, 1));
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let daemon = setup.start();
    let open = || {
        let mut stream = TcpStream::connect(daemon.address()).expect("the door is open");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        stream.write_all(b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\n\r\n").expect("it listens");
        let mut begin = [0; 15];
        stream.read_exact(&mut begin).expect("it answers");
        (stream, String::from_utf8_lossy(&begin[9..12]).into_owned())
    };
    // None of these ever reads on.
    let stuck: Vec<_> = (0..99).map(|_| open()).collect();
    assert!(stuck.iter().all(|(_, status)| status == "200"));
    let (mut reader, status) = open();
    assert_eq!(status, "200");
    let (mut refused, status) = open();
    assert_eq!(status, "503");
    let mut said = [0; 4096];
    let n = refused.read(&mut said).expect("it says why");
    assert!(String::from_utf8_lossy(&said[..n]).contains("100 boards are connected"));
    for n in 2..30 {
        kafka.produce(&topic, 0, call(n, n));
    }
    let mut text = String::new();
    wait_for("the last call is on the board", Duration::from_secs(30), || {
        let n = reader.read(&mut said).map_err(|error| error.to_string())?;
        text.push_str(&String::from_utf8_lossy(&said[..n]));
        if text.contains("2026-01-05T10:29") { Ok(()) } else { Err(text.clone()) }
    });
    drop((stuck, reader));
    wait_for("there is room again", Duration::from_secs(30), || {
        if open().1 == "200" { Ok(()) } else { Err(String::new()) }
    });
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn targets_and_alerts_are_told_and_filtered() {
    let kafka = shared();
    let topic = topic("targets-api", 1);
    kafka.produce(&topic, 0, (1..3).flat_map(|n| call(n, n)));
    kafka.produce(&topic, 0, abandoned(1, 4));
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    std::fs::write(setup.path().join("targets.yaml"), TARGETS).expect("can be written");
    setup.change("roster: roster.yaml\n", "roster: roster.yaml\ntargets: targets.yaml\n");
    let daemon = setup.start();
    let get = |path: &str| -> serde_json::Value {
        let (status, body) = daemon.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("is JSON")
    };
    wait_for("it is judged", Duration::from_secs(30), || match get("/api/v1/alerts")["alerts"].as_array() {
        Some(alerts) if alerts.iter().any(|alert| alert["target"] == "abandon-rate") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let all = get("/api/v1/targets");
    assert_eq!(all["time"], "2026-01-05T10:04:30+01:00");
    let pairs = |answer: &serde_json::Value| -> Vec<String> {
        let targets = answer["targets"].as_array().expect("is a list");
        let scopes = |target: &serde_json::Value| target["scopes"].as_array().expect("is a list").clone();
        let named = |target: &serde_json::Value, scope: &serde_json::Value| {
            format!("{} {}/{} {}", target["id"], scope["scope_kind"], scope["scope"], scope["state"]).replace('"', "")
        };
        targets.iter().flat_map(|t| scopes(t).iter().map(|s| named(t, s)).collect::<Vec<_>>()).collect()
    };
    let (team, queue) = ("answer team/care on_track", "abandon-rate queue/support at_risk");
    assert_eq!(pairs(&all)[..2], [team, queue]);
    assert_eq!(pairs(&get("/api/v1/targets?scope=team,queue")), [team, queue]);
    assert_eq!(pairs(&get("/api/v1/targets?scope=queue/support&state=at_risk")), [queue]);
    assert_eq!(pairs(&get("/api/v1/targets?target=answer&state=met")), Vec::<String>::new());
    assert_eq!(get("/api/v1/targets?target=answer")["targets"].as_array().map(Vec::len), Some(1));
    let alerts = get("/api/v1/alerts?scope=queue&state=firing");
    assert_eq!(alerts["alerts"][0]["severity"], "critical");
    assert!(alerts["alerts"][0]["sentence"].as_str().is_some_and(|text| text.contains("is 33.3 % today")));
    assert_eq!(get("/api/v1/alerts?state=resolved")["alerts"].as_array().map(Vec::len), Some(0));
    for (question, problem) in [
        ("targets?target=none", "unknown target `none`: known are answer, abandon-rate, handled"),
        ("targets?scope=galaxy", "unknown scope `galaxy`"),
        ("alerts?state=met", "unknown state `met`: known are pending, firing, resolved"),
        ("alerts?colour=red", "unknown parameter `colour`"),
    ] {
        let (status, body) = daemon.get(&format!("/api/v1/{question}"));
        let told: serde_json::Value = serde_json::from_str(&body).expect("is JSON");
        let told =
            format!("{}: {}", told["error"].as_str().unwrap_or_default(), told["help"].as_str().unwrap_or_default());
        assert!(status == 400 && told.starts_with(problem), "{status} {body}");
    }
}

/// Pictures for those who change the pages: open them. None is wider than its screen.
#[test]
#[ignore = "needs Chromium: make test"]
fn the_board_fits_its_screens() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut demo = Daemon::demo(directory.path(), free_port());
    demo.wait_ready();
    let config = std::env::temp_dir().join(format!("goalkeeper-demo-{}", demo.id()));
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    let mut browser = Browser::start();
    let mut picture = |path: &str, wanted: (&str, &[&str]), name: &str| {
        for (screen, theme) in [(&WALL, "dark"), (&WALL, "light"), (&PHONE, "dark"), (&PHONE, "light")] {
            browser.look_at(screen);
            browser.prefer("prefers-color-scheme", theme);
            browser.open(&format!("{}{path}", demo.url()));
            browser.wait_text(wanted.0, wanted.1);
            assert_eq!(browser.run("document.documentElement.dataset.theme"), theme);
            let wide = browser.run("document.documentElement.scrollWidth").as_u64().expect("a number");
            assert!(wide <= u64::from(screen.width), "{name} is {wide} wide on {}", screen.name);
            browser.picture(&folder.join(format!("{name}-{}-{theme}.png", screen.name)));
        }
    };
    let put_in_force = |targets: &str| {
        std::fs::write(config.join("targets.yaml"), targets).expect("can be written");
        assert_eq!(demo.post("/-/reload").0, 200);
    };
    put_in_force("targets: []\n");
    picture("/", ("#boards", &["No targets are set", "Service level"]), "empty");
    // The share that must be answered in time, and the share that may give up.
    let set_targets = |answered: u32, abandoned: u32| {
        let targets = format!(
            "targets:\n  \
            - {{id: service-level, title: {answered} % of calls are answered within 20 s, owner: Head of service, \
               scope: every queue, measure: service_level, at_least: {answered}%, window: 1h, hysteresis: 2%}}\n  \
            - {{id: abandon-rate, title: At most {abandoned} % of callers give up, owner: Head of service, \
               scope: every team, measure: abandon_rate, at_most: {abandoned}%, window: day, hold: 0s, \
               severity: critical}}\n"
        );
        put_in_force(&targets);
    };
    set_targets(10, 90);
    picture("/", ("#summary", &["on track"]), "normal");
    set_targets(80, 8);
    wait_for("a target is missed", Duration::from_secs(90), || match demo.get("/api/v1/alerts?state=firing") {
        (200, body) if body.contains("severity") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    picture("/", ("#alert-list", &["Head of service"]), "alert");
    picture("/?stale=0.01", ("#banners", &["Data is old"]), "stale");
    picture("/figures?scope=company/acme&measure=service_level&window=15m", ("#history-table", &["%"]), "figures");
    let occupancy = "/figures?scope=company/acme&measure=occupancy&window=1h";
    picture(occupancy, ("#history-table", &["%", " h"]), "time");
    // More than a page of records.
    browser.open(&format!("{}/figures?scope=company/acme&measure=offered&window=day", demo.url()));
    browser.wait_text("#facts-note", &["100 and more records"]);
    browser.run("document.getElementById('more').click()");
    wait_for("there are more", Duration::from_secs(30), || {
        let rows = browser.run("document.querySelectorAll('#facts-table tbody tr').length");
        if rows.as_u64() > Some(100) { Ok(()) } else { Err(rows.to_string()) }
    });
}
