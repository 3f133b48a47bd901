//! Producers and clients that do too much of everything: what they take is bounded and shows, and the rest goes on.

use crate::support::calls::{STREAM, call, topic};
use crate::support::daemon::{Daemon, ROSTER, Setup};
use crate::support::kafka::{Kafka, Message, shared};
use crate::support::wait_for;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A contact of which everything is made up.
fn made_up(n: usize) -> Message {
    Message::of(format!(
        "{{\"specversion\":\"1.0\",\"id\":\"e{n}\",\"source\":\"/pbx\",\"type\":\"contact.answered\",\
         \"time\":\"2026-01-05T09:00:{:02}Z\",\"data\":{{\"contact\":\"m{n}\",\"queue\":\"q{n}\",\"rep\":\"r{n}\",\
         \"team\":\"t{n}\",\"customer\":\"k{n}\",\"issue\":\"i{n}\",\"attributes\":{{\"a{n}\":\"{n}\"}}}}}}",
        n % 60
    ))
}

fn series(daemon: &Daemon, of: &str) -> usize {
    daemon.metrics().keys().filter(|name| name.starts_with(of)).count()
}

/// One more call is answered, and the daemon counts it.
fn still_counts(kafka: &Kafka, topic: &str, daemon: &Daemon, n: usize) {
    let answered = "goalkeeper_queue_answered_total{queue=\"support\"}";
    let before = daemon.metrics()[answered];
    kafka.produce(topic, 0, call(n, n));
    daemon.wait_metric(answered, before + 1.0);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn made_up_names_are_refused_beyond_a_bound_and_the_rest_goes_on() {
    let kafka = shared();
    let topic = topic("made-up", 1);
    let more = format!("{STREAM}rules: {{saturation: {{unlisted: 90, records: 1000}}}}\n");
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, &more);
    kafka.produce(&topic, 0, call(1, 1));
    kafka.produce(&topic, 0, (0..2_000).map(made_up));
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_unlisted_scopes", 90.0);
    let refused = format!("goalkeeper_events_refused_total{{partition=\"0\",reason=\"crowded\",topic=\"{topic}\"}}");
    // Three names each: thirty contacts are taken.
    daemon.wait_metric(&refused, 1_970.0);
    daemon.wait_metric("goalkeeper_queue_answered_total{queue=\"support\"}", 1.0);
    assert!(series(&daemon, "goalkeeper_queue_answered_total") <= 31);
    still_counts(kafka, &topic, &daemon, 2);

    // Contacts without end of a queue that is listed.
    let contact = |n: usize| {
        let text = format!(
            "{{\"specversion\":\"1.0\",\"id\":\"x{n}\",\"source\":\"/pbx\",\"type\":\"contact.queued\",\
             \"time\":\"2026-01-05T09:01:00Z\",\"data\":{{\"contact\":\"x{n}\",\"queue\":\"support\"}}}}"
        );
        Message::of(text)
    };
    // Thirty made-up contacts, their customers and their reps' hours, two calls of one of these, and the hour of their rep.
    daemon.wait_metric("goalkeeper_live_records", 93.0);
    kafka.produce(&topic, 0, (0..2_000).map(contact));
    let refused = format!("goalkeeper_events_refused_total{{partition=\"0\",reason=\"full\",topic=\"{topic}\"}}");
    daemon.wait_metric(&refused, 93.0 + 1_000.0);
    daemon.wait_metric("goalkeeper_live_records", 1_000.0);
    // What is known already still learns.
    let left = "{\"specversion\":\"1.0\",\"id\":\"left\",\"source\":\"/pbx\",\"type\":\"contact.abandoned\",\
                \"time\":\"2026-01-05T09:02:00Z\",\"data\":{\"contact\":\"x0\",\"queue\":\"support\"}}";
    kafka.produce(&topic, 0, vec![Message::of(left.to_owned())]);
    daemon.wait_metric("goalkeeper_queue_abandoned_total{queue=\"support\"}", 1.0);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn the_same_record_a_hundred_thousand_times_counts_once() {
    let kafka = shared();
    let topic = topic("same", 1);
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let answered = call(1, 1).remove(1);
    for _ in 0..10 {
        kafka.produce(&topic, 0, vec![answered.clone(); 10_000]);
    }
    let daemon = setup.start();
    let unchanged = format!("goalkeeper_events_unchanged_total{{partition=\"0\",topic=\"{topic}\"}}");
    daemon.wait_metric(&unchanged, 99_999.0);
    daemon.wait_metric("goalkeeper_queue_answered_total{queue=\"support\"}", 1.0);
    // The contact, and the hour of its rep, who is still on it.
    daemon.wait_metric("goalkeeper_live_records", 2.0);
    assert!(daemon.metrics()["goalkeeper_record_memory_bytes"] < 1_000.0);
    still_counts(kafka, &topic, &daemon, 2);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn clients_that_sit_stare_or_shout_do_not_harm_the_reading() {
    let kafka = shared();
    let topic = topic("clients", 1);
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    kafka.produce(&topic, 0, call(1, 1));
    let daemon = setup.start();
    daemon.wait_metric("goalkeeper_queue_answered_total{queue=\"support\"}", 1.0);
    rlimit::increase_nofile_limit(8_192).expect("so many files may be open");
    let knock = || TcpStream::connect(daemon.address()).expect("the door is open");

    // A thousand that say nothing.
    let idle: Vec<TcpStream> = (0..1_000).map(|_| knock()).collect();
    // Some that ask for the page over and over and never take it.
    let stuck: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = knock();
            for _ in 0..50 {
                // The door may close on who is that rude.
                let _ = stream.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
            }
            stream
        })
        .collect();
    // Ten megabytes of question, of header, and of body.
    let long = "x".repeat(10 << 20);
    for request in [
        format!("GET /api/v1/figures?scope={long} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"),
        format!("POST /api/v1/figures HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{long}", long.len()),
    ] {
        let mut stream = knock();
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        // It may answer and close before it has read all.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = [0; 64];
        let said = stream
            .read(&mut answer)
            .map_or_else(|error| error.to_string(), |n| String::from_utf8_lossy(&answer[..n]).into_owned());
        assert!(!said.starts_with("HTTP/1.1 200"), "{said}");
    }
    for n in 2..5 {
        still_counts(kafka, &topic, &daemon, n);
    }
    // A thousand more find room no longer, or only just: each is closed or kept, and the page is there for who waits.
    let more: Vec<TcpStream> = (0..1_500).filter_map(|_| TcpStream::connect(daemon.address()).ok()).collect();
    drop(idle);
    wait_for("the door is open again", Duration::from_secs(60), || match daemon.get("/metrics") {
        (200, page) if page.contains("goalkeeper_http_connections_refused_total ") => Ok(()),
        (status, _) => Err(status.to_string()),
    });
    assert!(daemon.metrics()["goalkeeper_http_connections_refused_total"] > 0.0);
    drop((more, stuck));
    still_counts(kafka, &topic, &daemon, 6);
}
