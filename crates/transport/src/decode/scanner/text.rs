//! The inside of a JSON string, byte by byte: what `serde_json` accepts, and nothing else.

/// Where in a string the reader stands. Copying it is cheaper than borrowing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Text {
    /// Between two characters.
    #[default]
    Plain,
    /// After a backslash. `paired`: the second half of a surrogate pair must follow.
    Escape { paired: bool },
    /// After `\u` and so many hexadecimal digits.
    Hex { digits: u8, value: u16, paired: bool },
    /// After the first half of a surrogate pair.
    Half,
    /// Inside a character of several bytes: so many follow, the next one in this range.
    Wide { missing: u8, least: u8, most: u8 },
}

/// What a byte of a string completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing yet.
    Part,
    /// A character of ASCII, perhaps written as an escape.
    Ascii(u8),
    /// Any other character.
    Other,
}

/// The string is not one that JSON allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotText;

impl Text {
    /// Takes the next byte. The closing quote is not for this method: it is a quote in [`Text::Plain`].
    ///
    /// `lossy` forgives bytes that are not UTF-8, as readers of event streams must.
    pub(super) fn take(&mut self, byte: u8, lossy: bool) -> Result<Unit, NotText> {
        match *self {
            Self::Plain => self.first(byte, lossy),
            Self::Escape { paired } => self.escape(byte, paired),
            Self::Hex { digits, value, paired } => self.hex(byte, digits, value, paired),
            Self::Half if byte == b'\\' => {
                *self = Self::Escape { paired: true };
                Ok(Unit::Part)
            }
            Self::Half => Err(NotText),
            Self::Wide { missing, least, most } => {
                if !(least..=most).contains(&byte) {
                    return Err(NotText);
                }
                if missing == 1 {
                    *self = Self::Plain;
                    return Ok(Unit::Other);
                }
                *self = Self::Wide { missing: missing - 1, least: 0x80, most: 0xBF };
                Ok(Unit::Part)
            }
        }
    }

    fn first(&mut self, byte: u8, lossy: bool) -> Result<Unit, NotText> {
        let (missing, least, most) = match byte {
            0..0x20 => return Err(NotText),
            b'\\' => {
                *self = Self::Escape { paired: false };
                return Ok(Unit::Part);
            }
            0x20..0x80 => return Ok(Unit::Ascii(byte)),
            _ if lossy => return Ok(Unit::Other),
            // The table of well-formed sequences in the Unicode standard: no overlong forms, no surrogates.
            0xC2..=0xDF => (1, 0x80, 0xBF),
            0xE0 => (2, 0xA0, 0xBF),
            0xED => (2, 0x80, 0x9F),
            0xE1..=0xEF => (2, 0x80, 0xBF),
            0xF0 => (3, 0x90, 0xBF),
            0xF4 => (3, 0x80, 0x8F),
            0xF1..=0xF3 => (3, 0x80, 0xBF),
            _ => return Err(NotText),
        };
        *self = Self::Wide { missing, least, most };
        Ok(Unit::Part)
    }

    fn escape(&mut self, byte: u8, paired: bool) -> Result<Unit, NotText> {
        if byte == b'u' {
            *self = Self::Hex { digits: 0, value: 0, paired };
            return Ok(Unit::Part);
        }
        if paired {
            return Err(NotText);
        }
        *self = Self::Plain;
        Ok(Unit::Ascii(match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            _ => return Err(NotText),
        }))
    }

    fn hex(&mut self, byte: u8, digits: u8, value: u16, paired: bool) -> Result<Unit, NotText> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return Err(NotText),
        };
        let value = value << 4 | u16::from(digit);
        if digits < 3 {
            *self = Self::Hex { digits: digits + 1, value, paired };
            return Ok(Unit::Part);
        }
        match (value, paired) {
            (0xD800..=0xDBFF, false) => {
                *self = Self::Half;
                Ok(Unit::Part)
            }
            (0xDC00..=0xDFFF, true) => {
                *self = Self::Plain;
                Ok(Unit::Other)
            }
            (0xD800..=0xDFFF, _) | (_, true) => Err(NotText),
            (_, false) => {
                *self = Self::Plain;
                Ok(u8::try_from(value).ok().filter(u8::is_ascii).map_or(Unit::Other, Unit::Ascii))
            }
        }
    }
}
