//! Everything that has to do with reqwest: the only file that names it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use ::http::{
    Request, StatusCode,
    header::{ACCEPT, LOCATION},
};
use ::reqwest::{
    Body as RequestBody, Client, Response,
    dns::{Name, Resolve, Resolving},
    redirect, retry,
};
use bytes::Bytes;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;
use url::Url;

use super::{
    body::Chunks,
    fault::{Fault, Lost, Signs},
    receive::Head,
    resolve::Guard,
    tls::{self, Identity, Trust},
    witness::Witness,
};
use crate::{
    Error, Kind, Outcome, Timer,
    download::{self, Access, Links},
    endpoint::{host, is_loopback},
    http::{MAY_BE_BILLED, USER_AGENT},
};

/// A connection that broke, sorted.
pub(super) type Cut = Fault<::reqwest::Error>;

/// The body of an answer.
pub(super) struct Body {
    response: Response,
    /// Where it comes from, for messages.
    place: Arc<str>,
    connect: Duration,
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
    address: Url,
    connections: Connections,
    links: Links,
    /// For links that are trusted, by need, see [`Wire::downloads`]; each is set up when it is first needed.
    trusted: [OnceLock<Client>; 4],
    /// For all others: directly, and through the environment's proxy.
    guarded: [OnceLock<Client>; 2],
}

impl Wire {
    /// Only the service is shown who the client is.
    pub(super) fn new(
        service: &Url,
        links: Links,
        connections: Connections,
        identity: Option<&Identity>,
    ) -> Result<Self, Error> {
        Ok(Self {
            service: connections.client(service, Way::Usual, identity)?,
            address: service.clone(),
            connections,
            links,
            trusted: Default::default(),
            guarded: Default::default(),
        })
    }

    /// Sends the request once to the service, and waits until an answer begins.
    pub(super) async fn post(
        &self,
        request: Request<Bytes>,
        place: &Arc<str>,
        stall: Duration,
        witness: &Witness,
    ) -> Result<(Head, Body), Error> {
        let fail = |error| self.fault(error, place).into_error(witness.may_have_arrived());
        let (head, bytes) = request.into_parts();
        // Its address is known in the form that is needed here; reading it again would cost as much as the rest.
        let mut message = ::reqwest::Request::new(head.method, self.address.clone());
        *message.headers_mut() = head.headers;
        *message.body_mut() = Some(RequestBody::wrap(witness.watch(bytes)));
        let answer = self.service.execute(message);
        let response = match witness.stalled(answer, stall).await {
            Some(result) => result.map_err(fail)?,
            None => {
                let seconds = stall.as_secs_f64();
                let what = format!("{place} took nothing of the request for {seconds} s");
                return Err(Error::new(Kind::Timeout, Outcome::Unknown, what)
                    .with_remedy(MAY_BE_BILLED)
                    .with_timer(Timer::Upload));
            }
        };
        Ok(self.opened(response, Arc::clone(place)))
    }

    fn opened(&self, mut response: Response, place: Arc<str>) -> (Head, Body) {
        let (status, length) = (response.status(), response.content_length());
        let headers = std::mem::take(response.headers_mut());
        let body = Body { response, place, connect: self.connections.connect };
        (Head { status, headers, length }, body)
    }

    /// Opens the link to an image; `place` is where it stands. Each address on the way is judged before it is gone to.
    pub(super) async fn get(&self, mut url: Url, place: &str) -> Result<(Head, Body), Lost> {
        let mut access = self.links.follow(&url, place).map_err(Lost::for_good)?;
        for _ in 0..=download::MAX_REDIRECTS {
            // Whatever is wrong now, the image is bought: an error of the set-up must not say that nothing was sent.
            let client = self
                .downloads(&url, access)
                .map_err(|error| Lost::for_good(download::failure(place, &error.to_string())))?;
            // A proxy resolves the names of what it fetches; what is known here is refused all the same.
            if let (Access::Guarded, Some(name), true) = (access, url.domain(), is_proxied(&url))
                && let Some(forbidden) = self.connections.guard.refuses(name).await
            {
                return Err(Lost::for_good(download::failure(place, &forbidden.to_string())));
            }
            let request = client.get(url.clone()).header(ACCEPT, "image/*");
            let lost = |error| self.fault(error, &host(&url)).into_download(place);
            let response = timeout(download::IDLE, request.send()).await.map_err(|_| silent(place))?;
            let response = response.map_err(lost)?;
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
            return Ok(self.opened(response, host(&url).into()));
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
            Access::Guarded if is_proxied(url) => (&self.guarded[0], Way::Usual),
            Access::Guarded => (&self.guarded[1], Way::Guarded),
        };
        match slot.get() {
            Some(client) => Ok(client),
            None => {
                let client = self.connections.client(url, way, None)?;
                Ok(slot.get_or_init(|| client))
            }
        }
    }

    fn fault(&self, error: ::reqwest::Error, place: &str) -> Cut {
        fault(error, place, self.connections.connect)
    }
}

fn fault(error: ::reqwest::Error, place: &str, connect: Duration) -> Cut {
    let signs = Signs {
        is_builder: error.is_builder(),
        is_connect: error.is_connect(),
        is_timeout: error.is_timeout(),
        is_dns: error.is_dns(),
        is_body: error.is_decode() || error.is_body(),
    };
    // Its text contains the whole address, query included.
    Fault::new(signs, error.without_url(), place, connect)
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
    fn client(&self, like: &Url, way: Way, identity: Option<&Identity>) -> Result<Client, Error> {
        let trust = if like.scheme() == "https" { Trust::System(&self.authorities) } else { Trust::Nobody };
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls::config(trust, identity)?)
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

fn silent(place: &str) -> Lost {
    let what = format!("no answer began for {} s", download::IDLE.as_secs());
    Lost::for_now(download::failure(place, &what).with_timer(Timer::BodyIdle))
}

fn refused(status: StatusCode, url: &Url, place: &str) -> Lost {
    let expired = matches!(status.as_u16(), 403 | 404 | 410);
    let hint = if expired { "; the link may have expired" } else { "" };
    let what = format!("{} answered HTTP {}{hint}", host(url), status.as_u16());
    let error = download::failure(place, &what).with_status(status);
    Lost { error, is_passing: status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) }
}

impl Chunks for Body {
    type Error = Cut;

    async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        self.response.chunk().await.map_err(|error| fault(error, &self.place, self.connect))
    }
}
