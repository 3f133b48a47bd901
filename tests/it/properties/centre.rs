//! Generated centres: rosters in several zones with memberships through time, and settings of every kind.

use super::chance::Chance;
use super::parts;
use chrono::NaiveDate;
use chrono_tz::Tz;
use goalkeeper::domain::engine::Room;
use goalkeeper::domain::event::{Channel, Name};
use goalkeeper::domain::roster::{Issue, Membership, OpeningHours, Owner, Queue, Rep, RosterData, Team, Unit};
use goalkeeper::domain::schedule::DatedWeek;
use goalkeeper::domain::settings::{
    AbandonRate, BusinessHours, CreditRule, Durations, FirstContact, PriorityTargets, RepeatKey, ServiceLevel,
    Settings, Source, Transferred,
};
use goalkeeper::domain::time::{DAY, Instant, Span};
use goalkeeper::domain::window::{Reach, Window};

pub const ZONES: [Tz; 7] = [
    Tz::Europe__Oslo,
    Tz::America__Santiago,
    Tz::America__Havana,
    Tz::Asia__Kolkata,
    Tz::Australia__Lord_Howe,
    Tz::America__St_Johns,
    Tz::UTC,
];
/// Sources of contacts; the first two share their contacts, the second reports durations.
pub const PHONES: [&str; 3] = ["/pbx/a", "/pbx/b", "/pbx/c"];
/// Sources of tickets; both share their tickets.
pub const DESKS: [&str; 2] = ["/desk/a", "/desk/b"];
/// The source of surveys.
pub const ASKED: &str = "/asked";
/// Queues; the last is not on the roster.
pub const QUEUES: [&str; 5] = ["sales", "support", "faults", "claims", "q-unlisted"];
/// Reps; the last is not on the roster.
pub const REPS: [&str; 6] = ["ines", "jon", "kim", "lea", "max", "r-unlisted"];
/// Issue types.
pub const ISSUES: [&str; 4] = ["outage", "defect", "invoice", "order"];
/// Teams that an event may name; the last is not on the roster.
pub const TEAMS: [&str; 4] = ["north", "south", "night", "t-unlisted"];

/// Outcome codes.
pub const DISPOSITIONS: [&str; 3] = ["expert", "misrouted", "done"];

pub fn name(text: &str) -> Name {
    Name::from(text)
}

fn unit(id: &str, chance: &mut Chance) -> Unit {
    let zone = chance.per_cent(50).then(|| chance.pick(&ZONES));
    Unit { id: name(id), zone, hours: None }
}

/// A queue, a team or what is above them, with hours of its own now and then.
fn place(id: &str, begin: i64, days: i64, chance: &mut Chance) -> Unit {
    let hours = chance.per_cent(40).then(|| hours(begin, days, chance));
    Unit { hours, ..unit(id, chance) }
}

/// Hours that change, some over midnight, with holidays among the days of the history.
fn hours(begin: i64, days: i64, chance: &mut Chance) -> OpeningHours {
    let on = |chance: &mut Chance| Instant(begin + chance.between(-2, days + 10) * DAY).date(Tz::UTC);
    let mut weeks: Vec<DatedWeek> = (0..chance.below(3))
        .map(|n| DatedWeek {
            valid_from: if n == 0 && chance.per_cent(80) { NaiveDate::MIN } else { on(chance) },
            days: std::array::from_fn(|_| blocks(chance)),
        })
        .collect();
    weeks.sort_by_key(|week| week.valid_from);
    weeks.dedup_by_key(|week| week.valid_from);
    let holidays = chance.per_cent(50).then(|| (0..chance.below(4)).map(|_| on(chance)).collect());
    OpeningHours { weeks, holidays }
}

