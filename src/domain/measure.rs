//! The catalogue of measures: every figure the program publishes, its formula and its edges, in one place.
//!
//! Names, help texts, the `definitions` command and DEFINITIONS.md come from here.

use super::amounts::Amounts;
use super::event::Kind;
use super::quantity::{Cell, LEFT_REASONS, MISS_REASONS, Quantity as Q};
use super::roster::Queue;
use super::scope::ScopeKind;
use super::settings::{AbandonRate, ServiceLevel, Settings};
use super::sketch::Sketch;
use super::time::Span;

/// The unit of a measure's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Seconds; numerators are seconds too.
    Seconds,
    /// A share between 0 and 1.
    Ratio,
    /// A mean share of the best score, between 0 and 1; numerators are thousandths of it.
    Score,
    /// Points between -100 and 100.
    Points,
}

impl Unit {
    /// The unit as reports and metric names write it.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Seconds => "seconds",
            Unit::Ratio | Unit::Score => "ratio",
            Unit::Points => "points",
        }
    }

    /// How many parts of the integer numerator make one of the unit.
    pub fn parts(self) -> i64 {
        match self {
            Unit::Seconds | Unit::Score => 1000,
            Unit::Count | Unit::Ratio | Unit::Points => 1,
        }
    }
}

/// To whom a measure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The queue, its team and up; never a rep.
    Queue,
    /// The rep, the rep's team at that instant and up; the queue itself too, but not the queue's team.
    Rep,
    /// `answered`: the queue side, and the answering rep at rep level only.
    QueueAndRep,
    /// The company only.
    Company,
}

impl Side {
    /// The side in words.
    pub fn text(self) -> &'static str {
        match self {
            Side::Queue => "queue, its team and up",
            Side::Rep => "rep, the rep's team then and up, and the queue itself",
            Side::QueueAndRep => "queue, its team and up; the answering rep at rep level only",
            Side::Company => "company",
        }
    }
    fn has(self, kind: ScopeKind) -> bool {
        match self {
            Side::Queue => kind != ScopeKind::Rep,
            Side::Rep | Side::QueueAndRep => true,
            Side::Company => kind == ScopeKind::Company,
        }
    }
}

/// How a value is made of quantities.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Formula {
    /// The sum of these.
    Sum(&'static [Q]),
    /// The sum of a quantity over all its parameters but those named by number.
    SumOver(Q, &'static [u32]),
    /// One parameter of a quantity; the definition is repeated for each reason.
    Reason(Q, &'static [&'static str]),
    /// (known - within) at each threshold of the family.
    Beyond(&'static [Q], &'static [Q], Thresholds),
    /// Sum of the first over sum of the second.
    Ratio(&'static [Q], &'static [Q]),
    /// Within over known, at each threshold of the family.
    Within(&'static [Q], &'static [Q], Thresholds),
    /// Within over due, both at the threshold.
    Due(Q, Q, Thresholds),
    /// Statistics of a duration: mean from sum and count, percentiles from the sketches.
    Duration { sum: &'static [Q], known: &'static [Q], sketch: &'static [Q] },
    /// The configured service level.
    ServiceLevel,
    /// The configured abandon rate.
    AbandonRate,
    /// 100 * (promoters - detractors) / answers.
    Nps,
}

/// The families of configured thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thresholds {
    /// `measures.wait_thresholds`.
    Wait,
    /// `measures.response_thresholds`.
    Response,
    /// `measures.resolution_thresholds`.
    Resolution,
    /// `measures.service_level.threshold`.
    ServiceLevel,
    /// `measures.short_abandon`.
    ShortAbandon,
}

impl Thresholds {
    /// All families.
    pub const ALL: [Thresholds; 5] = [
        Thresholds::Wait,
        Thresholds::Response,
        Thresholds::Resolution,
        Thresholds::ServiceLevel,
        Thresholds::ShortAbandon,
    ];

    /// The thresholds configured for this family.
    pub fn of(self, settings: &Settings) -> &[Span] {
        match self {
            Thresholds::Wait => &settings.wait_thresholds,
            Thresholds::Response => &settings.response_thresholds,
            Thresholds::Resolution => &settings.resolution_thresholds,
            Thresholds::ServiceLevel => std::slice::from_ref(&settings.service_level_threshold),
            Thresholds::ShortAbandon => std::slice::from_ref(&settings.short_abandon),
        }
    }

    /// True for the families of which a queue may have a threshold of its own.
    pub fn is_of_queues(self) -> bool {
        matches!(self, Thresholds::ServiceLevel | Thresholds::ShortAbandon)
    }

    /// The threshold that a queue has instead of the settings'.
    pub fn of_queue(self, queue: &Queue) -> Option<Span> {
        match self {
            Thresholds::ServiceLevel => queue.service_level_threshold,
            Thresholds::ShortAbandon => queue.short_abandon,
            Thresholds::Wait | Thresholds::Response | Thresholds::Resolution => None,
        }
    }

