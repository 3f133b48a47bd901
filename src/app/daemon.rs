//! The engine's task: one loop that owns the engine and takes everything that happens from one mailbox.

use super::jobs::{Jobs, Reply, SLICE};
use super::mail::{Inbox, Mail};
use crate::clock::{Clock, Doubt, Look};
use crate::telemetry::{BOOKS, Telemetry};
use anyhow::bail;
use goalkeeper::config::{self, Config, Loaded, OnGap};
use goalkeeper::domain::engine::{Engine, Input, Outcome, PartitionId, Refusal, Room};
use goalkeeper::domain::roster::{Roster, RosterData};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::{Instant, Span};
use goalkeeper::domain::watermark::{Follows, Reading, time_of};
use goalkeeper::domain::window::Reach;
use goalkeeper::ingest::decode::Decoded;
use goalkeeper::ingest::kafka::{Batch, Gap, Item, Notice, Opened, Original, Partition, Place, Positions, Stamp};
use goalkeeper::ingest::refusal::Reason;
use goalkeeper::publish::answer::{Ask, NoAnswer};
use goalkeeper::publish::view::{Reps, View, Viewer};
use goalkeeper::store::writer::Written;
use goalkeeper::store::{Checkpoint, InForce, Logs, Store};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Monotonic};

/// Live records re-booked between two looks into the mailbox.
const REBOOK_SLICE: usize = 2_000;
/// Refused records that are logged in a minute; all are counted.
const LOGGED_A_MINUTE: u32 = 20;
/// Types of ignored events that get a name of their own in the metrics.
const IGNORED_NAMES: usize = 100;
/// A checkpoint is cut early when so many events have come since the last one.
const CHECKPOINT_EVENTS: u64 = 500_000;
/// Computing figures takes at most one part in so many of the time.
const PUBLISH_SHARE: u32 = 10;
/// How often it is logged that Kafka cannot be reached.
const UNREACHABLE_TOLD_AFTER: Duration = Duration::from_secs(60);
/// Partitions that are named when they are not read yet.
const UNREAD_NAMED: usize = 5;

/// The world as the engine's task meets it: what comes in is mail, what goes out goes through here, and so do looks at
/// the clocks.
pub(super) trait Outside: Send {
    /// What never jumps, and says nothing about the time of day.
    fn monotonic(&self) -> Monotonic;
    /// The time of day, as far as the system knows it.
    fn wall(&self) -> Instant;
    /// New figures.
    fn publish(&self, view: View);
    /// Whether figures are complete and up to date, or why not.
    fn ready(&self, ready: Result<(), String>);
    /// A record that was refused, if there is a topic for them.
    fn refuse(&self, original: &Original, reason: &str, detail: &str);
    /// The offsets that are on disk, for lag tools.
    fn commit(&self, positions: Vec<(Partition, i64)>);
    /// Hands a checkpoint to the disk, which answers by mail. Only when the one before is done.
    fn write(&self, checkpoint: Checkpoint);
    /// No more records are wanted.
    fn stop_reading(&self);
    /// Waits until the disk and the dead letters are done.
    fn finish(self);
}

/// The engine with all that it needs to go on.
pub(super) struct Daemon<O> {
    engine: Engine,
    config: Config,
    in_force: InForce,
    telemetry: Telemetry,
    clock: Clock,
    doubted: Option<Doubt>,
    outside: O,
    viewer: Viewer,
    writing: bool,
    cut_at: Monotonic,
    events_since_cut: u64,
    positions: Positions,
    partitions: Vec<Source>,
    missing: BTreeSet<String>,
    jobs: Jobs,
    unreachable: Option<Unreachable>,
    /// True once everything that was there at the start has been read.
    ready: bool,
    told_ready: Result<(), String>,
    published_at: Option<Monotonic>,
    publish_pause: Duration,
    published: Option<(u64, Instant)>,
    ignored_names: HashSet<String>,
    logged: (Monotonic, u32),
}

/// One partition, as the engine's task sees it.
struct Source {
    partition: Partition,
    number: String,
    id: PartitionId,
    at_end: bool,
    was_at_end: bool,
}

/// Kafka, while it cannot be reached.
struct Unreachable {
    since: Instant,
    problem: String,
    logged: Monotonic,
}

