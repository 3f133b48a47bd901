//! A generated history: hundreds of events of every kind about a few people, with versions, repeats and retractions.

use super::centre::name;
use super::chance::Chance;
use super::{contacts, house, people, tickets};
use goalkeeper::domain::event::{ContactEvent, Content, CustomerHash, Event, Field, Kind, Name, Subject};
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE};

/// Writes events down, and their later versions with them.
pub struct Pen {
    pub chance: Chance,
    /// Ids of contacts that another story may fall into.
    pub calls: Vec<String>,
    pub contacts: i64,
    pub tickets: i64,
    pub surveys: i64,
    /// When contacts began, of whom, and which.
    pub visits: Vec<(i64, Option<CustomerHash>, String)>,
    /// The customer who comes now, if that is decided.
    pub comes_back: Option<CustomerHash>,
    /// The contact with which the journey that goes on now began.
    pub root: Option<Name>,
    /// Until when two stories may fall into one contact: records must not expire in between.
    pub reuses_ids_until: i64,
    events: Vec<Event>,
}

/// Days around which clocks change somewhere, and one on which they do not.
const BEGINS: [&str; 7] = [
    "2024-03-29T03:10:00Z",
    "2024-10-25T14:00:00Z",
    "2024-09-06T20:00:00Z",
    "2024-11-01T09:30:00Z",
    "2024-04-05T00:00:00Z",
    "2024-10-04T22:00:00Z",
    "2026-01-05T09:00:00Z",
];

/// Where a history begins.
pub fn begin(chance: &mut Chance) -> i64 {
    Instant::from_rfc3339(chance.pick(&BEGINS)).expect("is a time").0
}

/// A history of some `size` events over `days` days from `begin` on, in no order.
pub fn history(seed: u64, begin: i64, days: i64, size: usize) -> Vec<Event> {
    let mut pen = Pen::new(seed, begin);
    while pen.events.len() < size {
        let at = pen.start(begin, days);
        if pen.chance.per_cent(75) {
            let (source, id) = contacts::write(&mut pen, at);
            if pen.chance.per_cent(25) {
                let asked = at + pen.chance.between(-5, 30) * MINUTE;
                tickets::survey(&mut pen, asked, Some((Kind::Contact, source, id.clone())));
            }
            if pen.chance.per_cent(6) {
                let judged = at + pen.chance.between(-5, 300) * MINUTE;
                house::judge(&mut pen, judged, Some((Kind::Contact, source, id)));
            }
        } else {
            let (source, id) = tickets::write(&mut pen, at);
            if pen.chance.per_cent(25) {
                let asked = at + pen.chance.between(-1, 30) * HOUR;
                tickets::survey(&mut pen, asked, Some((Kind::Ticket, source, id.clone())));
            }
            if pen.chance.per_cent(10) {
                let judged = at + pen.chance.between(-1, 60) * HOUR;
                house::judge(&mut pen, judged, Some((Kind::Ticket, source, id)));
            }
        }
        if pen.chance.per_cent(2) {
            tickets::survey(&mut pen, at, None);
            house::judge(&mut pen, at, None);
        }
        if pen.chance.per_cent(6) {
            house::house(&mut pen, at);
        }
        if pen.chance.per_cent(8) {
            people::day(&mut pen, at);
        }
    }
    pen.events
}

/// Some contacts of one customer, each a first-contact window after the one before, to the millisecond or one beside
/// it: in a longer history somebody else's visit nearly always lies in between.
pub fn visits(seed: u64, begin: i64) -> Vec<Event> {
    let mut pen = Pen::new(seed, begin);
    let mut at = begin;
    for _ in 0..pen.chance.between(2, 5) {
        pen.comes_back = Some(CustomerHash(1));
        pen.root = pen.chance.per_cent(30).then(|| name("c0"));
        contacts::write(&mut pen, at);
        at += 7 * DAY + pen.chance.between(-1, 2);
    }
    pen.events
}

impl Pen {
    fn new(seed: u64, begin: i64) -> Pen {
        Pen {
            chance: Chance::new(seed.wrapping_add(1)),
            calls: vec!["c-first".to_owned()],
            contacts: 0,
            tickets: 0,
            surveys: 0,
            visits: vec![(begin, None, "c-first".to_owned())],
            comes_back: None,
            root: None,
            reuses_ids_until: begin + 2 * DAY,
            events: Vec::new(),
        }
    }

    /// When something begins: anywhere, or exactly when, or a first-contact window after, a contact began before; then
    /// it is mostly the same customer who comes.
    fn start(&mut self, begin: i64, days: i64) -> i64 {
        let (before, customer, id) = self.chance.pick(&self.visits);
        let at = match self.chance.below(12) {
            0 => before,
            1..=3 => before + 7 * DAY + self.chance.between(-1, 2),
            _ => i64::MIN,
        };
        self.comes_back = customer.filter(|_| at > i64::MIN && self.chance.per_cent(80));
        self.root = self.chance.per_cent(if self.comes_back.is_some() { 35 } else { 3 }).then(|| id.into());
        match at > i64::MIN && at < begin + (days + 8) * DAY {
            true => at,
            false => begin + self.chance.below(days * 24 * 60) * MINUTE + self.chance.span(MINUTE),
        }
    }

    /// What a source calls a rep.
    pub fn alias(&self, source: &str, rep: &str) -> Name {
        contacts::alias(source, rep)
    }

    /// Writes an event; a few are told again, corrected, or taken back.
    pub fn write(&mut self, source: &str, (kind, id): (Kind, String), at: i64, seq: i64, content: Content) {
        let event = Event {
            source: Name::from(source),
            id: format!("e{}", self.events.len()).into(),
            time: Instant(at),
            seq: if self.chance.per_cent(60) { seq } else { 0 },
            revision: 0,
            retracted: false,
            subject: Subject { kind, id: id.into() },
            content,
        };
        match self.chance.below(100) {
            // Alike in all but id.
            0..=1 => {
                let id = format!("x{}", self.events.len()).into();
                self.events.push(Event { id, ..event.clone() });
            }
            // Alike, but an instant that many share.
            2..=3 => {
                let id = format!("y{}", self.events.len()).into();
                self.events.push(Event { id, seq: 0, ..event.clone() });
            }
            4..=8 => self.correct(&event),
            9..=11 => self.take_back(&event),
            _ => {}
        }
        self.events.push(event);
    }

    /// Another version: higher, equal or lower, later or earlier, of another rep or queue.
    fn correct(&mut self, event: &Event) {
        let mut other = event.clone();
        other.revision = self.chance.between(-1, 3);
        other.time = Instant(event.time.0 + self.chance.between(-3, 4) * 5000);
        if let (Content::Contact(contact), true) = (&event.content, self.chance.per_cent(40)) {
            let mut shared = contact.shared.clone();
            shared.rep = Field::Value(Name::from("lea"));
            other.content = Content::Contact(Box::new(ContactEvent { what: contact.what.clone(), shared }));
        }
        if self.chance.per_cent(20) {
            self.take_back(&other);
        }
        self.events.push(other);
    }

    /// A retraction: of this version, an older or a newer one; sometimes it never arrives with its event.
    fn take_back(&mut self, event: &Event) {
        let revision = event.revision + self.chance.between(-1, 2);
        let time = Instant(event.time.0 + self.chance.between(-2, 3) * MINUTE);
        self.events.push(Event { revision, time, retracted: true, content: Content::Nothing, ..event.clone() });
    }
}
