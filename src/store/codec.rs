//! Bytes of what is kept: compact, without names of fields, the same for the same value.
//!
//! Every type is listed once with the order of its parts. A change here is a new [`VERSION`](super::VERSION).

use crate::domain::amounts::Amounts;
use crate::domain::booking::{Booking, Credit, Message, Visit};
use crate::domain::counted::Counted;
use crate::domain::engine::Position;
use crate::domain::event::{
    About, Author, Channel, ContactEvent, ContactWhat, Content, CustomerHash, DeleteReason, Direction, EndedBy, Field,
    Kind, LeftReason, MissReason, Name, Priority, Rare, Reported, Scale, Shared, SurveyEvent, SurveyWhat, TicketEvent,
    TicketStatus, TicketWhat, TransferKind, TransferResult,
};
use crate::domain::measure::Thresholds;
use crate::domain::pane::{Digests, RowKey};
use crate::domain::quantity::{Cell, Quantity};
use crate::domain::record::{Entry, Received, Record, RecordId, RecordKey, Sent};
use crate::domain::scope::{Path, Scope, ScopeKind};
use crate::domain::time::{Instant, Span};
use crate::domain::watermark::Watermark;
use crate::domain::window::Tier;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes cannot be read")]
pub(super) struct Corrupt;

/// Texts and paths that were read before: the same one in a million records is one in memory.
#[derive(Debug, Default)]
pub(super) struct Known {
    names: HashSet<Name>,
    paths: HashMap<Arc<Path>, ()>,
}

/// Bytes being read.
pub(super) struct Input<'a> {
    bytes: &'a [u8],
    shared: &'a mut Known,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8], shared: &'a mut Known) -> Input<'a> {
        Input { bytes, shared }
    }

    fn byte(&mut self) -> Result<u8, Corrupt> {
        let (first, rest) = self.bytes.split_first().ok_or(Corrupt)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn text(&mut self) -> Result<&'a str, Corrupt> {
        let length = usize::take(self)?;
        let (text, rest) = self.bytes.split_at_checked(length).ok_or(Corrupt)?;
        self.bytes = rest;
        std::str::from_utf8(text).map_err(|_| Corrupt)
    }
}

/// Can be kept.
pub(super) trait Stored: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(input: &mut Input<'_>) -> Result<Self, Corrupt>;
}

/// Reads a value that must be all there is.
pub(super) fn whole<T: Stored>(bytes: &[u8], shared: &mut Known) -> Result<T, Corrupt> {
    let mut input = Input::new(bytes, shared);
    let value = T::take(&mut input)?;
    if input.bytes.is_empty() { Ok(value) } else { Err(Corrupt) }
}

impl Stored for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }
    fn take(input: &mut Input<'_>) -> Result<u64, Corrupt> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = input.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Corrupt)
    }
}

impl Stored for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        // Small numbers of either sign are short.
        ((self << 1) ^ (self >> 63)).cast_unsigned().put(out);
    }
    fn take(input: &mut Input<'_>) -> Result<i64, Corrupt> {
        let folded = u64::take(input)?;
        Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }
}

macro_rules! stored_number {
    ($($type:ty),*) => {$(
        impl Stored for $type {
            fn put(&self, out: &mut Vec<u8>) {
                (*self as u64).put(out);
            }
            fn take(input: &mut Input<'_>) -> Result<$type, Corrupt> {
                <$type>::try_from(u64::take(input)?).map_err(|_| Corrupt)
            }
        }
    )*};
}

stored_number!(u8, u16, u32, usize);

impl Stored for u128 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn take(input: &mut Input<'_>) -> Result<u128, Corrupt> {
        let (bytes, rest) = input.bytes.split_first_chunk::<16>().ok_or(Corrupt)?;
        input.bytes = rest;
        Ok(u128::from_be_bytes(*bytes))
    }
}

impl Stored for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn take(input: &mut Input<'_>) -> Result<bool, Corrupt> {
        match input.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Corrupt),
        }
    }
}

impl Stored for Name {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        out.extend_from_slice(self.as_bytes());
    }
    fn take(input: &mut Input<'_>) -> Result<Name, Corrupt> {
        let text = input.text()?;
        if let Some(name) = input.shared.names.get(text) {
            return Ok(name.clone());
        }
        let name = Name::from(text);
        input.shared.names.insert(name.clone());
        Ok(name)
    }
}

