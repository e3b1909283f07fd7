//! Taking what is private out of a body while it arrives.
//!
//! JSON that is whole, broken or cut, streams of events and plain text are all read in one way: as text in which JSON
//! escapes stand for characters, wherever they are. So a private word is found in any spelling, and nothing depends on
//! where strings begin, which a broken body does not tell. Two members are known by their names: the value of
//! `revised_prompt` is left out, and that of `url` becomes a placeholder. Every other byte passes as it is.

mod context;
mod find;
mod unit;
mod value;

use std::fmt;

use sha2::Digest as _;

use self::{
    context::Context,
    find::{Found, Match, Seek},
    value::{Member, Step, Value},
};
use crate::Private;

/// As many links are remembered; more are replaced all the same.
const LINKS: usize = 1_024;

/// Takes out of a body what is private, in memory that grows with the longest private word alone.
pub struct Redactor {
    private: Private,
    /// Whether a byte may begin something.
    is_sign: Box<[bool; 256]>,
    /// Whether members are known by their names.
    knows_members: bool,
    /// What is not decided yet.
    waiting: Vec<u8>,
    context: Context,
    state: State,
    links: usize,
    /// The SHA-256 of each link.
    digests: Vec<[u8; 32]>,
}

/// What waits is not redacted yet.
impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redactor").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

enum State {
    Text,
    /// After the name of a member; the colon has come, or not.
    Name(Member, bool),
    Value(Value),
}

impl Redactor {
    /// For the body of an answer to the request with this credential, prompt and user.
    #[must_use]
    pub fn new(private: Private) -> Self {
        Self { knows_members: true, ..Self::words(private) }
    }

    /// For a text that is no body.
    pub(crate) fn words(private: Private) -> Self {
        let mut is_sign = Box::new([false; 256]);
        let first = |word: &crate::private::Word| word.text.bytes().next();
        for byte in private.words.iter().filter_map(first).chain(*b"\"\\") {
            is_sign[usize::from(byte)] = true;
        }
        Self {
            private,
            is_sign,
            knows_members: false,
            waiting: Vec::new(),
            context: Context::default(),
            state: State::Text,
            links: 0,
            digests: Vec::new(),
        }
    }

    /// The next bytes of the body. What is decided is appended to `redacted`.
    pub fn feed(&mut self, bytes: &[u8], redacted: &mut Vec<u8>) {
        self.waiting.extend_from_slice(bytes);
        self.run(redacted, Seek { is_end: false, is_whole: false });
    }

    /// The body has ended. `is_whole`: nobody cut it, so that what stands at its end is not taken for the beginning of a
    /// private word.
    pub fn finish(&mut self, redacted: &mut Vec<u8>, is_whole: bool) {
        self.run(redacted, Seek { is_end: true, is_whole });
        if let State::Value(value) = std::mem::replace(&mut self.state, State::Text) {
            self.close(value, redacted);
        }
    }

    /// The number of a link that the body held, by its text: the first one that `is_free`.
    pub(crate) fn link(&self, link: &str, is_free: impl Fn(usize) -> bool) -> Option<usize> {
        let digest: [u8; 32] = sha2::Sha256::digest(link.as_bytes()).into();
        let mut alike = self.digests.iter().enumerate().filter(|(_, known)| **known == digest);
        alike.find(|(number, _)| is_free(*number)).map(|(number, _)| number)
    }

