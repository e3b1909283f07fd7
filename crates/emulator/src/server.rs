//! The server: all services on one port, told apart by their documented paths.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
    routing::any,
};
use imagewire_types::operations::{OPERATIONS, Operation};
use imagewire_validate::{Target, UnknownDialect};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, oneshot},
};

use crate::{Ledger, admit, answer::Order, draw::draw, link, refuse::Refusal};

/// The largest request body that is read, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Settings of an emulator that is not yet running.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    dialect: Option<&'static Operation>,
    deployments: BTreeMap<String, String>,
    seed: u64,
}

impl Builder {
    /// Where several services share a path, serve this one. Without it `/v1/images/generations` is fastapi.ai's.
    ///
    /// # Errors
    /// When no service has that identifier.
    pub fn dialect(self, dialect: &str) -> Result<Self, UnknownDialect> {
        Target::new(dialect)?;
        Ok(Self { dialect: imagewire_types::operations::find(dialect), ..self })
    }

    /// Says which model a deployment serves, so that the model's rules hold for it. Other deployments follow the
    /// service's rules alone.
    #[must_use]
    pub fn deployment(mut self, name: impl Into<String>, model: impl Into<String>) -> Self {
        self.deployments.insert(name.into(), model.into());
        self
    }

    /// Another seed draws other pictures for the same requests.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Starts on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(self) -> io::Result<Emulator> {
        self.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts on that address; port 0 picks a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn listen(self, address: SocketAddr) -> io::Result<Emulator> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let ledger = Arc::new(Ledger::default());
        let router = self.router(address, Arc::clone(&ledger));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(async {
                    // A dropped handle stops the server as well.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Emulator { address, ledger, stop: Some(stop), server: Mutex::new(Some(server)) })
    }

    fn router(self, address: SocketAddr, ledger: Arc<Ledger>) -> Router {
        let mut routes: BTreeMap<String, &'static Operation> = BTreeMap::new();
        let preferred = self.dialect.into_iter().chain(OPERATIONS.iter().copied());
        for operation in preferred {
            routes.entry(route(operation)).or_insert(operation);
        }
        // Drawing keeps a processor busy: one picture each.
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let shared = Arc::new(Shared {
            address,
            ledger,
            deployments: self.deployments,
            seed: self.seed,
            easels: Semaphore::new(processors),
        });
        let mut app = Router::new().route("/images/{link}", any(serve_picture));
        for (path, operation) in routes {
            let handler = move |state: State<Arc<Shared>>,
                                path: Path<BTreeMap<String, String>>,
                                query: Query<BTreeMap<String, String>>,
                                request: Request| {
                serve_generation(operation, state, path, query, request)
            };
            app = app.route(&path, any(handler));
        }
        app.fallback(no_such_path).with_state(shared)
    }
}

/// The path of a service on this server: the path of its documented address, and the operation's own.
fn route(operation: &Operation) -> String {
    format!("{}{}", server_path(operation), operation.path)
}

fn server_path(operation: &Operation) -> &'static str {
    let after_scheme = operation.server.split_once("://").map_or(operation.server, |(_, rest)| rest);
    after_scheme.find('/').map_or("", |at| &after_scheme[at..])
}

/// A running emulator. Dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    ledger: Arc<Ledger>,
    stop: Option<oneshot::Sender<()>>,
    server: Mutex<Option<tokio::task::JoinHandle<io::Result<()>>>>,
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

    /// The base URL for a service's client, or `None` when no service has that identifier.
    #[must_use]
    pub fn base_url(&self, dialect: &str) -> Option<String> {
        let operation = imagewire_types::operations::find(dialect)?;
        Some(format!("http://{}{}", self.address, server_path(operation)))
    }

    /// What would have been billed so far.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Runs until the process ends or the server fails.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn wait(&self) -> io::Result<()> {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        match server {
            Some(server) => server.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may be gone already.
            let _ = stop.send(());
        }
    }
}

