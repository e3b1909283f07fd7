//! Reproducible random numbers, seeded by what is drawn.

use sha2::{Digest, Sha256};

/// A `SplitMix64` generator.
///
/// Written out here because a drawing must not change with the version of a
/// random number crate.
pub(super) struct Rng(u64);

impl Rng {
    /// A generator for one purpose (`label`) of one prompt.
    pub(super) fn new(label: &str, prompt: &str, numbers: &[u64]) -> Self {
        let mut hash = Sha256::new();
        // Length prefixes keep ("ab", "c") and ("a", "bc") apart.
        for text in [label, prompt] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        for number in numbers {
            hash.update(number.to_le_bytes());
        }
        let state = hash.finalize().iter().take(8).fold(0, |state, &byte| (state << 8) | u64::from(byte));
        Self(state)
    }

    /// The next 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `low..high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        // 24 bits are exact in an f32.
        let unit = (self.bits() >> 40) as f32 / 16_777_216.0;
        low + (high - low) * unit
    }

    /// A whole number in `low..=high`; the ranges used are tiny, so the bias
    /// of the remainder does not show.
    pub(super) fn whole(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + (self.bits() % span) as u32
    }
}
