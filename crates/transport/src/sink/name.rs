//! Names of files.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::{Error, Outcome, decode::Format};

/// The longest stem, in bytes: with number and extension it stays below the 255 of common file systems.
const STEM: usize = 200;

pub(super) struct Names {
    pub(super) directory: PathBuf,
    stem: OsString,
    /// The extension that was asked for.
    asked: Option<OsString>,
}

impl Names {
    pub(super) fn in_directory(path: &Path, stem: &OsStr, outcome: Outcome) -> Result<Self, Error> {
        let text = stem.to_string_lossy();
        let plain = Path::new(stem).file_name() == Some(stem) && !text.chars().any(char::is_control);
        if !plain || text.contains(['/', '\\']) {
            return Err(Error::file(
                outcome,
                path,
                "the files' name is not a plain name",
                "Choose another name",
            ));
        }
        Self { directory: path.to_owned(), stem: stem.to_owned(), asked: None }.checked(outcome)
    }

    pub(super) fn of_file(path: &Path, outcome: Outcome) -> Result<Self, Error> {
        let (Some(name), Some(directory)) = (path.file_name(), path.parent()) else {
            return Err(Error::file(outcome, path, "it is not the name of a file", "Name a file"));
        };
        let (stem, asked) = match (path.file_stem(), path.extension()) {
            (Some(stem), Some(extension)) if is_extension(extension) => (stem, Some(extension.to_owned())),
            _ => (name, None),
        };
        Self { directory: directory.to_owned(), stem: stem.to_owned(), asked }.checked(outcome)
    }

    fn checked(self, outcome: Outcome) -> Result<Self, Error> {
        if self.stem.len() > STEM {
            return Err(Error::file(
                outcome,
                &self.directory,
                "the file's name is too long",
                "Choose a shorter name",
            ));
        }
        // The empty path is the current folder to people, but an error to the system.
        let directory = if self.directory.as_os_str().is_empty() { Path::new(".") } else { &self.directory };
        let directory = std::path::absolute(directory)
            .map_err(|error| Error::io(outcome, directory, "find the current folder", error))?;
        Ok(Self { directory, ..self })
    }

    /// The path of an image of that format, and whether its extension is another than the one asked for.
    pub(super) fn actual(&self, number: Option<usize>, format: Format) -> (PathBuf, bool) {
        match &self.asked {
            Some(asked) if suits(asked, format) => (self.path(number, asked), false),
            asked => (self.path(number, OsStr::new(format.extension())), asked.is_some()),
        }
    }

    /// Every path that an image may get.
    pub(super) fn possible(&self, number: Option<usize>) -> impl Iterator<Item = PathBuf> {
        let formats = Format::KNOWN.iter().map(move |format| self.actual(number, *format).0);
        self.asked.iter().map(move |asked| self.path(number, asked)).chain(formats)
    }

    /// The path of an unfinished image.
    #[cfg(feature = "reqwest")]
    pub(super) fn partial(&self, number: u32, format: Format) -> PathBuf {
        let mut name = self.stem.clone();
        name.push(format!(".partial-{number}.{}", format.extension()));
        self.directory.join(name)
    }

    fn path(&self, number: Option<usize>, extension: &OsStr) -> PathBuf {
        let mut name = self.stem.clone();
        if let Some(number) = number {
            name.push(format!("-{number}"));
        }
        name.push(".");
        name.push(extension);
        self.directory.join(name)
    }
}

/// A few letters; `picture.v2` and `2026.11.22` are names without one.
fn is_extension(extension: &OsStr) -> bool {
    let text = extension.as_encoded_bytes();
    (1..=5).contains(&text.len()) && text.iter().all(u8::is_ascii_alphabetic)
}

fn suits(asked: &OsStr, format: Format) -> bool {
    let asked = asked.to_ascii_lowercase();
    let is = |names: &[&str]| names.iter().any(|name| asked == *name);
    match format {
        Format::Png => is(&["png"]),
        Format::Jpeg => is(&["jpg", "jpeg", "jpe", "jfif"]),
        Format::Webp => is(&["webp"]),
        Format::Gif => is(&["gif"]),
        Format::Svg => is(&["svg"]),
        Format::Other => is(&["img", "avif", "heic", "heif"]),
    }
}
