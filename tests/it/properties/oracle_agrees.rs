//! P2: the engine's figures are the oracle's over what it accepted.

use super::chance::Chance;
use super::compare::{WINDOWS, with_oracle};
use super::disk::Disk;
use super::{centre, for_seeds, history};
use goalkeeper::domain::engine::{Engine, Input, Outcome};
use goalkeeper::domain::event::Event;
use goalkeeper::domain::roster::{Roster, RosterData};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE, Span};
use std::cell::Cell;
use std::sync::Arc;

/// A run of one history, and what of it was accepted.
struct Run {
    chance: Chance,
    engine: Engine,
    disk: Disk,
    roster: RosterData,
    settings: Settings,
    accepted: Vec<Event>,
    told: usize,
}

impl Run {
    fn new(seed: u64, begin: i64, days: i64, reloads: bool) -> Run {
        let mut chance = Chance::new(seed);
        let roster = centre::roster(begin, days, &mut chance);
        let mut settings = centre::settings(&mut chance);
        settings.lateness = Span(chance.pick(&[HOUR, 6 * HOUR, DAY]));
        if reloads {
            // What has expired is not booked anew: here nothing does before the last reload.
            settings.silence.contact = Span::days(60);
        }
        let in_force = (Arc::new(Roster::new(roster.clone())), Arc::new(settings.clone()));
        let (engine, disk) = Disk::engine(in_force.0, in_force.1, &mut chance);
        Run { chance, engine, disk, roster, settings, accepted: Vec::new(), told: 0 }
    }

    /// Delivers the history roughly in order, over some partitions, and compares now and then.
    fn go(&mut self, mut events: Vec<Event>, reloads: bool) -> usize {
        let jitter = self.settings.lateness.0 * 2;
        let mut lateness: Vec<(i64, Event)> = Vec::new();
        for event in events.drain(..) {
            let late =
                if self.chance.per_cent(50) { self.chance.below(jitter) } else { self.chance.below(20 * MINUTE) };
            lateness.push((event.time.0 + late, event));
        }
        lateness.sort_by_key(|(arrives, _)| *arrives);
        let partitions: Vec<_> = ["0", "1", "2"].map(|name| self.engine.partition(name)).into_iter().collect();
        let (mut compared, every) = (0, (lateness.len() / 4).max(1));
        for (n, (arrives, event)) in lateness.into_iter().enumerate() {
            let partition = self.chance.pick(&partitions);
            // A clock that is far ahead is not believed.
            let received = match self.chance.per_cent(4) {
                true => Some(event.time.minus(Span::minutes(self.chance.between(4, 8)))),
                false => Some(Instant(arrives)),
            };
            self.told += 1;
            self.disk.perhaps(&mut self.engine, &mut self.chance);
            let outcome = self.engine.gather(Input::Event { partition, received, event: event.clone() });
            if matches!(outcome, Outcome::Applied | Outcome::Unchanged) {
                self.accepted.push(event);
            }
            if self.chance.per_cent(20) {
                let wall = arrives - self.chance.span(2 * HOUR);
                self.engine.gather(Input::Tick(Instant(wall)));
            }
            if reloads && self.chance.per_cent(2) {
                self.reload(arrives);
            }
            self.engine.gather(Input::Rebook(7));
            if n % every == every - 1 {
                compared += self.compare();
            }
        }
        let last = self.engine.now().0.max(self.accepted.iter().map(|e| e.time.0).max().unwrap_or(0));
        for days in [0, 1, 8, 31] {
            self.engine.gather(Input::Tick(Instant(last + days * DAY + self.chance.below(DAY))));
            compared += self.compare();
        }
        compared
    }

    fn reload(&mut self, now: i64) {
        if self.chance.per_cent(50) {
            self.roster = centre::roster(now - 3 * DAY, 6, &mut self.chance);
            self.engine.gather(Input::Roster(Arc::new(Roster::new(self.roster.clone()))));
        } else {
            let new = centre::settings(&mut self.chance);
            // Sources keep their namespaces, and horizons stay: they decide what is one record and what is late.
            let mut sources = new.sources;
            for (name, source) in &mut sources {
                let old = self.settings.source(name).clone();
                source.customers = old.customers;
            }
            let (lateness, silence) = (self.settings.lateness, self.settings.silence);
            self.settings = Settings { lateness, silence, sources, ..new };
            self.engine.gather(Input::Settings(Arc::new(self.settings.clone())));
        }
    }

    fn compare(&mut self) -> usize {
        while self.engine.rebooking() {
            self.engine.gather(Input::Rebook(50));
        }
        self.engine.flush();
        let found = with_oracle(&self.engine, &self.accepted, &self.roster, &self.settings, &WINDOWS, &mut self.chance);
        found.unwrap_or_else(|difference| panic!("{difference}"))
    }
}

#[test]
fn figures_equal_the_oracles_over_what_was_accepted() {
    let (told, accepted, compared) = (Cell::new(0), Cell::new(0), Cell::new(0));
    for_seeds(30, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let days = chance.pick(&[1, 3, 12, 25]);
        let size = chance.between(40, 500) as usize;
        let reloads = days < 12 && chance.per_cent(50);
        let mut run = Run::new(seed, begin, days, reloads);
        compared.set(compared.get() + run.go(history::history(seed, begin, days, size), reloads));
        told.set(told.get() + run.told);
        accepted.set(accepted.get() + run.accepted.len());
    });
    let share = 100 * accepted.get() / told.get();
    println!(
        "P2: {} of {} events accepted ({share} %), {} figures with data",
        accepted.get(),
        told.get(),
        compared.get()
    );
    assert!((50..=99).contains(&share), "{share} % accepted proves little");
}
