//! Answers that the engine's task is working on, in pieces between the letters that come in.

use goalkeeper::domain::engine::Engine;
use goalkeeper::domain::window::Window;
use goalkeeper::publish::answer::{Answer, Ask, Job, NoAnswer};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::oneshot;

/// For so long the engine works on answers before it looks into its mailbox.
pub(super) const SLICE: Duration = Duration::from_millis(10);

/// Where an answer goes to.
pub(super) type Reply = oneshot::Sender<Result<Answer, NoAnswer>>;

/// Answers under way. There are as many as the server lets in.
#[derive(Debug, Default)]
pub(super) struct Jobs(VecDeque<(Job, Reply)>);

impl Jobs {
    /// Begins an answer.
    pub(super) fn begin(&mut self, ask: &Ask, engine: &mut Engine, windows: &[Window], reply: Reply) {
        match Job::begin(ask, engine, windows) {
            Ok(job) => self.0.push_back((job, reply)),
            // Whoever asked may have gone away meanwhile; so below.
            Err(problem) => _ = reply.send(Err(problem)),
        }
    }

    /// Works on the answers in turn until time is up; true if some are left.
    pub(super) fn go_on(&mut self, engine: &mut Engine, is_time_up: impl Fn() -> bool) -> bool {
        while let Some((mut job, reply)) = self.0.pop_front() {
            let answer = loop {
                if reply.is_closed() {
                    break None;
                }
                match job.go_on(engine).transpose() {
                    None if is_time_up() => {
                        self.0.push_back((job, reply));
                        return true;
                    }
                    None => {}
                    answer => break answer,
                }
            };
            if let Some(answer) = answer {
                let _ = reply.send(answer);
            }
            if is_time_up() {
                break;
            }
        }
        !self.0.is_empty()
    }
}
