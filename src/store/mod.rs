//! What survives a restart: records, panes and position, in one file, each checkpoint one transaction.
//!
//! Nothing that is read is trusted: a record has the check that its note says, a row of a pane one of its own, and at the
//! start all rows together, but for records, have the sums that the position says.

mod backup;
mod disk;
mod inspect;
mod sums;
pub mod writer;

pub use crate::domain::slots::MOVE_AWAY;
pub use disk::{Fault, StateError, panic_text};
pub use inspect::Contents;

use disk::Disk;
use sums::{Sum, Sums};

use crate::config::{Config, differing};
use crate::domain::amounts::Amounts;
use crate::domain::engine::{Engine, Position};
use crate::domain::judge::Memory;
use crate::domain::measure::Thresholds;
use crate::domain::pack::{self, Known, Pack};
use crate::domain::pane::{RowKey, RowWrite};
use crate::domain::records::Write;
use crate::domain::roster::RosterData;
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::settings::{PriorityTargets, Settings};
use crate::domain::slots::{Address, Note, Packed, check};
use crate::domain::storage::Storage;
use crate::domain::time::{Instant, Span};
use crate::domain::window::Tier;
use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition,
    WriteTransaction,
};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The version of what is written; another one cannot be read.
pub const VERSION: u32 = 14;

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;
type Open<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// (hour, number) -> key and record. Whole hours expire together, and neighbours in time are neighbours on disk.
const RECORDS: Table = TableDefinition::new("records");
/// (hour, number) -> what is known of the record without looking at it: all that is read of records at the start.
const NOTES: Table = TableDefinition::new("notes");
/// number -> path, which bookings name by its number.
const PATHS: Table = TableDefinition::new("paths");
/// (tier, start, scope) -> check and row.
const PANES: Table = TableDefinition::new("panes");
/// scope -> how many rows of it are not empty.
const SCOPES: Table = TableDefinition::new("scopes");
/// (target, scope) -> what the judge remembers of them.
const MEMORY: Table = TableDefinition::new("memory");
/// One row: everything else; see [`Head`].
const POSITION: Table = TableDefinition::new("position");

/// Where everything had come when a checkpoint was cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    /// The engine's part.
    pub position: Position,
    /// The next offset of each partition by name.
    pub offsets: BTreeMap<String, i64>,
    /// Which logs the offsets are of.
    pub logs: Logs,
    /// What was in force.
    pub in_force: InForce,
}

/// What tells whether offsets are still of the same logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logs {
    /// What identifies each topic by name.
    pub topics: BTreeMap<String, String>,
    /// The leader epoch of the record before each partition's offset, by the partition's name; -1 if unknown.
    pub epochs: BTreeMap<String, i64>,
}

/// Which roster and settings the books were made under, and what ids meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    roster: u128,
    settings: u128,
    thresholds: Vec<(Thresholds, Vec<Span>)>,
    meaning_of_ids: BTreeMap<String, String>,
}

impl InForce {
    /// Those of a roster and a configuration.
    pub fn of(roster: &RosterData, config: &Config) -> InForce {
        let settings = &config.settings;
        InForce {
            roster: fingerprint(roster),
            settings: fingerprint(settings),
            thresholds: Thresholds::ALL.map(|family| (family, family.of(settings).to_vec())).into(),
            meaning_of_ids: config.meaning_of_ids(),
        }
    }

    /// True if it was this roster.
    pub fn same_roster(&self, other: &InForce) -> bool {
        self.roster == other.roster
    }

    /// True if it was these settings.
    pub fn same_settings(&self, other: &InForce) -> bool {
        self.settings == other.settings
    }

    /// The options that gave ids another meaning: what was made under one is nothing to the other.
    pub fn renamed(&self, other: &InForce) -> Vec<String> {
        differing(&self.meaning_of_ids, &other.meaning_of_ids)
    }

