//! Rows of figures in the forms that people and programs read: a table, CSV, JSON.

use crate::domain::engine::Row;
use crate::domain::measure::Unit;
use crate::domain::roster::Roster;
use crate::domain::time::{Instant, Zone};
use chrono::{SecondsFormat, TimeZone};
use serde::Serialize;
use serde_json::Number;
use std::io::{self, Write};

/// One figure as it is shown. The same columns everywhere; what has no data is empty, never 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// `company`, `department`, `team`, `queue` or `rep`.
    pub scope_kind: &'static str,
    /// Its id.
    pub scope: String,
    /// The name of the measure.
    pub measure: String,
    /// The window, as it was asked for.
    pub window: String,
    /// The window's first instant, in the scope's zone.
    pub start: String,
    /// The window's end, exclusive, in the scope's zone.
    pub end: String,
    /// The value in the unit.
    pub value: Option<f64>,
    /// Upper half of the fraction; seconds where the unit is seconds.
    pub numerator: Option<f64>,
    /// Lower half of the fraction.
    pub denominator: Option<Number>,
    /// How many things were looked at; of figures of time, seconds.
    pub sample: i64,
    /// `count`, `seconds`, `ratio` or `points`.
    pub unit: &'static str,
    /// What the field calls the value, where it has words for it: `poor`, `good`, `great`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band: Option<&'static str>,
    /// Which part of the scope, as `channel=chat`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

/// The columns in order.
pub const COLUMNS: [&str; 12] = [
    "scope_kind",
    "scope",
    "measure",
    "window",
    "start",
    "end",
    "value",
    "numerator",
    "denominator",
    "sample",
    "unit",
    "where",
];

impl Shown {
    /// A row of the engine as it is shown.
    pub fn new(row: &Row, roster: &Roster) -> Shown {
        let zone = roster.zone(&row.scope);
        let figure = row.figure;
        let scale = row.unit.parts() as f64;
        Shown {
            scope_kind: row.scope.kind.name(),
            scope: row.scope.id.to_string(),
            measure: row.measure.clone(),
            window: row.window.to_string(),
            start: local(row.start, zone),
            end: local(row.end, zone),
            value: figure.value.map(rounded),
            numerator: figure.numerator.map(|n| n as f64 / scale),
            denominator: figure.denominator.map(|n| lower_half(n, row.unit)),
            sample: figure.sample,
            unit: row.unit.name(),
            band: figure.value.and_then(|value| row.unit.band(value)),
            part: row.scope.slice.as_ref().map(|slice| slice.to_string()),
        }
    }

    fn cells(&self) -> [String; 12] {
        let number = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
        [
            self.scope_kind.to_owned(),
            self.scope.clone(),
            self.measure.clone(),
            self.window.clone(),
            self.start.clone(),
            self.end.clone(),
            number(self.value),
            number(self.numerator),
            self.denominator.as_ref().map(Number::to_string).unwrap_or_default(),
            self.sample.to_string(),
            self.unit.to_owned(),
            self.part.clone().unwrap_or_default(),
        ]
    }
}

/// A denominator as it is shown: whole, unless it is a weight.
pub(super) fn lower_half(n: i64, unit: Unit) -> Number {
    let parts = unit.lower_parts();
    match n % parts {
        0 => Number::from(n / parts),
        _ => Number::from_f64(n as f64 / parts as f64).unwrap_or_else(|| Number::from(0)),
    }
}

/// Six digits after the point: finer is noise of the division.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

pub(super) fn local(instant: Instant, zone: Zone) -> String {
    written(instant, zone, SecondsFormat::Secs)
}

/// As [`local`], for instants that are no bounds of windows.
pub(super) fn local_to_the_millisecond(instant: Instant, zone: Zone) -> String {
    written(instant, zone, SecondsFormat::Millis)
}

fn written(instant: Instant, zone: Zone, digits: SecondsFormat) -> String {
    match zone.timestamp_millis_opt(instant.0).single() {
        Some(time) => time.to_rfc3339_opts(digits, true),
        None => instant.to_rfc3339(),
    }
}

/// Writes rows as comma-separated values with a header.
///
/// # Errors
/// If the output cannot be written.
pub fn write_csv(rows: &[Shown], output: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(output);
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(row.cells())?;
    }
    writer.flush()
}

/// Writes rows as JSON, an object a line.
///
/// # Errors
/// If the output cannot be written.
pub fn write_json(rows: &[Shown], mut output: impl Write) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut output, row)?;
        output.write_all(b"\n")?;
    }
    output.flush()
}

/// Writes rows as columns for people.
///
/// # Errors
/// If the output cannot be written.
pub fn write_table(rows: &[Shown], output: impl Write) -> io::Result<()> {
    let cells: Vec<[String; 12]> =
        std::iter::once(COLUMNS.map(str::to_owned)).chain(rows.iter().map(Shown::cells)).collect();
    // Numbers are read by their last digit.
    columns(&cells, |column| (6..10).contains(&column), output)
}

/// Writes cells in columns, those that are `right` to the right.
///
/// # Errors
/// If the output cannot be written.
pub fn columns<Line: AsRef<[String]>>(
    lines: &[Line],
    right: impl Fn(usize) -> bool,
    mut output: impl Write,
) -> io::Result<()> {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        for (n, cell) in line.as_ref().iter().enumerate() {
            widths.resize(widths.len().max(n + 1), 0);
            widths[n] = widths[n].max(cell.chars().count());
        }
    }
    for line in lines {
        let mut text = String::new();
        for (n, (cell, width)) in line.as_ref().iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            let (before, after) = if right(n) { (padding.as_str(), "") } else { ("", padding.as_str()) };
            text.push_str(&format!("{before}{cell}{after}  "));
        }
        writeln!(output, "{}", text.trim_end())?;
    }
    output.flush()
}
