//! Base64 in pieces: the symbols of a payload to bytes, in blocks.

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurposeConfig},
};

/// How many decoded bytes are handed out at most at once.
const BLOCK: usize = 48 << 10;
/// What the last symbols of a payload may decode to.
const TAIL: usize = 3;

#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
type Engine = base64::engine::Simd;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
type Engine = base64::engine::GeneralPurpose;

#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
fn engine(padding: DecodePaddingMode) -> Engine {
    Engine::standard(GeneralPurposeConfig::new().with_decode_padding_mode(padding))
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
fn engine(padding: DecodePaddingMode) -> Engine {
    Engine::new(&base64::alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(padding))
}

const SPACE: u8 = 64;
const PADDING: u8 = 65;
const ALIEN: u8 = 66;
/// What each byte means: the value of a symbol, or one of the above.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let symbols = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [ALIEN; 256];
    let mut value = 0;
    while value < 64 {
        values[symbols[value as usize] as usize] = value;
        value += 1;
    }
    values[b'=' as usize] = PADDING;
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_whitespace() {
            values[byte as usize] = SPACE;
        }
        byte += 1;
    }
    values
}

/// How many symbols the text begins with.
fn symbols(text: &[u8]) -> usize {
    let is_symbol = |byte: &u8| VALUES.get(usize::from(*byte)).is_some_and(|value| *value < SPACE);
    text.iter().position(|byte| !is_symbol(byte)).unwrap_or(text.len())
}

/// Decodes symbols as they come, whitespace among them.
pub(super) struct Decoder {
    /// For whole groups of four symbols: padding among them is an error, since more may follow.
    engine: Engine,
    /// Symbols that wait for their group to be complete, or for the end; as they are written, and their bits.
    group: [u8; 4],
    held: usize,
    bits: u32,
    /// Padding came: nothing but padding may follow.
    padded: bool,
    /// Decoded bytes. Empty until the first payload, as many answers have none.
    scratch: Vec<u8>,
    filled: usize,
    total: u64,
}

/// A symbol that may not stand here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotBase64;

impl Decoder {
    pub(super) fn new() -> Self {
        Self {
            engine: engine(DecodePaddingMode::RequireNone),
            group: [0; 4],
            held: 0,
            bits: 0,
            padded: false,
            scratch: Vec::new(),
            filled: 0,
            total: 0,
        }
    }

    /// Forgets everything but the buffer.
    pub(super) fn begin(&mut self) {
        self.scratch.resize(BLOCK + TAIL, 0);
        (self.held, self.bits, self.padded, self.filled, self.total) = (0, 0, false, 0, 0);
    }

    pub(super) fn decoded(&mut self) -> &[u8] {
        let filled = std::mem::take(&mut self.filled);
        self.scratch.get(..filled).unwrap_or_default()
    }

    pub(super) fn is_pending(&self) -> bool {
        self.filled > 0
    }

    /// Whether decoded bytes must be handed out before more symbols are taken.
    pub(super) fn is_full(&self) -> bool {
        self.filled + TAIL > BLOCK
    }

    /// How many symbols fit, at least one.
    pub(super) fn room(&self) -> usize {
        (BLOCK.saturating_sub(self.filled) / 3 * 4).max(1)
    }

    pub(super) fn capacity(&self) -> usize {
        self.scratch.capacity()
    }

    /// Takes symbols from the front of `run` until the buffer is full, or up to one that is wrong.
    pub(super) fn run(&mut self, run: &mut &[u8]) -> Result<(), NotBase64> {
        while !run.is_empty() && !self.is_full() {
            let (block, _) = run.split_at((run.len() / 4 * 4).min(self.room()));
            if self.is_aligned() && (self.bulk(run, block.len()) || self.bulk(run, symbols(block) / 4 * 4)) {
                continue;
            }
            // Whitespace, padding or worse is next, or no whole group is left: one by one, to the next group.
            while let Some((&byte, rest)) = run.split_first().filter(|_| !self.is_full()) {
                // Control characters are whitespace to base64 only when they are written as escapes.
                if byte < b' ' {
                    return Err(NotBase64);
                }
                self.symbol(byte)?;
                *run = rest;
                if self.is_aligned() && rest.first_chunk::<4>().is_some_and(|group| symbols(group) == 4) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether a group begins here.
    fn is_aligned(&self) -> bool {
        self.held == 0 && !self.padded
    }

    /// Takes so many symbols, if they are whole groups and nothing but symbols.
    fn bulk(&mut self, run: &mut &[u8], length: usize) -> bool {
        let Some((block, rest)) = run.split_at_checked(length).filter(|_| length > 0) else { return false };
        let done = self.block(block);
        if done {
            *run = rest;
        }
        done
    }

    /// Decodes whole groups, if there is nothing but symbols.
    fn block(&mut self, block: &[u8]) -> bool {
        let Some(free) = self.scratch.get_mut(self.filled..) else { return false };
        match self.engine.decode_slice(block, free) {
            Ok(decoded) => {
                self.add(decoded);
                true
            }
            Err(_) => false,
        }
    }

    /// Takes one character. There must be room: see [`Self::is_full`].
    pub(super) fn symbol(&mut self, byte: u8) -> Result<(), NotBase64> {
        let value = VALUES.get(usize::from(byte)).copied().unwrap_or(ALIEN);
        match value {
            SPACE => return Ok(()),
            PADDING => self.padded = true,
            0..64 if !self.padded => self.bits = self.bits << 6 | u32::from(value),
            _ => return Err(NotBase64),
        }
        let slot = self.group.get_mut(self.held).ok_or(NotBase64)?;
        *slot = byte;
        self.held += 1;
        if self.held == self.group.len() && !self.padded {
            let [_, first, second, third] = self.bits.to_be_bytes();
            let room = self.scratch.get_mut(self.filled..self.filled + 3).ok_or(NotBase64)?;
            room.copy_from_slice(&[first, second, third]);
            self.add(3);
            (self.held, self.bits) = (0, 0);
        }
        Ok(())
    }

    /// Decodes what is held back and tells how many bytes there were in all.
    pub(super) fn end(&mut self) -> Result<u64, NotBase64> {
        let tail = self.group.get(..self.held).unwrap_or_default();
        let Some(free) = self.scratch.get_mut(self.filled..) else { return Err(NotBase64) };
        match engine(DecodePaddingMode::Indifferent).decode_slice(tail, free) {
            Ok(decoded) => {
                self.add(decoded);
                Ok(self.total)
            }
            Err(_) => Err(NotBase64),
        }
    }

    fn add(&mut self, decoded: usize) {
        self.filled += decoded;
        self.total += decoded as u64;
    }
}

/// Shows how much there is, not what.
impl std::fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Decoder")
            .field("total", &self.total)
            .field("filled", &self.filled)
            .finish_non_exhaustive()
    }
}
