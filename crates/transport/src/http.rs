//! The exchange with a service as plain values, for use with any HTTP client: [`build`] makes the request, [`read`]
//! judges the answer, [`Answer::take_payloads`] and [`Answer::finish`] lead to its images.

mod moderation;
mod refusal;
mod request;
mod response;
mod retry_after;

#[cfg(feature = "reqwest")]
pub(crate) use request::{Envelope, body};
pub(crate) use response::MAY_BE_BILLED;
#[cfg(feature = "reqwest")]
pub(crate) use response::{Exchange, Form, assemble};
pub use {
    request::{USER_AGENT, build},
    response::{Answer, read, request_id},
};
