//! The classes of failures, and what they mean for money.

use std::fmt;

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
    /// The connection broke.
    Transport,
    /// The answer ended before its end, as its own head or its framing told it.
    Truncated,
    /// What came is not HTTP, or HTTP that contradicts itself.
    Protocol,
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
    /// A stream ended before an image was completed.
    Incomplete,
    /// The image was made, but its link could not be fetched.
    Download,
    /// A local file or folder.
    Io,
    /// Too many requests failed lately, so that none is sent for a while.
    CircuitOpen,
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

/// Which of our own clocks ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// The time for name, connection and encryption.
    Connect,
    /// The time without a byte of the request being taken, while it was sent.
    Upload,
    /// The time until the first byte of a stream.
    FirstByte,
    /// The time without a byte of a stream.
    StreamIdle,
    /// The time without a byte of the answer's body, once its head had come.
    BodyIdle,
    /// The time for the whole call.
    Deadline,
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
            Self::Truncated => "truncated",
            Self::Protocol => "protocol",
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
            Self::Incomplete => "incomplete",
            Self::Download => "download",
            Self::Io => "io",
            Self::CircuitOpen => "circuit_open",
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
