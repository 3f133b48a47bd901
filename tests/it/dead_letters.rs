//! What becomes of refused records: the real daemon on a real Kafka.

use crate::support::calls::{STREAM, call, topic};
use crate::support::daemon::{Daemon, ROSTER, Setup};
use crate::support::kafka::{Message, shared};
use crate::support::{unique, wait_for};
use std::time::Duration;

const ANSWERED: &str = "goalkeeper_queue_window_answered{queue=\"support\",window=\"day\"}";

fn letters(result: &str) -> String {
    format!("goalkeeper_dead_letters_total{{result=\"{result}\"}}")
}

/// A daemon's directory for a topic, with `more` under `kafka:`.
fn setup(topic: &str, more: &str) -> Setup {
    let setup = Setup::new(&shared().brokers(), topic, ROSTER, STREAM);
    setup.change("  group_id:", &format!("  {more}\n  group_id:"));
    setup
}

/// A record that cannot be read.
fn bad() -> Message {
    Message { key: Some("key".to_owned()), ..Message::of("no json") }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn refused_records_are_copied_with_where_they_were_and_why() {
    let (read, refused) = (topic("letters", 2), topic("refused", 1));
    let late = "{\"specversion\":\"1.0\",\"id\":\"old\",\"source\":\"/pbx\",\"type\":\"contact.queued\",\
                \"time\":\"2025-01-05T09:00:00Z\",\"data\":{\"contact\":\"old\",\"queue\":\"support\"}}";
    let headers = vec![("ce_type".to_owned(), b"contact.queued".to_vec()), ("topic".to_owned(), b"theirs".to_vec())];
    let ignored = "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"/pbx\",\"type\":\"coffee.brewed\"}";
    shared().produce(&read, 1, call(1, 1));
    shared().produce(&read, 1, [Message { headers, ..bad() }, Message::of(late), Message::of(ignored)]);
    shared().produce(&read, 1, [Message { key: Some("k".to_owned()), ..Message::default() }]);
    let setup = setup(&read, &format!("dead_letters: {refused}"));
    let daemon = setup.start();
    daemon.wait_metric(&letters("delivered"), 3.0);
    let found = shared().read(&refused, 0, 3);
    let shown: Vec<String> = found.iter().map(show).collect();
    let r = &read;
    assert_eq!(
        shown,
        [
            format!(
                "key: no json [ce_type=contact.queued topic=theirs topic={r} partition=1 offset=3 reason=not_json \
                 detail=no valid JSON, line 1 column 2]"
            ),
            format!("-: {late} [topic={r} partition=1 offset=4 reason=late detail=]"),
            format!(
                "k: - [topic={r} partition=1 offset=6 reason=null_payload detail=the record has no value; to take an event \
                 back, send it again with retracted: true]"
            ),
        ]
    );
    // The position is behind them: they are not sent again.
    assert!(daemon.stop().success());
    let daemon = setup.start();
    shared().produce(&read, 0, [bad()]);
    daemon.wait_metric(&letters("delivered"), 1.0);
    assert_eq!(daemon.metrics()[&letters("failed")], 0.0);
    assert_eq!(daemon.metrics()[&letters("dropped")], 0.0);
    assert_eq!(shared().read(&refused, 0, 4).len(), 4);
}

/// Key, value and headers.
fn show(message: &Message) -> String {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let headers: Vec<String> = message.headers.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let (key, value) = (or_none(message.key.clone()), or_none(message.payload.as_ref().map(text)));
    format!("{key}: {value} [{}]", headers.join(" "))
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_dead_letter_topic_that_is_missing_or_has_no_room_holds_nothing_back() {
    let (read, refused) = (topic("letters", 1), unique("refused"));
    // One letter waits for the topic, and there is no room for more.
    let properties = "properties: {queue.buffering.max.messages: 1, topic.metadata.propagation.max.ms: 3000}";
    let setup = setup(&read, &format!("dead_letters: {refused}\n  {properties}"));
    shared().produce(&read, 0, [call(1, 1), vec![bad(), bad(), bad()], call(2, 2)].concat());
    let daemon = setup.start();
    daemon.wait_metric(ANSWERED, 2.0);
    daemon.wait_metric(&letters("dropped"), 2.0);
    daemon.wait_metric(&letters("failed"), 1.0);
    assert_eq!(daemon.metrics()[&letters("delivered")], 0.0);
    let told = "dead letters are not delivered";
    assert_eq!(daemon.said().matches(told).count(), 1, "{}", daemon.said());
    let refusals = format!("goalkeeper_records_refused_total{{partition=\"0\",reason=\"not_json\",topic=\"{read}\"}}");
    daemon.wait_metric(&refusals, 3.0);
    wait_checkpoint(&daemon);

    // Once it is there it is found.
    shared().create_topic(&refused, 1, &[]);
    wait_for("a letter is delivered", Duration::from_secs(60), || {
        shared().produce(&read, 0, [bad()]);
        let delivered = daemon.metrics()[&letters("delivered")];
        if delivered > 0.0 { Ok(()) } else { Err(daemon.said()) }
    });
    assert!(daemon.stop().success());
}

/// What comes after this is behind what was refused: the position did not wait.
fn wait_checkpoint(daemon: &Daemon) {
    let checkpoints = |daemon: &Daemon| daemon.metrics()["goalkeeper_checkpoints_total"];
    let before = checkpoints(daemon);
    wait_for("a checkpoint", Duration::from_secs(30), || match checkpoints(daemon) {
        after if after > before => Ok(()),
        after => Err(after.to_string()),
    });
}
