//! The commands: how the parts are put together.

mod bench;
mod client;
mod companions;
mod daemon;
mod demo;
mod healthcheck;
mod jobs;
mod mail;
mod reload;
mod replay;
mod report;
mod run;
mod simulate;
mod state;
mod status;
mod supervisor;
mod topics;

use crate::cli::{self, Cli, Command};
use anyhow::Context;
use clap::CommandFactory;
use goalkeeper::config::{self, Config};
use goalkeeper::domain::settings::Settings;
use goalkeeper::ingest::schema;
use goalkeeper::publish::{definitions, reference, rules};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Does what the command line asks for.
///
/// # Errors
/// Whatever kept the command from being done, with where and what to do.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    if cli.version {
        print(&format!("{}\n", version()))?;
        return Ok(ExitCode::SUCCESS);
    }
    match cli.command {
        None => Cli::command().print_help()?,
        Some(Command::Run(options)) => run::run(&options)?,
        Some(Command::Demo(options)) => demo::run(&options)?,
        Some(Command::Replay(options)) => replay::run(&options)?,
        Some(Command::Simulate(options)) => simulate::run(&options)?,
        Some(Command::Check(options)) => return Ok(check(&options.config)),
        Some(Command::Healthcheck(options)) => healthcheck::run(&options)?,
        Some(Command::Report(options)) => report::run(&options)?,
        Some(Command::Rules(options)) => return print_rules(options),
        Some(Command::State(options)) => state::run(&options.command)?,
        Some(Command::Definitions(options)) => {
            let text = match (options.list, options.metrics) {
                (true, _) => definitions::list(&Settings::default()),
                (false, true) => metrics()?,
                (false, false) => definitions::markdown(),
            };
            print(&text)?;
        }
        Some(Command::Schema(options)) => write_schemas(&options.output)?,
        Some(Command::Bench(options)) => bench::run(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Every metric in words, those of the program itself too.
fn metrics() -> anyhow::Result<String> {
    let telemetry = run::telemetry()?;
    let own = telemetry.described().iter().map(|one| reference::Described {
        name: one.name.clone(),
        kind: one.kind,
        labels: one.labels.clone(),
        help: one.help.clone(),
    });
    Ok(reference::markdown(&Config::default().windows, &own.collect::<Vec<_>>()))
}

/// Version, revision, and what of Kafka is built in.
fn version() -> String {
    format!(
        "goalkeeper {} ({})\nlibrdkafka {}",
        env!("CARGO_PKG_VERSION"),
        revision(),
        goalkeeper::ingest::kafka::client_info(),
    )
}

/// The revision that was built, if the build knows it.
fn revision() -> &'static str {
    option_env!("GOALKEEPER_REVISION").unwrap_or("unknown")
}

/// Log lines go to standard error; `RUST_LOG` says how many.
fn log_to_stderr(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A second call changes nothing: whoever came first decides.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal).try_init();
}

fn check(directory: &Path) -> ExitCode {
    match config::load(directory) {
        Ok(loaded) => {
            let roster = &loaded.roster;
            println!(
                "{}: no problem. {} departments, {} teams, {} queues, {} reps.",
                directory.display(),
                roster.departments.len(),
                roster.teams.len(),
                roster.queues.len(),
                roster.reps.len()
            );
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}

fn print_rules(options: cli::Rules) -> anyhow::Result<ExitCode> {
    let cli::Rules { config, selector, runbooks, dashboard } = options;
    let loaded = match config::load(&config.config) {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("{problems}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let rules = rules::rules(&loaded, &rules::Options { selector, runbooks, dashboard }).map_err(anyhow::Error::msg)?;
    for warning in &rules.warnings {
        eprintln!("goalkeeper: {warning}");
    }
    print(&rules.text)?;
    Ok(ExitCode::SUCCESS)
}

fn write_schemas(directory: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let schemas = schema::schemas();
    for (name, text) in &schemas {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("{} schemas written to {}", schemas.len(), directory.display());
    Ok(())
}

/// Prints a long text; a reader that has seen enough is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
