//! What images cost: an estimate before, the cost from usage after, and every number with its source.
//!
//! ```
//! use imagewire_cost::{Cost, Prices};
//! use imagewire_types::CreateImageRequest;
//!
//! let request = CreateImageRequest::new("a corgi").model("gpt-image-1").quality("low").size("1024x1024");
//! let Cost::Known(known) = Prices::built_in().estimate(&request, "openai", Some("gpt-image-1")) else {
//!     panic!("a listed price");
//! };
//! assert!(known.high.micros() < 12_000, "272 tokens at $40 a million, and the prompt");
//! assert_eq!(known.sources[0].checked, "2026-11-22");
//! ```
//!
//! Prices are data: `prices.json` beside this crate's sources, and files of the same form of your own
//! ([`Prices::add`]). What no source says is [`Cost::Unknown`], with the reason; nothing is guessed. What a request
//! leaves to the service widens the range between [`Known::low`] and [`Known::high`]; a [`Budget`] reserves the high end.

mod budget;
mod estimate;
mod money;
mod read;
mod table;

pub use budget::{Budget, OverBudget, Reservation};
pub use estimate::{Basis, Cost, Known, Unknown};
/// What is wrong with a price file.
pub use imagewire_spec::load::InvalidFile;
/// Where a price comes from.
pub use imagewire_spec::rule::Source;
pub use money::{InvalidMoney, Money};
pub use table::{Grid, ImagePrices, OutputTokens, Price, Prices, Rates};
