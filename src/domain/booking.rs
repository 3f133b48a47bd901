//! Bookings: what a record stands for, as integer amounts; and deltas, the only thing that panes ever receive.

use super::amounts::Amounts;
use super::event::{Channel, Name};
use super::quantity::{Cell, Quantity};
use super::scope::Path;
use super::time::{Instant, Span};
use std::sync::Arc;

/// Everything that counts on one path at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The scopes it counts for.
    pub path: Arc<Path>,
    /// When it counts.
    pub at: Instant,
    /// How much of what.
    pub amounts: Amounts,
}

/// A change to the panes: a booking whose amounts are differences.
pub type Delta = Booking;

/// Bookings under construction.
#[derive(Debug, Default)]
pub struct Ledger {
    groups: Vec<(Arc<Path>, Instant)>,
    /// Amounts with the number of their group.
    amounts: Vec<(u32, Cell, i64)>,
}

impl Ledger {
    /// Books `amount` of a plain quantity.
    pub fn book(&mut self, path: &Arc<Path>, at: Instant, quantity: Quantity, amount: i64) {
        let group = self.group(path, at);
        self.amounts.push((group, Cell::plain(quantity), amount));
    }

    /// Books one of a quantity with a parameter.
    pub fn count_with(&mut self, path: &Arc<Path>, at: Instant, quantity: Quantity, parameter: u32) {
        let group = self.group(path, at);
        self.amounts.push((group, Cell::with(quantity, parameter), 1));
    }

    /// Books one duration: its sum, its count, and its cell in the distribution if there is one.
    pub fn duration(
        &mut self,
        path: &Arc<Path>,
        at: Instant,
        [sum, known]: [Quantity; 2],
        distribution: Option<Cell>,
        span: Span,
    ) {
        let group = self.group(path, at);
        self.amounts.push((group, Cell::plain(sum), span.0));
        self.amounts.push((group, Cell::plain(known), 1));
        if let Some(cell) = distribution {
            self.amounts.push((group, cell, 1));
        }
    }

    /// The bookings, in the order in which they were begun. Records keep them, so nothing is larger than it must be.
    pub fn finish(mut self) -> Vec<Booking> {
        self.amounts.sort_unstable_by_key(|(group, cell, _)| (*group, *cell));
        let mut bookings = Vec::with_capacity(self.groups.len());
        for amounts in self.amounts.chunk_by(|(a, ..), (b, ..)| a == b) {
            let (path, at) = &self.groups[amounts[0].0 as usize];
            let amounts = Amounts::from_sorted(amounts.iter().map(|(_, cell, n)| (*cell, *n)));
            if !amounts.is_empty() {
                bookings.push(Booking { path: path.clone(), at: *at, amounts });
            }
        }
        bookings
    }

    fn group(&mut self, path: &Arc<Path>, at: Instant) -> u32 {
        // A record has a handful of groups, and the one wanted is mostly the last.
        let found = self.groups.iter().rposition(|(other, instant)| *instant == at && other == path);
        found.unwrap_or_else(|| {
            self.groups.push((path.clone(), at));
            self.groups.len() - 1
        }) as u32
    }
}

/// Tells what must be added to `booked` to make it `due`.
pub fn difference(due: &[Booking], booked: &[Booking], mut tell: impl FnMut(Delta)) {
    if due == booked {
        return;
    }
    let same = |a: &Booking, b: &Booking| a.at == b.at && a.path == b.path;
    for booking in due {
        match booked.iter().find(|old| same(old, booking)) {
            None => tell(booking.clone()),
            Some(old) if old.amounts == booking.amounts => {}
            Some(old) => {
                let mut amounts = booking.amounts.clone();
                amounts.add(old.amounts.negated().cells());
                tell(Delta { path: booking.path.clone(), at: booking.at, amounts });
            }
        }
    }
    for old in booked.iter().filter(|old| !due.iter().any(|booking| same(old, booking))) {
        tell(Delta { path: old.path.clone(), at: old.at, amounts: old.amounts.negated() });
    }
}

/// What one record tells another. A receiver never answers, so notes cannot run in circles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Message {
    /// "Tell me about yourself", from a judgement to the contact or ticket it names; since that instant.
    Link(Instant),
    /// An inbound contact of the customer.
    Visit(Visit),
    /// Who handled the contact or ticket.
    Handling(Credit),
}

/// What a customer's record knows of one inbound contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visit {
    /// The contact's first event.
    pub first: Instant,
    /// What became of it.
    pub reached: Reached,
    /// How the customer came.
    pub channel: Channel,
    /// What it was about.
    pub issue: Option<Name>,
    /// Whether a rep passed it on to somebody else.
    pub transferred: bool,
    /// The queue that it entered first.
    pub queue: Option<Name>,
    /// The team that the source named there, which overrides the roster.
    pub team: Option<Name>,
    /// Who handled it last.
    pub credit: Credit,
    /// Who handled it before, in order, each rep once.
    pub earlier: Vec<Credit>,
}

/// Whether a customer reached somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// Somebody answered.
    Answered,
    /// The customer gave up before anybody did, in a queue or in the menu.
    GaveUp,
    /// Neither, or not yet.
    Nobody,
}

/// Who a judgement or resolution is credited to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Credit {
    /// False while the contact or ticket has no events: it was only referred to.
    pub known: bool,
    /// The last handling rep.
    pub rep: Option<Name>,
    /// The queue of that handling.
    pub queue: Option<Name>,
    /// The team that the source named, which overrides the roster.
    pub team: Option<Name>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scope::{Scope, ScopeKind};

    fn path(id: &str) -> Arc<Path> {
        Arc::new(Path::new(vec![(Scope::new(ScopeKind::Company, id), chrono_tz::UTC)]))
    }

    #[test]
    fn the_difference_turns_what_was_booked_into_what_is_due() {
        let (a, b) = (path("a"), path("b"));
        let mut before = Ledger::default();
        before.book(&a, Instant(1), Quantity::Answered, 1);
        before.book(&a, Instant(1), Quantity::AnsweredWait, 5);
        before.book(&b, Instant(1), Quantity::Handled, 1);
        let mut after = Ledger::default();
        after.book(&a, Instant(1), Quantity::AnsweredWait, 7);
        after.book(&a, Instant(1), Quantity::Answered, 1);
        after.book(&b, Instant(2), Quantity::Handled, 1);
        let (before, after) = (before.finish(), after.finish());
        let mut deltas = Vec::new();
        difference(&after, &before, |delta| deltas.push(delta));
        let plain = |at, path: &Arc<Path>, quantity, n| Delta {
            path: path.clone(),
            at: Instant(at),
            amounts: Amounts::new(vec![(Cell::plain(quantity), n)]),
        };
        assert_eq!(
            deltas,
            [
                plain(1, &a, Quantity::AnsweredWait, 2),
                plain(2, &b, Quantity::Handled, 1),
                plain(1, &b, Quantity::Handled, -1)
            ]
        );
    }

    #[test]
    fn amounts_of_one_cell_are_summed_and_nothing_is_not_booked() {
        let mut ledger = Ledger::default();
        ledger.book(&path("a"), Instant(1), Quantity::Talk, 3);
        ledger.book(&path("a"), Instant(1), Quantity::Talk, -3);
        assert_eq!(ledger.finish(), []);
    }
}
