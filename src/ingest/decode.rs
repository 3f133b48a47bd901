//! From a message to an event: the envelope, structured or binary, then the `data` of the type's family.

use super::json::{self, Cut, Token, Value};
use super::names::Names;
use super::refusal::{Reason, Refused};
use super::wire::{
    Address, CertificationData, CoachingData, ComplaintData, ContactData, Count, Envelope, Flag, Id, Integer, Number,
    Points, Read, ReportedData, ReportedScope, ReviewData, Said, ScaleName, ShiftData, StateData, SurveyData, Text,
    TicketData, Time, Vocabulary, Word, Zone,
};
use crate::domain::event::{
    About, CertificationEvent, CoachingEvent, ComplaintEvent, ContactEvent, ContactWhat, Content, CustomerHash, Event,
    Facet, Field, Kind, Name, Rare, ReportedEvent, ReportedFigure, ReviewEvent, ReviewItem, Scale, Shared, ShiftEvent,
    StateEvent, Subject, SurveyEvent, SurveyWhat, TicketEvent, TicketWhat,
};
use crate::domain::scope::ScopeKind;
use crate::domain::time::Instant;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::de::IgnoredAny;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::borrow::Cow;
use std::hash::Hasher;
use std::sync::LazyLock;

/// The largest value that is read, in bytes.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// What Kafka delivered, borrowed from the client's memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    /// The value; none is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// Headers by name.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// What a message turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// An event for the engine.
    Event(Event),
    /// Well-formed, but its type, as written here, is not of the vocabulary.
    Ignored(Name),
}

/// Decodes messages. It keeps no state but the texts that it has seen.
#[derive(Debug)]
pub struct Decoder {
    key: [u8; 16],
    names: Names,
    /// Memory for the values of the next message.
    cut: Cut<'static>,
}

struct Head<'a> {
    id: Box<str>,
    source: Name,
    time: Instant,
    seq: i64,
    revision: i64,
    retracted: bool,
    data: Value<'a, 'a>,
}

type Result<T, E = Refused> = std::result::Result<T, E>;

impl Decoder {
    /// A decoder that hashes customers' keys under `key`.
    pub fn new(key: [u8; 16]) -> Decoder {
        Decoder { key, names: Names::default(), cut: Cut::new() }
    }

    /// How often the table of shared texts was full.
    pub fn name_resets(&self) -> u64 {
        self.names.resets()
    }

    /// Decodes one message.
    ///
    /// # Errors
    /// Says what is wrong with the message and where; never panics, whatever the bytes.
    pub fn decode(&mut self, message: Message<'_>) -> Result<Decoded> {
        match mode(message.headers)? {
            Mode::Structured => self.cut_up(text_of(message.payload)?, |decoder, value| decoder.structured(value)),
            Mode::Binary => self.binary(message),
        }
    }

    fn cut_up(
        &mut self,
        text: &str,
        decode: impl FnOnce(&mut Decoder, Value<'_, '_>) -> Result<Decoded>,
    ) -> Result<Decoded> {
        let mut cut = std::mem::take(&mut self.cut);
        let value = json::read(text, &mut cut).ok_or_else(|| not_json(text));
        let decoded = value.and_then(|value| decode(self, value));
        self.cut = json::emptied(cut);
        decoded
    }

    fn structured(&mut self, message: Value<'_, '_>) -> Result<Decoded> {
        match message.token() {
            Token::Object(_) => {}
            Token::List(_) => return Err(batch()),
            _ => return Err(Refused::new(Reason::NotCloudEvent, "no JSON object")),
        }
        let mut all_data = message.parts().filter(|(name, _)| *name == "data").map(|(_, data)| data);
        let data = all_data.next().unwrap_or(Value::NULL);
        if all_data.next().is_some() {
            return Err(bad_attribute("data", "it is there twice"));
        }
        let envelope = read_envelope(message)?;
        let (kind, family) = kind_of(&envelope)?;
        match family {
            Some(family) => {
                let head = self.head(&envelope, data)?;
                self.event(kind, family, head)
            }
            None => Ok(ignored(kind)),
        }
    }

