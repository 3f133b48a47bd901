//! What only rises since the process began: counters, and histograms where there is a distribution. What is taken back
//! again, because more was learned, is in a twin of the same shape: the difference of the two is what holds.

use crate::domain::amounts::Amounts;
use crate::domain::flow::Flow;
use crate::domain::measure::{DISTRIBUTIONS, Distribution, Unit, Which, short, threshold_number};
use crate::domain::quantity::{By, Cell, Quantity};
use crate::domain::scope::ScopeKind;
use crate::domain::settings::Settings;
use crate::domain::sketch::Bounds;
use crate::domain::time::Span;
use crate::publish::family::{Family, FamilyKind, Tail};
use std::sync::Arc;

/// The two sides of a flow, with the side of it that each family tells.
const SIDES: [fn(&Flow) -> &Amounts; 2] = [|flow| &flow.added, |flow| &flow.retracted];

/// The counters and histograms of one kind of scope.
pub(super) struct Flows {
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
}

/// A quantity: added and retracted, with a series for each cell.
struct Counter {
    cells: Vec<Cell>,
    scale: f64,
    families: [Family; 2],
}

struct Histogram {
    distribution: &'static Distribution,
    bounds: Bounds,
    families: [Family; 2],
}

impl Flows {
    pub(super) fn new(kind: ScopeKind, settings: &Settings) -> Flows {
        // Reps have no distributions: of their durations there are sums and counts.
        let distributions: &[Distribution] = if kind == ScopeKind::Rep { &[] } else { &DISTRIBUTIONS };
        let is_told = |quantity: Quantity| kind != ScopeKind::Rep && Distribution::of(quantity).is_some();
        let counted = Quantity::ALL
            .into_iter()
            .filter(|quantity| quantity.is_plain() && quantity.is_of(kind) && !is_told(*quantity));
        Flows {
            counters: counted.map(|quantity| Counter::new(kind, quantity, settings)).collect(),
            histograms: distributions.iter().map(|one| Histogram::new(kind, one, settings)).collect(),
        }
    }

    pub(super) fn families(&self) -> impl Iterator<Item = &Family> {
        let counters = self.counters.iter().flat_map(|counter| &counter.families);
        counters.chain(self.histograms.iter().flat_map(|histogram| &histogram.families))
    }

    pub(super) fn into_families(self) -> impl Iterator<Item = Family> {
        let counters = self.counters.into_iter().flat_map(|counter| counter.families);
        counters.chain(self.histograms.into_iter().flat_map(|histogram| histogram.families))
    }

    /// Tells the flow of one scope; of one that nothing was booked for, everything is 0.
    pub(super) fn fill(&mut self, head: usize, flow: Option<&Flow>) {
        let nothing = Flow::default();
        let flow = flow.unwrap_or(&nothing);
        for (n, side) in SIDES.into_iter().enumerate() {
            let amounts = side(flow);
            for Counter { cells, scale, families } in &mut self.counters {
                for (tail, cell) in cells.iter().enumerate() {
                    families[n].push(head, tail, amounts.get(*cell) as f64 / *scale);
                }
            }
            for Histogram { distribution, bounds, families } in &mut self.histograms {
                let counts = bounds.counts(amounts, distribution.cells);
                for (tail, count) in counts.iter().enumerate() {
                    families[n].push(head, tail, *count as f64);
                }
                let total = counts.last().copied().unwrap_or_default();
                families[n].push(head, counts.len(), amounts.get(Cell::plain(distribution.sum)) as f64 / 1000.0);
                families[n].push(head, counts.len() + 1, total as f64);
            }
        }
    }
}

impl Counter {
    fn new(kind: ScopeKind, quantity: Quantity, settings: &Settings) -> Counter {
        let (unit, meaning) = (quantity.unit(), quantity.meaning());
        let cells = cells(quantity, settings);
        let tails: Arc<[Tail]> = cells.iter().map(|(_, tail)| tail.clone()).collect();
        let name = snake(quantity);
        Counter {
            cells: cells.into_iter().map(|(cell, _)| cell).collect(),
            scale: unit.parts() as f64,
            families: pair(kind, &name, meaning, unit, FamilyKind::Counter, &tails),
        }
    }
}

impl Histogram {
    fn new(kind: ScopeKind, distribution: &'static Distribution, settings: &Settings) -> Histogram {
        let bounds = distribution.bounds(settings);
        let bucket = |span: &Span| Tail::with("_bucket", "le", &format!("{:?}", span.0 as f64 / 1000.0));
        let mut tails: Vec<Tail> = bounds.spans().iter().map(bucket).collect();
        tails.extend([Tail::with("_bucket", "le", "+Inf"), Tail::plain("_sum"), Tail::plain("_count")]);
        let meaning = distribution.meaning.trim_end_matches('.');
        let families = pair(kind, distribution.name, meaning, Unit::Seconds, FamilyKind::Histogram, &tails.into());
        Histogram { distribution, bounds, families }
    }
}

