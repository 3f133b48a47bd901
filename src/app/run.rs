//! `goalkeeper run`: the daemon. Three threads of its own (reader, engine, checkpoints) and a small runtime for HTTP.

use super::daemon::{Daemon, End, Outside, restore};
use super::mail::{Mail, mailbox};
use crate::cli;
use crate::clock;
use crate::telemetry::Telemetry;
use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use goalkeeper::config::{self, Loaded};
use goalkeeper::domain::time::Instant;
use goalkeeper::ingest::decode::Decoder;
use goalkeeper::ingest::kafka::{Handle, Partition, Reader, client_info};
use goalkeeper::publish::door::Door;
use goalkeeper::publish::server::{NoAnswer, Shared, router};
use goalkeeper::publish::view::View;
use goalkeeper::store::writer::Writer;
use goalkeeper::store::{Checkpoint, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Monotonic};
use tokio::sync::{mpsc, oneshot};

/// Files that the process may have open: connections above all.
const MOST_FILES: u64 = 16_384;

/// How often time goes on when nothing happens.
const TICK: Duration = Duration::from_millis(250);

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
    let service = Service::start(&runtime, loaded, telemetry()?)?;
    service.stop_on(&runtime, stop);
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
    use tokio::signal::unix::{SignalKind, signal};
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

/// The world around the engine: the HTTP server, the reader, the disk, the system's clocks.
struct World {
    shared: Arc<Shared>,
    ready: Arc<AtomicBool>,
    reader: Handle,
    writer: Writer,
}

impl Outside for World {
    fn monotonic(&self) -> Monotonic {
        Monotonic::now()
    }
    fn wall(&self) -> Instant {
        clock::wall()
    }
    fn publish(&self, view: View) {
        self.shared.view.store(Arc::new(view));
    }
    fn ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
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
    }
}

/// The daemon at work.
pub(super) struct Service {
    /// What the HTTP handlers see, and may be asked here too.
    pub(super) shared: Arc<Shared>,
    mail: mpsc::Sender<Mail>,
    alive: Arc<AtomicBool>,
    engine: JoinHandle<End>,
    reading: JoinHandle<()>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Service {
    /// Restores the state, and begins to read and to serve.
    pub(super) fn start(
        runtime: &tokio::runtime::Runtime,
        loaded: Loaded,
        telemetry: Telemetry,
    ) -> anyhow::Result<Service> {
        let Loaded { config, roster, .. } = loaded;
        let Some(kafka) = config.kafka.clone() else {
            bail!(
                "goalkeeper.yaml has no `kafka:` section: name brokers and topics, or use `goalkeeper replay` for files"
            );
        };
        let store = Store::open(&config.state.directory)?;
        let (engine, positions, in_force) = restore(&store, &config, roster)?;
        let (mail, inbox) = mailbox();
        let (reader, handle) = Reader::new(&kafka, positions.clone(), Decoder::new(config.customers_key))?;
        let to_engine = mail.clone();
        let writer = Writer::start(store, move |written| {
            // When the engine is gone, nobody needs to know.
            let _ = to_engine.blocking_send(Mail::Written(written));
        })?;

        let ready = Arc::new(AtomicBool::new(false));
        let alive = Arc::new(AtomicBool::new(true));
        let shared = Arc::new(shared(&telemetry, &mail, ready.clone(), alive.clone()));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(config.server.listen))
            .with_context(|| format!("cannot listen on {}: choose another `server.listen`", config.server.listen))?;
        tracing::info!("serving on http://{}", config.server.listen);
        let routes = router(shared.clone());
        let turned_away = telemetry.http_turned_away.clone();
        let door = Door::new(listener, move || turned_away.inc());
        let server = runtime.spawn(async move { axum::serve(door, routes).await });

        let to_engine = mail.clone();
        let reading = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
            reader.run(|notice| to_engine.blocking_send(Mail::Reader(notice)).is_ok());
        })?;
        runtime.spawn(tick(mail.clone()));
        let world = World { shared: shared.clone(), ready, reader: handle, writer };
        let daemon = Daemon::new(engine, config, in_force, positions, telemetry, world);
        let engine = std::thread::Builder::new().name("engine".to_owned()).spawn(move || daemon.run(inbox))?;
        Ok(Service { shared, mail, alive, engine, reading, server })
    }

    /// Lets the daemon stop when `stop` comes.
    pub(super) fn stop_on(&self, runtime: &tokio::runtime::Runtime, stop: oneshot::Receiver<()>) {
        let mail = self.mail.clone();
        runtime.spawn(async move {
            if stop.await.is_ok() {
                tracing::info!("asked to stop");
                let _ = mail.send(Mail::Stop).await;
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
        // Nobody takes its mail any more, so it ends; and with it the client, before the broker of a demo does.
        let _ = self.reading.join();
        self.alive.store(false, Ordering::Relaxed);
        self.server.abort();
        match end {
            Ok(End::Stopped) => Ok(()),
            Ok(End::ReaderFailed(problem)) => bail!("reading from Kafka has ended: {problem}"),
            Err(_) => bail!("the engine has panicked: what is on disk is the last checkpoint"),
        }
    }
}

/// What the HTTP handlers see.
fn shared(telemetry: &Telemetry, mail: &mpsc::Sender<Mail>, ready: Arc<AtomicBool>, alive: Arc<AtomicBool>) -> Shared {
    let (own, requests, mail) = (telemetry.clone(), telemetry.http_requests.clone(), mail.clone());
    let is = |flag: Arc<AtomicBool>, reason: &'static str| {
        move || if flag.load(Ordering::Relaxed) { Ok(()) } else { Err(reason.to_owned()) }
    };
    Shared {
        view: ArcSwap::default(),
        own: Box::new(move || own.gather()),
        healthy: Box::new(is(alive, "the engine has ended")),
        ready: Box::new(is(ready, "still reading what was there at the start")),
        count: Box::new(move |handler, code| requests.with_label_values(&[handler, &code.to_string()]).inc()),
        ask: Box::new(move |question| {
            let mail = mail.clone();
            Box::pin(async move {
                let gone = || NoAnswer::NotReady("the engine has ended".to_owned());
                let (answer, answered) = oneshot::channel();
                mail.send(Mail::Ask(question, answer)).await.map_err(|_| gone())?;
                answered.await.map_err(|_| gone())?
            })
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
