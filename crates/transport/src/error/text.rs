//! Text from outside, made fit for people's eyes: nothing private in it, nothing that steers a terminal, not too long.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

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
        let text = self.private(&plain(text));
        let words: Vec<String> = text.split_whitespace().map(shorten).collect();
        clip(&words.join(" "), WORDS)
    }

    /// A whole body, in which JSON may stand without any space.
    pub(crate) fn body(&self, text: &str) -> String {
        let text = self.private(&plain(text));
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
            for secret in spellings(secret, &text) {
                text = cut(text.replace(&*secret, "[credential]"), &secret, "[credential]");
            }
        }
        for (private, name) in [(self.prompt, "[prompt]"), (self.user, "[user]")] {
            if let Some(private) = private.map(str::trim).filter(|private| !private.is_empty()) {
                let spellings = spellings(private, &text);
                text = replace(&text, &spellings, name);
                text = spellings.iter().fold(text, |text, private| cut(text, private, name));
            }
        }
        text
    }
}

/// How a private word may stand in that text: as it is, as in JSON that is quoted as plain text, and as in an address.
fn spellings<'a>(private: &'a str, text: &str) -> Vec<Cow<'a, str>> {
    // Without these no spelling but the first differs, and most texts are a plain word.
    if !text.contains(['\\', '%', '+']) {
        return vec![Cow::Borrowed(private)];
    }
    let address = utf8_percent_encode(private, NON_ALPHANUMERIC).to_string();
    // What addresses need not spell out is often left as it is, and a blank may be a plus.
    let lenient = utf8_percent_encode(private, RESERVED).to_string();
    let browser = utf8_percent_encode(private, COMPONENT).to_string();
    let form = lenient.replace("%20", "+");
    let small = |text: &str| {
        let mut parts = text.split('%');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| match part.split_at_checked(2) {
            Some((digits, rest)) => format!("{text}%{}{rest}", digits.to_ascii_lowercase()),
            None => format!("{text}%{part}"),
        })
    };
    let in_small_letters = [small(&address), small(&lenient), small(&browser), small(&form)];
    let mut spellings = vec![Cow::Borrowed(private)];
    for other in [quoted(private), address, lenient, browser, form].into_iter().chain(in_small_letters) {
        if spellings.iter().all(|known| **known != *other) {
            spellings.push(Cow::Owned(other));
        }
    }
    spellings
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What browsers leave as it is in a part of an address.
const COMPONENT: &AsciiSet = &RESERVED.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');

/// A body in which JSON spells every character in the shortest way: some services write all but ASCII as `\u732b`, and `/` as
/// `\/`. JSON that is quoted in JSON becomes as if it were not.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") && !text.contains("\\/") {
        return Cow::Borrowed(text);
    }
    let mut flat = Cow::Borrowed(text);
    if text.contains(r"\\u") || text.contains(r#"\\""#) {
        // One backslash for every run of them.
        let mut last = ' ';
        let is_first =
            |character: &char| std::mem::replace(&mut last, *character) != '\\' || *character != '\\';
        flat = text.chars().filter(is_first).collect::<String>().into();
    }
    let (mut plain, mut rest) = (String::with_capacity(text.len()), &*flat);
    while let Some((before, escape)) = rest.find('\\').map(|at| rest.split_at(at)) {
        plain.push_str(before);
        let length = match escape.as_bytes().get(1) {
            Some(b'u') if surrogates(escape) => 12,
            Some(b'u') => 6,
            Some(_) | None => 2,
        };
        let decoded = escape.split_at_checked(length).and_then(|(escape, after)| {
            Some((serde_json::from_str::<String>(&format!("\"{escape}\"")).ok()?, after))
        });
        rest = match decoded {
            Some((character, after)) => {
                plain.push_str(&quoted(&character));
                after
            }
            // An escape that is cut, or is none, stays.
            None => {
                plain.push('\\');
                escape.get(1..).unwrap_or_default()
            }
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The text as JSON has it between quotes, in the shortest way.
fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    // Not `trim_matches`: the text itself may end with a quote.
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// Whether two escapes stand for one character.
fn surrogates(escape: &str) -> bool {
    let is_high =
        |text: &str| matches!(text.as_bytes(), [b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..]);
    escape.get(2..6).is_some_and(is_high) && escape.get(6..8) == Some("\\u")
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

/// Takes a private word out, however it is spelt, and of a long one every beginning that is long as well: services cut what
/// they repeat.
fn replace(text: &str, spellings: &[Cow<'_, str>], name: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(start) = spellings.iter().filter_map(|private| rest.find(head(private))).min() {
        let (before, found) = rest.split_at(start);
        let fitting = spellings.iter().filter(|private| found.starts_with(head(private)));
        let longest =
            fitting.map(|private| (common(found, private), private)).max_by_key(|(length, _)| *length);
        let Some((length, private)) = longest else { break };
        let after = &found[length..];
        let inside_word = before.chars().next_back().is_some_and(char::is_alphanumeric)
            || after.chars().next().is_some_and(char::is_alphanumeric);
        replaced.push_str(before);
        replaced.push_str(if inside_word && private.len() < LONG { private } else { name });
        rest = after;
    }
    replaced + rest
}

/// As much of a private word as gives it away.
fn head(private: &str) -> &str {
    let ends = private.char_indices().map(|(at, character)| at + character.len_utf8());
    ends.into_iter().find(|end| *end >= LONG).and_then(|end| private.get(..end)).unwrap_or(private)
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

    /// Python spells out what is not ASCII, PHP the slash, Go what HTML minds, browsers everything.
    #[test]
    fn a_private_word_is_private_however_it_is_spelt() {
        let (secret, prompt) = ("sk-a/b+c", "猫の絵 \"🦊\" & more");
        let scrub = Scrub { secret: Some(secret), prompt: Some(prompt), user: None };
        for (body, expected) in [
            (r#"{"key":"sk-a\/b+c"}"#, r#"{"key":"[credential]"}"#),
            (r#"{"key":"sk-a\u002fb\u002Bc"}"#, r#"{"key":"[credential]"}"#),
            ("https://a.example/sk-a%2Fb%2Bc/x", "https://a.example/[credential]/x"),
            (r#"{"p":"\u732b\u306e\u7d75 \u0022\ud83e\udd8a\u0022 \u0026 more"}"#, r#"{"p":"[prompt]"}"#),
            (r#"{"p":"猫の絵 \"🦊\" & more"}"#, r#"{"p":"[prompt]"}"#),
            ("/x/%E7%8C%AB%E3%81%AE%E7%B5%B5+%22%F0%9F%A6%8A%22+%26+more/", "/x/[prompt]/"),
            ("/x/%e7%8c%ab%e3%81%ae%e7%b5%b5%20%22%f0%9f%a6%8a%22%20%26%20more/", "/x/[prompt]/"),
            (
                r#"{"m":"bad: {\"p\":\"\\u732b\\u306e\\u7d75 \\\"\\ud83e\\udd8a\\\" & more\"}"}"#,
                r#"{"m":"bad: {\"p\":\"[prompt]\"}"}"#,
            ),
            (r"\u732 \u \ud83e \", r"\u732 \u \ud83e \"),
        ] {
            assert_eq!(scrub.body(body), expected);
        }
        assert_eq!(scrub.words(r#"bad: "\u732b\u306e\u7d75 \"\ud83e\udd8a\" & more""#), r#"bad: "[prompt]""#);
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
