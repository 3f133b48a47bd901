//! Where live records are: each at a place of its own, found by its key.
//!
//! A record lies packed, as it lies on disk; it is unpacked when something happens to it, and stays so as long as it is
//! among the last to which something did. What has been stored and not been needed for long lies on disk only, and of
//! it no more than a note stays in memory.
//!
//! ```text
//! key -> index -> seat { turn, slot { note, packed: key and record, open: the record while it is at hand } }
//! ```
//!
//! Lists of what is due, dirty or old hold places, not keys: a place is eight bytes and needs no search. A place that
//! was given up is used again, under another turn, so that an old list never meets another record in it.

use super::booking::Booking;
use super::event::Kind;
use super::pack::{Corrupt, Known, Pack, whole};
use super::paths::Paths;
use super::record::{Record, RecordKey};
use super::storage::{Storage, must};
use super::time::{Instant, MINUTE};
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::collections::VecDeque;
use std::hash::Hasher;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The place of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    at: u32,
    turn: u32,
}

/// Where a record is stored: its hour (since 1970), and its number, which no other record ever has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    /// The hour of the block that it expires with.
    pub(crate) hour: i32,
    /// Its number.
    pub(crate) number: u64,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "record {} of hour {}", self.number, self.hour)
    }
}

/// How a record is stored, or will be by the checkpoint under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The hour of its address there.
    pub(crate) hour: i32,
    /// The check of its bytes: what is read must have the same.
    pub(crate) check: NonZeroU32,
}

/// When the bookings of a record count, about: enough to pass over most records that have none in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Booked {
    /// The minute of the first, since 1970.
    pub(crate) first: i32,
    /// The minute of the last; before the first if nothing is booked.
    pub(crate) last: i32,
    /// A bit for each hour in which there is one, or a part of it: that of its remainder by 64.
    pub(crate) hours: u64,
}

impl Booked {
    /// Of a record that has booked nothing.
    pub(crate) const NOTHING: Booked = Booked { first: i32::MAX, last: i32::MIN, hours: 0 };

    /// Of these bookings.
    pub(super) fn of(bookings: &[Booking]) -> Booked {
        bookings.iter().fold(Booked::NOTHING, |Booked { first, last, hours }, booking| {
            let [begin, end] = [booking.at, booking.last()].map(|at| short(at.0.div_euclid(MINUTE)));
            // After 64 hours every bit is set.
            let touched = (begin.div_euclid(60)..=end.div_euclid(60)).take(64);
            let hours = touched.fold(hours, |hours, hour| hours | 1 << hour.rem_euclid(64));
            Booked { first: first.min(begin), last: last.max(end), hours }
        })
    }

    /// The first minute from `from` on in which one may count; `None` if none does.
    pub(super) fn next(self, from: i32) -> Option<i32> {
        let from = from.max(self.first);
        let hour = from.div_euclid(60);
        let ahead = self.hours.rotate_right(hour.rem_euclid(64).cast_unsigned()).trailing_zeros();
        let next = if ahead == 0 { from } else { hour.saturating_add_unsigned(ahead).saturating_mul(60) };
        (next <= self.last).then_some(next)
    }
}

/// What is known of a record without looking at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Its kind.
    pub(crate) kind: Kind,
    /// True if it has changed since it was stored.
    pub(super) dirty: bool,
    /// True if it knows something that it has not booked yet.
    pub(super) woken: bool,
    /// Which roster and settings it was booked under last.
    pub(crate) generation: u32,
    /// Where it is stored or will be.
    pub(crate) address: Address,
    /// How it is stored, if it is.
    pub(crate) stored: Option<Stored>,
    /// The next instant at which its contribution may change by itself; [`Instant::MAX`] is never.
    pub(crate) due: Instant,
    /// When its bookings count.
    pub(crate) booked: Booked,
    /// The hash of its key.
    pub(crate) hash: u64,
}