    /// The attributes are headers, and the value is `data`. That of an unknown type may be anything.
    fn binary(&mut self, message: Message<'_>) -> Result<Decoded> {
        let attributes = json::object(message.headers.iter().filter_map(|(name, value)| {
            // A header without a value says nothing, as null does.
            let name = name.strip_prefix(PREFIX).filter(|_| !value.is_empty())?;
            let text = std::str::from_utf8(value);
            Some((name, text.map_or(Token::Senseless, |text| Token::Text(Cow::Borrowed(text)))))
        }));
        let envelope = read_envelope(Value::of(&attributes))?;
        let (kind, family) = kind_of(&envelope)?;
        match family {
            Some(family) => self.cut_up(text_of(message.payload)?, |decoder, data| {
                let head = decoder.head(&envelope, data)?;
                decoder.event(kind, family, head)
            }),
            None => Ok(ignored(kind)),
        }
    }

    fn head<'a>(&mut self, envelope: &Envelope<'_>, data: Value<'a, 'a>) -> Result<Head<'a>> {
        let Id(source) = envelope.source.as_ref().ok_or_else(|| missing_attribute("source"))?;
        Ok(Head {
            id: envelope.id.as_ref().ok_or_else(|| missing_attribute("id"))?.0.as_ref().into(),
            source: self.names.intern(source),
            time: envelope.time.ok_or_else(|| missing_attribute("time"))?.0,
            seq: envelope.seq.map_or(0, |Integer(n)| n),
            revision: envelope.revision.map_or(0, |Integer(n)| n),
            retracted: envelope.retracted.is_some_and(|Flag(flag)| flag),
            data,
        })
    }

    fn event(&mut self, kind: &str, family: Family, head: Head<'_>) -> Result<Decoded> {
        if head.retracted {
            return self.retraction(family, head);
        }
        let (subject, content) = match family {
            Family::Contact => self.contact(kind, &head)?,
            Family::Ticket => self.ticket(kind, &head)?,
            Family::Survey => self.survey(kind, &head)?,
            Family::Review => self.review(&head)?,
            Family::Complaint => self.complaint(&head)?,
            Family::State => self.state(&head)?,
            Family::Shift => self.shift(&head)?,
            Family::Certification => self.certification(&head)?,
            Family::Coaching => self.coaching(&head)?,
            Family::Reported => self.reported(&head)?,
        };
        Ok(head.with(subject, content))
    }

    fn retraction(&mut self, family: Family, head: Head<'_>) -> Result<Decoded> {
        let address: Address<'_> = read_data(head.data)?;
        let id = |field: &str, id: Option<Id<'_>>| match id {
            Some(Id(id)) => Ok(Box::<str>::from(id.as_ref())),
            None => Err(unaddressed(field)),
        };
        let (kind, id) = match family {
            Family::Contact => (Kind::Contact, id("contact", address.contact)?),
            Family::Ticket => (Kind::Ticket, id("ticket", address.ticket)?),
            Family::Survey => (Kind::Survey, id("survey", address.survey)?),
            Family::Review => (Kind::Review, id("review", address.review)?),
            Family::Complaint => (Kind::Complaint, id("complaint", address.complaint)?),
            Family::Shift => (Kind::Shift, id("shift", address.shift)?),
            Family::State => {
                let facet = address.facet.map_or(Facet::Activity, |Word(facet)| facet);
                (Kind::Timeline, timeline_id(facet, head.time, &id("rep", address.rep)?))
            }
            Family::Certification => {
                let rep = id("rep", address.rep)?;
                (Kind::Certification, joined(&[&rep, &id("certification", address.certification)?]))
            }
            Family::Coaching => (Kind::Coaching, joined(&[&day(head.time), &id("rep", address.rep)?])),
            Family::Reported => {
                let measure = id("measure", address.measure)?;
                let (scope_kind, scope) = reported_scope(address.scope).map_err(|_| unaddressed("scope"))?;
                let (Some(from), Some(to)) = (address.from, address.to) else { return Err(unaddressed("from, to")) };
                (Kind::Reported, reported_id(&measure, scope_kind, &scope, from.0, to.0))
            }
        };
        Ok(head.with(Subject { kind, id }, Content::Nothing))
    }

    fn contact(&mut self, kind: &str, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: ContactData<'_> = read_data(head.data)?;
        let id: Box<str> = required("contact", data.contact)?.0.as_ref().into();
        let rep_is_named = matches!(data.rep, Said::Value(_));
        let what = match kind {
            "contact.started" => ContactWhat::Started,
            "contact.queued" => ContactWhat::Queued,
            "contact.offered" => ContactWhat::Offered,
            "contact.missed" => ContactWhat::Missed { reason: reason(data.reason)?, ring: data.ring.into() },
            "contact.answered" => ContactWhat::Answered { wait: data.wait.into(), ring: data.ring.into() },
            "contact.held" => ContactWhat::Held,
            "contact.retrieved" => ContactWhat::Retrieved,
            "contact.abandoned" => {
                ContactWhat::Abandoned { wait: data.wait.into(), provisional: is(data.provisional, false) }
            }
            "contact.left" => ContactWhat::Left { reason: reason(data.reason)?, wait: data.wait.into() },
            "contact.transferred" => ContactWhat::Transferred {
                kind: required("kind", data.kind)?.0,
                result: required("result", data.result)?.0,
                to_rep: self.name(data.to_rep),
                to_queue: self.name(data.to_queue),
                to_external: self.name(data.to_external),
                needed: data.needed.map(|Flag(flag)| flag),
            },
            "contact.message" => ContactWhat::Message {
                message: required("message", data.message)?.0.as_ref().into(),
                author: required("author", data.author)?.0,
            },
            "contact.updated" => ContactWhat::Updated,
            "contact.ended" => ContactWhat::Ended {
                ended_by: data.ended_by.map(|Word(word)| word),
                talk: data.talk.into(),
                hold: data.hold.into(),
                holds: data.holds.map(|count| count.0),
                provisional: is(data.provisional, false),
            },
            _ => ContactWhat::Wrapped { work: data.work.into() },
        };
        let needs_rep = matches!(
            what,
            ContactWhat::Offered
                | ContactWhat::Missed { .. }
                | ContactWhat::Held
                | ContactWhat::Retrieved
                | ContactWhat::Transferred { .. }
                | ContactWhat::Wrapped { .. }
        );
        if needs_rep && !rep_is_named {
            return Err(missing_field("rep"));
        }
        let rare = self.rare(RareData {
            root: data.root,
            leg: data.leg,
            team: data.team,
            customer_zone: data.customer_zone,
            priority: data.priority,
            disposition: data.disposition,
            resolved: data.resolved,
            attributes: data.attributes,
        });
        let shared = Shared {
            queue: self.field(data.queue),
            rep: self.field(data.rep),
            customer: data.customer.map(|Id(key)| self.customer(&key)),
            direction: data.direction.map(|Word(word)| word),
            channel: data.channel.map(|Word(word)| word),
            issue: self.field(data.issue),
            rare,
        };
        let content = Content::Contact(Box::new(ContactEvent { what, shared }));
        Ok((Subject { kind: Kind::Contact, id }, content))
    }

    fn ticket(&mut self, kind: &str, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: TicketData<'_> = read_data(head.data)?;
        let id: Box<str> = required("ticket", data.ticket)?.0.as_ref().into();
        let what = match kind {
            "ticket.created" => TicketWhat::Created,
            "ticket.message" => TicketWhat::Message {
                message: required("message", data.message)?.0.as_ref().into(),
                author: required("author", data.author)?.0,
                public: is(data.public, true),
                deleted: is(data.deleted, false),
            },
            "ticket.updated" => TicketWhat::Updated,
            "ticket.assigned" => TicketWhat::Assigned,
            "ticket.status" => TicketWhat::Status(required("status", data.status)?.0),
            "ticket.merged" => TicketWhat::Merged { into: required("into", data.into)?.0.as_ref().into() },
            "ticket.deleted" => TicketWhat::Deleted { reason: required("reason", data.reason)?.0 },
            _ => TicketWhat::Restored,
        };
        let rare = self.rare(RareData {
            root: data.root,
            leg: data.leg,
            team: data.team,
            customer_zone: data.customer_zone,
            priority: data.priority,
            disposition: None,
            resolved: None,
            attributes: data.attributes,
        });
        let shared = Shared {
            queue: self.field(data.queue),
            rep: self.field(data.rep),
            customer: data.customer.map(|Id(key)| self.customer(&key)),
            direction: data.direction.map(|Word(word)| word),
            channel: data.channel.map(|Word(word)| word),
            issue: self.field(data.issue),
            rare,
        };
        let event = TicketEvent { what, shared, by: self.name(data.by), by_queue: self.name(data.by_queue) };
        Ok((Subject { kind: Kind::Ticket, id }, Content::Ticket(Box::new(event))))
    }

    fn survey(&mut self, kind: &str, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: SurveyData<'_> = read_data(head.data)?;
        let id: Box<str> = required("survey", data.survey)?.0.as_ref().into();
        let what = match kind {
            "survey.offered" => SurveyWhat::Offered,
            _ => {
                let Word(scale) = required("scale", data.scale)?;
                let Points(score) = required("score", data.score)?;
                SurveyWhat::Answered {
                    question: self.name(data.question),
                    scale: checked_scale(scale, score, data.max)?,
                    score,
                    weight: data.weight.map_or(1000, |Points(weight)| weight),
                }
            }
        };
        let event = SurveyEvent {
            what,
            about: self.about(data.contact, data.contact_source, data.ticket, data.ticket_source)?,
            rep: self.name(data.rep),
            queue: self.name(data.queue),
        };
        Ok((Subject { kind: Kind::Survey, id }, Content::Survey(Box::new(event))))
    }

    fn about(
        &mut self,
        contact: Option<Id<'_>>,
        contact_source: Option<Id<'_>>,
        ticket: Option<Id<'_>>,
        ticket_source: Option<Id<'_>>,
    ) -> Result<Option<About>> {
        let (kind, Id(id), source) = match (contact, ticket) {
            (Some(_), Some(_)) => {
                return Err(Refused::new(
                    Reason::BadField,
                    "data.ticket: a judgement is about a contact or a ticket, not both",
                ));
            }
            (Some(contact), None) => (Kind::Contact, contact, contact_source),
            (None, Some(ticket)) => (Kind::Ticket, ticket, ticket_source),
            (None, None) => return Ok(None),
        };
        Ok(Some(About { kind, id: id.as_ref().into(), source: self.name(source) }))
    }

    fn review(&mut self, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: ReviewData<'_> = read_data(head.data)?;
        let id: Box<str> = required("review", data.review)?.0.as_ref().into();
        let rep = self.required_name("rep", data.rep)?;
        let mut items = Vec::new();
        for (n, item) in required("items", data.items)?.into_iter().enumerate() {
            let at = |field: &str| format!("items[{n}].{field}");
            let (Points(score), Points(max)) = (required(&at("score"), item.score)?, required(&at("max"), item.max)?);
            if max == 0 || score > max {
                let detail = format!("data.{}: outside the scale, 0 to max, and max is more than 0", at("score"));
                return Err(Refused::new(Reason::BadField, detail));
            }
            items.push(ReviewItem {
                criterion: self.required_name(&at("criterion"), item.criterion)?,
                score,
                max,
                weight: item.weight.map_or(1000, |Points(weight)| weight),
                fatal: is(item.fatal, false),
                applies: is(item.applies, true),
            });
        }
        let about = self.about(data.contact, data.contact_source, data.ticket, data.ticket_source)?;
        let (reviewer, form) = (self.name(data.reviewer), self.name(data.form));
        let event = ReviewEvent { rep, about, reviewer, form, items };
        Ok((Subject { kind: Kind::Review, id }, Content::Review(Box::new(event))))
    }

    fn complaint(&mut self, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: ComplaintData<'_> = read_data(head.data)?;
        let id: Box<str> = required("complaint", data.complaint)?.0.as_ref().into();
        let event = ComplaintEvent {
            category: self.required_name("category", data.category)?,
            department: self.name(data.department),
            about: self.about(data.contact, data.contact_source, data.ticket, data.ticket_source)?,
            rep: self.name(data.rep),
        };
        Ok((Subject { kind: Kind::Complaint, id }, Content::Complaint(Box::new(event))))
    }

    fn state(&mut self, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: StateData<'_> = read_data(head.data)?;
        let rep = self.required_name("rep", data.rep)?;
        let facet = data.facet.map_or(Facet::Activity, |Word(facet)| facet);
        let Word(state) = required("state", data.state)?;
        let id = timeline_id(facet, head.time, &rep);
        let event = StateEvent { rep, facet, state, reason: self.name(data.reason) };
        Ok((Subject { kind: Kind::Timeline, id }, Content::State(Box::new(event))))
    }

    fn shift(&mut self, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: ShiftData<'_> = read_data(head.data)?;
        let id: Box<str> = required("shift", data.shift)?.0.as_ref().into();
        let (from, to) = period(data.from, data.to, "a shift")?;
        let Word(activity) = required("activity", data.activity)?;
        let event = ShiftEvent { rep: self.required_name("rep", data.rep)?, from, to, activity };
        Ok((Subject { kind: Kind::Shift, id }, Content::Shift(Box::new(event))))
    }

    fn certification(&mut self, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: CertificationData<'_> = read_data(head.data)?;
        let rep = self.required_name("rep", data.rep)?;
        let certification = self.required_name("certification", data.certification)?;
        let id = joined(&[&rep, &certification]);
        let event = CertificationEvent { rep, certification, expires: data.expires.map(|Time(at)| at) };
        Ok((Subject { kind: Kind::Certification, id }, Content::Certification(Box::new(event))))
    }

    fn coaching(&mut self, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: CoachingData<'_> = read_data(head.data)?;
        let rep = self.required_name("rep", data.rep)?;
        let id = joined(&[&day(head.time), &rep]);
        let event = CoachingEvent { rep, plan: self.name(data.plan), coach: self.name(data.coach) };
        Ok((Subject { kind: Kind::Coaching, id }, Content::Coaching(Box::new(event))))
    }

    fn reported(&mut self, head: &Head<'_>) -> Result<(Subject, Content)> {
        let data: ReportedData<'_> = read_data(head.data)?;
        let measure = self.required_name("measure", data.measure)?;
        let (kind, scope) = reported_scope(data.scope)?;
        let (from, to) = period(data.from, data.to, "a period")?;
        let figure = match (data.value, data.numerator, data.denominator) {
            (_, Some(Number(numerator)), Some(Number(denominator))) if denominator > 0 => {
                ReportedFigure::Fraction { numerator, denominator }
            }
            (_, Some(_), Some(_)) => {
                return Err(Refused::new(Reason::BadField, "data.denominator: it must be more than 0"));
            }
            (Some(Number(value)), ..) => ReportedFigure::Value(value),
            _ => return Err(missing_field("value")),
        };
        let sample = data.sample.map(|Count(sample)| sample);
        let field = match (figure, sample.unwrap_or(1).max(1)) {
            (_, n) if is_beyond(n, 1000) => Some("sample"),
            (ReportedFigure::Value(value), n) => is_beyond(value, n).then_some("value"),
            (ReportedFigure::Fraction { numerator, .. }, _) if is_beyond(numerator, 1) => Some("numerator"),
            (ReportedFigure::Fraction { denominator, .. }, _) => is_beyond(denominator, 1).then_some("denominator"),
        };
        if let Some(field) = field {
            let most = MOST_REPORTED / 1000;
            let detail = format!(
                "data.{field}: times the sample it is beyond {most}: report it in a larger unit, such as millions"
            );
            return Err(Refused::new(Reason::BadField, detail));
        }
        let id = reported_id(&measure, kind, &scope, from, to);
        let event = ReportedEvent { measure, kind, id: self.names.intern(&scope), from, to, figure, sample };
        Ok((Subject { kind: Kind::Reported, id }, Content::Reported(Box::new(event))))
    }

    fn required_name(&mut self, field: &str, id: Option<Id<'_>>) -> Result<Name> {
        let Id(text) = required(field, id)?;
        Ok(self.names.intern(&text))
    }

    fn name(&mut self, id: Option<Id<'_>>) -> Option<Name> {
        id.map(|Id(text)| self.names.intern(&text))
    }

    fn field(&mut self, said: Said<Id<'_>>) -> Field<Name> {
        said.map(|Id(text)| self.names.intern(&text))
    }

    fn customer(&self, key: &str) -> CustomerHash {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write(key.as_bytes());
        CustomerHash(hasher.finish128().as_u128())
    }

    fn rare(&mut self, data: RareData<'_>) -> Option<Box<Rare>> {
        let rare = Rare {
            root: self.name(data.root),
            leg: self.name(data.leg),
            team: self.name(data.team),
            customer_zone: data.customer_zone.map(|Zone(name)| self.names.intern(&name)),
            priority: data.priority.map(|Word(word)| word),
            disposition: self.name(data.disposition),
            resolved: data.resolved.map(|Flag(flag)| flag),
            attributes: data.attributes.map_or_else(Vec::new, |attributes| {
                let names = &mut self.names;
                attributes.0.iter().map(|(name, value)| (names.intern(name), names.intern(value))).collect()
            }),
        };
        (rare != Rare::default()).then(|| Box::new(rare))
    }
}

