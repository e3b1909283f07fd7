//! Draws the pictures the emulator answers with.
//!
//! A picture is a pure function of its [`Picture`] description: the prompt
//! chooses the palette and the kind of composition, the index the variation,
//! and a badge and a caption say that the picture is emulated. Geometry is
//! relative to the frame, so one prompt looks alike at every size.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixel geometry: every value is non-negative or clamped, and far below 2^24"
)]

mod abstracts;
mod canvas;
mod caption;
mod encode;
mod landscape;
mod mark;
mod palette;
mod ridges;
mod rng;
mod rough;
mod scene;
mod skyline;
mod text;

#[cfg(test)]
mod tests;

use image::ImageError;
use image::error::{LimitError, LimitErrorKind};

use canvas::Canvas;

/// Longest side [`draw`] accepts, in pixels.
pub(crate) const MAX_SIDE: u32 = 4096;

/// Grain amplitude that gives files about the size of a real service's.
pub(crate) const DEFAULT_TEXTURE: u8 = 3;

/// What to draw. The same value always gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Picture {
    /// Composition, palette and caption derive from it.
    pub(crate) prompt: String,
    /// Width in pixels, 1 to [`MAX_SIDE`].
    pub(crate) width: u32,
    /// Height in pixels, 1 to [`MAX_SIDE`].
    pub(crate) height: u32,
    /// File format of the answer.
    pub(crate) format: Format,
    /// JPEG quality 0 to 100, 100 when absent; PNG and WebP are lossless and
    /// ignore it.
    pub(crate) compression: Option<u8>,
    /// Cut the motif out on a fully transparent background. JPEG has no alpha
    /// channel and ignores it.
    pub(crate) transparent: bool,
    /// Which image of one answer, from 0; the caption counts from 1.
    pub(crate) index: u32,
    /// Seed of the emulator; another seed redraws everything.
    pub(crate) seed: u64,
    /// Amplitude of the film grain on opaque pictures, 0 for none; see
    /// [`DEFAULT_TEXTURE`].
    pub(crate) texture: u8,
    /// Into how many parts each side of an unfinished picture is coarsened; 0
    /// for a finished one.
    pub(crate) roughness: u32,
}

impl Picture {
    /// The picture as it stands before `left` more steps: half as sharp for
    /// each of them, and without grain.
    pub(crate) fn unfinished(&self, left: u32) -> Self {
        let roughness = 2_u32.saturating_pow(left.saturating_add(1));
        Self { roughness, texture: 0, ..self.clone() }
    }

    /// Whether the file gets an alpha channel.
    fn has_alpha(&self) -> bool {
        self.transparent && self.format != Format::Jpeg
    }
}

/// File format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    /// PNG, RGB or RGBA with 8 bits per channel.
    Png,
    /// Baseline JPEG, always opaque.
    Jpeg,
    /// Lossless WebP.
    Webp,
    /// A GIF of one frame with 256 colours.
    Gif,
    /// An SVG around a PNG.
    Svg,
}

impl Format {
    /// The media type, such as `image/png`.
    #[must_use]
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Svg => "image/svg+xml",
        }
    }

    /// The usual file name extension, without a dot.
    #[must_use]
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Svg => "svg",
        }
    }
}

/// Draws and encodes a picture.
///
/// # Errors
///
/// When a side is outside 1 to [`MAX_SIDE`], or when the encoder fails.
pub(crate) fn draw(picture: &Picture) -> Result<Vec<u8>, ImageError> {
    let sides = 1..=MAX_SIDE;
    let canvas = (sides.contains(&picture.width) && sides.contains(&picture.height))
        .then(|| Canvas::new(picture.width, picture.height))
        .flatten();
    let Some(mut canvas) = canvas else {
        let kind = LimitErrorKind::DimensionError;
        return Err(ImageError::Limits(LimitError::from_kind(kind)));
    };

    match picture.roughness {
        0 => scene::paint(&mut canvas, picture),
        part => rough::paint(&mut canvas, picture, part).unwrap_or_default(),
    }
    mark::stamp(
        &mut canvas,
        &caption::printable(&picture.prompt),
        &caption::dimensions(picture),
        picture.has_alpha(),
    );
    encode::encode(canvas.into_pixmap(), picture)
}
