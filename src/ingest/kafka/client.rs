//! The client of librdkafka: its properties, and what it says.

use crate::config::Kafka;
use anyhow::anyhow;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Version of librdkafka and what is built into it.
pub fn client_info() -> String {
    let (_, version) = rdkafka::util::get_rdkafka_version();
    let features = ClientConfig::new().create_native_config().and_then(|config| config.get("builtin.features"));
    format!("{version} ({})", features.unwrap_or_default())
}

/// Where the client finds Kafka, and what it does where the configuration says nothing else.
pub(super) fn connection(kafka: &Kafka, defaults: &[(&str, &str)]) -> ClientConfig {
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
pub(super) fn not_taken(error: KafkaError) -> anyhow::Error {
    match error {
        KafkaError::ClientConfig(_, problem, key, _) => {
            anyhow!("the Kafka client does not take kafka.properties.{key}: {problem}")
        }
        error => anyhow::Error::new(error).context("the Kafka client does not take its properties"),
    }
}

/// Receives the client's own log lines, and keeps what it said last of why there is no connection.
#[derive(Default)]
pub(super) struct Log {
    heard: Mutex<Option<String>>,
}

impl Log {
    /// What was said last of why there is no connection.
    pub(super) fn heard(&self) -> MutexGuard<'_, Option<String>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What fails, without the thread that says so and how long it took.
fn why_not_connected(message: &str) -> String {
    let message = message.split_once("]: ").map_or(message, |(_, rest)| rest);
    message.split(" (after ").next().unwrap_or_default().to_owned()
}

pub(super) fn log_line(level: RDKafkaLogLevel, facility: &str, message: &str) {
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
pub(super) fn is_about_connection(code: RDKafkaErrorCode) -> bool {
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
}
