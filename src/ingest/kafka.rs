//! Reads every partition of the configured topics, on a thread of its own.
//!
//! The thread polls, decodes from the client's own memory, and hands batches over a bounded channel; where the channel
//! is full it waits, and the client stops fetching. Offsets live in goalkeeper's own state: the client is told where to
//! begin and never decides it itself.

use super::decode::{Decoded, Decoder, Message};
use super::refusal::Refused;
use crate::config::Kafka;
use crate::domain::time::Instant;
use anyhow::{Context as _, anyhow, bail};
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message as _, Timestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The most messages of one batch.
const BATCH: usize = 4096;
/// How long a poll waits for the first message of a batch.
const POLL: Duration = Duration::from_millis(50);
/// How long the broker may take to answer a question.
const ANSWER: Duration = Duration::from_secs(10);
/// How often new partitions are looked for.
const LOOK_AFTER: Duration = Duration::from_secs(10);

/// One partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic.
    pub topic: String,
    /// The partition's number in it.
    pub number: i32,
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// What the reader tells.
#[derive(Debug)]
pub enum Notice {
    /// These partitions are read from now on; batches name them by their place among all that were told.
    Opened(Vec<Opened>),
    /// Messages, and how far the partitions have come that had any.
    Batch(Batch),
    /// Something is wrong that may pass: the reader goes on trying.
    Trouble(String),
    /// The reader has given up; nothing more will come.
    Failed(String),
}

/// A partition whose reading begins.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Which.
    pub partition: Partition,
    /// The offset of the first message that will be read.
    pub from: i64,
    /// Messages between the stored position and `from` that the broker has deleted; 0 if none.
    pub lost: i64,
    /// True if there is nothing to read yet.
    pub at_end: bool,
}

/// Some messages, in the order of their arrival.
#[derive(Debug, Default)]
pub struct Batch {
    /// The messages.
    pub items: Vec<Item>,
    /// How far the partitions have come that had messages or were found to be at their end.
    pub reached: Vec<Reached>,
    /// How often the decoder's table of shared texts was full.
    pub name_resets: u64,
}

/// One message.
#[derive(Debug)]
pub struct Item {
    /// The partition's place among all that were told.
    pub partition: usize,
    /// Its offset.
    pub offset: i64,
    /// When it came to be.
    pub stamp: Stamp,
    /// What it is.
    pub what: Result<Decoded, Refused>,
}

/// Kafka's own timestamp of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The broker says when it appended it.
    Appended(Instant),
    /// The producer says when it made it.
    Created(Instant),
    /// Nobody says.
    Absent,
}

impl Stamp {
    /// What it says, whoever says it.
    pub fn time(self) -> Option<Instant> {
        match self {
            Stamp::Appended(time) | Stamp::Created(time) => Some(time),
            Stamp::Absent => None,
        }
    }
}

/// How far a partition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The partition's place among all that were told.
    pub partition: usize,
    /// The offset that comes next.
    pub next: i64,
    /// The offset after the partition's last message, as far as the client knows.
    pub end: i64,
    /// True if everything that was there has been read.
    pub at_end: bool,
}

/// Version of librdkafka and what is built into it.
pub fn client_info() -> String {
    let (_, version) = rdkafka::util::get_rdkafka_version();
    let features = ClientConfig::new().create_native_config().and_then(|config| config.get("builtin.features"));
    format!("{version} ({})", features.unwrap_or_default())
}

/// Receives the client's own log lines.
struct Log;

impl ClientContext for Log {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        use rdkafka::config::RDKafkaLogLevel as Level;
        match level {
            Level::Emerg | Level::Alert | Level::Critical | Level::Error => {
                tracing::warn!(facility, "kafka client: {message}");
            }
            Level::Warning | Level::Notice => tracing::info!(facility, "kafka client: {message}"),
            Level::Info | Level::Debug => tracing::debug!(facility, "kafka client: {message}"),
        }
    }
    fn error(&self, error: KafkaError, reason: &str) {
        // That a partition has an end is no news, and is told to the reader anyway.
        if !matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF)) {
            tracing::warn!("kafka client: {error}: {reason}");
        }
    }
}

