//! Formulas: how figures are made of the totals of a window.

use super::{Figure, Measure, Parameter, Parts, Statistic, Thresholds, Unit};
use crate::domain::amounts::Amounts;
use crate::domain::event::Kind;
use crate::domain::quantity::{Cell, Quantity as Q};
use crate::domain::settings::{AbandonRate, CreditRule, ServiceLevel, Settings};
use crate::domain::sketch::Sketch;
use crate::domain::time::Instant;

/// The number of "the caller left while it rang": no rep missed that.
pub(super) const CALLER_LEFT: u32 = 5;

/// How a value is made of quantities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Formula {
    /// The sum of these.
    Sum(&'static [Q]),
    /// The sum of a quantity over all its parameters but those named by number.
    SumOver(Q, &'static [u32]),
    /// One parameter of a quantity; the definition is repeated for each reason.
    Reason(Q, &'static [&'static str]),
    /// As many as there are within each threshold of the family.
    UpTo(Q, Thresholds),
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
    /// A service level at the threshold of the queue; without a formula the configured one.
    ServiceLevel(Option<ServiceLevel>),
    /// A service level at each threshold of waits.
    ServiceLevelAt(ServiceLevel),
    /// An abandon rate; without a formula the configured one.
    AbandonRate(Option<AbandonRate>),
    /// Missed rings over answered and missed ones, without those that the caller ended.
    MissRate,
    /// Resolved over all: of contacts, or of the shares in them where several reps share the credit.
    FirstContact { contacts: [Q; 2], shares: [Q; 2] },
    /// The configured abandon rate, of contacts that began outside the customer's day.
    AbandonRateOutside,
    /// 100 * (promoters - detractors) / answers.
    Nps,
    /// The weighted mean of answers from 1 to 10, times 10.
    Csi,
    /// Marks over best marks, where the best one is told as so many points.
    Marks(u8),
    /// The upper halves of reported figures over the lower ones.
    Reported,
    /// What stands of these.
    Stock(&'static [Q]),
    /// What stands of one at each threshold of the family.
    StockBeyond(Q, Thresholds),
    /// The mean age of what stands: the instant less the mean of when it began, which is added up as
    /// [`seconds_of_stocks`].
    Age { since: Q, count: Q },
    /// How old what stands beyond a threshold is beyond it, in such thresholds, at each of the family; `since` is added up
    /// as that of [`Formula::Age`].
    Overdue { since: Q, count: Q, family: Thresholds },
    /// For how long the first of what stands now has; of one whose parameter is when it began.
    Longest(Q),
}

impl Formula {
    pub(super) fn is_stock(self) -> bool {
        matches!(
            self,
            Formula::Stock(_)
                | Formula::StockBeyond(..)
                | Formula::Age { .. }
                | Formula::Overdue { .. }
                | Formula::Longest(_)
        )
    }
}

/// When something that stands began, as it is added up: seconds since 2020, so that no sum is ever too large.
pub fn seconds_of_stocks(began: Instant) -> i64 {
    began.since(STOCKS_BEGIN).0.div_euclid(1000)
}

/// 2020-01-01T00:00:00Z.
const STOCKS_BEGIN: Instant = Instant(1_577_836_800_000);

impl Measure {
    /// What the totals of a window say; stocks are as they stood `at` an instant.
    pub fn figure(&self, totals: &Amounts, at: Instant, settings: &Settings) -> Figure {
        let sampled = |figure: Figure, sample: Q| Figure { sample: totals.get(Cell::plain(sample)), ..figure };
        if let Some(figure) = self.stock(totals, at) {
            return figure;
        }
        match self.parts(totals, settings) {
            Some(Parts { numerator, denominator: Some(denominator) }) => {
                let figure = self.over(numerator, denominator);
                match self.definition.formula {
                    Formula::Csi => sampled(figure, Q::CsiAnswers),
                    Formula::Marks(_) => sampled(figure, Q::ReviewItems),
                    Formula::Reported => sampled(figure, Q::ReportedSample),
                    Formula::FirstContact { contacts: [all, _], .. } => sampled(figure, all),
                    _ => figure,
                }
            }
            Some(Parts { numerator: n, denominator: None }) => {
                if let Formula::Total(_, counted) = self.definition.formula {
                    let counted = totals.get(Cell::plain(counted));
                    let value = (counted > 0).then(|| n as f64 / self.definition.unit.parts() as f64);
                    let (numerator, sample) = (value.map(|_| n), self.sample(counted));
                    return Figure { value, numerator, denominator: None, sample };
                }
                Figure { value: Some(n as f64), numerator: Some(n), denominator: None, sample: n }
            }
            None => self.read_off(totals),
        }
    }

    /// What figures of a stock say; `None` for all other measures.
    fn stock(&self, totals: &Amounts, at: Instant) -> Option<Figure> {
        let count = |n: i64| Figure { value: Some(n as f64), numerator: Some(n), denominator: None, sample: n };
        let ages = |since: i64, count: i64| count * at.since(STOCKS_BEGIN).0 - since * 1000;
        Some(match (self.definition.formula, self.parameter) {
            (Formula::Stock(quantities), _) => {
                count(quantities.iter().flat_map(|q| totals.of(*q)).map(|(_, n)| n).sum())
            }
            (Formula::StockBeyond(quantity, _), Parameter::Number(x)) => count(totals.get(Cell::with(quantity, x))),
            (Formula::Age { since, count }, _) => {
                let [since, count] = [since, count].map(|quantity| totals.get(Cell::plain(quantity)));
                self.over(ages(since, count), count)
            }
            (Formula::Overdue { since, count, .. }, Parameter::Number(x)) => {
                let [since, count] = [since, count].map(|quantity| totals.get(Cell::with(quantity, x)));
                let cycles = count * i64::from(x);
                Figure { sample: count, ..self.over(ages(since, count) - cycles, cycles) }
            }
            (Formula::Longest(quantity), _) => {
                // The instant nearest to this one that ends in these bits: nobody waits for 24 days.
                let ago = |(cell, n): &(Cell, i64)| ((at.0 as u32).wrapping_sub(cell.parameter) as i32, *n);
                let began = totals.of(quantity).iter().map(ago).filter(|(ago, _)| *ago >= 0);
                Figure {
                    value: began.clone().map(|(ago, _)| ago).max().map(|ms| f64::from(ms) / 1000.0),
                    numerator: None,
                    denominator: None,
                    sample: began.map(|(_, n)| n).sum(),
                }
            }
            _ => return None,
        })
    }

    /// Which of numerator and denominator figures have.
    pub fn components(&self) -> &'static [&'static str] {
        match (self.definition.formula, self.halves()) {
            (Formula::Stock(_) | Formula::StockBeyond(..), _) | (_, Halves::Upper) => &["numerator"],
            (Formula::Age { .. } | Formula::Overdue { .. }, _) | (_, Halves::Both) => &["numerator", "denominator"],
            (_, Halves::None) => &[],
        }
    }

    /// What amounts add to both halves; `None` if the measure has none that add up: percentiles, maxima and stocks.
    pub fn parts(&self, amounts: &Amounts, settings: &Settings) -> Option<Parts> {
        let (mut numerator, mut denominator) = (0, 0);
        let halves = self.each_term(settings, |term| match term.half {
            Half::Upper => numerator += term.of(amounts),
            Half::Lower => denominator += term.of(amounts),
        });
        match halves {
            Halves::None => None,
            Halves::Upper => Some(Parts { numerator, denominator: None }),
            Halves::Both => Some(Parts { numerator, denominator: Some(denominator) }),
        }
    }

    /// Tells every summand of both halves, and which halves there are.
    pub fn each_term(&self, settings: &Settings, mut tell: impl FnMut(Term)) -> Halves {
        use Half::{Lower, Upper};
        let number = match self.parameter {
            Parameter::Number(n) => n,
            Parameter::None | Parameter::Statistic(_) => 0,
        };
        let mut add = |half, sign, quantities: &[Q], which: Which| {
            quantities.iter().for_each(|quantity| tell(Term { half, sign, quantity: *quantity, which }));
        };
        let (plain, at_threshold) = (Which::One(0), Which::One(number));
        match self.definition.formula {
            Formula::Sum(quantities) => add(Upper, 1, quantities, Which::All),
            Formula::SumOver(quantity, without) => add(Upper, 1, &[quantity], Which::AllBut(without)),
            Formula::Reason(quantity, _) => add(Upper, 1, &[quantity], at_threshold),
            Formula::UpTo(within, _) => add(Upper, 1, &[within], at_threshold),
            Formula::Beyond(known, within, _) => {
                add(Upper, 1, known, plain);
                add(Upper, -1, within, at_threshold);
            }
            Formula::Total(quantity, _) => add(Upper, 1, &[quantity], plain),
            Formula::Ratio(upper, lower) => {
                add(Upper, 1, upper, plain);
                add(Lower, 1, lower, plain);
            }
            Formula::Without(less, whole) => {
                add(Upper, 1, &[whole], plain);
                add(Upper, -1, &[less], plain);
                add(Lower, 1, &[whole], plain);
            }
            Formula::Within(within, known, _) => {
                add(Upper, 1, within, at_threshold);
                add(Lower, 1, known, plain);
            }
            Formula::Due(within, due, _) => {
                add(Upper, 1, &[within], at_threshold);
                add(Lower, 1, &[due], at_threshold);
            }
            Formula::Duration { sum, known, .. } if self.parameter == Parameter::Statistic(Statistic::Mean) => {
                add(Upper, 1, sum, plain);
                add(Lower, 1, known, plain);
            }
            Formula::Duration { .. } => {}
            Formula::ServiceLevel(formula) => {
                service_level(formula.unwrap_or(settings.service_level), None, add);
            }
            Formula::ServiceLevelAt(formula) => service_level(formula, Some(number), add),
            Formula::AbandonRate(formula) => abandon_rate(formula.unwrap_or(settings.abandon_rate), AT_ANY_TIME, add),
            Formula::MissRate => {
                let missed = Which::AllBut(&[CALLER_LEFT]);
                add(Upper, 1, &[Q::Missed], missed);
                add(Lower, 1, &[Q::RingsAnswered], plain);
                add(Lower, 1, &[Q::Missed], missed);
            }
            Formula::FirstContact { contacts, shares } => {
                let is_split = settings.first_contact.credit == CreditRule::Split;
                let [all, resolved] = if is_split { shares } else { contacts };
                add(Upper, 1, &[resolved], plain);
                add(Lower, 1, &[all], plain);
            }
            Formula::AbandonRateOutside => {
                // Of entries nothing is kept apart by the customer's clock.
                let formula = match settings.abandon_rate {
                    AbandonRate::Plain => AbandonRate::Offered,
                    other => other,
                };
                abandon_rate(formula, OUTSIDE_THE_DAY, add);
            }
            Formula::Nps => {
                add(Upper, 1, &[Q::NpsPromoters], plain);
                add(Upper, -1, &[Q::NpsDetractors], plain);
                add(Lower, 1, &[Q::NpsAnswers], plain);
            }
            Formula::Csi => {
                add(Upper, 1, &[Q::CsiScore], plain);
                add(Lower, 1, &[Q::CsiWeight], plain);
            }
            Formula::Marks(_) => {
                add(Upper, 1, &[Q::ReviewItemMarks], plain);
                add(Lower, 1, &[Q::ReviewItemBestMarks], plain);
            }
            Formula::Reported => {
                add(Upper, 1, &[Q::ReportedNumerator], plain);
                add(Lower, 1, &[Q::ReportedDenominator], plain);
            }
            // What stands is no sum over a window.
            Formula::Stock(_)
            | Formula::StockBeyond(..)
            | Formula::Age { .. }
            | Formula::Overdue { .. }
            | Formula::Longest(_) => {}
        }
        self.halves()
    }

    fn halves(&self) -> Halves {
        match self.definition.formula {
            Formula::Sum(_)
            | Formula::SumOver(..)
            | Formula::Reason(..)
            | Formula::UpTo(..)
            | Formula::Beyond(..)
            | Formula::Total(..) => Halves::Upper,
            Formula::Duration { .. } if self.parameter != Parameter::Statistic(Statistic::Mean) => Halves::None,
            formula if formula.is_stock() => Halves::None,
            _ => Halves::Both,
        }
    }

    /// Whether the quantity is among its summands.
    pub(super) fn has_term(&self, quantity: Q, settings: &Settings) -> bool {
        let mut is_found = false;
        self.each_term(settings, |term| is_found |= term.quantity == quantity);
        is_found
    }

    /// Whether records of this kind book what the measure is made of.
    pub fn is_booked_by(&self, kind: Kind, settings: &Settings) -> bool {
        let mut is_booked = match self.definition.formula {
            Formula::Duration { sketch, .. } => sketch.iter().any(|quantity| quantity.is_booked_by(kind)),
            _ => false,
        };
        self.each_term(settings, |term| is_booked |= term.quantity.is_booked_by(kind));
        is_booked
    }

    /// How many of the unit one is, where the lower half is as large as the upper one.
    pub fn times(&self) -> f64 {
        match (self.definition.unit, self.definition.formula) {
            (Unit::Points, _) => 100.0,
            (Unit::PerThousand, _) => 1000.0,
            (Unit::PerHour, _) => 3600.0,
            // Answers from 1 to 10 make an index of 10 to 100.
            (_, Formula::Csi) => 10.0,
            (_, Formula::Marks(best)) => f64::from(best),
            _ => 1.0,
        }
    }

    /// The percentile that it is, and the distributions that it is read off.
    pub fn percentile(&self) -> Option<(u8, &'static [Q])> {
        match (self.definition.formula, self.parameter) {
            (Formula::Duration { sketch, .. }, Parameter::Statistic(Statistic::Percentile(n))) => Some((n, sketch)),
            _ => None,
        }
    }

    fn over(&self, upper: i64, lower: i64) -> Figure {
        // One division of whole numbers: a value that lies on a bound is equal to it.
        let unit = self.definition.unit;
        let (above, below) = (self.times() * unit.lower_parts() as f64, unit.parts() as f64);
        Figure {
            value: (lower > 0).then(|| (upper as f64 * above) / (lower as f64 * below)),
            numerator: (lower > 0).then_some(upper),
            denominator: Some(lower),
            sample: self.sample(lower),
        }
    }

    /// Of time the whole seconds are what was looked at.
    fn sample(&self, looked_at: i64) -> i64 {
        if self.looks_at_time() { looked_at / 1000 } else { looked_at }
    }

    /// True if what is looked at is time and no things: samples are then seconds.
    pub fn looks_at_time(&self) -> bool {
        match self.definition.unit {
            Unit::Share | Unit::Proportion | Unit::PerHour => true,
            unit => unit == Unit::Seconds && matches!(self.definition.formula, Formula::Total(..)),
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

/// Which halves a figure has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// None: it is read off a distribution.
    None,
    /// The upper one: it is a count.
    Upper,
    /// Both: it is a fraction.
    Both,
}

/// One of the halves of a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The numerator, or the count.
    Upper,
    /// The denominator.
    Lower,
}

/// The cells of a quantity that a formula is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one with this parameter.
    One(u32),
    /// Those of every parameter.
    All,
    /// Those of every parameter but these.
    AllBut(&'static [u32]),
}

/// One summand of a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Of which half.
    pub half: Half,
    /// 1, or -1 if it is taken away.
    pub sign: i64,
    /// What.
    pub quantity: Q,
    /// Which of its cells.
    pub which: Which,
}

