//! What can be wrong with a batch as a whole. What happens to single items is in the ledger and the events.

use std::{fmt, io, path::Path};

/// Why a batch cannot be opened or go on. `Display` names the place and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The classes of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// The input cannot be read at all.
    Input,
    /// There is no ledger in the folder.
    NoLedger,
    /// Another process runs this batch.
    Locked,
    /// A line of the ledger is not as it was written.
    Damaged,
    /// The ledger was written by a newer release.
    Version,
    /// An item that may have been bought is another one now.
    Changed,
    /// The name of an item that this command cannot act on.
    Item,
    /// A file or folder cannot be read or written.
    Io,
}

impl Error {
    /// The class.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// `doing` follows "cannot": "write into the folder".
    pub(crate) fn io(path: &Path, doing: &str, error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "Choose a folder that you may write to"
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "Free some space and run the batch again"
            }
            _ => "Look after the folder and run the batch again",
        };
        Self::new(ErrorKind::Io, format!("{}: cannot {doing}: {error}. {remedy}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
