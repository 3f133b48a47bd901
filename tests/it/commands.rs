//! The command line as a user types it: the real binary, its output and its exit code.

use crate::support::daemon::{Daemon, ROSTER, binary};
use crate::support::{free_port, wait_for};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn run(arguments: &[&str]) -> Output {
    binary().args(arguments).stdin(Stdio::null()).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("is text")
}

/// Runs a command that must succeed, and gives what it printed.
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// A folder with a configuration and two calls, of which nobody answered the second.
struct Place {
    folder: TempDir,
}

const EVENTS: [(&str, &str, &str); 5] = [
    ("contact.queued", "2026-01-05T09:00:00Z", r#"{"contact":"c1","queue":"support"}"#),
    ("contact.answered", "2026-01-05T09:00:12Z", r#"{"contact":"c1","rep":"ines"}"#),
    ("contact.ended", "2026-01-05T09:05:12Z", r#"{"contact":"c1","rep":"ines"}"#),
    ("contact.queued", "2026-01-06T09:00:00Z", r#"{"contact":"c2","queue":"support"}"#),
    ("contact.abandoned", "2026-01-06T09:00:30Z", r#"{"contact":"c2"}"#),
];

impl Place {
    fn new(roster: &str) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place { folder };
        place.write("goalkeeper.yaml", b"roster: roster.yaml\n");
        place.write("roster.yaml", roster.as_bytes());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path(name), bytes).expect("can be written");
        shown(&self.path(name))
    }

    fn replay(&self, file: &str, more: &[&str]) -> String {
        let config = shown(self.folder.path());
        printed(&[&["replay", "--config", &config, file], more].concat())
    }
}

fn shown(path: &Path) -> String {
    path.to_str().expect("is text").to_owned()
}

fn events() -> Vec<u8> {
    let line = |(n, (kind, time, data)): (usize, &(&str, &str, &str))| {
        format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{n}\",\"source\":\"/pbx\",\"type\":\"{kind}\",\"time\":\"{time}\",\
             \"data\":{data}}}\n"
        )
    };
    EVENTS.iter().enumerate().map(line).collect::<String>().into_bytes()
}

const ASK: [&str; 6] = ["--report", "csv", "--scope", "queue/support", "--measure", "offered,asa"];

#[test]
fn the_version_tells_what_is_built_in() {
    let version = printed(&["--version"]);
    for word in
        [env!("CARGO_PKG_VERSION"), "librdkafka", "ssl", "sasl_plain", "sasl_scram", "zstd", "lz4", "snappy", "gzip"]
    {
        assert!(version.contains(word), "no {word} in {version}");
    }
}

#[test]
fn a_good_configuration_passes_and_a_bad_one_fails() {
    let place = Place::new(ROSTER);
    assert!(printed(&["check", "--config", &shown(place.folder.path())]).contains("no problem"));
    place.write("goalkeeper.yaml", b"roster: roster.yaml\ncolour: red\n");
    let output = run(&["check", "--config", &shown(place.folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("unknown key `colour`"));
    let rules = run(&["rules", "--config", &shown(place.folder.path())]);
    assert_eq!((rules.status.code(), text(&rules.stderr)), (Some(1), text(&output.stderr)));
    assert_eq!(text(&rules.stdout), "");
}

#[test]
fn rules_are_printed_and_what_they_lack_is_said() {
    let place = Place::new(ROSTER);
    place.write("goalkeeper.yaml", b"roster: roster.yaml\ntargets: targets.yaml\nserver: {reps: false}\n");
    let target = "{id: calls, title: Calls, scope: rep/ines, measure: handled, at_least: 5, window: day}";
    place.write("targets.yaml", format!("targets: [{target}]\n").as_bytes());
    let output = run(&["rules", "--config", &shown(place.folder.path())]);
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("\n      - alert: GoalkeeperWatchdog\n"));
    assert!(text(&output.stderr).starts_with("goalkeeper: target calls has no alert: "), "{}", text(&output.stderr));
}

#[test]
fn plain_packed_and_standard_input_give_the_same_figures() {
    let place = Place::new(ROSTER);
    let plain = place.replay(&place.write("events.ndjson", &events()), &ASK);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&events()).expect("memory takes it");
    let gzip = gzip.finish().expect("memory takes it");
    assert_eq!(place.replay(&place.write("events.gz", &gzip), &ASK), plain);
    let zstd = zstd::encode_all(&events()[..], 1).expect("memory takes it");
    assert_eq!(place.replay(&place.write("events.zst", &zstd), &ASK), plain);

    let mut command = binary();
    command.args(["replay", "--config", &shown(place.folder.path()), "-"]).args(ASK);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary runs");
    child.stdin.take().expect("is piped").write_all(&events()).expect("it reads");
    assert_eq!(text(&child.wait_with_output().expect("it ends").stdout), plain);
}

#[test]
fn calendar_windows_have_a_row_each_and_what_has_no_data_is_empty() {
    let place = Place::new(ROSTER);
    let file = place.write("events.ndjson", &events());
    let csv = place.replay(&file, &[&ASK[..], &["--window", "day,7d"]].concat());
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], "scope_kind,scope,measure,window,start,end,value,numerator,denominator,sample,unit,where");
    let day = "2026-01-05T00:00:00+01:00,2026-01-06T00:00:00+01:00";
    let next = "2026-01-06T00:00:00+01:00,2026-01-07T00:00:00+01:00";
    assert_eq!(rows[1], format!("queue,support,offered,day,{day},1,1,,1,count,"));
    assert_eq!(rows[2], format!("queue,support,asa,day,{day},12,12,1,1,seconds,"));
    assert_eq!(rows[3], format!("queue,support,offered,day,{next},1,1,,1,count,"));
    // Nobody answered on the second day: there is no speed of answer, which is not 0.
    assert_eq!(rows[4], format!("queue,support,asa,day,{next},,,0,0,seconds,"));
    assert_eq!(rows.iter().filter(|row| row.contains(",7d,")).count(), 2, "{csv}");
    assert_eq!(rows.len(), 7, "{csv}");

    let ask = ["--scope", "queue/support", "--measure", "asa", "--window", "day", "--from", "2026-01-06"];
    let json = place.replay(&file, &[&["--report", "json"], &ask[..]].concat());
    let row: serde_json::Value = serde_json::from_str(&json).expect("one object");
    assert_eq!((&row["value"], &row["sample"]), (&serde_json::Value::Null, &serde_json::json!(0)));
    let table = place.replay(&file, &[&["--report", "table"], &ask[..]].concat());
    let words: Vec<&str> = table.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!(words[6..], ["0", "0", "seconds"], "{table}");
}

