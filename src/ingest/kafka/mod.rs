//! Reads every partition of the configured topics, on a thread of its own.
//!
//! The thread polls, decodes from the client's own memory, and hands batches over a bounded channel; where the channel
//! is full it waits, and the client stops fetching. Offsets live in goalkeeper's own state: the client is told where to
//! begin and never decides it itself. Where Kafka does not have what comes next, that is a [`Gap`]: it ends the reading, or
//! is told and read across, as the configuration says.

mod client;
mod dead_letters;
mod gap;
mod look;
mod native;
mod news;
mod wanted;

pub use client::client_info;
pub use dead_letters::{DeadLetters, Delivery, Original};
pub use gap::Gap;
pub use news::{Batch, Item, Notice, Opened, Partition, Place, Positions, Reached, Stamp};

use super::decode::{Decoder, Message};
use crate::config::{Kafka, OnGap};
use crate::domain::time::Instant;
use anyhow::{Context as _, bail};
use client::{Log, connection, is_about_connection, not_taken};
use look::Trouble;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message as _, Timestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Monotonic};
use wanted::Wanted;

/// The most messages of one batch.
const BATCH: usize = 4096;
/// How long a poll waits for the first message of a batch.
const POLL: Duration = Duration::from_millis(50);
/// How often topics and partitions are looked at.
const LOOK_AFTER: Duration = Duration::from_secs(10);
/// How often, while something is missing or wrong.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// What the client does unless the configuration says otherwise. Measured: the default back-off of a second halves the
/// throughput of a busy consumer.
const CONSUMER: [(&str, &str); 3] =
    [("fetch.queue.backoff.ms", "20"), ("fetch.wait.max.ms", "100"), ("queued.max.messages.kbytes", "32768")];

/// Reads; made by [`Reader::new`], then run on its own thread.
pub struct Reader {
    consumer: Arc<BaseConsumer<Log>>,
    wanted: Wanted,
    on_gap: OnGap,
    keeps_originals: bool,
    positions: Positions,
    decoder: Decoder,
    stop: Arc<AtomicBool>,
    partitions: Vec<Partition>,
    places: HashMap<Partition, usize>,
    states: Vec<State>,
    missing: BTreeSet<String>,
    refused: u32,
    is_reachable: bool,
    trouble: Option<(String, Monotonic)>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    place: Place,
    at_end: bool,
    touched: bool,
}

/// Tells the reader from outside to stop, and commits offsets for those who watch lag.
pub struct Handle {
    consumer: Arc<BaseConsumer<Log>>,
    stop: Arc<AtomicBool>,
}

impl Drop for Handle {
    /// Without anybody to read for, the reader ends, also when nothing comes that it could tell.
    fn drop(&mut self) {
        self.stop();
    }
}

impl Handle {
    /// Lets the reader end after its present poll.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Commits the offsets that come next, without waiting. They are for lag tools: nothing depends on them.
    pub fn commit(&self, positions: impl Iterator<Item = (Partition, i64)>) {
        let mut list = TopicPartitionList::new();
        for (partition, next) in positions {
            if list.add_partition_offset(&partition.topic, partition.number, Offset::Offset(next)).is_err() {
                tracing::debug!("offset {next} of {partition} cannot be committed");
            }
        }
        if list.count() > 0
            && let Err(error) = self.consumer.commit(&list, CommitMode::Async)
        {
            tracing::debug!("committing offsets for lag tools: {error}");
        }
    }
}

