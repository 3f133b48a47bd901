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
    // It would have to exist: the reference shows it as a comment.
    assert_eq!(loaded.unset, ["customers.key_file"]);
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
