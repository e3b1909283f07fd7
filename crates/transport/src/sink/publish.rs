//! From hidden files to files with names: all of them or none.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Destination, Draft, Saved, TAKEN};
use crate::{Error, Outcome, decode::Format};

/// An image that waits for its name.
pub(crate) struct Piece {
    pub(crate) draft: Draft,
    pub(crate) number: Option<usize>,
    pub(crate) format: Format,
}

impl Destination {
    /// Gives each piece its name. When that fails, `published` takes the names away that were given.
    pub(super) fn publish(
        &self,
        pieces: &mut [Piece],
        published: &mut Published,
    ) -> Result<Vec<Saved>, Error> {
        let names = self.names(Outcome::Done)?;
        let mut saved = Vec::new();
        for piece in &mut *pieces {
            if let Some(trouble) = piece.draft.trouble.take() {
                return Err(trouble);
            }
            let (path, extension_replaced) = names.actual(piece.number, piece.format);
            self.require_free(&path, Outcome::Done)?;
            if self.sync {
                let failed = |error| Error::io(Outcome::Done, &path, "make it last", error);
                piece.draft.sync().map_err(failed)?;
            }
            saved.push(Saved {
                path,
                bytes: piece.draft.written(),
                format: piece.format,
                extension_replaced,
            });
        }
        for (piece, saved) in pieces.iter_mut().zip(&saved) {
            match piece.draft.publish(&saved.path, self.overwrite) {
                // What replaced another file stays, since nothing could bring that back.
                Ok(()) if self.overwrite => {}
                Ok(()) => published.0.push(saved.path.clone()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(Error::file(Outcome::Done, &saved.path, "it exists already", TAKEN));
                }
                Err(error) => return Err(Error::io(Outcome::Done, &saved.path, "create it", error)),
            }
        }
        if self.sync {
            sync_directory(&names.directory)?;
        }
        Ok(saved)
    }
}

/// Takes the files of a failed call away again.
pub(super) struct Published(pub(super) Vec<PathBuf>);

impl Drop for Published {
    fn drop(&mut self) {
        for path in &self.0 {
            // The first error is on its way to the caller; a second one would not help.
            let _ = fs::remove_file(path);
        }
    }
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