impl Head<'_> {
    fn with(self, subject: Subject, content: Content) -> Decoded {
        let Head { id, source, time, seq, revision, retracted, .. } = self;
        Decoded::Event(Event { source, id, time, seq, revision, retracted, subject, content })
    }
}

struct RareData<'a> {
    root: Option<Id<'a>>,
    leg: Option<Id<'a>>,
    team: Option<Id<'a>>,
    customer_zone: Option<Zone<'a>>,
    priority: Option<Word<crate::domain::event::Priority>>,
    disposition: Option<Id<'a>>,
    resolved: Option<Flag>,
    attributes: Option<super::wire::Attributes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Contact,
    Ticket,
    Survey,
    Review,
    Complaint,
    State,
    Shift,
    Certification,
    Coaching,
    Reported,
}

/// The family of a type; none if it is not of the vocabulary.
fn family(kind: &str) -> Option<Family> {
    static FAMILIES: LazyLock<HashMap<&str, Family, FxBuildHasher>> = LazyLock::new(|| {
        let family = |kind: &str| match kind.split('.').next() {
            Some("contact") => Family::Contact,
            Some("ticket") => Family::Ticket,
            Some("survey") => Family::Survey,
            Some("review") => Family::Review,
            Some("complaint") => Family::Complaint,
            Some("rep") => Family::State,
            Some("shift") => Family::Shift,
            Some("certification") => Family::Certification,
            Some("coaching") => Family::Coaching,
            _ => Family::Reported,
        };
        super::schema::TYPES.iter().map(|kind| (kind.name, family(kind.name))).collect()
    });
    FAMILIES.get(kind).copied()
}

