//! What must not be found in a bundle.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::Redactor;

/// A word at least this long, in bytes, is taken out wherever it stands; a shorter one only as a word of its own, since
/// "cat" must not make holes in "category".
pub(crate) const LONG: usize = 12;

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

/// The credential, the prompt and the end user of a request: what is taken out of its answer.
///
/// Long words are taken out wherever they stand, and so is each of their beginnings of 12 bytes and more, since services
/// cut what they repeat. Shorter ones are taken out where they are words of their own.
#[derive(Clone, Default)]
pub struct Private {
    pub(crate) words: Vec<Word>,
}

/// One spelling of something private.
#[derive(Clone)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// What stands in its place.
    pub(crate) name: &'static str,
    /// So many of its bytes are enough to know it by.
    pub(crate) enough: usize,
}

impl Word {
    pub(crate) fn is_short(&self) -> bool {
        self.text.len() < LONG
    }

    /// As a value of JSON it could be a number of the service's.
    pub(crate) fn is_scalar(&self) -> bool {
        let first = self.text.bytes().next();
        first.is_some_and(|first| first != b'"')
            && serde_json::from_str::<serde_json::Value>(&self.text)
                .is_ok_and(|value| !value.is_object() && !value.is_array())
    }
}

impl Private {
    /// Spaces around a prompt and a user do not count. Whatever is absent or empty is not looked for.
    #[must_use]
    pub fn new(credential: Option<&str>, prompt: Option<&str>, user: Option<&str>) -> Self {
        let mut words = Vec::new();
        let named = [(credential, "[credential]"), (prompt, "[prompt]"), (user, "[user]")];
        for (text, name) in named {
            let text = text.map(str::trim).unwrap_or_default();
            if text.is_empty() || (name != "[credential]" && EVERYWHERE.contains(&text)) {
                continue;
            }
            for text in spellings(text) {
                if !words.iter().any(|word: &Word| word.text == text) {
                    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
                    let enough = ends.into_iter().find(|end| *end >= LONG).unwrap_or(text.len());
                    words.push(Word { text, name, enough });
                }
            }
        }
        Self { words }
    }

    /// The text without them; it is whole, so that nothing at its end is taken for a part of them.
    pub(crate) fn taken_out_of(&self, text: &str) -> String {
        let mut redactor = Redactor::words(self.clone());
        let mut redacted = Vec::new();
        redactor.feed(text.as_bytes(), &mut redacted);
        redactor.finish(&mut redacted, true);
        String::from_utf8_lossy(&redacted).into_owned()
    }
}

/// As it is; as in JSON that is quoted in JSON, with and without characters beyond ASCII; and as in addresses, which often
/// leave as they are what need not be spelled out, and have a plus for a blank.
fn spellings(text: &str) -> [String; 6] {
    let written = serde_json::Value::from(text).to_string();
    let written = written.get(1..written.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let address = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let lenient = utf8_percent_encode(text, RESERVED).to_string();
    let form = lenient.replace("%20", "+");
    [text.to_owned(), ascii(&written), written, address, lenient, form]
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters beyond ASCII as JSON escapes.
fn ascii(written: &str) -> String {
    let mut escaped = String::new();
    for character in written.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

impl fmt::Debug for Private {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Private(redacted)")
    }
}

/// The SHA-256 of bytes.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
