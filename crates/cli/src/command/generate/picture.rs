//! What is told of an image: its file read once more.

use std::{
    fs,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use imagewire_transport::decode::{self, Format};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{credentials, name::hex};

/// A decoder may use so many bytes; the largest images that services make need a quarter of it.
const DECODER_BYTES: u64 = 1 << 29;

/// An image that was bought.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// The request it came with, from 0.
    pub(super) request: usize,
    /// Its place in the answer, from 0.
    pub(super) index: usize,
    pub(super) path: PathBuf,
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: u64,
    pub(super) revised_prompt: Option<String>,
    pub(super) contents: Option<Contents>,
}

/// What the bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) sha256: String,
    /// Whether there are content credentials (C2PA); they are not checked.
    pub(super) credentials: bool,
}

impl Contents {
    pub(super) fn of(bytes: &[u8], format: Format) -> Self {
        Self { sha256: hex(&Sha256::digest(bytes)), credentials: credentials::present(bytes, format) }
    }

    pub(super) fn read(path: &Path, format: Format) -> io::Result<Self> {
        Ok(Self::of(&fs::read(path)?, format))
    }
}

impl Picture {
    /// For `--json`; `number` counts the images of the command from 0.
    pub(super) fn describe(&self, number: usize) -> Value {
        json!({
            "index": number,
            "request": self.request + 1,
            "path": self.path,
            "width": self.width,
            "height": self.height,
            "format": self.format.to_string().to_lowercase(),
            "bytes": self.bytes,
            "sha256": self.contents.as_ref().map(|contents| &contents.sha256),
            "content_credentials": self.contents.as_ref().map(|contents| contents.credentials),
            "revised_prompt": self.revised_prompt,
        })
    }

    /// Reads the file again: it must be as long as what came, be the image that was told, and decode to its end.
    pub(super) fn verify(&self) -> Result<(), String> {
        let shown = self.path.display();
        let bytes = fs::read(&self.path).map_err(|error| format!("{shown} cannot be read again: {error}"))?;
        if bytes.len() as u64 != self.bytes {
            return Err(format!("{shown} has {} bytes, and {} came", bytes.len(), self.bytes));
        }
        let contents = Contents::of(&bytes, self.format);
        if self.contents.as_ref().is_some_and(|known| known.sha256 != contents.sha256) {
            return Err(format!("{shown} has another sha256 than what came"));
        }
        let sniffed = decode::sniff(&bytes).map_err(|error| format!("{shown} is no image: {error}"))?;
        if (sniffed.format, sniffed.width, sniffed.height) != (self.format, self.width, self.height) {
            return Err(format!("{shown} is not the image that came"));
        }
        match decoded(&bytes, self.format) {
            Some(Err(error)) => Err(format!("{shown} does not decode: {error}")),
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

/// The pixels; `None` for formats that are not decoded here.
pub(super) fn decoded(
    bytes: &[u8],
    format: Format,
) -> Option<Result<image::DynamicImage, image::ImageError>> {
    let format = match format {
        Format::Png => image::ImageFormat::Png,
        Format::Jpeg => image::ImageFormat::Jpeg,
        Format::Webp => image::ImageFormat::WebP,
        Format::Gif | Format::Svg | Format::Other => return None,
    };
    let mut reader = image::ImageReader::with_format(BufReader::new(io::Cursor::new(bytes)), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(DECODER_BYTES);
    reader.limits(limits);
    Some(reader.decode())
}
