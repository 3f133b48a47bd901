//! The facts behind a figure add up to it: to its numerator and its denominator, over all pages, for every measure.

use super::chance::Chance;
use super::disk::Disk;
use super::{centre, for_seeds, history};
use goalkeeper::domain::amounts::Amounts;
use goalkeeper::domain::engine::{Engine, Input, QueryError};
use goalkeeper::domain::facts::{Page, Question};
use goalkeeper::domain::measure::{Measure, measures};
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::scope::Scope;
use goalkeeper::domain::time::{DAY, HOUR, Instant, Span};
use goalkeeper::domain::window::{Stretch, Window};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What was compared.
#[derive(Default)]
struct Tally {
    figures: u64,
    facts: u64,
    /// Figures of a time of which books are closed.
    incomplete: u64,
    /// Measures that had facts, as the catalogue calls them.
    measures: BTreeSet<&'static str>,
}

#[test]
fn facts_add_up_to_every_figure_that_has_a_numerator() {
    let tally = RefCell::<Tally>::default();
    for_seeds(16, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let days = chance.pick(&[1, 3, 20]);
        let mut settings = centre::settings(&mut chance);
        settings.lateness = Span::days(chance.between(1, 8));
        let roster = Arc::new(Roster::new(centre::roster(begin, days, &mut chance)));
        let (mut engine, disk) = Disk::engine(roster, Arc::new(settings), &mut chance);
        let mut events = history::history(seed, begin, days, 200);
        events.sort_by_cached_key(|event| event.time.0 + chance.below(12 * HOUR));
        for event in events {
            let time = event.time;
            let partition = engine.partition("0");
            engine.gather(Input::Event { partition, received: None, event });
            if chance.per_cent(20) {
                engine.gather(Input::Tick(time));
            }
            disk.perhaps(&mut engine, &mut chance);
            if chance.per_cent(1) {
                let roster = centre::roster(begin, days, &mut chance);
                engine.gather(Input::Roster(Arc::new(Roster::new(roster))));
            }
            engine.gather(Input::Rebook(chance.below(10) as usize));
            if chance.per_cent(2) {
                compare(&mut engine, &mut chance, &mut tally.borrow_mut());
            }
        }
        for step in [HOUR, DAY, 9 * DAY, 60 * DAY] {
            engine.gather(Input::Tick(engine.now().plus(Span(step))));
            compare(&mut engine, &mut chance, &mut tally.borrow_mut());
        }
    });
    let Tally { figures, facts, incomplete, measures: found } = tally.into_inner();
    println!("{facts} facts of {figures} figures, and {incomplete} figures of a time whose books are closed");
    let settings = centre::settings(&mut Chance::new(0));
    let all = measures(&settings);
    let with_halves = all.iter().filter(|measure| measure.parts(&Amounts::default(), &settings).is_some());
    let all: BTreeSet<&str> = with_halves.map(|measure| measure.definition.name).collect();
    let without: Vec<&&str> = all.difference(&found).collect();
    assert!(without.is_empty(), "no fact was ever found behind {without:?}");
    assert!(incomplete > 0, "nothing has expired");
}

/// Every measure of some scopes in some windows.
fn compare(engine: &mut Engine, chance: &mut Chance, tally: &mut Tally) {
    engine.flush();
    let Some(first) = engine.first().filter(|_| engine.now() > Instant::MIN) else { return };
    let scopes = engine.scopes();
    for _ in 0..6 {
        let any = chance.below(scopes.len() as i64) as usize;
        let scope = chance.pick(&[&scopes[0], &scopes[any]]).clone();
        let window = Window::parse(chance.pick(&["2h", "7d", "30d", "day", "month"])).expect("is a window");
        let at = Instant(chance.between(first.0, engine.now().0.max(first.0) + 2));
        let stretch = window.at(at, scope.kind, engine.roster().zone(&scope));
        for measure in measures(engine.settings()) {
            compare_one(engine, &scope, &measure, window, stretch, chance, tally);
        }
    }
}

fn compare_one(
    engine: &Engine,
    scope: &Scope,
    measure: &Measure,
    window: Window,
    stretch: Stretch,
    chance: &mut Chance,
    tally: &mut Tally,
) {
    let limit = chance.pick(&[1, 7, 1000]);
    let (mut numerator, mut denominator, mut n) = (0, 0, 0);
    let (mut before, mut after) = (None, None);
    loop {
        let (scope, measure) = (scope.clone(), measure.clone());
        let question = Question { scope, measure, window, stretch, after, limit };
        let mut search = match engine.begin_facts(question) {
            Ok(search) => search,
            Err(error @ QueryError::HoursOfRep { .. }) => panic!("nobody has asked for hours: {error}"),
            Err(
                QueryError::NoHalves { .. }
                | QueryError::NotHad { .. }
                | QueryError::TooOld { .. }
                | QueryError::Stock { .. },
            ) => return,
        };
        while !engine.search(&mut search, chance.between(1, 50) as usize) {}
        let Page { facts, next } = search.page();
        for fact in &facts {
            let order = (fact.at, fact.record.clone());
            assert!(before.as_ref().is_none_or(|before| order > *before), "{order:?} comes after {before:?}");
            before = Some(order);
            numerator += fact.parts.numerator;
            denominator += fact.parts.denominator.unwrap_or(0);
            n += 1;
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    if engine.facts_since(measure).is_some_and(|since| since > stretch.start) {
        tally.incomplete += 1;
        return;
    }
    let figure = engine.figure(measure, scope, window, stretch).figure;
    let what = || format!("{} of {scope} in {window} from {}: {figure:?}", measure.name, stretch.start.to_rfc3339());
    assert_eq!(figure.denominator.unwrap_or(denominator), denominator, "{}", what());
    assert_eq!(figure.numerator.unwrap_or(numerator), numerator, "{}", what());
    tally.figures += 1;
    tally.facts += n;
    if n > 0 {
        tally.measures.insert(measure.definition.name);
    }
}
