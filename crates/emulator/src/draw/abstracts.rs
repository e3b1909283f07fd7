//! Compositions around a centre: planets, paper-cut contours and a bloom.

use std::f32::consts::TAU;

use tiny_skia::{Color, Path};

use super::canvas::{Canvas, Frame, Ink};
use super::landscape::stars;
use super::palette::{Palette, fade, lerp, mix};
use super::rng::Rng;
use super::skyline::backdrop;

/// A ringed planet with smaller ones on tilted orbits.
pub(super) fn orbits(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    let frame = canvas.frame;
    let (x, y) = (rng.between(0.42, 0.58), rng.between(0.36, 0.42));
    let deep = mix(palette.layer(1.0), Color::BLACK, 0.35);
    let space = mix(palette.layer(0.7), palette.sky_top, 0.4);
    let reach = 0.8 * frame.width.max(frame.height) / frame.unit;
    canvas.flood(deep);
    canvas.glow(x, y, reach, space);
    stars(canvas, palette, rng);
    canvas.glow(x, y, 0.55, fade(palette.accent, 0.35));

    let tilt = rng.between(-0.5, 0.5);
    let radius = rng.between(0.13, 0.17);
    let orbits: Vec<f32> = (0..4_u8).map(|n| radius * (1.75 + 0.62 * f32::from(n))).collect();
    for half in [Half::Back, Half::Front] {
        for &orbit in &orbits {
            let arc = arc(frame, (x, y), orbit, tilt, half);
            canvas.stroke(arc, 0.004, fade(palette.light, 0.55));
        }
        if half == Half::Back {
            planet(canvas, (x, y), radius, palette.accent, palette.light);
        }
    }
    let first = rng.whole(0, 3);
    for (number, &orbit) in orbits.iter().enumerate() {
        // In front, each in its own quarter of the half circle, so that they
        // neither hide behind the big one nor collide.
        let quarter = (number as u32 * 3 + first) % 4;
        let turn = (quarter as f32 + rng.between(0.25, 0.75)) / 4.0 * TAU / 2.0;
        let (dx, dy) = on_orbit(orbit, tilt, turn);
        let place = (x + dx * frame.unit / frame.width, y + dy * frame.unit / frame.height);
        let color = match number % 3 {
            0 => palette.second,
            1 => palette.layer(0.0),
            _ => palette.layer(0.4),
        };
        planet(canvas, place, rng.between(0.025, 0.06), color, palette.light);
    }
}

/// Nested organic shapes with shadows, like layers of cut paper.
pub(super) fn contours(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    const SHEETS: u8 = 7;
    let frame = canvas.frame;
    backdrop(canvas, (0.0, palette.layer(1.0)), (1.0, palette.layer(0.8)));
    // As wide as the frame, so that panoramas fill up too.
    let stretch = (frame.width / frame.unit, frame.height / frame.unit);
    let (mut x, mut y) = (0.5, 0.42);
    for sheet in 0..SHEETS {
        let t = f32::from(sheet) / f32::from(SHEETS - 1);
        let size = lerp(0.62, 0.09, t.powf(0.85));
        x += rng.between(-0.035, 0.035);
        y += rng.between(-0.025, 0.025);
        let color = if sheet + 1 == SHEETS {
            palette.accent
        } else {
            mix(palette.layer(0.75 - 0.75 * t), palette.sky_bottom, 0.5 * t)
        };
        let mut pen = frame.pen_at(x, y);
        let radii = (size * lerp(stretch.0, 1.0, t), size * lerp(stretch.1, 1.0, t));
        pen.blob(radii, 0.17, rng);
        let Some(shape) = pen.finish() else { continue };
        // The edge alone: a whole shadow would lie under the sheet unseen.
        for reach in [0.005, 0.010, 0.016] {
            let edge = moved(&shape, frame, reach * 0.4, reach * 0.8);
            canvas.stroke(edge, reach * 1.6, fade(Color::BLACK, 0.09));
        }
        let lit = mix(color, palette.light, 0.18);
        let ink = Ink::Down((y - size * 0.8, lit), (y + size * 0.8, color));
        canvas.fill(Some(shape), ink);
    }
    confetti(canvas, palette, rng);
}

/// One big flower on a stem.
pub(super) fn bloom(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    let frame = canvas.frame;
    backdrop(canvas, (0.0, palette.sky_top), (0.9, palette.sky_bottom));
    for _ in 0..14 {
        let (x, y) = (rng.between(0.0, 1.0), rng.between(0.0, 0.9));
        let light = fade(palette.light, rng.between(0.06, 0.2));
        canvas.fill(frame.circle(x, y, rng.between(0.03, 0.13)), Ink::Flat(light));
    }

    let (x, y) = (rng.between(0.44, 0.56), rng.between(0.37, 0.41));
    stem(canvas, palette, rng, (x, y));
    let petals = rng.whole(8, 13);
    for ring in 0..3_u8 {
        let t = f32::from(ring) / 2.0;
        let length = lerp(0.32, 0.15, t);
        let width = length * TAU / petals as f32 * 0.75;
        let color = mix(palette.accent, palette.second, t);
        let turn = rng.between(0.0, TAU);
        for petal in 0..petals {
            let angle = turn + TAU * petal as f32 / petals as f32;
            let base = mix(color, palette.layer(1.0), 0.45);
            let tip = mix(color, palette.light, 0.12 + 0.1 * (petal % 2) as f32);
            let ink = Ink::Around((x, y), length, base, tip);
            canvas.fill(leaf(frame, (x, y), angle, length, width), ink);
        }
    }
    let heart = palette.layer(0.9);
    let ink = Ink::Around((x, y), 0.075, mix(heart, palette.light, 0.25), heart);
    canvas.fill(frame.circle(x, y, 0.07), ink);
    seeds(canvas, palette, (x, y));
}

