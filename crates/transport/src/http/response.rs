//! Answers.

#[cfg(feature = "reqwest")]
mod arriving;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use ::http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION},
};
use imagewire_types::{CreateImageRequest, ImagesResponse};
use serde_json::{Value, error::Category};

#[cfg(feature = "reqwest")]
pub(crate) use arriving::assemble;

use super::{moderation, refusal};
use crate::{Endpoint, Error, Kind, Outcome, Secret, decode::ends_with_ignoring_case, error::Scrub};

/// What to tell a person whose request may have been carried out.
pub(crate) const MAY_BE_BILLED: &str =
    "The image may have been made and billed; check with the service before you send the request again";

/// The headers that name an exchange for the service's support, in the order of preference.
static REQUEST_ID: [HeaderName; 4] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("apim-request-id"),
    HeaderName::from_static("x-api-request-id"),
    HeaderName::from_static("x-tfy-feedback-target-id"),
];

/// An answer that holds at least one image.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The answer as it came.
    pub response: ImagesResponse,
    /// The service's name for this exchange.
    pub request_id: Option<String>,
}

/// Judges a whole answer to `request`, which was sent to `endpoint`; both are needed to keep credential and prompt out
/// of the error, whatever the service repeats.
///
/// An answer with a status of success must be JSON with at least one image. Compressed bodies are refused, since no
/// compression was asked for.
///
/// # Errors
/// Everything from [`Kind::RedirectRefused`] to [`Kind::NoImage`]; [`Error::outcome`] tells what it means for money.
pub fn read(
    endpoint: &Endpoint,
    request: &CreateImageRequest,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer, Error> {
    Exchange::new(endpoint, request, status, headers).read(headers, body)
}

/// One request and the head of its answer.
pub(crate) struct Exchange<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) scrub: Scrub<'a>,
    pub(super) status: StatusCode,
    pub(crate) request_id: Option<String>,
}

/// What the head says about the body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON; without a type, or with one that says nothing, which is common behind proxies, the content decides.
    Json {
        sure: bool,
    },
    /// A stream of events.
    Events,
    Other,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(
        endpoint: &'a Endpoint,
        request: &'a CreateImageRequest,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Self {
        let request_id = request_id(endpoint, request, headers);
        Self { endpoint, scrub: scrub(endpoint, request), status, request_id }
    }
}

