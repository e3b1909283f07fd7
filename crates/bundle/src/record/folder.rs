//! A bundle's folder: hidden while it is written, numbered when it is whole.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::Error;

/// Others may take a number at the same time, but not for ever.
const ATTEMPTS: u64 = 1_000;

/// A folder under a hidden name. Dropped, it is removed.
#[derive(Debug)]
pub(super) struct Hidden {
    parent: PathBuf,
    path: PathBuf,
}

impl Hidden {
    pub(super) fn new(parent: &Path) -> Result<Self, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        for _ in 0..ATTEMPTS {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!(".recording-{}-{number}", process::id()));
            match private_folder().create(&path) {
                Ok(()) => return Ok(Self { parent: parent.to_owned(), path }),
                // A process that died had the same number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io(parent, "write into the folder", error)),
            }
        }
        Err(Error::new(parent, "is full of unfinished bundles", "Remove the folders .recording-…"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A new file that nobody else may read.
    pub(super) fn create(&self, name: &str) -> Result<File, Error> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = self.path.join(name);
        options.open(&path).map_err(|error| Error::io(&path, "make it", error))
    }

    /// Gives it the next free number.
    pub(super) fn publish(self) -> Result<PathBuf, Error> {
        let unreadable = |error| Error::io(&self.parent, "read the folder", error);
        let mut highest = 0_u64;
        for entry in fs::read_dir(&self.parent).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            highest = highest.max(name.to_str().and_then(|name| name.parse().ok()).unwrap_or(0));
        }
        let mut last = None;
        for number in (highest.saturating_add(1)..).take(usize::try_from(ATTEMPTS).unwrap_or(usize::MAX)) {
            let path = self.parent.join(format!("{number:03}"));
            // A folder that holds something, as a bundle does, is never replaced.
            match fs::rename(&self.path, &path) {
                Ok(()) => return Ok(path.canonicalize().unwrap_or(path)),
                Err(error) if fs::symlink_metadata(&path).is_ok() => last = Some(error),
                Err(error) => return Err(Error::io(&path, "name the bundle", error)),
            }
        }
        let error = last.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into());
        Err(Error::io(&self.parent, "number the bundle", error))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Published, it is not there any more; otherwise it is hidden, and does no harm.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