macro_rules! stored_text {
    ($($type:ty),*) => {$(
        impl Stored for $type {
            fn put(&self, out: &mut Vec<u8>) {
                self.len().put(out);
                out.extend_from_slice(self.as_bytes());
            }
            fn take(input: &mut Input<'_>) -> Result<$type, Corrupt> {
                input.text().map(<$type>::from)
            }
        }
    )*};
}

stored_text!(Box<str>, String);

impl<T: Stored> Stored for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }
    fn take(input: &mut Input<'_>) -> Result<Box<T>, Corrupt> {
        T::take(input).map(Box::new)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn take(input: &mut Input<'_>) -> Result<Option<T>, Corrupt> {
        if bool::take(input)? { T::take(input).map(Some) } else { Ok(None) }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        for value in self {
            value.put(out);
        }
    }
    fn take(input: &mut Input<'_>) -> Result<Vec<T>, Corrupt> {
        // A length that is a lie must not reserve memory.
        let length = usize::take(input)?;
        let mut values = Vec::with_capacity(length.min(input.bytes.len()));
        for _ in 0..length {
            values.push(T::take(input)?);
        }
        Ok(values)
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn take(input: &mut Input<'_>) -> Result<(A, B), Corrupt> {
        Ok((A::take(input)?, B::take(input)?))
    }
}

macro_rules! stored_struct {
    ($type:ty { $($field:tt),* $(,)? }) => {
        impl Stored for $type {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
            fn take(input: &mut Input<'_>) -> Result<$type, Corrupt> {
                Ok(Self { $($field: Stored::take(input)?),* })
            }
        }
    };
}

macro_rules! stored_enum {
    ([$($generic:ident)?] $type:ty { $($number:literal => $variant:ident { $($field:tt $bind:ident),* }),* $(,)? }) => {
        impl<$($generic: Stored)?> Stored for $type {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant { $($field: $bind),* } => {
                        out.push($number);
                        $($bind.put(out);)*
                    })*
                }
            }
            fn take(input: &mut Input<'_>) -> Result<$type, Corrupt> {
                Ok(match input.byte()? {
                    $($number => Self::$variant { $($field: Stored::take(input)?),* },)*
                    _ => return Err(Corrupt),
                })
            }
        }
    };
}

macro_rules! stored_words {
    ($($type:ident { $($number:literal $variant:ident)* })*) => {
        $(stored_enum!([] $type { $($number => $variant {}),* });)*
    };
}

stored_words! {
    Kind { 0 Contact 1 Ticket 2 Survey 3 Customer }
    Channel { 0 Voice 1 Chat 2 Email 3 Sms 4 Social 5 Task 6 Web 7 Other }
    Direction { 0 Inbound 1 Outbound }
    Priority { 0 Low 1 Normal 2 High 3 Urgent 4 Other }
    MissReason { 0 NoAnswer 1 Rejected 2 Busy 3 Dumped 4 CallerLeft 5 Other }
    LeftReason {
        0 Callback 1 Voicemail 2 Timeout 3 Empty 4 ExitKey 5 Overflow 6 Withdrawn 7 Closed 8 Full 9 Failed 10 Other
    }
    TransferKind { 0 Blind 1 Attended 2 Queue 3 Consult 4 Other }
    TransferResult { 0 Completed 1 Failed 2 Returned 3 Other }
    Author { 0 Customer 1 Rep 2 Bot 3 System }
    EndedBy { 0 Customer 1 Rep 2 System 3 Other }
    TicketStatus { 0 New 1 Open 2 Pending 3 OnHold 4 Solved 5 Closed 6 Other }
    DeleteReason { 0 Spam 1 Mistake 2 Privacy 3 Other }
    ScopeKind { 0 Rep 1 Queue 2 Team 3 Department 4 Company }
    Tier { 0 Minute 1 QuarterHour 2 Day }
    Thresholds { 0 Wait 1 Response 2 Resolution 3 ServiceLevel 4 ShortAbandon }
}

