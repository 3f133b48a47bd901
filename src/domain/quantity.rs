//! Quantities: what is added up. Measures are formulas over them; see `measure`.

use super::event::{Kind, LeftReason, MissReason};
use super::measure::{Thresholds, Unit};
use super::scope::ScopeKind;

/// Lists every quantity: its name, the kinds of record that book it, the scopes that can have it, its unit, what its
/// parameter tells, and what it means.
macro_rules! quantities {
    ($($name:ident: [$($kind:ident),*] $has:ident $unit:ident $by:ident $(($of:ident))?, $meaning:literal;)*) => {
        /// Everything that a record can book. Each is an integer: a count, or milliseconds, or thousandths of a point.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Quantity {
            $(#[doc = $meaning] $name,)*
        }

        impl Quantity {
            /// All quantities in their order: a quantity's number is its place here.
            pub const ALL: [Quantity; ENTRIES.len()] = [$(Quantity::$name),*];
        }

        const ENTRIES: &[Entry] = &[$(Entry {
            kinds: &[$(Kind::$kind),*],
            has: Has::$has,
            unit: Unit::$unit,
            by: quantities!(@by $by $($of)?),
            meaning: $meaning,
        }),*];
    };
    (@by Threshold $family:ident) => { By::Threshold(Thresholds::$family) };
    (@by Word $words:ident) => { By::Word($words) };
    (@by $by:ident) => { By::$by };
}