impl Term {
    /// What it is in these amounts.
    fn of(&self, amounts: &Amounts) -> i64 {
        let over_all = |without: &[u32]| {
            let cells = amounts.of(self.quantity).iter();
            cells.filter(|(cell, _)| !without.contains(&cell.parameter)).map(|(_, n)| n).sum()
        };
        let sum: i64 = match self.which {
            Which::One(parameter) => amounts.get(Cell::with(self.quantity, parameter)),
            Which::All => over_all(&[]),
            Which::AllBut(without) => over_all(without),
        };
        self.sign * sum
    }
}

/// A service level at the threshold of each queue, or at one for all, over legs whose wait is known.
fn service_level(formula: ServiceLevel, threshold: Option<u32>, mut add: impl FnMut(Half, i64, &[Q], Which)) {
    use Half::{Lower, Upper};
    let plain = Which::One(0);
    let ([answered, abandoned, callbacks], in_time) = match threshold {
        None => ([Q::AnsweredInTime, Q::AbandonedInTime, Q::CallbacksInTime], plain),
        Some(number) => ([Q::AnsweredWithin, Q::AbandonedWithin, Q::CallbacksWithin], Which::One(number)),
    };
    add(Upper, 1, &[answered], in_time);
    add(Lower, 1, &[Q::AnsweredWaitKnown], plain);
    if formula != ServiceLevel::AnsweredOnly {
        add(Lower, 1, &[Q::AbandonedWaitKnown], plain);
    }
    match formula {
        ServiceLevel::AnsweredPlusAbandoned => add(Upper, 1, &[abandoned], in_time),
        ServiceLevel::AnsweredOnly | ServiceLevel::Offered => {}
        ServiceLevel::OfferedMinusEarlyAbandons => add(Lower, -1, &[abandoned], in_time),
        ServiceLevel::ShortAbandonsPositive => add(Upper, 1, &[Q::AbandonedShort], plain),
        ServiceLevel::OfferedMinusShort => add(Lower, -1, &[Q::AbandonedShort], plain),
        ServiceLevel::AnsweredPlusAbandonedPlusCallbacks => {
            add(Upper, 1, &[abandoned, callbacks], in_time);
            add(Lower, 1, &[Q::LeftWaitKnown], plain);
        }
    }
}

