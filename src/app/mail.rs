//! The mailbox of the engine's task.

use super::jobs::Reply;
use goalkeeper::config::Loaded;
use goalkeeper::ingest::kafka::Notice;
use goalkeeper::publish::answer::Ask;
use goalkeeper::store::writer::Written;
use tokio::sync::{mpsc, oneshot};

/// Everything that can happen to the engine's task.
#[derive(Debug)]
pub(super) enum Mail {
    /// The Kafka reader tells something.
    Reader(Notice),
    /// Some time has passed.
    Tick,
    /// A checkpoint was written, or not.
    Written(Written),
    /// Somebody asks something.
    Ask(Box<Ask>, Reply),
    /// This configuration is in force from now on; answered with the live records that are booked anew.
    Reload(Box<Loaded>, oneshot::Sender<usize>),
    /// Somebody wants to know that the engine goes on.
    Beat(oneshot::Sender<()>),
    /// It is over.
    Stop,
}

/// Letters that wait at most: a batch is thousands of events, so this bounds memory and delay.
const CAPACITY: usize = 8;

/// A mailbox and the way to write to it.
pub(super) fn mailbox() -> (mpsc::Sender<Mail>, Inbox) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    (sender, Inbox(receiver))
}

/// The engine's end of the mailbox.
#[derive(Debug)]
pub(super) struct Inbox(mpsc::Receiver<Mail>);

impl Inbox {
    /// Waits for the next letter; `None` if nobody can write any more.
    pub(super) fn recv(&mut self) -> Option<Mail> {
        self.0.blocking_recv()
    }

    /// The next letter if one is there.
    pub(super) fn try_recv(&mut self) -> Option<Mail> {
        self.0.try_recv().ok()
    }
}
