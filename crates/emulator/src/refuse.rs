//! Refusals in the services' error envelopes.

mod scripted;
mod words;

#[cfg(test)]
mod tests;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use imagewire_types::operations::{Credential, Operation};
use imagewire_validate::{Finding, rule::Model};
use serde_json::{Value, json};

pub(crate) use words::from_report;

/// How a service writes its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Message first, all four members always there, indented.
    OpenAi,
    /// The code first; the gateway's own errors have a code and a message alone.
    Azure,
    /// The errors of the provider behind it, passed on in one line.
    TrueFoundry,
}

impl Style {
    pub(crate) fn of(operation: &Operation) -> Self {
        let is_keyed =
            operation.credentials.first().is_some_and(|first| matches!(first, Credential::Header(_)));
        match operation.dialect {
            _ if is_keyed => Self::Azure,
            dialect if dialect.starts_with("truefoundry") => Self::TrueFoundry,
            _ => Self::OpenAi,
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
    kind: &'static str,
    param: Option<String>,
    code: Option<&'static str>,
    /// Azure's gateway tells a code and a message, and nothing else.
    is_bare: bool,
    further: Box<Further>,
}

/// What only some refusals have.
#[derive(Clone, Debug, Default)]
struct Further {
    /// A service's further member of the error.
    detail: Option<(&'static str, Value)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// A body that is no envelope at all: media type and text.
    page: Option<(&'static str, String)>,
}

impl Refusal {
    /// The emulator's own failure.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        let message = format!("The emulator failed: {error}.");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
        Self {
            status,
            message: message.into(),
            kind,
            param: None,
            code: Some(code),
            is_bare: false,
            further: Box::default(),
        }
    }

    /// A 400 about a request.
    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What the gateway before an Azure service says by itself.
    pub(crate) fn gateway(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { is_bare: true, ..Self::new(status, code, message) }
    }

    pub(crate) fn about(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    pub(crate) fn of_type(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn without_code(self) -> Self {
        Self { code: None, ..self }
    }

    pub(crate) fn with_detail(mut self, name: &'static str, value: Value) -> Self {
        self.further.detail = Some((name, value));
        self
    }

    pub(crate) fn with_page(mut self, media_type: &'static str, text: impl Into<String>) -> Self {
        self.further.page = Some((media_type, text.into()));
        self
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.further.headers.push((name, value));
        self
    }

    /// Tells what imagewire found out about the request: code, place, and the model whose rules hold. For people, and for
    /// tests that hold refusals against the published document.
    fn found(self, finding: &Finding, model: Option<&Model>) -> Self {
        let pointer: String = finding.pointer.chars().take(words::SHOWN).collect();
        let mut told = format!("{}; pointer={}", finding.code.as_str(), pointer.escape_debug());
        if let Some(model) = model {
            told = format!("{told}; model={}", model.id);
        }
        match HeaderValue::from_str(&told) {
            Ok(told) => self.with_header(HeaderName::from_static("x-emulator-finding"), told),
            // A member whose name no header can have.
            Err(_) => self,
        }
    }

    /// Says when to come back, in whole seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// No credential, or one that does not open.
    pub(crate) fn unauthorised(operation: &Operation, is_wrong: bool) -> Self {
        let status = StatusCode::UNAUTHORIZED;
        let realm = if operation.dialect == "openai" { "Bearer realm=\"OpenAI API\"" } else { "Bearer" };
        if Style::of(operation) == Style::Azure {
            let message = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to \
                           provide a valid key for an active subscription and use a correct regional API endpoint \
                           for your resource.";
            return Self::gateway(status, "401", message);
        }
        // The services echo a part of the key; what must not be told is not told here either.
        let message = if is_wrong {
            "Incorrect API key provided: ********. You can find your API key at \
             https://platform.openai.com/account/api-keys."
        } else {
            "You didn't provide an API key. You need to provide your API key in an Authorization header using \
             Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        };
        Self::new(status, "invalid_api_key", message)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(realm))
    }

    /// The body of the answer in the service's envelope.
    pub(crate) fn envelope(&self, style: Style) -> String {
        let kind = json!(self.kind);
        let (message, param, code) = (json!(self.message), json!(self.param), json!(self.code));
        let mut members = match style {
            Style::OpenAi | Style::TrueFoundry => {
                vec![("message", message), ("type", kind), ("param", param), ("code", code)]
            }
            Style::Azure if self.is_bare => vec![("code", code), ("message", message)],
            Style::Azure => vec![("code", code), ("message", message), ("param", param), ("type", kind)],
        };
        members.extend(self.further.detail.clone());
        let (open, between, close) = match style {
            Style::OpenAi => ("{\n  \"error\": {\n    ", ",\n    ", "\n  }\n}"),
            Style::Azure | Style::TrueFoundry => ("{\"error\":{", ",", "}}"),
        };
        let space = if style == Style::OpenAi { " " } else { "" };
        let lines: Vec<String> =
            members.iter().map(|(name, value)| format!("\"{name}\":{space}{value}")).collect();
        format!("{open}{}{close}", lines.join(between))
    }

    pub(crate) fn into_response(self, style: Style) -> Response<Body> {
        let (media_type, body) = match &self.further.page {
            Some((media_type, text)) => (*media_type, text.clone()),
            None => ("application/json", self.envelope(style)),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        response.headers_mut().extend(self.further.headers);
        response
    }
}
