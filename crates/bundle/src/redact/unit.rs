//! Characters of a text: bytes as they are, and whatever stands for them in JSON, HTML and addresses.

use super::find::Match;

/// So many backslashes are taken for one escape: JSON in JSON doubles them each time.
const BACKSLASHES: usize = 32;
/// So often may an ampersand or a percent sign be encoded again.
const LEVELS: usize = 4;
/// The longest name of an entity, with its semicolon: `#x10ffff;`.
const ENTITY: usize = 9;
/// A longer run of blanks is more than one, since it has to be waited for.
const BLANKS: usize = 64;

/// A byte, or the character that an escape stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    bytes: [u8; 4],
    length: usize,
    /// How many bytes it takes in the text.
    pub(super) raw: usize,
    /// A byte after a backslash that escapes nothing.
    pub(super) is_odd: bool,
}

impl Unit {
    fn byte(byte: u8, raw: usize) -> Self {
        Self { bytes: [byte, 0, 0, 0], length: 1, raw, is_odd: false }
    }

    fn character(character: char, raw: usize) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Self { bytes, length, raw, is_odd: false }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The byte, when it is one alone.
    pub(super) fn one(&self) -> Option<u8> {
        if let [byte] = self.bytes() { Some(*byte) } else { None }
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    byte <= b' '
}

/// In addresses, a plus is a blank.
pub(super) fn is_blank_or_plus(byte: u8) -> bool {
    is_blank(byte) || byte == b'+'
}

/// How many backslashes a text begins with.
pub(super) fn backslashes(text: &[u8]) -> usize {
    text.iter().take(BACKSLASHES).take_while(|byte| **byte == b'\\').count()
}

/// As [`decoded`], with a run of blanks as one blank.
pub(super) fn collapsed(text: &[u8], is_end: bool, is_blank: fn(u8) -> bool) -> Option<Unit> {
    let first = decoded(text, is_end)?;
    let blank = |unit: &Unit| unit.one().is_some_and(is_blank);
    if !blank(&first) {
        return Some(first);
    }
    let mut raw = first.raw;
    while raw < BLANKS {
        match decoded(text.get(raw..).unwrap_or_default(), is_end) {
            Some(unit) if blank(&unit) => raw += unit.raw,
            None if !is_end => return None,
            Some(_) | None => break,
        }
    }
    Some(Unit::byte(b' ', raw))
}

/// The first unit of a text, with the escapes of JSON, entities and those of addresses, in this order.
pub(super) fn decoded(text: &[u8], is_end: bool) -> Option<Unit> {
    let first = shown(text, is_end)?;
    again(text, first, b'%', is_end, |rest| percent(rest, is_end))
}

/// The same without the escapes of addresses.
pub(super) fn shown(text: &[u8], is_end: bool) -> Option<Unit> {
    let first = nested(text, is_end)?;
    again(text, first, b'&', is_end, |rest| entity(rest, is_end))
}

/// What the sign and its code stand for, which may be the sign of another code.
fn again(
    text: &[u8],
    first: Unit,
    sign: u8,
    is_end: bool,
    code: impl Fn(&[u8]) -> Match<Unit>,
) -> Option<Unit> {
    let mut unit = first;
    for _ in 0..LEVELS {
        if unit.one() != Some(sign) {
            break;
        }
        match code(text.get(unit.raw..).unwrap_or_default()) {
            Match::Whole(next) => unit = Unit { raw: unit.raw + next.raw, ..next },
            Match::Undecided if !is_end => return None,
            Match::Undecided | Match::No => break,
        }
    }
    Some(unit)
}

/// Two hexadecimal digits.
fn percent(text: &[u8], is_end: bool) -> Match<Unit> {
    let (mut value, mut raw) = (0, 0);
    for _ in 0..2 {
        let Some(unit) = nested(text.get(raw..).unwrap_or_default(), is_end) else { return Match::Undecided };
        let digit = unit.one().and_then(|byte| char::from(byte).to_digit(16));
        let Some(digit) = digit.and_then(|digit| u8::try_from(digit).ok()) else { return Match::No };
        (value, raw) = (value << 4 | digit, raw + unit.raw);
    }
    Match::Whole(Unit::byte(value, raw))
}

/// What follows the ampersand of an entity.
fn entity(text: &[u8], is_end: bool) -> Match<Unit> {
    let (mut name, mut raw) = (String::new(), 0);
    while name.len() < ENTITY {
        let Some(unit) = nested(text.get(raw..).unwrap_or_default(), is_end) else { return Match::Undecided };
        raw += unit.raw;
        match unit.one() {
            Some(b';') => {
                let unit = named(&name).map(|character| Unit::character(character, raw));
                return unit.map_or(Match::No, Match::Whole);
            }
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'#' => name.push(byte.into()),
            Some(_) | None => return Match::No,
        }
    }
    Match::No
}

fn named(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
            char::from_u32(hexadecimal.unwrap_or_else(|| number.parse()).ok()?)
        }
    }
}

