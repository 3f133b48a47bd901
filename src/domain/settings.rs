//! What an owner may tune about the rules. The defaults are those of the rules; the file grammar is in `config`.

use super::event::{Channel, Kind, Name, Priority};
use super::slice::Breakdown;
use super::time::Span;
use std::collections::BTreeMap;

/// Every setting that the domain knows. Changing one re-books live records.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What is special about single sources; a source that is not named has [`Source::default`].
    pub sources: BTreeMap<Name, Source>,
    /// An event older than its partition's watermark by more than this is refused as late.
    pub lateness: Span,
    /// How long a record of each kind stays open after its last event, beside the lateness.
    pub silence: Silence,
    /// An event this far ahead of the moment it was received is refused as coming from the future.
    pub future: Span,
    /// A partition without an event for so much of T is idle and holds nothing back.
    pub idle: Span,
    /// A leg without an outcome for so long is unknown.
    pub longest_wait: Span,
    /// A rep's state without a successor lasts at most so long, and so does the handling of a contact.
    pub longest_state: Span,
    /// A provisional outcome is booked after this long without an event that says otherwise.
    pub provisional_grace: Span,
    /// The verdict on a window is given so long after its end.
    pub verdict_lateness: Span,
    /// What makes a contact resolved, and to whom it is credited.
    pub first_contact: FirstContact,
    /// A record with more event ids than this is saturated.
    pub saturation_ids: usize,
    /// A customer with more contacts than this within the first-contact window is saturated.
    pub saturation_contacts: usize,
    /// Queues, reps and teams that the roster does not list may be so many.
    pub unlisted_scopes: usize,
    /// Records that have not expired may be so many.
    pub live_records: usize,
    /// Waits are counted exactly at each of these, beside the sketches.
    pub wait_thresholds: Vec<Span>,
    /// First responses are held against each of these.
    pub response_thresholds: Vec<Span>,
    /// Full resolutions are held against each of these.
    pub resolution_thresholds: Vec<Span>,
    /// First responses are held against that of the ticket's priority.
    pub response_targets: PriorityTargets,
    /// Full resolutions are held against that of the ticket's priority.
    pub resolution_targets: PriorityTargets,
    /// Tickets in the backlog are counted that are as old as each of these.
    pub backlog_thresholds: Vec<Span>,
    /// Whose opening hours count for a ticket that has lain in several places.
    pub business_clock: BusinessHours,
    /// Issue types that are faults; where none is named every ticket is one.
    pub fault_issues: Vec<Name>,
    /// The wait within which an answer is in time, where the roster's queue says nothing else.
    pub service_level_threshold: Span,
    /// Which of the field's formulas `service_level` is.
    pub service_level: ServiceLevel,
    /// An abandon after at most this wait is short, where the roster's queue says nothing else.
    pub short_abandon: Span,
    /// Which of the field's formulas `abandon_rate` is.
    pub abandon_rate: AbandonRate,
    /// From when to when it is day for a customer, in minutes of the customer's clock, the second exclusive.
    pub customers_day: (u16, u16),
    /// What figures are broken down by.
    pub breakdowns: Vec<Breakdown>,
    /// Outcome codes that say that a transfer was needed.
    pub needed_transfers: Vec<Name>,
    /// Outcome codes that say that a transfer was not needed.
    pub unneeded_transfers: Vec<Name>,
}

/// The time within which tickets of each priority should be answered or solved.
#[derive(Clone, Debug, PartialEq)]
pub struct PriorityTargets([Span; 4]);

impl PriorityTargets {
    /// The priorities that can have one, with their names.
    pub const PRIORITIES: [(Priority, &str); 4] =
        [(Priority::Low, "low"), (Priority::Normal, "normal"), (Priority::High, "high"), (Priority::Urgent, "urgent")];

    /// No priority has any.
    pub const NONE: PriorityTargets = PriorityTargets([Span::UNLIMITED; 4]);

    /// That of each priority in the order of [`PriorityTargets::PRIORITIES`]; [`Span::UNLIMITED`] is none.
    pub fn of_spans(spans: &[Span]) -> PriorityTargets {
        PriorityTargets(std::array::from_fn(|n| spans.get(n).copied().unwrap_or(Span::UNLIMITED)))
    }

