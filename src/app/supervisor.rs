//! What the supervisor of the process (systemd) is told, if there is one that listens.

use super::mail::Mail;
use sd_notify::NotifyState;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// It serves.
pub(super) fn tell_started() {
    tell(&[NotifyState::Ready]);
}

/// Whether figures are complete, in words.
pub(super) fn tell_status(ready: &Result<(), String>) {
    match ready {
        Ok(()) => tell(&[NotifyState::Status("figures are complete and up to date")]),
        // A line end would end the status and begin something else.
        Err(reason) => tell(&[NotifyState::Status(&format!("not ready: {}", reason.replace('\n', " ")))]),
    }
}

/// The configuration is being read anew.
pub(super) fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// It stops.
pub(super) fn tell_stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Says that the engine goes on, as often as the supervisor asks for it. Only the engine's own answer counts: a process
/// whose server answers while its figures stand still is to be started anew.
pub(super) async fn beat(mail: mpsc::Sender<Mail>) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut interval = tokio::time::interval(limit.max(Duration::from_millis(3)) / 3);
    loop {
        interval.tick().await;
        let (answer, answered) = oneshot::channel();
        if mail.send(Mail::Beat(answer)).await.is_err() || answered.await.is_err() {
            return;
        }
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // Without a supervisor this does nothing.
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("the supervisor is not told: {error}");
    }
}
