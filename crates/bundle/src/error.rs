//! What can be wrong with a bundle or the place for it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A bundle that cannot be written or read: which file, why, and what to do about it.
#[derive(Debug)]
pub struct Error {
    path: PathBuf,
    what: String,
    remedy: &'static str,
    source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(path: &Path, what: impl Into<String>, remedy: &'static str) -> Self {
        Self { path: path.to_owned(), what: what.into(), remedy, source: None }
    }

    pub(crate) fn io(path: &Path, doing: &str, error: io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "Check the path",
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "Choose a folder that you may use"
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "Free some space",
            _ => "Choose another place",
        };
        Self { source: Some(error), ..Self::new(path, format!("cannot {doing}"), remedy) }
    }

    /// The file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file or folder, and what is wrong with it.
    #[must_use]
    pub fn what(&self) -> String {
        match &self.source {
            Some(source) => format!("{}: {}: {source}", self.path.display(), self.what),
            None => format!("{}: {}", self.path.display(), self.what),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.remedy
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}. {}", self.what(), self.remedy)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}
