//! Reads every partition of the configured topics, on a thread of its own.
//!
//! The thread polls, decodes from the client's own memory, and hands batches over a bounded channel; where the channel
//! is full it waits, and the client stops fetching. Offsets live in goalkeeper's own state: the client is told where to
//! begin and never decides it itself. Where Kafka does not have what comes next, that is a [`Gap`]: it ends the reading, or
//! is told and read across, as the configuration says.

mod dead_letters;
mod gap;
mod native;
mod wanted;

pub use dead_letters::{DeadLetters, Delivery, Original};
pub use gap::Gap;

use super::decode::{Decoded, Decoder, Message};
use super::refusal::Refused;
use crate::config::{Kafka, OnGap};
use crate::domain::time::Instant;
use anyhow::{Context as _, anyhow, bail};
use gap::{Identity, resume};
use native::Topic;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message as _, Timestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Monotonic};
use wanted::Wanted;

/// The most messages of one batch.
const BATCH: usize = 4096;
/// How long a poll waits for the first message of a batch.
const POLL: Duration = Duration::from_millis(50);
/// How long the broker may take to answer a question.
const ANSWER: Duration = Duration::from_secs(10);
/// How often topics and partitions are looked at.
const LOOK_AFTER: Duration = Duration::from_secs(10);
/// How often, while something is missing or wrong.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// So often the broker may refuse an offset that it seems to have, before the log is taken for another one.
const REFUSALS: u32 = 3;

/// What the client does unless the configuration says otherwise. Measured: the default back-off of a second halves the
/// throughput of a busy consumer.
const CONSUMER: [(&str, &str); 3] =
    [("fetch.queue.backoff.ms", "20"), ("fetch.wait.max.ms", "100"), ("queued.max.messages.kbytes", "32768")];

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

/// Where the reading of everything goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    /// The place in each partition, by the partition's name.
    pub partitions: BTreeMap<String, Place>,
    /// What identifies each topic that the places are of.
    pub topics: BTreeMap<String, String>,
}

/// A place in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The offset that comes next.
    pub next: i64,
    /// The leader epoch under which the record before it was written; -1 if unknown. It tells whether that record is
    /// still there.
    pub epoch: i32,
}

/// What the reader tells.
#[derive(Debug)]
pub enum Notice {
    /// These partitions are read from now on, or from another offset on.
    Opened(Vec<Opened>),
    /// These topics and patterns are not there now. Told when it changes.
    Missing(BTreeSet<String>),
    /// Messages, and how far the partitions have come that had any.
    Batch(Batch),
    /// Kafka cannot be asked what there is, and why: the reader goes on trying. Told with every attempt.
    Unreachable(String),
    /// Kafka answers; told when it does for the first time, and when it does again.
    Reachable,
    /// Something is wrong that may pass: the reader goes on trying.
    Trouble(String),
    /// The reader has given up; nothing more will come.
    Failed(String),
}

/// A partition whose reading begins, or goes on elsewhere.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its place among all partitions that were told: batches name it so. The next free one if it is new.
    pub place: usize,
    /// Which.
    pub partition: Partition,
    /// What identifies its topic.
    pub topic: Option<String>,
    /// Where reading begins.
    pub from: Place,
    /// What is wrong with that.
    pub gap: Option<Gap>,
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
    /// As it came; only where refused records become dead letters.
    pub original: Option<Original>,
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
    /// Where it is now.
    pub to: Place,
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

/// Where the client finds Kafka, and what it does where the configuration says nothing else.
fn connection(kafka: &Kafka, defaults: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("socket.nagle.disable", "true");
    for (key, value) in defaults {
        config.set(*key, *value);
    }
    for (key, value) in &kafka.properties {
        config.set(key, value);
    }
    config.set("bootstrap.servers", kafka.brokers.join(","));
    config
}

/// The client's own words hold the value, which may be a secret.
fn not_taken(error: KafkaError) -> anyhow::Error {
    match error {
        KafkaError::ClientConfig(_, problem, key, _) => {
            anyhow!("the Kafka client does not take kafka.properties.{key}: {problem}")
        }
        error => anyhow::Error::new(error).context("the Kafka client does not take its properties"),
    }
}

/// Receives the client's own log lines, and keeps what it said last of why there is no connection.
#[derive(Default)]
struct Log {
    heard: Mutex<Option<String>>,
}

