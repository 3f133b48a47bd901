//! Thresholds: the limits that are counted exactly, beside the sketches.

use crate::domain::event::Kind;
use crate::domain::roster::Queue;
use crate::domain::settings::Settings;
use crate::domain::time::Span;

/// The families of configured thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thresholds {
    /// `measures.wait_thresholds`.
    Wait,
    /// `measures.response_thresholds`.
    Response,
    /// `measures.resolution_thresholds`.
    Resolution,
    /// `measures.response_targets`, of each priority.
    ResponseTarget,
    /// `measures.resolution_targets`, of each priority.
    ResolutionTarget,
    /// `measures.backlog_thresholds`.
    Backlog,
    /// `measures.service_level.threshold`.
    ServiceLevel,
    /// `measures.short_abandon`.
    ShortAbandon,
}

impl Thresholds {
    /// All families.
    pub const ALL: [Thresholds; 8] = [
        Thresholds::Wait,
        Thresholds::Response,
        Thresholds::Resolution,
        Thresholds::ResponseTarget,
        Thresholds::ResolutionTarget,
        Thresholds::Backlog,
        Thresholds::ServiceLevel,
        Thresholds::ShortAbandon,
    ];

    /// The thresholds configured for this family.
    pub fn of(self, settings: &Settings) -> &[Span] {
        match self {
            Thresholds::Wait => &settings.wait_thresholds,
            Thresholds::Response => &settings.response_thresholds,
            Thresholds::Resolution => &settings.resolution_thresholds,
            Thresholds::ResponseTarget => settings.response_targets.spans(),
            Thresholds::ResolutionTarget => settings.resolution_targets.spans(),
            Thresholds::Backlog => &settings.backlog_thresholds,
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
            _ => None,
        }
    }

    /// The kind of record that counts them.
    pub fn kind(self) -> Kind {
        match self {
            Thresholds::Wait | Thresholds::ServiceLevel | Thresholds::ShortAbandon => Kind::Contact,
            Thresholds::Response
            | Thresholds::Resolution
            | Thresholds::ResponseTarget
            | Thresholds::ResolutionTarget
            | Thresholds::Backlog => Kind::Ticket,
        }
    }
}

/// A threshold as the parameter of a cell: milliseconds. `config` refuses what does not fit, some 49 days.
pub fn threshold_number(threshold: Span) -> u32 {
    u32::try_from(threshold.0).unwrap_or(u32::MAX)
}
