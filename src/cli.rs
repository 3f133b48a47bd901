//! The grammar of the command line, and nothing else.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Figures and goals of a contact centre, from Kafka to Prometheus.
#[derive(Debug, Parser)]
#[command(name = "goalkeeper", disable_version_flag = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Print version, revision, librdkafka version and its built-in features.
    #[arg(long, short = 'V')]
    pub(crate) version: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What goalkeeper can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read events from Kafka, keep figures, and serve them over HTTP.
    Run(Run),
    /// Read events from files and report figures, without Kafka.
    Replay(Replay),
    /// Make up the events of a contact centre, to a file or a topic.
    Simulate(Simulate),
    /// Check the configuration and tell every problem at once.
    Check(ConfigDirectory),
    /// Ask a running goalkeeper how it is: exit code 0 if the answer is yes, else 1 and why not.
    Healthcheck(Healthcheck),
    /// Ask a running goalkeeper for figures: this month beside the three before.
    Report(Report),
    /// Print rules for Prometheus: an alert for each target, and alerts on goalkeeper itself.
    Rules(Rules),
    /// Look into the state on disk, copy it, and bring a copy back; while no daemon runs on it.
    State(State),
    /// Print the catalogue of measures.
    Definitions(Definitions),
    /// Write the JSON Schemas of the event types.
    Schema(Schema),
    /// Show the whole thing in one process: simulator, embedded broker, daemon.
    Demo(Demo),
    /// Measure CPU per event of the parts and of the whole path.
    Bench(Bench),
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub(crate) struct ConfigDirectory {
    /// The directory with goalkeeper.yaml and the roster it names.
    #[arg(long, value_name = "DIR", default_value = "config")]
    pub(crate) config: PathBuf,
}

/// Options of `rules`.
#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// The configuration.
    #[command(flatten)]
    pub(crate) config: ConfigDirectory,
    /// Matchers that goalkeeper's series have in Prometheus, and no others have.
    #[arg(long, value_name = "MATCHERS", default_value = "job=\"goalkeeper\"")]
    pub(crate) selector: String,
    /// Where the runbooks are for those who read an alert: an address, or a folder.
    #[arg(long, value_name = "ADDRESS", default_value = "docs/runbooks")]
    pub(crate) runbooks: String,
    /// The address of a dashboard of targets; alerts on targets link to it, with var-target and var-scope.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) dashboard: Option<String>,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The configuration.
    #[command(flatten)]
    pub(crate) config: ConfigDirectory,
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The configuration.
    #[command(flatten)]
    pub(crate) config: ConfigDirectory,
    /// Files of events, one JSON object a line: plain, gzip or zstd; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// How far time goes on after the last event, as RFC 3339 or a date; what is due by then counts.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Apply lateness, expiry and retention as the daemon would. Without it nothing is too old.
    #[arg(long)]
    pub(crate) horizon: bool,
    /// Print figures in this form.
    #[arg(long, value_enum)]
    pub(crate) report: Option<Format>,
    /// Scopes to report: `team/billing`, or `team` for all of a kind. Default: all.
    #[arg(long, value_delimiter = ',', value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,
    /// Measures to report. Default: all.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) measure: Vec<String>,
    /// Windows to report: `15m`, `7d`, `hour`, `day`, `month`, `all`, ... Default: those of the configuration.
    #[arg(long, value_delimiter = ',', value_name = "WINDOW")]
    pub(crate) window: Vec<String>,
    /// What of scopes and windows is reported.
    #[command(flatten)]
    pub(crate) narrowed: Narrowed,
    /// Where calendar windows begin, as RFC 3339 or a date. Default: the first event.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Where they end and rolling ones stand. Default: the last instant.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Write the canonical export to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
}

/// What figures are narrowed to.
#[derive(Clone, Debug, Args)]
pub(crate) struct Narrowed {
    /// A part of each scope, such as channel=chat, that the configuration breaks figures down by.
    #[arg(long = "where", value_name = "NAME=VALUE", conflicts_with = "by")]
    pub(crate) part: Option<String>,
    /// All parts of each scope, such as channel.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// These weekdays only, of each scope's own calendar: `mon-fri`, `sat,sun`.
    #[arg(long, value_name = "DAYS")]
    pub(crate) weekdays: Option<String>,
    /// These hours only, of each scope's own clock: `08:00-18:00`. Not of reps.
    #[arg(long, value_name = "HOURS")]
    pub(crate) hours: Option<String>,
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a row.
    Json,
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The same seed makes the same events.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Days to simulate.
    #[arg(long, default_value_t = 1)]
    pub(crate) days: u32,
    /// The first day.
    #[arg(long, default_value = "2026-01-05")]
    pub(crate) start: chrono::NaiveDate,
    /// The company's zone, in which its days and shifts are.
    #[arg(long, default_value = "Europe/Oslo")]
    pub(crate) zone: chrono_tz::Tz,
    /// Representatives.
    #[arg(long, default_value_t = 60)]
    pub(crate) reps: u32,
    /// Inbound contacts of an ordinary weekday.
    #[arg(long, default_value_t = 6000)]
    pub(crate) contacts: u32,
    /// Write events to this file, a line each; `-` is standard output.
    #[arg(long, value_name = "FILE", default_value = "-", conflicts_with = "topic")]
    pub(crate) output: PathBuf,
    /// Write events to this topic instead.
    #[arg(long, requires = "brokers")]
    pub(crate) topic: Option<String>,
    /// The brokers of the topic.
    #[arg(long, value_delimiter = ',')]
    pub(crate) brokers: Vec<String>,
    /// Write events so many times as fast as life. Default: as fast as they are taken.
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) speed: Option<u32>,
    /// Write a roster that fits the company to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) roster: Option<PathBuf>,
    /// Deliver events up to so many seconds out of order.
    #[arg(long, default_value_t = 0)]
    pub(crate) disorder: u32,
    /// Share of events delivered twice, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) duplicates: f64,
    /// Share of events that are corrected later, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) revisions: f64,
    /// Share of events that are delivered hours late, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) late: f64,
    /// Share of events that are taken back later, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) retractions: f64,
    /// Share of records that are no events at all, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) malformed: f64,
}

