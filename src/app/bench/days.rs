//! `goalkeeper bench --days N`: what the state of so many days of a million contacts each takes, and how soon it is back
//! after the process was killed.
//!
//! The days are lived through by a child process, without Kafka, so that it can be killed in earnest.

use super::{Parts, config_of, decode, thread_cpu};
use crate::cli;
use anyhow::{Context, ensure};
use goalkeeper::domain::engine::{Engine, Input, Room};
use goalkeeper::domain::time::Instant;
use goalkeeper::domain::window::{Reach, Window};
use goalkeeper::ingest::decode::Decoder;
use goalkeeper::publish::exposition::{Format, page};
use goalkeeper::publish::family::FamilyKind;
use goalkeeper::publish::view::{Reps, Viewer};
use goalkeeper::sim::flood;
use goalkeeper::store::{Checkpoint, Logs, Store};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant as Monotonic};

const CONTACTS_A_DAY: u64 = 1_000_000;
const EVENTS_OF_A_CONTACT: u64 = 4;
/// The last line of a child that waits to be killed.
const READY: &str = "waiting";
/// Series of the page that shows that all is back.
const SERIES: usize = 100_000;

/// Lets a child live through the days, kills it, and looks how soon its figures are back.
pub(super) fn run(options: &cli::Bench, days: u64) -> anyhow::Result<()> {
    let directory = tempfile::tempdir().context("no temporary directory")?;
    println!("{days} days of {CONTACTS_A_DAY} contacts, {} reps, in {}\n", options.reps, directory.path().display());
    let mut child = Command::new(std::env::current_exe()?)
        .args(["bench", "--days", &days.to_string(), "--reps", &options.reps.to_string(), "--events", "0"])
        .arg("--live-in")
        .arg(directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .context("the child cannot be started")?;
    let told = child.stdout.take().context("the child says nothing")?;
    let mut shown = None;
    for line in BufReader::new(told).lines() {
        let line = line?;
        match line.strip_prefix(READY) {
            Some(rest) => {
                shown = Some(rest.trim().parse::<u64>()?);
                break;
            }
            None => println!("{line}"),
        }
    }
    child.kill()?;
    child.wait()?;
    let expected = shown.context("the child ended before it was to be killed")?;

    let begun = Monotonic::now();
    let parts = config_of(directory.path(), options)?;
    let store = Store::open(&parts.state)?;
    let opened = begun.elapsed();
    let room = Room { reach: Reach::of(&windows()), ..Room::default() };
    let mut engine = Engine::new(parts.roster, parts.settings).with_room(room);
    let saved = store.saved()?.context("the child wrote no checkpoint")?;
    store.restore(&mut engine, saved.position)?;
    let restored = begun.elapsed();
    let size = page(&[], &viewer().view(&engine, true).families, Format::Text).len();
    let scraped = begun.elapsed();
    println!(
        "\nkill -9, then: file open after {:.2} s, {} records and {} rows back after {:.2} s, a page of {:.1} MB after \
         {:.2} s",
        opened.as_secs_f64(),
        engine.records().len(),
        engine.panes().len(),
        restored.as_secs_f64(),
        size as f64 / 1e6,
        scraped.as_secs_f64()
    );
    ensure!(digest(&engine) == expected, "the figures are not those of the last checkpoint");
    Ok(())
}

/// Lives through the days, tells of each, and waits to be killed behind the last checkpoint.
pub(super) fn live(options: &cli::Bench, days: u64, directory: &Path) -> anyhow::Result<()> {
    let Parts { roster, settings, in_force, state } = config_of(directory, options)?;
    let store = Store::open(&state)?;
    let mut engine = Engine::new(roster, settings).with_room(Room { reach: Reach::of(&windows()), ..Room::default() });
    store.lend_to(&mut engine);
    let partition = engine.partition("0");
    let mut decoder = Decoder::new([7; 16]);
    let mut source = flood(options.reps, days * CONTACTS_A_DAY, super::SEED);
    let a_day = CONTACTS_A_DAY * EVENTS_OF_A_CONTACT;
    println!(
        "day   us/event   cut ms   write ms   written MB   records   in memory MB   from disk   file MB   peak MB"
    );
    let mut of_day = Day::default();
    let (mut events, mut since) = (0_u64, 0_usize);
    let mut last = Instant::MIN;
    let mut figures = 0;
    loop {
        let batch: Vec<String> = source.by_ref().take(super::BATCH).map(|emitted| emitted.json).collect();
        if batch.is_empty() {
            break;
        }
        let begun = thread_cpu();
        for json in &batch {
            let event = decode(&mut decoder, json.as_bytes()).context("an event of the flood cannot be read")?;
            last = last.max(event.time);
            engine.gather(Input::Event { partition, received: None, event });
        }
        engine.gather(Input::Tick(last));
        of_day.working += thread_cpu() - begun;
        events += batch.len() as u64;
        since += batch.len();
        of_day.events += batch.len() as u64;
        if since >= super::CHECKPOINT_EVENTS {
            since = 0;
            let begun = thread_cpu();
            let checkpoint = Checkpoint::cut(&mut engine, BTreeMap::new(), Logs::default(), in_force.clone());
            of_day.cutting += thread_cpu() - begun;
            figures = digest(&engine);
            let begun = Monotonic::now();
            let writing = thread_cpu();
            store.write(&checkpoint)?;
            of_day.writing_cpu += thread_cpu() - writing;
            of_day.writing += begun.elapsed();
            of_day.written += checkpoint.size();
            of_day.checkpoints += 1;
            let begun = thread_cpu();
            engine.written();
            of_day.working += thread_cpu() - begun;
        }
        if events / a_day != (events - batch.len() as u64) / a_day {
            of_day.tell(events / a_day, &engine, &state)?;
            of_day = Day::default();
        }
    }
    ensure!(since > 0, "nothing is behind the last checkpoint: the kill would prove little");
    println!("{READY} {figures}");
    loop {
        std::thread::park();
    }
}

/// What a day took.
#[derive(Debug, Default)]
struct Day {
    events: u64,
    working: Duration,
    cutting: Duration,
    writing: Duration,
    writing_cpu: Duration,
    written: usize,
    checkpoints: u32,
}

impl Day {
    fn tell(&self, day: u64, engine: &Engine, state: &Path) -> anyhow::Result<()> {
        let cpu = self.working + self.cutting + self.writing_cpu;
        let checkpoints = f64::from(self.checkpoints.max(1));
        let (bytes, loaded) = engine.records().use_of_memory();
        let file: u64 = std::fs::read_dir(state)?.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum();
        println!(
            "{day:3} {:10.2} {:8.0} {:10.0} {:12.1} {:9} {:14.0} {:11} {:9.0} {:9.0}",
            cpu.as_secs_f64() * 1e6 / self.events as f64,
            self.cutting.as_secs_f64() * 1e3 / checkpoints,
            self.writing.as_secs_f64() * 1e3 / checkpoints,
            self.written as f64 / 1e6 / checkpoints,
            engine.records().len(),
            bytes as f64 / 1e6,
            loaded,
            file as f64 / 1e6,
            peak_memory()? as f64 / 1e6
        );
        Ok(())
    }
}

/// The most memory that the process ever had, in bytes.
fn peak_memory() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("this system has no /proc")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kib.context("/proc does not tell the peak of memory")? * 1024)
}

fn windows() -> Vec<Window> {
    ["15m", "1h", "day", "week"].iter().filter_map(|window| Window::parse(window).ok()).collect()
}

fn viewer() -> Viewer {
    Viewer::new(windows(), Reps::Hidden, SERIES, SERIES)
}

/// All figures of a page as one number.
fn digest(engine: &Engine) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    // Counters begin anew with the process.
    let gauges = viewer().view(engine, true).families.into_iter().filter(|family| family.kind == FamilyKind::Gauge);
    for family in gauges {
        for (name, value) in family.series() {
            (name, value.to_bits()).hash(&mut hasher);
        }
    }
    hasher.finish()
}