impl Note {
    fn new(kind: Kind, address: Address, generation: u32, hash: u64) -> Note {
        let (stored, due, booked) = (None, Instant::MAX, Booked::NOTHING);
        Note { kind, dirty: false, woken: false, generation, address, stored, due, booked, hash }
    }

    /// Of a record that is stored.
    pub(crate) fn stored(
        kind: Kind,
        address: Address,
        generation: u32,
        due: Instant,
        booked: Booked,
        hash: u64,
        check: NonZeroU32,
    ) -> Note {
        let stored = Some(Stored { hour: address.hour, check });
        Note { stored, due, booked, ..Note::new(kind, address, generation, hash) }
    }

    /// The hour of the block that it expires with.
    pub(super) fn hour(&self) -> i64 {
        i64::from(self.address.hour)
    }

    /// Moves it to the block of another hour.
    pub(super) fn move_to(&mut self, hour: i64) {
        self.address.hour = short(hour);
    }
}

/// Hours or minutes since 1970 as they are kept: some 4,000 years either way at least.
pub(super) fn short(number: i64) -> i32 {
    number.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// A record that is unpacked, with its key.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) key: RecordKey,
    pub(super) record: Record,
    /// True if something happened to it since it was last spared.
    touched: bool,
    /// True if it may differ from what is packed.
    changed: bool,
}

/// A key, and the record as it was when it was last packed. A checkpoint shares the bytes instead of copying them.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    bytes: Arc<[u8]>,
    key_length: u32,
}

impl Packed {
    /// A record that was stored.
    pub(crate) fn new(key: &[u8], record: &[u8]) -> Packed {
        Packed { bytes: [key, record].concat().into(), key_length: key.len() as u32 }
    }

    /// The key.
    pub(crate) fn key(&self) -> &[u8] {
        &self.bytes[..self.key_length as usize]
    }

    /// The record.
    pub(crate) fn record(&self) -> &[u8] {
        &self.bytes[self.key_length as usize..]
    }

    /// How many bytes it takes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A check of all of it: a changed bit, or the bytes of another record, do not have the same.
    pub(crate) fn check(&self) -> NonZeroU32 {
        check([&self.key_length.to_be_bytes(), &*self.bytes])
    }

    /// Key and record, unpacked.
    pub(crate) fn unpack(&self, paths: &Paths, known: &mut Known) -> Result<(RecordKey, Record), Corrupt> {
        Ok((whole(self.key(), known)?, Record::take(self.record(), paths, known)?))
    }
}

/// A record in its place.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) note: Note,
    /// None if it lies on disk only.
    packed: Option<Packed>,
    open: Option<Box<Open>>,
}

#[derive(Debug, Default)]
struct Seat {
    turn: u32,
    slot: Option<Slot>,
}

/// All live records.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// Half of the hash of each key with its seat: growing needs no look at the keys.
    index: HashTable<(u32, u32)>,
    seats: Vec<Seat>,
    free: Vec<u32>,
    /// Those that are unpacked, in the order in which they were opened or last spared.
    opened: VecDeque<Place>,
    /// So many stay unpacked.
    open_room: usize,
    /// Those in memory, in the order in which they came or were last spared.
    present: VecDeque<Place>,
    /// Bytes of those in memory.
    bytes: usize,
    storage: Option<Arc<dyn Storage>>,
    /// How many had to be fetched from disk.
    loaded: u64,
    next_number: u64,
    known: Known,
    pub(super) paths: Paths,
    scratch: Vec<u8>,
}

impl Slots {
    /// No records yet, and room for so many that are unpacked.
    pub(super) fn new(open_room: usize) -> Slots {
        Slots { open_room, ..Slots::default() }
    }

    /// From now on, what has been stored can be fetched from there.
    pub(super) fn lie_in(&mut self, storage: Arc<dyn Storage>) {
        self.storage = Some(storage);
    }

    /// How many records are live.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Bytes of the records in memory, and how many had to be fetched from disk.
    pub(super) fn use_of_memory(&self) -> (usize, u64) {
        (self.bytes, self.loaded)
    }

