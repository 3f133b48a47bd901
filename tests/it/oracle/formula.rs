//! The formulas of the catalogue, by name, over a plain list of amounts.

use super::{Amount, Stay};
use goalkeeper::domain::scope::ScopeKind;
use goalkeeper::domain::settings::{AbandonRate, ServiceLevel, Settings};

/// What a measure says.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub value: Value,
    pub numerator: Option<i64>,
    pub denominator: Option<i64>,
    pub sample: i64,
}

/// The value, and how exactly the product must hit it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    None,
    Exactly(f64),
    /// A percentile of real durations, in milliseconds.
    Percentile(i64),
    /// The longest of real durations, in milliseconds.
    Maximum(i64),
}

struct List<'a>(&'a [&'a Amount]);

impl List<'_> {
    fn values(&self, what: &str) -> Vec<i64> {
        self.0.iter().filter(|amount| amount.what == what).map(|amount| amount.n).collect()
    }
    fn sum(&self, what: &str) -> i64 {
        self.values(what).iter().sum()
    }
    fn starting(&self, prefix: &str) -> i64 {
        self.0.iter().filter(|amount| amount.what.starts_with(prefix)).map(|amount| amount.n).sum()
    }
    fn all(&self, whats: &[&str]) -> Vec<i64> {
        whats.iter().flat_map(|what| self.values(what)).collect()
    }
}

fn count(n: i64) -> Answer {
    Answer { value: Value::Exactly(n as f64), numerator: Some(n), denominator: None, sample: n }
}

/// `upper / lower`, in a unit of which `parts` make one.
fn ratio(upper: i64, lower: i64, scale: f64) -> Answer {
    let has_data = lower > 0;
    let value = if has_data { Value::Exactly(upper as f64 / lower as f64 * scale) } else { Value::None };
    Answer { value, numerator: has_data.then_some(upper), denominator: Some(lower), sample: lower }
}

fn mean(values: &[i64]) -> Answer {
    ratio(values.iter().sum(), values.len() as i64, 0.001)
}

fn statistic(name: &str, mut values: Vec<i64>) -> Answer {
    values.sort_unstable();
    let n = values.len();
    let rank = |per_cent: usize| (per_cent * n).div_ceil(100).max(1) - 1;
    let value = match (name, n) {
        ("mean", _) => return mean(&values),
        (_, 0) => Value::None,
        ("max", _) => Value::Maximum(values[n - 1]),
        (percentile, _) => Value::Percentile(values[rank(percentile[1..].parse().expect("p and a number"))]),
    };
    Answer { value, numerator: None, denominator: None, sample: n as i64 }
}

/// The share of ones among ones and zeros.
fn share(values: &[i64]) -> Answer {
    ratio(values.iter().sum(), values.len() as i64, 1.0)
}

fn within(values: &[i64], limit: i64) -> i64 {
    values.iter().filter(|value| **value <= limit).count() as i64
}

/// A threshold as it stands in a name: `20s`, `4h`.
fn threshold(text: &str) -> i64 {
    let digits = text.find(|c: char| !c.is_ascii_digit()).expect("a unit");
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        other => panic!("no unit of time: {other}"),
    };
    text[..digits].parse::<i64>().expect("a number") * unit
}

/// Names of measures of a duration, and the amounts that they are about.
const DURATIONS: [(&str, &[&str]); 7] = [
    ("wait_answered_", &["wait_answered"]),
    ("wait_abandoned_", &["wait_abandoned"]),
    ("wait_all_", &["wait_answered", "wait_abandoned", "wait_left"]),
    ("talk_time_", &["talk"]),
    ("handle_time_", &["handle"]),
    ("first_response_", &["first_response"]),
    ("full_resolution_", &["full_resolution"]),
];

/// The measure called `name` of what stands at the end of a window; none if it is no such measure.
pub fn stock(name: &str, stays: &[Stay], end: i64, now: i64) -> Option<Answer> {
    let of = |what: &str| stays.iter().filter(|stay| stay.what == what).copied().collect::<Vec<Stay>>();
    match name {
        "waiting_now" => Some(count(of("waiting").iter().filter(|stay| stay.stands_before(end)).count() as i64)),
        "longest_wait_now" => {
            let waiting = of("waiting").into_iter().filter(|stay| stay.to.is_none() && stay.from <= now && end > now);
            let entries: Vec<i64> = waiting.map(|stay| stay.from).collect();
            let value = entries.iter().min().map_or(Value::None, |first| Value::Exactly((now - first) as f64 / 1000.0));
            Some(Answer { value, numerator: None, denominator: None, sample: entries.len() as i64 })
        }
        _ => None,
    }
}

