//! Everything that has to do with reqwest: the only file that names it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use ::http::{
    HeaderMap, Request, StatusCode,
    header::{ACCEPT, LOCATION},
};
use ::reqwest::{
    Body, Client, Response,
    dns::{Name, Resolve, Resolving},
    redirect, retry,
};
use bytes::Bytes;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::pki_types::CertificateDer;
use url::Url;

use super::{
    body::{Chunks, Stop, gather},
    fault::{Fault, Lost, Signs},
    resolve::Guard,
    tls::{self, Trust},
    witness::Witness,
};
use crate::{
    Error, Kind, Outcome, Timer,
    download::{self, Access, Links},
    endpoint::{host, is_loopback},
    http::{MAY_BE_BILLED, USER_AGENT},
};

/// As much of the body of a failure is read, in bytes: explanations are short.
const EXPLANATION: u64 = 64 << 10;

/// An answer: its head, and its body or what became of that.
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Result<Vec<u8>, Error>,
}

/// How connections are made and kept.
#[derive(Clone)]
pub(super) struct Connections {
    /// For name, connection and encryption together.
    pub(super) connect: Duration,
    /// How long an unused one is kept.
    pub(super) idle: Duration,
    /// The time between two signs of life on an unused one.
    pub(super) keepalive: Duration,
    /// Certificate authorities beside the system's.
    pub(super) authorities: Vec<CertificateDer<'static>>,
    pub(super) guard: Guard,
}

/// The connections: those that carry the credential, and those for downloads.
pub(super) struct Wire {
    service: Client,
    connections: Connections,
    links: Links,
    /// For links that are trusted, by need, see [`Wire::downloads`]; each is set up when it is first needed.
    trusted: [OnceLock<Client>; 4],
    /// For all others: directly, and through the environment's proxy.
    guarded: [OnceLock<Client>; 2],
}

impl Wire {
    pub(super) fn new(service: &Url, links: Links, connections: Connections) -> Result<Self, Error> {
        Ok(Self {
            service: connections.client(service, Way::Usual)?,
            connections,
            links,
            trusted: Default::default(),
            guarded: Default::default(),
        })
    }

    /// Sends the request once and reads the whole answer, at most `limit` bytes of it, and not longer than `idle`
    /// without a byte.
    pub(super) async fn post(
        &self,
        request: Request<Bytes>,
        limit: u64,
        idle: Duration,
        place: &str,
        witness: &Witness,
    ) -> Result<Received, Error> {
        let fail = |error| self.fault(error, place).into_error(witness.may_have_arrived());
        let request = request.map(|bytes| Body::wrap(witness.watch(bytes))).try_into().map_err(fail)?;
        let mut response = self.service.execute(request).await.map_err(fail)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let limit = if status.is_success() { limit } else { EXPLANATION };
        let body = match body(&mut response, limit, idle).await {
            Ok(body) => Ok(body),
            // The status has said enough; an explanation that is cut or too long must not hide it.
            Err((_, part)) if !status.is_success() => Ok(part),
            Err((Stop::TooLarge, _)) => {
                let what = format!("The answer of {place} is larger than {limit} bytes");
                Err(Error::new(Kind::TooLarge, Outcome::Unknown, what).with_remedy(MAY_BE_BILLED))
            }
            Err((Stop::Idle, _)) => {
                let what =
                    format!("The answer of {place} stopped: nothing came for {} s", idle.as_secs_f64());
                let error = Error::new(Kind::Timeout, Outcome::Unknown, what).with_remedy(MAY_BE_BILLED);
                Err(error.with_timer(Timer::BodyIdle))
            }
            // An answer has begun, so the request has arrived.
            Err((Stop::Broken(error), _)) => Err(self.fault(error, place).into_error(true)),
        };
        Ok(Received { status, headers, body })
    }

