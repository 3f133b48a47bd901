//! The normalised event: what every producer's message becomes before it touches a record.
//!
//! These types have no wire form. `ingest` decodes into them; the order of the variants of [`ContactWhat`],
//! [`TicketWhat`] and [`SurveyWhat`] is the type rank of the vocabulary and part of the fold order.

use super::scope::ScopeKind;
use super::time::Instant;
use std::sync::Arc;

/// A short text that many events share (source, queue, rep, team, issue): compared as text, cloned for free.
pub type Name = Arc<str>;

/// One thing that happened, as one source told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who told it; ids are unique within it.
    pub source: Name,
    /// Unique within `source`; the same id again is a repeat or a new version.
    pub id: Box<str>,
    /// When it happened.
    pub time: Instant,
    /// Orders events of one source and equal time.
    pub seq: i64,
    /// Version of this event; the greater stays.
    pub revision: i64,
    /// True if this event id no longer holds; `content` is then [`Content::Nothing`].
    pub retracted: bool,
    /// The record it is about, as the source names it.
    pub subject: Subject,
    /// What happened.
    pub content: Content,
}

/// The record an event is about, before settings map its source to a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Any kind but those that are made of notes only: events never name a customer or a rep's hour.
    pub kind: Kind,
    /// The source's id of it. Of what has no id of its own, what tells it apart, joined by tabs (ids have none).
    pub id: Box<str>,
}

/// The kinds of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A call or chat.
    Contact,
    /// An e-mail, case or fault.
    Ticket,
    /// One questionnaire put to one customer.
    Survey,
    /// A quality review.
    Review,
    /// A complaint.
    Complaint,
    /// The states of one rep on one day, of one facet, as one source tells them.
    Timeline,
    /// A stretch of scheduled work.
    Shift,
    /// A certification of one rep, earned once or again.
    Certification,
    /// The coaching of one rep on one day.
    Coaching,
    /// A figure from elsewhere, for one period.
    Reported,
    /// What the contacts of one customer mean together; made of notes only.
    Customer,
    /// What one rep did in one hour; made of notes only.
    RepHour,
}

impl Kind {
    /// All kinds, in the order in which they are listed everywhere.
    pub const ALL: [Kind; 12] = [
        Kind::Contact,
        Kind::Ticket,
        Kind::Survey,
        Kind::Review,
        Kind::Complaint,
        Kind::Timeline,
        Kind::Shift,
        Kind::Certification,
        Kind::Coaching,
        Kind::Reported,
        Kind::Customer,
        Kind::RepHour,
    ];

    /// The kind in lower case, as labels and exports show it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Contact => "contact",
            Kind::Ticket => "ticket",
            Kind::Survey => "survey",
            Kind::Review => "review",
            Kind::Complaint => "complaint",
            Kind::Timeline => "timeline",
            Kind::Shift => "shift",
            Kind::Certification => "certification",
            Kind::Coaching => "coaching",
            Kind::Reported => "reported",
            Kind::Customer => "customer",
            Kind::RepHour => "rep_hour",
        }
    }
}

/// A field of the wire: absent says nothing, `null` says "none".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Field<T> {
    /// Not said.
    #[default]
    Absent,
    /// Said to be none: unassigned, unknown, anonymous.
    Null,
    /// Said to be this.
    Value(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Field::Value(value) => Some(value),
            Field::Absent | Field::Null => None,
        }
    }
    /// True unless the field is absent.
    pub fn is_said(&self) -> bool {
        !matches!(self, Field::Absent)
    }
}

/// A duration as the source itself reports it, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reported {
    /// The source says nothing.
    #[default]
    Absent,
    /// The source says that it does not know (`null`).
    Unknown,
    /// Milliseconds, 0 or more.
    Millis(i64),
}

/// A customer's key as a keyed 128-bit hash: the key itself is never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerHash(pub u128);

/// What an event says, by the kind of record it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// A retraction says nothing more.
    Nothing,
    /// Of a contact.
    Contact(Box<ContactEvent>),
    /// Of a ticket.
    Ticket(Box<TicketEvent>),
    /// Of a survey.
    Survey(Box<SurveyEvent>),
    /// A quality review; the last one of its record holds.
    Review(Box<ReviewEvent>),
    /// A complaint; the last one of its record holds.
    Complaint(Box<ComplaintEvent>),
    /// A rep's state that begins.
    State(Box<StateEvent>),
    /// A shift; the last one of its record holds.
    Shift(Box<ShiftEvent>),
    /// A certification earned.
    Certification(Box<CertificationEvent>),
    /// A coaching session.
    Coaching(Box<CoachingEvent>),
    /// A figure from elsewhere; the last one of its record holds.
    Reported(Box<ReportedEvent>),
}

