//! What a scanner is told, and what it finds.

use std::fmt;

use crate::decode::{Place, ScanError};

/// How much a [`Scanner`](super::Scanner) collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest size of a body without its payloads, in bytes. One MiB by default.
    pub envelope: usize,
    /// The largest number of images in a body. 1,000 by default: services make ten at most, and each takes memory and
    /// perhaps a file.
    pub images: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { envelope: 1 << 20, images: 1_000 }
    }
}

/// What [`Scanner::feed`](super::Scanner::feed) found.
///
/// A payload is `Start`, then any number of `Bytes`, then `End` or `Broken`; payloads do not overlap. What was decoded
/// of a payload that broke, or whose end did not come, is not an image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scanned<'a> {
    /// A payload begins.
    Start {
        /// Where it stands.
        place: Place,
    },
    /// The next bytes of the image.
    Bytes(&'a [u8]),
    /// The image is complete.
    End,
    /// The payload cannot be decoded. Others still can.
    Broken(ScanError),
}

/// A [`Scanned`] whose bytes are still in the scanner.
pub(crate) enum Found {
    Bytes,
    Other(Scanned<'static>),
}

/// Of bytes their number alone.
impl fmt::Debug for Scanned<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { place } => write!(formatter, "Start({place})"),
            Self::Bytes(bytes) => write!(formatter, "Bytes({})", bytes.len()),
            Self::End => formatter.write_str("End"),
            Self::Broken(error) => formatter.debug_tuple("Broken").field(error).finish(),
        }
    }
}