enum Mode {
    Structured,
    Binary,
}

/// What the names of headers that are attributes begin with.
const PREFIX: &str = "ce_";

/// Structured or binary, by the rules of the Kafka binding of CloudEvents. They take everything without the media type of
/// CloudEvents for binary; here that needs a version too, because many producers of JSON set no header or another type.
fn mode(headers: &[(&str, &[u8])]) -> Result<Mode> {
    let content_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, v)| *v);
    let media_type = String::from_utf8_lossy(content_type.unwrap_or_default()).to_ascii_lowercase();
    let format = media_type.split(';').next().unwrap_or_default().trim().strip_prefix("application/cloudevents");
    match format {
        Some("" | "+json") => Ok(Mode::Structured),
        Some(format) if format.starts_with("-batch") => Err(batch()),
        Some(_) => Err(Refused::new(
            Reason::NotCloudEvent,
            "content-type: of the formats of CloudEvents only application/cloudevents+json is read",
        )),
        None if headers.iter().any(|(name, _)| name.strip_prefix(PREFIX) == Some("specversion")) => Ok(Mode::Binary),
        None => Ok(Mode::Structured),
    }
}

fn batch() -> Refused {
    Refused::new(Reason::Batch, "a batch of events: send each event as a record of its own")
}

fn text_of(payload: Option<&[u8]>) -> Result<&str> {
    let payload = payload.ok_or_else(|| {
        Refused::new(
            Reason::NullPayload,
            "the record has no value; to take an event back, send it again with retracted: true",
        )
    })?;
    if payload.len() > MAX_PAYLOAD {
        let detail = format!("{} bytes; an event has at most {MAX_PAYLOAD}", payload.len());
        return Err(Refused::new(Reason::TooLarge, detail));
    }
    std::str::from_utf8(payload)
        .map_err(|error| Refused::new(Reason::NotUtf8, format!("no UTF-8 from byte {}", error.valid_up_to())))
}

