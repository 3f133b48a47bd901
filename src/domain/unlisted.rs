//! Queues, reps, teams and departments that events name and the roster does not list. Each has series, rows and paths of its own, so a
//! source that makes up names would fill all memory: there are so many at most.

use super::event::{Content, Event, Name};
use super::roster::Roster;
use super::scope::{Scope, ScopeKind};
use super::settings::Settings;
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

/// The unlisted scopes of events that were taken.
#[derive(Debug, Default)]
pub(super) struct Unlisted(HashSet<Scope, FxBuildHasher>);

impl Unlisted {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Notes what an event names; false if that would be too many, and then nothing is noted.
    pub(super) fn admit(&mut self, event: &Event, roster: &Roster, settings: &Settings) -> bool {
        let mut new: [Option<Scope>; 5] = Default::default();
        let mut count = 0;
        for scope in named(event, roster, settings).into_iter().flatten() {
            if !self.0.contains(&scope) {
                new[count] = Some(scope);
                count += 1;
            }
        }
        if count > 0 && self.0.len() + count > settings.unlisted_scopes {
            return false;
        }
        self.0.extend(new.into_iter().flatten());
        true
    }

    /// Notes scopes that have figures.
    pub(super) fn restore<'a>(&mut self, scopes: impl Iterator<Item = &'a Scope>, roster: &Roster) {
        self.0.extend(scopes.filter(|scope| scope.slice.is_none() && !roster.lists(scope.kind, &scope.id)).cloned());
    }

    /// Forgets those that `stays` does not want.
    pub(super) fn retain(&mut self, stays: impl Fn(&Scope) -> bool) {
        self.0.retain(|scope| stays(scope));
    }
}

/// The unlisted scopes that an event names.
fn named(event: &Event, roster: &Roster, settings: &Settings) -> [Option<Scope>; 5] {
    let source = &event.source;
    let queue = |queue: Option<&Name>| {
        let own = queue?;
        let id = match &settings.source(source).queues {
            Some(namespace) => Name::from(format!("{namespace}/{own}")),
            None => own.clone(),
        };
        unlisted(roster, ScopeKind::Queue, &id)
    };
    let rep = |rep: Option<&Name>| unlisted(roster, ScopeKind::Rep, roster.rep_id(source, rep?));
    let team = |team: Option<&Name>| unlisted(roster, ScopeKind::Team, team?);
    match &event.content {
        Content::Nothing => Default::default(),
        Content::Contact(event) => {
            let shared = &event.shared;
            [queue(shared.queue.value()), rep(shared.rep.value()), team(shared.team()), None, None]
        }
        Content::Ticket(event) => {
            let shared = &event.shared;
            let (by, by_queue) = (rep(event.by.as_ref()), queue(event.by_queue.as_ref()));
            [queue(shared.queue.value()), rep(shared.rep.value()), team(shared.team()), by, by_queue]
        }
        Content::Survey(event) => [queue(event.queue.as_ref()), rep(event.rep.as_ref()), None, None, None],
        Content::Review(event) => [rep(Some(&event.rep)), None, None, None, None],
        Content::Complaint(event) => [rep(event.rep.as_ref()), None, None, None, None],
        Content::State(event) => [rep(Some(&event.rep)), None, None, None, None],
        Content::Shift(event) => [rep(Some(&event.rep)), None, None, None, None],
        Content::Certification(event) => [rep(Some(&event.rep)), None, None, None, None],
        Content::Coaching(event) => [rep(Some(&event.rep)), None, None, None, None],
        Content::Reported(event) => {
            let own = match event.kind {
                ScopeKind::Rep => rep(Some(&event.id)),
                ScopeKind::Company => None,
                kind => unlisted(roster, kind, &event.id),
            };
            [own, None, None, None, None]
        }
    }
}

fn unlisted(roster: &Roster, kind: ScopeKind, id: &Name) -> Option<Scope> {
    (!roster.lists(kind, id)).then(|| Scope::new(kind, id.clone()))
}
