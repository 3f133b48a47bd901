//! What is read from disk: copies of a state as they come, and states whose every checksum is right and whose rows say
//! anything at all.
//!
//! The first byte says what follows: `z` a copy as it is in a file; `c` what such a copy holds before it is compressed;
//! anything else rows, which get the checks and sums that the state wants:
//!
//! ```text
//! table (1 byte, as in a copy), length of key (1), length of value (2), key, value
//! ```

use goalkeeper::domain::engine::Engine;
use goalkeeper::domain::roster::{Roster, RosterData, Unit};
use goalkeeper::domain::settings::Settings;
use goalkeeper::store::{Store, VERSION};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

const MAGIC: &[u8] = b"goalkeeper state\n";
const RECORDS: u8 = 1;
const NOTES: u8 = 2;
const PATHS: u8 = 3;
const PANES: u8 = 4;
const SCOPES: u8 = 5;
const MEMORY: u8 = 6;
const POSITION: u8 = 7;

type Rows = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// Reads one state; true if it is taken for one.
pub fn run(bytes: &[u8]) -> bool {
    let copy = match bytes.split_first() {
        Some((b'z', copy)) => copy.to_vec(),
        Some((b'c', copy)) => compressed(copy),
        Some((_, rows)) => compressed(&sealed(unsealed(rows))),
        None => return false,
    };
    let Ok(store) = Store::import_into_memory(Cursor::new(copy)) else { return false };
    let saved = store.saved().expect("what was imported can be read");
    let mut again = Vec::new();
    store.export(&mut again).expect("what was imported can be exported");
    let second = Store::import_into_memory(Cursor::new(again)).expect("what was exported can be imported");
    assert_eq!(second.saved().expect("it can be read"), saved);

    let company = Unit { id: "acme".into(), zone: None, hours: None };
    let data = RosterData { company, departments: vec![], teams: vec![], queues: vec![], reps: vec![], issues: vec![] };
    let mut engine = Engine::new(Arc::new(Roster::new(data)), Arc::new(Settings::default()));
    store.restore(&mut engine, saved.unwrap_or_default().position).expect("what was imported can be restored");
    engine.audit(true, drop);
    engine.export();
    true
}

fn compressed(copy: &[u8]) -> Vec<u8> {
    zstd::encode_all(copy, 1).expect("there is memory")
}

/// The rows, as far as there are any.
fn unsealed(mut bytes: &[u8]) -> Rows {
    let mut rows = Rows::new();
    while let [table, key_length, high, low, rest @ ..] = bytes {
        let Some((key, rest)) = rest.split_at_checked(usize::from(*key_length)) else { break };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, rest) = rest.split_at(length.min(rest.len()));
        rows.insert((*table, key.to_vec()), value.to_vec());
        bytes = rest;
    }
    rows
}

/// A copy of these rows with all checks and sums.
fn sealed(mut rows: Rows) -> Vec<u8> {
    let records: BTreeMap<Vec<u8>, u32> =
        of(&rows, RECORDS).map(|(key, value)| (key.clone(), record_check(value))).collect();
    for ((table, key), value) in &mut rows {
        match *table {
            PANES => *value = [&check(&[key, value]).to_be_bytes(), &value[..]].concat(),
            NOTES => value.extend_from_slice(&records.get(key).copied().unwrap_or(1).to_be_bytes()),
            _ => {}
        }
    }
    let mut head = Vec::new();
    for table in [NOTES, PATHS, PANES, SCOPES, MEMORY] {
        let (mut count, mut checks) = (0_u64, 0_u64);
        for (key, value) in of(&rows, table) {
            count += 1;
            let length = (key.len() as u64).to_be_bytes();
            checks = checks.wrapping_add(u64::from(check(&[&length, key, value])));
        }
        head.extend_from_slice(&count.to_be_bytes());
        head.extend_from_slice(&checks.to_be_bytes());
    }
    let position = (POSITION, b"position".to_vec());
    head.extend(rows.remove(&position).unwrap_or_default());
    rows.insert(position, [&VERSION.to_be_bytes()[..], &check(&[&head]).to_be_bytes(), &head].concat());

    let mut copy = [MAGIC, &VERSION.to_be_bytes()].concat();
    for ((table, key), value) in &rows {
        copy.push(*table);
        copy.extend_from_slice(&(key.len() as u32).to_be_bytes());
        copy.extend_from_slice(&(value.len() as u32).to_be_bytes());
        copy.extend_from_slice(key);
        copy.extend_from_slice(value);
    }
    copy.push(0);
    copy
}

fn of(rows: &Rows, table: u8) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
    rows.iter().filter(move |((of, _), _)| *of == table).map(|((_, key), value)| (key, value))
}

/// The check of a record, whose value begins with the length of its key.
fn record_check(value: &[u8]) -> u32 {
    let (mut length, mut rest) = (0_u32, value);
    while let Some((byte, after)) = rest.split_first() {
        // A key of so many bytes is none; the lowest digits come first.
        let shift = 7 * (value.len() - rest.len()) as u32;
        length |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        rest = after;
        if *byte < 0x80 {
            break;
        }
    }
    check(&[&length.to_be_bytes(), rest])
}

fn check(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().max(1)
}