fn read_envelope<'a>(attributes: Value<'_, 'a>) -> Result<Envelope<'a>> {
    Envelope::read(attributes).map_err(|problem| Refused::new(Reason::BadAttribute, problem.to_string()))
}

/// The type of the event, and its family if it is known.
fn kind_of<'e>(envelope: &'e Envelope<'_>) -> Result<(&'e str, Option<Family>)> {
    let Some(version) = &envelope.specversion else {
        return Err(Refused::new(Reason::NotCloudEvent, "no specversion: a CloudEvent says \"specversion\":\"1.0\""));
    };
    if version.0.trim() != "1.0" {
        return Err(Refused::new(Reason::NotCloudEvent, "specversion: only CloudEvents 1.0 is read"));
    }
    let Text(kind) = envelope.kind.as_ref().ok_or_else(|| missing_attribute("type"))?;
    Ok((kind, family(kind)))
}

fn read_data<'a, T: Read<'a>>(data: Value<'_, 'a>) -> Result<T> {
    match data.token() {
        Token::Null => Err(missing_attribute("data")),
        Token::Object(_) => T::read(data).map_err(|problem| Refused::new(Reason::BadField, format!("data.{problem}"))),
        _ => Err(Refused::new(Reason::BadField, format!("data: invalid type: {}, expected an object", data.kind()))),
    }
}

