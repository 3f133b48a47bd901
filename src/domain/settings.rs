//! What an owner may tune about the rules. The defaults are those of the rules; the file grammar is in `config`.

use super::event::{Kind, Name};
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
    /// A provisional outcome is booked after this long without an event that says otherwise.
    pub provisional_grace: Span,
    /// The verdict on a window is given so long after its end.
    pub verdict_lateness: Span,
    /// Another inbound contact of the customer within this span makes the first one not resolved.
    pub first_contact_window: Span,
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
}

/// How long records stay open without an event, by kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// Contacts and reps' days.
    pub contact: Span,
    /// Tickets; one that is not solved never expires.
    pub ticket: Span,
    /// Surveys, reviews and complaints.
    pub judgement: Span,
    /// Shifts, certifications (after they lapse), coaching and reported figures.
    pub people: Span,
    /// Customers, after the last note.
    pub customer: Span,
}

impl Silence {
    /// The silence of one kind.
    pub fn of(&self, kind: Kind) -> Span {
        match kind {
            Kind::Contact | Kind::Timeline | Kind::RepDay => self.contact,
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
}

/// The formulas of abandon rate in use in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbandonRate {
    /// abandoned / (answered + abandoned + left).
    Offered,
    /// abandoned / (answered + abandoned).
    AnsweredPlusAbandoned,
    /// (abandoned - short) / (answered + abandoned - short).
    WithoutShort,
}

impl ServiceLevel {
    /// All formulas, in the order of the documentation.
    pub const ALL: [ServiceLevel; 6] = [
        ServiceLevel::AnsweredPlusAbandoned,
        ServiceLevel::AnsweredOnly,
        ServiceLevel::Offered,
        ServiceLevel::OfferedMinusEarlyAbandons,
        ServiceLevel::ShortAbandonsPositive,
        ServiceLevel::OfferedMinusShort,
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
        }
    }
}

impl AbandonRate {
    /// All formulas, in the order of the documentation.
    pub const ALL: [AbandonRate; 3] =
        [AbandonRate::Offered, AbandonRate::AnsweredPlusAbandoned, AbandonRate::WithoutShort];
    /// The formula's id, as configuration and definitions write it.
    pub fn id(self) -> &'static str {
        match self {
            AbandonRate::Offered => "offered",
            AbandonRate::AnsweredPlusAbandoned => "answered_plus_abandoned",
            AbandonRate::WithoutShort => "without_short",
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
            provisional_grace: Span::minutes(10),
            verdict_lateness: Span::minutes(15),
            first_contact_window: Span::days(7),
            saturation_ids: 1024,
            saturation_contacts: 200,
            unlisted_scopes: 10_000,
            live_records: 20_000_000,
            wait_thresholds: vec![Span::seconds(20), Span::seconds(60)],
            response_thresholds: vec![Span::hours(4)],
            resolution_thresholds: vec![Span::hours(24)],
            service_level_threshold: Span::seconds(20),
            service_level: ServiceLevel::Offered,
            short_abandon: Span::seconds(5),
            abandon_rate: AbandonRate::Offered,
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
