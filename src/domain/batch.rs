//! A batch of deltas, added up before any row of a pane is touched.
//!
//! A rep's handling counts for the rep, a queue, a team, a department and the company, in three tiers each; a batch of
//! thousands of events touches the same rows again and again. So deltas gather first, by where they begin and by the
//! finest pane, and each row is touched once.
//!
//! ```text
//! delta -> own: (rep or queue, pane)  -----------------+-> (scope, finest pane) -> rows of every tier
//!       -> up:  (team and all above it, minute) -------+
//! ```

use super::amounts::Amounts;
use super::booking::Delta;
use super::digest::{self, Share};
use super::scope::{Path, Scope, ScopeKind};
use super::time::{Instant, MINUTE, QUARTER_HOUR, Zone};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::sync::Arc;

/// The number of a scope.
pub(super) type ScopeNumber = u32;

/// A scope with the zone in which its days are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Node {
    pub(super) scope: ScopeNumber,
    pub(super) kind: ScopeKind,
    zone: u16,
}

/// What a batch adds to a scope in one pane of its finest tier.
pub(super) type Sum = ((Node, Instant), Amounts);

/// The scopes of a path, as far as they are its own, and the number of what is above.
#[derive(Clone, Debug)]
struct Route {
    own: Box<[Node]>,
    up: Option<u32>,
    shares: Box<[Share]>,
}

/// Paths whose routes are kept; beyond it they are looked up again, which costs time only.
const ROUTES_KEPT: usize = 1 << 17;

/// Deltas that no row knows yet.
#[derive(Debug, Default)]
pub(super) struct Batch {
    scopes: Vec<Scope>,
    numbers: HashMap<Scope, ScopeNumber, FxBuildHasher>,
    zones: Vec<Zone>,
    route_numbers: HashMap<Arc<Path>, u32, FxBuildHasher>,
    routes: Vec<Route>,
    ups: Vec<Box<[Node]>>,
    up_numbers: HashMap<Box<[Node]>, u32, FxBuildHasher>,
    own: HashMap<(Node, Instant), Amounts, FxBuildHasher>,
    up: HashMap<(u32, Instant), Amounts, FxBuildHasher>,
}

impl Batch {
    /// Every scope that ever had a number, by number.
    pub(super) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The number of a scope that has one.
    pub(super) fn known(&self, scope: &Scope) -> Option<ScopeNumber> {
        self.numbers.get(scope).copied()
    }

    /// The number of a scope.
    pub(super) fn number(&mut self, scope: &Scope) -> ScopeNumber {
        *self.numbers.entry_ref(scope).or_insert_with(|| {
            self.scopes.push(scope.clone());
            (self.scopes.len() - 1) as ScopeNumber
        })
    }

    /// The zone in which a scope's days are.
    pub(super) fn zone(&self, node: Node) -> Zone {
        self.zones[usize::from(node.zone)]
    }

    /// How many sums wait to be handed out.
    pub(super) fn len(&self) -> usize {
        self.own.len() + self.up.len()
    }

    /// What the scopes of a path have in digests.
    pub(super) fn shares(&mut self, path: &Arc<Path>) -> &[Share] {
        let route = self.route(path);
        &self.routes[route].shares
    }

    /// Takes a delta in, and tells what the scopes of its path have in digests.
    pub(super) fn add(&mut self, delta: &Delta) -> &[Share] {
        let route = self.route(&delta.path);
        let route = &self.routes[route];
        for node in &route.own {
            let is_rep = node.kind == ScopeKind::Rep;
            delta.parts(if is_rep { QUARTER_HOUR } else { MINUTE }, |start, amounts| {
                let sum = self.own.entry((*node, start)).or_default();
                if is_rep {
                    // Reps have no distributions.
                    sum.add(amounts.plain());
                    sum.add(amounts.stocks());
                } else {
                    sum.add(amounts.cells());
                }
            });
        }
        if let Some(up) = route.up {
            delta.parts(MINUTE, |start, amounts| self.up.entry((up, start)).or_default().add(amounts.cells()));
        }
        &route.shares
    }

    /// Hands everything out that was taken in, by scope and then by pane.
    pub(super) fn drain(&mut self) -> Vec<Sum> {
        for ((up, start), amounts) in self.up.drain() {
            for node in &self.ups[up as usize] {
                self.own.entry((*node, start)).or_default().add(amounts.cells());
            }
        }
        let mut sums: Vec<Sum> = self.own.drain().collect();
        sums.sort_unstable_by_key(|(key, _)| *key);
        sums
    }

    /// The place of a path's route.
    fn route(&mut self, path: &Arc<Path>) -> usize {
        if let Some(number) = self.route_numbers.get(path) {
            return *number as usize;
        }
        let nodes: Vec<Node> = path.steps().iter().map(|(scope, zone)| self.node(scope, *zone)).collect();
        let own = nodes.partition_point(|node| node.kind < ScopeKind::Team);
        let (own, above) = nodes.split_at(own);
        let up = (!above.is_empty()).then(|| {
            *self.up_numbers.entry(above.into()).or_insert_with(|| {
                self.ups.push(above.into());
                (self.ups.len() - 1) as u32
            })
        });
        if self.routes.len() >= ROUTES_KEPT {
            self.routes.clear();
            self.route_numbers.clear();
        }
        let number = self.routes.len();
        self.routes.push(Route { own: own.into(), up, shares: digest::shares(path).into() });
        self.route_numbers.insert(path.clone(), number as u32);
        number
    }

    fn node(&mut self, scope: &Scope, zone: Zone) -> Node {
        let known = self.zones.iter().position(|other| *other == zone);
        let zone = known.unwrap_or_else(|| {
            self.zones.push(zone);
            self.zones.len() - 1
        });
        // There are some 600 zones.
        Node { scope: self.number(scope), kind: scope.kind, zone: zone as u16 }
    }
}
