//! One day, and a daemon that lives through it.

use super::compare::with_oracle;
use super::day::PARTITIONS;
use super::feed::{Feed, LIMIT, setup};
use super::replicas::export;
use super::tally::Tally;
use crate::properties::chance::Chance;
use crate::support::daemon::{Daemon, Setup};
use crate::support::kafka::Kafka;
use crate::support::proxy::Proxy;
use crate::support::wait_for;
use goalkeeper::domain::time::MINUTE;
use goalkeeper::sim::Emitted;
use std::sync::atomic::{AtomicBool, Ordering};

/// Messages that are sent at once while the daemon is to be killed.
const PIECE: usize = 100;

/// What happens to the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// SIGKILL, after a checkpoint and with events that no checkpoint holds.
    Kill,
    /// SIGTERM.
    Stop,
    /// SIGSTOP, and SIGCONT a minute of event time later.
    Pause,
    /// The broker is killed, and started again.
    BrokerKilled,
    /// All connections to the broker break, and none can be made for a while.
    NetworkCut,
    /// Connections stay, and nothing comes through for a while.
    NetworkSilent,
}

impl Blow {
    /// All but the kill.
    const OTHERS: [Blow; 5] = [Blow::Stop, Blow::Pause, Blow::BrokerKilled, Blow::NetworkCut, Blow::NetworkSilent];
}

/// The day, and where the daemon lives.
pub struct Trial<'k> {
    kafka: &'k mut Kafka,
    proxy: &'k Proxy,
    feed: Feed,
    setup: Setup,
    chance: Chance,
}

