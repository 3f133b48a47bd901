//! What something is a part of where figures are broken down: read from its events, value by value.

use super::World;
use super::version::{Key, key};
use chrono::{TimeZone, Timelike};
use goalkeeper::domain::event::{About, Content, Event, Field, Kind, Name, Shared, TicketWhat};
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::slice::Breakdown;
use std::collections::BTreeMap;

/// The values said, by what figures are broken down by; what is not there was not said.
pub type Said = BTreeMap<String, String>;

/// Marks what is about a contact or ticket: it has all values, though they may not be said.
const OF_CONTACT: &str = "of contact";

/// What is about a contact or ticket of which nothing is known.
pub fn unknown() -> Said {
    Said::from([(OF_CONTACT.to_owned(), String::new())])
}

/// What a contact or ticket says of itself.
pub fn said(kind: Kind, entries: &[&Event]) -> Said {
    let mut said = unknown();
    let usual = if kind == Kind::Contact { "voice" } else { "email" };
    for (by, value) in [("channel", usual), ("direction", "inbound"), ("priority", "normal")] {
        said.insert(by.to_owned(), value.to_owned());
    }
    let mut zone: Option<chrono_tz::Tz> = None;
    // A ticket stays with the priority that it was created with.
    let mut is_created = false;
    for event in entries {
        let shared = shared(event);
        let mut say = |by: &str, value: String| drop(said.insert(by.to_owned(), value.to_lowercase()));
        if let Some(channel) = shared.channel {
            say("channel", format!("{channel:?}"));
        }
        if let Some(direction) = shared.direction {
            say("direction", format!("{direction:?}"));
        }
        let rare = shared.rare.as_deref();
        if let (Some(priority), false) = (rare.and_then(|rare| rare.priority), is_created) {
            say("priority", format!("{priority:?}"));
        }
        is_created |= matches!(&event.content, Content::Ticket(ticket) if ticket.what == TicketWhat::Created);
        match &shared.issue {
            Field::Absent => {}
            Field::Null => drop(said.remove("issue")),
            Field::Value(issue) => drop(said.insert("issue".to_owned(), issue.to_string())),
        }
        for (name, value) in rare.iter().flat_map(|rare| &rare.attributes) {
            said.insert(format!("attribute.{name}"), value.to_string());
        }
        if let Some(told) = rare.and_then(|rare| rare.customer_zone.as_ref()) {
            zone = told.parse().ok();
        }
    }
    let first = entries.iter().map(|event| event.time.0).min().expect("there are events");
    if let Some(zone) = zone {
        let clock = zone.timestamp_millis_opt(first).single().expect("is a time");
        said.insert("customer_hour".to_owned(), format!("{:02}", clock.hour()));
    }
    said
}

fn shared(event: &Event) -> &Shared {
    match &event.content {
        Content::Contact(contact) => &contact.shared,
        Content::Ticket(ticket) => &ticket.shared,
        _ => panic!("an event of a contact or ticket"),
    }
}

/// The contact or ticket that a judgement names: of a survey the last one named, of others what the last version names.
pub fn named(entries: &[&Event], world: World) -> Option<Key> {
    let about = |event: &&Event| -> Option<(Name, About)> {
        let about = match &event.content {
            Content::Survey(survey) => &survey.about,
            Content::Review(review) => &review.about,
            Content::Complaint(complaint) => &complaint.about,
            _ => panic!("an event of a judgement"),
        };
        about.clone().map(|about| (event.source.clone(), about))
    };
    let is_survey = entries.iter().all(|event| matches!(event.content, Content::Survey(_)));
    let last = match is_survey {
        true => entries.iter().filter_map(about).next_back(),
        false => entries.last().and_then(about),
    };
    last.map(|(source, about)| key(about.kind, &about.source.unwrap_or(source), &about.id, world.settings))
}

/// The parts of these scopes that something counts for which says this.
pub fn of(scopes: &[Scope], said: &Said, world: World) -> Vec<Scope> {
    let mut parts = Vec::new();
    for breakdown in &world.settings.breakdowns {
        for scope in scopes.iter().filter(|scope| breakdown.kinds.has(scope.kind) && is_listed(scope, world)) {
            parts.extend(part(breakdown, scope, scopes, said));
        }
    }
    parts
}

fn part(breakdown: &Breakdown, scope: &Scope, scopes: &[Scope], said: &Said) -> Option<Scope> {
    let by = breakdown.dimension.to_string();
    let value = match by.as_str() {
        // Only of what is booked with a value of its own.
        "criterion" | "category" | "certification" | "reported" => Some(said.get(&by)?.clone()),
        _ if !said.contains_key(OF_CONTACT) => return None,
        "queue" => scopes.iter().find(|scope| scope.kind == ScopeKind::Queue).map(|queue| queue.id.to_string()),
        _ => said.get(&by).cloned(),
    };
    let value = value.unwrap_or_else(|| "none".to_owned());
    let listed = breakdown.slice(&value).or(breakdown.slice("other")).expect("all else is other");
    Some(scope.part(listed))
}

fn is_listed(scope: &Scope, world: World) -> bool {
    let roster = world.roster;
    match scope.kind {
        ScopeKind::Company => true,
        ScopeKind::Department => roster.departments.iter().any(|department| department.id == scope.id),
        ScopeKind::Team => roster.teams.iter().any(|team| team.unit.id == scope.id),
        ScopeKind::Queue => roster.queues.iter().any(|queue| queue.unit.id == scope.id),
        ScopeKind::Rep => roster.reps.iter().any(|rep| rep.unit.id == scope.id),
    }
}
