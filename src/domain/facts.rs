//! Facts: which records a figure is made of, and what each adds to it.
//!
//! Records lie by the hour in which they were first heard of, not by when they count, so all notes are passed over, a
//! slice at a time, and the records that may count are then looked at in the order in which they may. Whoever owns the
//! engine decides how much is done at once; a figure of the last hour is mostly one slice.

use super::amounts::Amounts;
use super::booking::Booking;
use super::event::Kind;
use super::measure::{Measure, Parts};
use super::pack::Known;
use super::record::RecordKey;
use super::scope::Scope;
use super::settings::Settings;
use super::slots::{Place, Slots, short};
use super::time::{DAY, Instant, MINUTE, Zone, day_of};
use super::times::Times;
use super::window::{Stretch, Tier, Window};
use std::collections::BTreeMap;

/// Records that may count and are looked at for one page at most.
pub const MOST_RECORDS: usize = 200_000;
/// So many notes are passed over in the time in which one record is looked at, about.
const NOTES_PER_RECORD: usize = 64;

/// The order of facts: by time, then by record. Without a record it is before all of that instant.
pub type Order = (Instant, Option<RecordKey>);

/// Whose facts, of which figure, and where to go on.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whose figure.
    pub scope: Scope,
    /// Which.
    pub measure: Measure,
    /// The window it was asked for with.
    pub window: Window,
    /// The window at one instant.
    pub stretch: Stretch,
    /// At which times within it.
    pub times: Times,
    /// Those behind this are wanted; `None` is from the beginning.
    pub after: Option<Order>,
    /// So many are wanted at most.
    pub limit: usize,
}

/// What one record adds to a figure at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// When it counts.
    pub at: Instant,
    /// The record.
    pub record: RecordKey,
    /// What it adds.
    pub parts: Parts,
}

/// Some facts, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The facts.
    pub facts: Vec<Fact>,
    /// Where to go on if there may be more.
    pub next: Option<Order>,
}

/// A search under way.
#[derive(Debug)]
pub struct Search {
    question: Question,
    /// What of the window is wanted, in order.
    parts: Vec<Stretch>,
    /// Notes that were passed over; `None` once all were.
    passed: Option<usize>,
    /// Records that may count, each with the first minute in which it may; sorted once all are there, the first last.
    candidates: Vec<(i32, Place)>,
    most: usize,
    /// Before this instant nothing is missing: from here on, records that may count were too many.
    bound: Instant,
    found: BTreeMap<(Instant, RecordKey), Parts>,
    known: Known,
}

impl Search {
    /// A search that has not begun, of some parts of the window.
    pub(super) fn new(question: Question, parts: Vec<Stretch>) -> Search {
        Search {
            question,
            parts,
            passed: Some(0),
            candidates: Vec::new(),
            most: MOST_RECORDS,
            bound: Instant::MAX,
            found: BTreeMap::new(),
            known: Known::default(),
        }
    }

    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Goes on with the work of looking at so many records; true if nothing is left to do.
    pub(super) fn go_on(&mut self, slots: &Slots, settings: &Settings, records: usize) -> bool {
        match self.passed {
            Some(from) => {
                self.passed = self.pass_over(slots, settings, from, records.saturating_mul(NOTES_PER_RECORD).max(1));
                false
            }
            None => (0..records).any(|_| !self.look_at_one(slots, settings)),
        }
    }

    fn pass_over(&mut self, slots: &Slots, settings: &Settings, from: usize, n: usize) -> Option<usize> {
        let Question { measure, stretch, after, .. } = &self.question;
        let begin = after.as_ref().map_or(stretch.start, |(at, _)| stretch.start.max(*at));
        let (begin, end) = (minute(begin), minute(last(*stretch)));
        if let Some(notes) = slots.stretch(from, n) {
            let books = Kind::ALL.map(|kind| measure.is_booked_by(kind, settings));
            let may_count = notes.filter(|(_, note)| books[note.kind as usize]);
            let next = may_count.filter_map(|(place, note)| Some((note.booked.next(begin)?, place)));
            self.candidates.extend(next.filter(|(minute, _)| *minute <= end));
            if self.candidates.len() > 2 * self.most {
                self.drop_the_last();
            }
            return Some(from + n);
        }
        self.drop_the_last();
        self.candidates.sort_unstable_by_key(|(minute, _)| std::cmp::Reverse(*minute));
        None
    }

    /// Leaves those for another page that count last, if there are too many.
    fn drop_the_last(&mut self) {
        if self.candidates.len() > self.most {
            let (_, (minute, _), _) = self.candidates.select_nth_unstable_by_key(self.most, |(minute, _)| *minute);
            self.bound = self.bound.min(Instant(i64::from(*minute) * MINUTE));
            self.candidates.truncate(self.most);
        }
    }

