//! One run: a history told to a daemon to which everything happens, held against the oracle and a run without faults.

use super::super::{Daemon, restore};
use super::broker::{Broker, name};
use super::chance::Chance;
use super::compare::with_oracle;
use super::disk::Disk;
use super::world::World;
use super::{centre, history};
use crate::app::mail::{Mail, mailbox};
use crate::telemetry::{BOOKS, Telemetry};
use goalkeeper::config::{Config, Loaded};
use goalkeeper::domain::engine::{Engine, Input, Outcome};
use goalkeeper::domain::event::Event;
use goalkeeper::domain::roster::{Roster, RosterData};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE, Span};
use goalkeeper::ingest::kafka::{Notice, Partition, Place};
use goalkeeper::store::Store;
use goalkeeper::store::writer::Written;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Where compared figures stand: few, so that there is time for many seeds.
const WINDOWS: [&str; 4] = ["2h", "hour", "day", "all"];

/// A wall clock that is wrong by no more than this is believed, and no event is refused because of it.
const SMALL_JUMP: Span = Span::minutes(3);

/// What took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Checkpoint,
    Crash,
    UnheardCheckpoint,
    DeathInCheckpoint,
    TornWrite,
    Refusal,
    Stop,
    Repeat,
    ClockJump,
    Pause,
    RosterReload,
    SettingsReload,
    ReloadInCheckpoint,
    ReloadWhileDown,
    NewPartition,
    Comparison,
    Event,
    Accepted,
}

/// How often each of it took place.
#[derive(Clone, Copy, Default)]
pub struct Tally([u64; Tally::ALL.len()]);

impl Tally {
    const ALL: [(What, &'static str); 18] = [
        (What::Checkpoint, "checkpoints"),
        (What::Crash, "crashes"),
        (What::UnheardCheckpoint, "checkpoints written and not heard of"),
        (What::DeathInCheckpoint, "crashes in the middle of a checkpoint"),
        (What::TornWrite, "crashes that lost or tore writes"),
        (What::Refusal, "checkpoints refused by a full disk"),
        (What::Stop, "orderly stops"),
        (What::Repeat, "partitions read again"),
        (What::ClockJump, "jumps of the wall clock"),
        (What::Pause, "pauses"),
        (What::RosterReload, "new rosters"),
        (What::SettingsReload, "new settings"),
        (What::ReloadInCheckpoint, "reloads during a checkpoint"),
        (What::ReloadWhileDown, "reloads while down"),
        (What::NewPartition, "new partitions"),
        (What::Comparison, "comparisons with the oracle"),
        (What::Event, "events"),
        (What::Accepted, "accepted"),
    ];

    fn note(&mut self, what: What) {
        self.0[what as usize] += 1;
    }

    /// Both together.
    pub fn plus(self, other: Tally) -> Tally {
        Tally(std::array::from_fn(|n| self.0[n] + other.0[n]))
    }

    /// What never took place.
    pub fn never(&self) -> Vec<&'static str> {
        Tally::ALL.into_iter().filter(|(what, _)| self.0[*what as usize] == 0).map(|(_, name)| name).collect()
    }

    /// Events told.
    pub fn events(&self) -> u64 {
        self.0[What::Event as usize]
    }

    /// Events that had to be accepted.
    pub fn accepted(&self) -> u64 {
        self.0[What::Accepted as usize]
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (what, name)) in Tally::ALL.into_iter().enumerate() {
            write!(f, "{}{} {name}", if n == 0 { "" } else { ", " }, self.0[what as usize])?;
        }
        Ok(())
    }
}

/// What a checkpoint must hold.
#[derive(Clone, Default)]
struct Mark {
    places: Vec<Place>,
    /// Messages of each partition that its state knows: more than the offset after some were read again.
    known: Vec<i64>,
}

impl Mark {
    fn offset_of(&self, partition: &Partition) -> Option<i64> {
        self.places.get(partition.number as usize).map(|place| place.next)
    }
}

/// One run of one seed.
pub struct Run {
    chance: Chance,
    disk: Disk,
    broker: Broker,
    world: World,
    /// None while it is down.
    running: Option<Running>,
    config: Config,
    roster: RosterData,
    begin: i64,
    days: i64,
    /// Events with the instant at which each arrives, the next one last.
    coming: Vec<(i64, Event)>,
    known: Vec<i64>,
    /// The checkpoint that is on disk, and the one that is under way.
    written: Mark,
    handed: Option<Mark>,
    tally: Tally,
}

/// A daemon at work, and the disk's end of it.
struct Running {
    store: Store,
    daemon: Daemon<World>,
}

