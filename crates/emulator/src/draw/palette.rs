//! Colour schemes: hue harmonies in Oklch, where equal steps look equal.

use tiny_skia::Color;

use super::rng::Rng;

/// Number of steps between the far and the near end of a scene.
pub(super) const DEPTH: usize = 6;

/// The colours of one prompt.
pub(super) struct Palette {
    /// Top of the background.
    pub(super) sky_top: Color,
    /// Bottom of the background, at the horizon.
    pub(super) sky_bottom: Color,
    /// Surfaces from far to near.
    pub(super) layers: [Color; DEPTH],
    /// The eye-catcher: a sun, a bloom.
    pub(super) accent: Color,
    /// A companion of the accent.
    pub(super) second: Color,
    /// Near white, tinted.
    pub(super) light: Color,
    /// Whether the background is dark enough for stars.
    pub(super) night: bool,
}

/// Lightness and chroma.
type Tone = (f32, f32);

/// Time of day: the tones of a palette without its hues.
struct Mood {
    sky_top: Tone,
    sky_bottom: Tone,
    far: Tone,
    near: Tone,
    accent: Tone,
    night: bool,
}

const MOODS: [Mood; 4] = [
    // Day
    Mood {
        sky_top: (0.68, 0.12),
        sky_bottom: (0.94, 0.05),
        far: (0.80, 0.06),
        near: (0.40, 0.10),
        accent: (0.86, 0.15),
        night: false,
    },
    // Dusk
    Mood {
        sky_top: (0.38, 0.11),
        sky_bottom: (0.84, 0.11),
        far: (0.62, 0.11),
        near: (0.22, 0.07),
        accent: (0.84, 0.15),
        night: false,
    },
    // Night
    Mood {
        sky_top: (0.19, 0.06),
        sky_bottom: (0.50, 0.11),
        far: (0.47, 0.09),
        near: (0.17, 0.05),
        accent: (0.90, 0.10),
        night: true,
    },
    // Pastel
    Mood {
        sky_top: (0.85, 0.07),
        sky_bottom: (0.96, 0.03),
        far: (0.87, 0.06),
        near: (0.56, 0.12),
        accent: (0.78, 0.14),
        night: false,
    },
];

/// Degrees from the base hue to the nearest surface and to the accent:
/// analogous, complementary, split complementary, triadic.
const HARMONIES: [(f32, f32); 4] = [(45.0, -50.0), (30.0, 180.0), (150.0, -150.0), (-120.0, 120.0)];

impl Palette {
    /// The palette of a prompt; the index has no say, so that all images of an
    /// answer belong together.
    pub(super) fn new(prompt: &str, seed: u64) -> Self {
        let mut rng = Rng::new("palette", prompt, &[seed]);
        let base = rng.between(0.0, 360.0);
        let (surface, accent) = pick(&mut rng, &HARMONIES);
        let mood = pick(&mut rng, &MOODS);

        let mut layers = [Color::BLACK; DEPTH];
        for (step, layer) in layers.iter_mut().enumerate() {
            let t = step as f32 / (DEPTH - 1) as f32;
            let tone = (lerp(mood.far.0, mood.near.0, t), lerp(mood.far.1, mood.near.1, t));
            // Far surfaces take on the hue of the sky, as in hazy air.
            *layer = oklch(tone, base + surface * lerp(0.2, 1.0, t));
        }
        Self {
            sky_top: oklch(mood.sky_top, base),
            sky_bottom: oklch(mood.sky_bottom, base + surface * 0.15 + 12.0),
            layers,
            accent: oklch(mood.accent, base + accent),
            second: oklch((mood.accent.0 - 0.1, mood.accent.1), base + accent + 35.0),
            light: oklch((0.97, 0.02), base + accent),
            night: mood.night,
        }
    }

    /// The surface at `t`, from 0 (far) to 1 (near).
    pub(super) fn layer(&self, t: f32) -> Color {
        let at = t.clamp(0.0, 1.0) * (DEPTH - 1) as f32;
        let low = (at as usize).min(DEPTH - 2);
        mix(self.layers[low], self.layers[low + 1], at - low as f32)
    }
}

/// One of several, by chance.
fn pick<'a, T, const N: usize>(rng: &mut Rng, choices: &'a [T; N]) -> &'a T {
    const { assert!(N > 0) }
    &choices[(rng.bits() % N as u64) as usize]
}

/// The colour `t` of the way from `a` to `b`, alpha included.
pub(super) fn mix(a: Color, b: Color, t: f32) -> Color {
    rgba(
        lerp(a.red(), b.red(), t),
        lerp(a.green(), b.green(), t),
        lerp(a.blue(), b.blue(), t),
        lerp(a.alpha(), b.alpha(), t),
    )
}

/// The same colour with another alpha.
pub(super) fn fade(color: Color, alpha: f32) -> Color {
    rgba(color.red(), color.green(), color.blue(), alpha)
}

/// The value `t` of the way from `a` to `b`.
pub(super) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// A colour from components that are clamped, never refused.
fn rgba(red: f32, green: f32, blue: f32, alpha: f32) -> Color {
    let [red, green, blue, alpha] = [red, green, blue, alpha].map(|v| v.clamp(0.0, 1.0));
    Color::from_rgba(red, green, blue, alpha).unwrap_or(Color::BLACK)
}

/// Oklch to sRGB; what lies outside the gamut is clipped.
#[allow(clippy::many_single_char_names, reason = "the names of the coordinates in the definition of Oklab")]
fn oklch((lightness, chroma): Tone, hue: f32) -> Color {
    let (sin, cos) = hue.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_338 * a + 0.215_804 * b).powi(3);
    let m = (lightness - 0.105_561 * a - 0.063_854 * b).powi(3);
    let s = (lightness - 0.089_484 * a - 1.291_486 * b).powi(3);
    rgba(
        gamma(4.076_742 * l - 3.307_712 * m + 0.230_970 * s),
        gamma(-1.268_438 * l + 2.609_757 * m - 0.341_319 * s),
        gamma(-0.004_196 * l - 0.703_419 * m + 1.707_615 * s),
        1.0,
    )
}

/// The sRGB transfer function.
fn gamma(linear: f32) -> f32 {
    let linear = linear.clamp(0.0, 1.0);
    if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}