    /// `settings` with the thresholds that were in force: what the engine must know to tell which ones are new.
    pub fn with_thresholds(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        for (family, spans) in &self.thresholds {
            match family {
                Thresholds::Wait => settings.wait_thresholds.clone_from(spans),
                Thresholds::Response => settings.response_thresholds.clone_from(spans),
                Thresholds::Resolution => settings.resolution_thresholds.clone_from(spans),
                Thresholds::ResponseTarget => settings.response_targets = PriorityTargets::of_spans(spans),
                Thresholds::ResolutionTarget => settings.resolution_targets = PriorityTargets::of_spans(spans),
                Thresholds::Backlog => settings.backlog_thresholds.clone_from(spans),
                Thresholds::ServiceLevel => {
                    settings.service_level_threshold = spans.first().copied().unwrap_or_default()
                }
                Thresholds::ShortAbandon => settings.short_abandon = spans.first().copied().unwrap_or_default(),
            }
        }
        settings
    }
}

/// Another build may show the same thing with other words: then books are made anew, which changes nothing.
fn fingerprint(value: &impl std::fmt::Debug) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(format!("{value:?}").as_bytes());
    hasher.finish128().as_u128()
}

/// The state on disk.
#[derive(Debug)]
pub struct Store {
    disk: Arc<Disk>,
}

impl Store {
    /// Opens the state in `directory`, or begins it. One process at a time can have it.
    ///
    /// # Errors
    /// If another process has it, or it cannot be read or made.
    pub fn open(directory: &Path) -> Result<Store, StateError> {
        Ok(Store { disk: Arc::new(Disk::open_or_begin(directory, begin)?) })
    }

    /// Opens the state in `directory`, which must be there.
    ///
    /// # Errors
    /// If there is none, another process has it, or it cannot be read.
    pub fn open_existing(directory: &Path) -> Result<Store, StateError> {
        Ok(Store { disk: Arc::new(Disk::open(directory, false)?) })
    }

    /// Holds every page of the file in `directory` against its checksum, used or not, and makes the list of free pages anew.
    ///
    /// # Errors
    /// If there is no state, another process has it, or a page is not what was written.
    pub fn check_pages(directory: &Path) -> Result<(), StateError> {
        Disk::open(directory, true).map(drop)
    }

    /// A state that is gone with the process: for trials and tests.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn in_memory() -> anyhow::Result<Store> {
        Ok(Store { disk: Arc::new(Disk::in_memory(begin)?) })
    }

    /// A state on any medium, which `medium` gives each time that it is opened.
    ///
    /// # Errors
    /// If what is there cannot be read.
    pub fn on<M: StorageBackend>(medium: impl Fn() -> M + Send + Sync + 'static) -> Result<Store, StateError> {
        Ok(Store { disk: Arc::new(Disk::on(medium, begin)?) })
    }

    /// Lets the engine fetch records from here that have no room in memory.
    pub fn lend_to(&self, engine: &mut Engine) {
        let shelf = Arc::new(Shelf(self.disk.clone()));
        let (records, panes, _) = engine.parts_to_store();
        records.lie_in(shelf.clone());
        panes.lie_in(shelf);
    }

    /// What the last checkpoint says of position; `None` if there was none.
    ///
    /// # Errors
    /// If the file cannot be read or was written by another version.
    pub fn saved(&self) -> Result<Option<Saved>, StateError> {
        self.disk.with(|database| {
            let table = database.begin_read()?.open_table(POSITION)?;
            Head::read(&table)?.saved()
        })
    }

    /// Puts the last checkpoint's records and panes into a fresh engine, and then its position.
    ///
    /// # Errors
    /// If the file cannot be read, or is not what was written.
    pub fn restore(&self, engine: &mut Engine, position: Position) -> Result<(), StateError> {
        self.lend_to(engine);
        self.disk.with(|database| fill(engine, &position, &database.begin_read()?))?;
        engine.restored(position);
        Ok(())
    }

    /// Writes a checkpoint: all of it or nothing.
    ///
    /// # Errors
    /// If the disk does not take it; the state is then what it was before.
    pub fn write(&self, checkpoint: &Checkpoint) -> Result<(), StateError> {
        self.disk.with(|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            // Measured: reopening after a kill takes milliseconds instead of a walk through the file.
            transaction.set_quick_repair(true);
            checkpoint.write_to(&transaction)?;
            transaction.commit()?;
            Ok(())
        })
    }
}

