//! What services say when they do not deliver, in all the envelopes they say it in.

use std::borrow::Cow;

use ::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use imagewire_types::{ErrorBody, ErrorLabel};
use serde_json::Value;

use super::{
    moderation,
    response::Exchange,
    retry_after::{delay_in_words, images_per_minute_in_words, retry_after, should_retry},
};
use crate::{Error, Kind, Outcome, Stage};

/// The error for an answer without success. The body may be anything, nothing included.
pub(super) fn refusal(exchange: &Exchange<'_>, headers: &HeaderMap, body: &[u8]) -> Error {
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    if let Some(error) = serde_json::from_str(text).ok().and_then(explanation) {
        return explained(exchange, headers, &error);
    }
    let error = explained(exchange, headers, &ErrorBody::new());
    // A page for browsers says nothing that the status does not say, nor does cut JSON.
    let silent = is_html(headers, text) || text.starts_with(['{', '[']);
    if silent { error } else { error.with_words(text, &exchange.scrub) }
}

/// The error for a service's own explanation.
pub(super) fn explained(exchange: &Exchange<'_>, headers: &HeaderMap, body: &ErrorBody) -> Error {
    let kind = kind(exchange.status, body);
    let outcome = outcome(exchange.status, kind);
    let label = |label: &Option<ErrorLabel>| {
        label
            .as_ref()
            .map(ErrorLabel::as_str)
            .filter(|text| !text.is_empty())
            .map(|text| exchange.scrub.label(&text))
    };
    let (code, param) = (label(&body.code).or_else(|| label(&body.kind)), label(&body.param));
    let message = body.message.as_deref().unwrap_or_default();
    let throttled = kind == Kind::RateLimit;
    // A sentence about time means something in a refusal for the moment only.
    let delay = retry_after(headers).or_else(|| delay_in_words(message).filter(|_| throttled));
    let limit = images_per_minute_in_words(message).filter(|_| throttled);

    let moderation = moderation::of_refusal(kind, body, &exchange.scrub);
    let verb = match (kind, outcome) {
        (Kind::Moderation, _) => "refused the request for its content",
        (_, Outcome::Refused) => "refused the request",
        _ => "failed",
    };
    let mut what = format!("{} {verb}: HTTP {}", exchange.endpoint.place(), exchange.status.as_u16());
    if let Some(reason) = exchange.status.canonical_reason().filter(|_| !exchange.status.is_success()) {
        what = format!("{what} {reason}");
    }
    if let Some(code) = &code {
        what = format!("{what}, {code}");
    }
    if let Some(param) = &param {
        what = format!("{what}, parameter `{param}`");
    }
    if let Some(told) = moderation.as_ref().map(ToString::to_string).filter(|told| !told.is_empty()) {
        what = format!("{what}, {told}");
    }
    let is_account = moderation.as_ref().is_some_and(|moderation| moderation.stage == Stage::Account);
    let remedy = if is_account {
        "No prompt helps: ask the service to open the account again".into()
    } else {
        remedy(exchange, kind, outcome, delay)
    };
    Error::new(kind, outcome, what)
        .with_words(message, &exchange.scrub)
        .with_remedy(remedy)
        .with_moderation(moderation)
        .with_status(exchange.status)
        .with_request_id(exchange.request_id.clone())
        .with_code(code)
        .with_param(param)
        .with_retry_after(delay)
        .with_advice(should_retry(headers), limit)
}