    /// The place of the record with this key.
    pub(super) fn find(&mut self, key: &RecordKey) -> Option<Place> {
        self.scratch.clear();
        key.put(&mut self.scratch);
        self.find_packed(hash(&self.scratch))
    }

    /// The place of the record whose key is in `scratch`.
    fn find_packed(&mut self, hash: u64) -> Option<Place> {
        loop {
            let is_it = |at: u32| {
                let slot = self.seats[at as usize].slot.as_ref().filter(|slot| slot.note.hash == hash);
                // One on disk may be it, or another of the same hash.
                slot.is_some_and(|slot| slot.packed.as_ref().is_none_or(|packed| *packed.key() == *self.scratch))
            };
            let half = half(hash);
            let (_, at) = *self.index.find(spread(half), |(other, at)| *other == half && is_it(*at))?;
            let seat = &self.seats[at as usize];
            let place = Place { at, turn: seat.turn };
            if seat.slot.as_ref().is_some_and(|slot| slot.packed.is_some()) {
                return Some(place);
            }
            self.fetch(place);
        }
    }

    /// What is known of the record at a place, unless it was given up.
    pub(super) fn note(&self, place: Place) -> Option<&Note> {
        let seat = self.seats.get(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        seat.slot.as_ref().map(|slot| &slot.note)
    }

    /// Likewise, to change.
    pub(super) fn note_mut(&mut self, place: Place) -> Option<&mut Note> {
        self.slot_mut(place).map(|slot| &mut slot.note)
    }

    fn slot_mut(&mut self, place: Place) -> Option<&mut Slot> {
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        seat.slot.as_mut()
    }

    /// The record at a place, unpacked.
    pub(super) fn open(&mut self, place: Place) -> Option<(&mut Note, &mut Open)> {
        self.fetch(place);
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        let slot = seat.slot.as_mut()?;
        if slot.open.is_none() {
            let (key, record) = unpacked(slot, &self.paths, &mut self.known);
            slot.open = Some(Box::new(Open { key, record, touched: true, changed: true }));
            self.opened.push_back(place);
        }
        let Slot { note, open: Some(open), .. } = slot else { return None };
        open.touched = true;
        open.changed = true;
        Some((note, open))
    }

    /// Brings a record into memory that lies on disk only.
    fn fetch(&mut self, place: Place) {
        let Some(slot) = self.slot_mut(place).filter(|slot| slot.packed.is_none()) else { return };
        let note = slot.note.clone();
        let packed = load(self.storage.as_deref(), &note);
        self.loaded += 1;
        self.bytes += packed.len();
        self.present.push_back(place);
        if let Some(slot) = self.slot_mut(place) {
            slot.packed = Some(packed);
        }
    }

    /// The place of the record with this key, and whether it is new; then it is of `hour` and `generation`.
    pub(super) fn find_or_begin(&mut self, key: &RecordKey, hour: i64, generation: u32) -> (Place, bool) {
        self.scratch.clear();
        key.put(&mut self.scratch);
        let hash = hash(&self.scratch);
        if let Some(place) = self.find_packed(hash) {
            return (place, false);
        }
        let open = Open { key: key.clone(), record: Record::default(), touched: true, changed: true };
        let packed = Packed { bytes: self.scratch.as_slice().into(), key_length: self.scratch.len() as u32 };
        let address = Address { hour: short(hour), number: self.next_number };
        self.next_number += 1;
        let note = Note::new(key.kind, address, generation, hash);
        self.bytes += packed.len();
        let place = self.sit(Slot { note, packed: Some(packed), open: Some(Box::new(open)) });
        self.present.push_back(place);
        self.opened.push_back(place);
        (place, true)
    }

    /// Puts a stored record back, which lies on disk.
    pub(super) fn restore(&mut self, note: Note) -> Place {
        self.next_number = self.next_number.max(note.address.number + 1);
        self.sit(Slot { note, packed: None, open: None })
    }

    fn sit(&mut self, slot: Slot) -> Place {
        let half = half(slot.note.hash);
        let at = self.free.pop().unwrap_or_else(|| {
            self.seats.push(Seat::default());
            (self.seats.len() - 1) as u32
        });
        let seat = &mut self.seats[at as usize];
        seat.slot = Some(slot);
        self.index.insert_unique(spread(half), (half, at), |(half, _)| spread(*half));
        Place { at, turn: seat.turn }
    }

    /// Takes a record out and gives its place up.
    pub(super) fn remove(&mut self, place: Place) -> Option<(Note, RecordKey, Record)> {
        self.fetch(place);
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        let mut slot = seat.slot.take()?;
        seat.turn = seat.turn.wrapping_add(1);
        self.free.push(place.at);
        self.bytes -= slot.packed.as_ref().map_or(0, Packed::len);
        if let Ok(entry) = self.index.find_entry(spread(half(slot.note.hash)), |(_, at)| *at == place.at) {
            entry.remove();
        }
        let (key, record) = match slot.open.take() {
            Some(open) => (open.key, open.record),
            None => unpacked(&slot, &self.paths, &mut self.known),
        };
        Some((slot.note, key, record))
    }

    /// Packs open records until few enough are left; those to which something happened lately are spared.
    pub(super) fn close_old(&mut self) {
        while self.opened.len() > self.open_room {
            let Some(place) = self.opened.pop_front() else { return };
            let Some(slot) = self.slot_mut(place) else { continue };
            let Some(open) = &mut slot.open else { continue };
            if std::mem::take(&mut open.touched) {
                self.opened.push_back(place);
                continue;
            }
            self.pack(place);
            if let Some(slot) = self.slot_mut(place) {
                slot.open = None;
            }
        }
    }

    /// What is packed of a record, brought up to date, with what is known of it.
    pub(super) fn pack(&mut self, place: Place) -> Option<(&mut Note, &Packed)> {
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        let Some(Slot { note, packed: Some(packed), open }) = &mut seat.slot else { return None };
        if let Some(open) = open
            && std::mem::take(&mut open.changed)
        {
            self.scratch.clear();
            self.scratch.extend_from_slice(packed.key());
            open.record.put(&mut self.paths, &mut self.scratch);
            self.bytes = self.bytes - packed.len() + self.scratch.len();
            packed.bytes = self.scratch.as_slice().into();
        }
        Some((note, packed))
    }

    /// Leaves records to the disk until those in memory take no more than `room` bytes. Only when everything that is not
    /// dirty has been written.
    pub(super) fn make_room(&mut self, room: usize) {
        for _ in 0..self.present.len() {
            if self.bytes <= room || self.storage.is_none() {
                return;
            }
            let Some(place) = self.present.pop_front() else { return };
            let Some(slot) = self.slot_mut(place) else { continue };
            if slot.open.is_some() || slot.note.dirty || slot.note.woken || slot.note.stored.is_none() {
                self.present.push_back(place);
                continue;
            }
            let freed = slot.packed.take().map_or(0, |packed| packed.len());
            self.bytes -= freed;
        }
    }

    /// Every place that is taken.
    pub(super) fn places(&self) -> impl Iterator<Item = (Place, &Note)> {
        let seats = (0..).zip(&self.seats);
        seats.filter_map(|(at, seat)| Some((Place { at, turn: seat.turn }, &seat.slot.as_ref()?.note)))
    }

    /// Shows every record, in no order.
    pub(super) fn visit(&self, mut visit: impl FnMut(&Note, &RecordKey, &Record)) {
        let mut known = Known::default();
        for slot in self.seats.iter().filter_map(|seat| seat.slot.as_ref()) {
            self.show(slot, &mut known, &mut visit);
        }
    }

    /// The places from number `from` on, at most `n` of them, that are taken; nothing if there are no more numbers.
    pub(super) fn stretch(&self, from: usize, n: usize) -> Option<impl Iterator<Item = (Place, &Note)>> {
        let seats = self.seats.get(from..)?;
        let seats = (from as u32..).zip(seats.iter().take(n));
        let taken = seats.filter_map(|(at, seat)| Some((Place { at, turn: seat.turn }, &seat.slot.as_ref()?.note)));
        (from < self.seats.len()).then_some(taken)
    }

    /// Shows the record at a place, unless it was given up. It stays where it is: in memory or on disk.
    pub(super) fn look(&self, place: Place, known: &mut Known, mut show: impl FnMut(&RecordKey, &Record)) {
        let seat = self.seats.get(place.at as usize).filter(|seat| seat.turn == place.turn);
        if let Some(slot) = seat.and_then(|seat| seat.slot.as_ref()) {
            self.show(slot, known, &mut |_, key, record| show(key, record));
        }
    }

    fn show(&self, slot: &Slot, known: &mut Known, show: &mut impl FnMut(&Note, &RecordKey, &Record)) {
        match (&slot.open, &slot.packed) {
            (Some(open), _) => show(&slot.note, &open.key, &open.record),
            (None, Some(_)) => {
                let (key, record) = unpacked(slot, &self.paths, known);
                show(&slot.note, &key, &record);
            }
            (None, None) => {
                let packed = load(self.storage.as_deref(), &slot.note);
                let (key, record) = readable(packed.unpack(&self.paths, known), &slot.note);
                show(&slot.note, &key, &record);
            }
        }
    }
}

/// A record from disk.
fn load(storage: Option<&dyn Storage>, note: &Note) -> Packed {
    let (Some(storage), Some(Stored { hour, check })) = (storage, note.stored) else {
        unreachable!("a record was left to a disk that is not there")
    };
    let address = Address { hour, ..note.address };
    let packed = must(storage.record(address));
    if packed.check() != check {
        panic!("{address} in the state file is not what was written: {MOVE_AWAY}");
    }
    packed
}

fn unpacked(slot: &Slot, paths: &Paths, known: &mut Known) -> (RecordKey, Record) {
    match &slot.packed {
        Some(packed) => readable(packed.unpack(paths, known), &slot.note),
        None => unreachable!("a record is in memory before it is unpacked"),
    }
}

fn readable(unpacked: Result<(RecordKey, Record), Corrupt>, note: &Note) -> (RecordKey, Record) {
    match unpacked {
        Ok(unpacked) => unpacked,
        Err(_) => panic!("{} in the state file cannot be read: {MOVE_AWAY}", note.address),
    }
}

/// What to do when the state cannot be read.
pub const MOVE_AWAY: &str = "move the state directory away, and goalkeeper builds the state again from what Kafka \
                                    has; or bring a copy back with `goalkeeper state import`";

/// A check of bytes: another one if any bit of them has changed.
pub(crate) fn check<const N: usize>(parts: [&[u8]; N]) -> NonZeroU32 {
    let mut hasher = crc32fast::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    NonZeroU32::new(hasher.finalize()).unwrap_or(NonZeroU32::MIN)
}

/// The hash of a packed key.
pub(super) fn hash(key: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(key);
    hasher.finish()
}

/// The half of a hash that the index keeps.
fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The hash that the index wants, of the half that it keeps.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::amounts::Amounts;
    use crate::domain::event::Name;
    use crate::domain::pane::RowKey;
    use crate::domain::record::RecordId;
    use crate::domain::scope::Scope;
    use crate::domain::window::Tier;
    use std::collections::BTreeMap;

