//! The engine: everything that can happen is one [`Input`]; everything that can be known is asked of it.
//!
//! ```text
//! Input -> records -> changes -> panes -> rows
//! ```

use super::amounts::Amounts;
use super::contribution::Context;
use super::counted::{Counted, CountedSince};
use super::event::{Event, Kind};
use super::facts::{Question, Search};
use super::judge::Judge;
use super::measure::{Figure, Measure, Side, Thresholds, Unit};
use super::pane::{Digests, Panes};
use super::record::{Entry, RecordKey};
use super::records::{Change, Records, Taken, Tell};
use super::roster::Roster;
use super::scope::{Scope, ScopeKind};
use super::settings::Settings;
use super::sliced::{Sliced, SlicedSince};
use super::target::Target;
use super::time::{DAY, Instant, Span, Zone};
use super::times::Times;
use super::unlisted::Unlisted;
use super::watermark::{self, Watermark};
use super::window::{Reach, Stretch, Window};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that can happen.
#[derive(Debug)]
pub enum Input {
    /// A partition delivered an event.
    Event {
        /// From where.
        partition: PartitionId,
        /// When it was received, as far as that is checked: an event far ahead of it is refused.
        received: Option<Instant>,
        /// What it says.
        event: Event,
    },
    /// Time has come this far.
    Tick(Instant),
    /// A new roster is in force.
    Roster(Arc<Roster>),
    /// New settings are in force.
    Settings(Arc<Settings>),
    /// Re-book at most so many records under the roster and settings in force.
    Rebook(usize),
    /// New targets are in force.
    Targets(Arc<[Target]>),
    /// Figures are to be held against the targets.
    Judge,
}

/// What an input did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The event told something new.
    Applied,
    /// The event was known already.
    Unchanged,
    /// The event was not taken.
    Refused(Refusal),
    /// Done, whatever it was.
    Done,
}

/// Why the engine refuses an event that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Older than its partition's watermark by more than the lateness.
    Late,
    /// Older than what its kind of record has expired.
    Expired,
    /// Too far ahead of the moment at which it was received.
    Future,
    /// Its record has grown without end and takes no more.
    Saturated,
    /// It names a queue, rep or team that the roster does not list, and there are too many of them already.
    Crowded,
    /// It would begin a record, and there are too many already.
    Full,
}

impl Refusal {
    /// All reasons.
    pub const ALL: [Refusal; 6] =
        [Refusal::Late, Refusal::Expired, Refusal::Future, Refusal::Saturated, Refusal::Crowded, Refusal::Full];

    /// The reason as labels write it.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Late => "late",
            Refusal::Expired => "expired",
            Refusal::Future => "future",
            Refusal::Saturated => "saturated",
            Refusal::Crowded => "crowded",
            Refusal::Full => "full",
        }
    }
}

/// How much waits or stays at hand, so that work is done once. No figure depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Records that wait to be booked at most. In some twenty minutes of a million contacts a day, most learn all they
    /// ever will, and book once.
    pub unsettled: usize,
    /// Sums of scopes in panes that wait to be added to their rows at most.
    pub sums: usize,
    /// Records that stay unpacked at most.
    pub open: usize,
    /// Bytes of packed records that stay in memory at most, but for what has not been written yet.
    pub bytes: usize,
    /// How far back rows of panes stay in memory, once they are written.
    pub reach: Reach,
}

impl Default for Room {
    fn default() -> Room {
        Room { unsettled: 32_768, sums: 65_536, open: 65_536, bytes: 512 << 20, reach: Reach::ALL }
    }
}

/// A partition that the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId(pub usize);

/// What became of the events of one partition since the process began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Events that told something new.
    pub applied: u64,
    /// Events that were known already.
    pub unchanged: u64,
    /// Events refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
}

#[derive(Debug, Default)]
struct Partition {
    name: String,
    watermark: Watermark,
    accounts: Accounts,
}

/// What of the engine is neither a record nor a pane, and must survive a restart with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Position {
    /// T.
    pub now: Option<Instant>,
    /// The earliest event accepted.
    pub first: Option<Instant>,
    /// Each partition by name, with how far it has come.
    pub partitions: Vec<(String, Watermark)>,
    /// For each kind: what is older has expired.
    pub expired: Vec<(Kind, Instant)>,
    /// For each kind: the last instant at which a closed booking counts.
    pub closed: Vec<(Kind, Instant)>,
    /// The number of the roster and settings in force.
    pub generation: u32,
    /// The thresholds in force, and since when each is counted.
    pub since: Vec<(Counted, Instant)>,
    /// What the slices in force need, and since when it is there.
    pub sliced: Vec<(Sliced, Instant)>,
    /// Both sides of the books.
    pub digests: Digests,
}

