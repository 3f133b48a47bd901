//! The grammar of the roster file.

use super::document::{At, Document, Node, Section, Value};
use super::values;
use crate::domain::event::Name;
use crate::domain::roster::{Issue, Membership, OpeningHours, Owner, Queue, Rep, RosterData, Team, Unit};
use crate::domain::schedule::DatedWeek;
use crate::domain::time::{Instant, Zone};
use chrono::NaiveDate;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Reads a roster; problems are told to its document.
pub(super) fn read(document: &Rc<Document>, node: Node) -> RosterData {
    let mut file = Section::of(document, "", Some(node));
    let mut company = file.section("company");
    if !company.is_there {
        document.whole("company is missing", "add `company: {id: ..., zone: ...}`: it is the root of all scopes");
    }
    let zone = if company.is_there { company.required("zone", values::zone).unwrap_or(Zone::UTC) } else { Zone::UTC };
    let company = match company.is_there {
        true => Unit { zone: Some(zone), ..unit(&mut company, false) },
        false => Unit { id: "company".into(), zone: Some(zone), hours: None },
    };
    let mut ids = Ids::new(document);
    let departments: Vec<Unit> =
        file.sections("departments").into_iter().map(|mut s| ids.unit("department", &mut s)).collect();
    let teams: Vec<Team> = file
        .sections("teams")
        .into_iter()
        .map(|mut s| {
            let unit = ids.unit("team", &mut s);
            Team { unit, department: ids.reference("department", "department", &mut s) }
        })
        .collect();
    let queues = file
        .sections("queues")
        .into_iter()
        .map(|mut s| Queue {
            unit: ids.unit("queue", &mut s),
            teams: memberships(&ids, zone, &mut s),
            service_level_threshold: s.read("service_level_threshold", values::threshold),
            short_abandon: s.read("short_abandon", values::duration),
        })
        .collect();
    let mut aliases = HashMap::new();
    let reps = file
        .sections("reps")
        .into_iter()
        .map(|mut s| {
            let unit = ids.unit("rep", &mut s);
            Rep {
                teams: memberships(&ids, zone, &mut s),
                started: s.read("started", values::instant(zone)),
                aliases: read_aliases(&unit.id, &mut aliases, &mut s),
                unit,
            }
        })
        .collect();
    let issues = file.sections("issues").into_iter().filter_map(|mut s| issue(&mut ids, &mut s)).collect();
    RosterData { company, departments, teams, queues, reps, issues }
}

/// `{id: invoice, owner: {team: billing}}`, or a queue.
fn issue(ids: &mut Ids<'_>, section: &mut Section) -> Option<Issue> {
    let id = section.required("id", values::id);
    if let Some(id) = &id
        && !ids.seen.insert(("issue", id.clone()))
    {
        let message = format!("issue `{id}` is listed twice");
        ids.document.problem(section.at, message, "an issue has one owner: remove one");
    }
    let mut owner = section.section("owner");
    let named = (owner.has("team"), owner.has("queue"));
    let team = ids.reference("team", "team", &mut owner).map(Owner::Team);
    let queue = ids.reference("queue", "queue", &mut owner).map(Owner::Queue);
    if named.0 == named.1 {
        let help = "write owner: {team: billing} or owner: {queue: invoices}";
        ids.document.problem(section.at, "the owner of an issue is one team or one queue", help);
    }
    Some(Issue { id: id?, owner: team.or(queue)? })
}

fn unit(section: &mut Section, with_zone: bool) -> Unit {
    Unit {
        id: section.required("id", values::id).unwrap_or_else(|| "?".into()),
        zone: if with_zone { section.read("zone", values::zone) } else { None },
        hours: hours(section),
    }
}

/// The ids given so far, by kind of scope.
struct Ids<'d> {
    document: &'d Rc<Document>,
    seen: HashSet<(&'static str, Name)>,
}