/// The rate over legs answered, abandoned (short ones among them) and left, as these quantities count them.
/// Answered, abandoned, short abandons and left.
const AT_ANY_TIME: [Q; 4] = [Q::Answered, Q::Abandoned, Q::AbandonedShort, Q::Left];
const OUTSIDE_THE_DAY: [Q; 4] = [Q::OutsideAnswered, Q::OutsideAbandoned, Q::OutsideAbandonedShort, Q::OutsideLeft];

fn abandon_rate(
    formula: AbandonRate,
    [answered, abandoned, short, left]: [Q; 4],
    mut add: impl FnMut(Half, i64, &[Q], Which),
) {
    use Half::{Lower, Upper};
    let plain = Which::One(0);
    if formula == AbandonRate::Plain {
        add(Upper, 1, &[Q::EntriesAbandoned], plain);
        add(Lower, 1, &[Q::EntriesSettled], plain);
        return;
    }
    add(Upper, 1, &[abandoned], plain);
    add(Lower, 1, &[answered, abandoned], plain);
    match formula {
        AbandonRate::Offered => add(Lower, 1, &[left], Which::All),
        AbandonRate::Plain | AbandonRate::AnsweredPlusAbandoned => {}
        AbandonRate::Strict => {
            add(Upper, -1, &[short], plain);
            add(Lower, -1, &[short], plain);
        }
    }
}

