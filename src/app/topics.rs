//! Topics that are made for a while, on real brokers.

use super::run::runtime;
use anyhow::bail;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;

fn admin(brokers: &[String]) -> anyhow::Result<AdminClient<DefaultClientContext>> {
    Ok(ClientConfig::new().set("bootstrap.servers", brokers.join(",")).create()?)
}

/// Makes a topic whose events are of any day.
pub(super) fn make(brokers: &[String], topic: &str, partitions: i32) -> anyhow::Result<()> {
    // Without this the broker would delete old events for their age.
    let wanted = [NewTopic::new(topic, partitions, TopicReplication::Fixed(1)).set("retention.ms", "-1")];
    let made = runtime()?.block_on(admin(brokers)?.create_topics(&wanted, &AdminOptions::new()))?;
    match made.into_iter().next() {
        Some(Ok(_)) => Ok(()),
        other => bail!("topic {topic} cannot be made: {other:?}"),
    }
}

/// Deletes it again.
pub(super) fn delete(brokers: &[String], topic: &str) -> anyhow::Result<()> {
    let deleted = runtime()?.block_on(admin(brokers)?.delete_topics(&[topic], &AdminOptions::new()))?;
    match deleted.into_iter().next() {
        Some(Ok(_)) => Ok(()),
        other => bail!("topic {topic} cannot be deleted: {other:?}"),
    }
}