quantities! {
    // Queue side, of legs.
    Queued: [Contact] NotRep Count Nothing, "Contacts that entered a queue";
    EntriesSettled: [Contact] NotRep Count Nothing, "Entries into a queue that were answered, abandoned or left since";
    EntriesAbandoned: [Contact] NotRep Count Nothing, "Entries into a queue that were abandoned since";
    Answered: [Contact] NotRep Count Nothing, "Legs that were connected to somebody";
    Abandoned: [Contact] NotRep Count Nothing, "Legs in which the customer gave up waiting, short ones included";
    Left: [Contact] NotRep Count Word(LEFT_NAMES), "Legs that left the queue another way, by reason";
    Unknown: [Contact] NotRep Count Nothing, "Legs whose outcome nobody told";
    CustomersClockKnown: [Contact] NotRep Count Nothing, "Legs that reached an outcome, of contacts whose customer's zone is known";
    OutsideDay: [Contact] NotRep Count Nothing, "Those of them whose contact began outside the customer's day";
    OutsideAnswered: [Contact] NotRep Count Nothing, "Answered legs of contacts that began outside the customer's day";
    OutsideAbandoned: [Contact] NotRep Count Nothing, "Abandoned legs of contacts that began outside the customer's day";
    OutsideAbandonedShort: [Contact] NotRep Count Nothing, "Those of them abandoned within the short-abandon limit of their queue";
    OutsideLeft: [Contact] NotRep Count Nothing, "Left legs of contacts that began outside the customer's day";
    LostInMenu: [Contact] CompanyOnly Count Nothing, "Contacts that ended before they reached any queue or rep";
    AnsweredWait: [Contact] NotRep Seconds Nothing, "Wait of answered legs";
    AnsweredWaitKnown: [Contact] NotRep Count Nothing, "Answered legs with a known wait";
    AnsweredInTime: [Contact] NotRep Count Nothing, "Legs answered within the service-level threshold of their queue";
    AnsweredWithin: [Contact] NotRep Count Threshold(Wait), "Answered legs with a wait of at most the threshold";
    AbandonedWait: [Contact] NotRep Seconds Nothing, "Wait of abandoned legs";
    AbandonedWaitKnown: [Contact] NotRep Count Nothing, "Abandoned legs with a known wait";
    AbandonedInTime: [Contact] NotRep Count Nothing, "Legs abandoned within the service-level threshold of their queue";
    AbandonedShort: [Contact] NotRep Count Nothing, "Legs abandoned within the short-abandon limit of their queue";
    AbandonedWithin: [Contact] NotRep Count Threshold(Wait), "Abandoned legs with a wait of at most the threshold";
    LeftWait: [Contact] NotRep Seconds Nothing, "Wait of left legs";
    LeftWaitKnown: [Contact] NotRep Count Nothing, "Left legs with a known wait";
    LeftWithin: [Contact] NotRep Count Threshold(Wait), "Left legs with a wait of at most the threshold";
    CallbacksInTime: [Contact] NotRep Count Nothing, "Legs left for a callback within the service-level threshold of their queue";
    CallbacksWithin: [Contact] NotRep Count Threshold(Wait), "Legs left for a callback with a wait of at most the threshold";
    // Rep side, of handling.
    RepAnswered: [Contact] RepOnly Count Nothing, "Handlings that the rep began";
    RingsAnswered: [Contact] All Count Nothing, "Rings that a rep answered";
    RingTime: [Contact] All Seconds Nothing, "Ring of answered and missed rings";
    RingTimeKnown: [Contact] All Count Nothing, "Answered and missed rings with a known ring";
    Missed: [Contact] All Count Word(MISS_NAMES), "Rings that ended without an answer, by reason";
    Handled: [Contact] All Count Nothing, "Inbound contacts that a rep finished handling";
    Talk: [Contact] All Seconds Nothing, "Connected time less hold of handled contacts";
    TalkKnown: [Contact] All Count Nothing, "Handled contacts with a known talk";
    Hold: [Contact] All Seconds Nothing, "Hold of handled contacts";
    HoldKnown: [Contact] All Count Nothing, "Handled contacts with a known hold, those without hold included";
    HandledWithHold: [Contact] All Count Nothing, "Handled contacts with some hold";
    Wrap: [Contact] All Seconds Nothing, "After-contact work of handled contacts";
    WrapKnown: [Contact] All Count Nothing, "Handled contacts whose after-contact work is known, those without any included";
    HandledWithWrap: [Contact] All Count Nothing, "Handled contacts with some after-contact work";
    HandleTime: [Contact] All Seconds Nothing, "Talk, hold and after-contact work of handled contacts";
    HandleTimeKnown: [Contact] All Count Nothing, "Handled contacts in which talk, hold and after-contact work are known";
    HandledTransferred: [Contact] All Count Nothing, "Handled contacts that the rep passed on";
    TransfersBlind: [Contact] All Count Nothing, "Completed transfers without a word to whom they went";
    TransfersAttended: [Contact] All Count Nothing, "Completed transfers after a word to whom they went";
    TransfersQueue: [Contact] All Count Nothing, "Completed transfers to a queue";
    TransfersOther: [Contact] All Count Nothing, "Completed transfers of another kind";
    Consults: [Contact] All Count Nothing, "Completed consultations without a transfer";
    TransfersFailed: [Contact] All Count Nothing, "Transfers and consultations that were not completed";
    TransfersNeeded: [Contact] All Count Nothing, "Completed transfers that were needed";
    TransfersUnneeded: [Contact] All Count Nothing, "Completed transfers that were not needed";
    TransfersUnclassified: [Contact] All Count Nothing, "Completed transfers of which nothing says whether they were needed";
    ChatFirstResponses: [Contact] All Count Nothing, "Contacts with a message of a rep after one of the customer";
    ChatFirstResponseTime: [Contact] All Seconds Nothing, "From the customer's first message to the first message of a rep after it";
    ChatResponses: [Contact] All Count Nothing, "Messages of reps that answered the customer";
    ChatResponseTime: [Contact] All Seconds Nothing, "From the customer's oldest unanswered message to the answer";
    ClockSkew: [Contact, Ticket] All Count Nothing, "Durations that came out negative and were counted as 0";
    FirstContactEligible: [Customer] All Count Nothing, "Answered inbound contacts with a customer whose first-contact window has passed";
    FirstContactResolved: [Customer] All Count Nothing, "Those of them after which the customer did not come back within the window";
    OutboundContacts: [Contact] All Count Nothing, "Contacts that the centre began";
    OutboundConnected: [Contact] All Count Nothing, "Contacts that the centre began and that were answered";
    FirstContactEligibleShare: [Customer] All Number Nothing, "Shares in such contacts, where several reps share the credit";
    FirstContactResolvedShare: [Customer] All Number Nothing, "Shares in those of them after which the customer did not come back within the window";
    FirstContactPending: [Customer] All Count Nothing, "Answered inbound contacts with a customer whose first-contact window runs";
    FirstContactPendingResolved: [Customer] All Count Nothing, "Those of them after which the customer has not come back so far";
    FirstContactPendingShare: [Customer] All Number Nothing, "Shares in contacts whose first-contact window runs, where several reps share the credit";
    FirstContactPendingResolvedShare: [Customer] All Number Nothing, "Shares in those of them after which the customer has not come back so far";
    ContactsFlagged: [Contact] All Count Nothing, "Answered inbound contacts of which the source says whether they were resolved";
    ContactsFlaggedResolved: [Contact] All Count Nothing, "Those of them that were resolved, as the source says";
    CustomerContacts: [Customer] NotRep Count Nothing, "Inbound contacts with a customer that may be repeat contacts";
    RepeatContacts: [Customer] NotRep Count Nothing, "Those of them that came within the first-contact window after another contact of the customer";
    OutboundHandled: [Contact] All Count Nothing, "Outbound contacts that a rep finished handling";
    OutboundTalk: [Contact] All Seconds Nothing, "Talk of outbound contacts";
    OutboundTalkKnown: [Contact] All Count Nothing, "Outbound contacts with a known talk";
    OutboundHandleTime: [Contact] All Seconds Nothing, "Handle time of outbound contacts";
    OutboundHandleTimeKnown: [Contact] All Count Nothing, "Outbound contacts with a known handle time";
    // Tickets.
    TicketsCreated: [Ticket] NotRep Count Nothing, "Tickets that came into being";
    TicketsMerged: [Ticket] NotRep Count Nothing, "Tickets that are part of another one";
    TicketsDeleted: [Ticket] NotRep Count Nothing, "Tickets that were deleted";
    TicketsClosed: [Ticket] NotRep Count Nothing, "Tickets that are closed";
    Reassignments: [Ticket] NotRep Count Nothing, "Changes of queue or holder after the creation";
    TicketSolves: [Ticket] All Count Nothing, "Solves, each of them";
    TicketsReopened: [Ticket] All Count Nothing, "Solves that were undone by a reopening";
    TicketsSolved: [Ticket] All Count Nothing, "Tickets that are solved, each once";
    TicketsSolvedAgain: [Ticket] All Count Nothing, "Tickets that were solved more than once";
    SolvedSolves: [Ticket] All Count Nothing, "Solves of tickets that are solved";
    SolvedReplies: [Ticket] All Count Nothing, "Replies to tickets that are solved";
    SolvedOneTouch: [Ticket] All Count Nothing, "Solved tickets with one reply";
    SolvedTwoTouch: [Ticket] All Count Nothing, "Solved tickets with two replies";
    SolvedReassignments: [Ticket] All Count Nothing, "Changes of queue or holder of tickets that are solved";
    TicketsReassigned: [Ticket] All Count Nothing, "Solved tickets whose queue or holder changed after the creation";
    FaultsSolved: [Ticket] All Count Nothing, "Solved tickets about a fault";
    FaultsOwned: [Ticket] All Count Nothing, "Those of them that their first holder solved";
    FaultOpenTimes: [Ticket] All Count Nothing, "Solved faults whose creation is known";
    FaultOpenTime: [Ticket] All Seconds Nothing, "From creation to the last solve of faults";
    FaultOpenBusinessTime: [Ticket] All Seconds Nothing, "From creation to the last solve of faults, in business hours";
    FirstResponses: [Ticket] All Count Nothing, "Tickets with a first response";
    FirstResponseTime: [Ticket] All Seconds Nothing, "From creation to first response";
    FirstResponseBusinessTime: [Ticket] All Seconds Nothing, "From creation to first response, in business hours";
    FirstResponseDue: [Ticket] NotRep Count Threshold(Response), "Tickets with a first response within the threshold, or without one when it had passed";
    FirstResponseWithin: [Ticket] NotRep Count Threshold(Response), "Tickets with a first response within the threshold";
    FirstResponseBusinessDue: [Ticket] NotRep Count Threshold(Response), "Tickets with a first response within the threshold in business hours, or without one when it had passed";
    FirstResponseBusinessWithin: [Ticket] NotRep Count Threshold(Response), "Tickets with a first response within the threshold in business hours";
    FirstResponseTargetDue: [Ticket] NotRep Count Nothing, "Tickets with a first response within the target of their priority, or without one when it had passed";
    FirstResponseTargetMet: [Ticket] NotRep Count Nothing, "Tickets with a first response within the target of their priority";
    FirstResponseBusinessTargetDue: [Ticket] NotRep Count Nothing, "Tickets with a first response within the target of their priority in business hours, or without one when it had passed";
    FirstResponseBusinessTargetMet: [Ticket] NotRep Count Nothing, "Tickets with a first response within the target of their priority in business hours";
    NextResponses: [Ticket] All Count Nothing, "Replies, after the first one, to messages of customers";
    NextResponseTime: [Ticket] All Seconds Nothing, "From the oldest message that was not answered to the reply";
    NextResponseBusinessTime: [Ticket] All Seconds Nothing, "From the oldest message that was not answered to the reply, in business hours";
    NextResponseDue: [Ticket] NotRep Count Threshold(Response), "Messages with a next response within the threshold, or without one when it had passed";
    NextResponseWithin: [Ticket] NotRep Count Threshold(Response), "Messages with a next response within the threshold";
    NextResponseBusinessDue: [Ticket] NotRep Count Threshold(Response), "Messages with a next response within the threshold in business hours, or without one when it had passed";
    NextResponseBusinessWithin: [Ticket] NotRep Count Threshold(Response), "Messages with a next response within the threshold in business hours";
    FirstResolutions: [Ticket] All Count Nothing, "Tickets that were ever solved and whose creation is known";
    FirstResolutionTime: [Ticket] All Seconds Nothing, "From creation to the first solve";
    FirstResolutionBusinessTime: [Ticket] All Seconds Nothing, "From creation to the first solve, in business hours";
    FullResolutions: [Ticket] All Count Nothing, "Solved tickets whose creation is known";
    FullResolutionTime: [Ticket] All Seconds Nothing, "From creation to the last solve";
    FullResolutionBusinessTime: [Ticket] All Seconds Nothing, "From creation to the last solve, in business hours";
    FullResolutionDue: [Ticket] NotRep Count Threshold(Resolution), "Tickets solved within the threshold, or not solved when it had passed";
    FullResolutionWithin: [Ticket] NotRep Count Threshold(Resolution), "Tickets solved within the threshold";
    FullResolutionBusinessDue: [Ticket] NotRep Count Threshold(Resolution), "Tickets solved within the threshold in business hours, or not solved when it had passed";
    FullResolutionBusinessWithin: [Ticket] NotRep Count Threshold(Resolution), "Tickets solved within the threshold in business hours";
    FullResolutionTargetDue: [Ticket] NotRep Count Nothing, "Tickets solved within the target of their priority, or not solved when it had passed";
    FullResolutionTargetMet: [Ticket] NotRep Count Nothing, "Tickets solved within the target of their priority";
    FullResolutionBusinessTargetDue: [Ticket] NotRep Count Nothing, "Tickets solved within the target of their priority in business hours, or not solved when it had passed";
    FullResolutionBusinessTargetMet: [Ticket] NotRep Count Nothing, "Tickets solved within the target of their priority in business hours";
    RequesterWait: [Ticket] All Seconds Nothing, "Time of solved tickets in new, open and on_hold";
    RequesterBusinessWait: [Ticket] All Seconds Nothing, "Time of solved tickets in new, open and on_hold, in business hours";
    AgentWork: [Ticket] All Seconds Nothing, "Time of solved tickets in new and open";
    AgentBusinessWork: [Ticket] All Seconds Nothing, "Time of solved tickets in new and open, in business hours";
    OnHold: [Ticket] All Seconds Nothing, "Time of solved tickets in on_hold";
    OnHoldBusiness: [Ticket] All Seconds Nothing, "Time of solved tickets in on_hold, in business hours";
    TimesToClose: [Ticket] NotRep Count Nothing, "Closed tickets whose creation is known";
    TimeToClose: [Ticket] NotRep Seconds Nothing, "From creation until the ticket was closed";
    BusinessTimeToClose: [Ticket] NotRep Seconds Nothing, "From creation until the ticket was closed, in business hours";
    // Surveys.
    SurveysOffered: [Survey] All Count Nothing, "Surveys put to customers";
    SurveysAnswered: [Survey] All Count Nothing, "Offered surveys with an answer";
    NpsAnswers: [Survey] All Count Nothing, "Answers on the scale of the net promoter score";
    NpsPromoters: [Survey] All Count Nothing, "Answers of 9 and 10";
    NpsDetractors: [Survey] All Count Nothing, "Answers of 0 to 6";
    CsatAnswers: [Survey] All Count Nothing, "Answers on a scale of satisfaction";
    CsatSatisfied: [Survey] All Count Nothing, "Satisfied answers: at least 80 % of the best score";
    CsatScore: [Survey] All Score Nothing, "Scores as shares of the best one";
    SurveyAnswers: [Survey] All Count Nothing, "Answers to questions of surveys";
    CesAnswers: [Survey] All Count Nothing, "Answers on a scale of effort";
    CesScore: [Survey] All Number Nothing, "Points of effort";
    CsiAnswers: [Survey] All Count Nothing, "Answers on the scale of the satisfaction index";
    CsiWeight: [Survey] All Number Nothing, "Weights of answers on the scale of the satisfaction index";
    CsiScore: [Survey] All Number Nothing, "Points of the satisfaction index, each times its weight";
    // Reviews and complaints.
    Reviews: [Review] All Count Nothing, "Quality reviews";
    ReviewsScored: [Review] All Count Nothing, "Quality reviews in which something applied";
    ReviewScore: [Review] All Score Nothing, "Scores of quality reviews as shares of the best one; 0 with a fatal error";
    ReviewsWithFatalError: [Review] All Count Nothing, "Quality reviews with a fatal error";
    ReviewOpportunities: [Review] All Count Nothing, "Items of quality reviews that applied and were not fatal";
    ReviewErrors: [Review] All Count Nothing, "Items of them that were failed";
    ReviewItems: [Review] All Count Nothing, "Items of quality reviews that applied";
    ReviewItemsFailed: [Review] All Count Nothing, "Items of quality reviews that applied and got no points, fatal ones included";
    ReviewItemsNotApplicable: [Review] All Count Nothing, "Items of quality reviews that did not apply";
    ReviewItemMarks: [Review] All Number Nothing, "Points of items that applied";
    ReviewItemBestMarks: [Review] All Number Nothing, "Points that items that applied could have got at most";
    Complaints: [Complaint] All Count Nothing, "Complaints";
    JudgementsUnattributed: [Survey, Review, Complaint] CompanyOnly Count Nothing, "Surveys, reviews and complaints that name a contact or ticket of which nothing is known";
    // The rest of the house.
    CertificationsEarned: [Certification] NotQueue Count Nothing, "Certifications earned, also those earned again";
    CertificationsLapsed: [Certification] NotQueue Count Nothing, "Certifications that lapsed and were not earned again in time";
    CoachingSessions: [Coaching] NotQueue Count Nothing, "Coaching sessions";
    ReportedFigures: [Reported] All Count Nothing, "Figures reported from elsewhere";
    ReportedNumerator: [Reported] All Number Nothing, "Upper halves of reported figures, or values times their samples";
    ReportedTotal: [Reported] All Number Nothing, "What reported figures add up to: upper halves, or values";
    ReportedDenominator: [Reported] All Number Nothing, "Lower halves of reported figures, or samples of values";
    ReportedSample: [Reported] All Count Nothing, "Observations that reported figures stand on";
    // Events that tie in one record: same type, same instant, settled by id only.
    Tied: [Contact, Ticket, Survey, Review, Complaint, Timeline, Shift, Certification, Coaching, Reported] CompanyOnly Count Nothing, "Events of one record, type and instant, whose order only their ids settle";
    // What reps do all day: spans of time.
    TimeAvailable: [RepHour] NotQueue Seconds Nothing, "Time available";
    TimeOnContact: [RepHour] NotQueue Seconds Nothing, "Time on contacts, those at once counted once";
    TimeWrapUp: [RepHour] NotQueue Seconds Nothing, "Time in after-contact work";
    TimeBreak: [RepHour] NotQueue Seconds Nothing, "Time on break";
    TimeTraining: [RepHour] NotQueue Seconds Nothing, "Time in training";
    TimeMeeting: [RepHour] NotQueue Seconds Nothing, "Time in meetings";
    TimeOther: [RepHour] NotQueue Seconds Nothing, "Time signed in and otherwise";
    TimeSignedIn: [RepHour] NotQueue Seconds Nothing, "Time signed in";
    TimeScheduled: [Shift] NotQueue Seconds Nothing, "Time scheduled";
    TimePlanned: [RepHour] NotQueue Seconds Nothing, "Time scheduled, where something is known of the rep";
    TimeAdhered: [RepHour] NotQueue Seconds Nothing, "Those of it in which the rep did what was scheduled";
    TimePlannedOnQueue: [RepHour] NotQueue Seconds Nothing, "Time scheduled for contacts, where something is known of the rep";
    // Distributions: the parameter is the bucket of the sketch.
    AnsweredWaits: [Contact] NotRep Count Bucket, "Waits of answered legs by bucket";
    AbandonedWaits: [Contact] NotRep Count Bucket, "Waits of abandoned legs by bucket";
    LeftWaits: [Contact] NotRep Count Bucket, "Waits of left legs by bucket";
    TalkTimes: [Contact] NotRep Count Bucket, "Talk of handled contacts by bucket";
    HandleTimes: [Contact] NotRep Count Bucket, "Handle time of handled contacts by bucket";
    ChatFirstResponseTimes: [Contact] NotRep Count Bucket, "First responses in chats by bucket";
    ChatResponseTimes: [Contact] NotRep Count Bucket, "Responses in chats by bucket";
    FirstResponseTimes: [Ticket] NotRep Count Bucket, "From creation to first response by bucket";
    FirstResponseBusinessTimes: [Ticket] NotRep Count Bucket, "From creation to first response in business hours by bucket";
    NextResponseTimes: [Ticket] NotRep Count Bucket, "From the oldest message that was not answered to the reply by bucket";
    NextResponseBusinessTimes: [Ticket] NotRep Count Bucket, "From the oldest message that was not answered to the reply in business hours by bucket";
    FirstResolutionTimes: [Ticket] NotRep Count Bucket, "From creation to the first solve by bucket";
    FirstResolutionBusinessTimes: [Ticket] NotRep Count Bucket, "From creation to the first solve in business hours by bucket";
    FullResolutionTimes: [Ticket] NotRep Count Bucket, "From creation to the last solve by bucket";
    FullResolutionBusinessTimes: [Ticket] NotRep Count Bucket, "From creation to the last solve in business hours by bucket";
    // Stocks: booked when something begins to be so, and taken back when it ends.
    Waiting: [Contact] NotRep Count Nothing, "Contacts that wait";
    Backlog: [Ticket] All Count Nothing, "Tickets that are not solved";
    BacklogSince: [Ticket] All Count Nothing, "Seconds from 2020 to the creation of each of them";
    BacklogOlder: [Ticket] All Count Threshold(Backlog), "Those of them that are as old as the threshold";
    BacklogOlderSince: [Ticket] All Count Threshold(Backlog), "Seconds from 2020 to the creation of each of these";
    BacklogUnassigned: [Ticket] NotRep Count Nothing, "Tickets that are not solved and that nobody holds";
    CertificationsInForce: [Certification] NotQueue Count Nothing, "Certifications that are in force";
    // What is so now only, of which no past is kept: booked as long as it is so.
    WaitingSince: [Contact] NotRep Count Entry, "Contacts that wait now, by their entry";
}

