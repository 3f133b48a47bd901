//! What survives a restart: records, panes and position, in one file, each checkpoint one transaction.

mod file;
pub mod writer;

use crate::domain::amounts::Amounts;
use crate::domain::engine::{Engine, Position};
use crate::domain::measure::Thresholds;
use crate::domain::pack::{self, Known, Pack};
use crate::domain::pane::{RowKey, RowWrite};
use crate::domain::records::Write;
use crate::domain::roster::RosterData;
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::settings::Settings;
use crate::domain::slots::{Address, Note, Packed};
use crate::domain::storage::Storage;
use crate::domain::time::{Instant, Span};
use crate::domain::window::Tier;
use anyhow::{Context, bail, ensure};

use file::File;
use redb::backends::InMemoryBackend;
use redb::{Database, DatabaseError, Durability, ReadTransaction, ReadableTable, StorageBackend, TableDefinition};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The version of what is written; another one cannot be read.
const VERSION: u32 = 2;

/// What to do when the file cannot be read.
const MOVE_AWAY: &str = "move the state directory away, and the state is built again from Kafka";

/// Bytes of the file that the store keeps in memory: records and rows that are in use are in memory as they are.
const PAGE_CACHE: usize = 64 << 20;

/// The name of the file in the state directory.
const FILE: &str = "state.redb";

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;
type Open<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// (hour, number) -> key and record. Whole hours expire together, and neighbours in time are neighbours on disk.
const RECORDS: Table = TableDefinition::new("records");
/// (hour, number) -> what is known of the record without looking at it: all that is read of records at the start.
const NOTES: Table = TableDefinition::new("notes");
/// number -> path, which bookings name by its number.
const PATHS: Table = TableDefinition::new("paths");
/// (tier, start, scope) -> row.
const PANES: Table = TableDefinition::new("panes");
/// scope -> how many rows of it are not empty.
const SCOPES: Table = TableDefinition::new("scopes");
/// One row: everything else.
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

/// Which roster and settings the books were made under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    roster: u128,
    settings: u128,
    thresholds: Vec<(Thresholds, Vec<Span>)>,
}

impl InForce {
    /// Those of a roster and settings.
    pub fn of(roster: &RosterData, settings: &Settings) -> InForce {
        InForce {
            roster: fingerprint(roster),
            settings: fingerprint(settings),
            thresholds: Thresholds::ALL.map(|family| (family, family.of(settings).to_vec())).into(),
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

    /// `settings` with the thresholds that were in force: what the engine must know to tell which ones are new.
    pub fn with_thresholds(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        for (family, spans) in &self.thresholds {
            match family {
                Thresholds::Wait => settings.wait_thresholds.clone_from(spans),
                Thresholds::Response => settings.response_thresholds.clone_from(spans),
                Thresholds::Resolution => settings.resolution_thresholds.clone_from(spans),
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
    file: Arc<File>,
}

impl Store {
    /// Opens the state in `directory`, or begins it. One process at a time can have it.
    ///
    /// # Errors
    /// If another process has it, or it cannot be read or made.
    pub fn open(directory: &Path) -> anyhow::Result<Store> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("state directory {} cannot be made", directory.display()))?;
        let path = directory.join(FILE);
        let shown = path.display().to_string();
        let file = match File::open(move || Database::builder().set_cache_size(PAGE_CACHE).create(&path)) {
            Ok(file) => file,
            Err(DatabaseError::DatabaseAlreadyOpen) => {
                bail!("{shown} is in use by another goalkeeper: stop it, or give this one its own `state.directory`")
            }
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("{shown} cannot be opened; state can be built again from Kafka after moving it away")
                });
            }
        };
        Ok(Store { file: Arc::new(file) })
    }

    /// A state that is gone with the process: for trials and tests.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn in_memory() -> anyhow::Result<Store> {
        Store::on(InMemoryBackend::new)
    }

    /// A state on any medium, for tests; `medium` gives it each time that the state is opened.
    ///
    /// # Errors
    /// If what is there cannot be read.
    pub fn on<M: StorageBackend>(medium: impl Fn() -> M + Send + Sync + 'static) -> anyhow::Result<Store> {
        let file = File::open(move || Database::builder().create_with_backend(medium()))?;
        Ok(Store { file: Arc::new(file) })
    }

    /// Lets the engine fetch records from here that have no room in memory.
    pub fn lend_to(&self, engine: &mut Engine) {
        let shelf = Arc::new(Shelf(self.file.clone()));
        let (records, panes) = engine.parts_to_store();
        records.lie_in(shelf.clone());
        panes.lie_in(shelf);
    }

    /// What the last checkpoint says of position; `None` if there was none.
    ///
    /// # Errors
    /// If the file cannot be read or was written by another version.
    pub fn saved(&self) -> anyhow::Result<Option<Saved>> {
        self.file.read(read_saved)
    }

    /// Puts the last checkpoint's records and panes into a fresh engine, and then its position.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn restore(&self, engine: &mut Engine, position: Position) -> anyhow::Result<()> {
        self.lend_to(engine);
        self.file.read(|transaction| read_state(transaction, engine, &position))?;
        engine.restored(position);
        Ok(())
    }

    /// Writes a checkpoint: all of it or nothing.
    ///
    /// # Errors
    /// If the disk does not take it; the state is then what it was before.
    pub fn write(&self, checkpoint: &Checkpoint) -> anyhow::Result<()> {
        self.file.write(|database| checkpoint.write(database))
    }
}

