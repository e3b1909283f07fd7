//! Images as files: whole or not at all.

#[cfg(feature = "reqwest")]
mod deliver;
mod draft;
mod name;
mod publish;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{Error, GeneratedImage, Outcome, decode::Format};
use name::Names;
use publish::Published;

#[cfg(feature = "reqwest")]
pub(crate) use deliver::{Kept, Unsaved};
pub(crate) use draft::Draft;
pub(crate) use publish::Piece;

/// Where images are saved.
///
/// The extension is always that of the content, and several images get `-1`, `-2`, … before it. Files come into being
/// under hidden temporary names and get their own when they are on the disk; what fails leaves nothing behind.
///
/// The methods block on the disk; in async code, call them where blocking is allowed.
#[derive(Clone, Debug)]
pub struct Destination {
    place: Place,
    overwrite: bool,
    sync: bool,
    keep_partials: bool,
    rescue: Option<PathBuf>,
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
        Self::at(Place::Directory { path: path.into(), stem: "image".into() })
    }

    /// A file. A last part of one to five letters after a dot is taken for an extension, and replaced if the content is
    /// of another kind.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::File(path.into()))
    }

    fn at(place: Place) -> Self {
        Self { place, overwrite: false, sync: true, keep_partials: false, rescue: None }
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

    /// Whether to wait until files are on the disk, so that they survive a loss of power. On by default.
    #[must_use]
    pub fn sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// Whether unfinished images of a stream are kept, as `NAME.partial-K.EXTENSION`, with K from 0. They are thrown away
    /// by default.
    #[must_use]
    pub fn keep_partials(mut self, keep: bool) -> Self {
        self.keep_partials = keep;
        self
    }

    /// Where `Client::generate_to` leaves images that it has bought and cannot save here.
    /// The system's temporary folder by default.
    #[must_use]
    pub fn rescue_to(mut self, folder: impl Into<PathBuf>) -> Self {
        self.rescue = Some(folder.into());
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
        let pieces = images.iter().zip(numbers(images.len())).map(|(image, number)| {
            let mut draft = Draft::new(&names.directory);
            draft.append(&image.bytes);
            Piece { draft, number, format: image.format }
        });
        let mut published = Published(Vec::new());
        let saved = self.publish(&mut pieces.collect::<Vec<_>>(), &mut published)?;
        published.0.clear();
        Ok(saved)
    }

    /// A hidden file in the folder.
    #[cfg(feature = "reqwest")]
    pub(crate) fn draft(&self) -> Draft {
        match self.names(Outcome::Done) {
            Ok(names) => Draft::new(&names.directory),
            Err(error) => Draft::in_memory(error),
        }
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
}

const TAKEN: &str = "Choose another name or folder, or allow overwriting";

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
