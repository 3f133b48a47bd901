//! What will happen when: the queue of the discrete-event model, and the slots its actions point into.

use super::calendar::Pause;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::{Index, IndexMut};

/// Something that is due. Numbers are slots of contacts, tickets, surveys, or numbers of reps; a *token* tells a slot
/// (or a stay in a queue) from its later users.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// A local day begins: plan its shifts.
    Day,
    /// A new inbound contact.
    Arrival,
    /// A new ticket.
    TicketArrival,
    /// A customer who was not helped comes back.
    Return(u64),
    /// A contact leaves the menu.
    MenuEnd(u32),
    /// Patience (or the decision to leave otherwise) is over.
    PatienceEnd { contact: u32, token: u32 },
    /// A ring is answered or missed.
    RingEnd { contact: u32, token: u32 },
    /// A call is put on hold.
    HoldBegin(u32),
    /// A call is taken from hold.
    HoldEnd(u32),
    /// A chat message.
    Message(u32),
    /// The talk is over.
    TalkEnd(u32),
    /// A customer is called back.
    CallBack(u32),
    /// A rep is through with after-contact work.
    WrapEnd(u32),
    /// A rep who missed a ring is back.
    Ready(u32),
    /// A shift begins.
    ShiftBegin(u32),
    /// A shift ends.
    ShiftEnd(u32),
    /// A pause is due.
    PauseBegin { rep: u32, pause: Pause },
    /// A pause is over.
    PauseEnd { rep: u32, pause: Pause },
    /// What a rep handled last is reviewed.
    Review(u32),
    /// Other departments report.
    Report,
    /// The next step of a ticket.
    Ticket(u32),
    /// The next step of a survey.
    Survey(u32),
}

/// Actions in order of time, and of entry at equal times.
#[derive(Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(i64, u64, Action)>>,
    entered: u64,
}

impl Agenda {
    /// Enters an action.
    pub(super) fn add(&mut self, time: i64, action: Action) {
        self.entered += 1;
        self.heap.push(Reverse((time, self.entered, action)));
    }

    /// Takes the first action.
    pub(super) fn next(&mut self) -> Option<(i64, Action)> {
        self.heap.pop().map(|Reverse((time, _, action))| (time, action))
    }
}

/// Values at numbered places that are used again.
pub(super) struct Slots<T> {
    values: Vec<T>,
    free: Vec<u32>,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Slots<T> {
        Slots { values: Vec::new(), free: Vec::new() }
    }

    /// Puts `value` into a free place.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.values[place as usize] = value;
                place
            }
            None => {
                self.values.push(value);
                (self.values.len() - 1) as u32
            }
        }
    }

    /// Frees a place.
    pub(super) fn remove(&mut self, place: u32) {
        self.free.push(place);
    }

    /// Places in use.
    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.values.len() - self.free.len()
    }
}

impl<T> Index<u32> for Slots<T> {
    type Output = T;
    fn index(&self, place: u32) -> &T {
        &self.values[place as usize]
    }
}

impl<T> IndexMut<u32> for Slots<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.values[place as usize]
    }
}
