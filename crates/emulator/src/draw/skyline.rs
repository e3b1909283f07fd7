//! Fills everything below a skyline.
//!
//! Landscapes are made of little else, and these areas are large: writing rows
//! of one colour is several times faster than a gradient along a path.

use tiny_skia::Color;

use super::canvas::{Canvas, blend, opaque};
use super::palette::mix;

/// The edge of the area in one column of pixels.
struct Edge {
    /// Where it is, in pixels from the top.
    y: f32,
    /// Rows from outside to inside: more than one where the edge is steep, or
    /// it would show steps.
    softness: f32,
}

/// Fills the whole canvas, as [`fill_below`] does.
pub(super) fn backdrop(canvas: &mut Canvas, top: (f32, Color), bottom: (f32, Color)) {
    fill_below(canvas, |_| -1.0, top, bottom);
}

/// Fills the area below `skyline`, a height for every x, with a colour that
/// changes from one height to another further down.
pub(super) fn fill_below(
    canvas: &mut Canvas,
    skyline: impl Fn(f32) -> f32,
    (top, from): (f32, Color),
    (bottom, to): (f32, Color),
) {
    let frame = canvas.frame;
    let at = |column: f32| skyline((column + 0.5) / frame.width) * frame.height;
    let edges: Vec<Edge> = (0..frame.width as usize)
        .map(|column| {
            let column = column as f32;
            let slope = at(column + 0.5) - at(column - 0.5);
            Edge { y: at(column), softness: slope.hypot(1.0) }
        })
        .collect();
    let first = edges.iter().map(|edge| edge.y - edge.softness);
    let first = first.fold(f32::MAX, f32::min).max(0.0) as usize;
    let solid = edges.iter().map(|edge| edge.y + edge.softness);
    let solid = solid.fold(0.0, f32::max);

    let span = (bottom - top).max(f32::EPSILON);
    let rows = canvas.rows_mut().enumerate().skip(first);
    for (row, pixels) in rows {
        let y = row as f32 + 0.5;
        let t = ((y / frame.height - top) / span).clamp(0.0, 1.0);
        let color = mix(from, to, t);
        let (ink, alpha) = (opaque(color), color.alpha() * 255.0);
        if alpha <= 0.0 {
            continue;
        }
        if y > solid && alpha >= 255.0 {
            let ink = ink.map(|channel| channel as u8);
            for pixel in pixels.chunks_exact_mut(4) {
                pixel.copy_from_slice(&ink);
            }
            continue;
        }
        for (pixel, edge) in pixels.chunks_exact_mut(4).zip(&edges) {
            let inside = ((y - edge.y) / edge.softness + 0.5).clamp(0.0, 1.0);
            if inside > 0.0 {
                blend(pixel, ink, (inside * alpha) as u16);
            }
        }
    }
}
