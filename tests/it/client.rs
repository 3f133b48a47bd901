//! How the daemon gets to Kafka: with certificates, with passwords, and when nobody answers.

use crate::support::calls::{STREAM, call};
use crate::support::certificates::{Certificates, KEY_PASSWORD};
use crate::support::daemon::{Daemon, ROSTER, Setup};
use crate::support::kafka::{Kafka, Listener};
use crate::support::{free_port, unique, wait_for};
use std::time::{Duration, SystemTime};

const ANSWERED: &str = "goalkeeper_queue_window_answered{queue=\"support\",window=\"day\"}";
const REACHABLE: &str = "goalkeeper_kafka_reachable";
const READY: &str = "goalkeeper_ready";
const PASSWORD: &str = "right-and-secret";

/// A broker with one door that wants certificates and one that wants passwords, and a topic with one call.
struct Secure {
    kafka: Kafka,
    certificates: Certificates,
    tls: u16,
    sasl: u16,
    topic: String,
}

impl Secure {
    fn start() -> Secure {
        let certificates = Certificates::make();
        let (tls, sasl) = (free_port(), free_port());
        let login = "listener.name.sasl";
        let module = "sasl.jaas.config=org.apache.kafka.common.security";
        let more = format!(
            "ssl.keystore.type=PEM\nssl.keystore.location={}\nssl.truststore.type=PEM\nssl.truststore.location={}\n\
             listener.name.tls.ssl.client.auth=required\nsasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n\
             {login}.plain.{module}.plain.PlainLoginModule required user_keeper=\"{PASSWORD}\";\n\
             {login}.scram-sha-256.{module}.scram.ScramLoginModule required;\n\
             {login}.scram-sha-512.{module}.scram.ScramLoginModule required;\n",
            certificates.path("server.pem").display(),
            certificates.path("ca.pem").display(),
        );
        let users = ["SCRAM-SHA-256", "SCRAM-SHA-512"].map(|way| format!("{way}=[name=keeper,password={PASSWORD}]"));
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        let kafka = Kafka::start_with(
            &[
                Listener { name: "TLS", protocol: "SSL", port: tls, advertised: tls },
                Listener { name: "SASL", protocol: "SASL_SSL", port: sasl, advertised: sasl },
            ],
            &more,
            &users,
        );
        let topic = unique("secure");
        kafka.create_topic(&topic, 1, &[]);
        kafka.produce(&topic, 0, call(1, 1));
        Secure { kafka, certificates, tls, sasl, topic }
    }

    /// A daemon's directory with properties, and secrets from files that hold the given texts.
    fn setup(&self, port: u16, properties: &[(&str, &str)], secrets: &[(&str, &str)]) -> Setup {
        let setup = Setup::new(&format!("127.0.0.1:{port}"), &self.topic, ROSTER, STREAM);
        let written = |pairs: Vec<(&str, String)>| -> String {
            pairs.iter().map(|(key, value)| format!("    {key}: {value}\n")).collect()
        };
        let properties = properties.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let secrets = secrets.iter().map(|(key, secret)| {
            std::fs::write(setup.path().join(key), format!("{secret}\n")).expect("can be written");
            (*key, (*key).to_owned())
        });
        let text = format!("  properties:\n{}  secrets:\n{}", written(properties), written(secrets.collect()));
        setup.change("  group_id:", &format!("{text}  group_id:"));
        setup
    }
}

