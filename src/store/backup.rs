//! A copy of the state in one stream, that does not depend on how the file is laid out.
//!
//! ```text
//! zstd( "goalkeeper state\n", version, row .., 0 )      row: table, lengths of key and value, key, value
//! ```
//!
//! Numbers are big-endian, 4 bytes; a table is one byte. The frame has a checksum, and the rows have those of the state.

use super::disk::{Disk, UNFINISHED};
use super::{Fault, MEMORY, NOTES, PANES, PATHS, POSITION, RECORDS, SCOPES, StateError, Store, Table, VERSION};
use anyhow::{Context, bail, ensure};
use redb::{Database, ReadableDatabase, ReadableTable};
use std::io::{BufReader, Read, Write};
use std::path::Path;

const MAGIC: &[u8] = b"goalkeeper state\n";
/// The tables by their numbers in the stream, from 1; 0 ends it.
const TABLES: [Table; 7] = [RECORDS, NOTES, PATHS, PANES, SCOPES, MEMORY, POSITION];
/// No key or value is longer: a length that says so is none.
const LONGEST: u32 = 1 << 30;

impl Store {
    /// Writes a copy of the state, and gives how many rows it has.
    ///
    /// # Errors
    /// If the state is not what was written, or the copy cannot be written.
    pub fn export(&self, output: impl Write) -> anyhow::Result<u64> {
        let mut first = None;
        self.read_all(|problem| _ = first.get_or_insert(problem))?;
        if let Some(problem) = first {
            return Err(StateError { path: self.disk.path(), fault: Fault::Damaged(problem) }.into());
        }
        let mut output = zstd::Encoder::new(output, 3)?;
        output.include_checksum(true)?;
        // That the copy cannot be written is no trouble of the state.
        let rows = self.disk.with(|database| Ok(copy(database, &mut output)))??;
        output.finish()?.flush()?;
        Ok(rows)
    }

    /// Makes the state in `directory` from a copy, which must be whole; gives how many rows it has.
    ///
    /// # Errors
    /// If something is in the directory, or the copy is not one that [`Store::export`] wrote.
    pub fn import(directory: &Path, input: impl Read) -> anyhow::Result<u64> {
        if let Ok(entries) = std::fs::read_dir(directory) {
            for entry in entries {
                let name = entry?.file_name();
                ensure!(
                    name == UNFINISHED,
                    "{} is not empty: it has {}. Move it away first",
                    directory.display(),
                    name.display()
                );
            }
        }
        let mut rows = Ok(0);
        let fill = |database: &Database| {
            rows = paste(database, input);
            match &rows {
                Ok(_) => Ok(()),
                Err(problem) => Err(Fault::Refused(format!("{problem:#}"))),
            }
        };
        Disk::open_or_begin(directory, fill)?;
        rows
    }
}

fn copy(database: &Database, output: &mut impl Write) -> anyhow::Result<u64> {
    let transaction = database.begin_read()?;
    output.write_all(MAGIC)?;
    output.write_all(&VERSION.to_be_bytes())?;
    let mut rows = 0;
    for (number, table) in (1u8..).zip(TABLES) {
        for row in transaction.open_table(table)?.iter()? {
            let (key, value) = row?;
            let (key, value) = (key.value(), value.value());
            output.write_all(&[number])?;
            output.write_all(&u32::try_from(key.len())?.to_be_bytes())?;
            output.write_all(&u32::try_from(value.len())?.to_be_bytes())?;
            output.write_all(key)?;
            output.write_all(value)?;
            rows += 1;
        }
    }
    output.write_all(&[0])?;
    Ok(rows)
}

/// Puts a copy into a database without tables, and holds it against its sums and checks.
fn paste(database: &Database, input: impl Read) -> anyhow::Result<u64> {
    let mut input = BufReader::new(zstd::Decoder::new(input)?);
    let mut magic = [0; MAGIC.len()];
    let is_copy = input.read_exact(&mut magic).is_ok() && magic == MAGIC;
    ensure!(is_copy, "this is no copy of a state: make one with `goalkeeper state export`");
    let version = number(&mut input)?;
    ensure!(
        version == VERSION,
        "the copy was written in version {version} and this program reads {VERSION}: use the goalkeeper that wrote it"
    );
    let transaction = database.begin_write()?;
    let mut rows = 0;
    {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g] = TABLES.map(|table| transaction.open_table(table));
        let mut tables = [a.as_mut(), b.as_mut(), c.as_mut(), d.as_mut(), e.as_mut(), f.as_mut(), g.as_mut()];
        let (mut key, mut value) = (Vec::new(), Vec::new());
        loop {
            let mut table = [0];
            input.read_exact(&mut table).context(CUT_SHORT)?;
            if table == [0] {
                break;
            }
            let Some(Ok(table)) = tables.get_mut(usize::from(table[0]) - 1) else { bail!("the copy is damaged") };
            let lengths = (number(&mut input)?, number(&mut input)?);
            ensure!(lengths.0.max(lengths.1) < LONGEST, "the copy is damaged: a row of {} bytes", lengths.1);
            key.resize(lengths.0 as usize, 0);
            input.read_exact(&mut key).context(CUT_SHORT)?;
            value.resize(lengths.1 as usize, 0);
            input.read_exact(&mut value).context(CUT_SHORT)?;
            table.insert(&key[..], &value[..])?;
            rows += 1;
        }
        // Only at its end does the frame say whether it is what was written.
        ensure!(input.read(&mut [0]).context("the copy is damaged")? == 0, "the copy goes on after its end");
    }
    transaction.commit()?;
    let mut first = None;
    super::inspect::read_all(&database.begin_read()?, &mut |problem| _ = first.get_or_insert(problem))?;
    match first {
        None => Ok(rows),
        Some(problem) => bail!("the copy is damaged: {problem}"),
    }
}

const CUT_SHORT: &str = "the copy is cut short or damaged";

fn number(input: &mut impl Read) -> anyhow::Result<u32> {
    let mut bytes = [0; 4];
    input.read_exact(&mut bytes).context(CUT_SHORT)?;
    Ok(u32::from_be_bytes(bytes))
}