/// What the parameter of a quantity's cells tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    /// There is none: it is 0.
    Nothing,
    /// A word of this list, by its place plus one.
    Word(&'static [&'static str]),
    /// A threshold of the family, in milliseconds.
    Threshold(Thresholds),
    /// A bucket of the sketch: the quantity is a distribution.
    Bucket,
    /// When it began to be so, in milliseconds, as far as 32 bits go: of what is so now only.
    Entry,
}

/// The scopes that can have a quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Has {
    All,
    NotRep,
    NotQueue,
    RepOnly,
    CompanyOnly,
}

#[derive(Debug)]
struct Entry {
    kinds: &'static [Kind],
    has: Has,
    unit: Unit,
    by: By,
    meaning: &'static str,
}

/// Distributions sort behind all that is plain.
const FIRST_DISTRIBUTION: Quantity = Quantity::AnsweredWaits;
/// Stocks sort behind them, ...
const FIRST_STOCK: Quantity = Quantity::Waiting;
/// ... and last those of which only the present is kept.
const FIRST_PRESENT: Quantity = Quantity::WaitingSince;

impl Quantity {
    fn entry(self) -> &'static Entry {
        &ENTRIES[self as usize]
    }

    /// What it counts or adds up, in words.
    pub fn meaning(self) -> &'static str {
        self.entry().meaning
    }

    /// The unit in which people read it; what is added up are its parts ([`Unit::parts`]).
    pub fn unit(self) -> Unit {
        self.entry().unit
    }

    /// What the parameter of its cells tells.
    pub fn by(self) -> By {
        self.entry().by
    }

    /// True for distributions: their cells are buckets, and reps have none of them.
    pub fn is_distribution(self) -> bool {
        (FIRST_DISTRIBUTION..FIRST_STOCK).contains(&self)
    }

    /// True for stocks: what is so at an instant, rather than what happened. Their changes are booked: 1 when something
    /// begins to be so, -1 when it ends.
    pub fn is_stock(self) -> bool {
        self >= FIRST_STOCK
    }

    /// True for stocks of which only the present is kept: panes have nothing of them.
    pub fn is_present(self) -> bool {
        self >= FIRST_PRESENT
    }

    /// True for what is neither a distribution nor a stock.
    pub fn is_plain(self) -> bool {
        self < FIRST_DISTRIBUTION
    }

    /// True if scopes of this kind can have it: reps have nothing of the queue side, and a few things are known of the
    /// whole company only.
    pub fn is_of(self, kind: ScopeKind) -> bool {
        match self.entry().has {
            Has::All => true,
            Has::NotRep => kind != ScopeKind::Rep,
            Has::NotQueue => kind != ScopeKind::Queue,
            Has::RepOnly => kind == ScopeKind::Rep,
            Has::CompanyOnly => kind == ScopeKind::Company,
        }
    }

    /// Whether records of this kind book it.
    pub fn is_booked_by(self, kind: Kind) -> bool {
        self.entry().kinds.contains(&kind)
    }

    /// The quantity with this number.
    pub fn from_number(number: u8) -> Option<Quantity> {
        Quantity::ALL.get(usize::from(number)).copied()
    }
}

