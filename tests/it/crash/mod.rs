//! A real daemon on a real Kafka is killed, stopped, paused and cut off, again and again, while a seeded day is fed to
//! it; after each blow all its figures must be the oracle's over what it must have accepted by then.
//!
//! `KILLS=1000` kills more often, in as many days as that takes; `GOALKEEPER_SEED=17` begins with the day of that seed:
//! what is fed and which blows fall are the same again, the instant of a kill only roughly.

mod compare;
mod day;
mod feed;
mod replicas;
mod tally;
mod trial;

use crate::support::kafka::Kafka;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tally::Tally;
use trial::Trial;

/// Kills without `KILLS`.
const KILLS: u64 = 20;
/// Kills in the day of one seed: more of them leave too little to feed in between.
const A_DAY: usize = 20;

#[test]
#[ignore = "needs a real Kafka: make test"]
fn figures_are_the_oracles_after_each_of_many_crashes() {
    let number = |name| std::env::var(name).ok().map(|text: String| text.parse::<u64>().expect("is a number"));
    let kills = number("KILLS").unwrap_or(KILLS) as usize;
    let first = number("GOALKEEPER_SEED").unwrap_or(1);
    let (mut kafka, proxy) = Kafka::start_behind_proxy();
    let mut tally = Tally::default();
    for seed in first.. {
        let left = kills - tally.kills;
        if left == 0 {
            break;
        }
        let day = AssertUnwindSafe(|| Trial::new(&mut kafka, &proxy, seed).go(left.min(A_DAY), &mut tally));
        if let Err(panic) = catch_unwind(day) {
            eprintln!("GOALKEEPER_SEED={seed} replays this failure");
            resume_unwind(panic);
        }
        println!("day of seed {seed}: {} of {kills} kills", tally.kills);
    }
    tally.assert_untidy();
    println!("torture from seed {first}: {tally}");
}
