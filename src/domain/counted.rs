//! Since when each threshold has been counted: closed books know only those that were in force when they were closed.

use super::event::Name;
use super::measure::{Thresholds, threshold_number};
use super::roster::Roster;
use super::scope::{Scope, ScopeKind};
use super::settings::Settings;
use super::time::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// A threshold that is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// What it is a threshold of.
    pub family: Thresholds,
    /// The queue that has it instead of the settings'; none if it is the settings' own.
    pub queue: Option<Name>,
    /// The threshold, as cells have it.
    pub number: u32,
}

/// Every threshold in force, and since when it is counted; [`Instant::MIN`] is from the beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CountedSince(BTreeMap<Counted, Instant>);

impl CountedSince {
    /// Those that were stored.
    pub(super) fn from_stored(stored: Vec<(Counted, Instant)>) -> CountedSince {
        CountedSince(stored.into_iter().collect())
    }

    /// As they are stored.
    pub(super) fn to_store(&self) -> Vec<(Counted, Instant)> {
        self.0.iter().map(|(counted, since)| (counted.clone(), *since)).collect()
    }

    /// Notes what is in force now. What was not in force before is counted from the instant that `whole_from` tells: the
    /// first one of which no closed book could know it.
    pub(super) fn note(
        &mut self,
        roster: &Roster,
        settings: &Settings,
        whole_from: impl Fn(Thresholds, u32) -> Instant,
    ) {
        let before = std::mem::take(self);
        for family in Thresholds::ALL {
            for number in family.of(settings).iter().map(|x| threshold_number(*x)) {
                let counted = Counted { family, queue: None, number };
                let since = before.0.get(&counted).copied().unwrap_or_else(|| whole_from(family, number));
                self.0.insert(counted, since);
            }
            let Some((default, since_default)) = self.first(family, None) else { continue };
            let named = before.0.keys().filter(|counted| counted.family == family);
            let mut queues: BTreeSet<Name> = named.filter_map(|counted| counted.queue.clone()).collect();
            queues.extend(roster.queues().filter(|queue| family.of_queue(queue).is_some()).map(|q| q.unit.id.clone()));
            for queue in queues {
                let own = roster.queue(&queue).and_then(|listed| family.of_queue(listed)).map(threshold_number);
                let number = own.unwrap_or(default);
                let since = match before.of_queue(family, &queue) {
                    Some((same, since)) if same == number => since,
                    _ => whole_from(family, number),
                };
                // A queue that has come back to the settings' threshold is remembered while that makes a difference.
                if own.is_some() || since != since_default {
                    self.0.insert(Counted { family, queue: Some(queue), number }, since);
                }
            }
        }
    }

    /// Since when the figures of a scope have been counted with a threshold. What a scope above queues was told may be of
    /// any queue: events may name its team. [`Instant::MAX`] if it is not in force.
    pub(super) fn since(&self, family: Thresholds, number: u32, scope: &Scope) -> Instant {
        if !family.is_of_queues() {
            let counted = Counted { family, queue: None, number };
            return self.0.get(&counted).copied().unwrap_or(Instant::MAX);
        }
        match scope.kind {
            ScopeKind::Queue => self.of_queue(family, &scope.id).map_or(Instant::MAX, |(_, since)| since),
            _ => {
                let of_family = self.0.iter().filter(|(counted, _)| counted.family == family);
                of_family.map(|(_, since)| *since).max().unwrap_or(Instant::MAX)
            }
        }
    }

    /// The threshold of a queue, its own or the settings', and since when.
    fn of_queue(&self, family: Thresholds, queue: &Name) -> Option<(u32, Instant)> {
        self.first(family, Some(queue)).or_else(|| self.first(family, None))
    }