    /// The kind of record that counts them.
    pub fn kind(self) -> Kind {
        match self {
            Thresholds::Response | Thresholds::Resolution => Kind::Ticket,
            Thresholds::Wait | Thresholds::ServiceLevel | Thresholds::ShortAbandon => Kind::Contact,
        }
    }
}

/// One entry of the catalogue; with parameters it stands for several measures.
#[derive(Debug)]
pub struct Definition {
    /// The name, with `{X}` for a threshold, `{reason}` for a reason, `{statistic}` for mean, p50, ..., max.
    pub name: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// Unit of the value.
    pub unit: Unit,
    /// To whom it counts.
    pub side: Side,
    /// The formula in words.
    pub formula_text: &'static str,
    /// When it is counted.
    pub instant: &'static str,
    /// What decides in odd cases.
    pub edges: &'static str,
    /// Who defines it so.
    pub source: &'static str,
    formula: Formula,
}

/// A statistic of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// Sum over count.
    Mean,
    /// The nearest-rank percentile.
    Percentile(u8),
    /// The upper bound of the highest occupied bucket.
    Maximum,
}

const STATISTICS: [(Statistic, &str); 6] = [
    (Statistic::Mean, "mean"),
    (Statistic::Percentile(50), "p50"),
    (Statistic::Percentile(90), "p90"),
    (Statistic::Percentile(95), "p95"),
    (Statistic::Percentile(99), "p99"),
    (Statistic::Maximum, "max"),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Parameter {
    None,
    Number(u32),
    Statistic(Statistic),
}

/// One measure that can be asked for by name.
#[derive(Clone, Debug)]
pub struct Measure {
    /// The name, parameters filled in: `wait_answered_within_20s`.
    pub name: String,
    /// Its entry in the catalogue.
    pub definition: &'static Definition,
    parameter: Parameter,
}

impl PartialEq for Measure {
    fn eq(&self, other: &Measure) -> bool {
        self.name == other.name
    }
}

/// What one measure says of one scope and window.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Figure {
    /// The value in the measure's unit; `None` is no data.
    pub value: Option<f64>,
    /// The upper half: a count, or milliseconds where the unit is seconds ([`Unit::parts`]). Counts have it alone.
    pub numerator: Option<i64>,
    /// The lower half: how many things the value is about.
    pub denominator: Option<i64>,
    /// How many things were looked at.
    pub sample: i64,
}

const LEFT_NAMES: &[&str] = &{
    let mut names = [""; LEFT_REASONS.len()];
    let mut n = 0;
    while n < names.len() {
        names[n] = LEFT_REASONS[n].1;
        n += 1;
    }
    names
};
const MISS_NAMES: &[&str] = &{
    let mut names = [""; MISS_REASONS.len()];
    let mut n = 0;
    while n < names.len() {
        names[n] = MISS_REASONS[n].1;
        n += 1;
    }
    names
};
/// The number of "the caller left while it rang": no rep missed that.
const CALLER_LEFT: u32 = 5;

const WAIT_SUMS: &[Q] = &[Q::AnsweredWait, Q::AbandonedWait, Q::LeftWait];
const WAIT_KNOWN: &[Q] = &[Q::AnsweredWaitKnown, Q::AbandonedWaitKnown, Q::LeftWaitKnown];
const WAIT_WITHIN: &[Q] = &[Q::AnsweredWithin, Q::AbandonedWithin, Q::LeftWithin];
const WAIT_SKETCHES: &[Q] = &[Q::AnsweredWaits, Q::AbandonedWaits, Q::LeftWaits];