fn start(disk: &Disk, config: &Config, roster: &RosterData, world: &World, broker: &mut Broker) -> Running {
    let medium = disk.clone();
    let store = Store::on(move || medium.clone()).expect("what survives a crash can be opened");
    let (engine, positions, in_force) = restore(&store, config, roster.clone()).expect("and read");
    let telemetry = Telemetry::new("0", "simulated", "none").expect("metrics have different names");
    let opened = broker.restart(&positions);
    let mut daemon = Daemon::new(engine, config.clone(), in_force, positions, telemetry, world.clone());
    daemon.take(Mail::Reader(Notice::Opened(opened)));
    Running { store, daemon }
}

impl Run {
    pub fn new(seed: u64) -> Run {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let days = chance.pick(&[1, 1, 2]);
        let roster = centre::roster(begin, days, &mut chance);
        let mut settings = centre::settings(&mut chance);
        settings.lateness = Span(chance.pick(&[HOUR, 6 * HOUR, DAY]));
        // What has expired is not known to the oracle: here nothing does.
        settings.silence.contact = Span::days(60);
        let mut config = Config { settings, ..Config::default() };
        config.state.checkpoint_interval = Span::minutes(chance.between(1, 90));
        config.state.record_memory = chance.between(0, 10_000) as usize;
        config.server.publish_interval = Span::hours(12);
        let size = chance.between(20, 120) as usize;
        let mut coming = Vec::new();
        for event in history::history(seed, begin, days, size) {
            let late = match chance.below(20) {
                0 => -chance.below(10 * MINUTE),
                1..=3 => chance.below(config.settings.lateness.0 * 2),
                _ => chance.below(MINUTE),
            };
            coming.push((event.time.0 + late, event));
        }
        coming.sort_by_key(|(arrives, _)| std::cmp::Reverse(*arrives));
        let first = coming.last().map_or(begin, |(arrives, _)| *arrives);
        let (disk, world, mut broker) = (Disk::default(), World::new(first), Broker::default());
        for _ in 0..chance.between(1, 4) {
            broker.add_partition();
        }
        let running = start(&disk, &config, &roster, &world, &mut broker);
        Run {
            known: vec![0; broker.partitions()],
            written: Mark::default(),
            handed: None,
            tally: Tally::default(),
            running: Some(running),
            chance,
            disk,
            broker,
            world,
            config,
            roster,
            begin,
            days,
            coming,
        }
    }

    pub fn go(mut self) -> Tally {
        while !(self.coming.is_empty() && self.broker.is_read()) {
            self.step();
        }
        for _ in 0..self.chance.below(60) {
            self.step();
        }
        self.end();
        self.tally
    }

    fn step(&mut self) {
        match self.chance.below(1000) {
            0..300 => self.pass_time(),
            300..550 => self.read(),
            550..700 => self.mail(Mail::Tick),
            700..780 => self.rebook(),
            780..860 => self.write(true),
            860..880 => self.disk.set_full(!self.disk.is_full()),
            880..900 => self.crash(),
            900..915 => self.die_in_a_checkpoint(),
            915..925 => self.stop(),
            925..940 => self.read_again(),
            940..955 => self.jump(),
            955..965 => self.pause(),
            965..985 => self.reload(),
            985..990 => self.add_partition(),
            _ => self.compare(),
        }
    }

    fn mail(&mut self, mail: Mail) {
        let Some(Running { daemon, .. }) = &mut self.running else { return };
        assert_eq!(daemon.take(mail), None);
        self.note_handed();
    }

    fn rebook(&mut self) {
        let some = self.chance.below(9) as usize;
        let Some(Running { daemon, .. }) = &mut self.running else { return };
        daemon.engine.gather(Input::Rebook(some));
    }

    /// Notes what a checkpoint that was just cut must hold.
    fn note_handed(&mut self) {
        if self.handed.is_none() && self.world.state().handed.is_some() {
            self.handed = Some(Mark { places: self.broker.read(), known: self.known.clone() });
        }
    }

    fn pass_time(&mut self) {
        let now = self.world.now().0;
        let until = match self.coming.last() {
            Some((arrives, _)) if self.chance.per_cent(70) => (*arrives).max(now),
            _ => now + self.chance.span(10 * MINUTE),
        };
        self.world.state().elapsed += until - now;
        while let Some((_, event)) = self.coming.pop_if(|(arrives, _)| *arrives <= until) {
            self.broker.append(&event, Instant(until), &mut self.chance);
        }
    }

    fn read(&mut self) {
        let batch = self.broker.fetch(&mut self.chance);
        let read = self.broker.read();
        self.known.iter_mut().zip(read).for_each(|(known, read)| *known = (*known).max(read.next));
        self.mail(Mail::Reader(Notice::Batch(batch)));
    }

