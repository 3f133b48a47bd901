//! `goalkeeper bench`: CPU per event of the parts and of the whole path, beside a raw consumer of the same topic, and the
//! cost of a scrape beside a bare writer of the same page; with `--days`, what the state of whole days takes. Ratios of one run mean something; absolute times on a shared
//! machine mean little.

mod days;
mod targets;

use super::run::{Service, runtime, telemetry};
use super::topics;
use crate::cli;
use crate::telemetry::Telemetry;
use anyhow::{Context, bail};
use goalkeeper::config;
use goalkeeper::domain::engine::{Engine, Input};
use goalkeeper::domain::event::Event;
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::Instant;
use goalkeeper::domain::window::Window;
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::publish::exposition::{Format, gzip, page};
use goalkeeper::publish::server::Shared;
use goalkeeper::publish::view::{Reps, View, Viewer};
use goalkeeper::sim::topic::Topic;
use goalkeeper::sim::{flood, flood_roster_yaml};
use goalkeeper::store::{Checkpoint, InForce, Logs, Store};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Monotonic};
use tokio::sync::oneshot;

const SEED: u64 = 7;
const PARTITIONS: i32 = 4;
/// Events between two ticks, as a batch of the reader has them.
const BATCH: usize = 4096;
/// Events between two checkpoints when only the parts are measured; the daemon cuts one as often at this speed.
const CHECKPOINT_EVENTS: usize = 500_000;
/// Series of the page that is scraped.
const SERIES: usize = 100_000;
/// Times that a page is written; the median counts.
const PAGES: usize = 21;
/// Rounds of the whole path; the cheapest of each kind counts, because neighbours only ever add.
const ROUNDS: usize = 3;

/// Runs the command.
pub(super) fn run(options: &cli::Bench) -> anyhow::Result<()> {
    super::log_to_stderr("warn");
    match (options.days, &options.live_in) {
        (Some(days), Some(directory)) => return days::live(options, days, directory),
        (Some(days), None) => return days::run(options, days),
        _ => {}
    }
    let directory = tempfile::tempdir().context("no temporary directory")?;
    println!("{} events of 333 bytes, {} reps\n", options.events, options.reps);
    println!("parts, CPU of one thread          us/event");
    let mut engine = parts(options, directory.path())?;
    scrape(&engine);
    targets::measure(&mut engine)?;
    if options.brokers.is_empty() {
        println!("\nThe whole path is measured against a Kafka: --brokers HOST:PORT, or make bench.");
        return Ok(());
    }
    whole_path(options, directory.path())
}

/// CPU that the calling thread has used.
fn thread_cpu() -> Duration {
    cpu_time::ThreadTime::now().as_duration()
}

/// CPU that all threads of the process have used, those that have ended too.
fn process_cpu() -> Duration {
    cpu_time::ProcessTime::now().as_duration()
}

fn tell(part: &str, cpu: Duration, events: u64) {
    println!("  {part:30} {:9.2}", cpu.as_secs_f64() * 1e6 / events as f64);
}

/// What an engine and its store need.
struct Parts {
    roster: Arc<Roster>,
    settings: Arc<Settings>,
    in_force: InForce,
    state: PathBuf,
}

/// A configuration for the flood, written to `directory`.
fn config_of(directory: &Path, options: &cli::Bench) -> anyhow::Result<Parts> {
    write_config(directory, options, "", "none", "1h")?;
    let loaded = config::load(directory)?;
    let in_force = InForce::of(&loaded.roster, &loaded.config);
    let roster = Arc::new(Roster::new(loaded.roster));
    Ok(Parts { roster, settings: Arc::new(loaded.config.settings), in_force, state: directory.join("state") })
}

/// Decodes, gathers and books, and writes checkpoints, each by itself. Returns the engine full of figures.
fn parts(options: &cli::Bench, directory: &Path) -> anyhow::Result<Engine> {
    let Parts { roster, settings, in_force, state } = config_of(&directory.join("parts"), options)?;
    let mut engine = Engine::new(roster, settings);
    let partition = engine.partition("0");
    let mut decoder = Decoder::new([7; 16]);
    let store = Store::open(&state)?;
    let mut source = flood(options.reps, options.events / 4, SEED);
    let [mut decoding, mut booking, mut cutting, mut writing] = [Duration::ZERO; 4];
    let (mut events, mut since, mut checkpoints) = (0_u64, 0_usize, 0_u32);
    loop {
        let batch: Vec<String> = source.by_ref().take(BATCH).map(|emitted| emitted.json).collect();
        if batch.is_empty() {
            break;
        }
        let begun = thread_cpu();
        let decoded: Vec<Event> = batch.iter().filter_map(|json| decode(&mut decoder, json.as_bytes())).collect();
        decoding += thread_cpu() - begun;
        events += decoded.len() as u64;
        since += decoded.len();
        let begun = thread_cpu();
        let mut last = Instant::MIN;
        for event in decoded {
            last = last.max(event.time);
            engine.gather(Input::Event { partition, received: None, event });
        }
        engine.gather(Input::Tick(last));
        booking += thread_cpu() - begun;
        if since >= CHECKPOINT_EVENTS {
            since = 0;
            checkpoints += 1;
            let begun = thread_cpu();
            let checkpoint = Checkpoint::cut(&mut engine, BTreeMap::new(), Logs::default(), in_force.clone());
            cutting += thread_cpu() - begun;
            let begun = thread_cpu();
            store.write(&checkpoint)?;
            writing += thread_cpu() - begun;
        }
    }
    if events != options.events / 4 * 4 {
        bail!("only {events} events were decoded: the bench is broken");
    }
    tell("decode", decoding, events);
    tell("gather and book", booking, events);
    tell("checkpoint, cut", cutting, events);
    tell("checkpoint, write (beside)", writing, events);
    println!(
        "  ({checkpoints} checkpoints, {} records and {} rows of panes live)",
        engine.records().len(),
        engine.panes().len()
    );
    Ok(engine)
}

