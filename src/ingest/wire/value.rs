//! The values of fields: ids, texts, moments, numbers, flags, attributes.

use super::object::{Problem, Read, Result};
use crate::domain::event::{Field, Reported};
use crate::domain::time::{DAY, Instant};
use crate::ingest::json::{Token, Value};
use chrono::DateTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// The longest id in bytes, after trimming.
pub(in crate::ingest) const MAX_ID: usize = 256;
/// The most attributes an event may carry.
pub(in crate::ingest) const MAX_ATTRIBUTES: usize = 32;
/// The largest number either way, in thousandths.
const MAX_NUMBER: i64 = 999_999_999_999_999;
/// The longest duration that makes sense, in milliseconds.
const MAX_DURATION: i64 = 400 * DAY;

/// An opaque id: trimmed text, or an integer in decimal.
#[derive(Debug)]
pub(in crate::ingest) struct Id<'a>(pub(in crate::ingest) Cow<'a, str>);

/// Any text; what it may be is judged where it is used.
#[derive(Debug)]
pub(in crate::ingest) struct Text<'a>(pub(in crate::ingest) Cow<'a, str>);

/// The name of a time zone.
#[derive(Debug)]
pub(in crate::ingest) struct Zone<'a>(pub(in crate::ingest) Cow<'a, str>);

/// A moment in RFC 3339.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Time(pub(in crate::ingest) Instant);

/// A duration in seconds on the wire, in milliseconds here.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Seconds(pub(in crate::ingest) i64);

/// Points of a score, in thousandths; 0 or more.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Points(pub(in crate::ingest) i64);

/// Any number, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Number(pub(in crate::ingest) i64);

/// A whole number, 0 or more.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Count(pub(in crate::ingest) i64);

/// A whole number; in a Kafka header it is text.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Integer(pub(in crate::ingest) i64);

/// True or false; in a Kafka header it is text.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Flag(pub(in crate::ingest) bool);

/// Named texts, sorted by name.
#[derive(Debug)]
pub(in crate::ingest) struct Attributes(pub(in crate::ingest) Vec<(String, String)>);

/// A field that may be absent, `null`, or there.
#[derive(Debug, Default)]
pub(in crate::ingest) enum Said<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T: JsonSchema> JsonSchema for Said<T> {
    fn schema_name() -> Cow<'static, str> {
        Option::<T>::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
    fn inline_schema() -> bool {
        true
    }
}

impl<T> Said<T> {
    pub(in crate::ingest) fn map<U>(self, f: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Said::Absent => Field::Absent,
            Said::Null => Field::Null,
            Said::Value(value) => Field::Value(f(value)),
        }
    }
}

impl From<Said<Seconds>> for Reported {
    fn from(said: Said<Seconds>) -> Reported {
        match said {
            Said::Absent => Reported::Absent,
            Said::Null => Reported::Unknown,
            Said::Value(Seconds(ms)) => Reported::Millis(ms),
        }
    }
}

impl<'a, T: Read<'a>> Read<'a> for Said<T> {
    fn read(value: Value<'_, 'a>) -> Result<Said<T>> {
        match value.token() {
            Token::Null => Ok(Said::Null),
            _ => T::read(value).map(Said::Value),
        }
    }
}

/// Trims an id and says whether it can be one.
pub(in crate::ingest) fn checked_id(text: &str) -> Result<&str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let id = if is_plain { text } else { text.trim() };
    if id.is_empty() {
        return Err(Problem::new("an id must not be empty"));
    }
    if id.len() > MAX_ID {
        return Err(Problem::new(format!("an id has at most {MAX_ID} bytes, this one has {}", id.len())));
    }
    if !is_plain && id.chars().any(char::is_control) {
        return Err(Problem::new("an id has no control characters"));
    }
    Ok(id)
}

/// A moment in RFC 3339, cut to milliseconds.
pub(in crate::ingest) fn read_time(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| Instant(time.timestamp_millis()))
}

impl<'a> Read<'a> for Id<'a> {
    fn read(value: Value<'_, 'a>) -> Result<Id<'a>> {
        match value.token() {
            Token::Text(Cow::Borrowed(text)) => Ok(Id(Cow::Borrowed(checked_id(text)?))),
            Token::Text(Cow::Owned(text)) => Ok(Id(Cow::Owned(checked_id(text)?.to_owned()))),
            Token::Whole(number) => Ok(Id(Cow::Owned(number.to_string()))),
            Token::Negative(number) => Ok(Id(Cow::Owned(number.to_string()))),
            _ => Err(Problem::kind(value, "an id: text or an integer")),
        }
    }
}

impl<'a> Read<'a> for Text<'a> {
    fn read(value: Value<'_, 'a>) -> Result<Text<'a>> {
        match value.token() {
            Token::Text(text) => Ok(Text(text.clone())),
            _ => Err(Problem::kind(value, "text")),
        }
    }
}

impl<'a> Read<'a> for Zone<'a> {
    fn read(value: Value<'_, 'a>) -> Result<Zone<'a>> {
        let Text(name) = Text::read(value)?;
        match name.parse::<chrono_tz::Tz>() {
            Ok(_) => Ok(Zone(name)),
            Err(_) => Err(Problem::new("no IANA zone of that name; write e.g. Europe/Oslo")),
        }
    }
}

impl Read<'_> for Time {
    fn read(value: Value<'_, '_>) -> Result<Time> {
        let Text(text) = Text::read(value)?;
        let time = read_time(&text).map(Time);
        time.ok_or_else(|| Problem::new("no time in RFC 3339; write e.g. 2026-01-05T09:00:18.250Z"))
    }
}

