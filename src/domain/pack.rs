//! Values packed into bytes: compact, without names of fields, the same for the same value.
//!
//! Records lie in memory as they lie on disk, so that a million of them fit and a checkpoint shares what changed. Every
//! type is listed once with the order of its parts. A change here is a new version of the store.

use super::alert::Alert;
use super::amounts::Amounts;
use super::booking::{Booking, Credit, Message, Reached, Visit};
use super::counted::Counted;
use super::engine::Position;
use super::event::{
    About, Author, CertificationEvent, Channel, CoachingEvent, ComplaintEvent, ContactEvent, ContactWhat, Content,
    CustomerHash, DeleteReason, Direction, EndedBy, Facet, Field, Kind, LeftReason, MissReason, Name, Priority, Rare,
    RepState, Reported, ReportedEvent, ReportedFigure, ReviewEvent, ReviewItem, Scale, Shared, ShiftEvent, StateEvent,
    SurveyEvent, SurveyWhat, TicketEvent, TicketStatus, TicketWhat, TransferKind, TransferResult,
};
use super::judge::{Closed, Pair, Remembered};
use super::measure::{Figure, Thresholds};
use super::pane::{Digests, RowKey};
use super::paths::Paths;
use super::quantity::{Cell, Quantity};
use super::record::{Entry, Received, Record, RecordId, RecordKey, Sent};
use super::scope::{Path, Scope, ScopeKind};
use super::slice::{Chosen, Dimension, Slice, Slices};
use super::sliced::Sliced;
use super::slots::Booked;
use super::time::{Instant, Span};
use super::verdict::State;
use super::watermark::Watermark;
use super::window::Tier;
use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;
use std::sync::Arc;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("packed bytes cannot be read")]
pub(crate) struct Corrupt;

/// Texts that were read before: the same one in a million records is one in memory.
#[derive(Debug, Default)]
pub(crate) struct Known(HashSet<Name, FxBuildHasher>);

/// So many texts are shared at once; when there are more, sharing starts afresh.
const TEXTS_KEPT: usize = 200_000;

impl Known {
    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.0.get(text) {
            return name.clone();
        }
        if self.0.len() >= TEXTS_KEPT {
            self.0.clear();
        }
        let name = Name::from(text);
        self.0.insert(name.clone());
        name
    }
}

/// Bytes being read.
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    shared: &'a mut Known,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8], shared: &'a mut Known) -> Input<'a> {
        Input { bytes, shared }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes
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

/// Can be packed.
pub(crate) trait Pack: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(input: &mut Input<'_>) -> Result<Self, Corrupt>;
}

/// Reads a value that must be all there is.
pub(crate) fn whole<T: Pack>(bytes: &[u8], shared: &mut Known) -> Result<T, Corrupt> {
    let mut input = Input::new(bytes, shared);
    let value = T::take(&mut input)?;
    if !input.bytes.is_empty() {
        return Err(Corrupt);
    }
    debug_assert_eq!(packed(&value), bytes, "a value can be read from other bytes than are written");
    Ok(value)
}

fn packed(value: &impl Pack) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    bytes
}

impl Pack for u64 {
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
                // Of a number there is one form: no zeros in front of it, and no digits beyond 64 bits.
                let is_written_so = value >> shift == u64::from(byte) && (byte > 0 || shift == 0);
                return if is_written_so { Ok(value) } else { Err(Corrupt) };
            }
        }
        Err(Corrupt)
    }
}

impl Pack for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        // Small numbers of either sign are short.
        ((self << 1) ^ (self >> 63)).cast_unsigned().put(out);
    }
    fn take(input: &mut Input<'_>) -> Result<i64, Corrupt> {
        let folded = u64::take(input)?;
        Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }
}

impl Pack for i32 {
    fn put(&self, out: &mut Vec<u8>) {
        i64::from(*self).put(out);
    }
    fn take(input: &mut Input<'_>) -> Result<i32, Corrupt> {
        i64::take(input)?.try_into().map_err(|_| Corrupt)
    }
}

macro_rules! packed_number {
    ($($type:ty),*) => {$(
        impl Pack for $type {
            fn put(&self, out: &mut Vec<u8>) {
                (*self as u64).put(out);
            }
            fn take(input: &mut Input<'_>) -> Result<$type, Corrupt> {
                <$type>::try_from(u64::take(input)?).map_err(|_| Corrupt)
            }
        }
    )*};
}

packed_number!(u8, u16, u32, usize);

