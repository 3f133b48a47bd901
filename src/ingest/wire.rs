//! The shapes of messages as they are written: the envelope, and the `data` of each family of types.
//!
//! The JSON Schemas are made from these types, so what a field means is said here.

use crate::domain::event::{
    Author, Channel, DeleteReason, Direction, EndedBy, Field, LeftReason, MissReason, Priority, Reported, TicketStatus,
    TransferKind, TransferResult,
};
use crate::domain::time::{DAY, Instant};
use chrono::DateTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The longest id in bytes, after trimming.
pub(super) const MAX_ID: usize = 256;
/// The most attributes an event may carry.
pub(super) const MAX_ATTRIBUTES: usize = 32;
/// The longest duration that makes sense, in milliseconds.
const MAX_DURATION: i64 = 400 * DAY;

/// A CloudEvent of version 1.0 in structured JSON.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Envelope<'a> {
    /// The version of CloudEvents: `1.0`.
    #[serde(borrow)]
    pub(super) specversion: Option<Text<'a>>,
    /// Unique within `source`. The same id again is a repeat or, with a higher `revision`, a new version of the event.
    #[serde(borrow)]
    pub(super) id: Option<Id<'a>>,
    /// Who tells it.
    #[serde(borrow)]
    pub(super) source: Option<Id<'a>>,
    /// What happened; an unknown type is ignored and counted.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    /// The moment the thing happened; kept in milliseconds.
    pub(super) time: Option<Time>,
    /// Orders events of equal time and source, such as a log's row number. Never a delivery position.
    pub(super) seq: Option<Integer>,
    /// Version of this event, such as a last-update time.
    pub(super) revision: Option<Integer>,
    /// True: this event id no longer holds. `data` then needs only the id of what it was about.
    pub(super) retracted: Option<Flag>,
    /// What it says.
    #[serde(borrow)]
    #[schemars(skip)]
    pub(super) data: Option<&'a RawValue>,
}

