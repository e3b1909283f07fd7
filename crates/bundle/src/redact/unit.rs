//! Characters of JSON text: bytes as they are, and escapes.

/// A byte, or the character that an escape stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    bytes: [u8; 4],
    length: usize,
    /// How many bytes it takes in the text.
    pub(super) raw: usize,
}

impl Unit {
    fn byte(byte: u8, raw: usize) -> Self {
        Self { bytes: [byte, 0, 0, 0], length: 1, raw }
    }

    fn character(character: char, raw: usize) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Self { bytes, length, raw }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The first unit of a text; `None` when more of it has to come. A backslash that escapes nothing is one.
pub(super) fn first(text: &[u8], is_end: bool) -> Option<Unit> {
    let (first, rest) = text.split_first()?;
    if *first != b'\\' {
        return Some(Unit::byte(*first, 1));
    }
    let unit = match rest.first() {
        None => None,
        Some(b'u') => return hexadecimal(text, is_end),
        Some(escaped) => Some(match escaped {
            b'n' => Unit::byte(b'\n', 2),
            b'r' => Unit::byte(b'\r', 2),
            b't' => Unit::byte(b'\t', 2),
            b'b' => Unit::byte(8, 2),
            b'f' => Unit::byte(12, 2),
            b'"' | b'\\' | b'/' => Unit::byte(*escaped, 2),
            _ => Unit::byte(b'\\', 1),
        }),
    };
    unit.or(is_end.then_some(Unit::byte(b'\\', 1)))
}

fn hexadecimal(text: &[u8], is_end: bool) -> Option<Unit> {
    let literal = Unit::byte(b'\\', 1);
    let lone = Unit::character(char::REPLACEMENT_CHARACTER, 6);
    let high = match code(text) {
        Code::Undecided => return is_end.then_some(literal),
        Code::No => return Some(literal),
        Code::Unit(unit) => unit,
    };
    if let Some(character) = char::from_u32(high.into()) {
        return Some(Unit::character(character, 6));
    }
    if high >= 0xdc00 {
        return Some(lone);
    }
    match code(text.get(6..).unwrap_or_default()) {
        Code::Undecided => is_end.then_some(lone),
        Code::No => Some(lone),
        Code::Unit(low) => Some(match char::decode_utf16([high, low]).next() {
            Some(Ok(character)) => Unit::character(character, 12),
            Some(Err(_)) | None => lone,
        }),
    }
}

enum Code {
    Unit(u16),
    No,
    Undecided,
}

/// The number of a `\uXXXX` that the text begins with.
fn code(text: &[u8]) -> Code {
    let mut number = 0;
    for at in 0..6 {
        match (at, text.get(at)) {
            (_, None) => return Code::Undecided,
            (0, Some(b'\\')) | (1, Some(b'u')) => {}
            (2.., Some(digit)) => {
                match char::from(*digit).to_digit(16).and_then(|digit| u16::try_from(digit).ok()) {
                    Some(digit) => number = number << 4 | digit,
                    None => return Code::No,
                }
            }
            _ => return Code::No,
        }
    }
    Code::Unit(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_characters() {
        for (text, expected, raw) in [
            ("a", "a", 1),
            (r"\n", "\n", 2),
            (r"\/", "/", 2),
            (r"\u0041B", "A", 6),
            (r"\u00e9", "é", 6),
            (r"\ud83e\udda6", "🦦", 12),
            (r"\ud83ex", "\u{fffd}", 6),
            (r"\udda6", "\u{fffd}", 6),
            (r"\q", "\\", 1),
            (r"\u00g1", "\\", 1),
        ] {
            let unit = first(text.as_bytes(), true).expect("a unit");
            assert_eq!((unit.bytes(), unit.raw), (expected.as_bytes(), raw), "{text}");
        }
    }

    #[test]
    fn what_may_go_on_is_waited_for() {
        for text in ["", r"\", r"\u", r"\u004", r"\ud83e", r"\ud83e\", r"\ud83e\udd"] {
            assert_eq!(first(text.as_bytes(), false), None, "{text}");
        }
        for text in [r"\", r"\u004"] {
            assert_eq!(first(text.as_bytes(), true).map(|unit| unit.raw), Some(1), "{text}");
        }
        assert!(first(r"\ud83ex".as_bytes(), false).is_some());
    }
}
