//! Measures: what is asked for by name, and who has it.
//!
//! ```text
//! catalogue: definitions -> measures under the settings -> formula: figures of the totals of a window
//! ```

mod catalogue;
mod distribution;
mod formula;
mod thresholds;

pub use catalogue::catalogue;
pub use distribution::{DISTRIBUTIONS, Distribution};
pub use formula::{Half, Halves, Term, Which, seconds_of_stocks};
pub use thresholds::{Thresholds, threshold_number};

use super::quantity::Quantity as Q;
use super::scope::ScopeKind;
use super::settings::Settings;
use super::time::Span;
use formula::Formula;

/// The unit of a measure's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Seconds; numerators are seconds too.
    Seconds,
    /// A share between 0 and 1.
    Ratio,
    /// A mean share of the best score, between 0 and 1; numerators are thousandths of it.
    Score,
    /// Points between -100 and 100.
    Points,
    /// How many of something there are to each of something else.
    Mean,
    /// A number of whatever the source counts; numerators are thousandths of it.
    Number,
    /// As [`Unit::Number`], and denominators are weights, in thousandths too.
    Weighted,
    /// So many a thousand.
    PerThousand,
    /// A share of time or of marks between 0 and 1; both halves are milliseconds, or thousandths of a point.
    Share,
    /// As [`Unit::Share`] of time, but it may be more than all of it.
    Proportion,
    /// So many an hour; denominators are milliseconds.
    PerHour,
}

impl Unit {
    /// The unit as reports and metric names write it.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Seconds => "seconds",
            Unit::Ratio | Unit::Score | Unit::Share | Unit::Proportion => "ratio",
            Unit::Points => "points",
            Unit::Mean => "mean",
            Unit::Number | Unit::Weighted => "number",
            Unit::PerThousand => "per_thousand",
            Unit::PerHour => "per_hour",
        }
    }

    /// A value as people write it: `3 %`, `4 min`, `70 points`.
    pub fn text(self, value: f64) -> String {
        let digits = match self {
            Unit::Number | Unit::Weighted | Unit::PerThousand => 2,
            _ => 1,
        };
        match self {
            Unit::Seconds => {
                let (unit, size) = unit_of_time(value);
                format!("{} {unit}", rounded(value / size, digits))
            }
            _ => self.written(|value| rounded(value, digits), value),
        }
    }

    /// A value with all its digits, as people write it: of what somebody has set nothing is rounded away.
    pub fn exact(self, value: f64) -> String {
        // What lies beyond is noise of the binary numbers.
        let all = |value| rounded(value, 6);
        match self {
            Unit::Seconds => {
                let (unit, size) = unit_of_time(value);
                let is_round = rounded(value / size, 2) == all(value / size);
                let (unit, size) = if is_round { (unit, size) } else { ("s", 1.0) };
                format!("{} {unit}", all(value / size))
            }
            _ => self.written(all, value),
        }
    }

    fn written(self, number: impl Fn(f64) -> f64, value: f64) -> String {
        match self {
            Unit::Count | Unit::Number | Unit::Weighted => format!("{}", number(value)),
            Unit::Mean => format!("{}", number(value)),
            Unit::PerHour => format!("{} per hour", number(value)),
            Unit::Ratio | Unit::Score | Unit::Share | Unit::Proportion => format!("{} %", number(value * 100.0)),
            Unit::Points => format!("{} points", number(value)),
            Unit::PerThousand => format!("{} per 1,000", number(value)),
            Unit::Seconds => format!("{} s", number(value)),
        }
    }

    /// What the field calls a value, where it has words for it: those of the net promoter score are Bain's.
    pub fn band(self, value: f64) -> Option<&'static str> {
        let band = match value {
            poor if poor < 0.0 => "poor",
            good if good <= 50.0 => "good",
            _ => "great",
        };
        (self == Unit::Points).then_some(band)
    }

    /// How many parts of the integer numerator make one of the unit.
    pub fn parts(self) -> i64 {
        match self {
            Unit::Seconds | Unit::Score | Unit::Number | Unit::Weighted | Unit::Share | Unit::Proportion => 1000,
            Unit::Count | Unit::Ratio | Unit::Points | Unit::Mean | Unit::PerThousand | Unit::PerHour => 1,
        }
    }

    /// How many parts of the integer denominator make one.
    pub fn lower_parts(self) -> i64 {
        if matches!(self, Unit::Weighted | Unit::Share | Unit::Proportion | Unit::PerHour) { 1000 } else { 1 }
    }
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

/// The unit in which so many seconds are best read, and its seconds.
fn unit_of_time(seconds: f64) -> (&'static str, f64) {
    match seconds.abs() {
        s if s < 120.0 => ("s", 1.0),
        s if s < 7_200.0 => ("min", 60.0),
        s if s < 172_800.0 => ("h", 3_600.0),
        _ => ("d", 86_400.0),
    }
}