/// How the loop ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was asked to.
    Stopped,
    /// The reader gave up, and says why.
    ReaderFailed(String),
    /// The state on disk is not what was written there.
    StateDamaged(String),
}

/// An engine as the last checkpoint left it, and the positions to go on from.
pub(super) fn restore(
    store: &Store,
    config: &Config,
    roster: RosterData,
) -> anyhow::Result<(Engine, Positions, InForce)> {
    let in_force = InForce::of(&roster, config);
    let roster = Arc::new(Roster::new(roster));
    let settings = Arc::new(config.settings.clone());
    let room = Room { bytes: config.state.record_memory, reach: Reach::of(&config.windows), ..Room::default() };
    let Some(saved) = store.saved()? else {
        tracing::info!("no state yet: reading from the beginning");
        let mut engine = Engine::new(roster, settings).with_room(room);
        store.lend_to(&mut engine);
        return Ok((engine, Positions::default(), in_force));
    };
    if let Some(option) = saved.in_force.renamed(&in_force).first() {
        bail!(
            "{option} is not what it was when the state was made: the records in it are kept under their old names, and \
             what comes now would not find them. Take it back, or begin with an empty state directory: goalkeeper builds \
             the state again from what Kafka has"
        );
    }
    let before = Arc::new(saved.in_force.with_thresholds(&settings));
    let mut engine = Engine::new(roster.clone(), before).with_room(room);
    store.restore(&mut engine, saved.position)?;
    tracing::info!(records = engine.records().len(), time = engine.now().to_rfc3339(), "state restored");
    // What has changed while the daemon was down is an input like any other.
    put_in_force(&mut engine, &saved.in_force, &in_force, roster, settings);
    let place = |(name, next): (String, i64)| {
        let epoch = saved.logs.epochs.get(&name).and_then(|epoch| i32::try_from(*epoch).ok()).unwrap_or(-1);
        (name, Place { next, epoch })
    };
    let partitions = saved.offsets.into_iter().map(place).collect();
    Ok((engine, Positions { partitions, topics: saved.logs.topics }, in_force))
}

/// Lets the engine know what has changed.
fn put_in_force(engine: &mut Engine, before: &InForce, now: &InForce, roster: Arc<Roster>, settings: Arc<Settings>) {
    if !before.same_roster(now) {
        tracing::info!("the roster has changed: live records are booked anew");
        engine.apply(Input::Roster(roster));
    }
    if !before.same_settings(now) {
        tracing::info!("settings have changed: live records are booked anew");
        engine.apply(Input::Settings(settings));
    }
}

impl<O: Outside> Daemon<O> {
    pub(super) fn new(
        engine: Engine,
        config: Config,
        in_force: InForce,
        positions: Positions,
        telemetry: Telemetry,
        outside: O,
    ) -> Daemon<O> {
        let viewer = viewer(&config);
        let now = outside.monotonic();
        let before = (engine.now() > Instant::MIN).then_some(engine.now());
        let Settings { idle, lateness, .. } = config.settings;
        let clock = Clock::start(now, before, std_duration(idle), lateness);
        Daemon {
            engine,
            viewer,
            config,
            in_force,
            telemetry,
            clock,
            doubted: None,
            outside,
            writing: false,
            cut_at: now,
            events_since_cut: 0,
            positions,
            partitions: Vec::new(),
            missing: BTreeSet::new(),
            jobs: Jobs::default(),
            unreachable: None,
            ready: false,
            told_ready: Err(String::new()),
            published_at: None,
            publish_pause: Duration::ZERO,
            published: None,
            ignored_names: HashSet::new(),
            logged: (now, 0),
        }
    }

    /// Takes mail until it is told to stop, then writes a last checkpoint.
    pub(super) fn run(mut self, mut inbox: Inbox) -> End {
        let end = loop {
            let mail = match self.rebook() | self.answer() {
                true => inbox.try_recv(),
                false => Some(inbox.recv().unwrap_or(Mail::Stop)),
            };
            if let Some(mail) = mail
                && let Some(end) = self.take(mail)
            {
                break end;
            }
        };
        match end {
            End::StateDamaged(_) => end,
            End::Stopped | End::ReaderFailed(_) => self.stop(inbox).map_or_else(End::StateDamaged, |()| end),
        }
    }

