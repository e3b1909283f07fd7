//! What can go wrong, and what that means for money.

mod build;
mod text;

use std::{error::Error as StdError, fmt, time::Duration};

use crate::Generated;

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
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    partial: Option<Generated>,
}

/// The classes of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The caller's set-up is incomplete or contradicts itself; nothing was sent.
    Configuration,
    /// No connection: refused, unreachable, or a name that does not resolve.
    Connect,
    /// The two ends do not agree on an encrypted connection, or the certificate is not trusted.
    Tls,
    /// A deadline passed, ours or the service's.
    Timeout,
    /// The connection broke, or what came over it is not HTTP.
    Transport,
    /// The service pointed elsewhere. A request that costs money is never sent on.
    RedirectRefused,
    /// The credential is missing or wrong.
    Authentication,
    /// The credential is known but may not do this.
    Permission,
    /// The model or deployment does not exist or is retired.
    Model,
    /// The service does not accept the request as it is.
    InvalidRequest,
    /// A content filter objected.
    Moderation,
    /// Too many requests for the moment.
    RateLimit,
    /// The account's means are used up.
    Quota,
    /// The service failed or is overloaded.
    Server,
    /// The answer is not JSON but, say, an HTML page.
    UnexpectedContentType,
    /// The answer or a payload in it cannot be read.
    Decode,
    /// The answer is larger than allowed.
    TooLarge,
    /// The answer holds no image.
    NoImage,
    /// The image was made, but its link could not be fetched.
    Download,
    /// A local file or folder.
    Io,
}

/// Whether an image may have been made and billed, as far as the failure proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The service did not receive the request: nothing was bought.
    NotSent,
    /// The service said no: nothing was bought.
    Refused,
    /// The request was sent and its fate is open: it may have been carried out and billed.
    Unknown,
    /// The images were made; what failed came after that.
    Done,
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

    /// Whether the same request may succeed later and nothing was bought: it was not sent, or refused for the moment.
    ///
    /// Never true for [`Outcome::Unknown`]: sending such a request again may buy the image twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.outcome {
            Outcome::NotSent => matches!(self.0.kind, Kind::Connect | Kind::Timeout),
            Outcome::Refused => matches!(self.0.kind, Kind::RateLimit | Kind::Server),
            Outcome::Unknown | Outcome::Done => false,
        }
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

impl Kind {
    /// The kind in `snake_case`, for machine-readable reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::RedirectRefused => "redirect_refused",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::Model => "model",
            Self::InvalidRequest => "invalid_request",
            Self::Moderation => "moderation",
            Self::RateLimit => "rate_limit",
            Self::Quota => "quota",
            Self::Server => "server",
            Self::UnexpectedContentType => "unexpected_content_type",
            Self::Decode => "decode",
            Self::TooLarge => "too_large",
            Self::NoImage => "no_image",
            Self::Download => "download",
            Self::Io => "io",
        }
    }
}

impl Outcome {
    /// The outcome in `snake_case`, for machine-readable reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
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
