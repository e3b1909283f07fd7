//! Unfinished pictures, as streams send them: the same scene, out of focus.

use image::{RgbaImage, imageops};

use super::{Picture, canvas::Canvas, scene};

/// Paints the scene at a part of the size and enlarges it; the larger the part, the nearer to the finished picture.
/// `None` when the enlarged pixels do not fit the canvas, which no size makes happen.
pub(super) fn paint(canvas: &mut Canvas, picture: &Picture, part: u32) -> Option<()> {
    let small = |side: u32| (side / part.max(1)).max(1);
    let (width, height) = (small(picture.width), small(picture.height));
    let mut sketch = Canvas::new(width, height)?;
    scene::paint(&mut sketch, picture);
    let sketch = RgbaImage::from_raw(width, height, sketch.into_pixmap().take())?;
    let enlarged = imageops::resize(&sketch, picture.width, picture.height, imageops::FilterType::Triangle);
    let stride = picture.width as usize * 4;
    for (row, pixels) in canvas.rows_mut().zip(enlarged.as_raw().chunks_exact(stride)) {
        row.copy_from_slice(pixels);
    }
    Some(())
}