/// To whom a measure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The queue, its team and up; never a rep.
    Queue,
    /// The rep, the rep's team at that instant and up; the queue itself too, but not the queue's team.
    Rep,
    /// The queue side, and at rep level only the rep who answered or who holds it.
    QueueAndRep,
    /// The rep, the rep's team then and up; no queue.
    Person,
    /// The company only.
    Company,
    /// The scope that the event names, and none above it.
    Named,
}

impl Side {
    /// The side in words.
    pub fn text(self) -> &'static str {
        match self {
            Side::Queue => "queue, its team and up",
            Side::Rep => "rep, the rep's team then and up, and the queue itself",
            Side::QueueAndRep => "queue, its team and up; the rep at rep level only",
            Side::Person => "rep, the rep's team then and up",
            Side::Company => "company",
            Side::Named => "the scope named",
        }
    }
    fn has(self, kind: ScopeKind) -> bool {
        match self {
            Side::Queue => kind != ScopeKind::Rep,
            Side::Rep | Side::QueueAndRep => true,
            Side::Named | Side::Person => kind != ScopeKind::Queue,
            Side::Company => kind == ScopeKind::Company,
        }
    }
}

/// One entry of the catalogue; with parameters it stands for several measures.
#[derive(Debug)]
pub struct Definition {
    /// The name, with `{X}` for a threshold, `{reason}` for a reason, `{statistic}` for mean, p50, ..., max.
    pub name: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// Unit of the value.
    pub unit: Unit,
    /// To whom it counts.
    pub side: Side,
    /// The formula in words.
    pub formula_text: &'static str,
    /// When it is counted.
    pub instant: &'static str,
    /// What decides in odd cases.
    pub edges: &'static str,
    /// Who defines it so.
    pub source: &'static str,
    formula: Formula,
}

/// A statistic of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// Sum over count.
    Mean,
    /// The nearest-rank percentile.
    Percentile(u8),
    /// The upper bound of the highest occupied bucket.
    Maximum,
}

const STATISTICS: [(Statistic, &str); 6] = [
    (Statistic::Mean, "mean"),
    (Statistic::Percentile(50), "p50"),
    (Statistic::Percentile(90), "p90"),
    (Statistic::Percentile(95), "p95"),
    (Statistic::Percentile(99), "p99"),
    (Statistic::Maximum, "max"),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Parameter {
    None,
    Number(u32),
    Statistic(Statistic),
}

/// One measure that can be asked for by name.
#[derive(Clone, Debug)]
pub struct Measure {
    /// The name, parameters filled in: `wait_answered_within_20s`.
    pub name: String,
    /// Its entry in the catalogue.
    pub definition: &'static Definition,
    parameter: Parameter,
}

impl PartialEq for Measure {
    fn eq(&self, other: &Measure) -> bool {
        self.name == other.name
    }
}

/// What one measure says of one scope and window.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Figure {
    /// The value in the measure's unit; `None` is no data.
    pub value: Option<f64>,
    /// The upper half: a count, or milliseconds where the unit is seconds ([`Unit::parts`]). Counts have it alone.
    pub numerator: Option<i64>,
    /// The lower half: how many things the value is about.
    pub denominator: Option<i64>,
    /// How many things were looked at.
    pub sample: i64,
}

/// The halves of a figure that is a count or a fraction. Both are sums, so what each record adds to them can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The upper half, or the count; milliseconds where the unit is seconds ([`Unit::parts`]).
    pub numerator: i64,
    /// The lower half; counts have none.
    pub denominator: Option<i64>,
}

impl Parts {
    /// True if nothing is added to either half.
    pub fn is_nothing(self) -> bool {
        self.numerator == 0 && self.denominator.unwrap_or(0) == 0
    }
}

/// Every measure under these settings, in the order of the catalogue, thresholds ascending.
pub fn measures(settings: &Settings) -> Vec<Measure> {
    catalogue().flat_map(|definition| definition.measures(settings)).collect()
}

impl Definition {
    /// The measures that this entry stands for under these settings.
    pub fn measures(&'static self, settings: &Settings) -> Vec<Measure> {
        let one = |name: String, parameter| Measure { name, definition: self, parameter };
        if let Some(family) = self.formula.thresholds() {
            let mut thresholds = family.of(settings).to_vec();
            thresholds.sort_unstable();
            thresholds.dedup();
            let at = |x| one(self.name.replace("{X}", &short(x)), Parameter::Number(threshold_number(x)));
            return thresholds.into_iter().map(at).collect();
        }
        match self.formula {
            Formula::Reason(_, names) => (1..)
                .zip(names)
                .map(|(n, name)| one(self.name.replace("{reason}", name), Parameter::Number(n)))
                .collect(),
            Formula::Duration { .. } => STATISTICS
                .iter()
                .map(|(statistic, name)| one(self.name.replace("{statistic}", name), Parameter::Statistic(*statistic)))
                .collect(),
            _ => vec![one(self.name.to_owned(), Parameter::None)],
        }
    }
}

