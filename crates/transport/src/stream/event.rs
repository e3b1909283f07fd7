//! One event of a stream, once all of it has come: what it says.

use imagewire_types::{ErrorBody, ErrorLabel, ImageStreamEvent, ImageStreamEventType};
use serde_json::{Map, Value};

use crate::decode::{Fault, ScanError, Scanner};

/// Relays that speak another service's dialect end a stream with this instead of JSON.
pub(super) const DONE: &str = "[DONE]";
/// How much of an unknown name is kept.
const NAME: usize = 100;

/// What an event says.
#[derive(Debug)]
pub(super) enum Said {
    /// Nothing: its data is blank.
    Nothing,
    /// That no more will come.
    Done,
    /// A partial or a completed image.
    Image(Box<ImageStreamEvent>),
    Failure(Box<ErrorBody>),
    /// Something that this release does not know.
    Other(String),
}

/// Reads what the scanner collected of the event of that `name`.
pub(super) fn read(scanner: &Scanner, name: Option<String>) -> Result<Said, ScanError> {
    let envelope = scanner.whole_envelope()?;
    let text = String::from_utf8_lossy(envelope);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Said::Nothing);
    }
    if trimmed.starts_with(DONE) {
        return Ok(Said::Done);
    }
    let explain = |error: &serde_json::Error| scanner.explain(text.as_bytes(), error);
    let value: Value = serde_json::from_str(&text).map_err(|error| explain(&error))?;
    let Value::Object(mut members) = value else {
        return Err(ScanError { fault: Fault::Form, place: None, offset: 0 });
    };
    let is_typed = members.get("type").is_some_and(|kind| !kind.is_null());
    let kind = match members.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        None | Some(Value::Null) => name.unwrap_or_default(),
        Some(_) => return Err(ScanError { fault: Fault::Form, place: None, offset: 0 }),
    };
    let known = ImageStreamEventType::from(kind.as_str());
    if known == ImageStreamEventType::Error || members.get("error").is_some_and(says_something) {
        return Ok(Said::Failure(Box::new(failure(members))));
    }
    if matches!(known, ImageStreamEventType::Unknown(_)) {
        return Ok(Said::Other(kind.chars().take(NAME).collect()));
    }
    // The strict reader, which refuses what stands twice, unless the type has to be filled in.
    let event = if is_typed {
        serde_json::from_str(&text)
    } else {
        members.insert("type".to_owned(), Value::String(kind));
        serde_json::from_value(Value::Object(members))
    };
    event.map(|event| Said::Image(Box::new(event))).map_err(|error| explain(&error))
}

fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// The explanation in `error`, or in the event itself.
fn failure(mut members: Map<String, Value>) -> ErrorBody {
    match members.remove("error").filter(says_something) {
        Some(Value::Object(error)) => body(error),
        Some(Value::String(message)) => ErrorBody::new().message(message),
        Some(other) => ErrorBody::new().message(other.to_string()),
        None => {
            // Here `type` says that it is an error, not which.
            members.remove("type");
            body(members)
        }
    }
}

fn body(members: Map<String, Value>) -> ErrorBody {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let mut fallback = ErrorBody::new();
    fallback.message = text("message").map(str::to_owned);
    fallback.code = text("code").map(ErrorLabel::from);
    fallback.kind = text("type").map(ErrorLabel::from);
    fallback.param = text("param").map(ErrorLabel::from);
    // One member of an unexpected shape must not hide the others.
    serde_json::from_value(Value::Object(members)).unwrap_or(fallback)
}
