//! An emulator of image-generation services: it answers like Hicap, fastapi.ai, TrueFoundry and OpenAI do, offline and
//! free, with real pictures that say that they are emulated.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use imagewire_emulator::Emulator;
//!
//! let emulator = Emulator::builder().start().await?;
//! assert!(emulator.base_url("fastapi").expect("a built-in service").ends_with("/v1"));
//! assert_eq!(emulator.ledger().images(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! All services share one port and are told apart by their documented paths. A request is judged by
//! `imagewire-validate`, so what this emulator refuses is what the documents forbid. The same request always gives the
//! same picture.

mod admit;
mod answer;
mod draw;
mod ledger;
mod link;
mod refuse;
mod server;

pub use ledger::Ledger;
pub use server::{Builder, Emulator};
