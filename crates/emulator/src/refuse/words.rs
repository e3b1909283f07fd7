//! Findings in the services' own words.
//!
//! The texts are those that the OpenAI API answers with; the other services follow it. Where no text of a service is
//! known, the emulator says in the same manner what the documents forbid.

use std::time::SystemTime;

use imagewire_types::operations::Operation;
use imagewire_validate::{
    Catalogue, Code, Expected, Finding, Found, Kind, Report, Severity,
    rule::{Model, Stage},
};

use super::Refusal;

/// A name from outside is shown up to this many characters.
pub(super) const SHOWN: usize = 100;

/// The refusal of a request, if anything in its report makes the service refuse it.
///
/// Services look at names first, then at the model, then at values; an envelope holds one error.
pub(crate) fn from_report(report: &Report, operation: &Operation, model: Option<&Model>) -> Option<Refusal> {
    let refused = report.findings().iter().filter(|finding| is_refused(finding, operation, model));
    let first = refused.min_by_key(|finding| match finding.code {
        Code::NotJson => 0,
        Code::UnknownMember | Code::UnsupportedField => 1,
        Code::Retired | Code::Deprecated => 2,
        _ => 3,
    })?;
    Some(refusal(first, operation, model).found(first, model))
}

/// Whether the service refuses what imagewire found. For imagewire a member outside the vocabulary is a note and the
/// end of a model's life a warning; the services refuse the former, OpenAI and Azure the latter.
pub(super) fn is_refused(finding: &Finding, operation: &Operation, model: Option<&Model>) -> bool {
    match finding.code {
        Code::UnknownMember => true,
        Code::Retired => keeps_up(operation),
        // An end that was announced, and whose day has come since.
        Code::Deprecated => {
            keeps_up(operation) && model.is_some_and(|model| is_gone(model, operation.dialect, &today()))
        }
        _ => finding.severity == Severity::Error,
    }
}

/// The date, such as `2026-11-27`.
fn today() -> String {
    let mut time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    time.truncate("2026-11-27".len());
    time
}

/// Whether the service has stopped running the model by that day.
fn is_gone(model: &Model, dialect: &str, today: &str) -> bool {
    let Ok(dialect) = Catalogue::built_in().dialect(dialect) else { return false };
    model.lifecycle.iter().filter(|life| dialect.runs(life)).any(|life| match life.stage {
        Stage::Active => false,
        Stage::Retired => true,
        Stage::Deprecated => life.date.as_deref().is_some_and(|date| date <= today),
    })
}

/// Whether the service itself runs the models, and stops running them; the others document models of any age.
fn keeps_up(operation: &Operation) -> bool {
    operation.dialect == "openai" || operation.dialect.starts_with("azure")
}

pub(super) fn refusal(finding: &Finding, operation: &Operation, model: Option<&Model>) -> Refusal {
    let name = name(&finding.pointer);
    let shown = name.as_deref().unwrap_or("body");
    let refusal = match finding.code {
        Code::NotJson => {
            let service = operation.title;
            let message = format!(
                "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your \
                 HTTP library correctly. The {service} API expects a JSON payload, but what was sent was not valid \
                 JSON.)"
            );
            return Refusal::invalid("invalid_json", message).without_code();
        }
        Code::Missing => {
            Refusal::invalid("missing_required_parameter", format!("Missing required parameter: '{shown}'."))
        }
        Code::Null | Code::WrongType => Refusal::invalid("invalid_type", wrong_type(finding, shown)),
        Code::Duplicate => {
            Refusal::invalid("duplicate_parameter", format!("Duplicate parameter: '{shown}'."))
        }
        Code::UnsupportedField | Code::UnknownMember => {
            Refusal::invalid("unknown_parameter", format!("Unknown parameter: '{shown}'."))
        }
        Code::OutOfRange => out_of_range(finding, shown),
        Code::TooShort | Code::TooLong => wrong_length(finding, shown),
        Code::Retired | Code::Deprecated => {
            return Refusal::retired(operation, model.map_or("", |model| model.id.as_ref()));
        }
        Code::UnsupportedValue => {
            Refusal::invalid("invalid_value", unsupported(finding, model)).of_type(type_for(model))
        }
        Code::Conflict if shown == "background" && finding.message.contains("JPEG") => {
            let message = "Transparent background is not supported for JPEG output format";
            Refusal::invalid("invalid_value", message).of_type(type_for(model))
        }
        Code::Conflict | Code::Advice | Code::UnknownModel | Code::UnknownValue => {
            Refusal::invalid("invalid_value", format!("Invalid '{shown}': {}.", finding.message))
        }
    };
    match name {
        Some(name) => refusal.about(name),
        None => refusal,
    }
}

impl Refusal {
    /// The model is no longer served.
    pub(crate) fn retired(operation: &Operation, model: &str) -> Self {
        let mut others = in_service(operation.dialect);
        others.retain(|other| other != model);
        let refusal = Self::invalid("invalid_value", invalid_value(model, &others))
            .of_type("image_generation_user_error");
        // A deployment in the path is no member of the request.
        if operation.path.contains('{') { refusal } else { refusal.about("model") }
    }
}

