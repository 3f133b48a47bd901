//! The shapes of messages as they are written: the envelope, and the `data` of each family of types.
//!
//! The JSON Schemas are made from these types, so what a field means is said here.

use super::json::{Token, Value};
use crate::domain::event::{
    Author, Channel, DeleteReason, Direction, EndedBy, Field, LeftReason, MissReason, Priority, Reported, TicketStatus,
    TransferKind, TransferResult,
};
use crate::domain::time::{DAY, Instant};
use chrono::DateTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;
use std::fmt;

/// The longest id in bytes, after trimming.
pub(super) const MAX_ID: usize = 256;
/// The most attributes an event may carry.
pub(super) const MAX_ATTRIBUTES: usize = 32;
/// The longest duration that makes sense, in milliseconds.
const MAX_DURATION: i64 = 400 * DAY;

/// What is wrong with a value, and where below the value that was read. It never quotes the value: it may be personal.
#[derive(Debug)]
pub(super) struct Problem(Box<(String, String)>);

type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    fn new(text: impl Into<String>) -> Problem {
        Problem(Box::new((String::new(), text.into())))
    }

    fn kind(found: Value<'_, '_>, expected: &str) -> Problem {
        Problem::new(format!("invalid type: {}, expected {expected}", found.kind()))
    }

    /// The same problem, seen from the value that has this one in `step`.
    fn within(mut self, step: &str) -> Problem {
        let path = &mut self.0.0;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, step);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, text) = &*self.0;
        if path.is_empty() { f.write_str(text) } else { write!(f, "{path}: {text}") }
    }
}

/// What can be read from a value.
pub(super) trait Read<'a>: Sized {
    /// Reads it.
    fn read(value: Value<'_, 'a>) -> Result<Self>;
}

impl<'a, T: Read<'a>> Read<'a> for Option<T> {
    fn read(value: Value<'_, 'a>) -> Result<Option<T>> {
        match value.token() {
            Token::Null => Ok(None),
            _ => T::read(value).map(Some),
        }
    }
}

impl<'a, T: Read<'a>> Read<'a> for Said<T> {
    fn read(value: Value<'_, 'a>) -> Result<Said<T>> {
        match value.token() {
            Token::Null => Ok(Said::Null),
            _ => T::read(value).map(Said::Value),
        }
    }
}

impl<'a, T: Read<'a>> Read<'a> for Vec<T> {
    fn read(value: Value<'_, 'a>) -> Result<Vec<T>> {
        let Token::List(_) = value.token() else { return Err(Problem::kind(value, "a list")) };
        let item = |(n, (_, value))| T::read(value).map_err(|problem: Problem| problem.within(&format!("[{n}]")));
        value.parts().enumerate().map(item).collect()
    }
}

/// An object of known fields; others are allowed and say nothing.
trait Fields<'a>: Default {
    /// Reads the field `name`, if it is known. `seen` has a bit for each that was there.
    fn set(&mut self, name: &str, value: Value<'_, 'a>, seen: &mut u64) -> Result<()>;
}

impl<'a, T: Fields<'a>> Read<'a> for T {
    fn read(value: Value<'_, 'a>) -> Result<T> {
        let Token::Object(_) = value.token() else { return Err(Problem::kind(value, "an object")) };
        let (mut object, mut seen) = (T::default(), 0);
        for (name, value) in value.parts() {
            object.set(name, value, &mut seen).map_err(|problem| problem.within(name))?;
        }
        Ok(object)
    }
}