/// A question for figures.
#[derive(Clone, Debug)]
pub struct Query {
    /// Whose.
    pub scopes: Vec<Scope>,
    /// Which.
    pub measures: Vec<Measure>,
    /// In which windows.
    pub windows: Vec<Window>,
    /// At which times within them.
    pub times: Times,
    /// Where calendar windows begin.
    pub from: Instant,
    /// Where they end, and where rolling ones stand.
    pub to: Instant,
}

/// One figure of one scope and window.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Whose.
    pub scope: Scope,
    /// Which.
    pub measure: String,
    /// In which window.
    pub window: Window,
    /// The window's first instant.
    pub start: Instant,
    /// The window's end, exclusive.
    pub end: Instant,
    /// What it says.
    pub figure: Figure,
    /// The unit of the value.
    pub unit: Unit,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The panes that the window needs are no longer kept.
    #[error(
        "window {window} of {scope} from {} needs {tier} panes, which are kept only from {}: ask for a later start or \
         a coarser window",
        start.to_rfc3339(), kept_from.to_rfc3339()
    )]
    TooOld {
        /// The window asked for.
        window: String,
        /// The scope asked for.
        scope: String,
        /// Where the window begins.
        start: Instant,
        /// The tier that answers for it.
        tier: &'static str,
        /// From when on the tier has panes.
        kept_from: Instant,
    },
    /// Hours of the day are asked for of a rep.
    #[error(
        "hours of the day are told of queues and all above, and {scope} is a rep, whose quarter-hours are kept for some days \
         only: ask without hours, or for the team"
    )]
    HoursOfRep {
        /// The scope asked for.
        scope: String,
    },
    /// Nothing is added up for the measure.
    #[error(
        "{measure} is read off a distribution and has no numerator, so there are no facts that add up to it: ask for the \
         mean of the same duration"
    )]
    NoHalves {
        /// The measure asked for.
        measure: String,
    },
    /// The measure tells what stood at an instant.
    #[error(
        "{measure} tells what stood at an instant and not what happened in a window, so there are no facts that add up to \
         it: ask for a measure of what came and went"
    )]
    Stock {
        /// The measure asked for.
        measure: String,
    },
    /// Scopes of this kind do not have the measure.
    #[error("a {kind} has no {measure}: ask for another measure, or for a scope above or below")]
    NotHad {
        /// The measure asked for.
        measure: String,
        /// The kind of scope.
        kind: &'static str,
    },
}

/// The engine. It never reads a clock and never fails: what it does not take, it refuses by name.
#[derive(Debug)]
pub struct Engine {
    roster: Arc<Roster>,
    settings: Arc<Settings>,
    room: Room,
    records: Records,
    panes: Panes,
    unlisted: Unlisted,
    now: Instant,
    first: Option<Instant>,
    partitions: Vec<Partition>,
    expired: BTreeMap<Kind, Instant>,
    closed: BTreeMap<Kind, Instant>,
    counted: CountedSince,
    sliced: SlicedSince,
    judge: Judge,
    changed: u64,
}

impl Engine {
    /// An engine that knows nothing yet. Where the settings' lateness is unlimited (a replay), panes never expire.
    pub fn new(roster: Arc<Roster>, settings: Arc<Settings>) -> Engine {
        let panes = Panes::new(!settings.lateness.is_unlimited());
        let mut counted = CountedSince::default();
        counted.note(&roster, &settings, |_, _| Instant::MIN);
        let mut sliced = SlicedSince::default();
        sliced.note(&roster, &settings, Instant::MIN);
        Engine {
            roster,
            settings,
            room: Room::default(),
            records: Records::new(Room::default().open),
            panes,
            unlisted: Unlisted::default(),
            now: Instant::MIN,
            first: None,
            partitions: Vec::new(),
            expired: BTreeMap::new(),
            closed: BTreeMap::new(),
            counted,
            sliced,
            judge: Judge::default(),
            changed: 0,
        }
    }