/// Up to two blocks of a day, between quarters of an hour.
fn blocks(chance: &mut Chance) -> Vec<(u16, u16)> {
    let mut bounds: Vec<u16> = (0..2 * chance.below(3)).map(|_| 15 * chance.below(97) as u16).collect();
    bounds.sort_unstable();
    bounds.dedup();
    bounds.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

/// A roster; histories begin at `begin` and are `days` long, and memberships change in between.
pub fn roster(begin: i64, days: i64, chance: &mut Chance) -> RosterData {
    let teams_through_time = |chance: &mut Chance| {
        let mut from = if chance.per_cent(80) { Instant::MIN } else { Instant(begin + chance.below(days * DAY)) };
        let mut teams = Vec::new();
        for _ in 0..chance.below(4) {
            let team = chance.per_cent(85).then(|| name(chance.pick(&TEAMS[..3])));
            teams.push(Membership { valid_from: from, team });
            from = Instant(from.0.max(begin) + 1 + chance.below(days * DAY));
        }
        teams
    };
    let mut company = place("acme", begin, days, chance);
    company.zone = chance.per_cent(80).then(|| chance.pick(&ZONES));
    RosterData {
        company,
        departments: ["service", "trade"].iter().map(|id| place(id, begin, days, chance)).collect(),
        teams: [("north", "service"), ("south", "trade"), ("night", "")]
            .iter()
            .map(|(id, department)| Team {
                unit: place(id, begin, days, chance),
                department: (!department.is_empty()).then(|| name(department)),
            })
            .collect(),
        queues: QUEUES[..4]
            .iter()
            .map(|id| Queue {
                unit: place(id, begin, days, chance),
                teams: teams_through_time(chance),
                service_level_threshold: chance.per_cent(30).then(|| Span::seconds(chance.between(5, 90))),
                short_abandon: chance.per_cent(30).then(|| Span::seconds(chance.between(1, 30))),
            })
            .collect(),
        reps: REPS[..5]
            .iter()
            .enumerate()
            .map(|(n, id)| Rep {
                unit: unit(id, chance),
                teams: teams_through_time(chance),
                started: None,
                aliases: if n < 3 { vec![(name(PHONES[1]), name(&format!("ext-{n}")))] } else { vec![] },
            })
            .collect(),
        issues: ISSUES[..3]
            .iter()
            .map(|id| {
                let team = chance.per_cent(50);
                let owner = if team {
                    Owner::Team(name(chance.pick(&TEAMS)))
                } else {
                    Owner::Queue(name(chance.pick(&QUEUES)))
                };
                Issue { id: name(id), owner }
            })
            .collect(),
    }
}

/// Mostly so little room that records are packed and books made in the middle of everything.
pub fn room(chance: &mut Chance) -> Room {
    match chance.per_cent(80) {
        true => Room {
            unsettled: chance.between(1, 20) as usize,
            sums: chance.between(1, 50) as usize,
            open: chance.between(0, 10) as usize,
            bytes: chance.between(0, 10_000) as usize,
            reach: chance.pick(&[Reach::of(&[]), Reach::of(&[Window::Rolling(Span::days(1))]), Reach::ALL]),
        },
        false => Room::default(),
    }
}

fn targets(chance: &mut Chance, hours: i64) -> PriorityTargets {
    let mut of_any = || if chance.per_cent(70) { Span::hours(chance.between(1, hours)) } else { Span::UNLIMITED };
    PriorityTargets::of_spans(&std::array::from_fn::<Span, 4, _>(|_| of_any()))
}

/// Any rules of first-contact resolution; the window is mostly the one that histories are written for.
fn first_contact(chance: &mut Chance) -> FirstContact {
    let some = [vec![Channel::Voice], vec![Channel::Chat, Channel::Web]];
    FirstContact {
        window: if chance.per_cent(80) { Span::days(7) } else { Span::hours(chance.between(1, 72)) },
        key: chance.pick(&RepeatKey::ALL),
        channels: if chance.per_cent(30) { chance.pick(&some) } else { FirstContact::default().channels },
        abandoned_repeats: chance.per_cent(60),
        transferred: chance.pick(&Transferred::ALL),
        credit: chance.pick(&CreditRule::ALL),
    }
}

/// Settings; the horizons are those of the defaults.
pub fn settings(chance: &mut Chance) -> Settings {
    let mut settings = Settings {
        service_level: chance.pick(&ServiceLevel::ALL),
        abandon_rate: chance.pick(&AbandonRate::ALL),
        short_abandon: Span::seconds(chance.between(1, 20)),
        service_level_threshold: Span::seconds(chance.between(5, 60)),
        wait_thresholds: vec![Span::seconds(20), Span::seconds(chance.between(21, 300))],
        response_thresholds: vec![Span::hours(4), Span::minutes(chance.between(1, 60))],
        resolution_thresholds: vec![Span::hours(24), Span::hours(chance.between(25, 90))],
        response_targets: targets(chance, 30),
        resolution_targets: targets(chance, 80),
        backlog_thresholds: vec![Span::hours(chance.between(1, 100))],
        business_clock: chance.pick(&[BusinessHours::AllSchedules, BusinessHours::LastSchedule]),
        fault_issues: if chance.per_cent(50) { vec![name(ISSUES[0]), name(ISSUES[1])] } else { vec![] },
        needed_transfers: if chance.per_cent(50) { vec![name(DISPOSITIONS[0])] } else { vec![] },
        unneeded_transfers: vec![name(DISPOSITIONS[1])],
        first_contact: first_contact(chance),
        ..Settings::default()
    };
    let shared = Source { contacts: Some(name("phones")), ..Source::default() };
    let own_queues = chance.per_cent(30).then(|| name("b"));
    let reported = Source { durations: Durations::Reported, queues: own_queues, ..shared.clone() };
    let customers = chance.per_cent(50).then(|| name("c"));
    let third = if chance.per_cent(30) { Durations::Reported } else { Durations::Timestamps };
    settings.sources.insert(name(PHONES[0]), shared.clone());
    settings.sources.insert(name(PHONES[1]), reported);
    settings.sources.insert(name(PHONES[2]), Source { durations: third, customers, ..Source::default() });
    for desk in DESKS {
        settings.sources.insert(name(desk), Source { tickets: Some(name("desk")), ..shared.clone() });
    }
    settings.customers_day = chance.pick(&[(8 * 60, 20 * 60), (0, 12 * 60 + 30), (1, 24 * 60), (22 * 60, 30 * 60)]);
    settings.breakdowns = parts::breakdowns(chance);
    settings
}