/// The daemon does not get in, says why, and keeps trying without telling any secret.
fn assert_stays_outside(setup: &Setup, why: &str, secrets: &[(&str, &str)]) {
    let daemon = Daemon::start(&setup.path(), setup.port);
    wait_for(why, Duration::from_secs(60), || match daemon.get("/-/ready") {
        (503, said) if said.contains("Kafka cannot be reached since") && said.contains(why) => Ok(()),
        other => Err(format!("{other:?}; it says: {}", daemon.said())),
    });
    assert_eq!(daemon.get("/-/healthy").0, 200);
    assert_eq!((daemon.metrics()[REACHABLE], daemon.metrics()[READY]), (0.0, 0.0));
    let said = daemon.said();
    assert!(said.contains("Kafka cannot be reached"), "{said}");
    for (key, secret) in secrets {
        assert!(!said.contains(secret), "{key} is told: {said}");
    }
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn certificates_and_passwords_let_the_daemon_in_and_wrong_ones_are_told() {
    let secure = Secure::start();
    let file = |name: &str| secure.certificates.path(name).display().to_string();
    let (ca, other) = (file("ca.pem"), file("other-ca.pem"));
    let (certificate, key) = (file("client.pem"), file("client.key"));
    let own = [("ssl.certificate.location", certificate.as_str()), ("ssl.key.location", key.as_str())];
    let tls = |ca| vec![("security.protocol", "ssl"), ("ssl.ca.location", ca)];
    let sasl = |mechanism| {
        let login = [("sasl.mechanism", mechanism), ("sasl.username", "keeper")];
        [&[("security.protocol", "sasl_ssl"), ("ssl.ca.location", ca.as_str())][..], &login].concat()
    };
    let key_password = [("ssl.key.password", KEY_PASSWORD)];
    let password = [("sasl.password", PASSWORD)];
    for setup in [
        secure.setup(secure.tls, &[&tls(&ca)[..], &own].concat(), &key_password),
        secure.setup(secure.sasl, &sasl("PLAIN"), &password),
        secure.setup(secure.sasl, &sasl("SCRAM-SHA-256"), &password),
        secure.setup(secure.sasl, &sasl("SCRAM-SHA-512"), &password),
    ] {
        let daemon = setup.start();
        daemon.wait_metric(ANSWERED, 1.0);
        assert_eq!(daemon.metrics()[REACHABLE], 1.0);
        assert!(daemon.stop().success());
    }
    let wrong = [("sasl.password", "wrong-and-secret")];
    for (port, properties, secrets, why) in [
        (secure.tls, [&tls(&other)[..], &own].concat(), &key_password, "certificate verify failed"),
        (secure.tls, tls(&ca), &key_password, "certificate"),
        (secure.sasl, sasl("PLAIN"), &wrong, "Authentication failed"),
        (secure.sasl, sasl("SCRAM-SHA-256"), &wrong, "Authentication failed"),
        (secure.sasl, sasl("SCRAM-SHA-512"), &wrong, "Authentication failed"),
    ] {
        assert_stays_outside(&secure.setup(port, &properties, secrets), why, secrets);
    }
    // Whoever may come in without any of it is not asked.
    let plain = Setup::new(&secure.kafka.brokers(), &secure.topic, ROSTER, STREAM);
    plain.start().wait_metric(ANSWERED, 1.0);
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_broker_that_does_not_answer_is_waited_for_and_time_stands_still() {
    let mut kafka = Kafka::start();
    let topic = unique("away");
    kafka.create_topic(&topic, 1, &[]);
    kafka.produce(&topic, 0, call(1, 1));
    kafka.kill();
    // The wall clock is followed soon.
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, "rules: {idle: 1s}\n");
    let daemon = Daemon::start(&setup.path(), setup.port);
    let not_ready = |why: &str| {
        wait_for(why, Duration::from_secs(60), || match daemon.get("/-/ready") {
            (503, said) if said.contains(why) => Ok(()),
            other => Err(format!("{other:?}; it says: {}", daemon.said())),
        });
    };
    not_ready("Kafka has not answered yet");
    not_ready("Connection refused");
    // It is tried again and again, and told once.
    wait_for(
        "it is tried again",
        Duration::from_secs(60),
        || match daemon.metrics()["goalkeeper_kafka_troubles_total"] {
            n if n >= 3.0 => Ok(()),
            n => Err(n.to_string()),
        },
    );
    let told = |what: &str| daemon.said().matches(what).count();
    assert_eq!(told("Kafka cannot be reached"), 1, "{}", daemon.said());
    assert!(daemon.said().lines().count() < 10, "{}", daemon.said());
    assert_eq!(daemon.metrics()[REACHABLE], 0.0);

    kafka.revive();
    daemon.wait_metric(READY, 1.0);
    assert_eq!(told("Kafka can be reached again"), 1);
    daemon.wait_metric(&format!("goalkeeper_records_total{{partition=\"0\",topic=\"{topic}\"}}"), 3.0);
    let behind = || {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later").as_secs_f64();
        wall - daemon.metrics()["goalkeeper_time_timestamp_seconds"]
    };
    let wait_behind = |what: &str, is_so: fn(f64) -> bool| {
        wait_for(what, Duration::from_secs(30), || if is_so(behind()) { Ok(()) } else { Err(behind().to_string()) });
    };
    wait_behind("time is the wall clock", |behind| behind < 2.0);

    kafka.kill();
    daemon.wait_metric(REACHABLE, 0.0);
    daemon.wait_metric(READY, 0.0);
    not_ready("Kafka cannot be reached since");
    wait_behind("time stands still", |behind| behind > 4.0);
    kafka.revive();
    kafka.produce(&topic, 0, call(2, 2));
    daemon.wait_metric(READY, 1.0);
    daemon.wait_metric(&format!("goalkeeper_records_total{{partition=\"0\",topic=\"{topic}\"}}"), 6.0);
    wait_behind("time goes on", |behind| behind < 2.0);
    // Without Kafka it stops as well.
    kafka.kill();
    daemon.wait_metric(REACHABLE, 0.0);
    assert!(daemon.stop().success());
}
