//! From when to when a window reaches: local time asked of the zone at every quarter of an hour, nothing clever.

use chrono::{Datelike, NaiveDate, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use goalkeeper::domain::scope::ScopeKind;

/// From `start` up to, and without, `end`, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub start: i64,
    pub end: i64,
}

const MINUTE: i64 = 60_000;
const QUARTER: i64 = 15 * MINUTE;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The stretches of the window called `window`: one at `to` if it rolls, else each period that touches `[from, to)`.
pub fn stretches(window: &str, from: i64, to: i64, kind: ScopeKind, zone: Tz) -> Vec<Stretch> {
    if let Some(width) = rolling(window) {
        return vec![roll(width, to, kind, zone)];
    }
    if window == "all" {
        return vec![Stretch { start: day_start(date(from, zone), zone), end: day_end(date(to - 1, zone), zone) }];
    }
    let mut all: Vec<Stretch> = Vec::new();
    let mut at = from;
    while at < to {
        let next = period(window, at, zone);
        at = next.end;
        all.push(next);
    }
    all
}

fn rolling(window: &str) -> Option<i64> {
    let (number, unit) = window.split_at(window.len() - 1);
    let number: i64 = number.parse().ok()?;
    Some(
        number
            * match unit {
                "m" => MINUTE,
                "h" => HOUR,
                "d" => DAY,
                _ => return None,
            },
    )
}

// Up to 2 h in minutes (reps: quarters of an hour), up to 7 d in quarters, the current one so far and the ones before;
// above, the last complete local days. At the very end of a pane it is the current one, complete.
fn roll(width: i64, at: i64, kind: ScopeKind, zone: Tz) -> Stretch {
    if width > 7 * DAY {
        let today = date(at, zone);
        let first = today - chrono::Days::new((width / DAY) as u64);
        return Stretch { start: day_start(first, zone), end: day_start(today, zone) };
    }
    let pane = if width <= 2 * HOUR && kind != ScopeKind::Rep { MINUTE } else { QUARTER };
    let end = (at - 1).div_euclid(pane) * pane + pane;
    Stretch { start: end - width, end }
}

fn period(window: &str, at: i64, zone: Tz) -> Stretch {
    let today = date(at, zone);
    match window {
        "quarter_hour" => {
            let start = at.div_euclid(QUARTER) * QUARTER;
            Stretch { start, end: start + QUARTER }
        }
        "hour" => clock_hour(at, zone),
        "day" => Stretch { start: day_start(today, zone), end: day_end(today, zone) },
        "week" => {
            let monday = today - chrono::Days::new(u64::from(today.weekday().num_days_from_monday()));
            let next = monday + chrono::Days::new(7);
            Stretch { start: day_start(monday, zone), end: day_start(next, zone) }
        }
        "month" => {
            let first = today.with_day(1).expect("every month has a first");
            let next = first + chrono::Months::new(1);
            Stretch { start: day_start(first, zone), end: day_start(next, zone) }
        }
        "quarter" | "year" => {
            let months = if window == "year" { 12 } else { 3 };
            let first = today.with_day(1).expect("every month has a first");
            let first = first - chrono::Months::new(first.month0() % months);
            let next = first + chrono::Months::new(months);
            Stretch { start: day_start(first, zone), end: day_start(next, zone) }
        }
        other => panic!("the oracle does not know the window {other}"),
    }
}

// All quarters around `at` in which the clock on the wall shows the same hour without being put forward or back. The
// hour that comes twice is two rows, so that rows stay comparable.
fn clock_hour(at: i64, zone: Tz) -> Stretch {
    let shown = |quarter: i64| {
        let local = local(quarter, zone);
        (local.date_naive(), local.hour(), local.naive_local() - local.naive_utc())
    };
    let quarter = at.div_euclid(QUARTER) * QUARTER;
    let (mut start, mut end) = (quarter, quarter + QUARTER);
    while shown(start - QUARTER) == shown(quarter) {
        start -= QUARTER;
    }
    while shown(end) == shown(quarter) {
        end += QUARTER;
    }
    Stretch { start, end }
}

fn local(at: i64, zone: Tz) -> chrono::DateTime<Tz> {
    Utc.timestamp_millis_opt(at).single().expect("is in range").with_timezone(&zone)
}

fn date(at: i64, zone: Tz) -> NaiveDate {
    local(at, zone).date_naive()
}

fn day_end(day: NaiveDate, zone: Tz) -> i64 {
    day_start(day + chrono::Days::new(1), zone)
}

/// The first quarter of an hour that shows this date.
fn day_start(day: NaiveDate, zone: Tz) -> i64 {
    let noon_utc = day.and_hms_opt(12, 0, 0).expect("noon is never missing").and_utc().timestamp_millis();
    let mut at = noon_utc - 30 * HOUR;
    while date(at, zone) < day {
        at += QUARTER;
    }
    at
}
