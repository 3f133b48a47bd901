//! `goalkeeper demo`: the whole thing in one process. The simulator plays a day in fast motion into a broker that lives in
//! the process (librdkafka's mock) or into a real one, the daemon reads it, and figures and targets move in the terminal.

use super::companions::Companions;
use super::run::{Service, runtime, stop_signal, telemetry};
use super::topics;
use crate::cli;
use crate::telemetry::Telemetry;
use anyhow::Context;
use goalkeeper::config;
use goalkeeper::domain::alert::Alert;
use goalkeeper::domain::verdict::State;
use goalkeeper::publish::answer::{Answer, Ask, NoAnswer};
use goalkeeper::publish::board::Board;
use goalkeeper::publish::question::Question;
use goalkeeper::publish::rows::Shown;
use goalkeeper::sim::topic::Topic;
use goalkeeper::sim::{Profile, Simulation, roster_yaml};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const PARTITIONS: i32 = 4;
/// Simulated seconds in a second.
const SPEED: i64 = 120;
/// Records that the simulator is ahead of the daemon at most: the mock broker keeps only 5 MiB of a partition.
const AHEAD: u64 = 10_000;
/// How often the figures are shown.
const SHOW: Duration = Duration::from_millis(500);
/// Lines between two looks where there is no terminal to draw on.
const PLAIN_EVERY: u32 = 4;

/// Runs the command.
pub(super) fn run(options: &cli::Demo) -> anyhow::Result<()> {
    super::log_to_stderr("warn");
    let broker = Broker::start(&options.brokers)?;
    let directory = std::env::temp_dir().join(format!("goalkeeper-demo-{}", std::process::id()));
    let _removed_at_the_end = Removed(&directory);
    let profile = profile();
    write_config(&directory, &broker, &profile, options)?;
    let loaded = config::load(&directory)?;

    let companions = match options.with_prometheus {
        true => Some(Companions::start(&directory, options.listen, &loaded)?),
        false => None,
    };

    let runtime = runtime()?;
    let stop = stop_signal(&runtime)?;
    let telemetry = telemetry()?;
    let service = Service::start(&runtime, loaded, &directory, telemetry.clone())?;
    let (tell, told) = oneshot::channel();
    service.stop_on(&runtime, told);
    let topic = Topic::open(std::slice::from_ref(&broker.brokers), &broker.topic)?;
    let player = Player::start(topic, broker.topic.clone(), profile, options, telemetry)?;
    println!("The figures and targets of a made-up company, {SPEED} times as fast as life.");
    println!("  wallboard  http://{}/", options.listen);
    println!("  metrics    http://{}/metrics", options.listen);
    println!("  figures    http://{}/api/v1/figures?scope=team&window=1h", options.listen);
    println!("  targets    http://{}/api/v1/targets", options.listen);
    if let Some(companions) = &companions {
        println!("  alerts     http://{}/ by http://{}/alerts", companions.alertmanager, companions.prometheus);
    }
    println!("  stop with Ctrl-C\n");
    show(&runtime, &service, &player, stop)?;
    let _ = tell.send(());
    player.over.store(true, Ordering::Relaxed);
    let ended = service.wait();
    broker.tidy_up();
    ended
}

/// Where the simulator's events go through.
struct Broker {
    brokers: String,
    topic: String,
    /// The one in this process, if it is that.
    embedded: Option<MockCluster<'static, DefaultProducerContext>>,
}

impl Broker {
    /// An embedded broker, or a topic of its own on real ones.
    fn start(brokers: &[String]) -> anyhow::Result<Broker> {
        if brokers.is_empty() {
            let topic = "contact-centre".to_owned();
            let cluster = MockCluster::new(1).context("the embedded broker does not start")?;
            cluster.create_topic(&topic, PARTITIONS, 1).context("the embedded broker takes no topic")?;
            return Ok(Broker { brokers: cluster.bootstrap_servers(), topic, embedded: Some(cluster) });
        }
        let topic = format!("goalkeeper-demo-{}", std::process::id());
        topics::make(brokers, &topic, PARTITIONS)?;
        Ok(Broker { brokers: brokers.join(","), topic, embedded: None })
    }

    /// Deletes what was made on real brokers.
    fn tidy_up(self) {
        if self.embedded.is_none()
            && let Err(error) = topics::delete(std::slice::from_ref(&self.brokers), &self.topic)
        {
            tracing::warn!("{error:#}");
        }
    }
}

/// A directory that goes when the demo does.
struct Removed<'a>(&'a Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0);
    }
}

/// A busy Monday from ten in the morning on.
fn profile() -> Profile {
    Profile { start_hour: 10, days: None, reps: 48, contacts_per_day: Some(4_500.0), ..Profile::default() }
}

