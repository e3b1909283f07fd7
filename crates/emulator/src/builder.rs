//! Settings, and the start.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, Query, Request, State, rejection::PathRejection},
    http::Method,
    middleware,
    routing::{any, get},
};
use imagewire_bundle::Bundle;
use imagewire_types::operations::Operation;
use imagewire_validate::{Target, UnknownDialect};
use tokio::{net::TcpListener, sync::oneshot};
use tower_http::cors::{self, AllowHeaders, CorsLayer};

use crate::{
    Emulator, Ledger, Scenarios, Script, admin,
    admit::Key,
    connection::{self, Patience},
    draw::DEFAULT_TEXTURE,
    gallery, gate, generate,
    idempotency::Memory,
    limits::Limits,
    link::Links,
    metrics::Metrics,
    order::Look,
    orders::Orders,
    replay::{self, Replays},
    server::{self, Shared},
    studio::{ROOM, Studio},
};

/// Settings of an emulator that is not yet running.
#[derive(Clone, Debug)]
pub struct Builder {
    dialect: Option<&'static Operation>,
    deployments: BTreeMap<String, String>,
    look: Look,
    admin: bool,
    scenarios: bool,
    script: Script,
    bundles: Vec<Bundle>,
    url_ttl: Duration,
    key: Option<Key>,
    max_connections: usize,
    max_generations: usize,
    room: usize,
    patience: Patience,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            dialect: None,
            deployments: BTreeMap::new(),
            look: Look { seed: 0, texture: DEFAULT_TEXTURE },
            admin: false,
            scenarios: false,
            script: Script::default(),
            bundles: Vec::new(),
            url_ttl: Duration::from_secs(60 * 60),
            key: None,
            max_connections: 1_024,
            max_generations: 256,
            room: ROOM,
            patience: Patience::default(),
        }
    }
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
    pub fn seed(mut self, seed: u64) -> Self {
        self.look.seed = seed;
        self
    }

    /// How grainy opaque pictures are: 0 for not at all. The default of 3 gives files of about the size of the real
    /// services' (3 MB for a PNG of 1024x1024); 0 makes them small, and quick to draw.
    #[must_use]
    pub fn texture(mut self, texture: u8) -> Self {
        self.look.texture = texture;
        self
    }

    /// Whether the ledger and the scenarios can be reached under `/_emulator/`. Off unless asked for. Where a key is
    /// required, it is required there as well.
    #[must_use]
    pub fn admin(self, admin: bool) -> Self {
        Self { admin, ..self }
    }

    /// Whether a request can name its own scenario, in the header `x-emulator-scenario` or as `[[scenario:…]]` in the
    /// prompt. Off unless asked for; [`Emulator::scenario`] and [`script`](Self::script) work without it.
    #[must_use]
    pub fn scenarios(self, scenarios: bool) -> Self {
        Self { scenarios, ..self }
    }

    /// What happens to the requests, one after the other.
    #[must_use]
    pub fn script(self, script: Script) -> Self {
        Self { script, ..self }
    }

    /// Answers requests that bundles were recorded for as the service did then: a request to the same service with the
    /// same members, prompt and end user included. Key, query and media type are looked at as always; rules, scenarios and
    /// limits are not. Several bundles for one request are served in turn, in this order, and then again from the first.
    /// All other requests are answered as always. Links lead to the recorded images, on this emulator.
    ///
    /// A recorded answer has the header `x-emulator-replayed`, with the bundle's name, and comes without the time that it
    /// took. Answers of success are billed, and a request with an `Idempotency-Key` gets the same one again.
    #[must_use]
    pub fn replay(self, bundles: Vec<Bundle>) -> Self {
        Self { bundles, ..self }
    }

    /// How long links to pictures are good, in whole seconds; an hour unless said otherwise.
    #[must_use]
    pub fn url_ttl(self, url_ttl: Duration) -> Self {
        Self { url_ttl, ..self }
    }

    /// The only key that is accepted. Without it every key that is not empty is.
    #[must_use]
    pub fn api_key(self, key: impl AsRef<[u8]>) -> Self {
        Self { key: Some(Key::new(key.as_ref().trim_ascii())), ..self }
    }

    /// So many connections at a time; more are told to come back. 1,024 unless said otherwise.
    #[must_use]
    pub fn max_connections(self, max_connections: usize) -> Self {
        Self { max_connections, ..self }
    }

    /// So many generations at a time; more are told to come back. 256 unless said otherwise.
    #[must_use]
    pub fn max_generations(self, max_generations: usize) -> Self {
        Self { max_generations, ..self }
    }

    /// So many KiB for pictures that are on their way to clients. For tests of the emulator itself.
    #[doc(hidden)]
    #[must_use]
    pub fn room(self, room: usize) -> Self {
        Self { room, ..self }
    }

    /// How long clients may take for their headers, for each piece of a body, and to take a piece of an answer. For
    /// tests of the emulator itself; 10, 30 and 60 seconds unless said otherwise.
    #[doc(hidden)]
    #[must_use]
    pub fn patience(self, headers: Duration, body: Duration, reads: Duration) -> Self {
        Self { patience: Patience { headers, body, reads }, ..self }
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
        let (max_connections, patience) = (self.max_connections, self.patience);
        let has_admin = self.admin;
        let shared = Arc::new(self.shared(address));
        let router = router(has_admin, Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel();
        let metrics = Arc::clone(&shared.metrics);
        let serving = connection::serve(listener, router, metrics, max_connections, patience, stopped);
        Ok(Emulator {
            address,
            shared,
            stop: Mutex::new(Some(stop)),
            server: Mutex::new(Some(tokio::spawn(serving))),
        })
    }

    fn shared(self, address: SocketAddr) -> Shared {
        Shared {
            address,
            ledger: Ledger::default(),
            scenarios: Scenarios::new(self.script),
            takes_scenarios: self.scenarios,
            limits: Limits::default(),
            patience: self.patience,
            memory: Arc::new(Memory::default()),
            studio: Arc::new(Studio::new(self.max_generations, self.room)),
            metrics: Arc::new(Metrics::default()),
            links: Links::new(self.look, self.url_ttl),
            orders: Orders::new(self.look, self.deployments),
            replays: Replays::new(&self.bundles),
            look: self.look,
            key: self.key,
            served: server::served(self.dialect),
        }
    }
}

