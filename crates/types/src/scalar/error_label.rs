//! Labels in error bodies.

use std::{borrow::Cow, fmt};

use serde_json::Value;

/// A short label in an error body: text at most services, a number, `null` or worse at some. Kept as it came.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(transparent))]
pub struct ErrorLabel(Value);

impl ErrorLabel {
    /// The label as text; `null` is the empty text, and anything else than text is its JSON.
    #[must_use]
    pub fn as_str(&self) -> Cow<'_, str> {
        match &self.0 {
            Value::String(text) => Cow::Borrowed(text),
            Value::Null => Cow::Borrowed(""),
            other => Cow::Owned(other.to_string()),
        }
    }
}

impl fmt::Display for ErrorLabel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.as_str())
    }
}

impl From<&str> for ErrorLabel {
    fn from(text: &str) -> Self {
        Self(Value::from(text))
    }
}

impl From<String> for ErrorLabel {
    fn from(text: String) -> Self {
        Self(Value::from(text))
    }
}

impl PartialEq<str> for ErrorLabel {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl serde::Serialize for ErrorLabel {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for ErrorLabel {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }
}

crate::wire::read_by_serde!(ErrorLabel);