/// A struct that is an object on the wire: its names are those of its fields, or what is behind `as`.
macro_rules! fields {
    ($(#[$about:meta])* struct $name:ident {
        $($(#[$meta:meta])* $field:ident $(as $written:literal)?: $type:ty,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Default, JsonSchema)]
        pub(super) struct $name<'a> {
            $($(#[$meta])* $(#[schemars(rename = $written)])? pub(super) $field: $type,)*
        }

        impl<'a> Fields<'a> for $name<'a> {
            fn set(&mut self, name: &str, value: Value<'_, 'a>, seen: &mut u64) -> Result<()> {
                #[expect(non_camel_case_types, reason = "they are the names of fields")]
                enum Place { $($field),* }
                match name {
                    $(fields!(@written $field $($written)?) => {
                        let bit = 1 << Place::$field as u32;
                        if *seen & bit != 0 {
                            return Err(Problem::new("it is there twice"));
                        }
                        *seen |= bit;
                        self.$field = Read::read(value)?;
                    })*
                    _ => {}
                }
                Ok(())
            }
        }
    };
    (@written $field:ident) => { stringify!($field) };
    (@written $field:ident $written:literal) => { $written };
}

fields! {
    /// A CloudEvent of version 1.0 in structured JSON, but for its `data`.
    struct Envelope {
        /// The version of CloudEvents: `1.0`.
        specversion: Option<Text<'a>>,
        /// Unique within `source`. The same id again is a repeat or, with a higher `revision`, a new version of the event.
        id: Option<Id<'a>>,
        /// Who tells it.
        source: Option<Id<'a>>,
        /// What happened; an unknown type is ignored and counted.
        kind as "type": Option<Text<'a>>,
        /// The moment the thing happened; kept in milliseconds.
        time: Option<Time>,
        /// Orders events of equal time and source, such as a log's row number. Never a delivery position.
        seq: Option<Integer>,
        /// Version of this event, such as a last-update time.
        revision: Option<Integer>,
        /// True: this event id no longer holds. `data` then needs only the id of what it was about.
        retracted: Option<Flag>,
    }
}

fields! {
    /// All that any contact.* event may say.
    struct ContactData {
        /// Id of the contact.
        contact: Option<Id<'a>>,
        /// Id of the first contact of the same journey (callback, transfer to a new contact).
        root: Option<Id<'a>>,
        /// The contact's stay in a queue; needed where it enters the same queue twice.
        leg: Option<Id<'a>>,
        /// The queue where it happened.
        queue: Said<Id<'a>>,
        /// The rep it happened with.
        rep: Said<Id<'a>>,
        /// Overrides the team of the roster.
        team: Option<Id<'a>>,
        /// How customer and centre talk; `voice` unless said.
        channel: Option<Word<Channel>>,
        /// Who began; `inbound` unless said.
        direction: Option<Word<Direction>>,
        /// Opaque key of the customer; absent is anonymous. Only a keyed hash of it is kept.
        customer: Said<Id<'a>>,
        /// IANA zone of the customer.
        customer_zone: Option<Zone<'a>>,
        /// Issue type, e.g. `invoice`.
        issue: Said<Id<'a>>,
        /// How urgent it is; `normal` unless said.
        priority: Option<Word<Priority>>,
        /// Named texts, merged name by name.
        attributes: Option<Attributes>,
        /// contact.missed: `no_answer`, `rejected`, `busy`, `dumped`, `caller_left`. contact.left: `callback`, `voicemail`,
        /// `timeout`, `empty`, `exit_key`, `overflow`, `withdrawn`, `closed`, `full`, `failed`. An unknown one counts as other.
        reason: Option<Text<'a>>,
        /// contact.missed, contact.answered: how long it rang, in seconds.
        ring: Said<Seconds>,
        /// contact.answered, contact.abandoned, contact.left: time in the queue in seconds.
        wait: Said<Seconds>,
        /// contact.abandoned, contact.ended: true if a later event may say otherwise.
        provisional: Option<Flag>,
        /// contact.transferred: how.
        kind: Option<Word<TransferKind>>,
        /// contact.transferred: with what result.
        result: Option<Word<TransferResult>>,
        /// contact.transferred: to which rep.
        to_rep: Option<Id<'a>>,
        /// contact.transferred: to which queue.
        to_queue: Option<Id<'a>>,
        /// contact.transferred: to which number or house outside.
        to_external: Option<Id<'a>>,
        /// contact.transferred: whether it was needed.
        needed: Option<Flag>,
        /// contact.message: id of the message.
        message: Option<Id<'a>>,
        /// contact.message: who wrote it.
        author: Option<Word<Author>>,
        /// Outcome code of the source.
        disposition: Option<Id<'a>>,
        /// Whether the matter was resolved.
        resolved: Option<Flag>,
        /// contact.ended: who ended it.
        ended_by: Option<Word<EndedBy>>,
        /// contact.ended: talk without hold, in seconds; proves an answer.
        talk: Said<Seconds>,
        /// contact.ended: hold in seconds.
        hold: Said<Seconds>,
        /// contact.ended: how often the customer was put on hold.
        holds: Option<Count>,
        /// contact.wrapped: after-contact work in seconds.
        work: Said<Seconds>,
    }
}

fields! {
    /// All that any ticket.* event may say.
    struct TicketData {
        /// Id of the ticket.
        ticket: Option<Id<'a>>,
        /// Id of the first contact of the same journey.
        root: Option<Id<'a>>,
        /// Kept with the ticket; tickets have no legs.
        leg: Option<Id<'a>>,
        /// The queue in which the ticket lies after the event.
        queue: Said<Id<'a>>,
        /// The rep who holds the ticket after the event; `null` is nobody.
        rep: Said<Id<'a>>,
        /// Overrides the team of the roster.
        team: Option<Id<'a>>,
        /// The rep who acted, if not the holder.
        by: Option<Id<'a>>,
        /// The queue that acted, if not the one in which the ticket lies.
        by_queue: Option<Id<'a>>,
        /// How customer and centre talk; `email` unless said.
        channel: Option<Word<Channel>>,
        /// Who began; `inbound` unless said.
        direction: Option<Word<Direction>>,
        /// Opaque key of the customer; absent is anonymous. Only a keyed hash of it is kept.
        customer: Said<Id<'a>>,
        /// IANA zone of the customer.
        customer_zone: Option<Zone<'a>>,
        /// Issue type, e.g. `invoice`.
        issue: Said<Id<'a>>,
        /// How urgent it is; `normal` unless said.
        priority: Option<Word<Priority>>,
        /// Named texts, merged name by name.
        attributes: Option<Attributes>,
        /// ticket.message: id of the message; the same again replaces it.
        message: Option<Id<'a>>,
        /// ticket.message: who wrote it.
        author: Option<Word<Author>>,
        /// ticket.message: whether the customer sees it; true unless said.
        public: Option<Flag>,
        /// ticket.message: whether it was taken back.
        deleted: Option<Flag>,
        /// ticket.status: the new status.
        status: Option<Word<TicketStatus>>,
        /// ticket.merged: the ticket it went into.
        into: Option<Id<'a>>,
        /// ticket.deleted: why.
        reason: Option<Word<DeleteReason>>,
    }
}

fields! {
    /// All that any survey.* event may say.
    struct SurveyData {
        /// Id of the survey.
        survey: Option<Id<'a>>,
        /// The contact it is about.
        contact: Option<Id<'a>>,
        /// The source of that contact, if another.
        contact_source: Option<Id<'a>>,
        /// The ticket it is about.
        ticket: Option<Id<'a>>,
        /// The source of that ticket, if another.
        ticket_source: Option<Id<'a>>,
        /// The rep judged; without it the last handling rep of the contact or ticket.
        rep: Option<Id<'a>>,
        /// The queue judged; without it that of the contact or ticket.
        queue: Option<Id<'a>>,
        /// survey.answered: which question; the same again replaces the answer.
        question: Option<Id<'a>>,
        /// survey.answered: what the score means.
        scale: Option<Word<ScaleName>>,
        /// survey.answered: the score; 0-10 for `nps`, 0-`max` for `csat`, 1-10 for `csi`.
        score: Option<Points>,
        /// survey.answered: the best score of `csat`.
        max: Option<Points>,
        /// survey.answered: weight of the question; 1 unless said.
        weight: Option<Points>,
    }
}

fields! {
    /// All that review.scored may say.
    struct ReviewData {
        /// Id of the review; the same again replaces it.
        review: Option<Id<'a>>,
        /// The rep reviewed.
        rep: Option<Id<'a>>,
        /// The contact it is about.
        contact: Option<Id<'a>>,
        /// The source of that contact, if another.
        contact_source: Option<Id<'a>>,
        /// The ticket it is about.
        ticket: Option<Id<'a>>,
        /// The source of that ticket, if another.
        ticket_source: Option<Id<'a>>,
        /// Who reviewed.
        reviewer: Option<Id<'a>>,
        /// The form that was filled in.
        form: Option<Id<'a>>,
        /// The marks, one a criterion.
        items: Option<Vec<ReviewItem<'a>>>,
    }
}

fields! {
    /// One mark of a review.
    struct ReviewItem {
        /// What was judged.
        #[schemars(required)]
        criterion: Option<Id<'a>>,
        /// The mark.
        #[schemars(required)]
        score: Option<Points>,
        /// The best mark.
        #[schemars(required)]
        max: Option<Points>,
        /// Weight of the criterion; 1 unless said.
        weight: Option<Points>,
        /// True if failing it fails the review.
        fatal: Option<Flag>,
        /// False if it did not apply.
        applies: Option<Flag>,
    }
}

fields! {
    /// All that complaint.logged may say.
    struct ComplaintData {
        /// Id of the complaint.
        complaint: Option<Id<'a>>,
        /// What it is about.
        category: Option<Id<'a>>,
        /// The department it went to.
        department: Option<Id<'a>>,
        /// The contact it is about.
        contact: Option<Id<'a>>,
        /// The source of that contact, if another.
        contact_source: Option<Id<'a>>,
        /// The ticket it is about.
        ticket: Option<Id<'a>>,
        /// The source of that ticket, if another.
        ticket_source: Option<Id<'a>>,
        /// The rep it is about.
        rep: Option<Id<'a>>,
    }
}

fields! {
    /// All that rep.state may say.
    struct StateData {
        /// The rep.
        rep: Option<Id<'a>>,
        /// `activity` unless said.
        facet: Option<Word<Facet>>,
        /// The state that begins; an unknown one counts as `other`.
        state: Option<Id<'a>>,
        /// Why.
        reason: Option<Id<'a>>,
    }
}

fields! {
    /// All that shift.planned may say.
    struct ShiftData {
        /// Id of the shift; the same again replaces it.
        shift: Option<Id<'a>>,
        /// The rep.
        rep: Option<Id<'a>>,
        /// When it begins.
        from: Option<Time>,
        /// When it ends.
        to: Option<Time>,
        /// What is done in it.
        activity: Option<Id<'a>>,
    }
}

fields! {
    /// All that certification.earned may say.
    struct CertificationData {
        /// The rep.
        rep: Option<Id<'a>>,
        /// What was earned.
        certification: Option<Id<'a>>,
        /// When it lapses.
        expires: Option<Time>,
    }
}

fields! {
    /// All that coaching.session may say.
    struct CoachingData {
        /// The rep.
        rep: Option<Id<'a>>,
        /// The plan it belongs to.
        plan: Option<Id<'a>>,
        /// Who coached.
        coach: Option<Id<'a>>,
    }
}

fields! {
    /// All that measure.reported may say.
    struct ReportedData {
        /// Which measure.
        measure: Option<Id<'a>>,
        /// Whose.
        scope: Option<ReportedScope<'a>>,
        /// Where the period begins.
        from: Option<Time>,
        /// Where it ends.
        to: Option<Time>,
        /// The figure, or:
        value: Option<Number>,
        /// its numerator,
        numerator: Option<Number>,
        /// and its denominator.
        denominator: Option<Number>,
        /// How many observations it stands on.
        sample: Option<Count>,
    }
}

fields! {
    /// Whose figure it is: one of these.
    struct ReportedScope {
        /// A company.
        company: Option<Id<'a>>,
        /// A department.
        department: Option<Id<'a>>,
        /// A team.
        team: Option<Id<'a>>,
        /// A rep.
        rep: Option<Id<'a>>,
    }
}

fields! {
    /// What a retraction needs: the id of what its event was about.
    struct Address {
        contact: Option<Id<'a>>,
        ticket: Option<Id<'a>>,
        survey: Option<Id<'a>>,
        review: Option<Id<'a>>,
        complaint: Option<Id<'a>>,
        shift: Option<Id<'a>>,
        rep: Option<Id<'a>>,
        measure: Option<Id<'a>>,
    }
}

/// A field that may be absent, `null`, or there.
#[derive(Debug, Default)]
pub(super) enum Said<T> {
    #[default]
    Absent,
    Null,
    Value(T),
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
pub(super) fn checked_id(text: &str) -> Result<&str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let id = if is_plain { text } else { text.trim() };
    if id.is_empty() {
        return Err(Problem::new("an id must not be empty"));
    }
    if id.len() > MAX_ID {
        return Err(Problem::new(format!("an id has at most {MAX_ID} bytes, this one has {}", id.len())));
    }
    if !is_plain && id.chars().any(char::is_control) {
        return Err(Problem::new("an id has no control characters"));
    }
    Ok(id)
}

/// A moment in RFC 3339, cut to milliseconds.
pub(super) fn read_time(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| Instant(time.timestamp_millis()))
}

impl<'a> Read<'a> for Id<'a> {
    fn read(value: Value<'_, 'a>) -> Result<Id<'a>> {
        match value.token() {
            Token::Text(Cow::Borrowed(text)) => Ok(Id(Cow::Borrowed(checked_id(text)?))),
            Token::Text(Cow::Owned(text)) => Ok(Id(Cow::Owned(checked_id(text)?.to_owned()))),
            Token::Whole(number) => Ok(Id(Cow::Owned(number.to_string()))),
            Token::Negative(number) => Ok(Id(Cow::Owned(number.to_string()))),
            _ => Err(Problem::kind(value, "an id: text or an integer")),
        }
    }
}