    /// Re-books some of the live records that are behind; true if there were any.
    fn rebook(&mut self) -> bool {
        let behind = self.engine.rebooking();
        if behind {
            self.engine.apply(Input::Rebook(REBOOK_SLICE));
        }
        behind
    }

    /// Takes one letter; tells if it was the last.
    fn take(&mut self, mail: Mail) -> Option<End> {
        match mail {
            Mail::Reader(Notice::Opened(opened)) => self.open(opened),
            Mail::Reader(Notice::Missing(missing)) => self.miss(missing),
            Mail::Reader(Notice::Batch(batch)) => self.batch(batch),
            Mail::Reader(Notice::Unreachable(problem)) => self.unreachable(problem),
            Mail::Reader(Notice::Reachable) => self.reachable(),
            Mail::Reader(Notice::Trouble(problem)) => {
                self.telemetry.kafka_troubles.inc();
                tracing::warn!("Kafka: {problem}; trying again");
            }
            Mail::Reader(Notice::Failed(problem)) => return Some(End::ReaderFailed(problem)),
            Mail::Tick => self.tick(),
            Mail::Written(written) => return self.written(written).err().map(End::StateDamaged),
            Mail::Ask(ask, reply) => self.ask(&ask, reply),
            Mail::Reload(loaded, answer) => {
                let _ = answer.send(self.reload(*loaded));
            }
            Mail::Beat(answer) => drop(answer.send(())),
            Mail::Stop => return Some(End::Stopped),
        }
        None
    }

    /// How long ago `then` was.
    fn since(&self, then: Monotonic) -> Duration {
        self.outside.monotonic().saturating_duration_since(then)
    }

    fn look(&mut self) -> Look {
        self.clock.look(self.outside.monotonic(), self.outside.wall())
    }

    fn open(&mut self, opened: Vec<Opened>) {
        for Opened { place, partition, topic, from, gap, at_end } in opened {
            let number = partition.number.to_string();
            let labels = [partition.topic.as_str(), number.as_str()];
            // Counters of a partition exist from the start, so that a rate sees the first increment.
            for counter in [
                &self.telemetry.records,
                &self.telemetry.records_decoded,
                &self.telemetry.records_lost,
                &self.telemetry.events,
                &self.telemetry.events_applied,
                &self.telemetry.events_unchanged,
            ] {
                counter.with_label_values(&labels);
            }
            for reason in Reason::ALL {
                self.telemetry.records_refused.with_label_values(&[labels[0], labels[1], reason.name()]);
            }
            for reason in Refusal::ALL {
                self.telemetry.events_refused.with_label_values(&[labels[0], labels[1], reason.name()]);
            }
            for kind in Gap::KINDS {
                self.telemetry.kafka_gaps.with_label_values(&[labels[0], labels[1], kind]);
            }
            match &gap {
                Some(gap) => {
                    tracing::error!(%partition, from = from.next, "gap: {gap}; going on from the first record that is left");
                    self.telemetry.kafka_gaps.with_label_values(&[labels[0], labels[1], gap.kind()]).inc();
                    self.telemetry.records_lost.with_label_values(&labels).inc_by(gap.lost());
                }
                None => tracing::info!(%partition, from = from.next, "reading"),
            }
            self.positions.topics.extend(topic.map(|identity| (partition.topic.clone(), identity)));
            self.telemetry.position.with_label_values(&labels).set(from.next);
            self.positions.partitions.insert(partition.to_string(), from);
            match self.partitions.get_mut(place) {
                Some(source) => {
                    source.at_end = at_end;
                    // What is read again is no news: it says nothing about the clock.
                    source.was_at_end = at_end;
                }
                None => {
                    self.telemetry.checkpoint_position.with_label_values(&labels).set(from.next);
                    let id = self.engine.partition(&partition.to_string());
                    self.partitions.push(Source { partition, number, id, at_end, was_at_end: at_end });
                }
            }
        }
        self.go_on();
    }

