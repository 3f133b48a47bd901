//! Configuration: the shipped files work, the reference is complete, and every mistake is told with its place.

use goalkeeper::config::{self, Config, Kafka};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_small_configuration_works() {
    let loaded = config::load(&root().join("config")).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.roster.reps.len(), 2);
    assert_eq!(loaded.config.kafka.expect("kafka is there").topics, ["contact-centre"]);
}

#[test]
fn the_reference_says_the_defaults() {
    let loaded = config::load_file(&root().join("config/reference.yaml")).unwrap_or_else(|p| panic!("{p}"));
    let kafka = Kafka {
        brokers: vec!["localhost:9092".to_owned()],
        topics: vec!["contact-centre".to_owned()],
        ..Kafka::default()
    };
    assert_eq!(loaded.config, Config { kafka: Some(kafka), ..Config::default() });
}

#[test]
fn the_reference_names_every_option() {
    let loaded = config::load_file(&root().join("config/reference.yaml")).unwrap_or_else(|p| panic!("{p}"));
    // These would have to exist: the reference shows them as comments.
    assert_eq!(loaded.unset, ["kafka.dead_letters", "customers.key_file", "server.reps_listen", "server.web_config"]);
}

/// Each folder under `bad/` is a configuration with mistakes; `expected.txt` in it is what `check` says.
/// `UPDATE=1` writes what is said now.
#[test]
fn every_rejected_configuration_says_what_and_where_and_what_would_be_right() {
    let folder = root().join("tests/fixtures/config/bad");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("fixtures are there")
        .map(|entry| entry.expect("can be read").path())
        .collect();
    names.sort();
    assert!(names.len() >= 20, "fixtures have gone missing: {}", names.len());
    let mut wrong = Vec::new();
    for path in names {
        let told = match check(&path) {
            Ok(()) => "no problem\n".to_owned(),
            Err(told) => told,
        };
        let expected = path.join("expected.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &told).expect("can be written");
        }
        let known = std::fs::read_to_string(&expected).unwrap_or_default();
        if told != known || told == "no problem\n" {
            wrong.push(format!("{}\n--- expected\n{known}--- told\n{told}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(directory: &Path) -> Result<(), String> {
    let told = |problems: config::problem::Problems| {
        let base = format!("{}/", directory.display());
        format!("{problems}\n").replace(&base, "")
    };
    config::load(directory).map(drop).map_err(told)
}

/// What is said when `before` runs and the file now holds `after`.
fn reloaded(before: &str, after: &str) -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("can be written");
    write("roster.yaml", "company: {id: acme, zone: UTC}\n");
    write("key", "00112233445566778899aabbccddeeff\n");
    write("secret", "something\n");
    write("goalkeeper.yaml", before);
    let running = config::load(directory.path()).unwrap_or_else(|problems| panic!("{problems}")).config;
    write("goalkeeper.yaml", after);
    let said = config::reload(directory.path(), &running);
    said.map(drop).map_err(|p| p.to_string().replace(&format!("{}/", directory.path().display()), ""))
}

const RUNNING: &str = "\
kafka:
  brokers: [a]
  topics: [b]
sources:
  /pbx:
    durations: reported
";

#[test]
fn what_cannot_change_while_goalkeeper_runs_is_refused_by_name_and_place() {
    let more = |text: &str| format!("{RUNNING}{text}");
    let kafka = |text: &str| RUNNING.replace("  topics: [b]", &format!("  topics: [b]\n  {text}"));
    let source = |text: &str| more(&format!("    {text}"));
    for (after, place, option, advice) in [
        (RUNNING.replace("[a]", "[c]"), "2:3", "kafka.brokers", "restart"),
        (RUNNING.replace("[b]", "[c]"), "3:3", "kafka.topics", "restart"),
        (kafka("on_gap: continue"), "4:3", "kafka.on_gap", "restart"),
        (kafka("dead_letters: c"), "4:3", "kafka.dead_letters", "restart"),
        (kafka("group_id: other"), "4:3", "kafka.group_id", "restart"),
        (kafka("properties: {client.id: x}"), "4:16", "kafka.properties.client.id", "restart"),
        (kafka("secrets: {ssl.key.password: secret}"), "4:13", "kafka.secrets.ssl.key.password", "restart"),
        (source("contacts: shared"), "7:5", "sources./pbx.contacts", "empty state directory"),
        (source("tickets: shared"), "7:5", "sources./pbx.tickets", "empty state directory"),
        (source("customers: shared"), "7:5", "sources./pbx.customers", "empty state directory"),
        (more("clock: stream"), "7:1", "clock", "restart"),
        (more("customers: {key_file: key}"), "7:13", "customers.key_file", "restart"),
        (more("state: {directory: elsewhere}"), "7:9", "state.directory", "restart"),
        (more("state: {record_memory_mib: 7}"), "7:9", "state.record_memory_mib", "restart"),
        (more("server: {listen: \"127.0.0.1:1\"}"), "7:10", "server.listen", "restart"),
        (more("server: {reps: true, reps_listen: \"127.0.0.1:1\"}"), "7:22", "server.reps_listen", "restart"),
    ] {
        let said = reloaded(RUNNING, &after).expect_err(option);
        let first = format!("goalkeeper.yaml:{place}: {option} cannot change while goalkeeper runs");
        assert!(said.starts_with(&first) && said.contains(advice) && said.ends_with("1 problem"), "{said}");
        assert!(!said.contains("something"), "{said}");
        // Taken away again it is a change too, told where it would stand.
        let said = reloaded(&after, RUNNING).expect_err(option);
        assert!(said.contains(&format!("{option} cannot change")) || option.contains("secrets"), "{said}");
    }
}

#[test]
fn what_can_change_while_goalkeeper_runs_is_taken() {
    for after in [
        RUNNING.to_owned(),
        RUNNING.replace("durations: reported", "queues: oslo"),
        // What is said of a source now is what it was without.
        format!("{RUNNING}    contacts: /pbx\n"),
        format!("{RUNNING}windows: [1h]\nrules: {{lateness: 3d}}\nmeasures: {{short_abandon: 7s}}\n"),
        format!("{RUNNING}server: {{reps: true, series_limit: 7, series_limit_of_kind: 5, publish_interval: 7s}}\n"),
        format!("{RUNNING}state: {{checkpoint_interval: 7s}}\n"),
    ] {
        assert_eq!(reloaded(RUNNING, &after), Ok(()), "{after}");
    }
}

#[test]
fn properties_that_promises_depend_on_are_refused_with_the_reason_wherever_they_stand() {
    for (property, reason) in [
        ("allow.auto.create.topics", "not made"),
        ("auto.commit.enable", "lag tools only"),
        ("auto.offset.reset", "nothing is skipped silently"),
        ("bootstrap.servers", "kafka.brokers"),
        ("delivery.report.only.error", "dead letters"),
        ("enable.auto.commit", "lag tools only"),
        ("enable.auto.offset.store", "lag tools only"),
        ("enable.partition.eof", "when everything is read"),
        ("group.id", "kafka.group_id"),
        ("group.protocol", "no group"),
        ("isolation.level", "aborted"),
        ("metadata.broker.list", "kafka.brokers"),
        ("offset.store.method", "lag tools"),
        ("partition.assignment.strategy", "no group"),
        ("statistics.interval.ms", "see /metrics"),
        ("test.mock.num.brokers", "made up"),
        ("transactional.id", "no transaction"),
    ] {
        for section in ["properties", "secrets"] {
            let kafka = format!("  topics: [b]\n  {section}:\n    {property}: secret");
            let said = reloaded(RUNNING, &RUNNING.replace("  topics: [b]", &kafka)).expect_err(property);
            let first = format!("goalkeeper.yaml:5:5: kafka.{section}: `{property}` is not yours to set");
            let help = said.lines().find(|line| line.contains("remove it: "));
            assert!(said.starts_with(&first) && help.is_some_and(|help| help.contains(reason)), "{said}");
            assert!(said.ends_with("1 problem"), "{said}");
        }
    }
}

#[test]
fn ways_to_log_in_that_are_not_built_in_are_refused_instead_of_waiting_for_ever() {
    for (property, mechanism, reason) in [
        ("sasl.mechanism", "GSSAPI", "Kerberos"),
        ("sasl.mechanisms", "OAUTHBEARER", "tokens"),
        ("sasl.mechanism", "OAuthBearer", "tokens"),
    ] {
        let kafka = format!("  topics: [b]\n  properties:\n    {property}: {mechanism}");
        let said = reloaded(RUNNING, &RUNNING.replace("  topics: [b]", &kafka)).expect_err(mechanism);
        let name = mechanism.to_uppercase();
        assert!(said.contains(&format!("kafka.properties.{property}: goalkeeper cannot log in with {name}")), "{said}");
        assert!(
            said.contains("use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or certificates") && said.contains(reason),
            "{said}"
        );
        assert!(said.contains("goalkeeper.yaml:5:"), "{said}");
    }
}
