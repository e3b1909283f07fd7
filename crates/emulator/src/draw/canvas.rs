//! A surface addressed in relative coordinates.
//!
//! Positions are fractions of the width and of the height; lengths are
//! fractions of the shorter side, so circles stay circles in any frame.

use std::f32::consts::TAU;

use tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Mask, Paint, Path, PathBuilder, Pixmap,
    Point, RadialGradient, Shader, SpreadMode, Stroke, Transform,
};

use super::palette::fade;
use super::rng::Rng;
use super::text::Coverage;

/// The size of a picture, and the way from relative to pixel coordinates.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// Width in pixels.
    pub(super) width: f32,
    /// Height in pixels.
    pub(super) height: f32,
    /// The shorter side in pixels: the unit of lengths.
    pub(super) unit: f32,
}

impl Frame {
    /// A pen whose coordinates are fractions of the frame.
    pub(super) fn pen(self) -> Pen {
        Pen { path: PathBuilder::new(), origin: (0.0, 0.0), scale: (self.width, self.height) }
    }

    /// A pen whose coordinates are lengths around a point of the frame.
    pub(super) fn pen_at(self, x: f32, y: f32) -> Pen {
        let mut pen = self.pen();
        pen.scale = (self.unit, self.unit);
        pen.anchor(self, x, y);
        pen
    }

    /// A circle.
    pub(super) fn circle(self, x: f32, y: f32, radius: f32) -> Option<Path> {
        let mut pen = self.pen_at(x, y);
        pen.circle(0.0, 0.0, radius);
        pen.finish()
    }
}

/// Builds a path in the coordinates it was made for.
pub(super) struct Pen {
    path: PathBuilder,
    origin: (f32, f32),
    scale: (f32, f32),
}

impl Pen {
    fn map(&self, x: f32, y: f32) -> (f32, f32) {
        (self.origin.0 + x * self.scale.0, self.origin.1 + y * self.scale.1)
    }

    /// Moves the origin to a point of the frame.
    pub(super) fn anchor(&mut self, frame: Frame, x: f32, y: f32) {
        self.origin = (x * frame.width, y * frame.height);
    }

    pub(super) fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.map(x, y);
        self.path.move_to(x, y);
    }

    pub(super) fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.map(x, y);
        self.path.line_to(x, y);
    }

    pub(super) fn quad_to(&mut self, control: (f32, f32), x: f32, y: f32) {
        let (cx, cy) = self.map(control.0, control.1);
        let (x, y) = self.map(x, y);
        self.path.quad_to(cx, cy, x, y);
    }

    pub(super) fn close(&mut self) {
        self.path.close();
    }

    pub(super) fn circle(&mut self, x: f32, y: f32, radius: f32) {
        let (x, y) = self.map(x, y);
        self.path.push_circle(x, y, radius * self.scale.0);
    }

    /// A filled polygon.
    pub(super) fn polygon(&mut self, points: &[(f32, f32)]) {
        for (number, &(x, y)) in points.iter().enumerate() {
            if number == 0 {
                self.move_to(x, y);
            } else {
                self.line_to(x, y);
            }
        }
        self.close();
    }

    /// A closed curve around the origin: an ellipse with a wobbling radius.
    pub(super) fn blob(&mut self, radii: (f32, f32), wobble: f32, rng: &mut Rng) {
        const CORNERS: usize = 9;
        let turn = rng.between(0.0, TAU);
        let corners: [(f32, f32); CORNERS] = std::array::from_fn(|corner| {
            let (sin, cos) = (turn + TAU * corner as f32 / CORNERS as f32).sin_cos();
            let radius = 1.0 + rng.between(-wobble, wobble);
            (radii.0 * radius * cos, radii.1 * radius * sin)
        });
        let middle = |a: (f32, f32), b: (f32, f32)| (f32::midpoint(a.0, b.0), f32::midpoint(a.1, b.1));
        let start = middle(corners[CORNERS - 1], corners[0]);
        self.move_to(start.0, start.1);
        for (number, &corner) in corners.iter().enumerate() {
            let end = middle(corner, corners[(number + 1) % CORNERS]);
            self.quad_to(corner, end.0, end.1);
        }
        self.close();
    }

    /// The path, unless it is empty.
    pub(super) fn finish(self) -> Option<Path> {
        self.path.finish()
    }
}

/// What a shape is filled with.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    /// One colour.
    Flat(Color),
    /// From one colour at one height to another further down.
    Down((f32, Color), (f32, Color)),
    /// From one colour at a point to another at a radius.
    Around((f32, f32), f32, Color, Color),
}

/// The picture while it is drawn.
pub(super) struct Canvas {
    pixmap: Pixmap,
    /// Its size.
    pub(super) frame: Frame,
}

impl Canvas {
    /// A transparent canvas, unless a side is zero.
    pub(super) fn new(width: u32, height: u32) -> Option<Self> {
        let pixmap = Pixmap::new(width, height)?;
        let frame = Frame { width: width as f32, height: height as f32, unit: width.min(height) as f32 };
        Some(Self { pixmap, frame })
    }