/// What the made-up company wants. Some of it is kept on this Monday, some is not.
const TARGETS: &str = "\
targets:
  - id: service-level
    title: 80 % of calls answered within 20 s
    owner: head of service
    scope: every queue
    measure: service_level
    at_least: 80%
    window: 1h
    severity: critical
    hold: 0s
  - id: abandon-rate
    title: At most 12 % of callers give up
    owner: head of service
    scope: every queue
    measure: abandon_rate
    at_most: 12%
    window: 1h
    hold: 0s
  - id: handle-time
    title: A call takes at most 5 min, with work after it
    owner: team leads
    scope: every team
    measure: handle_time_mean
    at_most: 5m
    window: 1h
  - id: occupancy
    title: Reps are on contacts 60 to 90 % of their time
    owner: planning
    scope: every team
    measure: occupancy
    within: [60%, 90%]
    window: 1h
    severity: info
  - id: first-contact
    title: 75 % of calls need no second one, so far
    owner: head of service
    scope: company
    measure: first_contact_resolution_provisional
    at_least: 75%
    window: day
  - id: first-response
    title: Tickets get a first reply in time
    owner: team leads
    scope: every queue
    measure: first_response_business_in_target
    at_least: 85%
    window: day
    severity: info
  - id: orders
    title: 90 % of orders are processed in time
    owner: head of orders
    scope: department/orders
    measure: reported_value
    at_least: 0.9
    window: day
    severity: info
  - id: calls
    title: 1,500 calls answered a day
    owner: head of service
    scope: company
    measure: answered
    at_least: 1500
    window: day
    severity: info
  - id: handle-time-rep
    title: A call takes a rep at most 5 min
    owner: team leads
    scope: every rep
    measure: handle_time_mean
    at_most: 5m
    window: 1h
    minimum_sample: 5
    severity: info
";

/// Within which time tickets are answered and solved, by priority.
const TICKETS: &str = "{response_targets: {urgent: 1h, high: 4h, normal: 8h, low: 16h}, \
     resolution_targets: {urgent: 8h, high: 1d, normal: 2d, low: 5d}}";
/// Parts that people ask for.
const PARTS: &str = "{channel: {scopes: [company, queue]}, \
     issue: {values: [invoice, delivery, login, order, fault, contract], scopes: [company]}, \
     category: {values: [waiting, mistake, manner, promise], scopes: [company, team]}}";

fn write_config(directory: &Path, broker: &Broker, profile: &Profile, options: &cli::Demo) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let text = format!(
        "roster: roster.yaml\ntargets: targets.yaml\nmeasures: {TICKETS}\nbreakdowns: {PARTS}\nkafka: {{brokers: [\"{}\"], topics: [{}]}}\nclock: stream\n\
         windows: [15m, 1h, day]\nstate: {{directory: {}}}\nserver: {{listen: \"{}\", publish_interval: 500ms, reps: true}}\n",
        broker.brokers.replace(',', "\", \""),
        broker.topic,
        directory.join("state").display(),
        options.listen
    );
    std::fs::write(directory.join(config::MAIN_FILE), text).context("cannot write the demo's configuration")?;
    std::fs::write(directory.join("targets.yaml"), TARGETS).context("cannot write the demo's targets")?;
    std::fs::write(directory.join("roster.yaml"), roster_yaml(profile)).context("cannot write the demo's roster")
}

/// The simulator at work.
struct Player {
    /// Simulated time, milliseconds since 1970.
    now: Arc<AtomicI64>,
    over: Arc<AtomicBool>,
}

impl Player {
    fn start(
        topic: Topic,
        name: String,
        profile: Profile,
        options: &cli::Demo,
        telemetry: Telemetry,
    ) -> anyhow::Result<Player> {
        let player = Player { now: Arc::new(AtomicI64::new(0)), over: Arc::new(AtomicBool::new(false)) };
        let (now, over) = (player.now.clone(), player.over.clone());
        let events = Simulation::new(profile, options.seed);
        let limit = options.hours.map(|hours| i64::from(hours) * 3_600_000);
        let read = move || read(&telemetry, &name);
        std::thread::Builder::new().name("simulator".to_owned()).spawn(move || {
            if let Err(error) = play(events, &topic, limit, &read, &now, &over) {
                tracing::error!("the simulator has ended: {error:#}");
            }
            over.store(true, Ordering::Relaxed);
        })?;
        Ok(player)
    }
}

