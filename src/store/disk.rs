//! The file that the state is in: made whole or not at all, locked, and opened anew after the disk has refused something.

use super::{MOVE_AWAY, VERSION};
use redb::ReadableDatabase;
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Builder, Database, DatabaseError, StorageBackend};
use std::any::Any;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

/// The name of the file in the state directory.
const FILE: &str = "state.redb";
/// Its name while it is made.
pub(super) const UNFINISHED: &str = "state.redb.new";

/// Bytes of the file that the database keeps in memory: records and rows that are in use are in memory as they are.
const PAGE_CACHE: usize = 64 << 20;

/// What is wrong with the state.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Another process has it.
    #[error("it is in use by another goalkeeper: stop that one, or give this one its own `state.directory`")]
    InUse,
    /// There is none.
    #[error("there is no such state: `state.directory` names another place, or goalkeeper has never run on it")]
    Absent,
    /// It is not what was written.
    #[error("it is damaged: {0}. Goalkeeper does not go on with figures that may be wrong: {MOVE_AWAY}")]
    Damaged(String),
    /// It was written in another version.
    #[error(
        "it was written in version {0} and this program reads {VERSION}: run the goalkeeper that wrote it, or \
         {MOVE_AWAY}"
    )]
    OtherVersion(u32),
    /// The disk refuses something, which may pass.
    #[error("{0}")]
    Refused(String),
}

/// What is wrong with the state, and where it is.
#[derive(Debug, thiserror::Error)]
#[error("state {}: {fault}", path.display())]
pub struct StateError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

impl StateError {
    /// True if no patience helps: what is written is not what should be there.
    pub fn is_damage(&self) -> bool {
        matches!(self.fault, Fault::Damaged(_))
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        let what_to_do = match error.kind() {
            // The file is shorter than it says of itself, or says nothing sensible.
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData => return Fault::Damaged(error.to_string()),
            ErrorKind::NotFound => return Fault::Absent,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on the disk",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "let goalkeeper write there, or name another `state.directory`"
            }
            _ => "look at the disk",
        };
        Fault::Refused(format!("{error}: {what_to_do}"))
    }
}

macro_rules! faults_of_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for Fault {
            fn from(error: redb::$error) -> Fault {
                match redb::Error::from(error) {
                    redb::Error::DatabaseAlreadyOpen => Fault::InUse,
                    redb::Error::Io(error) => error.into(),
                    error @ (redb::Error::PreviousIo | redb::Error::DatabaseClosed) => Fault::Refused(error.to_string()),
                    error => Fault::Damaged(error.to_string()),
                }
            }
        }
    )*};
}

faults_of_redb!(DatabaseError, TransactionError, TableError, StorageError, CommitError, SetDurabilityError);

/// Does something with the database, which panics on some damage.
fn guarded<T>(act: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| Err(Fault::Damaged(panic_text(&*panic))))
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

/// How a database is opened.
type Open = Box<dyn Fn() -> Result<Database, Fault> + Send + Sync>;

