//! From drawn pixels to a file.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError};
use tiny_skia::Pixmap;

use super::rng::Rng;
use super::{Format, Picture};

/// Quality of a JPEG when the picture names none, as services document it.
const DEFAULT_QUALITY: u8 = 100;

/// Encodes the pixels the way the picture asks for.
pub(super) fn encode(pixmap: Pixmap, picture: &Picture) -> Result<Vec<u8>, ImageError> {
    let (pixels, color) = if picture.has_alpha() {
        (pixmap.take_demultiplied(), ExtendedColorType::Rgba8)
    } else {
        (grained(&pixmap, picture), ExtendedColorType::Rgb8)
    };
    let mut file = Vec::with_capacity(pixels.len() / 2);
    match picture.format {
        Format::Png | Format::Svg => {
            let (speed, filter) = (CompressionType::Fast, FilterType::Adaptive);
            PngEncoder::new_with_quality(&mut file, speed, filter).write_image(
                &pixels,
                picture.width,
                picture.height,
                color,
            )?;
        }
        Format::Jpeg => {
            // The encoder's scale starts at 1.
            let quality = picture.compression.unwrap_or(DEFAULT_QUALITY).clamp(1, 100);
            JpegEncoder::new_with_quality(&mut file, quality).write_image(
                &pixels,
                picture.width,
                picture.height,
                color,
            )?;
        }
        Format::Webp => {
            WebPEncoder::new_lossless(&mut file).write_image(
                &pixels,
                picture.width,
                picture.height,
                color,
            )?;
        }
        Format::Gif => {
            // The quickest of the encoder's 30 ways to choose colours.
            GifEncoder::new_with_speed(&mut file, 30).encode(
                &pixels,
                picture.width,
                picture.height,
                color,
            )?;
        }
    }
    Ok(if picture.format == Format::Svg { in_svg(&file, picture) } else { file })
}

/// A vector file that holds the pixels as they are.
fn in_svg(png: &[u8], picture: &Picture) -> Vec<u8> {
    let Picture { width, height, .. } = picture;
    let size = format!("width=\"{width}\" height=\"{height}\"");
    let image = format!("<image {size} href=\"data:image/png;base64,{}\"/>", STANDARD.encode(png));
    let open = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {size} viewBox=\"0 0 {width} {height}\">");
    format!("{open}{image}</svg>\n").into_bytes()
}

/// RGB pixels with film grain: flat drawings compress to a size no real
/// picture has.
fn grained(pixmap: &Pixmap, picture: &Picture) -> Vec<u8> {
    let amplitude = i16::from(picture.texture.min(127));
    let steps = u64::from(picture.texture.min(127)) * 2 + 1;
    let numbers = [picture.seed, u64::from(picture.index)];
    let mut rng = Rng::new("grain", &picture.prompt, &numbers);
    let mut rgb = vec![0; pixmap.data().len() / 4 * 3];
    // Every draw of 64 bits serves eight pixels.
    for (drawn, file) in pixmap.data().chunks(32).zip(rgb.chunks_mut(24)) {
        let mut noise = rng.bits();
        for (drawn, file) in drawn.chunks_exact(4).zip(file.chunks_exact_mut(3)) {
            let grain = (((noise & 0xFF) * steps) >> 8) as i16 - amplitude;
            noise >>= 8;
            for (from, to) in drawn.iter().zip(file) {
                *to = (i16::from(*from) + grain).clamp(0, 255) as u8;
            }
        }
    }
    rgb
}
