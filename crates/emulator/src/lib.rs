//! An emulator of image-generation services: it answers like Hicap, fastapi.ai, TrueFoundry and OpenAI do, offline and
//! free, with real pictures that say that they are emulated.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use imagewire_emulator::{Emulator, Scenario};
//!
//! let emulator = Emulator::builder().start().await?;
//! assert!(emulator.base_url("fastapi").expect("a built-in service").ends_with("/v1"));
//! // The next request meets a rate limit; the one after it is answered.
//! emulator.scenario().push(Scenario::rate_limit(1.0));
//! // … the code under test …
//! assert_eq!(emulator.ledger().images(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! All services share one port and are told apart by their documented paths. A request is judged by
//! `imagewire-validate`, so what this emulator refuses is what the documents forbid; it does so in the services' own
//! words. The same request always gives the same picture.
//!
//! - [`Ledger`] tells what would have been billed. A request with an `Idempotency-Key` is billed once.
//! - [`Scenario`] makes things go wrong: pushed by the test, from a [`Script`], or named by the request itself (header
//!   `x-emulator-scenario`, or `[[scenario:…]]` in the prompt) where [`Builder::scenarios`] allows it.
//! - [`Builder::replay`] serves recorded answers again.
//! - [`Builder::admin`] opens `GET /_emulator/ledger` and `GET`, `POST`, `DELETE /_emulator/scenarios`.
//! - Each request for images is one `tracing` event of level INFO, without prompt, key or payload.
//! - `GET /healthz`, `GET /metrics` and each service's `GET /openapi/DIALECT.json` are always there.

mod admin;
mod admit;
mod answer;
mod body;
mod builder;
mod connection;
mod draw;
mod gallery;
mod gate;
mod generate;
mod idempotency;
mod ledger;
mod limits;
mod link;
mod log;
mod metrics;
mod order;
mod orders;
mod refuse;
mod replay;
mod scenario;
mod server;
mod splice;
mod stream;
mod studio;

pub use builder::Builder;
/// A recorded exchange, and why one cannot be read.
pub use imagewire_bundle::{Bundle, Error as BundleError};
pub use ledger::{Entry, Ledger};
pub use scenario::{InvalidScenario, RetryForm, Scenario, Scenarios, Script};
pub use server::Emulator;