/// All that any contact.* event may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ContactData<'a> {
    /// Id of the contact.
    #[serde(borrow)]
    pub(super) contact: Option<Id<'a>>,
    /// Id of the first contact of the same journey (callback, transfer to a new contact).
    #[serde(borrow)]
    pub(super) root: Option<Id<'a>>,
    /// The contact's stay in a queue; needed where it enters the same queue twice.
    #[serde(borrow)]
    pub(super) leg: Option<Id<'a>>,
    /// The queue where it happened.
    #[serde(borrow)]
    pub(super) queue: Said<Id<'a>>,
    /// The rep it happened with.
    #[serde(borrow)]
    pub(super) rep: Said<Id<'a>>,
    /// Overrides the team of the roster.
    #[serde(borrow)]
    pub(super) team: Option<Id<'a>>,
    /// How customer and centre talk; `voice` unless said.
    pub(super) channel: Option<Word<Channel>>,
    /// Who began; `inbound` unless said.
    pub(super) direction: Option<Word<Direction>>,
    /// Opaque key of the customer; absent is anonymous. Only a keyed hash of it is kept.
    #[serde(borrow)]
    pub(super) customer: Said<Id<'a>>,
    /// IANA zone of the customer.
    #[serde(borrow)]
    pub(super) customer_zone: Option<Zone<'a>>,
    /// Issue type, e.g. `invoice`.
    #[serde(borrow)]
    pub(super) issue: Said<Id<'a>>,
    /// How urgent it is; `normal` unless said.
    pub(super) priority: Option<Word<Priority>>,
    /// Named texts, merged name by name.
    pub(super) attributes: Option<Attributes>,
    /// contact.missed: `no_answer`, `rejected`, `busy`, `dumped`, `caller_left`. contact.left: `callback`, `voicemail`,
    /// `timeout`, `empty`, `exit_key`, `overflow`, `withdrawn`, `closed`, `full`, `failed`. An unknown one counts as other.
    #[serde(borrow)]
    pub(super) reason: Option<Text<'a>>,
    /// contact.missed, contact.answered: how long it rang, in seconds.
    pub(super) ring: Said<Seconds>,
    /// contact.answered, contact.abandoned, contact.left: time in the queue in seconds.
    pub(super) wait: Said<Seconds>,
    /// contact.abandoned, contact.ended: true if a later event may say otherwise.
    pub(super) provisional: Option<Flag>,
    /// contact.transferred: how.
    pub(super) kind: Option<Word<TransferKind>>,
    /// contact.transferred: with what result.
    pub(super) result: Option<Word<TransferResult>>,
    /// contact.transferred: to which rep.
    #[serde(borrow)]
    pub(super) to_rep: Option<Id<'a>>,
    /// contact.transferred: to which queue.
    #[serde(borrow)]
    pub(super) to_queue: Option<Id<'a>>,
    /// contact.transferred: to which number or house outside.
    #[serde(borrow)]
    pub(super) to_external: Option<Id<'a>>,
    /// contact.transferred: whether it was needed.
    pub(super) needed: Option<Flag>,
    /// contact.message: id of the message.
    #[serde(borrow)]
    pub(super) message: Option<Id<'a>>,
    /// contact.message: who wrote it.
    pub(super) author: Option<Word<Author>>,
    /// Outcome code of the source.
    #[serde(borrow)]
    pub(super) disposition: Option<Id<'a>>,
    /// Whether the matter was resolved.
    pub(super) resolved: Option<Flag>,
    /// contact.ended: who ended it.
    pub(super) ended_by: Option<Word<EndedBy>>,
    /// contact.ended: talk without hold, in seconds; proves an answer.
    pub(super) talk: Said<Seconds>,
    /// contact.ended: hold in seconds.
    pub(super) hold: Said<Seconds>,
    /// contact.ended: how often the customer was put on hold.
    pub(super) holds: Option<Count>,
    /// contact.wrapped: after-contact work in seconds.
    pub(super) work: Said<Seconds>,
}

/// All that any ticket.* event may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct TicketData<'a> {
    /// Id of the ticket.
    #[serde(borrow)]
    pub(super) ticket: Option<Id<'a>>,
    /// Id of the first contact of the same journey.
    #[serde(borrow)]
    pub(super) root: Option<Id<'a>>,
    /// Kept with the ticket; tickets have no legs.
    #[serde(borrow)]
    pub(super) leg: Option<Id<'a>>,
    /// The queue in which the ticket lies after the event.
    #[serde(borrow)]
    pub(super) queue: Said<Id<'a>>,
    /// The rep who holds the ticket after the event; `null` is nobody.
    #[serde(borrow)]
    pub(super) rep: Said<Id<'a>>,
    /// Overrides the team of the roster.
    #[serde(borrow)]
    pub(super) team: Option<Id<'a>>,
    /// The rep who acted, if not the holder.
    #[serde(borrow)]
    pub(super) by: Option<Id<'a>>,
    /// The queue that acted, if not the one in which the ticket lies.
    #[serde(borrow)]
    pub(super) by_queue: Option<Id<'a>>,
    /// How customer and centre talk; `email` unless said.
    pub(super) channel: Option<Word<Channel>>,
    /// Who began; `inbound` unless said.
    pub(super) direction: Option<Word<Direction>>,
    /// Opaque key of the customer; absent is anonymous. Only a keyed hash of it is kept.
    #[serde(borrow)]
    pub(super) customer: Said<Id<'a>>,
    /// IANA zone of the customer.
    #[serde(borrow)]
    pub(super) customer_zone: Option<Zone<'a>>,
    /// Issue type, e.g. `invoice`.
    #[serde(borrow)]
    pub(super) issue: Said<Id<'a>>,
    /// How urgent it is; `normal` unless said.
    pub(super) priority: Option<Word<Priority>>,
    /// Named texts, merged name by name.
    pub(super) attributes: Option<Attributes>,
    /// ticket.message: id of the message; the same again replaces it.
    #[serde(borrow)]
    pub(super) message: Option<Id<'a>>,
    /// ticket.message: who wrote it.
    pub(super) author: Option<Word<Author>>,
    /// ticket.message: whether the customer sees it; true unless said.
    pub(super) public: Option<Flag>,
    /// ticket.message: whether it was taken back.
    pub(super) deleted: Option<Flag>,
    /// ticket.status: the new status.
    pub(super) status: Option<Word<TicketStatus>>,
    /// ticket.merged: the ticket it went into.
    #[serde(borrow)]
    pub(super) into: Option<Id<'a>>,
    /// ticket.deleted: why.
    pub(super) reason: Option<Word<DeleteReason>>,
}

