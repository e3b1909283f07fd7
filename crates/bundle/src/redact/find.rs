//! Finding private words.

use super::{
    context::{Context, RUN, is_base64, may_be_in_base64},
    known::{Known, LONG, Word},
    unit,
};

/// So many bytes of a private word at the end of a body that is cut are taken for its beginning, and so many of a
/// credential before a mask.
const BEGINNING: usize = 4;
/// A part may stand in more places of a word than are worth a look.
const PLACES: usize = 8;
/// So many blanks are looked past for what ends a value.
const BLANKS: usize = 64;

/// What is known about the end of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seek {
    /// No more will come.
    pub(super) is_end: bool,
    /// The end is one, and not a cut.
    pub(super) is_whole: bool,
    /// Within an escape, where short words are those of the escape.
    pub(super) is_inside: bool,
}

/// So many bytes are private, and this stands in their place.
pub(super) struct Found {
    pub(super) taken: usize,
    pub(super) name: &'static str,
    /// A mask follows, and what it leaves over.
    pub(super) is_masked: bool,
}

/// Whether a text begins with something, and what.
pub(super) enum Match<T> {
    Whole(T),
    No,
    Undecided,
}

/// The longest private word that the text begins with.
pub(super) fn word(known: &Known, context: &Context, text: &[u8], seek: Seek) -> Match<Found> {
    // A backslash that escapes nothing stays, and what a text goes on with after it begins there.
    match unit::decoded(text, seek.is_end) {
        None => return Match::Undecided,
        Some(unit) if unit.is_odd => return Match::No,
        Some(_) => {}
    }
    let short = known.words.iter().filter(|word| word.is_short() && !seek.is_inside);
    let short = short.map(|word| (word, short_word(word, context, text, seek)));
    let long = known.words.iter().filter(|word| !word.is_short());
    let long = long.map(|word| (word, beginning(word, text, seek)));
    let first = match part(known, text, seek) {
        Match::Undecided => return Match::Undecided,
        Match::Whole(found) => Some(found),
        Match::No => None,
    };
    let mut longest = first;
    for (word, found) in short.chain(long) {
        match found {
            Match::Undecided => return Match::Undecided,
            Match::Whole((taken, is_masked)) => {
                if longest.as_ref().is_none_or(|longest| taken > longest.taken || is_masked) {
                    longest = Some(Found { taken, name: word.name, is_masked });
                }
            }
            Match::No => {}
        }
    }
    longest.map_or(Match::No, Match::Whole)
}

/// A long word from some place of it on, as far as it goes.
fn part(known: &Known, text: &[u8], seek: Seek) -> Match<Found> {
    let mut bytes = Vec::with_capacity(LONG + 4);
    let mut at = 0;
    while bytes.len() < LONG {
        if let [first, second, third] = bytes[..]
            && !known.may_begin(first, second, third)
        {
            return Match::No;
        }
        match unit::collapsed(text.get(at..).unwrap_or_default(), seek.is_end, unit::is_blank_or_plus) {
            None if seek.is_end => return Match::No,
            None => return Match::Undecided,
            Some(unit) => {
                bytes.extend_from_slice(unit.bytes());
                at += unit.raw;
            }
        }
    }
    let Some(bytes) = bytes.first_chunk() else { return Match::No };
    let mut longest: Option<Found> = None;
    for (word, from) in known.places(bytes).take(PLACES) {
        let Some(along) = along(word, from, text, seek.is_end) else { return Match::Undecided };
        if along.matched >= LONG && longest.as_ref().is_none_or(|longest| along.taken > longest.taken) {
            longest = Some(Found { taken: along.taken, name: word.name, is_masked: false });
        }
    }
    longest.map_or(Match::No, Match::Whole)
}

/// How far a text is the same as a word.
struct Along {
    /// In the word and in the text, in whole characters.
    matched: usize,
    taken: usize,
    /// As far as all of the text went.
    is_all: bool,
}

/// `None` when more has to come.
fn along(word: &Word, from: usize, text: &[u8], is_end: bool) -> Option<Along> {
    let needle = word.text.get(from..).unwrap_or_default();
    let (mut matched, mut at) = (0, 0);
    let mut along = Along { matched: 0, taken: 0, is_all: false };
    while matched < needle.len() {
        let rest = text.get(at..).unwrap_or_default();
        let unit = unit::collapsed(rest, false, unit::is_blank_or_plus);
        let is_cut = unit.is_none();
        if is_cut && !is_end {
            return None;
        }
        let Some(unit) = unit.or_else(|| unit::collapsed(rest, true, unit::is_blank_or_plus)) else {
            along.is_all = true;
            break;
        };
        if !needle.get(matched..).is_some_and(|needle| needle.starts_with(unit.bytes())) {
            // An escape that is cut may go on as the word does.
            along.is_all = is_cut && unit.one() != Some(b' ');
            break;
        }
        matched += unit.bytes().len();
        at += unit.raw;
        if word.is_boundary(from + matched) {
            along.matched = matched;
            // Blanks and quotation marks after it are rather those of the text.
            if !(unit.one() == Some(b' ') || rest.first() == Some(&b'"')) {
                along.taken = at;
            }
        }
    }
    Some(along)
}

