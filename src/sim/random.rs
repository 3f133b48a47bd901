//! The one source of chance: a seeded stream and the distributions the model draws from.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded stream of draws. `purpose` keeps streams of one seed apart.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// Stream number `purpose` of `seed`.
    pub(super) fn new(seed: u64, purpose: u64) -> Chance {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(purpose);
        Chance(stream)
    }

    /// Uniform in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.unit() < probability
    }

    /// Uniform below `bound`; 0 if there is nothing below it.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // The high half of a product is uniform to within bound / 2^64.
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// An index below `length`; 0 if there is none.
    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// An exponential span in milliseconds, of a mean in seconds.
    pub(super) fn span(&mut self, mean_seconds: f64) -> i64 {
        (self.exponential() * mean_seconds * 1000.0).round() as i64
    }

    /// Lognormal with mean 1 and this sigma.
    pub(super) fn lognormal(&mut self, sigma: f64) -> f64 {
        if sigma <= 0.0 {
            return 1.0;
        }
        // Box-Muller; the second normal is thrown away to keep the stream without state of its own.
        let radius = (2.0 * self.exponential()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        (sigma * normal - sigma * sigma / 2.0).exp()
    }
}

/// A bijection that scatters (the finaliser of splitmix64): chance without a stream.
pub(super) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
