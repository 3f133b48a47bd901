//! The simulator against computed and published values of Erlang B, C and A.
//!
//! Each operating point is simulated in batches that start from different seeds. What is expected must lie in the
//! confidence interval of the batches' mean, and the interval must be narrow enough to mean something.

use super::table::Table;
use super::{folder, json};
use goalkeeper::sim::{Profile, Simulation, erlang_profile};
use serde_json::Value;
use std::sync::Mutex;

const SEED: u64 = 1917;
const BATCHES: u64 = 20;
/// Student's t with 19 degrees of freedom, two-sided, one in a thousand.
const LIMIT: f64 = 3.883;
/// The centre starts empty; what queues in the first hours is left out.
const WARM_UP_HOURS: f64 = 6.0;
/// Calls of a point, over all batches, at least.
const CALLS: f64 = 800_000.0;
/// Days of a batch where everybody waits: what one busy hour leaves behind stays for hours, so calls alone are not enough.
const PATIENT_DAYS: f64 = 8.0;
/// Who does not wait at all, for Erlang B, where whoever finds all agents busy is lost: seconds of patience.
const NONE: f64 = 0.0001;

/// A stationary queue.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    calls_per_hour: f64,
    aht: f64,
    agents: u32,
    patience: Option<f64>,
}

/// What one batch shows. Waits are those of all calls, in seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Batch {
    waits: f64,
    abandons: f64,
    mean_wait: f64,
    wait_p90: f64,
    answered_within_15s: f64,
    answered_within_20s: f64,
    occupancy: f64,
    mean_service: f64,
}

type Figure = fn(&Point, &Batch) -> f64;

/// How wide an interval may be, as a share of what is expected.
const WIDE: f64 = 0.2;

/// The figures of the table by column.
const COLUMNS: [(&str, Figure); 5] = [
    ("p_wait", |_, batch| batch.waits),
    ("p_abandon", |_, batch| batch.abandons),
    ("mean_wait_all_s", |_, batch| batch.mean_wait),
    ("served_within_20s_of_offered", |_, batch| batch.answered_within_20s),
    ("occupancy", |_, batch| batch.occupancy),
];

/// The published values by the key they have.
const ANCHORS: [(&str, Figure); 9] = [
    ("p_wait", |_, batch| batch.waits),
    ("p_abandon", |_, batch| batch.abandons),
    ("mean_wait_s", |_, batch| batch.mean_wait),
    ("wait_p90_s", |_, batch| batch.wait_p90),
    ("queue_length", |point, batch| point.calls_per_hour / 3600.0 * batch.mean_wait),
    ("service_level", |_, batch| batch.answered_within_15s),
    ("occupancy", |_, batch| batch.occupancy),
    ("time_in_system", |_, batch| batch.mean_wait + batch.mean_service),
    ("in_system", |point, batch| point.calls_per_hour / 3600.0 * (batch.mean_wait + batch.mean_service)),
];

/// The operating points that the published values are about, by how their description begins.
const PUBLISHED: [(&str, Point); 5] = [
    ("Erlang C, 50 agents", point(2880.0, 60.0, 50, None)),
    ("Erlang A, same load", point(2880.0, 60.0, 50, Some(120.0))),
    ("Erlang C, 360 calls per half hour", point(720.0, 240.0, 55, None)),
    ("M/M/3", point(360.0, 20.0, 3, None)),
    ("M/M/2", point(1980.0, 3.0, 2, None)),
];

const fn point(calls_per_hour: f64, aht: f64, agents: u32, patience: Option<f64>) -> Point {
    Point { calls_per_hour, aht, agents, patience }
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Point { calls_per_hour, aht, agents, patience } = self;
        let model = match patience {
            None => "C",
            Some(patience) if *patience == NONE => "B",
            Some(_) => "A",
        };
        write!(f, "{model} {calls_per_hour}/h {aht} s {agents} agents")?;
        match patience.filter(|patience| *patience != NONE) {
            Some(patience) => write!(f, " patience {patience} s"),
            None => Ok(()),
        }
    }
}

/// What is expected of a figure at a point, and who says so.
struct Expected {
    point: Point,
    what: String,
    value: f64,
    /// Half a unit of the last digit it is written with.
    rounding: f64,
    figure: Figure,
}

#[test]
#[ignore = "needs recorded data: make check-data"]
fn simulated_queues_agree_with_erlang() {
    let Some(folder) = folder("erlang-reference") else { return };
    println!("check-data: {BATCHES} batches a queue from seed {SEED}; shown is the mean +- half its 99.9 % interval");
    let mut expected = of_table(&folder.join("table.csv"));
    let rows = expected.len();
    let anchors = json(folder.join("anchors.json"));
    let mut table = Table::new("erlang-reference", Value::Null);
    expected.extend(of_anchors(anchors.as_array().expect("a list"), &mut table));
    assert!(rows >= 18 * COLUMNS.len(), "the table has lost rows");
    let mut points: Vec<Point> = Vec::new();
    for point in expected.iter().map(|expected| expected.point) {
        if !points.contains(&point) {
            points.push(point);
        }
    }
    let batches = simulate(&points);
    let mut check = table.run("simulated");
    for Expected { point, what, value, rounding, figure } in expected {
        let of = batches.iter().find(|(of, _)| *of == point).map(|(_, batches)| batches).expect("was simulated");
        let found: Vec<f64> = of.iter().map(|batch| figure(&point, batch)).collect();
        let (mean, half) = interval(&found);
        let is_right = (mean - value).abs() <= half + rounding && half <= WIDE * value.max(1e-9);
        let figure = format!("{point}: {what}");
        check.holds(&figure, &value.to_string(), &format!("{mean:.5} +- {half:.5}"), is_right || value == mean);
    }
    table.finish();
}