/// The catalogue, in the order of its documentation.
pub static CATALOGUE: &[Definition] = &[
    Definition {
        name: "queued",
        meaning: "Contacts that entered a queue.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "queue entries",
        instant: "the entry, or the outcome if that is earlier",
        edges: "One contact counts once for each of its legs. Inbound only.",
        source: "Amazon Connect, CONTACTS_QUEUED",
        formula: Formula::Sum(&[Q::Queued]),
    },
    Definition {
        name: "offered",
        meaning: "Legs that reached an outcome.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "answered + abandoned + left + unknown",
        instant: "the outcome",
        edges: "Not the rings at a rep. Inbound only.",
        source: "Genesys Cloud, nOffered",
        formula: Formula::Sum(&[Q::Answered, Q::Abandoned, Q::Left, Q::Unknown]),
    },
    Definition {
        name: "answered",
        meaning: "Legs that were connected to somebody.",
        unit: Unit::Count,
        side: Side::QueueAndRep,
        formula_text: "answered legs; for a rep, handlings begun",
        instant: "the answer",
        edges: "`contact.ended` that names a rep or talk proves an answer. An answer without a rep counts to nobody.",
        source: "Amazon Connect; rules 3 and 6",
        formula: Formula::Sum(&[Q::Answered, Q::RepAnswered]),
    },
    Definition {
        name: "abandoned",
        meaning: "Legs in which the customer gave up waiting, short ones included.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "abandoned legs",
        instant: "the outcome",
        edges: "Never counted against a rep, also not when a phone was ringing.",
        source: "Amazon Connect, CONTACTS_ABANDONED",
        formula: Formula::Sum(&[Q::Abandoned]),
    },
    Definition {
        name: "short_abandons",
        meaning: "Abandons after a wait of at most the short-abandon limit of the queue.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "abandoned legs with wait <= limit",
        instant: "the outcome",
        edges: "An abandon with an unknown wait is not short.",
        source: "Genesys Cloud, NICE",
        formula: Formula::Sum(&[Q::AbandonedShort]),
    },
    Definition {
        name: "abandoned_beyond_{X}",
        meaning: "Abandons after a wait longer than X.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "abandoned legs with a known wait - those with wait <= X",
        instant: "the outcome",
        edges: "An abandon with an unknown wait is in no figure of waits.",
        source: "Amazon Connect, presets of abandoned within X",
        formula: Formula::Beyond(&[Q::AbandonedWaitKnown], &[Q::AbandonedWithin], Thresholds::Wait),
    },
    Definition {
        name: "left",
        meaning: "Legs that left the queue another way: neither answered nor abandoned.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "left legs of every reason",
        instant: "the outcome",
        edges: "Failures of the platform are among them.",
        source: "Genesys Cloud, flow-outs",
        formula: Formula::SumOver(Q::Left, &[]),
    },
    Definition {
        name: "left_{reason}",
        meaning: "Legs that left the queue for one reason.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "left legs of the reason",
        instant: "the outcome",
        edges: "A reason that the vocabulary does not know counts as other.",
        source: "Asterisk queue_log",
        formula: Formula::Reason(Q::Left, LEFT_NAMES),
    },
    Definition {
        name: "unknown",
        meaning: "Legs whose outcome nobody told.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "legs ended otherwise than by the customer while queued, or without an end for the longest wait",
        instant: "the end, or the entry + the longest wait",
        edges: "In no ratio's denominator.",
        source: "rules 3",
        formula: Formula::Sum(&[Q::Unknown]),
    },
    Definition {
        name: "lost_in_menu",
        meaning: "Contacts that ended before they reached any queue or rep.",
        unit: Unit::Count,
        side: Side::Company,
        formula_text: "contacts that ended without a queue and without an answer",
        instant: "the end",
        edges: "Not an abandon. Inbound only.",
        source: "Twilio Flex Insights",
        formula: Formula::Sum(&[Q::LostInMenu]),
    },
    Definition {
        name: "wait_answered_{statistic}",
        meaning: "How long answered contacts waited in the queue.",
        unit: Unit::Seconds,
        side: Side::Queue,
        formula_text: "wait of answered legs",
        instant: "the outcome",
        edges: "A negative difference counts 0 and as clock skew. Unknown waits are left out.",
        source: "rules 3 and 6",
        formula: Formula::Duration {
            sum: &[Q::AnsweredWait],
            known: &[Q::AnsweredWaitKnown],
            sketch: &[Q::AnsweredWaits],
        },
    },
    Definition {
        name: "asa",
        meaning: "Average speed of answer: the mean wait of answered contacts.",
        unit: Unit::Seconds,
        side: Side::Queue,
        formula_text: "sum of waits of answered legs / answered legs with a known wait",
        instant: "the outcome",
        edges: "Ring time is part of the wait.",
        source: "Amazon Connect, average queue answer time",
        formula: Formula::Ratio(&[Q::AnsweredWait], &[Q::AnsweredWaitKnown]),
    },
    Definition {
        name: "wait_abandoned_{statistic}",
        meaning: "How long customers waited before they gave up.",
        unit: Unit::Seconds,
        side: Side::Queue,
        formula_text: "wait of abandoned legs",
        instant: "the outcome",
        edges: "As for answered.",
        source: "rules 6",
        formula: Formula::Duration {
            sum: &[Q::AbandonedWait],
            known: &[Q::AbandonedWaitKnown],
            sketch: &[Q::AbandonedWaits],
        },
    },
    Definition {
        name: "wait_all_{statistic}",
        meaning: "How long contacts waited, whatever became of them.",
        unit: Unit::Seconds,
        side: Side::Queue,
        formula_text: "wait of answered, abandoned and left legs",
        instant: "the outcome",
        edges: "Legs of unknown outcome have no wait.",
        source: "Wazo queue statistics",
        formula: Formula::Duration { sum: WAIT_SUMS, known: WAIT_KNOWN, sketch: WAIT_SKETCHES },
    },
    Definition {
        name: "wait_answered_within_{X}",
        meaning: "Share of answered contacts that waited at most X.",
        unit: Unit::Ratio,
        side: Side::Queue,
        formula_text: "answered legs with wait <= X / answered legs with a known wait",
        instant: "the outcome",
        edges: "Exact, not from the sketch. A new X has no value for windows that reach into closed books.",
        source: "Asterisk, inclusive",
        formula: Formula::Within(&[Q::AnsweredWithin], &[Q::AnsweredWaitKnown], Thresholds::Wait),
    },
    Definition {
        name: "wait_abandoned_within_{X}",
        meaning: "Share of abandons that came within X.",
        unit: Unit::Ratio,
        side: Side::Queue,
        formula_text: "abandoned legs with wait <= X / abandoned legs with a known wait",
        instant: "the outcome",
        edges: "Exact, not from the sketch.",
        source: "Amazon Connect",
        formula: Formula::Within(&[Q::AbandonedWithin], &[Q::AbandonedWaitKnown], Thresholds::Wait),
    },
    Definition {
        name: "wait_all_within_{X}",
        meaning: "Share of contacts that waited at most X, whatever became of them.",
        unit: Unit::Ratio,
        side: Side::Queue,
        formula_text: "answered, abandoned and left legs with wait <= X / those with a known wait",
        instant: "the outcome",
        edges: "Exact, not from the sketch.",
        source: "rules 6",
        formula: Formula::Within(WAIT_WITHIN, WAIT_KNOWN, Thresholds::Wait),
    },
    Definition {
        name: "service_level",
        meaning: "Share of contacts served in time, by the configured formula.",
        unit: Unit::Ratio,
        side: Side::Queue,
        formula_text: "see the formulas of service level",
        instant: "the outcome",
        edges: "In time is wait <= the threshold of the queue. Unknown and left legs are in no half.",
        source: "ICMI; the formulas name their users",
        formula: Formula::ServiceLevel,
    },
    Definition {
        name: "abandon_rate",
        meaning: "Share of contacts in which the customer gave up, by the configured formula.",
        unit: Unit::Ratio,
        side: Side::Queue,
        formula_text: "see the formulas of abandon rate",
        instant: "the outcome",
        edges: "Unknown legs are in no half.",
        source: "Genesys Cloud, Google CCAI",
        formula: Formula::AbandonRate,
    },
    Definition {
        name: "missed",
        meaning: "Rings that a rep did not answer.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "missed rings of every reason but caller_left",
        instant: "the end of the ring",
        edges: "A customer who leaves while it rings is not the rep's miss.",
        source: "Amazon Connect, agent non-response",
        formula: Formula::SumOver(Q::Missed, &[CALLER_LEFT]),
    },
    Definition {
        name: "missed_{reason}",
        meaning: "Rings that ended without an answer for one reason.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "missed rings of the reason",
        instant: "the end of the ring",
        edges: "A reason that the vocabulary does not know counts as other.",
        source: "Asterisk queue_log, RINGNOANSWER and RINGCANCELED",
        formula: Formula::Reason(Q::Missed, MISS_NAMES),
    },
    Definition {
        name: "handled",
        meaning: "Inbound contacts that a rep finished handling.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "handlings: from answered to ended, one for each rep and time",
        instant: "the end of after-contact work, else of talk",
        edges: "A handling that nobody ended is not handled yet.",
        source: "Amazon Connect, CONTACTS_HANDLED",
        formula: Formula::Sum(&[Q::Handled]),
    },
    Definition {
        name: "talk_time_{statistic}",
        meaning: "Connected time less hold.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "talk of handlings with a known talk",
        instant: "as handled",
        edges: "A transfer does not end talk. Holds are cut at the end of talk.",
        source: "Amazon Connect, Genesys Cloud",
        formula: Formula::Duration { sum: &[Q::Talk], known: &[Q::TalkKnown], sketch: &[Q::TalkTimes] },
    },
    Definition {
        name: "hold_time_mean",
        meaning: "Hold a handled contact, those without hold included.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "sum of hold / handlings with a known hold",
        instant: "as handled",
        edges: "Not the mean of contacts with hold.",
        source: "Amazon Connect, ..._ALL_CONTACTS",
        formula: Formula::Ratio(&[Q::Hold], &[Q::HoldKnown]),
    },
    Definition {
        name: "wrap_time_mean",
        meaning: "After-contact work a handled contact, those without any included.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "sum of after-contact work / handlings in which it is known",
        instant: "as handled",
        edges: "None told is 0; told as unknown is left out.",
        source: "Amazon Connect",
        formula: Formula::Ratio(&[Q::Wrap], &[Q::WrapKnown]),
    },
    Definition {
        name: "handle_time_{statistic}",
        meaning: "Talk, hold and after-contact work together; its mean is the AHT.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "talk + hold + after-contact work of handlings in which all are known",
        instant: "as handled",
        edges: "The whole of it counts where after-contact work ends.",
        source: "Genesys Cloud, tHandle",
        formula: Formula::Duration { sum: &[Q::HandleTime], known: &[Q::HandleTimeKnown], sketch: &[Q::HandleTimes] },
    },
    Definition {
        name: "first_contact_resolution",
        meaning: "Share of answered contacts after which the customer did not come back within the window.",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "answered inbound contacts with a customer and no later inbound contact of that customer within \
                       the first-contact window / answered inbound contacts with a customer",
        instant: "the contact's first event, once the window has passed",
        edges: "Any inbound contact is a repeat, abandoned or lost in the menu too. Credit: the last handling rep.",
        source: "SQM, QueueMetrics; the window: callcentrehelper.com",
        formula: Formula::Ratio(&[Q::FirstContactResolved], &[Q::FirstContactEligible]),
    },
    Definition {
        name: "outbound_contacts",
        meaning: "Contacts that the centre began.",
        unit: Unit::Count,
        side: Side::Company,
        formula_text: "contacts with direction outbound",
        instant: "the first event",
        edges: "In none of the inbound measures.",
        source: "events: contacts",
        formula: Formula::Sum(&[Q::OutboundContacts]),
    },
    Definition {
        name: "outbound_handled",
        meaning: "Outbound contacts that a rep finished handling.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "handlings of outbound contacts",
        instant: "as handled",
        edges: "As handled.",
        source: "events: contacts",
        formula: Formula::Sum(&[Q::OutboundHandled]),
    },
    Definition {
        name: "outbound_talk_time_mean",
        meaning: "Talk of an outbound contact.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "sum of talk / outbound handlings with a known talk",
        instant: "as handled",
        edges: "As talk time.",
        source: "events: contacts",
        formula: Formula::Ratio(&[Q::OutboundTalk], &[Q::OutboundTalkKnown]),
    },
    Definition {
        name: "outbound_handle_time_mean",
        meaning: "Handle time of an outbound contact.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "sum of handle time / outbound handlings in which it is known",
        instant: "as handled",
        edges: "As handle time.",
        source: "events: contacts",
        formula: Formula::Ratio(&[Q::OutboundHandleTime], &[Q::OutboundHandleTimeKnown]),
    },
    Definition {
        name: "clock_skew",
        meaning: "Durations that came out negative and were counted as 0.",
        unit: Unit::Count,
        side: Side::QueueAndRep,
        formula_text: "negative waits, talks, holds, after-contact works, first responses and full resolutions",
        instant: "as the duration",
        edges: "Clocks of one log may disagree by seconds.",
        source: "rules 3",
        formula: Formula::Sum(&[Q::ClockSkew]),
    },
    Definition {
        name: "tied_events",
        meaning: "Events of one record, type and instant, whose order only their ids settle.",
        unit: Unit::Count,
        side: Side::Company,
        formula_text: "events beyond the first of each such group",
        instant: "the events' own",
        edges: "`seq` is the mend.",
        source: "rules 2",
        formula: Formula::Sum(&[Q::Tied]),
    },
    Definition {
        name: "tickets_created",
        meaning: "Tickets that came into being.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "tickets created",
        instant: "the creation",
        edges: "A deleted ticket is none; a merged one was created all the same.",
        source: "Zendesk",
        formula: Formula::Sum(&[Q::TicketsCreated]),
    },
    Definition {
        name: "tickets_solved",
        meaning: "Tickets that are solved, each once.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "tickets whose status is solved or closed",
        instant: "the last solve",
        edges: "Reopened and not solved again: not solved. Closed without having been solved: solved when closed. Credit: \
                the rep who acted, else the holder.",
        source: "rules and events: tickets",
        formula: Formula::Sum(&[Q::TicketsSolved]),
    },
    Definition {
        name: "ticket_solves",
        meaning: "Solves, each of them.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "times a ticket went from not done to solved or closed",
        instant: "the solve",
        edges: "From solved to closed is no solve.",
        source: "events: tickets",
        formula: Formula::Sum(&[Q::TicketSolves]),
    },
    Definition {
        name: "tickets_reopened",
        meaning: "Solves that were undone by a reopening.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "solves followed by a status that is neither solved nor closed",
        instant: "the solve that was undone",
        edges: "Credit: who had solved it, not who holds it now.",
        source: "fivetran/dbt_zendesk",
        formula: Formula::Sum(&[Q::TicketsReopened]),
    },
    Definition {
        name: "reopen_rate",
        meaning: "Share of solves that were undone.",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "tickets_reopened / ticket_solves",
        instant: "the solve, both halves",
        edges: "As tickets_reopened.",
        source: "rules 6",
        formula: Formula::Ratio(&[Q::TicketsReopened], &[Q::TicketSolves]),
    },
    Definition {
        name: "tickets_solved_again",
        meaning: "Tickets that were solved more than once.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "solved tickets with two or more solves",
        instant: "the last solve",
        edges: "As tickets_solved.",
        source: "events: tickets",
        formula: Formula::Sum(&[Q::TicketsSolvedAgain]),
    },
    Definition {
        name: "first_response_{statistic}",
        meaning: "From creation to the first public message of a rep, on the calendar clock.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "first public rep message - creation",
        instant: "the reply",
        edges: "Bots and the system do not reply. A deleted message is none; a note made public replies then. A reply \
                before the creation counts 0, and as clock skew. Credit: who replied.",
        source: "Zendesk, first reply time",
        formula: Formula::Duration {
            sum: &[Q::FirstResponseTime],
            known: &[Q::FirstResponses],
            sketch: &[Q::FirstResponseTimes],
        },
    },
    Definition {
        name: "first_response_within_{X}",
        meaning: "Share of tickets with a first response within X.",
        unit: Unit::Ratio,
        side: Side::Queue,
        formula_text: "replied within X / (replied within X + X has passed without a reply)",
        instant: "the earlier of the reply and creation + X",
        edges: "What is never answered misses too. Merged and deleted tickets are in no half.",
        source: "rules 6",
        formula: Formula::Due(Q::FirstResponseWithin, Q::FirstResponseDue, Thresholds::Response),
    },
    Definition {
        name: "full_resolution_{statistic}",
        meaning: "From creation to the last solve, on the calendar clock.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "last solve - creation",
        instant: "the last solve",
        edges: "Only while the ticket is solved. A later automatic close does not move it.",
        source: "Zendesk, full resolution time",
        formula: Formula::Duration {
            sum: &[Q::FullResolutionTime],
            known: &[Q::FullResolutions],
            sketch: &[Q::FullResolutionTimes],
        },
    },
    Definition {
        name: "full_resolution_within_{X}",
        meaning: "Share of tickets solved for good within X.",
        unit: Unit::Ratio,
        side: Side::Queue,
        formula_text: "solved within X / (solved within X + X has passed unsolved)",
        instant: "the earlier of the last solve and creation + X",
        edges: "What is never solved misses too. Merged and deleted tickets are in no half.",
        source: "rules 6",
        formula: Formula::Due(Q::FullResolutionWithin, Q::FullResolutionDue, Thresholds::Resolution),
    },
    Definition {
        name: "surveys_offered",
        meaning: "Surveys put to customers.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "surveys offered",
        instant: "the offer",
        edges: "Credit: the last handling rep of the contact or ticket, unless the survey names one.",
        source: "Zendesk",
        formula: Formula::Sum(&[Q::SurveysOffered]),
    },
    Definition {
        name: "survey_response_rate",
        meaning: "Share of offered surveys that were answered.",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "offered surveys with an answer / offered surveys",
        instant: "the offer, both halves",
        edges: "An answer to a survey that nobody offered is in no half.",
        source: "rules 6",
        formula: Formula::Ratio(&[Q::SurveysAnswered], &[Q::SurveysOffered]),
    },
    Definition {
        name: "csat",
        meaning: "Share of satisfied answers (top box).",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "csat answers with score >= 80 % of the best / csat answers",
        instant: "the answer",
        edges: "On five points 4 and 5 are satisfied. A changed rating replaces the former.",
        source: "Zendesk, Chatwoot",
        formula: Formula::Ratio(&[Q::CsatSatisfied], &[Q::CsatAnswers]),
    },
    Definition {
        name: "csat_score_mean",
        meaning: "Mean satisfaction as a share of the best score.",
        unit: Unit::Score,
        side: Side::Rep,
        formula_text: "sum of score / best score, in thousandths / (1000 * csat answers)",
        instant: "the answer",
        edges: "Scales of different length are made comparable by their best score.",
        source: "Chatwoot",
        formula: Formula::Ratio(&[Q::CsatScore], &[Q::CsatAnswers]),
    },
    Definition {
        name: "nps",
        meaning: "Net promoter score.",
        unit: Unit::Points,
        side: Side::Rep,
        formula_text: "100 * (answers of 9 and 10 - answers of 0 to 6) / answers",
        instant: "the answer",
        edges: "Sevens and eights stay in the denominator.",
        source: "Bain",
        formula: Formula::Nps,
    },
    Definition {
        name: "surveys_unattributed",
        meaning: "Surveys that name a contact or ticket of which nothing is known.",
        unit: Unit::Count,
        side: Side::Company,
        formula_text: "surveys whose contact or ticket has no events (it expired, or never came)",
        instant: "the survey's first event",
        edges: "They count for the company, and for the rep or queue that they name themselves.",
        source: "rules 4",
        formula: Formula::Sum(&[Q::SurveysUnattributed]),
    },
];