    fn read_again(&mut self) {
        if let Some(opened) = self.broker.go_back(&mut self.chance) {
            self.tally.note(What::Repeat);
            self.mail(Mail::Reader(Notice::Opened(vec![opened])));
        }
    }

    /// The disk writes the checkpoint under way, if there is one; the daemon hears what became of it, or not.
    fn write(&mut self, is_heard: bool) {
        let Some(Running { store, .. }) = &self.running else { return };
        let Some(checkpoint) = self.world.state().handed.take() else { return };
        let written = match store.write(&checkpoint) {
            Ok(()) => {
                self.tally.note(What::Checkpoint);
                self.written = self.handed.take().unwrap_or_default();
                Written::Done {
                    offsets: checkpoint.offsets.clone(),
                    size: checkpoint.size(),
                    took: Duration::from_millis(1),
                }
            }
            Err(error) => {
                if !self.disk.is_dead() {
                    self.tally.note(What::Refusal);
                    assert!(self.disk.is_full(), "the disk has room, and the checkpoint was not written: {error:#}");
                }
                self.world.state().handed = Some(checkpoint);
                Written::Failed(format!("{error:#}"))
            }
        };
        if !is_heard {
            return;
        }
        let is_done = matches!(written, Written::Done { .. });
        let mark = self.written.clone();
        self.mail(Mail::Written(written));
        let state = self.world.state();
        let mut committed = state.committed.iter();
        let is_written = committed.all(|(partition, next)| mark.offset_of(partition) == Some(*next));
        assert!(is_written || !is_done, "committed what is not on disk: {:?}", state.committed);
    }

    fn crash(&mut self) {
        self.tally.note(What::Crash);
        if self.world.state().handed.is_some() && self.chance.per_cent(50) {
            self.write(false);
            self.tally.note(What::UnheardCheckpoint);
        }
        self.restart_after_a_crash();
    }

    /// The machine dies anywhere in the middle of writing.
    fn die_in_a_checkpoint(&mut self) {
        if self.world.state().handed.is_none() {
            return;
        }
        self.disk.die_in(self.chance.below(60));
        self.write(false);
        if self.disk.is_dead() {
            self.tally.note(What::DeathInCheckpoint);
        }
        self.restart_after_a_crash();
    }

    fn restart_after_a_crash(&mut self) {
        // A dead process closes nothing.
        self.disk.die_in(0);
        self.running = None;
        if self.disk.crash(&mut self.chance) {
            self.tally.note(What::TornWrite);
        }
        self.start();
    }

    fn stop(&mut self) {
        self.tally.note(What::Stop);
        self.write(true);
        let Some(Running { store, daemon }) = self.running.take() else { return };
        let (_, inbox) = mailbox();
        daemon.stop(inbox).expect("the state is not damaged");
        self.note_handed();
        let handed = self.world.state().handed.take();
        if let (Some(checkpoint), Some(mark)) = (handed, self.handed.take())
            && store.write(&checkpoint).is_ok()
        {
            self.tally.note(What::Checkpoint);
            self.written = mark;
        }
        drop(store);
        self.start();
    }

    /// Starts a daemon from what is on disk, sometimes with another configuration than before.
    fn start(&mut self) {
        self.disk.set_full(false);
        self.world.state().handed = None;
        // The system's clock is set when it starts; what then is wrong with it is told by other tests.
        self.world.state().wrong_by = 0;
        self.world.state().elapsed += self.chance.span(2 * HOUR);
        if self.chance.per_cent(10) {
            self.tally.note(What::ReloadWhileDown);
            self.choose_roster();
            self.choose_settings();
        }
        let running = start(&self.disk, &self.config, &self.roster, &self.world, &mut self.broker);
        // What was acknowledged is there, or what came after it: nothing else.
        let handed = self.handed.take();
        let read = self.broker.read();
        let is = |mark: &Mark| mark.places.iter().zip(&read).all(|(must, is)| must == is);
        if let Some(handed) = handed.filter(is) {
            self.written = handed;
        }
        assert!(is(&self.written), "started at {read:?}, and what is on disk is of {:?}", self.written.places);
        self.known.clone_from(&self.written.known);
        self.known.resize(self.broker.partitions(), 0);
        self.running = Some(running);
    }

    /// The wall clock is set to some other time, or back to the right one; hours and years are not believed.
    fn jump(&mut self) {
        let Some(Running { daemon, .. }) = &self.running else { return };
        if !daemon.clock.is_proven() {
            return;
        }
        self.tally.note(What::ClockJump);
        let far = self.chance.pick(&[2 * HOUR, 30 * HOUR, 40 * DAY, 366 * DAY]);
        let near = self.chance.below(SMALL_JUMP.0);
        let by = self.chance.pick(&[0, far, -far, near, -near]);
        self.world.state().wrong_by = by;
    }

