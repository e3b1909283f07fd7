//! The folder of a batch: images under their names, and hidden beside them the ledger, its lock, and what waits.

#[cfg(test)]
mod tests;

use std::{
    fs,
    io::{self, ErrorKind::NotFound},
    path::{Path, PathBuf},
};

use imagewire_transport::{Destination, decode::Format};
use tempfile::{NamedTempFile, TempPath};

use crate::{
    Digest, Error, ErrorKind,
    ledger::{File, Received},
};

const LEDGER: &str = ".imagewire-ledger.jsonl";
const LOCK: &str = ".imagewire-lock";
const STAGING: &str = ".imagewire-staging";

/// A folder that belongs to one batch at a time.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(|error| Error::io(path, "create the folder", &error))?;
        Self::existing(path)
    }

    pub(crate) fn existing(path: &Path) -> Result<Self, Error> {
        let unable = |error| Error::io(path, "find the folder", &error);
        let path = std::path::absolute(path).map_err(unable)?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path.join(LEDGER)
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.path.join(LOCK)
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.path.join(STAGING)
    }

    /// Makes the place for files that wait for their names, tries whether it can be written to, and takes away what a
    /// crash left there half written.
    pub(crate) fn open_staging(&self) -> Result<(), Error> {
        let staging = self.staging();
        let unable = |error: io::Error| Error::io(&self.path, "write into the folder", &error);
        Self::refuse_link(&staging)?;
        fs::create_dir_all(&staging).map_err(unable)?;
        for entry in fs::read_dir(&staging).map_err(unable)? {
            let path = entry.map_err(unable)?.path();
            // Whole images have their formats' extensions.
            if path.extension().is_some_and(|extension| extension == "tmp") {
                fs::remove_file(&path).map_err(unable)?;
            }
        }
        let trial = NamedTempFile::with_suffix_in(".tmp", &staging).map_err(unable)?;
        trial.as_file().sync_all().map_err(unable)?;
        let target = self.path.join(format!(".imagewire-{}.tmp", std::process::id()));
        let trial = trial.persist_noclobber(&target).map_err(|error| unable(error.error));
        trial.and_then(|_| fs::remove_file(&target).map_err(unable))
    }

    /// Takes the staging folder away if nothing waits in it.
    pub(crate) fn close_staging(&self) {
        let _ = fs::remove_dir(self.staging());
    }

    /// Where the images of an item are saved first. The names start with a dot there as well.
    pub(crate) fn destination(&self, name: &str) -> Destination {
        Destination::directory(self.staging()).stem(format!(".{name}"))
    }

    /// The images of an item that are saved and not recorded, in their order: each of them is whole.
    pub(crate) fn staged(&self, name: &str, images: u32) -> Vec<PathBuf> {
        let file = |stem: &str| {
            extensions()
                .map(|extension| self.staging().join(format!("{stem}.{extension}")))
                .find(|path| is_file(path))
        };
        let one = file(&format!(".{name}"));
        one.map_or_else(
            || (1..=images).filter_map(|number| file(&format!(".{name}-{number}"))).collect(),
            |one| vec![one],
        )
    }

    /// Takes away what an earlier request for an item left, before the item is bought again.
    pub(crate) fn clear_staged(&self, name: &str, images: u32) -> Result<(), Error> {
        self.staged(name, images)
            .iter()
            .try_for_each(|path| fs::remove_file(path).map_err(|error| Error::io(path, "remove it", &error)))
    }

    /// Measures the saved files of an item, so that they can be recorded.
    pub(crate) fn receive(&self, name: &str, paths: &[PathBuf]) -> Result<Vec<Received>, Error> {
        let staging = self.staging();
        let receive = |(at, path): (usize, &PathBuf)| {
            let (sha256, bytes) =
                Digest::of_file(path).map_err(|error| Error::io(path, "read it", &error))?;
            let text = |path: &Path| path.to_string_lossy().into_owned();
            let (from, name) = match path.strip_prefix(&staging) {
                Ok(inside) => (text(inside), text(inside).trim_start_matches('.').to_owned()),
                // Saved elsewhere, under a name of chance.
                Err(_) => {
                    let extension = path.extension().unwrap_or_default().to_string_lossy();
                    let number = if paths.len() > 1 { format!("-{}", at + 1) } else { String::new() };
                    (text(path), format!("{name}{number}.{extension}"))
                }
            };
            Ok(Received { from: from.into(), name: name.into(), bytes, sha256 })
        };
        paths.iter().enumerate().map(receive).collect()
    }

    /// Gives a file its name, unless it has it already. A name that something else has taken is left alone, and the
    /// file gets another. The folder must be synchronised afterwards.
    pub(crate) fn publish(&self, file: &Received) -> Result<File, Error> {
        for name in [file.name.to_string(), alternative(&file.name, &file.sha256)] {
            let target = self.path.join(&name);
            let unable = |error: &io::Error| Error::io(&target, "create it", error);
            match fs::symlink_metadata(&target) {
                Ok(metadata) if metadata.is_file() && metadata.len() == file.bytes => {
                    if Digest::of_file(&target).is_ok_and(|(sha256, _)| sha256 == file.sha256) {
                        // Where names cannot be moved but only added, the old one is still there.
                        let _ = fs::remove_file(self.staging().join(file.from.as_ref()));
                        return Ok(File { name: name.into(), bytes: file.bytes, sha256: file.sha256 });
                    }
                }
                Ok(_) => {}
                Err(error) if error.kind() == NotFound => match self.rename(file, &target) {
                    Ok(()) => return Ok(File { name: name.into(), bytes: file.bytes, sha256: file.sha256 }),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(unable(&error)),
                },
                Err(error) => return Err(unable(&error)),
            }
        }
        Err(Error::new(
            ErrorKind::Io,
            format!(
                "{}: the name is taken. The image waits in {}; move the other file away and run the batch again",
                self.path.join(file.name.as_ref()).display(),
                self.staging().join(file.from.as_ref()).display()
            ),
        ))
    }

    fn rename(&self, file: &Received, target: &Path) -> io::Result<()> {
        // An absolute path, of a file that had to be saved elsewhere, replaces the staging folder's.
        let from = self.staging().join(file.from.as_ref());
        let from = if from.starts_with(&self.path) {
            from
        } else {
            let mut copy = NamedTempFile::with_suffix_in(".tmp", self.staging())?;
            io::copy(&mut fs::File::open(&from)?, &mut copy)?;
            copy.as_file().sync_all()?;
            let (_, path) = copy.keep().map_err(|error| error.error)?;
            path
        };
        let moved = TempPath::try_from_path(from)?.persist_noclobber(target);
        moved.map_err(|failed| {
            // It is paid for: dropping it would remove it.
            let _ = failed.path.keep();
            failed.error
        })
    }

    /// Whether a file is still somewhere: waiting, or under its name.
    pub(crate) fn has(&self, file: &Received) -> bool {
        self.staging().join(file.from.as_ref()).exists() || self.path.join(file.name.as_ref()).exists()
    }

    /// Whether the file is here and as long as it was, and with `verify` also of the same content.
    pub(crate) fn holds(&self, file: &File, verify: bool) -> bool {
        let path = self.path.join(file.name.as_ref());
        let size = fs::metadata(&path).is_ok_and(|metadata| metadata.len() == file.bytes);
        size && (!verify || Digest::of_file(&path).is_ok_and(|(sha256, _)| sha256 == file.sha256))
    }

    /// The names that files have already, without extensions and in lower case.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        let unable = |error: io::Error| Error::io(&self.path, "read the folder", &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(unable)? {
            let path = PathBuf::from(entry.map_err(unable)?.file_name());
            let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
            if extensions().chain(["jpeg"]).any(|known| extension == known) {
                names.extend(path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()));
            }
        }
        Ok(names)
    }

    /// Makes names last.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        if !cfg!(unix) {
            return Ok(());
        }
        match fs::File::open(&self.path).and_then(|folder| folder.sync_all()) {
            // Some file systems cannot do this for folders.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
            {
                Ok(())
            }
            result => result.map_err(|error| Error::io(&self.path, "synchronise the folder", &error)),
        }
    }

    /// Whether the ledger that is being written is the one in the folder: what is written to a file that was removed
    /// is lost.
    pub(crate) fn still_holds(&self, ledger: &fs::File) -> Result<(), Error> {
        let path = self.ledger();
        let found =
            fs::symlink_metadata(&path).map_err(|error| Error::io(&path, "find the ledger", &error))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let own = ledger.metadata().map_err(|error| Error::io(&path, "find the ledger", &error))?;
            if (own.dev(), own.ino()) != (found.dev(), found.ino()) {
                let message = format!("{}: the ledger was replaced. Run the batch again", path.display());
                return Err(Error::new(ErrorKind::Io, message));
            }
        }
        #[cfg(not(unix))]
        let _ = (ledger, found);
        Ok(())
    }

    /// What is written must not end up elsewhere.
    pub(crate) fn refuse_link(path: &Path) -> Result<(), Error> {
        if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
            let message = format!("{} is a link. Remove it, or choose another folder", path.display());
            return Err(Error::new(ErrorKind::Io, message));
        }
        Ok(())
    }
}

/// What image files are called after the dot.
fn extensions() -> impl Iterator<Item = &'static str> {
    Format::KNOWN.iter().chain([&Format::Other]).map(|format| format.extension())
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// `fox.png` as `fox-1f3a9c2e.png`, after the image.
fn alternative(name: &str, sha256: &Digest) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
    format!("{stem}-{}.{extension}", sha256.short())
}