/// Every measure under these settings, in the order of the catalogue, thresholds ascending.
pub fn measures(settings: &Settings) -> Vec<Measure> {
    CATALOGUE.iter().flat_map(|definition| definition.measures(settings)).collect()
}

impl Definition {
    /// The measures that this entry stands for under these settings.
    pub fn measures(&'static self, settings: &Settings) -> Vec<Measure> {
        let one = |name: String, parameter| Measure { name, definition: self, parameter };
        match self.formula {
            Formula::Reason(_, names) => (1..)
                .zip(names)
                .map(|(n, name)| one(self.name.replace("{reason}", name), Parameter::Number(n)))
                .collect(),
            Formula::Beyond(_, _, family) | Formula::Within(_, _, family) | Formula::Due(_, _, family) => {
                let mut thresholds = family.of(settings).to_vec();
                thresholds.sort_unstable();
                thresholds.dedup();
                thresholds
                    .into_iter()
                    .map(|x| one(self.name.replace("{X}", &short(x)), Parameter::Number(threshold_number(x))))
                    .collect()
            }
            Formula::Duration { .. } => STATISTICS
                .iter()
                .map(|(statistic, name)| one(self.name.replace("{statistic}", name), Parameter::Statistic(*statistic)))
                .collect(),
            _ => vec![one(self.name.to_owned(), Parameter::None)],
        }
    }
}

