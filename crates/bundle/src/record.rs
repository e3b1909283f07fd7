//! Writing bundles while answers arrive.

mod folder;

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use self::folder::Hidden;
use crate::{
    End, Error, Exchange, Link, MOST_BYTES, Private, Redactor, Request, Response, Timing, exchange::FORMAT,
    headers, redacted,
};

pub(crate) const EXCHANGE: &str = "exchange.json";
pub(crate) const BODY: &str = "body";
/// So many bytes of a body are looked at together, however many come.
const PIECE: usize = 32 << 10;

/// Writes bundles into one folder, as `001`, `002` and so on. What is there already is never touched.
#[derive(Clone, Debug)]
pub struct Recorder {
    folder: PathBuf,
}

/// An exchange whose answer has begun.
#[derive(Clone, Copy, Debug)]
pub struct Begun<'a> {
    /// The service's identifier, such as `openai`.
    pub dialect: &'a str,
    /// The request's body as it was sent: JSON.
    pub request: &'a [u8],
    /// The credential that was sent with it.
    pub credential: Option<&'a str>,
    /// The answer's HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The time since the request went out.
    pub after: Duration,
}

impl Recorder {
    /// Records into this folder, which need not be there yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Makes the folder, if there is none, and sees whether bundles can be written into it.
    ///
    /// # Errors
    /// When they cannot.
    pub fn prepare(&self) -> Result<(), Error> {
        fs::create_dir_all(&self.folder)
            .map_err(|error| Error::io(&self.folder, "make the folder", error))?;
        // Dropped at once, and with that removed.
        Hidden::new(&self.folder).map(drop)
    }

    /// Begins a bundle under a hidden name.
    ///
    /// # Errors
    /// When the folder cannot be written to, when the request is no JSON, and when the answer is compressed, so that
    /// nothing could be taken out of it.
    pub fn begin(&self, begun: Begun<'_>) -> Result<Recording, Error> {
        let Begun { dialect, request, credential, status, headers, after } = begun;
        let unusable = |what| Error::new(&self.folder, what, "This exchange cannot be kept");
        if headers::is_compressed(headers) {
            return Err(unusable("the answer is compressed, so that nothing private can be taken out of it"));
        }
        let body = redacted(request, credential).ok_or_else(|| unusable("the request is no JSON"))?;
        let sent: Value = serde_json::from_slice(request).unwrap_or_default();
        let text = |name: &str| sent.get(name).and_then(Value::as_str);
        let private = Private::new(credential, text("prompt"), text("user"));
        let hidden = Hidden::new(&self.folder)?;
        let file = hidden.create(BODY)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let exchange = Exchange {
            format: FORMAT,
            dialect: dialect.to_owned(),
            recorded: now.as_secs(),
            request: Request { body },
            response: Response { status, headers: headers::kept(headers, &private), end: End::Cut },
            timing: Timing { head_ms: millis(after), end_ms: millis(after) },
            links: Vec::new(),
        };
        let redactor = Redactor::new(private);
        let (file, out, since) = (Some(file), Vec::new(), Instant::now());
        Ok(Recording { hidden, exchange, file, redactor, out, since, after, bytes: 0 })
    }
}

/// A bundle that is being written. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Recording {
    hidden: Hidden,
    exchange: Exchange,
    /// The body, until it has ended.
    file: Option<File>,
    redactor: Redactor,
    /// What is redacted and not written yet.
    out: Vec<u8>,
    /// When the answer began, and how long after the request.
    since: Instant,
    after: Duration,
    bytes: u64,
}