/// The first transaction: what must be there is there from the beginning.
fn begin(database: &Database) -> Result<(), Fault> {
    let transaction = database.begin_write()?;
    for table in [RECORDS, NOTES, PATHS, PANES, SCOPES, MEMORY] {
        transaction.open_table(table)?;
    }
    Head::write(&mut transaction.open_table(POSITION)?, &Sums::default(), &[])?;
    transaction.commit()?;
    Ok(())
}

fn fill(engine: &mut Engine, position: &Position, transaction: &ReadTransaction) -> Result<(), Fault> {
    let unreadable = |what: &str| Fault::Damaged(format!("{what} cannot be read"));
    let head = transaction.open_table(POSITION)?;
    let sums = Head::read(&head)?.sums;
    let mut found = Sums::default();
    let mut known = Known::default();
    let (reach, now) = (engine.room().reach, position.now.unwrap_or(Instant::MIN));
    let (records, panes, judge) = engine.parts_to_store();
    for row in transaction.open_table(PATHS)?.iter()? {
        let (key, value) = row?;
        found.paths.come(key.value(), value.value());
        let number = key.value().try_into().map(u32::from_be_bytes).map_err(|_| unreadable("the number of a path"))?;
        let path = pack::whole(value.value(), &mut known).map_err(|_| unreadable("a path"))?;
        if !records.restore_path(number, path) {
            return Err(Fault::Damaged(format!("path {number} is out of order")));
        }
    }
    sums.paths.check(found.paths, "paths")?;
    for row in transaction.open_table(NOTES)?.iter()? {
        let (key, value) = row?;
        found.notes.come(key.value(), value.value());
        let address = read_address(key.value()).ok_or_else(|| unreadable("the address of a record"))?;
        records.restore(read_note(address, value.value()).ok_or_else(|| unreadable("the note of a record"))?);
    }
    sums.notes.check(found.notes, "notes of records")?;
    for row in transaction.open_table(SCOPES)?.iter()? {
        let (key, value) = row?;
        found.scopes.come(key.value(), value.value());
        let scope = pack::whole(key.value(), &mut known).map_err(|_| unreadable("a scope"))?;
        let filled = pack::whole(value.value(), &mut known).map_err(|_| unreadable("the rows of a scope"))?;
        panes.restore_scope(&scope, filled);
    }
    sums.scopes.check(found.scopes, "scopes")?;
    for row in transaction.open_table(MEMORY)?.iter()? {
        let (key, value) = row?;
        found.memory.come(key.value(), value.value());
        let pair = pack::whole(key.value(), &mut known).map_err(|_| unreadable("a target"))?;
        let remembered = pack::whole(value.value(), &mut known);
        judge.restore(pair, remembered.map_err(|_| unreadable("what is remembered of a target"))?);
    }
    sums.memory.check(found.memory, "verdicts")?;
    let mut pane = None;
    let mut near = false;
    for row in transaction.open_table(PANES)?.iter()? {
        let (key, value) = row?;
        found.panes.come(key.value(), value.value());
        let at = read_pane(key.value(), &mut known).ok_or_else(|| unreadable("the key of a pane"))?;
        if pane != Some(at) {
            pane = Some(at);
            near = panes.restore_pane(at.0, at.1, now, reach);
        }
        if near {
            let at = read_row_key(key.value(), &mut known).ok_or_else(|| unreadable("the key of a row"))?;
            panes.restore_row(&at, read_row(key.value(), value.value()).ok_or_else(|| unreadable("a row"))?);
        }
    }
    sums.panes.check(found.panes, "panes")
}