impl<'a> Read<'a> for Text<'a> {
    fn read(value: Value<'_, 'a>) -> Result<Text<'a>> {
        match value.token() {
            Token::Text(text) => Ok(Text(text.clone())),
            _ => Err(Problem::kind(value, "text")),
        }
    }
}

impl<'a> Read<'a> for Zone<'a> {
    fn read(value: Value<'_, 'a>) -> Result<Zone<'a>> {
        let Text(name) = Text::read(value)?;
        match name.parse::<chrono_tz::Tz>() {
            Ok(_) => Ok(Zone(name)),
            Err(_) => Err(Problem::new("no IANA zone of that name; write e.g. Europe/Oslo")),
        }
    }
}

impl Read<'_> for Time {
    fn read(value: Value<'_, '_>) -> Result<Time> {
        let Text(text) = Text::read(value)?;
        let time = read_time(&text).map(Time);
        time.ok_or_else(|| Problem::new("no time in RFC 3339; write e.g. 2026-01-05T09:00:18.250Z"))
    }
}

/// Thousandths of a number from 0 to `limit` thousandths; finer digits are cut.
fn thousandths(value: Value<'_, '_>, what: &'static str, limit: i64) -> Result<i64> {
    let thousandths = match value.token() {
        Token::Whole(number) => i64::try_from(*number).ok().and_then(|number| number.checked_mul(1000)),
        // Through millionths, so that 0.57 is 570 and not 569: a decimal fraction is mostly a hair off in binary.
        Token::Fraction(number) if number.abs() < 1e9 => {
            Some(((number * 1e6).round() as i64).div_euclid(1000)).filter(|_| *number >= 0.0)
        }
        Token::Negative(_) | Token::Fraction(_) => None,
        _ => return Err(Problem::kind(value, what)),
    };
    let in_range = thousandths.filter(|n| (0..=limit).contains(n));
    in_range.ok_or_else(|| Problem::new(format!("out of range: {what}, at most {}", limit / 1000)))
}

