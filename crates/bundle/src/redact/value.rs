//! Values that are left out by the name of their member.

use sha2::{Digest as _, Sha256};

use super::{find::Match, unit};
use crate::link::placeholder;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Url,
    RevisedPrompt,
}

const MEMBERS: [(&str, Member); 2] = [("url", Member::Url), ("revised_prompt", Member::RevisedPrompt)];
/// A link that is its own file.
const DATA: &[u8] = b"data:";

/// A quotation mark and the backslashes before it, of which JSON in JSON has some.
#[derive(Clone, Copy)]
pub(super) struct Delimiter {
    backslashes: usize,
    mark: u8,
}

impl Delimiter {
    pub(super) fn raw(self) -> usize {
        self.backslashes + 1
    }
}

/// The delimiter that a text begins with.
pub(super) fn delimiter(text: &[u8], is_end: bool) -> Match<Delimiter> {
    let backslashes = unit::backslashes(text);
    match text.get(backslashes) {
        Some(mark @ (b'"' | b'\'')) => Match::Whole(Delimiter { backslashes, mark: *mark }),
        None if !is_end => Match::Undecided,
        Some(_) | None => Match::No,
    }
}

/// The name that a text begins with, in its quotes, and how many bytes that takes.
pub(super) fn name(text: &[u8], is_end: bool) -> Match<(Member, usize)> {
    let delimiter = match delimiter(text, is_end) {
        Match::Whole(delimiter) => delimiter,
        Match::Undecided => return Match::Undecided,
        Match::No => return Match::No,
    };
    let mut found = Match::No;
    for (name, member) in MEMBERS {
        match quoted(text, name.as_bytes(), delimiter, is_end) {
            Match::Whole(taken) => return Match::Whole((member, taken)),
            Match::Undecided => found = Match::Undecided,
            Match::No => {}
        }
    }
    found
}

fn quoted(text: &[u8], name: &[u8], delimiter: Delimiter, is_end: bool) -> Match<usize> {
    let undecided = if is_end { Match::No } else { Match::Undecided };
    let mut at = delimiter.raw();
    for expected in name {
        match unit::nested(text.get(at..).unwrap_or_default(), is_end) {
            None => return undecided,
            Some(unit) if unit.one() == Some(*expected) && !unit.is_odd => at += unit.raw,
            Some(_) => return Match::No,
        }
    }
    // The same delimiter closes it.
    for opening in text.iter().take(delimiter.raw()) {
        match text.get(at) {
            None => return undecided,
            Some(closing) if closing == opening => at += 1,
            Some(_) => return Match::No,
        }
    }
    Match::Whole(at)
}

/// A value on its way out.
pub(super) struct Value {
    member: Member,
    delimiter: Delimiter,
    characters: u64,
    digest: Sha256,
}

pub(super) enum Step {
    /// So many bytes are left out.
    Taken(usize),
    /// The value stays.
    Kept,
    /// The delimiter that closes it comes next, and takes so many bytes.
    Over(usize),
}

impl Value {
    pub(super) fn new(member: Member, delimiter: Delimiter) -> Self {
        Self { member, delimiter, characters: 0, digest: Sha256::new() }
    }

    /// `None` when more has to come.
    pub(super) fn take(&mut self, text: &[u8], is_end: bool) -> Option<Step> {
        if self.member == Member::Url && self.characters == 0 && is_data(text, is_end)? {
            return Some(Step::Kept);
        }
        let mut taken = 0;
        while let Some(rest) = text.get(taken..).filter(|rest| !rest.is_empty()) {
            match self.next(rest, is_end) {
                Some(Step::Taken(more)) => taken += more,
                Some(over) if taken == 0 => return Some(over),
                Some(_) | None => break,
            }
        }
        (taken > 0).then_some(Step::Taken(taken))
    }

    /// One character of it, or its end.
    fn next(&mut self, text: &[u8], is_end: bool) -> Option<Step> {
        let Delimiter { backslashes, mark } = self.delimiter;
        // A backslash of the value is as many of the text, and a quotation mark of it has more than the delimiter.
        let literal = 2 * (backslashes + 1);
        let run = text.iter().take(literal).take_while(|byte| **byte == b'\\').count();
        let (bytes, raw) = match text.get(run) {
            _ if run == literal => (&b"\\"[..], literal),
            None if run > 0 && !is_end => return None,
            Some(next) if *next == mark && run <= backslashes => return Some(Step::Over(run + 1)),
            Some(next) if *next == mark => (&[mark][..], run + 1),
            Some(_) | None => {
                let unit = if backslashes == 0 { unit::first } else { unit::nested }(text, is_end)?;
                self.add(unit.bytes());
                return Some(Step::Taken(unit.raw));
            }
        };
        self.add(bytes);
        Some(Step::Taken(raw))
    }

    fn add(&mut self, bytes: &[u8]) {
        let begins = |byte: &&u8| **byte & 0xc0 != 0x80;
        self.characters += bytes.iter().filter(begins).count() as u64;
        self.digest.update(bytes);
    }

    /// What stands for it: nothing for an empty one. A link has a digest.
    pub(super) fn closed(self, links: usize) -> Option<(String, Option<[u8; 32]>)> {
        match self.member {
            _ if self.characters == 0 => None,
            Member::RevisedPrompt => {
                Some((format!("[revised prompt of {} characters]", self.characters), None))
            }
            Member::Url => Some((placeholder(links), Some(self.digest.finalize().into()))),
        }
    }
}

/// `None` when more has to come.
fn is_data(text: &[u8], is_end: bool) -> Option<bool> {
    match unit::begins(text, DATA, is_end) {
        Match::Whole(_) => Some(true),
        Match::No => Some(false),
        Match::Undecided => None,
    }
}
