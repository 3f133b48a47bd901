//! Who belongs where, read straight from the roster's lists.

use super::{Credit, World};
use chrono_tz::Tz;
use goalkeeper::domain::event::Name;
use goalkeeper::domain::roster::{Membership, RosterData};
use goalkeeper::domain::scope::{Scope, ScopeKind};

/// The zone of a scope: its own, else its parent's.
pub fn zone(roster: &RosterData, scope: &Scope) -> Tz {
    let id = &scope.id;
    let own = match scope.kind {
        ScopeKind::Company => None,
        ScopeKind::Department => roster.departments.iter().find(|d| d.id == *id).and_then(|d| d.zone),
        ScopeKind::Team => roster.teams.iter().find(|t| t.unit.id == *id).and_then(|t| {
            let above = t.department.as_ref().map(|d| zone(roster, &Scope::new(ScopeKind::Department, d.clone())));
            t.unit.zone.or(above)
        }),
        ScopeKind::Queue => roster
            .queues
            .iter()
            .find(|q| q.unit.id == *id)
            .and_then(|q| q.unit.zone.or_else(|| latest_team_zone(roster, &q.teams))),
        ScopeKind::Rep => roster
            .reps
            .iter()
            .find(|r| r.unit.id == *id)
            .and_then(|r| r.unit.zone.or_else(|| latest_team_zone(roster, &r.teams))),
    };
    own.or(roster.company.zone).unwrap_or(Tz::UTC)
}

// One person has one calendar: that of the latest team.
fn latest_team_zone(roster: &RosterData, teams: &[Membership]) -> Option<Tz> {
    let team = teams.iter().filter_map(|m| m.team.clone()).next_back()?;
    Some(zone(roster, &Scope::new(ScopeKind::Team, team)))
}

fn team_at(teams: &[Membership], at: i64) -> Option<Name> {
    teams.iter().filter(|m| m.valid_from.0 <= at).max_by_key(|m| m.valid_from).and_then(|m| m.team.clone())
}

impl World<'_> {
    /// The roster's id of what `source` calls a rep.
    pub fn rep(&self, source: &Name, rep: &Name) -> Name {
        let alias = (source.clone(), rep.clone());
        let listed = self.roster.reps.iter().find(|r| r.aliases.contains(&alias));
        listed.map_or(rep.clone(), |r| r.unit.id.clone())
    }

    /// The name of a queue, with its namespace where the source has one of its own.
    pub fn queue(&self, source: &Name, queue: &Name) -> Name {
        match &self.settings.source(source).queues {
            Some(space) => Name::from(format!("{space}/{queue}")),
            None => queue.clone(),
        }
    }

    pub fn company(&self) -> Vec<Scope> {
        vec![Scope::new(ScopeKind::Company, self.roster.company.id.clone())]
    }

    /// The team of a listed rep at an instant.
    pub fn team_of_rep(&self, id: &Name, at: i64) -> Option<Name> {
        self.roster.reps.iter().find(|r| r.unit.id == *id).and_then(|r| team_at(&r.teams, at))
    }

    /// The team of a listed queue at an instant.
    pub fn team_of_queue(&self, id: &Name, at: i64) -> Option<Name> {
        self.roster.queues.iter().find(|q| q.unit.id == *id).and_then(|q| team_at(&q.teams, at))
    }

    /// The queue, its team then, and up.
    pub fn queue_side(&self, queue: Option<&Name>, team: Option<&Name>, at: i64) -> Vec<Scope> {
        let listed = queue.and_then(|id| self.roster.queues.iter().find(|q| q.unit.id == *id));
        let team = team.cloned().or_else(|| listed.and_then(|q| team_at(&q.teams, at)));
        let mut scopes: Vec<Scope> = queue.map(|id| Scope::new(ScopeKind::Queue, id.clone())).into_iter().collect();
        scopes.extend(self.up_from(team));
        scopes
    }

    /// The rep, the queue itself, the rep's team then, and up.
    pub fn rep_side(&self, credit: &Credit, at: i64) -> Vec<Scope> {
        let listed = credit.rep.as_ref().and_then(|id| self.roster.reps.iter().find(|r| r.unit.id == *id));
        let team = credit.team.clone().or_else(|| listed.and_then(|r| team_at(&r.teams, at)));
        let mut scopes: Vec<Scope> = credit.rep.iter().map(|id| Scope::new(ScopeKind::Rep, id.clone())).collect();
        scopes.extend(credit.queue.iter().map(|id| Scope::new(ScopeKind::Queue, id.clone())));
        scopes.extend(self.up_from(team));
        scopes
    }

    fn up_from(&self, team: Option<Name>) -> Vec<Scope> {
        let mut scopes = Vec::new();
        if let Some(id) = team {
            let listed = self.roster.teams.iter().find(|t| t.unit.id == id);
            scopes.push(Scope::new(ScopeKind::Team, id.clone()));
            let department = listed.and_then(|t| t.department.clone());
            scopes.extend(department.map(|id| Scope::new(ScopeKind::Department, id)));
        }
        scopes.extend(self.company());
        scopes
    }
}
