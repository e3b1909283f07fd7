//! Whether a request is let in: credential first, then parameters, then the body.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use imagewire_types::{
    CreateImageRequest,
    operations::{Credential, Operation},
};
use imagewire_validate::{Target, check_json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    log::Judged,
    refuse::{self, Refusal},
};

/// The largest request body that is read, in bytes.
const MAX_BODY: usize = 1 << 20;
/// Of a larger body so much is thrown away, so that the client gets to read why it is refused.
const MAX_DRAINED: usize = 16 << 20;

/// A key by its digest: it can be compared, and not be told.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// Compares in constant time; digests are of one length.
    fn opens(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key([redacted])")
    }
}

/// The credential, in any place where the service takes it: any that is not empty, or the one that is required.
pub(crate) fn credential<'a>(
    operation: &Operation,
    headers: &'a HeaderMap,
    required: Option<&Key>,
) -> Result<&'a [u8], Refusal> {
    let mut found = operation.credentials.iter().filter_map(|credential| given(credential, headers));
    let key = found.next().ok_or_else(|| Refusal::unauthorised(operation, false))?;
    match required {
        Some(required) if !required.opens(&Key::new(key)) => Err(Refusal::unauthorised(operation, true)),
        _ => Ok(key),
    }
}

/// Whether the required key is there, if one is required.
pub(crate) fn admitted(
    credentials: &[Credential],
    headers: &HeaderMap,
    required: Option<&Key>,
) -> Result<(), Refusal> {
    let Some(required) = required else { return Ok(()) };
    let opens = |key: &[u8]| required.opens(&Key::new(key));
    if credentials.iter().filter_map(|credential| given(credential, headers)).any(opens) {
        return Ok(());
    }
    let message = "The emulator's own pages want the key that its services want, as `Authorization: Bearer`.";
    Err(Refusal::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
}

/// The credential in one of its places, unless it is empty.
fn given<'a>(credential: &Credential, headers: &'a HeaderMap) -> Option<&'a [u8]> {
    let value = match credential {
        Credential::Header(name) => headers.get(*name)?.as_bytes().trim_ascii(),
        Credential::Bearer => bearer(headers.get(header::AUTHORIZATION)?.as_bytes())?,
        _ => return None,
    };
    (!value.is_empty()).then_some(value)
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// The query parameters that the service requires.
pub(crate) fn query(operation: &Operation, query: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for parameter in operation.query_parameters.iter().filter(|parameter| parameter.required) {
        if query.get(parameter.name).is_none_or(String::is_empty) {
            if operation.dialect == "azure" {
                // Without a version there is no path.
                return Err(Refusal::gateway(StatusCode::NOT_FOUND, "404", "Resource not found"));
            }
            let message = format!("Missing required parameter: '{}'.", parameter.name);
            return Err(Refusal::invalid("missing_required_parameter", message).about(parameter.name));
        }
    }
    Ok(())
}

/// JSON that is not compressed. A request without a content type is taken at its word.
pub(crate) fn media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let is_coded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if is_coded {
        let message = "Compressed requests are not supported.";
        return Err(Refusal::new(status, "unsupported_content_encoding", message));
    }
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let given = given.to_str().unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let shown: String = essence.chars().take(80).collect();
    let message = format!(
        "Unsupported content type: '{shown}'. This API method only accepts 'application/json' requests, but you \
         specified the header 'Content-Type: {shown}'. Please try again with a supported content type."
    );
    Err(Refusal::new(status, "unsupported_content_type", message))
}

/// The whole body, up to the limit. A client that sends nothing of it for `within` is let go, and so is one that needs
/// several times as long for all of it.
pub(crate) async fn read(body: Body, within: Duration) -> Result<Bytes, Refusal> {
    let all = within.saturating_mul(BODY_IN);
    tokio::time::timeout(all, collect(body, within)).await.unwrap_or_else(|_| Err(late()))
}

/// The time for a body, in those for a piece of it.
const BODY_IN: u32 = 4;

fn late() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time.")
}

async fn collect(mut body: Body, within: Duration) -> Result<Bytes, Refusal> {
    let mut whole = BytesMut::new();
    let mut size = 0_usize;
    loop {
        let frame = tokio::time::timeout(within, body.frame()).await.map_err(|_| late())?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| Refusal::invalid("invalid_body", "The body could not be read."))?;
        let Some(data) = frame.data_ref() else { continue };
        size = size.saturating_add(data.len());
        if size <= MAX_BODY {
            whole.extend_from_slice(data);
        } else if size > MAX_DRAINED {
            break;
        }
    }
    if size > MAX_BODY {
        let message = format!("The body is larger than {MAX_BODY} bytes.");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message));
    }
    Ok(whole.freeze())
}

/// A body that the service would accept.
pub(crate) fn body(
    body: &[u8],
    target: &Target<'_>,
    operation: &Operation,
    judged: &mut Arc<Judged>,
) -> Result<CreateImageRequest, Refusal> {
    let report = check_json(body, target);
    let request = serde_json::from_slice::<CreateImageRequest>(body);
    let named = request.as_ref().ok().and_then(|request| request.model.as_ref());
    let model = target.model(named.map(imagewire_types::Model::as_str));
    let shown =
        named.map_or_else(|| model.map_or("", |model| model.id.as_ref()), imagewire_types::Model::as_str);
    *judged = Arc::new(Judged::new(shown, &report));
    if let Some(refusal) = refuse::from_report(&report, operation, model) {
        return Err(refusal);
    }
    // What the judge of bytes lets through, the reader reads.
    request.map_err(|_| Refusal::invalid("invalid_json", "The body cannot be read."))
}
