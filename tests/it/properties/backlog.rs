//! The backlog that the engine has booked is what the oracle finds unsolved.

use super::chance::Chance;
use super::oracle::{Known, World};
use super::{centre, for_seeds, history};
use goalkeeper::domain::engine::{Engine, Input, Outcome};
use goalkeeper::domain::measure::threshold_number;
use goalkeeper::domain::quantity::{Cell, Quantity};
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::scope::ScopeKind;
use goalkeeper::domain::time::{DAY, Instant};
use goalkeeper::domain::window::{Stretch, Tier};
use std::cell::Cell as Counter;
use std::sync::Arc;

#[test]
fn the_backlog_is_what_is_not_solved() {
    let (unsolved, old) = (Counter::new(0), Counter::new(0));
    for_seeds(20, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let roster = centre::roster(begin, 3, &mut chance);
        let settings = centre::settings(&mut chance).without_horizon();
        let mut engine = Engine::new(Arc::new(Roster::new(roster.clone())), Arc::new(settings.clone()));
        let partition = engine.partition("0");
        let mut accepted = Vec::new();
        for event in history::history(seed, begin, 3, 300) {
            let outcome = engine.gather(Input::Event { partition, received: None, event: event.clone() });
            if matches!(outcome, Outcome::Applied | Outcome::Unchanged) {
                accepted.push(event);
            }
        }
        let last = accepted.iter().map(|event| event.time.0).max().expect("events came");
        for days in [-2, 0, 1, 5] {
            engine.apply(Input::Tick(Instant(last + days * DAY)));
            let known = Known::at(&accepted, World { roster: &roster, settings: &settings, now: engine.now().0 });
            // Panes have no stocks of reps.
            for scope in engine.scopes().into_iter().filter(|scope| scope.kind != ScopeKind::Rep) {
                let all = Stretch { tier: Tier::Day, start: Instant(0), end: Instant::MAX };
                let sums = engine.panes().sum(&scope, all);
                let check = |cell: Cell, what: &str| {
                    assert_eq!(sums.get(cell), known.ever(&scope, what), "{what} of {scope}");
                    sums.get(cell)
                };
                unsolved.set(unsolved.get() + check(Cell::plain(Quantity::Backlog), "backlog"));
                check(Cell::plain(Quantity::BacklogSince), "backlog_since");
                check(Cell::plain(Quantity::BacklogUnassigned), "backlog_unassigned");
                for threshold in &settings.backlog_thresholds {
                    let cell = Cell::with(Quantity::BacklogOlder, threshold_number(*threshold));
                    old.set(old.get() + check(cell, &format!("backlog_older_{}", threshold.0)));
                }
            }
        }
    });
    println!("{} unsolved, {} of them old", unsolved.get(), old.get());
    assert!(unsolved.get() > 300 && old.get() > 300, "the histories show nothing");
}
