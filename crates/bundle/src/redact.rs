//! Taking what is private out of a body while it arrives.
//!
//! JSON that is whole, broken or cut, JSON in JSON, streams of events and plain text are all read in one way: as text in
//! which escapes stand for characters, wherever they are. So a private word is found in any spelling, and nothing depends
//! on where strings begin, which a broken body does not tell. Two members are known by their names: the value of
//! `revised_prompt` is left out, and that of `url` becomes a placeholder. Any other link loses its query, with which it
//! is signed. Every other byte passes as it is.

mod address;
mod context;
mod find;
mod known;
mod unit;
mod value;

use std::{fmt, sync::Arc};

use sha2::Digest as _;

pub(crate) use self::known::{CREDENTIAL, Known};
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
    known: Arc<Known>,
    /// Whether members are known by their names.
    knows_members: bool,
    /// What is not decided yet.
    waiting: Vec<u8>,
    context: Context,
    state: State,
    /// Within the host or the path of a link.
    is_link: bool,
    /// What is being left out of a text.
    skip: Option<Skip>,
    /// So many bytes of an escape are left.
    inside: usize,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Skip {
    /// The query and the fragment of a link.
    Query,
    /// The mask in a credential.
    Mask,
    /// What a mask leaves of it.
    Tail,
}

impl Redactor {
    /// For the body of an answer to the request with this credential, prompt and user.
    #[must_use]
    pub fn new(private: Private) -> Self {
        Self { knows_members: true, ..Self::words(private) }
    }

    /// For a text that is no body.
    pub(crate) fn words(private: Private) -> Self {
        Self {
            known: private.known,
            knows_members: false,
            waiting: Vec::new(),
            context: Context::default(),
            state: State::Text,
            is_link: false,
            skip: None,
            inside: 0,
            links: 0,
            digests: Vec::new(),
        }
    }

    /// The next bytes of the body. What is decided is appended to `redacted`.
    pub fn feed(&mut self, bytes: &[u8], redacted: &mut Vec<u8>) {
        self.waiting.extend_from_slice(bytes);
        self.run(redacted, Seek { is_end: false, is_whole: false, is_inside: false });
    }

