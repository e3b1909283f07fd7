//! Landscapes: hills, sea and peaks, far to near under a sky.

use tiny_skia::{Color, Path};

use super::canvas::{Canvas, Frame, Ink};
use super::palette::{DEPTH, Palette, fade, lerp, mix};
use super::ridges::{Crags, Waves};
use super::rng::Rng;
use super::skyline::{backdrop, fill_below};

/// Rolling hills with clouds and round trees.
pub(super) fn hills(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    sky(canvas, palette);
    let height = rng.between(0.16, 0.30);
    sun(canvas, palette, rng, height);
    clouds(canvas, palette, rng);
    for step in 0..DEPTH {
        let t = step as f32 / (DEPTH - 1) as f32;
        let base = lerp(0.42, 0.84, t);
        let ridge = Waves::new(rng, 0.065 - 0.02 * t, 1.2 + t);
        let color = palette.layer(t);
        if step >= 2 {
            trees(canvas, rng, t, shade(color, 0.22), |x| base + ridge.at(x));
        }
        // Mist at the foot of each hill sets it off from the next.
        let foot = mix(color, palette.sky_bottom, 0.30 * (1.0 - t));
        fill_below(canvas, |x| base + ridge.at(x), (base - 0.06, color), (base + 0.18, foot));
    }
}

/// A sea with a low sun, its reflection and a sail boat.
pub(super) fn sea(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    const HORIZON: f32 = 0.44;
    sky(canvas, palette);
    let x = sun(canvas, palette, rng, HORIZON - 0.03);
    clouds(canvas, palette, rng);

    let far = mix(palette.layer(0.1), palette.sky_bottom, 0.3);
    fill_below(canvas, |_| HORIZON, (HORIZON, far), (0.8, palette.layer(0.5)));
    glints(canvas, palette, rng, (x, HORIZON + 0.01), 0.0);

    let boat = (x + 0.28 + rng.between(0.0, 0.3)).fract() * 0.7 + 0.15;
    for step in 0..DEPTH {
        let t = step as f32 / (DEPTH - 1) as f32;
        let base = HORIZON + 0.06 + 0.40 * t.powf(1.2);
        let swell = Waves::new(rng, 0.008 + 0.020 * t, 5.0 - 2.5 * t);
        if step == 2 {
            sail(canvas, palette, boat, base + swell.at(boat));
        }
        let color = palette.layer(0.15 + 0.85 * t);
        let crest = mix(color, palette.light, 0.25);
        fill_below(canvas, |x| base + swell.at(x), (base - 0.03, crest), (base + 0.09, color));
        glints(canvas, palette, rng, (x, base + 0.025), t);
    }
}

/// Jagged mountains with snow and a dark forest in front.
pub(super) fn peaks(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    const RANGES: u8 = 4;
    sky(canvas, palette);
    let height = rng.between(0.14, 0.26);
    sun(canvas, palette, rng, height);
    for range in 0..RANGES {
        let t = f32::from(range) / f32::from(RANGES - 1);
        let base = lerp(0.46, 0.74, t);
        let crags = Crags::new(rng, lerp(0.17, 0.06, t));
        let color = palette.layer(0.1 + 0.7 * t);
        let foot = mix(color, palette.sky_bottom, 0.45 * (1.0 - t * 0.6));
        // Snow lies above a height, on the far ranges only.
        let snow = mix(color, palette.light, 0.85 * (1.0 - t).powi(2));
        fill_below(canvas, |x| base + crags.at(x), (base, color), (base + 0.24, foot));
        let melt = (base + 0.02, fade(snow, 0.0));
        fill_below(canvas, |x| base + crags.at(x), (base - 0.15, snow), melt);
    }
    let near = palette.layer(1.0);
    let floor = Waves::new(rng, 0.02, 2.0);
    let trees = forest(canvas.frame, rng, |x| 0.77 + floor.at(x));
    canvas.fill(trees, Ink::Flat(near));
    fill_below(canvas, |x| 0.77 + floor.at(x), (0.0, near), (1.0, near));
}

/// The background, with stars at night.
fn sky(canvas: &mut Canvas, palette: &Palette) {
    let (top, horizon) = (palette.sky_top, palette.sky_bottom);
    backdrop(canvas, (0.0, top), (0.62, horizon));
}

/// A sun or moon at a height; gives its x.
fn sun(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, y: f32) -> f32 {
    let frame = canvas.frame;
    if palette.night {
        stars(canvas, palette, rng);
    }
    let x = rng.between(0.22, 0.78);
    let radius = rng.between(0.07, 0.11);
    canvas.glow(x, y, radius * 5.0, fade(palette.accent, 0.55));
    canvas.glow(x, y, radius * 2.0, fade(palette.light, 0.45));
    let rim = mix(palette.accent, palette.light, 0.25);
    let ink = Ink::Around((x, y), radius, palette.light, rim);
    canvas.fill(frame.circle(x, y, radius), ink);
    x
}

