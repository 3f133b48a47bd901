//! Sends events to a topic.

use anyhow::{Context, anyhow};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a broker may take.
const ANSWER: Duration = Duration::from_secs(30);

/// A producer of one topic. Sending waits when the client's queue is full.
pub struct Topic {
    producer: ThreadedProducer<Deliveries>,
    topic: String,
    failed: Arc<AtomicU64>,
}

/// Counts messages that no broker took.
struct Deliveries {
    failed: Arc<AtomicU64>,
}

impl rdkafka::ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            tracing::warn!("a message was not taken: {error}");
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Topic {
    /// Opens a topic on a cluster.
    ///
    /// # Errors
    /// If the client does not take the properties.
    pub fn open(brokers: &[String], topic: &str) -> anyhow::Result<Topic> {
        let failed = Arc::new(AtomicU64::new(0));
        let producer: ThreadedProducer<Deliveries> = ClientConfig::new()
            .set("bootstrap.servers", brokers.join(","))
            .set("linger.ms", "5")
            .set("enable.idempotence", "true")
            .set("queue.buffering.max.kbytes", "65536")
            .create_with_context(Deliveries { failed: failed.clone() })
            .context("the Kafka client does not take its properties")?;
        Ok(Topic { producer, topic: topic.to_owned(), failed })
    }

    /// How many partitions the topic has.
    ///
    /// # Errors
    /// If no broker answers or the topic does not exist.
    pub fn partitions(&self) -> anyhow::Result<u32> {
        let metadata = self.producer.client().fetch_metadata(Some(&self.topic), ANSWER)?;
        let found = metadata.topics().iter().find(|topic| topic.name() == self.topic);
        let partitions = found.map_or(0, |topic| topic.partitions().len());
        match u32::try_from(partitions) {
            Ok(n) if n > 0 => Ok(n),
            _ => Err(anyhow!("topic {} does not exist: create it first", self.topic)),
        }
    }

    /// Sends one message; waits while the client's queue is full.
    ///
    /// # Errors
    /// If the client refuses the message.
    pub fn send(&self, partition: u32, key: &str, payload: &[u8], time: i64) -> anyhow::Result<()> {
        let partition = i32::try_from(partition)?;
        let mut record = BaseRecord::to(&self.topic).partition(partition).key(key).payload(payload).timestamp(time);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(Duration::from_millis(20));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }

    /// Waits until every message was taken.
    ///
    /// # Errors
    /// If some were not.
    pub fn flush(&self) -> anyhow::Result<()> {
        self.producer.flush(ANSWER)?;
        match self.failed.load(Ordering::Relaxed) {
            0 => Ok(()),
            failed => Err(anyhow!("{failed} messages to {} were not taken: see the log", self.topic)),
        }
    }
}