    fn first(&self, family: Thresholds, queue: Option<&Name>) -> Option<(u32, Instant)> {
        let from = Counted { family, queue: queue.cloned(), number: 0 };
        let (counted, since) = self.0.range(from..).next()?;
        (counted.family == family && counted.queue.as_ref() == queue).then_some((counted.number, *since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::roster::{Queue, RosterData, Unit};
    use crate::domain::time::Span;

    const FAMILY: Thresholds = Thresholds::ServiceLevel;

    /// A roster of one queue with a threshold of its own, in seconds, or none.
    fn roster(own: Option<i64>) -> Roster {
        let unit = |id: &str| Unit { id: id.into(), zone: None, hours: None };
        let threshold = own.map(Span::seconds);
        let queue =
            Queue { unit: unit("a"), teams: Vec::new(), service_level_threshold: threshold, short_abandon: None };
        Roster::new(RosterData {
            company: unit("acme"),
            departments: Vec::new(),
            teams: Vec::new(),
            queues: vec![queue],
            reps: Vec::new(),
            issues: Vec::new(),
        })
    }

    fn settings(seconds: i64) -> Settings {
        Settings { service_level_threshold: Span::seconds(seconds), ..Settings::default() }
    }

    /// Since when queue a, another queue and the company have been counted, after a run of what was in force: the threshold
    /// of queue a, and the settings', each from its own place in the run on.
    fn after(run: &[(Option<i64>, i64)]) -> [i64; 3] {
        let mut counted = CountedSince::default();
        for (n, (own, default)) in (0..).zip(run) {
            let whole_from = |_, _| if n == 0 { Instant::MIN } else { Instant(n) };
            counted.note(&roster(*own), &settings(*default), whole_from);
            counted = CountedSince::from_stored(counted.to_store());
        }
        let number = threshold_number(Span::seconds(run.last().expect("something is in force").1));
        let scopes = [(ScopeKind::Queue, "a"), (ScopeKind::Queue, "b"), (ScopeKind::Company, "acme")];
        scopes.map(|(kind, id)| match counted.since(FAMILY, number, &Scope::new(kind, id)) {
            Instant::MIN => 0,
            Instant(since) => since,
        })
    }

    #[test]
    fn a_threshold_counts_since_it_came_into_force_for_whom_it_is_new() {
        for (run, want) in [
            (&[(None, 20)][..], [0, 0, 0]),
            (&[(Some(30), 20)], [0, 0, 0]),
            (&[(None, 20), (None, 30)], [1, 1, 1]),
            // The queue alone, and whatever it counts for.
            (&[(None, 20), (Some(30), 20)], [1, 0, 1]),
            (&[(Some(30), 20), (Some(40), 20)], [1, 0, 1]),
            (&[(Some(30), 20), (None, 20)], [1, 0, 1]),
            // The queue has its own, so another default is none of its business.
            (&[(Some(30), 20), (Some(30), 40)], [0, 1, 1]),
            // Said otherwise, but the same.
            (&[(None, 20), (Some(20), 20)], [0, 0, 0]),
            (&[(Some(20), 20), (None, 20)], [0, 0, 0]),
            (&[(Some(30), 20), (None, 30)], [0, 1, 1]),
            // There and back is new again, and is remembered when something else changes.
            (&[(None, 20), (Some(30), 20), (None, 20)], [2, 0, 2]),
            (&[(None, 20), (Some(30), 20), (None, 20), (None, 20)], [2, 0, 2]),
            (&[(None, 20), (None, 30), (None, 20)], [2, 2, 2]),
        ] {
            assert_eq!(after(run), want, "{run:?}");
        }
    }

    #[test]
    fn thresholds_of_a_list_count_each_for_itself() {
        let mut counted = CountedSince::default();
        let company = Scope::new(ScopeKind::Company, "acme");
        for (n, seconds) in (1..).zip([&[20, 60][..], &[20, 30], &[30, 60]]) {
            let wait_thresholds = seconds.iter().map(|n| Span::seconds(*n)).collect();
            let settings = Settings { wait_thresholds, ..Settings::default() };
            counted.note(&roster(None), &settings, |_, _| Instant(n));
        }
        let since = |seconds| counted.since(Thresholds::Wait, threshold_number(Span::seconds(seconds)), &company);
        assert_eq!([20, 30, 60].map(since), [Instant::MAX, Instant(2), Instant(3)]);
    }
}
