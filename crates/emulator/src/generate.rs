//! The operation itself: from a request to pictures.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode},
};
use imagewire_types::{UnixTime, operations::Operation};
use sha2::{Digest as _, Sha256};

use crate::{
    admit,
    answer::Job,
    body::Line,
    idempotency::{self, Bought, Claim, Claimed},
    ledger::Entry,
    limits::{Allowance, Left},
    log::Notes,
    order::Order,
    refuse::{Refusal, Style},
    scenario::{self, Asked, Delivery, Ruling, Scenario},
    server::{Shared, wrong_method},
    stream,
};

const SCENARIO: &str = "x-emulator-scenario";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

pub(crate) async fn serve(
    operation: &'static Operation,
    State(shared): State<Arc<Shared>>,
    Path(path): Path<BTreeMap<String, String>>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response<Body> {
    let begun = Instant::now();
    let arrival = shared.ledger.arrived();
    // A replayed answer is that of the first request, its number included.
    let mut number = arrival;
    let mut notes = Notes::default();
    if let Some(deployment) = path.values().next() {
        notes.deployment(deployment);
    }
    let outcome = generate(operation, &shared, &path, &query, request, &mut number, &mut notes).await;
    let is_replay = number != arrival;
    let mut response = outcome.unwrap_or_else(|refusal| refusal.into_response(Style::of(operation)));
    shared.metrics.answered(operation.dialect, response.status().as_u16());
    let id = request_id(operation, number);
    notes.tell(operation.dialect, &id, &response, begun.elapsed());
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        let name = if Style::of(operation) == Style::Azure { "apim-request-id" } else { "x-request-id" };
        headers.insert(HeaderName::from_static(name), id);
    }
    if operation.dialect == "openai" {
        headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
        let passed = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        headers.insert("openai-processing-ms", HeaderValue::from(passed));
    }
    if is_replay {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// The request's number in the manner of the service.
fn request_id(operation: &Operation, number: u64) -> String {
    match Style::of(operation) {
        Style::Azure => format!("00000000-0000-4000-8000-{number:012x}"),
        Style::OpenAi | Style::TrueFoundry => format!("req_{number:032x}"),
    }
}

async fn generate(
    operation: &'static Operation,
    shared: &Arc<Shared>,
    path: &BTreeMap<String, String>,
    query: &BTreeMap<String, String>,
    request: Request,
    number: &mut u64,
    notes: &mut Notes,
) -> Result<Response<Body>, Refusal> {
    if request.method() != Method::POST {
        return Err(wrong_method(request.method(), request.uri().path(), "POST"));
    }
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let credential = admit::credential(operation, headers, shared.key.as_ref())?;
    admit::query(operation, query)?;
    admit::media_type(headers)?;
    let body = admit::read(body, shared.patience.body).await?;
    let digest: [u8; 32] = Sha256::digest(&body).into();
    let deployment = path.values().next().map(String::as_str);
    let order = shared.orders.admit(&body, digest, operation, deployment, &mut notes.judged)?;
    let own = own_scenario(shared, headers, &order.prompt)?;
    let seat = shared.studio.seat().ok_or_else(overloaded)?;

    let scope = |key| scope(credential, operation, parts.uri.path(), key);
    let key = headers.get(IDEMPOTENCY_KEY).map(|key| key.to_str().unwrap_or_default());
    let claimed = match key {
        None => None,
        Some(key) => {
            idempotency::check(key)?;
            match shared.memory.claim(scope(key), digest, *number)? {
                Claim::New(claimed) => Some(claimed),
                Claim::Replay(Bought::Job(job), first) => {
                    *number = first;
                    return respond(job, shared, Delivery::Whole, None, (seat, None)).await;
                }
                Claim::Replay(Bought::Refusal(refusal), first) => {
                    *number = first;
                    return Err(refusal);
                }
            }
        }
    };
    let scenario = own.or_else(|| shared.scenarios.next()).unwrap_or(Scenario::None {});
    let id = request_id(operation, *number);
    let counted = count(&scenario, shared, || scope(""), &order);
    if let Some((allowance, left)) = counted.filter(|(_, left)| left.is_over) {
        return Err(Refusal::over(operation, &order.model, allowance, left));
    }
    let asked = Asked { operation, order: &order, id: &id, draw: draw(&digest, shared.look.seed) };
    let entry = |order: &Order| Entry {
        number: *number,
        dialect: operation.dialect,
        model: order.model.clone(),
        images: order.count(),
        digest,
        idempotency_key: key.map(str::to_owned),
        time: UnixTime::now(),
    };
    match scenario::rule(scenario, &asked) {
        Ruling::Refuse(refusal, is_billed) => {
            if is_billed {
                shared.ledger.accepted(entry(&order));
                if let Some(claimed) = &claimed {
                    claimed.bought(Bought::Refusal((*refusal).clone()));
                }
            }
            Err(*refusal)
        }
        Ruling::Answer(effects) => {
            shared.ledger.accepted(entry(&order));
            let (delay, delivery) = (effects.delay, effects.delivery);
            let origin = shared.origin(headers);
            let job = Arc::new(Job { operation, order, created: UnixTime::now(), id, origin, effects });
            if let Some(claimed) = &claimed {
                claimed.bought(Bought::Job(Arc::clone(&job)));
            }
            // The events of a stream take their time themselves.
            if !delay.is_zero() && job.order.partials.is_none() {
                tokio::time::sleep(delay).await;
            }
            let line = parts.extensions.get().cloned();
            let mut response = respond(job, shared, delivery, line, (seat, claimed)).await?;
            if let Some((allowance, left)) = counted.filter(|_| Style::of(operation) != Style::Azure) {
                left.tell(allowance, response.headers_mut());
            }
            Ok(response)
        }
    }
}

/// `held` is kept until the answer is complete: the seat, and the key that is in use.
async fn respond(
    job: Arc<Job>,
    shared: &Arc<Shared>,
    delivery: Delivery,
    line: Option<Line>,
    held: (tokio::sync::OwnedSemaphorePermit, Option<Claimed>),
) -> Result<Response<Body>, Refusal> {
    let is_stream = job.order.partials.is_some();
    let room = match job.order.pictures.first() {
        // The events of a stream go out one by one.
        Some(first) if is_stream => Some(shared.studio.room(first, 1).ok_or_else(overloaded)?),
        Some(first) if !job.order.as_link => {
            Some(shared.studio.room(first, job.order.pictures.len()).ok_or_else(overloaded)?)
        }
        Some(_) | None => None,
    };
    if is_stream {
        return Ok(stream::answer(job, Arc::clone(&shared.studio), delivery, line, (held, room)));
    }
    let response = job.answer(&shared.studio, &shared.links, delivery, line, room).await;
    drop(held);
    response
}

/// The scenario that a request names, where requests may.
fn own_scenario(shared: &Shared, headers: &HeaderMap, prompt: &str) -> Result<Option<Scenario>, Refusal> {
    if !shared.takes_scenarios {
        return Ok(None);
    }
    let named = match headers.get(SCENARIO) {
        Some(text) => Some(scenario::from_header(text.to_str().unwrap_or_default())),
        None => scenario::from_prompt(prompt),
    };
    named.transpose().map_err(|error| {
        Refusal::invalid("invalid_scenario", format!("The emulator knows no such scenario: {error}"))
    })
}

/// Counts the request, where the scenario is a limit.
fn count(
    scenario: &Scenario,
    shared: &Shared,
    scope: impl FnOnce() -> idempotency::Digest,
    order: &Order,
) -> Option<(Allowance, Left)> {
    let Scenario::Limit { requests, images, window } = *scenario else { return None };
    let allowance = Allowance { requests, images, window: Duration::from_millis(window) };
    Some((allowance, shared.limits.count(scope(), allowance, order.count(), Instant::now())))
}

/// The same number for the same request to the same emulator.
fn draw(digest: &[u8; 32], seed: u64) -> u64 {
    let start = u64::from_be_bytes(std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default()));
    start ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Keys of two credentials, services or paths never meet.
fn scope(credential: &[u8], operation: &Operation, path: &str, key: &str) -> idempotency::Digest {
    let mut digest = Sha256::new();
    for part in [credential, operation.dialect.as_bytes(), path.as_bytes(), key.as_bytes()] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

fn overloaded() -> Refusal {
    Refusal::with_status(StatusCode::SERVICE_UNAVAILABLE).retry_after(1)
}
