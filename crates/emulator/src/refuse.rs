//! Refusals in the services' error envelope.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use imagewire_types::operations::Operation;
use imagewire_validate::{Code, Finding, Report, Severity};
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
    kind: &'static str,
    param: Option<String>,
    code: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
        Self { status, message: message.into(), kind, param: None, code: Some(code) }
    }

    pub(crate) fn about(self, param: &str) -> Self {
        Self { param: Some(param.to_owned()), ..self }
    }

    /// No credential, or an empty one.
    pub(crate) fn unauthorised(operation: &Operation) -> Self {
        let place = match operation.credentials.first() {
            Some(imagewire_types::operations::Credential::Header(name)) => {
                format!("the header `{name}: <key>`")
            }
            _ => "the header `Authorization: Bearer <key>`".to_owned(),
        };
        let message = format!(
            "No API key was provided. {} takes it in {place}; the emulator accepts any key.",
            operation.title
        );
        Self::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
    }

    /// The first error of a report; the envelope holds one.
    pub(crate) fn from_report(report: &Report) -> Option<Self> {
        // The services refuse members that they do not know; for imagewire itself these are notes.
        let is_refused =
            |finding: &&Finding| finding.severity == Severity::Error || finding.code == Code::UnknownMember;
        let finding = report.findings().iter().find(is_refused)?;
        let message = match &finding.nearest {
            Some(nearest) => format!("{} (nearest: {nearest})", finding.message),
            None => finding.message.clone(),
        };
        let refusal = Self::new(StatusCode::BAD_REQUEST, code(finding.code), message);
        Some(match finding.pointer.strip_prefix('/') {
            Some(param) => refusal.about(param),
            None => refusal,
        })
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let Self { status, message, kind, param, code } = self;
        let mut response = json_response(
            status,
            &json!({
                "error": { "message": message, "type": kind, "param": param, "code": code }
            }),
        );
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The services' own code for a finding.
fn code(code: Code) -> &'static str {
    match code {
        Code::NotJson => "invalid_json",
        Code::Missing => "missing_required_parameter",
        Code::Null | Code::WrongType => "invalid_type",
        Code::Duplicate => "duplicate_parameter",
        Code::UnsupportedField | Code::UnknownMember => "unknown_parameter",
        Code::OutOfRange => "out_of_range",
        Code::TooShort => "string_below_min_length",
        Code::TooLong => "string_above_max_length",
        Code::UnsupportedValue
        | Code::Conflict
        | Code::Deprecated
        | Code::Retired
        | Code::Advice
        | Code::UnknownModel
        | Code::UnknownValue => "invalid_value",
    }
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
