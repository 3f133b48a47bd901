//! Every figure of the bank's reference, and what its log's traps would spoil.

use super::convert::{Call, Moved, NO_SERVER, Outcome, rep};
use crate::check_data::runs::Report;
use crate::check_data::table::{Check, names};
use chrono::NaiveDate;
use std::collections::BTreeMap;

const COMPANY: &str = "company/bank";
const ALL: &str = "all";

/// What a run has made of the plain events.
pub struct Seen<'r> {
    pub report: &'r Report,
    /// Phantoms that were ignored, each once.
    pub ignored: i64,
    pub refused: i64,
}

/// What the plain events answer.
pub fn plain(seen: &Seen<'_>, check: &mut Check<'_>) {
    let value = |measure: &str| seen.report.value(COMPANY, measure, ALL);
    let upper = |measure: &str| seen.report.upper(COMPANY, measure, ALL).unwrap_or(-1);
    let (served, abandoned, lost) = (upper("answered"), upper("abandoned"), upper("lost_in_menu"));
    let (hung, called) = (abandoned + lost, served + abandoned + lost);
    let rows = called + seen.ignored;
    let over = |n: i64, of: i64| (of > 0).then(|| n as f64 / of as f64);
    check.exact("rows", Some(rows));
    check.exact("phantom", Some(seen.ignored));
    check.exact("malformed_rows", Some(seen.refused));
    check.exact("offered", Some(called));
    check.exact("served", Some(served));
    check.exact("hang", Some(hung));
    check.exact("hang_in_queue", Some(abandoned));
    check.exact("hang_before_queue", Some(lost));
    check.share("abandon_rate_all", over(hung, called));
    check.share("abandon_rate_queue_only", value("abandon_rate"));
    check.share("share_served_of_rows", over(served, rows));
    check.share("share_hang_of_rows", over(hung, rows));
    check.share("share_phantom_of_rows", over(seen.ignored, rows));
    check.mean("asa_served_incl_zero", value("asa"));
    let waited = served - upper("wait_answered_within_1ms");
    check.exact("served_that_waited", Some(waited));
    check.mean("mean_wait_served_that_waited", over(upper("asa"), waited));
    check.mean("mean_wait_all_offered", over(upper("wait_all_mean"), called));
    check.mean("mean_wait_hung_in_queue", value("wait_abandoned_mean"));
    for percentile in ["p50", "p90", "p95", "p99"] {
        check.percentile(&format!("wait_served_{percentile}"), value(&format!("wait_answered_{percentile}")));
    }
    check.maximum("wait_served_max", value("wait_answered_max"));
    check.share("served_within_20s_of_offered", over(upper("service_level"), called));
    check.share("served_within_60s_of_offered", over(upper("wait_answered_within_60s"), called));

    let servers: Vec<String> =
        names(check.reference(), "per_agent").into_iter().filter(|server| server != NO_SERVER).collect();
    let of_rep = |server: &str, measure| seen.report.upper(&format!("rep/{}", rep(server)), measure, ALL);
    let of_all = |measure| servers.iter().filter_map(|server| of_rep(server, measure)).sum::<i64>();
    for server in &servers {
        let path = format!("per_agent/{server}");
        check.exact(&format!("{path}/served"), of_rep(server, "answered"));
        check.exact(&format!("{path}/service_sum_s"), of_rep(server, "talk_time_mean"));
        let mean = seen.report.value(&format!("rep/{}", rep(server)), "talk_time_mean", ALL);
        check.mean(&format!("{path}/service_mean_s"), mean);
    }
    // What nobody is credited with is what the company has and no rep.
    let path = format!("per_agent/{NO_SERVER}");
    let nobody = |measure| upper(measure) - of_all(measure);
    check.exact("served_by_NO_SERVER", Some(nobody("answered")));
    check.exact(&format!("{path}/served"), Some(nobody("answered")));
    check.exact(&format!("{path}/service_sum_s"), Some(nobody("talk_time_mean")));
    check.mean(&format!("{path}/service_mean_s"), over(nobody("talk_time_mean"), nobody("answered")));

    let file = "a property of the file";
    for path in ["malformed", "duplicate_call_id_across_lines", "duplicate_line_plus_id", "negative_vru_time"] {
        check.not_covered(path, file);
    }
    for path in ["q_time_ne_exit_minus_start", "ser_start_minus_q_exit_hist", "service_crosses_midnight"] {
        check.not_covered(path, file);
    }
    check.not_covered("service_sd_le_3600", "the catalogue has no standard deviations");
    check.not_covered("service_lt_10", "talk is held against no thresholds");
    check.not_covered("types", "counts rows, phantoms and hang-ups in the menu too, and these have no queue");
    for of in ["2_all_rows", "01_all_rows", "0", "1"] {
        let path = format!("mean_q_time_priority{of}");
        check.not_covered(&path, "over all rows, phantoms too; and no measure is kept by priority");
    }
    let reason = "hang-ups in the menu count at their end and have no queue to keep the hour in";
    check.fields_not_covered("per_hour_of_vru_entry", &["offered", "hang"], reason);
    traps(&upper, check);
}