impl Content {
    /// How far beyond its own time it reaches: the record stays at least as long as if it had been heard of then.
    pub fn until(&self) -> Option<Instant> {
        match self {
            Content::Shift(shift) => Some(shift.to),
            Content::Certification(certification) => certification.expires,
            Content::Reported(reported) => Some(reported.to),
            _ => None,
        }
    }
}

/// What any event of a contact or ticket may say beside its own matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Shared {
    /// Contacts: the queue where it happened. Tickets: the queue in which the ticket lies after it.
    pub queue: Field<Name>,
    /// Contacts: the rep it happened with. Tickets: the rep who holds the ticket after it.
    pub rep: Field<Name>,
    /// The customer; `Null` is anonymous.
    pub customer: Field<CustomerHash>,
    /// Inbound unless said otherwise.
    pub direction: Option<Direction>,
    /// Voice for contacts, e-mail for tickets, unless said otherwise.
    pub channel: Option<Channel>,
    /// The issue type, e.g. `invoice`.
    pub issue: Field<Name>,
    /// What is said rarely, apart so that the common event stays small.
    pub rare: Option<Box<Rare>>,
}

/// Shared fields that few events carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rare {
    /// The first contact of the same journey.
    pub root: Option<Name>,
    /// The contact's stay in a queue.
    pub leg: Option<Name>,
    /// Overrides the roster's team.
    pub team: Option<Name>,
    /// IANA zone of the customer, as told.
    pub customer_zone: Option<Name>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Outcome code of the source.
    pub disposition: Option<Name>,
    /// Whether the matter was resolved, as the source says.
    pub resolved: Option<bool>,
    /// Named texts, sorted by name.
    pub attributes: Vec<(Name, Name)>,
}

impl Shared {
    /// The first contact of the journey, if named.
    pub fn root(&self) -> Option<&Name> {
        self.rare.as_ref().and_then(|rare| rare.root.as_ref())
    }
    /// The leg named, if any.
    pub fn leg(&self) -> Option<&Name> {
        self.rare.as_ref().and_then(|rare| rare.leg.as_ref())
    }
    /// The customer's IANA zone, if named.
    pub fn customer_zone(&self) -> Option<&Name> {
        self.rare.as_ref().and_then(|rare| rare.customer_zone.as_ref())
    }
    /// The priority, if named.
    pub fn priority(&self) -> Option<Priority> {
        self.rare.as_ref().and_then(|rare| rare.priority)
    }
    /// What is said of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&Name> {
        let rare = self.rare.as_ref()?;
        rare.attributes.iter().find(|(other, _)| **other == *name).map(|(_, value)| value)
    }
    /// The team named, if any: it overrides the roster.
    pub fn team(&self) -> Option<&Name> {
        self.rare.as_ref().and_then(|rare| rare.team.as_ref())
    }
}

/// How the customer and the centre talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Channel {
    Voice,
    Chat,
    Email,
    Sms,
    Social,
    Task,
    Web,
    Other,
}

impl Channel {
    /// All channels, with the names that the vocabulary has for them.
    pub const NAMED: [(&'static str, Channel); 8] = [
        ("voice", Channel::Voice),
        ("chat", Channel::Chat),
        ("email", Channel::Email),
        ("sms", Channel::Sms),
        ("social", Channel::Social),
        ("task", Channel::Task),
        ("web", Channel::Web),
        ("other", Channel::Other),
    ];

    /// The channel as events write it.
    pub fn name(self) -> &'static str {
        Channel::NAMED[self as usize].0
    }
}

/// Who began the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The customer came to the centre.
    Inbound,
    /// The centre went to the customer: counted in measures of its own only.
    Outbound,
}

impl Direction {
    /// The direction as events write it.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }
    }
}

/// How urgent a contact or ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Priority {
    Low,
    Normal,
    High,
    Urgent,
    Other,
}

impl Priority {
    /// All priorities.
    pub const ALL: [Priority; 5] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent, Priority::Other];

    /// The priority as events write it.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Urgent => "urgent",
            Priority::Other => "other",
        }
    }
}

/// An event of a contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContactEvent {
    /// What happened.
    pub what: ContactWhat,
    /// The shared fields.
    pub shared: Shared,
}

