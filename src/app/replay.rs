//! `goalkeeper replay`: events from files, figures out, without Kafka.

use crate::cli;
use anyhow::{Context, bail};
use goalkeeper::config;
use goalkeeper::domain::engine::{Engine, Input, Outcome, PartitionId};
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::time::{Instant, Zone};
use goalkeeper::domain::window::Window;
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::ingest::file::{Lines, Progress};
use goalkeeper::publish::question::{Question, instant};
use goalkeeper::publish::rows::{self, Shown};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

/// Lines between two looks at the clock and the bar.
const BATCH: u64 = 4096;
/// Refused lines that are told one by one; the rest are only counted.
const TOLD: u64 = 10;

/// Runs the command.
pub(super) fn run(options: &cli::Replay) -> anyhow::Result<()> {
    let loaded = config::load(&options.config.config)?;
    let zone = loaded.roster.company.zone.unwrap_or(Zone::UTC);
    let until = options.until.as_deref().map(|text| instant(text, zone)).transpose().context("--until")?;
    let settings = match options.horizon {
        true => loaded.config.settings,
        false => loaded.config.settings.without_horizon(),
    };
    let engine = Engine::new(Arc::new(Roster::new(loaded.roster)), Arc::new(settings));
    let decoder = Decoder::new(loaded.config.customers_key);
    let mut replay = Replay { engine, decoder, horizon: options.horizon, tally: Tally::default(), last: None };
    for path in &options.files {
        replay.file(path)?;
    }
    if let Some(end) = until.or(replay.last) {
        replay.engine.apply(Input::Tick(end));
    }
    eprint!("{}", replay.tally);
    let Replay { mut engine, .. } = replay;
    if let Some(format) = options.report {
        report(&engine, options, &loaded.config.windows, format)?;
    }
    if let Some(path) = &options.export {
        std::fs::write(path, engine.export()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

struct Replay {
    engine: Engine,
    decoder: Decoder,
    horizon: bool,
    tally: Tally,
    last: Option<Instant>,
}

impl Replay {
    fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let partition = self.engine.partition(&name);
        let mut lines = Lines::open(path)?;
        let bar = bar(&lines.progress(), &name);
        let progress = lines.progress();
        let mut number = 0;
        while let Some(line) = lines.next_line().with_context(|| format!("reading {name} after line {number}"))? {
            number += 1;
            self.line(partition, &name, number, line);
            if number % BATCH == 0 {
                bar.set_position(progress.read());
                self.tick();
            }
        }
        bar.finish_and_clear();
        self.tick();
        Ok(())
    }

    fn line(&mut self, partition: PartitionId, file: &str, number: u64, line: &[u8]) {
        self.tally.records += 1;
        let message = Message { payload: Some(line), headers: &[] };
        match self.decoder.decode(message) {
            Ok(Decoded::Event(event)) => {
                let time = event.time;
                let outcome = self.engine.gather(Input::Event { partition, received: None, event });
                match outcome {
                    Outcome::Refused(refusal) => self.tally.refuse(refusal.name(), file, number, ""),
                    Outcome::Unchanged => self.tally.unchanged += 1,
                    Outcome::Applied | Outcome::Done => self.tally.applied += 1,
                }
                if !matches!(outcome, Outcome::Refused(_)) {
                    self.last = self.last.max(Some(time));
                }
            }
            Ok(Decoded::Ignored(kind)) => *self.tally.ignored.entry(kind.to_string()).or_insert(0) += 1,
            Err(refused) => self.tally.refuse(refused.reason.name(), file, number, &refused.detail),
        }
    }

    /// Ends a batch. With a horizon, time goes on as the events do, so that records expire as they would have.
    fn tick(&mut self) {
        if let (true, Some(last)) = (self.horizon, self.last) {
            self.engine.gather(Input::Tick(last));
        }
    }
}

/// What became of the lines.
#[derive(Debug, Default)]
struct Tally {
    records: u64,
    applied: u64,
    unchanged: u64,
    refused: BTreeMap<&'static str, u64>,
    ignored: BTreeMap<String, u64>,
}

impl Tally {
    fn refuse(&mut self, reason: &'static str, file: &str, number: u64, detail: &str) {
        *self.refused.entry(reason).or_insert(0) += 1;
        if self.refused.values().sum::<u64>() <= TOLD {
            let separator = if detail.is_empty() { "" } else { ": " };
            eprintln!("{file}, line {number}: refused, {reason}{separator}{detail}");
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} records: {} applied, {} unchanged", self.records, self.applied, self.unchanged)?;
        for (reason, n) in &self.refused {
            writeln!(f, "  {n} refused, {reason}")?;
        }
        for (kind, n) in &self.ignored {
            writeln!(f, "  {n} ignored, of an unknown type: {kind}")?;
        }
        Ok(())
    }
}

fn bar(progress: &Progress, name: &str) -> ProgressBar {
    if progress.size() == 0 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(progress.size());
    let style = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(name.to_owned());
    bar
}

fn report(engine: &Engine, options: &cli::Replay, windows: &[Window], format: cli::Format) -> anyhow::Result<()> {
    let question = Question {
        scopes: options.scope.clone(),
        part: options.narrowed.part.clone(),
        by: options.narrowed.by.clone(),
        measures: options.measure.clone(),
        windows: options.window.clone(),
        weekdays: options.narrowed.weekdays.clone(),
        hours: options.narrowed.hours.clone(),
        from: options.from.clone(),
        to: options.to.clone(),
        ..Question::default()
    };
    let query = question.understand(engine, windows)?;
    let mut shown = Vec::new();
    engine.visit_figures(&query, |row| shown.push(Shown::new(&row, engine.roster())))?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    let written = match format {
        cli::Format::Table => rows::write_table(&shown, &mut output),
        cli::Format::Csv => rows::write_csv(&shown, &mut output),
        cli::Format::Json => rows::write_json(&shown, &mut output),
    };
    match written.and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => bail!("cannot write the report: {error}"),
        _ => Ok(()),
    }
}
