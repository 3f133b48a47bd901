//! Bookings: what a record stands for, as integer amounts; and deltas, the only thing that panes ever receive.

use super::amounts::Amounts;
use super::event::{Channel, Facet, Name, RepState};
use super::quantity::{Cell, Quantity};
use super::record::RecordKey;
use super::scope::Path;
use super::slice::Slices;
use super::time::{Instant, Span};
use std::sync::Arc;

/// Everything that counts on one path at one instant, or evenly over one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The scopes it counts for.
    pub path: Arc<Path>,
    /// When it counts, or begins to.
    pub at: Instant,
    /// The end of a span, exclusive; `at` where it counts at one instant.
    pub until: Instant,
    /// How much of what. Over a span these are whole multiples of its milliseconds: what a part of it has is the overlap,
    /// times that multiple, so no rounding is ever lost at the border of a pane.
    pub amounts: Amounts,
}

impl Booking {
    /// The milliseconds of a span; 0 of what counts at one instant.
    pub fn length(&self) -> i64 {
        self.until.0 - self.at.0
    }

    /// The last instant at which it counts.
    pub fn last(&self) -> Instant {
        self.at.max(Instant(self.until.0 - 1))
    }

    /// Its parts in panes of `width` milliseconds, each with the start of its pane. Those of a span are as long as the
    /// overlap; what counts at one instant is one part.
    pub(super) fn parts(&self, width: i64, mut tell: impl FnMut(Instant, &Amounts)) {
        if self.length() == 0 {
            return tell(self.at.floor(width), &self.amounts);
        }
        let each = self.amounts.each(self.length());
        let mut part = (0, Amounts::default());
        for (pane, overlap) in self.overlaps(width) {
            if overlap != part.0 {
                part = (overlap, each.times(overlap));
            }
            tell(pane, &part.1);
        }
    }

    /// The panes of `width` milliseconds that a span touches, and how much of each.
    pub(super) fn overlaps(&self, width: i64) -> impl Iterator<Item = (Instant, i64)> + use<> {
        let (mut from, until) = (self.at, self.until);
        std::iter::from_fn(move || {
            let pane = from.floor(width);
            let overlap = until.min(Instant(pane.0 + width)).since(from).0;
            from = Instant(pane.0 + width);
            (overlap > 0).then_some((pane, overlap))
        })
    }

    /// What counts from `from` to `to`: everything if it counts at one instant in between, of a span the overlap.
    pub fn within(&self, from: Instant, to: Instant) -> Amounts {
        let is_inside = from <= self.at && self.last() < to;
        match self.until.min(to).since(self.at.max(from)).0 {
            _ if is_inside => self.amounts.clone(),
            overlap if overlap > 0 => self.amounts.each(self.length()).times(overlap),
            _ => Amounts::default(),
        }
    }
}

/// A change to the panes: a booking whose amounts are differences.
pub type Delta = Booking;

/// Bookings under construction.
#[derive(Debug, Default)]
pub struct Ledger {
    groups: Vec<Group>,
    /// Amounts with the number of their group.
    amounts: Vec<(u32, Cell, i64)>,
    /// What all that is booked from here on is a part of.
    slices: Slices,
}

/// What is booked together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    path: Arc<Path>,
    /// From when, and until when.
    when: [Instant; 2],
    slices: Slices,
}

impl Ledger {
    /// What is booked from here on is a part of these, and no longer of those before, which are given back.
    pub(super) fn slice_by(&mut self, slices: Slices) -> Slices {
        std::mem::replace(&mut self.slices, slices)
    }

    /// What is booked now is a part of these.
    pub(super) fn slices(&self) -> &Slices {
        &self.slices
    }

    /// The same, and everything once more on each path that `further` tells of a path and what is booked on it a part of.
    pub(super) fn spread(self, further: impl Fn(&Arc<Path>, &Slices) -> Vec<Arc<Path>>) -> Ledger {
        let mut spread = Ledger::default();
        for (group, amounts) in self.by_group() {
            for path in std::iter::once(group.path.clone()).chain(further(&group.path, &group.slices)) {
                let group = spread.group(&path, group.when);
                spread.amounts.extend(amounts.iter().map(|(_, cell, n)| (group, *cell, *n)));
            }
        }
        spread
    }

