//! What is in the state, and whether all of it can be read: for people, while no daemon runs.

use super::sums::{Sum, Sums};
use super::{
    Fault, Head, MEMORY, NOTES, PANES, PATHS, POSITION, RECORDS, Saved, StateError, Store, read_address, read_note,
};
use super::{SCOPES, read_record, read_row, read_row_key};
use crate::domain::event::Kind;
use crate::domain::judge::{Pair, Remembered};
use crate::domain::pack::{self, Known};
use crate::domain::paths::Paths;
use crate::domain::scope::Scope;
use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

/// What is in the state.
#[derive(Debug)]
pub struct Contents {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// The version that it was written in.
    pub version: u32,
    /// Where the last checkpoint stands; `None` if there was none.
    pub saved: Option<Saved>,
    /// Live records by kind.
    pub records: BTreeMap<Kind, u64>,
    /// Bytes of their keys and values.
    pub record_bytes: u64,
    /// Paths of bookings.
    pub paths: u64,
    /// Rows of panes.
    pub panes: u64,
    /// Bytes of their keys and values.
    pub pane_bytes: u64,
}

impl Store {
    /// What is in the state.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn contents(&self) -> Result<Contents, StateError> {
        let path = self.disk.path();
        let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        self.disk.with(|database| {
            let transaction = database.begin_read()?;
            let head = Head::read(&transaction.open_table(POSITION)?)?;
            let mut records = BTreeMap::new();
            for row in transaction.open_table(NOTES)?.iter()? {
                let (key, value) = row?;
                let note = read_address(key.value()).and_then(|address| read_note(address, value.value()));
                let note = note.ok_or_else(|| Fault::Damaged("the note of a record cannot be read".to_owned()))?;
                *records.entry(note.kind).or_insert(0) += 1;
            }
            let panes = transaction.open_table(PANES)?;
            Ok(Contents {
                path,
                size,
                version: head.version,
                saved: head.saved()?,
                records,
                record_bytes: transaction.open_table(RECORDS)?.stats()?.stored_bytes(),
                paths: head.sums.paths.rows(),
                panes: panes.len()?,
                pane_bytes: panes.stats()?.stored_bytes(),
            })
        })
    }

    /// Reads everything there is, and tells every row that is not what was written. Gives the number of records.
    ///
    /// # Errors
    /// If the file cannot be read at all.
    pub fn read_all(&self, mut tell: impl FnMut(String)) -> Result<u64, StateError> {
        self.disk.with(|database| read_all(&database.begin_read()?, &mut tell))
    }
}

pub(super) fn read_all(transaction: &ReadTransaction, tell: &mut dyn FnMut(String)) -> Result<u64, Fault> {
    let head = Head::read(&transaction.open_table(POSITION)?)?;
    if let Err(Fault::Damaged(problem)) = head.saved() {
        tell(problem);
    }
    let sums = head.sums;
    let mut found = Sums::default();
    let mut known = Known::default();
    let mut paths = Paths::default();
    for row in transaction.open_table(PATHS)?.iter()? {
        let (key, value) = row?;
        found.paths.come(key.value(), value.value());
        let number = key.value().try_into().ok().map(u32::from_be_bytes);
        let path = pack::whole(value.value(), &mut known).ok();
        if !number.zip(path).is_some_and(|(number, path)| paths.restore(number, path)) {
            tell(format!("path {} cannot be read or is out of order", number.unwrap_or_default()));
        }
    }
    for row in transaction.open_table(PANES)?.iter()? {
        let (key, value) = row?;
        found.panes.come(key.value(), value.value());
        let row = read_row(key.value(), value.value());
        if read_row_key(key.value(), &mut known).is_none() || row.is_none() {
            tell("a pane cannot be read".to_owned());
        }
    }
    for row in transaction.open_table(SCOPES)?.iter()? {
        let (key, value) = row?;
        found.scopes.come(key.value(), value.value());
        let scope = pack::whole::<Scope>(key.value(), &mut known);
        if scope.is_err() || pack::whole::<u64>(value.value(), &mut known).is_err() {
            tell("a scope cannot be read".to_owned());
        }
    }
    for row in transaction.open_table(MEMORY)?.iter()? {
        let (key, value) = row?;
        found.memory.come(key.value(), value.value());
        let pair = pack::whole::<Pair>(key.value(), &mut known);
        if pair.is_err() || pack::whole::<Remembered>(value.value(), &mut known).is_err() {
            tell("what is remembered of a target cannot be read".to_owned());
        }
    }
    read_records(transaction, &paths, &mut found.notes, tell)?;
    for (sum, found, what) in [
        (sums.notes, found.notes, "notes of records"),
        (sums.paths, found.paths, "paths"),
        (sums.panes, found.panes, "panes"),
        (sums.scopes, found.scopes, "scopes"),
        (sums.memory, found.memory, "verdicts"),
    ] {
        if let Err(Fault::Damaged(problem)) = sum.check(found, what) {
            tell(problem);
        }
    }
    Ok(found.notes.rows())
}

fn read_records(
    transaction: &ReadTransaction,
    paths: &Paths,
    found: &mut Sum,
    tell: &mut dyn FnMut(String),
) -> Result<(), Fault> {
    let mut known = Known::default();
    let mut numbers = HashSet::new();
    let records = transaction.open_table(RECORDS)?;
    for row in transaction.open_table(NOTES)?.iter()? {
        let (key, value) = row?;
        found.come(key.value(), value.value());
        let Some(address) = read_address(key.value()) else {
            tell("the address of a record cannot be read".to_owned());
            continue;
        };
        if !numbers.insert(address.number) {
            tell(format!("{address} has the number of another"));
        }
        let record = records.get(key.value())?;
        let packed = record.as_ref().and_then(|record| read_record(record.value()));
        let check = read_note(address, value.value()).and_then(|note| note.stored).map(|stored| stored.check);
        match (record, packed, check) {
            (_, _, None) => tell(format!("the note of {address} cannot be read")),
            (None, _, _) => tell(format!("{address} is not there")),
            (_, Some(packed), Some(check)) if packed.check() != check => {
                tell(format!("{address} is not what was written"));
            }
            (_, Some(packed), _) if packed.unpack(paths, &mut known).is_ok() => {}
            _ => tell(format!("{address} cannot be read")),
        }
    }
    if records.len()? != found.rows() {
        tell(format!("there are {} records, and notes of {}", records.len()?, found.rows()));
    }
    Ok(())
}