/// A threshold as the parameter of a cell: milliseconds. `config` refuses what does not fit, some 49 days.
pub fn threshold_number(threshold: Span) -> u32 {
    u32::try_from(threshold.0).unwrap_or(u32::MAX)
}

/// A span as short as it can be written exactly: `20s`, `4h`, `1500ms`.
pub fn short(span: Span) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    // 24 h reads better than 1 d, and 60 s better than 1 m: the field speaks of "within 60 seconds".
    let fits = |(size, _): &&(i64, &str)| span.0 % size == 0 && (span.0 >= 2 * size || *size == 1000);
    match units.iter().find(fits) {
        Some((size, unit)) => format!("{}{unit}", span.0 / size),
        None => format!("{}ms", span.0),
    }
}

impl Measure {
    /// The measure called `name` under these settings.
    pub fn named(name: &str, settings: &Settings) -> Option<Measure> {
        measures(settings).into_iter().find(|measure| measure.name == name)
    }

    /// Whether scopes of this kind have the measure. Reps have no percentiles: their samples are too small.
    pub fn has(&self, kind: ScopeKind) -> bool {
        let percentile = matches!(self.parameter, Parameter::Statistic(s) if s != Statistic::Mean);
        self.definition.side.has(kind) && !(percentile && kind == ScopeKind::Rep)
    }