#[test]
fn a_report_may_be_of_parts_of_scopes_and_of_some_weekdays_and_hours() {
    let place = Place::new(ROSTER);
    place.write("goalkeeper.yaml", b"roster: roster.yaml\nbreakdowns: {channel: {scopes: [queue]}}\n");
    let file = place.write("events.ndjson", &events());
    let ask = ["--report", "csv", "--scope", "queue/support", "--measure", "offered", "--window", "all"];
    let figures = |narrowed: &[&str]| -> Vec<(String, String)> {
        let csv = place.replay(&file, &[&ask[..], narrowed].concat());
        let cells = csv.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        cells.map(|cells| (cells[11].clone(), cells[6].clone())).collect()
    };
    let one = |part: &str, n: &str| vec![(part.to_owned(), n.to_owned())];
    assert_eq!(figures(&[]), one("", "2"));
    assert_eq!(figures(&["--where", "channel=voice"]), one("channel=voice", "2"));
    let by = figures(&["--by", "channel"]);
    assert_eq!(by.len(), 9, "eight channels, and none");
    let sum: u32 = by.iter().map(|(_, n)| n.parse::<u32>().expect("is a number")).sum();
    assert_eq!(sum, 2, "{by:?}");
    // One call came on Monday and one on Tuesday.
    assert_eq!(figures(&["--weekdays", "tue-sun"]), one("", "1"));
    assert_eq!(figures(&["--weekdays", "mon,tue"]), one("", "2"));
    assert_eq!(figures(&["--hours", "00:00-00:15"]), one("", "0"));
    for (narrowed, problem) in [
        (["--by", "colour"], "figures of a queue are not broken down by `colour`: they are by channel"),
        (["--where", "channel=fax"], "there is no channel `fax`: known are chat, email"),
        (["--where", "chat"], "`chat` is no part of a scope: write e.g. channel=chat"),
        (["--weekdays", "someday"], "`someday` is no weekday: write some of mon"),
        (["--hours", "8-9"], "`8-9` is no part of a day: write it as 08:00-18:00"),
    ] {
        let command = ["replay", "--config", &shown(place.folder.path()), &file];
        let output = run(&[&command[..], &ask, &narrowed].concat());
        assert!(text(&output.stderr).contains(problem), "{}", text(&output.stderr));
    }
}

#[test]
fn options_may_be_repeated_or_parted_by_commas() {
    let place = Place::new(ROSTER);
    let file = place.write("events.ndjson", &events());
    let parted = place.replay(&file, &ASK);
    let repeated = ["--report", "csv", "--scope", "queue/support", "--measure", "offered", "--measure", "asa"];
    assert_eq!(place.replay(&file, &repeated), parted);
}

#[test]
fn the_export_is_the_same_for_any_order_and_repetition() {
    let place = Place::new(ROSTER);
    let file = place.write("events.ndjson", &events());
    let mut lines: Vec<String> = text(&events()).lines().map(|line| format!("{line}\n")).collect();
    lines.reverse();
    lines.extend(lines.clone());
    let other = place.write("other.ndjson", lines.concat().as_bytes());
    let export = |file: &str, name: &str| {
        let path = place.path(name);
        place.replay(file, &["--export", &shown(&path)]);
        std::fs::read_to_string(path).expect("is written")
    };
    let first = export(&file, "first");
    assert!(first.contains("pane day") && first.contains("record contact"), "{first}");
    assert_eq!(first, export(&other, "second"));
}

