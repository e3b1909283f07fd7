//! Arithmetic of `WIDTHxHEIGHT`.

use std::fmt;

/// Which sizes a model draws when it is not bound to a list: bounds on edges, shape and number of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRule {
    /// Whether `auto` is taken as well.
    pub auto: bool,
    /// Both edges are multiples of this, in pixels.
    pub multiple_of: u32,
    /// The longest edge, in pixels.
    pub maximum_edge: u32,
    /// The longer edge is at most this many times the shorter one.
    pub maximum_ratio: u32,
    /// The least product of width and height.
    pub minimum_pixels: u64,
    /// The greatest product of width and height.
    pub maximum_pixels: u64,
}

impl SizeRule {
    /// Without any bound: `auto`, or any width and height of at least one pixel.
    pub const ANY: Self = Self {
        auto: true,
        multiple_of: 1,
        maximum_edge: u32::MAX,
        maximum_ratio: u32::MAX,
        minimum_pixels: 0,
        maximum_pixels: u64::MAX,
    };

    /// Whether a size on the wire meets the rule: `auto`, or digits without leading zeros around a lower-case `x`.
    #[must_use]
    pub fn accepts(&self, text: &str) -> bool {
        if text == "auto" {
            self.auto
        } else {
            dimensions(text).is_some_and(|(width, height)| self.broken(width, height).is_none())
        }
    }

    /// The first bound that a size breaks, in words.
    #[must_use]
    pub fn broken(&self, width: u32, height: u32) -> Option<String> {
        let (longer, shorter) = (width.max(height), width.min(height));
        let pixels = u64::from(width) * u64::from(height);
        if !width.is_multiple_of(self.multiple_of) || !height.is_multiple_of(self.multiple_of) {
            Some(format!("edges must be multiples of {}", self.multiple_of))
        } else if longer > self.maximum_edge {
            Some(format!("edges must be at most {}", self.maximum_edge))
        } else if u64::from(longer) > u64::from(shorter) * u64::from(self.maximum_ratio) {
            Some(format!("the longer edge must be at most {} times the shorter one", self.maximum_ratio))
        } else if pixels < self.minimum_pixels {
            Some(format!("there must be at least {} pixels", self.minimum_pixels))
        } else if pixels > self.maximum_pixels {
            Some(format!("there must be at most {} pixels", self.maximum_pixels))
        } else {
            None
        }
    }

    /// The valid size that is nearest, each edge judged by how many times it grows or shrinks; `None` when there is none.
    #[must_use]
    pub fn nearest(&self, width: u32, height: u32) -> Option<(u32, u32)> {
        let step = self.multiple_of.max(1);
        // No service takes larger edges than this; it bounds the search when the rule does not.
        let longest = self.maximum_edge.min(8192) / step * step;
        let (wanted_width, wanted_height) = (f64::from(width.max(1)), f64::from(height.max(1)));
        // On a logarithmic scale, where twice and half are equally far.
        let distance = |(width, height): (u32, u32)| {
            (f64::from(width).ln() - wanted_width.ln()).powi(2)
                + (f64::from(height).ln() - wanted_height.ln()).powi(2)
        };
        let mut best: Option<(f64, (u32, u32))> = None;
        for candidate_width in (step..=longest).step_by(step as usize) {
            // The height itself, the ones that keep the shape and the area, and those that just meet a bound.
            let edge = f64::from(candidate_width);
            let ratio = f64::from(self.maximum_ratio);
            let candidates = [
                wanted_height,
                edge * wanted_height / wanted_width,
                wanted_width * wanted_height / edge,
                bound(self.minimum_pixels) / edge,
                bound(self.maximum_pixels) / edge,
                edge / ratio,
                edge * ratio,
            ];
            for wanted in candidates {
                for candidate in around(wanted, step, longest) {
                    let candidate = (candidate_width, candidate);
                    let is_nearer = best.is_none_or(|(known, _)| distance(candidate) < known);
                    if is_nearer && self.broken(candidate.0, candidate.1).is_none() {
                        best = Some((distance(candidate), candidate));
                    }
                }
            }
        }
        best.map(|(_, size)| size)
    }
}