/// The one row of [`POSITION`]: version, check of what follows, sums of the other tables, and what the last checkpoint
/// saved, which is nothing before the first.
struct Head {
    version: u32,
    sums: Sums,
    saved: Vec<u8>,
}

impl Head {
    const KEY: &'static [u8] = b"position";

    fn read(table: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<Head, Fault> {
        let cut_short = || Fault::Damaged("the position is cut short".to_owned());
        let row = table.get(Head::KEY)?.ok_or_else(|| Fault::Damaged("it has no position".to_owned()))?;
        let (version, rest) = row.value().split_first_chunk::<4>().ok_or_else(cut_short)?;
        let version = u32::from_be_bytes(*version);
        // What another version has here is not known.
        if version != VERSION {
            return Err(Fault::OtherVersion(version));
        }
        let (written, rest) = rest.split_first_chunk::<4>().ok_or_else(cut_short)?;
        if check([rest]).get() != u32::from_be_bytes(*written) {
            return Err(Fault::Damaged("the position is not what was written".to_owned()));
        }
        let (sums, saved) = Sums::read(rest).ok_or_else(cut_short)?;
        Ok(Head { version, sums, saved: saved.to_owned() })
    }

    fn write(table: &mut Open<'_>, sums: &Sums, saved: &[u8]) -> Result<(), Fault> {
        let mut rest = Vec::new();
        sums.write(&mut rest);
        rest.extend_from_slice(saved);
        let row = [&VERSION.to_be_bytes()[..], &check([&rest]).get().to_be_bytes(), &rest].concat();
        table.insert(Head::KEY, &row[..])?;
        Ok(())
    }

    fn saved(&self) -> Result<Option<Saved>, Fault> {
        if self.saved.is_empty() {
            return Ok(None);
        }
        let saved = pack::whole::<Saved>(&self.saved, &mut Known::default());
        saved.map(Some).map_err(|_| Fault::Damaged("the position cannot be read".to_owned()))
    }
}

impl Pack for Saved {
    fn put(&self, out: &mut Vec<u8>) {
        self.position.put(out);
        self.offsets.clone().into_iter().collect::<Vec<(String, i64)>>().put(out);
        self.logs.topics.clone().into_iter().collect::<Vec<(String, String)>>().put(out);
        self.logs.epochs.clone().into_iter().collect::<Vec<(String, i64)>>().put(out);
        self.in_force.roster.put(out);
        self.in_force.settings.put(out);
        self.in_force.thresholds.put(out);
        self.in_force.meaning_of_ids.clone().into_iter().collect::<Vec<(String, String)>>().put(out);
    }
    fn take(input: &mut pack::Input<'_>) -> Result<Saved, pack::Corrupt> {
        Ok(Saved {
            position: Pack::take(input)?,
            offsets: take_map(input)?,
            logs: Logs { topics: take_map(input)?, epochs: take_map(input)? },
            in_force: InForce {
                roster: Pack::take(input)?,
                settings: Pack::take(input)?,
                thresholds: Pack::take(input)?,
                meaning_of_ids: Vec::<(String, String)>::take(input)?.into_iter().collect(),
            },
        })
    }
}

fn take_map<V: Pack>(input: &mut pack::Input<'_>) -> Result<BTreeMap<String, V>, pack::Corrupt> {
    let pairs = Vec::<(String, V)>::take(input)?;
    match pairs.is_sorted_by(|(a, _), (b, _)| a < b) {
        true => Ok(pairs.into_iter().collect()),
        false => Err(pack::Corrupt),
    }
}

/// Everything that changed since the last checkpoint, with the position: owned, so that it can be written while the
/// engine goes on. Records are shared as they lie packed; the rest is one buffer.
#[derive(Debug, Default)]
pub struct Checkpoint {
    bytes: Vec<u8>,
    records: Vec<RecordChange>,
    paths: Changes,
    panes: Changes,
    scopes: Changes,
    memory: Changes,
    position: Range<usize>,
    /// The next offset of each partition, as the checkpoint has it.
    pub offsets: Arc<BTreeMap<String, i64>>,
}

/// An address with the record that is there now, or nothing.
type RecordChange = (Address, Option<(Note, Packed)>);

/// What a table gets, as ranges of the checkpoint's bytes: keys, and values where there is one.
#[derive(Debug, Default)]
struct Changes(Vec<(Range<usize>, Option<Range<usize>>)>);

impl Changes {
    fn apply(&self, bytes: &[u8], table: &mut Open<'_>, sum: &mut Sum) -> Result<(), redb::StorageError> {
        for (key, value) in &self.0 {
            sum.set(table, &bytes[key.clone()], value.clone().map(|value| &bytes[value]))?;
        }
        Ok(())
    }