    /// The thresholds that must have been counted all along for the measure to have a value.
    pub fn thresholds(&self, settings: &Settings) -> Vec<(Thresholds, u32)> {
        let configured = |family: Thresholds| (family, family.of(settings).first().map_or(0, |x| threshold_number(*x)));
        let (in_time, short) = (configured(Thresholds::ServiceLevel), configured(Thresholds::ShortAbandon));
        match (self.definition.formula, self.parameter) {
            (
                Formula::Beyond(_, _, family) | Formula::Within(_, _, family) | Formula::Due(_, _, family),
                Parameter::Number(x),
            ) => vec![(family, x)],
            (Formula::Sum([Q::AbandonedShort]), _) => vec![short],
            (Formula::ServiceLevel, _) => match settings.service_level {
                ServiceLevel::ShortAbandonsPositive | ServiceLevel::OfferedMinusShort => vec![in_time, short],
                _ => vec![in_time],
            },
            (Formula::AbandonRate, _) if settings.abandon_rate == AbandonRate::WithoutShort => vec![short],
            _ => Vec::new(),
        }
    }

    /// What the totals of a window say.
    pub fn figure(&self, totals: &Amounts, settings: &Settings) -> Figure {
        let number = match self.parameter {
            Parameter::Number(n) => n,
            Parameter::None | Parameter::Statistic(_) => 0,
        };
        match self.definition.formula {
            Formula::Sum(quantities) => count(quantities.iter().map(|q| over(totals, *q, &[])).sum()),
            Formula::SumOver(quantity, without) => count(over(totals, quantity, without)),
            Formula::Reason(quantity, _) => count(totals.get(Cell::with(quantity, number))),
            Formula::Beyond(known, within, _) => count(sum_of(totals, known, 0) - sum_of(totals, within, number)),
            Formula::Ratio(upper, lower) => self.over(sum_of(totals, upper, 0), sum_of(totals, lower, 0)),
            Formula::Within(within, known, _) => self.over(sum_of(totals, within, number), sum_of(totals, known, 0)),
            Formula::Due(within, due, _) => {
                self.over(sum_of(totals, &[within], number), sum_of(totals, &[due], number))
            }
            Formula::Duration { sum, known, sketch } => self.duration(totals, sum, known, sketch),
            Formula::ServiceLevel => {
                let (upper, lower) = service_level(totals, settings.service_level);
                self.over(upper, lower)
            }
            Formula::AbandonRate => {
                let (upper, lower) = abandon_rate(totals, settings.abandon_rate);
                self.over(upper, lower)
            }
            Formula::Nps => {
                let get = |q| totals.get(Cell::plain(q));
                self.over(get(Q::NpsPromoters) - get(Q::NpsDetractors), get(Q::NpsAnswers))
            }
        }
    }

