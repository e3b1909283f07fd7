//! What kind of image bytes are.

mod svg;

use std::fmt;

use imagesize::ImageType;

/// The format of an image, judged by its bytes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// SVG: a drawing, which may hold scripts.
    Svg,
    /// An image in another format, such as AVIF, or bytes that are kept because they are paid for.
    Other,
}

/// What the first bytes of an image say. The rest is not looked at: a cut image passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sniffed {
    /// The format.
    pub format: Format,
    /// The width in pixels; 0 for a drawing that leaves it open.
    pub width: u32,
    /// The height in pixels; 0 for a drawing that leaves it open.
    pub height: u32,
}

impl Sniffed {
    /// Of bytes that are kept without knowing what they are.
    #[cfg(feature = "reqwest")]
    pub(crate) const UNKNOWN: Self = Self { format: Format::Other, width: 0, height: 0 };
}

/// Why bytes are not taken for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnImage {
    /// There are none.
    Empty,
    /// They do not begin like an image.
    Unrecognised,
    /// They are an SVG document, which nobody asked for.
    Drawing,
    /// They begin like an image and end, or go wrong, before its size.
    Damaged,
}

/// Finds format and size in the first bytes of an image.
///
/// ```
/// use imagewire_transport::decode::{Format, sniff};
///
/// let image = sniff(b"GIF89a\x03\x00\x02\x00\x00\x00\x00;").expect("a GIF");
/// assert_eq!((image.format, image.width, image.height), (Format::Gif, 3, 2));
/// ```
///
/// # Errors
/// When the bytes are no image, or none with a size.
pub fn sniff(bytes: &[u8]) -> Result<Sniffed, NotAnImage> {
    if bytes.is_empty() {
        return Err(NotAnImage::Empty);
    }
    let Ok(known) = imagesize::image_type(bytes) else {
        let drawing = |(width, height)| Sniffed { format: Format::Svg, width, height };
        return svg::size(bytes).map(drawing).ok_or(NotAnImage::Unrecognised);
    };
    let format = match known {
        ImageType::Png => Format::Png,
        ImageType::Jpeg => Format::Jpeg,
        ImageType::Webp => Format::Webp,
        ImageType::Gif => Format::Gif,
        _ => Format::Other,
    };
    let size = imagesize::blob_size(bytes).map_err(|_| NotAnImage::Damaged)?;
    match (u32::try_from(size.width), u32::try_from(size.height)) {
        (Ok(width @ 1..), Ok(height @ 1..)) => Ok(Sniffed { format, width, height }),
        _ => Err(NotAnImage::Damaged),
    }
}

/// As much of an image is kept until its size is found: colour profiles and previews may stand before it.
#[cfg(feature = "reqwest")]
const HEAD: usize = 1 << 20;

/// [`sniff`] for an image that comes in pieces.
#[cfg(feature = "reqwest")]
#[derive(Default)]
pub(crate) struct Sniffer {
    head: Vec<u8>,
    /// As many bytes are waited for until the next look, so that small pieces do not cost a look each.
    next: usize,
    found: Option<Sniffed>,
}

#[cfg(feature = "reqwest")]
impl Sniffer {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.found.is_some() || self.head.len() >= HEAD {
            return;
        }
        // Nearly always the first piece says everything, and nothing has to be kept.
        if self.head.is_empty() && self.settle(sniff(bytes)) {
            return;
        }
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if self.head.len() >= self.next {
            self.next = self.head.len() * 2;
            if self.settle(sniff(&self.head)) {
                self.head = Vec::new();
            }
        }
    }

    pub(crate) fn end(&self) -> Result<Sniffed, NotAnImage> {
        self.found.map_or_else(|| sniff(&self.head), Ok)
    }

    /// The size of other formats may stand in several places, of which the last counts.
    fn settle(&mut self, result: Result<Sniffed, NotAnImage>) -> bool {
        self.found = result.ok().filter(|sniffed| sniffed.format != Format::Other);
        self.found.is_some()
    }
}

impl Format {
    /// The formats that image services are known to send.
    pub const KNOWN: &'static [Self] = &[Self::Png, Self::Jpeg, Self::Webp, Self::Gif, Self::Svg];

    /// The usual extension of a file, without a dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Svg => "svg",
            Self::Other => "img",
        }
    }

    /// The media type, such as `image/png`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Svg => "image/svg+xml",
            Self::Other => "application/octet-stream",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
            Self::Svg => "SVG",
            Self::Other => "another format",
        })
    }
}

impl fmt::Display for NotAnImage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "there are no bytes",
            Self::Drawing => "it is an SVG document, which was not asked for",
            Self::Unrecognised => "the bytes do not begin like an image",
            Self::Damaged => "the bytes begin like an image but tell no size",
        })
    }
}

impl std::error::Error for NotAnImage {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn formats_and_sizes() {
        for (bytes, format) in [
            (samples::png(1792, 1024), Format::Png),
            (samples::jpeg(1792, 1024), Format::Jpeg),
            (samples::webp(1792, 1024), Format::Webp),
            (samples::gif(1792, 1024), Format::Gif),
            (b"<svg viewBox='0 0 1792 1024'>".to_vec(), Format::Svg),
        ] {
            assert_eq!(sniff(&bytes), Ok(Sniffed { format, width: 1792, height: 1024 }), "{format}");
        }
    }

    #[test]
    fn bytes_that_are_no_image() {
        for bytes in [&b"<html>"[..], b"<html><svg/>", b"{}", b"\0", b"MZ", &[0; 64]] {
            assert_eq!(sniff(bytes), Err(NotAnImage::Unrecognised), "{bytes:?}");
        }
        assert_eq!(sniff(b""), Err(NotAnImage::Empty));
        assert_eq!(sniff(&samples::png(0, 1)), Err(NotAnImage::Damaged));
    }

    #[cfg(feature = "reqwest")]
    #[test]
    fn pieces_say_the_same_as_the_whole() {
        let mut late = samples::jpeg(3, 2);
        // A long segment of the application before the size.
        let segment = [&b"\xff\xe1\xff\xff"[..], &vec![7; 0xfffd]].concat();
        late.splice(20..20, segment.repeat(3));
        for whole in
            [samples::png(3, 2), late, samples::webp(3, 2), samples::gif(3, 2), b"<html>".to_vec(), vec![]]
        {
            for size in [1, 7, 48 << 10, 1 << 20] {
                let mut sniffer = Sniffer::default();
                whole.chunks(size).for_each(|piece| sniffer.feed(piece));
                assert_eq!(sniffer.end(), sniff(&whole), "{} bytes by {size}", whole.len());
            }
        }
    }

    #[test]
    fn a_cut_head_is_an_error_at_every_length_and_no_panic() {
        for whole in [samples::png(3, 2), samples::jpeg(3, 2), samples::webp(3, 2), samples::gif(3, 2)] {
            let least = (0..=whole.len()).find(|length| sniff(&whole[..*length]).is_ok()).unwrap();
            assert!((0..least).all(|length| sniff(&whole[..length]).is_err()));
            assert!((least..whole.len()).all(|length| sniff(&whole[..length]).is_ok()));
        }
    }
}