    /// The same engine with other room. Only before it knows anything.
    #[must_use]
    pub fn with_room(self, room: Room) -> Engine {
        Engine { records: Records::new(room.open), room, ..self }
    }

    /// How much stays in memory.
    pub fn room(&self) -> Room {
        self.room
    }

    /// The number of the partition called `name`; it is remembered from here on.
    pub fn partition(&mut self, name: &str) -> PartitionId {
        let found = self.partitions.iter().position(|partition| partition.name == name);
        PartitionId(found.unwrap_or_else(|| {
            self.partitions.push(Partition { name: name.to_owned(), ..Partition::default() });
            self.partitions.len() - 1
        }))
    }

    /// Takes one input; figures show at once what it changed.
    pub fn apply(&mut self, input: Input) -> Outcome {
        let outcome = self.gather(input);
        self.flush();
        outcome
    }

    /// Takes one input. Figures show what it changed after [`Engine::flush`]: so thousands of events touch each row of a
    /// pane once, and a record that learns four things books once.
    pub fn gather(&mut self, input: Input) -> Outcome {
        if self.records.unsettled() >= self.room.unsettled {
            self.settle();
        }
        match input {
            Input::Event { partition, received, event } => self.event(partition, received, event),
            Input::Tick(instant) => self.tick(instant),
            Input::Roster(roster) => {
                self.settle();
                self.roster = roster;
                self.forget_unlisted();
                self.begin_rebook()
            }
            Input::Settings(settings) => {
                self.settle();
                self.settings = settings;
                self.begin_rebook()
            }
            Input::Rebook(n) => self.rebook(n),
            Input::Targets(targets) => {
                self.judge.put_in_force(targets);
                Outcome::Done
            }
            Input::Judge => self.look(),
        }
    }

    /// Lets the panes learn all that was gathered.
    pub fn flush(&mut self) {
        self.settle();
        self.panes.flush();
    }

    fn event(&mut self, id: PartitionId, received: Option<Instant>, event: Event) -> Outcome {
        let outcome = match self.refusal(id, received, &event) {
            Some(refusal) => Outcome::Refused(refusal),
            None => self.take(id, event),
        };
        let accounts = &mut self.partitions[id.0].accounts;
        match outcome {
            Outcome::Applied => accounts.applied += 1,
            Outcome::Unchanged => accounts.unchanged += 1,
            Outcome::Refused(refusal) => *accounts.refused.entry(refusal).or_insert(0) += 1,
            Outcome::Done => {}
        }
        outcome
    }

    fn refusal(&self, id: PartitionId, received: Option<Instant>, event: &Event) -> Option<Refusal> {
        if received.is_some_and(|received| event.time > received.plus(self.settings.future)) {
            return Some(Refusal::Future);
        }
        let watermark = self.partitions[id.0].watermark.reached;
        if watermark.is_some_and(|reached| event.time < reached.minus(self.settings.lateness)) {
            return Some(Refusal::Late);
        }
        let expired = self.expired.get(&event.subject.kind);
        expired.is_some_and(|horizon| event.time < *horizon).then_some(Refusal::Expired)
    }

    fn take(&mut self, id: PartitionId, event: Event) -> Outcome {
        if !self.unlisted.admit(&event, &self.roster, &self.settings) {
            return Outcome::Refused(Refusal::Crowded);
        }
        let time = event.time;
        let key = RecordKey::of(&event, &self.settings);
        let context = context(&self.roster, &self.settings, self.now);
        let outcome = match self.records.take(key, Entry::from_event(event), &context) {
            Taken::Applied => Outcome::Applied,
            Taken::Unchanged => Outcome::Unchanged,
            Taken::Saturated => Outcome::Refused(Refusal::Saturated),
            Taken::Full => Outcome::Refused(Refusal::Full),
        };
        if !matches!(outcome, Outcome::Refused(_)) {
            self.partitions[id.0].watermark.accept(time, self.now);
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
        }
        outcome
    }

    fn tick(&mut self, instant: Instant) -> Outcome {
        // T only moves forward: a tick that says less says nothing.
        if instant > self.now {
            if instant.0.div_euclid(DAY) > self.now.0.div_euclid(DAY) {
                self.forget_unlisted();
            }
            self.now = instant;
            self.panes.advance(instant);
            self.records.tick(instant);
            self.expire();
        }
        Outcome::Done
    }

