//! What most tests with a real Kafka begin with: a topic of their own and some answered calls.

use super::kafka::{Message, shared};
use super::unique;

/// The events of one answered call of Ines's, `minutes` after nine.
pub fn call(n: usize, minutes: usize) -> Vec<Message> {
    let event = |kind: &str, seconds: usize, data: &str| {
        let time = format!("2026-01-05T{:02}:{:02}:{:02}Z", 9 + minutes / 60, minutes % 60, seconds);
        Message::of(format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{n}-{seconds}\",\"source\":\"/pbx\",\"type\":\"contact.{kind}\",\
             \"time\":\"{time}\",\"data\":{{\"contact\":\"c{n}\",\"queue\":\"support\"{data}}}}}"
        ))
    };
    vec![
        event("queued", 0, ",\"customer\":\"k1\""),
        event("answered", 10, ",\"rep\":\"ines\""),
        event("ended", 40, ",\"rep\":\"ines\""),
    ]
}

/// A topic of its own on the shared broker.
pub fn topic(name: &str, partitions: i32) -> String {
    let topic = unique(name);
    shared().create_topic(&topic, partitions, &[]);
    topic
}

/// Time is what the events say.
pub const STREAM: &str = "clock: stream\n";
