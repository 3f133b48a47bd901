//! The files under `config/`: their grammar, and what they say.

mod breakdowns;
mod daemon;
mod document;
mod fixed;
pub mod problem;
mod roster;
mod targets;
mod values;
mod web;

use crate::domain::engine::Room;
use crate::domain::roster::RosterData;
use crate::domain::settings::Settings;
use crate::domain::target::Target;
use crate::domain::time::{Period, Span};
use crate::domain::window::Window;
use document::{Document, Section};
pub(crate) use fixed::differing;
use problem::Problems;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
pub use web::{Tls, Web};

/// Everything that the configuration says, without the roster.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where events come from; none if only files are replayed.
    pub kafka: Option<Kafka>,
    /// What the rules and measures leave to the owner.
    pub settings: Settings,
    /// The windows that are published.
    pub windows: Vec<Window>,
    /// What tells the time.
    pub clock: Clock,
    /// The key under which customers' keys are hashed.
    pub customers_key: [u8; 16],
    /// Where state is kept.
    pub state: State,
    /// What is served.
    pub server: Server,
    /// The most slices that the scopes of the roster may have.
    pub slices_limit: usize,
}

/// Where events come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Kafka {
    /// Addresses of some brokers.
    pub brokers: Vec<String>,
    /// The topics to read, each with all its partitions. One that begins with `^` is a pattern.
    pub topics: Vec<String>,
    /// What happens where Kafka does not have what was to be read next.
    pub on_gap: OnGap,
    /// The topic that refused records are copied to; none if they are only counted.
    pub dead_letters: Option<String>,
    /// The group to which offsets are committed, for lag tools only.
    pub group_id: String,
    /// Further properties of the client, secrets included.
    pub properties: BTreeMap<String, String>,
}

/// What happens where Kafka does not have what was to be read next, or no topic of a name that is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnGap {
    /// Goalkeeper ends and says why; for a topic that is not there it waits.
    Stop,
    /// Goalkeeper counts and tells it, and goes on with what there is.
    Continue,
}

/// What tells the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock, once everything is read.
    Wall,
    /// The events themselves: time is as far as the slowest partition has come.
    Stream,
}

/// Where state is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The directory; one process at a time has it.
    pub directory: PathBuf,
    /// How often a checkpoint is taken.
    pub checkpoint_interval: Span,
    /// Bytes of records that stay in memory.
    pub record_memory: usize,
}

/// What is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Who may come in, and how: what the web configuration file says.
    pub web: Web,
    /// Whether /-/healthy and /-/ready answer without a password too.
    pub open_health: bool,
    /// How often figures are computed anew.
    pub publish_interval: Span,
    /// Whether figures of single reps are published as metrics.
    pub reps: bool,
    /// Where figures of single reps are served instead of the main page.
    pub reps_listen: Option<SocketAddr>,
    /// The most series of figures in all.
    pub series_limit: usize,
    /// The most series of figures of each kind of scope.
    pub series_limit_of_kind: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            kafka: None,
            settings: Settings::default(),
            windows: vec![
                Window::Rolling(Span::minutes(15)),
                Window::Rolling(Span::hours(1)),
                Window::Calendar(Period::Day),
                Window::Calendar(Period::Week),
                Window::Calendar(Period::Month),
            ],
            clock: Clock::Wall,
            customers_key: [0; 16],
            state: State::default(),
            server: Server::default(),
            slices_limit: 10_000,
        }
    }
}

impl Default for Kafka {
    fn default() -> Kafka {
        Kafka {
            brokers: Vec::new(),
            topics: Vec::new(),
            on_gap: OnGap::Stop,
            dead_letters: None,
            group_id: "goalkeeper".to_owned(),
            properties: BTreeMap::new(),
        }
    }
}

impl Default for State {
    fn default() -> State {
        State {
            directory: PathBuf::from("state"),
            checkpoint_interval: Span::seconds(10),
            record_memory: Room::default().bytes,
        }
    }
}

impl Default for Server {
    fn default() -> Server {
        Server {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9788)),
            web: Web::default(),
            open_health: false,
            publish_interval: Span::seconds(1),
            reps: false,
            reps_listen: None,
            series_limit: 200_000,
            series_limit_of_kind: 200_000,
        }
    }
}

