//! The ledger: a file of lines that says, before anything is bought, that it is about to be.

mod line;
mod lock;
mod record;
mod state;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    path::Path,
    time::SystemTime,
};

use crate::{Digest, Error, ErrorKind, folder::Folder};
use line::{Chain, Tail};
use lock::Lock;
use record::{Header, VERSION};
use state::Items;

pub use record::{Failure, File, Received, Record};
pub use state::{Entry, Spent, State};

/// The record of a batch, kept in its folder.
///
/// Before a request is sent, its intent is on the disk; so whatever happens to the process, the next one knows which
/// items may have been bought. A ledger has one writer at a time. Lines are checked by length and by a chain of
/// checksums: one that was cut at the end of the file is left out, since nothing was sent on the strength of it, and
/// any other damage is an error.
#[derive(Debug)]
pub struct Ledger {
    folder: Folder,
    file: fs::File,
    /// `None` for readers.
    lock: Option<Lock>,
    chain: Chain,
    /// Where the last line ends.
    end: u64,
    items: Items,
    job: Digest,
    /// What made writing impossible. After a failed write or synchronisation nobody knows what is on the disk.
    broken: Option<Error>,
}

impl Ledger {
    /// Opens the ledger of a folder for writing, or begins one. Creates the folder when it is missing, and finds out
    /// whether it can be written to.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`], [`ErrorKind::Damaged`], [`ErrorKind::Version`] or [`ErrorKind::Io`].
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let folder = Folder::create(directory)?;
        let lock = Lock::take(&folder.lock())?;
        let path = folder.ledger();
        if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            begin(&folder)?;
        }
        let ledger = Self::load(folder, Some(lock))?;
        ledger.folder.open_staging()?;
        Ok(ledger)
    }

    /// Opens the ledger of a folder for reading, also while another process writes to it.
    ///
    /// # Errors
    /// [`ErrorKind::NoLedger`], [`ErrorKind::Damaged`], [`ErrorKind::Version`] or [`ErrorKind::Io`].
    pub fn read(directory: &Path) -> Result<Self, Error> {
        Self::load(Folder::existing(directory)?, None)
    }

    /// The process that runs the batch of a folder now, if one does.
    #[must_use]
    pub fn running(directory: &Path) -> Option<u32> {
        Lock::holder(&Folder::existing(directory).ok()?.lock())
    }

    /// The item of that id, if it was ever sent.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.items.entries.get(id)
    }

    /// The items that were ever sent, in the order in which they first were.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.items.entries.iter().map(|(id, entry)| (id.as_ref(), entry))
    }

    /// How many items were ever sent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.entries.len()
    }

    /// Whether nothing was ever sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.entries.is_empty()
    }

    /// What was bought, and what may have been.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.items.spent
    }

    /// Which batch it is: chosen when it began, and never the same twice.
    #[must_use]
    pub fn job(&self) -> Digest {
        self.job
    }

    /// Its folder, as an absolute path.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Writes records and waits until they are on the disk: all with one synchronisation.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when they may not be on the disk. Nothing can be written after that: what a disk that refused
    /// to synchronise holds is known only once the ledger is opened anew.
    pub fn append(&mut self, records: Vec<Record<'_>>) -> Result<(), Error> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let result = self.write(&records);
        if let Err(error) = result {
            self.broken = Some(error.clone());
            return Err(error);
        }
        for record in records {
            if let Err(mistake) = self.items.apply(record) {
                // A mistake of the caller's; going on would write a ledger that cannot be read.
                let error = Error::new(ErrorKind::Damaged, format!("a record {mistake}"));
                self.broken = Some(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    fn write(&mut self, records: &[Record<'_>]) -> Result<(), Error> {
        let path = self.folder.ledger();
        let unable = |error: &io::Error| Error::io(&path, "write to the ledger", error);
        let mut text = Vec::new();
        let mut chain = self.chain;
        for record in records {
            let record = serde_json::to_vec(record).map_err(|error| unable(&error.into()))?;
            chain.write(&record, &mut text);
        }
        if let Err(error) = self.file.write_all(&text) {
            // What is there of it has not been synchronised, so nothing went out on the strength of it.
            let _ = self.file.set_len(self.end);
            return Err(unable(&error));
        }
        self.file.sync_data().map_err(|error| unable(&error))?;
        self.end += text.len() as u64;
        self.folder.still_holds(&self.file)?;
        self.chain = chain;
        Ok(())
    }

    fn load(folder: Folder, lock: Option<Lock>) -> Result<Self, Error> {
        let path = folder.ledger();
        let mut options = OpenOptions::new();
        options.read(true).write(lock.is_some());
        let unable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(
                ErrorKind::NoLedger,
                format!("{} holds no batch: there is no ledger in it", folder.path().display()),
            ),
            _ => Error::io(&path, "read the ledger", &error),
        };
        Folder::refuse_link(&path)?;
        let file = options.open(&path).map_err(unable)?;
        let mut reader = Reader { path: &path, chain: Chain::default(), line: 0, end: 0, is_open: false };
        let (job, items) = reader.read(&file)?;
        let Reader { chain, end, is_open, .. } = reader;
        let mut ledger = Self { folder, file, lock, chain, end, items, job, broken: None };
        if ledger.lock.is_some() {
            ledger.trim(end, is_open)?;
        }
        Ok(ledger)
    }

    /// Takes off what was cut in the middle of a line, so that the next line begins at the beginning of one.
    fn trim(&mut self, end: u64, is_open: bool) -> Result<(), Error> {
        let path = self.folder.ledger();
        let trimmed = (|| {
            let has_more = self.file.metadata()?.len() > end;
            if has_more {
                self.file.set_len(end)?;
            }
            self.file.seek(SeekFrom::Start(end))?;
            if is_open {
                self.file.write_all(b"\n")?;
                self.end += 1;
            }
            if has_more || is_open { self.file.sync_all() } else { Ok(()) }
        })();
        trimmed.map_err(|error: io::Error| Error::io(&path, "write to the ledger", &error))
    }
}

/// The first line, on the disk before the file has its name: no ledger is without it.
fn begin(folder: &Folder) -> Result<(), Error> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed = format!("{}\0{:?}\0{}", folder.path().display(), now, std::process::id());
    let header = Header { imagewire_ledger: VERSION, job: Digest::of(seed.as_bytes()) };
    let mut text = Vec::new();
    let path = folder.ledger();
    let written = (|| {
        Chain::default().write(&serde_json::to_vec(&header)?, &mut text);
        // Its rights are its owner's alone: ids may say what the pictures are about.
        let mut file = tempfile::Builder::new().prefix(".imagewire-").tempfile_in(folder.path())?;
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(&path).map_err(|error| error.error)?;
        Ok(())
    })();
    written.map_err(|error: io::Error| Error::io(folder.path(), "write into the folder", &error))?;
    folder.sync()
}

/// Reads a ledger line by line, in memory for one line at a time.
struct Reader<'a> {
    path: &'a Path,
    chain: Chain,
    /// The number of the present line, from 1.
    line: u64,
    /// Where the last good line ends, with its line feed if it has one.
    end: u64,
    /// Whether that one lacks its line feed.
    is_open: bool,
}

impl Reader<'_> {
    fn read(&mut self, file: impl io::Read) -> Result<(Digest, Items), Error> {
        let mut file = BufReader::with_capacity(256 << 10, file);
        let mut text = Vec::new();
        let mut job = None;
        let mut items = Items::default();
        loop {
            text.clear();
            let read = file.read_until(b'\n', &mut text);
            let read = read.map_err(|error| Error::io(self.path, "read the ledger", &error))?;
            self.line += 1;
            let line = text.strip_suffix(b"\n");
            // A file that was made longer and not written to, as a power failure leaves it, ends in zeros.
            let zeros = text.iter().rev().take_while(|byte| **byte == 0).count();
            let rest = text.get(..text.len() - zeros).unwrap_or_default();
            let Some(record) = self.chain.read(line.unwrap_or(rest)) else {
                return match (line, job) {
                    (None, Some(job)) if rest.is_empty() || line::tail(rest) == Tail::Cut => Ok((job, items)),
                    _ => Err(self.damaged("is not as it was written")),
                };
            };
            self.end += if line.is_some() { read as u64 } else { rest.len() as u64 };
            self.is_open = line.is_none();
            match job {
                None => job = Some(self.header(record)?),
                Some(_) => {
                    let record = serde_json::from_slice(record)
                        .map_err(|_| self.damaged("holds a record that this release does not know"))?;
                    items.apply(record).map_err(|mistake| self.damaged(mistake))?;
                }
            }
        }
    }

    fn header(&self, record: &[u8]) -> Result<Digest, Error> {
        let header: Header =
            serde_json::from_slice(record).map_err(|_| self.damaged("is no beginning of a ledger"))?;
        if header.imagewire_ledger == VERSION {
            return Ok(header.job);
        }
        Err(Error::new(
            ErrorKind::Version,
            format!(
                "{}: the ledger has format {}, and this release reads format {VERSION}. Use a newer imagewire",
                self.path.display(),
                header.imagewire_ledger
            ),
        ))
    }

    fn damaged(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Damaged,
            format!(
                "{}, line {}: the line {what}. Bring the ledger back from a copy; nothing was sent",
                self.path.display(),
                self.line
            ),
        )
    }
}

/// For messages and records alone; no order depends on it.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
