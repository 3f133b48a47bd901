//! `goalkeeper report`: figures of a running goalkeeper, the present window beside those before.

use super::client::{self, Answered};
use crate::cli::{self, Format, ReportWindow};
use anyhow::{Context, bail};
use chrono::{Days, Months};
use goalkeeper::domain::measure::Unit;
use goalkeeper::domain::time::{Instant, Zone};
use goalkeeper::publish::rows::{COLUMNS, columns};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most of an answer that is read: some 200,000 rows, which is the most that there are.
const MOST_BYTES: u64 = 128 << 20;

/// Runs the command.
pub(super) fn run(options: &cli::Report) -> anyhow::Result<()> {
    let now = match &options.to {
        None => time_of(&ask(options, "/api/v1/figures?scope=company&measure=answered&window=15m")?)?,
        Some(text) => instant(text)?,
    };
    // As far back as so many windows can reach; what is too much is left out below.
    let from = begin(now, options.window, options.before).context("--before reaches further back than dates do")?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("scope", &options.scope.join(",")).append_pair("window", name(options.window));
    query.append_pair("from", &from.to_rfc3339());
    let cli::Narrowed { part, by, weekdays, hours } = &options.narrowed;
    let optional = [("to", &options.to), ("where", part), ("by", by), ("weekdays", weekdays), ("hours", hours)];
    for (name, value) in optional {
        query.extend_pairs(value.iter().map(|value| (name, value)));
    }
    if !options.measure.is_empty() {
        query.append_pair("measure", &options.measure.join(","));
    }
    let answer = ask(options, &format!("/api/v1/figures?{}", query.finish()))?;
    let rows = latest(&answer, options.before as usize + 1, options.measure.is_empty())?;
    let mut output = io::stdout().lock();
    let written = match options.format {
        Format::Table => table(&rows, &time_of(&answer)?, &mut output),
        Format::Csv => csv(&rows, &mut output),
        Format::Json => rows.iter().flat_map(|line| line.rows.iter()).try_for_each(|row| writeln!(output, "{row}")),
    };
    match written {
        // A reader that has seen enough is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn ask(options: &cli::Report, path: &str) -> anyhow::Result<Value> {
    let Answered { address, status, said } = client::get(&options.server, path, PATIENCE, MOST_BYTES)?;
    let answer: Value = serde_json::from_str(&said).unwrap_or_default();
    match status {
        200 => Ok(answer),
        401 => bail!("{address} asks for a name and a password: give --user and --password-file"),
        _ => match (answer["error"].as_str(), answer["help"].as_str()) {
            (Some(error), Some(help)) => bail!("{error}: {help}"),
            _ => bail!("{address} answers with status {status}, and is hardly a goalkeeper"),
        },
    }
}

fn time_of(answer: &Value) -> anyhow::Result<Instant> {
    let time = answer["time"].as_str().and_then(Instant::from_rfc3339);
    time.context("the answer tells no time, and is hardly a goalkeeper's")
}

fn instant(text: &str) -> anyhow::Result<Instant> {
    let date = text.parse::<chrono::NaiveDate>().ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    let date = date.map(|date| Instant(date.and_utc().timestamp_millis()));
    date.or_else(|| Instant::from_rfc3339(text)).with_context(|| {
        format!("--to: `{text}` is no time; write 2026-01-05 (a local date) or 2026-01-05T08:00:00+01:00")
    })
}

fn name(window: ReportWindow) -> &'static str {
    match window {
        ReportWindow::Day => "day",
        ReportWindow::Week => "week",
        ReportWindow::Month => "month",
        ReportWindow::Quarter => "quarter",
        ReportWindow::Year => "year",
    }
}