/// Stars over the upper part of the picture.
pub(super) fn stars(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    let frame = canvas.frame;
    let mut pen = frame.pen_at(0.0, 0.0);
    for _ in 0..90 {
        pen.anchor(frame, rng.between(0.0, 1.0), rng.between(0.0, 0.6));
        pen.circle(0.0, 0.0, rng.between(0.0008, 0.0030));
    }
    canvas.fill(pen.finish(), Ink::Flat(fade(palette.light, 0.85)));
}

/// A few clouds with flat bottoms.
fn clouds(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng) {
    let frame = canvas.frame;
    let alpha = if palette.night { 0.16 } else { 0.62 };
    for _ in 0..rng.whole(2, 4) {
        let (x, y) = (rng.between(0.05, 0.95), rng.between(0.07, 0.30));
        let size = rng.between(0.035, 0.065);
        let mut pen = frame.pen_at(x, y);
        for puff in 0..5_u8 {
            let along = f32::from(puff) - 2.0;
            let radius = size * (1.0 - 0.22 * along.abs()) * rng.between(0.8, 1.1);
            pen.circle(along * size * 0.95, -radius * 0.55, radius);
        }
        let ink = Ink::Down(
            (y - size * frame.unit / frame.height * 1.6, fade(palette.light, alpha)),
            (y + size * frame.unit / frame.height * 0.8, fade(palette.light, 0.0)),
        );
        canvas.fill(pen.finish(), ink);
    }
}

/// Round trees along a ridge, larger the nearer it is.
fn trees(canvas: &mut Canvas, rng: &mut Rng, t: f32, color: Color, ridge: impl Fn(f32) -> f32) {
    let frame = canvas.frame;
    let mut pen = frame.pen_at(0.0, 0.0);
    let centre = rng.between(0.0, 1.0);
    for _ in 0..rng.whole(3, 9) {
        // In groups, as trees grow.
        let x = centre + rng.between(-0.16, 0.16);
        let size = lerp(0.008, 0.034, t * t) * rng.between(0.7, 1.3);
        pen.anchor(frame, x, ridge(x));
        pen.polygon(&[
            (-size * 0.13, size),
            (-size * 0.09, -size * 2.0),
            (size * 0.09, -size * 2.0),
            (size * 0.13, size),
        ]);
        pen.circle(0.0, -size * 2.3, size);
        pen.circle(-size * 0.7, -size * 1.8, size * 0.7);
        pen.circle(size * 0.7, -size * 1.8, size * 0.75);
    }
    canvas.fill(pen.finish(), Ink::Flat(color));
}

/// The way the sun lies on the water: a few strokes on one wave.
fn glints(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, (x, y): (f32, f32), t: f32) {
    for row in 0..3_u8 {
        let y = y + lerp(0.012, 0.022, t) * f32::from(row);
        let half = rng.between(0.04, 0.10) * (1.0 - 0.4 * t);
        let shift = rng.between(-0.04, 0.04);
        let mut pen = canvas.frame.pen_at(x, y);
        pen.move_to(shift - half, 0.0);
        pen.line_to(shift + half, 0.0);
        let color = fade(palette.light, lerp(0.7, 0.25, t));
        canvas.stroke(pen.finish(), lerp(0.003, 0.007, t), color);
    }
}

/// A sail boat with its hull in the waves.
fn sail(canvas: &mut Canvas, palette: &Palette, x: f32, y: f32) {
    let frame = canvas.frame;
    let mut pen = frame.pen_at(x, y);
    pen.polygon(&[(-0.055, -0.018), (0.06, -0.018), (0.04, 0.02), (-0.04, 0.02)]);
    canvas.fill(pen.finish(), Ink::Flat(palette.layer(1.0)));
    let mut pen = frame.pen_at(x, y);
    pen.move_to(0.004, -0.17);
    pen.quad_to((0.055, -0.08), 0.055, -0.028);
    pen.line_to(0.004, -0.028);
    pen.close();
    canvas.fill(pen.finish(), Ink::Flat(palette.light));
    let mut pen = frame.pen_at(x, y);
    pen.polygon(&[(-0.004, -0.145), (-0.004, -0.028), (-0.045, -0.028)]);
    canvas.fill(pen.finish(), Ink::Flat(palette.accent));
}

/// Conifers side by side along a ridge.
fn forest(frame: Frame, rng: &mut Rng, ridge: impl Fn(f32) -> f32) -> Option<Path> {
    const TREES: u8 = 46;
    let mut pen = frame.pen_at(0.0, 0.0);
    for tree in 0..TREES {
        let x = (f32::from(tree) + rng.between(0.0, 1.0)) / f32::from(TREES);
        let size = rng.between(0.05, 0.12);
        pen.anchor(frame, x, ridge(x) + 0.02);
        for tier in 0..3_u8 {
            let t = f32::from(tier) / 3.0;
            let (top, bottom) = (-size * (0.45 + t * 0.55), -size * t * 0.75);
            let half = size * 0.24 * (1.0 - t * 0.6);
            pen.polygon(&[(0.0, top), (half, bottom), (-half, bottom)]);
        }
    }
    pen.finish()
}

/// A darker tone.
fn shade(color: Color, amount: f32) -> Color {
    mix(color, Color::BLACK, amount)
}
