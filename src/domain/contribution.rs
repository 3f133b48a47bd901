//! What a record stands for: a pure function of what is known at the engine's instant T.

use super::booking::{Booking, Credit, Ledger, Message};
use super::event::{Channel, Direction, Field, Kind, Name, Priority, Shared};
use super::quantity::Quantity;
use super::record::{Entry, Record, RecordKey, Sent};
use super::roster::Roster;
use super::settings::{Durations, Settings};
use super::slice::{Dimension, Slices};
use super::time::{Instant, Span};
use super::{certification, coaching, complaint, contact, customer, reported, review, survey, ticket, timeline};
use std::borrow::Cow;
use std::sync::Arc;

/// What every contribution depends on beside the record itself.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Who belongs where.
    pub roster: &'a Roster,
    /// The rules' settings.
    pub settings: &'a Settings,
    /// T: how far time has come.
    pub now: Instant,
}

/// What a record stands for.
#[derive(Debug, Default)]
pub struct Contribution {
    /// What it must have booked.
    pub bookings: Vec<Booking>,
    /// What it must have told others, sorted.
    pub sends: Vec<Sent>,
    /// Until when this holds if nothing is learned; `None` is for ever.
    pub due: Option<Instant>,
}

/// The contribution of a record of any kind.
pub fn contribution<'a>(key: &RecordKey, record: &'a Record, context: &'a Context<'a>) -> Contribution {
    let mut draft = Draft::new(context);
    if !record.saturated {
        match key.kind {
            Kind::Contact => contact::contribute(key, record, &mut draft),
            Kind::Ticket => ticket::contribute(record, &mut draft),
            Kind::Survey => survey::contribute(record, &mut draft),
            Kind::Review => review::contribute(record, &mut draft),
            Kind::Complaint => complaint::contribute(record, &mut draft),
            Kind::Certification => certification::contribute(record, &mut draft),
            Kind::Coaching => coaching::contribute(record, &mut draft),
            Kind::Reported => reported::contribute(record, &mut draft),
            Kind::Customer => customer::contribute(record, &mut draft),
            Kind::Timeline => timeline::contribute(record, &mut draft),
            Kind::Shift => timeline::contribute_shift(record, &mut draft),
            Kind::RepHour => timeline::contribute_hour(key, record, &mut draft),
        }
        draft.tied(record);
    }
    draft.finish()
}

/// A contribution under construction.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) ledger: Ledger,
    sends: Vec<Sent>,
    due: Option<Instant>,
}

