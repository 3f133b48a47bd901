//! The one source of chance of the generated histories: a seeded stream.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded stream of draws.
pub struct Chance(ChaCha8Rng);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in 0..bound; 0 if there is nothing below it.
    pub fn below(&mut self, bound: i64) -> i64 {
        ((u128::from(self.0.next_u64()) * bound.max(0) as u128) >> 64) as i64
    }

    /// Uniform in from..to.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below(to - from)
    }

    /// True in so many of a hundred.
    pub fn per_cent(&mut self, share: i64) -> bool {
        self.below(100) < share
    }

    /// One of these.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as i64) as usize].clone()
    }

    /// A span in milliseconds: mostly whole seconds, seldom 0, short more often than long.
    pub fn span(&mut self, at_most: i64) -> i64 {
        let (low, high) = (self.below(at_most), self.below(at_most));
        match self.below(10) {
            0 => 0,
            1 => low.min(high),
            _ => low.min(high) / 1000 * 1000,
        }
    }

    /// Any order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for n in (1..list.len()).rev() {
            list.swap(n, self.below(n as i64 + 1) as usize);
        }
    }
}