/// Thousandths of a number from 0 to `limit` thousandths; finer digits are cut.
fn thousandths(value: Value<'_, '_>, what: &'static str, limit: i64) -> Result<i64> {
    let thousandths = match value.token() {
        Token::Whole(number) => i64::try_from(*number).ok().and_then(|number| number.checked_mul(1000)),
        // Through millionths, so that 0.57 is 570 and not 569: a decimal fraction is mostly a hair off in binary.
        Token::Fraction(number) if number.abs() < 1e9 => {
            Some(((number * 1e6).round() as i64).div_euclid(1000)).filter(|_| *number >= 0.0)
        }
        Token::Negative(_) | Token::Fraction(_) => None,
        _ => return Err(Problem::kind(value, what)),
    };
    let in_range = thousandths.filter(|n| (0..=limit).contains(n));
    in_range.ok_or_else(|| Problem::new(format!("out of range: {what}, at most {}", limit / 1000)))
}

impl Read<'_> for Seconds {
    fn read(value: Value<'_, '_>) -> Result<Seconds> {
        thousandths(value, "seconds, 0 or more", MAX_DURATION).map(Seconds)
    }
}

impl Read<'_> for Points {
    fn read(value: Value<'_, '_>) -> Result<Points> {
        thousandths(value, "a score, 0 or more", 1_000_000_000).map(Points)
    }
}

impl Read<'_> for Number {
    fn read(value: Value<'_, '_>) -> Result<Number> {
        let thousandths = match value.token() {
            Token::Whole(number) => i64::try_from(*number).ok().and_then(|number| number.checked_mul(1000)),
            Token::Negative(number) => number.checked_mul(1000),
            Token::Fraction(number) => Some((number * 1000.0).round() as i64),
            _ => return Err(Problem::kind(value, "a number")),
        };
        let in_range = thousandths.filter(|n| (-MAX_NUMBER..=MAX_NUMBER).contains(n));
        in_range.map(Number).ok_or_else(|| Problem::new("out of range: a number of at most 12 digits before the point"))
    }
}

impl Read<'_> for Integer {
    fn read(value: Value<'_, '_>) -> Result<Integer> {
        let number = match value.token() {
            Token::Whole(number) => i64::try_from(*number).ok(),
            Token::Negative(number) => Some(*number),
            Token::Text(text) => text.parse().ok(),
            _ => return Err(Problem::kind(value, "a whole number")),
        };
        number.map(Integer).ok_or_else(|| Problem::new("no whole number of 64 bits"))
    }
}

impl Read<'_> for Count {
    fn read(value: Value<'_, '_>) -> Result<Count> {
        match value.token() {
            Token::Whole(number) if *number <= u64::from(u32::MAX) => Ok(Count(*number as i64)),
            Token::Whole(_) | Token::Negative(_) => Err(Problem::new("out of range: a count of 32 bits, 0 or more")),
            _ => Err(Problem::kind(value, "a count")),
        }
    }
}

impl Read<'_> for Flag {
    fn read(value: Value<'_, '_>) -> Result<Flag> {
        match value.token() {
            Token::Flag(flag) => Ok(Flag(*flag)),
            Token::Text(text) => text.parse().map(Flag).map_err(|_| Problem::new("neither true nor false")),
            _ => Err(Problem::kind(value, "true or false")),
        }
    }
}

impl Read<'_> for Attributes {
    fn read(value: Value<'_, '_>) -> Result<Attributes> {
        let Token::Object(count) = value.token() else { return Err(Problem::kind(value, "an object of texts")) };
        if *count > MAX_ATTRIBUTES {
            return Err(Problem::new(format!("more than {MAX_ATTRIBUTES} attributes")));
        }
        let mut attributes = Vec::with_capacity(*count);
        for (name, value) in value.parts() {
            let name = checked_id(name)?;
            let Text(value) = Text::read(value).map_err(|problem| problem.within(name))?;
            if value.len() > MAX_ID {
                return Err(Problem::new(format!("an attribute has at most {MAX_ID} bytes")));
            }
            attributes.push((name.to_owned(), value.into_owned()));
        }
        attributes.sort();
        // Of a name that is there twice the last in order stays; JSON leaves it open, an order must not.
        attributes.reverse();
        attributes.dedup_by(|a, b| a.0 == b.0);
        attributes.reverse();
        Ok(Attributes(attributes))
    }
}

macro_rules! schema {
    ($type:ty, $name:literal, $($schema:tt)*) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($($schema)*)
            }
        }
    };
}

schema!(Id<'_>, "Id", {
    "description": "Opaque text of 1 to 256 bytes after trimming, without control characters; an integer is taken as its decimals.",
    "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]
});
schema!(Text<'_>, "Text", {"type": "string"});
schema!(Zone<'_>, "Zone", {"type": "string", "description": "IANA zone, e.g. Europe/Oslo."});
schema!(Time, "Time", {"type": "string", "format": "date-time", "description": "RFC 3339; finer than milliseconds is cut."});
schema!(Seconds, "Seconds", {"type": "number", "minimum": 0, "maximum": MAX_DURATION / 1000});
schema!(Points, "Points", {"type": "number", "minimum": 0, "maximum": 1_000_000});
schema!(Number, "Number", {"type": "number"});
schema!(Count, "Count", {"type": "integer", "minimum": 0, "maximum": u32::MAX});
schema!(Integer, "Integer", {"type": "integer"});
schema!(Flag, "Flag", {"type": "boolean"});
schema!(Attributes, "Attributes", {
    "type": "object", "maxProperties": MAX_ATTRIBUTES, "additionalProperties": {"type": "string"}
});
