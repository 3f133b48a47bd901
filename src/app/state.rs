//! `goalkeeper state`: looks into the state while no daemon runs on it, copies it, and brings a copy back.

use super::print;
use crate::cli::{Export, Import, StateCommand};
use anyhow::{Context, anyhow, bail};
use goalkeeper::config::{self, Loaded};
use goalkeeper::domain::engine::{Engine, Input};
use goalkeeper::domain::roster::Roster;
use goalkeeper::store::{Contents, InForce, MOVE_AWAY, Store, panic_text};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// Differences that are told one by one; the rest are only counted.
const TOLD: u64 = 20;

/// Runs the command.
pub(super) fn run(command: &StateCommand) -> anyhow::Result<()> {
    match command {
        StateCommand::Verify(options) => verify(config::load(&options.config)?)?,
        StateCommand::Show(options) => {
            let loaded = config::load(&options.config)?;
            let contents = Store::open_existing(&loaded.config.state.directory)?.contents()?;
            print(&shown(&contents, &InForce::of(&loaded.roster, &loaded.config)))?;
        }
        StateCommand::Export(options) => export(options)?,
        StateCommand::Import(options) => import(options)?,
    }
    Ok(())
}

fn verify(loaded: Loaded) -> anyhow::Result<()> {
    let directory = loaded.config.state.directory.clone();
    let store = Store::open_existing(&directory)?;
    let problems = Cell::new(0);
    let mut tell = |problem: String| {
        problems.set(problems.get() + 1);
        if problems.get() <= TOLD {
            eprintln!("{problem}");
        }
    };
    let records = store.read_all(&mut tell)?;
    let in_force = InForce::of(&loaded.roster, &loaded.config);
    let mut same_in_force = true;
    // What cannot be read is not looked at again.
    if problems.get() == 0
        && let Some((mut engine, before)) = restored(&store, loaded)?
    {
        same_in_force = before == in_force;
        engine.audit(same_in_force, tell);
    }
    if problems.get() == 0 {
        drop(store);
        // Last, because it tells less: whether there is damage, and not where.
        Store::check_pages(&directory)?;
    }
    if !same_in_force {
        println!("Roster or settings are others than those of the last checkpoint: bookings were not derived afresh.");
    }
    match problems.get() {
        0 => println!("{records} records: all is as it should be."),
        n => bail!("{n} differences: {MOVE_AWAY}"),
    }
    Ok(())
}

/// An engine as the last checkpoint left it, if there was one, and what was in force.
fn restored(store: &Store, loaded: Loaded) -> anyhow::Result<Option<(Engine, InForce)>> {
    let Some(saved) = store.saved()? else { return Ok(None) };
    let settings = saved.in_force.with_thresholds(&loaded.config.settings);
    let mut engine = Engine::new(Arc::new(Roster::new(loaded.roster)), Arc::new(settings));
    store.restore(&mut engine, saved.position)?;
    engine.gather(Input::Targets(loaded.targets.into()));
    Ok(Some((engine, saved.in_force)))
}

fn shown(contents: &Contents, in_force: &InForce) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<10}{value}");
    };
    line("file", format!("{}, {} bytes", contents.path.display(), contents.size));
    line("version", contents.version.to_string());
    let kinds: Vec<String> = contents.records.iter().map(|(kind, n)| format!("{} {n}", kind.name())).collect();
    let records = contents.records.values().sum::<u64>();
    line("records", format!("{records}, {} bytes; {}", contents.record_bytes, kinds.join(", ")));
    line("paths", contents.paths.to_string());
    line("panes", format!("{}, {} bytes", contents.panes, contents.pane_bytes));
    let Some(saved) = &contents.saved else {
        line("time", "no checkpoint yet".to_owned());
        return text;
    };
    line("time", saved.position.now.map_or_else(|| "none yet".to_owned(), |now| now.to_rfc3339()));
    let same = |same: bool| if same { "as configured" } else { "other than configured: records are booked anew" };
    line("roster", same(saved.in_force.same_roster(in_force)).to_owned());
    line("settings", same(saved.in_force.same_settings(in_force)).to_owned());
    for (topic, identity) in &saved.logs.topics {
        line("topic", format!("{topic} is {identity}"));
    }
    let reached: BTreeMap<_, _> = saved.position.partitions.iter().map(|(name, watermark)| (name, watermark)).collect();
    for (partition, next) in &saved.offsets {
        let watermark = reached.get(partition).and_then(|watermark| watermark.reached);
        let time =
            watermark.map_or_else(|| "no event yet".to_owned(), |time| format!("events to {}", time.to_rfc3339()));
        line("offset", format!("{partition} goes on from {next}, {time}"));
    }
    text
}

fn export(options: &Export) -> anyhow::Result<()> {
    let loaded = config::load(&options.config.config)?;
    let store = Store::open_existing(&loaded.config.state.directory)?;
    let write = |output: &mut dyn Write| match options.canonical {
        true => {
            let Some((mut engine, _)) = restored(&store, loaded)? else { return Ok(()) };
            // A record that cannot be read ends the engine, here as in the daemon.
            let text =
                catch_unwind(AssertUnwindSafe(|| engine.export())).map_err(|panic| anyhow!(panic_text(&*panic)))?;
            Ok(output.write_all(text.as_bytes())?)
        }
        false => store.export(output).map(drop),
    };
    if options.output == Path::new("-") {
        let mut output = std::io::stdout().lock();
        if !options.canonical && output.is_terminal() {
            bail!("a copy is no text: name a file with --output, or ask for --canonical");
        }
        return write(&mut output);
    }
    // A copy that was there before stays until the new one is whole.
    let cannot = || format!("cannot write {}", options.output.display());
    let directory = options.output.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).with_context(cannot)?;
    write(file.as_file_mut())?;
    file.as_file().sync_all().with_context(cannot)?;
    file.persist(&options.output).with_context(cannot)?;
    Ok(())
}

fn import(options: &Import) -> anyhow::Result<()> {
    let directory = config::load(&options.config.config)?.config.state.directory;
    let input: Box<dyn Read> = match options.file == Path::new("-") {
        true => Box::new(std::io::stdin().lock()),
        false => {
            let file = std::fs::File::open(&options.file);
            Box::new(file.with_context(|| format!("cannot read {}", options.file.display()))?)
        }
    };
    let rows = Store::import(&directory, input)?;
    println!("{rows} rows are in {}", directory.display());
    Ok(())
}
