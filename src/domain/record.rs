//! A record: the set of all events about one contact, ticket, survey or the like, and what it has booked.

use super::booking::{Booking, Message};
use super::event::{ContactWhat, Content, CustomerHash, Event, Kind, Name, SurveyWhat, TicketWhat};
use super::settings::Settings;
use super::time::{HOUR, Instant};
use std::cmp::Ordering;

/// Which record: an id is unique within a kind and a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// Its kind.
    pub kind: Kind,
    /// Which sources share the id; mostly the source itself.
    pub namespace: Name,
    /// The id there.
    pub id: RecordId,
}

/// The id of a record within its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordId {
    /// As the source writes it.
    Text(Name),
    /// A customer's hashed key.
    Customer(CustomerHash),
}

impl std::fmt::Display for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.id {
            RecordId::Text(id) => write!(f, "{} {:?} {:?}", self.kind.name(), self.namespace, id),
            RecordId::Customer(hash) => write!(f, "{} {:?} {:032x}", self.kind.name(), self.namespace, hash.0),
        }
    }
}

impl RecordKey {
    /// The record that an event is about.
    pub fn of(event: &Event, settings: &Settings) -> RecordKey {
        RecordKey::named(event.subject.kind, &event.source, &event.subject.id, settings)
    }

    /// The record that `source` calls `id`.
    pub fn named(kind: Kind, source: &Name, id: &str, settings: &Settings) -> RecordKey {
        let own = settings.source(source);
        let shared = match kind {
            Kind::Contact => own.contacts.as_ref(),
            Kind::Ticket => own.tickets.as_ref(),
            _ => None,
        };
        RecordKey { kind, namespace: shared.unwrap_or(source).clone(), id: RecordId::Text(id.into()) }
    }

    /// The record of a customer whom `source` knows.
    pub fn customer(source: &Name, hash: CustomerHash, settings: &Settings) -> RecordKey {
        let namespace = settings.source(source).customers.clone().unwrap_or_else(|| Name::from(""));
        RecordKey { kind: Kind::Customer, namespace, id: RecordId::Customer(hash) }
    }
}

/// One event as its record keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who told it.
    pub source: Name,
    /// The event's id; unique within the source.
    pub id: Box<str>,
    /// When it happened.
    pub time: Instant,
    /// Orders events of one source and equal time.
    pub seq: i64,
    /// The greater stays.
    pub revision: i64,
    /// True if the event no longer holds.
    pub retracted: bool,
    /// What happened.
    pub content: Content,
}

impl Entry {
    /// The entry that an event makes.
    pub fn from_event(event: Event) -> Entry {
        Entry {
            source: event.source,
            id: event.id,
            time: event.time,
            seq: event.seq,
            revision: event.revision,
            retracted: event.retracted,
            content: event.content,
        }
    }

    /// The place of the event's type in the vocabulary's tables.
    pub fn type_rank(&self) -> u8 {
        match &self.content {
            Content::Nothing => u8::MAX,
            Content::Contact(event) => match event.what {
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
            Content::Ticket(event) => match event.what {
                TicketWhat::Created => 0,
                TicketWhat::Message { .. } => 1,
                TicketWhat::Updated => 2,
                TicketWhat::Assigned => 3,
                TicketWhat::Status(_) => 4,
                TicketWhat::Merged { .. } => 5,
                TicketWhat::Deleted { .. } => 6,
                TicketWhat::Restored => 7,
            },
            Content::Survey(event) => match event.what {
                SurveyWhat::Offered => 0,
                SurveyWhat::Answered { .. } => 1,
            },
            Content::Review(_)
            | Content::Complaint(_)
            | Content::State(_)
            | Content::Shift(_)
            | Content::Certification(_)
            | Content::Coaching(_)
            | Content::Reported(_) => 0,
        }
    }

    /// Which of two versions of one event stays: the greater.
    fn version(&self, other: &Entry) -> Ordering {
        (self.revision, self.retracted, self.time, self.seq, &self.content).cmp(&(
            other.revision,
            other.retracted,
            other.time,
            other.seq,
            &other.content,
        ))
    }

    /// True if nothing but the ids of the two settles their order.
    pub(super) fn is_tied(&self, other: &Entry) -> bool {
        (self.time, self.seq, self.type_rank()) == (other.time, other.seq, other.type_rank())
            && self.source == other.source
    }

    /// The order in which entries are folded. Event time is the first word, never arrival.
    pub fn fold_order(&self, other: &Entry) -> Ordering {
        (self.time, &self.source, self.seq, self.type_rank(), &self.id).cmp(&(
            other.time,
            &other.source,
            other.seq,
            other.type_rank(),
            &other.id,
        ))
    }
}

/// A note or link as its receiver keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Who sent it.
    pub from: RecordKey,
    /// What it says.
    pub message: Message,
    /// True once the sender has expired: it cannot change any more.
    pub frozen: bool,
}

