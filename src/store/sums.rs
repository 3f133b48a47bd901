//! Sums over the rows of a table, kept in the same transaction as the rows: at the start they tell that all rows are there
//! and are those that were written. The file itself checks only what it repairs.

use super::Fault;
use crate::domain::slots::check;
use redb::StorageError;

/// How many rows a table has, and what the checks of their keys and values add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    rows: u64,
    checks: u64,
}

impl Sum {
    /// A row is there.
    pub(super) fn come(&mut self, key: &[u8], value: &[u8]) {
        self.rows = self.rows.wrapping_add(1);
        self.checks = self.checks.wrapping_add(of_row(key, value));
    }

    /// It is there no longer.
    fn leave(&mut self, key: &[u8], value: &[u8]) {
        self.rows = self.rows.wrapping_sub(1);
        self.checks = self.checks.wrapping_sub(of_row(key, value));
    }

    /// How many rows there are.
    pub(super) fn rows(self) -> u64 {
        self.rows
    }

    /// Writes or removes a row, and counts it.
    pub(super) fn set(
        &mut self,
        table: &mut super::Open<'_>,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), StorageError> {
        let before = match value {
            Some(value) => table.insert(key, value)?,
            None => table.remove(key)?,
        };
        if let Some(before) = before {
            self.leave(key, before.value());
        }
        if let Some(value) = value {
            self.come(key, value);
        }
        Ok(())
    }

    /// Holds what was found against what should be there.
    pub(super) fn check(self, found: Sum, what: &str) -> Result<(), Fault> {
        match self == found {
            true => Ok(()),
            false if self.rows != found.rows => {
                Err(Fault::Damaged(format!("{} of {} {what} are there", found.rows, self.rows)))
            }
            false => Err(Fault::Damaged(format!("not all of its {what} are what was written"))),
        }
    }
}

fn of_row(key: &[u8], value: &[u8]) -> u64 {
    let length = (key.len() as u64).to_be_bytes();
    u64::from(check([&length, key, value]).get())
}

/// Those of all tables that are read at the start. Records are not: each note has the check of its record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Of notes.
    pub(super) notes: Sum,
    /// Of paths.
    pub(super) paths: Sum,
    /// Of panes.
    pub(super) panes: Sum,
    /// Of scopes.
    pub(super) scopes: Sum,
    /// Of what the judge remembers.
    pub(super) memory: Sum,
}

impl Sums {
    /// As the position has them.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for Sum { rows, checks } in [self.notes, self.paths, self.panes, self.scopes, self.memory] {
            out.extend_from_slice(&rows.to_be_bytes());
            out.extend_from_slice(&checks.to_be_bytes());
        }
    }

    /// Reads what [`Sums::write`] wrote, and gives what follows.
    pub(super) fn read(bytes: &[u8]) -> Option<(Sums, &[u8])> {
        let (words, rest) = bytes.split_at_checked(10 * 8)?;
        let mut numbers = words.as_chunks::<8>().0.iter().map(|word| u64::from_be_bytes(*word));
        let mut sum = || Some(Sum { rows: numbers.next()?, checks: numbers.next()? });
        Some((Sums { notes: sum()?, paths: sum()?, panes: sum()?, scopes: sum()?, memory: sum()? }, rest))
    }
}
