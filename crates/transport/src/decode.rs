//! Payloads: from an answer to base64, from base64 to bytes, and from bytes to what kind of image they are.

mod fault;
mod scanner;
mod sniff;

use std::fmt;

use bytes::Bytes;
use imagewire_types::Base64;

use crate::{Error, Kind, Outcome, http::MAY_BE_BILLED};

pub use fault::{Fault, Place, ScanError};
pub(crate) use scanner::Found;
pub use scanner::{Limits, Scanned, Scanner};
#[cfg(feature = "reqwest")]
pub(crate) use sniff::Sniffer;
pub use sniff::{Format, NotAnImage, Sniffed, sniff};

/// Decodes a payload; `place` is where it stands, such as `data[0].b64_json`, for the error.
///
/// The standard alphabet. Missing padding, ASCII whitespace and a leading `data:…;base64,` are forgiven. [`Scanner`], which
/// decodes while the body arrives, forgives exactly the same.
///
/// # Errors
/// [`Kind::Decode`] with the place and, of an alien character, the offset after prefix and whitespace; never the
/// contents.
pub fn base64(payload: &Base64, place: impl fmt::Display) -> Result<Bytes, Error> {
    let fail = |why: &str| {
        Error::new(Kind::Decode, Outcome::Unknown, format!("{place} is {why}")).with_remedy(MAY_BE_BILLED)
    };
    let text = payload.as_str().trim_ascii_start();
    let decoded = if is_data_url(text) {
        let Some((head, data)) = text.split_once(',') else {
            return Err(fail("a data: link without data"));
        };
        if !ends_with_ignoring_case(head, ";base64") {
            return Err(fail("a data: link that is not base64"));
        }
        Base64::from(data).decode()
    } else {
        payload.decode()
    };
    match decoded {
        Ok(bytes) if bytes.is_empty() => Err(fail("empty")),
        Ok(bytes) => Ok(bytes.into()),
        Err(error) => Err(fail(error.to_string().trim_end_matches('.'))),
    }
}

/// Whether the text is a link that carries its own content.
pub(crate) fn is_data_url(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

pub(crate) fn ends_with_ignoring_case(text: &str, end: &str) -> bool {
    text.len()
        .checked_sub(end.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leniencies() {
        for text in [
            "Zm9vYg==",
            "Zm9vYg",
            "Zm9vYg=",
            " Zm9v\r\n\tYg== ",
            "data:image/png;base64,Zm9vYg==",
            " DATA:image/PNG;x=y;BASE64,Zm9v Yg",
            "data:;base64,Zm9vYg",
        ] {
            assert_eq!(base64(&Base64::from(text), "x").unwrap(), &b"foob"[..], "{text:?}");
        }
    }

    #[test]
    fn everything_else_is_an_error_that_names_the_place() {
        for (text, expected) in [
            ("", "data[0].b64_json is empty"),
            ("  ", "data[0].b64_json is empty"),
            ("Zm9v!mFy", "data[0].b64_json is not base64: Invalid symbol 33, offset 4."),
            ("Zm-v", "offset 2"),
            ("Zg==Zg==", "offset 2"),
            ("Z", "data[0].b64_json is not base64"),
            ("Zh==", "data[0].b64_json is not base64"),
            ("Zg===", "data[0].b64_json is not base64"),
            ("data:image/png,CANARY", "a data: link that is not base64"),
            ("data:image/png;base64", "a data: link without data"),
            ("\u{feff}CANARY", "data[0].b64_json is not base64"),
        ] {
            let error = base64(&Base64::from(text), "data[0].b64_json").unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(expected), "{text:?}: {shown}");
            assert!(!shown.contains("CANARY"), "{shown}");
            assert_eq!((error.kind(), error.outcome()), (Kind::Decode, Outcome::Unknown));
        }
    }
}
