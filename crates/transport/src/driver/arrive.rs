//! Where the bytes of images go while they arrive.

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    time::{Instant, timeout_at},
};

use crate::{
    Destination, Error, Kind, Outcome,
    decode::{NotAnImage, Sniffed, Sniffer},
    sink::Draft,
};

/// Takes images, one after another.
pub(super) trait Sink: Send + Sync {
    type Writer: Writer;

    /// For the image at `index` of the answer; about `expected` bytes of it will come, and perhaps none.
    fn open(&self, index: usize, expected: u64) -> Self::Writer;

    /// An unfinished image of a stream, which nobody pays for. The path tells that it is kept.
    fn partial(&self, _: Self::Writer, _: u32, _: Sniffed) -> Option<PathBuf> {
        None
    }
}

impl<S: Sink> Sink for &S {
    type Writer = S::Writer;

    fn open(&self, index: usize, expected: u64) -> S::Writer {
        S::open(self, index, expected)
    }

    fn partial(&self, writer: S::Writer, number: u32, sniffed: Sniffed) -> Option<PathBuf> {
        S::partial(self, writer, number, sniffed)
    }
}

/// Takes one image. Dropped before its end, it leaves nothing behind.
pub(super) trait Writer: Send {
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;

    /// All bytes came.
    fn end(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }
}

/// An image under way.
pub(super) struct Incoming<W> {
    writer: W,
    sniffer: Sniffer,
    bytes: u64,
    failure: Option<Error>,
}

/// An image that came whole.
pub(super) struct Arrived<W> {
    pub(super) writer: W,
    pub(super) bytes: u64,
    pub(super) sniffed: Result<Sniffed, NotAnImage>,
}

impl<W: Writer> Incoming<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer, sniffer: Sniffer::default(), bytes: 0, failure: None }
    }

    /// Once the writer has failed, nothing more is given to it: other images may still come.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        self.sniffer.feed(bytes);
        self.bytes += bytes.len() as u64;
        if self.failure.is_none() {
            self.failure = self.writer.write(bytes).await.err();
        }
    }

    /// How many bytes came.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) async fn end(mut self) -> Result<Arrived<W>, Error> {
        if self.failure.is_none() {
            self.failure = self.writer.end().await.err();
        }
        match self.failure {
            Some(error) => Err(error),
            None => Ok(Arrived { writer: self.writer, bytes: self.bytes, sniffed: self.sniffer.end() }),
        }
    }
}

/// Keeps images in memory.
pub(super) struct Memory;

/// What is announced need not come, so not all of it is reserved at once.
const RESERVE: u64 = 16 << 20;

impl Sink for Memory {
    type Writer = Vec<u8>;

    fn open(&self, _: usize, expected: u64) -> Vec<u8> {
        Vec::with_capacity(usize::try_from(expected.min(RESERVE)).unwrap_or_default())
    }
}

impl Writer for Vec<u8> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Writes images into hidden files of the folder that they are to be saved in.
impl Sink for Destination {
    type Writer = Draft;

    fn open(&self, _: usize, _: u64) -> Draft {
        self.draft()
    }

    fn partial(&self, draft: Draft, number: u32, sniffed: Sniffed) -> Option<PathBuf> {
        self.keep_partial(draft, number, sniffed.format)
    }
}

/// Blocks of at most 48 KiB go to the system's memory of the file, which takes less time than handing them to another
/// thread would.
impl Writer for Draft {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.append(bytes);
        Ok(())
    }
}

/// Hands images to the caller's writers.
pub(super) struct Through<F> {
    open: Mutex<F>,
    end: Instant,
}

/// One of the caller's writers.
pub(super) struct Foreign<W> {
    pub(super) writer: W,
    end: Instant,
}

impl<F> Through<F> {
    /// Until `end` writers may take their time.
    pub(super) fn new(open: F, end: Instant) -> Self {
        Self { open: Mutex::new(open), end }
    }
}

impl<F: FnMut(usize) -> W + Send, W: AsyncWrite + Unpin + Send> Sink for Through<F> {
    type Writer = Foreign<W>;

    fn open(&self, index: usize, _: u64) -> Foreign<W> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Foreign { writer: open(index), end: self.end }
    }
}

impl<W: AsyncWrite + Unpin + Send> Writer for Foreign<W> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        in_time(self.end, self.writer.write_all(bytes)).await
    }

    async fn end(&mut self) -> Result<(), Error> {
        in_time(self.end, self.writer.shutdown()).await
    }
}

/// A writer that does not get on fails, before the time for the call ends and takes the others' images along.
async fn in_time(end: Instant, writing: impl Future<Output = io::Result<()>>) -> Result<(), Error> {
    let result = timeout_at(end, writing).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    result.map_err(|error| refused(&error))
}

/// The writer is the caller's, and what it says may hold anything: its kind is enough.
fn refused(error: &io::Error) -> Error {
    let what = format!("An image could not be written: {}", error.kind());
    Error::new(Kind::Io, Outcome::Done, what).with_remedy("The image is bought, and lost")
}