/// A span as short as it can be written exactly: `20s`, `4h`, `1500ms`.
pub fn short(span: Span) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    // 24 h reads better than 1 d, and 60 s better than 1 m: the field speaks of "within 60 seconds".
    let fits = |(size, _): &&(i64, &str)| span.0 % size == 0 && (span.0 >= 2 * size || *size == 1000);
    match units.iter().find(fits) {
        Some((size, unit)) => format!("{}{unit}", span.0 / size),
        None => format!("{}ms", span.0),
    }
}

impl Measure {
    /// The measure called `name` under these settings.
    pub fn named(name: &str, settings: &Settings) -> Option<Measure> {
        measures(settings).into_iter().find(|measure| measure.name == name)
    }

    /// Whether scopes of this kind have the measure. Reps have no percentiles: their samples are too small.
    pub fn has(&self, kind: ScopeKind) -> bool {
        let percentile = matches!(self.parameter, Parameter::Statistic(s) if s != Statistic::Mean);
        self.definition.side.has(kind) && !(percentile && kind == ScopeKind::Rep)
    }

    /// True for measures of stocks: they tell what stood at the window's end, rather than what happened in it.
    pub fn is_stock(&self) -> bool {
        self.definition.formula.is_stock()
    }

    /// True for counts of what happened: they only grow while their window is open.
    pub fn is_tally(&self) -> bool {
        self.definition.unit == Unit::Count && !self.is_stock()
    }

    /// The thresholds that must have been counted all along for the measure to have a value.
    pub fn thresholds(&self, settings: &Settings) -> Vec<(Thresholds, u32)> {
        let configured = |family: Thresholds| (family, family.of(settings).first().map_or(0, |x| threshold_number(*x)));
        let all = |family: Thresholds| family.of(settings).iter().map(|x| (family, threshold_number(*x))).collect();
        let (in_time, short) = (configured(Thresholds::ServiceLevel), configured(Thresholds::ShortAbandon));
        let own = match (self.definition.formula.thresholds(), self.parameter) {
            (Some(family), Parameter::Number(x)) => vec![(family, x)],
            _ => Vec::new(),
        };
        let targets = match self.definition.formula {
            Formula::Ratio([Q::FirstResponseTargetMet | Q::FirstResponseBusinessTargetMet], _) => {
                all(Thresholds::ResponseTarget)
            }
            Formula::Ratio([Q::FullResolutionTargetMet | Q::FullResolutionBusinessTargetMet], _) => {
                all(Thresholds::ResolutionTarget)
            }
            _ => Vec::new(),
        };
        let in_time = self.has_term(Q::AnsweredInTime, settings).then_some(in_time);
        let short = self.has_term(Q::AbandonedShort, settings).then_some(short);
        own.into_iter().chain(targets).chain(in_time).chain(short).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::amounts::Amounts;
    use crate::domain::time::Instant;

    #[test]
    fn no_data_is_not_zero() {
        let settings = Settings::default();
        for measure in measures(&settings) {
            let figure = measure.figure(&Amounts::default(), Instant::default(), &settings);
            match measure.definition.unit {
                Unit::Count => assert_eq!(figure.value, Some(0.0), "{}", measure.name),
                _ => assert_eq!(figure.value, None, "{}", measure.name),
            }
        }
    }

    #[test]
    fn names_are_unique_and_complete() {
        let mut names: Vec<String> = measures(&Settings::default()).into_iter().map(|m| m.name).collect();
        assert!(names.iter().all(|name| !name.contains('{')));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_net_promoter_score_is_poor_below_nothing_good_up_to_fifty_and_great_above() {
        let bands = [-100.0, -0.1, 0.0, 50.0, 50.1, 100.0].map(|score| Unit::Points.band(score));
        assert_eq!(bands, ["poor", "poor", "good", "good", "great", "great"].map(Some));
        assert_eq!(Unit::Ratio.band(0.5), None);
    }

    #[test]
    fn spans_are_written_short_and_exact() {
        for (span, text) in [
            (Span::seconds(20), "20s"),
            (Span::seconds(60), "60s"),
            (Span::seconds(90), "90s"),
            (Span::minutes(2), "2m"),
            (Span::hours(4), "4h"),
            (Span::hours(24), "24h"),
            (Span::days(2), "2d"),
            (Span(1500), "1500ms"),
        ] {
            assert_eq!(short(span), text);
        }
    }
}