    /// As [`PriorityTargets::of_spans`] takes them.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// That of a priority, if it has one.
    pub fn of(&self, priority: Priority) -> Option<Span> {
        let place = PriorityTargets::PRIORITIES.iter().position(|(other, _)| *other == priority)?;
        Some(self.0[place]).filter(|span| !span.is_unlimited())
    }
}

/// Whose opening hours make the business clock of a ticket that has lain in several places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusinessHours {
    /// Those of each place while it lay there.
    AllSchedules,
    /// Those of the last one, all the time.
    LastSchedule,
}

/// What makes a contact resolved at the first attempt, and to whom that is credited.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstContact {
    /// A repeat contact within this span makes the first one not resolved.
    pub window: Span,
    /// What two contacts must share for one to be a repeat of the other.
    pub key: RepeatKey,
    /// The channels over which a contact may be a repeat.
    pub channels: Vec<Channel>,
    /// Whether a contact in which the customer gave up before anybody answered may be a repeat.
    pub abandoned_repeats: bool,
    /// What a transfer makes of a contact.
    pub transferred: Transferred,
    /// Whose figures the contact is in.
    pub credit: CreditRule,
}

/// What two contacts must share for one to be a repeat of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatKey {
    /// The customer.
    Customer,
    /// The customer and the issue. A contact without an issue is compared with none.
    CustomerAndIssue,
}

/// What a completed transfer makes of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transferred {
    /// Nothing: it is resolved if the customer does not come back.
    Counts,
    /// Not resolved, whether the customer comes back or not.
    NeverResolved,
}

/// Which of the reps who handled a contact are credited with it. Queues, teams and up have every contact once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditRule {
    /// The one who answered last, with that rep's queue and team.
    Last,
    /// The one who answered first, with that rep's queue and team.
    First,
    /// Each of them with the whole contact; queue and team are those of the last.
    All,
    /// Each of them with an equal share; queue and team are those of the last.
    Split,
}

/// How long records stay open without an event, by kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// Contacts, and what reps do.
    pub contact: Span,
    /// Tickets; one that is not solved never expires.
    pub ticket: Span,
    /// Surveys, reviews and complaints.
    pub judgement: Span,
    /// Shifts, certifications (after they lapse: one without an end never expires), coaching and reported figures.
    pub people: Span,
    /// Customers, after the last note.
    pub customer: Span,
}

impl Silence {
    /// The silence of one kind.
    pub fn of(&self, kind: Kind) -> Span {
        match kind {
            Kind::Contact | Kind::Timeline | Kind::RepHour => self.contact,
            Kind::Ticket => self.ticket,
            Kind::Survey | Kind::Review | Kind::Complaint => self.judgement,
            Kind::Shift | Kind::Certification | Kind::Coaching | Kind::Reported => self.people,
            Kind::Customer => self.customer,
        }
    }
}

/// What is special about one source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// Which durations count.
    pub durations: Durations,
    /// The namespace of its contact ids; none is the source itself.
    pub contacts: Option<Name>,
    /// The namespace of its ticket ids; none is the source itself.
    pub tickets: Option<Name>,
    /// The namespace of its customers; none is the one shared by all sources.
    pub customers: Option<Name>,
    /// The namespace of its queues; none is the one shared by all sources.
    pub queues: Option<Name>,
}

/// Whether the source's own durations or the differences of its timestamps count. Where one is missing the other is
/// taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durations {
    /// Differences of timestamps.
    #[default]
    Timestamps,
    /// The source's own figures.
    Reported,
}

/// The formulas of service level in use in the field; `in time` is a wait of at most the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceLevel {
    /// (answered in time + abandoned in time) / (answered + abandoned).
    AnsweredPlusAbandoned,
    /// answered in time / answered.
    AnsweredOnly,
    /// answered in time / (answered + abandoned).
    Offered,
    /// answered in time / (answered + abandoned after the threshold).
    OfferedMinusEarlyAbandons,
    /// (answered in time + short abandons) / (answered + abandoned).
    ShortAbandonsPositive,
    /// answered in time / (answered + abandoned - short abandons).
    OfferedMinusShort,
    /// (answered in time + abandoned in time + callbacks in time) / (answered + abandoned + left).
    AnsweredPlusAbandonedPlusCallbacks,
}

