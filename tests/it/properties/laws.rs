//! Laws that hold at every instant, over generated histories.

use super::chance::Chance;
use super::disk::Disk;
use super::{centre, for_seeds, history};
use goalkeeper::domain::engine::{Engine, Input};
use goalkeeper::domain::measure::Measure;
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE};
use goalkeeper::domain::window::{Stretch, Tier, Window};
use std::cell::Cell;
use std::sync::Arc;

#[test]
fn who_has_come_and_has_no_outcome_waits_at_every_instant() {
    let (waited, past) = (Cell::new(0), Cell::new(0));
    for_seeds(20, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let settings = Arc::new(centre::settings(&mut chance).without_horizon());
        let roster = Arc::new(Roster::new(centre::roster(begin, 3, &mut chance)));
        let (mut engine, disk) = Disk::engine(roster, settings, &mut chance);
        let partition = engine.partition("0");
        let mut events = history::history(seed, begin, 3, 300);
        events.sort_by_cached_key(|event| event.time.0 + chance.below(2 * HOUR));
        for (n, event) in events.into_iter().enumerate() {
            let time = event.time;
            engine.gather(Input::Event { partition, received: None, event });
            engine.gather(Input::Tick(time));
            disk.perhaps(&mut engine, &mut chance);
            if n % 20 == 0 {
                engine.flush();
                let now = engine.now().0;
                for at in [now + MINUTE, chance.between(begin, now.max(begin) + 1), chance.between(begin, now + DAY)] {
                    let waiting = holds_at(&engine, Instant(at).floor(MINUTE));
                    waited.set(waited.get() + waiting);
                    past.set(past.get() + if at < now { waiting } else { 0 });
                }
            }
        }
    });
    println!("{} waiting, {} of them in the past", waited.get(), past.get());
    assert!(waited.get() > 100 && past.get() > 50, "nobody waited");
}

/// Both laws at one instant, for every scope that has queues; gives how many wait.
fn holds_at(engine: &Engine, at: Instant) -> i64 {
    let first = Instant(engine.first().expect("events came").0 - 3 * DAY).floor(MINUTE);
    let stretch = Stretch { tier: Tier::Minute, start: first, end: at };
    let mut all = 0;
    for scope in engine.scopes().iter().filter(|scope| scope.kind != ScopeKind::Rep) {
        let figure = |name: &str| numerator(engine, scope, name, stretch);
        let Some(offered) = figure("offered") else { continue };
        let of = |name: &str| figure(name).expect("is as much watched");
        assert_eq!(offered, of("answered") + of("abandoned") + of("left") + of("unknown"), "{scope}");
        assert_eq!(of("queued") - offered, of("waiting_now"), "{scope} at {}", at.to_rfc3339());
        all += of("waiting_now");
    }
    all
}

fn numerator(engine: &Engine, scope: &Scope, name: &str, stretch: Stretch) -> Option<i64> {
    let measure = Measure::named(name, engine.settings()).expect("is a measure");
    engine.figure(&measure, scope, Window::All, stretch).figure.numerator
}