fn not_json(text: &str) -> Refused {
    // Reading again says where it is wrong, and costs time that only refusals pay.
    let detail = match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) if error.is_eof() => format!("ends too early, line {} column {}", error.line(), error.column()),
        Err(error) => format!("no valid JSON, line {} column {}", error.line(), error.column()),
        Ok(_) => "no valid JSON".to_owned(),
    };
    Refused::new(Reason::NotJson, detail)
}

fn missing_attribute(name: &str) -> Refused {
    Refused::new(Reason::MissingAttribute, format!("{name}: every event needs it"))
}

fn bad_attribute(name: &str, problem: &str) -> Refused {
    Refused::new(Reason::BadAttribute, format!("{name}: {problem}"))
}

fn missing_field(name: &str) -> Refused {
    Refused::new(Reason::MissingField, format!("data.{name}: this type of event needs it"))
}

fn required<T>(name: &str, field: Option<T>) -> Result<T> {
    field.ok_or_else(|| missing_field(name))
}

/// What `reason` means depends on the type of the event.
fn reason<T: Vocabulary>(text: Option<Text<'_>>) -> Result<T> {
    let Text(word) = required("reason", text)?;
    T::read(&word).ok_or_else(|| Refused::new(Reason::BadField, "data.reason: unknown word"))
}

