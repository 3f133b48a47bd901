//! The naive oracle: what every figure must be, worked out from scratch from a plain list of accepted events.
//!
//! It is an independent reading of the rules. It keeps nothing between questions, books nothing, takes nothing back and
//! knows no panes: at T it folds every contact, ticket, survey and customer anew into a flat list of amounts (whose,
//! what, when, how much), and a figure is a filter over that list. It shares the input types with the product and
//! nothing else: no fold, no window, no time-zone code, no sketch (its percentiles are exact).
//!
//! It is not fast, and it does not know expiry or saturation: histories in which a reference reaches an expired record,
//! or a record outgrows its bound, are for other tests.

mod business;
mod calendar;
mod contact;
mod customer;
mod formula;
mod house;
mod parts;
mod people;
mod survey;
mod ticket;
mod timeline;
mod version;

pub use calendar::{Stretch, stretches};
pub use formula::{Answer, Value};
pub use people::zone;

use goalkeeper::domain::event::{Channel, CustomerHash, Event, Kind, Name};
use goalkeeper::domain::roster::RosterData;
use goalkeeper::domain::scope::Scope;
use goalkeeper::domain::settings::Settings;
use std::collections::{BTreeMap, HashMap};

/// One thing that counts for one scope. `what` is a name of the oracle's own, with the reason or threshold in it.
#[derive(Clone, Debug)]
pub struct Amount {
    pub what: String,
    pub at: i64,
    pub n: i64,
}

/// Something that goes on from one instant to another, its milliseconds one by one.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub what: &'static str,
    pub from: i64,
    pub to: i64,
}

/// Something that stands for one scope for a while.
#[derive(Clone, Copy, Debug)]
pub struct Stay {
    pub what: &'static str,
    /// When what stands came into being.
    pub began: i64,
    pub from: i64,
    /// When it is over, as far as it is known to be.
    pub to: Option<i64>,
}

impl Span {
    /// As much of it as lies in a stretch.
    fn inside(&self, stretch: Stretch) -> Option<Amount> {
        let from = self.from.max(stretch.start);
        let overlap = self.to.min(stretch.end) - from;
        (overlap > 0).then(|| Amount { what: self.what.to_owned(), at: from, n: overlap })
    }
}

impl Stay {
    /// True if it stands just before an instant.
    fn stands_before(&self, t: i64) -> bool {
        self.from < t && self.to.is_none_or(|to| to >= t)
    }
}

/// What is in force when the question is asked.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub roster: &'a RosterData,
    pub settings: &'a Settings,
    pub now: i64,
}

/// Who is credited with something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Credit {
    pub rep: Option<Name>,
    pub queue: Option<Name>,
    pub team: Option<Name>,
}

/// What the customer's other contacts must know of one.
#[derive(Clone, Debug)]
pub struct Visit {
    pub first: i64,
    pub contact: version::Key,
    /// The contact with which the journey began: itself, unless another is named.
    pub journey: version::Key,
    pub answered: bool,
    /// Nobody had answered when the customer gave up.
    pub gave_up: bool,
    pub channel: Channel,
    pub issue: Option<Name>,
    pub passed_on: bool,
    /// The queue and team where it came in.
    pub came_in: (Option<Name>, Option<Name>),
    /// Who is credited if it is the last one.
    pub credit: Credit,
    /// Every handling by a rep, in order.
    pub handled: Vec<Credit>,
}

/// Everything that counts at T, by scope.
pub struct Known {
    amounts: HashMap<Scope, Vec<Amount>>,
    stays: HashMap<Scope, Vec<Stay>>,
    spans: HashMap<Scope, Vec<Span>>,
    first: Option<i64>,
    now: i64,
}

/// Amounts under construction.
pub struct Ledger<'a> {
    world: World<'a>,
    amounts: HashMap<Scope, Vec<Amount>>,
    stays: HashMap<Scope, Vec<Stay>>,
    spans: HashMap<Scope, Vec<Span>>,
    /// When each rep handled contacts.
    handled: BTreeMap<Name, Vec<(i64, i64)>>,
    /// What that is said to be which is added now; none of what figures are not broken down of.
    said: Option<parts::Said>,
}

impl Ledger<'_> {
    /// What is added from here on has this value.
    fn say(&mut self, by: &str, value: &str) {
        self.said.get_or_insert_default().insert(by.to_owned(), value.to_owned());
    }

    fn add(&mut self, scopes: &[Scope], what: impl Into<String>, at: i64, n: i64) {
        let what = what.into();
        let parts = self.said.as_ref().map(|said| parts::of(scopes, said, self.world)).unwrap_or_default();
        for scope in scopes.iter().chain(&parts) {
            let amount = Amount { what: what.clone(), at, n };
            self.amounts.entry(scope.clone()).or_default().push(amount);
        }
    }

    fn span(&mut self, scopes: &[Scope], what: &'static str, from: i64, to: i64) {
        for scope in scopes {
            self.spans.entry(scope.clone()).or_default().push(Span { what, from, to });
        }
    }

    fn stay(&mut self, scopes: &[Scope], what: &'static str, from: i64, to: Option<i64>) {
        self.stand(scopes, Stay { what, began: from, from, to });
    }

    fn stand(&mut self, scopes: &[Scope], stay: Stay) {
        let parts = self.said.as_ref().map(|said| parts::of(scopes, said, self.world)).unwrap_or_default();
        for scope in scopes.iter().chain(&parts) {
            self.stays.entry(scope.clone()).or_default().push(stay);
        }
    }
}

