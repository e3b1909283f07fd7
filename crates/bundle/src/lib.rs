//! Bundles: an exchange with an image-generation service, kept as a folder that can be served again.
//!
//! ```text
//! 001/exchange.json   the request, the head of the answer, the time it took: small, and for people as well
//! 001/body            the answer's body as its bytes came, but for what is private
//! 001/link-0.png      the first image that the answer linked to, if it was downloaded
//! ```
//!
//! A bundle holds no credential, no prompt, no name of an end user, no address of the service, and no link. Prompt and
//! end user are kept as digests, so that the same request can be recognised; somebody who guesses a prompt can prove the
//! guess by them. The pictures themselves are kept as they came, with whatever is drawn in them or written beside.
//!
//! [`Recorder`] writes bundles while answers arrive, [`Bundle`] reads them, [`Redactor`] takes out what is [`Private`].

mod error;
mod exchange;
mod headers;
mod link;
mod private;
mod read;
mod record;
mod redact;
mod request;

pub use error::Error;
pub use exchange::{End, Exchange, Link, Request, Response, Timing};
pub use link::Piece;
pub use private::Private;
pub use read::{Bundle, LinkedFile, MOST_BYTES};
pub use record::{Begun, LinkWriter, Recorder, Recording};
pub use redact::Redactor;
pub use request::redacted;
