//! Where live records are: each at a place of its own, found by its key.
//!
//! A record lies packed, as it lies on disk; it is unpacked when something happens to it, and stays so as long as it is
//! among the last to which something did. Lists of what is due, dirty or old hold places, not keys: a place is eight bytes and needs no search. A place
//! that was given up is used again, under another turn, so that an old list never meets another record in it.
//!
//! ```text
//! key -> index -> seat { turn, slot { note, packed: key and record, open: the record while it is at hand } }
//! ```

use super::event::Kind;
use super::pack::{Corrupt, Known, Pack, whole};
use super::paths::Paths;
use super::record::{Record, RecordKey};
use super::records::{Keep, Stored};
use super::time::Instant;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::collections::VecDeque;
use std::hash::Hasher;
use std::sync::Arc;

/// The place of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    at: u32,
    turn: u32,
}

/// What is known of a record without unpacking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(super) kind: Kind,
    /// True if it has changed since it was stored.
    pub(super) dirty: bool,
    /// True if it knows something that it has not booked yet.
    pub(super) woken: bool,
    /// Which roster and settings it was booked under last.
    pub(super) generation: u32,
    /// The hour (since 1970) of the block that it expires with.
    pub(super) hour: i64,
    /// The hour under which it is stored, if it is.
    pub(super) stored: Option<i64>,
    /// The next instant at which its contribution may change by itself.
    pub(super) due: Option<Instant>,
}

impl Note {
    fn new(kind: Kind, hour: i64, generation: u32) -> Note {
        Note { kind, dirty: false, woken: false, generation, hour, stored: None, due: None }
    }
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

/// A record in its place.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) note: Note,
    packed: Packed,
    open: Option<Box<Open>>,
}

/// A key, and the record as it was when it was last packed. A checkpoint shares the bytes instead of copying them.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    bytes: Arc<[u8]>,
    key_length: u32,
}

impl Packed {
    /// The key.
    pub(crate) fn key(&self) -> &[u8] {
        &self.bytes[..self.key_length as usize]
    }

    /// The record.
    pub(crate) fn record(&self) -> &[u8] {
        &self.bytes[self.key_length as usize..]
    }

    fn unpack(&self, paths: &Paths, known: &mut Known) -> Open {
        match (whole(self.key(), known), Record::take(self.record(), paths, known)) {
            (Ok(key), Ok(record)) => Open { key, record, touched: true, changed: true },
            // What is packed was packed here or checked when it was restored.
            (key, record) => unreachable!("a packed record cannot be read: {key:?} {record:?}"),
        }
    }
}

impl Slot {
    /// What was packed last.
    pub(super) fn packed(&self) -> &Packed {
        &self.packed
    }
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
    /// In the order in which they were opened or last spared.
    opened: VecDeque<Place>,
    /// So many stay unpacked.
    room: usize,
    known: Known,
    pub(super) paths: Paths,
    scratch: Vec<u8>,
}

impl Slots {
    /// No records yet, and room for so many that are unpacked.
    pub(super) fn new(room: usize) -> Slots {
        Slots { room, ..Slots::default() }
    }

    /// How many records are live.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The place of the record with this key.
    pub(super) fn find(&mut self, key: &RecordKey) -> Option<Place> {
        self.scratch.clear();
        key.put(&mut self.scratch);
        self.find_packed(hash(&self.scratch))
    }

    /// The place of the record whose key is in `scratch`.
    fn find_packed(&self, half: u32) -> Option<Place> {
        let is_it =
            |at: u32| self.seats[at as usize].slot.as_ref().is_some_and(|slot| *slot.packed.key() == *self.scratch);
        let (_, at) = *self.index.find(spread(half), |(other, at)| *other == half && is_it(*at))?;
        Some(Place { at, turn: self.seats[at as usize].turn })
    }

    /// What is known of the record at a place, unless it was given up.
    pub(super) fn note(&self, place: Place) -> Option<&Note> {
        self.slot(place).map(|slot| &slot.note)
    }

    /// Likewise, to change.
    pub(super) fn note_mut(&mut self, place: Place) -> Option<&mut Note> {
        self.slot_mut(place).map(|slot| &mut slot.note)
    }