    /// Fills the whole canvas with one colour.
    pub(super) fn flood(&mut self, color: Color) {
        self.pixmap.fill(color);
    }

    /// Fills a shape; an absent one leaves no trace.
    pub(super) fn fill(&mut self, path: Option<Path>, ink: Ink) {
        let paint = paint(self.shader(ink));
        if let Some(path) = path {
            let (rule, place) = (FillRule::Winding, Transform::identity());
            self.pixmap.fill_path(&path, &paint, rule, place, None);
        }
    }

    /// Draws a line of a relative width.
    pub(super) fn stroke(&mut self, path: Option<Path>, width: f32, color: Color) {
        let paint = paint(Shader::SolidColor(color));
        let stroke = Stroke {
            width: (width * self.frame.unit).max(0.5),
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(path) = path {
            let place = Transform::identity();
            self.pixmap.stroke_path(&path, &paint, &stroke, place, None);
        }
    }

    /// A soft light around a point: by hand, because a gradient with enough
    /// stops to end without an edge is slow over such an area.
    pub(super) fn glow(&mut self, x: f32, y: f32, radius: f32, color: Color) {
        let (x, y) = (x * self.frame.width, y * self.frame.height);
        let radius = radius * self.frame.unit;
        let (left, top) = ((x - radius).max(0.0), (y - radius).max(0.0));
        let (columns, rows) = ((x + radius - left) as usize, (y + radius - top) as usize);
        let (left, top) = (left as usize, top as usize);
        let (ink, alpha) = (opaque(color), color.alpha() * 255.0);
        for (row, pixels) in self.rows_mut().enumerate().skip(top).take(rows) {
            let dy = (row as f32 + 0.5 - y) / radius;
            let pixels = pixels.chunks_exact_mut(4).enumerate();
            for (column, pixel) in pixels.skip(left).take(columns) {
                let dx = (column as f32 + 0.5 - x) / radius;
                let near = (1.0 - dx * dx - dy * dy).max(0.0);
                blend(pixel, ink, (near * near * alpha) as u16);
            }
        }
    }

    /// Makes everything outside a shape transparent.
    pub(super) fn cut_out(&mut self, path: Option<&Path>) {
        let mask = Mask::new(self.pixmap.width(), self.pixmap.height());
        if let (Some(path), Some(mut mask)) = (path, mask) {
            mask.fill_path(path, FillRule::Winding, true, Transform::identity());
            self.pixmap.apply_mask(&mask);
        }
    }

    /// Puts text down with its top left corner at a pixel.
    pub(super) fn print(&mut self, text: &Coverage, left: usize, top: usize, color: Color) {
        let ink = opaque(color);
        for (row, line) in self.rows_mut().skip(top).zip(text.rows()) {
            let pixels = row.chunks_exact_mut(4).skip(left);
            for (pixel, &part) in pixels.zip(line) {
                blend(pixel, ink, u16::from(part));
            }
        }
    }

    /// The rows of the picture, four bytes a pixel, premultiplied.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let stride = self.pixmap.width() as usize * 4;
        self.pixmap.data_mut().chunks_exact_mut(stride)
    }

    /// The finished pixels.
    pub(super) fn into_pixmap(self) -> Pixmap {
        self.pixmap
    }

    fn shader(&self, ink: Ink) -> Shader<'static> {
        let Frame { width, height, unit } = self.frame;
        let (mode, place) = (SpreadMode::Pad, Transform::identity());
        let (gradient, plain) = match ink {
            Ink::Flat(color) => (None, color),
            Ink::Down((top, from), (bottom, to)) => {
                let [top, bottom] = [top, bottom].map(|y| Point::from_xy(0.0, y * height));
                let stops = stops(from, to);
                (LinearGradient::new(top, bottom, stops, mode, place), from)
            }
            Ink::Around((x, y), radius, from, to) => {
                let center = Point::from_xy(x * width, y * height);
                let (radius, stops) = (radius * unit, stops(from, to));
                let gradient = RadialGradient::new(center, 0.0, center, radius, stops, mode, place);
                (gradient, from)
            }
        };
        // A gradient over no distance is not one.
        gradient.unwrap_or(Shader::SolidColor(plain))
    }
}

fn stops(from: Color, to: Color) -> Vec<GradientStop> {
    vec![GradientStop::new(0.0, from), GradientStop::new(1.0, to)]
}

fn paint(shader: Shader<'static>) -> Paint<'static> {
    Paint { shader, anti_alias: true, ..Paint::default() }
}

/// The channels of a colour without its alpha.
pub(super) fn opaque(color: Color) -> [u16; 4] {
    let color = fade(color, 1.0).to_color_u8();
    [color.red(), color.green(), color.blue(), u8::MAX].map(u16::from)
}

/// Covers a part of a pixel, of 255, with an opaque colour.
pub(super) fn blend(pixel: &mut [u8], ink: [u16; 4], part: u16) {
    let part = part.min(255);
    for (channel, ink) in pixel.iter_mut().zip(ink) {
        let sum = ink * part + u16::from(*channel) * (255 - part);
        *channel = ((sum + 127) / 255) as u8;
    }
}
