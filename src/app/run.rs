//! `goalkeeper run`: the daemon. Three threads of its own (reader, engine, checkpoints) and a small runtime for HTTP.

use super::daemon::{Daemon, End, Outside, restore};
use super::mail::{Mail, mailbox};
use super::reload::Reload;
use super::status;
use super::supervisor;
use crate::cli;
use crate::clock;
use crate::telemetry::Telemetry;
use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use goalkeeper::config::{self, Config, Kafka, Loaded};
use goalkeeper::domain::engine::Input;
use goalkeeper::domain::time::Instant;
use goalkeeper::ingest::decode::Decoder;
use goalkeeper::ingest::kafka::{DeadLetters, Delivery, Handle, Notice, Original, Partition, Reader, client_info};
use goalkeeper::publish::access::Access;
use goalkeeper::publish::answer::NoAnswer;
use goalkeeper::publish::door::{Door, NotIn};
use goalkeeper::publish::server::{Shared, router, router_of_reps};
use goalkeeper::publish::view::View;
use goalkeeper::publish::wallboard::Live;
use goalkeeper::store::writer::Writer;
use goalkeeper::store::{Checkpoint, Store, panic_text};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Monotonic};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

/// Files that the process may have open: connections above all.
const MOST_FILES: u64 = 16_384;

/// How often time goes on when nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// How long the Kafka client may take to end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs the command.
pub(super) fn run(options: &cli::Run) -> anyhow::Result<()> {
    let loaded = config::load(&options.config.config)?;
    super::log_to_stderr("info");
    // Clients of HTTP must not take the files that Kafka and the state need.
    if let Err(error) = rlimit::increase_nofile_limit(MOST_FILES) {
        tracing::warn!("the limit of open files cannot be raised: {error}");
    }
    let runtime = runtime()?;
    let stop = stop_signal(&runtime)?;
    let hang_up = hang_up_signal(&runtime)?;
    let service = Service::start(&runtime, loaded, &options.config.config, telemetry()?)?;
    service.stop_on(&runtime, stop);
    service.reload_on(&runtime, hang_up);
    runtime.spawn(supervisor::beat(service.mail.clone()));
    supervisor::tell_started();
    service.wait()
}

/// The program's own metrics, all at 0.
pub(super) fn telemetry() -> anyhow::Result<Telemetry> {
    Ok(Telemetry::new(env!("CARGO_PKG_VERSION"), super::revision(), &client_info())?)
}

/// The runtime of everything that waits: HTTP, timers, signals.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let builder = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    builder.context("the system gives no threads")
}

/// Becomes true when the process is asked to stop.
pub(super) fn stop_signal(runtime: &tokio::runtime::Runtime) -> anyhow::Result<oneshot::Receiver<()>> {
    let (tell, told) = oneshot::channel();
    let _inside = runtime.enter();
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
    runtime.spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let _ = tell.send(());
    });
    Ok(told)
}

/// Tells of every SIGHUP.
fn hang_up_signal(runtime: &tokio::runtime::Runtime) -> anyhow::Result<Signal> {
    let _inside = runtime.enter();
    signal(SignalKind::hangup()).context("SIGHUP cannot be caught")
}

/// The world around the engine: the HTTP server, Kafka, the disk, the system's clocks.
struct World {
    shared: Arc<Shared>,
    ready: Arc<Ready>,
    reader: Handle,
    dead_letters: Option<DeadLetters>,
    writer: Writer,
}

/// Whether figures are complete and up to date, or why not.
type Ready = ArcSwap<Result<(), String>>;

impl Outside for World {
    fn monotonic(&self) -> Monotonic {
        Monotonic::now()
    }
    fn wall(&self) -> Instant {
        clock::wall()
    }
    fn publish(&self, view: View) {
        self.shared.publish(view);
    }
    fn ready(&self, ready: Result<(), String>) {
        supervisor::tell_status(&ready);
        self.ready.store(Arc::new(ready));
    }
    fn refuse(&self, original: &Original, reason: &str, detail: &str) {
        if let Some(dead_letters) = &self.dead_letters {
            dead_letters.send(original, reason, detail);
        }
    }
    fn commit(&self, positions: Vec<(Partition, i64)>) {
        self.reader.commit(positions.into_iter());
    }
    fn write(&self, checkpoint: Checkpoint) {
        self.writer.write(checkpoint);
    }
    fn stop_reading(&self) {
        self.reader.stop();
    }
    fn finish(self) {
        self.writer.finish();
        if let Some(dead_letters) = self.dead_letters {
            dead_letters.finish();
        }
    }
}