/// The measure called `name` over the amounts inside its window.
pub fn answer(name: &str, kind: ScopeKind, inside: &[&Amount], settings: &Settings) -> Answer {
    let list = List(inside);
    let (answered, abandoned) = (list.sum("answered"), list.sum("abandoned"));
    match name {
        "offered" => return count(answered + abandoned + list.starting("left_") + list.sum("unknown")),
        "answered" if kind == ScopeKind::Rep => return count(list.sum("rep_answered")),
        "short_abandons" => return count(list.sum("abandoned_short")),
        "left" => return count(list.starting("left_")),
        "asa" => return mean(&list.values("wait_answered")),
        "service_level" => {
            let (upper, lower) = service_level(&list, answered, abandoned, settings.service_level);
            return ratio(upper, lower, 1.0);
        }
        "abandon_rate" => {
            let short = list.sum("abandoned_short");
            let (upper, lower) = match settings.abandon_rate {
                AbandonRate::Offered => (abandoned, answered + abandoned + list.starting("left_")),
                AbandonRate::AnsweredPlusAbandoned => (abandoned, answered + abandoned),
                AbandonRate::WithoutShort => (abandoned - short, answered + abandoned - short),
            };
            return ratio(upper, lower, 1.0);
        }
        "outside_customers_day" => {
            let night = list.starting("night_") - list.sum("night_short");
            return ratio(night, night + list.sum("daylight"), 1.0);
        }
        "abandon_rate_outside_customers_day" => {
            let [answered, abandoned, short] =
                ["answered", "abandoned", "short"].map(|n| list.sum(&format!("night_{n}")));
            let (upper, lower) = match settings.abandon_rate {
                AbandonRate::Offered => (abandoned, answered + abandoned + list.starting("night_left_")),
                AbandonRate::AnsweredPlusAbandoned => (abandoned, answered + abandoned),
                AbandonRate::WithoutShort => (abandoned - short, answered + abandoned - short),
            };
            return ratio(upper, lower, 1.0);
        }
        "missed" => return count(list.starting("missed_") - list.sum("missed_caller_left")),
        "hold_time_mean" => return mean(&list.values("hold")),
        "wrap_time_mean" => return mean(&list.values("wrap")),
        "first_contact_resolution" => {
            return ratio(list.sum("first_contacts_resolved"), list.sum("first_contacts"), 1.0);
        }
        "outbound_talk_time_mean" => return mean(&list.values("outbound_talk")),
        "outbound_handle_time_mean" => return mean(&list.values("outbound_handle")),
        "clock_skew" => return count(list.sum("skew")),
        "tied_events" => return count(list.sum("tied")),
        "reopen_rate" => return ratio(list.sum("tickets_reopened"), list.sum("ticket_solves"), 1.0),
        "survey_response_rate" => return ratio(list.sum("surveys_answered"), list.sum("surveys_offered"), 1.0),
        "csat" => {
            let answers = list.values("csat_satisfied");
            return ratio(answers.iter().sum(), answers.len() as i64, 1.0);
        }
        "csat_score_mean" => return mean(&list.values("csat_score")),
        "nps_promoters" => return count(list.values("nps").iter().filter(|n| **n > 0).count() as i64),
        "nps_detractors" => return count(list.values("nps").iter().filter(|n| **n < 0).count() as i64),
        "ces_mean" => return mean(&list.values("ces")),
        "csi" => {
            let found = ratio(list.sum("csi"), list.sum("csi_weight"), 10.0);
            return Answer { sample: list.values("csi").len() as i64, ..found };
        }
        "review_score" => return mean(&list.values("review_score")),
        "review_fatal_accuracy" => return share(&list.values("review_not_fatal")),
        "review_nonfatal_accuracy" => return share(&list.values("review_item_right")),
        "complaints_per_1000_contacts" => return ratio(list.sum("complaints"), list.sum("handled"), 1000.0),
        "reported_value" => {
            let found = ratio(list.sum("reported_upper"), list.sum("reported_lower"), 1.0);
            return Answer { sample: list.sum("reported_sample"), ..found };
        }
        "reported_sum" => {
            let (figures, n) = (list.sum("reported_figures"), list.sum("reported_upper"));
            let value = if figures > 0 { Value::Exactly(n as f64 / 1000.0) } else { Value::None };
            return Answer { value, numerator: (figures > 0).then_some(n), denominator: None, sample: figures };
        }
        "nps" => {
            let answers = list.values("nps");
            return ratio(answers.iter().sum(), answers.len() as i64, 100.0);
        }
        _ => {}
    }
    if let Some(limit) = name.strip_prefix("abandoned_beyond_") {
        let waits = list.values("wait_abandoned");
        return count(waits.len() as i64 - within(&waits, threshold(limit)));
    }
    for (prefix, whats) in DURATIONS {
        let Some(rest) = name.strip_prefix(prefix) else { continue };
        let Some(limit) = rest.strip_prefix("within_") else { return statistic(rest, list.all(whats)) };
        if prefix.starts_with("wait") {
            let waits = list.all(whats);
            return ratio(within(&waits, threshold(limit)), waits.len() as i64, 1.0);
        }
        let limit = threshold(limit);
        return ratio(list.sum(&format!("{prefix}within_{limit}")), list.sum(&format!("{prefix}due_{limit}")), 1.0);
    }
    const COUNTS: [&str; 22] = [
        "queued",
        "answered",
        "abandoned",
        "unknown",
        "lost_in_menu",
        "handled",
        "outbound_contacts",
        "outbound_handled",
        "tickets_created",
        "tickets_solved",
        "ticket_solves",
        "tickets_reopened",
        "tickets_solved_again",
        "surveys_offered",
        "judgements_unattributed",
        "survey_answers",
        "reviews",
        "complaints",
        "certifications_earned",
        "certifications_lapsed",
        "coaching_sessions",
        "reported_figures",
    ];
    let is_counted = COUNTS.contains(&name) || name.starts_with("left_") || name.starts_with("missed_");
    assert!(is_counted, "the oracle does not know the measure {name}");
    count(list.sum(name))
}

fn service_level(list: &List, answered: i64, abandoned: i64, formula: ServiceLevel) -> (i64, i64) {
    let in_time = list.sum("answered_in_time");
    let (early, short) = (list.sum("abandoned_in_time"), list.sum("abandoned_short"));
    match formula {
        ServiceLevel::AnsweredPlusAbandoned => (in_time + early, answered + abandoned),
        ServiceLevel::AnsweredOnly => (in_time, answered),
        ServiceLevel::Offered => (in_time, answered + abandoned),
        ServiceLevel::OfferedMinusEarlyAbandons => (in_time, answered + abandoned - early),
        ServiceLevel::ShortAbandonsPositive => (in_time + short, answered + abandoned),
        ServiceLevel::OfferedMinusShort => (in_time, answered + abandoned - short),
    }
}