    /// False if no more need be looked at.
    fn look_at_one(&mut self, slots: &Slots, settings: &Settings) -> bool {
        let Some((minute, place)) = self.candidates.pop() else { return false };
        // One more than wanted tells that there are more.
        let is_full = self.found.len() > self.question.limit;
        let last = self.found.last_key_value().map(|((at, _), _)| *at);
        if is_full && last.is_some_and(|last| last.0 < i64::from(minute) * MINUTE) {
            return false;
        }
        let Search { question, parts, bound, found, .. } = self;
        slots.look(place, &mut self.known, |key, record| {
            for (at, amounts) in counting(&record.booked, &question.scope, parts) {
                let order = (at, Some(key.clone()));
                let parts = question.measure.parts(&amounts, settings).filter(|parts| !parts.is_nothing());
                if let Some(parts) = parts
                    && at < *bound
                    && question.after.as_ref().is_none_or(|after| order > *after)
                {
                    found.insert((at, key.clone()), parts);
                }
            }
        });
        while self.found.len() > self.question.limit + 1 {
            self.found.pop_last();
        }
        true
    }

    /// What was found. Without facts and with a place to go on that is no further, more records may count at one instant
    /// than are looked at for a page.
    pub fn page(self) -> Page {
        let Search { question, bound, found, .. } = self;
        let is_cut = found.len() > question.limit;
        let fact = |((at, record), parts)| Fact { at, record, parts };
        let facts: Vec<Fact> = found.into_iter().take(question.limit).map(fact).collect();
        let next = match facts.last().filter(|_| is_cut) {
            Some(last) => Some((last.at, Some(last.record.clone()))),
            None => (bound < Instant::MAX).then_some((bound, None)),
        };
        Page { facts, next }
    }
}

fn minute(at: Instant) -> i32 {
    short(at.0.div_euclid(MINUTE))
}

/// The last instant that may count in a stretch: the days of a booking are those of the zone that its scope had then.
fn last(stretch: Stretch) -> Instant {
    match stretch.tier {
        Tier::Day => Instant(stretch.end.0.saturating_add(2 * DAY)),
        Tier::Minute | Tier::QuarterHour | Tier::Standing => stretch.end,
    }
}

/// What of some bookings counts for a scope in parts of a window, by the instants at which it counts or begins to.
fn counting(booked: &[Booking], scope: &Scope, parts: &[Stretch]) -> BTreeMap<Instant, Amounts> {
    let mut counting: BTreeMap<Instant, Amounts> = BTreeMap::new();
    for booking in booked {
        let Some((_, zone)) = booking.path.steps().iter().find(|(step, _)| step == scope) else { continue };
        let from = parts.partition_point(|part| last(*part) < booking.at);
        for part in parts[from..].iter().take_while(|part| part.start <= booking.until) {
            // The panes of the part, as they were in the zone of that time.
            let [start, end] = [part.start, part.end].map(|bound| first_pane(bound, part.tier, *zone));
            let amounts = booking.within(start, end);
            if !amounts.is_empty() {
                counting.entry(booking.at.max(start)).or_default().add(amounts.cells());
            }
        }
    }
    counting
}

