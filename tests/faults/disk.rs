//! A disk that forgets what was not synced, tears what it was writing, and refuses when it is full.

use super::chance::Chance;
use redb::StorageBackend;
use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk gives and takes at once.
const PAGE: u64 = 4096;

/// All who have it see the same bytes.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What survives a crash for sure.
    synced: Vec<u8>,
    /// What a reader sees.
    bytes: Vec<u8>,
    /// What happened since the last sync, in order.
    unsynced: Vec<Change>,
    /// Pages that were ever written: the others take no room yet.
    taken: BTreeSet<u64>,
    is_full: bool,
    /// Operations until the machine dies.
    dies_in: Option<i64>,
}

#[derive(Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

impl Change {
    /// The pages that it needs.
    fn pages(&self) -> std::ops::Range<u64> {
        match self {
            Change::Length(_) => 0..0,
            Change::Write(offset, data) => offset / PAGE..(offset + data.len() as u64).div_ceil(PAGE),
        }
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Length(length) => bytes.resize(*length as usize, 0),
            Change::Write(offset, data) => {
                let end = *offset as usize + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset as usize..end].copy_from_slice(data);
            }
        }
    }
}

impl State {
    fn change(&mut self, change: Change) -> Result<()> {
        self.step()?;
        let pages = change.pages();
        if self.is_full && pages.clone().any(|page| !self.taken.contains(&page)) {
            return Err(ErrorKind::StorageFull.into());
        }
        self.taken.extend(pages);
        change.apply(&mut self.bytes);
        self.unsynced.push(change);
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        match &mut self.dies_in {
            Some(0) => Err(Error::other("the machine is dead")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it is full, or has room again. A full disk takes what goes where something was before.
    pub fn set_full(&self, is_full: bool) {
        self.state().is_full = is_full;
    }

    /// True if it is full.
    pub fn is_full(&self) -> bool {
        self.state().is_full
    }

    /// The machine dies after so many more operations.
    pub fn die_in(&self, operations: i64) {
        self.state().dies_in = Some(operations);
    }

    /// True if the machine has died in the middle of an operation.
    pub fn is_dead(&self) -> bool {
        self.state().dies_in == Some(0)
    }

    /// The machine starts anew: of what was not synced some was written, some was not, and some was torn. Tells if
    /// anything was lost.
    pub fn crash(&self, chance: &mut Chance) -> bool {
        let mut state = self.state();
        let mut bytes = std::mem::take(&mut state.synced);
        let mut lost = false;
        for change in state.unsynced.drain(..) {
            match (chance.below(3), change) {
                (0, change) => change.apply(&mut bytes),
                (1, Change::Write(offset, data)) => {
                    let (from, to) = (chance.below(data.len() as i64) as usize, data.len());
                    let (from, to) = if chance.per_cent(50) { (0, from) } else { (from, to) };
                    Change::Write(offset + from as u64, data[from..to].to_vec()).apply(&mut bytes);
                    lost = true;
                }
                _ => lost = true,
            }
        }
        state.bytes.clone_from(&bytes);
        state.synced = bytes;
        state.dies_in = None;
        lost
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let state = self.state();
        let from = offset as usize;
        let bytes = state.bytes.get(from..from + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.state().change(Change::Length(len))
    }

    fn sync_data(&self) -> Result<()> {
        let mut state = self.state();
        state.step()?;
        let State { synced, unsynced, .. } = &mut *state;
        unsynced.drain(..).for_each(|change| change.apply(synced));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.state().change(Change::Write(offset, data.to_vec()))
    }
}
