//! Distributions as log-bucketed counts: mergeable, subtractable, with integer counts only.
//!
//! The bounds are those of Prometheus' native histograms, schema 6: bucket `n` holds `2^((n-1)/64) < v <= 2^(n/64)`
//! milliseconds, so a value read back is within 0.54 % of the true one. Zero has a bucket of its own.

use super::amounts::Amounts;
use super::quantity::Quantity;
use super::time::Span;
use std::sync::OnceLock;

/// The bucket of the value 0.
pub const ZERO_BUCKET: u16 = 0;

// Bucket numbers start at 1 for (.., 1 ms]; 64 a doubling; 2^41 ms is 69 years.
const PER_DOUBLING: usize = 64;
const DOUBLINGS: usize = 41;

/// The upper bounds of all buckets but zero, rounded down to whole milliseconds: with integer values `v <= bound` and
/// `v <= floor(bound)` are the same, so no float takes part in the choice of a bucket.
fn bounds() -> &'static [i64] {
    static BOUNDS: OnceLock<Vec<i64>> = OnceLock::new();
    BOUNDS.get_or_init(|| {
        (0..=PER_DOUBLING * DOUBLINGS).map(|n| (n as f64 / PER_DOUBLING as f64).exp2().floor() as i64).collect()
    })
}

/// The bucket of a value in milliseconds; below 0 counts as 0, beyond the last bucket as the last.
pub fn bucket_of(millis: i64) -> u16 {
    if millis <= 0 {
        return ZERO_BUCKET;
    }
    let bounds = bounds();
    // All buckets of one doubling lie together, so only 64 bounds need searching.
    let doubling = (63 - millis.leading_zeros()) as usize;
    let from = (doubling * PER_DOUBLING).min(bounds.len() - 1);
    let to = (from + PER_DOUBLING + 1).min(bounds.len());
    let n = from + bounds[from..to].partition_point(|bound| *bound < millis);
    (n.min(bounds.len() - 1) + 1) as u16
}

/// The parameter of a value's cell: its bucket in the lower half. A threshold parts the bucket in which it lies, so that
/// what is at or below it is counted exactly: in the upper half is how many thresholds of the bucket are below the value.
pub(super) fn parameter_of(millis: i64, thresholds: impl Iterator<Item = Span>) -> u32 {
    let bucket = bucket_of(millis);
    let below = thresholds.filter(|threshold| threshold.0 < millis && bucket_of(threshold.0) == bucket).count();
    // There are some dozens of thresholds at most.
    (below as u32) << 16 | u32::from(bucket)
}

fn bucket_in(parameter: u32) -> u16 {
    parameter as u16
}

/// Bounds at which a distribution is told, each with how many are at or below it, exactly: a power of two is the bound of a
/// bucket, and a threshold parts its bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    bounds: Vec<Span>,
    /// For each bound, the greatest cell that is not beyond it: bucket, and part of the bucket.
    last: Vec<(u16, u16)>,
}

impl Bounds {
    /// Powers of two of a millisecond, and thresholds.
    pub(super) fn new(powers: impl Iterator<Item = u32>, thresholds: &[Span]) -> Bounds {
        let mut bounds: Vec<Span> = powers.map(|power| Span(1 << power)).chain(thresholds.iter().copied()).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let last = |bound: &Span| match bound.0.count_ones() {
            1 => (bucket_of(bound.0), u16::MAX),
            _ => {
                let parameter = parameter_of(bound.0, thresholds.iter().copied());
                (bucket_in(parameter), (parameter >> 16) as u16)
            }
        };
        Bounds { last: bounds.iter().map(last).collect(), bounds }
    }

    /// The bounds, ascending.
    pub fn spans(&self) -> &[Span] {
        &self.bounds
    }

    /// How many values of `quantity` are at or below each bound, and behind them how many there are.
    pub fn counts(&self, amounts: &Amounts, quantity: Quantity) -> Vec<i64> {
        let mut counts = vec![0; self.last.len() + 1];
        let (mut at, mut before) = (0, (0, 0));
        for (cell, n) in amounts.of(quantity) {
            let place = (bucket_in(cell.parameter), (cell.parameter >> 16) as u16);
            // Cells are sorted by part first, and most are of the first one.
            if place < before {
                at = 0;
            }
            before = place;
            while self.last.get(at).is_some_and(|last| *last < place) {
                at += 1;
            }
            counts[at] += n;
        }
        for n in 1..counts.len() {
            counts[n] += counts[n - 1];
        }
        counts
    }
}

/// The value that stands for a bucket, in milliseconds: the geometric middle of its bounds, 0 for zero.
pub fn value_of(bucket: u16) -> f64 {
    match bucket {
        ZERO_BUCKET => 0.0,
        n => ((f64::from(n) - 1.5) / PER_DOUBLING as f64).exp2(),
    }
}