    fn run(&mut self, redacted: &mut Vec<u8>, seek: Seek) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest = &waiting[..];
        while !rest.is_empty() {
            let Some(taken) = self.step(rest, redacted, seek) else { break };
            rest = rest.get(taken..).unwrap_or_default();
        }
        let left = rest.len();
        self.waiting = waiting;
        self.waiting.drain(..self.waiting.len() - left);
    }

    /// Decides about the first bytes of `rest` and says how many; `None` when more have to come first.
    fn step(&mut self, rest: &[u8], redacted: &mut Vec<u8>, seek: Seek) -> Option<usize> {
        match &mut self.state {
            State::Text => self.text(rest, redacted, seek),
            State::Name(member, has_colon) => {
                let member = *member;
                let first = *rest.first()?;
                match first {
                    b' ' | b'\t' | b'\r' | b'\n' => {}
                    b':' if !*has_colon => *has_colon = true,
                    b'"' if *has_colon => self.state = State::Value(Value::new(member)),
                    _ => {
                        self.state = State::Text;
                        return Some(0);
                    }
                }
                self.pass(rest.get(..1)?, redacted);
                Some(1)
            }
            State::Value(value) => match value.take(rest, seek.is_end)? {
                Step::Taken(taken) => Some(taken),
                Step::Kept => {
                    self.state = State::Text;
                    Some(0)
                }
                Step::Over => {
                    if let State::Value(value) = std::mem::replace(&mut self.state, State::Text) {
                        self.close(value, redacted);
                    }
                    self.pass(b"\"", redacted);
                    Some(1)
                }
            },
        }
    }

    fn text(&mut self, rest: &[u8], redacted: &mut Vec<u8>, seek: Seek) -> Option<usize> {
        let plain = self.plain(rest);
        if plain > 0 {
            self.pass(rest.get(..plain)?, redacted);
            return Some(plain);
        }
        match find::word(&self.private, &self.context, rest, seek) {
            Found::Word { taken, name } => {
                self.pass(name.as_bytes(), redacted);
                return Some(taken);
            }
            Found::Undecided => return None,
            Found::Nothing => {}
        }
        match rest {
            [b'"', ..] if self.knows_members => {
                let (member, name) = match value::name(rest, seek.is_end) {
                    Match::Whole(found) => found,
                    Match::Undecided => return None,
                    Match::No => {
                        self.pass(b"\"", redacted);
                        return Some(1);
                    }
                };
                self.pass(rest.get(..name)?, redacted);
                self.state = State::Name(member, false);
                Some(name)
            }
            [b'\\', ..] => {
                let unit = unit::first(rest, seek.is_end)?;
                match find::inside(&self.private, rest, unit.raw, seek) {
                    Match::Whole((kept, taken, name)) => {
                        self.pass(rest.get(..kept)?, redacted);
                        self.pass(name.as_bytes(), redacted);
                        Some(taken)
                    }
                    Match::Undecided => None,
                    Match::No => {
                        redacted.extend_from_slice(rest.get(..unit.raw)?);
                        self.context.saw(unit.bytes());
                        Some(unit.raw)
                    }
                }
            }
            _ => {
                self.pass(rest.get(..1)?, redacted);
                Some(1)
            }
        }
    }

    /// How many bytes begin nothing: most of a payload, so that it takes little time.
    fn plain(&self, text: &[u8]) -> usize {
        let mut signs = text.iter().enumerate().filter(|(_, byte)| self.is_sign[usize::from(**byte)]);
        let begins = |at: usize, byte: u8| match (byte, text.get(at + 1)) {
            (b'"' | b'\\', _) | (_, None | Some(b'\\')) => true,
            (first, Some(second)) => self.private.words.iter().any(|word| match word.text.as_bytes() {
                [one] => *one == first,
                [one, other, ..] => *one == first && other == second,
                [] => false,
            }),
        };
        signs.find(|(at, byte)| begins(*at, **byte)).map_or(text.len(), |(at, _)| at)
    }

    fn pass(&mut self, bytes: &[u8], redacted: &mut Vec<u8>) {
        redacted.extend_from_slice(bytes);
        self.context.saw(bytes);
    }

    /// Writes what stands for a value that was left out.
    fn close(&mut self, value: Value, redacted: &mut Vec<u8>) {
        let Some((text, digest)) = value.closed(self.links) else { return };
        if let Some(digest) = digest {
            self.links += 1;
            if self.digests.len() < LINKS {
                self.digests.push(digest);
            }
        }
        self.pass(text.as_bytes(), redacted);
    }
}
