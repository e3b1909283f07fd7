//! Streamed answers: events while they arrive, and the images in them before their event has ended.

mod event;
mod item;
mod sse;

use std::fmt;

use imagewire_types::ImageStreamEventType;

use crate::decode::{self, Fault, Found as Seen, ScanError, Scanned, Scanner};
use event::Said;

pub use item::{Item, Limits, StreamError, Tally, Verdict};
pub use sse::{EventTooLarge, Sse, SseParser};

/// A pull parser for streamed answers whose memory does not grow with the images in them.
///
/// ```
/// use imagewire_transport::stream::{EventDecoder, Item, Limits, Verdict};
///
/// let body = b"event: image_generation.completed\ndata: {\"b64_json\": \"Zm9v\"}\n\n";
/// let (mut decoder, mut image) = (EventDecoder::new(Limits::default()), Vec::new());
/// for piece in body.chunks(7) {
///     let mut input = piece;
///     while let Some(item) = decoder.feed(&mut input)? {
///         match item {
///             Item::Start => image.clear(),
///             Item::Bytes(bytes) => image.extend_from_slice(bytes),
///             Item::Event { image: true, .. } => assert_eq!(image, b"foo"),
///             _ => {}
///         }
///     }
///     if decoder.is_over() {
///         break;
///     }
/// }
/// assert_eq!(decoder.verdict(), Verdict::Complete);
/// # Ok::<(), imagewire_transport::stream::StreamError>(())
/// ```
pub struct EventDecoder {
    parser: SseParser,
    scanner: Scanner,
    images: u32,
    tally: Tally,
    /// How the image of the event being received fares.
    image: Image,
    /// A line feed between two lines of data has not yet gone to the scanner.
    joint: bool,
    /// The first bytes of an event that is ignored: `[DONE]` is not late.
    head: Vec<u8>,
    failed: Option<StreamError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Image {
    None,
    Whole,
    Unfit,
}

impl EventDecoder {
    /// For a stream from its first byte.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            parser: SseParser::new(limits.event),
            scanner: Scanner::for_events(decode::Limits {
                envelope: limits.envelope,
                ..decode::Limits::default()
            }),
            images: limits.images.max(1),
            tally: Tally::default(),
            image: Image::None,
            joint: false,
            head: Vec::new(),
            failed: None,
        }
    }

    /// Takes from the front of `input` until something is found; `None` means that `input` is used up.
    ///
    /// # Errors
    /// When an event is too large or not what it should be; the stream cannot be read on.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Item<'_>>, StreamError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.find(input) {
            Ok(None) => Ok(None),
            Ok(Some(Found::Bytes)) => Ok(Some(Item::Bytes(self.scanner.decoded()))),
            Ok(Some(Found::Item(item))) => Ok(Some(item)),
            Err(error) => {
                let error = StreamError { event: self.tally.events + 1, error };
                self.failed = Some(error);
                Err(error)
            }
        }
    }

    /// Whether nothing that matters can follow: every image came or failed, or `[DONE]`. The connection may be closed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let Tally { completed, unusable, failures, done, .. } = self.tally;
        done || completed.saturating_add(unusable).saturating_add(failures) >= self.images
    }

    /// What the stream is, should it end here. An event whose end did not come does not count.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.tally {
            Tally { completed: 1.., .. } => Verdict::Complete,
            Tally { failures: 1.., .. } => Verdict::Failed,
            Tally { unusable: 1.., .. } => Verdict::Unusable,
            _ => Verdict::Incomplete { cut: self.parser.is_inside_event() },
        }
    }

    /// What came so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The memory that the decoder holds, in bytes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.scanner.capacity()
    }

    fn find(&mut self, input: &mut &[u8]) -> Result<Option<Found>, ScanError> {
        loop {
            // What the scanner has still to say must not wait for more data.
            if self.scanner.is_pending()
                && let Some(found) = self.scan(&mut &b""[..])?
            {
                return Ok(Some(found));
            }
            if self.joint {
                let mut joint = &b"\n"[..];
                let found = self.scan(&mut joint)?;
                self.joint = !joint.is_empty();
                if found.is_some() {
                    return Ok(found);
                }
            }
            let before = *input;
            let too_large = |EventTooLarge| ScanError {
                fault: Fault::TooLarge,
                place: None,
                offset: self.scanner.offset(),
            };
            let Some(found) = self.parser.feed(input).map_err(too_large)? else { return Ok(None) };
            match found {
                Sse::Comment => return Ok(Some(Found::Item(Item::KeepAlive))),
                Sse::Data(data) if self.is_over() => {
                    let room = event::DONE.len().saturating_sub(self.head.len()).min(data.len());
                    self.head.extend_from_slice(data.get(..room).unwrap_or_default());
                }
                // A line feed that stands in no input: the parser's own.
                Sse::Data(b"\n") => self.joint = true,
                Sse::Data(mut data) => {
                    let found = self.scan(&mut data)?;
                    // What the scanner has not taken yet goes back to where it came from.
                    self.parser.unread(data.len());
                    *input = before.get(before.len() - input.len() - data.len()..).unwrap_or_default();
                    if found.is_some() {
                        return Ok(found);
                    }
                }
                Sse::End { .. } if self.is_over() => {
                    self.tally.events += 1;
                    if std::mem::take(&mut self.head) == event::DONE.as_bytes() {
                        self.tally.done = true;
                        return Ok(Some(Found::Item(Item::Done)));
                    }
                    self.tally.late = self.tally.late.saturating_add(1);
                }
                Sse::End { name } => return self.end(name).map(|item| Some(Found::Item(item))),
            }
        }
    }

    /// Gives data to the scanner until it finds something.
    fn scan(&mut self, data: &mut &[u8]) -> Result<Option<Found>, ScanError> {
        Ok(self.scanner.pull(data)?.map(|seen| match seen {
            Seen::Bytes | Seen::Other(Scanned::Bytes(_)) => Found::Bytes,
            Seen::Other(Scanned::Start { .. }) => {
                self.image = Image::Unfit;
                Found::Item(Item::Start)
            }
            Seen::Other(Scanned::End) => {
                self.image = Image::Whole;
                Found::Item(Item::End)
            }
            Seen::Other(Scanned::Broken(error)) => Found::Item(Item::Broken(error)),
        }))
    }

    /// An event is complete.
    fn end(&mut self, name: Option<String>) -> Result<Item<'static>, ScanError> {
        let said = event::read(&self.scanner, name)?;
        self.scanner.restart();
        let image = std::mem::replace(&mut self.image, Image::None);
        self.tally.events += 1;
        let add = |count: &mut u32| *count = count.saturating_add(1);
        Ok(match said {
            Said::Nothing => Item::KeepAlive,
            Said::Done => {
                self.tally.done = true;
                Item::Done
            }
            Said::Failure(body) => {
                add(&mut self.tally.failures);
                Item::Failure(body)
            }
            Said::Other(name) => {
                add(&mut self.tally.other);
                Item::Other { name }
            }
            Said::Image(event) => {
                let has_link =
                    event.extra.get("url").and_then(|url| url.as_str()).is_some_and(|url| !url.is_empty());
                let usable = image == Image::Whole || (image == Image::None && has_link);
                add(match (event.kind == ImageStreamEventType::Completed, usable) {
                    (true, true) => &mut self.tally.completed,
                    (true, false) => &mut self.tally.unusable,
                    (false, _) => &mut self.tally.partial,
                });
                Item::Event { event, image: image == Image::Whole }
            }
        })
    }
}

/// An [`Item`] whose bytes are still in the scanner.
enum Found {
    Bytes,
    Item(Item<'static>),
}

/// Shows how far it is, not what it read.
impl fmt::Debug for EventDecoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EventDecoder")
            .field("tally", &self.tally)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