    /// The process is stopped and goes on later, or the machine sleeps.
    fn pause(&mut self) {
        self.tally.note(What::Pause);
        self.world.state().elapsed += self.chance.span(5 * HOUR);
    }

    fn reload(&mut self) {
        if self.world.state().handed.is_some() {
            self.tally.note(What::ReloadInCheckpoint);
        }
        if self.chance.per_cent(50) {
            self.tally.note(What::RosterReload);
            self.choose_roster();
        } else {
            self.tally.note(What::SettingsReload);
            self.choose_settings();
        }
        let loaded =
            Loaded { config: self.config.clone(), roster: self.roster.clone(), targets: Vec::new(), unset: Vec::new() };
        let (answer, _) = oneshot::channel();
        self.mail(Mail::Reload(Box::new(loaded), answer));
    }

    fn choose_roster(&mut self) {
        self.roster = centre::roster(self.begin, self.days, &mut self.chance);
    }

    /// Namespaces and horizons stay: they decide what is one record and what is late.
    fn choose_settings(&mut self) {
        let old = self.config.settings.clone();
        let mut new = centre::settings(&mut self.chance);
        for (name, source) in &mut new.sources {
            source.customers.clone_from(&old.source(name).customers);
        }
        self.config.settings = Settings { lateness: old.lateness, silence: old.silence, ..new };
    }

    fn add_partition(&mut self) {
        if self.broker.partitions() == 6 {
            return;
        }
        self.tally.note(What::NewPartition);
        self.broker.add_partition();
        self.known.push(0);
        let opened = self.broker.open_new();
        self.mail(Mail::Reader(Notice::Opened(opened)));
    }

    /// Holds the figures against the oracle's over what must be known by now.
    fn compare(&mut self) {
        let accepted = self.broker.accepted(&self.known, &self.config.settings);
        let accepted: Vec<Event> = accepted.into_iter().map(|(_, event)| event).collect();
        let Some(Running { daemon, .. }) = &mut self.running else { return };
        while daemon.rebook() {}
        daemon.engine.flush();
        let (roster, settings) = (&self.roster, &self.config.settings);
        let with_data = with_oracle(&daemon.engine, &accepted, roster, settings, &WINDOWS, &mut self.chance);
        if let Err(difference) = with_data {
            panic!("{difference}");
        }
        self.tally.note(What::Comparison);
    }

    /// All faults are over: everything is read and written, and time goes on.
    fn end(&mut self) {
        self.world.state().wrong_by = 0;
        self.disk.set_full(false);
        self.write(true);
        while !self.broker.is_read() {
            self.read();
        }
        self.world.state().elapsed += self.chance.pick(&[0, HOUR, 5 * HOUR, 9 * DAY]);
        self.mail(Mail::Tick);
        assert!(self.world.state().ready, "everything is read");
        self.compare();
        let accepted = self.broker.accepted(&self.known, &self.config.settings);
        self.tally.0[What::Event as usize] = self.broker.events() as u64;
        self.tally.0[What::Accepted as usize] = accepted.len() as u64;

        let Some(Running { daemon, .. }) = &mut self.running else { return };
        let settings = Arc::new(self.config.settings.clone());
        let mut other = Engine::new(Arc::new(Roster::new(self.roster.clone())), settings);
        let partitions: Vec<_> = (0..6).map(|number| other.partition(&name(number).to_string())).collect();
        for (number, event) in accepted {
            let outcome = other.apply(Input::Event { partition: partitions[number], received: None, event });
            assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        }
        let ahead = daemon.engine.now().since(self.world.now());
        assert!(ahead <= SMALL_JUMP, "time is ahead of the clock by {} ms", ahead.0);
        other.apply(Input::Tick(daemon.engine.now()));
        let (export, must) = (daemon.engine.export(), other.export());
        if export != must {
            let lines = |one: &str, other: &str| -> Vec<String> {
                one.lines().filter(|line| !other.lines().any(|o| o == *line)).take(4).map(str::to_owned).collect()
            };
            panic!("only with faults {:#?}, only without {:#?}", lines(&export, &must), lines(&must, &export));
        }
        daemon.engine.check_books().expect("the books balance");
        for identity in ["records", "events", BOOKS] {
            let broken = daemon.telemetry.conservation_broken.with_label_values(&[identity]);
            assert_eq!(broken.get(), 0, "conservation of {identity} is broken");
        }
    }
}