/// The upper bound of a bucket in milliseconds: what "maximum" reports.
pub fn upper_bound(bucket: u16) -> f64 {
    match bucket {
        ZERO_BUCKET => 0.0,
        n => ((f64::from(n) - 1.0) / PER_DOUBLING as f64).exp2(),
    }
}

/// Counts by bucket, sorted by bucket: how one duration, or several together, are distributed in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    counts: Vec<(u16, i64)>,
}

impl Sketch {
    /// The distributions of `quantities`, added up.
    pub fn of(amounts: &Amounts, quantities: &[Quantity]) -> Sketch {
        let cells = quantities.iter().flat_map(|quantity| amounts.of(*quantity));
        Sketch::from_counts(cells.map(|(cell, n)| (bucket_in(cell.parameter), *n)).collect())
    }

    fn from_counts(mut counts: Vec<(u16, i64)>) -> Sketch {
        counts.sort_unstable_by_key(|(bucket, _)| *bucket);
        Sketch { counts }
    }

    /// How many values.
    pub fn total(&self) -> i64 {
        self.counts.iter().map(|(_, n)| n).sum()
    }

    /// The nearest-rank quantile in milliseconds: the value of rank `ceil(q * n)`, at least 1. `None` without values.
    /// `per_cent` is 1 to 100.
    pub fn quantile(&self, per_cent: i64) -> Option<f64> {
        let total = self.total();
        if total <= 0 {
            return None;
        }
        let rank = ((total * per_cent + 99) / 100).max(1);
        let mut seen = 0;
        self.counts.iter().find_map(|(bucket, n)| {
            seen += n;
            (seen >= rank).then(|| value_of(*bucket))
        })
    }

    /// The upper bound of the highest occupied bucket in milliseconds.
    pub fn maximum(&self) -> Option<f64> {
        self.counts.iter().rev().find(|(_, n)| *n > 0).map(|(bucket, _)| upper_bound(*bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_read_back_is_within_the_stated_error() {
        for millis in (1..200_000).chain((200_000..30_000_000_000).step_by(77_777_777)) {
            let back = value_of(bucket_of(millis));
            // Below 47 ms neighbouring integers lie further apart than buckets, and the middle of a bucket may not
            // be an integer; the bound holds all the same.
            assert!((back / millis as f64 - 1.0).abs() <= 0.00545, "{millis} ms came back as {back}");
        }
    }

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        assert_eq!(bucket_of(0), ZERO_BUCKET);
        assert_eq!(bucket_of(1), 1);
        for doubling in 0..40 {
            let bound = 1i64 << doubling;
            assert_eq!(bucket_of(bound), (doubling * 64 + 1) as u16);
            assert!(bucket_of(bound + 1) > bucket_of(bound));
        }
    }

    #[test]
    fn buckets_rise_with_values() {
        let mut last = 0;
        for millis in 0..2_000_000 {
            let bucket = bucket_of(millis);
            assert!(bucket >= last);
            last = bucket;
        }
    }

    #[test]
    fn what_is_at_or_below_a_bound_is_counted_exactly() {
        use super::super::quantity::Cell;
        // Three thresholds in one bucket, one twice, one that is a power of two, and two apart.
        let thresholds = [20_000, 20_010, 20_010, 20_020, 16_384, 5_000, 60_000].map(Span);
        let bounds = Bounds::new(14..17, &thresholds);
        assert_eq!(
            bounds.spans().iter().map(|bound| bound.0).collect::<Vec<_>>(),
            [5_000, 16_384, 20_000, 20_010, 20_020, 32_768, 60_000, 65_536]
        );
        let values: Vec<i64> = (0..70_000).step_by(7).chain(19_990..20_040).chain([16_384, 65_536, 1 << 40]).collect();
        let cell = |value: &i64| (Cell::with(Quantity::AnsweredWaits, parameter_of(*value, thresholds.into_iter())), 1);
        let counts = bounds.counts(&Amounts::new(values.iter().map(cell).collect()), Quantity::AnsweredWaits);
        for (bound, count) in bounds.spans().iter().zip(&counts) {
            let want = values.iter().filter(|value| **value <= bound.0).count();
            assert_eq!(*count, want as i64, "at or below {} ms", bound.0);
        }
        assert_eq!(counts.last(), Some(&(values.len() as i64)));
    }

    #[test]
    fn quantiles_are_nearest_rank() {
        let sketch = Sketch::from_counts((1..=10).map(|second| (bucket_of(second * 1000), 1)).collect());
        let near = |found: Option<f64>, want: f64| (found.expect("has values") / want - 1.0).abs() < 0.0055;
        assert!(near(sketch.quantile(50), 5_000.0));
        assert!(near(sketch.quantile(90), 9_000.0));
        assert!(near(sketch.quantile(91), 10_000.0));
        assert!(near(sketch.quantile(1), 1_000.0));
        assert!(sketch.maximum().expect("has values") >= 10_000.0);
        assert_eq!(Sketch::default().quantile(50), None);
    }
}