    fn miss(&mut self, missing: BTreeSet<String>) {
        for topic in missing.difference(&self.missing) {
            tracing::error!(
                topic,
                "Kafka has no such topic: make it, or correct kafka.topics. {}",
                match self.on_gap() {
                    OnGap::Stop => "Goalkeeper waits for it; with `kafka.on_gap: continue` it goes on without",
                    OnGap::Continue => "Goalkeeper goes on without it meanwhile",
                }
            );
        }
        for topic in self.missing.difference(&missing) {
            tracing::info!(topic, "the topic is there now");
        }
        self.telemetry.kafka_topic_missing.reset();
        for topic in &missing {
            self.telemetry.kafka_topic_missing.with_label_values(&[topic]).set(1);
        }
        self.missing = missing;
        self.go_on();
    }

    fn unreachable(&mut self, problem: String) {
        self.telemetry.kafka_reachable.set(0);
        self.telemetry.kafka_troubles.inc();
        let now = self.outside.monotonic();
        let before = self.unreachable.take();
        let logged = before.as_ref().map(|before| before.logged).filter(|at| now - *at < UNREACHABLE_TOLD_AFTER);
        if logged.is_none() {
            tracing::error!("Kafka cannot be reached: {problem}; trying again, and time stands still meanwhile");
        }
        let since = before.map_or_else(|| self.outside.wall(), |before| before.since);
        self.unreachable = Some(Unreachable { since, problem, logged: logged.unwrap_or(now) });
        self.go_on();
    }

    fn reachable(&mut self) {
        self.telemetry.kafka_reachable.set(1);
        if let Some(before) = self.unreachable.take() {
            tracing::info!(since = before.since.to_rfc3339(), "Kafka can be reached again");
        }
        self.go_on();
    }

    fn on_gap(&self) -> OnGap {
        self.config.kafka.as_ref().map_or(OnGap::Stop, |kafka| kafka.on_gap)
    }

    fn batch(&mut self, batch: Batch) {
        let mut counts = vec![Counts::default(); self.partitions.len()];
        self.events_since_cut += batch.items.len() as u64;
        self.telemetry.name_table_resets.set(batch.name_resets as i64);
        if !self.clock.is_proven() {
            self.let_records_judge_the_clock(&batch);
        }
        let latest = self.look().latest;
        for item in batch.items {
            let place = item.partition;
            counts[place].records += 1;
            self.item(item, latest, &mut counts[place]);
        }
        for reached in &batch.reached {
            let source = &mut self.partitions[reached.partition];
            source.at_end = reached.at_end;
            source.was_at_end |= reached.at_end;
            self.positions.partitions.insert(source.partition.to_string(), reached.to);
            let labels = [source.partition.topic.as_str(), source.number.as_str()];
            self.telemetry.lag.with_label_values(&labels).set(reached.end - reached.to.next);
            self.telemetry.position.with_label_values(&labels).set(reached.to.next);
        }
        for (source, counts) in self.partitions.iter().zip(&counts) {
            counts.tell(&self.telemetry, &[&source.partition.topic, &source.number]);
        }
        self.go_on();
    }

    fn let_records_judge_the_clock(&mut self, batch: &Batch) {
        let now = self.outside.monotonic();
        for item in &batch.items {
            if let Some(time) = item.stamp.time() {
                self.clock.note(now, time, self.partitions[item.partition].was_at_end);
            }
        }
    }

    fn item(&mut self, item: Item, latest: Instant, counts: &mut Counts) {
        let source = &self.partitions[item.partition];
        let labels = [source.partition.topic.as_str(), source.number.as_str()];
        match item.what {
            Ok(Decoded::Event(event)) => {
                counts.decoded += 1;
                let received = match (self.config.clock, item.stamp) {
                    (config::Clock::Stream, _) => None,
                    (config::Clock::Wall, Stamp::Appended(time)) => Some(time),
                    (config::Clock::Wall, Stamp::Created(_) | Stamp::Absent) => Some(latest),
                };
                match self.engine.gather(Input::Event { partition: source.id, received, event }) {
                    Outcome::Applied => counts.applied += 1,
                    Outcome::Unchanged => counts.unchanged += 1,
                    Outcome::Refused(refusal) => {
                        let labels = [labels[0], labels[1], refusal.name()];
                        self.telemetry.events_refused.with_label_values(&labels).inc();
                        self.refuse(item.partition, item.offset, item.original, refusal.name(), "");
                    }
                    Outcome::Done => {}
                }
            }
            Ok(Decoded::Ignored(kind)) => {
                let known = self.ignored_names.contains(&*kind);
                let name = match known || self.ignored_names.len() < IGNORED_NAMES {
                    true => &*kind,
                    false => "other",
                };
                self.telemetry.records_ignored.with_label_values(&[labels[0], labels[1], name]).inc();
                if !known && name != "other" {
                    self.ignored_names.insert(kind.to_string());
                }
            }
            Err(refused) => {
                let labels = [labels[0], labels[1], refused.reason.name()];
                self.telemetry.records_refused.with_label_values(&labels).inc();
                self.refuse(item.partition, item.offset, item.original, refused.reason.name(), &refused.detail);
            }
        }
    }