impl Pack for u128 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn take(input: &mut Input<'_>) -> Result<u128, Corrupt> {
        let (bytes, rest) = input.bytes.split_first_chunk::<16>().ok_or(Corrupt)?;
        input.bytes = rest;
        Ok(u128::from_be_bytes(*bytes))
    }
}

impl Pack for bool {
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

impl Pack for Name {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        out.extend_from_slice(self.as_bytes());
    }
    fn take(input: &mut Input<'_>) -> Result<Name, Corrupt> {
        let text = input.text()?;
        Ok(input.shared.name(text))
    }
}

macro_rules! packed_text {
    ($($type:ty),*) => {$(
        impl Pack for $type {
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

packed_text!(Box<str>, String);

impl<T: Pack> Pack for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }
    fn take(input: &mut Input<'_>) -> Result<Box<T>, Corrupt> {
        T::take(input).map(Box::new)
    }
}

impl<T: Pack> Pack for Arc<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }
    fn take(input: &mut Input<'_>) -> Result<Arc<T>, Corrupt> {
        T::take(input).map(Arc::new)
    }
}

impl<T: Pack> Pack for Option<T> {
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

impl<T: Pack> Pack for Vec<T> {
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

impl<A: Pack, B: Pack> Pack for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn take(input: &mut Input<'_>) -> Result<(A, B), Corrupt> {
        Ok((A::take(input)?, B::take(input)?))
    }
}

macro_rules! packed_struct {
    ($type:ty { $($field:tt),* $(,)? }) => {
        impl Pack for $type {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
            fn take(input: &mut Input<'_>) -> Result<$type, Corrupt> {
                Ok(Self { $($field: Pack::take(input)?),* })
            }
        }
    };
}

macro_rules! packed_enum {
    ([$($generic:ident)?] $type:ty { $($number:literal => $variant:ident { $($field:tt $bind:ident),* }),* $(,)? }) => {
        impl<$($generic: Pack)?> Pack for $type {
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
                    $($number => Self::$variant { $($field: Pack::take(input)?),* },)*
                    _ => return Err(Corrupt),
                })
            }
        }
    };
}

macro_rules! packed_words {
    ($($type:ident { $($number:literal $variant:ident)* })*) => {
        $(packed_enum!([] $type { $($number => $variant {}),* });)*
    };
}

packed_words! {
    Kind {
        0 Contact 1 Ticket 2 Survey 3 Customer 4 Review 5 Complaint 6 Timeline 7 Shift 8 Certification 9 Coaching
        10 Reported 11 RepHour
    }
    Facet { 0 Activity 1 Presence }
    RepState { 0 Available 1 OnContact 2 WrapUp 3 Break 4 Training 5 Meeting 6 Offline 7 Other }
    Channel { 0 Voice 1 Chat 2 Email 3 Sms 4 Social 5 Task 6 Web 7 Other }
    Direction { 0 Inbound 1 Outbound }
    Reached { 0 Answered 1 GaveUp 2 Nobody }
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
    Tier { 0 Minute 1 QuarterHour 2 Day 3 Standing }
    State { 0 Pending 1 NoData 2 Undetermined 3 OnTrack 4 AtRisk 5 Met 6 Missed 7 Expired }
    Thresholds { 0 Wait 1 Response 2 Resolution 3 ServiceLevel 4 ShortAbandon 5 ResponseTarget 6 ResolutionTarget 7 Backlog }
}