struct Shared {
    address: SocketAddr,
    ledger: Arc<Ledger>,
    deployments: BTreeMap<String, String>,
    seed: u64,
    easels: Semaphore,
}

impl Shared {
    /// Where links lead: the address that the client used, where it named one.
    fn origin(&self, headers: &HeaderMap) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let named = host.filter(|host| {
            host.parse::<axum::http::uri::Authority>().is_ok_and(|parsed| !parsed.as_str().contains('@'))
        });
        named.map_or_else(|| format!("http://{}", self.address), |host| format!("http://{host}"))
    }
}

async fn serve_generation(
    operation: &'static Operation,
    State(shared): State<Arc<Shared>>,
    Path(path): Path<BTreeMap<String, String>>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response<Body> {
    let number = shared.ledger.arrived();
    let outcome = generate(operation, &shared, &path, &query, request).await;
    let mut response = outcome.unwrap_or_else(Refusal::into_response);
    let id = HeaderValue::from_str(&format!("emulated-{number:08}"))
        .unwrap_or(HeaderValue::from_static("emulated"));
    let name = if operation.query_parameters.is_empty() { "x-request-id" } else { "apim-request-id" };
    response.headers_mut().insert(HeaderName::from_static(name), id);
    response
}

async fn generate(
    operation: &'static Operation,
    shared: &Arc<Shared>,
    path: &BTreeMap<String, String>,
    query: &BTreeMap<String, String>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    if request.method() != Method::POST {
        let message = format!("{} is not allowed here: send a POST.", request.method());
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message));
    }
    let (parts, body) = request.into_parts();
    admit::credential(operation, &parts.headers)?;
    admit::query(operation, query)?;
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
        let message = format!("The body could not be read, or is larger than {MAX_BODY} bytes.");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    })?;
    let target = target(operation, shared, path)?;
    let order = Order::new(admit::body(&body, &target)?, &target, shared.seed)?;
    shared.ledger.accepted(order.count());
    let origin = shared.origin(&parts.headers);
    let answer = at_an_easel(shared, move || order.answer(operation, &origin)).await?;
    let body = serde_json::to_value(&answer).map_err(|error| internal(&error))?;
    Ok(crate::refuse::json_response(StatusCode::OK, &body))
}

fn target(
    operation: &Operation,
    shared: &Shared,
    path: &BTreeMap<String, String>,
) -> Result<Target<'static>, Refusal> {
    let target = Target::new(operation.dialect).map_err(|error| internal(&error))?;
    let model = path.values().find_map(|deployment| shared.deployments.get(deployment));
    Ok(match model {
        Some(model) => target.served_by(model),
        None => target,
    })
}

/// Runs work that keeps a processor busy where it does not hold up other requests.
async fn at_an_easel<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce() -> Result<T, image::ImageError> + Send + 'static,
) -> Result<T, Refusal> {
    let _easel = shared.easels.acquire().await.map_err(|error| internal(&error))?;
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| internal(&error))?;
    done.map_err(|error| internal(&error))
}

async fn serve_picture(
    State(shared): State<Arc<Shared>>,
    Path(link): Path<String>,
    method: Method,
) -> Response<Body> {
    if !matches!(method, Method::GET | Method::HEAD) {
        let message = format!("{method} is not allowed here: send a GET.");
        return Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message).into_response();
    }
    let Some(picture) = link::picture(&link) else {
        return Refusal::new(StatusCode::NOT_FOUND, "not_found", "There is no picture at this link.")
            .into_response();
    };
    let media_type = HeaderValue::from_static(picture.format.media_type());
    match at_an_easel(&shared, move || draw(&picture)).await {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn no_such_path() -> Response<Body> {
    let known: Vec<String> =
        OPERATIONS.iter().map(|operation| format!("{} {}", operation.method, route(operation))).collect();
    let message = format!("There is nothing at this path. The emulator serves {}.", known.join(", "));
    Refusal::new(StatusCode::NOT_FOUND, "not_found", message).into_response()
}

fn internal(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        format!("The emulator failed: {error}."),
    )
}