/// What happened to a contact, in type rank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContactWhat {
    /// Came in, before any queue.
    Started,
    /// Entered a queue; the wait begins.
    Queued,
    /// Rings at a rep.
    Offered,
    /// The ring ended without an answer; implies the ring.
    Missed {
        /// Why nobody answered.
        reason: MissReason,
        /// How long it rang.
        ring: Reported,
    },
    /// Connected; the wait ends.
    Answered {
        /// The wait as the source has it.
        wait: Reported,
        /// How long it rang.
        ring: Reported,
    },
    /// Hold begins.
    Held,
    /// Hold ends.
    Retrieved,
    /// The customer gave up in the queue.
    Abandoned {
        /// The wait as the source has it.
        wait: Reported,
        /// Counts only after a grace period without an event that says otherwise.
        provisional: bool,
    },
    /// Left the queue neither answered nor abandoned.
    Left {
        /// How it left.
        reason: LeftReason,
        /// The wait as the source has it.
        wait: Reported,
    },
    /// The rep passed it on; does not end talk.
    Transferred {
        /// How.
        kind: TransferKind,
        /// With what result.
        result: TransferResult,
        /// To which rep.
        to_rep: Option<Name>,
        /// To which queue.
        to_queue: Option<Name>,
        /// To which number or house outside.
        to_external: Option<Name>,
        /// Whether the transfer was needed, as the source says.
        needed: Option<bool>,
    },
    /// A chat message.
    Message {
        /// Its id.
        message: Name,
        /// Who wrote it.
        author: Author,
    },
    /// Something of it changed.
    Updated,
    /// Talk ends: of the rep if named, else of the whole contact.
    Ended {
        /// Who ended it.
        ended_by: Option<EndedBy>,
        /// Talk without hold, as the source has it.
        talk: Reported,
        /// Hold, as the source has it.
        hold: Reported,
        /// How often the customer was put on hold, as the source has it.
        holds: Option<i64>,
        /// Counts only after a grace period without an event that says otherwise.
        provisional: bool,
    },
    /// After-contact work ends.
    Wrapped {
        /// After-contact work, as the source has it.
        work: Reported,
    },
}

/// Why a ring was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum MissReason {
    NoAnswer,
    Rejected,
    Busy,
    Dumped,
    CallerLeft,
    Other,
}

/// How a contact left its queue, neither answered nor abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum LeftReason {
    Callback,
    Voicemail,
    Timeout,
    Empty,
    ExitKey,
    Overflow,
    Withdrawn,
    Closed,
    Full,
    Failed,
    Other,
}

/// How a rep passed a contact on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum TransferKind {
    Blind,
    Attended,
    Queue,
    Consult,
    Other,
}

/// What became of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum TransferResult {
    Completed,
    Failed,
    Returned,
    Other,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Author {
    Customer,
    Rep,
    Bot,
    System,
}

/// Who ended a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum EndedBy {
    Customer,
    Rep,
    System,
    Other,
}

/// An event of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TicketEvent {
    /// What happened.
    pub what: TicketWhat,
    /// The shared fields.
    pub shared: Shared,
    /// The rep who acted, if not the holder.
    pub by: Option<Name>,
    /// The queue that acted, if not the one in which the ticket lies.
    pub by_queue: Option<Name>,
}

/// What happened to a ticket, in type rank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TicketWhat {
    /// It came into being.
    Created,
    /// A message; the same `message` again replaces it.
    Message {
        /// Its id.
        message: Name,
        /// Who wrote it.
        author: Author,
        /// Whether the customer sees it.
        public: bool,
        /// Whether it was taken back.
        deleted: bool,
    },
    /// Something of it changed, its queue included.
    Updated,
    /// It was given to a rep (`shared.rep`: a rep, `Null` nobody, `Absent` somebody unknown).
    Assigned,
    /// Its status changed.
    Status(TicketStatus),
    /// It became part of another ticket and leaves every denominator.
    Merged {
        /// The ticket it went into.
        into: Name,
    },
    /// It leaves every figure.
    Deleted {
        /// Why.
        reason: DeleteReason,
    },
    /// Undoes merged or deleted.
    Restored,
}

/// The status of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum TicketStatus {
    New,
    Open,
    Pending,
    OnHold,
    Solved,
    Closed,
    Other,
}

impl TicketStatus {
    /// Solved and closed are both "done": going from one to the other is neither a solve nor a reopening.
    pub fn is_done(self) -> bool {
        matches!(self, TicketStatus::Solved | TicketStatus::Closed)
    }
}

/// Why a ticket was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum DeleteReason {
    Spam,
    Mistake,
    Privacy,
    Other,
}

