//! The world around a daemon: clocks that are set at will, and a desk on which its checkpoints lie until they are
//! written.

use super::super::Outside;
use goalkeeper::domain::time::Instant;
use goalkeeper::ingest::kafka::{Original, Partition};
use goalkeeper::publish::view::View;
use goalkeeper::store::Checkpoint;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Monotonic};

/// All who have it see the same.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

pub struct State {
    began: Monotonic,
    /// True time, in milliseconds since 1970, at which the world began.
    begin: i64,
    /// Milliseconds since.
    pub elapsed: i64,
    /// Milliseconds by which the wall clock is wrong.
    pub wrong_by: i64,
    /// A checkpoint that was cut and not written.
    pub handed: Option<Checkpoint>,
    pub committed: Vec<(Partition, i64)>,
    pub ready: bool,
}

impl World {
    pub fn new(begin: i64) -> World {
        World(Arc::new(Mutex::new(State {
            began: Monotonic::now(),
            begin,
            elapsed: 0,
            wrong_by: 0,
            handed: None,
            committed: Vec::new(),
            ready: false,
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it truly is.
    pub fn now(&self) -> Instant {
        let state = self.state();
        Instant(state.begin + state.elapsed)
    }
}

impl Outside for World {
    fn monotonic(&self) -> Monotonic {
        let state = self.state();
        state.began + Duration::from_millis(state.elapsed.unsigned_abs())
    }
    fn wall(&self) -> Instant {
        let wrong_by = self.state().wrong_by;
        Instant(self.now().0 + wrong_by)
    }
    fn publish(&self, _: View) {}
    fn ready(&self, ready: Result<(), String>) {
        self.state().ready = ready.is_ok();
    }
    fn refuse(&self, _: &Original, _: &str, _: &str) {}
    fn commit(&self, positions: Vec<(Partition, i64)>) {
        self.state().committed = positions;
    }
    fn write(&self, checkpoint: Checkpoint) {
        let before = self.state().handed.replace(checkpoint);
        assert!(before.is_none(), "a checkpoint was cut before the last one was written");
    }
    fn stop_reading(&self) {}
    fn finish(self) {}
}
