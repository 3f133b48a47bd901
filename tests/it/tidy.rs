//! Tidiness: import arrows, a pure domain, documentation that is up to date.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("can be listed").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The part of the program a file belongs to: its folder under `src/`, or its own name.
fn part_of(file: &Path) -> String {
    let below = file.strip_prefix(root().join("src")).expect("is under src").to_path_buf();
    let first = below.components().next().expect("has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The parts of the program that a file imports.
fn imports(text: &str) -> Vec<String> {
    let after = |marker: &'static str| text.split(marker).skip(1);
    after("crate::")
        .chain(after("goalkeeper::"))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn import_arrows_never_turn_back_and_siblings_never_import_each_other() {
    let allowed: &[(&str, &[&str])] = &[
        ("domain", &["domain"]),
        ("config", &["config", "domain"]),
        ("ingest", &["ingest", "config", "domain"]),
        ("store", &["store", "config", "domain"]),
        ("publish", &["publish", "config", "domain"]),
        ("sim", &["sim", "config", "domain"]),
        ("clock", &["domain"]),
        ("telemetry", &[]),
        ("cli", &["cli"]),
        ("app", &["app", "cli", "clock", "telemetry", "ingest", "store", "publish", "sim", "config", "domain"]),
        ("main", &["cli", "app", "clock", "telemetry"]),
        ("lib", &[]),
    ];
    for file in rust_files(&root().join("src")) {
        let part = part_of(&file);
        let (_, may) = allowed
            .iter()
            .find(|(name, _)| *name == part)
            .unwrap_or_else(|| panic!("{} belongs to no known part: add it to the map", file.display()));
        let text = std::fs::read_to_string(&file).expect("can be read");
        for import in imports(&text) {
            let known = allowed.iter().any(|(name, _)| *name == import);
            assert!(!known || may.contains(&import.as_str()), "{} imports {import}", file.display());
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let banned = [
        ("std::time", "time is an argument"),
        ("std::fs", "no I/O"),
        ("std::net", "no I/O"),
        ("std::io", "no I/O"),
        ("std::thread", "one task owns the engine"),
        ("serde", "the edge has its own shapes"),
        ("tracing", "outcomes are returned, not logged"),
        ("tokio", "no async"),
        ("rand::", "no randomness"),
        ("async fn", "no async"),
        ("Utc::now", "time is an argument"),
        ("println!", "outcomes are returned, not printed"),
    ];
    for file in rust_files(&root().join("src/domain")) {
        let text = std::fs::read_to_string(&file).expect("can be read");
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for (word, why) in banned {
            assert!(!code.contains(word), "{} has `{word}`: {why}", file.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for folder in ["src", "tests", "fuzz/src", "fuzz/fuzz_targets"] {
        for file in rust_files(&root().join(folder)) {
            let text = std::fs::read_to_string(&file).expect("can be read");
            assert!(text.starts_with("//!"), "{} has no header", file.display());
        }
    }
}

#[test]
fn definitions_are_those_of_the_catalogue() {
    let path = root().join("DEFINITIONS.md");
    let want = goalkeeper::publish::definitions::markdown();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &want).expect("can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == want, "DEFINITIONS.md is not what `goalkeeper definitions` prints: run `make generate`");
}

#[test]
fn the_metrics_are_those_that_the_program_has() {
    let path = root().join("docs/metrics.md");
    let output = crate::support::daemon::binary().args(["definitions", "--metrics"]).output().expect("goalkeeper runs");
    let want = String::from_utf8(output.stdout).expect("is text");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(root().join("docs")).expect("can be made");
        std::fs::write(&path, &want).expect("can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == want,
        "docs/metrics.md is not what `goalkeeper definitions --metrics` prints: run `make generate`"
    );
}

#[test]
fn the_changelog_names_the_version() {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md")).expect("is there");
    assert!(text.contains(env!("CARGO_PKG_VERSION")), "CHANGELOG.md does not name {}", env!("CARGO_PKG_VERSION"));
}
