//! The facts behind a figure add up to it: to its numerator and its denominator, over all pages, for every measure.

use super::chance::Chance;
use super::disk::Disk;
use super::{centre, for_seeds, history};
use goalkeeper::domain::amounts::Amounts;
use goalkeeper::domain::engine::{Engine, Input, QueryError};
use goalkeeper::domain::facts::{Page, Question};
use goalkeeper::domain::measure::measures;
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::time::{DAY, HOUR, Instant, Span};
use goalkeeper::domain::times::Times;
use goalkeeper::domain::window::Window;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What was compared.
#[derive(Default)]
struct Tally {
    figures: u64,
    facts: u64,
    /// Facts of some weekdays or hours only.
    narrowed: u64,
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
    let Tally { figures, facts, narrowed, incomplete, measures: found } = tally.into_inner();
    println!(
        "{facts} facts of {figures} figures, {narrowed} of them at some times only, and {incomplete} figures of a time whose books are closed"
    );
    let settings = centre::settings(&mut Chance::new(0));
    let all = measures(&settings);
    let with_halves = all.iter().filter(|measure| measure.parts(&Amounts::default(), &settings).is_some());
    let all: BTreeSet<&str> = with_halves.map(|measure| measure.definition.name).collect();
    let without: Vec<&&str> = all.difference(&found).collect();
    assert!(without.is_empty(), "no fact was ever found behind {without:?}");
    assert!(incomplete > 0, "nothing has expired");
    assert!(narrowed > 1000, "{narrowed}");
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
        let all = Times::default();
        let some = [
            all.on("mon-fri"),
            all.on("sat,sun"),
            all.within_hours("08:00-18:00"),
            all.on("mon,wed").and_then(|days| days.within_hours("22:15-06:30")),
        ];
        let times = if chance.per_cent(50) { all } else { chance.pick(&some.map(|times| times.expect("are some"))) };
        for measure in measures(engine.settings()) {
            let (scope, after) = (scope.clone(), None);
            let question =
                Question { scope, measure, window, stretch, times, after, limit: chance.pick(&[1, 7, 1000]) };
            compare_one(engine, question, chance, tally);
        }
    }
}

fn compare_one(engine: &Engine, mut question: Question, chance: &mut Chance, tally: &mut Tally) {
    let (mut numerator, mut denominator, mut n) = (0, 0, 0);
    let mut before = None;
    loop {
        let mut search = match engine.begin_facts(question.clone()) {
            Ok(search) => search,
            Err(
                QueryError::NoHalves { .. }
                | QueryError::HoursOfRep { .. }
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
        question.after = next;
        if question.after.is_none() {
            break;
        }
    }
    let Question { measure, stretch, times, .. } = &question;
    if engine.facts_since(measure).is_some_and(|since| since > stretch.start) {
        tally.incomplete += 1;
        return;
    }
    let figure = engine.figure_of(&question).expect("facts were found").figure;
    let what = || format!("{question:?}: {figure:?}");
    assert_eq!(figure.denominator.unwrap_or(denominator), denominator, "{}", what());
    assert_eq!(figure.numerator.unwrap_or(numerator), numerator, "{}", what());
    tally.figures += 1;
    tally.facts += n;
    if !times.are_all() {
        tally.narrowed += n;
    }
    if n > 0 {
        tally.measures.insert(measure.definition.name);
    }
}