    /// Forgets unlisted scopes that have come to be listed, or have no figures any more.
    fn forget_unlisted(&mut self) {
        self.flush();
        let (roster, panes) = (&self.roster, &self.panes);
        self.unlisted.retain(|scope| !roster.lists(scope.kind, &scope.id) && panes.has_rows(scope));
    }

    /// How many queues, reps and teams have been named that the roster does not list.
    pub fn unlisted(&self) -> usize {
        self.unlisted.len()
    }

    fn look(&mut self) -> Outcome {
        self.flush();
        let mut judge = std::mem::take(&mut self.judge);
        judge.look(self);
        self.judge = judge;
        Outcome::Done
    }

    /// What is said of targets, and remembered.
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    fn begin_rebook(&mut self) -> Outcome {
        self.note_what_counts();
        self.records.begin_rebook();
        Outcome::Done
    }

    fn rebook(&mut self, n: usize) -> Outcome {
        if self.rebooking() {
            self.book(|records, context, tell| records.rebook(n, context, tell));
            self.expire();
        }
        Outcome::Done
    }

    /// Closes the books of records that are old enough; not while some are still booked under what was in force before.
    fn expire(&mut self) {
        if self.rebooking() {
            return;
        }
        let low = self.low_watermark();
        if self.records.has_expired(low, &self.settings) {
            // A note on its way keeps its receiver.
            self.settle();
        }
        for (kind, horizon) in self.book(|records, context, tell| records.expire(low, context, tell)) {
            let reached = self.expired.entry(kind).or_insert(horizon);
            *reached = (*reached).max(horizon);
        }
    }

    /// Lets records book what they have learned, and the panes hear of it.
    fn settle(&mut self) {
        self.book(Records::settle);
        if self.panes.waiting() >= self.room.sums {
            self.panes.flush();
        }
    }