impl Log {
    fn heard(&self) -> MutexGuard<'_, Option<String>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What fails, without the thread that says so and how long it took.
fn why_not_connected(message: &str) -> String {
    let message = message.split_once("]: ").map_or(message, |(_, rest)| rest);
    message.split(" (after ").next().unwrap_or_default().to_owned()
}

fn log_line(level: RDKafkaLogLevel, facility: &str, message: &str) {
    use RDKafkaLogLevel as Level;
    match level {
        Level::Emerg | Level::Alert | Level::Critical | Level::Error => {
            tracing::warn!(facility, "kafka client: {message}");
        }
        Level::Warning | Level::Notice => tracing::info!(facility, "kafka client: {message}"),
        Level::Info | Level::Debug => tracing::debug!(facility, "kafka client: {message}"),
    }
}

impl ClientContext for Log {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        use RDKafkaLogLevel as Level;
        match (facility, level) {
            // Of each attempt to connect. The reader tells it, but not so often.
            ("FAIL", Level::Emerg | Level::Alert | Level::Critical | Level::Error) => {
                tracing::debug!(facility, "kafka client: {message}");
                *self.heard() = Some(why_not_connected(message));
            }
            _ => log_line(level, facility, message),
        }
    }
    fn error(&self, error: KafkaError, reason: &str) {
        match error {
            // The reader hears of these too, and tells them.
            KafkaError::Global(RDKafkaErrorCode::PartitionEOF) => {}
            KafkaError::Global(code) if is_about_connection(code) => {
                tracing::debug!("kafka client: {error}: {reason}");
            }
            _ => tracing::warn!("kafka client: {error}: {reason}"),
        }
    }
}

/// True if there is no connection: what is wrong shows when Kafka is asked next.
fn is_about_connection(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::Resolve
            | Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::SSL
            | Code::OperationTimedOut
            | Code::RequestTimedOut
    )
}

