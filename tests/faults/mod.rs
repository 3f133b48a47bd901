//! The daemon's loop with broker, disk and clocks that fail in every way, by seed.
//!
//! Real are the loop, the engine, the store and what it is made of. `make simulate-faults SEEDS=5000` runs more seeds
//! than a plain `cargo test`; `GOALKEEPER_SEED=17` replays the one that failed.

#[path = "../it/properties/centre.rs"]
mod centre;
#[path = "../it/properties/chance.rs"]
mod chance;
#[path = "../it/properties/compare.rs"]
mod compare;
#[path = "../it/properties/contacts.rs"]
mod contacts;
#[path = "../it/properties/history.rs"]
mod history;
#[path = "../it/properties/house.rs"]
mod house;
#[path = "../it/oracle/mod.rs"]
mod oracle;
#[path = "../it/properties/parts.rs"]
mod parts;
#[path = "../it/properties/people.rs"]
mod people;
#[path = "../it/properties/tickets.rs"]
mod tickets;

mod alarms;
mod broker;
mod disk;
mod run;
mod world;

use run::{Run, Tally};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Seeds of a plain `cargo test`.
const SEEDS: u64 = 24;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn simulate(seed: u64) -> Tally {
    match catch_unwind(AssertUnwindSafe(|| Run::new(seed).go())) {
        Ok(tally) => tally,
        Err(panic) => {
            eprintln!("make simulate-faults GOALKEEPER_SEED={seed} replays this failure");
            resume_unwind(panic)
        }
    }
}

#[test]
fn no_fault_changes_a_figure() {
    let seeds: Vec<u64> = match number("GOALKEEPER_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("GOALKEEPER_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    let share = seeds.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let of = |seeds: &[u64]| seeds.iter().map(|seed| simulate(*seed)).collect::<Vec<Tally>>();
        let threads: Vec<_> = seeds.chunks(share).map(|chunk| scope.spawn(move || of(chunk))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let total = tallies.into_iter().fold(Tally::default(), Tally::plus);
    println!("{} seeds: {total}", seeds.len());
    if seeds.len() >= SEEDS as usize {
        assert_eq!(total.never(), Vec::<&str>::new(), "these faults never took place");
        let share = 100 * total.accepted() / total.events();
        assert!((50..=99).contains(&share), "{share} % accepted proves little");
    }
}
