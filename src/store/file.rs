//! The file of the state, opened again when the disk has refused something: redb gives and takes nothing after that.

use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase};
use std::sync::{PoisonError, RwLock};

type Open = Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>;

pub(super) struct File {
    open: Open,
    /// None while it cannot be opened.
    database: RwLock<Option<Database>>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("database", &self.database).finish_non_exhaustive()
    }
}

impl File {
    /// Opens it, and later again in the same way.
    pub(super) fn open(
        open: impl Fn() -> Result<Database, DatabaseError> + Send + Sync + 'static,
    ) -> Result<File, DatabaseError> {
        let database = RwLock::new(Some(open()?));
        Ok(File { open: Box::new(open), database })
    }

    /// Reads from what is on disk.
    pub(super) fn read<T>(&self, read: impl FnOnce(&ReadTransaction) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.with(|database| read(&database.begin_read()?))
    }

    /// Writes something. If the disk refuses, what was on it before is there to be read, and the next one may do better.
    pub(super) fn write(&self, write: impl FnOnce(&Database) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let written = self.with(write);
        if written.is_err() {
            let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
            // Closed first: two cannot have it open.
            drop(database.take());
            *database = (self.open)().ok();
        }
        written
    }

    fn with<T>(&self, act: impl FnOnce(&Database) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        match &*database {
            Some(database) => act(database),
            None => anyhow::bail!("the disk has refused to write, and now the file cannot even be opened"),
        }
    }
}