impl Known {
    /// Folds everything that was accepted.
    pub fn at(accepted: &[Event], world: World) -> Known {
        let mut ledger = Ledger {
            world,
            amounts: HashMap::new(),
            stays: HashMap::new(),
            spans: HashMap::new(),
            handled: BTreeMap::new(),
            said: None,
        };
        let mut credits: BTreeMap<version::Key, Credit> = BTreeMap::new();
        let mut visits: BTreeMap<(Name, CustomerHash), Vec<Visit>> = BTreeMap::new();
        let places = business::Places::default();
        let records = version::records(accepted, world.settings);
        let mut said: BTreeMap<version::Key, parts::Said> = BTreeMap::new();
        for (key, entries) in records.iter().filter(|(_, entries)| !entries.is_empty()) {
            if matches!(key.kind, Kind::Contact | Kind::Ticket) {
                said.insert(key.clone(), parts::said(key.kind, entries));
            }
        }
        let said_of = |key: &version::Key, entries: &[&Event]| match key.kind {
            Kind::Contact | Kind::Ticket => said.get(key).cloned(),
            Kind::Survey | Kind::Review | Kind::Complaint => {
                let named = parts::named(entries, world).and_then(|named| said.get(&named).cloned());
                Some(named.unwrap_or_else(parts::unknown))
            }
            _ => None,
        };
        for (key, entries) in records.iter().filter(|(_, entries)| !entries.is_empty()) {
            ledger.said = said_of(key, entries);
            version::tied(entries, world, &mut ledger);
            match key.kind {
                Kind::Contact => {
                    let story = contact::fold(key, entries, world, &mut ledger);
                    credits.insert(key.clone(), story.credit);
                    if let Some((customer, visit)) = story.visit {
                        visits.entry(customer).or_default().push(visit);
                    }
                }
                Kind::Ticket => {
                    credits.insert(key.clone(), ticket::fold(entries, &places, world, &mut ledger));
                    if let Some((customer, visit)) = ticket::visit(key, entries, world) {
                        visits.entry(customer).or_default().push(visit);
                    }
                }
                _ => {}
            }
        }
        for (key, entries) in records.iter().filter(|(key, entries)| key.kind == Kind::Survey && !entries.is_empty()) {
            ledger.said = said_of(key, entries);
            survey::fold(entries, &credits, world, &mut ledger);
        }
        for (key, entries) in records.iter().filter(|(_, entries)| !entries.is_empty()) {
            ledger.said = said_of(key, entries);
            house::fold(key.kind, entries, &credits, world, &mut ledger);
        }
        for visits in visits.values() {
            customer::first_contacts(visits, &said, world, &mut ledger);
        }
        ledger.said = None;
        timeline::fold(&records, world, &mut ledger);
        let first = accepted.iter().map(|event| event.time.0).min();
        Known { amounts: ledger.amounts, stays: ledger.stays, spans: ledger.spans, first, now: world.now }
    }

    /// The figure called `measure` of a scope over a stretch of time.
    pub fn ask(&self, scope: &Scope, measure: &str, stretch: Stretch, settings: &Settings) -> Answer {
        // Nothing is said of a time that was not watched; figures from elsewhere tell of times before.
        let unwatched = self.first.is_none_or(|first| stretch.end <= first) || stretch.start > self.now;
        if unwatched && !measure.starts_with("reported_") {
            return Answer { value: Value::None, numerator: None, denominator: None, sample: 0 };
        }
        let stays = self.stays.get(scope).map(Vec::as_slice).unwrap_or_default();
        if let Some(answer) = formula::stock(measure, stays, stretch.end, self.now) {
            return answer;
        }
        let all = self.amounts.get(scope).map(Vec::as_slice).unwrap_or_default();
        let mut inside: Vec<&Amount> = all.iter().filter(|a| stretch.start <= a.at && a.at < stretch.end).collect();
        let spans = self.spans.get(scope).map(Vec::as_slice).unwrap_or_default();
        let overlaps: Vec<Amount> = spans.iter().filter_map(|span| span.inside(stretch)).collect();
        inside.extend(&overlaps);
        formula::answer(measure, scope.kind, &inside, settings)
    }

    /// Every scope that something counts for.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.amounts.keys().chain(self.spans.keys())
    }
}
