//! What stands before a place in a text.

/// A longer run of characters of base64 is a payload and not a word.
pub(super) const RUN: usize = 100;

/// As much of what was read as decides what a word is.
#[derive(Default)]
pub(super) struct Context {
    /// The last bytes, four at most.
    last: Vec<u8>,
    /// How many characters of base64 came last, up to more than [`RUN`].
    run: usize,
    /// The last byte that is no space.
    mark: Option<u8>,
}

impl Context {
    /// More was read. Line breaks are as common in base64 as its characters.
    pub(super) fn saw(&mut self, bytes: &[u8]) {
        let recent = bytes.len().min(2 * RUN);
        let counted = bytes.iter().rev().take(recent);
        match counted.clone().position(|byte| !may_be_in_base64(*byte)) {
            Some(run) => self.run = run,
            None => self.run = (self.run + recent).min(2 * RUN),
        }
        self.mark = bytes.iter().rev().find(|byte| !byte.is_ascii_whitespace()).copied().or(self.mark);
        self.last.extend(bytes.iter().skip(bytes.len().saturating_sub(4)));
        self.last.drain(..self.last.len().saturating_sub(4));
    }

    /// How many characters of base64 came last.
    pub(super) fn run(&self) -> usize {
        self.run
    }

    pub(super) fn ends_in_word(&self) -> bool {
        let from = |start: usize| std::str::from_utf8(self.last.get(start..)?).ok()?.chars().next_back();
        (0..self.last.len()).find_map(from).is_some_and(char::is_alphanumeric)
    }

    /// Whether a value of JSON may stand here.
    pub(super) fn opens_value(&self) -> bool {
        matches!(self.mark, Some(b':' | b'[' | b','))
    }
}

pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

/// Its characters, and the line breaks that some put between them.
pub(super) fn may_be_in_base64(byte: u8) -> bool {
    is_base64(byte) || matches!(byte, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pieces: &[&str]) -> Context {
        let mut context = Context::default();
        pieces.iter().for_each(|piece| context.saw(piece.as_bytes()));
        context
    }

    #[test]
    fn it_does_not_matter_how_the_text_came() {
        let (whole, parts) = (after(&["a: bcé"]), after(&["a", ":", " bc", "é"]));
        assert!(whole.ends_in_word() && parts.ends_in_word());
        let mut split = after(&["a: bc"]);
        "é".bytes().for_each(|byte| split.saw(&[byte]));
        assert!(split.ends_in_word());
        assert_eq!((after(&["x ab", "+/\n"]).run(), after(&["x ab+/\n"]).run()), (5, 5));
        assert!(after(&["[1", ", "]).opens_value() && !after(&["x", " "]).opens_value());
        assert!(!Context::default().ends_in_word());
        assert!(after(&["A".repeat(99).as_str(), "AA"]).run() > RUN);
    }
}