/// All that any survey.* event may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct SurveyData<'a> {
    /// Id of the survey.
    #[serde(borrow)]
    pub(super) survey: Option<Id<'a>>,
    /// The contact it is about.
    #[serde(borrow)]
    pub(super) contact: Option<Id<'a>>,
    /// The source of that contact, if another.
    #[serde(borrow)]
    pub(super) contact_source: Option<Id<'a>>,
    /// The ticket it is about.
    #[serde(borrow)]
    pub(super) ticket: Option<Id<'a>>,
    /// The source of that ticket, if another.
    #[serde(borrow)]
    pub(super) ticket_source: Option<Id<'a>>,
    /// The rep judged; without it the last handling rep of the contact or ticket.
    #[serde(borrow)]
    pub(super) rep: Option<Id<'a>>,
    /// The queue judged; without it that of the contact or ticket.
    #[serde(borrow)]
    pub(super) queue: Option<Id<'a>>,
    /// survey.answered: which question; the same again replaces the answer.
    #[serde(borrow)]
    pub(super) question: Option<Id<'a>>,
    /// survey.answered: what the score means.
    pub(super) scale: Option<Word<ScaleName>>,
    /// survey.answered: the score; 0-10 for `nps`, 0-`max` for `csat`, 1-10 for `csi`.
    pub(super) score: Option<Points>,
    /// survey.answered: the best score of `csat`.
    pub(super) max: Option<Points>,
    /// survey.answered: weight of the question; 1 unless said.
    pub(super) weight: Option<Points>,
}

/// All that review.scored may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ReviewData<'a> {
    /// Id of the review; the same again replaces it.
    #[serde(borrow)]
    pub(super) review: Option<Id<'a>>,
    /// The rep reviewed.
    #[serde(borrow)]
    pub(super) rep: Option<Id<'a>>,
    /// The contact it is about.
    #[serde(borrow)]
    pub(super) contact: Option<Id<'a>>,
    /// The source of that contact, if another.
    #[serde(borrow)]
    pub(super) contact_source: Option<Id<'a>>,
    /// The ticket it is about.
    #[serde(borrow)]
    pub(super) ticket: Option<Id<'a>>,
    /// The source of that ticket, if another.
    #[serde(borrow)]
    pub(super) ticket_source: Option<Id<'a>>,
    /// Who reviewed.
    #[serde(borrow)]
    pub(super) reviewer: Option<Id<'a>>,
    /// The form that was filled in.
    #[serde(borrow)]
    pub(super) form: Option<Id<'a>>,
    /// The marks, one a criterion.
    #[serde(borrow)]
    pub(super) items: Option<Vec<ReviewItem<'a>>>,
}

/// One mark of a review.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[expect(dead_code, reason = "checked on reading; no measure of reviews yet")]
pub(super) struct ReviewItem<'a> {
    /// What was judged.
    #[serde(borrow)]
    criterion: Id<'a>,
    /// The mark.
    score: Points,
    /// The best mark.
    max: Points,
    /// Weight of the criterion; 1 unless said.
    weight: Option<Points>,
    /// True if failing it fails the review.
    fatal: Option<Flag>,
    /// False if it did not apply.
    applies: Option<Flag>,
}