fn of_table(path: &std::path::Path) -> Vec<Expected> {
    let mut reader = csv::Reader::from_path(path).expect("the table is there");
    let heads = reader.headers().expect("has a header").clone();
    let mut expected = Vec::new();
    for row in reader.records() {
        let row = row.expect("is a row");
        let field = |name: &str| &row[heads.iter().position(|head| head == name).expect("is a column")];
        let number = |name: &str| field(name).parse::<f64>().expect("a number");
        let patience = (field("model") == "A").then(|| number("mean_patience_s"));
        let point = point(number("calls_per_hour"), number("aht_s"), number("agents") as u32, patience);
        for (column, figure) in COLUMNS {
            let what = column.to_owned();
            expected.push(Expected { point, what, value: number(column), rounding: 0.0, figure });
        }
    }
    expected
}

fn of_anchors(anchors: &[Value], table: &mut Table) -> Vec<Expected> {
    let mut expected = Vec::new();
    for anchor in anchors {
        let what = anchor["what"].as_str().expect("says what it is");
        if what.starts_with("NOT usable") {
            table.leave_out(what, "its own note says that it does not match the formula");
            continue;
        }
        for of in ["published", "ours"] {
            for (key, value) in anchor[of].as_object().expect("has values") {
                let (point, name) = match what.starts_with("Erlang B") {
                    true => (loss(key), "p_abandon"),
                    false => (of_words(what), key.as_str()),
                };
                let (_, figure) = *ANCHORS.iter().find(|(known, _)| *known == name).expect("is a known figure");
                let text = value.to_string();
                let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
                expected.push(Expected {
                    point,
                    what: format!("{name}, {of}"),
                    value: value.as_f64().expect("a number"),
                    // Published values were rounded, and some were cut.
                    rounding: 10.0_f64.powi(-(digits as i32)),
                    figure,
                });
            }
        }
    }
    expected
}

fn of_words(what: &str) -> Point {
    let found = PUBLISHED.iter().find(|(begin, _)| what.starts_with(begin));
    found.unwrap_or_else(|| panic!("nobody knows the operating point of `{what}`")).1
}

/// Erlang B of `agents,load`: calls that find all agents busy are lost, so nobody has any patience.
fn loss(key: &str) -> Point {
    let (agents, load) = key.split_once(',').expect("agents and load");
    let load: f64 = load.parse().expect("a number");
    point(load * 60.0, 60.0, agents.parse().expect("a number"), Some(NONE))
}

/// All batches of all points, on two threads.
fn simulate(points: &[Point]) -> Vec<(Point, Vec<Batch>)> {
    let next = Mutex::new(points.iter().zip(0..));
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((point, n)) = next.lock().expect("nobody panics here").next() else { return };
                    // Seeds of its own for each point: what one is lucky in, all others would be, too.
                    let seeds = SEED + n * BATCHES..SEED + (n + 1) * BATCHES;
                    let batches = seeds.map(|seed| batch(point, seed)).collect();
                    done.lock().expect("nor here").push((*point, batches));
                }
            });
        }
    });
    done.into_inner().expect("all are done")
}

fn batch(point: &Point, seed: u64) -> Batch {
    let hours = CALLS / BATCHES as f64 / point.calls_per_hour + WARM_UP_HOURS;
    let days = (hours / 24.0).ceil().max(if point.patience.is_none() { PATIENT_DAYS } else { 1.0 });
    let profile = Profile {
        days: Some(days as u32),
        ..erlang_profile(point.calls_per_hour, point.aht, point.agents, point.patience)
    };
    let simulation = Simulation::new(profile, seed);
    let from = simulation.start() + (WARM_UP_HOURS * 3_600_000.0) as i64;
    let seconds = (days * 24.0 - WARM_UP_HOURS) * 3600.0;
    let number =
        |json: &str, field: &str| -> Option<f64> { json.split_once(field)?.1.split([',', '}']).next()?.parse().ok() };
    let (mut waits, mut abandoned, mut in_15s, mut in_20s) = (Vec::new(), 0_u32, 0_u32, 0_u32);
    let (mut talked, mut talks) = (0.0, 0_u32);
    for event in simulation.filter(|event| event.time >= from) {
        if let Some(talk) = number(&event.json, "\"talk\":") {
            talked += talk;
            talks += 1;
        }
        let Some(wait) = number(&event.json, "\"wait\":") else { continue };
        waits.push(wait);
        if event.json.contains("\"contact.abandoned\"") {
            abandoned += 1;
        } else {
            in_15s += u32::from(wait <= 15.0);
            in_20s += u32::from(wait <= 20.0);
        }
    }
    let calls = waits.len() as f64;
    assert!(calls > 1000.0 && talks > 100, "{point}: hardly any calls");
    waits.sort_by(f64::total_cmp);
    let share = |count: u32| f64::from(count) / calls;
    Batch {
        waits: waits.iter().filter(|wait| **wait > 0.0).count() as f64 / calls,
        abandons: share(abandoned),
        mean_wait: waits.iter().sum::<f64>() / calls,
        wait_p90: waits[(calls * 0.9) as usize],
        answered_within_15s: share(in_15s),
        answered_within_20s: share(in_20s),
        occupancy: talked / f64::from(point.agents) / seconds,
        mean_service: talked / f64::from(talks),
    }
}

/// Mean and half the width of its confidence interval.
fn interval(found: &[f64]) -> (f64, f64) {
    let count = found.len() as f64;
    let mean = found.iter().sum::<f64>() / count;
    let variance = found.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, LIMIT * (variance / count).sqrt())
}