stored_struct!(Instant { 0 });
stored_struct!(Span { 0 });
stored_struct!(CustomerHash { 0 });
stored_enum!([T] Field<T> { 0 => Absent {}, 1 => Null {}, 2 => Value { 0 value } });
stored_enum!([] Reported { 0 => Absent {}, 1 => Unknown {}, 2 => Millis { 0 ms } });
stored_struct!(Shared { queue, rep, customer, direction, channel, issue, rare });
stored_struct!(Rare { root, leg, team, customer_zone, priority, disposition, resolved, attributes });
stored_struct!(ContactEvent { what, shared });
stored_struct!(TicketEvent { what, shared, by, by_queue });
stored_struct!(SurveyEvent { what, about, rep, queue });
stored_struct!(About { kind, id, source });
stored_enum!([] Content {
    0 => Nothing {}, 1 => Contact { 0 event }, 2 => Ticket { 0 event }, 3 => Survey { 0 event },
});
stored_enum!([] ContactWhat {
    0 => Started {},
    1 => Queued {},
    2 => Offered {},
    3 => Missed { reason reason, ring ring },
    4 => Answered { wait wait, ring ring },
    5 => Held {},
    6 => Retrieved {},
    7 => Abandoned { wait wait, provisional provisional },
    8 => Left { reason reason, wait wait },
    9 => Transferred {
        kind kind, result result, to_rep to_rep, to_queue to_queue, to_external to_external, needed needed
    },
    10 => Message { message message, author author },
    11 => Updated {},
    12 => Ended { ended_by ended_by, talk talk, hold hold, holds holds, provisional provisional },
    13 => Wrapped { work work },
});
stored_enum!([] TicketWhat {
    0 => Created {},
    1 => Message { message message, author author, public public, deleted deleted },
    2 => Updated {},
    3 => Assigned {},
    4 => Status { 0 status },
    5 => Merged { into into },
    6 => Deleted { reason reason },
    7 => Restored {},
});
stored_enum!([] SurveyWhat {
    0 => Offered {}, 1 => Answered { question question, scale scale, score score, weight weight },
});
stored_enum!([] Scale { 0 => Nps {}, 1 => Csat { max max }, 2 => Ces {}, 3 => Csi {} });
stored_struct!(Entry { source, id, time, seq, revision, retracted, content });
stored_enum!([] RecordId { 0 => Text { 0 id }, 1 => Customer { 0 hash } });
stored_struct!(RecordKey { kind, namespace, id });
stored_enum!([] Message { 0 => Link { 0 since }, 1 => Visit { 0 visit }, 2 => Handling { 0 credit } });
stored_struct!(Visit { first, answered, credit });
stored_struct!(Credit { known, rep, queue, team });
stored_struct!(Received { from, message, frozen });
stored_struct!(Sent { to, message });
stored_struct!(Cell { quantity, parameter });
stored_struct!(Booking { path, at, amounts });
stored_struct!(Record { entries, received, sent, booked, due, hour, generation, saturated });
stored_struct!(Scope { kind, id });
stored_struct!(RowKey { tier, start, scope });
stored_struct!(Watermark { reached, heard });
stored_struct!(Digests { closed, gone });
stored_struct!(Counted { family, queue, number });
stored_struct!(Position { now, first, partitions, expired, generation, since, digests });

impl Stored for Quantity {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
    fn take(input: &mut Input<'_>) -> Result<Quantity, Corrupt> {
        Quantity::from_number(input.byte()?).ok_or(Corrupt)
    }
}

impl Stored for Amounts {
    fn put(&self, out: &mut Vec<u8>) {
        self.cells().len().put(out);
        for (cell, n) in self.cells() {
            cell.put(out);
            n.put(out);
        }
    }
    fn take(input: &mut Input<'_>) -> Result<Amounts, Corrupt> {
        Ok(Amounts::new(Stored::take(input)?))
    }
}

impl Stored for Arc<Path> {
    fn put(&self, out: &mut Vec<u8>) {
        self.steps().len().put(out);
        for (scope, zone) in self.steps() {
            scope.put(out);
            Name::from(zone.name()).put(out);
        }
    }
    fn take(input: &mut Input<'_>) -> Result<Arc<Path>, Corrupt> {
        let steps = Vec::<(Scope, Name)>::take(input)?;
        let steps = steps.into_iter().map(|(scope, zone)| Ok((scope, zone.parse().map_err(|_| Corrupt)?)));
        let path = Path::new(steps.collect::<Result<Vec<_>, Corrupt>>()?);
        if let Some((known, ())) = input.shared.paths.get_key_value(&path) {
            return Ok(known.clone());
        }
        input.shared.paths.insert(path.clone(), ());
        Ok(path)
    }
}
