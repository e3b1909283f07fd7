//! Text from outside, made fit for people's eyes: nothing private in it, nothing that steers a terminal, not too long.

/// The longest quotation of a service, in characters.
const WORDS: usize = 300;
/// The longest label (code, parameter, request id), in characters.
const LABEL: usize = 200;
/// The longest body, in characters.
const BODY: usize = 2000;
/// ASCII without a space that is longer than this is a payload and not a word.
const RUN: usize = 100;
/// A prompt at least this long, in bytes, is taken out wherever it stands; a shorter one only as words of its own,
/// since "cat" must not make holes in "category".
const LONG: usize = 12;
/// So many bytes of a private word at the end of a text are taken for its beginning.
const BEGINNING: usize = 4;

/// Takes what is private out of a service's words.
#[derive(Clone, Copy, Default)]
pub(crate) struct Scrub<'a> {
    pub(crate) secret: Option<&'a str>,
    pub(crate) prompt: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
}

impl Scrub<'_> {
    /// A sentence of the service.
    pub(crate) fn words(&self, text: &str) -> String {
        let text = self.private(text);
        let words: Vec<String> = text.split_whitespace().map(shorten).collect();
        clip(&words.join(" "), WORDS)
    }

    /// A whole body, in which JSON may stand without any space.
    pub(crate) fn body(&self, text: &str) -> String {
        let text = self.private(text);
        let ends = |character: char| character.is_whitespace() || "\"'<>,{}[]()\\".contains(character);
        let words: String = text
            .split_inclusive(ends)
            .map(|word| match word.char_indices().next_back() {
                Some((at, end)) if ends(end) => shorten(&word[..at]) + &word[at..],
                _ => shorten(word),
            })
            .collect();
        clip(&words, BODY)
    }

    /// A code, a parameter's name, a request id.
    pub(crate) fn label(&self, text: &str) -> String {
        clip(&self.private(text), LABEL)
    }

    fn private(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(secret) = self.secret.filter(|secret| !secret.is_empty()) {
            text = cut(text.replace(secret, "[credential]"), secret, "[credential]");
        }
        for (private, name) in [(self.prompt, "[prompt]"), (self.user, "[user]")] {
            if let Some(private) = private.map(str::trim).filter(|private| !private.is_empty()) {
                text = cut(replace(&text, private, name), private, name);
                // As it stands in JSON that is quoted as plain text.
                let escaped = serde_json::Value::from(private).to_string();
                let escaped = escaped.trim_matches('"');
                text = cut(replace(&text, escaped, name), escaped, name);
            }
        }
        text
    }
}

/// At most `limit` characters, whitespace as single spaces, control characters written out.
pub(crate) fn clip(text: &str, limit: usize) -> String {
    let mut clipped = String::new();
    let text = text.trim();
    let mut spaced = false;
    for (position, character) in text.chars().enumerate() {
        if position == limit {
            clipped.push('…');
            break;
        }
        let blank = matches!(character, ' ' | '\t' | '\r' | '\n');
        if blank && !spaced {
            clipped.push(' ');
        } else if !blank && steers(character) {
            clipped.extend(character.escape_unicode());
        } else if !blank {
            clipped.push(character);
        }
        spaced = blank;
    }
    clipped
}

/// Control characters, and those that change the direction of writing or are not seen at all.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// Links lose their query, where signatures are; payloads become their length.
fn shorten(word: &str) -> String {
    match word.split_once(['?', '#']) {
        Some((address, _)) if address.contains("://") => format!("{}?[…]", shorten(address)),
        _ if word.is_ascii() && word.len() > RUN => format!("[{} characters]", word.len()),
        _ => word.to_owned(),
    }
}

/// Takes `private` out, and of a long one every beginning that is long as well: services cut what they repeat.
fn replace(text: &str, private: &str, name: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    let ends = private.char_indices().map(|(at, character)| at + character.len_utf8());
    let head =
        ends.into_iter().find(|end| *end >= LONG).and_then(|end| private.get(..end)).unwrap_or(private);
    while let Some(start) = rest.find(head) {
        let (before, found) = rest.split_at(start);
        let length = common(found, private);
        let after = &found[length..];
        let inside_word = before.chars().next_back().is_some_and(char::is_alphanumeric)
            || after.chars().next().is_some_and(char::is_alphanumeric);
        replaced.push_str(before);
        replaced.push_str(if inside_word && private.len() < LONG { private } else { name });
        rest = after;
    }
    replaced + rest
}

