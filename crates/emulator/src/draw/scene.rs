//! Which composition a picture gets, and the cut-out of transparent ones.

use tiny_skia::Color;

use super::Picture;
use super::abstracts::{bloom, contours, orbits};
use super::canvas::Canvas;
use super::landscape::{hills, peaks, sea};
use super::palette::Palette;
use super::rng::Rng;

/// Paints one kind of composition.
type Painter = fn(&mut Canvas, &Palette, &mut Rng);

/// Neighbours differ much, because images of one answer are neighbours.
const PAINTERS: [Painter; 6] = [hills, orbits, sea, contours, peaks, bloom];

/// Paints the motif of a picture.
pub(super) fn paint(canvas: &mut Canvas, picture: &Picture) {
    let prompt = picture.prompt.as_str();
    let palette = Palette::new(prompt, picture.seed);
    // The prompt chooses the first composition and the index goes on from
    // there: no two neighbours in an answer look alike.
    let first = Rng::new("composition", prompt, &[picture.seed]).bits() % PAINTERS.len() as u64;
    let kind = (first + u64::from(picture.index)) % PAINTERS.len() as u64;
    let numbers = [picture.seed, u64::from(picture.index)];
    let mut rng = Rng::new("scene", prompt, &numbers);

    PAINTERS[kind as usize](canvas, &palette, &mut rng);
    if picture.has_alpha() {
        cut_sticker(canvas, &mut rng);
    }
}

/// Cuts the scene to an opaque shape with a light rim, like a sticker.
fn cut_sticker(canvas: &mut Canvas, rng: &mut Rng) {
    let frame = canvas.frame;
    let mut pen = frame.pen_at(0.5, 0.5);
    let radii = (frame.width / frame.unit, frame.height / frame.unit);
    pen.blob((radii.0 * 0.47, radii.1 * 0.47), 0.04, rng);
    let shape = pen.finish();
    canvas.cut_out(shape.as_ref());
    canvas.stroke(shape, 0.014, Color::WHITE);
}
