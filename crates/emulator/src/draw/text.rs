//! Text from bitmap fonts, smoothly enlarged where the picture asks for more.

use std::convert::Infallible;

use embedded_graphics::mono_font::{MonoFont, MonoTextStyle, ascii};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::{Dimensions, DrawTarget, Drawable, Pixel, Point, Size};
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::{Baseline, Text};

/// Fonts from small to large; the last is the one that enlarges well.
type Family = [&'static MonoFont<'static>];

/// For running text.
pub(super) const REGULAR: &Family = &[
    &ascii::FONT_4X6,
    &ascii::FONT_5X7,
    &ascii::FONT_5X8,
    &ascii::FONT_6X9,
    &ascii::FONT_6X10,
    &ascii::FONT_6X12,
    &ascii::FONT_7X13,
    &ascii::FONT_9X15,
    &ascii::FONT_10X20,
];

/// For headings; there is no bold below 13 pixels.
pub(super) const BOLD: &Family = &[
    &ascii::FONT_4X6,
    &ascii::FONT_5X7,
    &ascii::FONT_5X8,
    &ascii::FONT_6X10,
    &ascii::FONT_6X13_BOLD,
    &ascii::FONT_7X13_BOLD,
    &ascii::FONT_8X13_BOLD,
];

/// Below this enlargement a bitmap is sharper left alone.
const MIN_ENLARGEMENT: f32 = 1.25;

/// A font at a size.
pub(super) struct Face {
    font: &'static MonoFont<'static>,
    scale: f32,
}

impl Face {
    /// The largest face up to a height in pixels in which so many characters
    /// fit into a width.
    pub(super) fn fit(family: &Family, height: f32, width: f32, chars: usize) -> Option<Self> {
        let fits = |font: &MonoFont| {
            let size = font.character_size;
            (height / size.height as f32).min(width / (size.width as usize * chars.max(1)) as f32)
        };
        let (&largest, _) = family.split_last()?;
        let scale = fits(largest);
        if scale >= MIN_ENLARGEMENT {
            let font = largest;
            return Some(Self { font, scale });
        }
        let font = family.iter().rev().find(|font| fits(font) >= 1.0)?;
        Some(Self { font, scale: 1.0 })
    }

    /// How many characters fit into a width in pixels.
    pub(super) fn room(&self, width: f32) -> usize {
        (width / (self.font.character_size.width as f32 * self.scale)).max(0.0) as usize
    }

    /// Draws a line of printable ASCII.
    pub(super) fn render(&self, line: &str) -> Coverage {
        let bitmap = Bitmap::new(self.font, line);
        if self.scale > 1.0 {
            bitmap.enlarge(self.scale)
        } else {
            let full = |&dot: &bool| if dot { u8::MAX } else { 0 };
            Coverage { width: bitmap.width, data: bitmap.dots.iter().map(full).collect() }
        }
    }
}

/// How much of every pixel the text covers.
pub(super) struct Coverage {
    /// Width in pixels.
    pub(super) width: usize,
    data: Vec<u8>,
}

impl Coverage {
    /// The pixels, line by line.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.data.chunks_exact(self.width.max(1))
    }

    /// Height in pixels.
    pub(super) fn height(&self) -> usize {
        self.data.len() / self.width.max(1)
    }

    /// Without the empty rows above and below, for text that must look
    /// centred.
    pub(super) fn trimmed(self) -> Self {
        let empty = |row: &&[u8]| row.iter().all(|&part| part == 0);
        let above = self.rows().take_while(empty).count();
        let below = self.rows().rev().take_while(empty).count();
        let rows = self.height().saturating_sub(above + below);
        let data = self.rows().skip(above).take(rows).flatten().copied();
        Self { width: self.width, data: data.collect() }
    }
}

/// Text in dots, as the font has it.
struct Bitmap {
    width: usize,
    height: usize,
    dots: Vec<bool>,
}

impl Bitmap {
    fn new(font: &MonoFont, line: &str) -> Self {
        let mut bitmap =
            Self::blank(font.character_size.width as usize * line.len(), font.character_size.height as usize);
        let style = MonoTextStyle::new(font, BinaryColor::On);
        let Ok(_) = Text::with_baseline(line, Point::zero(), style, Baseline::Top).draw(&mut bitmap);
        bitmap
    }

    fn blank(width: usize, height: usize) -> Self {
        Self { width, height, dots: vec![false; width * height] }
    }

    /// The dot, or nothing outside.
    fn dot(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height && self.dots[y * self.width + x]
    }

    /// A larger size with smooth outlines: the dots are blurred and the blur
    /// is cut off at a threshold, which rounds stair steps to curves.
    fn enlarge(&self, scale: f32) -> Coverage {
        // Somewhat below one half, so that thin strokes do not get thinner.
        const THRESHOLD: f32 = 0.42;
        let width = (self.width as f32 * scale) as usize;
        // The blur of the last line of dots reaches half a dot further.
        let height = ((self.height as f32 + 0.5) * scale) as usize;
        let columns: Vec<Taps> = (0..width).map(|x| Taps::new(x, scale)).collect();
        let mut data = Vec::with_capacity(width * height);
        for y in 0..height {
            let lines = Taps::new(y, scale);
            data.extend(columns.iter().map(|columns| {
                let blur: f32 = lines
                    .each()
                    .flat_map(|line| columns.each().map(move |column| (line, column)))
                    .filter(|((y, _), (x, _))| self.dot(*x, *y))
                    .map(|((_, a), (_, b))| a * b)
                    .sum();
                // The blur changes by about one per dot, so that this is how
                // much of the pixel lies inside the outline.
                let inside = (blur - THRESHOLD) * scale + 0.5;
                (inside.clamp(0.0, 1.0) * 255.0) as u8
            }));
        }
        Coverage { width, data }
    }
}

/// The three dots around a place and their shares: a quadratic B-spline.
struct Taps {
    middle: usize,
    shares: [f32; 3],
}

impl Taps {
    /// For a pixel of an enlarged text.
    fn new(pixel: usize, scale: f32) -> Self {
        let place = (pixel as f32 + 0.5) / scale;
        let middle = place as usize;
        // From the middle of the dot, -0.5 to 0.5.
        let off = place - middle as f32 - 0.5;
        let shares = [0.5 * (0.5 - off).powi(2), 0.75 - off * off, 0.5 * (0.5 + off).powi(2)];
        Self { middle, shares }
    }

    /// The dots with their shares; the one before the first wraps round to
    /// where there is none.
    fn each(&self) -> impl Iterator<Item = (usize, f32)> {
        let first = self.middle.wrapping_sub(1);
        let dots = (0..3).map(move |dot| first.wrapping_add(dot));
        dots.zip(self.shares)
    }
}

impl Dimensions for Bitmap {
    fn bounding_box(&self) -> Rectangle {
        let size = Size::new(self.width as u32, self.height as u32);
        Rectangle::new(Point::zero(), size)
    }
}

impl DrawTarget for Bitmap {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        for Pixel(point, color) in pixels {
            if let (Ok(x), Ok(y)) = (usize::try_from(point.x), usize::try_from(point.y))
                && x < self.width
                && let Some(dot) = self.dots.get_mut(y * self.width + x)
            {
                *dot = color.is_on();
            }
        }
        Ok(())
    }
}
