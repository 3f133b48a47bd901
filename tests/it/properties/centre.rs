//! Generated centres: rosters in several zones with memberships through time, and settings of every kind.

use super::chance::Chance;
use super::parts;
use chrono_tz::Tz;
use goalkeeper::domain::engine::Room;
use goalkeeper::domain::event::Name;
use goalkeeper::domain::roster::{Membership, Queue, Rep, RosterData, Team, Unit};
use goalkeeper::domain::settings::{AbandonRate, Durations, ServiceLevel, Settings, Source};
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
/// Teams that an event may name; the last is not on the roster.
pub const TEAMS: [&str; 4] = ["north", "south", "night", "t-unlisted"];

pub fn name(text: &str) -> Name {
    Name::from(text)
}

fn unit(id: &str, chance: &mut Chance) -> Unit {
    let zone = chance.per_cent(50).then(|| chance.pick(&ZONES));
    Unit { id: name(id), zone, hours: None }
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
    let mut company = unit("acme", chance);
    company.zone = chance.per_cent(80).then(|| chance.pick(&ZONES));
    RosterData {
        company,
        departments: ["service", "trade"].iter().map(|id| unit(id, chance)).collect(),
        teams: [("north", "service"), ("south", "trade"), ("night", "")]
            .iter()
            .map(|(id, department)| Team {
                unit: unit(id, chance),
                department: (!department.is_empty()).then(|| name(department)),
            })
            .collect(),
        queues: QUEUES[..4]
            .iter()
            .map(|id| Queue {
                unit: unit(id, chance),
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
    }
}

/// Settings; the horizons are those of the defaults.
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

pub fn settings(chance: &mut Chance) -> Settings {
    let mut settings = Settings {
        service_level: chance.pick(&ServiceLevel::ALL),
        abandon_rate: chance.pick(&AbandonRate::ALL),
        short_abandon: Span::seconds(chance.between(1, 20)),
        service_level_threshold: Span::seconds(chance.between(5, 60)),
        wait_thresholds: vec![Span::seconds(20), Span::seconds(chance.between(21, 300))],
        response_thresholds: vec![Span::hours(4), Span::minutes(chance.between(1, 60))],
        resolution_thresholds: vec![Span::hours(24), Span::hours(chance.between(25, 90))],
        ..Settings::default()
    };
    let shared = Source { contacts: Some(name("phones")), ..Source::default() };
    let own_queues = chance.per_cent(30).then(|| name("b"));
    let reported = Source { durations: Durations::Reported, queues: own_queues, ..shared.clone() };
    let customers = chance.per_cent(50).then(|| name("c"));
    let third = if chance.per_cent(30) { Durations::Reported } else { Durations::Timestamps };
    settings.sources.insert(name(PHONES[0]), shared);
    settings.sources.insert(name(PHONES[1]), reported);
    settings.sources.insert(name(PHONES[2]), Source { durations: third, customers, ..Source::default() });
    for desk in DESKS {
        settings.sources.insert(name(desk), Source { tickets: Some(name("desk")), ..Source::default() });
    }
    settings.customers_day = chance.pick(&[(8 * 60, 20 * 60), (0, 12 * 60 + 30), (1, 24 * 60)]);
    settings.breakdowns = parts::breakdowns(chance);
    settings
}
