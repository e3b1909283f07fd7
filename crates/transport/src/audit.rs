//! What was bought, held against what was asked for.

mod alpha;

use std::fmt;

use imagewire_types::{Background, CreateImageRequest, OutputFormat};

use crate::{Generated, decode::Format};

/// A longer side, in pixels, is beyond any service's offer.
const LONGEST_SIDE: u32 = 16_384;
/// More pixels are beyond any service's offer; a decoder would need a gigabyte.
const MOST_PIXELS: u64 = 1 << 28;

/// One way in which the images are not what was asked for. The images are good all the same, and paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mismatch {
    /// Fewer or more images.
    Count {
        /// How many were asked for; 1 where the request does not say.
        asked: u32,
        /// How many came.
        got: usize,
    },
    /// Another size.
    Size {
        /// The image's place in the answer's `data`.
        index: usize,
        /// Width and height that were asked for, in pixels.
        asked: (u32, u32),
        /// Width and height of the image, in pixels.
        got: (u32, u32),
    },
    /// Another file format.
    Format {
        /// The image's place in the answer's `data`.
        index: usize,
        /// What was asked for.
        asked: Format,
        /// What the bytes are.
        got: Format,
    },
    /// A transparent background was asked for, and the file cannot have one.
    Opaque {
        /// The image's place in the answer's `data`.
        index: usize,
    },
    /// The file claims to be larger than any service makes them: more than 16,384 pixels a side or 2²⁸ in all. Think
    /// twice before you decode it.
    Suspicious {
        /// The image's place in the answer's `data`.
        index: usize,
        /// Width and height that the file claims, in pixels.
        got: (u32, u32),
    },
}

impl Generated {
    /// Compares count, size, format and transparency with the request that bought the images. What the request leaves
    /// to the service, such as size `auto`, cannot be missed. Only the heads of the files are looked at.
    ///
    /// Of a call that failed in part, use [`Error::partial`](crate::Error::partial).
    #[must_use]
    pub fn audit(&self, request: &CreateImageRequest) -> Vec<Mismatch> {
        let looks = self.images.iter().map(|image| Look {
            index: image.index,
            size: (image.width, image.height),
            format: image.format,
            may_be_transparent: alpha::may_be_transparent(image.format, &image.bytes),
        });
        audit(request, looks.collect())
    }
}

#[cfg(feature = "reqwest")]
impl crate::Delivered {
    /// The same as [`Generated::audit`], for files. Their heads are read again where transparency was asked for; what
    /// cannot be read is not missed.
    ///
    /// Of a call that failed in part, use [`Error::delivered`](crate::Error::delivered).
    #[must_use]
    pub fn audit(&self, request: &CreateImageRequest) -> Vec<Mismatch> {
        let transparent = request.background == Some(Background::Transparent);
        let looks = self.files.iter().map(|file| Look {
            index: file.index,
            size: (file.width, file.height),
            format: file.format,
            may_be_transparent: transparent
                .then(|| head(&file.path).ok())
                .flatten()
                .and_then(|head| alpha::may_be_transparent(file.format, &head)),
        });
        audit(request, looks.collect())
    }
}

/// As much of a file is read as says whether it has an alpha channel.
#[cfg(feature = "reqwest")]
fn head(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(1 << 20).read_to_end(&mut head)?;
    Ok(head)
}

/// What is looked at of an image.
struct Look {
    index: usize,
    size: (u32, u32),
    format: Format,
    may_be_transparent: Option<bool>,
}