    /// Downloads an image; `place` is where its link stands. Each address on the way is judged before it is gone to.
    pub(super) async fn get(&self, mut url: Url, place: &str) -> Result<Bytes, Lost> {
        let mut access = self.links.follow(&url, place).map_err(Lost::for_good)?;
        for _ in 0..=download::MAX_REDIRECTS {
            // Whatever is wrong now, the image is bought: an error of the set-up must not say that nothing was sent.
            let client = self
                .downloads(&url, access)
                .map_err(|error| Lost::for_good(download::failure(place, &error.to_string())))?;
            let request = client.get(url.clone()).header(ACCEPT, "image/*");
            let lost = |error| self.fault(error, &host(&url)).into_download(place);
            let mut response = request.send().await.map_err(lost)?;
            let status = response.status();
            if status.is_redirection() {
                let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
                (url, access) =
                    self.links.redirect(&url, location.unwrap_or_default(), place).map_err(Lost::for_good)?;
                continue;
            }
            if !status.is_success() {
                return Err(refused(status, &url, place));
            }
            return match body(&mut response, download::MAX_BYTES, download::IDLE).await {
                Ok(body) => Ok(body.into()),
                Err((Stop::TooLarge, _)) => {
                    let what = format!("it is larger than {} MiB", download::MAX_BYTES >> 20);
                    Err(Lost::for_good(download::failure(place, &what).with_status(status)))
                }
                Err((Stop::Idle, _)) => {
                    let what = format!("nothing came for {} s", download::IDLE.as_secs());
                    Err(Lost::for_now(download::failure(place, &what).with_timer(Timer::BodyIdle)))
                }
                Err((Stop::Broken(error), _)) => {
                    let Lost { error, is_passing } = lost(error);
                    Err(Lost { error: error.with_status(status), is_passing })
                }
            };
        }
        let what = format!("it redirects more than {} times", download::MAX_REDIRECTS);
        Err(Lost::for_good(download::failure(place, &what)))
    }

    /// The client for a download. Never the one for the service: that has connections which a credential went over.
    fn downloads(&self, url: &Url, access: Access) -> Result<&Client, Error> {
        let (slot, way) = match access {
            Access::Trusted => {
                let slot = usize::from(is_loopback(url)) * 2 + usize::from(url.scheme() == "https");
                (&self.trusted[slot], Way::Usual)
            }
            // A proxy resolves the names of what it fetches: what they lead to is its policy and not ours.
            Access::Guarded if is_proxied(url) => (&self.guarded[0], Way::Usual),
            Access::Guarded => (&self.guarded[1], Way::Guarded),
        };
        match slot.get() {
            Some(client) => Ok(client),
            None => {
                let client = self.connections.client(url, way)?;
                Ok(slot.get_or_init(|| client))
            }
        }
    }

    fn fault(&self, error: ::reqwest::Error, place: &str) -> Fault<::reqwest::Error> {
        let signs = Signs {
            is_builder: error.is_builder(),
            is_connect: error.is_connect(),
            is_timeout: error.is_timeout(),
            is_dns: error.is_dns(),
            is_body: error.is_decode() || error.is_body(),
        };
        // Its text contains the whole address, query included.
        Fault::new(signs, error.without_url(), place, self.connections.connect)
    }
}

/// How a client reaches an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Through the environment's proxy, if there is one.
    Usual,
    /// Directly, and to addresses of the public internet alone.
    Guarded,
}

impl Connections {
    /// A client for addresses like this one: https or not, loopback or not.
    fn client(&self, like: &Url, way: Way) -> Result<Client, Error> {
        let trust = if like.scheme() == "https" { Trust::System(&self.authorities) } else { Trust::Nobody };
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls::config(trust)?)
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .connect_timeout(self.connect)
            .pool_idle_timeout(self.idle)
            .tcp_keepalive(self.keepalive);
        if is_loopback(like) || way == Way::Guarded {
            builder = builder.no_proxy();
        }
        if way == Way::Guarded {
            builder = builder.dns_resolver(Arc::new(Guarded(self.guard.clone())));
        }
        builder.build().map_err(|error| {
            Error::configuration(
                "The HTTP client cannot be set up",
                "Check the proxy settings of the environment",
            )
            .with_source(error.without_url())
        })
    }
}

struct Guarded(Guard);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let addresses = guard.resolve(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Box<_>)
        })
    }
}

/// Whether the environment names a proxy for this address, by the rules that the client itself goes by.
fn is_proxied(url: &Url) -> bool {
    url.as_str().parse().is_ok_and(|uri| Matcher::from_system().intercept(&uri).is_some())
}

fn refused(status: StatusCode, url: &Url, place: &str) -> Lost {
    let expired = matches!(status.as_u16(), 403 | 404 | 410);
    let hint = if expired { "; the link may have expired" } else { "" };
    let what = format!("{} answered HTTP {}{hint}", host(url), status.as_u16());
    let error = download::failure(place, &what).with_status(status);
    Lost { error, is_passing: status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) }
}

/// The body, or the part of it that came.
async fn body(
    response: &mut Response,
    limit: u64,
    idle: Duration,
) -> Result<Vec<u8>, (Stop<::reqwest::Error>, Vec<u8>)> {
    let announced = response.content_length().unwrap_or_default();
    if announced > limit && response.status().is_success() {
        return Err((Stop::TooLarge, Vec::new()));
    }
    gather(response, announced, limit, idle).await
}

impl Chunks for Response {
    type Error = ::reqwest::Error;

    async fn next(&mut self) -> Result<Option<Bytes>, ::reqwest::Error> {
        self.chunk().await
    }
}
