//! Base64 payloads.

use std::fmt;

/// Base64 text. `Debug` shows its length, never its contents.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(transparent))]
pub struct Base64(String);

impl Base64 {
    /// The text as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, without copying it.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// Encodes bytes (standard alphabet, with padding).
    #[cfg(feature = "base64")]
    #[must_use]
    pub fn encode(bytes: impl AsRef<[u8]>) -> Self {
        use base64::Engine as _;
        Self(base64::engine::general_purpose::STANDARD.encode(bytes))
    }

    /// Decodes the payload: standard alphabet; ASCII whitespace and missing padding are forgiven.
    ///
    /// # Errors
    /// When the text is not base64; the error tells the place, not the contents.
    #[cfg(feature = "base64")]
    pub fn decode(&self) -> Result<Vec<u8>, InvalidBase64> {
        use base64::{
            Engine as _, alphabet,
            engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
        };
        const ENGINE: GeneralPurpose = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        // Blanks are rare, and looking for them costs as much as decoding.
        let decoded = ENGINE.decode(&self.0).or_else(|error| {
            let text: Vec<u8> = self.0.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            if text.len() < self.0.len() { ENGINE.decode(text) } else { Err(error) }
        });
        decoded.map_err(|error| InvalidBase64(error.to_string()))
    }
}

/// The text is not base64.
#[cfg(feature = "base64")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidBase64(String);

#[cfg(feature = "base64")]
impl fmt::Display for InvalidBase64 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not base64: {}", self.0)
    }
}

#[cfg(feature = "base64")]
impl std::error::Error for InvalidBase64 {}

impl fmt::Debug for Base64 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Base64({} characters)", self.0.len())
    }
}

impl From<String> for Base64 {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Base64 {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl serde::Serialize for Base64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Base64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

crate::wire::read_by_serde!(Base64);
