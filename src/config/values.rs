//! Single values of the files: durations, ids, times of day. A problem reads "what is wrong; what would be right".

use super::document::{Node, Value};
use crate::domain::event::Name;
use crate::domain::time::{DAY, HOUR, Instant, MINUTE, Span, Zone, day_start};
use chrono::{DateTime, NaiveDate};
use std::net::SocketAddr;

/// A duration: a number and a unit, `500ms`, `20s`, `2.5m`, `4h`, `7d`; nothing finer than a millisecond.
pub(super) fn duration(node: &Node) -> Result<Span, String> {
    let wrong = || "is no duration; write a number with ms, s, m, h or d, such as 20s or 2.5m".to_owned();
    let Value::Text(text) = &node.value else { return Err(wrong()) };
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return Err(wrong()),
    };
    // By whole numbers: 0.3 s are 300 ms, and not what is nearest to them.
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if number.ends_with('.') || decimals.len() > 9 {
        return Err(wrong());
    }
    let scale = 10_i64.pow(decimals.len() as u32);
    let digits = format!("{whole}{decimals}").parse::<i64>().map_err(|_| wrong())?;
    let parts = digits.checked_mul(unit).ok_or_else(wrong)?;
    match parts / scale {
        _ if parts % scale != 0 => Err("is finer than a millisecond; write fewer decimals".to_owned()),
        ms if ms > 4000 * DAY => Err("is too long; at most 4000d".to_owned()),
        ms => Ok(Span(ms)),
    }
}

/// A duration of more than nothing.
pub(super) fn positive_duration(node: &Node) -> Result<Span, String> {
    match duration(node)? {
        Span(0) => Err("must be longer than nothing; write e.g. 20s".to_owned()),
        span => Ok(span),
    }
}

/// A span within which a day and the next one lie.
pub(super) fn at_most_a_day(node: &Node) -> Result<Span, String> {
    match positive_duration(node)? {
        span if span > Span::days(1) => Err("is longer than a day; write at most 24h".to_owned()),
        span => Ok(span),
    }
}

/// A threshold that is counted exactly: its milliseconds are a number of 32 bits, so it is at most some 49 days.
pub(super) fn threshold(node: &Node) -> Result<Span, String> {
    match positive_duration(node)? {
        span if span > Span::days(49) => Err("is too long to be counted exactly; at most 49d".to_owned()),
        span => Ok(span),
    }
}

/// An id: 1 to 256 bytes, no blanks at its ends, no control characters.
pub(super) fn id(node: &Node) -> Result<Name, String> {
    let text = node.text().map_err(|problem| format!("{problem}; write an id"))?;
    if text.is_empty() || text.len() > 256 || text.trim() != text || text.chars().any(char::is_control) {
        return Err("is no id; write 1 to 256 bytes without blanks at the ends or control characters".to_owned());
    }
    Ok(Name::from(text))
}

/// Any text that is not empty.
pub(super) fn text(node: &Node) -> Result<String, String> {
    match node.text()?.trim() {
        "" => Err("is empty; write some text".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// A whole number in a range.
pub(super) fn whole(low: i64, high: i64) -> impl Fn(&Node) -> Result<i64, String> {
    move |node| match node.value {
        Value::Integer(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(format!("is out of range; write a whole number from {low} to {high}")),
    }
}

/// An address and a port.
pub(super) fn address(node: &Node) -> Result<SocketAddr, String> {
    let wrong = |_| "is no address and port; write e.g. 127.0.0.1:9788 or [::]:9788".to_owned();
    text(node)?.parse().map_err(wrong)
}

/// `true` or `false`.
pub(super) fn flag(node: &Node) -> Result<bool, String> {
    match node.value {
        Value::Bool(flag) => Ok(flag),
        _ => Err("is neither true nor false; write true or false".to_owned()),
    }
}

/// An IANA zone.
pub(super) fn zone(node: &Node) -> Result<Zone, String> {
    let wrong = "is no IANA zone; write e.g. Europe/Oslo or UTC";
    node.text()?.parse().map_err(|_| wrong.to_owned())
}

/// One of several words.
pub(super) fn one_of<T: Copy>(words: &[(&'static str, T)]) -> impl Fn(&Node) -> Result<T, String> {
    let words = words.to_vec();
    move |node| {
        let text = node.text().unwrap_or_default();
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("is none of the words known here; write one of {}", known.join(", "))
        })
    }
}

/// A local date.
pub(super) fn date(node: &Node) -> Result<NaiveDate, String> {
    node.text()?.parse().map_err(|_| "is no date; write e.g. 2026-01-05".to_owned())
}

/// An instant: RFC 3339, or a date, which is its first instant in `zone`.
pub(super) fn instant(zone: Zone) -> impl Fn(&Node) -> Result<Instant, String> {
    move |node| {
        let text = node.text()?;
        let date = text.parse::<NaiveDate>().map(|date| day_start(date, zone));
        date.or_else(|_| DateTime::parse_from_rfc3339(&text).map(|time| Instant(time.timestamp_millis())))
            .map_err(|_| "is neither a date nor a time; write 2026-01-05 or 2026-01-05T08:00:00+01:00".to_owned())
    }
}

/// A block of a day, as minutes from its start: `08:00-16:30`, the end at most `24:00`. One that ends before it begins
/// spans midnight: its end is beyond 24 hours.
pub(super) fn block(node: &Node) -> Result<(u16, u16), String> {
    let wrong = || "is no block of a day; write e.g. \"08:00-16:30\", or \"22:00-06:00\" over midnight".to_owned();
    let text = node.text().map_err(|_| wrong())?;
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour.min(24) * 60 + minute)
    };
    let (start, end) = text.split_once('-').ok_or_else(wrong)?;
    match (minutes(start), minutes(end)) {
        (Some(start), Some(end)) if start < end => Ok((start, end)),
        (Some(start), Some(end)) if end < start && start < 24 * 60 => Ok((start, end + 24 * 60)),
        _ => Err(wrong()),
    }
}