/// The formulas of abandon rate in use in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbandonRate {
    /// abandoned / queued, both at the entry and once the outcome is known.
    Plain,
    /// abandoned / (answered + abandoned + left).
    Offered,
    /// abandoned / (answered + abandoned).
    AnsweredPlusAbandoned,
    /// (abandoned - short) / (answered + abandoned - short).
    Strict,
}

impl ServiceLevel {
    /// All formulas, in the order of the documentation.
    pub const ALL: [ServiceLevel; 7] = [
        ServiceLevel::AnsweredPlusAbandoned,
        ServiceLevel::AnsweredOnly,
        ServiceLevel::Offered,
        ServiceLevel::OfferedMinusEarlyAbandons,
        ServiceLevel::ShortAbandonsPositive,
        ServiceLevel::OfferedMinusShort,
        ServiceLevel::AnsweredPlusAbandonedPlusCallbacks,
    ];
    /// The formula's id, as configuration and definitions write it.
    pub fn id(self) -> &'static str {
        match self {
            ServiceLevel::AnsweredPlusAbandoned => "answered_plus_abandoned",
            ServiceLevel::AnsweredOnly => "answered_only",
            ServiceLevel::Offered => "offered",
            ServiceLevel::OfferedMinusEarlyAbandons => "offered_minus_early_abandons",
            ServiceLevel::ShortAbandonsPositive => "short_abandons_positive",
            ServiceLevel::OfferedMinusShort => "offered_minus_short",
            ServiceLevel::AnsweredPlusAbandonedPlusCallbacks => "answered_plus_abandoned_plus_callbacks",
        }
    }
    /// The formula in words.
    pub const fn text(self) -> &'static str {
        match self {
            ServiceLevel::AnsweredPlusAbandoned => "(answered in time + abandoned in time) / (answered + abandoned)",
            ServiceLevel::AnsweredOnly => "answered in time / answered",
            ServiceLevel::Offered => "answered in time / (answered + abandoned)",
            ServiceLevel::OfferedMinusEarlyAbandons => "answered in time / (answered + abandoned after the threshold)",
            ServiceLevel::ShortAbandonsPositive => "(answered in time + short abandons) / (answered + abandoned)",
            ServiceLevel::OfferedMinusShort => "answered in time / (answered + abandoned - short abandons)",
            ServiceLevel::AnsweredPlusAbandonedPlusCallbacks => {
                "(answered in time + abandoned in time + callbacks in time) / (answered + abandoned + left)"
            }
        }
    }
    /// Who in the field uses it.
    pub const fn source(self) -> &'static str {
        match self {
            ServiceLevel::AnsweredPlusAbandoned => "Asterisk ServicelevelPerf2",
            ServiceLevel::AnsweredOnly => "Asterisk ServicelevelPerf, Wazo",
            ServiceLevel::Offered => "Vonage",
            ServiceLevel::OfferedMinusEarlyAbandons => "Bright Pattern",
            ServiceLevel::ShortAbandonsPositive => "ICMI",
            ServiceLevel::OfferedMinusShort => "Genesys",
            ServiceLevel::AnsweredPlusAbandonedPlusCallbacks => "Amazon Connect",
        }
    }
}

impl AbandonRate {
    /// All formulas, in the order of the documentation.
    pub const ALL: [AbandonRate; 4] =
        [AbandonRate::Plain, AbandonRate::Offered, AbandonRate::AnsweredPlusAbandoned, AbandonRate::Strict];
    /// The formula's id, as configuration and definitions write it.
    pub fn id(self) -> &'static str {
        match self {
            AbandonRate::Plain => "plain",
            AbandonRate::Offered => "offered",
            AbandonRate::AnsweredPlusAbandoned => "answered_plus_abandoned",
            AbandonRate::Strict => "strict",
        }
    }
    /// The formula in words.
    pub const fn text(self) -> &'static str {
        match self {
            AbandonRate::Plain => "abandoned / (answered + abandoned + left), both counted at the entry into the queue",
            AbandonRate::Offered => "abandoned / (answered + abandoned + left)",
            AbandonRate::AnsweredPlusAbandoned => "abandoned / (answered + abandoned)",
            AbandonRate::Strict => "(abandoned - short abandons) / (answered + abandoned - short abandons)",
        }
    }
    /// Who in the field uses it.
    pub const fn source(self) -> &'static str {
        match self {
            AbandonRate::Plain => "Amazon Connect, abandonment rate",
            AbandonRate::Offered => "Genesys Cloud",
            AbandonRate::AnsweredPlusAbandoned => "Twilio Flex Insights",
            AbandonRate::Strict => "Google CCAI",
        }
    }
}