    /// The slot at a place, unless it was given up.
    pub(super) fn slot(&self, place: Place) -> Option<&Slot> {
        let seat = self.seats.get(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        seat.slot.as_ref()
    }

    /// Likewise, to change.
    pub(super) fn slot_mut(&mut self, place: Place) -> Option<&mut Slot> {
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        seat.slot.as_mut()
    }

    /// The record at a place, unpacked.
    pub(super) fn open(&mut self, place: Place) -> Option<(&mut Note, &mut Open)> {
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        let slot = seat.slot.as_mut()?;
        if slot.open.is_none() {
            slot.open = Some(Box::new(slot.packed.unpack(&self.paths, &mut self.known)));
            self.opened.push_back(place);
        }
        let Slot { note, open: Some(open), .. } = slot else { return None };
        open.touched = true;
        open.changed = true;
        Some((note, open))
    }

    /// The place of the record with this key; one that was not there is of `hour` and `generation`.
    pub(super) fn find_or_begin(&mut self, key: &RecordKey, hour: i64, generation: u32) -> (Place, bool) {
        self.scratch.clear();
        key.put(&mut self.scratch);
        if let Some(place) = self.find_packed(hash(&self.scratch)) {
            return (place, false);
        }
        let open = Some(Box::new(Open { key: key.clone(), record: Record::default(), touched: true, changed: true }));
        let packed = Packed { bytes: self.scratch.as_slice().into(), key_length: self.scratch.len() as u32 };
        let place = self.sit(Slot { note: Note::new(key.kind, hour, generation), packed, open });
        self.opened.push_back(place);
        (place, true)
    }

    /// Puts a stored record back, as it was packed.
    pub(super) fn restore(&mut self, stored: Stored<'_>) -> Result<(Place, Kind), Corrupt> {
        let Stored { hour, key, record, keep: Keep { due, generation } } = stored;
        let kind = whole::<RecordKey>(key, &mut self.known)?.kind;
        Record::take(record, &self.paths, &mut self.known)?;
        let note = Note { stored: Some(hour), due, ..Note::new(kind, hour, generation) };
        let packed = Packed { bytes: [key, record].concat().into(), key_length: key.len() as u32 };
        Ok((self.sit(Slot { note, packed, open: None }), kind))
    }

    fn sit(&mut self, slot: Slot) -> Place {
        let half = hash(slot.packed.key());
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
    pub(super) fn remove(&mut self, place: Place) -> Option<(Slot, Open)> {
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        let mut slot = seat.slot.take()?;
        seat.turn = seat.turn.wrapping_add(1);
        self.free.push(place.at);
        let half = hash(slot.packed.key());
        if let Ok(entry) = self.index.find_entry(spread(half), |(_, at)| *at == place.at) {
            entry.remove();
        }
        let open = match slot.open.take() {
            Some(open) => *open,
            None => slot.packed.unpack(&self.paths, &mut self.known),
        };
        Some((slot, open))
    }

    /// Packs open records until few enough are left; those to which something happened lately are spared.
    pub(super) fn close_old(&mut self) {
        while self.opened.len() > self.room {
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

    /// Brings what is packed of a record up to date.
    pub(super) fn pack(&mut self, place: Place) {
        let Some(seat) = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn) else { return };
        let Some(Slot { packed, open: Some(open), .. }) = &mut seat.slot else { return };
        if std::mem::take(&mut open.changed) {
            self.scratch.clear();
            self.scratch.extend_from_slice(packed.key());
            open.record.put(&mut self.paths, &mut self.scratch);
            packed.bytes = self.scratch.as_slice().into();
        }
    }

    /// Every place that is taken.
    pub(super) fn places(&self) -> impl Iterator<Item = (Place, &Note)> {
        let seats = (0..).zip(&self.seats);
        seats.filter_map(|(at, seat)| Some((Place { at, turn: seat.turn }, &seat.slot.as_ref()?.note)))
    }

    /// Shows every record, in no order.
    pub(super) fn visit(&self, mut visit: impl FnMut(&RecordKey, &Record)) {
        let mut known = Known::default();
        for slot in self.seats.iter().filter_map(|seat| seat.slot.as_ref()) {
            match &slot.open {
                Some(open) => visit(&open.key, &open.record),
                None => {
                    let open = slot.packed.unpack(&self.paths, &mut known);
                    visit(&open.key, &open.record);
                }
            }
        }
    }
}

/// Half of the hash of a packed key.
fn hash(key: &[u8]) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(key);
    (hasher.finish() >> 32) as u32
}

/// The hash that the index wants, of the half that it keeps.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Name;
    use crate::domain::record::RecordId;

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
    fn a_record_is_the_same_after_it_was_packed_to_make_room() {
        let mut slots = Slots::new(10);
        let places: Vec<Place> = (0..20).map(|n| slots.find_or_begin(&key(&n.to_string()), 1, 0).0).collect();
        for place in &places {
            let (_, open) = slots.open(*place).expect("it was begun");
            open.record.saturated = true;
        }
        slots.close_old();
        let open = slots.seats.iter().filter(|seat| seat.slot.as_ref().is_some_and(|slot| slot.open.is_some()));
        assert_eq!(open.count(), 10);
        for (n, place) in places.iter().enumerate() {
            let (_, open) = slots.open(*place).expect("it is there");
            assert!(open.record.saturated);
            assert_eq!(open.key, key(&n.to_string()));
        }
    }
}
