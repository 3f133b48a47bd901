//! What every event has around its `data`, and what a retraction needs of that.

use super::object::{Fields, Problem, Read, Result, fields};
use super::people::ReportedScope;
use super::value::{Flag, Id, Integer, Text, Time};
use super::word::Word;
use crate::domain::event::Facet;
use crate::ingest::json::Value;
use schemars::JsonSchema;

fields! {
    /// The attributes of a CloudEvent of version 1.0, from JSON or from headers.
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
    /// What a retraction needs: the id of what its event was about, or what tells it apart where it has no id.
    struct Address {
        contact: Option<Id<'a>>,
        ticket: Option<Id<'a>>,
        survey: Option<Id<'a>>,
        review: Option<Id<'a>>,
        complaint: Option<Id<'a>>,
        shift: Option<Id<'a>>,
        rep: Option<Id<'a>>,
        facet: Option<Word<Facet>>,
        certification: Option<Id<'a>>,
        measure: Option<Id<'a>>,
        scope: Option<ReportedScope<'a>>,
        from: Option<Time>,
        to: Option<Time>,
    }
}
