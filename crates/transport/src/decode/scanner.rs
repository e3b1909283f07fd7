//! Reads an answer while it arrives: images are decoded piece by piece, the rest is collected.

mod found;
mod path;
mod payload;
mod symbols;
mod text;

use std::fmt;

use imagewire_types::ImagesResponse;
use memchr::{memchr, memchr2};
use serde_json::error::Category;

use super::fault::{Fault, Place, ScanError};
pub(crate) use found::Found;
pub use found::{Limits, Scanned};
use path::{Path, Role, Shape};
use payload::{Payload, Stop};

/// A pull parser for answers whose memory does not grow with the images in them.
///
/// It takes the body in pieces of any size. The payloads `data[n].b64_json` are decoded as they come; everything else,
/// with `null` in the place of each payload, is collected for [`Scanner::finish`]. The verdict is that of `serde_json`
/// and [`decode::base64`](super::base64()) on the whole body, except that [`Limits`] hold.
///
/// ```
/// use imagewire_transport::decode::{Limits, Scanned, Scanner};
///
/// let mut scanner = Scanner::new(Limits::default());
/// let mut image = Vec::new();
/// for piece in [&b"{\"data\": [{\"b64_json\": \"Zm9"[..], b"v\"}], \"created\": 7}"] {
///     let mut input = piece;
///     while let Some(found) = scanner.feed(&mut input)? {
///         match found {
///             Scanned::Start { place } => assert_eq!(place.to_string(), "data[0].b64_json"),
///             Scanned::Bytes(bytes) => image.extend_from_slice(bytes),
///             Scanned::End => assert_eq!(image, b"foo"),
///             Scanned::Broken(error) => return Err(error),
///         }
///     }
/// }
/// let response = scanner.finish()?;
/// assert_eq!(response.data.len(), 1);
/// # Ok::<(), imagewire_transport::decode::ScanError>(())
/// ```
pub struct Scanner {
    limits: Limits,
    shape: Shape,
    mode: Mode,
    path: Path,
    envelope: Vec<u8>,
    /// Where payloads were cut out: the size of the envelope then, and the place in the body.
    cuts: Vec<(usize, u64)>,
    /// Where in the envelope each whole item of `data` ends.
    items: Vec<usize>,
    payload: Payload,
    offset: u64,
    failed: Option<ScanError>,
}

/// So many items, from the last one back, are tried when an answer cannot be read: services make ten at most.
#[cfg(feature = "reqwest")]
const TRIED: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Between strings.
    Structure,
    /// In a string that is collected. `name`: where in the envelope it begins, if it is a member's name.
    Text {
        name: Option<usize>,
        escaped: bool,
    },
    /// After the opening quote of a payload, which may be empty.
    Quote(Place),
    Payload(Place),
    /// The string of a payload has ended, and this is still to be said.
    Ended(Place, Result<(), Fault>),
}