    /// In the order of keys, which the tree likes. Changes of one key stay in their order: the last one holds.
    fn sort(&mut self, bytes: &[u8]) {
        self.0.sort_by(|(a, _), (b, _)| bytes[a.clone()].cmp(&bytes[b.clone()]));
    }
}

impl Checkpoint {
    /// Cuts a checkpoint: what changed in `engine` since the last one was cut, and where it stands.
    pub fn cut(engine: &mut Engine, offsets: BTreeMap<String, i64>, logs: Logs, in_force: InForce) -> Checkpoint {
        let mut bytes = Vec::new();
        let mut records = Vec::new();
        let mut paths = Changes::default();
        let mut panes = Changes::default();
        engine.flush();
        let (engine_records, engine_panes, judge) = engine.parts_to_store();
        engine_records.drain_writes(|write| match write {
            Write::Put(note, packed) => records.push((note.address, Some((note.clone(), packed.clone())))),
            Write::Delete(address) => records.push((address, None)),
            Write::Path(number, path) => {
                let key = written(&mut bytes, |out| out.extend_from_slice(&number.to_be_bytes()));
                paths.0.push((key, Some(written(&mut bytes, |out| path.put(out)))));
            }
        });
        let mut scopes = Changes::default();
        engine_panes.drain_writes(|write| match write {
            RowWrite::Put(key, row) => {
                let key = written(&mut bytes, |out| write_row_key(key, out));
                let value = written(&mut bytes, |out| {
                    out.extend_from_slice(&[0; CHECK]);
                    row.put(out);
                });
                let check = check([&bytes[key.clone()], &bytes[value.start + CHECK..value.end]]).get();
                bytes[value.start..value.start + CHECK].copy_from_slice(&check.to_be_bytes());
                panes.0.push((key, Some(value)));
            }
            RowWrite::Delete(key) => panes.0.push((written(&mut bytes, |out| write_row_key(key, out)), None)),
            RowWrite::Scope(scope, filled) => {
                let key = written(&mut bytes, |out| scope.put(out));
                scopes.0.push((key, (filled > 0).then(|| written(&mut bytes, |out| filled.put(out)))));
            }
        });
        panes.sort(&bytes);
        let mut memory = Changes::default();
        judge.drain_writes(|change| match change {
            Memory::Put(pair, remembered) => {
                let key = written(&mut bytes, |out| pair.put(out));
                memory.0.push((key, Some(written(&mut bytes, |out| remembered.put(out)))));
            }
            Memory::Delete(pair) => memory.0.push((written(&mut bytes, |out| pair.put(out)), None)),
        });
        let saved = Saved { position: engine.position(), offsets, logs, in_force };
        let position = written(&mut bytes, |out| saved.put(out));
        Checkpoint { bytes, records, paths, panes, scopes, memory, position, offsets: Arc::new(saved.offsets) }
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        let records = self.records.iter().filter_map(|(_, record)| record.as_ref());
        self.bytes.len() + records.map(|(_, packed)| packed.len()).sum::<usize>()
    }

