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
    place: Place,
}

/// Where in JSON a text is, if it is JSON.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Elsewhere,
    /// After a quotation mark that is not escaped.
    Quoted,
    /// After the colon that follows one.
    Member,
    /// In an array of numbers that is the value of a member, before a number.
    Item,
    /// The same, in a number or after it.
    Number,
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (_, b'"') => Self::Quoted,
            (Self::Quoted, b':') => Self::Member,
            (Self::Member | Self::Item, b'[') | (Self::Number, b',') => Self::Item,
            (Self::Item | Self::Number, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') => Self::Number,
            (place, byte) if byte.is_ascii_whitespace() && place != Self::Quoted => place,
            _ => Self::Elsewhere,
        }
    }
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
        self.place = bytes.iter().fold(self.place, |place, byte| place.after(*byte));
        self.last.extend(bytes.iter().skip(bytes.len().saturating_sub(4)));
        self.last.drain(..self.last.len().saturating_sub(4));
    }

    /// What an escape stands for was read: nothing of the text's own JSON.
    pub(super) fn saw_escape(&mut self, bytes: &[u8]) {
        self.saw(bytes);
        self.place = Place::Elsewhere;
    }

    /// How many characters of base64 came last.
    pub(super) fn run(&self) -> usize {
        self.run
    }

    pub(super) fn ends_in_word(&self) -> bool {
        let from = |start: usize| std::str::from_utf8(self.last.get(start..)?).ok()?.chars().next_back();
        (0..self.last.len()).find_map(from).is_some_and(char::is_alphanumeric)
    }

    /// Whether a number of JSON may stand here.
    pub(super) fn opens_value(&self) -> bool {
        matches!(self.place, Place::Member | Place::Item)
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
        for text in ["{\"a\":", "\"a\": ", "\"a\":[", "\"a\":[1, ", "\"a\":[[1.5e3, -2"] {
            let opens = !text.ends_with('2');
            assert_eq!(after(&[text]).opens_value(), opens, "{text}");
        }
        for text in ["a: ", "[", "[1, ", "\"a\" :", "\"a\":[x, ", "x,", "\"a\": x"] {
            assert!(!after(&[text]).opens_value(), "{text}");
        }
        let mut escaped = after(&["\"a"]);
        escaped.saw_escape(b"\"");
        escaped.saw(b":");
        assert!(!escaped.opens_value());
        assert!(!Context::default().ends_in_word());
        assert!(after(&["A".repeat(99).as_str(), "AA"]).run() > RUN);
    }
}