impl<'d> Ids<'d> {
    fn new(document: &'d Rc<Document>) -> Ids<'d> {
        Ids { document, seen: HashSet::new() }
    }

    fn unit(&mut self, kind: &'static str, section: &mut Section) -> Unit {
        let unit = unit(section, true);
        if &*unit.id != "?" && !self.seen.insert((kind, unit.id.clone())) {
            let message = format!("{kind} `{}` is listed twice", unit.id);
            self.document.problem(section.at, message, format!("an id stands for one {kind}: rename or remove one"));
        }
        unit
    }

    fn reference(&self, key: &'static str, kind: &'static str, section: &mut Section) -> Option<Name> {
        let node = section.take(key)?;
        match values::id(&node) {
            Ok(name) if self.seen.contains(&(kind, name.clone())) => Some(name),
            Ok(name) => {
                self.unknown(kind, &name, node.at);
                None
            }
            Err(problem) => {
                self.document.wrong(node.at, &section.path_of(key), &problem);
                None
            }
        }
    }

    fn unknown(&self, kind: &str, name: &str, at: At) {
        let mut known: Vec<&str> = self.seen.iter().filter(|(of, _)| *of == kind).map(|(_, id)| &**id).collect();
        known.sort_unstable();
        known.truncate(20);
        let help = match known.is_empty() {
            true => format!("list it under `{kind}s:` first"),
            false => format!("known: {}", known.join(", ")),
        };
        self.document.problem(at, format!("{kind} `{name}` is not listed"), help);
    }
}

/// `team: id`, or `teams:` with a `valid_from` from the second on.
fn memberships(ids: &Ids<'_>, zone: Zone, section: &mut Section) -> Vec<Membership> {
    let plain = ids.reference("team", "team", section);
    let listed = section.sections("teams");
    if let (Some(team), true) = (plain, listed.is_empty()) {
        return vec![Membership { valid_from: Instant::MIN, team: Some(team) }];
    }
    let mut memberships: Vec<Membership> = Vec::new();
    for mut entry in listed {
        let is_dated = entry.has("valid_from");
        let valid_from = entry.read("valid_from", values::instant(zone));
        let team = ids.reference("team", "team", &mut entry);
        let before = memberships.last().map(|membership| membership.valid_from);
        match (valid_from, before) {
            (None, Some(_)) if is_dated => {}
            (None, Some(_)) => ids.document.problem(
                entry.at,
                "valid_from is missing",
                "only the first team of a list holds from the beginning: add `valid_from: 2026-01-05`",
            ),
            (Some(from), Some(before)) if from <= before => ids.document.problem(
                entry.at,
                "valid_from is not after the one before it",
                "list teams in the order in which they held",
            ),
            _ => memberships.push(Membership { valid_from: valid_from.unwrap_or(Instant::MIN), team }),
        }
    }
    memberships
}

fn read_aliases(rep: &Name, taken: &mut HashMap<(Name, Name), Name>, section: &mut Section) -> Vec<(Name, Name)> {
    let document = section.document().clone();
    let mut aliases = Vec::new();
    for (source, at, node) in section.section("aliases").entries() {
        let names = match &node.value {
            Value::List(nodes) => nodes.clone(),
            _ => vec![node],
        };
        for node in names {
            match values::id(&node) {
                Err(problem) => document.wrong(node.at, "alias", &problem),
                Ok(alias) => match taken.insert((source.as_str().into(), alias.clone()), rep.clone()) {
                    Some(other) if other != *rep => document.problem(
                        at,
                        format!("`{alias}` of {source} already stands for rep `{other}`"),
                        "an alias stands for one rep: remove one",
                    ),
                    _ => aliases.push((source.as_str().into(), alias)),
                },
            }
        }
    }
    aliases
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `hours: {mon-fri: ["08:00-16:30"], sat: [...]}`, or a list of such with `valid_from` from the second on; and
/// `holidays: [date]`.
fn hours(section: &mut Section) -> Option<OpeningHours> {
    let (document, path) = (section.document().clone(), section.path_of("hours"));
    let of = |node| Section::of(&document, &path, Some(node));
    let weeks = match section.take("hours") {
        None => Vec::new(),
        Some(Node { value: Value::List(nodes), .. }) => weeks(nodes.into_iter().map(of)),
        Some(node) => vec![week(NaiveDate::MIN, of(node))],
    };
    let listed = section.list("holidays", values::date);
    let holidays: Option<Vec<NaiveDate>> = listed.map(|dates| dates.into_iter().map(|(_, date)| date).collect());
    (!weeks.is_empty() || holidays.is_some()).then_some(OpeningHours { weeks, holidays })
}

/// Weeks in the order in which they held.
fn weeks(listed: impl Iterator<Item = Section>) -> Vec<DatedWeek> {
    let mut weeks: Vec<DatedWeek> = Vec::new();
    for mut section in listed {
        let (document, at, is_dated) = (section.document().clone(), section.at, section.has("valid_from"));
        let valid_from = section.read("valid_from", values::date);
        match (valid_from, weeks.last().map(|week| week.valid_from)) {
            (None, Some(_)) if !is_dated => document.problem(
                at,
                "hours: valid_from is missing",
                "only the first week of a list holds from the beginning: add `valid_from: 2026-01-05`",
            ),
            (Some(from), Some(before)) if from <= before => document.problem(
                at,
                "hours: valid_from is not after the one before it",
                "list weeks in the order in which they held",
            ),
            _ => {}
        }
        weeks.push(week(valid_from.unwrap_or(NaiveDate::MIN), section));
    }
    weeks
}

fn week(valid_from: NaiveDate, section: Section) -> DatedWeek {
    let (document, place) = (section.document().clone(), section.at);
    let mut week = DatedWeek { valid_from, days: Default::default() };
    for (days, at, node) in section.entries() {
        let (first, last) = days.split_once('-').unwrap_or((&days, &days));
        let day = |name: &str| DAYS.iter().position(|day| *day == name);
        let (Some(first), Some(last)) = (day(first), day(last)) else {
            document.problem(
                at,
                format!("hours: `{days}` is no day"),
                "write mon, tue, wed, thu, fri, sat, sun or a range such as mon-fri",
            );
            continue;
        };
        let Value::List(blocks) = &node.value else {
            document.problem(node.at, "hours: a day has a list of blocks", "write e.g. mon-fri: [\"08:00-16:30\"]");
            continue;
        };
        for node in blocks {
            match values::block(node) {
                Ok(block) => (0..=(last + 7 - first) % 7).for_each(|n| add(&mut week, (first + n) % 7, block)),
                Err(problem) => document.wrong(node.at, "hours", &problem),
            }
        }
    }
    week.days.iter_mut().for_each(|day| day.sort_unstable());
    let overlaps = |day: &Vec<(u16, u16)>| day.windows(2).any(|pair| pair[1].0 < pair[0].1);
    if week.days.iter().any(overlaps) {
        document.problem(place, "hours: blocks of one day overlap", "let each block end before the next begins");
    }
    week
}

/// What spans midnight is a block of either day, so that a holiday closes its own date and no other.
fn add(week: &mut DatedWeek, day: usize, (from, to): (u16, u16)) {
    const MIDNIGHT: u16 = 24 * 60;
    week.days[day].push((from, to.min(MIDNIGHT)));
    if to > MIDNIGHT {
        week.days[(day + 1) % 7].push((0, to - MIDNIGHT));
    }
}
