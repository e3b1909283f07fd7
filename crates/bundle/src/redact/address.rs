//! Links in a text: what comes after the path is what they are signed with.

use super::{find::Match, unit};

/// What stands for the query and the fragment of a link.
pub(super) const CUT: &str = "?[…]";

/// The beginning of a link, and how many bytes it takes.
pub(super) fn scheme(text: &[u8], is_end: bool) -> Match<usize> {
    match unit::begins(text, b"https://", is_end) {
        Match::No => unit::begins(text, b"http://", is_end),
        found => found,
    }
}

/// Whether a link ends before this text; `None` when more has to come.
pub(super) fn ends(text: &[u8], is_end: bool) -> Option<bool> {
    let Some(unit) = unit::shown(text, is_end) else { return is_end.then_some(true) };
    if unit.is_odd {
        return Some(true);
    }
    match unit.one() {
        Some(b'\'') => {
            // Addresses may hold one, and what it quotes does not go on like one.
            let next = text.get(unit.raw);
            let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"&=%_".contains(byte);
            if next.is_none() && !is_end { None } else { Some(!next.is_some_and(goes_on)) }
        }
        Some(byte) => Some(unit::is_blank(byte) || b"\"`<>\\".contains(&byte)),
        None => Some(false),
    }
}

/// Whether a query or a fragment begins here that is not empty, and how many bytes its sign takes.
pub(super) fn query(text: &[u8], is_end: bool) -> Match<usize> {
    let Some(unit) = unit::shown(text, is_end) else { return Match::Undecided };
    if !matches!(unit.one(), Some(b'?' | b'#')) {
        return Match::No;
    }
    match ends(text.get(unit.raw..).unwrap_or_default(), is_end) {
        None => Match::Undecided,
        Some(true) => Match::No,
        Some(false) => Match::Whole(unit.raw),
    }
}

/// What is known of the link that a text ends in, after this piece of it: `None` when it ends in none.
pub(super) fn left(piece: &[u8], is_link: bool) -> Option<Left> {
    let is_end = |byte: &u8| unit::is_blank(*byte) || b"\"<>`".contains(byte);
    let last = piece.iter().rposition(is_end);
    let rest = piece.get(last.map_or(0, |last| last + 1)..).unwrap_or_default();
    let begins = rest.windows(3).any(|three| three == b"://");
    let has_query = rest.iter().any(|byte| matches!(byte, b'?' | b'#'));
    match (begins || (is_link && last.is_none()), has_query) {
        (true, true) => Some(Left::Query),
        (true, false) => Some(Left::Path),
        (false, _) => None,
    }
}

/// A part of a link.
pub(super) enum Left {
    Path,
    Query,
}