/// An event of a survey.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SurveyEvent {
    /// What happened.
    pub what: SurveyWhat,
    /// The contact or ticket it is about, if named.
    pub about: Option<About>,
    /// The rep judged, if named: stands before what the contact or ticket says.
    pub rep: Option<Name>,
    /// The queue judged, if named: stands before what the contact or ticket says.
    pub queue: Option<Name>,
}

/// What a judgement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// Contact or ticket.
    pub kind: Kind,
    /// Its id.
    pub id: Box<str>,
    /// The source that knows it by that id, if not the judgement's own.
    pub source: Option<Name>,
}

/// What happened to a survey, in type rank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SurveyWhat {
    /// The customer was asked.
    Offered,
    /// The customer answered one question; the same question again replaces it.
    Answered {
        /// Which question; none is a question of its own.
        question: Option<Name>,
        /// What the score means.
        scale: Scale,
        /// The score in thousandths of a point.
        score: i64,
        /// The weight of the question in thousandths; 1000 unless said otherwise.
        weight: i64,
    },
}

/// The scale of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// Net promoter score, 0-10.
    Nps,
    /// Customer satisfaction.
    Csat {
        /// The best score, in thousandths of a point; more than 0.
        max: i64,
    },
    /// Customer effort score.
    Ces,
    /// Customer satisfaction index, 1-10.
    Csi,
}

/// A quality review.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReviewEvent {
    /// The rep reviewed.
    pub rep: Name,
    /// The contact or ticket it is about, if named.
    pub about: Option<About>,
    /// Who reviewed.
    pub reviewer: Option<Name>,
    /// The form that was filled in.
    pub form: Option<Name>,
    /// The marks.
    pub items: Vec<ReviewItem>,
}

/// One mark of a review.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReviewItem {
    /// What was judged.
    pub criterion: Name,
    /// The mark in thousandths of a point, at most `max`.
    pub score: i64,
    /// The best mark, in thousandths of a point; more than 0.
    pub max: i64,
    /// The weight of the criterion in thousandths; 1000 unless said otherwise.
    pub weight: i64,
    /// True if failing it fails the review.
    pub fatal: bool,
    /// False if it did not apply.
    pub applies: bool,
}

/// A complaint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComplaintEvent {
    /// What it is about.
    pub category: Name,
    /// The department it went to.
    pub department: Option<Name>,
    /// The contact or ticket it is about, if named.
    pub about: Option<About>,
    /// The rep it is about.
    pub rep: Option<Name>,
}

/// A state of a rep that begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateEvent {
    /// The rep, as the source calls it.
    pub rep: Name,
    /// Which of the rep's states.
    pub facet: Facet,
    /// The state.
    pub state: RepState,
    /// Why.
    pub reason: Option<Name>,
}

/// Which of a rep's states: sources may report sign-in and what is done apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Facet {
    Activity,
    Presence,
}

impl Facet {
    /// The facet as the vocabulary writes it.
    pub fn name(self) -> &'static str {
        match self {
            Facet::Activity => "activity",
            Facet::Presence => "presence",
        }
    }
}

/// What a rep does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum RepState {
    Available,
    OnContact,
    WrapUp,
    Break,
    Training,
    Meeting,
    Offline,
    Other,
}

/// A stretch of scheduled work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShiftEvent {
    /// The rep.
    pub rep: Name,
    /// When it begins.
    pub from: Instant,
    /// When it ends; not before `from`.
    pub to: Instant,
    /// What is done in it.
    pub activity: RepState,
}

/// A certification earned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CertificationEvent {
    /// The rep.
    pub rep: Name,
    /// What was earned.
    pub certification: Name,
    /// When it lapses; none is never.
    pub expires: Option<Instant>,
}

/// A coaching session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoachingEvent {
    /// The rep.
    pub rep: Name,
    /// The plan it belongs to.
    pub plan: Option<Name>,
    /// Who coached.
    pub coach: Option<Name>,
}

/// A figure from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedEvent {
    /// Which figure.
    pub measure: Name,
    /// The kind of scope whose figure it is: rep, team, department or company.
    pub kind: ScopeKind,
    /// Whose.
    pub id: Name,
    /// Where the period begins.
    pub from: Instant,
    /// Where it ends; not before `from`.
    pub to: Instant,
    /// What it is.
    pub figure: ReportedFigure,
    /// How many observations it stands on.
    pub sample: Option<i64>,
}

/// What a reported figure is, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportedFigure {
    /// One number.
    Value(i64),
    /// A fraction.
    Fraction {
        /// The upper half.
        numerator: i64,
        /// The lower half; more than 0.
        denominator: i64,
    },
}
