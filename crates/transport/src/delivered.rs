//! Images as files: what a call to a folder bought.

use std::path::PathBuf;

use imagewire_types::ImagesResponse;
use imagewire_validate::Finding;

use crate::{Attempt, Error, decode::Format};

/// What [`Client::generate_to`](crate::Client::generate_to) bought and saved.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivered {
    /// The answer without its payloads: `b64_json` and `data:` links are taken out, other links are left in.
    pub response: ImagesResponse,
    /// The service's name for this exchange.
    pub request_id: Option<String>,
    /// The files, in the order of the answer.
    pub files: Vec<Delivery>,
    /// What is known about the request, errors included when the checking only reports.
    pub findings: Vec<Finding>,
    /// The attempts that failed before. One with an open fate may have bought images as well.
    pub attempts: Vec<Attempt>,
}

/// An image that was saved.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its place in the answer's `data`, from 0.
    pub index: usize,
    /// Its absolute path.
    pub path: PathBuf,
    /// The format, judged by the bytes; the extension follows it.
    pub format: Format,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether another extension was asked for.
    pub extension_replaced: bool,
    /// The prompt that was really used, when the service rewrote it.
    pub revised_prompt: Option<String>,
}

/// What [`Client::generate_into`](crate::Client::generate_into) bought and wrote.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Written<W> {
    /// The answer without its payloads.
    pub response: ImagesResponse,
    /// The service's name for this exchange.
    pub request_id: Option<String>,
    /// The images, in the order of the answer.
    pub images: Vec<WrittenImage<W>>,
    /// What is known about the request, errors included when the checking only reports.
    pub findings: Vec<Finding>,
    /// The attempts that failed before. One with an open fate may have bought images as well.
    pub attempts: Vec<Attempt>,
}

/// An image that was written.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct WrittenImage<W> {
    /// Its place in the answer's `data`, from 0.
    pub index: usize,
    /// Where it went.
    pub writer: W,
    /// The format, judged by the bytes.
    pub format: Format,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// The prompt that was really used, when the service rewrote it.
    pub revised_prompt: Option<String>,
}

/// Shows that there is a revised prompt, not what it says.
impl std::fmt::Debug for Delivery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Delivery")
            .field("index", &self.index)
            .field("path", &self.path)
            .field("format", &self.format)
            .field("width", &self.width)
            .field("height", &self.height)
            .field("bytes", &self.bytes)
            .field("revised_prompt", &self.revised_prompt.as_ref().map(|_| format_args!("(private)")))
            .finish_non_exhaustive()
    }
}

impl<W> std::fmt::Debug for Written<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Written")
            .field("response", &self.response)
            .field("request_id", &self.request_id)
            .field("images", &self.images.len())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A call to writers that failed, and what was bought all the same.
pub struct Unfinished<W> {
    /// What went wrong.
    pub error: Error,
    /// The images that came whole before or beside the failure, and the links of those that could not be fetched; `None`
    /// when the call failed before that.
    pub written: Option<Box<Written<W>>>,
}

impl<W> std::fmt::Debug for Unfinished<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { error, written } = self;
        formatter.debug_struct("Unfinished").field("error", error).field("written", written).finish()
    }
}

impl<W> From<Error> for Unfinished<W> {
    fn from(error: Error) -> Self {
        Self { error, written: None }
    }
}

impl<W> From<Unfinished<W>> for Error {
    fn from(unfinished: Unfinished<W>) -> Self {
        unfinished.error
    }
}

impl<W> AsRef<Error> for Unfinished<W> {
    fn as_ref(&self) -> &Error {
        &self.error
    }
}

impl<W> std::fmt::Display for Unfinished<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(formatter)
    }
}

impl<W> std::error::Error for Unfinished<W> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}
