//! Writing events as JSON by hand: no tree, one allocation a message.

use super::Emitted;
use crate::domain::time::DAY;
use chrono::DateTime;

/// How every event of ours begins; `disorder` finds its place to insert by it.
pub(super) const HEAD: &str = "{\"specversion\":\"1.0\",";

/// Starts events of one source.
pub(super) struct Writer {
    source: String,
    // The date of the last time written: dates change once a day, times with every event.
    day: i64,
    date: String,
}

/// An event being written; fields are appended to its `data`.
pub(super) struct Draft {
    key: String,
    json: String,
    time: i64,
    first: bool,
}

impl Writer {
    /// A writer of events of `source`.
    pub(super) fn new(source: &str) -> Writer {
        let mut quoted = String::new();
        push_text(&mut quoted, source);
        Writer { source: quoted, day: i64::MIN, date: String::new() }
    }

    /// An event `what` with id `record`-`number` at `time`; `number` is also its `seq`.
    pub(super) fn begin(&mut self, what: &str, record: &str, number: u32, time: i64, key: &str) -> Draft {
        let mut json = String::with_capacity(384);
        json.push_str(HEAD);
        json.push_str("\"id\":\"");
        json.push_str(record);
        json.push('-');
        push_number(&mut json, u64::from(number));
        json.push_str("\",\"source\":");
        json.push_str(&self.source);
        json.push_str(",\"type\":\"");
        json.push_str(what);
        json.push_str("\",\"time\":\"");
        self.push_time(&mut json, time);
        json.push_str("\",\"seq\":");
        push_number(&mut json, u64::from(number));
        json.push_str(",\"data\":{");
        Draft { key: key.to_owned(), json, time, first: true }
    }

    /// `time` as text.
    pub(super) fn time(&mut self, time: i64) -> String {
        let mut text = String::new();
        self.push_time(&mut text, time);
        text
    }

    /// Appends `time` in RFC 3339, UTC, with milliseconds.
    pub(super) fn push_time(&mut self, json: &mut String, time: i64) {
        let day = time.div_euclid(DAY);
        if day != self.day {
            self.day = day;
            let midnight = DateTime::from_timestamp_millis(day * DAY).unwrap_or_default();
            self.date = midnight.format("%Y-%m-%dT").to_string();
        }
        json.push_str(&self.date);
        let millis = time.rem_euclid(DAY) as u64;
        for (value, end) in [(millis / 3_600_000, ':'), (millis / 60_000 % 60, ':'), (millis / 1000 % 60, '.')] {
            push_digits(json, value, 2);
            json.push(end);
        }
        push_digits(json, millis % 1000, 3);
        json.push('Z');
    }
}

impl Draft {
    fn name(&mut self, name: &str) {
        if !self.first {
            self.json.push(',');
        }
        self.first = false;
        self.json.push('"');
        self.json.push_str(name);
        self.json.push_str("\":");
    }

    /// Appends a text.
    pub(super) fn text(mut self, name: &str, value: &str) -> Draft {
        self.name(name);
        push_text(&mut self.json, value);
        self
    }

    /// Appends a text if there is one.
    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Draft {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Appends a whole number.
    pub(super) fn number(mut self, name: &str, value: u64) -> Draft {
        self.name(name);
        push_number(&mut self.json, value);
        self
    }

    /// Appends a duration in seconds with milliseconds.
    pub(super) fn seconds(mut self, name: &str, millis: i64) -> Draft {
        self.name(name);
        let millis = millis.max(0) as u64;
        push_number(&mut self.json, millis / 1000);
        self.json.push('.');
        push_digits(&mut self.json, millis % 1000, 3);
        self
    }

    /// Appends true or false.
    pub(super) fn flag(mut self, name: &str, value: bool) -> Draft {
        self.name(name);
        self.json.push_str(if value { "true" } else { "false" });
        self
    }

    /// Appends what is JSON already.
    pub(super) fn json(mut self, name: &str, value: &str) -> Draft {
        self.name(name);
        self.json.push_str(value);
        self
    }

    /// Appends `null`.
    pub(super) fn null(mut self, name: &str) -> Draft {
        self.name(name);
        self.json.push_str("null");
        self
    }

    /// The length of the message so far, without its end.
    pub(super) fn length(&self) -> usize {
        self.json.len()
    }

    /// Ends the event.
    pub(super) fn end(mut self) -> Emitted {
        self.json.push_str("}}");
        Emitted { key: self.key, json: self.json, time: self.time, sent: self.time }
    }
}

/// Appends a quoted JSON string.
pub(super) fn push_text(json: &mut String, text: &str) {
    json.push('"');
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        json.push_str(text);
    } else {
        for character in text.chars() {
            match character {
                '"' | '\\' => json.extend(['\\', character]),
                '\0'..='\x1f' => {
                    json.push_str("\\u00");
                    json.extend([16, 1].map(|unit| char::from_digit(character as u32 / unit % 16, 16).unwrap_or('0')));
                }
                _ => json.push(character),
            }
        }
    }
    json.push('"');
}

/// Appends a whole number in decimal.
pub(super) fn push_number(text: &mut String, value: u64) {
    let width = value.checked_ilog10().map_or(1, |power| power + 1);
    push_digits(text, value, width);
}

/// Appends the last `width` decimal digits, at most 20.
pub(super) fn push_digits(text: &mut String, value: u64, width: u32) {
    let mut digits = [b'0'; 20];
    let first = 20 - width.min(20) as usize;
    let mut rest = value;
    for digit in digits[first..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text.push_str(std::str::from_utf8(&digits[first..]).unwrap_or_default());
}