/// A note or link as its sender remembers it, so that a changed one replaces it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    /// To whom.
    pub to: RecordKey,
    /// What it says.
    pub message: Message,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Record {
    /// Its events in fold order, retractions included; ids are unique.
    pub entries: Vec<Entry>,
    /// What others told it, sorted by sender.
    pub received: Vec<Received>,
    /// What it told others.
    pub sent: Vec<Sent>,
    /// What it has booked.
    pub booked: Vec<Booking>,
    /// True once it has grown without end: it forgot its entries and books nothing.
    pub saturated: bool,
}

/// What a merge did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The record knows something new.
    Changed,
    /// It knew that already, or something newer.
    Unchanged,
}

impl Record {
    /// Takes an entry in. Union of sets: commutative, associative, idempotent.
    pub fn merge(&mut self, entry: Entry) -> Merged {
        if let Some(at) = self.find(&entry) {
            if self.entries[at].version(&entry) != Ordering::Less {
                return Merged::Unchanged;
            }
            self.entries.remove(at);
        }
        let at = self.entries.partition_point(|other| other.fold_order(&entry) == Ordering::Less);
        self.entries.insert(at, entry);
        Merged::Changed
    }

    /// True if the record has an event of this source and id.
    pub fn find(&self, entry: &Entry) -> Option<usize> {
        self.entries.iter().position(|other| other.id == entry.id && other.source == entry.source)
    }

    /// The entries that hold, in fold order. Events alike in all but id count once: some producers have no unique ids.
    pub fn holding(&self) -> impl Iterator<Item = &Entry> {
        let counts = |(at, entry): &(usize, &Entry)| !entry.retracted && !self.is_repeat(*at);
        self.entries.iter().enumerate().filter(counts).map(|(_, entry)| entry)
    }

    /// True if an entry before this one says the same at the same place.
    fn is_repeat(&self, at: usize) -> bool {
        let entry = &self.entries[at];
        let before = self.entries[..at].iter().rev().take_while(|other| other.is_tied(entry));
        before
            .into_iter()
            .any(|other| !other.retracted && other.revision == entry.revision && other.content == entry.content)
    }

    /// When it was last heard of: by an event, or by a message of another record.
    pub fn last(&self) -> Instant {
        let events =
            self.entries.iter().map(|entry| entry.content.until().map_or(entry.time, |until| until.max(entry.time)));
        let messages = self.received.iter().filter_map(|received| match &received.message {
            Message::Link(since) => Some(*since),
            Message::Visit(visit) => Some(visit.first),
            // What a contact says of itself does not keep the judgement about it alive.
            Message::Handling(_) => None,
            Message::States { hour, .. } | Message::Planned { hour, .. } => Some(*hour),
            Message::Handled(spans) => spans.last().map(|(_, to)| *to),
        });
        events.chain(messages).max().unwrap_or(Instant::MIN)
    }

    /// The hour of [`Record::last`].
    pub fn last_hour(&self) -> i64 {
        self.last().0.div_euclid(HOUR)
    }

    /// Forgets everything and stays as a stub that refuses more.
    pub fn saturate(&mut self) {
        self.entries = Vec::new();
        self.received = Vec::new();
        self.saturated = true;
    }
}