fn router(has_admin: bool, shared: Arc<Shared>) -> Router {
    let mut app = Router::new()
        .route("/images/{link}", any(gallery::serve))
        .route("/replayed/{number}/{link}", any(replay::image))
        .route("/healthz", get(admin::health))
        .route("/metrics", get(admin::metrics))
        .route("/openapi.json", get(admin::first_openapi))
        .route("/openapi/{dialect}", get(admin::openapi));
    for (path, operation) in shared.served.clone() {
        let handler = move |state: State<Arc<Shared>>,
                            path: Result<Path<BTreeMap<String, String>>, PathRejection>,
                            query: Query<BTreeMap<String, String>>,
                            request: Request| async move {
            match path {
                Ok(path) => generate::serve(operation, state, path, query, request).await,
                // A deployment whose name is no text.
                Err(_) => server::unknown_path(request.method(), request.uri()),
            }
        };
        app = app.route(&path, any(handler));
    }
    // Pages of any site may use the services, as they may use the real ones, and nothing else.
    app = app.layer(
        CorsLayer::new()
            .allow_origin(cors::Any)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(cors::Any)
            .max_age(Duration::from_secs(600)),
    );
    if has_admin {
        let admin = Router::new()
            .route("/_emulator/ledger", get(admin::ledger))
            .route("/_emulator/scenarios", get(admin::waiting).post(admin::push).delete(admin::clear))
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), admin::admit));
        app = app.merge(admin);
    }
    app.fallback(server::no_such_path)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), gate::pass))
        .with_state(shared)
}