impl Reader {
    /// A reader that goes on from `positions`.
    ///
    /// # Errors
    /// If the client does not take the properties.
    pub fn new(kafka: &Kafka, positions: Positions, decoder: Decoder) -> anyhow::Result<(Reader, Handle)> {
        let mut config = connection(kafka, &CONSUMER);
        config
            .set("group.id", &kafka.group_id)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer<Log> = config.create_with_context(Log::default()).map_err(not_taken)?;
        let consumer = Arc::new(consumer);
        let wanted = Wanted::of(&kafka.topics).context("kafka.topics has an entry that is no pattern")?;
        let stop = Arc::new(AtomicBool::new(false));
        let handle = Handle { consumer: consumer.clone(), stop: stop.clone() };
        let reader = Reader {
            consumer,
            wanted,
            on_gap: kafka.on_gap,
            keeps_originals: kafka.dead_letters.is_some(),
            positions,
            decoder,
            stop,
            partitions: Vec::new(),
            places: HashMap::new(),
            states: Vec::new(),
            missing: BTreeSet::new(),
            refused: 0,
            is_reachable: false,
            trouble: None,
        };
        Ok((reader, handle))
    }

    /// Reads until it is stopped or `tell` says that nobody listens any more.
    pub fn run(mut self, mut tell: impl FnMut(Notice) -> bool) {
        if let Err(error) = self.read(&mut tell) {
            tell(Notice::Failed(format!("{error:#}")));
        }
    }