impl ConsumerContext for Log {}

/// Reads; made by [`Reader::new`], then run on its own thread.
pub struct Reader {
    consumer: Arc<BaseConsumer<Log>>,
    topics: Vec<String>,
    positions: BTreeMap<String, i64>,
    decoder: Decoder,
    stop: Arc<AtomicBool>,
    partitions: Vec<Partition>,
    places: HashMap<Partition, usize>,
    states: Vec<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    next: i64,
    at_end: bool,
    touched: bool,
}

/// Tells the reader from outside to stop, and commits offsets for those who watch lag.
#[derive(Clone)]
pub struct Handle {
    consumer: Arc<BaseConsumer<Log>>,
    stop: Arc<AtomicBool>,
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
    /// A reader that goes on from `positions`: the next offset of each partition by its name.
    ///
    /// # Errors
    /// If the client does not take the properties.
    pub fn new(kafka: &Kafka, positions: BTreeMap<String, i64>, decoder: Decoder) -> anyhow::Result<(Reader, Handle)> {
        let mut config = ClientConfig::new();
        // Measured: the default back-off of a second halves the throughput of a busy consumer.
        config
            .set("fetch.queue.backoff.ms", "20")
            .set("fetch.wait.max.ms", "100")
            .set("queued.max.messages.kbytes", "32768")
            .set("socket.nagle.disable", "true");
        for (key, value) in &kafka.properties {
            config.set(key, value);
        }
        config
            .set("bootstrap.servers", kafka.brokers.join(","))
            .set("group.id", &kafka.group_id)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer<Log> =
            config.create_with_context(Log).context("the Kafka client does not take its properties")?;
        let consumer = Arc::new(consumer);
        let stop = Arc::new(AtomicBool::new(false));
        let handle = Handle { consumer: consumer.clone(), stop: stop.clone() };
        let reader = Reader {
            consumer,
            topics: kafka.topics.clone(),
            positions,
            decoder,
            stop,
            partitions: Vec::new(),
            places: HashMap::new(),
            states: Vec::new(),
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
        let mut looked: Option<std::time::Instant> = None;
        while !self.stop.load(Ordering::Relaxed) {
            if looked.is_none_or(|at| at.elapsed() >= LOOK_AFTER) {
                match self.look() {
                    Ok(opened) if opened.is_empty() => {}
                    Ok(opened) => {
                        if !tell(Notice::Opened(opened)) {
                            return Ok(());
                        }
                    }
                    Err(Trouble::Passing(problem)) => {
                        if !tell(Notice::Trouble(problem)) {
                            return Ok(());
                        }
                        if self.partitions.is_empty() {
                            // Nothing to read yet; the client's own timeouts pace the next attempt.
                            continue;
                        }
                    }
                    Err(Trouble::Lasting(error)) => return Err(error),
                }
                looked = Some(std::time::Instant::now());
            }
            let (batch, trouble) = self.batch()?;
            if let Some(problem) = trouble
                && !tell(Notice::Trouble(problem))
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

    /// Finds partitions that are not read yet and begins to read them.
    fn look(&mut self) -> Result<Vec<Opened>, Trouble> {
        let mut fresh = Vec::new();
        for topic in &self.topics {
            let passing = |problem: String| Trouble::Passing(format!("topic {topic}: {problem}"));
            let metadata =
                self.consumer.fetch_metadata(Some(topic), ANSWER).map_err(|error| passing(error.to_string()))?;
            let found = metadata.topics().iter().find(|found| found.name() == topic);
            let found = found.ok_or_else(|| passing("the broker does not tell of it".to_owned()))?;
            if let Some(error) = found.error() {
                return Err(passing(RDKafkaErrorCode::from(error).to_string()));
            }
            for partition in found.partitions() {
                let partition = Partition { topic: topic.clone(), number: partition.id() };
                if !self.places.contains_key(&partition) {
                    fresh.push(partition);
                }
            }
        }
        fresh.sort();
        let mut opened = Vec::new();
        let mut list = TopicPartitionList::new();
        for partition in fresh {
            let one = self.open(partition)?;
            let added = list.add_partition_offset(&one.partition.topic, one.partition.number, Offset::Offset(one.from));
            added.map_err(|error| Trouble::Lasting(error.into()))?;
            opened.push(one);
        }
        if !opened.is_empty() {
            self.consumer.incremental_assign(&list).map_err(|error| Trouble::Passing(error.to_string()))?;
        }
        for one in &opened {
            self.places.insert(one.partition.clone(), self.partitions.len());
            self.partitions.push(one.partition.clone());
            self.states.push(State { next: one.from, at_end: one.at_end, touched: false });
        }
        Ok(opened)
    }

    /// Decides where reading of a partition begins.
    fn open(&self, partition: Partition) -> Result<Opened, Trouble> {
        let (low, high) = self
            .consumer
            .fetch_watermarks(&partition.topic, partition.number, ANSWER)
            .map_err(|error| Trouble::Passing(format!("{partition}: {error}")))?;
        let stored = self.positions.get(&partition.to_string()).copied();
        let from = match stored {
            None => low,
            Some(stored) if stored > high => {
                return Err(Trouble::Lasting(anyhow!(
                    "{partition} ends at offset {high}, but {stored} messages of it have been counted: the topic was \
                     made anew or has lost data. Bring its data back, or start with an empty state directory"
                )));
            }
            Some(stored) => stored.max(low),
        };
        let lost = stored.map_or(0, |stored| from - stored);
        Ok(Opened { partition, from, lost, at_end: from >= high })
    }

    /// Polls once and then takes what is there.
    fn batch(&mut self) -> anyhow::Result<(Batch, Option<String>)> {
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
                    state.next = item.offset + 1;
                    state.at_end = false;
                    if !std::mem::replace(&mut state.touched, true) {
                        touched.push(item.partition);
                    }
                    batch.items.push(item);
                }
                Err(KafkaError::PartitionEOF(number)) => self.note_ends(number, &mut touched),
                Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset)) => bail!(
                    "the broker has deleted messages that were to be read next. Start again: goalkeeper goes on from \
                     what is left and counts what was lost"
                ),
                Err(KafkaError::MessageConsumptionFatal(code)) => bail!("the Kafka client gave up: {code}"),
                Err(error) => trouble = Some(error.to_string()),
            }
        }
        for place in touched {
            let state = &mut self.states[place];
            state.touched = false;
            let end = known_end(&consumer, &self.partitions[place]).unwrap_or(state.next).max(state.next);
            state.at_end |= state.next >= end;
            batch.reached.push(Reached { partition: place, next: state.next, end, at_end: state.at_end });
        }
        batch.name_resets = self.decoder.name_resets();
        Ok((batch, trouble))
    }

    /// The client says that some topic's partition of this number is at its end, but not which topic's. If several
    /// could be meant, it is those where nothing is left.
    fn note_ends(&mut self, number: i32, touched: &mut Vec<usize>) {
        let places: Vec<usize> = (0..self.partitions.len()).filter(|n| self.partitions[*n].number == number).collect();
        for &place in &places {
            let end = known_end(&self.consumer, &self.partitions[place]);
            let state = &mut self.states[place];
            // Behind the last message there may be markers of transactions, which are never handed out.
            if places.len() == 1 || end.is_some_and(|end| state.next >= end) {
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
        Some(Item { partition: place, offset: message.offset(), stamp, what })
    }
}

enum Trouble {
    /// Worth another attempt.
    Passing(String),
    /// Nothing will help but a person.
    Lasting(anyhow::Error),
}

/// The offset after a partition's last message, as the client learned with its last fetch; no question to the broker.
fn known_end(consumer: &BaseConsumer<Log>, partition: &Partition) -> Option<i64> {
    let topic = std::ffi::CString::new(partition.topic.as_str()).ok()?;
    let (mut low, mut high) = (-1, -1);
    // SAFETY: the client lives as long as `consumer`, the topic's name ends with a zero byte and outlives the call, and
    // both pointers are to local integers.
    let error = unsafe {
        rdkafka::bindings::rd_kafka_get_watermark_offsets(
            consumer.client().native_ptr(),
            topic.as_ptr(),
            partition.number,
            &mut low,
            &mut high,
        )
    };
    (error == rdkafka::bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
}
