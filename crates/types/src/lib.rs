//! The vocabulary of image-generation APIs: requests, answers, stream events, errors, and how each service is called.
//!
//! One set of types serves every service (Hicap, fastapi.ai, TrueFoundry, OpenAI): they speak the same field names and
//! differ in which subset they take, which is data in `imagewire-validate`. These types read everything that any of
//! them says and write exactly what you set:
//!
//! ```
//! use imagewire_types::{CreateImageRequest, Model, Quality, Size};
//!
//! let request = CreateImageRequest::new("a corgi in a field")
//!     .model(Model::DALL_E_3)
//!     .quality(Quality::Hd)
//!     .size(Size::new(1792, 1024));
//! assert_eq!(
//!     serde_json::to_string(&request)?,
//!     r#"{"prompt":"a corgi in a field","model":"dall-e-3","size":"1792x1024","quality":"hd"}"#,
//! );
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! * Names that a service adds later stay what they are: every enum has an `Unknown` variant, and members without a
//!   field of their own go to `extra`. Both survive a round trip.
//! * Absent stays absent. No default is filled in, on reading or writing.
//! * [`operations`] says where each service is and how it is called, for use with any HTTP client.
//!
//! The only dependencies are `serde` and `serde_json`, and no proc macro runs. Feature `schemars` derives `JsonSchema`
//! for every type; feature `base64` adds [`Base64::decode`].

mod extra;
mod scalar;
mod wire;

#[rustfmt::skip]
mod generated;

/// How each service is called: plain data for any HTTP client.
pub mod operations {
    pub use crate::{generated::operations::*, scalar::operation::*};
}

pub use extra::{Extra, ReservedName};
pub use generated::{error::*, request::*, response::*, stream::*};
pub use scalar::{Base64, ErrorLabel, Model, Size, UnixTime};
pub use wire::UnknownValue;