/// The multiples of `step` just below and just above a wanted edge.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
fn around(wanted: f64, step: u32, longest: u32) -> [u32; 2] {
    let below = (wanted.clamp(f64::from(step), f64::from(longest.max(step))) as u32) / step * step;
    [below.max(step), (below + step).min(longest.max(step))]
}

/// A number of pixels for a rough calculation.
#[allow(clippy::cast_precision_loss, reason = "candidates are checked exactly afterwards")]
fn bound(pixels: u64) -> f64 {
    pixels as f64
}

/// Width and height of a canonical `WIDTHxHEIGHT`.
#[must_use]
pub fn dimensions(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    let number = |digits: &str| {
        let is_canonical = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_canonical { digits.parse().ok() } else { None }
    };
    Some((number(width)?, number(height)?))
}

impl fmt::Display for SizeRule {
    /// The sizes that the rule accepts, in words.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bounds = Vec::new();
        if self.multiple_of > 1 {
            bounds.push(format!("edges multiples of {}", self.multiple_of));
        }
        if self.maximum_edge < u32::MAX {
            bounds.push(format!("at most {} long", self.maximum_edge));
        }
        if self.maximum_ratio < u32::MAX {
            bounds.push(format!("at most {0}:1 or 1:{0}", self.maximum_ratio));
        }
        match (self.minimum_pixels, self.maximum_pixels) {
            (0, u64::MAX) => {}
            (least, u64::MAX) => bounds.push(format!("at least {least} pixels")),
            (0, most) => bounds.push(format!("at most {most} pixels")),
            (least, most) => bounds.push(format!("{least} to {most} pixels")),
        }
        let auto = if self.auto { "`auto` or " } else { "" };
        write!(formatter, "{auto}WIDTHxHEIGHT")?;
        if bounds.is_empty() { Ok(()) } else { write!(formatter, " ({})", bounds.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GPT_IMAGE_2: SizeRule = SizeRule {
        auto: true,
        multiple_of: 16,
        maximum_edge: 3840,
        maximum_ratio: 3,
        minimum_pixels: 655_360,
        maximum_pixels: 8_294_400,
    };

    #[test]
    fn the_documented_examples() {
        for valid in ["auto", "1024x1024", "1920x1088", "3840x2160", "2160x3840", "816x816", "1536x512"] {
            assert!(GPT_IMAGE_2.accepts(valid), "{valid}");
        }
        for invalid in [
            "1920x1080",
            "512x512",
            "800x800",
            "3856x2160",
            "3840x1264",
            "3840x2176",
            "1024X1024",
            "01024x1024",
            "",
            "x",
        ] {
            assert!(!GPT_IMAGE_2.accepts(invalid), "{invalid}");
        }
    }

    #[test]
    fn the_nearest_size_is_valid_and_near() {
        for (asked, nearest) in [
            ((1000, 1000), (1008, 1008)),
            ((1920, 1080), (1920, 1088)),
            ((512, 512), (816, 816)),
            ((1024, 1024), (1024, 1024)),
        ] {
            assert_eq!(GPT_IMAGE_2.nearest(asked.0, asked.1), Some(nearest), "{asked:?}");
        }
        for width in (1..6000).step_by(397) {
            for height in (1..6000).step_by(401) {
                let (w, h) = GPT_IMAGE_2.nearest(width, height).expect("a valid size");
                assert_eq!(GPT_IMAGE_2.broken(w, h), None, "{width}x{height} -> {w}x{h}");
            }
        }
        assert_eq!(SizeRule { minimum_pixels: u64::MAX, ..SizeRule::ANY }.nearest(1, 1), None);
    }
}
