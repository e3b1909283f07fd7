//! `exchange.json`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The form of bundles that this release writes and reads.
pub(crate) const FORMAT: u64 = 1;

/// What `exchange.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub(crate) format: u64,
    /// The service's identifier, such as `openai`.
    pub dialect: String,
    /// When the answer began, in seconds since 1970.
    pub recorded: u64,
    /// What was asked for.
    pub request: Request,
    /// What was answered.
    pub response: Response,
    /// How long it took.
    pub timing: Timing,
    /// The images that the answer linked to and that were downloaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The members as they were sent, redacted as [`redacted`](crate::redacted) does.
    pub body: Value,
}

/// The answer's head, and how its body ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The HTTP status, 200 to 599.
    pub status: u16,
    /// The headers that tell something about the answer, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// How the body ended.
    pub end: End,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// All of it is there, or as much as the client wanted of a stream.
    Complete,
    /// It broke off, or was not read further.
    Cut,
}

/// How long it took since the request went out, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Until the answer's head came.
    pub head_ms: u64,
    /// Until the body ended.
    pub end_ms: u64,
}

/// An image that the answer linked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Which link of the body, from 0.
    pub index: usize,
    /// The file beside `exchange.json`.
    pub file: String,
    /// Its media type.
    #[serde(rename = "type")]
    pub media_type: String,
}
