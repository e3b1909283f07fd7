//! Sorting what went wrong on a connection.

use std::{error::Error as StdError, io};

use super::resolve::Forbidden;
use crate::{Error, Kind, Outcome, Timer, download, http::MAY_BE_BILLED};

/// What the HTTP client says about an error. Its predicates overlap: a stalled body is a timeout and a decoding error,
/// a cut one is called a decoding error.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are the client's own answers, all of them")]
pub(super) struct Signs {
    pub(super) is_builder: bool,
    pub(super) is_connect: bool,
    pub(super) is_timeout: bool,
    pub(super) is_dns: bool,
    pub(super) is_body: bool,
}

/// An error, sorted.
pub(super) struct Fault<E> {
    kind: Kind,
    outcome: Outcome,
    timer: Option<Timer>,
    what: String,
    source: E,
}

impl<E: StdError + Send + Sync + 'static> Fault<E> {
    /// Time comes first, then the phase, and everything after connecting is open. `source` must not show an address.
    pub(super) fn new(signs: Signs, source: E, place: &str, connect: std::time::Duration) -> Self {
        let mut timer = None;
        let (kind, outcome, what) = match () {
            () if signs.is_builder => {
                (Kind::Configuration, Outcome::NotSent, format!("The request to {place} cannot be made"))
            }
            () if signs.is_connect && signs.is_timeout => {
                timer = Some(Timer::Connect);
                let seconds = connect.as_secs_f64();
                (Kind::Timeout, Outcome::NotSent, format!("No connection to {place} within {seconds} s"))
            }
            () if is_handed_back(&source) => {
                let what = format!("{place} gave the request back without looking at it");
                (Kind::Transport, Outcome::NotSent, what)
            }
            () if signs.is_timeout => (Kind::Timeout, Outcome::Unknown, format!("{place} stopped answering")),
            () if signs.is_dns => {
                (Kind::Connect, Outcome::NotSent, format!("The name of {place} could not be resolved"))
            }
            () if signs.is_connect => match find::<rustls::Error>(&source) {
                Some(error) => {
                    let what = format!("No encrypted connection to {place} is possible: {error}");
                    (Kind::Tls, Outcome::NotSent, what)
                }
                None => {
                    let reason = find::<io::Error>(&source).map(|error| format!(": {error}"));
                    let what = format!("No connection to {place}{}", reason.unwrap_or_default());
                    (Kind::Connect, Outcome::NotSent, what)
                }
            },
            () if is_no_http(&source) => {
                let what = format!("What came from {place} is not HTTP as it should be");
                (Kind::Protocol, Outcome::Unknown, what)
            }
            () if signs.is_body && is_cut(&source) => {
                (Kind::Truncated, Outcome::Unknown, format!("The answer of {place} broke off before its end"))
            }
            () if signs.is_body => {
                (Kind::Transport, Outcome::Unknown, format!("The answer of {place} broke off"))
            }
            () => {
                let what = format!("The connection to {place} failed before an answer came");
                (Kind::Transport, Outcome::Unknown, what)
            }
        };
        Self { kind, outcome, timer, what, source }
    }

    /// For a request of which it is known whether it may have arrived.
    pub(super) fn into_error(mut self, may_have_arrived: bool) -> Error {
        if !may_have_arrived && self.outcome == Outcome::Unknown {
            self.outcome = Outcome::NotSent;
        }
        let remedy = match (self.outcome, self.kind) {
            (Outcome::NotSent, Kind::Transport) => "Nothing was bought. Try again later",
            (Outcome::NotSent, Kind::Tls) => "Check the address and the machine's certificates and clock",
            (Outcome::NotSent, _) => {
                "Nothing was sent. Check the address, the network and the proxy settings"
            }
            (Outcome::Refused | Outcome::Unknown | Outcome::Done, _) => MAY_BE_BILLED,
        };
        let error = Error::new(self.kind, self.outcome, self.what).with_remedy(remedy);
        let error = if let Some(timer) = self.timer { error.with_timer(timer) } else { error };
        error.with_source(self.source)
    }

    /// For an answer that had begun: the request was looked at, whatever the other end says now.
    pub(super) fn into_broken_answer(mut self) -> Error {
        self.outcome = Outcome::Unknown;
        self.into_error(true)
    }

    /// The image was bought before; the kind of trouble matters to the reader, and for whether another try makes sense.
    pub(super) fn into_download(self, place: &str) -> Lost {
        match find::<Forbidden>(&self.source) {
            Some(forbidden) => Lost::for_good(download::failure(place, &forbidden.to_string())),
            None => Lost {
                is_passing: !matches!(self.kind, Kind::Tls | Kind::Configuration),
                error: download::failure(place, &self.what).with_source(self.source),
            },
        }
    }
}

/// A download that failed.
pub(super) struct Lost {
    pub(super) error: Error,
    /// Whether it may succeed at another time.
    pub(super) is_passing: bool,
}

impl Lost {
    pub(super) fn for_now(error: Error) -> Self {
        Self { error, is_passing: true }
    }

    pub(super) fn for_good(error: Error) -> Self {
        Self { error, is_passing: false }
    }
}

/// Whether the other end says, as HTTP/2 lets it, that it did not look at the request: it refuses the stream, or leaves in
/// peace and names an earlier stream as its last one.
fn is_handed_back(source: &(dyn StdError + 'static)) -> bool {
    find::<h2::Error>(source).is_some_and(|error| {
        let reason = error.reason();
        let is_refused = error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM);
        let is_left = error.is_go_away() && reason == Some(h2::Reason::NO_ERROR);
        error.is_remote() && (is_refused || is_left)
    })
}

/// A head that cannot be read, or pieces of a body that tell no size.
fn is_no_http(source: &(dyn StdError + 'static)) -> bool {
    let is_broken =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    // A broken record of an encrypted connection says the same.
    if find::<rustls::Error>(source).is_some() {
        return false;
    }
    find::<hyper::Error>(source)
        .is_some_and(|error| error.is_parse() || find::<io::Error>(error).is_some_and(is_broken))
}

/// The connection ended in good order, and the body had not.
fn is_cut(source: &(dyn StdError + 'static)) -> bool {
    let ended = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
    find::<io::Error>(source).is_some_and(ended)
        || find::<hyper::Error>(source).is_some_and(hyper::Error::is_incomplete_message)
}

/// The innermost error of that type: the others repeat it.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    chain(error).filter_map(|error| error.downcast_ref()).last()
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An I/O error passes its content's source off as its own, and so hides the content itself.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(content) => Some(content as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}