    fn write_to(&self, transaction: &WriteTransaction) -> Result<(), Fault> {
        let mut position = transaction.open_table(POSITION)?;
        let mut sums = Head::read(&position)?.sums;
        let (mut records, mut notes) = (transaction.open_table(RECORDS)?, transaction.open_table(NOTES)?);
        self.write_records(&mut records, &mut notes, &mut sums.notes)?;
        self.paths.apply(&self.bytes, &mut transaction.open_table(PATHS)?, &mut sums.paths)?;
        self.panes.apply(&self.bytes, &mut transaction.open_table(PANES)?, &mut sums.panes)?;
        self.scopes.apply(&self.bytes, &mut transaction.open_table(SCOPES)?, &mut sums.scopes)?;
        self.memory.apply(&self.bytes, &mut transaction.open_table(MEMORY)?, &mut sums.memory)?;
        Head::write(&mut position, &sums, &self.bytes[self.position.clone()])
    }

    /// In the order of keys, which the tree likes. Changes of one key stay in their order: the last one holds.
    fn write_records(
        &self,
        records: &mut Open<'_>,
        notes: &mut Open<'_>,
        sum: &mut Sum,
    ) -> Result<(), redb::StorageError> {
        let mut changes: Vec<&RecordChange> = self.records.iter().collect();
        changes.sort_by_key(|(address, _)| *address);
        let mut value = Vec::new();
        for (address, record) in changes {
            let key = &written_address(*address)[..];
            let Some((note, packed)) = record else {
                records.remove(key)?;
                sum.set(notes, key, None)?;
                continue;
            };
            value.clear();
            write_record(packed, &mut value);
            records.insert(key, &value[..])?;
            value.clear();
            write_note(note, &mut value);
            sum.set(notes, key, Some(&value))?;
        }
        Ok(())
    }

    /// How many records and rows of panes it changes.
    pub fn changes(&self) -> usize {
        self.records.len() + self.panes.0.len()
    }
}

fn written(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
    let start = bytes.len();
    write(bytes);
    start..bytes.len()
}

/// Big-endian and without sign, so that bytes sort as numbers do.
fn sortable(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// Reads what [`sortable`] wrote.
fn sorted(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

fn written_address(Address { hour, number }: Address) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&sortable(i64::from(hour)));
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes
}

fn read_address(bytes: &[u8]) -> Option<Address> {
    let (hour, number) = bytes.split_first_chunk::<8>()?;
    Some(Address { hour: sorted(*hour).try_into().ok()?, number: u64::from_be_bytes(number.try_into().ok()?) })
}

fn write_record(packed: &Packed, out: &mut Vec<u8>) {
    packed.key().len().put(out);
    out.extend_from_slice(packed.key());
    out.extend_from_slice(packed.record());
}

fn read_record(bytes: &[u8]) -> Option<Packed> {
    let mut known = Known::default();
    let mut input = pack::Input::new(bytes, &mut known);
    let length = usize::take(&mut input).ok()?;
    let (key, record) = input.rest().split_at_checked(length)?;
    Some(Packed::new(key, record))
}

fn write_note(note: &Note, out: &mut Vec<u8>) {
    note.kind.put(out);
    note.generation.put(out);
    note.due.put(out);
    note.booked.put(out);
    out.extend_from_slice(&note.hash.to_be_bytes());
    out.extend_from_slice(&note.stored.map_or(0, |stored| stored.check.get()).to_be_bytes());
}

fn read_note(address: Address, bytes: &[u8]) -> Option<Note> {
    let mut known = Known::default();
    let mut input = pack::Input::new(bytes, &mut known);
    let (kind, generation) = Pack::take(&mut input).ok()?;
    let (due, booked) = Pack::take(&mut input).ok()?;
    let (hash, check) = input.rest().split_first_chunk::<8>()?;
    let check = NonZeroU32::new(u32::from_be_bytes(check.try_into().ok()?))?;
    Some(Note::stored(kind, address, generation, due, booked, u64::from_be_bytes(*hash), check))
}

/// Where the engine finds what has no room in memory.
#[derive(Debug)]
struct Shelf(Arc<Disk>);

impl Shelf {
    fn read<T>(&self, read: impl Fn(&ReadTransaction) -> Result<T, Fault>) -> Result<T, String> {
        let read = || self.0.with(|database| read(&database.begin_read()?));
        let refused = |error: &StateError| matches!(error.fault, Fault::Refused(_));
        // The file refuses everything once the disk has refused a checkpoint: it has to be opened anew first.
        let found = read().or_else(|error| if refused(&error) { read() } else { Err(error) });
        found.map_err(|error| error.to_string())
    }
}

impl Storage for Shelf {
    fn record(&self, address: Address) -> Result<Packed, String> {
        self.read(|transaction| {
            let table = transaction.open_table(RECORDS)?;
            let row = table.get(&written_address(address)[..])?;
            let absent = || Fault::Damaged(format!("{address} is not there"));
            read_record(row.ok_or_else(absent)?.value())
                .ok_or_else(|| Fault::Damaged(format!("{address} cannot be read")))
        })
    }