impl RepeatKey {
    /// All keys, in the order of the documentation.
    pub const ALL: [RepeatKey; 2] = [RepeatKey::Customer, RepeatKey::CustomerAndIssue];
    /// The key as configuration writes it.
    pub fn id(self) -> &'static str {
        match self {
            RepeatKey::Customer => "customer",
            RepeatKey::CustomerAndIssue => "customer_and_issue",
        }
    }
}

impl Transferred {
    /// Both, in the order of the documentation.
    pub const ALL: [Transferred; 2] = [Transferred::Counts, Transferred::NeverResolved];
    /// The word that configuration writes.
    pub fn id(self) -> &'static str {
        match self {
            Transferred::Counts => "counts",
            Transferred::NeverResolved => "never_resolved",
        }
    }
}

impl CreditRule {
    /// All rules, in the order of the documentation.
    pub const ALL: [CreditRule; 4] = [CreditRule::Last, CreditRule::First, CreditRule::All, CreditRule::Split];
    /// The rule as configuration writes it.
    pub fn id(self) -> &'static str {
        match self {
            CreditRule::Last => "last",
            CreditRule::First => "first",
            CreditRule::All => "all",
            CreditRule::Split => "split",
        }
    }
}

impl Default for FirstContact {
    fn default() -> FirstContact {
        FirstContact {
            window: Span::days(7),
            key: RepeatKey::Customer,
            channels: Channel::NAMED.map(|(_, channel)| channel).to_vec(),
            abandoned_repeats: true,
            transferred: Transferred::Counts,
            credit: CreditRule::Last,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sources: BTreeMap::new(),
            lateness: Span::days(7),
            silence: Silence {
                contact: Span::days(2),
                ticket: Span::days(100),
                judgement: Span::days(90),
                people: Span::days(400),
                customer: Span::days(45),
            },
            future: Span::minutes(5),
            idle: Span::minutes(10),
            longest_wait: Span::hours(4),
            longest_state: Span::hours(16),
            provisional_grace: Span::minutes(10),
            verdict_lateness: Span::minutes(15),
            first_contact: FirstContact::default(),
            saturation_ids: 1024,
            saturation_contacts: 200,
            unlisted_scopes: 10_000,
            live_records: 20_000_000,
            wait_thresholds: vec![Span::seconds(20), Span::seconds(60)],
            response_thresholds: vec![Span::hours(4)],
            resolution_thresholds: vec![Span::hours(24)],
            response_targets: PriorityTargets::NONE,
            resolution_targets: PriorityTargets::NONE,
            backlog_thresholds: vec![Span::days(1), Span::days(7), Span::days(30)],
            business_clock: BusinessHours::AllSchedules,
            fault_issues: Vec::new(),
            service_level_threshold: Span::seconds(20),
            service_level: ServiceLevel::Offered,
            short_abandon: Span::seconds(5),
            abandon_rate: AbandonRate::Offered,
            needed_transfers: Vec::new(),
            unneeded_transfers: Vec::new(),
            customers_day: (8 * 60, 20 * 60),
            breakdowns: Vec::new(),
        }
    }
}

impl Settings {
    /// The settings of `source`.
    pub fn source(&self, source: &str) -> &Source {
        const PLAIN: &Source =
            &Source { durations: Durations::Timestamps, contacts: None, tickets: None, customers: None, queues: None };
        self.sources.get(source).unwrap_or(PLAIN)
    }

    /// The same settings without lateness and expiry: what a replay of a whole history wants.
    pub fn without_horizon(mut self) -> Settings {
        self.lateness = Span::UNLIMITED;
        let endless = Span::UNLIMITED;
        self.silence =
            Silence { contact: endless, ticket: endless, judgement: endless, people: endless, customer: endless };
        self
    }
}
