//! A file that has no name yet.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

use super::temporary;
use crate::{Error, Outcome};

/// An image on its way into a folder. It never fails: when the folder does, it goes on in memory, since the image is
/// paid for. Dropped, it leaves nothing behind.
pub(crate) struct Draft {
    content: Content,
    /// As many bytes are known to be in the file.
    written: u64,
    /// What went wrong in the folder.
    pub(super) trouble: Option<Error>,
}

enum Content {
    Hidden(NamedTempFile),
    /// It has got its name.
    Published(File),
    Memory(Vec<u8>),
}

impl Draft {
    pub(super) fn new(directory: &Path) -> Self {
        let (content, trouble) = match temporary(directory, Outcome::Done) {
            Ok(file) => (Content::Hidden(file), None),
            Err(error) => (Content::Memory(Vec::new()), Some(error)),
        };
        Self { content, written: 0, trouble }
    }

    #[cfg(feature = "reqwest")]
    pub(super) fn in_memory(trouble: Error) -> Self {
        Self { content: Content::Memory(Vec::new()), written: 0, trouble: Some(trouble) }
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        match &mut self.content {
            Content::Memory(memory) => memory.extend_from_slice(bytes),
            Content::Hidden(file) => match file.write_all(bytes) {
                Ok(()) => self.written += bytes.len() as u64,
                Err(error) => {
                    let folder = file.path().parent().unwrap_or(file.path()).to_owned();
                    let mut trouble = Error::io(Outcome::Done, &folder, "write into the folder", error);
                    let mut memory = Vec::new();
                    if read(file.as_file_mut(), self.written, &mut memory).is_err() {
                        trouble = trouble.with_remedy("The image is bought, and lost");
                    }
                    memory.extend_from_slice(bytes);
                    self.content = Content::Memory(memory);
                    self.trouble = Some(trouble);
                }
            },
            Content::Published(_) => {}
        }
    }

    /// Its size in bytes.
    pub(super) fn written(&self) -> u64 {
        match &self.content {
            Content::Memory(memory) => memory.len() as u64,
            Content::Hidden(_) | Content::Published(_) => self.written,
        }
    }

    /// Makes the contents last.
    pub(super) fn sync(&self) -> io::Result<()> {
        match &self.content {
            Content::Hidden(file) => file.as_file().sync_all(),
            Content::Published(file) => file.sync_all(),
            Content::Memory(_) => Ok(()),
        }
    }

    /// Gives it a name; the contents stay readable.
    pub(super) fn publish(&mut self, path: &Path, overwrite: bool) -> io::Result<()> {
        match std::mem::replace(&mut self.content, Content::Memory(Vec::new())) {
            Content::Hidden(file) => {
                let published = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
                let (content, result) = match published {
                    Ok(file) => (Content::Published(file), Ok(())),
                    Err(error) => (Content::Hidden(error.file), Err(error.error)),
                };
                self.content = content;
                result
            }
            content @ (Content::Published(_) | Content::Memory(_)) => {
                self.content = content;
                Err(io::Error::other("it is not in a file"))
            }
        }
    }

    /// Copies the contents.
    #[cfg(feature = "reqwest")]
    pub(super) fn copy_to(&mut self, mut target: impl io::Write) -> io::Result<()> {
        match &mut self.content {
            Content::Memory(memory) => target.write_all(memory),
            Content::Hidden(file) => read(file.as_file_mut(), self.written, target),
            Content::Published(file) => read(file, self.written, target),
        }
    }
}

fn read(file: &mut File, length: u64, mut target: impl io::Write) -> io::Result<()> {
    file.rewind()?;
    let copied = io::copy(&mut file.take(length), &mut target)?;
    if copied == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
