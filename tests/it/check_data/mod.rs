//! Figures held against data that others recorded, and whose figures others computed. The data lies in a folder outside
//! the project, named by `GOALKEEPER_DATA`; without it these tests say so and compare nothing.

mod bank;
mod erlang;
mod helpdesk;
mod kill;
mod mm4;
mod runs;
mod table;

use flate2::read::GzDecoder;
use serde_json::Value;
use std::fs::File;
use std::path::PathBuf;

/// The folder of one set, if it is there.
fn folder(set: &str) -> Option<PathBuf> {
    let found = std::env::var_os("GOALKEEPER_DATA").map(|data| PathBuf::from(data).join(set)).filter(|f| f.is_dir());
    if found.is_none() {
        println!("check-data: GOALKEEPER_DATA names no folder with {set}, so nothing of it is compared.");
    }
    found
}

/// The rows of a compressed table with a header line.
fn rows(path: PathBuf, separator: u8) -> Vec<csv::StringRecord> {
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(GzDecoder::new(file));
    reader.records().map(|row| row.expect("is a row")).collect()
}

fn json(path: PathBuf) -> Value {
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_reader(std::io::BufReader::new(file)).expect("is JSON")
}
