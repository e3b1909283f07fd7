//! What can go wrong, and what that means for money.

mod build;
mod kind;
mod moderation;
mod text;

use std::{error::Error as StdError, fmt, time::Duration};

use imagewire_validate::Finding;

#[cfg(feature = "reqwest")]
use crate::Delivered;
use crate::{Attempt, Generated};

pub use kind::{Kind, Outcome, Timer};
pub use moderation::{Category, Moderation, Stage};
pub(crate) use text::{Scrub, clip};

/// What went wrong. [`Error::outcome`] says whether an image may have been bought, [`Error::kind`] why it failed.
///
/// `Display` says what happened and where, the service's own words, what to do, and the service's request id. Neither
/// `Display` nor `Debug` ever contains the credential, the prompt, base64 payloads, or a link's query.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    outcome: Outcome,
    what: String,
    words: Option<String>,
    remedy: Option<String>,
    status: Option<u16>,
    request_id: Option<String>,
    code: Option<String>,
    param: Option<String>,
    body: Option<String>,
    retry_after: Option<Duration>,
    /// The service's own word on whether to send the request again.
    should_retry: Option<bool>,
    /// The service's limit of images in a minute, where its refusal names it.
    images_per_minute: Option<u32>,
    timer: Option<Timer>,
    moderation: Option<Moderation>,
    findings: Vec<Finding>,
    attempts: Vec<Attempt>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    partial: Option<Generated>,
    #[cfg(feature = "reqwest")]
    delivered: Option<Delivered>,
}

impl Error {
    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether an image may have been made and billed.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// What happened and where: `Display` without the rest.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The service's own words, cleared of credentials and payloads.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        self.0.words.as_deref()
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// The HTTP status of the answer, if one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's name for this exchange; its support asks for it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The service's error code, such as `content_policy_violation`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The request member that the service objects to.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// How long the service asks to wait. Any length: whether to obey is the caller's decision.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The service's limit of images in a minute, when its refusal names it.
    #[must_use]
    pub fn images_per_minute(&self) -> Option<u32> {
        self.0.images_per_minute
    }

    /// Which of our own clocks ran out, for [`Kind::Timeout`]. `None` when the service gave up.
    #[must_use]
    pub fn timer(&self) -> Option<Timer> {
        self.0.timer
    }

    /// What a content filter objected to. With [`Kind::Moderation`], and with other kinds when the account itself is shut
    /// out: [`Stage::Account`].
    #[must_use]
    pub fn moderation(&self) -> Option<&Moderation> {
        self.0.moderation.as_ref()
    }

    /// The body of an answer that is no success, for looking closer: at most 2,000 characters, without credential, prompt,
    /// payloads and the queries of links.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// What is known to be wrong with the request, when it was refused before it was sent.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }

    /// Every attempt of the call that failed, in order; this error describes the last one. Empty when none was made.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// Whether the link to an image is refused as a used-up one is: [`Kind::Download`] with HTTP 403, 404 or 410.
    #[must_use]
    pub fn is_expired_link(&self) -> bool {
        self.0.kind == Kind::Download && self.0.status.is_some_and(|status| matches!(status, 403 | 404 | 410))
    }

    /// Whether the same request may succeed later and nothing was bought: it was not sent, or refused for the moment, and
    /// the service did not say that it should not be repeated.
    ///
    /// Never true for [`Outcome::Unknown`]: sending such a request again may buy the image twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        if self.0.should_retry == Some(false) {
            return false;
        }
        match self.0.outcome {
            Outcome::NotSent => match self.0.kind {
                // Open for a while, and not because the credential was refused.
                Kind::CircuitOpen => self.0.retry_after.is_some(),
                kind => matches!(kind, Kind::Connect | Kind::Timeout | Kind::Transport | Kind::RateLimit),
            },
            Outcome::Refused => matches!(self.0.kind, Kind::RateLimit | Kind::Server),
            Outcome::Unknown | Outcome::Done => false,
        }
    }

    /// Links to images that were bought and could not be fetched, in the order of the answer. Each is as good as a key to the
    /// image, until it expires.
    #[must_use]
    pub fn links(&self) -> Vec<&str> {
        let had: Vec<usize> =
            self.partial().iter().flat_map(|part| part.images.iter().map(|image| image.index)).collect();
        let response = self.partial().map(|part| (&part.response, had));
        #[cfg(feature = "reqwest")]
        let response = response.or_else(|| {
            let delivered = self.delivered()?;
            Some((&delivered.response, delivered.files.iter().map(|file| file.index).collect()))
        });
        let Some((response, had)) = response else { return Vec::new() };
        let missing = response.data.iter().enumerate().filter(|(index, _)| !had.contains(index));
        missing.filter_map(|(_, image)| image.url.as_deref()).collect()
    }

    /// The images that did arrive when others of the same answer failed. Links that could not be fetched are still in
    /// [`Generated::response`].
    #[must_use]
    pub fn partial(&self) -> Option<&Generated> {
        self.0.partial.as_ref()
    }

    /// The same, by value.
    #[must_use]
    pub fn into_partial(self) -> Option<Generated> {
        self.0.partial
    }
}

#[cfg(feature = "reqwest")]
impl Error {
    /// The files that a call to a folder saved although it failed: the images that came whole when others did not, or,
    /// for [`Kind::Io`], those that could not be saved where they should be and are elsewhere. When not even that was
    /// possible, the images are in [`Error::partial`].
    #[must_use]
    pub fn delivered(&self) -> Option<&Delivered> {
        self.0.delivered.as_ref()
    }

    /// The same, by value.
    #[must_use]
    pub fn into_delivered(self) -> Option<Delivered> {
        self.0.delivered
    }
}

impl AsRef<Self> for Error {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        formatter.write_str(&inner.what)?;
        if let Some(words) = &inner.words {
            write!(formatter, ": \"{words}\"")?;
        }
        if let Some(remedy) = &inner.remedy {
            write!(formatter, ". {remedy}")?;
        }
        if let Some(id) = &inner.request_id {
            write!(formatter, " (request id {id})")?;
        }
        if inner.attempts.len() > 1 {
            write!(formatter, " ({} attempts)", inner.attempts.len())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        formatter
            .debug_struct("Error")
            .field("kind", &inner.kind)
            .field("outcome", &inner.outcome)
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("param", &inner.param)
            .field("retry_after", &inner.retry_after)
            .field("timer", &inner.timer)
            .field("moderation", &inner.moderation)
            .field("attempts", &inner.attempts)
            .field("message", &format_args!("{self}"))
            // The chain as text: another crate's `Debug` may show more than its `Display`.
            .field("source", &inner.source.as_ref().map(ToString::to_string))
            .field("partial", &inner.partial)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
