//! A running emulator.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use imagewire_types::operations::{OPERATIONS, Operation};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    Builder, Ledger, Scenarios,
    admit::Key,
    connection::Patience,
    idempotency::Memory,
    limits::Limits,
    link::Links,
    metrics::Metrics,
    order::Look,
    orders::Orders,
    refuse::{Refusal, Style},
    replay::Replays,
    studio::Studio,
};

/// A running emulator. Dropping it stops it.
pub struct Emulator {
    pub(crate) address: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: Mutex<Option<oneshot::Sender<()>>>,
    pub(crate) server: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Emulator").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Ledger,
    pub(crate) scenarios: Scenarios,
    pub(crate) takes_scenarios: bool,
    pub(crate) limits: Limits,
    pub(crate) patience: Patience,
    pub(crate) memory: Arc<Memory>,
    pub(crate) studio: Arc<Studio>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) links: Links,
    pub(crate) orders: Orders,
    pub(crate) replays: Replays,
    pub(crate) look: Look,
    pub(crate) key: Option<Key>,
    /// The services by their paths.
    pub(crate) served: BTreeMap<String, &'static Operation>,
}

impl Emulator {
    /// Settings, to start from.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for a service's client, or `None` when no service has that identifier, or another one answers at its
    /// path: see [`Builder::dialect`].
    #[must_use]
    pub fn base_url(&self, dialect: &str) -> Option<String> {
        let operation = imagewire_types::operations::find(dialect)?;
        let serves = self.shared.served.values().any(|served| served.dialect == operation.dialect);
        serves.then(|| format!("http://{}{}", self.address, server_path(operation)))
    }

    /// What would have been billed so far.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// What shall go wrong.
    #[must_use]
    pub fn scenario(&self) -> &Scenarios {
        &self.shared.scenarios
    }

    /// Takes no more connections and waits until answers that are under way have ended, up to 30 seconds.
    ///
    /// # Errors
    /// When the server failed.
    pub async fn shutdown(&self) -> io::Result<()> {
        self.stop();
        self.wait().await
    }

    /// Runs until the process ends or the server fails.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn wait(&self) -> io::Result<()> {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        match server {
            // A caller that stops waiting, as `select!` makes it, can wait again.
            Some(server) => Waiting { server: Some(server), place: &self.server }.end().await,
            None => Ok(()),
        }
    }

    fn stop(&self) {
        if let Some(stop) = self.stop.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The server may be gone already.
            let _ = stop.send(());
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Gives the server back when nobody waits for it any more.
struct Waiting<'a> {
    server: Option<JoinHandle<io::Result<()>>>,
    place: &'a Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl Waiting<'_> {
    async fn end(mut self) -> io::Result<()> {
        let Some(server) = &mut self.server else { return Ok(()) };
        let ended = server.await.map_err(io::Error::other);
        self.server = None;
        ended?
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        }
    }
}

impl Shared {
    /// Where links lead: the address that the client used.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        host.map_or_else(|| format!("http://{}", self.address), |host| format!("http://{host}"))
    }
}

/// The path of a service on this server: the path of its documented address, and the operation's own.
fn route(operation: &Operation) -> String {
    format!("{}{}", server_path(operation), operation.path)
}

/// The services by their paths on this server; of several at one path the first is served.
pub(crate) fn served(first: Option<&'static Operation>) -> BTreeMap<String, &'static Operation> {
    let mut served = BTreeMap::new();
    for operation in first.into_iter().chain(OPERATIONS.iter().copied()) {
        served.entry(route(operation)).or_insert(operation);
    }
    served
}

pub(crate) fn server_path(operation: &Operation) -> &'static str {
    let after_scheme = operation.server.split_once("://").map_or(operation.server, |(_, rest)| rest);
    after_scheme.find('/').map_or("", |at| &after_scheme[at..])
}

/// Azure's gateway and OpenAI each have their own words for it.
pub(crate) async fn no_such_path(method: Method, uri: Uri) -> Response<Body> {
    unknown_path(&method, &uri)
}

pub(crate) fn unknown_path(method: &Method, uri: &Uri) -> Response<Body> {
    let path = uri.path();
    if path.starts_with("/openai/") || path.starts_with("/v1/deployments/") {
        return Refusal::gateway(StatusCode::NOT_FOUND, "404", "Resource not found")
            .into_response(Style::Azure);
    }
    let shown: String = path.chars().take(200).collect();
    let message = format!("Invalid URL ({method} {shown})");
    Refusal::new(StatusCode::NOT_FOUND, "not_found", message).without_code().into_response(Style::OpenAi)
}

/// A method that the path does not know.
pub(crate) fn wrong_method(method: &Method, path: &str, allowed: &'static str) -> Refusal {
    let shown: String = path.chars().take(200).collect();
    let message = format!(
        "Not allowed to {method} on {shown}. (HINT: Perhaps you meant to use a different HTTP method?)"
    );
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_supported", message)
        .with_header(header::ALLOW, axum::http::HeaderValue::from_static(allowed))
}
