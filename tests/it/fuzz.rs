//! Each committed corpus of the fuzz targets, through the same functions: what once was found stays mended.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// Runs a target on each file of its corpus. A corpus of which all is taken or nothing proves little.
fn replay(target: &str, run: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("can be listed").path())
        .collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let (mut taken, mut refused) = (0, 0);
    for file in files {
        let bytes = std::fs::read(&file).expect("can be read");
        match std::panic::catch_unwind(|| run(&bytes)) {
            Ok(true) => taken += 1,
            Ok(false) => refused += 1,
            Err(_) => panic!("{} fails: see above", file.display()),
        }
    }
    assert!(taken > 0 && refused > 0, "{target}: {taken} taken, {refused} refused");
}

#[test]
fn the_corpus_of_records_is_decoded_or_refused() {
    replay("decode", targets::decode::run);
}

#[test]
fn the_corpus_of_configurations_works_or_is_refused() {
    replay("configuration", targets::configuration::run);
}

#[test]
fn the_corpus_of_states_is_restored_or_refused() {
    replay("state", targets::state::run);
}

#[test]
fn the_corpus_of_requests_is_answered() {
    replay("query", targets::query::run);
}