/// One thing that is added up in a pane: a quantity, and its parameter (threshold, reason, bucket) or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// What.
    pub quantity: Quantity,
    /// Threshold in milliseconds, reason number, bucket number, or 0.
    pub parameter: u32,
}

impl Cell {
    /// The cell of a quantity without a parameter.
    pub const fn plain(quantity: Quantity) -> Cell {
        Cell { quantity, parameter: 0 }
    }
    /// The cell of a quantity with a parameter.
    pub const fn with(quantity: Quantity, parameter: u32) -> Cell {
        Cell { quantity, parameter }
    }
}

impl Cell {
    /// Quantity and parameter as one number: comparing cells is most of what adding them costs.
    pub(super) fn order(self) -> u64 {
        u64::from(self.quantity as u8) << 32 | u64::from(self.parameter)
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Cell) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Cell) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.parameter {
            0 => write!(f, "{:?}", self.quantity),
            n => write!(f, "{:?}[{n}]", self.quantity),
        }
    }
}

/// The reasons for which contacts leave a queue, with their names; a reason's number is its place here plus one.
pub const LEFT_REASONS: [(LeftReason, &str); 11] = [
    (LeftReason::Callback, "callback"),
    (LeftReason::Voicemail, "voicemail"),
    (LeftReason::Timeout, "timeout"),
    (LeftReason::Empty, "empty"),
    (LeftReason::ExitKey, "exit_key"),
    (LeftReason::Overflow, "overflow"),
    (LeftReason::Withdrawn, "withdrawn"),
    (LeftReason::Closed, "closed"),
    (LeftReason::Full, "full"),
    (LeftReason::Failed, "failed"),
    (LeftReason::Other, "other"),
];

