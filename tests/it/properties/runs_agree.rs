//! P1: in whatever order, batches, partitions, with whatever ticks and reloads in between, the same events give the
//! same export and the same figures. P3: what is accepted does not depend on how partitions interleave.

use super::chance::Chance;
use super::compare::WINDOWS;
use super::disk::Disk;
use super::{centre, for_seeds, history};
use goalkeeper::domain::engine::{Engine, Input, Outcome, PartitionId, Query, Row};
use goalkeeper::domain::event::Event;
use goalkeeper::domain::measure::measures;
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE, Span};
use goalkeeper::domain::times::Times;
use goalkeeper::domain::window::Window;
use std::cell::Cell;
use std::sync::Arc;

/// What is in force when two runs are held against each other.
type Order = (Arc<Roster>, Arc<Settings>);

/// Tells an engine these events in an order of its own, some twice, with ticks up to `until` and reloads in between.
fn feed(
    (engine, disk): &mut (Engine, Disk),
    events: &[Event],
    until: i64,
    last: &Order,
    others: &[Order],
    chance: &mut Chance,
) -> u64 {
    let mut order: Vec<&Event> = events.iter().collect();
    for _ in 0..events.len() / 5 {
        order.push(&events[chance.below(events.len() as i64) as usize]);
    }
    match chance.below(3) {
        0 => order.sort_by_key(|event| event.time),
        1 => order.sort_by_key(|event| std::cmp::Reverse(event.time)),
        _ => chance.shuffle(&mut order),
    }
    let partitions: Vec<PartitionId> =
        (0..1 + chance.below(5)).map(|n| engine.partition(&format!("topic/{n}"))).collect();
    let ticks = chance.below(30);
    for event in order {
        let partition = chance.pick(&partitions);
        let outcome = engine.gather(Input::Event { partition, received: None, event: event.clone() });
        assert!(
            matches!(outcome, Outcome::Applied | Outcome::Unchanged),
            "{outcome:?}: P1 speaks of events not refused"
        );
        disk.perhaps(engine, chance);
        if chance.per_cent(ticks) {
            engine.gather(Input::Tick(Instant(until - chance.below(20 * DAY))));
        }
        if chance.per_cent(2) {
            force(engine, &chance.pick(others), chance);
        }
        if chance.per_cent(50) {
            engine.gather(Input::Rebook(chance.below(9) as usize));
        }
    }
    force(engine, last, chance);
    while engine.rebooking() {
        engine.gather(Input::Rebook(1 + chance.below(40) as usize));
    }
    engine.gather(Input::Tick(Instant(until)));
    partitions.iter().map(|p| engine.accounts(*p).unchanged).sum()
}

fn force(engine: &mut Engine, (roster, settings): &Order, chance: &mut Chance) {
    // A reload of what is in force already is one too; either may come first.
    if chance.per_cent(50) {
        engine.gather(Input::Settings(settings.clone()));
        engine.gather(Input::Roster(roster.clone()));
    } else {
        engine.gather(Input::Roster(roster.clone()));
        engine.gather(Input::Settings(settings.clone()));
    }
}

fn figures(engine: &Engine) -> Vec<Row> {
    let to = engine.now();
    let window = |name: &&str| Window::parse(name).expect("is a window");
    let query = Query {
        scopes: engine.scopes(),
        measures: measures(engine.settings()),
        windows: WINDOWS.iter().map(window).collect(),
        times: Times::default(),
        from: Instant(to.0 - DAY),
        to,
    };
    engine.figures(&query).expect("is kept")
}

fn first_difference(one: &str, other: &str) -> String {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    let only = |here: &[&str], there: &[&str]| -> Vec<String> {
        here.iter().filter(|line| !there.contains(line)).take(4).map(|line| (*line).to_owned()).collect()
    };
    format!("only one has {:#?}\nonly the other has {:#?}", only(&one, &other), only(&other, &one))
}

