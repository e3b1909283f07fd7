//! What the emulator says about itself: health, counters, documents, and, where it is switched on, ledger and scenarios.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderValue, Response, StatusCode, header},
};
use imagewire_validate::documents;
use serde_json::{Value, json};

use crate::{
    Script, admit,
    refuse::{Refusal, Style},
    server::Shared,
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
pub(crate) async fn openapi(Path(file): Path<String>) -> Response<Body> {
    match file.strip_suffix(".json").and_then(|dialect| documents::openapi(dialect).ok()) {
        Some(document) => text(document.to_owned(), "application/json"),
        None => {
            let message = "The emulator has no document of that name.";
            Refusal::new(StatusCode::NOT_FOUND, "not_found", message).into_response(Style::OpenAi)
        }
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
    match pushed(request, shared.patience.body).await {
        Ok(steps) => {
            for step in steps {
                shared.scenarios.push(step);
            }
            waiting(State(shared)).await
        }
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
