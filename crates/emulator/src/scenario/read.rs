//! Scenarios as people write them: `name;key=value`, in a header or a prompt, and as objects.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::{InvalidScenario, Scenario};

/// Categories and content types go into bodies and headers: this much of them is taken.
const MAX_TEXT: usize = 100;

/// `rate-limit;retry_after=2`.
pub(crate) fn from_header(text: &str) -> Result<Scenario, InvalidScenario> {
    let mut parts = text.split(';').map(str::trim);
    let mut members = Map::new();
    members.insert("kind".to_owned(), Value::from(parts.next().unwrap_or_default()));
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| InvalidScenario::new("a scenario's settings are written `name=value`"))?;
        // Numbers and truth values are written as in JSON; everything else is text.
        let value = match serde_json::from_str::<Value>(value.trim()) {
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
            _ => Value::from(value.trim()),
        };
        members.insert(name.trim().to_owned(), value);
    }
    from_value(Value::Object(members))
}

/// The first `[[scenario:…]]` in a prompt.
pub(crate) fn from_prompt(prompt: &str) -> Option<Result<Scenario, InvalidScenario>> {
    let (_, rest) = prompt.split_once("[[scenario:")?;
    let (text, _) = rest.split_once("]]")?;
    Some(from_header(text))
}

/// An object whose `kind` is the scenario's name.
pub(crate) fn from_value(value: Value) -> Result<Scenario, InvalidScenario> {
    let scenario = Scenario::deserialize(value).map_err(|error| InvalidScenario::new(&error.to_string()))?;
    let is_plain = |text: &str| {
        text.len() <= MAX_TEXT && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    match &scenario {
        Scenario::Status { status, .. } if !(300..=599).contains(status) => {
            Err(InvalidScenario::new("a status is 300 to 599"))
        }
        Scenario::HtmlError { status } if !(400..=599).contains(status) => {
            Err(InvalidScenario::new("the status of a page is 400 to 599"))
        }
        Scenario::PromptBlock { category: text }
        | Scenario::OutputBlock { category: text }
        | Scenario::OneBlocked { category: text, .. }
        | Scenario::WrongContentType { content_type: text }
            if !is_plain(text) =>
        {
            Err(InvalidScenario::new("a category or content type is up to 100 printable ASCII characters"))
        }
        Scenario::Pace { compression } if !(compression.is_finite() && *compression > 0.0) => {
            Err(InvalidScenario::new("a compression is a number above 0"))
        }
        Scenario::Limit { window: 0, .. } => {
            Err(InvalidScenario::new("a window has at least one millisecond"))
        }
        Scenario::Drip { bytes: 0, .. } => Err(InvalidScenario::new("a drip has at least one byte")),
        _ => Ok(scenario),
    }
}
