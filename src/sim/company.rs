//! The simulated company: names of its scopes, who serves which queue, and the roster that says so.

use super::calendar::Calendar;
use super::profile::Profile;
use super::random::Chance;
use super::wire::push_text;
use crate::domain::time::Zone;
use std::fmt::Write;

const QUEUES: [&str; 8] =
    ["support", "billing", "sales", "technical", "returns", "delivery", "retention", "complaints"];
const REPS: [&str; 16] = [
    "ines", "omar", "lena", "yusuf", "maja", "tomas", "aisha", "pavel", "sofia", "henrik", "nadia", "jonas", "priya",
    "marco", "elif", "oskar",
];
/// A department without teams and queues: it reports its own figures.
pub(super) const ORDERS: &str = "orders";
/// Groups under one department beyond the first.
const GROUPS_PER_DEPARTMENT: u32 = 10;

/// The shape of a company. Queues and teams fall into *groups*: the teams of a group serve all queues of it.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    reps: u32,
    reps_per_team: u32,
    queues: u32,
}

impl Shape {
    /// A company of at least one rep and one queue.
    pub(super) fn new(reps: u32, reps_per_team: u32, queues: u32) -> Shape {
        Shape { reps: reps.max(1), reps_per_team: reps_per_team.max(1), queues: queues.max(1) }
    }

    pub(super) fn of(profile: &Profile) -> Shape {
        Shape::new(profile.reps, profile.reps_per_team, profile.queues)
    }

    pub(super) fn reps(self) -> u32 {
        self.reps
    }

    fn teams(self) -> u32 {
        self.reps.div_ceil(self.reps_per_team)
    }

    pub(super) fn groups(self) -> u32 {
        self.teams().min(self.queues)
    }

    pub(super) fn group_of_queue(self, queue: u32) -> u32 {
        queue % self.groups()
    }

    /// The team of a rep, and the rep's place in it.
    pub(super) fn team_of_rep(self, rep: u32) -> (u32, u32) {
        (rep / self.reps_per_team, rep % self.reps_per_team)
    }

    pub(super) fn group_of_rep(self, rep: u32) -> u32 {
        self.team_of_rep(rep).0 % self.groups()
    }

    /// A queue of `group`.
    pub(super) fn any_queue(self, group: u32, chance: &mut Chance) -> u32 {
        let served = (self.queues - group).div_ceil(self.groups());
        group + self.groups() * chance.below(u64::from(served)) as u32
    }

    fn department_of_group(self, group: u32) -> String {
        match group {
            0 | 1 => "service".into(),
            2 => "commerce".into(),
            _ => format!("department-{:02}", group / GROUPS_PER_DEPARTMENT + 1),
        }
    }

    fn team_id(self, team: u32) -> String {
        format!("team-{}-{}", queue_id(team % self.groups()), team / self.groups() + 1)
    }

    /// The roster file of this company, with its opening hours if it has any, and departments that serve no queue.
    pub(super) fn roster_yaml(self, company: &str, zone: Zone, hours: Option<&str>, others: &[&str]) -> String {
        let mut yaml = String::from("company:\n  id: ");
        push_text(&mut yaml, company);
        // Writing to a string cannot fail.
        let _ = writeln!(yaml, "\n  zone: {}", zone.name());
        if let Some(hours) = hours {
            let _ = writeln!(yaml, "  hours: {hours}");
        }
        yaml.push_str("departments:\n");
        let mut departments: Vec<String> = (0..self.groups()).map(|group| self.department_of_group(group)).collect();
        departments.dedup();
        departments.extend(others.iter().map(|other| (*other).to_owned()));
        for department in departments {
            let _ = writeln!(yaml, "  - {{ id: {department} }}");
        }
        yaml.push_str("teams:\n");
        for team in 0..self.teams() {
            let department = self.department_of_group(team % self.groups());
            let _ = writeln!(yaml, "  - {{ id: {}, department: {department} }}", self.team_id(team));
        }
        yaml.push_str("queues:\n");
        for queue in 0..self.queues {
            let _ =
                writeln!(yaml, "  - {{ id: {}, team: {} }}", queue_id(queue), self.team_id(self.group_of_queue(queue)));
        }
        yaml.push_str("reps:\n");
        for rep in 0..self.reps {
            let _ = writeln!(yaml, "  - {{ id: {}, team: {} }}", rep_id(rep), self.team_id(self.team_of_rep(rep).0));
        }
        yaml
    }
}

/// Id of queue number `queue`, from 0.
pub(super) fn queue_id(queue: u32) -> String {
    QUEUES.get(queue as usize).map_or_else(|| format!("queue-{:03}", queue + 1), |name| (*name).to_owned())
}

/// Id of rep number `rep`, from 0: a first name, later `rep-0017` and on.
pub(super) fn rep_id(rep: u32) -> String {
    REPS.get(rep as usize).map_or_else(|| format!("rep-{:04}", rep + 1), |name| (*name).to_owned())
}

/// A roster file (YAML) that fits the company of `profile`: its departments, teams, queues and reps.
pub fn roster_yaml(profile: &Profile) -> String {
    let hours = Calendar::new(profile).opening_hours();
    Shape::of(profile).roster_yaml(&profile.company, profile.zone, hours.as_deref(), &[ORDERS])
}
