//! What was expected, what was found, and the verdict: every figure of a reference is either compared or named.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Means are written to so many digits in the references, shares to two more.
const MEAN: f64 = 0.5e-4;
const SHARE: f64 = 0.5e-6;
/// A value read back from a sketch is within this of the true one: half a bucket of 64 a doubling.
const SKETCH: f64 = 0.00545;
/// Room for the rounding of doubles when a difference is exactly half a digit.
const DOUBLES: f64 = 1e-9;

/// The rows of all runs of one set.
pub struct Table {
    set: &'static str,
    reference: Value,
    rows: Vec<[String; 6]>,
    wrong: Vec<String>,
    /// Figures that no measure covers, with the reason; the same in every run.
    uncovered: BTreeMap<String, String>,
    is_printed: bool,
}

/// One run of a set, held against the reference.
pub struct Check<'t> {
    table: &'t mut Table,
    run: String,
    seen: BTreeSet<String>,
}

impl Table {
    pub fn new(set: &'static str, reference: Value) -> Table {
        Table { set, reference, rows: Vec::new(), wrong: Vec::new(), uncovered: BTreeMap::new(), is_printed: false }
    }

    /// Begins a run. [`Check::end`] fails what nobody looked at.
    pub fn run(&mut self, run: impl Into<String>) -> Check<'_> {
        Check { table: self, run: run.into(), seen: BTreeSet::new() }
    }

    /// Says why something of the folder is no expectation at all.
    pub fn leave_out(&mut self, what: &str, reason: &str) {
        self.uncovered.insert(what.to_owned(), reason.to_owned());
    }

    fn row(&mut self, run: &str, figure: &str, expected: &str, found: &str, is_right: bool) {
        let verdict = if is_right { "ok" } else { "WRONG" };
        if !is_right {
            self.wrong.push(format!("{}, {run}: {figure}: expected {expected}, found {found}", self.set));
        }
        self.rows.push([self.set, run, figure, expected, found, verdict].map(str::to_owned));
    }

    /// Prints everything, then fails if any verdict is not ok.
    pub fn finish(mut self) {
        println!("{self}");
        self.is_printed = true;
        assert!(self.wrong.is_empty(), "{} figures are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        assert!(!self.rows.is_empty(), "nothing was compared");
    }
}

impl Drop for Table {
    /// Whoever fails half way still shows what was compared so far.
    fn drop(&mut self) {
        if std::thread::panicking() && !self.is_printed {
            println!("{self}");
        }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heads = ["set", "run", "figure", "expected", "found", "verdict"].map(str::to_owned);
        let widths: Vec<usize> = (0..heads.len())
            .map(|n| self.rows.iter().chain([&heads]).map(|row| row[n].chars().count()).max().unwrap_or(0))
            .collect();
        writeln!(f)?;
        for row in [&heads].into_iter().chain(&self.rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        for (figure, reason) in &self.uncovered {
            writeln!(f, "{}  not covered: {figure}: {reason}", self.set)?;
        }
        let mut runs: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for row in &self.rows {
            let (right, wrong) = runs.entry(&row[1]).or_default();
            *(if row[5] == "ok" { right } else { wrong }) += 1;
        }
        for (run, (right, wrong)) in runs {
            writeln!(f, "{}  {run}: {right} ok, {wrong} wrong", self.set)?;
        }
        Ok(())
    }
}

impl Check<'_> {
    /// What the reference says, for what is more than a comparison.
    pub fn reference(&self) -> &Value {
        &self.table.reference
    }

    /// A count or sum: to the last digit.
    pub fn exact(&mut self, path: &str, found: Option<i64>) {
        let found = found.map(|n| n as f64);
        self.compare(path, found, |expected, found| expected == found);
    }

    /// A mean, rounded as the reference rounds it.
    pub fn mean(&mut self, path: &str, found: Option<f64>) {
        self.compare(path, found, |expected, found| (expected - found).abs() <= MEAN + DOUBLES);
    }

    /// A share, rounded as the reference rounds it.
    pub fn share(&mut self, path: &str, found: Option<f64>) {
        self.compare(path, found, |expected, found| (expected - found).abs() <= SHARE + DOUBLES);
    }

    /// A percentile, within the error of the sketch.
    pub fn percentile(&mut self, path: &str, found: Option<f64>) {
        self.compare(path, found, |expected, found| (expected - found).abs() <= expected * SKETCH);
    }