    fn row(&self, key: &RowKey) -> Result<Amounts, String> {
        let mut bytes = Vec::new();
        write_row_key(key, &mut bytes);
        self.read(|transaction| {
            let table = transaction.open_table(PANES)?;
            let Some(row) = table.get(&bytes[..])? else { return Ok(Amounts::default()) };
            read_row(&bytes, row.value()).ok_or_else(|| {
                let (tier, start) = (key.tier.name(), key.start.to_rfc3339());
                Fault::Damaged(format!("the row of {} in the {tier} pane of {start} cannot be read", key.scope))
            })
        })
    }

    fn rows(&self, tier: Tier, start: Instant, reps: bool) -> Result<Vec<(Scope, Amounts)>, String> {
        let (mut from, mut to) = (Vec::new(), Vec::new());
        write_pane(tier, start, &mut from);
        write_pane(tier, Instant(start.0 + 1), &mut to);
        self.read(|transaction| {
            let mut known = Known::default();
            let mut rows = Vec::new();
            for row in transaction.open_table(PANES)?.range(&from[..]..&to[..])? {
                let (key, value) = row?;
                let unreadable =
                    || Fault::Damaged(format!("the {} pane of {} cannot be read", tier.name(), start.to_rfc3339()));
                let at = read_row_key(key.value(), &mut known).ok_or_else(unreadable)?;
                if reps == (at.scope.kind == ScopeKind::Rep) {
                    rows.push((at.scope, read_row(key.value(), value.value()).ok_or_else(unreadable)?));
                }
            }
            Ok(rows)
        })
    }
}

fn write_pane(tier: Tier, start: Instant, out: &mut Vec<u8>) {
    tier.put(out);
    out.extend_from_slice(&sortable(start.0));
}

fn read_pane(bytes: &[u8], known: &mut Known) -> Option<(Tier, Instant)> {
    let (tier, rest) = bytes.split_at_checked(1)?;
    Some((pack::whole(tier, known).ok()?, Instant(sorted(*rest.first_chunk()?))))
}

fn write_row_key(key: &RowKey, out: &mut Vec<u8>) {
    write_pane(key.tier, key.start, out);
    key.scope.put(out);
}

fn read_row_key(bytes: &[u8], known: &mut Known) -> Option<RowKey> {
    let (tier, start) = read_pane(bytes, known)?;
    Some(RowKey { tier, start, scope: pack::whole(bytes.get(9..)?, known).ok()? })
}

/// Bytes of the check that a row of a pane begins with.
const CHECK: usize = 4;

/// A row, if it is the one that was written under this key.
fn read_row(key: &[u8], value: &[u8]) -> Option<Amounts> {
    let (written, row) = value.split_first_chunk::<CHECK>()?;
    (check([key, row]).get() == u32::from_be_bytes(*written)).then_some(())?;
    pack::whole(row, &mut Known::default()).ok()
}
