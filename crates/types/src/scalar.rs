//! Single values with a type of their own, written by hand.

mod base64;
mod error_label;
mod model;
pub(crate) mod operation;
mod size;
mod unix_time;

pub use base64::Base64;
pub use error_label::ErrorLabel;
pub use model::Model;
pub use size::Size;
pub use unix_time::UnixTime;