    /// A maximum: the upper bound of the highest occupied bucket, one sixty-fourth of a doubling wide.
    pub fn maximum(&mut self, path: &str, found: Option<f64>) {
        let width = (1.0_f64 / 64.0).exp2();
        self.compare(path, found, |expected, found| expected <= found && found <= expected * width + DOUBLES);
    }

    fn compare(&mut self, path: &str, found: Option<f64>, agrees: impl Fn(f64, f64) -> bool) {
        let expected = at(&self.table.reference, path);
        self.seen.insert(path.to_owned());
        let is_right = match (expected.as_f64(), found) {
            (Some(expected), Some(found)) => agrees(expected, found),
            // No data is not zero.
            (None, None) => expected.is_null(),
            _ => false,
        };
        self.table.row(&self.run, path, &expected.to_string(), &shown(found), is_right);
    }

    /// A count whose expected value follows from the reference or the file, as `why` says.
    pub fn follows(&mut self, why: &str, expected: i64, found: Option<i64>) {
        let found = found.map_or("none".to_owned(), |n| n.to_string());
        let expected = expected.to_string();
        self.table.row(&self.run, why, &expected, &found, expected == found);
    }

    /// As [`Check::exact`], where `shift` things are counted elsewhere than in the reference, as `why` says.
    pub fn shifted(&mut self, path: &str, why: &str, shift: i64, found: Option<i64>) {
        if shift == 0 {
            return self.exact(path, found);
        }
        self.seen.insert(path.to_owned());
        let expected = at(&self.table.reference, path).as_i64().expect("is a count") + shift;
        self.follows(&format!("{path} {shift:+}: {why}"), expected, found);
    }

    /// Something that holds or does not.
    pub fn holds(&mut self, what: &str, expected: &str, found: &str, is_right: bool) {
        self.table.row(&self.run, what, expected, found, is_right);
    }

    /// Two texts too long to be shown.
    pub fn equal(&mut self, what: &str, expected: &str, found: &str) {
        let is_equal = expected == found;
        let said = format!("{} lines, {}", found.lines().count(), if is_equal { "equal" } else { "not equal" });
        self.holds(what, &format!("{} lines", expected.lines().count()), &said, is_equal);
    }

    /// Says why a figure, or all below it, cannot be compared in this run.
    pub fn not_covered(&mut self, path: &str, reason: &str) {
        let below = leaves(at(&self.table.reference, path), path);
        assert!(!below.is_empty(), "the reference has no {path}");
        self.seen.extend(below);
        self.table.leave_out(path, reason);
    }

    /// As [`Check::not_covered`] for fields of everything that is listed below a path.
    pub fn fields_not_covered(&mut self, path: &str, fields: &[&str], reason: &str) {
        let listed = names(&self.table.reference, path);
        for field in fields {
            self.seen.extend(listed.iter().map(|name| format!("{path}/{name}/{field}")));
        }
        let figures = format!("{path}/({} of them)/{}", listed.len(), fields.join(", "));
        self.table.leave_out(&figures, reason);
    }

    /// Ends the run: what nobody looked at is wrong.
    pub fn end(self) {
        for path in leaves(&self.table.reference, "") {
            if !self.seen.contains(&path) {
                let expected = at(&self.table.reference, &path).to_string();
                self.table.row(&self.run, &path, &expected, "nobody looked", false);
            }
        }
    }
}

/// The names below a path, in order.
pub fn names(reference: &Value, path: &str) -> Vec<String> {
    at(reference, path).as_object().expect("has names").keys().cloned().collect()
}

fn at<'v>(reference: &'v Value, path: &str) -> &'v Value {
    let steps = path.split('/').filter(|step| !step.is_empty());
    steps.fold(reference, |value, step| value.get(step).unwrap_or_else(|| panic!("the reference has no {path}")))
}

/// The paths of all single figures; a list is one.
fn leaves(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                leaves(value, &below)
            })
            .collect(),
        _ => vec![path.to_owned()],
    }
}

fn shown(found: Option<f64>) -> String {
    match found {
        Some(n) if n.fract() == 0.0 => n.to_string(),
        Some(n) => format!("{n:.6}"),
        None => "none".to_owned(),
    }
}

#[test]
fn what_nobody_looked_at_is_wrong() {
    let reference = serde_json::json!({"calls": 3, "day": {"a": 1.5, "b": null}, "odd": []});
    let mut table = Table::new("none", reference);
    let mut check = table.run("in order");
    check.exact("calls", Some(3));
    check.mean("day/a", Some(1.50004));
    check.not_covered("odd", "a list");
    check.end();
    assert_eq!(table.wrong, ["none, in order: day/b: expected null, found nobody looked"]);
}
