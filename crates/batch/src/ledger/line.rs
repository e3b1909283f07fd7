//! A line of the ledger: `["9f2c11aa",143,{…}]`, which is a checksum, the record's length in bytes, and the record.
//!
//! Every line is JSON of its own, for other tools. A line's checksum continues that of the line before, so that a line
//! that was changed, lost, doubled or moved is found; the length tells a line that was cut from one that was changed.

use crc32fast::Hasher;

/// The checksum of all lines so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain(u32);

/// The bytes before the length: `["9f2c11aa",`.
const HEAD: usize = 12;

/// What stands at the end of a file without a line feed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// A line that was not written to its end.
    Cut,
    /// Something that was never written like that.
    Damaged,
}

impl Chain {
    /// Appends a record as a line.
    pub(super) fn write(&mut self, record: &[u8], into: &mut Vec<u8>) {
        let body = [record.len().to_string().as_bytes(), b",", record].concat();
        let sum = self.sum(&body);
        into.extend_from_slice(format!("[\"{sum:08x}\",").as_bytes());
        into.extend_from_slice(&body);
        into.extend_from_slice(b"]\n");
        *self = Self(sum);
    }

    /// The record of a line, which comes without its line feed; `None` when it is not as it was written.
    pub(super) fn read<'a>(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        let body = line.get(HEAD..)?.strip_suffix(b"]")?;
        let sum = self.sum(body);
        if line.get(..HEAD)? != format!("[\"{sum:08x}\",").as_bytes() {
            return None;
        }
        let comma = body.iter().position(|byte| *byte == b',')?;
        let (length, record) = (body.get(..comma)?, body.get(comma + 1..)?);
        if length != record.len().to_string().as_bytes() {
            return None;
        }
        *self = Self(sum);
        Some(record)
    }

    fn sum(self, body: &[u8]) -> u32 {
        let mut hasher = Hasher::new_with_initial(self.0);
        hasher.update(body);
        hasher.finalize()
    }
}

/// Judges what follows the last line feed, if it is no whole line.
pub(super) fn tail(text: &[u8]) -> Tail {
    let head_fits = text.iter().take(HEAD).enumerate().all(|(at, byte)| match at {
        0 => *byte == b'[',
        1 | 10 => *byte == b'"',
        11 => *byte == b',',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    });
    let rest = text.get(HEAD..).unwrap_or_default();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length = std::str::from_utf8(rest.get(..digits).unwrap_or_default()).ok();
    let length: Option<usize> = length.and_then(|length| length.parse().ok());
    let is_cut = match rest.get(digits) {
        None => true,
        // The comma, the record and the bracket.
        Some(b',') => length.is_some_and(|length| rest.len() < length.saturating_add(digits + 2)),
        Some(_) => false,
    };
    if head_fits && is_cut { Tail::Cut } else { Tail::Damaged }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(chain: &mut Chain, record: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        chain.write(record, &mut text);
        assert_eq!(text.pop(), Some(b'\n'));
        text
    }

    #[test]
    fn lines_are_json_and_read_back_in_their_order_alone() {
        let mut chain = Chain::default();
        let (first, second) = (line(&mut chain, b"{}"), line(&mut chain, br#"{"a":[1,"]"]}"#));
        let value: serde_json::Value = serde_json::from_slice(&second).unwrap();
        assert_eq!((&value[1], &value[2]["a"][0]), (&serde_json::json!(13), &serde_json::json!(1)));
        let mut chain = Chain::default();
        assert_eq!(chain.read(&first), Some(b"{}".as_slice()));
        assert_eq!(chain.read(&first), None, "doubled");
        assert_eq!(chain.read(&second), Some(br#"{"a":[1,"]"]}"#.as_slice()));
        assert_eq!(Chain::default().read(&second), None, "the first one is lost");
    }

    #[test]
    fn a_cut_is_told_from_a_change() {
        let text = line(&mut Chain::default(), br#"{"a":1}"#);
        for end in 0..text.len() {
            assert_eq!(tail(&text[..end]), Tail::Cut, "{end}");
        }
        assert_eq!(tail(&[text.as_slice(), b"\t"].concat()), Tail::Damaged, "a line feed that was changed");
        assert_eq!(tail(&text.to_ascii_uppercase()), Tail::Damaged);
        assert_eq!(tail(b"[\"00000000\",18446744073709551615,"), Tail::Cut, "nothing overflows");
    }
}
