//! The normalised event: what every producer's message becomes before it touches a record.
//!
//! These types have no wire form. `ingest` decodes into them; the order of the variants of [`ContactWhat`],
//! [`TicketWhat`] and [`SurveyWhat`] is the type rank of the vocabulary and part of the fold order.

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
    /// Contact, ticket or survey: events never name a customer record.
    pub kind: Kind,
    /// The source's id of it.
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
    /// What the contacts of one customer mean together; made of notes only.
    Customer,
}

impl Kind {
    /// All kinds, in the order in which they are listed everywhere.
    pub const ALL: [Kind; 4] = [Kind::Contact, Kind::Ticket, Kind::Survey, Kind::Customer];

    /// The kind in lower case, as labels and exports show it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Contact => "contact",
            Kind::Ticket => "ticket",
            Kind::Survey => "survey",
            Kind::Customer => "customer",
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
    /// The leg named, if any.
    pub fn leg(&self) -> Option<&Name> {
        self.rare.as_ref().and_then(|rare| rare.leg.as_ref())
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

/// Who began the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The customer came to the centre.
    Inbound,
    /// The centre went to the customer: counted in measures of its own only.
    Outbound,
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
