//! Images as files: whole or not at all.

mod name;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{Error, GeneratedImage, Outcome, decode::Format};
use name::Names;

/// Where images are saved.
///
/// The extension is always that of the content, and several images get `-1`, `-2`, … before it. Files come into being
/// under hidden temporary names and get their own when they are on the disk; a call that fails leaves nothing behind.
///
/// The methods block on the disk; in async code, call them where blocking is allowed.
#[derive(Clone, Debug)]
pub struct Destination {
    place: Place,
    overwrite: bool,
}

#[derive(Clone, Debug)]
enum Place {
    Directory { path: PathBuf, stem: OsString },
    File(PathBuf),
}

/// A file that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its format, which its extension follows.
    pub format: Format,
    /// Whether another extension was asked for.
    pub extension_replaced: bool,
}

impl Destination {
    /// A folder; the files are called `image` until [`Destination::stem`] says otherwise.
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::Directory { path: path.into(), stem: "image".into() }, overwrite: false }
    }

    /// A file. A last part of one to five letters after a dot is taken for an extension, and replaced if the content is
    /// of another kind.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::File(path.into()), overwrite: false }
    }

    /// Names the files in a folder, without the extension. Without effect on [`Destination::file`].
    #[must_use]
    pub fn stem(mut self, name: impl Into<OsString>) -> Self {
        if let Place::Directory { stem, .. } = &mut self.place {
            *stem = name.into();
        }
        self
    }

    /// Allows replacing files that exist.
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Checks, before anything is bought, that `count` images can be saved: creates missing folders, tries to write
    /// into the folder, and looks whether the names are free. Since the service decides on the format, they have to be
    /// free with every usual extension.
    ///
    /// # Errors
    /// [`Kind::Io`](crate::Kind::Io), [`Outcome::NotSent`].
    pub fn prepare(&self, count: u32) -> Result<(), Error> {
        let names = self.names(Outcome::NotSent)?;
        self.open(&names, Outcome::NotSent)?;
        // Dropped at once, and with that removed.
        temporary(&names.directory, Outcome::NotSent)?;
        for number in numbers(count as usize) {
            for path in names.possible(number) {
                self.require_free(&path, Outcome::NotSent)?;
            }
        }
        Ok(())
    }

    /// Saves the images, all of them or none. Without permission to overwrite, existing files are not touched.
    ///
    /// # Errors
    /// [`Kind::Io`](crate::Kind::Io), [`Outcome::Done`]: the images are bought, and still in the caller's hands.
    pub fn save(&self, images: &[GeneratedImage]) -> Result<Vec<Saved>, Error> {
        let names = self.names(Outcome::Done)?;
        self.open(&names, Outcome::Done)?;
        let mut written = Vec::new();
        for (image, number) in images.iter().zip(numbers(images.len())) {
            let (path, extension_replaced) = names.actual(number, image.format);
            self.require_free(&path, Outcome::Done)?;
            let file = write(&names.directory, &image.bytes)?;
            let bytes = image.bytes.len() as u64;
            written.push((file, Saved { path, bytes, format: image.format, extension_replaced }));
        }
        let mut published = Published { paths: Vec::new(), replaces: self.overwrite };
        let mut saved = Vec::new();
        for (file, entry) in written {
            self.publish(file, &entry.path)?;
            published.paths.push(entry.path.clone());
            saved.push(entry);
        }
        sync_directory(&names.directory)?;
        published.paths.clear();
        Ok(saved)
    }

    fn names(&self, outcome: Outcome) -> Result<Names, Error> {
        match &self.place {
            Place::Directory { path, stem } => Names::in_directory(path, stem, outcome),
            Place::File(path) => Names::of_file(path, outcome),
        }
    }

    fn open(&self, names: &Names, outcome: Outcome) -> Result<(), Error> {
        if let Place::File(path) = &self.place
            && path.is_dir()
        {
            return Err(Error::file(outcome, path, "it is a folder", "Name a file"));
        }
        fs::create_dir_all(&names.directory)
            .map_err(|error| Error::io(outcome, &names.directory, "create the folder", error))
    }

    fn require_free(&self, path: &Path, outcome: Outcome) -> Result<(), Error> {
        // Not `exists`: a link that leads nowhere takes the name, too.
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(Error::file(outcome, path, "it is a folder", TAKEN)),
            Ok(_) if !self.overwrite => Err(Error::file(outcome, path, "it exists already", TAKEN)),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io(outcome, path, "look at it", error)),
        }
    }

    fn publish(&self, file: NamedTempFile, path: &Path) -> Result<(), Error> {
        let published = if self.overwrite { file.persist(path) } else { file.persist_noclobber(path) };
        match published.map_err(|error| error.error) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::file(Outcome::Done, path, "it exists already", TAKEN))
            }
            Err(error) => Err(Error::io(Outcome::Done, path, "create it", error)),
        }
    }
}

const TAKEN: &str = "Choose another name or folder, or allow overwriting";

/// Takes the files of a failed call away again; not those that replaced others, since nothing could bring these back.
struct Published {
    paths: Vec<PathBuf>,
    replaces: bool,
}

impl Drop for Published {
    fn drop(&mut self) {
        if !self.replaces {
            for path in &self.paths {
                // The first error is on its way to the caller; a second one would not help.
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// One image has no number; several are counted from 1.
fn numbers(count: usize) -> impl Iterator<Item = Option<usize>> {
    (1..=count.max(1)).map(move |number| (count > 1).then_some(number))
}

fn temporary(directory: &Path, outcome: Outcome) -> Result<NamedTempFile, Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".imagewire-").suffix(".tmp");
    // The usual rights of a new file, less the umask; the crate's own default is the owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(directory)
        .map_err(|error| Error::io(outcome, directory, "write into the folder", error))
}

fn write(directory: &Path, bytes: &[u8]) -> Result<NamedTempFile, Error> {
    let mut file = temporary(directory, Outcome::Done)?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| Error::io(Outcome::Done, directory, "write into the folder", error))?;
    Ok(file)
}

/// Makes the names last, where a folder can be synchronised.
fn sync_directory(directory: &Path) -> Result<(), Error> {
    if !cfg!(unix) {
        return Ok(());
    }
    match fs::File::open(directory).and_then(|directory| directory.sync_all()) {
        // Some file systems cannot do this for folders.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        result => {
            result.map_err(|error| Error::io(Outcome::Done, directory, "synchronise the folder", error))
        }
    }
}
