//! Fields that are one word of a list, and the lists that the domain has.

use super::object::{Problem, Read, Result};
use super::value::Text;
use crate::domain::event::{
    Author, Channel, DeleteReason, Direction, EndedBy, LeftReason, MissReason, Priority, TicketStatus, TransferKind,
    TransferResult,
};
use crate::ingest::json::Value;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// One word of a list. An unknown word of an open list is its `other`; of a closed one it is refused.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Word<T>(pub(in crate::ingest) T);

/// A list of words.
pub(in crate::ingest) trait Vocabulary: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];
    /// What an unknown word counts as; none if the list is closed.
    const OTHER: Option<Self>;

    /// What `word` means.
    fn read(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning).or(Self::OTHER)
    }
}

macro_rules! vocabulary {
    ($type:ident, $other:expr, { $($word:literal => $variant:ident),* $(,)? }) => {
        impl Vocabulary for $type {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $type::$variant)),*];
            const OTHER: Option<Self> = $other;
        }
    };
}

vocabulary!(Channel, Some(Channel::Other), {
    "voice" => Voice, "chat" => Chat, "email" => Email, "sms" => Sms, "social" => Social, "task" => Task, "web" => Web,
});
vocabulary!(Direction, None, { "inbound" => Inbound, "outbound" => Outbound });
vocabulary!(Priority, Some(Priority::Other), {
    "low" => Low, "normal" => Normal, "high" => High, "urgent" => Urgent,
});
vocabulary!(MissReason, Some(MissReason::Other), {
    "no_answer" => NoAnswer, "rejected" => Rejected, "busy" => Busy, "dumped" => Dumped, "caller_left" => CallerLeft,
});
vocabulary!(LeftReason, Some(LeftReason::Other), {
    "callback" => Callback, "voicemail" => Voicemail, "timeout" => Timeout, "empty" => Empty, "exit_key" => ExitKey,
    "overflow" => Overflow, "withdrawn" => Withdrawn, "closed" => Closed, "full" => Full, "failed" => Failed,
});
vocabulary!(TransferKind, Some(TransferKind::Other), {
    "blind" => Blind, "attended" => Attended, "queue" => Queue, "consult" => Consult,
});
vocabulary!(TransferResult, Some(TransferResult::Other), {
    "completed" => Completed, "failed" => Failed, "returned" => Returned,
});
vocabulary!(Author, None, { "customer" => Customer, "rep" => Rep, "bot" => Bot, "system" => System });
vocabulary!(EndedBy, Some(EndedBy::Other), { "customer" => Customer, "rep" => Rep, "system" => System });
vocabulary!(TicketStatus, Some(TicketStatus::Other), {
    "new" => New, "open" => Open, "pending" => Pending, "on_hold" => OnHold, "solved" => Solved, "closed" => Closed,
});
vocabulary!(DeleteReason, Some(DeleteReason::Other), { "spam" => Spam, "mistake" => Mistake, "privacy" => Privacy });

pub(super) use vocabulary;

impl<T: Vocabulary> Read<'_> for Word<T> {
    fn read(value: Value<'_, '_>) -> Result<Word<T>> {
        let Text(word) = Text::read(value)?;
        T::read(&word).map(Word).ok_or_else(|| {
            let known: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
            Problem::new(format!("unknown word; one of {}", known.join(", ")))
        })
    }
}

impl<T: Vocabulary> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        let path = std::any::type_name::<T>();
        path.rsplit("::").next().unwrap_or(path).to_owned().into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        match T::OTHER {
            None => json_schema!({"type": "string", "enum": words}),
            Some(_) => json_schema!({
                "type": "string", "examples": words, "description": "Open list; an unknown word counts as other."
            }),
        }
    }
}