    fn read(&mut self, tell: &mut impl FnMut(Notice) -> bool) -> anyhow::Result<()> {
        let mut next_look = Monotonic::now();
        let (mut refused, mut just_refused) = (false, false);
        while !self.stop.load(Ordering::Relaxed) {
            let mut unreachable = None;
            if Monotonic::now() >= next_look {
                let look = self.look(refused);
                let is_well = look.is_ok() && self.missing.is_empty();
                next_look = Monotonic::now() + if is_well { LOOK_AFTER } else { LOOK_SOON };
                match look {
                    Ok(news) => {
                        refused = false;
                        if !news.into_iter().all(&mut *tell) {
                            return Ok(());
                        }
                    }
                    Err(Trouble::Passing(problem)) => {
                        self.is_reachable = false;
                        unreachable = Some(problem);
                    }
                    Err(Trouble::Lasting(error)) => return Err(error),
                }
            }
            let (batch, trouble) = self.batch()?;
            if let Some(problem) = unreachable {
                // What the client says of it comes with a poll, and says more.
                let heard = self.consumer.context().heard().take();
                if !tell(Notice::Unreachable(heard.unwrap_or(problem))) {
                    return Ok(());
                }
            }
            match trouble {
                Some(Problem::OffsetRefused) => (refused, just_refused) = (true, true),
                Some(Problem::Connection) => next_look = next_look.min(Monotonic::now() + LOOK_SOON),
                // Several partitions may be refused at once: the look waits until all of them have said so.
                _ if std::mem::take(&mut just_refused) => next_look = Monotonic::now(),
                _ => {}
            }
            if let Some(Problem::Other(problem)) = trouble
                && !self.tell_trouble(problem, tell)
            {
                return Ok(());
            }
            let is_news = !batch.items.is_empty() || !batch.reached.is_empty();
            if is_news && !tell(Notice::Batch(batch)) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Tells a trouble, but not the same one again and again.
    fn tell_trouble(&mut self, problem: String, tell: &mut impl FnMut(Notice) -> bool) -> bool {
        let is_known = |(known, at): &(String, Monotonic)| *known == problem && at.elapsed() < LOOK_AFTER;
        if self.trouble.as_ref().is_some_and(is_known) {
            return true;
        }
        self.trouble = Some((problem.clone(), Monotonic::now()));
        tell(Notice::Trouble(problem))
    }

    /// Polls once and then takes what is there.
    fn batch(&mut self) -> anyhow::Result<(Batch, Option<Problem>)> {
        let consumer = self.consumer.clone();
        let mut batch = Batch::default();
        let mut trouble = None;
        let mut wait = POLL;
        let mut touched = Vec::new();
        while batch.items.len() < BATCH {
            let Some(polled) = consumer.poll(wait) else { break };
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    let Some(item) = self.item(&message) else { continue };
                    let state = &mut self.states[item.partition];
                    state.place = Place { next: item.offset + 1, epoch: native::leader_epoch(&message) };
                    state.at_end = false;
                    if !std::mem::replace(&mut state.touched, true) {
                        touched.push(item.partition);
                    }
                    batch.items.push(item);
                }
                Err(KafkaError::PartitionEOF(number)) => self.note_ends(number, &mut touched),
                Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset)) => {
                    trouble = Some(Problem::OffsetRefused);
                }
                Err(KafkaError::MessageConsumption(code)) if is_about_connection(code) => {
                    trouble.get_or_insert(Problem::Connection);
                }
                Err(KafkaError::MessageConsumptionFatal(code)) => bail!("the Kafka client gave up: {code}"),
                Err(_) if matches!(trouble, Some(Problem::OffsetRefused)) => {}
                Err(error) => trouble = Some(Problem::Other(error.to_string())),
            }
        }
        for place in touched {
            let state = &mut self.states[place];
            state.touched = false;
            let Partition { topic, number } = &self.partitions[place];
            let next = state.place.next;
            let end = native::known_end(&consumer, topic, *number).unwrap_or(next).max(next);
            state.at_end |= next >= end;
            batch.reached.push(Reached { partition: place, to: state.place, end, at_end: state.at_end });
        }
        batch.name_resets = self.decoder.name_resets();
        Ok((batch, trouble))
    }

    /// The client says that some topic's partition of this number is at its end, but not which topic's. If several
    /// could be meant, it is those where nothing is left.
    fn note_ends(&mut self, number: i32, touched: &mut Vec<usize>) {
        let places: Vec<usize> = (0..self.partitions.len()).filter(|n| self.partitions[*n].number == number).collect();
        for &place in &places {
            let end = native::known_end(&self.consumer, &self.partitions[place].topic, number);
            let state = &mut self.states[place];
            // Behind the last message there may be markers of transactions, which are never handed out.
            if places.len() == 1 || end.is_some_and(|end| state.place.next >= end) {
                state.at_end = true;
                if !std::mem::replace(&mut state.touched, true) {
                    touched.push(place);
                }
            }
        }
    }

    fn item(&mut self, message: &BorrowedMessage<'_>) -> Option<Item> {
        let place = match self.partitions.as_slice() {
            [only] if only.number == message.partition() => 0,
            _ => {
                let partition = Partition { topic: message.topic().to_owned(), number: message.partition() };
                *self.places.get(&partition)?
            }
        };
        let stamp = match message.timestamp() {
            Timestamp::LogAppendTime(ms) => Stamp::Appended(Instant(ms)),
            Timestamp::CreateTime(ms) => Stamp::Created(Instant(ms)),
            Timestamp::NotAvailable => Stamp::Absent,
        };
        let headers: Vec<(&str, &[u8])> = message
            .headers()
            .map(|headers| headers.iter().map(|header| (header.key, header.value.unwrap_or_default())).collect())
            .unwrap_or_default();
        let what = self.decoder.decode(Message { payload: message.payload(), headers: &headers });
        // Whether the engine refuses it is only known later.
        let original = self.keeps_originals.then(|| Box::new(message.detach()));
        Some(Item { partition: place, offset: message.offset(), stamp, what, original })
    }
}

/// What a poll may meet.
enum Problem {
    /// The broker does not have the offset that was to be read next, and the client has stopped to read that partition.
    OffsetRefused,
    /// There is no connection to a broker.
    Connection,
    /// Something else.
    Other(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_the_client_does_not_take_is_told_without_its_value() {
        let properties = [("sasl.pasword".to_owned(), "hunter2".to_owned())].into();
        let kafka = Kafka { properties, brokers: vec!["127.0.0.1:1".to_owned()], ..Kafka::default() };
        let problem =
            Reader::new(&kafka, Positions::default(), Decoder::new([0; 16])).map(drop).expect_err("is unknown");
        let problem = format!("{problem:#}");
        assert!(problem.contains("kafka.properties.sasl.pasword"), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}
