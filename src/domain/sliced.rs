//! Since when each slice has been counted: closed books know only the breakdowns, and the roster, of their time.

use super::event::Name;
use super::roster::Roster;
use super::scope::{Scope, ScopeKind};
use super::settings::Settings;
use super::slice::{Breakdown, Dimension, OTHER};
use super::time::Instant;
use std::collections::BTreeMap;

/// Something that a slice cannot have been counted without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sliced {
    /// A value of a dimension, for scopes of a kind.
    Value(ScopeKind, Dimension, Name),
    /// A scope on the roster.
    Scope(ScopeKind, Name),
}

/// All that slices in force need, and since when it is there; [`Instant::MIN`] is from the beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SlicedSince(BTreeMap<Sliced, Instant>);

impl SlicedSince {
    /// What was stored.
    pub(super) fn from_stored(stored: Vec<(Sliced, Instant)>) -> SlicedSince {
        SlicedSince(stored.into_iter().collect())
    }

    /// As it is stored.
    pub(super) fn to_store(&self) -> Vec<(Sliced, Instant)> {
        self.0.iter().map(|(sliced, since)| (sliced.clone(), *since)).collect()
    }

    /// Notes what is in force now. What was not in force before is counted from `whole_from` on: the first instant at which
    /// no closed book counts.
    pub(super) fn note(&mut self, roster: &Roster, settings: &Settings, whole_from: Instant) {
        let before = std::mem::take(self);
        let mut note = |sliced: Sliced, is_new: bool| {
            let known = before.0.get(&sliced).copied().filter(|_| !is_new);
            self.0.insert(sliced, known.unwrap_or(whole_from));
        };
        for breakdown in &settings.breakdowns {
            for kind in ScopeKind::ALL.into_iter().filter(|kind| breakdown.kinds.has(*kind)) {
                // What is listed anew, or no longer, has been or will be among the others.
                let others_change =
                    before.values(kind, breakdown) != breakdown.slices().map(|s| &s.value).collect::<Vec<_>>();
                for slice in breakdown.slices() {
                    let sliced = Sliced::Value(kind, breakdown.dimension.clone(), slice.value.clone());
                    note(sliced, others_change && &*slice.value == OTHER);
                }
            }
        }
        let is_sliced = |scope: &Scope| settings.breakdowns.iter().any(|breakdown| breakdown.kinds.has(scope.kind));
        for scope in roster.scopes().into_iter().filter(is_sliced) {
            note(Sliced::Scope(scope.kind, scope.id), false);
        }
    }

    /// Since when the figures of a scope, or of a slice, have been counted. [`Instant::MAX`] if there is no such slice.
    pub(super) fn since(&self, scope: &Scope) -> Instant {
        let Some(slice) = &scope.slice else { return Instant::MIN };
        let since = |sliced| self.0.get(&sliced).copied().unwrap_or(Instant::MAX);
        let value = since(Sliced::Value(scope.kind, slice.dimension.clone(), slice.value.clone()));
        value.max(since(Sliced::Scope(scope.kind, scope.id.clone())))
    }

    /// The values of a dimension for scopes of a kind.
    fn values(&self, kind: ScopeKind, breakdown: &Breakdown) -> Vec<&Name> {
        let of = |sliced| match sliced {
            &Sliced::Value(of, ref dimension, ref value) if of == kind && *dimension == breakdown.dimension => {
                Some(value)
            }
            _ => None,
        };
        self.0.keys().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::roster::{RosterData, Team, Unit};
    use crate::domain::scope::ScopeKind::{Company, Team as OfTeam};
    use crate::domain::slice::Kinds;

    fn unit(id: &str) -> Unit {
        Unit { id: id.into(), zone: None, hours: None }
    }

    fn roster(teams: &[&str]) -> Roster {
        let team = |id: &&str| Team { unit: unit(id), department: None };
        let teams = teams.iter().map(team).collect();
        Roster::new(RosterData {
            company: unit("acme"),
            departments: vec![],
            teams,
            queues: vec![],
            reps: vec![],
            issues: vec![],
        })
    }

    fn by_issue(values: &[&str]) -> Settings {
        let values: Vec<Name> = values.iter().map(|value| Name::from(*value)).collect();
        let kinds: Kinds = [Company, OfTeam].into_iter().collect();
        Settings { breakdowns: vec![Breakdown::new(Dimension::Issue, &values, kinds)], ..Settings::default() }
    }

    #[test]
    fn a_slice_is_counted_since_its_value_and_its_scope_are_listed() {
        let mut since = SlicedSince::default();
        let seen = |since: &SlicedSince, scope: &Scope, value: &str| {
            let (settings, name) = (by_issue(&[value]), Name::from(value));
            let slice = settings.breakdowns[0].slice(&name).expect("is a slice");
            since.since(&scope.part(slice))
        };
        let (acme, care) = (Scope::new(Company, "acme"), Scope::new(OfTeam, "care"));
        since.note(&roster(&[]), &by_issue(&["invoice"]), Instant::MIN);
        assert_eq!(seen(&since, &acme, "invoice"), Instant::MIN);
        assert_eq!(seen(&since, &acme, "outage"), Instant::MAX, "is not listed");
        assert_eq!(seen(&since, &care, "invoice"), Instant::MAX, "is not listed");
        assert_eq!(since.since(&care), Instant::MIN, "is no slice");

        since.note(&roster(&["care"]), &by_issue(&["invoice", "outage"]), Instant(1));
        since = SlicedSince::from_stored(since.to_store());
        assert_eq!(
            ["invoice", "none", "outage", "other"].map(|value| seen(&since, &acme, value)),
            [Instant::MIN, Instant::MIN, Instant(1), Instant(1)]
        );
        assert_eq!(seen(&since, &care, "invoice"), Instant(1));

        since.note(&roster(&["care"]), &by_issue(&["invoice"]), Instant(2));
        assert_eq!(seen(&since, &acme, "other"), Instant(2), "what was outage has gone there");
        assert_eq!(seen(&since, &acme, "invoice"), Instant::MIN);
        since.note(&roster(&["care"]), &by_issue(&["invoice"]), Instant(3));
        assert_eq!(seen(&since, &acme, "other"), Instant(2), "nothing has changed");
    }
}
