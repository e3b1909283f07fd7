//! What a stream holds, as plain values.

use std::fmt;

use imagewire_types::{ErrorBody, ImageStreamEvent};

use crate::{
    Error,
    decode::{self, ScanError},
};

/// How much of a stream is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest size of one event with its image as base64, in bytes. 64 MiB by default: the largest images are
    /// about 40.
    pub event: u64,
    /// The largest size of one event without its image, in bytes. One MiB by default.
    pub envelope: usize,
    /// How many images were asked for: after as many the stream is over.
    pub images: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { event: 64 << 20, envelope: decode::Limits::default().envelope, images: 1 }
    }
}

/// What [`EventDecoder::feed`](super::EventDecoder::feed) found.
///
/// An image comes before the event that says what it is: write it under a temporary name, and give it its own at
/// [`Item::Event`]. At [`Item::Other`], [`Item::Failure`], an error or the end of the stream, throw it away.
#[derive(Clone, PartialEq)]
pub enum Item<'a> {
    /// An image begins.
    Start,
    /// The next bytes of the image.
    Bytes(&'a [u8]),
    /// All bytes of the image came; its event goes on.
    End,
    /// The image cannot be decoded; its event goes on.
    Broken(ScanError),
    /// A partial or a completed image. Its payload is taken out.
    Event {
        /// The event.
        event: Box<ImageStreamEvent>,
        /// Whether an image came with it, from [`Item::Start`] to [`Item::End`].
        image: bool,
    },
    /// The service says that it failed.
    Failure(Box<ErrorBody>),
    /// An event that this release does not know; it is skipped.
    Other {
        /// Its type, cut after 100 characters; empty if it has none.
        name: String,
    },
    /// A comment or a blank event: the service is alive.
    KeepAlive,
    /// `[DONE]`: the service will say nothing more. This alone is no success.
    Done,
}

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// Which event it is about, counted from 1.
    pub event: u64,
    /// What is wrong with it.
    pub error: ScanError,
}

/// What came so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events of any kind, in whole. Comments are none.
    pub events: u64,
    /// Partial images.
    pub partial: u32,
    /// Completed images.
    pub completed: u32,
    /// Completed events whose image was broken or missing.
    pub unusable: u32,
    /// Failures that the service told.
    pub failures: u32,
    /// Events that this release does not know.
    pub other: u32,
    /// Events after the stream was over, which are ignored.
    pub late: u32,
    /// Whether `[DONE]` came.
    pub done: bool,
}

/// What a stream is, should it end here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An image was completed. [`Tally::completed`] tells how many.
    Complete,
    /// The service told a failure, and completed nothing.
    Failed,
    /// What was completed held no image, or a broken one.
    Unusable,
    /// Nothing was completed, and nothing said about it.
    Incomplete {
        /// Whether the stream ended inside an event.
        cut: bool,
    },
}

/// Of bytes their number alone, of a failure what it is called: its message may repeat the prompt.
impl fmt::Debug for Item<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => formatter.write_str("Start"),
            Self::Bytes(bytes) => write!(formatter, "Bytes({})", bytes.len()),
            Self::End => formatter.write_str("End"),
            Self::Broken(error) => formatter.debug_tuple("Broken").field(error).finish(),
            Self::Event { event, image } => {
                formatter.debug_struct("Event").field("event", event).field("image", image).finish()
            }
            Self::Failure(body) => {
                let (code, kind) = (&body.code, &body.kind);
                formatter
                    .debug_struct("Failure")
                    .field("code", code)
                    .field("type", kind)
                    .finish_non_exhaustive()
            }
            Self::Other { name } => formatter.debug_struct("Other").field("name", name).finish(),
            Self::KeepAlive => formatter.write_str("KeepAlive"),
            Self::Done => formatter.write_str("Done"),
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "in event {}, {}", self.event, self.error)
    }
}

impl std::error::Error for StreamError {}

impl From<StreamError> for Error {
    fn from(error: StreamError) -> Self {
        error.error.in_answer(&error)
    }
}