fn is(flag: Option<Flag>, unless_said: bool) -> bool {
    flag.map_or(unless_said, |Flag(flag)| flag)
}

fn checked_scale(scale: ScaleName, score: i64, max: Option<Points>) -> Result<Scale> {
    let outside = |range: &str| Refused::new(Reason::BadField, format!("data.score: outside the scale, {range}"));
    match scale {
        ScaleName::Nps if score <= 10_000 => Ok(Scale::Nps),
        ScaleName::Nps => Err(outside("0 to 10")),
        ScaleName::Csi if (1000..=10_000).contains(&score) => Ok(Scale::Csi),
        ScaleName::Csi => Err(outside("1 to 10")),
        ScaleName::Ces => Ok(Scale::Ces),
        ScaleName::Csat => match required("max", max)? {
            Points(0) => Err(Refused::new(Reason::BadField, "data.max: the best score is more than 0")),
            Points(max) if score > max => Err(outside("0 to max")),
            Points(max) => Ok(Scale::Csat { max }),
        },
    }
}

/// A type is free text of the producer's: it is cut so that nothing without bound is kept.
fn ignored(kind: &str) -> Decoded {
    let end = kind.char_indices().nth(64).map_or(kind.len(), |(at, _)| at);
    Decoded::Ignored(Name::from(&kind[..end]))
}