/// The explanation in a JSON body: `{"error": {…}}`, `{"error": "text"}`, the members without an envelope, and any of
/// them in a list.
pub(super) fn explanation(value: Value) -> Option<ErrorBody> {
    match value {
        Value::Object(mut members) => match members.remove("error") {
            Some(Value::Null) | None => Some(members_of(&Value::Object(members))),
            Some(error @ Value::Object(_)) => Some(members_of(&error)),
            Some(Value::String(message)) => Some(ErrorBody::new().message(message)),
            Some(other) => Some(ErrorBody::new().message(other.to_string())),
        },
        Value::Array(items) => items.into_iter().find(Value::is_object).and_then(explanation),
        Value::String(message) => Some(ErrorBody::new().message(message)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn members_of(value: &Value) -> ErrorBody {
    let text = |names: &[&str]| names.iter().find_map(|name| sentence(value.get(*name)?));
    let message = text(&["message", "detail", "html-message", "error_description", "title", "msg", "errors"]);
    let mut body = serde_json::from_value(value.clone()).unwrap_or_else(|_| {
        // One member of an unexpected shape must not hide the others.
        let mut body = ErrorBody::new();
        for (name, label) in [("code", &mut body.code), ("type", &mut body.kind), ("param", &mut body.param)]
        {
            *label = value.get(name).and_then(Value::as_str).map(ErrorLabel::from);
        }
        body
    });
    body.message = message;
    body
}

fn sentence(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Array(items) => items.first().and_then(sentence),
        Value::Object(members) => ["message", "msg"].iter().find_map(|name| sentence(members.get(*name)?)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The code decides, since several causes share one status and one type; then the type, then the status.
pub(super) fn kind(status: StatusCode, body: &ErrorBody) -> Kind {
    let lower = |label: &Option<ErrorLabel>| {
        label.as_ref().map(|label| label.as_str().to_ascii_lowercase()).unwrap_or_default()
    };
    let inner = body.inner_error.as_ref().or(body.innererror.as_ref());
    let param = lower(&body.param);
    let labels =
        [lower(&body.code), inner.map(|inner| lower(&inner.code)).unwrap_or_default(), lower(&body.kind)];
    if let Some(kind) = labels.iter().find_map(|label| kind_of_label(label, &param)) {
        return kind;
    }
    if body.moderation_details.is_some() {
        return Kind::Moderation;
    }
    let about_model = || {
        let message = body.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        param == "model" || message.contains("model") || message.contains("deployment")
    };
    match status.as_u16() {
        401 => Kind::Authentication,
        402 => Kind::Quota,
        403 => Kind::Permission,
        404 | 410 if about_model() => Kind::Model,
        400 | 422 if param == "model" => Kind::Model,
        408 => Kind::Timeout,
        425 => Kind::Server,
        429 => Kind::RateLimit,
        400..=499 => Kind::InvalidRequest,
        _ => Kind::Server,
    }
}

fn kind_of_label(label: &str, param: &str) -> Option<Kind> {
    Some(match label {
        "moderation_blocked"
        | "content_policy_violation"
        | "contentfilter"
        | "content_filter"
        | "responsibleaipolicyviolation" => Kind::Moderation,
        "insufficient_quota" | "quota_exceeded" => Kind::Quota,
        _ if label.starts_with("billing_") => Kind::Quota,
        "rate_limit_exceeded" | "rate_limit_error" | "toomanyrequests" | "too_many_requests" | "429" => {
            Kind::RateLimit
        }
        "invalid_api_key" | "authentication_error" | "unauthorized" => Kind::Authentication,
        "organization_must_be_verified" | "permission_error" | "permission_denied" | "forbidden" => {
            Kind::Permission
        }
        "model_not_found" | "model_deprecated" | "model_retired" | "deploymentnotfound" => Kind::Model,
        "invalid_value" | "unsupported_value" if param == "model" => Kind::Model,
        "invalid_value"
        | "unsupported_value"
        | "unknown_parameter"
        | "unsupported_parameter"
        | "invalid_type"
        | "missing_required_parameter"
        | "invalid_image_file"
        | "string_above_max_length" => Kind::InvalidRequest,
        _ => return None,
    })
}

/// 408 proves nothing, since gateways make one of their own timeouts; 425, 429, 503 and 529 turn the request away.
fn outcome(status: StatusCode, kind: Kind) -> Outcome {
    let refusing = || match kind {
        Kind::Authentication
        | Kind::Permission
        | Kind::Model
        | Kind::InvalidRequest
        | Kind::Moderation
        | Kind::RateLimit
        | Kind::Quota => true,
        Kind::Configuration
        | Kind::Connect
        | Kind::Tls
        | Kind::Timeout
        | Kind::Transport
        | Kind::Truncated
        | Kind::Protocol
        | Kind::RedirectRefused
        | Kind::Server
        | Kind::UnexpectedContentType
        | Kind::Decode
        | Kind::TooLarge
        | Kind::NoImage
        | Kind::Incomplete
        | Kind::Download
        | Kind::Io
        | Kind::CircuitOpen => false,
    };
    let refused = match status.as_u16() {
        408 => false,
        400..=499 | 503 | 529 => true,
        200..=299 => refusing(),
        _ => false,
    };
    if refused { Outcome::Refused } else { Outcome::Unknown }
}

fn remedy(
    exchange: &Exchange<'_>,
    kind: Kind,
    outcome: Outcome,
    delay: Option<std::time::Duration>,
) -> Cow<'static, str> {
    let names = exchange.endpoint.operation().credential_variables().join(" or ");
    match (kind, outcome, delay) {
        (Kind::Authentication, ..) if exchange.endpoint.secret().is_none() => {
            format!("No credential was sent: set {names}").into()
        }
        (Kind::Authentication, ..) => format!("Check the credential ({names})").into(),
        (Kind::Permission, ..) => "Check what the account and its key may use".into(),
        (Kind::Model, ..) => "Check the name of the model or deployment; it may be retired".into(),
        (Kind::Moderation, ..) => "Change the prompt; the same one will be refused again".into(),
        (Kind::Quota, ..) => "Check the account's plan and billing".into(),
        (_, Outcome::Refused, Some(delay)) => format!("Try again in {} s", delay.as_secs_f64().ceil()).into(),
        (Kind::RateLimit | Kind::Server, Outcome::Refused, None) => "Try again later".into(),
        (_, Outcome::Refused, None) if exchange.status == StatusCode::NOT_FOUND => {
            "Check the base URL, the deployment and the model".into()
        }
        (_, Outcome::Refused, None) => "Change the request".into(),
        (_, Outcome::NotSent | Outcome::Unknown | Outcome::Done, _) => super::response::MAY_BE_BILLED.into(),
    }
}

pub(super) fn is_html(headers: &HeaderMap, text: &str) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.to_ascii_lowercase().contains("html") || text.starts_with('<')
}