fn traps(upper: &impl Fn(&str) -> i64, check: &mut Check<'_>) {
    let of = |path: &str| check.reference()[path].as_i64().expect("a count");
    let calls = of("rows") - of("phantom") - of("duplicate_line_plus_id");
    let (served, hung) = (of("served"), of("hang_in_queue"));
    let services = per_agent(check, "service_sum_s");
    let found = upper("answered") + upper("abandoned") + upper("lost_in_menu");
    check.follows("trap: a contact for each line and id, not for each id", calls, Some(found));
    check.follows(
        "trap: a hang-up in the menu is neither offered nor abandoned",
        served + hung,
        Some(upper("offered")),
    );
    check.follows("trap: nothing else becomes of a call", 0, Some(upper("unknown") + upper("left")));
    check.follows("trap: services across midnight are handled", served, Some(upper("handled")));
    check.follows("trap: and last as long as reported, seconds", services, Some(upper("talk_time_mean")));
    check.follows("trap: negative times in the menu make no negative duration", 0, Some(upper("clock_skew")));
}

fn per_agent(check: &Check<'_>, field: &str) -> i64 {
    let agents = check.reference()["per_agent"].as_object().expect("has agents");
    agents.values().map(|agent| agent[field].as_i64().expect("a sum")).sum()
}