    #[derive(Debug, Default)]
    struct Shelf(BTreeMap<Address, Packed>);

    impl Storage for Shelf {
        fn record(&self, address: Address) -> Result<Packed, String> {
            self.0.get(&address).cloned().ok_or_else(|| format!("nothing is at {address:?}"))
        }

        fn row(&self, _: &RowKey) -> Result<Amounts, String> {
            Err("here are no rows".to_owned())
        }

        fn rows(&self, _: Tier, _: Instant, _: bool) -> Result<Vec<(Scope, Amounts)>, String> {
            Err("here are no rows".to_owned())
        }
    }

    fn key(id: &str) -> RecordKey {
        RecordKey { kind: Kind::Contact, namespace: Name::from("a"), id: RecordId::Text(id.into()) }
    }

    #[test]
    fn a_place_that_was_given_up_never_leads_to_another_record() {
        let mut slots = Slots::default();
        let mut begin = |id: &str| slots.find_or_begin(&key(id), 1, 0).0;
        let (one, two) = (begin("1"), begin("2"));
        assert_eq!(begin("1"), one);
        assert!(slots.remove(one).is_some());
        assert!(slots.remove(one).is_none());
        let (three, is_new) = slots.find_or_begin(&key("3"), 1, 0);
        assert!(is_new);
        assert_eq!(three.at, one.at);
        assert!(slots.note(one).is_none());
        assert!(slots.open(one).is_none());
        assert_eq!(slots.find(&key("1")), None);
        assert_eq!(slots.find(&key("3")), Some(three));
        assert_eq!(slots.find(&key("2")), Some(two));
        assert_eq!(slots.len(), 2);
        assert_eq!(slots.places().count(), 2);
    }

