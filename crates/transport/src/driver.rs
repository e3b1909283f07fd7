//! The client.

mod arrive;
mod body;
mod builder;
mod call;
mod events;
mod fault;
mod fetch;
mod gates;
mod generate;
mod places;
mod progress;
mod receive;
mod record;
mod reqwest;
mod resolve;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod witness;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::{Checking, Endpoint, Error, Policy, checking::Rules, http::Envelope};

use self::{
    gates::Gates,
    progress::Observer,
    receive::Head,
    record::Recorder,
    reqwest::{Body, Connections, Cut, Wire},
};

pub use builder::ClientBuilder;
pub use progress::Progress;
pub use stream::{EventStream, ImageEvent};

/// How long a call may take from its beginning to its end, until [`Client::timeout`] says otherwise. Slow models take
/// minutes.
const DEADLINE: Duration = Duration::from_secs(600);
/// How long a request may stop on its way up, until [`Client::upload_timeout`] says otherwise.
const UPLOAD: Duration = Duration::from_secs(20);
/// How long a stream may take to begin, until [`Client::first_byte_timeout`] says otherwise.
const FIRST_BYTE: Duration = Duration::from_secs(300);
/// How long a stream may be silent, until [`Client::stream_idle_timeout`] says otherwise.
const STREAM_IDLE: Duration = Duration::from_secs(120);
/// How long an answer may stop, until [`Client::body_idle_timeout`] says otherwise.
const BODY_IDLE: Duration = Duration::from_secs(30);
/// Longer than any call; what is added to an instant must not overflow.
const AGES: Duration = Duration::from_secs(365 * 24 * 60 * 60);
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
/// connections in a row, or when half of ten requests in 30 s fail, for 5 s at first and 60 s at most. After the service
/// has refused the credential (401), or its use for a model (403), they fail so until a new client is made.
///
/// Dropping the future of a call closes its connection; the image may be billed all the same.
#[derive(Clone)]
pub struct Client {
    endpoint: Arc<Endpoint>,
    envelope: Arc<Envelope>,
    rules: Arc<Rules>,
    /// The service, for messages.
    place: Arc<str>,
    wire: Arc<Wire>,
    gates: Arc<Gates>,
    settings: Settings,
}

/// What concerns single calls.
#[derive(Clone)]
struct Settings {
    timeout: Duration,
    upload: Duration,
    first_byte: Duration,
    stream_idle: Duration,
    body_idle: Duration,
    max_answer: u64,
    checking: Checking,
    served: Option<Arc<str>>,
    policy: Policy,
    observer: Observer,
    recorder: Recorder,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: DEADLINE,
            upload: UPLOAD,
            first_byte: FIRST_BYTE,
            stream_idle: STREAM_IDLE,
            body_idle: BODY_IDLE,
            max_answer: MAX_ANSWER,
            checking: Checking::default(),
            served: None,
            policy: Policy::default(),
            observer: Observer::default(),
            recorder: Recorder::default(),
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
        self.settings.timeout = timeout.min(AGES);
        self
    }

    /// How long the body of an answer may go without a byte; 30 s by default. The time before an answer begins is not
    /// watched: slow models are silent for minutes.
    #[must_use]
    pub fn body_idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.body_idle = timeout.min(AGES);
        self
    }

    /// How long sending a request may stop, once it has begun and before all of it is handed over; 20 s by default.
    #[must_use]
    pub fn upload_timeout(mut self, timeout: Duration) -> Self {
        self.settings.upload = timeout.min(AGES);
        self
    }

    /// How long a stream may take to send its first byte; 300 s by default. Signs of life count.
    #[must_use]
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.settings.first_byte = timeout.min(AGES);
        self
    }

    /// How long a stream may go without a byte; 120 s by default. Signs of life count.
    #[must_use]
    pub fn stream_idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.stream_idle = timeout.min(AGES);
        self
    }

    /// Tells how far each call is, from the task that it runs in: `observer` must be quick. Clones tell the same
    /// observer, until they get one of their own.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.settings.observer = Observer::new(observer);
        self
    }

    /// Saves each exchange whose answer begins as a bundle: a folder `001`, `002` and so on in this one, which is made and
    /// tried before anything is sent. `imagewire-emulator` serves bundles again.
    ///
    /// A bundle holds the request's members, the answer's status, some of its headers, its body, the images that it links
    /// to, and times. It does not hold the credential, the service's address, the prompt and the end user (but their
    /// digests), rewritten prompts, and links; what the service repeats of them is taken out. What is written in a picture
    /// stays there.
    ///
    /// Calls fail with [`Kind::Io`](crate::Kind::Io), [`Outcome::NotSent`](crate::Outcome::NotSent), when the folder
    /// cannot be used. Trouble after that changes nothing for the call: it is told as [`Progress::Unrecorded`].
    #[must_use]
    pub fn save_bundles(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.recorder = Recorder::new(folder.into());
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