/// A connection that breaks off, and our own limit, may end a text in the middle of a private word: its beginning is private
/// as well.
fn cut(mut text: String, private: &str, name: &str) -> String {
    let begun = (BEGINNING..private.len())
        .rev()
        .filter_map(|end| private.get(..end))
        .find_map(|beginning| text.strip_suffix(beginning));
    if let Some(kept) = begun.map(str::len) {
        text.replace_range(kept.., name);
    }
    text
}

/// How many bytes both begin with, in whole characters.
fn common(text: &str, other: &str) -> usize {
    text.chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one.len_utf8())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_words_are_taken_out() {
        let scrub = Scrub { secret: Some("sk-1"), prompt: Some("cat"), user: Some("user-9") };
        for (text, expected) in [
            ("the key sk-1 is wrong", "the key [credential] is wrong"),
            ("Bearer=xsk-1x", "Bearer=x[credential]x"),
            ("the prompt 'cat' in category 3", "the prompt '[prompt]' in category 3"),
            ("by user-9", "by [user]"),
            ("see https://a.example/x.png?sig=abc&se=1 now", "see https://a.example/x.png?[…] now"),
            ("a\r\n\tb", "a b"),
        ] {
            assert_eq!(scrub.words(text), expected);
        }
        let quoted = Scrub { prompt: Some("a \"red\"\nfox"), ..Scrub::default() };
        assert_eq!(quoted.words(r#"{"prompt":"a \"red\"\nfox"}"#), r#"{"prompt":"[prompt]"}"#);
        let long = Scrub { prompt: Some("a corgi in a field"), ..Scrub::default() };
        assert_eq!(long.words("xa corgi in a fieldx"), "x[prompt]x");
        assert_eq!(long.words("'a corgi in a ...' and 'a corgi'"), "'[prompt]...' and 'a corgi'");
    }

    #[test]
    fn a_private_word_that_is_cut_is_private_all_the_same() {
        let (secret, prompt) = ("sk-CANARY-KEY", "é \"red\" CANARY");
        let scrub = Scrub { secret: Some(secret), prompt: Some(prompt), user: Some("user-9") };
        for (private, name) in [
            (secret, "[credential]"),
            (prompt, "[prompt]"),
            ("é \\\"red\\\" CANARY", "[prompt]"),
            ("user-9", "[user]"),
        ] {
            for end in (BEGINNING..=private.len()).filter(|end| private.is_char_boundary(*end)) {
                let text = format!("no entry for {}", &private[..end]);
                assert_eq!(scrub.words(&text), format!("no entry for {name}"), "{text}");
            }
        }
        assert_eq!(scrub.words("the user"), "the [user]");
        assert_eq!(scrub.words("a sk-"), "a sk-");
    }

    #[test]
    fn payloads_become_their_length() {
        let scrub = Scrub::default();
        assert_eq!(scrub.words(&format!("bad image {}", "QUJD".repeat(100))), "bad image [400 characters]");
    }

    #[test]
    fn bodies_keep_their_form() {
        let scrub = Scrub { secret: Some("sk-1"), prompt: Some("cat"), user: None };
        let body = format!(
            r#"{{"error":{{"message":"no cat for sk-1","url":"https://a.example/x?sig=abc","b64_json":"{}"}}}}"#,
            "QUJD".repeat(100)
        );
        assert_eq!(
            scrub.body(&body),
            r#"{"error":{"message":"no [prompt] for [credential]","url":"https://a.example/x?[…]","b64_json":"[400 characters]"}}"#
        );
        assert_eq!(scrub.body(&"a ".repeat(4000)).chars().count(), 2001);
    }

    #[test]
    fn nothing_steers_a_terminal_and_nothing_is_long() {
        assert_eq!(clip("\u{1b}[31mred\u{202e}", 99), "\\u{1b}[31mred\\u{202e}");
        assert_eq!(clip(&"é".repeat(400), 300).chars().count(), 301);
        assert_eq!(clip("  ", 300), "");
    }
}
