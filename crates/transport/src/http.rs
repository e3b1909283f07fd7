//! The exchange with a service as plain values, for use with any HTTP client: [`build`] makes the request, [`read`]
//! judges the answer.

mod refusal;
mod request;
mod response;
mod retry_after;

pub(crate) use request::USER_AGENT;
pub use request::build;
pub(crate) use response::MAY_BE_BILLED;
pub use response::{Answer, read};
