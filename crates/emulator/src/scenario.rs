//! Scenarios: what goes wrong on demand.

mod pace;
mod read;
mod run;
mod script;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use read::{from_header, from_prompt, from_value};
pub(crate) use run::{Asked, Delivery, Effects, Oddity, Ruling, StreamOddity, rule};
pub use script::{InvalidScenario, Scenarios, Script};

/// What the emulator does with a request that a service would accept. Requests that a service refuses are refused with
/// or without a scenario, and use none up.
///
/// In headers, prompts, TOML and JSON a scenario goes by its name in lower case with hyphens, such as `rate-limit`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Scenario {
    /// An ordinary answer.
    None {},
    /// The content filter stops the prompt.
    PromptBlock {
        /// What the filter saw, such as `violence`.
        #[serde(default = "violence")]
        category: String,
    },
    /// The content filter stops the picture.
    OutputBlock {
        /// What the filter saw.
        #[serde(default = "violence")]
        category: String,
    },
    /// The content filter stops one of the pictures: the item says so where the service documents it, and is missing
    /// elsewhere.
    OneBlocked {
        /// Which one, counted from 0.
        #[serde(default)]
        index: u32,
        /// What the filter saw.
        #[serde(default = "violence")]
        category: String,
    },
    /// The account is blocked.
    AccountBlock {},
    /// HTTP 200 without a picture. Billed.
    EmptyData {},
    /// Too many requests.
    RateLimit {
        /// When to come back, in seconds.
        #[serde(default = "twelve")]
        retry_after: f64,
        /// How the answer says it.
        #[serde(default)]
        form: RetryForm,
    },
    /// No money left.
    Quota {},
    /// The model is no longer served.
    RetiredModel {},
    /// The deployment does not exist.
    DeploymentNotFound {},
    /// Any HTTP status with an error in the service's envelope.
    Status {
        /// The status, 300 to 599. A redirect leads to `/`.
        status: u16,
        /// A `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
        /// Whether the images were made and billed all the same.
        #[serde(default)]
        billed: bool,
    },
    /// A page of HTML, as proxies answer.
    HtmlError {
        /// The status, 400 to 599.
        #[serde(default = "bad_gateway")]
        status: u16,
    },
    /// HTTP 200 with a body that ends too early to be JSON, under a `Content-Length` that fits it. Billed.
    MalformedJson {},
    /// The connection ends in the middle of the body. Billed.
    CutBody {
        /// After so many bytes of the body.
        #[serde(default = "hundred")]
        after: u64,
    },
    /// Nothing more comes, and the connection stays open. Billed.
    Stall {
        /// After so many bytes of the body.
        #[serde(default = "hundred")]
        after: u64,
    },
    /// The body comes in small pieces. Billed.
    Drip {
        /// Bytes at a time.
        #[serde(default = "hundred")]
        bytes: u64,
        /// Milliseconds between two pieces.
        #[serde(default = "ten")]
        millis: u64,
    },
    /// The connection is reset. Billed: the service cannot know what arrived.
    Reset {
        /// After so many bytes of the body; absent: before the status line.
        #[serde(default)]
        after: Option<u64>,
    },
    /// The right body under another content type. Billed.
    WrongContentType {
        /// The content type.
        #[serde(default = "text_plain")]
        content_type: String,
    },
    /// Pictures of half the size that was asked for, while the answer claims the full one. Billed.
    WrongSize {},
    /// Pictures in another file format than the answer claims. Billed.
    WrongFormat {},
    /// Fewer pictures than asked for. Billed in full.
    FewerImages {
        /// How many are missing.
        #[serde(default = "one")]
        missing: u32,
    },
    /// `created` as a text of digits. Billed.
    CreatedAsString {},
    /// A stream ends after so many events, as if it were complete. Billed.
    StreamCut {
        /// How many events come.
        #[serde(default = "one")]
        events: u32,
    },
    /// An error event in the place of a stream's final picture. Billed.
    StreamError {
        /// After so many events instead.
        #[serde(default)]
        after: Option<u32>,
    },
    /// `[DONE]` in the place of a stream's final picture. Billed.
    StreamDone {},
    /// A stream that begins with its final picture. Billed.
    EarlyFinal {},
    /// An event that nobody knows before a stream's final picture. Billed.
    UnknownEvent {},
    /// Silence, a comment, and only then a stream's final picture. Billed.
    LateHeartbeat {
        /// Milliseconds of silence before the comment.
        #[serde(default = "hundred")]
        millis: u64,
    },
    /// Counts the request against a limit of the key and the deployment: above it, it is refused. All answers tell in
    /// `x-ratelimit-*` headers what is left.
    Limit {
        /// Requests in a window.
        #[serde(default = "five")]
        requests: u32,
        /// Images in a window.
        #[serde(default = "five")]
        images: u32,
        /// Milliseconds from the first request of a window to its end.
        #[serde(default = "minute")]
        window: u64,
    },
    /// An ordinary answer that takes as long as the model, the quality and the size let expect; the same request always
    /// takes the same time.
    Pace {
        /// Divides the time: 100 makes a minute 600 milliseconds.
        #[serde(default = "unit")]
        compression: f64,
    },
    /// An ordinary answer that takes its time.
    Latency {
        /// Milliseconds before the answer begins.
        millis: u64,
    },
}

/// How a rate limit says when to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryForm {
    /// `Retry-After` in whole seconds.
    #[default]
    Seconds,
    /// `retry-after-ms`.
    Milliseconds,
    /// `Retry-After` as an HTTP date.
    Date,
    /// In the message alone.
    Message,
}

impl Scenario {
    /// An ordinary answer after that time.
    #[must_use]
    pub fn latency(time: Duration) -> Self {
        Self::Latency { millis: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
    }

    /// A rate limit that asks to come back after so many seconds.
    #[must_use]
    pub fn rate_limit(retry_after: f64) -> Self {
        Self::RateLimit { retry_after, form: RetryForm::Seconds }
    }

    /// A limit of so many requests and images a minute.
    #[must_use]
    pub fn limit(requests: u32, images: u32) -> Self {
        Self::Limit { requests, images, window: minute() }
    }

    /// Whether it concerns streams alone. Other requests that meet it are told so.
    fn is_of_streams(&self) -> bool {
        matches!(
            self,
            Self::StreamCut { .. }
                | Self::StreamError { .. }
                | Self::StreamDone {}
                | Self::EarlyFinal {}
                | Self::UnknownEvent {}
                | Self::LateHeartbeat { .. }
        )
    }

    /// An error of that status, not billed.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None, billed: false }
    }
}

fn violence() -> String {
    "violence".to_owned()
}

fn text_plain() -> String {
    "text/plain".to_owned()
}

const fn twelve() -> f64 {
    12.0
}

const fn bad_gateway() -> u16 {
    502
}

const fn hundred() -> u64 {
    100
}

const fn ten() -> u64 {
    10
}

const fn five() -> u32 {
    5
}

const fn minute() -> u64 {
    60_000
}

const fn unit() -> f64 {
    1.0
}

const fn one() -> u32 {
    1
}