    fn refuse(&mut self, place: usize, offset: i64, original: Option<Original>, reason: &str, detail: &str) {
        self.log_refusal(place, offset, reason, detail);
        if let Some(original) = original {
            self.outside.refuse(&original, reason, detail);
        }
    }

    fn log_refusal(&mut self, place: usize, offset: i64, reason: &str, detail: &str) {
        if self.since(self.logged.0) >= Duration::from_secs(60) {
            self.logged = (self.outside.monotonic(), 0);
        }
        let (_, n) = &mut self.logged;
        *n += 1;
        if *n <= LOGGED_A_MINUTE {
            let partition = &self.partitions[place].partition;
            tracing::warn!(%partition, offset, reason, "refused: {detail}");
        } else if *n == LOGGED_A_MINUTE + 1 {
            tracing::warn!("more refusals in this minute are only counted");
        }
    }

    /// Lets time go on as far as it has come, and does what has become possible.
    fn go_on(&mut self) {
        let reading = |source: &Source| Reading { reached: self.engine.watermark(source.id), at_end: source.at_end };
        let there = || self.partitions.iter().filter(|source| !self.missing.contains(&source.partition.topic));
        let readings: Vec<Reading> = there().map(reading).collect();
        let is_read = there().all(|source| source.was_at_end);
        // While Kafka cannot be reached nobody knows whether everything is read.
        let goes_on = !self.partitions.is_empty() && !self.waits_for_topics() && self.unreachable.is_none();
        if !goes_on || !is_read {
            // That no current record comes says nothing as long as none can.
            self.clock.hear_nothing(self.outside.monotonic());
        }
        let follows = self.follows();
        if goes_on && let Some(time) = time_of(&readings, follows) {
            self.engine.gather(Input::Tick(time));
        }
        if !self.ready && goes_on && is_read {
            self.ready = true;
            tracing::info!(time = self.engine.now().to_rfc3339(), "everything is read: figures are complete");
            if follows == Follows::Unproven {
                let patience = self.config.settings.idle;
                tracing::info!(
                    "no record is current: time follows the wall clock when one is, or when none comes for {} s and it is \
                     not too far ahead",
                    patience.0 / 1000
                );
            }
        }
        self.tell_ready();
        self.publish_if_due();
        self.checkpoint_if_due();
    }

    /// A topic that is not there is waited for, or holds nothing back.
    fn waits_for_topics(&self) -> bool {
        !self.missing.is_empty() && self.on_gap() == OnGap::Stop
    }

    fn tell_ready(&mut self) {
        let ready = self.why_not_ready().map_or(Ok(()), Err);
        if ready != self.told_ready {
            self.telemetry.ready.set(i64::from(ready.is_ok()));
            self.outside.ready(ready.clone());
            self.told_ready = ready;
        }
    }

    /// What is missing for figures that are complete and up to date.
    fn why_not_ready(&self) -> Option<String> {
        let missing = || self.missing.iter().cloned().collect::<Vec<_>>().join(", ");
        if let Some(Unreachable { since, problem, .. }) = &self.unreachable {
            return Some(format!("Kafka cannot be reached since {}: {problem}", since.to_rfc3339()));
        }
        if self.waits_for_topics() {
            return Some(format!("waiting for topics that Kafka does not have: {}", missing()));
        }
        if self.partitions.is_empty() {
            return Some(match self.missing.is_empty() {
                true => "Kafka has not answered yet".to_owned(),
                false => format!("Kafka has none of the topics: {}", missing()),
            });
        }
        if self.ready {
            return None;
        }
        let unread: Vec<String> = self
            .partitions
            .iter()
            .filter(|source| !source.was_at_end)
            .map(|source| source.partition.to_string())
            .collect();
        let all = self.partitions.len();
        let (n, some) = (unread.len(), unread[..unread.len().min(UNREAD_NAMED)].join(", "));
        Some(format!("still reading what was there at the start: {n} of {all} partitions are left ({some})"))
    }