fn play(
    events: Simulation,
    topic: &Topic,
    limit: Option<i64>,
    read: &dyn Fn() -> u64,
    now: &AtomicI64,
    over: &AtomicBool,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut first = None;
    let mut sent = 0;
    for event in events {
        let first = *first.get_or_insert(event.sent);
        if over.load(Ordering::Relaxed) || limit.is_some_and(|limit| event.sent - first > limit) {
            break;
        }
        let due = Duration::from_millis(((event.sent - first) / SPEED).unsigned_abs());
        while began.elapsed() < due || sent > read() + AHEAD {
            if over.load(Ordering::Relaxed) {
                return Ok(());
            }
            std::thread::sleep(due.saturating_sub(began.elapsed()).clamp(Duration::from_millis(1), SHOW));
        }
        topic.send(event.partition(PARTITIONS.unsigned_abs()), &event.key, event.json.as_bytes(), event.sent)?;
        now.store(event.sent, Ordering::Relaxed);
        sent += 1;
    }
    topic.flush()?;
    while sent > read() && !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Records that the daemon has read.
fn read(telemetry: &Telemetry, topic: &str) -> u64 {
    (0..PARTITIONS).map(|n| telemetry.records.with_label_values(&[topic, &n.to_string()]).get()).sum()
}

const MEASURES: [&str; 7] =
    ["offered", "answered", "abandoned", "abandon_rate", "service_level", "asa", "handle_time_mean"];

/// Draws the figures until the simulator or the user has had enough.
fn show(
    runtime: &tokio::runtime::Runtime,
    service: &Service,
    player: &Player,
    mut stop: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let terminal = std::io::stdout().is_terminal();
    let mut drawn = 0;
    let mut round = 0;
    loop {
        let over = player.over.load(Ordering::Relaxed) || stop.try_recv().is_ok() || !service.is_running();
        let question = Question {
            scopes: ["company", "team", "queue"].map(str::to_owned).into(),
            measures: MEASURES.map(str::to_owned).into(),
            windows: vec!["1h".to_owned()],
            ..Question::default()
        };
        let answer = runtime.block_on((service.shared.ask)(Ask::Figures(question)));
        let text = match &answer {
            Ok(Answer::Figures(figures)) => {
                let board = service.shared.view.load().board.as_ref().map(goals).unwrap_or_default();
                table(&figures.time, &figures.rows) + &board
            }
            Ok(_) => String::new(),
            Err(NoAnswer::NotReady(reason) | NoAnswer::Misunderstood(reason)) => format!("{reason}\n"),
        };
        let mut out = std::io::stdout().lock();
        if terminal {
            // Back over what was drawn last, and clear to the end.
            if drawn > 0 {
                write!(out, "\x1b[{drawn}A\x1b[J")?;
            }
            write!(out, "{text}")?;
            drawn = text.lines().count();
        } else if over || round % PLAIN_EVERY == 0 {
            writeln!(out, "{text}")?;
        }
        out.flush()?;
        drop(out);
        if over {
            return Ok(());
        }
        round += 1;
        std::thread::sleep(SHOW);
    }
}

/// Alerts that are shown in words; the rest are counted.
const ALERTS: usize = 4;

/// What is said of the targets, a line each, and the latest alerts.
fn goals(board: &Board) -> String {
    const STATES: [(&str, &[State]); 4] = [
        ("met", &[State::Met, State::OnTrack]),
        ("at risk", &[State::AtRisk]),
        ("missed", &[State::Missed]),
        ("cannot tell", &[State::Pending, State::NoData, State::Undetermined, State::Expired]),
    ];
    let mut text = format!("\n{:50}", "target");
    for (name, _) in STATES {
        let _ = write!(text, "{name:>13}");
    }
    text.push('\n');
    for (number, target) in board.targets.iter().enumerate() {
        let of_target = || board.judged.iter().filter(|judged| judged.target == number && !judged.is_common);
        let _ = write!(text, "{:50}", target.title);
        for (_, states) in STATES {
            let n = of_target().filter(|judged| states.contains(&judged.verdict.state)).count();
            let _ = write!(text, "{:>13}", if n == 0 { "-".to_owned() } else { n.to_string() });
        }
        text.push('\n');
    }
    let firing = board.alerts(|judged| matches!(judged.alert, Alert::Firing { .. }));
    if !firing.is_empty() {
        text.push('\n');
    }
    for alert in firing.iter().take(ALERTS) {
        let _ = writeln!(text, "{:9} {}", alert.severity, alert.sentence);
    }
    if firing.len() > ALERTS {
        let _ = writeln!(text, "          and {} more alerts", firing.len() - ALERTS);
    }
    text
}

fn table(time: &str, rows: &[Shown]) -> String {
    let mut text = format!("{}   last hour\n", time.get(..19).unwrap_or(time).replace('T', " "));
    let _ = writeln!(
        text,
        "{:24}{:>9}{:>9}{:>10}{:>9}{:>9}{:>8}{:>8}",
        "", "offered", "answered", "abandoned", "rate", "level", "ASA s", "AHT s"
    );
    for scope in rows.chunks(MEASURES.len()) {
        let Some(first) = scope.first() else { continue };
        let value = |n: usize| scope.get(n).and_then(|row| row.value);
        let count = |n| value(n).map_or("-".to_owned(), |v| format!("{v:.0}"));
        let share = |n| value(n).map_or("-".to_owned(), |v| format!("{:.1} %", v * 100.0));
        let _ = writeln!(
            text,
            "{:24}{:>9}{:>9}{:>10}{:>9}{:>9}{:>8}{:>8}",
            format!("{} {}", first.scope_kind, first.scope),
            count(0),
            count(1),
            count(2),
            share(3),
            share(4),
            count(5),
            count(6)
        );
    }
    text
}