/// The figures by date. The log files a call under the date of its entry, the program under that of its outcome.
pub fn days(report: &Report, moved: &BTreeMap<NaiveDate, Moved>, check: &mut Check<'_>) {
    const WHY: &str = "entered before midnight, decided after it";
    let mut busy = 0;
    for date in names(check.reference(), "per_day") {
        let path = |field| format!("per_day/{date}/{field}");
        let upper = |measure| report.upper(COMPANY, measure, &format!("day {date}"));
        let sum = |measures: &[&'static str]| measures.iter().map(|measure| upper(measure)).sum::<Option<i64>>();
        let Moved { served, abandoned, lost, waited } =
            moved.get(&date.parse().expect("a date")).copied().unwrap_or_default();
        let called = sum(&["answered", "abandoned", "lost_in_menu"]);
        busy += i64::from(called > Some(0));
        check.shifted(&path("offered"), WHY, served + abandoned + lost, called);
        check.shifted(&path("served"), WHY, served, upper("answered"));
        check.shifted(&path("hang"), WHY, abandoned + lost, sum(&["abandoned", "lost_in_menu"]));
        check.shifted(&path("hang_in_queue"), WHY, abandoned, upper("abandoned"));
        check.shifted(&path("wait_sum_served_s"), WHY, waited, upper("asa"));
    }
    check.exact("days", Some(busy));
}

/// Calls in the queue of whoever served them: waits belong to queues.
pub fn by_server(report: &Report, check: &mut Check<'_>) {
    for server in names(check.reference(), "per_agent") {
        let scope = format!("queue/{server}");
        check.exact(&format!("per_agent/{server}/wait_sum_s"), report.upper(&scope, "asa", ALL));
        check.mean(&format!("per_agent/{server}/asa_s"), report.value(&scope, "asa", ALL));
    }
}

/// Calls in the queue of the hour in which they came: the program counts waits at the answer.
pub fn by_hour(report: &Report, check: &mut Check<'_>) {
    for hour in names(check.reference(), "per_hour_of_vru_entry") {
        let asa = report.value(&format!("queue/{hour}"), "asa", ALL);
        check.mean(&format!("per_hour_of_vru_entry/{hour}/asa_s"), asa);
    }
}

/// Services of more than an hour told as unknown: handled, but in no figure of talk.
pub fn without_long(report: &Report, check: &mut Check<'_>) {
    check.mean("service_mean_le_3600", report.value(COMPANY, "talk_time_mean", ALL));
    check.percentile("service_median_le_3600", report.value(COMPANY, "talk_time_p50", ALL));
    let handled = report.upper(COMPANY, "handled", ALL);
    let known = report.lower(COMPANY, "talk_time_mean", ALL);
    check.exact("service_gt_3600", handled.zip(known).map(|(handled, known)| handled - known));
    for kind in names(check.reference(), "per_type_service") {
        let (path, scope) = (format!("per_type_service/{kind}"), format!("queue/{kind}"));
        check.exact(&format!("{path}/n"), report.lower(&scope, "talk_time_mean", ALL));
        check.mean(&format!("{path}/mean"), report.value(&scope, "talk_time_mean", ALL));
        let median = format!("{path}/median");
        let is_whole =
            check.reference()["per_type_service"][&kind]["median"].as_f64().is_some_and(|m| m.fract() == 0.0);
        match is_whole {
            true => check.percentile(&median, report.value(&scope, "talk_time_p50", ALL)),
            // Services are whole seconds: this one lies between the two in the middle.
            false => check.not_covered(&median, "mean of two calls; the catalogue's median is a call's (nearest rank)"),
        }
    }
}

/// The same by the log's timestamps, whose clocks disagree by seconds.
pub fn by_clock(report: &Report, calls: &[Call], check: &mut Check<'_>) {
    let upper = |measure| report.upper(COMPANY, measure, ALL);
    let served = || calls.iter().filter(|call| call.outcome == Outcome::Answered);
    let negative = served().filter(|call| call.wait_by_clock() < 0).count() as i64;
    let waited: i64 = served().map(|call| call.wait_by_clock().max(0)).sum();
    check.follows("trap: answers before the queue entry, from the file", negative, upper("clock_skew"));
    check.follows("trap: such a wait is 0, not negative: seconds, from the file", waited, upper("asa"));
    let services = per_agent(check, "service_sum_s");
    check.follows("trap: services across midnight by the clock, seconds", services, upper("talk_time_mean"));
    let waiting = (0..29 * 24 * 4).scan(0, |waiting, quarter| {
        let window = window_of(quarter);
        let of = |measure| report.upper(COMPANY, measure, &window).unwrap_or(0);
        *waiting += of("queued") - of("offered");
        Some(*waiting)
    });
    let (least, end) = waiting.fold((0, 0), |(least, _), now| (least.min(now), now));
    check.follows("trap: fewest waiting at the end of any quarter-hour", 0, Some(least));
    check.follows("trap: waiting at the end", 0, Some(end));
}

/// The n-th quarter of an hour of February as reports write it.
fn window_of(n: u32) -> String {
    let day = NaiveDate::from_ymd_opt(1999, 2, 1).expect("a date") + chrono::Days::new(u64::from(n / 96));
    format!("quarter_hour {day}T{:02}:{:02}", n % 96 / 4, n % 4 * 15)
}
