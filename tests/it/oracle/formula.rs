//! The formulas of the catalogue, by name, over a plain list of amounts.

use super::{Amount, Stay};
use goalkeeper::domain::scope::ScopeKind;
use goalkeeper::domain::settings::{AbandonRate, CreditRule, ServiceLevel, Settings};

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
    /// Those that are more than nothing.
    fn some(&self, what: &str) -> Vec<i64> {
        self.values(what).into_iter().filter(|n| *n > 0).collect()
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

fn per_ticket(list: &List, what: &str) -> Answer {
    ratio(list.sum(what), list.sum("tickets_solved"), 1.0)
}

fn on_contact(list: &List) -> i64 {
    list.sum("time_on_contact") + list.sum("time_wrap_up")
}

fn signed_in(list: &List) -> i64 {
    list.starting("time_") - list.sum("time_scheduled") - list.starting("time_to_close")
}

/// Something over milliseconds, of which whole seconds were looked at.
fn of_time(upper: i64, lower: i64, scale: f64) -> Answer {
    Answer { sample: lower / 1000, ..ratio(upper, lower, scale) }
}

/// The marks of reviews, where the best one is `best`.
fn of_best(list: &List, best: f64) -> Answer {
    let items = list.values("review_item_best").len() as i64;
    Answer { sample: items, ..ratio(list.sum("review_item_mark"), list.sum("review_item_best"), best) }
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
const DURATIONS: [(&str, &[&str]); 15] = [
    ("chat_first_response_", &["chat_first_response"]),
    ("chat_response_", &["chat_response"]),
    ("wait_answered_", &["wait_answered"]),
    ("wait_abandoned_", &["wait_abandoned"]),
    ("wait_all_", &["wait_answered", "wait_abandoned", "wait_left"]),
    ("talk_time_", &["talk"]),
    ("handle_time_", &["handle"]),
    ("first_response_business_", &["first_response_business"]),
    ("first_response_", &["first_response"]),
    ("next_response_business_", &["next_response_business"]),
    ("next_response_", &["next_response"]),
    ("first_resolution_business_", &["first_resolution_business"]),
    ("first_resolution_", &["first_resolution"]),
    ("full_resolution_business_", &["full_resolution_business"]),
    ("full_resolution_", &["full_resolution"]),
];

/// The measure called `name` of what stands at the end of a window; none if it is no such measure.
pub fn stock(name: &str, stays: &[Stay], end: i64, now: i64) -> Option<Answer> {
    let of = |what: &str| stays.iter().filter(|stay| stay.what == what).copied().collect::<Vec<Stay>>();
    match name {
        "waiting_now" => Some(count(of("waiting").iter().filter(|stay| stay.stands_before(end)).count() as i64)),
        "backlog" | "backlog_unassigned" | "certifications_in_force" => {
            Some(count(of(name).iter().filter(|stay| stay.stands_before(end)).count() as i64))
        }
        "backlog_age_mean" => {
            let created: Vec<i64> =
                of("backlog").iter().filter(|stay| stay.stands_before(end)).map(|stay| stay.began).collect();
            let ages: i64 = created.iter().map(|began| end.min(now) - began.div_euclid(1000) * 1000).sum();
            Some(ratio(ages, created.len() as i64, 0.001))
        }
        _ if name.starts_with("backlog_older_than_") => {
            let limit = threshold(&name["backlog_older_than_".len()..]);
            let is_old = |stay: &&Stay| stay.began + limit < end && stay.began + limit <= now;
            Some(count(of("backlog").iter().filter(|stay| stay.stands_before(end)).filter(is_old).count() as i64))
        }
        _ if name.starts_with("backlog_overdue_cycles_") => {
            let limit = threshold(&name["backlog_overdue_cycles_".len()..]);
            let t = end.min(now);
            let (mut late, mut tickets) = (0, 0);
            for stay in of("backlog").iter().filter(|stay| stay.stands_before(end)) {
                if stay.began + limit < end && stay.began + limit <= now {
                    late += t - stay.began.div_euclid(1000) * 1000 - limit;
                    tickets += 1;
                }
            }
            Some(Answer { sample: tickets, ..ratio(late, tickets * limit, 1.0) })
        }
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
        "service_level" => return service_level(&list, settings.service_level, None),
        "abandon_rate" => return abandon_rate(&list, settings.abandon_rate),
        "outside_customers_day" => {
            let night = list.starting("night_") - list.sum("night_short");
            return ratio(night, night + list.sum("daylight"), 1.0);
        }
        "abandon_rate_outside_customers_day" => {
            let [answered, abandoned, short] =
                ["answered", "abandoned", "short"].map(|n| list.sum(&format!("night_{n}")));
            let (upper, lower) = match settings.abandon_rate {
                AbandonRate::Plain | AbandonRate::Offered => {
                    (abandoned, answered + abandoned + list.starting("night_left_"))
                }
                AbandonRate::AnsweredPlusAbandoned => (abandoned, answered + abandoned),
                AbandonRate::Strict => (abandoned - short, answered + abandoned - short),
            };
            return ratio(upper, lower, 1.0);
        }
        "missed" => return count(list.starting("missed_") - list.sum("missed_caller_left")),
        "hold_time_mean" => return mean(&list.values("hold")),
        "wrap_time_mean" => return mean(&list.values("wrap")),
        _ if (name.starts_with("time_") && !name.starts_with("time_to_close"))
            || ["signed_in_time", "scheduled_time"].contains(&name) =>
        {
            let all = if name == "scheduled_time" { list.sum("time_scheduled") } else { signed_in(&list) };
            let n = match name {
                "signed_in_time" | "scheduled_time" => all,
                _ => list.sum(name),
            };
            let value = if all > 0 { Value::Exactly(n as f64 / 1000.0) } else { Value::None };
            return Answer { value, numerator: (all > 0).then_some(n), denominator: None, sample: all / 1000 };
        }
        "occupancy" => return of_time(on_contact(&list), on_contact(&list) + list.sum("time_available"), 1.0),
        "utilisation" => return of_time(on_contact(&list), signed_in(&list), 1.0),
        "availability" => {
            return of_time(on_contact(&list) + list.sum("time_available"), signed_in(&list), 1.0);
        }
        "adherence" => return of_time(list.sum("planned_and_done"), list.sum("planned"), 1.0),
        "conformance" => {
            let on_queue = on_contact(&list) + list.sum("time_available");
            return of_time(on_queue, list.sum("planned_on_queue"), 1.0);
        }
        "contacts_per_available_hour" => {
            let at_work = on_contact(&list) + list.sum("time_available");
            return of_time(list.sum("handled"), at_work, 3_600_000.0);
        }
        "contacts_per_scheduled_hour" => {
            return of_time(list.sum("handled"), list.sum("time_scheduled"), 3_600_000.0);
        }
        "handled_with_hold" => return count(list.some("hold").len() as i64),
        "handled_with_wrap" => return count(list.some("wrap").len() as i64),
        "hold_time_of_held_mean" => return mean(&list.some("hold")),
        "wrap_time_of_wrapped_mean" => return mean(&list.some("wrap")),
        "rings" => return count(list.sum("ring_answered") + list.starting("missed_")),
        "ring_time_mean" => return mean(&list.values("ring")),
        "miss_rate" => {
            let missed = list.starting("missed_") - list.sum("missed_caller_left");
            return ratio(missed, missed + list.sum("ring_answered"), 1.0);
        }
        "transfers" => {
            let kinds = ["blind", "attended", "queue", "other"];
            return count(kinds.iter().map(|kind| list.sum(&format!("transfers_{kind}"))).sum());
        }
        "transfer_rate" => return ratio(list.sum("handled_transferred"), list.sum("handled"), 1.0),
        "transfer_unneeded_rate" => {
            let unneeded = list.sum("transfers_unneeded");
            return ratio(unneeded, unneeded + list.sum("transfers_needed"), 1.0);
        }
        "transfer_unclassified_rate" => {
            let classes = ["needed", "unneeded", "unclassified"];
            let all = classes.iter().map(|class| list.sum(&format!("transfers_{class}"))).sum();
            return ratio(list.sum("transfers_unclassified"), all, 1.0);
        }
        "chat_responses" => return count(list.values("chat_response").len() as i64),
        "outbound_connect_rate" => return ratio(list.sum("outbound_connected"), list.sum("outbound_contacts"), 1.0),
        "first_contact_resolution" => return first_contacts(&list, "first_contact", settings),
        "first_contact_resolution_provisional" => return first_contacts(&list, "first_contact_provisional", settings),
        "first_contact_resolution_by_flag" => return share(&list.values("flagged")),
        "repeat_contacts" => return count(list.sum("customer_contact_repeats")),
        "repeat_rate" => return share(&list.values("customer_contact_repeats")),
        "outbound_talk_time_mean" => return mean(&list.values("outbound_talk")),
        "outbound_handle_time_mean" => return mean(&list.values("outbound_handle")),
        "clock_skew" => return count(list.sum("skew")),
        "tied_events" => return count(list.sum("tied")),
        "reopen_rate" => return ratio(list.sum("tickets_reopened"), list.sum("ticket_solves"), 1.0),
        "solves_per_ticket" => return per_ticket(&list, "solved_solves"),
        "replies_per_ticket" => return per_ticket(&list, "solved_replies"),
        "reassignments_per_ticket" => return per_ticket(&list, "solved_reassignments"),
        "one_touch_rate" => return per_ticket(&list, "one_touch"),
        "two_touch_rate" => return per_ticket(&list, "two_touch"),
        "reassignment_rate" => return per_ticket(&list, "tickets_reassigned"),
        "fault_ownership" => return ratio(list.sum("faults_owned"), list.sum("faults_solved"), 1.0),
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
        "review_items" => return count(list.values("review_item_mark").len() as i64),
        "review_items_failed" => {
            return count(list.values("review_item_mark").iter().filter(|mark| **mark == 0).count() as i64);
        }
        "review_item_score" => return of_best(&list, 1.0),
        "review_item_points_of_5" => return of_best(&list, 5.0),
        "review_item_points_of_10" => return of_best(&list, 10.0),
        "complaints_per_1000_contacts" => return ratio(list.sum("complaints"), list.sum("handled"), 1000.0),
        "reported_value" => {
            let found = ratio(list.sum("reported_upper"), list.sum("reported_lower"), 1.0);
            return Answer { sample: list.sum("reported_sample"), ..found };
        }
        "reported_sum" => {
            let (figures, n) = (list.sum("reported_figures"), list.sum("reported_total"));
            let value = if figures > 0 { Value::Exactly(n as f64 / 1000.0) } else { Value::None };
            return Answer { value, numerator: (figures > 0).then_some(n), denominator: None, sample: figures };
        }
        "nps" => {
            let answers = list.values("nps");
            return ratio(answers.iter().sum(), answers.len() as i64, 100.0);
        }
        _ => {}
    }
    if let Some(clock) = name.strip_suffix("_in_target") {
        // The clock stands behind the target in the names of amounts.
        let (what, business) = clock.strip_suffix("_business").map_or((clock, ""), |what| (what, "_business"));
        let sum = |end| list.sum(&format!("{what}_target{business}_{end}"));
        return ratio(sum("within"), sum("due"), 1.0);
    }
    const MEANS: [&str; 5] = ["fault_open_time", "time_to_close", "requester_wait", "agent_work", "on_hold"];
    let is_mean = |what: &&str| MEANS.contains(&what.trim_end_matches("_business"));
    if let Some(what) = name.strip_suffix("_mean").filter(is_mean) {
        return mean(&list.values(what));
    }
    for formula in ServiceLevel::ALL {
        let Some(rest) = name.strip_prefix("service_level_").and_then(|rest| rest.strip_prefix(formula.id())) else {
            continue;
        };
        match rest.strip_prefix('_') {
            None if rest.is_empty() => return service_level(&list, formula, None),
            Some(limit) if limit.starts_with(|c: char| c.is_ascii_digit()) => {
                return service_level(&list, formula, Some(threshold(limit)));
            }
            _ => {}
        }
    }
    let mut rates = AbandonRate::ALL.into_iter();
    if let Some(rate) = rates.find(|rate| name.strip_prefix("abandon_rate_") == Some(rate.id())) {
        return abandon_rate(&list, rate);
    }
    if let Some(limit) = name.strip_prefix("abandoned_within_") {
        return count(within(&list.values("wait_abandoned"), threshold(limit)));
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
    const COUNTS: [&str; 31] = [
        "outbound_connected",
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
        "tickets_merged",
        "tickets_deleted",
        "tickets_closed",
        "tickets_reassigned",
        "reassignments",
        "one_touch",
        "faults_solved",
        "surveys_offered",
        "judgements_unattributed",
        "survey_answers",
        "reviews",
        "review_items_not_applicable",
        "complaints",
        "certifications_earned",
        "certifications_lapsed",
        "coaching_sessions",
        "reported_figures",
    ];
    let is_counted = COUNTS.contains(&name) || ["left_", "missed_", "transfers_"].iter().any(|p| name.starts_with(p));
    assert!(is_counted, "the oracle does not know the measure {name}");
    count(list.sum(name))
}

/// Contacts resolved at once among all; where reps share them, in thousandths.
fn first_contacts(list: &List, what: &str, settings: &Settings) -> Answer {
    let contacts = list.values(what);
    match settings.first_contact.credit {
        CreditRule::Split => {
            let [all, resolved] = ["shares", "shares_resolved"].map(|shares| list.sum(&format!("{what}_{shares}")));
            Answer { sample: contacts.len() as i64, ..ratio(resolved, all, 1.0) }
        }
        _ => share(&contacts),
    }
}

/// At the threshold of each queue, or at one for all; of those whose wait is known.
fn service_level(list: &List, formula: ServiceLevel, limit: Option<i64>) -> Answer {
    let known = |what: &str| list.values(&format!("wait_{what}")).len() as i64;
    let (answered, abandoned, short) = (known("answered"), known("abandoned"), list.sum("abandoned_short"));
    let in_time = |what: &str| match limit {
        None => list.sum(&format!("{what}_in_time")),
        Some(limit) => within(&list.values(&format!("wait_{what}")), limit),
    };
    let (in_time, early, callbacks) = (in_time("answered"), in_time("abandoned"), in_time("callback"));
    let (upper, lower) = match formula {
        ServiceLevel::AnsweredPlusAbandoned => (in_time + early, answered + abandoned),
        ServiceLevel::AnsweredOnly => (in_time, answered),
        ServiceLevel::Offered => (in_time, answered + abandoned),
        ServiceLevel::OfferedMinusEarlyAbandons => (in_time, answered + abandoned - early),
        ServiceLevel::ShortAbandonsPositive => (in_time + short, answered + abandoned),
        ServiceLevel::OfferedMinusShort => (in_time, answered + abandoned - short),
        ServiceLevel::AnsweredPlusAbandonedPlusCallbacks => {
            (in_time + early + callbacks, answered + abandoned + known("left"))
        }
    };
    ratio(upper, lower, 1.0)
}

fn abandon_rate(list: &List, formula: AbandonRate) -> Answer {
    let (answered, abandoned, short) = (list.sum("answered"), list.sum("abandoned"), list.sum("abandoned_short"));
    let (upper, lower) = match formula {
        AbandonRate::Plain => (list.sum("entry_abandoned"), list.starting("entry_")),
        AbandonRate::Offered => (abandoned, answered + abandoned + list.starting("left_")),
        AbandonRate::AnsweredPlusAbandoned => (abandoned, answered + abandoned),
        AbandonRate::Strict => (abandoned - short, answered + abandoned - short),
    };
    ratio(upper, lower, 1.0)
}
