//! How long services take: longer for newer models, higher qualities and larger pictures, and never twice the same.

use std::time::Duration;

use imagewire_types::Quality;

use crate::order::Order;

/// The spread of the log-normal distribution: one answer in 40 takes twice as long as usual.
const SPREAD: f64 = 0.35;
/// No answer takes longer than services wait for themselves.
const LONGEST: f64 = 600.0;
const PIXELS: f64 = 1024.0 * 1024.0;

/// The time that an answer takes, divided by `compression`. `draw` decides where in the distribution it lies.
pub(super) fn usual(order: &Order, draw: u64, compression: f64) -> Duration {
    let (width, height) = order.size().dimensions().unwrap_or((1024, 1024));
    let pixels = f64::from(width) * f64::from(height) / PIXELS;
    let seconds =
        median(&order.model, &order.quality()) * pixels.max(0.25).sqrt() * (SPREAD * normal(draw)).exp();
    let time = seconds.min(LONGEST) / compression;
    // A compression may be so small that nothing would ever come.
    Duration::try_from_secs_f64(time).unwrap_or(Duration::from_secs(600))
}

/// Seconds for a picture of 1024x1024, in the middle of the distribution.
fn median(model: &str, quality: &Quality) -> f64 {
    let is = |part: &str| model.contains(part);
    match quality {
        _ if is("dall-e-2") => 6.0,
        Quality::Hd => 20.0,
        _ if is("dall-e-3") => 12.0,
        Quality::Low if is("mini") => 6.0,
        Quality::Medium if is("mini") => 12.0,
        _ if is("mini") => 20.0,
        Quality::Low => 14.0,
        Quality::Medium => 26.0,
        _ => 45.0,
    }
}

/// A number of the standard normal distribution (Box-Muller), from 64 bits.
fn normal(draw: u64) -> f64 {
    let unit = |bits: u64| {
        (f64::from(u32::try_from(bits & 0xffff_ffff).unwrap_or(u32::MAX)) + 0.5) / 4_294_967_296.0
    };
    let (first, second) = (unit(draw), unit(draw >> 32));
    (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_around_the_median() {
        // A fixed sequence of well-mixed numbers.
        let draws = (1..=2_000_u64).map(|at| normal(at.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let (mut below, mut far) = (0, 0);
        for draw in draws {
            below += usize::from(draw < 0.0);
            far += usize::from(draw.abs() > 3.0);
        }
        assert!((900..=1_100).contains(&below), "{below}");
        assert!(far < 30, "{far}");
    }

    #[test]
    fn better_pictures_take_longer() {
        assert!(median("gpt-image-1", &Quality::Low) < median("gpt-image-1", &Quality::Medium));
        assert!(median("gpt-image-1", &Quality::Medium) < median("gpt-image-1", &Quality::High));
        assert!(median("dall-e-3", &Quality::Standard) < median("dall-e-3", &Quality::Hd));
        assert!(median("gpt-image-1-mini", &Quality::High) < median("gpt-image-1", &Quality::High));
    }
}
