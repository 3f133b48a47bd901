//! `goalkeeper report`: this month beside the three before, of a daemon that has read four months from a real Kafka.

use crate::support::calls::{STREAM, topic};
use crate::support::daemon::{ROSTER, Setup, binary};
use crate::support::kafka::{Message, shared};
use serde_json::Value;

/// Calls of one month: so many answered after ten seconds, and so many given up.
fn month(month: &str, answered: usize, abandoned: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    for n in 0..answered + abandoned {
        let mut tell = |kind: &str, seconds: usize, rep: &str| {
            let day = 1 + n % 20;
            messages.push(Message::of(format!(
                "{{\"specversion\":\"1.0\",\"id\":\"{month}-{n}-{seconds}\",\"source\":\"/pbx\",\
                 \"type\":\"contact.{kind}\",\"time\":\"{month}-{day:02}T10:00:{seconds:02}Z\",\
                 \"data\":{{\"contact\":\"{month}-{n}\",\"queue\":\"support\"{rep}}}}}"
            )));
        };
        tell("queued", 0, "");
        match n < answered {
            true => tell("answered", 10, ",\"rep\":\"ines\""),
            false => tell("abandoned", 30, ""),
        }
    }
    messages
}

fn report(arguments: &[&str]) -> (Option<i32>, String) {
    let output = binary().arg("report").args(arguments).output().expect("the binary runs");
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).expect("is text"))
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn this_month_stands_beside_the_three_before() {
    let topic = topic("report", 1);
    // A month before them all is not asked for.
    for (name, answered, abandoned) in
        [("2025-09", 7, 1), ("2025-10", 8, 2), ("2025-11", 15, 5), ("2025-12", 10, 0), ("2026-01", 18, 2)]
    {
        shared().produce(&topic, 0, month(name, answered, abandoned));
    }
    let setup = Setup::new(&shared().brokers(), &topic, ROSTER, STREAM);
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_queue_abandoned_total{queue=\"support\"}", 10.0);
    let url = format!("http://127.0.0.1:{}", setup.port);
    let of = |arguments: &[&str]| {
        let (code, said) = report(&[&["--url", &url], arguments].concat());
        assert_eq!(code, Some(0), "{said}");
        said
    };
    let asked = ["--scope", "queue/support", "--measure", "answered,abandon_rate,asa"];
    assert_eq!(
        of(&asked),
        "scope          measure       2025-10-01  2025-11-01  2025-12-01  2026-01-01 so far\n\
         queue/support  answered               8          15          10                 18\n\
         queue/support  abandon_rate        20 %        25 %         0 %               10 %\n\
         queue/support  asa                 10 s        10 s        10 s               10 s\n"
    );
    // Without names, what has never had data is left out.
    let all = of(&["--scope", "team"]);
    assert!(all.contains("team/care  offered ") && !all.contains("unknown"), "{all}");
    let week = of(&[
        "--scope",
        "rep/ines",
        "--measure",
        "answered",
        "--window",
        "week",
        "--before",
        "1",
        "--to",
        "2025-12-08",
    ]);
    assert_eq!(week, "scope     measure   2025-11-24  2025-12-01\nrep/ines  answered           0           7\n");
    let csv = of(&[&asked[..], &["--format", "csv", "--before", "0"]].concat());
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 4, "{csv}");
    assert!(lines[0].starts_with("scope_kind,scope,measure,window,start,end,value,"), "{csv}");
    assert_eq!(
        lines[2],
        "queue,support,abandon_rate,month,2026-01-01T00:00:00+01:00,2026-02-01T00:00:00+01:00,0.1,2.0,20,20,ratio,"
    );
    let json = of(&[&asked[..], &["--format", "json"]].concat());
    let rows: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    assert_eq!(rows.len(), 12);
    assert_eq!(rows[0]["value"], 8.0);

    for (arguments, told) in [
        (
            &["--scope", "team/none"][..],
            "unknown team `none`, which neither the roster nor any event has: ask for `team` to see all",
        ),
        (&["--measure", "nonsense"], "unknown measure `nonsense`"),
        (&["--to", "noon"], "--to: `noon` is no time; write 2026-01-05"),
    ] {
        let (code, said) = report(&[&["--url", &url], arguments].concat());
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(told), "{said}");
    }
    assert!(daemon.stop().success());
    assert!(report(&["--url", &url]).1.contains("does not answer"));
}
