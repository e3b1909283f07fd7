//! Shapes of ridges: heights along the width of a picture.

use std::f32::consts::TAU;

use super::palette::lerp;
use super::rng::Rng;

/// A soft ridge: a sum of three sines.
pub(super) struct Waves([(f32, f32, f32); 3]);

impl Waves {
    /// Waves of a total height, the longest so often in the frame.
    pub(super) fn new(rng: &mut Rng, height: f32, frequency: f32) -> Self {
        let mut wave = |share: f32, octave: f32| {
            let jitter = rng.between(0.75, 1.25);
            (height * share, frequency * octave * jitter, rng.between(0.0, TAU))
        };
        Self([wave(0.6, 1.0), wave(0.28, 2.1), wave(0.12, 4.3)])
    }

    /// The height at an x of the frame, from 0 to 1.
    pub(super) fn at(&self, x: f32) -> f32 {
        let sines = self.0.iter();
        sines.map(|(height, frequency, phase)| height * (x * frequency * TAU + phase).sin()).sum()
    }
}

/// A jagged ridge: midpoint displacement.
pub(super) struct Crags {
    points: [f32; Crags::POINTS + 1],
    shift: f32,
}

impl Crags {
    const POINTS: usize = 64;

    /// Crags about so high above and below zero.
    pub(super) fn new(rng: &mut Rng, height: f32) -> Self {
        let mut points = [0.0; Self::POINTS + 1];
        let mut stride = Self::POINTS / 4;
        // Peaks and valleys in turn, then ever finer detail.
        let first = rng.whole(0, 1) as usize;
        for (number, point) in points.iter_mut().step_by(stride).enumerate() {
            let low = if (number + first).is_multiple_of(2) { 0.4 } else { -1.0 };
            *point = height * low * rng.between(0.4, 1.0);
        }
        let mut rough = height * 0.55;
        while stride > 1 {
            let half = stride / 2;
            for middle in (half..Self::POINTS).step_by(stride) {
                let mean = f32::midpoint(points[middle - half], points[middle + half]);
                points[middle] = mean + rng.between(-rough, rough);
            }
            stride = half;
            rough *= 0.5;
        }
        let shift = rng.between(0.0, 0.3);
        Self { points, shift }
    }

    /// The height at an x of the frame, from 0 to 1.
    pub(super) fn at(&self, x: f32) -> f32 {
        // Only a part of the ridge is in the frame, another one in each range.
        let at = (x.clamp(0.0, 1.0) * 0.7 + self.shift) * Self::POINTS as f32;
        let low = (at as usize).min(Self::POINTS - 1);
        lerp(self.points[low], self.points[low + 1], at - low as f32)
    }
}