    /// Books `amount` of a plain quantity.
    pub fn book(&mut self, path: &Arc<Path>, at: Instant, quantity: Quantity, amount: i64) {
        let group = self.group(path, [at; 2]);
        self.amounts.push((group, Cell::plain(quantity), amount));
    }

    /// Books one of a quantity with a parameter.
    pub fn count_with(&mut self, path: &Arc<Path>, at: Instant, quantity: Quantity, parameter: u32) {
        let group = self.group(path, [at; 2]);
        self.amounts.push((group, Cell::with(quantity, parameter), 1));
    }

    /// Books a change of a stock: what stands from then on, less what no longer does.
    pub fn stock(&mut self, path: &Arc<Path>, at: Instant, cell: Cell, change: i64) {
        debug_assert!(cell.quantity.is_stock());
        let group = self.group(path, [at; 2]);
        self.amounts.push((group, cell, change));
    }

    /// Books the milliseconds from `from` to `to`, which panes split at their borders. Each span is told once.
    pub fn span(&mut self, path: &Arc<Path>, from: Instant, to: Instant, quantities: &[Quantity]) {
        let length = to.since(from).0;
        if length > 0 {
            self.groups.push(Group { path: path.clone(), when: [from, to], slices: self.slices.clone() });
            let group = (self.groups.len() - 1) as u32;
            self.amounts.extend(quantities.iter().map(|quantity| (group, Cell::plain(*quantity), length)));
        }
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
        let group = self.group(path, [at; 2]);
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
        for (Group { path, when: [at, until], .. }, amounts) in self.by_group() {
            let amounts = Amounts::from_sorted(amounts.iter().map(|(_, cell, n)| (*cell, *n)));
            if !amounts.is_empty() {
                bookings.push(Booking { path: path.clone(), at: *at, until: *until, amounts });
            }
        }
        bookings
    }

    /// Amounts that lie behind each other and are of one group.
    fn by_group(&self) -> impl Iterator<Item = (&Group, &[(u32, Cell, i64)])> {
        let chunks = self.amounts.chunk_by(|(a, ..), (b, ..)| a == b);
        chunks.map(|amounts| (&self.groups[amounts[0].0 as usize], amounts))
    }

    fn group(&mut self, path: &Arc<Path>, when: [Instant; 2]) -> u32 {
        // A record has a handful of groups, and the one wanted is mostly the last.
        let is_same = |group: &Group| group.when == when && group.path == *path && group.slices == self.slices;
        let found = self.groups.iter().rposition(is_same);
        found.unwrap_or_else(|| {
            self.groups.push(Group { path: path.clone(), when, slices: self.slices.clone() });
            self.groups.len() - 1
        }) as u32
    }
}

/// Tells what must be added to `booked` to make it `due`.
pub fn difference(due: &[Booking], booked: &[Booking], mut tell: impl FnMut(&Delta)) {
    // An hour of a rep has dozens, most of which stay: so only what lies between is looked up.
    let first = due.iter().zip(booked).take_while(|(a, b)| a == b).count();
    let (due, booked) = (&due[first..], &booked[first..]);
    let last = due.iter().rev().zip(booked.iter().rev()).take_while(|(a, b)| a == b).count();
    let (due, booked) = (&due[..due.len() - last], &booked[..booked.len() - last]);
    let same = |a: &Booking, b: &Booking| a.at == b.at && a.until == b.until && a.path == b.path;
    for booking in due {
        match booked.iter().find(|old| same(old, booking)) {
            None => tell(booking),
            Some(old) if old.amounts == booking.amounts => {}
            Some(old) => {
                let mut amounts = booking.amounts.clone();
                amounts.add(old.amounts.negated().cells());
                tell(&Delta { path: booking.path.clone(), amounts, ..*booking });
            }
        }
    }
    for old in booked.iter().filter(|old| !due.iter().any(|booking| same(old, booking))) {
        tell(&Delta { path: old.path.clone(), amounts: old.amounts.negated(), ..*old });
    }
}

