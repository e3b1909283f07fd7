//! How the rest of the crate makes errors.

use std::{error::Error as StdError, io, path::Path, time::Duration};

use imagewire_validate::Finding;

#[cfg(feature = "reqwest")]
use super::Timer;
use super::{Error, Inner, Kind, Moderation, Outcome, Scrub};
#[cfg(feature = "reqwest")]
use crate::Delivered;
use crate::{Attempt, Generated, http::MAY_BE_BILLED};

/// So many bytes of a body are looked at: 2,000 characters of it are kept.
const LOOKED_AT: usize = 64 << 10;

impl Error {
    pub(crate) fn new(kind: Kind, outcome: Outcome, what: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            outcome,
            what: what.into(),
            words: None,
            remedy: None,
            status: None,
            request_id: None,
            code: None,
            param: None,
            body: None,
            retry_after: None,
            should_retry: None,
            images_per_minute: None,
            timer: None,
            moderation: None,
            findings: Vec::new(),
            attempts: Vec::new(),
            source: None,
            partial: None,
            #[cfg(feature = "reqwest")]
            delivered: None,
        }))
    }

    pub(crate) fn configuration(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Kind::Configuration, Outcome::NotSent, what).with_remedy(remedy)
    }

    /// `what` follows the path: "/tmp/x.png: it exists already".
    pub(crate) fn file(outcome: Outcome, path: &Path, what: &str, remedy: &str) -> Self {
        Self::new(Kind::Io, outcome, format!("{}: {what}", super::clip(&path.to_string_lossy(), 1000)))
            .with_remedy(remedy)
    }

    pub(crate) fn io(outcome: Outcome, path: &Path, doing: &str, error: io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "Choose a folder that you may write to"
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "Free some space or choose another place"
            }
            _ => "Choose another place",
        };
        Self::file(outcome, path, &format!("cannot {doing}: {error}"), remedy).with_source(error)
    }

    /// A bundle that cannot be saved.
    #[cfg(feature = "reqwest")]
    pub(crate) fn unrecordable(outcome: Outcome, error: &imagewire_bundle::Error) -> Self {
        let what = format!("No bundle can be saved: {}", super::clip(&error.what(), 1000));
        Self::new(Kind::Io, outcome, what).with_remedy(error.remedy().to_owned())
    }

    /// The service's own words, from wherever they come.
    pub(crate) fn with_words(mut self, words: &str, scrub: &Scrub<'_>) -> Self {
        let words = scrub.words(words);
        self.0.words = (!words.is_empty()).then_some(words);
        self
    }

    /// What was answered instead of images.
    pub(crate) fn with_body(mut self, body: &[u8], scrub: &Scrub<'_>) -> Self {
        // Of a long one the beginning is enough, and looking for what is private takes its time.
        let body = body.get(..LOOKED_AT).unwrap_or(body);
        let body = scrub.body(&String::from_utf8_lossy(body));
        self.0.body = (!body.is_empty()).then_some(body);
        self
    }

    pub(crate) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.remedy = Some(remedy.into());
        self
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn with_delivered(mut self, delivered: Delivered) -> Self {
        self.0.delivered = Some(delivered);
        self
    }

    pub(crate) fn with_status(mut self, status: http::StatusCode) -> Self {
        self.0.status = Some(status.as_u16());
        self
    }

    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    pub(crate) fn with_code(mut self, code: Option<String>) -> Self {
        self.0.code = code;
        self
    }

    pub(crate) fn with_param(mut self, param: Option<String>) -> Self {
        self.0.param = param;
        self
    }

    pub(crate) fn with_retry_after(mut self, delay: Option<Duration>) -> Self {
        self.0.retry_after = delay;
        self
    }

    pub(crate) fn with_advice(mut self, should_retry: Option<bool>, images_per_minute: Option<u32>) -> Self {
        self.0.should_retry = should_retry;
        self.0.images_per_minute = images_per_minute;
        self
    }

    pub(crate) fn with_moderation(mut self, moderation: Option<Moderation>) -> Self {
        self.0.moderation = moderation;
        self
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn with_timer(mut self, timer: Timer) -> Self {
        self.0.timer = Some(timer);
        self
    }

    pub(crate) fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.0.findings = findings;
        self
    }

    /// Makes this the error of a whole call: of its last attempt, with all that failed. Money is a matter of all of them:
    /// one whose fate is open keeps the call's fate open, however clear the last one is.
    #[must_use]
    pub fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        let open = attempts.iter().any(|attempt| attempt.outcome == Outcome::Unknown);
        if open && matches!(self.0.outcome, Outcome::NotSent | Outcome::Refused) {
            self.0.outcome = Outcome::Unknown;
            self.0.remedy = Some(MAY_BE_BILLED.to_owned());
        }
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn should_retry(&self) -> Option<bool> {
        self.0.should_retry
    }

    /// A source whose text is known to hold nothing private.
    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    pub(crate) fn with_partial(mut self, partial: Generated) -> Self {
        self.0.partial = Some(partial);
        self
    }
}