#[test]
fn a_name_that_nobody_knows_is_an_error_that_says_so() {
    let place = Place::new(ROSTER);
    let file = place.write("events.ndjson", &events());
    let config = shown(place.folder.path());
    for (option, value, said) in [
        ("--measure", "happiness", "unknown measure `happiness`"),
        ("--scope", "galaxy", "unknown scope `galaxy`"),
        ("--window", "fortnight", "unknown window `fortnight`"),
        ("--from", "yesterday", "`yesterday` is no time"),
    ] {
        let output = run(&["replay", "--config", &config, &file, "--report", "csv", option, value]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
}

#[test]
fn at_a_speed_a_day_takes_its_time_and_stays_the_same() {
    let day = |more: &[&str]| {
        let begun = Instant::now();
        let events = printed(&[&["simulate", "--reps", "12", "--contacts", "400"], more].concat());
        (begun.elapsed(), events)
    };
    let (_, at_once) = day(&[]);
    // From the first event in the morning to the last one at night are some twelve hours at least.
    let (took, at_speed) = day(&["--speed", "43200"]);
    assert!(took > Duration::from_secs(1), "{took:?}");
    assert_eq!(at_once, at_speed);
}

#[test]
fn a_seed_makes_the_same_day_and_disorder_changes_no_figure() {
    let place = Place::new(ROSTER);
    let roster = shown(&place.path("roster.yaml"));
    let simulate = |name: &str, more: &[&str]| {
        let file = shown(&place.path(name));
        let common = ["simulate", "--seed", "5", "--reps", "12", "--contacts", "400", "--output", &file];
        printed(&[&common[..], more].concat());
        file
    };
    let plain = simulate("plain", &["--roster", &roster]);
    let again = simulate("again", &[]);
    assert_eq!(std::fs::read(&plain).expect("is there"), std::fs::read(again).expect("is there"));
    let disordered = simulate("disordered", &["--disorder", "600", "--duplicates", "0.3"]);
    assert_ne!(std::fs::read(&plain).expect("is there"), std::fs::read(&disordered).expect("is there"));
    let figures = place.replay(&plain, &["--report", "csv", "--window", "day"]);
    assert!(figures.lines().count() > 500, "{figures}");
    assert_eq!(place.replay(&disordered, &["--report", "csv", "--window", "day"]), figures);
}

#[test]
fn the_centre_in_a_box_tells_of_the_whole_catalogue() {
    /// What it does not do: contacts leave queues otherwise and rings end otherwise than these say, no clock is wrong, no
    /// two events tie, certificates and tickets do not grow that old, and nobody waits in the night at its end.
    const NEVER: [&str; 24] = [
        "left_timeout",
        "left_empty",
        "left_exit_key",
        "left_overflow",
        "left_withdrawn",
        "left_full",
        "left_failed",
        "left_other",
        "unknown",
        "missed_rejected",
        "missed_busy",
        "missed_dumped",
        "missed_other",
        "transfers_other",
        "backlog_older_than_7d",
        "backlog_older_than_30d",
        "backlog_overdue_cycles_7d",
        "backlog_overdue_cycles_30d",
        "longest_wait_now",
        "time_other",
        "certifications_lapsed",
        "clock_skew",
        "tied_events",
        "judgements_unattributed",
    ];
    let place = Place::new(ROSTER);
    let targets = "measures: {response_targets: {urgent: 4h}, resolution_targets: {urgent: 1d}}\n";
    place.write("goalkeeper.yaml", format!("roster: roster.yaml\n{targets}").as_bytes());
    let (file, roster) = (shown(&place.path("events")), shown(&place.path("roster.yaml")));
    printed(&["simulate", "--reps", "12", "--contacts", "500", "--days", "14", "--output", &file, "--roster", &roster]);
    let figures = place.replay(&file, &["--report", "csv", "--window", "hour"]);
    let mut rows = csv::Reader::from_reader(figures.as_bytes());
    let mut told: BTreeMap<String, bool> = BTreeMap::new();
    for row in rows.deserialize::<BTreeMap<String, String>>() {
        let row = row.expect("is a row");
        let is_told = row["value"].parse().is_ok_and(|value: f64| value != 0.0);
        *told.entry(row["measure"].clone()).or_default() |= is_told;
    }
    let silent: BTreeSet<&str> = told.iter().filter(|(_, told)| !**told).map(|(measure, _)| measure.as_str()).collect();
    assert_eq!(silent, BTreeSet::from(NEVER));
    assert!(told.len() > 250, "{}", told.len());
}

#[test]
fn the_demo_shows_targets_met_and_missed_with_nothing_to_set_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut demo = Daemon::demo(directory.path(), free_port());
    demo.wait_ready();
    wait_for("a call is answered", Duration::from_secs(60), || {
        let answered =
            |(name, value): (&String, &f64)| name.starts_with("goalkeeper_queue_answered_total") && *value > 0.0;
        let state = |state: &str| {
            demo.metrics().iter().any(|(series, value)| {
                series.starts_with("goalkeeper_target_state{") && series.contains(state) && *value == 1.0
            })
        };
        let both = state("state=\"met\"") && state("state=\"missed\"");
        if both && demo.metrics().iter().any(answered) { Ok(()) } else { Err(demo.said()) }
    });
    assert!(demo.stop().success());
}