packed_struct!(Instant { 0 });
packed_struct!(Span { 0 });
packed_struct!(CustomerHash { 0 });
packed_enum!([T] Field<T> { 0 => Absent {}, 1 => Null {}, 2 => Value { 0 value } });
packed_enum!([] Reported { 0 => Absent {}, 1 => Unknown {}, 2 => Millis { 0 ms } });
packed_struct!(Shared { queue, rep, customer, direction, channel, issue, rare });
packed_struct!(Rare { root, leg, team, customer_zone, priority, disposition, resolved, attributes });
packed_struct!(ContactEvent { what, shared });
packed_struct!(TicketEvent { what, shared, by, by_queue });
packed_struct!(SurveyEvent { what, about, rep, queue });
packed_struct!(About { kind, id, source });
packed_enum!([] Content {
    0 => Nothing {},
    1 => Contact { 0 event },
    2 => Ticket { 0 event },
    3 => Survey { 0 event },
    4 => Review { 0 event },
    5 => Complaint { 0 event },
    6 => State { 0 event },
    7 => Shift { 0 event },
    8 => Certification { 0 event },
    9 => Coaching { 0 event },
    10 => Reported { 0 event },
});
packed_struct!(ReviewEvent { rep, about, reviewer, form, items });
packed_struct!(ReviewItem { criterion, score, max, weight, fatal, applies });
packed_struct!(ComplaintEvent { category, department, about, rep });
packed_struct!(StateEvent { rep, facet, state, reason });
packed_struct!(ShiftEvent { rep, from, to, activity });
packed_struct!(CertificationEvent { rep, certification, expires });
packed_struct!(CoachingEvent { rep, plan, coach });
packed_struct!(ReportedEvent { measure, kind, id, from, to, figure, sample });
packed_enum!([] ReportedFigure {
    0 => Value { 0 value }, 1 => Fraction { numerator numerator, denominator denominator },
});
packed_enum!([] ContactWhat {
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
packed_enum!([] TicketWhat {
    0 => Created {},
    1 => Message { message message, author author, public public, deleted deleted },
    2 => Updated {},
    3 => Assigned {},
    4 => Status { 0 status },
    5 => Merged { into into },
    6 => Deleted { reason reason },
    7 => Restored {},
});
packed_enum!([] SurveyWhat {
    0 => Offered {}, 1 => Answered { question question, scale scale, score score, weight weight },
});
packed_enum!([] Scale { 0 => Nps {}, 1 => Csat { max max }, 2 => Ces {}, 3 => Csi {} });
packed_struct!(Entry { source, id, time, seq, revision, retracted, content });
packed_struct!(RecordKey { kind, namespace, id });
packed_enum!([] Message {
    0 => Link { 0 since },
    1 => Visit { 0 visit },
    2 => Handling { 0 credit },
    3 => States { facet facet, hour hour, states states },
    4 => Handled { 0 spans },
    5 => Planned { hour hour, from from, to to, activity activity },
});
packed_struct!(Visit { first, root, reached, channel, issue, transferred, queue, team, credit, earlier });
packed_struct!(Credit { known, rep, queue, team, slices });
packed_struct!(Received { from, message, frozen });
packed_struct!(Sent { to, message });
packed_enum!([] Dimension {
    0 => Queue {},
    1 => Channel {},
    2 => Direction {},
    3 => Issue {},
    4 => Priority {},
    5 => CustomerHour {},
    6 => Attribute { 0 name },
    7 => Criterion {},
    8 => Category {},
    9 => Certification {},
    10 => Reported {},
});
packed_struct!(Cell { quantity, parameter });
packed_struct!(Scope { kind, id, slice });
packed_struct!(Slice { dimension, value });
packed_struct!(Slices { 0 });
packed_struct!(Chosen { by_queue, slices });
packed_enum!([] Sliced { 0 => Value { 0 kind, 1 dimension, 2 value }, 1 => Scope { 0 kind, 1 id } });
packed_struct!(RowKey { tier, start, scope });
packed_struct!(Watermark { reached, heard });
packed_struct!(Digests { booked, closed, rows, gone });
packed_struct!(Position { now, first, partitions, expired, closed, generation, since, sliced, digests });
packed_struct!(Booked { first, last, hours });
packed_struct!(Counted { family, queue, number });
packed_enum!([] Alert {
    0 => Inactive {}, 1 => Pending { since since }, 2 => Firing { since since }, 3 => Resolved { since since },
});
packed_struct!(Figure { value, numerator, denominator, sample });
packed_struct!(Closed { start, end, state, figure, given, revision });
packed_struct!(Remembered { definition, alert, closed });
packed_struct!(Pair { target, scope });

impl Pack for f64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bits().to_be_bytes());
    }
    fn take(input: &mut Input<'_>) -> Result<f64, Corrupt> {
        let (bytes, rest) = input.bytes.split_first_chunk::<8>().ok_or(Corrupt)?;
        input.bytes = rest;
        Ok(f64::from_bits(u64::from_be_bytes(*bytes)))
    }
}

impl Pack for Quantity {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
    fn take(input: &mut Input<'_>) -> Result<Quantity, Corrupt> {
        Quantity::from_number(input.byte()?).ok_or(Corrupt)
    }
}

impl Pack for Amounts {
    fn put(&self, out: &mut Vec<u8>) {
        self.cells().len().put(out);
        for (cell, n) in self.cells() {
            cell.put(out);
            n.put(out);
        }
    }
    fn take(input: &mut Input<'_>) -> Result<Amounts, Corrupt> {
        Amounts::written(Pack::take(input)?).ok_or(Corrupt)
    }
}

