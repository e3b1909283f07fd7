//! One writer at a time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    path::Path,
};

use crate::{Error, ErrorKind};

/// Held as long as it lives, and no longer than the process: a crash leaves no lock behind.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(path: &Path) -> Result<Self, Error> {
        let unable = |error| Error::io(path, "write into the folder", &error);
        let mut file = options().open(path).map_err(unable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let who = owner(&mut file);
                let folder = path.parent().unwrap_or(path).display();
                return Err(Error::new(
                    ErrorKind::Locked,
                    format!(
                        "{folder}: another process runs this batch{who}. Wait for it, or choose another folder"
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io(path, "lock it", &error)),
        }
        file.set_len(0).map_err(unable)?;
        file.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(unable)?;
        Ok(Self { _file: file })
    }

    /// The process that runs the batch, if one does.
    pub(super) fn holder(path: &Path) -> Option<u32> {
        let mut file = OpenOptions::new().read(true).write(true).open(path).ok()?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => pid(&mut file),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn owner(file: &mut File) -> String {
    pid(file).map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

/// Where locked files cannot be read, there is none.
fn pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