/// All that complaint.logged may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ComplaintData<'a> {
    /// Id of the complaint.
    #[serde(borrow)]
    pub(super) complaint: Option<Id<'a>>,
    /// What it is about.
    #[serde(borrow)]
    pub(super) category: Option<Id<'a>>,
    /// The department it went to.
    #[serde(borrow)]
    department: Option<Id<'a>>,
    /// The contact it is about.
    #[serde(borrow)]
    contact: Option<Id<'a>>,
    /// The source of that contact, if another.
    #[serde(borrow)]
    contact_source: Option<Id<'a>>,
    /// The ticket it is about.
    #[serde(borrow)]
    ticket: Option<Id<'a>>,
    /// The source of that ticket, if another.
    #[serde(borrow)]
    ticket_source: Option<Id<'a>>,
    /// The rep it is about.
    #[serde(borrow)]
    rep: Option<Id<'a>>,
}

/// All that rep.state may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct StateData<'a> {
    /// The rep.
    #[serde(borrow)]
    pub(super) rep: Option<Id<'a>>,
    /// `activity` unless said.
    facet: Option<Word<Facet>>,
    /// The state that begins; an unknown one counts as `other`.
    #[serde(borrow)]
    pub(super) state: Option<Id<'a>>,
    /// Why.
    #[serde(borrow)]
    reason: Option<Id<'a>>,
}

/// All that shift.planned may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ShiftData<'a> {
    /// Id of the shift; the same again replaces it.
    #[serde(borrow)]
    pub(super) shift: Option<Id<'a>>,
    /// The rep.
    #[serde(borrow)]
    pub(super) rep: Option<Id<'a>>,
    /// When it begins.
    pub(super) from: Option<Time>,
    /// When it ends.
    pub(super) to: Option<Time>,
    /// What is done in it.
    #[serde(borrow)]
    pub(super) activity: Option<Id<'a>>,
}

/// All that certification.earned may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct CertificationData<'a> {
    /// The rep.
    #[serde(borrow)]
    pub(super) rep: Option<Id<'a>>,
    /// What was earned.
    #[serde(borrow)]
    pub(super) certification: Option<Id<'a>>,
    /// When it lapses.
    expires: Option<Time>,
}

/// All that coaching.session may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct CoachingData<'a> {
    /// The rep.
    #[serde(borrow)]
    pub(super) rep: Option<Id<'a>>,
    /// The plan it belongs to.
    #[serde(borrow)]
    plan: Option<Id<'a>>,
    /// Who coached.
    #[serde(borrow)]
    coach: Option<Id<'a>>,
}

/// All that measure.reported may say.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ReportedData<'a> {
    /// Which measure.
    #[serde(borrow)]
    pub(super) measure: Option<Id<'a>>,
    /// Whose.
    #[serde(borrow)]
    pub(super) scope: Option<ReportedScope<'a>>,
    /// Where the period begins.
    pub(super) from: Option<Time>,
    /// Where it ends.
    pub(super) to: Option<Time>,
    /// The figure, or:
    pub(super) value: Option<Number>,
    /// its numerator,
    pub(super) numerator: Option<Number>,
    /// and its denominator.
    pub(super) denominator: Option<Number>,
    /// How many observations it stands on.
    pub(super) sample: Option<Count>,
}

/// Whose figure it is: one of these.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ReportedScope<'a> {
    /// A company.
    #[serde(borrow)]
    pub(super) company: Option<Id<'a>>,
    /// A department.
    #[serde(borrow)]
    pub(super) department: Option<Id<'a>>,
    /// A team.
    #[serde(borrow)]
    pub(super) team: Option<Id<'a>>,
    /// A rep.
    #[serde(borrow)]
    pub(super) rep: Option<Id<'a>>,
}

