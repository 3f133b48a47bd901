//! The properties P1 to P5, over generated histories of every kind.
//!
//! `GOALKEEPER_CASES=2000` runs more histories than the few of a plain `cargo test`; `GOALKEEPER_SEED=17` runs the one
//! that failed.

mod books;
mod bytes;
mod centre;
pub mod chance;
pub mod compare;
mod contacts;
mod disk;
mod facts;
mod few;
mod history;
mod house;
mod laws;
mod oracle_agrees;
mod pages;
mod parts;
mod people;
mod runs_agree;
mod tickets;

use crate::oracle;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs a property over some seeds and names the one that fails.
fn for_seeds(cases: u64, property: impl Fn(u64)) {
    let number = |name| std::env::var(name).ok().map(|text: String| text.parse::<u64>().expect("is a number"));
    let seeds = match number("GOALKEEPER_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("GOALKEEPER_CASES").unwrap_or(cases),
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(seed))) {
            eprintln!("GOALKEEPER_SEED={seed} replays this failure");
            resume_unwind(panic);
        }
    }
}
