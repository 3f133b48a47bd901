//! The wall clock, as far as it can be believed.

use goalkeeper::domain::time::Instant;
use std::time::{Duration, Instant as Monotonic, SystemTime, UNIX_EPOCH};

/// A wall clock may stray so far from what the monotonic clock allows.
const BELIEVED: Duration = Duration::from_secs(3600);

/// The time of day now.
pub(crate) fn wall() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A clock that does not follow a wall clock that jumps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    began: Monotonic,
}

/// What a look at the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The time of day to go by.
    pub(crate) now: Instant,
    /// True if the wall clock has jumped and is not followed.
    pub(crate) jumped: bool,
}

impl Clock {
    /// A clock that believes the wall clock as it is now.
    pub(crate) fn start() -> Clock {
        Clock { started: wall(), began: Monotonic::now() }
    }

    /// What time it is.
    pub(crate) fn look(&self) -> Look {
        judge(wall(), self.started, self.began.elapsed())
    }
}

fn judge(wall: Instant, started: Instant, elapsed: Duration) -> Look {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let expected = Instant(started.0.saturating_add(millis(elapsed)));
    let jumped = wall.since(expected).0.saturating_abs() > millis(BELIEVED);
    Look { now: if jumped { expected } else { wall }, jumped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_jumps_is_not_believed() {
        let elapsed = Duration::from_secs(60);
        let started = Instant(1_000_000_000);
        let look = |wall| judge(Instant(wall), started, elapsed);
        assert_eq!(look(1_000_060_250), Look { now: Instant(1_000_060_250), jumped: false });
        assert_eq!(look(1_000_060_000 + 3_600_001), Look { now: Instant(1_000_060_000), jumped: true });
        assert_eq!(look(0), Look { now: Instant(1_000_060_000), jumped: true });
    }
}