/// The beginning of a long word: where a text is cut, and that of a credential before a mask.
fn beginning(word: &Word, text: &[u8], seek: Seek) -> Match<(usize, bool)> {
    let Some(along) = along(word, 0, text, seek.is_end) else { return Match::Undecided };
    if along.matched < BEGINNING {
        return Match::No;
    }
    if along.is_all && !seek.is_whole {
        // An escape that is cut belongs to it.
        return Match::Whole((text.len(), false));
    }
    if !word.is_credential() || along.matched == word.text.len() {
        return Match::No;
    }
    match character(text.get(along.taken..).unwrap_or_default(), seek.is_end) {
        Match::Whole((character, _)) if is_mask(character) => Match::Whole((along.taken, true)),
        Match::Undecided => Match::Undecided,
        Match::Whole(_) | Match::No => Match::No,
    }
}

/// What stands for the middle of a credential.
pub(super) fn is_mask(character: char) -> bool {
    matches!(character, '*' | '.' | '…')
}

fn short_word(word: &Word, context: &Context, text: &[u8], seek: Seek) -> Match<(usize, bool)> {
    let (mut matched, mut taken) = (0, 0);
    while let Some(needle) = word.text.get(matched..).filter(|needle| !needle.is_empty()) {
        let Some(unit) = unit::collapsed(text.get(taken..).unwrap_or_default(), false, unit::is_blank) else {
            return match seek.is_end {
                false => Match::Undecided,
                true if !seek.is_whole && matched >= BEGINNING => Match::Whole((text.len(), false)),
                true => Match::No,
            };
        };
        let is_plus = unit.one() == Some(b'+') && needle.first() == Some(&b' ');
        if !is_plus && !needle.starts_with(unit.bytes()) {
            return Match::No;
        }
        matched += unit.bytes().len();
        taken += unit.raw;
    }
    match alone(word, context, text, taken, seek.is_end) {
        Match::Whole(taken) => Match::Whole((taken, false)),
        Match::Undecided => Match::Undecided,
        Match::No => Match::No,
    }
}

/// Whether a short word is one of its own: not a part of another, nor of a payload, nor a number among others.
fn alone(word: &Word, context: &Context, text: &[u8], taken: usize, is_end: bool) -> Match<usize> {
    if context.ends_in_word() {
        return Match::No;
    }
    let after = text.get(taken..).unwrap_or_default();
    match character(after, is_end) {
        Match::Undecided => return Match::Undecided,
        Match::Whole((next, _)) if next.is_alphanumeric() => return Match::No,
        Match::Whole(_) | Match::No => {}
    }
    if word.is_scalar && !word.is_credential() && context.opens_value() {
        match ends_value(after, is_end) {
            Some(true) => return Match::No,
            Some(false) => {}
            None => return Match::Undecided,
        }
    }
    if !word.text.iter().all(|byte| is_base64(*byte)) {
        return Match::Whole(taken);
    }
    let (mut run, mut at) = (context.run() + word.text.len(), 0);
    while run <= RUN {
        match unit::decoded(after.get(at..).unwrap_or_default(), is_end) {
            None if is_end => break,
            None => return Match::Undecided,
            Some(unit) if !unit.bytes().iter().all(|byte| may_be_in_base64(*byte)) => break,
            Some(unit) => (run, at) = (run + 1, at + unit.raw),
        }
    }
    if run > RUN { Match::No } else { Match::Whole(taken) }
}

/// Whether a value of JSON ends before this text; `None` when more has to come.
fn ends_value(text: &[u8], is_end: bool) -> Option<bool> {
    match text.iter().take(BLANKS).find(|byte| !byte.is_ascii_whitespace()) {
        Some(byte) => Some(matches!(byte, b',' | b'}' | b']')),
        None if is_end || text.len() >= BLANKS => Some(false),
        None => None,
    }
}

/// The first character of a text and how many bytes it takes; there is none at its end, and none where no UTF-8 is.
pub(super) fn character(text: &[u8], is_end: bool) -> Match<(char, usize)> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while bytes.len() < 4 {
        let Some(unit) = unit::decoded(text.get(at..).unwrap_or_default(), is_end) else {
            return if is_end { Match::No } else { Match::Undecided };
        };
        bytes.extend_from_slice(unit.bytes());
        at += unit.raw;
        if let Some(character) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
            return Match::Whole((character, at));
        }
        if bytes.first().is_some_and(u8::is_ascii) {
            break;
        }
    }
    Match::No
}