/// The stem of a bloom and its leaves.
fn stem(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, (x, y): (f32, f32)) {
    let frame = canvas.frame;
    let green = palette.layer(0.8);
    let foot = x + rng.between(-0.06, 0.06);
    let mut pen = frame.pen();
    pen.move_to(x, y);
    pen.quad_to((x + rng.between(-0.05, 0.05), 0.75), foot, 1.02);
    canvas.stroke(pen.finish(), 0.018, green);
    for angle in [TAU * 0.08, TAU * 0.42] {
        let angle = angle + rng.between(-0.12, 0.12) - TAU * 0.14;
        let path = leaf(frame, (f32::midpoint(x, foot), 0.84), angle, 0.27, 0.13);
        canvas.fill(path, Ink::Flat(mix(green, palette.layer(0.4), 0.35)));
    }
}

/// Dots in the spiral in which sunflowers keep theirs.
fn seeds(canvas: &mut Canvas, palette: &Palette, (x, y): (f32, f32)) {
    const GOLDEN_ANGLE: f32 = 2.399_963;
    let mut pen = canvas.frame.pen_at(x, y);
    for seed in 1..=60_u8 {
        let number = f32::from(seed);
        let (sin, cos) = (number * GOLDEN_ANGLE).sin_cos();
        let radius = 0.0078 * number.sqrt();
        pen.circle(radius * cos, radius * sin, 0.0032);
    }
    canvas.fill(pen.finish(), Ink::Flat(fade(palette.light, 0.8)));
}

/// Small bright circles over the picture.
fn confetti(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    let frame = canvas.frame;
    for number in 0..18_u8 {
        let (x, y) = (rng.between(0.03, 0.97), rng.between(0.03, 0.8));
        let circle = frame.circle(x, y, rng.between(0.006, 0.02));
        let color = if number % 2 == 0 { palette.accent } else { palette.second };
        if number % 3 == 0 {
            canvas.stroke(circle, 0.005, color);
        } else {
            canvas.fill(circle, Ink::Flat(color));
        }
    }
}

/// A ball lit from the upper left.
fn planet(canvas: &mut Canvas, (x, y): (f32, f32), radius: f32, color: Color, light: Color) {
    let frame = canvas.frame;
    let spot = (x - radius * 0.4 * frame.unit / frame.width, y - radius * 0.4 * frame.unit / frame.height);
    let (lit, dark) = (mix(color, light, 0.45), mix(color, Color::BLACK, 0.5));
    let ink = Ink::Around(spot, radius * 1.55, lit, dark);
    canvas.fill(frame.circle(x, y, radius), ink);
}

/// A pointed oval from a point outwards: a petal or a leaf.
fn leaf(frame: Frame, (x, y): (f32, f32), angle: f32, length: f32, width: f32) -> Option<Path> {
    let (sin, cos) = angle.sin_cos();
    let turned = |along: f32, across: f32| (along * cos - across * sin, along * sin + across * cos);
    let (tip, middle) = (turned(length, 0.0), length * 0.62);
    let mut pen = frame.pen_at(x, y);
    pen.move_to(0.0, 0.0);
    pen.quad_to(turned(middle, width), tip.0, tip.1);
    pen.quad_to(turned(middle, -width), 0.0, 0.0);
    pen.close();
    pen.finish()
}

/// The half of an orbit behind its centre, or the one in front.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Back,
    Front,
}

/// Half an orbit, as an open path.
fn arc(frame: Frame, (x, y): (f32, f32), radius: f32, tilt: f32, half: Half) -> Option<Path> {
    const STEPS: u8 = 48;
    let start = if half == Half::Back { TAU / 2.0 } else { 0.0 };
    let mut pen = frame.pen_at(x, y);
    for step in 0..=STEPS {
        let turn = start + TAU / 2.0 * f32::from(step) / f32::from(STEPS);
        let (x, y) = on_orbit(radius, tilt, turn);
        if step == 0 {
            pen.move_to(x, y);
        } else {
            pen.line_to(x, y);
        }
    }
    pen.finish()
}

/// A point of an orbit seen at a slant; turns below half a circle are in front.
fn on_orbit(radius: f32, tilt: f32, turn: f32) -> (f32, f32) {
    const SLANT: f32 = 0.34;
    let (sin, cos) = turn.sin_cos();
    let (x, y) = (radius * cos, radius * SLANT * sin);
    let (sin, cos) = tilt.sin_cos();
    (x * cos - y * sin, x * sin + y * cos)
}

/// A shape moved by lengths.
fn moved(path: &Path, frame: Frame, dx: f32, dy: f32) -> Option<Path> {
    let shift = tiny_skia::Transform::from_translate(dx * frame.unit, dy * frame.unit);
    path.clone().transform(shift)
}