fn must_agree(one: &mut Engine, other: &mut Engine) {
    one.flush();
    other.flush();
    assert_eq!(one.now(), other.now());
    let (export, other_export) = (one.export(), other.export());
    assert!(export == other_export, "exports differ: {}", first_difference(&export, &other_export));
    let (rows, other_rows) = (figures(one), figures(other));
    let difference = rows.iter().zip(&other_rows).find(|(row, other)| row != other);
    assert!(difference.is_none() && rows.len() == other_rows.len(), "figures differ: {difference:?}");
    one.check_books().and_then(|()| other.check_books()).expect("books agree");
}

fn orders(begin: i64, days: i64, chance: &mut Chance) -> Vec<Order> {
    let namespaces = centre::settings(chance).sources;
    (0..3)
        .map(|_| {
            let mut settings = centre::settings(chance);
            // Namespaces stay: they decide what is one record.
            for (source, kept) in &namespaces {
                settings.sources.entry(source.clone()).and_modify(|own| own.customers = kept.customers.clone());
            }
            (Arc::new(Roster::new(centre::roster(begin, days, chance))), Arc::new(settings))
        })
        .collect()
}

#[test]
fn runs_in_any_order_agree_at_any_instant() {
    let (told, known) = (Cell::new(0), Cell::new(0));
    for_seeds(30, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let days = chance.pick(&[1, 4, 20]);
        let orders: Vec<Order> = orders(begin, days, &mut chance)
            .into_iter()
            .map(|(roster, settings)| (roster, Arc::new((*settings).clone().without_horizon())))
            .collect();
        let mut events = history::history(seed, begin, days, chance.between(100, 500) as usize);
        chance.shuffle(&mut events);
        let (roster, settings) = orders[0].clone();
        let mut runs = [0, 1].map(|_| Disk::engine(roster.clone(), settings.clone(), &mut chance));
        let mut until = begin;
        let size = events.len() / 3 + 1;
        for batch in events.chunks(size) {
            until += chance.below(days * DAY);
            let last = chance.pick(&orders);
            for run in &mut runs {
                known.set(feed(run, batch, until, &last, &orders, &mut chance) + known.get());
                told.set(told.get() + batch.len());
            }
            let [(one, _), (other, _)] = &mut runs;
            must_agree(one, other);
        }
        // What has fallen due since, too.
        for ahead in [HOUR, 5 * HOUR, 8 * DAY, 120 * DAY] {
            let now = Instant(until + ahead + chance.below(HOUR));
            let [(one, _), (other, _)] = &mut runs;
            one.gather(Input::Tick(Instant(now.0 - chance.below(ahead))));
            one.gather(Input::Tick(now));
            other.gather(Input::Tick(now));
            must_agree(one, other);
        }
    });
    println!(
        "P1, no horizon: {} events, none refused (100 % accepted), {} repeats known already",
        told.get(),
        known.get()
    );
    assert!(known.get() > 0, "nothing was told twice");
}

#[test]
fn runs_in_any_order_agree_after_records_and_panes_expire() {
    let (told, expired) = (Cell::new(0), Cell::new(0));
    for_seeds(20, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let orders = orders(begin, 3, &mut chance);
        let mut events = history::history(seed, begin, 2, chance.between(100, 400) as usize);
        // Within the lateness of the first, so that nothing is refused in any order, and nothing expires meanwhile.
        events.retain(|event| event.time.0 < begin + 5 * DAY);
        let (roster, settings) = orders[0].clone();
        let mut runs = [0, 1].map(|_| Disk::engine(roster.clone(), settings.clone(), &mut chance));
        let last = chance.pick(&orders);
        for run in &mut runs {
            feed(run, &events, begin + 6 * DAY, &last, &orders, &mut chance);
            told.set(told.get() + events.len());
        }
        for days in [0, 2, 4, 6, 10, 55, 95, 110, 300, 820] {
            let now = Instant(begin + (6 + days) * DAY + chance.below(DAY));
            let [(one, _), (other, _)] = &mut runs;
            for _ in 0..chance.below(4) {
                one.gather(Input::Tick(Instant(now.0 - chance.below(2 * DAY))));
            }
            one.gather(Input::Tick(now));
            other.gather(Input::Tick(now));
            must_agree(one, other);
        }
        expired.set(expired.get() + runs[0].0.records().totals().expired);
    });
    println!("P1, horizons: {} events, none refused (100 % accepted), {} records expired", told.get(), expired.get());
    assert!(expired.get() > 0, "nothing expired");
}