impl Scanner {
    /// For the answer to a request without streaming.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::shaped(limits, Shape::Answer)
    }

    /// For the data of one event of a stream: its payload is `b64_json` at the top. As the format of event streams
    /// wants it, bytes that are not UTF-8 are read as U+FFFD.
    pub(crate) fn for_events(limits: Limits) -> Self {
        Self::shaped(limits, Shape::Event)
    }

    fn shaped(limits: Limits, shape: Shape) -> Self {
        Self {
            limits,
            shape,
            mode: Mode::Structure,
            path: Path::new(shape),
            envelope: Vec::new(),
            cuts: Vec::new(),
            items: Vec::new(),
            payload: Payload::new(shape == Shape::Event),
            offset: 0,
            failed: None,
        }
    }

    /// Begins another body; the buffers are kept.
    pub(crate) fn restart(&mut self) {
        self.mode = Mode::Structure;
        self.path = Path::new(self.shape);
        self.envelope.clear();
        self.cuts.clear();
        self.items.clear();
        self.offset = 0;
        self.failed = None;
    }

    /// Takes from the front of `input` until something is found; `None` means that `input` is used up.
    ///
    /// # Errors
    /// When the body cannot be read on. A body that is not JSON is often recognised by [`Scanner::finish`] alone.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Scanned<'_>>, ScanError> {
        Ok(match self.pull(input)? {
            None => None,
            Some(Found::Bytes) => Some(Scanned::Bytes(self.decoded())),
            Some(Found::Other(found)) => Some(found),
        })
    }

    /// [`Self::feed`] without a borrow: the bytes are to be fetched by [`Self::decoded`].
    pub(crate) fn pull(&mut self, input: &mut &[u8]) -> Result<Option<Found>, ScanError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.find(input).map_err(|(fault, place)| {
            let error = self.error(fault, place);
            self.failed = Some(error);
            error
        })
    }

    pub(crate) fn decoded(&mut self) -> &[u8] {
        self.payload.decoded()
    }

    /// Whether [`Self::pull`] finds something without more input.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.mode, Mode::Ended(..)) || self.payload.is_pending()
    }

    /// How many bytes were taken.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The answer, once the whole body was fed. Payloads that were found are missing in it.
    ///
    /// # Errors
    /// When the body is not an answer, or not all of one.
    pub fn finish(self) -> Result<ImagesResponse, ScanError> {
        self.response()
    }

    pub(crate) fn response(&self) -> Result<ImagesResponse, ScanError> {
        let envelope = self.whole_envelope()?;
        serde_json::from_slice(envelope).map_err(|error| self.explain(envelope, &error))
    }

    /// Of a body that broke off or cannot be read, what came before the end of the last item that can.
    #[cfg(feature = "reqwest")]
    pub(crate) fn whole_items(&self) -> Option<ImagesResponse> {
        let wholes = self.items.iter().rev().take(TRIED).filter_map(|end| self.envelope.get(..*end));
        wholes.into_iter().find_map(|whole| serde_json::from_slice(&[whole, b"]}"].concat()).ok())
    }

    /// What was collected: the body so far with `null` in the place of each payload. It may hold what is private.
    #[must_use]
    pub fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// The memory that the scanner holds, in bytes: the envelope, and 48 KiB from the first payload on.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.envelope.capacity()
            + self.payload.capacity()
            + self.cuts.capacity() * size_of::<(usize, u64)>()
            + self.items.capacity() * size_of::<usize>()
    }

    /// The envelope of a body that did not end within a string.
    pub(crate) fn whole_envelope(&self) -> Result<&[u8], ScanError> {
        match (self.failed, self.mode) {
            (Some(error), _) => Err(error),
            (None, Mode::Structure) => Ok(&self.envelope),
            (None, Mode::Text { .. }) => Err(self.error(Fault::Truncated, None)),
            (None, Mode::Quote(place) | Mode::Payload(place) | Mode::Ended(place, _)) => {
                Err(self.error(Fault::Truncated, Some(place)))
            }
        }
    }

    /// What `serde_json` says about the envelope, for the body. Its own text may quote the contents.
    pub(crate) fn explain(&self, envelope: &[u8], error: &serde_json::Error) -> ScanError {
        let fault = match error.classify() {
            Category::Eof => Fault::Truncated,
            Category::Syntax | Category::Io => Fault::Syntax,
            Category::Data => Fault::Form,
        };
        let mut start = 0;
        for _ in 1..error.line() {
            let rest = envelope.get(start..).unwrap_or_default();
            start += memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        }
        let at = (start + error.column().saturating_sub(1)).min(envelope.len());
        let cuts_before = self.cuts.partition_point(|(cut, _)| *cut <= at);
        let cut = cuts_before.checked_sub(1).and_then(|last| self.cuts.get(last));
        let (cut, body) = cut.copied().unwrap_or_default();
        ScanError { fault, place: None, offset: body + (at - cut) as u64 }
    }

    fn error(&self, fault: Fault, place: Option<Place>) -> ScanError {
        ScanError { fault, place, offset: self.offset }
    }

    fn find(&mut self, input: &mut &[u8]) -> Result<Option<Found>, (Fault, Option<Place>)> {
        loop {
            match self.mode {
                Mode::Structure | Mode::Text { .. } | Mode::Quote(_) if input.is_empty() => return Ok(None),
                Mode::Structure => self.structure(input)?,
                Mode::Text { name, escaped } => self.text(input, name, escaped)?,
                Mode::Quote(_) if input.first() == Some(&b'"') => {
                    // An empty text is no payload: readers take it for an absent one.
                    self.advance(input, 1);
                    self.collect(b"\"\"")?;
                    self.mode = Mode::Structure;
                }
                Mode::Quote(place) => {
                    self.collect(b"null")?;
                    self.payload.begin();
                    self.mode = Mode::Payload(place);
                    return Ok(Some(Found::Other(Scanned::Start { place })));
                }
                Mode::Payload(place) => {
                    if let Some(found) = self.payload(input, place)? {
                        return Ok(Some(found));
                    }
                    if self.mode == Mode::Payload(place) {
                        return Ok(None);
                    }
                }
                Mode::Ended(..) if self.payload.is_pending() => return Ok(Some(Found::Bytes)),
                Mode::Ended(place, result) => {
                    self.mode = Mode::Structure;
                    return Ok(Some(Found::Other(match result {
                        Ok(()) => Scanned::End,
                        Err(fault) => Scanned::Broken(self.error(fault, Some(place))),
                    })));
                }
            }
        }
    }

    /// Between strings.
    fn structure(&mut self, input: &mut &[u8]) -> Result<(), (Fault, Option<Place>)> {
        let quote = memchr(b'"', input);
        let length = quote.unwrap_or(input.len());
        let (between, _) = input.split_at(length);
        let start = self.envelope.len();
        self.collect(between)?;
        self.advance(input, length);
        for (at, byte) in (1..).zip(between) {
            if self.path.structure(*byte) {
                self.items.push(start + at);
            }
        }
        if self.path.items_before() >= self.limits.images {
            return Err((Fault::TooLarge, None));
        }
        if quote.is_none() {
            return Ok(());
        }
        self.mode = match self.path.role() {
            Role::Payload(place) => Mode::Quote(place),
            Role::Name => Mode::Text { name: Some(self.envelope.len()), escaped: false },
            Role::Other => Mode::Text { name: None, escaped: false },
        };
        if !matches!(self.mode, Mode::Quote(_)) {
            self.collect(b"\"")?;
        }
        self.advance(input, 1);
        Ok(())
    }

    /// In a string that is collected: `serde_json` will say whether it is one.
    fn text(
        &mut self,
        input: &mut &[u8],
        name: Option<usize>,
        escaped: bool,
    ) -> Result<(), (Fault, Option<Place>)> {
        let stop = if escaped { Some(0) } else { memchr2(b'"', b'\\', input) };
        let length = stop.map_or(input.len(), |at| at + 1);
        let (piece, _) = input.split_at(length);
        self.collect(piece)?;
        self.advance(input, length);
        self.mode = match piece.last() {
            _ if escaped || stop.is_none() => Mode::Text { name, escaped: false },
            Some(b'\\') => Mode::Text { name, escaped: true },
            _ => {
                if let Some(start) = name {
                    self.path.name(self.envelope.get(start..).unwrap_or_default())?;
                }
                Mode::Structure
            }
        };
        Ok(())
    }

    /// In the string of a payload.
    fn payload(&mut self, input: &mut &[u8], place: Place) -> Result<Option<Found>, (Fault, Option<Place>)> {
        let before = input.len();
        let stop = self.payload.take(input);
        self.offset += (before - input.len()) as u64;
        match stop {
            Stop::Input | Stop::Full => Ok(self.payload.is_pending().then_some(Found::Bytes)),
            Stop::NotText => Err((Fault::Syntax, Some(place))),
            Stop::Broken(fault) => Ok(Some(Found::Other(Scanned::Broken(self.error(fault, Some(place)))))),
            Stop::Closed(result) => {
                self.cuts.push((self.envelope.len(), self.offset));
                self.mode = result.map_or(Mode::Structure, |result| Mode::Ended(place, result));
                Ok(None)
            }
        }
    }

    fn collect(&mut self, bytes: &[u8]) -> Result<(), (Fault, Option<Place>)> {
        if self.envelope.len().saturating_add(bytes.len()) > self.limits.envelope {
            return Err((Fault::TooLarge, None));
        }
        self.envelope.extend_from_slice(bytes);
        Ok(())
    }

    fn advance(&mut self, input: &mut &[u8], length: usize) {
        *input = input.get(length..).unwrap_or_default();
        self.offset += length as u64;
    }
}

/// Shows how far it is, not what it read.
impl fmt::Debug for Scanner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Scanner")
            .field("offset", &self.offset)
            .field("envelope", &self.envelope.len())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
