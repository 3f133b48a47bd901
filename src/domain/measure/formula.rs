//! Formulas: how figures are made of the totals of a window.

use super::{Figure, Measure, Parameter, Statistic, Thresholds, Unit};
use crate::domain::amounts::Amounts;
use crate::domain::quantity::{Cell, Quantity as Q};
use crate::domain::settings::{AbandonRate, ServiceLevel, Settings};
use crate::domain::sketch::Sketch;

/// How a value is made of quantities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Formula {
    /// The sum of these.
    Sum(&'static [Q]),
    /// The sum of a quantity over all its parameters but those named by number.
    SumOver(Q, &'static [u32]),
    /// One parameter of a quantity; the definition is repeated for each reason.
    Reason(Q, &'static [&'static str]),
    /// (known - within) at each threshold of the family.
    Beyond(&'static [Q], &'static [Q], Thresholds),
    /// Sum of the first over sum of the second.
    Ratio(&'static [Q], &'static [Q]),
    /// Within over known, at each threshold of the family.
    Within(&'static [Q], &'static [Q], Thresholds),
    /// Within over due, both at the threshold.
    Due(Q, Q, Thresholds),
    /// Statistics of a duration: mean from sum and count, percentiles from the sketches.
    Duration { sum: &'static [Q], known: &'static [Q], sketch: &'static [Q] },
    /// The configured service level.
    ServiceLevel,
    /// The configured abandon rate.
    AbandonRate,
    /// 100 * (promoters - detractors) / answers.
    Nps,
}

impl Measure {
    /// What the totals of a window say.
    pub fn figure(&self, totals: &Amounts, settings: &Settings) -> Figure {
        let number = match self.parameter {
            Parameter::Number(n) => n,
            Parameter::None | Parameter::Statistic(_) => 0,
        };
        match self.definition.formula {
            Formula::Sum(quantities) => count(quantities.iter().map(|q| over(totals, *q, &[])).sum()),
            Formula::SumOver(quantity, without) => count(over(totals, quantity, without)),
            Formula::Reason(quantity, _) => count(totals.get(Cell::with(quantity, number))),
            Formula::Beyond(known, within, _) => count(sum_of(totals, known, 0) - sum_of(totals, within, number)),
            Formula::Ratio(upper, lower) => self.over(sum_of(totals, upper, 0), sum_of(totals, lower, 0)),
            Formula::Within(within, known, _) => self.over(sum_of(totals, within, number), sum_of(totals, known, 0)),
            Formula::Due(within, due, _) => {
                self.over(sum_of(totals, &[within], number), sum_of(totals, &[due], number))
            }
            Formula::Duration { sum, known, sketch } => self.duration(totals, sum, known, sketch),
            Formula::ServiceLevel => {
                let (upper, lower) = service_level(totals, settings.service_level);
                self.over(upper, lower)
            }
            Formula::AbandonRate => {
                let (upper, lower) = abandon_rate(totals, settings.abandon_rate);
                self.over(upper, lower)
            }
            Formula::Nps => {
                let get = |q| totals.get(Cell::plain(q));
                self.over(get(Q::NpsPromoters) - get(Q::NpsDetractors), get(Q::NpsAnswers))
            }
        }
    }

    fn over(&self, upper: i64, lower: i64) -> Figure {
        // One division of whole numbers: a value that lies on a bound is equal to it.
        let (times, parts) = match self.definition.unit {
            Unit::Points => (100.0, 1.0),
            unit => (1.0, unit.parts() as f64),
        };
        Figure {
            value: (lower > 0).then(|| (upper as f64 * times) / (lower as f64 * parts)),
            numerator: (lower > 0).then_some(upper),
            denominator: Some(lower),
            sample: lower,
        }
    }

    fn duration(&self, totals: &Amounts, sum: &[Q], known: &[Q], sketch: &[Q]) -> Figure {
        let Parameter::Statistic(statistic) = self.parameter else { return Figure::default() };
        if statistic == Statistic::Mean {
            return self.over(sum_of(totals, sum, 0), sum_of(totals, known, 0));
        }
        let merged = Sketch::of(totals, sketch);
        let millis = match statistic {
            Statistic::Percentile(per_cent) => merged.quantile(i64::from(per_cent)),
            Statistic::Mean | Statistic::Maximum => merged.maximum(),
        };
        Figure { value: millis.map(|ms| ms / 1000.0), numerator: None, denominator: None, sample: merged.total() }
    }
}

/// What quantities add up to, each with this parameter.
fn sum_of(totals: &Amounts, quantities: &[Q], parameter: u32) -> i64 {
    quantities.iter().map(|q| totals.get(Cell::with(*q, parameter))).sum()
}

/// What a quantity adds up to over its parameters, without some of them.
fn over(totals: &Amounts, quantity: Q, without: &[u32]) -> i64 {
    totals.of(quantity).iter().filter(|(cell, _)| !without.contains(&cell.parameter)).map(|(_, n)| n).sum()
}

fn count(n: i64) -> Figure {
    Figure { value: Some(n as f64), numerator: Some(n), denominator: None, sample: n }
}

fn service_level(totals: &Amounts, formula: ServiceLevel) -> (i64, i64) {
    let get = |q| totals.get(Cell::plain(q));
    let (answered, abandoned) = (get(Q::Answered), get(Q::Abandoned));
    let in_time = get(Q::AnsweredInTime);
    match formula {
        ServiceLevel::AnsweredPlusAbandoned => (in_time + get(Q::AbandonedInTime), answered + abandoned),
        ServiceLevel::AnsweredOnly => (in_time, answered),
        ServiceLevel::Offered => (in_time, answered + abandoned),
        ServiceLevel::OfferedMinusEarlyAbandons => (in_time, answered + abandoned - get(Q::AbandonedInTime)),
        ServiceLevel::ShortAbandonsPositive => (in_time + get(Q::AbandonedShort), answered + abandoned),
        ServiceLevel::OfferedMinusShort => (in_time, answered + abandoned - get(Q::AbandonedShort)),
    }
}

fn abandon_rate(totals: &Amounts, formula: AbandonRate) -> (i64, i64) {
    let get = |q| totals.get(Cell::plain(q));
    let (answered, abandoned) = (get(Q::Answered), get(Q::Abandoned));
    match formula {
        AbandonRate::Offered => (abandoned, answered + abandoned + over(totals, Q::Left, &[])),
        AbandonRate::AnsweredPlusAbandoned => (abandoned, answered + abandoned),
        AbandonRate::WithoutShort => {
            let short = get(Q::AbandonedShort);
            (abandoned - short, answered + abandoned - short)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The worked data set of the field: answered 1000, abandoned 60; answered within 20 s 860; abandoned within 20 s
    // 20; abandoned within 5 s (short) 10.
    fn worked_data_set() -> Amounts {
        let amounts = [
            (Q::Answered, 1000),
            (Q::Abandoned, 60),
            (Q::AnsweredInTime, 860),
            (Q::AbandonedInTime, 20),
            (Q::AbandonedShort, 10),
        ];
        Amounts::new(amounts.map(|(quantity, n)| (Cell::plain(quantity), n)).into())
    }

    #[test]
    fn each_formula_of_service_level_gives_the_published_result() {
        let published = [0.8302, 0.8600, 0.8113, 0.8269, 0.8208, 0.8190];
        for (formula, want) in ServiceLevel::ALL.into_iter().zip(published) {
            let settings = Settings { service_level: formula, ..Settings::default() };
            let measure = Measure::named("service_level", &settings).expect("is in the catalogue");
            let found = measure.figure(&worked_data_set(), &settings).value.expect("has data");
            assert!((found - want).abs() < 0.00005, "{}: {found}, not {want}", formula.id());
        }
    }
}