/// A family and its retracted twin. The unit stands last, as Prometheus wants it.
fn pair(kind: ScopeKind, name: &str, meaning: &str, unit: Unit, what: FamilyKind, tails: &Arc<[Tail]>) -> [Family; 2] {
    let unit = match unit {
        Unit::Seconds => "_seconds",
        _ => "",
    };
    let kind = kind.name();
    let family = |twin: &str, when: &str| {
        let name = format!("goalkeeper_{kind}_{name}{twin}{unit}");
        Family::new(name, format!("{meaning}: {when}."), what, &[].into(), tails)
    };
    [
        family("", "counted since the process began"),
        family("_retracted", "taken back since the process began, because more was learned"),
    ]
}

/// The cells of a quantity: one, or one for each word or threshold, with the label that tells them apart.
fn cells(quantity: Quantity, settings: &Settings) -> Vec<(Cell, Tail)> {
    match quantity.by() {
        By::Word(words) => {
            let cell = |(n, word): (u32, &&str)| (Cell::with(quantity, n), Tail::with("_total", "reason", word));
            (1..).zip(words).map(cell).collect()
        }
        By::Threshold(family) => {
            let cell = |span: &Span| {
                (Cell::with(quantity, threshold_number(*span)), Tail::with("_total", "threshold", &short(*span)))
            };
            family.of(settings).iter().map(cell).collect()
        }
        By::Nothing | By::Bucket | By::Entry => vec![(Cell::plain(quantity), Tail::plain("_total"))],
    }
}

/// The series that tell some cells of a quantity.
pub(in crate::publish) struct Series {
    /// What was added, without labels.
    pub(in crate::publish) added: String,
    /// What was taken back again.
    pub(in crate::publish) retracted: String,
    /// Labels beside the scope's, each behind a comma.
    pub(in crate::publish) labels: String,
}

/// The counters, or the parts of a histogram, that tell cells of a quantity for scopes of a kind; `None` if none do.
pub(in crate::publish) fn series(
    kind: ScopeKind,
    quantity: Quantity,
    which: Which,
    settings: &Settings,
) -> Option<Series> {
    if let Some(distribution) = Distribution::of(quantity).filter(|_| kind != ScopeKind::Rep) {
        let (end, labels) = match which {
            Which::One(ms) if distribution.within == Some(quantity) => {
                ("_bucket", format!(",le=\"{:?}\"", f64::from(ms) / 1000.0))
            }
            _ if quantity == distribution.sum => ("_sum", String::new()),
            _ if quantity == distribution.known => ("_count", String::new()),
            _ => return None,
        };
        let [added, retracted] = pair(kind, distribution.name, "", Unit::Seconds, FamilyKind::Histogram, &[].into());
        return Some(Series { added: added.name + end, retracted: retracted.name + end, labels });
    }
    if !quantity.is_plain() {
        return None;
    }
    let labels = match (quantity.by(), which) {
        (By::Word(words), Which::One(n)) => format!(",reason=\"{}\"", words[n as usize - 1]),
        (By::Word(words), Which::AllBut(without)) if !without.is_empty() => {
            let without: Vec<&str> = without.iter().map(|n| words[*n as usize - 1]).collect();
            format!(",reason!~\"{}\"", without.join("|"))
        }
        (By::Threshold(family), Which::One(ms)) => {
            let threshold = family.of(settings).iter().find(|span| threshold_number(**span) == ms)?;
            format!(",threshold=\"{}\"", short(*threshold))
        }
        _ => String::new(),
    };
    let [added, retracted] =
        pair(kind, &snake(quantity), "", quantity.unit(), FamilyKind::Counter, &[].into()).map(|family| family.name);
    Some(Series { added: added + "_total", retracted: retracted + "_total", labels })
}

/// The buckets of the histogram whose cells are `cells`; reps have none.
pub(in crate::publish) fn buckets(kind: ScopeKind, cells: Quantity, settings: &Settings) -> Option<Series> {
    let distribution = Distribution::of(cells)?;
    let sum = series(kind, distribution.sum, Which::One(0), settings).filter(|_| kind != ScopeKind::Rep)?;
    let bucket = |name: String| name.trim_end_matches("_sum").to_owned() + "_bucket";
    Some(Series { added: bucket(sum.added), retracted: bucket(sum.retracted), labels: sum.labels })
}

/// The quantity's name as metrics write it.
fn snake(quantity: Quantity) -> String {
    let mut name = String::new();
    for (n, c) in format!("{quantity:?}").chars().enumerate() {
        if c.is_uppercase() && n > 0 {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name
}