impl Pack for RecordId {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            RecordId::Text(id) => {
                out.push(0);
                id.put(out);
            }
            RecordId::Customer(hash) => {
                out.push(1);
                hash.put(out);
            }
        }
    }
    fn take(input: &mut Input<'_>) -> Result<RecordId, Corrupt> {
        match input.byte()? {
            // Each is one of its kind: sharing would only fill the table.
            0 => Ok(RecordId::Text(Name::from(input.text()?))),
            1 => Ok(RecordId::Customer(Pack::take(input)?)),
            _ => Err(Corrupt),
        }
    }
}

impl Pack for Path {
    fn put(&self, out: &mut Vec<u8>) {
        self.steps().len().put(out);
        for (scope, zone) in self.steps() {
            scope.put(out);
            zone.name().len().put(out);
            out.extend_from_slice(zone.name().as_bytes());
        }
    }
    fn take(input: &mut Input<'_>) -> Result<Path, Corrupt> {
        let mut steps = Vec::new();
        for _ in 0..usize::take(input)? {
            let scope = Scope::take(input)?;
            steps.push((scope, input.text()?.parse().map_err(|_| Corrupt)?));
        }
        Ok(Path::new(steps))
    }
}

impl Record {
    /// Packs the record; the paths of its bookings are packed as their numbers.
    pub(crate) fn put(&self, paths: &mut Paths, out: &mut Vec<u8>) {
        self.saturated.put(out);
        self.entries.put(out);
        self.received.put(out);
        self.sent.put(out);
        self.booked.len().put(out);
        for booking in &self.booked {
            paths.number(&booking.path).put(out);
            booking.at.put(out);
            Span(booking.length()).put(out);
            booking.amounts.put(out);
        }
    }

    /// Reads what [`Record::put`] wrote, which must be all there is.
    pub(crate) fn take(bytes: &[u8], paths: &Paths, shared: &mut Known) -> Result<Record, Corrupt> {
        let mut input = Input::new(bytes, shared);
        let mut record = Record {
            saturated: Pack::take(&mut input)?,
            entries: Pack::take(&mut input)?,
            received: Pack::take(&mut input)?,
            sent: Pack::take(&mut input)?,
            booked: Vec::new(),
        };
        for _ in 0..usize::take(&mut input)? {
            let path = paths.get(u32::take(&mut input)?).ok_or(Corrupt)?.clone();
            let (at, Span(length)): (Instant, Span) = Pack::take(&mut input)?;
            let until = Instant(at.0.checked_add(length).filter(|until| *until >= at.0).ok_or(Corrupt)?);
            record.booked.push(Booking { path, at, until, amounts: Pack::take(&mut input)? });
        }
        if input.bytes.is_empty() { Ok(record) } else { Err(Corrupt) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Pack>(bytes: &[u8]) -> Result<T, Corrupt> {
        whole(bytes, &mut Known::default())
    }

    #[test]
    fn a_number_is_read_from_no_other_bytes_than_are_written() {
        for number in [0, 1, 127, 128, u64::MAX >> 1, u64::MAX] {
            assert_eq!(read(&packed(&number)), Ok(number));
        }
        let beyond_64_bits = [&[0xff; 9][..], &[3]].concat();
        for bytes in [&[0x80, 0][..], &[0xff, 0x80, 0], &beyond_64_bits, &[0xff; 11]] {
            assert_eq!(read::<u64>(bytes), Err(Corrupt), "{bytes:?}");
        }
    }

    #[test]
    fn amounts_are_read_only_as_they_are_written() {
        let (one, other) = (Cell::plain(Quantity::ALL[0]), Cell::plain(Quantity::ALL[1]));
        let amounts = |cells: &[(Cell, i64)]| read::<Amounts>(&packed(&cells.to_vec()));
        assert_eq!(amounts(&[(one, 7), (other, -1)]), Ok(Amounts::new(vec![(one, 7), (other, -1)])));
        assert_eq!(amounts(&[(other, 1), (one, 1)]), Err(Corrupt), "out of order");
        assert_eq!(amounts(&[(one, 0)]), Err(Corrupt), "nothing");
        // Added up they would be beyond all numbers.
        assert_eq!(amounts(&[(one, i64::MAX), (one, i64::MAX)]), Err(Corrupt), "twice");
    }
}
