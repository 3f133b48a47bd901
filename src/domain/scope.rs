//! Scopes: whose figure it is. And paths: all the scopes that one booking counts for.

use super::event::Name;
use super::slice::Slice;
use super::time::Zone;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The kinds of scope, from the smallest to the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// A representative.
    Rep,
    /// A queue of contacts or a group of a ticket system.
    Queue,
    /// A team of reps and queues.
    Team,
    /// A department of teams.
    Department,
    /// The whole company.
    Company,
}

impl ScopeKind {
    /// All kinds, from the whole to the smallest: the order of reports.
    pub const ALL: [ScopeKind; 5] =
        [ScopeKind::Company, ScopeKind::Department, ScopeKind::Team, ScopeKind::Queue, ScopeKind::Rep];

    /// The kind in lower case, as labels, reports and queries write it.
    pub fn name(self) -> &'static str {
        match self {
            ScopeKind::Rep => "rep",
            ScopeKind::Queue => "queue",
            ScopeKind::Team => "team",
            ScopeKind::Department => "department",
            ScopeKind::Company => "company",
        }
    }

    /// Reads what [`ScopeKind::name`] writes.
    pub fn parse(text: &str) -> Option<ScopeKind> {
        ScopeKind::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// One scope, or a slice of it. Ids are unique within a kind; a queue of a namespace of its own is `namespace/queue`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// What it is.
    pub kind: ScopeKind,
    /// Which one.
    pub id: Name,
    /// Which part of it; none is the whole.
    pub slice: Option<Arc<Slice>>,
}

impl Scope {
    /// A scope of `kind` called `id`.
    pub fn new(kind: ScopeKind, id: impl Into<Name>) -> Scope {
        Scope { kind, id: id.into(), slice: None }
    }

    /// A part of this scope.
    #[must_use]
    pub fn part(&self, slice: &Arc<Slice>) -> Scope {
        Scope { slice: Some(slice.clone()), ..self.clone() }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.name(), self.id)?;
        self.slice.as_ref().map_or(Ok(()), |slice| write!(f, "[{slice}]"))
    }
}

/// The scopes that a booking counts for, smallest first, each with the zone that was its own then. A booking keeps its
/// path, so that it is taken back from where it was put, whatever the roster says meanwhile.
#[derive(Clone, Debug)]
pub struct Path {
    steps: Box<[(Scope, Zone)]>,
    hash: u64,
}

impl Path {
    /// A path through these scopes.
    pub fn new(steps: Vec<(Scope, Zone)>) -> Path {
        let mut hasher = rustc_hash::FxHasher::default();
        for (scope, zone) in &steps {
            scope.hash(&mut hasher);
            zone.name().hash(&mut hasher);
        }
        Path { steps: steps.into_boxed_slice(), hash: hasher.finish() }
    }

    /// The scopes and their zones, smallest first.
    pub fn steps(&self) -> &[(Scope, Zone)] {
        &self.steps
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Path) -> bool {
        std::ptr::eq(self, other) || (self.hash == other.hash && self.steps == other.steps)
    }
}
impl Eq for Path {}
impl Hash for Path {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, (scope, zone)) in self.steps.iter().enumerate() {
            let separator = if n == 0 { "" } else { ">" };
            write!(f, "{separator}{scope}@{}", zone.name())?;
        }
        Ok(())
    }
}
