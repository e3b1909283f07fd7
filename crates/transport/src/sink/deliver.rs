//! What is done about images that are paid for and cannot be saved where they should be.

#[cfg(test)]
mod tests;

use std::{io, path::PathBuf};

use bytes::Bytes;

use super::{Destination, Draft, Piece, Saved, publish::Published};
use crate::{Error, Outcome, decode::Format};

/// The images could not be saved where they should be.
pub(crate) struct Unsaved {
    pub(crate) error: Error,
    /// Where they are instead.
    pub(crate) kept: Kept,
}

/// Where images are that could not be saved, in their order.
pub(crate) enum Kept {
    Elsewhere(Vec<Saved>),
    InMemory(Vec<Bytes>),
}

impl Destination {
    /// Gives each piece its name. When that fails, what is paid for goes to the folder for that, or else to memory.
    pub(crate) fn deliver(&self, mut pieces: Vec<Piece>) -> Result<Vec<Saved>, Unsaved> {
        let mut published = Published(Vec::new());
        let error = match self.publish(&mut pieces, &mut published) {
            Ok(saved) => {
                published.0.clear();
                return Ok(saved);
            }
            Err(error) => error,
        };
        // The names are given up after this, so that there is no moment without the images.
        Err(match self.rescue(&mut pieces) {
            Ok(saved) => {
                let paths: Vec<String> = saved.iter().map(|saved| saved.path.display().to_string()).collect();
                let remedy = format!("What came is kept in {}", crate::error::clip(&paths.join(", "), 1000));
                Unsaved { error: error.with_remedy(remedy), kept: Kept::Elsewhere(saved) }
            }
            Err(_) => Unsaved { error, kept: Kept::InMemory(pieces.iter_mut().map(memory).collect()) },
        })
    }

    /// Publishes an unfinished image, if that is wanted. It is worth no error.
    pub(crate) fn keep_partial(&self, mut draft: Draft, number: u32, format: Format) -> Option<PathBuf> {
        if !self.keep_partials || draft.trouble.is_some() {
            return None;
        }
        let path = self.names(Outcome::Done).ok()?.partial(number, format);
        draft.publish(&path, self.overwrite).ok()?;
        Some(path)
    }

    /// Copies the pieces to where they do not get lost, under names that nobody has.
    fn rescue(&self, pieces: &mut [Piece]) -> io::Result<Vec<Saved>> {
        let folder = self.rescue.clone().unwrap_or_else(std::env::temp_dir);
        let folder = std::path::absolute(folder)?;
        let mut copies = Vec::new();
        for piece in pieces {
            // Readable by their owner alone: such folders are often shared.
            let suffix = format!(".{}", piece.format.extension());
            let mut copy =
                tempfile::Builder::new().prefix("imagewire-").suffix(&suffix).tempfile_in(&folder)?;
            piece.draft.copy_to(&mut copy)?;
            copy.as_file().sync_all()?;
            copies.push((copy, piece.format));
        }
        let mut saved = Vec::new();
        for (copy, format) in copies {
            let bytes = copy.as_file().metadata()?.len();
            let (_, path) = copy.keep().map_err(|error| error.error)?;
            saved.push(Saved { path, bytes, format, extension_replaced: false });
        }
        Ok(saved)
    }
}

/// What cannot be read back is empty, and the error has told it.
fn memory(piece: &mut Piece) -> Bytes {
    let mut bytes = Vec::new();
    match piece.draft.copy_to(&mut bytes) {
        Ok(()) => bytes.into(),
        Err(_) => Bytes::new(),
    }
}