impl<'k> Trial<'k> {
    pub fn new(kafka: &'k mut Kafka, proxy: &'k Proxy, seed: u64) -> Trial<'k> {
        let feed = Feed::new(kafka, seed);
        let setup = setup(&format!("127.0.0.1:{}", proxy.port()), &feed.topic);
        Trial { kafka, proxy, feed, setup, chance: Chance::new(seed) }
    }

    /// Starts a daemon and deals it so many kills, and other blows among them.
    pub fn go(mut self, kills: usize, tally: &mut Tally) {
        let others = Blow::OTHERS.iter().cycle().take(Blow::OTHERS.len() * kills.div_ceil(10));
        let mut blows: Vec<Blow> = others.copied().chain(std::iter::repeat_n(Blow::Kill, kills)).collect();
        self.chance.shuffle(&mut blows);
        let mut vain = 0;
        let mut daemon = self.setup.start();
        while let Some(blow) = blows.pop() {
            // Some is left for kills that have to be tried again, and for the end.
            let share = self.feed.left() / (blows.len() + 1 + kills / 4);
            let messages = self.feed.take(share / 2 + self.chance.below(share as i64) as usize);
            if blow == Blow::Kill {
                let is_done;
                (daemon, is_done) = self.kill(daemon, messages, tally);
                if !is_done {
                    vain += 1;
                    assert!(vain <= kills, "so often the daemon had saved everything before it could be killed");
                    blows.insert(self.chance.below(blows.len() as i64 + 1) as usize, Blow::Kill);
                }
            } else {
                daemon = self.other(blow, daemon, &messages);
                tally.dealt(blow);
            }
            self.compare(&daemon, tally);
        }
        let rest = self.feed.take(usize::MAX);
        self.feed.send(self.kafka, &rest);
        self.feed.mark(self.kafka);
        self.compare(&daemon, tally);
        self.compare_export(daemon);
        tally.fed(&self.feed.log);
    }

    /// Feeds these messages and kills the daemon meanwhile, in a moment in which that can do harm. Gives the daemon of
    /// now, and whether there was such a moment.
    fn kill(&mut self, daemon: Daemon, mut messages: Vec<Emitted>, tally: &mut Tally) -> (Daemon, bool) {
        let meanwhile = messages.split_off(self.chance.below(messages.len() as i64 / 2) as usize);
        let unsaved = self.chance.between(1, PIECE.min(meanwhile.len() / 2) as i64);
        self.feed.send(self.kafka, &messages);
        wait_for("a checkpoint of this life", LIMIT, || match daemon.positions(&self.feed.topic) {
            seen if seen.checkpoints >= 1 && seen.saved.iter().any(|next| *next > 0) => Ok(()),
            seen => Err(format!("{seen:?}")),
        });
        let is_fed = AtomicBool::new(false);
        let (kafka, topic, feed) = (&*self.kafka, self.feed.topic.clone(), &mut self.feed);
        let (killed, alive) = std::thread::scope(|scope| {
            scope.spawn(|| {
                for piece in meanwhile.chunks(PIECE) {
                    feed.send(kafka, piece);
                }
                is_fed.store(true, Ordering::Relaxed);
            });
            let moment = wait_for("a moment for a kill", LIMIT, || {
                let was_fed = is_fed.load(Ordering::Relaxed);
                match daemon.positions(&topic) {
                    seen if seen.unsaved() >= unsaved => Ok(Some(seen)),
                    seen if was_fed && seen.unsaved() == 0 => Ok(None),
                    seen => Err(format!("{seen:?}")),
                }
            });
            match moment {
                Some(seen) => {
                    daemon.kill();
                    (Some(seen), None)
                }
                None => (None, Some(daemon)),
            }
        });
        let daemon = alive.unwrap_or_else(|| self.setup.start());
        self.feed.mark(self.kafka);
        let Some(before) = killed else { return (daemon, false) };
        assert!(before.checkpoints >= 1, "{before:?}");
        // A checkpoint may still have been written between the look and the kill: where reading began again tells.
        let after = self.feed.wait_read(&daemon);
        let began = after.began();
        assert!(began.iter().sum::<i64>() > 0, "all is read again, as if there had been no checkpoint: {after:?}");
        let again = |n: usize| self.feed.log.news(n, began[n]..before.next[n]);
        let again: usize = (0..PARTITIONS as usize).map(again).sum();
        if again > 0 {
            tally.killed(again);
        }
        (daemon, again > 0)
    }

    fn other(&mut self, blow: Blow, mut daemon: Daemon, messages: &[Emitted]) -> Daemon {
        let (before, after) = messages.split_at(self.chance.below(messages.len() as i64 / 2) as usize);
        self.feed.send(self.kafka, before);
        let known = troubles(&daemon);
        match blow {
            Blow::Kill => panic!("a kill needs its moment"),
            Blow::Stop => {
                assert!(daemon.stop().success());
                self.feed.send(self.kafka, after);
                daemon = self.setup.start();
            }
            Blow::Pause => {
                let messages = self.a_minute(after);
                daemon.while_paused(|| self.feed.send(self.kafka, &messages));
            }
            Blow::BrokerKilled => {
                // So that not all of it is read yet.
                self.feed.send(self.kafka, after);
                self.kafka.kill();
                wait_trouble(&daemon, known);
                self.kafka.revive();
            }
            Blow::NetworkCut => {
                self.proxy.cut();
                wait_trouble(&daemon, known);
                self.send_unread(&daemon, after);
                self.proxy.mend();
            }
            Blow::NetworkSilent => {
                self.proxy.silence();
                wait_trouble(&daemon, known);
                self.send_unread(&daemon, after);
                self.proxy.mend();
            }
        }
        self.feed.mark(self.kafka);
        daemon
    }

    /// These messages, and more until a minute of event time has passed.
    fn a_minute(&mut self, messages: &[Emitted]) -> Vec<Emitted> {
        let mut messages = messages.to_vec();
        let until = messages[0].sent + MINUTE;
        while messages[messages.len() - 1].sent < until {
            messages.extend(self.feed.take(1));
        }
        messages
    }

    /// Sends what the daemon cannot read now.
    fn send_unread(&mut self, daemon: &Daemon, messages: &[Emitted]) {
        self.feed.send(self.kafka, messages);
        let seen = daemon.positions(&self.feed.topic);
        assert_ne!(seen.next, self.feed.log.ends(), "the daemon reads as if nothing had happened");
    }

    fn compare(&self, daemon: &Daemon, tally: &mut Tally) {
        self.feed.wait_read(daemon);
        tally.compared(with_oracle(daemon, &self.feed));
    }

    /// Holds all that the daemon knows against what one knows that has read the same in one go.
    fn compare_export(&self, daemon: Daemon) {
        let other = setup(&self.kafka.brokers(), &self.feed.topic);
        let left_alone = other.start();
        self.feed.wait_read(&left_alone);
        assert!(daemon.stop().success() && left_alone.stop().success());
        assert!(export(&self.setup) == export(&other), "the canonical export differs from that of a daemon left alone");
    }
}

fn troubles(daemon: &Daemon) -> f64 {
    daemon.metrics()["goalkeeper_kafka_troubles_total"]
}

fn wait_trouble(daemon: &Daemon, known: f64) {
    wait_for("the daemon tells of its trouble with Kafka", LIMIT, || match troubles(daemon) {
        n if n > known => Ok(()),
        n => Err(format!("{n}; it says: {}", daemon.said())),
    });
}