    fn over(&self, upper: i64, lower: i64) -> Figure {
        let scale = match self.definition.unit {
            Unit::Points => 100.0,
            unit => 1.0 / unit.parts() as f64,
        };
        Figure {
            value: (lower > 0).then(|| upper as f64 / lower as f64 * scale),
            numerator: (lower > 0).then_some(upper),
            denominator: Some(lower),
            sample: lower,
        }
    }

    fn duration(&self, totals: &Amounts, sum: &[Q], known: &[Q], sketch: &[Q]) -> Figure {
        let Parameter::Statistic(statistic) = self.parameter else { return Figure::default() };
        if statistic == Statistic::Mean {
            return self.over(sum_of(totals, sum, 0), sum_of(totals, known, 0));
        }
        let merged = Sketch::of(totals, sketch);
        let millis = match statistic {
            Statistic::Percentile(per_cent) => merged.quantile(i64::from(per_cent)),
            Statistic::Mean | Statistic::Maximum => merged.maximum(),
        };
        Figure { value: millis.map(|ms| ms / 1000.0), numerator: None, denominator: None, sample: merged.total() }
    }
}

/// What quantities add up to, each with this parameter.
fn sum_of(totals: &Amounts, quantities: &[Q], parameter: u32) -> i64 {
    quantities.iter().map(|q| totals.get(Cell::with(*q, parameter))).sum()
}

