//! What is private, prepared so that it is found quickly in any spelling.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::unit;

/// A word at least this long, in bytes, is taken out wherever it stands, and so is each part of it that is as long; a
/// shorter one only as a word of its own, since "cat" must not make holes in "category".
pub(super) const LONG: usize = 12;
/// Parts with fewer different bytes are as likely in payloads, such as "AAAAAAAAAAAA".
const DIFFERENT: usize = 4;

/// Every answer holds these, so that they cannot be kept out of one, and tell nothing about a prompt that is one of them.
const EVERYWHERE: &[&str] = &[
    "b64_json",
    "background",
    "code",
    "created",
    "data",
    "error",
    "event",
    "id",
    "message",
    "model",
    "output_format",
    "param",
    "quality",
    "revised_prompt",
    "size",
    "type",
    "url",
    "usage",
];

/// What stands in the place of a credential.
pub(crate) const CREDENTIAL: &str = "[credential]";

/// Something private, decoded.
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    /// What stands in its place.
    pub(super) name: &'static str,
    /// As a value of JSON it could be a number of the service's.
    pub(super) is_scalar: bool,
}

impl Word {
    pub(super) fn is_short(&self) -> bool {
        self.text.len() < LONG
    }

    pub(super) fn is_credential(&self) -> bool {
        self.name == CREDENTIAL
    }

    /// Whether a character begins or ends there.
    pub(super) fn is_boundary(&self, at: usize) -> bool {
        self.text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80)
    }

    fn at(&self, from: usize, length: usize) -> &[u8] {
        self.text.get(from..from + length).unwrap_or_default()
    }
}

/// All the words, and where the parts of the long ones begin.
pub(crate) struct Known {
    pub(super) words: Vec<Word>,
    /// Numbers of words and places in them, in the order of the [`LONG`] bytes there.
    parts: Vec<(usize, usize)>,
    /// Bytes that begin a word or a part.
    begins: [bool; 256],
    /// Bytes that begin a word too short to have three.
    is_tiny: [bool; 256],
    /// The hashes of three bytes that begin a word or a part.
    threes: Vec<bool>,
}

impl Default for Known {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Known {
    /// Of texts and the names that stand in their place.
    pub(crate) fn new(texts: &[(&str, &'static str)]) -> Self {
        let words = texts.iter().flat_map(|(text, name)| words(text, name)).collect();
        let mut known = Self {
            words,
            parts: Vec::new(),
            begins: [false; 256],
            is_tiny: [false; 256],
            threes: vec![false; 1 << 16],
        };
        let parts = |(number, word): (usize, &Word)| places(word).into_iter().map(move |at| (number, at));
        known.parts = known.words.iter().enumerate().flat_map(parts).collect();
        let words = &known.words;
        let begins = |(number, at): &(usize, usize)| words.get(*number).map(|word| word.at(*at, LONG));
        known.parts.sort_by_key(|part| (begins(part), *part));
        let short = words.iter().map(|word| word.text.as_slice());
        for text in short.chain(known.parts.iter().filter_map(begins)) {
            match text {
                [first, second, third, ..] => known.threes[three(*first, *second, *third)] = true,
                [first, ..] => known.is_tiny[usize::from(*first)] = true,
                [] => {}
            }
            if let Some(first) = text.first() {
                known.begins[usize::from(*first)] = true;
            }
        }
        known
    }

    /// The words and places where these bytes stand.
    pub(super) fn places(&self, bytes: &[u8; LONG]) -> impl Iterator<Item = (&Word, usize)> {
        let found = |&(number, at): &(usize, usize)| Some((self.words.get(number)?, at));
        let is_before =
            |part: &(usize, usize)| found(part).is_some_and(|(word, at)| word.at(at, LONG) < &bytes[..]);
        let parts = self.parts.get(self.parts.partition_point(is_before)..).unwrap_or_default();
        parts.iter().filter_map(found).take_while(move |(word, at)| word.at(*at, LONG) == bytes)
    }

    /// Whether something may begin with these three bytes, as they are in a text.
    pub(super) fn may_begin(&self, first: u8, second: u8, third: u8) -> bool {
        let is_encoded = |byte: u8| unit::is_blank_or_plus(byte) || matches!(byte, b'\\' | b'%' | b'&');
        self.is_tiny[usize::from(first)]
            || if is_encoded(second) || is_encoded(third) {
                self.begins[usize::from(first)]
            } else {
                self.threes[three(first, second, third)]
            }
    }
}

fn three(first: u8, second: u8, third: u8) -> usize {
    ((usize::from(first) << 9) ^ (usize::from(second) << 4) ^ usize::from(third)) & 0xffff
}

/// A text that itself looks encoded is decoded otherwise where it is encoded again.
fn words(text: &str, name: &'static str) -> Vec<Word> {
    let address = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let html = text.replace('&', "&amp;");
    let mut words: Vec<Word> = Vec::new();
    for spelled in [text, &address, &html] {
        let Some(word) = word(spelled, name) else { continue };
        if words.iter().all(|known| known.text != word.text) {
            words.push(word);
        }
    }
    words
}

fn word(text: &str, name: &'static str) -> Option<Word> {
    let long = decoded(text, unit::is_blank_or_plus);
    // A plus says much in a short word.
    let text = if long.len() < LONG { decoded(text, unit::is_blank) } else { long };
    let written = std::str::from_utf8(&text).unwrap_or_default();
    if text.is_empty() || (name != CREDENTIAL && EVERYWHERE.contains(&written)) {
        return None;
    }
    let is_scalar = serde_json::from_str::<serde_json::Value>(written)
        .is_ok_and(|value| !value.is_object() && !value.is_array());
    Some(Word { text, name, is_scalar })
}

/// Without the blanks and quotation marks around it, which are those of the text as well.
fn decoded(text: &str, is_blank: fn(u8) -> bool) -> Vec<u8> {
    let (mut rest, mut decoded) = (text.as_bytes(), Vec::new());
    while let Some(unit) = unit::collapsed(rest, true, is_blank) {
        decoded.extend_from_slice(unit.bytes());
        rest = rest.get(unit.raw..).unwrap_or_default();
    }
    let is_around = |byte: &u8| matches!(byte, b' ' | b'"');
    let end = decoded.iter().rposition(|byte| !is_around(byte)).map_or(0, |last| last + 1);
    decoded.truncate(end);
    let start = decoded.iter().position(|byte| !is_around(byte)).unwrap_or(end);
    decoded.split_off(start)
}

/// Where the parts of a long word begin that are enough to know it by.
fn places(word: &Word) -> Vec<usize> {
    let Some(last) = word.text.len().checked_sub(LONG) else { return Vec::new() };
    let is_enough = |at: usize| {
        let part = word.at(at, LONG);
        let mut bytes = part.to_vec();
        bytes.sort_unstable();
        bytes.dedup();
        let is_everywhere = |name: &str| name.as_bytes().windows(LONG).any(|name| name == part);
        (at == 0 || bytes.len() >= DIFFERENT) && !EVERYWHERE.iter().any(|name| is_everywhere(name))
    };
    let begins = |at: usize| !matches!(word.text.get(at), Some(b' ' | b'"')) && word.is_boundary(at);
    (0..=last).filter(|at| begins(*at) && is_enough(*at)).collect()
}