/// Where a running goalkeeper is, and how to get in.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// The configuration of the goalkeeper that runs on this machine: says where to ask.
    #[command(flatten)]
    pub(crate) config: ConfigDirectory,
    /// Ask here instead, e.g. https://goalkeeper.example:9788.
    #[arg(long, conflicts_with = "config")]
    pub(crate) url: Option<String>,
    /// The name to log in with, where one is asked for.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub(crate) user: Option<String>,
    /// A file with the password.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(crate) password_file: Option<PathBuf>,
    /// Who must have signed the certificate (PEM). Default: with --url the public authorities, else anybody, since this
    /// machine then talks to itself.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// A certificate to show (PEM), where clients need one.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    pub(crate) cert_file: Option<PathBuf>,
    /// Its private key.
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    pub(crate) key_file: Option<PathBuf>,
}

/// Options of `healthcheck`.
#[derive(Debug, Args)]
pub(crate) struct Healthcheck {
    /// Whom to ask.
    #[command(flatten)]
    pub(crate) server: Server,
    /// Ask whether figures are complete and up to date (/-/ready), not only whether it lives (/-/healthy).
    #[arg(long)]
    pub(crate) ready: bool,
}

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Whom to ask.
    #[command(flatten)]
    pub(crate) server: Server,
    /// Whose figures: `rep/ines`, or `team` for all of a kind; several by comma.
    #[arg(long, value_delimiter = ',', value_name = "SCOPE", default_value = "company")]
    pub(crate) scope: Vec<String>,
    /// What of scopes and windows is reported.
    #[command(flatten)]
    pub(crate) narrowed: Narrowed,
    /// Which figures. Default: all that have data.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) measure: Vec<String>,
    /// The windows beside each other.
    #[arg(long, value_enum, default_value_t = ReportWindow::Month)]
    pub(crate) window: ReportWindow,
    /// How many windows before the present one.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=800))]
    pub(crate) before: u32,
    /// The present window is the one before this instant, RFC 3339 or a date. Default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Print figures in this form: a table has a line for each measure, the others a line for each figure.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// Windows that a report sets beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportWindow {
    /// Local days.
    Day,
    /// Weeks from Monday.
    Week,
    /// Calendar months.
    Month,
    /// Calendar quarters.
    Quarter,
    /// Calendar years.
    Year,
}

/// Options of `state`.
#[derive(Debug, Args)]
pub(crate) struct State {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) command: StateCommand,
}

/// What can be done with the state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Read all of it, derive everything afresh, and tell every difference.
    Verify(ConfigDirectory),
    /// Print its version, time, offsets, topics, counts and sizes.
    Show(ConfigDirectory),
    /// Write a copy that `import` reads, or the canonical export.
    Export(Export),
    /// Make the state from a copy, in an empty state directory.
    Import(Import),
}

/// Options of `state export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The configuration.
    #[command(flatten)]
    pub(crate) config: ConfigDirectory,
    /// Write all that is known as sorted lines of text, to compare two states by; it cannot be imported.
    #[arg(long)]
    pub(crate) canonical: bool,
    /// Write to this file; `-` is standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
}

/// Options of `state import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The configuration.
    #[command(flatten)]
    pub(crate) config: ConfigDirectory,
    /// A copy that `state export` wrote; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Options of `definitions`.
#[derive(Debug, Args)]
pub(crate) struct Definitions {
    /// Only names, units and meanings, a line each.
    #[arg(long)]
    pub(crate) list: bool,
    /// The metrics at /metrics instead, as docs/metrics.md has them.
    #[arg(long, conflicts_with = "list")]
    pub(crate) metrics: bool,
}

/// Options of `schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Where to write them.
    #[arg(long, value_name = "DIR", default_value = "config/schemas")]
    pub(crate) output: PathBuf,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Send the events through a real Kafka, by way of a topic of their own that is deleted at the end.
    #[arg(long, value_delimiter = ',')]
    pub(crate) brokers: Vec<String>,
    /// Start a Prometheus and an Alertmanager beside it, with an alert rule for each target.
    #[arg(long)]
    pub(crate) with_prometheus: bool,
    /// The same seed makes the same day.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Stop after so many simulated hours; without it the demo runs until it is interrupted.
    #[arg(long)]
    pub(crate) hours: Option<u32>,
    /// Where to serve.
    #[arg(long, default_value = "127.0.0.1:9788")]
    pub(crate) listen: std::net::SocketAddr,
}

/// Options of `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// A Kafka to measure the whole path with; without it only the parts are measured.
    #[arg(long, value_delimiter = ',')]
    pub(crate) brokers: Vec<String>,
    /// Events to measure with.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) events: u64,
    /// Representatives to spread them over.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) reps: u32,
    /// Measure the state of so many days of a million contacts each instead.
    #[arg(long)]
    pub(crate) days: Option<u64>,
    /// Live through the days in this directory, to be killed there.
    #[arg(long, hide = true)]
    pub(crate) live_in: Option<PathBuf>,
}