/// What one record tells another. A receiver never answers, so notes cannot run in circles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Message {
    /// "Tell me about yourself", from a judgement to the contact or ticket it names; since that instant.
    Link(Instant),
    /// An inbound contact of the customer, or a ticket that the customer opened.
    Visit(Box<Visit>),
    /// Who handled the contact or ticket.
    Handling(Box<Credit>),
    /// What a rep did in one hour.
    States {
        /// What the states are about.
        facet: Facet,
        /// When the hour begins.
        hour: Instant,
        /// Each from its instant on, in their order; the first may hold since before the hour.
        states: Vec<(Instant, RepState)>,
    },
    /// When a rep handled a contact in one hour: from and to.
    Handled(Vec<(Instant, Instant)>),
    /// What was planned for a rep in an hour and around it.
    Planned {
        /// When the hour begins.
        hour: Instant,
        /// Since when.
        from: Instant,
        /// Until when, exclusive.
        to: Instant,
        /// What.
        activity: RepState,
    },
}

/// What a customer's record knows of one inbound contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visit {
    /// The contact's first event.
    pub first: Instant,
    /// The contact with which its journey began, where the source names one; else it began one itself.
    pub root: Option<RecordKey>,
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
    /// What the contact or ticket is a part of, where figures are broken down.
    pub slices: Slices,
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
        difference(&after, &before, |delta| deltas.push(delta.clone()));
        let plain = |at, path: &Arc<Path>, quantity, n| Delta {
            path: path.clone(),
            at: Instant(at),
            until: Instant(at),
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
    fn of_a_span_that_has_grown_the_rest_is_left_alone() {
        let a = path("a");
        let day = |spans: &[(i64, i64)]| {
            let mut ledger = Ledger::default();
            for (from, to) in spans {
                ledger.span(&a, Instant(*from), Instant(*to), &[Quantity::Talk]);
            }
            ledger.finish()
        };
        let mut deltas = Vec::new();
        difference(&day(&[(0, 10), (10, 15), (30, 40)]), &day(&[(0, 10), (10, 20), (30, 40)]), |delta| {
            deltas.push((delta.at.0, delta.until.0, delta.amounts.get(Cell::plain(Quantity::Talk))));
        });
        assert_eq!(deltas, [(10, 15, 5), (10, 20, -10)]);
    }

    #[test]
    fn a_part_of_a_span_is_the_overlap() {
        let mut ledger = Ledger::default();
        ledger.span(&path("a"), Instant(10), Instant(40), &[Quantity::Talk]);
        ledger.span(&path("a"), Instant(40), Instant(40), &[Quantity::Talk]);
        ledger.book(&path("a"), Instant(40), Quantity::Talk, 5);
        let bookings = ledger.finish();
        assert_eq!(bookings.len(), 2, "a span of no length is none");
        let within = |from, to| {
            let of = |booking: &Booking| booking.within(Instant(from), Instant(to)).get(Cell::plain(Quantity::Talk));
            [of(&bookings[0]), of(&bookings[1])]
        };
        assert_eq!(within(0, 10), [0, 0]);
        assert_eq!(within(0, 11), [1, 0]);
        assert_eq!(within(20, 40), [20, 0]);
        assert_eq!(within(10, 41), [30, 5]);
        assert_eq!(within(41, 90), [0, 0]);
    }

    #[test]
    fn amounts_of_one_cell_are_summed_and_nothing_is_not_booked() {
        let mut ledger = Ledger::default();
        ledger.book(&path("a"), Instant(1), Quantity::Talk, 3);
        ledger.book(&path("a"), Instant(1), Quantity::Talk, -3);
        assert_eq!(ledger.finish(), []);
    }
}