impl Read<'_> for Seconds {
    fn read(value: Value<'_, '_>) -> Result<Seconds> {
        thousandths(value, "seconds, 0 or more", MAX_DURATION).map(Seconds)
    }
}

impl Read<'_> for Points {
    fn read(value: Value<'_, '_>) -> Result<Points> {
        thousandths(value, "a score, 0 or more", 1_000_000_000).map(Points)
    }
}

impl Read<'_> for Number {
    fn read(value: Value<'_, '_>) -> Result<Number> {
        match value.token() {
            Token::Whole(_) | Token::Negative(_) | Token::Fraction(_) => Ok(Number),
            _ => Err(Problem::kind(value, "a number")),
        }
    }
}

impl Read<'_> for Integer {
    fn read(value: Value<'_, '_>) -> Result<Integer> {
        let number = match value.token() {
            Token::Whole(number) => i64::try_from(*number).ok(),
            Token::Negative(number) => Some(*number),
            Token::Text(text) => text.parse().ok(),
            _ => return Err(Problem::kind(value, "a whole number")),
        };
        number.map(Integer).ok_or_else(|| Problem::new("no whole number of 64 bits"))
    }
}

impl Read<'_> for Count {
    fn read(value: Value<'_, '_>) -> Result<Count> {
        match value.token() {
            Token::Whole(number) if *number <= u64::from(u32::MAX) => Ok(Count(*number as i64)),
            Token::Whole(_) | Token::Negative(_) => Err(Problem::new("out of range: a count of 32 bits, 0 or more")),
            _ => Err(Problem::kind(value, "a count")),
        }
    }
}