impl Recording {
    /// The next bytes of the answer's body.
    ///
    /// # Errors
    /// When they cannot be written; the recording is of no use then.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for piece in bytes.chunks(PIECE) {
            self.redactor.feed(piece, &mut self.out);
            self.flush()?;
        }
        Ok(())
    }

    /// The body has ended. Only the first end counts.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn end(&mut self, end: End) -> Result<(), Error> {
        if self.file.is_none() {
            return Ok(());
        }
        // Services cut what they repeat, so even the end of a whole body may be a part of it.
        self.redactor.finish(&mut self.out, false);
        self.flush()?;
        self.file = None;
        self.exchange.response.end = end;
        self.exchange.timing.end_ms = millis(self.after + self.since.elapsed());
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let Some(file) = &mut self.file else { return Ok(()) };
        grow(&mut self.bytes, self.out.len(), self.hidden.path())?;
        let path = self.hidden.path();
        file.write_all(&self.out).map_err(|error| Error::io(path, "write into the folder", error))?;
        self.out.clear();
        Ok(())
    }

    /// Begins the file of a link: `None` when the body holds no such link, or has it already.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn link(&mut self, link: &str, media_type: &str) -> Result<Option<LinkWriter>, Error> {
        let taken = &self.exchange.links;
        let is_free = |number| taken.iter().all(|link| link.index != number);
        let Some(index) = self.redactor.link(link, is_free) else { return Ok(None) };
        let (media_type, extension) = known(media_type);
        let name = format!("link-{index}.{extension}");
        let path = self.hidden.path().join(&name);
        // What came of an attempt before.
        let _ = fs::remove_file(&path);
        let file = self.hidden.create(&name)?;
        let link = Link { index, file: name, media_type: media_type.to_owned() };
        Ok(Some(LinkWriter { link, path, file, bytes: self.bytes }))
    }

    /// Keeps the file of a link, all of which came.
    pub fn keep(&mut self, writer: LinkWriter) {
        self.bytes = self.bytes.max(writer.bytes);
        self.exchange.links.push(writer.link);
    }

    /// Forgets the file of a link.
    pub fn discard(&mut self, writer: LinkWriter) {
        let LinkWriter { path, file, .. } = writer;
        drop(file);
        // It is not named in the bundle, and does no harm there.
        let _ = fs::remove_file(path);
    }

    /// Gives the bundle the next free number, and says where it is.
    ///
    /// # Errors
    /// When it cannot be finished; nothing of it is left then.
    pub fn publish(mut self) -> Result<PathBuf, Error> {
        self.end(End::Cut)?;
        let mut text = serde_json::to_string_pretty(&self.exchange)
            .map_err(|error| Error::io(self.hidden.path(), "write the exchange", error.into()))?;
        text.push('\n');
        let mut file = self.hidden.create(EXCHANGE)?;
        file.write_all(text.as_bytes())
            .map_err(|error| Error::io(self.hidden.path(), "write the exchange", error))?;
        drop(file);
        self.hidden.publish()
    }
}

/// The file of a link, while it is downloaded.
#[derive(Debug)]
pub struct LinkWriter {
    link: Link,
    path: PathBuf,
    file: File,
    /// The size of the bundle so far.
    bytes: u64,
}

impl LinkWriter {
    /// The next bytes of the image.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        grow(&mut self.bytes, bytes.len(), &self.path)?;
        self.file.write_all(bytes).map_err(|error| Error::io(&self.path, "write it", error))
    }
}

fn grow(size: &mut u64, by: usize, path: &Path) -> Result<(), Error> {
    *size += by as u64;
    if *size > MOST_BYTES {
        let what = format!("the bundle is larger than {} MiB", MOST_BYTES >> 20);
        return Err(Error::new(path, what, "This exchange cannot be kept"));
    }
    Ok(())
}

/// The types of images that a file can have, and how their names end.
fn known(media_type: &str) -> (&'static str, &'static str) {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "image/png" => ("image/png", "png"),
        "image/jpeg" => ("image/jpeg", "jpg"),
        "image/webp" => ("image/webp", "webp"),
        "image/gif" => ("image/gif", "gif"),
        "image/avif" => ("image/avif", "avif"),
        "image/svg+xml" => ("image/svg+xml", "svg"),
        _ => ("application/octet-stream", "bin"),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
