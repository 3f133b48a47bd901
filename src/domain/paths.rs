//! Paths by number: a packed booking names its path by a number, and each path is kept once.

use super::scope::Path;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::sync::Arc;

/// Every path that a live record has ever booked on. There are as many as ways through the scopes: a rep with each
/// queue and team that it worked for.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    numbers: HashMap<Arc<Path>, u32, FxBuildHasher>,
    paths: Vec<Arc<Path>>,
    /// Those below this number are stored.
    stored: usize,
}

impl Paths {
    /// The number of a path.
    pub(crate) fn number(&mut self, path: &Arc<Path>) -> u32 {
        *self.numbers.entry_ref(path).or_insert_with(|| {
            self.paths.push(path.clone());
            (self.paths.len() - 1) as u32
        })
    }

    /// The path of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&Arc<Path>> {
        self.paths.get(number as usize)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.paths.len()
    }

    /// Hands out every path that is new since the last call.
    pub(crate) fn drain_new(&mut self) -> impl Iterator<Item = (u32, &Arc<Path>)> {
        let new = self.stored..self.paths.len();
        self.stored = new.end;
        (new.start as u32..).zip(&self.paths[new])
    }

    /// Puts a stored path back. They come in the order of their numbers; false if one is missing.
    pub(crate) fn restore(&mut self, number: u32, path: Path) -> bool {
        let path = Arc::new(path);
        let next = self.number(&path);
        self.stored = self.paths.len();
        next == number
    }
}