    /// The body has ended. `is_whole`: nobody cut it, so that what stands at its end is not taken for the beginning of a
    /// private word.
    pub fn finish(&mut self, redacted: &mut Vec<u8>, is_whole: bool) {
        self.run(redacted, Seek { is_end: true, is_whole, is_inside: false });
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
                let (member, has_colon) = (*member, *has_colon);
                self.after_name(member, has_colon, rest, redacted, seek.is_end)
            }
            State::Value(value) => match value.take(rest, seek.is_end)? {
                Step::Taken(taken) => Some(taken),
                Step::Kept => {
                    self.state = State::Text;
                    Some(0)
                }
                Step::Over(delimiter) => {
                    if let State::Value(value) = std::mem::replace(&mut self.state, State::Text) {
                        self.close(value, redacted);
                    }
                    self.pass(rest.get(..delimiter)?, redacted);
                    Some(delimiter)
                }
            },
        }
    }

    /// The colon and the blanks between the name of a member and its value.
    fn after_name(
        &mut self,
        member: Member,
        has_colon: bool,
        rest: &[u8],
        redacted: &mut Vec<u8>,
        is_end: bool,
    ) -> Option<usize> {
        let taken = match value::delimiter(rest, is_end) {
            Match::Undecided => return None,
            Match::Whole(delimiter) if has_colon => {
                self.state = State::Value(Value::new(member, delimiter));
                delimiter.raw()
            }
            Match::Whole(_) | Match::No => {
                let unit = unit::nested(rest, is_end)?;
                match unit.one() {
                    Some(byte) if unit::is_blank(byte) => {}
                    Some(b':') if !has_colon => self.state = State::Name(member, true),
                    _ => {
                        self.state = State::Text;
                        return Some(0);
                    }
                }
                unit.raw
            }
        };
        self.pass(rest.get(..taken)?, redacted);
        Some(taken)
    }

    fn text(&mut self, rest: &[u8], redacted: &mut Vec<u8>, seek: Seek) -> Option<usize> {
        if let Some(skip) = self.skip {
            return self.left_out(skip, rest, seek.is_end);
        }
        let plain = if self.is_link || self.inside > 0 { 0 } else { self.plain(rest) };
        if plain > 0 {
            self.pass(rest.get(..plain)?, redacted);
            return Some(plain);
        }
        let is_inside = self.inside > 0;
        if self.knows_members && !is_inside {
            match value::name(rest, seek.is_end) {
                Match::Whole((member, name)) => {
                    self.pass(rest.get(..name)?, redacted);
                    (self.state, self.is_link) = (State::Name(member, false), false);
                    return Some(name);
                }
                Match::Undecided => return None,
                Match::No => {}
            }
        }
        match find::word(&self.known, &self.context, rest, Seek { is_inside, ..seek }) {
            Match::Whole(found) => return self.replace(&found, rest, redacted),
            Match::Undecided => return None,
            Match::No => {}
        }
        if is_inside {
            self.inside -= 1;
            redacted.push(*rest.first()?);
            return Some(1);
        }
        match self.link_in(rest, redacted, seek.is_end) {
            Match::Whole(taken) => return Some(taken),
            Match::Undecided => return None,
            Match::No => {}
        }
        let unit = unit::decoded(rest, seek.is_end)?;
        redacted.push(*rest.first()?);
        match unit.raw {
            1 => self.context.saw(unit.bytes()),
            _ if unit.is_odd => self.context.saw(b"\\"),
            raw => {
                self.context.saw_escape(unit.bytes());
                self.inside = raw - 1;
            }
        }
        Some(1)
    }

    /// A private word is left out; what it took may be a part of a link.
    fn replace(&mut self, found: &Found, rest: &[u8], redacted: &mut Vec<u8>) -> Option<usize> {
        self.pass(found.name.as_bytes(), redacted);
        self.inside = 0;
        let left = address::left(rest.get(..found.taken)?, self.is_link);
        self.is_link = left.is_some();
        self.skip = match left {
            _ if found.is_masked => Some(Skip::Mask),
            Some(address::Left::Query) => Some(Skip::Query),
            Some(address::Left::Path) | None => None,
        };
        Some(found.taken)
    }

    /// How many bytes are left out next.
    fn left_out(&mut self, skip: Skip, rest: &[u8], is_end: bool) -> Option<usize> {
        if skip == Skip::Query {
            if !address::ends(rest, is_end)? {
                return Some(unit::shown(rest, is_end)?.raw);
            }
            (self.skip, self.is_link) = (None, false);
            return Some(0);
        }
        let is_tail = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_');
        match find::character(rest, is_end) {
            Match::Undecided => return None,
            Match::Whole((character, taken)) if skip == Skip::Mask && find::is_mask(character) => {
                return Some(taken);
            }
            Match::Whole((character, taken)) if is_tail(character) => {
                self.skip = Some(Skip::Tail);
                return Some(taken);
            }
            Match::Whole(_) | Match::No => self.skip = None,
        }
        Some(0)
    }

    /// A link that begins or goes on here.
    fn link_in(&mut self, rest: &[u8], redacted: &mut Vec<u8>, is_end: bool) -> Match<usize> {
        if !self.is_link {
            let found = address::scheme(rest, is_end);
            if let Match::Whole(taken) = found {
                self.pass(rest.get(..taken).unwrap_or_default(), redacted);
                self.is_link = true;
            }
            return found;
        }
        match address::ends(rest, is_end) {
            None => return Match::Undecided,
            Some(true) => {
                self.is_link = false;
                return Match::No;
            }
            Some(false) => {}
        }
        let found = address::query(rest, is_end);
        if let Match::Whole(_) = found {
            self.pass(address::CUT.as_bytes(), redacted);
            self.skip = Some(Skip::Query);
        }
        found
    }

    /// How many bytes begin nothing: most of a payload, so that it takes little time.
    fn plain(&self, text: &[u8]) -> usize {
        let begins = |at: usize, byte: u8| match (byte, text.get(at + 1), text.get(at + 2)) {
            (b'"' | b'\'' | b'\\' | b'%' | b'&', _, _)
            | (b'h' | b'H', Some(b't' | b'T' | b'\\'), _)
            | (_, None, _)
            | (_, _, None) => true,
            (_, Some(second), Some(third)) => self.known.may_begin(byte, *second, *third),
        };
        text.iter().enumerate().position(|(at, byte)| begins(at, *byte)).unwrap_or(text.len())
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