    /// Does something with the records, and lets the panes hear of what changes.
    fn book<T>(&mut self, act: impl FnOnce(&mut Records, &Context<'_>, Tell<'_>) -> T) -> T {
        let Engine { records, roster, settings, panes, closed, changed, now, .. } = self;
        let mut tell = |change: Change<'_>| {
            *changed += 1;
            match change {
                Change::Delta(delta) => panes.apply(delta),
                Change::Closed(kind, booking) => {
                    let last = closed.entry(kind).or_insert(booking.last());
                    *last = booking.last().max(*last);
                    panes.close(booking);
                }
            }
        };
        act(records, &context(roster, settings, *now), &mut tell)
    }

    /// A threshold or slice that comes into force after books were closed counts from where no closed book can reach.
    fn note_what_counts(&mut self) {
        let books_were_closed = self.records.totals().expired > 0 || self.panes.digests().closed != 0;
        let (expired, first) = (&self.expired, self.first);
        let whole_from = |family: Thresholds, number: u32| {
            let closed = |horizon: &&Instant| books_were_closed && first.is_some_and(|first| first < **horizon);
            match (expired.get(&family.kind()).filter(closed), family.kind()) {
                (None, _) => Instant::MIN,
                // A closed ticket may have waited for an answer beyond its last event.
                (Some(horizon), Kind::Ticket) => horizon.plus(Span(i64::from(number))),
                (Some(horizon), _) => *horizon,
            }
        };
        self.counted.note(&self.roster, &self.settings, whole_from);
        let last = self.closed.values().max();
        self.sliced.note(&self.roster, &self.settings, last.map_or(Instant::MIN, |last| last.plus(Span(1))));
    }

    /// T: how far time has come; [`Instant::MIN`] before the first tick.
    pub fn now(&self) -> Instant {
        self.now
    }
    /// The earliest event accepted.
    pub fn first(&self) -> Option<Instant> {
        self.first
    }
    /// The roster in force.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }
    /// The settings in force.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }
    /// True while live records are still to be booked under the roster and settings in force.
    pub fn rebooking(&self) -> bool {
        self.records.pending() > 0
    }
    /// The records, to read.
    pub fn records(&self) -> &Records {
        &self.records
    }
    /// The panes, to read.
    pub fn panes(&self) -> &Panes {
        &self.panes
    }
    /// Rises whenever a figure may have changed.
    pub fn changes(&self) -> u64 {
        self.changed
    }
    /// What became of the events of a partition since the process began.
    pub fn accounts(&self, partition: PartitionId) -> &Accounts {
        &self.partitions[partition.0].accounts
    }
    /// The watermark of a partition; `None` before its first event.
    pub fn watermark(&self, partition: PartitionId) -> Option<Instant> {
        self.partitions[partition.0].watermark.reached
    }

    /// Every scope of the roster, from the company down, and every other that has figures, by kind and id; no slices.
    pub fn scopes(&self) -> Vec<Scope> {
        let mut scopes = self.roster.scopes();
        let listed: std::collections::HashSet<Scope> = scopes.iter().cloned().collect();
        // What only an earlier roster or version of an event spoke of has gone: which runs saw it must not show.
        let is_seen = |scope: &&Scope| scope.slice.is_none() && !listed.contains(*scope) && self.panes.has_rows(scope);
        let mut seen: Vec<Scope> = self.panes.scopes().iter().filter(is_seen).cloned().collect();
        seen.sort_by(|a, b| (b.kind, &a.id).cmp(&(a.kind, &b.id)));
        scopes.extend(seen);
        scopes.sort_by_key(|scope| std::cmp::Reverse(scope.kind));
        scopes
    }

    /// Answers a question for figures: scopes in the order asked, then windows, their stretches, and measures.
    pub fn figures(&self, query: &Query) -> Result<Vec<Row>, QueryError> {
        let mut rows = Vec::new();
        self.visit_figures(query, |row| rows.push(row))?;
        Ok(rows)
    }

    /// As [`Engine::figures`], a row at a time, for answers too large to keep.
    pub fn visit_figures(&self, query: &Query, mut visit: impl FnMut(Row)) -> Result<(), QueryError> {
        for scope in &query.scopes {
            let zone = self.roster.zone(scope);
            for window in &query.windows {
                for stretch in window.between(query.from, query.to, scope.kind, zone) {
                    self.visit_stretch(scope, *window, stretch, query, &mut visit)?;
                }
            }
        }
        Ok(())
    }

    /// The figures that a question asks for, of one scope in one stretch.
    pub fn visit_stretch(
        &self,
        scope: &Scope,
        window: Window,
        stretch: Stretch,
        query: &Query,
        mut visit: impl FnMut(Row),
    ) -> Result<(), QueryError> {
        let zone = self.roster.zone(scope);
        self.check_kept(scope, window, query.times.fine(stretch), zone)?;
        let measures = query.measures.iter().filter(|measure| measure.has(scope.kind));
        let stocks = measures.clone().any(Measure::is_stock);
        let totals = self.totals_at(query.times, scope, stretch, stocks)?;
        for measure in measures {
            visit(self.row(measure, scope, window, stretch, &totals));
        }
        Ok(())
    }

    /// As [`Engine::totals`], of what flowed at some times only.
    fn totals_at(&self, times: Times, scope: &Scope, stretch: Stretch, stocks: bool) -> Result<Amounts, QueryError> {
        let mut totals = Amounts::default();
        for part in self.parts(times, scope, stretch)? {
            totals.add(self.panes.sum(scope, part).cells());
        }
        if stocks {
            totals.add(self.panes.standing(scope, stretch).cells());
        }
        Ok(totals)
    }

    /// What of a stretch is wanted of a scope, by its clock.
    fn parts(&self, times: Times, scope: &Scope, stretch: Stretch) -> Result<Vec<Stretch>, QueryError> {
        if times.are_all() {
            return Ok(vec![stretch]);
        }
        if times.part_days() && scope.kind == ScopeKind::Rep {
            return Err(QueryError::HoursOfRep { scope: scope.to_string() });
        }
        Ok(times.of(stretch, self.roster.zone(scope)))
    }

    /// One figure, of panes that are kept.
    pub fn figure(&self, measure: &Measure, scope: &Scope, window: Window, stretch: Stretch) -> Row {
        self.row(measure, scope, window, stretch, &self.totals(scope, stretch, measure.is_stock()))
    }

    /// The figure that facts add up to.
    ///
    /// # Errors
    /// As for figures of these times.
    pub fn figure_of(&self, question: &Question) -> Result<Row, QueryError> {
        let Question { scope, measure, window, stretch, times, .. } = question;
        let totals = self.totals_at(*times, scope, *stretch, false)?;
        Ok(self.row(measure, scope, *window, *stretch, &totals))
    }

    /// What figures of a stretch are made of: what flowed in it, and, where stocks are asked for, what stood at its end.
    pub(super) fn totals(&self, scope: &Scope, stretch: Stretch, stocks: bool) -> Amounts {
        let mut totals = self.panes.sum(scope, stretch);
        if stocks {
            totals.add(self.panes.standing(scope, stretch).cells());
        }
        totals
    }

    /// The instant of which the stocks of a stretch tell: its end, or T while it is under way.
    pub(super) fn stands_at(&self, stretch: Stretch) -> Instant {
        stretch.end.min(self.now)
    }

    fn row(&self, measure: &Measure, scope: &Scope, window: Window, stretch: Stretch, totals: &Amounts) -> Row {
        let figure = match self.is_counted(measure, scope, stretch) {
            true => measure.figure(totals, self.stands_at(stretch), &self.settings),
            false => Figure::default(),
        };
        Row {
            scope: scope.clone(),
            measure: measure.name.clone(),
            window,
            start: stretch.start,
            end: stretch.end,
            figure,
            unit: measure.definition.unit,
        }
    }

    /// Begins to look for the facts behind a figure, once [`Engine::flush`] has been called.
    ///
    /// # Errors
    /// If the measure is not made of facts, is none of this scope, or the panes of the stretch are no longer kept.
    pub fn begin_facts(&self, question: Question) -> Result<Search, QueryError> {
        let Question { scope, measure, window, stretch, times, .. } = &question;
        self.check_kept(scope, *window, times.fine(*stretch), self.roster.zone(scope))?;
        let name = || measure.name.clone();
        if !measure.has(scope.kind) {
            return Err(QueryError::NotHad { measure: name(), kind: scope.kind.name() });
        }
        if measure.is_stock() {
            return Err(QueryError::Stock { measure: name() });
        }
        if measure.parts(&Amounts::default(), &self.settings).is_none() {
            return Err(QueryError::NoHalves { measure: name() });
        }
        let parts = self.parts(*times, scope, *stretch)?;
        Ok(Search::new(question, parts))
    }

    /// Goes on looking at no more than so many records; true if nothing is left to look at.
    pub fn search(&self, search: &mut Search, records: usize) -> bool {
        search.go_on(self.records.slots(), &self.settings, records)
    }

    /// From when on the facts behind a measure are all there: what is older may have been booked by records whose books
    /// are closed and that have gone. `None` if none have.
    pub fn facts_since(&self, measure: &Measure) -> Option<Instant> {
        let closed = self.closed.iter().filter(|(kind, _)| measure.is_booked_by(**kind, &self.settings));
        closed.map(|(_, last)| last.plus(Span(1))).max()
    }

    fn is_kept(&self, scope: &Scope, stretch: Stretch, zone: Zone) -> bool {
        let kept_from = self.kept_from(scope, stretch);
        // Nothing was ever booked before the pane of the first event, so nothing is missing there.
        let first = self.first.map_or(Instant::MIN, |first| stretch.tier.pane_start(first, zone));
        let needed_from = stretch.start.max(first);
        stretch.start >= kept_from || needed_from >= kept_from || stretch.end <= needed_from
    }

    fn kept_from(&self, scope: &Scope, stretch: Stretch) -> Instant {
        self.panes.kept_from(stretch.tier, scope.kind).unwrap_or(Instant::MIN)
    }

    fn check_kept(&self, scope: &Scope, window: Window, stretch: Stretch, zone: Zone) -> Result<(), QueryError> {
        if self.is_kept(scope, stretch, zone) {
            return Ok(());
        }
        let kept_from = self.kept_from(scope, stretch);
        Err(QueryError::TooOld {
            window: window.to_string(),
            scope: scope.to_string(),
            start: stretch.start,
            tier: stretch.tier.name(),
            kept_from,
        })
    }

    /// True if the figure of a scope and stretch can be told: its panes are kept, and it is not made up.
    pub(super) fn knows(&self, measure: &Measure, scope: &Scope, stretch: Stretch, zone: Zone) -> bool {
        self.is_counted(measure, scope, stretch) && self.is_kept(scope, stretch, zone)
    }

    /// False where a figure would be made up: the window lies outside the time that was watched, or begins before the
    /// measure's threshold, or the slice, was counted.
    fn is_counted(&self, measure: &Measure, scope: &Scope, stretch: Stretch) -> bool {
        let watched = self.first.is_some_and(|first| stretch.end > first) && stretch.start <= self.now
            // Figures from elsewhere tell of times at which nobody was watching yet.
            || measure.definition.side == Side::Named;
        let thresholds = measure.thresholds(&self.settings);
        let mut since = thresholds.iter().map(|(family, number)| self.counted.since(*family, *number, scope));
        watched && since.all(|since| stretch.start >= since) && stretch.start >= self.sliced.since(scope)
    }

    /// The canonical export: records, bookings, panes and present verdicts with strings, sorted. Two engines that know the
    /// same at the same T export the same text.
    pub fn export(&mut self) -> String {
        let low = self.low_watermark();
        self.book(|records, context, tell| records.prune(low, context, tell));
        self.flush();
        self.look();
        super::export::text(&self.records, &self.panes, &self.judge)
    }

    /// Holds the books of all records against the panes; all are looked at.
    ///
    /// # Errors
    /// What does not match.
    pub fn check_books(&mut self) -> Result<(), String> {
        let mut live = 0u64;
        let panes = &mut self.panes;
        self.records.visit(|_, record| {
            let digests = record.booked.iter().map(|booking| panes.digest_of(booking));
            live = digests.fold(live, u64::wrapping_add);
        });
        self.panes.check(live)
    }

    /// Derives what is kept of each record afresh, holds the books against the panes, and tells every difference. What
    /// depends on roster and settings is derived only if the books were made under those in force.
    pub fn audit(&mut self, same_in_force: bool, mut tell: impl FnMut(String)) {
        let context = context(&self.roster, &self.settings, self.now);
        super::audit::records(&self.records, same_in_force.then_some(&context), &mut tell);
        if let Err(problem) = self.check_books() {
            tell(problem);
        }
    }

    /// What a checkpoint keeps beside records and panes.
    pub fn position(&self) -> Position {
        Position {
            now: (self.now > Instant::MIN).then_some(self.now),
            first: self.first,
            partitions: self.partitions.iter().map(|p| (p.name.clone(), p.watermark)).collect(),
            expired: self.expired.iter().map(|(kind, horizon)| (*kind, *horizon)).collect(),
            closed: self.closed.iter().map(|(kind, last)| (*kind, *last)).collect(),
            generation: self.records.generation(),
            since: self.counted.to_store(),
            sliced: self.sliced.to_store(),
            digests: self.panes.digests(),
        }
    }

    /// Hears that everything has been written that a store has been given: what has no room may be left to the disk.
    pub fn written(&mut self) {
        self.records.make_room(self.room.bytes);
        self.panes.make_room(self.room.reach);
    }

    /// Gives records, panes and what the judge remembers to a store that writes what has changed since it was last called.
    pub fn parts_to_store(&mut self) -> (&mut Records, &mut Panes, &mut Judge) {
        self.flush();
        (&mut self.records, &mut self.panes, &mut self.judge)
    }

    /// Ends a restore: records and panes were put back through [`Engine::parts_to_store`], the rest is here. If roster
    /// or settings have changed since the checkpoint, apply them as inputs afterwards.
    pub fn restored(&mut self, position: Position) {
        self.now = position.now.unwrap_or(Instant::MIN);
        self.first = position.first;
        for (name, watermark) in position.partitions {
            let id = self.partition(&name);
            self.partitions[id.0].watermark = watermark;
        }
        self.expired = position.expired.into_iter().collect();
        self.closed = position.closed.into_iter().collect();
        let customers_closed = self.expired.get(&Kind::Customer).copied().unwrap_or_default();
        self.records.restored(position.generation, customers_closed);
        self.panes.restored(self.now, position.digests);
        self.unlisted.restore(self.panes.scopes().iter(), &self.roster);
        self.counted = CountedSince::from_stored(position.since);
        self.sliced = SlicedSince::from_stored(position.sliced);
        // What is in force may be new to the state.
        self.note_what_counts();
    }

    /// How far the slowest partition that is not idle has come.
    pub fn low_watermark(&self) -> Instant {
        watermark::low(self.partitions.iter().map(|p| &p.watermark), self.now, self.settings.idle)
    }

    /// The time of the newest event that was accepted.
    pub fn newest(&self) -> Option<Instant> {
        self.partitions.iter().filter_map(|partition| partition.watermark.reached).max()
    }
}

fn context<'a>(roster: &'a Roster, settings: &'a Settings, now: Instant) -> Context<'a> {
    Context { roster, settings, now }
}
