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
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    admit,
    answer::Job,
    body::Line,
    idempotency::{self, Bought, Claim, Claimed},
    ledger::Entry,
    limits::{Allowance, Left},
    log::{Judged, Notes},
    order::Order,
    refuse::{Refusal, Style},
    replay,
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
    // An answer that is given again is that of the first request, its number included.
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
    let is_recorded = headers.contains_key(replay::REPLAYED);
    if let Ok(id) = HeaderValue::from_str(&id)
        && !replay::has_request_id(headers)
    {
        let name = if Style::of(operation) == Style::Azure { "apim-request-id" } else { "x-request-id" };
        headers.insert(HeaderName::from_static(name), id);
    }
    if operation.dialect == "openai" && !is_recorded {
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
    let scope = |key: &str| scope(credential, operation, parts.uri.path(), key);
    let key = headers.get(IDEMPOTENCY_KEY).map(|key| key.to_str().unwrap_or_default());
    let entry = |model: &str, images, number| Entry {
        number,
        dialect: operation.dialect,
        model: model.to_owned(),
        images,
        digest,
        idempotency_key: key.map(str::to_owned),
        time: UnixTime::now(),
    };
    let deployment = path.values().next().map(String::as_str);
    let line = || parts.extensions.get::<Line>().cloned();
    if let Some(turns) = shared.replays.find(operation.dialect, &body) {
        let claimed = match claim(shared, key, scope, digest, number)? {
            Claimable::Again(bought) => return again(bought, shared, headers, line()).await,
            Claimable::New(claimed) => claimed,
        };
        let recorded = turns.next();
        let bound = || deployment.and_then(|deployment| shared.orders.bound(deployment));
        let model = recorded.model.as_deref().or_else(bound).unwrap_or_default();
        notes.judged = Arc::new(Judged::unjudged(model));
        if let Some(images) = recorded.bought() {
            shared.ledger.accepted(entry(model, images, *number));
            if let Some(claimed) = claimed {
                claimed.bought(Bought::Recorded(Arc::clone(&recorded)));
            }
        }
        return Ok(recorded.answer(&shared.origin(headers), line()));
    }
    let order = shared.orders.admit(&body, digest, operation, deployment, &mut notes.judged)?;
    let own = own_scenario(shared, headers, &order.prompt)?;
    let claimed = match claim(shared, key, scope, digest, number)? {
        Claimable::Again(bought) => return again(bought, shared, headers, line()).await,
        Claimable::New(claimed) => claimed,
    };
    let places = places(shared, &order)?;
    let scenario = own.or_else(|| shared.scenarios.next()).unwrap_or(Scenario::None {});
    let id = request_id(operation, *number);
    let counted = count(&scenario, shared, || scope(""), &order);
    if let Some((allowance, left)) = counted.filter(|(_, left)| left.is_over) {
        return Err(Refusal::over(operation, &order.model, allowance, left));
    }
    let asked = Asked { operation, order: &order, id: &id, draw: draw(&digest, shared.look.seed) };
    match scenario::rule(scenario, &asked) {
        Ruling::Refuse(refusal, is_billed) => {
            if is_billed {
                shared.ledger.accepted(entry(&order.model, order.count(), *number));
                if let Some(claimed) = &claimed {
                    claimed.bought(Bought::Refusal((*refusal).clone()));
                }
            }
            Err(*refusal)
        }
        Ruling::Answer(effects) => {
            shared.ledger.accepted(entry(&order.model, order.count(), *number));
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
            let mut response = respond(job, shared, delivery, line(), places, claimed).await?;
            if let Some((allowance, left)) = counted.filter(|_| Style::of(operation) != Style::Azure) {
                left.tell(allowance, response.headers_mut());
            }
            Ok(response)
        }
    }
}

/// What a request with a key, or without one, is.
enum Claimable {
    /// One to carry out; its outcome belongs to the key.
    New(Option<Claimed>),
    /// One that was carried out before.
    Again(Bought),
}

/// `number` becomes that of the first request with the key.
fn claim(
    shared: &Shared,
    key: Option<&str>,
    scope: impl Fn(&str) -> idempotency::Digest,
    digest: [u8; 32],
    number: &mut u64,
) -> Result<Claimable, Refusal> {
    let Some(key) = key else { return Ok(Claimable::New(None)) };
    idempotency::check(key)?;
    Ok(match shared.memory.claim(scope(key), digest, *number)? {
        Claim::New(claimed) => Claimable::New(Some(claimed)),
        Claim::Replay(bought, first) => {
            *number = first;
            Claimable::Again(bought)
        }
    })
}

/// The answer that was given before.
async fn again(
    bought: Bought,
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    line: Option<Line>,
) -> Result<Response<Body>, Refusal> {
    match bought {
        Bought::Job(job) => {
            let places = places(shared, &job.order)?;
            respond(job, shared, Delivery::Whole, None, places, None).await
        }
        Bought::Recorded(recorded) => Ok(recorded.answer(&shared.origin(headers), line)),
        Bought::Refusal(refusal) => Err(refusal),
    }
}

/// What a request takes of the emulator while it is carried out.
struct Places {
    seat: OwnedSemaphorePermit,
    /// The memory for its pictures.
    room: Option<OwnedSemaphorePermit>,
}

/// Before anything is billed: whoever finds no place is told to come back.
fn places(shared: &Shared, order: &Order) -> Result<Places, Refusal> {
    let seat = shared.studio.seat().ok_or_else(overloaded)?;
    let count = match order.partials {
        // The events of a stream go out one by one.
        Some(_) => 1,
        None if order.as_link => 0,
        None => order.pictures.len(),
    };
    let room = match order.pictures.first().filter(|_| count > 0) {
        Some(first) => Some(shared.studio.room(first, count).ok_or_else(overloaded)?),
        None => None,
    };
    Ok(Places { seat, room })
}

/// The seat and the key are kept until the answer is complete, the memory until it is sent.
async fn respond(
    job: Arc<Job>,
    shared: &Arc<Shared>,
    delivery: Delivery,
    line: Option<Line>,
    places: Places,
    claimed: Option<Claimed>,
) -> Result<Response<Body>, Refusal> {
    if job.order.partials.is_some() {
        let held = (places.seat, places.room, claimed);
        return Ok(stream::answer(job, Arc::clone(&shared.studio), delivery, line, held));
    }
    let response = job.answer(&shared.studio, &shared.links, delivery, line, places.room).await;
    drop((places.seat, claimed));
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