fn decode(decoder: &mut Decoder, json: &[u8]) -> Option<Event> {
    match decoder.decode(Message { payload: Some(json), headers: &[] }) {
        Ok(Decoded::Event(event)) => Some(event),
        _ => None,
    }
}

/// The page of metrics beside a writer that knows every line's beginning already.
fn scrape(engine: &Engine) {
    let windows = ["15m", "1h", "day", "week"].iter().filter_map(|window| Window::parse(window).ok());
    let mut viewer = Viewer::new(windows.collect(), Reps::Shown, SERIES, SERIES);
    viewer.view(engine, true);
    let begun = thread_cpu();
    let view = viewer.view(engine, true);
    let computing = thread_cpu() - begun;
    let bare: Vec<(String, f64)> = lines(&view);
    let mut size = 0;
    let full = median(|| size = page(&[], &view.families, Format::Text).len());
    let plain = median(|| {
        std::hint::black_box(bare_page(&bare));
    });
    println!("\nscrape of {} series, {:.1} MB, CPU    ms", view.series.values().sum::<usize>(), size as f64 / 1e6);
    println!("  page                           {:9.2}", full.as_secs_f64() * 1e3);
    println!("  bare writer of the same page   {:9.2}", plain.as_secs_f64() * 1e3);
    println!("  ratio                          {:9.2}", full.as_secs_f64() / plain.as_secs_f64());
    println!("  (computing the figures, beside {:9.2})", computing.as_secs_f64() * 1e3);
}

/// The least that writing the page can cost: every line's beginning as one text, and a number behind it.
fn bare_page(lines: &[(String, f64)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() * 96);
    for (head, value) in lines {
        out.extend_from_slice(head.as_bytes());
        let whole = *value as i64;
        let written = if whole as f64 == *value { writeln!(out, "{whole}") } else { writeln!(out, "{value}") };
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
    }
    out
}

fn lines(view: &View) -> Vec<(String, f64)> {
    let series = view.families.iter().flat_map(|family| family.series());
    series.map(|(name, value)| (format!("{name} "), value)).collect()
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..PAGES)
        .map(|_| {
            let begun = thread_cpu();
            work();
            thread_cpu() - begun
        })
        .collect();
    took.sort_unstable();
    took[PAGES / 2]
}

/// The daemon on a real topic, beside a raw consumer of it.
fn whole_path(options: &cli::Bench, directory: &Path) -> anyhow::Result<()> {
    let topic = format!("goalkeeper-bench-{}", std::process::id());
    topics::make(&options.brokers, &topic, PARTITIONS)?;
    let producer = Topic::open(&options.brokers, &topic)?;
    let mut events = 0;
    for event in flood(options.reps, options.events / 4, SEED) {
        let partition = event.partition(PARTITIONS.unsigned_abs());
        producer.send(partition, &event.key, event.json.as_bytes(), event.sent)?;
        events += 1;
    }
    producer.flush()?;
    let mut raw = Duration::MAX;
    let [mut whole, mut scraped] = [Reading::WORST; 2];
    for round in 0..ROUNDS {
        raw = raw.min(raw_consumer(&options.brokers, &topic, events)?);
        for (name, best, scrapes) in [("quiet", &mut whole, false), ("scraped", &mut scraped, true)] {
            let config = directory.join(format!("{name}-{round}"));
            // Without scrapes figures are computed once, at the start: they are no part of the path.
            let interval = if scrapes { "1s" } else { "1h" };
            write_config(&config, options, &options.brokers.join("\", \""), &topic, interval)?;
            let reading = daemon(&config, &topic, events, scrapes)?;
            best.cpu = best.cpu.min(reading.cpu);
            best.pause = best.pause.min(reading.pause);
        }
    }
    println!("\nwhole path from Kafka, CPU of all threads, best of {ROUNDS}    us/event");
    tell("raw BaseConsumer", raw, events);
    tell("goalkeeper run", whole.cpu, events);
    println!("  ratio                          {:9.2}", whole.cpu.as_secs_f64() / raw.as_secs_f64());
    tell("scraped each second, ingest", scraped.cpu, events);
    println!("  ratio to not scraped           {:9.2}", scraped.cpu.as_secs_f64() / whole.cpu.as_secs_f64());
    let millis = |pause: Duration| pause.as_secs_f64() * 1e3;
    println!("longest pause of reading: {:.0} ms, scraped {:.0} ms", millis(whole.pause), millis(scraped.pause));
    Ok(())
}

