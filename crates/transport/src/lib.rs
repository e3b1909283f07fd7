//! A client for image-generation APIs that tells the truth about money.
//!
//! A request goes out exactly once, redirects are refused, and every [`Error`] says by its [`Outcome`] whether an image
//! may have been bought. Credentials, prompts and payloads appear in no `Debug`, no `Display` and no error.
//!
//! ```no_run
//! use imagewire_transport::{Client, Destination, Endpoint, Secret, operations};
//! use imagewire_types::CreateImageRequest;
//!
//! # async fn example(key: String) -> Result<(), imagewire_transport::Error> {
//! let endpoint = Endpoint::new(&operations::FASTAPI).credential(Secret::new(key)?);
//! let destination = Destination::file("corgi.png");
//! destination.prepare(1)?; // before anything is bought
//!
//! let generated = Client::new(endpoint)?.generate(&CreateImageRequest::new("a corgi in a field")).await?;
//! for saved in destination.save(&generated.images)? {
//!     println!("{}", saved.path.display());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Client`] is a thin driver (features `reqwest`, and `ring` or `aws-lc` for TLS) around a core without I/O. With
//! another HTTP client, or none of these features, use the core directly: [`http::build`] makes an
//! [`http::Request`](::http::Request), [`http::read`] judges the answer, [`Answer::take_payloads`](http::Answer) yields
//! the images. [`Destination`] saves them: whole or not at all, named by their content.

pub mod decode;
pub mod download;
#[cfg(feature = "reqwest")]
mod driver;
mod endpoint;
mod error;
pub mod http;
mod images;
#[cfg(test)]
mod samples;
mod secret;
mod sink;

#[cfg(feature = "reqwest")]
pub use driver::Client;
pub use endpoint::Endpoint;
pub use error::{Error, Kind, Outcome};
pub use images::{Generated, GeneratedImage, Payload, Source};
/// The services and how each is called.
pub use imagewire_types::operations;
pub use secret::Secret;
pub use sink::{Destination, Saved};