/// Whether a text begins with these letters, great or small, and how many bytes they take.
pub(super) fn begins(text: &[u8], letters: &[u8], is_end: bool) -> Match<usize> {
    let mut at = 0;
    for expected in letters {
        match nested(text.get(at..).unwrap_or_default(), is_end) {
            Some(unit) if unit.bytes().eq_ignore_ascii_case(&[*expected]) => at += unit.raw,
            None if !is_end => return Match::Undecided,
            Some(_) | None => return Match::No,
        }
    }
    Match::Whole(at)
}

/// The first unit of JSON that is quoted in JSON, however often: all the backslashes make one escape.
pub(super) fn nested(text: &[u8], is_end: bool) -> Option<Unit> {
    let Some(before) = backslashes(text).checked_sub(1) else {
        return text.first().map(|byte| Unit::byte(*byte, 1));
    };
    let unit = first(text.get(before..)?, is_end)?;
    if unit.raw > 1 {
        return Some(Unit { raw: before + unit.raw, ..unit });
    }
    let odd = text.get(before + 1).map(|byte| Unit { is_odd: true, ..Unit::byte(*byte, before + 2) });
    Some(odd.unwrap_or(Unit { is_odd: true, ..Unit::byte(b'\\', before + 1) }))
}

/// The first unit of JSON text; `None` when more of it has to come. A backslash that escapes nothing is one.
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
    let rest = text.get(6..).unwrap_or_default();
    // In JSON in JSON, the other half has several backslashes too.
    let more = backslashes(rest).saturating_sub(1);
    match code(rest.get(more..).unwrap_or_default()) {
        Code::Undecided => is_end.then_some(lone),
        Code::No => Some(lone),
        Code::Unit(low) => Some(match char::decode_utf16([high, low]).next() {
            Some(Ok(character)) => Unit::character(character, 12 + more),
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
    fn encodings_are_characters() {
        for (text, expected, raw) in [
            ("%41b", "A", 3),
            ("%2541", "A", 5),
            ("%4", "%", 1),
            ("%4g", "%", 1),
            ("&amp;x", "&", 5),
            ("&amp;lt;", "<", 8),
            ("&#39;", "'", 5),
            ("&#x27;", "'", 6),
            ("&#XE9;", "é", 6),
            ("&none;", "&", 1),
            ("&amp", "&", 1),
            (r"\u0026quot;", "\"", 11),
            (r"\\\u00E9", "é", 8),
            (r"\\ud83e\\udda6", "🦦", 14),
            (r#"\\\"x"#, "\"", 4),
            (r"\q", "q", 2),
            (r"\\", "\\", 2),
            (r"\", "\\", 1),
        ] {
            let unit = decoded(text.as_bytes(), true).expect("a unit");
            assert_eq!((unit.bytes(), unit.raw), (expected.as_bytes(), raw), "{text}");
        }
        for text in ["%", "%4", "%25", "&", "&am", "&amp;", "&#3", r"\", r"\\", r"\u0026am", ""] {
            assert_eq!(decoded(text.as_bytes(), false), None, "{text}");
        }
        let blank = collapsed(b" \\n%20+x", false, is_blank_or_plus).expect("a unit");
        assert_eq!((blank.bytes(), blank.raw), (&b" "[..], 7));
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
