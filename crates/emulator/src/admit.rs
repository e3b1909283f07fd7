//! Whether a request is let in: credential first, then parameters, then the body.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode, header};
use imagewire_types::{
    CreateImageRequest,
    operations::{Credential, Operation},
};
use imagewire_validate::{Target, check_json};

use crate::refuse::Refusal;

/// Any credential that is not empty, in any place that the service takes it.
pub(crate) fn credential(operation: &Operation, headers: &HeaderMap) -> Result<(), Refusal> {
    let is_there = operation.credentials.iter().any(|credential| match credential {
        Credential::Header(name) => {
            headers.get(*name).is_some_and(|value| !value.as_bytes().trim_ascii().is_empty())
        }
        Credential::Bearer => {
            headers.get(header::AUTHORIZATION).is_some_and(|value| is_bearer(value.as_bytes()))
        }
        _ => false,
    });
    if is_there { Ok(()) } else { Err(Refusal::unauthorised(operation)) }
}

fn is_bearer(value: &[u8]) -> bool {
    let Some((scheme, token)) = value.split_at_checked("bearer ".len()) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && !token.trim_ascii().is_empty()
}

/// The query parameters that the service requires.
pub(crate) fn query(operation: &Operation, query: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for parameter in operation.query_parameters.iter().filter(|parameter| parameter.required) {
        if query.get(parameter.name).is_none_or(String::is_empty) {
            let example =
                parameter.example.map_or_else(String::new, |example| format!(", such as {example}"));
            let message = format!("The query parameter `{}` is missing{example}.", parameter.name);
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "missing_required_parameter", message)
                .about(parameter.name));
        }
    }
    Ok(())
}

/// A body that the service would accept.
pub(crate) fn body(body: &[u8], target: &Target<'_>) -> Result<CreateImageRequest, Refusal> {
    if let Some(refusal) = Refusal::from_report(&check_json(body, target)) {
        return Err(refusal);
    }
    let request: CreateImageRequest = serde_json::from_slice(body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_json", format!("The body cannot be read: {error}."))
    })?;
    if request.stream == Some(true) {
        let message = "The emulator does not stream yet: send `stream: false` or leave the member out.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "unsupported_value", message).about("stream"));
    }
    Ok(request)
}