/// GPT image models have a type of error of their own.
fn type_for(model: Option<&Model>) -> &'static str {
    let is_gpt = model.is_some_and(|model| model.returns.iter().any(|member| member == "usage"));
    if is_gpt { "image_generation_user_error" } else { "invalid_request_error" }
}

/// `/a/b` as the services write it: `a.b`.
fn name(pointer: &str) -> Option<String> {
    let path = pointer.strip_prefix('/')?;
    let dotted: String = path.replace('/', ".").replace("~1", "/").replace("~0", "~");
    let shown: String = dotted.chars().take(SHOWN).collect();
    Some(shown.escape_debug().to_string())
}

fn in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Fraction => "a decimal number",
        Kind::Text => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

fn wrong_type(finding: &Finding, shown: &str) -> String {
    match (&finding.expected, &finding.found) {
        (Some(Expected::Kind(expected)), Some(Found::Kind(found))) => {
            let (expected, found) = (in_words(*expected), in_words(*found));
            format!("Invalid type for '{shown}': expected {expected}, but got {found} instead.")
        }
        _ => format!("Invalid type for '{shown}'."),
    }
}

fn out_of_range(finding: &Finding, shown: &str) -> Refusal {
    let (Some(Expected::Range(min, max)), Some(Found::Integer(found))) = (&finding.expected, &finding.found)
    else {
        return Refusal::invalid("invalid_value", format!("Invalid '{shown}'."));
    };
    if *found < i128::from(*min) {
        let bound = format!("integer below minimum value. Expected a value >= {min}");
        let message = format!("Invalid '{shown}': {bound}, but got {found} instead.");
        return Refusal::invalid("integer_below_min_value", message);
    }
    let bound = format!("integer above maximum value. Expected a value <= {max}");
    Refusal::invalid(
        "integer_above_max_value",
        format!("Invalid '{shown}': {bound}, but got {found} instead."),
    )
}

fn wrong_length(finding: &Finding, shown: &str) -> Refusal {
    let (Some(Expected::Length(min, max)), Some(Found::Length(found))) = (&finding.expected, &finding.found)
    else {
        return Refusal::invalid("invalid_value", format!("Invalid '{shown}'."));
    };
    if finding.code == Code::TooLong {
        let message = format!(
            "Invalid '{shown}': string too long. Expected a string with maximum length {max}, but got a string with \
             length {found} instead."
        );
        return Refusal::invalid("string_above_max_length", message);
    }
    if *found == 0 {
        let message = format!(
            "Invalid '{shown}': empty string. Expected a string with minimum length {min}, but got an empty string \
             instead."
        );
        return Refusal::invalid("empty_string", message);
    }
    let message = format!(
        "Invalid '{shown}': string too short. Expected a string with minimum length {min}, but got a string with \
         length {found} instead."
    );
    Refusal::invalid("string_below_min_length", message)
}

fn unsupported(finding: &Finding, model: Option<&Model>) -> String {
    let value = match &finding.found {
        Some(Found::Name(name)) => name.as_str(),
        Some(Found::Kind(_) | Found::Integer(_) | Found::Length(_)) | None => "",
    };
    if let (Some(model), "/quality", "xhigh" | "max") = (model, finding.pointer.as_str(), value) {
        return format!("The model '{}' does not support quality '{value}'", model.id);
    }
    match &finding.expected {
        Some(Expected::OneOf(names)) => invalid_value(value, names),
        _ => {
            let allowed = finding.allowed.as_deref().unwrap_or("another value").replace('`', "'");
            format!("Invalid value: '{value}'. Expected {allowed}.")
        }
    }
}

/// The services list what they support with a comma before the last.
fn invalid_value(value: &str, names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    let supported = match quoted.as_slice() {
        [] => return format!("Invalid value: '{value}'."),
        [only] => return format!("Invalid value: '{value}'. Value must be {only}."),
        [first, second] => format!("{first} and {second}"),
        [start @ .., last] => format!("{}, and {last}", start.join(", ")),
    };
    format!("Invalid value: '{value}'. Supported values are: {supported}.")
}

/// The models that a service has not retired.
fn in_service(dialect: &str) -> Vec<String> {
    let today = today();
    let models = Catalogue::built_in().models().filter(|model| !is_gone(model, dialect, &today));
    models.map(|model| model.id.clone().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_gone_from_the_day_that_was_announced() {
        let catalogue = Catalogue::built_in();
        let model = |name| catalogue.model(name).expect("a model");
        for (name, dialect, today, expected) in [
            ("gpt-image-1-mini", "openai", "2026-11-30", false),
            ("gpt-image-1-mini", "openai", "2026-12-01", true),
            ("gpt-image-1-mini", "fastapi", "2036-12-01", false),
            ("dall-e-3", "azure", "2026-11-27", true),
            ("dall-e-3", "azure-v1", "2026-11-27", true),
            ("dall-e-3", "hicap", "2026-11-27", false),
            ("gpt-image-2", "openai", "2026-11-27", false),
        ] {
            assert_eq!(is_gone(model(name), dialect, today), expected, "{name} {dialect} {today}");
        }
        assert_eq!(today().len(), 10);
    }
}
