//! The mark: a panel with a signal-yellow "EMULATED" badge and a caption, so
//! that nobody takes an emulated picture for a generated one.

use tiny_skia::Color;

use super::canvas::{Canvas, Ink};
use super::caption::shorten;
use super::palette::fade;
use super::text::{BOLD, Coverage, Face, REGULAR};

/// What the badge says, down to what fits.
const WORDS: [&str; 4] = ["EMULATED", "EMUL", "EMU", "E"];

/// Share of the height that the mark may take before the caption is dropped.
const MAX_SHARE: f32 = 0.6;

/// Yellow and black, whatever the palette: it must not blend in.
fn colors() -> [Color; 3] {
    [
        Color::from_rgba8(255, 210, 31, 255),
        Color::from_rgba8(20, 20, 24, 255),
        Color::from_rgba8(245, 245, 247, 255),
    ]
}

/// A box in pixels.
#[derive(Clone, Copy)]
struct Area {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

/// Puts the mark on the lower edge. A solid panel keeps a cut-out motif fully
/// opaque; otherwise the picture shines through.
pub(super) fn stamp(canvas: &mut Canvas, caption: &str, dimensions: &str, solid: bool) {
    let [yellow, black, white] = colors();
    let frame = canvas.frame;
    let margin = (frame.unit * 0.03).round().max(1.0);
    let pad = (frame.unit * 0.018).round().max(1.0);
    let inner = frame.width - 2.0 * (margin + pad);
    // Inside the badge there is padding once more, but not in tiny pictures.
    let inset = if frame.unit < 48.0 { 0.0 } else { pad };

    let badge = WORDS.iter().find_map(|word| {
        let tallest = (frame.unit * 0.078).max(13.0);
        let height = tallest.min(frame.height - 2.0 * (margin + pad));
        let face = Face::fit(BOLD, height, inner - 2.0 * inset, word.len())?;
        Some(face.render(word).trimmed())
    });
    let (badge_width, badge_height) = badge.as_ref().map_or((inner, pad), |text| {
        let [width, height] = [text.width as f32, text.height() as f32];
        (width + 2.0 * inset, height + 2.0 * inset.max(1.0))
    });

    let caption = Face::fit(REGULAR, (frame.unit * 0.04).max(10.0), inner, 8)
        .map(|face| face.render(&shorten(caption, face.room(inner))))
        .filter(|text| {
            let rows = badge_height + text.height() as f32 + 3.0 * pad;
            rows <= frame.height * MAX_SHARE
        });
    let caption_height = caption.as_ref().map_or(0.0, |t| t.height() as f32 + pad);

    let height = badge_height + caption_height + 2.0 * pad;
    let panel =
        Area { left: margin, top: frame.height - margin - height, width: frame.width - 2.0 * margin, height };
    let shade = fade(black, if solid { 1.0 } else { 0.74 });
    fill_rounded(canvas, panel, pad, shade);

    let (left, top) = (panel.left + pad, panel.top + pad);
    let tag = Area { left, top, width: badge_width, height: badge_height };
    fill_rounded(canvas, tag, pad * 0.6, yellow);
    if let Some(text) = &badge {
        print(canvas, text, left + inset, top + inset.max(1.0), black);
    }

    let side = inner - badge_width - 2.0 * pad;
    if caption.is_some()
        && let Some(face) =
            Face::fit(REGULAR, (frame.unit * 0.045).clamp(9.0, badge_height.max(9.0)), side, dimensions.len())
    {
        let text = face.render(dimensions);
        let right = left + inner - text.width as f32;
        let middle = top + (badge_height - text.height() as f32) / 2.0;
        print(canvas, &text, right, middle, yellow);
    }
    if let Some(text) = &caption {
        print(canvas, text, left, top + badge_height + pad, white);
    }
}

fn print(canvas: &mut Canvas, text: &Coverage, left: f32, top: f32, color: Color) {
    canvas.print(text, left.max(0.0) as usize, top.max(0.0) as usize, color);
}

/// A rectangle with round corners.
fn fill_rounded(canvas: &mut Canvas, area: Area, radius: f32, color: Color) {
    let radius = radius.min(area.width / 2.0).min(area.height / 2.0);
    if radius <= 0.0 {
        return;
    }
    let frame = canvas.frame;
    let (left, right) = (area.left, area.left + area.width);
    let (top, bottom) = (area.top, area.top + area.height);
    let mut pen = frame.pen_at(0.0, 0.0);
    let at = |x: f32, y: f32| (x / frame.unit, y / frame.unit);
    // The corners, each with the points where its rounding begins and ends.
    let corners = [
        ((left, top), (left, top + radius), (left + radius, top)),
        ((right, top), (right - radius, top), (right, top + radius)),
        ((right, bottom), (right, bottom - radius), (right - radius, bottom)),
        ((left, bottom), (left + radius, bottom), (left, bottom - radius)),
    ];
    for (number, (corner, from, to)) in corners.into_iter().enumerate() {
        let (from, to) = (at(from.0, from.1), at(to.0, to.1));
        if number == 0 {
            pen.move_to(from.0, from.1);
        } else {
            pen.line_to(from.0, from.1);
        }
        pen.quad_to(at(corner.0, corner.1), to.0, to.1);
    }
    pen.close();
    canvas.fill(pen.finish(), Ink::Flat(color));
}
