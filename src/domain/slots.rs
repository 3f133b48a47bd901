//! Where live records are: each at a place of its own, found by its key.
//!
//! Lists of what is due, dirty or old hold places, not keys: a place is eight bytes and needs no search. A place that
//! was given up is used again, under another turn, so that an old list never meets another record in it.

use super::record::{Record, RecordKey};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// The place of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    at: u32,
    turn: u32,
}

/// A record with what only its keeper needs to know of it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) key: RecordKey,
    pub(super) record: Record,
    /// The hour under which the record is stored, if it is.
    pub(super) stored: Option<i64>,
    /// True if it has changed since it was stored.
    pub(super) dirty: bool,
    /// True if it knows something that it has not booked yet.
    pub(super) woken: bool,
}

#[derive(Debug, Default)]
struct Seat {
    turn: u32,
    slot: Option<Slot>,
}

/// All live records.
#[derive(Debug, Default)]
pub(super) struct Slots {
    index: HashTable<u32>,
    seats: Vec<Seat>,
    free: Vec<u32>,
}

impl Slots {
    /// How many records are live.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The place of the record with this key.
    pub(super) fn find(&self, key: &RecordKey) -> Option<Place> {
        let at = *self.index.find(hash(key), |at| self.is_of(*at, key))?;
        Some(Place { at, turn: self.seats[at as usize].turn })
    }

    /// The slot at a place, unless it was given up.
    pub(super) fn get(&self, place: Place) -> Option<&Slot> {
        let seat = self.seats.get(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        seat.slot.as_ref()
    }

    /// The slot at a place, unless it was given up.
    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut Slot> {
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        seat.slot.as_mut()
    }

    /// Puts a record in that was not there.
    pub(super) fn insert(&mut self, slot: Slot) -> Place {
        let key_hash = hash(&slot.key);
        let at = self.free.pop().unwrap_or_else(|| {
            self.seats.push(Seat::default());
            (self.seats.len() - 1) as u32
        });
        let seat = &mut self.seats[at as usize];
        seat.slot = Some(slot);
        let place = Place { at, turn: seat.turn };
        let seats = &self.seats;
        self.index
            .insert_unique(key_hash, at, |at| seats[*at as usize].slot.as_ref().map_or(0, |slot| hash(&slot.key)));
        place
    }

    /// Takes a record out and gives its place up.
    pub(super) fn remove(&mut self, place: Place) -> Option<Slot> {
        let seat = self.seats.get_mut(place.at as usize).filter(|seat| seat.turn == place.turn)?;
        let slot = seat.slot.take()?;
        seat.turn = seat.turn.wrapping_add(1);
        self.free.push(place.at);
        if let Ok(entry) = self.index.find_entry(hash(&slot.key), |at| *at == place.at) {
            entry.remove();
        }
        Some(slot)
    }

    /// Every record with its place, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Place, &Slot)> {
        let seats = (0..).zip(&self.seats);
        seats.filter_map(|(at, seat)| Some((Place { at, turn: seat.turn }, seat.slot.as_ref()?)))
    }

    fn is_of(&self, at: u32, key: &RecordKey) -> bool {
        self.seats[at as usize].slot.as_ref().is_some_and(|slot| slot.key == *key)
    }
}

fn hash(key: &RecordKey) -> u64 {
    FxBuildHasher.hash_one(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Kind, Name};
    use crate::domain::record::RecordId;

    fn slot(id: &str) -> Slot {
        let key = RecordKey { kind: Kind::Contact, namespace: Name::from("a"), id: RecordId::Text(id.into()) };
        Slot { key, record: Record::default(), stored: None, dirty: false, woken: false }
    }

    #[test]
    fn a_place_that_was_given_up_never_leads_to_another_record() {
        let mut slots = Slots::default();
        let (one, two) = (slots.insert(slot("1")), slots.insert(slot("2")));
        assert_eq!(slots.find(&slot("1").key), Some(one));
        assert!(slots.remove(one).is_some());
        assert!(slots.remove(one).is_none());
        let three = slots.insert(slot("3"));
        assert_eq!(three.at, one.at);
        assert!(slots.get(one).is_none());
        assert_eq!(slots.find(&slot("1").key), None);
        assert_eq!(slots.find(&slot("3").key), Some(three));
        assert_eq!(slots.find(&slot("2").key), Some(two));
        assert_eq!(slots.len(), 2);
        assert_eq!(slots.iter().count(), 2);
    }
}
