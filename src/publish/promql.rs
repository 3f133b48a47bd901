//! How to recompute a measure in PromQL from what /metrics publishes, so that nobody has to take a figure on trust.

use super::view::series;
use crate::domain::measure::{Half, Halves, Measure, Term};
use crate::domain::scope::Scope;
use crate::domain::settings::Settings;

/// What the net counters of a scope since the process began say of a measure: what was added less what was taken back.
/// `None` where nothing published adds up to it.
pub fn expression(measure: &Measure, scope: &Scope, settings: &Settings) -> Option<String> {
    let (mut upper, mut lower) = (Vec::new(), Vec::new());
    let halves = measure.each_term(settings, |term| {
        if term.quantity.is_of(scope.kind) {
            let side = if term.half == Half::Upper { &mut upper } else { &mut lower };
            side.push(term);
        }
    });
    let labels = |more: &str| format!("{{{}=\"{}\"{more}}}", scope.kind.name(), scope.id);
    let sum = |terms: &[Term]| -> Option<String> {
        let mut text = String::new();
        for (n, term) in terms.iter().enumerate() {
            let series = series(scope.kind, term.quantity, term.which, settings)?;
            let of = |name: &str| format!("sum({name}{})", labels(&series.labels));
            let sign = match (n, term.sign) {
                (0, 1) => "",
                (_, 1) => " + ",
                _ => " - ",
            };
            text += &format!("{sign}({} - {})", of(&series.added), of(&series.retracted));
        }
        Some(text)
    };
    match halves {
        Halves::None => percentile(measure, scope, settings),
        Halves::Upper => sum(&upper),
        Halves::Both => {
            let times = match measure.times() {
                1.0 => String::new(),
                times => format!("{times} * "),
            };
            Some(format!("{times}({}) / ({})", sum(&upper)?, sum(&lower)?))
        }
    }
}

/// Percentiles come out of histograms as far as their buckets tell; the greatest value does not.
fn percentile(measure: &Measure, scope: &Scope, settings: &Settings) -> Option<String> {
    let (per_cent, sketches) = measure.percentile()?;
    let labels = format!("{{{}=\"{}\"}}", scope.kind.name(), scope.id);
    let of = |cells| {
        let series = super::view::buckets(scope.kind, cells, settings)?;
        Some(format!("sum by (le) ({}{labels}) - sum by (le) ({}{labels})", series.added, series.retracted))
    };
    let all: Option<Vec<String>> = sketches.iter().map(|cells| of(*cells)).collect();
    Some(format!("histogram_quantile({}, {})", f64::from(per_cent) / 100.0, all?.join(" + ")))
}
