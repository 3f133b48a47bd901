//! Quantities: what is added up. Measures are formulas over them; see `measure`.

use super::event::{Kind, LeftReason, MissReason};
use super::scope::ScopeKind;

/// Everything a record can book. Each is an integer: a count, or milliseconds, or thousandths of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // Each name is explained where it is used: in the catalogue of `measure`.
pub enum Quantity {
    // Queue side, of legs.
    Queued,
    Answered,
    Abandoned,
    /// Parameter: the reason.
    Left,
    Unknown,
    LostInMenu,
    AnsweredWait,
    AnsweredWaitKnown,
    AnsweredInTime,
    /// Parameter: the threshold in milliseconds.
    AnsweredWithin,
    AbandonedWait,
    AbandonedWaitKnown,
    AbandonedInTime,
    AbandonedShort,
    /// Parameter: the threshold in milliseconds.
    AbandonedWithin,
    LeftWait,
    LeftWaitKnown,
    /// Parameter: the threshold in milliseconds.
    LeftWithin,
    // Rep side, of handling.
    RepAnswered,
    /// Parameter: the reason.
    Missed,
    Handled,
    Talk,
    TalkKnown,
    Hold,
    HoldKnown,
    Wrap,
    WrapKnown,
    HandleTime,
    HandleTimeKnown,
    ClockSkew,
    FirstContactEligible,
    FirstContactResolved,
    OutboundContacts,
    OutboundHandled,
    OutboundTalk,
    OutboundTalkKnown,
    OutboundHandleTime,
    OutboundHandleTimeKnown,
    // Tickets.
    TicketsCreated,
    TicketsSolved,
    TicketSolves,
    TicketsReopened,
    TicketsSolvedAgain,
    FirstResponses,
    FirstResponseTime,
    /// Parameter: the threshold in milliseconds.
    FirstResponseDue,
    /// Parameter: the threshold in milliseconds.
    FirstResponseWithin,
    FullResolutions,
    FullResolutionTime,
    /// Parameter: the threshold in milliseconds.
    FullResolutionDue,
    /// Parameter: the threshold in milliseconds.
    FullResolutionWithin,
    // Surveys.
    SurveysOffered,
    SurveysAnswered,
    NpsAnswers,
    NpsPromoters,
    NpsDetractors,
    CsatAnswers,
    CsatSatisfied,
    CsatScore,
    SurveysUnattributed,
    // Events that tie in one record: same type, same instant, settled by id only.
    Tied,
    // Distributions: the parameter is the bucket of the sketch.
    AnsweredWaits,
    AbandonedWaits,
    LeftWaits,
    TalkTimes,
    HandleTimes,
    FirstResponseTimes,
    FullResolutionTimes,
    // A stock: who waits now. It is booked at the entry and taken back with the outcome. Parameter: the entry, in
    // milliseconds, as far as 32 bits go.
    Waiting,
}

impl Quantity {
    /// All quantities in their order: a quantity's number is its place here.
    pub const ALL: [Quantity; Quantity::Waiting as usize + 1] = {
        use Quantity::*;
        [
            Queued,
            Answered,
            Abandoned,
            Left,
            Unknown,
            LostInMenu,
            AnsweredWait,
            AnsweredWaitKnown,
            AnsweredInTime,
            AnsweredWithin,
            AbandonedWait,
            AbandonedWaitKnown,
            AbandonedInTime,
            AbandonedShort,
            AbandonedWithin,
            LeftWait,
            LeftWaitKnown,
            LeftWithin,
            RepAnswered,
            Missed,
            Handled,
            Talk,
            TalkKnown,
            Hold,
            HoldKnown,
            Wrap,
            WrapKnown,
            HandleTime,
            HandleTimeKnown,
            ClockSkew,
            FirstContactEligible,
            FirstContactResolved,
            OutboundContacts,
            OutboundHandled,
            OutboundTalk,
            OutboundTalkKnown,
            OutboundHandleTime,
            OutboundHandleTimeKnown,
            TicketsCreated,
            TicketsSolved,
            TicketSolves,
            TicketsReopened,
            TicketsSolvedAgain,
            FirstResponses,
            FirstResponseTime,
            FirstResponseDue,
            FirstResponseWithin,
            FullResolutions,
            FullResolutionTime,
            FullResolutionDue,
            FullResolutionWithin,
            SurveysOffered,
            SurveysAnswered,
            NpsAnswers,
            NpsPromoters,
            NpsDetractors,
            CsatAnswers,
            CsatSatisfied,
            CsatScore,
            SurveysUnattributed,
            Tied,
            AnsweredWaits,
            AbandonedWaits,
            LeftWaits,
            TalkTimes,
            HandleTimes,
            FirstResponseTimes,
            FullResolutionTimes,
            Waiting,
        ]
    };

    /// True for distributions: their cells are buckets, and reps have none of them.
    pub fn is_distribution(self) -> bool {
        (Quantity::AnsweredWaits..Quantity::Waiting).contains(&self)
    }

    /// True if scopes of this kind can have it: reps have nothing of the queue side, and a few things are known of the
    /// whole company only.
    pub fn is_of(self, kind: ScopeKind) -> bool {
        use Quantity::{LostInMenu, OutboundContacts, RepAnswered, SurveysUnattributed, Tied};
        match self {
            RepAnswered => kind == ScopeKind::Rep,
            LostInMenu | OutboundContacts | SurveysUnattributed | Tied => kind == ScopeKind::Company,
            Quantity::Waiting => kind != ScopeKind::Rep,
            queue_side if queue_side < RepAnswered => kind != ScopeKind::Rep,
            Quantity::TicketsCreated
            | Quantity::FirstResponseDue
            | Quantity::FirstResponseWithin
            | Quantity::FullResolutionDue
            | Quantity::FullResolutionWithin => kind != ScopeKind::Rep,
            _ => true,
        }
    }

    /// Whether records of this kind book it.
    pub fn is_booked_by(self, kind: Kind) -> bool {
        use Quantity::{
            FirstContactEligible, FirstContactResolved, SurveysOffered, SurveysUnattributed, TicketsCreated,
        };
        match self {
            Quantity::Tied => true,
            Quantity::ClockSkew => matches!(kind, Kind::Contact | Kind::Ticket),
            FirstContactEligible | FirstContactResolved => kind == Kind::Customer,
            Quantity::FirstResponseTimes | Quantity::FullResolutionTimes => kind == Kind::Ticket,
            survey if (SurveysOffered..=SurveysUnattributed).contains(&survey) => kind == Kind::Survey,
            ticket if (TicketsCreated..SurveysOffered).contains(&ticket) => kind == Kind::Ticket,
            _ => kind == Kind::Contact,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_found_again_by_its_number() {
        for quantity in Quantity::ALL {
            assert_eq!(Quantity::from_number(quantity as u8), Some(quantity));
        }
        assert_eq!(Quantity::from_number(200), None);
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
