//! What the emulator says about itself: health, counters, documents, and, where it is switched on, ledger and scenarios.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    middleware::Next,
};
use imagewire_types::operations::Credential;
use imagewire_validate::documents;
use serde_json::{Value, json};

use crate::{
    Script, admit,
    refuse::{Refusal, Style},
    server::{Shared, server_path},
};

/// Entries of the ledger in one answer, unless `limit` says otherwise.
const ENTRIES: usize = 1_000;

pub(crate) async fn health() -> Response<Body> {
    text("ok\n".to_owned(), "text/plain; charset=utf-8")
}

pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let body = shared.metrics.text(&shared.ledger, &shared.studio);
    text(body, "text/plain; version=0.0.4; charset=utf-8")
}

/// `/openapi/DIALECT.json`.
pub(crate) async fn openapi(
    State(shared): State<Arc<Shared>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let dialect = file.strip_suffix(".json").unwrap_or_default();
    document(&shared, dialect, &headers).unwrap_or_else(|| {
        let message = "The emulator has no document of that name.";
        Refusal::new(StatusCode::NOT_FOUND, "not_found", message).into_response(Style::OpenAi)
    })
}

/// `/openapi.json`: of the service that was chosen, or the one at the path that most clients use.
pub(crate) async fn first_openapi(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response<Body> {
    let first = shared.served.get(USUAL).map_or("", |operation| operation.dialect);
    openapi(State(shared), Path(format!("{first}.json")), headers).await
}

/// Where OpenAI-style clients post to.
const USUAL: &str = "/v1/images/generations";

/// The document of a service, with this emulator in the place of the service: tools that read it must not go there.
fn document(shared: &Shared, dialect: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let operation = imagewire_types::operations::find(dialect)?;
    let document = documents::openapi(dialect).ok()?;
    let server = json!({ "url": format!("{}{}", shared.origin(headers), server_path(operation)) });
    // Read and written anew it would lose its order. Members of the outermost object alone begin lines like this.
    let (before, rest) = document.split_once("\n  \"servers\":")?;
    let (_, after) = rest.split_once("\n  \"")?;
    Some(text(format!("{before}\n  \"servers\": [{server}],\n  \"{after}"), "application/json"))
}

/// What watches and steers asks for the same key as the services, where there is one.
pub(crate) async fn admit(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response<Body> {
    let credentials = [Credential::Bearer, Credential::Header("api-key")];
    match admit::admitted(&credentials, request.headers(), shared.key.as_ref()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(Style::OpenAi),
    }
}

/// The totals and the latest entries.
pub(crate) async fn ledger(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response<Body> {
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(ENTRIES);
    let ledger = &shared.ledger;
    respond(&json!({
        "requests": ledger.requests(),
        "generations": ledger.generations(),
        "images": ledger.images(),
        "entries": ledger.latest(limit),
    }))
}

/// The scenarios that wait for a request.
pub(crate) async fn waiting(State(shared): State<Arc<Shared>>) -> Response<Body> {
    respond(&json!({ "waiting": shared.scenarios.waiting() }))
}

/// Adds one scenario or an array of them, each an object with a `kind` and an optional `times`.
pub(crate) async fn push(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let pushed = pushed(request, shared.patience.body).await.and_then(|steps| {
        let pushed = shared.scenarios.push_all(steps);
        pushed.map_err(|error| Refusal::invalid("invalid_scenario", error.to_string()))
    });
    match pushed {
        Ok(()) => waiting(State(shared)).await,
        Err(refusal) => refusal.into_response(Style::OpenAi),
    }
}

async fn pushed(request: Request, within: std::time::Duration) -> Result<Vec<crate::Scenario>, Refusal> {
    let (parts, body) = request.into_parts();
    // A page of another site can send anything but this type without being asked first.
    if !parts.headers.contains_key(header::CONTENT_TYPE) {
        let message = "Send `content-type: application/json`.";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type", message));
    }
    admit::media_type(&parts.headers)?;
    let body = admit::read(body, within).await?;
    let value: Value =
        serde_json::from_slice(&body).map_err(|error| Refusal::invalid("invalid_json", error.to_string()))?;
    Script::steps(value).map_err(|error| Refusal::invalid("invalid_scenario", error.to_string()))
}

/// Forgets the scenarios that wait.
pub(crate) async fn clear(State(shared): State<Arc<Shared>>) -> Response<Body> {
    shared.scenarios.clear();
    waiting(State(shared)).await
}

fn respond(value: &Value) -> Response<Body> {
    text(value.to_string(), "application/json")
}

fn text(body: String, media_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
