//! Interned names: the same queue or rep in a million events is one text in memory.

use crate::domain::event::Name;
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

/// Texts seen before. When full it starts afresh: names already given out stay valid, only sharing is lost.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashSet<Name, FxBuildHasher>,
    resets: u64,
}

/// So many names are shared at once.
const CAPACITY: usize = 200_000;

impl Names {
    /// The shared form of `text`.
    pub(super) fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.known.get(text) {
            return name.clone();
        }
        if self.known.len() >= CAPACITY {
            self.known.clear();
            self.resets += 1;
        }
        let name = Name::from(text);
        self.known.insert(name.clone());
        name
    }

    /// How often the table was full.
    pub(super) fn resets(&self) -> u64 {
        self.resets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_name_and_the_table_is_bounded() {
        let mut names = Names::default();
        assert!(std::ptr::eq(names.intern("ines").as_ptr(), names.intern("ines").as_ptr()));
        for n in 0..CAPACITY {
            names.intern(&n.to_string());
        }
        assert_eq!(names.resets(), 1);
        assert!(names.known.len() <= CAPACITY);
    }
}
