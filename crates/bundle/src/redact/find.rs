//! Finding private words.

use super::{
    context::{Context, RUN, is_base64, may_be_in_base64},
    unit,
};
use crate::{Private, private::Word};

/// So many bytes of a private word at the end of a body that is cut are taken for its beginning.
const BEGINNING: usize = 4;

/// What is known about the end of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seek {
    /// No more will come.
    pub(super) is_end: bool,
    /// The end is one, and not a cut.
    pub(super) is_whole: bool,
}

pub(super) enum Found {
    /// So many bytes are private, and this stands in their place.
    Word {
        taken: usize,
        name: &'static str,
    },
    Nothing,
    /// More has to come.
    Undecided,
}

/// Whether a text begins with something, and how many bytes it takes there.
pub(super) enum Match<T> {
    Whole(T),
    No,
    Undecided,
}

/// The longest private word that the text begins with.
pub(super) fn word(private: &Private, context: &Context, text: &[u8], seek: Seek) -> Found {
    let mut found = Found::Nothing;
    let mut longest = 0;
    for word in &private.words {
        match begins(word, context, text, seek) {
            Match::Whole(taken) if taken > longest => {
                longest = taken;
                found = Found::Word { taken, name: word.name };
            }
            Match::Whole(_) | Match::No => {}
            Match::Undecided => return Found::Undecided,
        }
    }
    found
}

/// A long word that begins within the first `raw` bytes, which are an escape: where the text is no JSON, or where JSON
/// is quoted in JSON. Gives how many bytes before it stay, how many are taken in all, and the name.
pub(super) fn inside(
    private: &Private,
    text: &[u8],
    raw: usize,
    seek: Seek,
) -> Match<(usize, usize, &'static str)> {
    let nowhere = Context::default();
    for at in 1..raw {
        let rest = text.get(at..).unwrap_or_default();
        for word in private.words.iter().filter(|word| !word.is_short()) {
            match begins(word, &nowhere, rest, Seek { is_whole: true, ..seek }) {
                Match::Whole(taken) => {
                    // The backslash before an escape belongs to it.
                    let kept = if rest.first() == Some(&b'\\') { 0 } else { at };
                    return Match::Whole((kept, at + taken, word.name));
                }
                Match::Undecided => return Match::Undecided,
                Match::No => {}
            }
        }
    }
    Match::No
}

fn begins(word: &Word, context: &Context, text: &[u8], seek: Seek) -> Match<usize> {
    let needle = word.text.as_bytes();
    let (mut matched, mut taken) = (0, 0);
    // Both again, in whole characters.
    let mut known = (0, 0);
    while matched < needle.len() {
        let rest = text.get(taken..).unwrap_or_default();
        let Some(unit) = unit::first(rest, false) else {
            return match seek.is_end {
                false => Match::Undecided,
                // An escape that is cut belongs to it.
                true if !seek.is_whole && matched >= BEGINNING => Match::Whole(text.len()),
                true => enough(word, known),
            };
        };
        if !needle.get(matched..).is_some_and(|needle| needle.starts_with(unit.bytes())) {
            return enough(word, known);
        }
        matched += unit.bytes().len();
        taken += unit.raw;
        if word.text.is_char_boundary(matched) {
            known = (matched, taken);
        }
    }
    if word.is_short() { alone(word, context, text, taken, seek.is_end) } else { Match::Whole(taken) }
}

/// A beginning that is long is as private as the whole.
fn enough(word: &Word, (matched, taken): (usize, usize)) -> Match<usize> {
    if !word.is_short() && matched >= word.enough { Match::Whole(taken) } else { Match::No }
}

/// Whether a short word is one of its own: not a part of another, nor of a payload, nor a number among others.
fn alone(word: &Word, context: &Context, text: &[u8], taken: usize, is_end: bool) -> Match<usize> {
    if context.ends_in_word() || (word.is_scalar() && context.opens_value()) {
        return Match::No;
    }
    let after = text.get(taken..).unwrap_or_default();
    match character(after, is_end) {
        Match::Undecided => return Match::Undecided,
        Match::Whole(next) if next.is_alphanumeric() => return Match::No,
        Match::Whole(_) | Match::No => {}
    }
    if !word.text.bytes().all(is_base64) {
        return Match::Whole(taken);
    }
    let (mut run, mut at) = (context.run() + word.text.len(), 0);
    while run <= RUN {
        match unit::first(after.get(at..).unwrap_or_default(), is_end) {
            None if is_end => break,
            None => return Match::Undecided,
            Some(unit) if !unit.bytes().iter().all(|byte| may_be_in_base64(*byte)) => break,
            Some(unit) => (run, at) = (run + 1, at + unit.raw),
        }
    }
    if run > RUN { Match::No } else { Match::Whole(taken) }
}

/// The first character of a text; there is none at its end, and none where no UTF-8 is.
fn character(text: &[u8], is_end: bool) -> Match<char> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while bytes.len() < 4 {
        let Some(unit) = unit::first(text.get(at..).unwrap_or_default(), is_end) else {
            return if is_end { Match::No } else { Match::Undecided };
        };
        bytes.extend_from_slice(unit.bytes());
        at += unit.raw;
        if let Some(character) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
            return Match::Whole(character);
        }
        if bytes.first().is_some_and(u8::is_ascii) {
            break;
        }
    }
    Match::No
}