/// A period that ends no earlier than it begins.
fn period(from: Option<Time>, to: Option<Time>, what: &str) -> Result<(Instant, Instant)> {
    let (Time(from), Time(to)) = (required("from", from)?, required("to", to)?);
    match from <= to {
        true => Ok((from, to)),
        false => Err(Refused::new(Reason::BadField, format!("data.to: {what} ends no earlier than it begins"))),
    }
}

/// Reported figures are added up, so none may be so large, in thousandths, that some hundred of them were beyond a number.
const MOST_REPORTED: i64 = 10_i64.pow(16);

fn is_beyond(figure: i64, times: i64) -> bool {
    figure.checked_mul(times).is_none_or(|product| product.unsigned_abs() > MOST_REPORTED.unsigned_abs())
}

/// Whose a reported figure is.
fn reported_scope(scope: Option<ReportedScope<'_>>) -> Result<(ScopeKind, String)> {
    let scope = required("scope", scope)?;
    let named = [
        (ScopeKind::Company, scope.company),
        (ScopeKind::Department, scope.department),
        (ScopeKind::Team, scope.team),
        (ScopeKind::Rep, scope.rep),
    ];
    let mut named = named.into_iter().filter_map(|(kind, id)| Some((kind, id?.0.into_owned())));
    match (named.next(), named.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Refused::new(Reason::BadField, "data.scope: name one of company, department, team, rep")),
    }
}

fn unaddressed(field: &str) -> Refused {
    let detail = format!("data.{field}: a retraction names the {field} that its event was about");
    Refused::new(Reason::Unaddressed, detail)
}

/// The id of a record that has none of its own: ids have no tabs, so two are never taken for one.
fn joined(parts: &[&str]) -> Box<str> {
    parts.join("\t").into()
}

fn day(at: Instant) -> String {
    at.date(chrono_tz::UTC).to_string()
}

fn timeline_id(facet: Facet, at: Instant, rep: &str) -> Box<str> {
    joined(&[facet.name(), &day(at), rep])
}

fn reported_id(measure: &str, kind: ScopeKind, scope: &str, from: Instant, to: Instant) -> Box<str> {
    joined(&[measure, kind.name(), scope, &from.to_rfc3339(), &to.to_rfc3339()])
}