impl Read<'_> for Flag {
    fn read(value: Value<'_, '_>) -> Result<Flag> {
        match value.token() {
            Token::Flag(flag) => Ok(Flag(*flag)),
            Token::Text(text) => text.parse().map(Flag).map_err(|_| Problem::new("neither true nor false")),
            _ => Err(Problem::kind(value, "true or false")),
        }
    }
}

impl<T: Vocabulary> Read<'_> for Word<T> {
    fn read(value: Value<'_, '_>) -> Result<Word<T>> {
        let Text(word) = Text::read(value)?;
        T::read(&word).map(Word).ok_or_else(|| {
            let known: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
            Problem::new(format!("unknown word; one of {}", known.join(", ")))
        })
    }
}

impl Read<'_> for Attributes {
    fn read(value: Value<'_, '_>) -> Result<Attributes> {
        let Token::Object(count) = value.token() else { return Err(Problem::kind(value, "an object of texts")) };
        if *count > MAX_ATTRIBUTES {
            return Err(Problem::new(format!("more than {MAX_ATTRIBUTES} attributes")));
        }
        let mut attributes = Vec::with_capacity(*count);
        for (name, value) in value.parts() {
            let name = checked_id(name)?;
            let Text(value) = Text::read(value).map_err(|problem| problem.within(name))?;
            if value.len() > MAX_ID {
                return Err(Problem::new(format!("an attribute has at most {MAX_ID} bytes")));
            }
            attributes.push((name.to_owned(), value.into_owned()));
        }
        attributes.sort();
        // Of a name that is there twice the last in order stays; JSON leaves it open, an order must not.
        attributes.reverse();
        attributes.dedup_by(|a, b| a.0 == b.0);
        attributes.reverse();
        Ok(Attributes(attributes))
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
