//! The client.

mod body;
mod builder;
mod call;
mod fault;
mod fetch;
mod gates;
mod reqwest;
mod resolve;
#[cfg(test)]
mod tests;
mod tls;
mod witness;

use std::{fmt, sync::Arc, time::Duration};

use ::http::{HeaderValue, Request};
use bytes::Bytes;
use imagewire_types::CreateImageRequest;

use crate::{Checking, Endpoint, Error, Generated, Policy, http, trace};

use self::{
    call::{Call, Round},
    gates::Gates,
    reqwest::{Connections, Wire},
};

pub use builder::ClientBuilder;

/// How long a call may take from its beginning to its end, until [`Client::timeout`] says otherwise. Slow models take
/// minutes.
const DEADLINE: Duration = Duration::from_secs(600);
/// How long an answer may stop, until [`Client::body_idle_timeout`] says otherwise.
const BODY_IDLE: Duration = Duration::from_secs(30);
/// The largest answer, until [`Client::max_answer_bytes`] says otherwise: ten large images in base64.
const MAX_ANSWER: u64 = 256 << 20;

/// Sends requests to one [`Endpoint`]. Cheap to clone; clones share their connections, their limits and what they learn
/// about the service.
///
/// A call buys images once: only a request that did not leave, or that was turned away for the moment, is sent again
/// (see [`Policy`]), and redirects are refused. Images that come as links are downloaded over connections of their own,
/// which never carry the credential. Proxies from the environment are used, except to loopback addresses.
///
/// While a service is down, calls fail at once with [`Kind::CircuitOpen`](crate::Kind::CircuitOpen): after five failed
/// connections in a row, or when half of ten requests in 30 s fail, for 5 s at first and 60 s at most.
///
/// Dropping the future of a call closes its connection; the image may be billed all the same.
#[derive(Clone)]
pub struct Client {
    endpoint: Arc<Endpoint>,
    wire: Arc<Wire>,
    gates: Arc<Gates>,
    settings: Settings,
}

/// What concerns single calls.
#[derive(Clone)]
struct Settings {
    timeout: Duration,
    body_idle: Duration,
    max_answer: u64,
    checking: Checking,
    served: Option<Arc<str>>,
    policy: Policy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: DEADLINE,
            body_idle: BODY_IDLE,
            max_answer: MAX_ANSWER,
            checking: Checking::default(),
            served: None,
            policy: Policy::default(),
        }
    }
}

impl Client {
    /// A client with the usual connections: [`ClientBuilder::build`].
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn new(endpoint: Endpoint) -> Result<Self, Error> {
        Self::builder(endpoint).build()
    }

    /// Sets up how a client connects.
    #[must_use]
    pub fn builder(endpoint: Endpoint) -> ClientBuilder {
        ClientBuilder::new(endpoint)
    }

    /// How long a call may take from its beginning to its end: all attempts, the waits between them, the answer, and the
    /// downloads of its links, which have at most [`download::DEADLINE`](crate::download::DEADLINE) each. 600 s by
    /// default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long the body of an answer may go without a byte; 30 s by default. The time before an answer begins is not
    /// watched: slow models are silent for minutes.
    #[must_use]
    pub fn body_idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.body_idle = timeout;
        self
    }

    /// The largest answer that is read, in bytes; 256 MiB by default.
    #[must_use]
    pub fn max_answer_bytes(mut self, bytes: u64) -> Self {
        self.settings.max_answer = bytes;
        self
    }

    /// Whether requests are judged before they are sent; [`Checking::Enforce`] by default.
    #[must_use]
    pub fn checking(mut self, checking: Checking) -> Self {
        self.settings.checking = checking;
        self
    }

    /// Says which model draws, for deployments, which keep it to themselves: requests are judged by its rules.
    #[must_use]
    pub fn served_model(mut self, name: &str) -> Self {
        self.settings.served = Some(name.into());
        self
    }

    /// How failed requests are sent again.
    #[must_use]
    pub fn retry(mut self, policy: Policy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Buys images: judges the request, sends it, reads the answer, fetches its links.
    ///
    /// # Errors
    /// [`Error::outcome`] says whether images may have been bought, [`Error::attempts`] what was tried. When some images
    /// of an answer cannot be had, the others are in [`Error::partial`].
    pub async fn generate(&self, request: &CreateImageRequest) -> Result<Generated, Error> {
        trace::call(&self.endpoint, request, self.buy(request)).await
    }

    async fn buy(&self, request: &CreateImageRequest) -> Result<Generated, Error> {
        if request.stream == Some(true) {
            return Err(Error::configuration(
                "`stream` is set, and this call does not read streams",
                "Leave it out",
            ));
        }
        let served = self.settings.served.as_deref();
        let findings = self.settings.checking.judge(&self.endpoint, served, request)?;
        let message = http::build(&self.endpoint, request)?;
        let place = self.endpoint.place();
        let mut call = Call::begin(&self.gates, self.settings.policy, &place, self.settings.timeout);
        call.model =
            served.or(request.model.as_ref().map(imagewire_types::Model::as_str)).unwrap_or_default();
        call.images = request.n.unwrap_or(1);
        let (answer, attempts) =
            call.run(|round| self.attempt(request, message.clone(), &place, round)).await?;
        match self.collect(answer, call.end()).await {
            Ok(generated) => Ok(Generated { findings, attempts, ..generated }),
            Err(error) => Err(error.with_attempts(attempts)),
        }
    }

    /// Sends the request once.
    async fn attempt(
        &self,
        request: &CreateImageRequest,
        mut message: Request<Bytes>,
        place: &str,
        round: Round,
    ) -> Result<http::Answer, Error> {
        if self.settings.policy.counts_retries() {
            message.headers_mut().insert("x-retry-count", HeaderValue::from(round.number - 1));
        }
        let Settings { max_answer, body_idle, .. } = self.settings;
        let received = self.wire.post(message, max_answer, body_idle, place, &round.witness).await?;
        let (status, headers) = (received.status, received.headers);
        let body = received.body.map_err(|error| {
            error.with_status(status).with_request_id(http::request_id(&self.endpoint, request, &headers))
        })?;
        http::read(&self.endpoint, request, status, &headers, &body)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        formatter
            .debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("timeout", &settings.timeout)
            .field("body_idle_timeout", &settings.body_idle)
            .field("max_answer_bytes", &settings.max_answer)
            .field("checking", &settings.checking)
            .field("retry", &settings.policy)
            .finish_non_exhaustive()
    }
}
