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

/// The name that a text begins with, in its quotes, and how many bytes that takes.
pub(super) fn name(text: &[u8], is_end: bool) -> Match<(Member, usize)> {
    let mut found = Match::No;
    for (name, member) in MEMBERS {
        match quoted(text, name.as_bytes(), is_end) {
            Match::Whole(taken) => return Match::Whole((member, taken)),
            Match::Undecided => found = Match::Undecided,
            Match::No => {}
        }
    }
    found
}

fn quoted(text: &[u8], name: &[u8], is_end: bool) -> Match<usize> {
    let undecided = if is_end { Match::No } else { Match::Undecided };
    let mut at = 1;
    for expected in name {
        match unit::first(text.get(at..).unwrap_or_default(), is_end) {
            None => return undecided,
            Some(unit) if unit.bytes() == [*expected] => at += unit.raw,
            Some(_) => return Match::No,
        }
    }
    match text.get(at) {
        None => undecided,
        Some(b'"') => Match::Whole(at + 1),
        Some(_) => Match::No,
    }
}

/// A value on its way out.
pub(super) struct Value {
    member: Member,
    characters: u64,
    digest: Sha256,
}

pub(super) enum Step {
    /// So many bytes are left out.
    Taken(usize),
    /// The value stays.
    Kept,
    /// The closing quotation mark comes next.
    Over,
}

impl Value {
    pub(super) fn new(member: Member) -> Self {
        Self { member, characters: 0, digest: Sha256::new() }
    }

    /// `None` when more has to come.
    pub(super) fn take(&mut self, text: &[u8], is_end: bool) -> Option<Step> {
        if self.member == Member::Url && self.characters == 0 && is_data(text, is_end)? {
            return Some(Step::Kept);
        }
        let mut taken = 0;
        while let Some(rest) = text.get(taken..).filter(|rest| rest.first().is_some_and(|byte| *byte != b'"'))
        {
            let Some(unit) = unit::first(rest, is_end) else { break };
            let begins = |byte: &&u8| **byte & 0xc0 != 0x80;
            self.characters += unit.bytes().iter().filter(begins).count() as u64;
            self.digest.update(unit.bytes());
            taken += unit.raw;
        }
        match (taken, text.first()) {
            (0, Some(b'"')) => Some(Step::Over),
            (0, _) => None,
            (taken, _) => Some(Step::Taken(taken)),
        }
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
    let mut at = 0;
    for expected in DATA {
        match unit::first(text.get(at..).unwrap_or_default(), is_end) {
            Some(unit) if unit.bytes().eq_ignore_ascii_case(&[*expected]) => at += unit.raw,
            Some(_) => return Some(false),
            None if is_end => return Some(false),
            None => return None,
        }
    }
    Some(true)
}