fn read_saved(transaction: &ReadTransaction) -> anyhow::Result<Option<Saved>> {
    let table = match transaction.open_table(POSITION) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        table => table?,
    };
    let Some(bytes) = table.get(&b"position"[..])? else { return Ok(None) };
    let (version, rest) = bytes.value().split_first_chunk::<4>().context("the position is cut short")?;
    let version = u32::from_be_bytes(*version);
    if version != VERSION {
        bail!(
            "the state was written in version {version} and this program reads {VERSION}: start with an empty state directory"
        );
    }
    let saved = pack::whole::<Saved>(rest, &mut Known::default()).context("the position cannot be read")?;
    Ok(Some(saved))
}

/// Puts records and panes into a fresh engine.
fn read_state(transaction: &ReadTransaction, engine: &mut Engine, position: &Position) -> anyhow::Result<()> {
    let room = engine.room();
    let mut known = Known::default();
    let (records, panes) = engine.parts_to_store();
    for row in transaction.open_table(PATHS)?.iter()? {
        let (key, value) = row?;
        let number = key.value().try_into().map(u32::from_be_bytes).context("the number of a path")?;
        let path = pack::whole(value.value(), &mut known).context("a path")?;
        ensure!(records.restore_path(number, path), "path {number} is out of order");
    }
    for row in transaction.open_table(NOTES)?.iter()? {
        let (address, note) = row?;
        let address = read_address(address.value()).context("the address of a record")?;
        records.restore(read_note(address, note.value()).context("the note of a record")?);
    }
    for row in transaction.open_table(SCOPES)?.iter()? {
        let (scope, filled) = row?;
        let scope = pack::whole(scope.value(), &mut known).context("a scope")?;
        panes.restore_scope(&scope, pack::whole(filled.value(), &mut known).context("the rows of a scope")?);
    }
    let now = position.now.unwrap_or(Instant::MIN);
    let table = transaction.open_table(PANES)?;
    let mut next = Vec::new();
    while let Some(row) = table.range(&next[..]..)?.next() {
        let (tier, start) = read_pane(row?.0.value(), &mut known).context("the key of a pane")?;
        panes.restore_pane(tier, start, now, room.reach);
        // One pane has many rows; the next one begins behind them.
        next.clear();
        write_pane(tier, Instant(start.0 + 1), &mut next);
    }
    Ok(())
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
    }
    fn take(input: &mut pack::Input<'_>) -> Result<Saved, pack::Corrupt> {
        Ok(Saved {
            position: Pack::take(input)?,
            offsets: Vec::<(String, i64)>::take(input)?.into_iter().collect(),
            logs: Logs {
                topics: Vec::<(String, String)>::take(input)?.into_iter().collect(),
                epochs: Vec::<(String, i64)>::take(input)?.into_iter().collect(),
            },
            in_force: InForce {
                roster: Pack::take(input)?,
                settings: Pack::take(input)?,
                thresholds: Pack::take(input)?,
            },
        })
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
    fn apply(&self, bytes: &[u8], table: &mut Open<'_>) -> Result<(), redb::StorageError> {
        for (key, value) in &self.0 {
            match value {
                Some(value) => drop(table.insert(&bytes[key.clone()], &bytes[value.clone()])?),
                None => drop(table.remove(&bytes[key.clone()])?),
            }
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
        let position = engine.position();
        let (engine_records, engine_panes) = engine.parts_to_store();
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
                panes.0.push((key, Some(written(&mut bytes, |out| row.put(out)))));
            }
            RowWrite::Delete(key) => panes.0.push((written(&mut bytes, |out| write_row_key(key, out)), None)),
            RowWrite::Scope(scope, filled) => {
                let key = written(&mut bytes, |out| scope.put(out));
                scopes.0.push((key, (filled > 0).then(|| written(&mut bytes, |out| filled.put(out)))));
            }
        });
        panes.sort(&bytes);
        let saved = Saved { position, offsets, logs, in_force };
        let position = written(&mut bytes, |out| {
            out.extend_from_slice(&VERSION.to_be_bytes());
            saved.put(out);
        });
        Checkpoint { bytes, records, paths, panes, scopes, position, offsets: Arc::new(saved.offsets) }
    }

    /// All of it or nothing.
    fn write(&self, database: &Database) -> anyhow::Result<()> {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        // Measured: reopening after a kill takes milliseconds instead of a walk through the file.
        transaction.set_quick_repair(true);
        {
            self.write_records(&mut transaction.open_table(RECORDS)?, &mut transaction.open_table(NOTES)?)?;
            let mut paths = transaction.open_table(PATHS)?;
            self.paths.apply(&self.bytes, &mut paths)?;
            let mut panes = transaction.open_table(PANES)?;
            self.panes.apply(&self.bytes, &mut panes)?;
            let mut scopes = transaction.open_table(SCOPES)?;
            self.scopes.apply(&self.bytes, &mut scopes)?;
            let mut position = transaction.open_table(POSITION)?;
            position.insert(&b"position"[..], &self.bytes[self.position.clone()])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        let records = self.records.iter().filter_map(|(_, record)| record.as_ref());
        self.bytes.len() + records.map(|(_, packed)| packed.len()).sum::<usize>()
    }

    /// In the order of keys, which the tree likes. Changes of one key stay in their order: the last one holds.
    fn write_records(&self, records: &mut Open<'_>, notes: &mut Open<'_>) -> Result<(), redb::StorageError> {
        let mut changes: Vec<&RecordChange> = self.records.iter().collect();
        changes.sort_by_key(|(address, _)| *address);
        let mut value = Vec::new();
        for (address, record) in changes {
            let key = &written_address(*address)[..];
            let Some((note, packed)) = record else {
                records.remove(key)?;
                notes.remove(key)?;
                continue;
            };
            value.clear();
            write_record(packed, &mut value);
            records.insert(key, &value[..])?;
            value.clear();
            write_note(note, &mut value);
            notes.insert(key, &value[..])?;
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
    out.extend_from_slice(&note.hash.to_be_bytes());
}

fn read_note(address: Address, bytes: &[u8]) -> Option<Note> {
    let mut known = Known::default();
    let mut input = pack::Input::new(bytes, &mut known);
    let (kind, generation) = Pack::take(&mut input).ok()?;
    let due = Pack::take(&mut input).ok()?;
    let hash = u64::from_be_bytes(input.rest().try_into().ok()?);
    Some(Note::stored(kind, address, generation, due, hash))
}

/// Where the engine finds what has no room in memory.
#[derive(Debug)]
struct Shelf(Arc<File>);

impl Shelf {
    fn get<T>(
        &self,
        table: Table,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> anyhow::Result<Option<Option<T>>> {
        self.0.read(|transaction| {
            let table = transaction.open_table(table)?;
            Ok(table.get(key)?.map(|value| read(value.value())))
        })
    }
}

impl Storage for Shelf {
    fn record(&self, address: Address) -> Result<Packed, String> {
        let Address { hour, number } = address;
        match self.get(RECORDS, &written_address(address), read_record) {
            Ok(Some(Some(packed))) => Ok(packed),
            Ok(_) => Err(format!("record {number} of hour {hour} is not in the state file: {MOVE_AWAY}")),
            Err(error) => Err(format!("record {number} of hour {hour} cannot be read from the state file: {error:#}")),
        }
    }

    fn row(&self, key: &RowKey) -> Result<Amounts, String> {
        let mut bytes = Vec::new();
        write_row_key(key, &mut bytes);
        let name = || format!("the row of {} in the {} pane of {}", key.scope, key.tier.name(), key.start.to_rfc3339());
        match self.get(PANES, &bytes, |row| pack::whole(row, &mut Known::default()).ok()) {
            Ok(None) => Ok(Amounts::default()),
            Ok(Some(Some(row))) => Ok(row),
            Ok(Some(None)) => Err(format!("{} in the state file makes no sense: {MOVE_AWAY}", name())),
            Err(error) => Err(format!("{} cannot be read from the state file: {error:#}", name())),
        }
    }

    fn rows(&self, tier: Tier, start: Instant, reps: bool) -> Result<Vec<(Scope, Amounts)>, String> {
        let read = |transaction: &ReadTransaction| {
            let table = transaction.open_table(PANES)?;
            let (mut from, mut to) = (Vec::new(), Vec::new());
            write_pane(tier, start, &mut from);
            write_pane(tier, Instant(start.0 + 1), &mut to);
            let mut known = Known::default();
            let mut rows = Vec::new();
            for row in table.range(&from[..]..&to[..])? {
                let (key, row) = row?;
                let key = read_row_key(key.value(), &mut known).context("the key of a row")?;
                if reps == (key.scope.kind == ScopeKind::Rep) {
                    rows.push((key.scope, pack::whole(row.value(), &mut known).context("a row")?));
                }
            }
            Ok(rows)
        };
        self.0.read(read).map_err(|error| {
            let (tier, start) = (tier.name(), start.to_rfc3339());
            format!("the {tier} pane of {start} cannot be read from the state file: {error:#}")
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
