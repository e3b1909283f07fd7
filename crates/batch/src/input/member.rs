//! A member of a request from its name and a text, as tables and command lines have them.

use imagewire_validate::{fields, rule::FieldKind};
use serde_json::Value;

/// The value that a text stands for in the member of that name.
///
/// # Errors
/// When the text is no number or truth value where one is needed, in words.
pub fn member(name: &str, text: &str) -> Result<Value, String> {
    let kind = fields().iter().find(|field| field.name == name).map(|field| &field.kind);
    match kind {
        Some(FieldKind::Integer) => text
            .trim()
            .parse::<u32>()
            .map(Value::from)
            .map_err(|_| format!("`{name}` is a whole number; write digits alone")),
        Some(FieldKind::Boolean) => text
            .trim()
            .to_ascii_lowercase()
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| format!("`{name}` is true or false")),
        Some(FieldKind::Text) => Ok(Value::from(text)),
        Some(FieldKind::Name(_) | FieldKind::Size | FieldKind::Model) => Ok(Value::from(text.trim())),
        // Somebody else's member: a number where it looks like one.
        None => Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))),
    }
}
