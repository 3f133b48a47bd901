//! Reads the configuration anew while the daemon runs: all of it is put in force, or nothing.

use super::mail::Mail;
use super::supervisor;
use crate::clock;
use crate::telemetry::Telemetry;
use goalkeeper::config::{self, Config};
use goalkeeper::publish::access::Access;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Takes reloads, one at a time.
pub(super) struct Reload {
    directory: PathBuf,
    /// What is in force.
    running: Mutex<Config>,
    mail: mpsc::Sender<Mail>,
    access: Arc<Access>,
    telemetry: Telemetry,
}

impl Reload {
    /// For a daemon that runs with what was just read from `directory`.
    pub(super) fn new(
        directory: &Path,
        running: Config,
        mail: &mpsc::Sender<Mail>,
        access: &Arc<Access>,
        telemetry: &Telemetry,
    ) -> Reload {
        let reload = Reload {
            directory: directory.to_owned(),
            running: Mutex::new(running),
            mail: mail.clone(),
            access: access.clone(),
            telemetry: telemetry.clone(),
        };
        reload.tell(true);
        reload
    }

    /// Reads all files and, if none has a problem, puts them in force. What is said is logged too.
    pub(super) async fn now(&self) -> Result<String, String> {
        let mut running = self.running.lock().await;
        supervisor::tell_reloading();
        let done = self.put_in_force(&mut running).await;
        supervisor::tell_started();
        self.tell(done.is_ok());
        match &done {
            Ok(done) => tracing::info!("{done}"),
            Err(problem) => tracing::error!("{problem}"),
        }
        done
    }

    async fn put_in_force(&self, running: &mut Config) -> Result<String, String> {
        let (directory, before) = (self.directory.clone(), running.clone());
        let read = tokio::task::spawn_blocking(move || config::reload(&directory, &before));
        let loaded = read.await.map_err(|error| format!("reading the configuration: {error}"))?;
        let loaded = loaded.map_err(|problems| {
            format!("the configuration is not reloaded, and what was in force stays in force:\n\n{problems}")
        })?;
        let config = loaded.config.clone();
        let gone = "the engine has ended: nothing is reloaded any more";
        let (answer, answered) = oneshot::channel();
        self.mail.send(Mail::Reload(Box::new(loaded), answer)).await.map_err(|_| gone)?;
        let pending = answered.await.map_err(|_| gone)?;
        self.access.change(&config.server);
        *running = config;
        Ok(format!("the configuration is reloaded: {pending} live records are booked anew"))
    }

    fn tell(&self, is_successful: bool) {
        self.telemetry.reload_successful.set(i64::from(is_successful));
        if is_successful {
            self.telemetry.reload_time.set(clock::wall().0 as f64 / 1000.0);
        }
    }
}
