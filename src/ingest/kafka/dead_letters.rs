//! Copies of refused records for a topic of their own, so that somebody can look at them, mend them and send them again.
//!
//! Nothing waits for them: what finds no room or is not taken by Kafka is counted and told, and that is all.

use super::client::{connection, log_line, not_taken};
use crate::config::Kafka;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Monotonic};

/// Letters that wait for Kafka at most, and the KiB that they take.
const ROOM: [(&str, &str); 2] = [("queue.buffering.max.messages", "10000"), ("queue.buffering.max.kbytes", "32768")];
/// How often it is said that letters are not delivered.
const TELL_AFTER: Duration = Duration::from_secs(60);
/// How long the last letters may take.
const LAST: Duration = Duration::from_secs(5);

/// A record as it came.
pub type Original = Box<OwnedMessage>;

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Kafka has it.
    Delivered,
    /// Kafka did not take it.
    Failed,
    /// Too many were waiting for Kafka.
    Dropped,
}

impl Delivery {
    /// All of them.
    pub const ALL: [Delivery; 3] = [Delivery::Delivered, Delivery::Failed, Delivery::Dropped];

    /// Its name as labels write it.
    pub fn name(self) -> &'static str {
        match self {
            Delivery::Delivered => "delivered",
            Delivery::Failed => "failed",
            Delivery::Dropped => "dropped",
        }
    }
}

/// Sends dead letters, and never waits.
pub struct DeadLetters {
    producer: ThreadedProducer<Told>,
    topic: String,
}

impl DeadLetters {
    /// The way to the topic that the configuration names, if it names one. `count` hears what became of each letter.
    ///
    /// # Errors
    /// If the client does not take the properties.
    pub fn new(kafka: &Kafka, count: impl Fn(Delivery) + Send + Sync + 'static) -> anyhow::Result<Option<DeadLetters>> {
        let Some(topic) = kafka.dead_letters.clone() else { return Ok(None) };
        let mut config = connection(kafka, &ROOM);
        config.set("linger.ms", "20");
        let told = Told { topic: topic.clone(), count: Box::new(count), told: Mutex::default() };
        let producer = config.create_with_context(told).map_err(not_taken)?;
        Ok(Some(DeadLetters { producer, topic }))
    }

    /// Sends a copy of a refused record, with where it was and why it was refused in further headers.
    pub fn send(&self, refused: &Original, reason: &str, detail: &str) {
        let (partition, offset) = (refused.partition().to_string(), refused.offset().to_string());
        let mut headers = refused.headers().cloned().unwrap_or_else(OwnedHeaders::new);
        for (key, value) in [
            ("topic", refused.topic()),
            ("partition", &partition),
            ("offset", &offset),
            ("reason", reason),
            ("detail", detail),
        ] {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let mut letter = BaseRecord::<[u8], [u8]>::to(&self.topic).headers(headers);
        letter.key = refused.key();
        letter.payload = refused.payload();
        if let Err((error, _)) = self.producer.send(letter) {
            let is_full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            let delivery = if is_full { Delivery::Dropped } else { Delivery::Failed };
            self.producer.client().context().note(delivery, Some(&error));
        }
    }

    /// Waits a little for the last letters.
    pub fn finish(self) {
        if self.producer.flush(LAST).is_err() {
            tracing::warn!(
                topic = self.topic,
                letters = self.producer.in_flight_count(),
                "dead letters are left behind"
            );
        }
    }
}

/// Hears what becomes of letters.
struct Told {
    topic: String,
    count: Box<dyn Fn(Delivery) + Send + Sync>,
    told: Mutex<Option<Monotonic>>,
}

impl Told {
    fn note(&self, delivery: Delivery, error: Option<&KafkaError>) {
        (self.count)(delivery);
        let Some(error) = error else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= TELL_AFTER) {
            *told = Some(Monotonic::now());
            tracing::error!(
                topic = self.topic,
                "dead letters are not delivered: {error}. Refused records are still counted; see \
                 goalkeeper_dead_letters_total"
            );
        }
    }
}

impl ClientContext for Told {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        // What comes of it is told of the letters.
        tracing::debug!("kafka client: {error}: {reason}");
    }
}

impl ProducerContext for Told {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.note(Delivery::Delivered, None),
            Err((error, _)) => self.note(Delivery::Failed, Some(error)),
        }
    }
}