impl<'a> Draft<'a> {
    fn new(context: &'a Context<'a>) -> Draft<'a> {
        Draft { context, ledger: Ledger::default(), sends: Vec::new(), due: None }
    }

    /// True if T has reached `instant`; if not, the contribution is due again then.
    pub(super) fn has_passed(&mut self, instant: Instant) -> bool {
        let passed = self.context.now >= instant;
        if !passed {
            self.due = Some(self.due.map_or(instant, |due| due.min(instant)));
        }
        passed
    }

    /// Sends a message to another record.
    pub(super) fn send(&mut self, to: RecordKey, message: Message) {
        // Most records send one message, and they keep it: room for four would be half of what they take.
        self.sends.reserve_exact(1);
        self.sends.push(Sent { to, message });
    }

    /// Tells every judgement that linked itself to this record who handled it.
    pub(super) fn tell_links(&mut self, record: &Record, credit: &Credit) {
        for received in &record.received {
            if matches!(received.message, Message::Link(_)) {
                self.send(received.from.clone(), Message::Handling(Box::new(credit.clone())));
            }
        }
    }

    /// The scope id of what `source` calls `queue`.
    pub(super) fn queue(&self, source: &Name, queue: &Name) -> Name {
        match &self.context.settings.source(source).queues {
            Some(namespace) => Name::from(format!("{namespace}/{queue}")),
            None => queue.clone(),
        }
    }

    /// Which durations of `source` count.
    pub(super) fn durations(&self, source: &Name) -> Durations {
        self.context.settings.source(source).durations
    }

    /// A span as it counts: below 0 it is 0, and the clocks that made it are counted as skewed.
    pub(super) fn unskewed(&mut self, span: Span, path: &Arc<super::scope::Path>, at: Instant) -> Span {
        if span.0 < 0 {
            self.ledger.book(path, at, Quantity::ClockSkew, 1);
        }
        Span(span.0.max(0))
    }

    /// Events of one record, type and instant whose order only their ids settle.
    fn tied(&mut self, record: &Record) {
        let mut previous: Option<&Entry> = None;
        for entry in record.holding() {
            if previous.is_some_and(|previous| previous.is_tied(entry)) {
                let path = self.context.roster.company_path();
                self.ledger.book(&path, entry.time, Quantity::Tied, 1);
            }
            previous = Some(entry);
        }
    }

    /// What is booked from here on is a part of what a contact or ticket says: of each field the latest that was said, but
    /// for a priority that is settled.
    pub(super) fn slice_by_fields<'f, F>(&mut self, usual: Channel, settled: Option<Priority>, fields: impl Fn() -> F)
    where
        F: Iterator<Item = (Instant, &'f Shared)>,
    {
        let breakdowns = &self.context.settings.breakdowns;
        if !breakdowns.is_empty() {
            self.ledger.slice_by(Slices::of_contact(breakdowns, |dimension| said(dimension, usual, settled, fields())));
        }
    }

    /// What is booked from here on is a part of what the contact or ticket is a part of that a note told of.
    pub(super) fn slice_by_credit(&mut self, credit: &Credit) {
        let breakdowns = &self.context.settings.breakdowns;
        if !breakdowns.is_empty() {
            let told = |dimension: &Dimension| credit.slices.value(dimension).map(|value| Cow::Borrowed(&**value));
            self.ledger.slice_by(Slices::of_contact(breakdowns, told));
        }
    }

    /// What `book` books is a part by `dimension` too, where figures are broken down by it.
    pub(super) fn sliced(&mut self, dimension: Dimension, value: Option<&str>, book: impl FnOnce(&mut Draft<'a>)) {
        let breakdowns = &self.context.settings.breakdowns;
        let breakdown = breakdowns.iter().find(|breakdown| breakdown.dimension == dimension);
        let Some(slice) = breakdown.and_then(|breakdown| breakdown.of(value)) else { return book(self) };
        let all = self.ledger.slices().and(slice);
        let before = self.ledger.slice_by(all);
        book(self);
        self.ledger.slice_by(before);
    }

    fn finish(mut self) -> Contribution {
        self.sends.sort_unstable();
        let Context { roster, settings, .. } = self.context;
        let ledger = match settings.breakdowns.is_empty() {
            true => self.ledger,
            false => self.ledger.spread(|path, slices| {
                let part = |breakdown| roster.part(path, slices.slice(breakdown, path)?, breakdown.kinds);
                settings.breakdowns.iter().filter_map(part).collect()
            }),
        };
        Contribution { bookings: ledger.finish(), sends: self.sends, due: self.due }
    }
}

/// What the fields of a contact or ticket say by a dimension.
fn said<'f>(
    dimension: &Dimension,
    usual: Channel,
    settled: Option<Priority>,
    fields: impl Iterator<Item = (Instant, &'f Shared)>,
) -> Option<Cow<'f, str>> {
    let mut first = None;
    let mut note = |at: Instant| first = first.or(Some(at));
    let fields = fields.inspect(|(at, _)| note(*at)).map(|(_, shared)| shared);
    match dimension {
        Dimension::Channel => Some(Cow::Borrowed(fields.filter_map(|f| f.channel).last().unwrap_or(usual).name())),
        Dimension::Direction => {
            let direction = fields.filter_map(|f| f.direction).last().unwrap_or(Direction::Inbound);
            Some(Cow::Borrowed(direction.name()))
        }
        Dimension::Priority => {
            let priority = settled.or_else(|| fields.filter_map(Shared::priority).last());
            Some(Cow::Borrowed(priority.unwrap_or(Priority::Normal).name()))
        }
        Dimension::Issue => {
            let issue = fields.map(|f| &f.issue).filter(|issue| issue.is_said()).last();
            issue.and_then(Field::value).map(|issue| Cow::Borrowed(&**issue))
        }
        Dimension::Attribute(name) => {
            fields.filter_map(|f| f.attribute(name)).last().map(|value| Cow::Borrowed(&**value))
        }
        Dimension::CustomerHour => {
            let zone = fields.filter_map(Shared::customer_zone).last()?.parse().ok()?;
            Some(Cow::Owned(format!("{:02}", first?.minute_of_day(zone) / 60)))
        }
        _ => None,
    }
}