/// What a quantity adds up to over its parameters, without some of them.
fn over(totals: &Amounts, quantity: Q, without: &[u32]) -> i64 {
    totals.of(quantity).iter().filter(|(cell, _)| !without.contains(&cell.parameter)).map(|(_, n)| n).sum()
}

fn count(n: i64) -> Figure {
    Figure { value: Some(n as f64), numerator: Some(n), denominator: None, sample: n }
}

fn service_level(totals: &Amounts, formula: ServiceLevel) -> (i64, i64) {
    let get = |q| totals.get(Cell::plain(q));
    let (answered, abandoned) = (get(Q::Answered), get(Q::Abandoned));
    let in_time = get(Q::AnsweredInTime);
    match formula {
        ServiceLevel::AnsweredPlusAbandoned => (in_time + get(Q::AbandonedInTime), answered + abandoned),
        ServiceLevel::AnsweredOnly => (in_time, answered),
        ServiceLevel::Offered => (in_time, answered + abandoned),
        ServiceLevel::OfferedMinusEarlyAbandons => (in_time, answered + abandoned - get(Q::AbandonedInTime)),
        ServiceLevel::ShortAbandonsPositive => (in_time + get(Q::AbandonedShort), answered + abandoned),
        ServiceLevel::OfferedMinusShort => (in_time, answered + abandoned - get(Q::AbandonedShort)),
    }
}

fn abandon_rate(totals: &Amounts, formula: AbandonRate) -> (i64, i64) {
    let get = |q| totals.get(Cell::plain(q));
    let (answered, abandoned) = (get(Q::Answered), get(Q::Abandoned));
    match formula {
        AbandonRate::Offered => (abandoned, answered + abandoned + over(totals, Q::Left, &[])),
        AbandonRate::AnsweredPlusAbandoned => (abandoned, answered + abandoned),
        AbandonRate::WithoutShort => {
            let short = get(Q::AbandonedShort);
            (abandoned - short, answered + abandoned - short)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The worked data set of the field: answered 1000, abandoned 60; answered within 20 s 860; abandoned within 20 s
    // 20; abandoned within 5 s (short) 10.
    fn worked_data_set() -> Amounts {
        let amounts = [
            (Q::Answered, 1000),
            (Q::Abandoned, 60),
            (Q::AnsweredInTime, 860),
            (Q::AbandonedInTime, 20),
            (Q::AbandonedShort, 10),
        ];
        Amounts::new(amounts.map(|(quantity, n)| (Cell::plain(quantity), n)).into())
    }

    #[test]
    fn each_formula_of_service_level_gives_the_published_result() {
        let published = [0.8302, 0.8600, 0.8113, 0.8269, 0.8208, 0.8190];
        for (formula, want) in ServiceLevel::ALL.into_iter().zip(published) {
            let settings = Settings { service_level: formula, ..Settings::default() };
            let measure = Measure::named("service_level", &settings).expect("is in the catalogue");
            let found = measure.figure(&worked_data_set(), &settings).value.expect("has data");
            assert!((found - want).abs() < 0.00005, "{}: {found}, not {want}", formula.id());
        }
    }

    #[test]
    fn no_data_is_not_zero() {
        let settings = Settings::default();
        for measure in measures(&settings) {
            let figure = measure.figure(&Amounts::default(), &settings);
            match measure.definition.unit {
                Unit::Count => assert_eq!(figure.value, Some(0.0), "{}", measure.name),
                _ => assert_eq!(figure.value, None, "{}", measure.name),
            }
        }
    }

    #[test]
    fn names_are_unique_and_complete() {
        let mut names: Vec<String> = measures(&Settings::default()).into_iter().map(|m| m.name).collect();
        assert!(names.iter().all(|name| !name.contains('{')));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn the_callers_own_leaving_is_not_a_miss() {
        let settings = Settings::default();
        let totals = Amounts::new(vec![(Cell::with(Q::Missed, CALLER_LEFT), 3), (Cell::with(Q::Missed, 1), 2)]);
        let of = |name| Measure::named(name, &settings).expect("is there").figure(&totals, &settings).value;
        assert_eq!(of("missed"), Some(2.0));
        assert_eq!(of("missed_caller_left"), Some(3.0));
        assert_eq!(MISS_NAMES[CALLER_LEFT as usize - 1], "caller_left");
    }

    #[test]
    fn spans_are_written_short_and_exact() {
        for (span, text) in [
            (Span::seconds(20), "20s"),
            (Span::seconds(60), "60s"),
            (Span::seconds(90), "90s"),
            (Span::minutes(2), "2m"),
            (Span::hours(4), "4h"),
            (Span::hours(24), "24h"),
            (Span::days(2), "2d"),
            (Span(1500), "1500ms"),
        ] {
            assert_eq!(short(span), text);
        }
    }
}