/// CPU of reading the topic with nothing done to it.
fn raw_consumer(brokers: &[String], topic: &str, events: u64) -> anyhow::Result<Duration> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers.join(","))
        .set("group.id", "goalkeeper-bench")
        .set("enable.auto.commit", "false")
        .set("fetch.queue.backoff.ms", "20")
        .set("queued.max.messages.kbytes", "32768")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    let begun = process_cpu();
    consumer.assign(&list)?;
    let (mut read, mut bytes) = (0, 0);
    while read < events {
        match consumer.poll(Duration::from_secs(30)) {
            Some(message) => {
                bytes += message?.payload_len();
                read += 1;
            }
            None => bail!("the topic ends after {read} of {events} messages"),
        }
    }
    std::hint::black_box(bytes);
    Ok(process_cpu() - begun)
}

/// What reading the topic took.
#[derive(Clone, Copy)]
struct Reading {
    /// CPU of everything but writing pages.
    cpu: Duration,
    /// The longest time in which no record was read, once the first was.
    pause: Duration,
}

impl Reading {
    const WORST: Reading = Reading { cpu: Duration::MAX, pause: Duration::MAX };
}

/// The daemon from its start on an empty state until everything is read and its last checkpoint is written; with
/// `scrapes` its page is written and packed each second.
fn daemon(config: &Path, topic: &str, events: u64, scrapes: bool) -> anyhow::Result<Reading> {
    let begun = process_cpu();
    let runtime = runtime()?;
    let telemetry = telemetry()?;
    let service = Service::start(&runtime, config::load(config)?, config, telemetry.clone())?;
    let (stop, told) = oneshot::channel();
    service.stop_on(&runtime, told);
    let scraper = scrapes.then(|| Scraper::start(service.shared.clone()));
    let (mut seen, mut since, mut pause) = (0, Monotonic::now(), Duration::ZERO);
    while service.is_running() && seen < events {
        std::thread::sleep(Duration::from_millis(1));
        let now = read(&telemetry, topic);
        if now > seen {
            if seen > 0 {
                pause = pause.max(since.elapsed());
            }
            (seen, since) = (now, Monotonic::now());
        }
    }
    let writing_pages = scraper.map_or(Ok(Duration::ZERO), Scraper::stop)?;
    let _ = stop.send(());
    service.wait()?;
    let took = process_cpu() - begun - writing_pages;
    let applied: u64 = per_partition(&telemetry.events_applied, topic);
    if applied != events {
        bail!("{applied} of {events} events were applied: the bench is broken");
    }
    Ok(Reading { cpu: took, pause })
}

/// Writes and packs the page each second, as a Prometheus would have it.
struct Scraper {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Duration>,
}

impl Scraper {
    fn start(shared: Arc<Shared>) -> Scraper {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(Duration::from_secs(1)) {
                let body = page(&(shared.own)(), &shared.view.load().families, Format::Text);
                std::hint::black_box(gzip(&body).is_ok());
            }
            thread_cpu()
        });
        Scraper { stop, thread }
    }

    /// CPU that the pages took.
    fn stop(self) -> anyhow::Result<Duration> {
        drop(self.stop);
        self.thread.join().map_err(|_| anyhow::anyhow!("writing a page failed"))
    }
}

fn read(telemetry: &Telemetry, topic: &str) -> u64 {
    per_partition(&telemetry.records, topic)
}

fn per_partition(counter: &prometheus::IntCounterVec, topic: &str) -> u64 {
    (0..PARTITIONS).map(|n| counter.with_label_values(&[topic, &n.to_string()]).get()).sum()
}

fn write_config(
    directory: &Path,
    options: &cli::Bench,
    brokers: &str,
    topic: &str,
    publish_interval: &str,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let brokers = if brokers.is_empty() { "localhost:9092" } else { brokers };
    let text = format!(
        "roster: roster.yaml\nkafka: {{brokers: [\"{brokers}\"], topics: [{topic}]}}\nclock: stream\n\
         state: {{directory: {}}}\nserver: {{listen: \"127.0.0.1:0\", publish_interval: {publish_interval}, reps: true}}\n",
        directory.join("state").display()
    );
    std::fs::write(directory.join(config::MAIN_FILE), text).context("cannot write the configuration")?;
    std::fs::write(directory.join("roster.yaml"), flood_roster_yaml(options.reps)).context("cannot write the roster")
}
