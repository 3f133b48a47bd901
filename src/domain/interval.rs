//! How sure a figure is: what the true value may well be, given how little was looked at.

use super::amounts::Amounts;
use super::measure::{Figure, Measure, Unit};
use super::quantity::{Cell, Quantity};
use super::target::Confidence;

/// From where to where a value may well lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// The interval of a figure; `None` where neither a share nor points were counted, or nothing was.
pub fn of(measure: &Measure, figure: &Figure, totals: &Amounts, confidence: Confidence) -> Option<Interval> {
    let n = figure.denominator.filter(|n| *n > 0)?;
    match measure.definition.unit {
        // What was looked at decides, whatever the parts in which it is counted.
        Unit::Ratio => wilson(figure.numerator? as f64 / n as f64, figure.sample, confidence.z()),
        Unit::Points => {
            let get = |quantity| totals.get(Cell::plain(quantity));
            Some(net_promoters(get(Quantity::NpsPromoters), get(Quantity::NpsDetractors), n, confidence.z()))
        }
        // Time is no sample of things that happen one by one.
        _ => None,
    }
}

/// Wilson's score interval of a share (Wilson 1927). `None` where it is no share of things: more than all, or less than
/// none.
fn wilson(share: f64, n: i64, z: f64) -> Option<Interval> {
    if n < 1 || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let (n, z2) = (n as f64, z * z);
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // None and all are their own bounds, whatever is lost in rounding.
    let low = if share == 0.0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if share == 1.0 { 1.0 } else { (middle + half).min(1.0) };
    Some(Interval { low, high })
}

/// The normal interval of a net promoter score, whose variance is p + d - (p - d)^2 a person.
fn net_promoters(promoters: i64, detractors: i64, n: i64, z: f64) -> Interval {
    let (p, d, n) = (promoters as f64 / n as f64, detractors as f64 / n as f64, n as f64);
    let score = p - d;
    let half = z * ((p + d - score * score).max(0.0) / n).sqrt();
    Interval { low: (100.0 * (score - half)).max(-100.0), high: (100.0 * (score + half)).min(100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The oracles of the field: `contact-centre.md` 1.6.
    #[test]
    fn shares_have_the_intervals_of_wilson() {
        let z = Confidence::Percent95.z();
        for (part, n, low, high) in
            [(13, 18, 0.49, 0.88), (15, 18, 0.61, 0.94), (3, 100, 0.010, 0.085), (30, 1000, 0.021, 0.043)]
        {
            let found = wilson(f64::from(part) / n as f64, n, z).expect("is a share");
            assert!((found.low - low).abs() < 0.005 && (found.high - high).abs() < 0.005, "{part}/{n}: {found:?}");
        }
        assert_eq!(wilson(0.0, 10, z).map(|interval| interval.low), Some(0.0));
        assert_eq!(wilson(1.0, 10, z).map(|interval| interval.high), Some(1.0));
        assert_eq!(wilson(1.1, 10, z), None);
        assert_eq!(wilson(-0.1, 10, z), None);
    }

    #[test]
    fn net_promoter_scores_are_as_unsure_as_published() {
        let z = Confidence::Percent95.z();
        for (n, half) in [(20, 29.3), (50, 18.6), (100, 13.1), (400, 6.57)] {
            let found = net_promoters(n * 6 / 10, n / 10, n, z);
            assert!(((found.high - found.low) / 2.0 - half).abs() < 0.1, "{n}: {found:?}");
        }
        assert_eq!(net_promoters(5, 0, 5, z), Interval { low: 100.0, high: 100.0 });
    }
}