/// The daemon at work.
pub(super) struct Service {
    /// What the HTTP handlers see, and may be asked here too.
    pub(super) shared: Arc<Shared>,
    mail: mpsc::Sender<Mail>,
    reload: Arc<Reload>,
    alive: Arc<AtomicBool>,
    engine: JoinHandle<End>,
    /// Ends when the reader has.
    reading: std::sync::mpsc::Receiver<()>,
    servers: Vec<Serving>,
}

impl Service {
    /// Restores the state, and begins to read and to serve. Reloads read the configuration in `directory`.
    pub(super) fn start(
        runtime: &tokio::runtime::Runtime,
        loaded: Loaded,
        directory: &Path,
        telemetry: Telemetry,
    ) -> anyhow::Result<Service> {
        let Loaded { config, roster, targets, .. } = loaded;
        let Some(kafka) = config.kafka.clone() else {
            bail!(
                "goalkeeper.yaml has no `kafka:` section: name brokers and topics, or use `goalkeeper replay` for files"
            );
        };
        let store = Store::open(&config.state.directory)?;
        let (mut engine, positions, in_force) = restore(&store, &config, roster)?;
        engine.gather(Input::Targets(targets.into()));
        let (mail, inbox) = mailbox();
        let (reader, handle) = Reader::new(&kafka, positions.clone(), Decoder::new(config.customers_key))?;
        let dead_letters = dead_letters(&kafka, &telemetry)?;
        let to_engine = mail.clone();
        let writer = Writer::start(store, move |written| {
            // When the engine is gone, nobody needs to know.
            let _ = to_engine.blocking_send(Mail::Written(written));
        })?;

        let ready: Arc<Ready> = Arc::new(ArcSwap::from_pointee(Err("Kafka has not answered yet".to_owned())));
        let alive = Arc::new(AtomicBool::new(true));
        let access = Arc::new(Access::new(&config.server));
        let reload = Arc::new(Reload::new(directory, config.clone(), &mail, &access, &telemetry));
        let shared =
            Arc::new(shared(&telemetry, &mail, ready.clone(), alive.clone(), &access, reload.clone(), &config));
        let serve = |option, address, routes| serve(runtime, option, address, routes, &access, &telemetry);
        let mut servers = vec![serve("server.listen", config.server.listen, router(shared.clone()))?];
        if let Some(address) = config.server.reps_listen {
            servers.push(serve("server.reps_listen", address, router_of_reps(shared.clone()))?);
        }

        let to_engine = mail.clone();
        let (read, reading) = std::sync::mpsc::channel();
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
            let tell = |notice| to_engine.blocking_send(Mail::Reader(notice)).is_ok();
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| reader.run(tell))) {
                // Without a reader the engine would wait for ever.
                tell(Notice::Failed(panic_text(&*panic)));
            }
            drop(read);
        })?;
        runtime.spawn(tick(mail.clone()));
        let world = World { shared: shared.clone(), ready, reader: handle, dead_letters, writer };
        let daemon = Daemon::new(engine, config, in_force, positions, telemetry, world);
        let engine = std::thread::Builder::new().name("engine".to_owned()).spawn(move || daemon.run(inbox))?;
        Ok(Service { shared, mail, reload, alive, engine, reading, servers })
    }

    /// Lets the daemon stop when `stop` comes.
    pub(super) fn stop_on(&self, runtime: &tokio::runtime::Runtime, stop: oneshot::Receiver<()>) {
        let mail = self.mail.clone();
        runtime.spawn(async move {
            if stop.await.is_ok() {
                tracing::info!("asked to stop");
                supervisor::tell_stopping();
                let _ = mail.send(Mail::Stop).await;
            }
        });
    }

    /// Lets the daemon read its configuration anew whenever `hang_up` comes.
    fn reload_on(&self, runtime: &tokio::runtime::Runtime, mut hang_up: Signal) {
        let reload = self.reload.clone();
        runtime.spawn(async move {
            while hang_up.recv().await.is_some() {
                // What came of it is logged.
                let _ = reload.now().await;
            }
        });
    }

    /// True until the engine has ended.
    pub(super) fn is_running(&self) -> bool {
        !self.engine.is_finished()
    }

    /// Waits until the engine has ended.
    pub(super) fn wait(self) -> anyhow::Result<()> {
        drop(self.mail);
        let end = self.engine.join();
        // Nobody takes its mail any more, so it ends; and with it the client, before the broker of a demo does. One that
        // waits for brokers which do not answer is left behind: what must stay is on disk.
        let _ = self.reading.recv_timeout(LAST_WORDS);
        self.alive.store(false, Ordering::Relaxed);
        self.servers.iter().for_each(Serving::abort);
        match end {
            Ok(End::Stopped) => Ok(()),
            Ok(End::ReaderFailed(problem)) => bail!("reading from Kafka has ended: {problem}"),
            Ok(End::StateDamaged(problem)) => bail!("{problem}"),
            Err(panic) => {
                bail!("the engine has ended, and what is on disk is the last checkpoint: {}", panic_text(&*panic))
            }
        }
    }
}