impl ConsumerContext for Log {}

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

    /// Looks at the topics: begins to read partitions that are not read yet, and finds gaps.
    ///
    /// If the broker has `refused` an offset, it does not say of which partition, so the place in each is looked at. Where
    /// no gap can be seen they are asked for again, with the leader epochs of what was read; where that is refused too, a
    /// log has been cut and has grown again.
    fn look(&mut self, refused: bool) -> Result<Vec<Notice>, Trouble> {
        let Seen { topics, missing } = self.topics()?;
        let is_rewritten = refused && self.refused >= REFUSALS;
        let (mut opened, mut closed, mut identities) = (Vec::new(), Vec::new(), Vec::new());
        let mut next_place = self.partitions.len();
        for (name, topic) in &topics {
            let identity = self.identity(topic);
            let before = self.positions.topics.get(name);
            let recreated = before.zip(identity.as_ref()).and_then(|(before, now)| now.gap_since(before));
            let identity = identity.map(|identity| identity.text());
            // The client may have given up a topic that was gone for a while.
            let is_back = self.missing.contains(name);
            for &number in &topic.partitions {
                let partition = Partition { topic: name.clone(), number };
                let is_read = self.places.contains_key(&partition);
                if is_read && recreated.is_none() && !refused && !is_back {
                    continue;
                }
                opened.push(self.open(partition, identity.clone(), next_place, recreated.clone(), is_rewritten)?);
                next_place += usize::from(!is_read);
            }
            if recreated.is_some() {
                let is_gone = |p: &&Partition| p.topic == *name && !topic.partitions.contains(&p.number);
                closed.extend(self.places.keys().filter(is_gone).cloned());
            }
            identities.extend(identity.map(|identity| (name.clone(), identity)));
        }
        let is_explained = !missing.is_empty() || opened.iter().any(|one| one.gap.is_some());
        self.refused = if refused && !is_explained { self.refused + 1 } else { 0 };
        self.stop_at_gaps(&opened)?;
        let mut news = Vec::new();
        if self.missing != missing {
            self.missing = missing;
            news.push(Notice::Missing(self.missing.clone()));
        }
        news.extend(self.close(closed)?);
        self.positions.topics.extend(identities);
        if !self.is_reachable {
            news.push(Notice::Batch(self.ends_again(&topics)?));
        }
        if !opened.is_empty() {
            self.assign(&opened)?;
            news.push(Notice::Opened(opened));
        }
        if !std::mem::replace(&mut self.is_reachable, true) {
            *self.consumer.context().heard() = None;
            news.push(Notice::Reachable);
        }
        Ok(news)
    }

    /// What was at its end before Kafka could not be reached may have grown meanwhile.
    fn ends_again(&mut self, there: &[(String, Topic)]) -> Result<Batch, Trouble> {
        let mut batch = Batch { name_resets: self.decoder.name_resets(), ..Batch::default() };
        let is_there =
            |p: &Partition| there.iter().any(|(name, topic)| *name == p.topic && topic.partitions.contains(&p.number));
        for (partition, &place) in self.places.iter().filter(|(partition, _)| is_there(partition)) {
            let Partition { topic, number } = partition;
            let known = native::known_end(&self.consumer, topic, *number);
            let watermarks = self.consumer.fetch_watermarks(topic, *number, ANSWER);
            let (_, end) = watermarks.map_err(|error| Trouble::Passing(format!("{partition}: {error}")))?;
            let state = &mut self.states[place];
            // Behind the last record there may be markers of transactions: only what is new counts.
            state.at_end &= known.is_some_and(|known| end <= known);
            batch.reached.push(Reached { partition: place, to: state.place, end, at_end: state.at_end });
        }
        Ok(batch)
    }

    /// Decides where reading of a partition begins or goes on. `recreated` is the gap to the topic that was read before,
    /// `is_rewritten` says that some log is another one where this cannot be seen; a new partition gets the place `fresh`.
    fn open(
        &self,
        partition: Partition,
        topic: Option<String>,
        fresh: usize,
        recreated: Option<Gap>,
        is_rewritten: bool,
    ) -> Result<Opened, Trouble> {
        let place = self.places.get(&partition).copied();
        let is_known_topic = self.positions.topics.contains_key(&partition.topic);
        let position = match place {
            Some(place) => Some(self.states[place].place),
            // A partition that was added to a topic begins at 0.
            None => self.stored(&partition).or(is_known_topic.then_some(Place { next: 0, epoch: -1 })),
        };
        let watermarks = self.consumer.fetch_watermarks(&partition.topic, partition.number, ANSWER);
        let (begin, end) = watermarks.map_err(|error| Trouble::Passing(format!("{partition}: {error}")))?;
        let next = position.map(|position| position.next);
        let rewritten = next.filter(|_| is_rewritten).map(|position| Gap::Rewritten { position });
        let (next, gap) = resume(next, begin, end, recreated.or(rewritten));
        let epoch = position.filter(|_| gap.is_none()).map_or(-1, |position| position.epoch);
        let from = Place { next, epoch };
        Ok(Opened { place: place.unwrap_or(fresh), partition, topic, from, gap, at_end: next >= end })
    }

    fn identity(&self, topic: &Topic) -> Option<Identity> {
        match &topic.id {
            Some(id) => Some(Identity::Topic(id.clone())),
            None => self.consumer.client().fetch_cluster_id(ANSWER).map(Identity::Cluster),
        }
    }

    /// Asks which of the topics that are meant are there.
    fn topics(&self) -> Result<Seen, Trouble> {
        let mut names = self.wanted.names.clone();
        let mut missing = BTreeSet::new();
        // Listing all topics may be much; without a pattern it is only asked who answers.
        let some = if self.wanted.has_patterns() { None } else { names.first().map(String::as_str) };
        let metadata = self.consumer.fetch_metadata(some, ANSWER);
        let metadata = metadata.map_err(|error| Trouble::Passing(format!("listing topics: {error}")))?;
        let brokers = || metadata.brokers().iter().map(|broker| broker.id());
        let broker = brokers().find(|id| *id == metadata.orig_broker_id()).or(brokers().next());
        let broker = broker.ok_or_else(|| Trouble::Passing("no broker is known".to_owned()))?;
        if self.wanted.has_patterns() {
            let listed = metadata.topics().iter().map(|topic| topic.name().to_owned());
            let matching: Vec<String> = listed.filter(|topic| self.wanted.matches(topic)).collect();
            missing.extend(self.wanted.idle_patterns(&matching));
            // A topic that is gone is missed only if it was not read to its end.
            let unread = self.places.iter().filter(|(_, place)| !self.states[**place].at_end);
            let unread = unread.map(|(partition, _)| partition.topic.clone());
            names.extend(matching.into_iter().chain(unread));
            names.sort();
            names.dedup();
        }
        let mut topics = Vec::new();
        let described = native::describe(&self.consumer, broker, &names, ANSWER);
        for described in described.map_err(|error| Trouble::Passing(format!("describing topics: {error}")))? {
            match described.topic {
                Ok(topic) => topics.push((described.name, topic)),
                Err(RDKafkaErrorCode::UnknownTopicOrPartition) => drop(missing.insert(described.name)),
                Err(error) => return Err(Trouble::Passing(format!("topic {}: {error}", described.name))),
            }
        }
        topics.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Seen { topics, missing })
    }

    fn stored(&self, partition: &Partition) -> Option<Place> {
        self.positions.partitions.get(&partition.to_string()).copied()
    }

    /// Ends the reading at gaps, if that is what the configuration says.
    fn stop_at_gaps(&self, opened: &[Opened]) -> Result<(), Trouble> {
        let mut gaps = opened.iter().filter_map(|one| Some((&one.partition, one.gap.as_ref()?)));
        let (OnGap::Stop, Some((partition, gap))) = (self.on_gap, gaps.next()) else { return Ok(()) };
        let more = match gaps.count() {
            0 => String::new(),
            n => format!(" (and {n} more partitions)"),
        };
        Err(Trouble::Lasting(anyhow!(
            "{partition}{more}: {gap}. With `kafka.on_gap: continue` goalkeeper goes on with what Kafka has, and keeps and \
             completes its figures; with an empty state directory it begins anew"
        )))
    }

    /// Lets go of partitions that their topic no longer has.
    fn close(&mut self, partitions: Vec<Partition>) -> Result<Option<Notice>, Trouble> {
        if partitions.is_empty() {
            return Ok(None);
        }
        let mut batch = Batch::default();
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&partition.topic, partition.number);
            let to = Place { next: 0, epoch: -1 };
            self.positions.partitions.insert(partition.to_string(), to);
            if let Some(place) = self.places.remove(&partition) {
                batch.reached.push(Reached { partition: place, to, end: 0, at_end: true });
                self.states[place].at_end = true;
            }
        }
        self.consumer.incremental_unassign(&list).map_err(|error| Trouble::Lasting(error.into()))?;
        Ok(Some(Notice::Batch(batch)))
    }

    /// Lets the client read from where partitions are opened.
    fn assign(&mut self, opened: &[Opened]) -> Result<(), Trouble> {
        let mut again = TopicPartitionList::new();
        let mut list = TopicPartitionList::new();
        let mut to_validate = TopicPartitionList::new();
        for one in opened {
            let Partition { topic, number } = &one.partition;
            let added = list.add_partition_offset(topic, *number, Offset::Offset(one.from.next));
            added.map_err(|error| Trouble::Lasting(error.into()))?;
            if one.from.next > 0 && one.from.epoch >= 0 {
                let added = to_validate.add_partition_offset(topic, *number, Offset::Offset(one.from.next));
                added.map_err(|error| Trouble::Lasting(error.into()))?;
                native::set_leader_epoch(&mut to_validate, topic, *number, one.from.epoch);
            }
            let state = State { place: one.from, at_end: one.at_end, touched: false };
            match self.states.get_mut(one.place) {
                Some(known) => {
                    again.add_partition(topic, *number);
                    *known = state;
                }
                None => {
                    self.places.insert(one.partition.clone(), one.place);
                    self.partitions.push(one.partition.clone());
                    self.states.push(state);
                }
            }
        }
        let lasting = |error: KafkaError| Trouble::Lasting(error.into());
        if again.count() > 0 {
            self.consumer.incremental_unassign(&again).map_err(lasting)?;
        }
        self.consumer.incremental_assign(&list).map_err(lasting)?;
        self.validate(to_validate).map_err(|error| Trouble::Lasting(error.context("seeking in partitions")))
    }

    /// Lets the client ask the broker whether what was read before these places is still there. It does so for a seek, and
    /// not for an assignment.
    fn validate(&self, mut list: TopicPartitionList) -> anyhow::Result<()> {
        let given_up = Monotonic::now() + ANSWER;
        while list.count() > 0 {
            list = self.consumer.seek_partitions(list, ANSWER)?;
            match list.elements().iter().find_map(|element| element.error().err()) {
                None => break,
                // The client still puts the assignment into practice.
                Some(_) if Monotonic::now() < given_up => std::thread::sleep(Duration::from_millis(10)),
                Some(error) => return Err(error.into()),
            }
        }
        Ok(())
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

/// What a look finds.
struct Seen {
    /// The topics that are meant and there, by name.
    topics: Vec<(String, Topic)>,
    /// The names and patterns that are not.
    missing: BTreeSet<String>,
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

/// Why a look did not succeed.
enum Trouble {
    /// Worth another attempt.
    Passing(String),
    /// Nothing will help but a person.
    Lasting(anyhow::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_there_is_no_connection_is_told_without_what_changes_with_each_attempt() {
        let message = "[thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection \
                       refused (after 0ms in state CONNECT, 1 identical error(s) suppressed)";
        assert_eq!(
            why_not_connected(message),
            "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused"
        );
        assert_eq!(why_not_connected("as it is"), "as it is");
    }

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