impl Formula {
    /// The family of thresholds at each of which there is a measure.
    pub(super) fn thresholds(&self) -> Option<Thresholds> {
        match self {
            Formula::UpTo(_, family)
            | Formula::Beyond(_, _, family)
            | Formula::Within(_, _, family)
            | Formula::Due(_, _, family)
            | Formula::StockBeyond(_, family)
            | Formula::Overdue { family, .. } => Some(*family),
            Formula::ServiceLevelAt(_) => Some(Thresholds::Wait),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Definition, Side};
    use super::*;
    use crate::domain::settings::FirstContact;

    fn measure_of(unit: Unit, formula: Formula, parameter: Parameter) -> Measure {
        let text = "";
        let definition = Definition {
            name: text,
            meaning: text,
            unit,
            side: Side::Queue,
            formula_text: text,
            instant: text,
            edges: text,
            source: text,
            formula,
        };
        Measure { name: String::new(), definition: Box::leak(Box::new(definition)), parameter }
    }

    #[test]
    fn the_mean_age_is_the_instant_less_the_mean_of_when_it_began() {
        let at = |seconds: i64| Instant(STOCKS_BEGIN.0 + seconds * 1000);
        // Two that began 1,000 s and 3,000 s after 2020: at 5,000 s they are 4,000 s and 2,000 s old.
        let since = seconds_of_stocks(at(1000)) + seconds_of_stocks(at(3000));
        let standing = [(Cell::plain(Q::Queued), 2), (Cell::plain(Q::Answered), since)];
        let measure = measure_of(Unit::Seconds, Formula::Age { since: Q::Answered, count: Q::Queued }, Parameter::None);
        let figure = measure.figure(&Amounts::new(standing.into()), at(5000), &Settings::default());
        assert_eq!(figure, Figure { value: Some(3000.0), numerator: Some(6_000_000), denominator: Some(2), sample: 2 });
        let nothing = measure.figure(&Amounts::default(), at(5000), &Settings::default());
        assert_eq!(nothing.value, None);
    }

    #[test]
    fn what_stands_beyond_a_threshold_is_read_at_that_threshold() {
        let formula = Formula::StockBeyond(Q::Waiting, Thresholds::Resolution);
        let standing = [(Cell::with(Q::Waiting, 60), 3), (Cell::with(Q::Waiting, 90), 2)];
        let measure = measure_of(Unit::Count, formula, Parameter::Number(90));
        let figure = measure.figure(&Amounts::new(standing.into()), Instant::default(), &Settings::default());
        assert_eq!(figure.value, Some(2.0));
    }

    #[test]
    fn who_has_not_come_yet_does_not_wait_and_the_count_of_milliseconds_may_overflow() {
        let measure = measure_of(Unit::Seconds, Formula::Longest(Q::WaitingSince), Parameter::None);
        let now = Instant((1 << 40) + 5000);
        let longest = |entries: &[i64]| {
            let cells = entries.iter().map(|entry| (Cell::with(Q::WaitingSince, *entry as u32), 1));
            let figure = measure.figure(&Amounts::new(cells.collect()), now, &Settings::default());
            (figure.value, figure.sample)
        };
        assert_eq!(longest(&[now.0 - 1000, now.0 - 7000]), (Some(7.0), 2));
        assert_eq!(longest(&[now.0 - 1000, now.0 + 1]), (Some(1.0), 1));
        assert_eq!(longest(&[now.0 + 1]), (None, 0));
    }

    // The worked data set of the field: answered 1000, abandoned 60; answered within 20 s 860; abandoned within 20 s
    // 20; abandoned within 5 s (short) 10. Beside it left 40, of them for a callback within 20 s 10.
    fn worked_data_set() -> Amounts {
        let amounts = [
            (Q::AnsweredWaitKnown, 1000),
            (Q::AbandonedWaitKnown, 60),
            (Q::AnsweredInTime, 860),
            (Q::AbandonedInTime, 20),
            (Q::AbandonedShort, 10),
            (Q::LeftWaitKnown, 40),
            (Q::CallbacksInTime, 10),
        ];
        Amounts::new(amounts.map(|(quantity, n)| (Cell::plain(quantity), n)).into())
    }

    #[test]
    fn who_shares_the_credit_has_thousandths_of_contacts_and_looked_at_contacts() {
        let settings = |credit| Settings {
            first_contact: FirstContact { credit, ..FirstContact::default() },
            ..Settings::default()
        };
        // A third of a contact that was resolved, and the whole of one that was not.
        let amounts = [
            (Q::FirstContactEligible, 2),
            (Q::FirstContactResolved, 1),
            (Q::FirstContactEligibleShare, 1333),
            (Q::FirstContactResolvedShare, 333),
        ];
        let amounts = Amounts::new(amounts.map(|(quantity, n)| (Cell::plain(quantity), n)).into());
        let figure = |credit| {
            let settings = settings(credit);
            let measure = Measure::named("first_contact_resolution", &settings).expect("is in the catalogue");
            measure.figure(&amounts, Instant(0), &settings)
        };
        let (numerator, denominator) = (Some(333), Some(1333));
        assert_eq!(
            figure(CreditRule::Split),
            Figure { value: Some(333.0 / 1333.0), numerator, denominator, sample: 2 }
        );
        let (numerator, denominator) = (Some(1), Some(2));
        assert_eq!(figure(CreditRule::All), Figure { value: Some(0.5), numerator, denominator, sample: 2 });
    }

    #[test]
    fn each_formula_of_service_level_gives_the_published_result_by_whatever_name() {
        let published = [0.8302, 0.8600, 0.8113, 0.8269, 0.8208, 0.8190, 0.8091];
        for (formula, want) in ServiceLevel::ALL.into_iter().zip(published) {
            let settings = Settings { service_level: formula, ..Settings::default() };
            let by_name = format!("service_level_{}", formula.id());
            for (name, settings) in [("service_level", &settings), (&by_name, &Settings::default())] {
                let measure = Measure::named(name, settings).expect("is in the catalogue");
                let found = measure.figure(&worked_data_set(), Instant::default(), settings).value.expect("has data");
                assert!((found - want).abs() < 0.00005, "{name} by {}: {found}, not {want}", formula.id());
            }
        }
    }
}