impl Exchange<'_> {
    /// Judges a whole answer.
    pub(crate) fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Answer, Error> {
        match self.status.as_u16() {
            200..=299 => self.success(headers, body),
            300..=399 => Err(self.redirect(headers)),
            _ => Err(refusal::refusal(self, headers, body)),
        }
        .map_err(|error| error.with_body(body, &self.scrub))
    }

    fn success(&self, headers: &HeaderMap, body: &[u8]) -> Result<Answer, Error> {
        self.refuse_compression(headers)?;
        let Form::Json { sure } = form(headers) else {
            return Err(self.unexpected_type(headers, body));
        };
        self.json(headers, body, sure)
    }

    /// Judges a whole answer whose head says that it is JSON.
    pub(crate) fn json(&self, headers: &HeaderMap, body: &[u8], sure: bool) -> Result<Answer, Error> {
        if body.trim_ascii().is_empty() {
            return Err(self.doubtful(Kind::Decode, "is empty"));
        }
        match serde_json::from_slice(body) {
            Ok(response) => self.judge(headers, response, false),
            Err(error) if !sure && error.classify() == Category::Syntax => {
                Err(self.unexpected_type(headers, body))
            }
            Err(error) => Err(self.undecodable(&error)),
        }
    }

    fn refuse_compression(&self, headers: &HeaderMap) -> Result<(), Error> {
        let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|value| !value.as_bytes().is_empty())
        else {
            return Ok(());
        };
        let encoding = self.scrub.label(&String::from_utf8_lossy(encoding.as_bytes()));
        if encoding.eq_ignore_ascii_case("identity") {
            return Ok(());
        }
        Err(self.doubtful(Kind::Decode, &format!("is compressed ({encoding}), which was not asked for")))
    }

    /// `has_payload`: images were taken out of the answer while it came.
    fn judge(
        &self,
        headers: &HeaderMap,
        response: ImagesResponse,
        has_payload: bool,
    ) -> Result<Answer, Error> {
        if !has_payload {
            self.require_image(&response, headers)?;
        }
        Ok(Answer { response, request_id: self.request_id.clone() })
    }

    fn require_image(&self, response: &ImagesResponse, headers: &HeaderMap) -> Result<(), Error> {
        let holds_image = |image: &imagewire_types::Image| {
            image.b64_json.as_ref().is_some_and(|payload| !payload.as_str().is_empty())
                || image.url.as_ref().is_some_and(|url| !url.is_empty())
        };
        if response.data.iter().any(holds_image) {
            return Ok(());
        }
        // Some gateways report failures with a status of success.
        if let Some(error) = response.extra.get("error").filter(|error| !error.is_null()) {
            let envelope = serde_json::json!({ "error": error });
            return Err(refusal::explained(
                self,
                headers,
                &refusal::explanation(envelope).unwrap_or_default(),
            ));
        }
        if let Some(moderation) = moderation::of_images(&response.data, &self.scrub) {
            let what =
                format!("{} withheld every image for its content, {moderation}", self.endpoint.place());
            return Err(self
                .finish(Error::new(Kind::Moderation, Outcome::Unknown, what))
                .with_moderation(Some(moderation))
                .with_remedy("Change the prompt. The images may have been made and billed"));
        }
        let words = response.extra.get("message").and_then(Value::as_str).unwrap_or_default();
        Err(self.doubtful(Kind::NoImage, "holds no image").with_words(words, &self.scrub))
    }

    /// An answer from which it cannot be seen whether images were made.
    pub(crate) fn doubtful(&self, kind: Kind, what: &str) -> Error {
        let what = format!("The answer of {} {what}", self.endpoint.place());
        self.finish(Error::new(kind, Outcome::Unknown, what)).with_remedy(MAY_BE_BILLED)
    }

    /// Keeps the place; `serde_json`'s own text may quote the answer.
    fn undecodable(&self, error: &serde_json::Error) -> Error {
        let (line, column) = (error.line(), error.column());
        let what = match error.classify() {
            Category::Eof => "ends too early",
            Category::Syntax | Category::Io => "is not JSON",
            Category::Data => "has another form than documented",
        };
        self.doubtful(Kind::Decode, &format!("{what} (line {line}, column {column})"))
    }

    fn unexpected_type(&self, headers: &HeaderMap, body: &[u8]) -> Error {
        let text = std::str::from_utf8(body).unwrap_or_default().trim();
        let declared = declared(headers)
            .map_or_else(|| "no content type".to_owned(), |declared| self.scrub.label(&declared));
        let error = self.doubtful(Kind::UnexpectedContentType, &format!("is not JSON but {declared}"));
        if refusal::is_html(headers, text) { error } else { error.with_words(text, &self.scrub) }
    }

    fn redirect(&self, headers: &HeaderMap) -> Error {
        let target = headers.get(LOCATION).and_then(|value| value.to_str().ok()).and_then(|location| {
            let target = self.endpoint.url().ok()?.join(location).ok()?;
            Some(self.scrub.label(&crate::endpoint::host(&target)))
        });
        let what = format!(
            "{} answered HTTP {} and pointed to {}",
            self.endpoint.place(),
            self.status.as_u16(),
            target.as_deref().unwrap_or("no place")
        );
        self.finish(Error::new(Kind::RedirectRefused, Outcome::Refused, what))
            .with_remedy("Nothing was sent there. If the service has moved, set the base URL")
    }

    pub(crate) fn finish(&self, error: Error) -> Error {
        error.with_status(self.status).with_request_id(self.request_id.clone())
    }
}

/// The type that the head claims, without parameters.
fn declared(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let value = headers.get(CONTENT_TYPE)?.as_bytes();
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
    Some(String::from_utf8_lossy(kind.trim_ascii()))
}

fn form(headers: &HeaderMap) -> Form {
    // Nearly every answer says this and no more.
    if headers.get(CONTENT_TYPE).is_some_and(|value| value == "application/json") {
        return Form::Json { sure: true };
    }
    match declared(headers).as_deref() {
        Some(declared) if is_json(declared) => Form::Json { sure: true },
        None | Some("" | "text/plain" | "application/octet-stream") => Form::Json { sure: false },
        Some(declared) if declared.eq_ignore_ascii_case("text/event-stream") => Form::Events,
        Some(_) => Form::Other,
    }
}

fn is_json(declared: &str) -> bool {
    ["application/json", "text/json"].iter().any(|json| declared.eq_ignore_ascii_case(json))
        || ends_with_ignoring_case(declared, "+json")
}

fn scrub<'a>(endpoint: &'a Endpoint, request: &'a CreateImageRequest) -> Scrub<'a> {
    Scrub {
        secret: endpoint.secret().map(Secret::expose),
        prompt: Some(&request.prompt),
        user: request.user.as_deref(),
    }
}

/// The service's name for an exchange, from the head of its answer. [`read`] keeps it; this is for answers whose body
/// did not arrive.
#[must_use]
pub fn request_id(endpoint: &Endpoint, request: &CreateImageRequest, headers: &HeaderMap) -> Option<String> {
    let value = REQUEST_ID.iter().find_map(|name| headers.get(name)?.to_str().ok())?;
    Some(scrub(endpoint, request).label(value)).filter(|id| !id.is_empty())
}
