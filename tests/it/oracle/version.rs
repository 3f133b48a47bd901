//! Which version of each event holds, and in which order events are read.

use super::{Ledger, World};
use goalkeeper::domain::event::{ContactWhat, Content, Event, Kind, Name, SurveyWhat, TicketWhat};
use goalkeeper::domain::settings::Settings;
use std::collections::{BTreeMap, HashMap};

/// A record: (kind, namespace, id).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub kind: Kind,
    pub space: Name,
    pub id: String,
}

/// The record that `source` calls `id`.
pub fn key(kind: Kind, source: &Name, id: &str, settings: &Settings) -> Key {
    let own = settings.source(source);
    let space = match kind {
        Kind::Contact => own.contacts.clone(),
        Kind::Ticket => own.tickets.clone(),
        _ => None,
    };
    Key { kind, space: space.unwrap_or_else(|| source.clone()), id: id.to_owned() }
}

/// Every record with the events of it that hold, in the order in which they are read.
pub type Records<'a> = BTreeMap<Key, Vec<&'a Event>>;

/// The records of what was accepted.
pub fn records<'a>(accepted: &'a [Event], settings: &Settings) -> Records<'a> {
    let mut versions: BTreeMap<Key, HashMap<(&Name, &str), &Event>> = BTreeMap::new();
    for event in accepted {
        let record = versions.entry(key(event.subject.kind, &event.source, &event.subject.id, settings)).or_default();
        let kept = record.entry((&event.source, &event.id)).or_insert(event);
        let greater = |e: &Event| (e.revision, e.retracted, e.time, e.seq, e.content.clone());
        if greater(event) > greater(kept) {
            *kept = event;
        }
    }
    versions.into_iter().map(|(key, kept)| (key, in_order(kept.into_values().filter(|e| !e.retracted)))).collect()
}

fn in_order<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<&'a Event> {
    let mut events: Vec<&Event> = events.collect();
    events.sort_by_key(|e| (e.time, e.source.clone(), e.seq, rank(e), e.id.clone()));
    // Some producers have no unique ids: alike in all but id is once.
    let mut once: Vec<&Event> = Vec::new();
    for event in events {
        let alike = |o: &&Event| {
            (o.time, &o.source, o.seq, o.revision, &o.content)
                == (event.time, &event.source, event.seq, event.revision, &event.content)
        };
        if !once.iter().any(alike) {
            once.push(event);
        }
    }
    once
}

/// Events beyond the first of the same type, instant and seq.
pub fn tied(entries: &[&Event], world: World, ledger: &mut Ledger) {
    for (n, event) in entries.iter().enumerate() {
        let same =
            |o: &&&Event| (o.time, &o.source, o.seq, rank(o)) == (event.time, &event.source, event.seq, rank(event));
        if entries[..n].iter().any(|o| same(&o)) {
            ledger.add(&world.company(), "tied", event.time.0, 1);
        }
    }
}

/// The place of the type in the tables of the vocabulary.
fn rank(event: &Event) -> usize {
    match &event.content {
        Content::Nothing => 99,
        Content::Contact(contact) => match contact.what {
            ContactWhat::Started => 0,
            ContactWhat::Queued => 1,
            ContactWhat::Offered => 2,
            ContactWhat::Missed { .. } => 3,
            ContactWhat::Answered { .. } => 4,
            ContactWhat::Held => 5,
            ContactWhat::Retrieved => 6,
            ContactWhat::Abandoned { .. } => 7,
            ContactWhat::Left { .. } => 8,
            ContactWhat::Transferred { .. } => 9,
            ContactWhat::Message { .. } => 10,
            ContactWhat::Updated => 11,
            ContactWhat::Ended { .. } => 12,
            ContactWhat::Wrapped { .. } => 13,
        },
        Content::Ticket(ticket) => match ticket.what {
            TicketWhat::Created => 0,
            TicketWhat::Message { .. } => 1,
            TicketWhat::Updated => 2,
            TicketWhat::Assigned => 3,
            TicketWhat::Status(_) => 4,
            TicketWhat::Merged { .. } => 5,
            TicketWhat::Deleted { .. } => 6,
            TicketWhat::Restored => 7,
        },
        Content::Survey(survey) => match survey.what {
            SurveyWhat::Offered => 0,
            SurveyWhat::Answered { .. } => 1,
        },
        _ => 0,
    }
}