/// What a retraction needs: the id of what its event was about.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Address<'a> {
    #[serde(borrow)]
    pub(super) contact: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) ticket: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) survey: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) review: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) complaint: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) shift: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) rep: Option<Id<'a>>,
    #[serde(borrow)]
    pub(super) measure: Option<Id<'a>>,
}

/// A field that may be absent, `null`, or there.
#[derive(Debug, Default)]
pub(super) enum Said<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Said<T>, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Said::Null, Said::Value))
    }
}

impl<T: JsonSchema> JsonSchema for Said<T> {
    fn schema_name() -> Cow<'static, str> {
        Option::<T>::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
    fn inline_schema() -> bool {
        true
    }
}

impl<T> Said<T> {
    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Said::Absent => Field::Absent,
            Said::Null => Field::Null,
            Said::Value(value) => Field::Value(f(value)),
        }
    }
}

impl From<Said<Seconds>> for Reported {
    fn from(said: Said<Seconds>) -> Reported {
        match said {
            Said::Absent => Reported::Absent,
            Said::Null => Reported::Unknown,
            Said::Value(Seconds(ms)) => Reported::Millis(ms),
        }
    }
}

/// An opaque id: trimmed text, or an integer in decimal.
#[derive(Debug)]
pub(super) struct Id<'a>(pub(super) Cow<'a, str>);

/// Any text; what it may be is judged where it is used.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// The name of a time zone.
#[derive(Debug)]
pub(super) struct Zone<'a>(pub(super) Cow<'a, str>);

/// A moment in RFC 3339.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) Instant);

/// A duration in seconds on the wire, in milliseconds here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds(pub(super) i64);

/// Points of a score, in thousandths; 0 or more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Points(pub(super) i64);

/// Any number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number;

/// A whole number, 0 or more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count(pub(super) i64);

/// A whole number; in a Kafka header it is text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Integer(pub(super) i64);

/// True or false; in a Kafka header it is text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag(pub(super) bool);

/// Named texts, sorted by name.
#[derive(Debug)]
pub(super) struct Attributes(pub(super) Vec<(String, String)>);

/// One word of a list. An unknown word of an open list is its `other`; of a closed one it is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<T>(pub(super) T);

/// A list of words.
pub(super) trait Vocabulary: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];
    /// What an unknown word counts as; none if the list is closed.
    const OTHER: Option<Self>;

    /// What `word` means.
    fn read(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning).or(Self::OTHER)
    }
}

/// The scale of a survey's answer, without its range.
#[derive(Clone, Copy, Debug)]
pub(super) enum ScaleName {
    Nps,
    Csat,
    Ces,
    Csi,
}

/// Which of a rep's states.
#[derive(Clone, Copy, Debug)]
pub(super) enum Facet {
    Activity,
    Presence,
}

macro_rules! vocabulary {
    ($type:ident, $other:expr, { $($word:literal => $variant:ident),* $(,)? }) => {
        impl Vocabulary for $type {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $type::$variant)),*];
            const OTHER: Option<Self> = $other;
        }
    };
}

