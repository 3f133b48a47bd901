//! `goalkeeper simulate`: a contact centre in a box, to a file or a topic.

use crate::cli;
use anyhow::Context;
use goalkeeper::sim::topic::Topic;
use goalkeeper::sim::{Disorder, Disordered, Emitted, Profile, Simulation, roster_yaml};
use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

/// How late a late event is at most.
const LATE_BY: Duration = Duration::from_secs(6 * 3600);

/// Runs the command.
pub(super) fn run(options: &cli::Simulate) -> anyhow::Result<()> {
    let profile = profile(options);
    profile.check()?;
    let disorder = disorder(options);
    disorder.check()?;
    if let Some(path) = &options.roster {
        let text = roster_yaml(&profile);
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let events = Disordered::new(Simulation::new(profile, options.seed), disorder, options.seed);
    let events = paced(events, options.speed);
    match &options.topic {
        Some(topic) => to_topic(events, &options.brokers, topic),
        None => to_file(events, options),
    }
}

/// Lets each event wait for its moment, so many times as fast as life.
fn paced(events: impl Iterator<Item = Emitted>, speed: Option<u32>) -> impl Iterator<Item = Emitted> {
    let began = Instant::now();
    let mut first = None;
    events.inspect(move |event| {
        let Some(speed) = speed else { return };
        let since = (event.sent - *first.get_or_insert(event.sent)).unsigned_abs();
        std::thread::sleep((Duration::from_millis(since) / speed).saturating_sub(began.elapsed()));
    })
}

fn profile(options: &cli::Simulate) -> Profile {
    Profile {
        zone: options.zone,
        start: options.start,
        days: Some(options.days),
        reps: options.reps,
        contacts_per_day: Some(f64::from(options.contacts)),
        ..Profile::default()
    }
}

fn disorder(options: &cli::Simulate) -> Disorder {
    Disorder {
        shuffle_within: Duration::from_secs(u64::from(options.disorder)),
        duplicates: options.duplicates,
        revisions: options.revisions,
        late: options.late,
        late_by: LATE_BY,
        retractions: options.retractions,
        malformed: options.malformed,
    }
}

fn to_file(events: impl Iterator<Item = Emitted>, options: &cli::Simulate) -> anyhow::Result<()> {
    let output: Box<dyn Write> = match options.output.as_os_str() == "-" {
        true => Box::new(std::io::stdout().lock()),
        false => Box::new(
            std::fs::File::create(&options.output)
                .with_context(|| format!("cannot write {}", options.output.display()))?,
        ),
    };
    let mut output = BufWriter::with_capacity(1 << 18, output);
    for event in events {
        if let Err(error) = output.write_all(event.json.as_bytes()).and_then(|()| output.write_all(b"\n")) {
            // `| head` has seen enough.
            return if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error.into()) };
        }
    }
    output.flush().context("cannot write the last events")
}

fn to_topic(events: impl Iterator<Item = Emitted>, brokers: &[String], topic: &str) -> anyhow::Result<()> {
    let producer = Topic::open(brokers, topic)?;
    let partitions = producer.partitions()?;
    let mut sent = 0_u64;
    for event in events {
        producer.send(event.partition(partitions), &event.key, event.json.as_bytes(), event.sent)?;
        sent += 1;
    }
    producer.flush()?;
    eprintln!("{sent} events sent to {topic}, {partitions} partitions");
    Ok(())
}
