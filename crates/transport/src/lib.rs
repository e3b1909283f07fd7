//! A client for image-generation APIs that tells the truth about money.
//!
//! A request is judged before it goes out ([`Checking`]), and an image is bought once: a request that may have been
//! carried out is never sent again by itself ([`Policy`]), and redirects are refused. Every [`Error`] says by its
//! [`Outcome`] whether an image may have been bought, and lists what was tried. Credentials, prompts and payloads appear
//! in no `Debug`, no `Display`, no error and no log.
//!
#![cfg_attr(feature = "reqwest", doc = "```no_run")]
#![cfg_attr(not(feature = "reqwest"), doc = "```ignore")]
//! use imagewire_transport::{Client, Destination, Endpoint, Secret, operations};
//! use imagewire_types::CreateImageRequest;
//!
//! # async fn example(key: String) -> Result<(), imagewire_transport::Error> {
//! let endpoint = Endpoint::new(&operations::FASTAPI).credential(Secret::new(key)?);
//! let client = Client::new(endpoint)?;
//! let request = CreateImageRequest::new("a corgi in a field");
//! let delivered = client.generate_to(&request, &Destination::file("corgi.png")).await?;
//! for file in delivered.files {
//!     println!("{}", file.path.display());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Images are decoded while the answer arrives: into files ([`Destination`]: whole or not at all, named by their content),
//! into memory (`Client::generate`), into writers of the caller's (`Client::generate_into`), or event by event
//! (`Client::stream`). In files, memory does not grow with them.
//!
//! `Client` is a thin driver (features `reqwest`, and `ring` or `aws-lc` for TLS) around a core without I/O. With
//! another HTTP client, or none of these features, use the core directly: [`http::build`] makes an
//! [`http::Request`](::http::Request), [`http::read`] judges the answer, [`Answer::take_payloads`](http::Answer) yields
//! the images; [`decode::Scanner`] and [`stream::EventDecoder`] find them while the answer arrives; [`retry::decide`],
//! [`breaker`] and [`limiter`] say when to send, and [`download::Links`] which links to follow. `examples/own_client.rs`
//! is such a client.

mod attempt;
mod audit;
pub mod breaker;
mod checking;
pub mod decode;
#[cfg(feature = "reqwest")]
mod delivered;
pub mod download;
#[cfg(feature = "reqwest")]
mod driver;
mod endpoint;
mod error;
pub mod http;
mod images;
pub mod limiter;
pub mod retry;
#[cfg(test)]
mod samples;
mod secret;
mod sink;
pub mod stream;
#[cfg(feature = "reqwest")]
mod trace;

pub use attempt::Attempt;
pub use audit::Mismatch;
pub use checking::Checking;
#[cfg(feature = "reqwest")]
pub use delivered::{Delivered, Delivery, Unfinished, Written, WrittenImage};
#[cfg(feature = "reqwest")]
pub use driver::{Client, ClientBuilder, EventStream, ImageEvent, Progress};
pub use endpoint::Endpoint;
pub use error::{Category, Error, Kind, Moderation, Outcome, Stage, Timer};
pub use images::{Generated, GeneratedImage, Payload, Source};
/// The services and how each is called.
pub use imagewire_types::operations;
/// What is found out about a request before it is sent.
pub use imagewire_validate::Finding;
pub use retry::Policy;
pub use secret::Secret;
pub use sink::{Destination, Saved};