    /// What T follows now.
    fn follows(&mut self) -> Follows {
        if self.config.clock == config::Clock::Stream {
            return Follows::Stream;
        }
        let look = self.look();
        self.telemetry.clock_disbelieved.set(i64::from(look.doubt.is_some()));
        if std::mem::replace(&mut self.doubted, look.doubt) != look.doubt {
            tell_doubt(&look);
        }
        look.now.map_or(Follows::Unproven, Follows::Wall)
    }

    fn tick(&mut self) {
        self.go_on();
        self.tell();
        self.check_accounts();
    }

    fn publish_if_due(&mut self) {
        let pause = std_duration(self.config.server.publish_interval).max(self.publish_pause);
        if self.published_at.is_some_and(|at| self.since(at) < pause) {
            return;
        }
        self.engine.flush();
        let state = (self.engine.changes(), self.engine.now());
        let pending = self.engine.records().pending();
        if self.published == Some(state) && !self.ready {
            self.telemetry.rebook_pending.set(pending as i64);
            return;
        }
        let begun = self.outside.monotonic();
        if self.ready {
            self.engine.gather(Input::Judge);
            self.telemetry.judge_duration.set(self.since(begun).as_secs_f64());
        }
        // Windows stand at T: before any event there is none.
        let view = self.viewer.view(&self.engine, self.ready && self.engine.now() > Instant::MIN);
        let took = self.since(begun);
        self.telemetry.publish_duration.set(took.as_secs_f64());
        for (gauge, counts) in [(&self.telemetry.series, &view.series), (&self.telemetry.series_dropped, &view.dropped)]
        {
            // A kind that is not shown any more has none.
            gauge.reset();
            for (kind, n) in counts {
                gauge.with_label_values(&[kind.name()]).set(*n as i64);
            }
        }
        let server = &self.config.server;
        self.telemetry.series_limit.set(server.series_limit as i64);
        self.telemetry.series_limit_of_kind.set(server.series_limit_of_kind as i64);
        let roster = self.engine.roster().data();
        let slices = self.engine.settings().breakdowns.iter().map(|breakdown| breakdown.count(roster));
        self.telemetry.slices.set(slices.sum::<usize>() as i64);
        self.telemetry.slices_limit.set(self.config.slices_limit as i64);
        self.outside.publish(view);
        // After the figures: what shows 0 beside them shows that they are whole.
        self.telemetry.rebook_pending.set(pending as i64);
        self.publish_pause = took * PUBLISH_SHARE;
        self.published_at = Some(self.outside.monotonic());
        self.published = Some(state);
    }