/// An instant in the last of so many windows before the present one, or up to a day earlier: dates are those of the scopes.
fn begin(now: Instant, window: ReportWindow, before: u32) -> Option<Instant> {
    let today = now.date(Zone::UTC);
    let date = match window {
        ReportWindow::Day => today.checked_sub_days(Days::new(before.into())),
        ReportWindow::Week => today.checked_sub_days(Days::new(7 * u64::from(before))),
        ReportWindow::Month => today.checked_sub_months(Months::new(before)),
        ReportWindow::Quarter => today.checked_sub_months(Months::new(before.checked_mul(3)?)),
        ReportWindow::Year => today.checked_sub_months(Months::new(before.checked_mul(12)?)),
    };
    let midnight = date?.checked_sub_days(Days::new(1))?.and_hms_opt(0, 0, 0)?;
    Some(Instant(midnight.and_utc().timestamp_millis()))
}

/// The figures of one scope and measure, the oldest window first.
struct Line {
    scope: String,
    measure: String,
    rows: Vec<Value>,
}

/// The last `most` windows of each scope and measure, in the order of the answer. What has never had data is left out
/// where nobody asked for it by name.
fn latest(answer: &Value, most: usize, only_with_data: bool) -> anyhow::Result<Vec<Line>> {
    let rows = answer["rows"].as_array().context("the answer has no rows, and is hardly a goalkeeper's")?;
    let mut lines: Vec<Line> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let part = row["where"].as_str().map_or_else(String::new, |part| format!("[{part}]"));
        let (scope, measure) = (format!("{}/{}{part}", text("scope_kind"), text("scope")), text("measure"));
        let place = *places.entry((scope.clone(), measure.clone())).or_insert_with(|| {
            lines.push(Line { scope, measure, rows: Vec::new() });
            lines.len() - 1
        });
        lines[place].rows.push(row.clone());
    }
    for line in &mut lines {
        let surplus = line.rows.len().saturating_sub(most);
        line.rows.drain(..surplus);
    }
    let says_something = |row: &Value| row["value"].as_f64().is_some_and(|value| value != 0.0);
    lines.retain(|line| !only_with_data || line.rows.iter().any(says_something));
    Ok(lines)
}

/// A table for each row of windows: where the clocks of scopes differ, a month may have begun in some of them only.
fn table(lines: &[Line], now: &Instant, output: &mut impl Write) -> io::Result<()> {
    let mut tables: Vec<(Vec<String>, Vec<Vec<String>>)> = Vec::new();
    for line in lines {
        let head: Vec<String> = line.rows.iter().map(|row| head(row, now)).collect();
        let values =
            line.rows.iter().map(|row| written(row["value"].as_f64(), row["unit"].as_str().unwrap_or_default()));
        let cells = [line.scope.clone(), line.measure.clone()].into_iter().chain(values).collect();
        match tables.iter_mut().find(|(of, _)| *of == head) {
            Some((_, rows)) => rows.push(cells),
            None => tables.push((head, vec![cells])),
        }
    }
    for (n, (head, rows)) in tables.into_iter().enumerate() {
        if n > 0 {
            writeln!(output)?;
        }
        let head = ["scope".to_owned(), "measure".to_owned()].into_iter().chain(head).collect();
        columns(&[vec![head], rows].concat(), |column| column >= 2, &mut *output)?;
    }
    Ok(())
}

/// The first date of a window, and whether it is still under way.
fn head(row: &Value, now: &Instant) -> String {
    let start: String = row["start"].as_str().unwrap_or_default().chars().take(10).collect();
    let ends = row["end"].as_str().and_then(Instant::from_rfc3339);
    if ends.is_some_and(|ends| ends > *now) { format!("{start} so far") } else { start }
}

/// A value as people read it; nothing where there is no data.
fn written(value: Option<f64>, unit: &str) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let short = |value: f64| format!("{}", (value * 100.0).round() / 100.0);
    match unit {
        "ratio" => format!("{} %", short(value * 100.0)),
        "seconds" => Unit::Seconds.text(value),
        "per_thousand" => Unit::PerThousand.text(value),
        "per_hour" => Unit::PerHour.text(value),
        _ => short(value),
    }
}

fn csv(lines: &[Line], output: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(output);
    writer.write_record(COLUMNS)?;
    for row in lines.iter().flat_map(|line| &line.rows) {
        let cell = |column: &&str| match &row[*column] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        writer.write_record(COLUMNS.iter().map(cell))?;
    }
    writer.flush()
}
