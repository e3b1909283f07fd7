//! Durable batches of image requests: every item is bought once, whatever happens to the process.
//!
//! Before a request is sent, the [`Ledger`] in the batch's folder says so on the disk; when its images are on the disk
//! under hidden names, the ledger says that; then they get their names, and the ledger says that they are done. A
//! process that is killed at any moment leaves items that are done, items that were never sent, and those that were
//! under way: they are finished where their images are there, and [unknown](State::Unknown) otherwise. Unknown items
//! are listed and never bought again by themselves.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use imagewire_batch::{Batch, Event, Item, Ledger};
//! use imagewire_transport::{Client, Endpoint, Secret, operations};
//! use imagewire_types::CreateImageRequest;
//!
//! # let emulator = imagewire_emulator::Emulator::builder().start().await?;
//! # let base_url = emulator.base_url("fastapi").unwrap();
//! # let directory = tempfile::TempDir::new()?;
//! # let directory = directory.path();
//! let endpoint = Endpoint::new(&operations::FASTAPI).base_url(base_url).credential(Secret::new("key")?);
//! let request = |prompt: &str| CreateImageRequest::new(prompt).model("dall-e-2").size("256x256");
//! let items = vec![Item::new("fox", request("a fox")), Item::new("owl", request("an owl"))];
//!
//! let batch = Batch::new(Client::new(endpoint)?).jobs(2).max_images(10);
//! let report = batch.run(Ledger::open(directory)?, items, |event| {
//!     if let Event::Item(outcome) = event {
//!         println!("{}: {}", outcome.id, outcome.status.as_str());
//!     }
//! });
//! assert_eq!(report.await?.done, 2);
//! assert!(directory.join("owl.png").exists());
//! # Ok(())
//! # }
//! ```
//!
//! Items come from anywhere, or from [`input::read`]: JSON lines, tables, folders of texts.

mod commit;
mod digest;
mod error;
mod event;
mod folder;
pub mod input;
mod item;
mod ledger;
mod name;
mod recover;
mod run;

pub use digest::Digest;
pub use error::{Error, ErrorKind};
pub use event::{Event, Outcome, Report, Status, StopReason};
pub use item::Item;
pub use ledger::{Entry, Failure, File, Ledger, Received, Record, Spent, State};
pub use recover::{Settlement, reconcile};
pub use run::{Batch, OnUnknown, Stopper};