    fn checkpoint_if_due(&mut self) {
        let due = self.since(self.cut_at) >= std_duration(self.config.state.checkpoint_interval)
            || self.events_since_cut >= CHECKPOINT_EVENTS;
        if due && !self.writing && !self.partitions.is_empty() {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let partitions = || self.positions.partitions.iter();
        let offsets = partitions().map(|(name, place)| (name.clone(), place.next)).collect();
        let epochs = partitions().map(|(name, place)| (name.clone(), i64::from(place.epoch))).collect();
        let logs = Logs { topics: self.positions.topics.clone(), epochs };
        let checkpoint = Checkpoint::cut(&mut self.engine, offsets, logs, self.in_force.clone());
        self.writing = true;
        self.cut_at = self.outside.monotonic();
        self.events_since_cut = 0;
        self.outside.write(checkpoint);
        let books = self.engine.panes().balance();
        self.tell_broken(BOOKS, books.err());
    }

    /// Holds what came in against the accounts of what became of it.
    fn check_accounts(&mut self) {
        let unaccounted = self.telemetry.unaccounted();
        for identity in ["records", "events"] {
            let broken = unaccounted.iter().find(|other| other.identity == identity);
            let problem = broken.map(|broken| {
                let (topic, number) = &broken.partition;
                format!("of {topic}/{number} {} {identity} more came than are accounted for", broken.difference)
            });
            self.tell_broken(identity, problem);
        }
    }

    fn tell_broken(&self, identity: &str, problem: Option<String>) {
        let gauge = self.telemetry.conservation_broken.with_label_values(&[identity]);
        if let Some(problem) = &problem
            && gauge.get() == 0
        {
            tracing::error!(
                identity,
                "{problem}: figures may be wrong. Move the state directory away and start again, so that all is built \
                 anew from Kafka, and tell the makers of goalkeeper"
            );
        }
        gauge.set(i64::from(problem.is_some()));
    }

    fn written(&mut self, written: Written) -> Result<(), String> {
        match written {
            Written::Done { offsets, size, took } => {
                self.writing = false;
                self.engine.written();
                self.telemetry.checkpoints.inc();
                self.telemetry.checkpoint_size.set(size as i64);
                self.telemetry.checkpoint_duration.set(took.as_secs_f64());
                self.telemetry.checkpoint_time.set(self.outside.wall().0 as f64 / 1000.0);
                let position =
                    |source: &Source| Some((source.partition.clone(), *offsets.get(&source.partition.to_string())?));
                let held: Vec<(Partition, i64)> = self.partitions.iter().filter_map(position).collect();
                for (partition, next) in &held {
                    let labels = [&*partition.topic, &*partition.number.to_string()];
                    self.telemetry.checkpoint_position.with_label_values(&labels).set(*next);
                }
                self.outside.commit(held);
            }
            Written::Failed(problem) => {
                self.telemetry.checkpoint_failures.inc();
                tracing::error!(
                    "a checkpoint was not written: {problem}. Figures go on; the state on disk is the last checkpoint, \
                     and this one is tried again until it is written"
                );
            }
            Written::Damaged(problem) => return Err(problem),
        }
        Ok(())
    }

    /// Puts a configuration in force, all of it at once.
    fn reload(&mut self, Loaded { config, roster, targets, .. }: Loaded) -> usize {
        let in_force = InForce::of(&roster, &config);
        let (roster, settings) = (Arc::new(Roster::new(roster)), Arc::new(config.settings.clone()));
        put_in_force(&mut self.engine, &self.in_force, &in_force, roster, settings);
        self.engine.gather(Input::Targets(targets.into()));
        self.viewer = viewer(&config);
        self.config = config;
        self.in_force = in_force;
        // Figures are a mix from here on, and say so before any of them is published.
        self.telemetry.rebook_pending.set(self.engine.records().pending() as i64);
        self.published = None;
        self.engine.records().pending()
    }

    fn ask(&mut self, ask: &Ask, reply: Reply) {
        let problem = match ask {
            Ask::Figures(_) | Ask::Facts(_) if !self.ready => {
                "still reading what was there at the start: see /-/ready and ask again then"
            }
            Ask::Figures(_) | Ask::Facts(_) if self.engine.now() == Instant::MIN => {
                "no event has come yet, so there is no time to answer for: ask again when one has"
            }
            _ => return self.jobs.begin(ask, &mut self.engine, &self.config.windows, reply),
        };
        // Whoever asked may have gone away meanwhile.
        let _ = reply.send(Err(NoAnswer::NotReady(problem.to_owned())));
    }

    /// Works on answers for a while; true if there is more to do.
    fn answer(&mut self) -> bool {
        let (outside, begun) = (&self.outside, self.outside.monotonic());
        self.jobs.go_on(&mut self.engine, || outside.monotonic().saturating_duration_since(begun) >= SLICE)
    }

    /// Brings the metrics up to date that are not counted as things happen.
    fn tell(&self) {
        let telemetry = &self.telemetry;
        let seconds = |instant: Instant| instant.0 as f64 / 1000.0;
        if self.engine.now() > Instant::MIN {
            telemetry.time.set(seconds(self.engine.now()));
            telemetry.low_watermark.set(seconds(self.engine.low_watermark()));
        }
        for source in &self.partitions {
            if let Some(reached) = self.engine.watermark(source.id) {
                let labels = [source.partition.topic.as_str(), source.number.as_str()];
                telemetry.watermark.with_label_values(&labels).set(seconds(reached));
            }
        }
        let totals = self.engine.records().totals();
        let (bytes, loaded) = self.engine.records().use_of_memory();
        telemetry.live_records.set(self.engine.records().len() as i64);
        telemetry.record_bytes.set(bytes as i64);
        telemetry.records_loaded.set(loaded as i64);
        telemetry.unlisted.set(self.engine.unlisted() as i64);
        telemetry.paths.set(self.engine.records().paths() as i64);
        telemetry.pane_rows.set(self.engine.panes().len() as i64);
        telemetry.records_expired.set(totals.expired as i64);
        telemetry.records_saturated.set(totals.saturated as i64);
        telemetry.notes_undelivered.set(totals.undelivered as i64);
        telemetry.amounts_dropped.set(self.engine.panes().dropped() as i64);
    }

    /// Writes what is left and waits for the disk.
    fn stop(mut self, mut inbox: Inbox) -> Result<(), String> {
        self.outside.stop_reading();
        let given_up = self.outside.monotonic() + Duration::from_secs(20);
        self.wait_for_disk(&mut inbox, given_up)?;
        if !self.writing && !self.partitions.is_empty() {
            self.cut();
            self.wait_for_disk(&mut inbox, given_up)?;
        }
        if self.writing {
            tracing::error!("the disk does not take the last checkpoint: what it holds is read again next time");
        }
        drop(inbox);
        self.outside.finish();
        tracing::info!("stopped");
        Ok(())
    }

    /// Waits until the checkpoint under way is written, if there is one.
    fn wait_for_disk(&mut self, inbox: &mut Inbox, given_up: Monotonic) -> Result<(), String> {
        while self.writing && self.outside.monotonic() < given_up {
            match inbox.recv() {
                Some(Mail::Written(written)) => self.written(written)?,
                Some(_) => {}
                None => break,
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    records: u64,
    decoded: u64,
    applied: u64,
    unchanged: u64,
}

impl Counts {
    fn tell(&self, telemetry: &Telemetry, labels: &[&str]) {
        if self.records == 0 {
            return;
        }
        telemetry.records.with_label_values(labels).inc_by(self.records);
        telemetry.records_decoded.with_label_values(labels).inc_by(self.decoded);
        telemetry.events.with_label_values(labels).inc_by(self.decoded);
        telemetry.events_applied.with_label_values(labels).inc_by(self.applied);
        telemetry.events_unchanged.with_label_values(labels).inc_by(self.unchanged);
    }
}

fn tell_doubt(look: &Look) {
    let wall = look.wall.to_rfc3339();
    let now = look.now.unwrap_or(look.wall).to_rfc3339();
    match look.doubt {
        Some(Doubt::Jumped) => tracing::error!(
            wall,
            now,
            "the wall clock has jumped by more than an hour and is not followed: time goes on from before the jump. Set \
             the clock right; if it is right now, restart goalkeeper"
        ),
        Some(Doubt::AheadOfRecords) => tracing::error!(
            wall,
            now,
            "the wall clock is more than an hour beyond the records that come in and is not followed: time goes on from \
             the newest record. Set the clock right; if it is right, the records' Kafka timestamps are old, and it is \
             followed from the first current one on"
        ),
        Some(Doubt::FarAhead) => tracing::error!(
            wall,
            "the wall clock is beyond everything that is known by more than rules.lateness, no record comes that would \
             speak for it, and it is not followed: time stays with the events. If it is right, nothing need be done: it is \
             followed from the first current record on. If not, set it right"
        ),
        Some(Doubt::Behind) => tracing::error!(
            wall,
            "the wall clock is more than an hour behind the time that goalkeeper had come to when it ended, and is not \
             followed: time stays with the events. Set the clock right: it is followed from then on"
        ),
        None => tracing::info!(wall, "the wall clock is believed again"),
    }
}

fn viewer(config: &Config) -> Viewer {
    let server = &config.server;
    let reps = match (server.reps, server.reps_listen) {
        (false, _) => Reps::Hidden,
        (true, None) => Reps::Shown,
        (true, Some(_)) => Reps::Apart,
    };
    Viewer::new(config.windows.clone(), reps, server.series_limit, server.series_limit_of_kind)
}

fn std_duration(span: Span) -> Duration {
    Duration::from_millis(span.0.unsigned_abs())
}

#[cfg(test)]
#[path = "../../tests/faults/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "what it shares with other tests is not all of use here")]
mod faults;
