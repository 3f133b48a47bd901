//! Writes checkpoints on a thread of its own, one at a time, and tries again when the disk refuses.

use super::{Checkpoint, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long the disk is left alone after it has refused a checkpoint.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What became of a checkpoint.
#[derive(Clone, Debug)]
pub enum Written {
    /// It is on disk.
    Done {
        /// The offsets that it holds.
        offsets: Arc<BTreeMap<String, i64>>,
        /// Its size in bytes.
        size: usize,
        /// How long writing took.
        took: Duration,
    },
    /// The disk did not take it. It is tried again until it does; until then nothing newer can be cut.
    Failed(String),
    /// What is on disk is not what was written there: nothing more is.
    Damaged(String),
}

/// The engine's end of the writer.
#[derive(Debug)]
pub struct Writer {
    checkpoints: Option<SyncSender<Checkpoint>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; `tell` is called on it with what became of each checkpoint.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(store: Store, tell: impl Fn(Written) + Send + 'static) -> std::io::Result<Writer> {
        let (checkpoints, inbox) = sync_channel(1);
        let thread =
            std::thread::Builder::new().name("checkpoints".to_owned()).spawn(move || run(&store, &inbox, &tell))?;
        Ok(Writer { checkpoints: Some(checkpoints), thread: Some(thread) })
    }

    /// Hands a checkpoint over. Call it only when the one before is done: nothing waits here.
    pub fn write(&self, checkpoint: Checkpoint) {
        if let Some(checkpoints) = &self.checkpoints
            && let Err(TrySendError::Full(_)) = checkpoints.try_send(checkpoint)
        {
            tracing::error!("a checkpoint was cut before the last one was written");
        }
    }

    /// Waits until the last checkpoint is on disk or was refused once more.
    pub fn finish(mut self) {
        self.checkpoints = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpoint thread has panicked");
        }
    }
}

fn run(store: &Store, inbox: &Receiver<Checkpoint>, tell: &impl Fn(Written)) {
    while let Ok(checkpoint) = inbox.recv() {
        loop {
            let begun = Instant::now();
            match store.write(&checkpoint) {
                Ok(()) => {
                    let offsets = checkpoint.offsets.clone();
                    tell(Written::Done { offsets, size: checkpoint.size(), took: begun.elapsed() });
                    break;
                }
                Err(error) if error.is_damage() => return tell(Written::Damaged(error.to_string())),
                Err(error) => tell(Written::Failed(error.to_string())),
            }
            // Nothing else comes while this one is under way, so this only waits, or hears that all is over.
            match inbox.recv_timeout(AGAIN_AFTER) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(_) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}
