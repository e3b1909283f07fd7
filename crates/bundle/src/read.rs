//! Reading bundles: once, whole, and nothing but what a bundle is made of.

use std::{
    fmt,
    fs::{self, File},
    io::Read as _,
    path::{Component, Path, PathBuf},
};

use bytes::Bytes;
use serde_json::Value;

use crate::{
    Error, Exchange, Link, Piece,
    exchange::FORMAT,
    headers, link,
    record::{BODY, EXCHANGE},
};

/// The largest bundle, and the most that is read at a time, in bytes.
pub const MOST_BYTES: u64 = 512 << 20;

/// The largest `exchange.json`, in bytes: what is parsed takes several times its size.
const MOST_OF_EXCHANGE: u64 = 4 << 20;

const RECORD_AGAIN: &str = "Record it again, or take it out of the folder";

/// A recorded exchange.
#[derive(Clone, PartialEq)]
pub struct Bundle {
    name: String,
    exchange: Exchange,
    body: Bytes,
    links: Vec<LinkedFile>,
}

/// An image that an answer linked to.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkedFile {
    /// Which link of the body, from 0.
    pub index: usize,
    /// Its media type.
    pub media_type: String,
    /// The file's contents.
    pub bytes: Bytes,
}

impl Bundle {
    /// Reads the bundle in a folder.
    ///
    /// # Errors
    /// When something of it is missing, broken, of a later format, larger than [`MOST_BYTES`], or no plain file in that
    /// folder. The error names the file.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read_within(folder.as_ref(), &mut { MOST_BYTES })
    }

    /// Reads the bundle in a folder, or all those in its folders: in the order of their numbers, then of their names.
    /// Hidden folders are left out.
    ///
    /// # Errors
    /// As [`read`](Self::read), for all of them together; when there is none.
    pub fn read_all(folder: impl AsRef<Path>) -> Result<Vec<Self>, Error> {
        let folder = folder.as_ref();
        if folder.join(EXCHANGE).exists() {
            return Ok(vec![Self::read(folder)?]);
        }
        let unreadable = |error| Error::io(folder, "read the folder", error);
        let mut folders: Vec<(u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && !name.starts_with('.') {
                folders.push((name.parse().unwrap_or(u64::MAX), entry.path()));
            }
        }
        folders.sort();
        if folders.is_empty() {
            let what = format!("holds no bundle: neither {EXCHANGE} nor folders with one");
            return Err(Error::new(folder, what, "Name the folder that bundles were saved in"));
        }
        let mut room = MOST_BYTES;
        folders.iter().map(|(_, folder)| Self::read_within(folder, &mut room)).collect()
    }

    fn read_within(folder: &Path, room: &mut u64) -> Result<Self, Error> {
        let path = folder.join(EXCHANGE);
        let exchange = exchange(&path, &exchange_file(&path, room)?)?;
        let body = file(&folder.join(BODY), room)?.into();
        let linked = |link: &Link| {
            let bytes = file(&inside(folder, &path, &link.file)?, room)?.into();
            Ok(LinkedFile { index: link.index, media_type: link.media_type.clone(), bytes })
        };
        let links = exchange.links.iter().map(linked).collect::<Result<_, _>>()?;
        let named = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = match named {
            Some(name) => name,
            // Such as `.`.
            None => folder
                .canonicalize()
                .ok()
                .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
                .unwrap_or_default(),
        };
        Ok(Self { name, exchange, body, links })
    }

    /// The folder's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `exchange.json` says.
    #[must_use]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The answer's body, with placeholders in the place of its links.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body cut at its links.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        link::pieces(self.body.clone())
    }

    /// The images that it links to, as far as they were downloaded.
    #[must_use]
    pub fn links(&self) -> &[LinkedFile] {
        &self.links
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bundle")
            .field("name", &self.name)
            .field("exchange", &self.exchange)
            .field("bytes", &self.body.len())
            .field("links", &self.links)
            .finish()
    }
}

impl fmt::Debug for LinkedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LinkedFile")
            .field("index", &self.index)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

fn exchange(path: &Path, bytes: &[u8]) -> Result<Exchange, Error> {
    let unusable = |what: String| Error::new(path, what, RECORD_AGAIN);
    let broken = |error: serde_json::Error| unusable(format!("is not as it should be: {error}"));
    let value: Value = serde_json::from_slice(bytes).map_err(broken)?;
    // First, since a later form may have other members.
    match value.get("format").and_then(Value::as_u64) {
        Some(FORMAT) => {}
        Some(other) => {
            let what = format!("is of format {other}, and this release knows format {FORMAT} alone");
            return Err(Error::new(path, what, "Use the release that recorded it"));
        }
        None => return Err(unusable("has no format number".to_owned())),
    }
    let exchange: Exchange = serde_json::from_value(value).map_err(broken)?;
    let status = exchange.response.status;
    if !(200..=599).contains(&status) {
        return Err(unusable(format!("has the status {status}, which ends no exchange")));
    }
    for (name, value) in &exchange.response.headers {
        if !headers::is_usable(name, value) {
            return Err(unusable(format!("has a header that cannot be sent: {name:?}")));
        }
    }
    for link in &exchange.links {
        if !headers::is_usable("content-type", &link.media_type) {
            return Err(unusable(format!("has a media type that cannot be sent: {:?}", link.media_type)));
        }
    }
    Ok(exchange)
}

/// A file of that name in the folder, and nowhere else.
fn inside(folder: &Path, exchange: &Path, name: &str) -> Result<PathBuf, Error> {
    let mut parts = Path::new(name).components();
    let is_name =
        matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    if !is_name || name.contains(['/', '\\', ':', '\0']) {
        let what = format!("names {name:?}, which is no file beside it");
        return Err(Error::new(exchange, what, RECORD_AGAIN));
    }
    Ok(folder.join(name))
}

/// The contents of `exchange.json`, if it has a size that one can have.
fn exchange_file(path: &Path, room: &mut u64) -> Result<Vec<u8>, Error> {
    let too_large = || {
        let what = format!("is larger than {} MiB", MOST_OF_EXCHANGE >> 20);
        Error::new(path, what, RECORD_AGAIN)
    };
    let about = fs::symlink_metadata(path).map_err(|error| Error::io(path, "read it", error))?;
    if about.len() > MOST_OF_EXCHANGE {
        return Err(too_large());
    }
    // It may have grown since.
    let bytes = file(path, room)?;
    if bytes.len() as u64 > MOST_OF_EXCHANGE { Err(too_large()) } else { Ok(bytes) }
}

/// The contents of a plain file, no link to another.
fn file(path: &Path, room: &mut u64) -> Result<Vec<u8>, Error> {
    let unreadable = |error| Error::io(path, "read it", error);
    let about = fs::symlink_metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(Error::new(path, "is no plain file", RECORD_AGAIN));
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    let reader = File::open(path).map_err(unreadable)?.take(room.saturating_add(1));
    if about.len() <= *room {
        let mut reader = reader;
        reader.read_to_end(&mut bytes).map_err(unreadable)?;
    }
    let size = (bytes.len() as u64).max(about.len());
    if size > *room {
        let what = format!("with it, the bundles are larger than {} MiB together", MOST_BYTES >> 20);
        return Err(Error::new(path, what, "Name a folder with fewer bundles"));
    }
    *room -= size;
    Ok(bytes)
}