    #[test]
    fn a_record_is_the_same_after_it_was_packed_and_left_to_the_disk() {
        let mut slots = Slots::new(10);
        let places: Vec<Place> = (0..20).map(|n| slots.find_or_begin(&key(&n.to_string()), 1, 0).0).collect();
        for place in &places {
            let (_, open) = slots.open(*place).expect("it was begun");
            open.record.saturated = true;
        }
        slots.close_old();
        let open = slots.seats.iter().filter(|seat| seat.slot.as_ref().is_some_and(|slot| slot.open.is_some()));
        assert_eq!(open.count(), 10);

        let mut shelf = Shelf::default();
        for place in &places {
            let (note, packed) = slots.pack(*place).expect("it was begun");
            note.stored = Some(Stored { hour: note.address.hour, check: packed.check() });
            shelf.0.insert(note.address, packed.clone());
        }
        slots.lie_in(Arc::new(shelf));
        slots.make_room(0);
        let present = slots.seats.iter().filter(|seat| seat.slot.as_ref().is_some_and(|slot| slot.packed.is_some()));
        assert_eq!(present.count(), 10, "what is open stays");

        for (n, place) in places.iter().enumerate() {
            assert_eq!(slots.find(&key(&n.to_string())), Some(*place));
            let (_, open) = slots.open(*place).expect("it is there");
            assert!(open.record.saturated);
            assert_eq!(open.key, key(&n.to_string()));
        }
        assert_eq!(slots.use_of_memory().1, 10);
        assert_eq!(slots.find(&key("another")), None);
    }

    #[test]
    fn records_of_equal_hash_are_told_apart_on_disk_too() {
        let mut slots = Slots::new(0);
        let mut shelf = Shelf::default();
        let places: Vec<Place> = ["1", "2", "3"].map(|id| slots.find_or_begin(&key(id), 1, 0).0).into();
        for place in &places {
            let (note, packed) = slots.pack(*place).expect("it was begun");
            note.stored = Some(Stored { hour: note.address.hour, check: packed.check() });
            shelf.0.insert(note.address, packed.clone());
        }
        slots.lie_in(Arc::new(shelf));
        // As if all keys had the hash of the last.
        let wanted = hash(&slots.packed_key("3"));
        slots.index.clear();
        for place in &places {
            slots.note_mut(*place).expect("it is there").hash = wanted;
            slots.index.insert_unique(spread(half(wanted)), (half(wanted), place.at), |(half, _)| spread(*half));
        }
        slots.close_old();
        slots.close_old();
        slots.make_room(0);
        assert_eq!(slots.find(&key("3")), Some(places[2]));
    }

    impl Slots {
        fn packed_key(&self, id: &str) -> Vec<u8> {
            let mut bytes = Vec::new();
            key(id).put(&mut bytes);
            bytes
        }
    }
}
