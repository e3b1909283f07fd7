//! How a client connects.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{Client, Connections, Settings, Wire, gates::Gates, resolve::Guard, tls};
use crate::{Endpoint, Error, download::Links, http::Envelope};

/// For name, connection and TLS together.
const CONNECT: Duration = Duration::from_secs(5);
/// Shorter than the patience of common servers, so that they rarely close a connection while it is taken up again.
const IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Sets up a [`Client`]. What concerns single calls is set on the client itself.
#[derive(Clone, Debug)]
pub struct ClientBuilder {
    endpoint: Endpoint,
    connect: Duration,
    idle: Duration,
    keepalive: Duration,
    ca_file: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    downloads_from: Vec<String>,
    max_concurrent: Option<usize>,
    images_per_minute: Option<u32>,
}

impl ClientBuilder {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            connect: CONNECT,
            idle: IDLE,
            keepalive: KEEPALIVE,
            ca_file: None,
            identity: None,
            downloads_from: Vec::new(),
            max_concurrent: None,
            images_per_minute: None,
        }
    }

    /// How long resolving a name, connecting and agreeing on encryption may take together; 5 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect = time;
        self
    }

    /// How long an unused connection is kept; 15 s by default, shorter than common servers wait.
    #[must_use]
    pub fn pool_idle_timeout(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// The time between two signs of life on a silent connection; 30 s by default.
    #[must_use]
    pub fn tcp_keepalive(mut self, time: Duration) -> Self {
        self.keepalive = time;
        self
    }

    /// Trusts the certificate authorities in a PEM file, beside those of the system: for gateways with certificates of
    /// their own. A machine without authorities needs no others then.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Shows the service a certificate of the client's, from a PEM file, and proves it by the private key in another: for
    /// gateways that want both sides to be known. Servers of images do not see it.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Allows downloads from an origin, such as `http://10.0.0.5:9000`, whatever address it has. The endpoint's own
    /// origin is always allowed; all others must be https and on the public internet. May be called repeatedly.
    #[must_use]
    pub fn allow_downloads_from(mut self, origin: impl Into<String>) -> Self {
        self.downloads_from.push(origin.into());
        self
    }

    /// How many requests may be under way at once, at least 1; any number by default. Others wait within their time. After
    /// a refusal for the moment (429) fewer are, by three tenths and at least 1; ten successes allow one more again.
    #[must_use]
    pub fn max_concurrent(mut self, requests: usize) -> Self {
        self.max_concurrent = Some(requests);
        self
    }

    /// How many images may be asked for in a minute, at least 1. By default any number, until the service refuses one
    /// and names its limit; refusals also lower a limit that was set here, and successes raise it again.
    #[must_use]
    pub fn images_per_minute(mut self, images: u32) -> Self {
        self.images_per_minute = Some(images);
        self
    }

    /// Checks the endpoint and sets up what it needs. Plain http needs no certificates on the machine.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration), as [`Endpoint::url`], and for headers, origins or
    /// certificates that cannot be used; [`Kind::Tls`](crate::Kind::Tls) when https has to be used and the machine has
    /// no certificate authorities.
    pub fn build(self) -> Result<Client, Error> {
        self.build_with(Guard::system())
    }

    pub(super) fn build_with(self, guard: Guard) -> Result<Client, Error> {
        let url = self.endpoint.url()?;
        let envelope = Envelope::new(&self.endpoint)?;
        let links =
            self.downloads_from.iter().try_fold(Links::new(&url), |links, origin| links.allow(origin))?;
        let authorities = self.ca_file.as_deref().map(tls::authorities).transpose()?.unwrap_or_default();
        let identity =
            self.identity.as_ref().map(|(certificate, key)| tls::identity(certificate, key)).transpose()?;
        let Self { connect, idle, keepalive, .. } = self;
        let connections = Connections { connect, idle, keepalive, authorities, guard };
        Ok(Client {
            wire: Arc::new(Wire::new(&url, links, connections, identity.as_ref())?),
            gates: Gates::new(self.max_concurrent, self.images_per_minute),
            envelope: Arc::new(envelope),
            rules: Arc::default(),
            place: self.endpoint.place().into(),
            endpoint: Arc::new(self.endpoint),
            settings: Settings::default(),
        })
    }
}