/// The database, or nothing while the disk refuses to open it again.
pub(super) struct Disk {
    path: PathBuf,
    /// Opens it again; what lies in memory cannot be.
    open: Option<Open>,
    database: RwLock<Option<Database>>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Disk {
    /// A new one that is gone with the process.
    pub(super) fn in_memory(fill: impl FnOnce(&Database) -> Result<(), Fault>) -> anyhow::Result<Disk> {
        let database = Builder::new().create_with_backend(InMemoryBackend::new())?;
        fill(&database)?;
        Ok(Disk { path: PathBuf::from("in memory"), open: None, database: RwLock::new(Some(database)) })
    }

    /// One on any medium, which `medium` gives each time that it is opened; if nothing is there yet, `fill` begins it.
    pub(super) fn on<M: StorageBackend>(
        medium: impl Fn() -> M + Send + Sync + 'static,
        fill: impl FnOnce(&Database) -> Result<(), Fault>,
    ) -> Result<Disk, StateError> {
        let path = PathBuf::from("on a medium");
        let open = move || guarded(|| Ok(Builder::new().create_with_backend(medium())?));
        let begun = open().and_then(|database| {
            if database.begin_read()?.list_tables()?.next().is_none() {
                fill(&database)?;
            }
            Ok(database)
        });
        let database = begun.map_err(|fault| StateError { path: path.clone(), fault })?;
        Ok(Disk { path, open: Some(Box::new(open)), database: RwLock::new(Some(database)) })
    }

    fn in_file(path: PathBuf, database: Database) -> Disk {
        let file = path.clone();
        let open: Open = Box::new(move || guarded(|| open(&file, false)));
        Disk { path, open: Some(open), database: RwLock::new(Some(database)) }
    }

    /// The one in `directory`; if there is none yet, one that `fill` begins.
    pub(super) fn open_or_begin(
        directory: &Path,
        fill: impl FnOnce(&Database) -> Result<(), Fault>,
    ) -> Result<Disk, StateError> {
        let path = directory.join(FILE);
        let at = |fault| StateError { path: path.clone(), fault };
        std::fs::create_dir_all(directory).map_err(|error| at(error.into()))?;
        match path.exists() {
            true => Disk::open(directory, false),
            false => match guarded(|| begin(directory, &path, fill)).map_err(at)? {
                Some(database) => Ok(Disk::in_file(path, database)),
                None => Disk::open(directory, false),
            },
        }
    }

    /// The one in `directory`. With `thorough` every page of the file is held against its checksum first.
    pub(super) fn open(directory: &Path, thorough: bool) -> Result<Disk, StateError> {
        let path = directory.join(FILE);
        let opened = guarded(|| open(&path, thorough)).map_err(|fault| StateError { path: path.clone(), fault })?;
        Ok(Disk::in_file(path, opened))
    }

    /// Where the file is.
    pub(super) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// Does something with the database. After an error it is opened anew the next time: once the disk has refused
    /// anything, the open one refuses everything.
    pub(super) fn with<T>(&self, act: impl FnOnce(&Database) -> Result<T, Fault>) -> Result<T, StateError> {
        let result = self.opened().and_then(|()| {
            let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
            let closed = || Fault::Refused("it is being opened anew".to_owned());
            guarded(|| act(database.as_ref().ok_or_else(closed)?))
        });
        if result.is_err() && self.open.is_some() {
            self.close();
        }
        result.map_err(|fault| StateError { path: self.path(), fault })
    }

    /// Closing writes, which panics on some damage. Nothing depends on it: what it writes only makes opening faster.
    fn close(&self) {
        let database = self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
    }

    fn opened(&self) -> Result<(), Fault> {
        let Some(open) = &self.open else { return Ok(()) };
        if self.database.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
            if database.is_none() {
                *database = Some(open()?);
            }
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.close();
    }
}

fn open(path: &Path, thorough: bool) -> Result<Database, Fault> {
    // An empty file would be taken for a new one.
    if std::fs::metadata(path)?.len() == 0 {
        return Err(Fault::Damaged("the file is empty".to_owned()));
    }
    match Builder::new().set_cache_size(PAGE_CACHE).set_check_integrity_on_open(thorough).open(path) {
        Err(DatabaseError::UpgradeRequired(_)) => Err(Fault::Damaged("it has an old form".to_owned())),
        opened => Ok(opened?),
    }
}

/// Makes the file under another name until it is whole, so that a crash leaves none rather than half of one. `None` if
/// somebody else has made it meanwhile.
fn begin(
    directory: &Path,
    path: &Path,
    fill: impl FnOnce(&Database) -> Result<(), Fault>,
) -> Result<Option<Database>, Fault> {
    let unfinished = directory.join(UNFINISHED);
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&unfinished)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Fault::InUse),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    if path.exists() {
        std::fs::remove_file(&unfinished)?;
        return Ok(None);
    }
    // What a crash has left.
    file.set_len(0)?;
    let filled = guarded(|| {
        let database = Builder::new().set_cache_size(PAGE_CACHE).create_with_backend(FileBackend::new(file)?)?;
        fill(&database)?;
        Ok(database)
    });
    if filled.is_err() {
        // What is wrong is told; what is left would be taken over the next time.
        let _ = std::fs::remove_file(&unfinished);
    }
    let database = filled?;
    std::fs::rename(&unfinished, path)?;
    File::open(directory)?.sync_all()?;
    Ok(Some(database))
}