/// The reasons for which rings are missed, with their names; a reason's number is its place here plus one.
pub const MISS_REASONS: [(MissReason, &str); 6] = [
    (MissReason::NoAnswer, "no_answer"),
    (MissReason::Rejected, "rejected"),
    (MissReason::Busy, "busy"),
    (MissReason::Dumped, "dumped"),
    (MissReason::CallerLeft, "caller_left"),
    (MissReason::Other, "other"),
];

/// The names of a list of reasons.
const fn names<T: Copy, const N: usize>(reasons: [(T, &'static str); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut n = 0;
    while n < N {
        names[n] = reasons[n].1;
        n += 1;
    }
    names
}

/// The names of [`LEFT_REASONS`].
pub(super) const LEFT_NAMES: &[&str] = &names(LEFT_REASONS);
/// The names of [`MISS_REASONS`].
pub(super) const MISS_NAMES: &[&str] = &names(MISS_REASONS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_sorted_by_what_they_are() {
        for quantity in Quantity::ALL {
            let by = quantity.by();
            assert_eq!(quantity.is_distribution(), by == By::Bucket, "{quantity:?}");
            assert_eq!(quantity.is_present(), by == By::Entry, "{quantity:?}");
            assert!(quantity.is_stock() || !quantity.is_present(), "{quantity:?}");
        }
    }

    #[test]
    fn a_quantity_is_found_again_by_its_number() {
        for quantity in Quantity::ALL {
            assert_eq!(Quantity::from_number(quantity as u8), Some(quantity));
        }
        let behind = u8::try_from(Quantity::ALL.len()).expect("a number is a byte");
        assert_eq!(Quantity::from_number(behind), None);
    }

    #[test]
    fn reasons_are_numbered_in_their_own_order() {
        for (n, (reason, _)) in LEFT_REASONS.iter().enumerate() {
            assert_eq!(*reason as usize, n);
        }
        for (n, (reason, _)) in MISS_REASONS.iter().enumerate() {
            assert_eq!(*reason as usize, n);
        }
    }
}