fn audit(request: &CreateImageRequest, looks: Vec<Look>) -> Vec<Mismatch> {
    let asked = request.n.unwrap_or(1);
    let mut found = Vec::new();
    if usize::try_from(asked) != Ok(looks.len()) {
        found.push(Mismatch::Count { asked, got: looks.len() });
    }
    let size = request.size.as_ref().and_then(imagewire_types::Size::dimensions);
    let wanted = request.output_format.as_ref().and_then(format);
    let transparent = request.background == Some(Background::Transparent);
    for Look { index, size: got, format, may_be_transparent } in looks {
        let pixels = u64::from(got.0) * u64::from(got.1);
        if got.0.max(got.1) > LONGEST_SIDE || pixels > MOST_PIXELS {
            found.push(Mismatch::Suspicious { index, got });
        }
        if let Some(asked) = size.filter(|asked| *asked != got) {
            found.push(Mismatch::Size { index, asked, got });
        }
        if let Some(asked) = wanted.filter(|asked| *asked != format) {
            found.push(Mismatch::Format { index, asked, got: format });
        }
        if transparent && may_be_transparent == Some(false) {
            found.push(Mismatch::Opaque { index });
        }
    }
    found
}

fn format(asked: &OutputFormat) -> Option<Format> {
    match asked {
        OutputFormat::Png => Some(Format::Png),
        OutputFormat::Jpeg => Some(Format::Jpeg),
        OutputFormat::Webp => Some(Format::Webp),
        OutputFormat::Gif => Some(Format::Gif),
        OutputFormat::Svg => Some(Format::Svg),
        _ => None,
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { asked, got } => write!(formatter, "{asked} images were asked for and {got} came"),
            Self::Size { index, asked: (w, h), got: (width, height) } => {
                write!(formatter, "image {index} is {width}x{height} and not {w}x{h}")
            }
            Self::Format { index, asked, got } => write!(formatter, "image {index} is {got} and not {asked}"),
            Self::Opaque { index } => write!(formatter, "image {index} has no transparency"),
            Self::Suspicious { index, got: (width, height) } => {
                write!(formatter, "image {index} claims to be {width}x{height} pixels")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use imagewire_types::{ImagesResponse, Size};

    use super::*;
    use crate::{Payload, Source, samples};

    fn generated(files: &[Vec<u8>]) -> Generated {
        let images = files.iter().enumerate().map(|(index, bytes)| {
            let source = Source::Inline(bytes.clone().into());
            Payload { index, source, revised_prompt: None }.into_image(bytes.clone().into()).unwrap()
        });
        let (images, response) = (images.collect(), ImagesResponse::new(Vec::new()));
        Generated { response, request_id: None, images, findings: Vec::new(), attempts: Vec::new() }
    }

    fn request() -> CreateImageRequest {
        CreateImageRequest::new("p")
    }

    #[test]
    fn what_was_asked_for_is_no_mismatch() {
        let one = generated(&[samples::png(1024, 1024)]);
        for request in [
            request(),
            request().n(1).size(Size::new(1024, 1024)).output_format(OutputFormat::Png),
            request().size("auto").background(Background::Auto).output_format("tomorrow"),
            request().size("large").background(Background::Opaque),
        ] {
            assert_eq!(one.audit(&request), [], "{request:?}");
        }
    }

    #[test]
    fn every_difference_is_named() {
        let two = generated(&[samples::png(1024, 1536), samples::jpeg(1024, 1024)]);
        let request = request()
            .n(3)
            .size(Size::new(1024, 1024))
            .output_format(OutputFormat::Webp)
            .background(Background::Transparent);
        let found = two.audit(&request);
        assert_eq!(
            found,
            [
                Mismatch::Count { asked: 3, got: 2 },
                Mismatch::Size { index: 0, asked: (1024, 1024), got: (1024, 1536) },
                Mismatch::Format { index: 0, asked: Format::Webp, got: Format::Png },
                Mismatch::Format { index: 1, asked: Format::Webp, got: Format::Jpeg },
                Mismatch::Opaque { index: 1 },
            ]
        );
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown[1], "image 0 is 1024x1536 and not 1024x1024");
        assert_eq!(generated(&[]).audit(&CreateImageRequest::new("p")).len(), 1);
    }

    #[test]
    fn files_that_claim_to_be_huge() {
        for (width, height, expected) in
            [(16_384, 16_384, 0), (16_385, 1, 1), (1, 60_000, 1), (u32::MAX, u32::MAX, 1)]
        {
            let found = generated(&[samples::png(width, height)]).audit(&request());
            assert_eq!(found.len(), expected, "{width}x{height}");
        }
    }
}
