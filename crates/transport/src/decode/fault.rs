//! What can be wrong with a body that is read while it arrives.

use std::fmt;

use crate::{Error, Kind, Outcome, http::MAY_BE_BILLED};

/// Where a payload stands in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// `data[n].b64_json` of an answer.
    Item(usize),
    /// `b64_json` of a stream event.
    Event,
}

/// Why a body, or a payload in it, cannot be read. It tells the place, never the contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanError {
    /// What is wrong.
    pub fault: Fault,
    /// The payload that it is about, if it is about one.
    pub place: Option<Place>,
    /// How many bytes of the body (of an event: of its data) come before the fault; of a fault that shows only at the
    /// end, such as a member of another type, about how many.
    pub offset: u64,
}

/// The classes of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Beside its payloads, the body is larger than allowed.
    TooLarge,
    /// The body ends too early.
    Truncated,
    /// The body is not JSON.
    Syntax,
    /// The body is JSON of another form than documented.
    Form,
    /// A member that may hold a payload, or the list that may hold them, stands twice.
    Duplicate,
    /// The payload is not base64.
    Base64,
    /// The payload holds no byte.
    Empty,
    /// The payload is a `data:` link that is not base64, or has no data.
    DataLink,
}

impl ScanError {
    /// Whether one payload is broken and everything else can still be read.
    #[must_use]
    pub fn is_about_payload(&self) -> bool {
        match self.fault {
            Fault::Base64 | Fault::Empty | Fault::DataLink => true,
            Fault::TooLarge | Fault::Truncated | Fault::Syntax | Fault::Form | Fault::Duplicate => false,
        }
    }
}

impl ScanError {
    /// The error of the crate, in the words of `shown`.
    pub(crate) fn in_answer(self, shown: &dyn fmt::Display) -> Error {
        Error::new(self.fault.kind(), Outcome::Unknown, format!("The answer cannot be read: {shown}"))
            .with_remedy(MAY_BE_BILLED)
    }
}

impl Fault {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::TooLarge => Kind::TooLarge,
            Self::Truncated
            | Self::Syntax
            | Self::Form
            | Self::Duplicate
            | Self::Base64
            | Self::Empty
            | Self::DataLink => Kind::Decode,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(index) => write!(formatter, "data[{index}].b64_json"),
            Self::Event => formatter.write_str("b64_json"),
        }
    }
}

impl fmt::Display for ScanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(formatter, "{place}")?,
            None => formatter.write_str("the JSON")?,
        }
        let what = match self.fault {
            Fault::TooLarge => "is too large",
            Fault::Truncated => "ends too early",
            Fault::Syntax => "is not valid JSON",
            Fault::Form => "has another form than documented",
            Fault::Duplicate => "stands twice",
            Fault::Base64 => "is not base64",
            Fault::Empty => "is empty",
            Fault::DataLink => "is a data: link without base64",
        };
        write!(formatter, " {what} (byte {})", self.offset)
    }
}

impl std::error::Error for ScanError {}

/// Nothing is known about the money: the image may have been made and billed.
impl From<ScanError> for Error {
    fn from(error: ScanError) -> Self {
        error.in_answer(&error)
    }
}
