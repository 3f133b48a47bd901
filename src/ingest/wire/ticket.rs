//! `data` of tickets: e-mail, cases, faults.

use super::object::{Fields, Problem, Read, Result, fields};
use super::value::{Attributes, Flag, Id, Said, Zone};
use super::word::Word;
use crate::domain::event::{Author, Channel, DeleteReason, Direction, Priority, TicketStatus};
use crate::ingest::json::Value;
use schemars::JsonSchema;

fields! {
    /// All that any ticket.* event may say.
    struct TicketData {
        /// Id of the ticket.
        ticket: Option<Id<'a>>,
        /// Id of the first contact of the same journey.
        root: Option<Id<'a>>,
        /// Kept with the ticket; tickets have no legs.
        leg: Option<Id<'a>>,
        /// The queue in which the ticket lies after the event.
        queue: Said<Id<'a>>,
        /// The rep who holds the ticket after the event; `null` is nobody.
        rep: Said<Id<'a>>,
        /// Overrides the team of the roster.
        team: Option<Id<'a>>,
        /// The rep who acted, if not the holder.
        by: Option<Id<'a>>,
        /// The queue that acted, if not the one in which the ticket lies.
        by_queue: Option<Id<'a>>,
        /// How customer and centre talk; `email` unless said.
        channel: Option<Word<Channel>>,
        /// Who began; `inbound` unless said.
        direction: Option<Word<Direction>>,
        /// Opaque key of the customer; absent is anonymous. Only a keyed hash of it is kept.
        customer: Said<Id<'a>>,
        /// IANA zone of the customer.
        customer_zone: Option<Zone<'a>>,
        /// Issue type, e.g. `invoice`.
        issue: Said<Id<'a>>,
        /// How urgent it is; `normal` unless said.
        priority: Option<Word<Priority>>,
        /// Named texts, merged name by name.
        attributes: Option<Attributes>,
        /// ticket.message: id of the message; the same again replaces it.
        message: Option<Id<'a>>,
        /// ticket.message: who wrote it.
        author: Option<Word<Author>>,
        /// ticket.message: whether the customer sees it; true unless said.
        public: Option<Flag>,
        /// ticket.message: whether it was taken back.
        deleted: Option<Flag>,
        /// ticket.status: the new status.
        status: Option<Word<TicketStatus>>,
        /// ticket.merged: the ticket it went into.
        into: Option<Id<'a>>,
        /// ticket.deleted: why.
        reason: Option<Word<DeleteReason>>,
    }
}