/// A listener at work.
type Serving = tokio::task::JoinHandle<std::io::Result<()>>;

/// Serves routes on an address, behind a door.
fn serve(
    runtime: &tokio::runtime::Runtime,
    option: &str,
    address: SocketAddr,
    routes: axum::Router,
    access: &Arc<Access>,
    telemetry: &Telemetry,
) -> anyhow::Result<Serving> {
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(address))
        .with_context(|| format!("cannot listen on {address}: choose another `{option}`"))?;
    let scheme = if access.is_encrypted() { "https" } else { "http" };
    tracing::info!(option, "serving on {scheme}://{address}");
    let (turned_away, not_greeted) = (telemetry.http_turned_away.clone(), telemetry.http_greetings_failed.clone());
    let door = Door::new(listener, access.clone(), move |why| match why {
        NotIn::NoRoom => turned_away.inc(),
        NotIn::NoTls => not_greeted.inc(),
    });
    Ok(runtime.spawn(async move { axum::serve(door, routes).await }))
}

/// The way for refused records, each of them counted.
fn dead_letters(kafka: &Kafka, telemetry: &Telemetry) -> anyhow::Result<Option<DeadLetters>> {
    let counters = telemetry.dead_letters.clone();
    let count = move |delivery: Delivery| counters.with_label_values(&[delivery.name()]).inc();
    let dead_letters = DeadLetters::new(kafka, count)?;
    if dead_letters.is_some() {
        for delivery in Delivery::ALL {
            telemetry.dead_letters.with_label_values(&[delivery.name()]);
        }
    }
    Ok(dead_letters)
}

/// What the HTTP handlers see.
fn shared(
    telemetry: &Telemetry,
    mail: &mpsc::Sender<Mail>,
    ready: Arc<Ready>,
    alive: Arc<AtomicBool>,
    access: &Arc<Access>,
    reload: Arc<Reload>,
    config: &Config,
) -> Shared {
    let (in_status, is_ready, directory) = (telemetry.clone(), ready.clone(), config.state.directory.clone());
    let (own, counted, rendered, mail) =
        (telemetry.clone(), telemetry.clone(), telemetry.render_duration.clone(), mail.clone());
    let is_alive = move || match alive.load(Ordering::Relaxed) {
        true => Ok(()),
        false => Err("the engine has ended".to_owned()),
    };
    Shared {
        view: ArcSwap::default(),
        live: Live::default(),
        own: Box::new(move || own.gather()),
        healthy: Box::new(is_alive),
        ready: Box::new(move || (**ready.load()).clone()),
        count: Box::new(move |handler, code, took| {
            counted.http_requests.with_label_values(&[handler, &code.to_string()]).inc();
            counted.http_duration.with_label_values(&[handler]).observe(took.as_secs_f64());
        }),
        rendered: Box::new(move |took| rendered.set(took.as_secs_f64())),
        status: Box::new(move || status::status(&in_status, &is_ready.load(), &directory)),
        access: access.clone(),
        ask: Box::new(move |question| {
            let mail = mail.clone();
            Box::pin(async move {
                let gone = || NoAnswer::NotReady("the engine has ended".to_owned());
                let (answer, answered) = oneshot::channel();
                mail.send(Mail::Ask(Box::new(question), answer)).await.map_err(|_| gone())?;
                answered.await.map_err(|_| gone())?
            })
        }),
        reload: Box::new(move || {
            let reload = reload.clone();
            // Whoever asked may go away meanwhile: it is done to the end all the same.
            let done = tokio::spawn(async move { reload.now().await });
            Box::pin(async move { done.await.unwrap_or_else(|error| Err(error.to_string())) })
        }),
    }
}

async fn tick(mail: mpsc::Sender<Mail>) {
    let mut interval = tokio::time::interval(TICK);
    loop {
        interval.tick().await;
        // A full mailbox means that the engine is busy, and then time goes on with each batch.
        if let Err(mpsc::error::TrySendError::Closed(_)) = mail.try_send(Mail::Tick) {
            return;
        }
    }
}
