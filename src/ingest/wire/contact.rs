//! `data` of contacts: calls and chats.

use super::object::{Fields, Problem, Read, Result, fields};
use super::value::{Attributes, Count, Flag, Id, Said, Seconds, Text, Zone};
use super::word::Word;
use crate::domain::event::{Author, Channel, Direction, EndedBy, Priority, TransferKind, TransferResult};
use crate::ingest::json::Value;
use schemars::JsonSchema;

fields! {
    /// All that any contact.* event may say.
    struct ContactData {
        /// Id of the contact.
        contact: Option<Id<'a>>,
        /// Id of the first contact of the same journey (callback, transfer to a new contact).
        root: Option<Id<'a>>,
        /// The contact's stay in a queue; needed where it enters the same queue twice.
        leg: Option<Id<'a>>,
        /// The queue where it happened.
        queue: Said<Id<'a>>,
        /// The rep it happened with.
        rep: Said<Id<'a>>,
        /// Overrides the team of the roster.
        team: Option<Id<'a>>,
        /// How customer and centre talk; `voice` unless said.
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
        /// contact.missed: `no_answer`, `rejected`, `busy`, `dumped`, `caller_left`. contact.left: `callback`, `voicemail`,
        /// `timeout`, `empty`, `exit_key`, `overflow`, `withdrawn`, `closed`, `full`, `failed`. An unknown one counts as other.
        reason: Option<Text<'a>>,
        /// contact.missed, contact.answered: how long it rang, in seconds.
        ring: Said<Seconds>,
        /// contact.answered, contact.abandoned, contact.left: time in the queue in seconds.
        wait: Said<Seconds>,
        /// contact.abandoned, contact.ended: true if a later event may say otherwise.
        provisional: Option<Flag>,
        /// contact.transferred: how.
        kind: Option<Word<TransferKind>>,
        /// contact.transferred: with what result.
        result: Option<Word<TransferResult>>,
        /// contact.transferred: to which rep.
        to_rep: Option<Id<'a>>,
        /// contact.transferred: to which queue.
        to_queue: Option<Id<'a>>,
        /// contact.transferred: to which number or house outside.
        to_external: Option<Id<'a>>,
        /// contact.transferred: whether it was needed.
        needed: Option<Flag>,
        /// contact.message: id of the message.
        message: Option<Id<'a>>,
        /// contact.message: who wrote it.
        author: Option<Word<Author>>,
        /// Outcome code of the source.
        disposition: Option<Id<'a>>,
        /// Whether the matter was resolved.
        resolved: Option<Flag>,
        /// contact.ended: who ended it.
        ended_by: Option<Word<EndedBy>>,
        /// contact.ended: talk without hold, in seconds; a figure proves an answer.
        talk: Said<Seconds>,
        /// contact.ended: hold in seconds.
        hold: Said<Seconds>,
        /// contact.ended: how often the customer was put on hold.
        holds: Option<Count>,
        /// contact.wrapped: after-contact work in seconds.
        work: Said<Seconds>,
    }
}
