//! Why a message is not taken: a closed list, each reason with a name that labels and logs show.

use std::fmt;

/// Why a message could not become an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The record has no value (a tombstone).
    NullPayload,
    /// The value is larger than [`MAX_PAYLOAD`](super::decode::MAX_PAYLOAD).
    TooLarge,
    /// The value is not UTF-8.
    NotUtf8,
    /// The value is not JSON.
    NotJson,
    /// A batch of events; each event has to be a record of its own.
    Batch,
    /// JSON, but no CloudEvent of version 1.
    NotCloudEvent,
    /// An attribute of the envelope is missing.
    MissingAttribute,
    /// An attribute of the envelope has the wrong form.
    BadAttribute,
    /// A required field of `data` is missing.
    MissingField,
    /// A known field of `data` has the wrong form.
    BadField,
    /// A retraction that does not name the record its event was about.
    Unaddressed,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Reason; 11] = [
        Reason::NullPayload,
        Reason::TooLarge,
        Reason::NotUtf8,
        Reason::NotJson,
        Reason::Batch,
        Reason::NotCloudEvent,
        Reason::MissingAttribute,
        Reason::BadAttribute,
        Reason::MissingField,
        Reason::BadField,
        Reason::Unaddressed,
    ];

    /// The reason as labels write it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::NullPayload => "null_payload",
            Reason::TooLarge => "too_large",
            Reason::NotUtf8 => "not_utf8",
            Reason::NotJson => "not_json",
            Reason::Batch => "batch",
            Reason::NotCloudEvent => "not_cloudevent",
            Reason::MissingAttribute => "missing_attribute",
            Reason::BadAttribute => "bad_attribute",
            Reason::MissingField => "missing_field",
            Reason::BadField => "bad_field",
            Reason::Unaddressed => "unaddressed",
        }
    }
}

/// A message that was not taken, with where and what. The detail never quotes the message's values: they may be
/// personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// Where in the message, and what would be right.
    pub detail: String,
}

impl Refused {
    /// A refusal.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Refused {
        Refused { reason, detail: detail.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.name(), self.detail)
    }
}
