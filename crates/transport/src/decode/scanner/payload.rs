//! One payload: from the inside of a JSON string to the bytes of an image.
//!
//! It obeys the table of leniencies of [`decode::base64`](crate::decode::base64()) without ever seeing more than a piece.

use memchr::memchr2;

use super::{
    super::Fault,
    symbols::Decoder,
    text::{Text, Unit},
};

/// The longest prefix that tells a `data:` link from base64, which may begin with the same letters.
const SCHEME: &[u8] = b"data:";
const ENCODING: &[u8] = b";base64";

#[derive(Debug)]
pub(super) struct Payload {
    lossy: bool,
    text: Text,
    phase: Phase,
    decoder: Decoder,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Before the first symbol; so many letters of `data:` have been seen.
    Opening { matched: usize },
    /// Before the comma of a `data:` link; the last characters, the latest at the end.
    Head { last: [u8; ENCODING.len()] },
    /// In the base64.
    Body,
    /// Broken: what is left only has to be a string.
    Skipped,
}

/// Why [`Payload::take`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The input is used up.
    Input,
    /// The scratch buffer is full.
    Full,
    /// The payload is broken; its string goes on.
    Broken(Fault),
    /// The string ended. `Some`: and so does the payload, well or not. `None`: it was broken before.
    Closed(Option<Result<(), Fault>>),
    /// The string is not a string.
    NotText,
}

impl Payload {
    /// `lossy` forgives bytes that are not UTF-8 where they do not matter.
    pub(super) fn new(lossy: bool) -> Self {
        Self { lossy, text: Text::Plain, phase: Phase::Body, decoder: Decoder::new() }
    }

    /// Begins after an opening quote.
    pub(super) fn begin(&mut self) {
        self.text = Text::Plain;
        self.phase = Phase::Opening { matched: 0 };
        self.decoder.begin();
    }

    /// Hands out the bytes that are decoded.
    pub(super) fn decoded(&mut self) -> &[u8] {
        self.decoder.decoded()
    }

    /// Whether there are decoded bytes to hand out.
    pub(super) fn is_pending(&self) -> bool {
        // While it may still be a `data:` link, the letters that are base64 as well are not an image.
        !matches!(self.phase, Phase::Opening { .. }) && self.decoder.is_pending()
    }

    /// The size of the buffers, in bytes.
    pub(super) fn capacity(&self) -> usize {
        self.decoder.capacity()
    }

    /// Takes from the front of `input` until there is a reason to stop.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Stop {
        loop {
            let Some((&byte, rest)) = input.split_first() else { return Stop::Input };
            let plain = self.text == Text::Plain;
            if plain && byte == b'"' {
                *input = rest;
                return self.close();
            }
            if plain && byte != b'\\' && matches!(self.phase, Phase::Body) {
                // A run without escapes: the fast way, and the usual one. Looking no further than there is room keeps
                // the time linear when the whole body comes in one piece.
                let (near, _) = input.split_at(input.len().min(self.decoder.room()));
                let (mut run, _) = near.split_at(memchr2(b'"', b'\\', near).unwrap_or(near.len()));
                let length = run.len();
                let result = self.decoder.run(&mut run);
                *input = input.get(length - run.len()..).unwrap_or_default();
                match result {
                    Err(_) => return self.broken(Fault::Base64),
                    Ok(()) if self.decoder.is_full() => return Stop::Full,
                    Ok(()) => continue,
                }
            }
            if self.decoder.is_full() {
                return Stop::Full;
            }
            let Ok(unit) = self.text.take(byte, self.lossy) else { return Stop::NotText };
            let result = match unit {
                Unit::Part => Ok(()),
                Unit::Ascii(byte) => self.unit(Some(byte)),
                Unit::Other => self.unit(None),
            };
            // A wrong character stays in the input, so that the error can tell its place, unless it is the end of a
            // longer one.
            if result.is_ok() || !plain {
                *input = rest;
            }
            if let Err(fault) = result {
                return self.broken(fault);
            }
        }
    }

    fn broken(&mut self, fault: Fault) -> Stop {
        self.phase = Phase::Skipped;
        self.decoder.begin();
        Stop::Broken(fault)
    }

    /// Takes a character; `None` is one outside ASCII.
    fn unit(&mut self, unit: Option<u8>) -> Result<(), Fault> {
        match self.phase {
            Phase::Skipped => Ok(()),
            Phase::Head { mut last } => {
                if unit != Some(b',') {
                    last.rotate_left(1);
                    last[ENCODING.len() - 1] = unit.unwrap_or(0);
                    self.phase = Phase::Head { last };
                    return Ok(());
                }
                if !last.eq_ignore_ascii_case(ENCODING) {
                    return Err(Fault::DataLink);
                }
                self.phase = Phase::Body;
                Ok(())
            }
            Phase::Opening { matched } => {
                let Some(byte) = unit else { return Err(Fault::Base64) };
                if matched == 0 && byte.is_ascii_whitespace() {
                    return Ok(());
                }
                let scheme = SCHEME.get(matched).is_some_and(|wanted| byte.eq_ignore_ascii_case(wanted));
                if !scheme {
                    self.phase = Phase::Body;
                    return self.decoder.symbol(byte).map_err(|_| Fault::Base64);
                }
                // All of the scheme but its colon is base64, too.
                if matched + 1 < SCHEME.len() {
                    self.phase = Phase::Opening { matched: matched + 1 };
                    return self.decoder.symbol(byte).map_err(|_| Fault::Base64);
                }
                self.decoder.begin();
                self.phase = Phase::Head { last: [0; ENCODING.len()] };
                Ok(())
            }
            Phase::Body => match unit {
                Some(byte) => self.decoder.symbol(byte).map_err(|_| Fault::Base64),
                None => Err(Fault::Base64),
            },
        }
    }

    fn close(&mut self) -> Stop {
        let result = match self.phase {
            Phase::Skipped => return Stop::Closed(None),
            Phase::Head { .. } => Err(Fault::DataLink),
            Phase::Opening { .. } | Phase::Body => match self.decoder.end() {
                Ok(0) => Err(Fault::Empty),
                Ok(_) => Ok(()),
                Err(_) => Err(Fault::Base64),
            },
        };
        self.phase = Phase::Body;
        if result.is_err() {
            self.decoder.begin();
        }
        Stop::Closed(Some(result))
    }
}