vocabulary!(Channel, Some(Channel::Other), {
    "voice" => Voice, "chat" => Chat, "email" => Email, "sms" => Sms, "social" => Social, "task" => Task, "web" => Web,
});
vocabulary!(Direction, None, { "inbound" => Inbound, "outbound" => Outbound });
vocabulary!(Priority, Some(Priority::Other), {
    "low" => Low, "normal" => Normal, "high" => High, "urgent" => Urgent,
});
vocabulary!(MissReason, Some(MissReason::Other), {
    "no_answer" => NoAnswer, "rejected" => Rejected, "busy" => Busy, "dumped" => Dumped, "caller_left" => CallerLeft,
});
vocabulary!(LeftReason, Some(LeftReason::Other), {
    "callback" => Callback, "voicemail" => Voicemail, "timeout" => Timeout, "empty" => Empty, "exit_key" => ExitKey,
    "overflow" => Overflow, "withdrawn" => Withdrawn, "closed" => Closed, "full" => Full, "failed" => Failed,
});
vocabulary!(TransferKind, Some(TransferKind::Other), {
    "blind" => Blind, "attended" => Attended, "queue" => Queue, "consult" => Consult,
});
vocabulary!(TransferResult, Some(TransferResult::Other), {
    "completed" => Completed, "failed" => Failed, "returned" => Returned,
});
vocabulary!(Author, None, { "customer" => Customer, "rep" => Rep, "bot" => Bot, "system" => System });
vocabulary!(EndedBy, Some(EndedBy::Other), { "customer" => Customer, "rep" => Rep, "system" => System });
vocabulary!(TicketStatus, Some(TicketStatus::Other), {
    "new" => New, "open" => Open, "pending" => Pending, "on_hold" => OnHold, "solved" => Solved, "closed" => Closed,
});
vocabulary!(DeleteReason, Some(DeleteReason::Other), { "spam" => Spam, "mistake" => Mistake, "privacy" => Privacy });
vocabulary!(ScaleName, None, { "nps" => Nps, "csat" => Csat, "ces" => Ces, "csi" => Csi });
vocabulary!(Facet, None, { "activity" => Activity, "presence" => Presence });

/// Trims an id and says whether it can be one.
pub(super) fn checked_id(text: &str) -> Result<&str, String> {
    let id = text.trim();
    if id.is_empty() {
        return Err("an id must not be empty".to_owned());
    }
    if id.len() > MAX_ID {
        return Err(format!("an id has at most {MAX_ID} bytes, this one has {}", id.len()));
    }
    if id.chars().any(char::is_control) {
        return Err("an id has no control characters".to_owned());
    }
    Ok(id)
}

