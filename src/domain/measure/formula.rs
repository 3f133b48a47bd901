//! Formulas: how figures are made of the totals of a window.

use super::{Figure, Measure, Parameter, Parts, Statistic, Thresholds, Unit};
use crate::domain::amounts::Amounts;
use crate::domain::event::Kind;
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
    /// What is left of the second without the first, over the second.
    Without(Q, Q),
    /// The sum of a quantity, in its unit; no value if nothing of the second was counted.
    Total(Q, Q),
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
    /// The weighted mean of answers from 1 to 10, times 10.
    Csi,
    /// The upper halves of reported figures over the lower ones.
    Reported,
}

impl Measure {
    /// What the totals of a window say.
    pub fn figure(&self, totals: &Amounts, settings: &Settings) -> Figure {
        let sampled = |figure: Figure, sample: Q| Figure { sample: totals.get(Cell::plain(sample)), ..figure };
        match self.parts(totals, settings) {
            Some(Parts { numerator, denominator: Some(denominator) }) if self.definition.unit == Unit::Weighted => {
                let sample = if self.definition.formula == Formula::Csi { Q::CsiAnswers } else { Q::ReportedSample };
                sampled(self.over(numerator, denominator), sample)
            }
            Some(Parts { numerator, denominator: Some(denominator) }) => self.over(numerator, denominator),
            Some(Parts { numerator: n, denominator: None }) => {
                if let Formula::Total(_, counted) = self.definition.formula {
                    let sample = totals.get(Cell::plain(counted));
                    let value = (sample > 0).then(|| n as f64 / self.definition.unit.parts() as f64);
                    return Figure { value, numerator: value.map(|_| n), denominator: None, sample };
                }
                Figure { value: Some(n as f64), numerator: Some(n), denominator: None, sample: n }
            }
            None => self.read_off(totals),
        }
    }

    /// What amounts add to both halves; `None` if the measure has none: percentiles and maxima.
    pub fn parts(&self, amounts: &Amounts, settings: &Settings) -> Option<Parts> {
        let number = match self.parameter {
            Parameter::Number(n) => n,
            Parameter::None | Parameter::Statistic(_) => 0,
        };
        let count = |numerator| Parts { numerator, denominator: None };
        let over = |numerator, denominator| Parts { numerator, denominator: Some(denominator) };
        let (plain, at_threshold) = (|quantities| sum_of(amounts, quantities, 0), |q| sum_of(amounts, q, number));
        Some(match self.definition.formula {
            Formula::Sum(quantities) => count(quantities.iter().map(|q| over_all(amounts, *q, &[])).sum()),
            Formula::SumOver(quantity, without) => count(over_all(amounts, quantity, without)),
            Formula::Reason(quantity, _) => count(amounts.get(Cell::with(quantity, number))),
            Formula::Beyond(known, within, _) => count(plain(known) - at_threshold(within)),
            Formula::Ratio(upper, lower) => over(plain(upper), plain(lower)),
            Formula::Without(less, whole) => over(plain(&[whole]) - plain(&[less]), plain(&[whole])),
            Formula::Total(quantity, _) => count(plain(&[quantity])),
            Formula::Within(within, known, _) => over(at_threshold(within), plain(known)),
            Formula::Due(within, due, _) => over(at_threshold(&[within]), at_threshold(&[due])),
            Formula::Duration { sum, known, .. } if self.parameter == Parameter::Statistic(Statistic::Mean) => {
                over(plain(sum), plain(known))
            }
            Formula::Duration { .. } => return None,
            Formula::ServiceLevel => {
                let (upper, lower) = service_level(amounts, settings.service_level);
                over(upper, lower)
            }
            Formula::AbandonRate => {
                let (upper, lower) = abandon_rate(amounts, settings.abandon_rate);
                over(upper, lower)
            }
            Formula::Nps => {
                let get = |q| amounts.get(Cell::plain(q));
                over(get(Q::NpsPromoters) - get(Q::NpsDetractors), get(Q::NpsAnswers))
            }
            Formula::Csi => over(plain(&[Q::CsiScore]), plain(&[Q::CsiWeight])),
            Formula::Reported => over(plain(&[Q::ReportedNumerator]), plain(&[Q::ReportedDenominator])),
        })
    }

    /// Whether records of this kind book what the measure is made of.
    pub fn is_booked_by(&self, kind: Kind) -> bool {
        let quantities = match &self.definition.formula {
            Formula::Ratio(upper, _) if upper.iter().any(|quantity| quantity.is_booked_by(kind)) => return true,
            Formula::Sum(quantities) | Formula::Ratio(_, quantities) => quantities,
            Formula::Beyond(quantities, ..) | Formula::Within(_, quantities, _) => quantities,
            Formula::Duration { known, .. } => known,
            Formula::SumOver(quantity, _)
            | Formula::Reason(quantity, _)
            | Formula::Due(quantity, ..)
            | Formula::Without(_, quantity)
            | Formula::Total(_, quantity) => std::slice::from_ref(quantity),
            Formula::ServiceLevel | Formula::AbandonRate => &[Q::Answered],
            Formula::Nps => &[Q::NpsAnswers],
            Formula::Csi => &[Q::CsiAnswers],
            Formula::Reported => &[Q::ReportedFigures],
        };
        quantities.iter().any(|quantity| quantity.is_booked_by(kind))
    }

    fn over(&self, upper: i64, lower: i64) -> Figure {
        // One division of whole numbers: a value that lies on a bound is equal to it.
        let (times, parts) = match self.definition.unit {
            Unit::Points => (100.0, 1.0),
            Unit::PerThousand => (1000.0, 1.0),
            // Answers from 1 to 10 make an index of 10 to 100; figures from elsewhere are what they are.
            Unit::Weighted if self.definition.formula == Formula::Csi => (10.0, 1.0),
            Unit::Weighted => (1.0, 1.0),
            unit => (1.0, unit.parts() as f64),
        };
        Figure {
            value: (lower > 0).then(|| (upper as f64 * times) / (lower as f64 * parts)),
            numerator: (lower > 0).then_some(upper),
            denominator: Some(lower),
            sample: lower,
        }
    }

    /// What has no halves is read off the distribution.
    fn read_off(&self, totals: &Amounts) -> Figure {
        let (Formula::Duration { sketch, .. }, Parameter::Statistic(statistic)) =
            (self.definition.formula, self.parameter)
        else {
            return Figure::default();
        };
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
fn over_all(totals: &Amounts, quantity: Q, without: &[u32]) -> i64 {
    totals.of(quantity).iter().filter(|(cell, _)| !without.contains(&cell.parameter)).map(|(_, n)| n).sum()
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
        AbandonRate::Offered => (abandoned, answered + abandoned + over_all(totals, Q::Left, &[])),
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