/// A configuration that was read without a problem.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What `goalkeeper.yaml` says.
    pub config: Config,
    /// What the roster says.
    pub roster: RosterData,
    /// What the file of targets says.
    pub targets: Vec<Target>,
    /// Options that `goalkeeper.yaml` leaves at their defaults, as paths.
    pub unset: Vec<String>,
}

/// The name of the main file in a configuration directory.
pub const MAIN_FILE: &str = "goalkeeper.yaml";

/// Reads the configuration in `directory`: `goalkeeper.yaml`, and the roster and targets that it names.
///
/// # Errors
/// Every problem of all files.
pub fn load(directory: &Path) -> Result<Loaded, Problems> {
    load_file(&directory.join(MAIN_FILE))
}

/// As [`load`], with a main file of any name.
///
/// # Errors
/// Every problem of all files.
pub fn load_file(path: &Path) -> Result<Loaded, Problems> {
    read_files(path, None)
}

/// As [`load`], for a goalkeeper that runs already.
///
/// # Errors
/// Every problem of all files; a change of what cannot change while it runs is one.
pub fn reload(directory: &Path, running: &Config) -> Result<Loaded, Problems> {
    read_files(&directory.join(MAIN_FILE), Some(running))
}

/// Where a goalkeeper with a configuration is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// Reads where a goalkeeper with the configuration in `directory` is reached, and looks at nothing else: one that runs with
/// an older configuration is reached whatever is wrong with the new one.
///
/// # Errors
/// What is wrong with where it listens.
pub fn reach(directory: &Path) -> Result<Reach, Problems> {
    let path = directory.join(MAIN_FILE);
    let (document, node) = Document::open(&path, "name the directory that holds goalkeeper.yaml with --config DIR");
    let Some(node) = node else { return Err(Problems(document.problems())) };
    let mut file = Section::of(&document, "", Some(node));
    let mut server = file.section("server");
    let listen = server.read_or("listen", Server::default().listen, values::address);
    let web = server.read("web_config", values::text);
    // Before the sections are dropped, which tells what was not looked at.
    let problems = document.problems();
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let tls = web.is_some_and(|web| {
        let (document, node) = Document::open_unshown(&directory.join(web), "");
        let mut file = Section::of(&document, "", node);
        file.section("tls_server_config").is_there
    });
    Ok(Reach { listen, tls })
}

fn read_files(path: &Path, running: Option<&Config>) -> Result<Loaded, Problems> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let (document, node) = Document::open(path, "name the directory that holds goalkeeper.yaml with --config DIR");
    let Some(node) = node else { return Err(Problems(document.problems())) };
    let (mut config, named) = daemon::read(&document, node, directory);
    if let Some(running) = running {
        fixed::check(&document, running, &config);
    }
    let (roster_document, node) = Document::open(&named.roster, "name the roster with `roster:` in goalkeeper.yaml");
    let roster = node.map(|node| roster::read(&roster_document, node));
    if let Some(roster) = &roster {
        config.settings.breakdowns = breakdowns::of(&document, named.breakdowns, roster, config.slices_limit);
    }
    let mut problems = document.problems();
    problems.extend(roster_document.problems());
    let mut targets = Vec::new();
    // What names scopes is read beside a roster that can be read.
    if let (Some(path), Some(roster)) = (named.targets, &roster) {
        let (document, node) = Document::open(&path, "name the targets with `targets:` in goalkeeper.yaml");
        if let Some(node) = node {
            targets = targets::read(&document, node, roster, &config.settings);
        }
        problems.extend(document.problems());
    }
    if let Some(path) = &named.web {
        let (web_document, node) = Document::open_unshown(path, "name it with `server.web_config` in goalkeeper.yaml");
        let web = node.map(|node| web::read(&web_document, node, path.parent().unwrap_or(Path::new(""))));
        config.server.web = web.unwrap_or_default();
        problems.extend(web_document.problems());
    }
    match roster {
        Some(roster) if problems.is_empty() => Ok(Loaded { config, roster, targets, unset: document.unset() }),
        _ => Err(Problems(problems)),
    }
}

/// Reads the text of a roster that is called `name` in its problems.
///
/// # Errors
/// Every problem of it.
pub fn read_roster(name: &str, text: &str) -> Result<RosterData, Problems> {
    let (document, node) = Document::parse(name, text);
    let roster = node.map(|node| roster::read(&document, node));
    match roster {
        Some(roster) if document.problems().is_empty() => Ok(roster),
        _ => Err(Problems(document.problems())),
    }
}