/// The start of the first pane of a zone that does not start before `from`.
fn first_pane(from: Instant, tier: Tier, zone: Zone) -> Instant {
    match tier {
        Tier::Day => match day_of(from, zone) {
            (start, _) if start == from => start,
            (_, next) => next,
        },
        Tier::Minute | Tier::QuarterHour | Tier::Standing => from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::booking::Ledger;
    use crate::domain::contribution::Context;
    use crate::domain::event::{ContactEvent, ContactWhat, Content, Event, Field, Kind, Name, Shared, Subject};
    use crate::domain::quantity::{Cell, Quantity};
    use crate::domain::record::Entry;
    use crate::domain::records::Records;
    use crate::domain::roster::{Roster, RosterData, Unit};
    use crate::domain::scope::{Path, ScopeKind};
    use crate::domain::time::{HOUR, Span};
    use std::sync::Arc;

    const JAN_5: Instant = Instant(1_767_571_200_000);

    fn company() -> Scope {
        Scope::new(ScopeKind::Company, "acme")
    }

    #[test]
    fn what_counts_elsewhere_or_at_another_time_is_no_fact_and_one_instant_is_one_fact() {
        let path = |zone: Zone| Arc::new(Path::new(vec![(company(), zone)]));
        let other = Arc::new(Path::new(vec![(Scope::new(ScopeKind::Team, "acme"), Zone::UTC)]));
        let mut ledger = Ledger::default();
        let (late, next) = (JAN_5.plus(Span(DAY - 1)), JAN_5.plus(Span(DAY)));
        ledger.book(&path(Zone::UTC), JAN_5, Quantity::Answered, 1);
        ledger.book(&path(chrono_tz::Africa::Abidjan), JAN_5, Quantity::Answered, 1);
        ledger.book(&path(Zone::UTC), late, Quantity::Answered, 1);
        // Booked when the scope was in another zone, whose days begin within other days.
        ledger.book(&path(chrono_tz::Asia::Tokyo), JAN_5, Quantity::Abandoned, 1);
        ledger.book(&path(chrono_tz::Asia::Tokyo), next, Quantity::Answered, 1);
        ledger.book(&path(Zone::UTC), next, Quantity::Abandoned, 1);
        ledger.book(&other, JAN_5, Quantity::Answered, 1);
        let stretch = Stretch { tier: Tier::Day, start: JAN_5, end: JAN_5.plus(Span(DAY)) };
        let found = counting(&ledger.finish(), &company(), &[stretch]);
        let answered = |n| Amounts::new(vec![(Cell::plain(Quantity::Answered), n)]);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [(JAN_5, answered(2)), (late, answered(1)), (next, answered(1))]
        );
    }

    /// Records of contacts that entered a queue at these instants, each called after its place.
    fn queued(instants: &[Instant]) -> Records {
        let unit = Unit { id: "acme".into(), zone: None, hours: None };
        let data = RosterData {
            company: unit,
            departments: vec![],
            teams: vec![],
            queues: vec![],
            reps: vec![],
            issues: vec![],
        };
        let (roster, settings) = (Roster::new(data), Settings::default());
        let context = Context { roster: &roster, settings: &settings, now: Instant::MIN };
        let mut records = Records::new(10);
        for (n, time) in instants.iter().enumerate() {
            let shared = Shared { queue: Field::Value(Name::from("q")), ..Shared::default() };
            let event = Event {
                source: "s".into(),
                id: n.to_string().into(),
                time: *time,
                seq: 0,
                revision: 0,
                retracted: false,
                subject: Subject { kind: Kind::Contact, id: n.to_string().into() },
                content: Content::Contact(Box::new(ContactEvent { what: ContactWhat::Queued, shared })),
            };
            records.take(RecordKey::of(&event, &settings), Entry::from_event(event), &context);
        }
        records.settle(&context, &mut |_| {});
        records
    }

    /// The instants of all facts, page by page, when so many records are looked at for a page.
    fn pages(records: &Records, stretch: Stretch, limit: usize, most: usize) -> Vec<Vec<Instant>> {
        let settings = Settings::default();
        let measure = Measure::named("queued", &settings).expect("is a measure");
        let window = Window::parse("day").expect("is a window");
        let (mut pages, mut after) = (Vec::new(), None);
        while pages.len() < 20 {
            let (scope, measure) = (company(), measure.clone());
            let times = Times::default();
            let question = Question { scope, measure, window, stretch, times, after: after.clone(), limit };
            let mut search = Search::new(question, vec![stretch]);
            search.most = most;
            while !search.go_on(records.slots(), &settings, 1) {}
            let page = search.page();
            pages.push(page.facts.iter().map(|fact| fact.at).collect());
            if page.next.is_none() || page.next == after {
                break;
            }
            after = page.next;
        }
        pages
    }

    #[test]
    fn pages_go_on_where_the_last_one_ended_however_few_records_are_looked_at() {
        let at = |minutes| JAN_5.plus(Span::minutes(minutes));
        let records = queued(&[50, 20, 10, 200, 10, 40, 2000].map(at));
        let stretch = Stretch { tier: Tier::Minute, start: JAN_5, end: JAN_5.plus(Span(DAY)) };
        let all = [[10, 10, 20], [40, 50, 200]].map(|page| page.map(at).to_vec());
        assert_eq!(pages(&records, stretch, 3, 100), all);
        for most in 2..8 {
            let found = pages(&records, stretch, 3, most);
            assert_eq!(found.concat(), all.concat(), "{most} records a page");
        }
        // Two count in one minute: with one record a page there is no getting past it, and the page says so.
        assert_eq!(pages(&records, stretch, 3, 1).concat(), []);
        assert_eq!(pages(&records, Stretch { start: at(11), ..stretch }, 1, 1).concat(), [20, 40, 50, 200].map(at));
    }

    #[test]
    fn notes_tell_when_a_record_may_count_next() {
        let path = Arc::new(Path::new(vec![(company(), Zone::UTC)]));
        let mut ledger = Ledger::default();
        for hours in [0, 3, 100] {
            ledger.book(&path, JAN_5.plus(Span(hours * HOUR + 5 * MINUTE)), Quantity::Queued, 1);
        }
        let booked = super::super::slots::Booked::of(&ledger.finish());
        let first = minute(JAN_5) + 5;
        let next = |minutes: i32| booked.next(first + minutes).map(|minute| minute - first);
        assert_eq!(next(-5000), Some(0));
        assert_eq!(next(30), Some(30), "in the hour of a booking");
        assert_eq!(next(60), Some(3 * 60 - 5));
        // The hundredth hour looks like the thirty-sixth.
        assert_eq!(next(4 * 60), Some(36 * 60 - 5));
        assert_eq!(next(37 * 60), Some(64 * 60 - 5));
        assert_eq!(next(100 * 60), Some(100 * 60));
        assert_eq!(next(100 * 60 + 1), None);
    }
}
