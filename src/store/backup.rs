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
use std::sync::Arc;

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

    /// As [`Store::import`], into a state that is gone with the process: for trials and tests.
    ///
    /// # Errors
    /// If the copy is not one that [`Store::export`] wrote.
    pub fn import_into_memory(input: impl Read) -> anyhow::Result<Store> {
        let fill = |database: &Database| paste(database, input).map(drop).map_err(|p| Fault::Refused(format!("{p:#}")));
        Ok(Store { disk: Arc::new(Disk::in_memory(fill)?) })
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
            read(&mut input, lengths.0, &mut key)?;
            read(&mut input, lengths.1, &mut value)?;
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

/// Reads so many bytes. A length that is a lie takes no memory.
fn read(input: &mut impl Read, length: u32, into: &mut Vec<u8>) -> anyhow::Result<()> {
    into.clear();
    let found = input.take(u64::from(length)).read_to_end(into).context(CUT_SHORT)?;
    ensure!(found == length as usize, CUT_SHORT);
    Ok(())
}

fn number(input: &mut impl Read) -> anyhow::Result<u32> {
    let mut bytes = [0; 4];
    input.read_exact(&mut bytes).context(CUT_SHORT)?;
    Ok(u32::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sums::Sums;
    use crate::store::{Head, begin};

    /// A copy of an empty state in which one more row of scopes and this position are what was written.
    fn copy_of(scope: (&[u8], &[u8]), saved: &[u8]) -> Vec<u8> {
        let spoil = |database: &Database| {
            begin(database)?;
            let transaction = database.begin_write()?;
            let mut sums = Sums::default();
            sums.scopes.set(&mut transaction.open_table(SCOPES)?, scope.0, Some(scope.1))?;
            Head::write(&mut transaction.open_table(POSITION)?, &sums, saved)?;
            transaction.commit()?;
            Ok(())
        };
        let disk = Disk::in_memory(spoil).expect("there is memory");
        let mut bytes = Vec::new();
        let mut output = zstd::Encoder::new(&mut bytes, 3).expect("there is memory");
        disk.with(|database| Ok(copy(database, &mut output))).expect("can be read").expect("can be copied");
        output.finish().expect("there is memory");
        bytes
    }

    #[test]
    fn a_length_that_is_a_lie_takes_no_memory() {
        let mut bytes = Vec::new();
        let said = read(&mut &[7; 100][..], LONGEST - 1, &mut bytes).expect_err("there are not so many");
        assert_eq!(said.to_string(), CUT_SHORT);
        assert!(bytes.capacity() < 1 << 16, "{}", bytes.capacity());
    }

    #[test]
    fn a_copy_whose_sums_are_right_is_refused_if_its_scopes_or_position_cannot_be_read() {
        // A rep called `a`, and no part of it, with a row.
        let good = (&[0, 1, b'a', 0][..], &[1][..]);
        let import = |bytes: Vec<u8>| Store::import_into_memory(&bytes[..]).map(drop).map_err(|p| p.to_string());
        assert_eq!(import(copy_of(good, &[])), Ok(()));
        for (scope, saved, problem) in [
            ((&[9, 1, b'a', 0][..], &[1][..]), &[][..], "a scope cannot be read"),
            ((good.0, &[0x80, 0]), &[], "a scope cannot be read"),
            (good, b"anything", "the position cannot be read"),
        ] {
            let said = import(copy_of(scope, saved)).expect_err(problem);
            assert!(said.contains("the copy is damaged") && said.contains(problem), "{said}");
        }
    }
}