#[test]
fn what_is_accepted_does_not_depend_on_how_partitions_interleave() {
    let (told, taken) = (Cell::new(0), Cell::new(0));
    for_seeds(60, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let mut settings = centre::settings(&mut chance);
        settings.lateness = Span(chance.pick(&[HOUR, 6 * HOUR, DAY]));
        // None is ever idle.
        settings.idle = Span::days(10_000);
        let order: Order = (Arc::new(Roster::new(centre::roster(begin, 20, &mut chance))), Arc::new(settings));
        let lateness = order.1.lateness.0;
        // Order inside partitions: by time, some much later than their time says.
        let mut events: Vec<(i64, Event)> = history::history(seed, begin, 12, 300)
            .into_iter()
            .map(|event| {
                let late = if chance.per_cent(40) { chance.below(4 * lateness) } else { chance.below(MINUTE) };
                (event.time.0 + late, event)
            })
            .collect();
        events.sort_by_key(|(arrives, _)| *arrives);
        let mut partitions: Vec<Vec<(Instant, Event)>> = vec![Vec::new(); 3];
        for (arrives, event) in events {
            let received = if chance.per_cent(4) { event.time.minus(Span::minutes(6)) } else { Instant(arrives) };
            partitions[chance.below(3) as usize].push((received, event));
        }
        let first = interleave(&partitions, &order, &mut chance);
        for _ in 0..3 {
            assert_eq!(interleave(&partitions, &order, &mut chance), first);
        }
        told.set(told.get() + first.iter().flatten().count());
        taken.set(taken.get() + first.iter().flatten().filter(|accepted| **accepted).count());
    });
    let share = 100 * taken.get() / told.get();
    println!("P3: {} of {} events accepted ({share} %)", taken.get(), told.get());
    assert!((50..=99).contains(&share), "{share} % accepted proves little");
}

/// Which events of each partition are accepted, in one interleaving with ticks anywhere.
fn interleave(partitions: &[Vec<(Instant, Event)>], order: &Order, chance: &mut Chance) -> Vec<Vec<bool>> {
    let mut engine = Engine::new(order.0.clone(), order.1.clone()).with_room(centre::room(chance));
    let mut accepted: Vec<Vec<bool>> = vec![Vec::new(); partitions.len()];
    let greed = chance.between(1, 60);
    let mut from = 0;
    while let Some(left) = (0..partitions.len()).find(|n| accepted[*n].len() < partitions[*n].len()) {
        if chance.per_cent(greed) || accepted[from].len() == partitions[from].len() {
            from = chance.below(partitions.len() as i64) as usize;
            from = if accepted[from].len() == partitions[from].len() { left } else { from };
        }
        // A partition of which nothing has been accepted yet is idle: each begins before time moves.
        let idle = |n: &usize| !accepted[*n].contains(&true) && accepted[*n].len() < partitions[*n].len();
        from = (0..partitions.len()).find(idle).unwrap_or(from);
        let (received, event) = partitions[from][accepted[from].len()].clone();
        let partition = engine.partition(&from.to_string());
        let time = event.time;
        let outcome = engine.gather(Input::Event { partition, received: Some(received), event });
        accepted[from].push(!matches!(outcome, Outcome::Refused(_)));
        let all_begun = accepted.iter().all(|of_partition| of_partition.contains(&true));
        if all_begun && chance.per_cent(20) {
            engine.gather(Input::Tick(time.plus(Span(chance.below(30 * DAY)))));
        }
    }
    accepted
}