/// A moment in RFC 3339, cut to milliseconds.
pub(super) fn read_time(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| Instant(time.timestamp_millis()))
}

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Id<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: text or an integer")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Id<'de>, E> {
        checked_id(text).map(|id| Id(Cow::Borrowed(id))).map_err(E::custom)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Id<'de>, E> {
        checked_id(text).map(|id| Id(Cow::Owned(id.to_owned()))).map_err(E::custom)
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Id<'de>, E> {
        Ok(Id(Cow::Owned(number.to_string())))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Id<'de>, E> {
        Ok(Id(Cow::Owned(number.to_string())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id<'a>, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Zone<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Zone<'a>, D::Error> {
        let Text(name) = Text::deserialize(deserializer)?;
        match name.parse::<chrono_tz::Tz>() {
            Ok(_) => Ok(Zone(name)),
            Err(_) => Err(D::Error::custom("no IANA zone of that name; write e.g. Europe/Oslo")),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        read_time(&text)
            .map(Time)
            .ok_or_else(|| D::Error::custom("no time in RFC 3339; write e.g. 2026-01-05T09:00:18.250Z"))
    }
}

struct NumberVisitor {
    what: &'static str,
}

/// A number as it was written: whole numbers stay exact.
enum Written {
    Whole(i64),
    Fraction(f64),
}

impl Visitor<'_> for NumberVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Written, E> {
        i64::try_from(number).map(Written::Whole).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Written, E> {
        Ok(Written::Whole(number))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Written, E> {
        Ok(Written::Fraction(number))
    }
}

/// Thousandths of a number from 0 to `limit` thousandths; finer digits are cut.
fn thousandths<'de, D: Deserializer<'de>>(deserializer: D, what: &'static str, limit: i64) -> Result<i64, D::Error> {
    let thousandths = match deserializer.deserialize_any(NumberVisitor { what })? {
        Written::Whole(number) => number.checked_mul(1000),
        // Through millionths, so that 0.57 is 570 and not 569: a decimal fraction is mostly a hair off in binary.
        Written::Fraction(number) if number.abs() < 1e9 => {
            Some(((number * 1e6).round() as i64).div_euclid(1000)).filter(|_| number >= 0.0)
        }
        Written::Fraction(_) => None,
    };
    thousandths
        .filter(|n| (0..=limit).contains(n))
        .ok_or_else(|| D::Error::custom(format_args!("out of range: {what}, at most {}", limit / 1000)))
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
        thousandths(deserializer, "seconds, 0 or more", MAX_DURATION).map(Seconds)
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Points, D::Error> {
        thousandths(deserializer, "a score, 0 or more", 1_000_000_000).map(Points)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        deserializer.deserialize_any(NumberVisitor { what: "a number" }).map(|_| Number)
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        text.parse().map_err(|_| E::custom("no whole number"))
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Integer, D::Error> {
        deserializer.deserialize_any(IntegerVisitor).map(Integer)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        match u32::deserialize(deserializer) {
            Ok(number) => Ok(Count(i64::from(number))),
            Err(error) => Err(error),
        }
    }
}

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }
    fn visit_bool<E: Error>(self, flag: bool) -> Result<bool, E> {
        Ok(flag)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        text.parse().map_err(|_| E::custom("neither true nor false"))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Flag, D::Error> {
        deserializer.deserialize_any(FlagVisitor).map(Flag)
    }
}

impl<'de, T: Vocabulary> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Word<T>, D::Error> {
        let Text(word) = Text::deserialize(deserializer)?;
        T::read(&word).map(Word).ok_or_else(|| {
            let known: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
            D::Error::custom(format_args!("unknown word; one of {}", known.join(", ")))
        })
    }
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Attributes, M::Error> {
        let mut attributes = Vec::new();
        while let Some((Id(name), Text(value))) = map.next_entry()? {
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(M::Error::custom(format_args!("more than {MAX_ATTRIBUTES} attributes")));
            }
            if value.len() > MAX_ID {
                return Err(M::Error::custom(format_args!("an attribute has at most {MAX_ID} bytes")));
            }
            attributes.push((name.into_owned(), value.into_owned()));
        }
        attributes.sort();
        // Of a name that is there twice the last in order stays; JSON leaves it open, an order must not.
        attributes.reverse();
        attributes.dedup_by(|a, b| a.0 == b.0);
        attributes.reverse();
        Ok(Attributes(attributes))
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        deserializer.deserialize_map(AttributesVisitor)
    }
}

macro_rules! schema {
    ($type:ty, $name:literal, $($schema:tt)*) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($($schema)*)
            }
        }
    };
}

schema!(Id<'_>, "Id", {
    "description": "Opaque text of 1 to 256 bytes after trimming, without control characters; an integer is taken as its decimals.",
    "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]
});
schema!(Text<'_>, "Text", {"type": "string"});
schema!(Zone<'_>, "Zone", {"type": "string", "description": "IANA zone, e.g. Europe/Oslo."});
schema!(Time, "Time", {"type": "string", "format": "date-time", "description": "RFC 3339; finer than milliseconds is cut."});
schema!(Seconds, "Seconds", {"type": "number", "minimum": 0, "maximum": MAX_DURATION / 1000});
schema!(Points, "Points", {"type": "number", "minimum": 0, "maximum": 1_000_000});
schema!(Number, "Number", {"type": "number"});
schema!(Count, "Count", {"type": "integer", "minimum": 0, "maximum": u32::MAX});
schema!(Integer, "Integer", {"type": "integer"});
schema!(Flag, "Flag", {"type": "boolean"});
schema!(Attributes, "Attributes", {
    "type": "object", "maxProperties": MAX_ATTRIBUTES, "additionalProperties": {"type": "string"}
});

impl<T: Vocabulary> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        let path = std::any::type_name::<T>();
        path.rsplit("::").next().unwrap_or(path).to_owned().into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        match T::OTHER {
            None => json_schema!({"type": "string", "enum": words}),
            Some(_) => json_schema!({
                "type": "string", "examples": words, "description": "Open list; an unknown word counts as other."
            }),
        }
    }
}
