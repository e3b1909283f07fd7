//! Everything that has to do with reqwest: the only file that names it.

use std::{error::Error as StdError, io, sync::OnceLock, time::Duration};

use ::http::{
    HeaderMap, Request, StatusCode,
    header::{ACCEPT, LOCATION},
};
use ::reqwest::{Client, Response, redirect, retry};
use bytes::Bytes;
use url::Url;

use super::tls::{self, Trust};
use crate::{
    Error, Kind, Outcome, download,
    endpoint::{host, is_loopback},
    http::{MAY_BE_BILLED, USER_AGENT},
};

/// For name, connection and TLS together.
const CONNECT: Duration = Duration::from_secs(5);
/// Shorter than the patience of common servers, so that they rarely close a connection while it is taken up again.
const IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE: Duration = Duration::from_secs(30);
/// As much of the body of a failure is read, in bytes: explanations are short.
const EXPLANATION: u64 = 64 << 10;

/// An answer, whole.
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The connections: those that carry the credential, and those for downloads.
pub(super) struct Wire {
    service: Client,
    /// By need, see [`Wire::downloads`]; each is set up when it is first needed.
    downloads: [OnceLock<Client>; 4],
}

impl Wire {
    pub(super) fn new(service: &Url) -> Result<Self, Error> {
        Ok(Self { service: client(service)?, downloads: Default::default() })
    }

    /// Sends the request once and reads the whole answer, at most `limit` bytes of it.
    pub(super) async fn post(
        &self,
        request: Request<Bytes>,
        limit: u64,
        place: &str,
    ) -> Result<Received, Error> {
        let request = request.try_into().map_err(|error| fault(error, place).into_error())?;
        let mut response =
            self.service.execute(request).await.map_err(|error| fault(error, place).into_error())?;
        let (status, headers) = (response.status(), response.headers().clone());
        let limit = if status.is_success() { limit } else { EXPLANATION };
        let body = match body(&mut response, limit).await {
            Ok(body) => body,
            // The status has said enough; an explanation that is cut or too long must not hide it.
            Err((_, part)) if !status.is_success() => part,
            Err((Stop::TooLarge, _)) => {
                let what = format!("The answer of {place} is larger than {limit} bytes");
                return Err(Error::new(Kind::TooLarge, Outcome::Unknown, what)
                    .with_status(status)
                    .with_remedy(MAY_BE_BILLED));
            }
            Err((Stop::Broken(error), _)) => {
                return Err(fault(error, place).into_error().with_status(status));
            }
        };
        Ok(Received { status, headers, body })
    }

    /// Downloads an image; `place` is where its link stands.
    pub(super) async fn get(&self, mut url: Url, place: &str) -> Result<Bytes, Error> {
        for _ in 0..=download::MAX_REDIRECTS {
            let request = self.downloads(&url)?.get(url.clone()).header(ACCEPT, "image/*");
            let lost = |error| fault(error, &host(&url)).into_download(place);
            let mut response = request.send().await.map_err(lost)?;
            let status = response.status();
            if status.is_redirection() {
                let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
                url = download::redirect(&url, location.unwrap_or_default(), place)?;
                continue;
            }
            if !status.is_success() {
                let expired = matches!(status.as_u16(), 403 | 404 | 410);
                let hint = if expired { "; the link may have expired" } else { "" };
                let what = format!("{} answered HTTP {}{hint}", host(&url), status.as_u16());
                return Err(download::failure(place, &what).with_status(status));
            }
            return match body(&mut response, download::MAX_BYTES).await {
                Ok(body) => Ok(body.into()),
                Err((Stop::TooLarge, _)) => {
                    let what = format!("it is larger than {} MiB", download::MAX_BYTES >> 20);
                    Err(download::failure(place, &what).with_status(status))
                }
                Err((Stop::Broken(error), _)) => Err(lost(error).with_status(status)),
            };
        }
        Err(download::failure(place, &format!("it redirects more than {} times", download::MAX_REDIRECTS)))
    }

    /// The client for a download. Never the one for the service: that has connections which a credential went over.
    fn downloads(&self, url: &Url) -> Result<&Client, Error> {
        let slot = &self.downloads[usize::from(is_loopback(url)) * 2 + usize::from(url.scheme() == "https")];
        match slot.get() {
            Some(client) => Ok(client),
            None => {
                let client = client(url)?;
                Ok(slot.get_or_init(|| client))
            }
        }
    }
}

/// A client for addresses like this one: https or not, loopback or not.
fn client(like: &Url) -> Result<Client, Error> {
    let trust = if like.scheme() == "https" { Trust::System } else { Trust::Nobody };
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls::config(trust)?)
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .tcp_keepalive(KEEPALIVE);
    if is_loopback(like) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| {
        Error::configuration(
            "The HTTP client cannot be set up",
            "Check the proxy settings of the environment",
        )
        .with_source(error.without_url())
    })
}

/// Why reading a body ended early.
enum Stop {
    TooLarge,
    Broken(::reqwest::Error),
}

/// The body, or the part of it that came.
async fn body(response: &mut Response, limit: u64) -> Result<Vec<u8>, (Stop, Vec<u8>)> {
    let announced = response.content_length().unwrap_or_default();
    if announced > limit && response.status().is_success() {
        return Err((Stop::TooLarge, Vec::new()));
    }
    // What is announced need not come, so not all of it is reserved at once.
    let mut body = Vec::with_capacity(usize::try_from(announced.min(1 << 20)).unwrap_or_default());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(body.len());
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    return Err((Stop::TooLarge, body));
                }
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err((Stop::Broken(error), body)),
        }
    }
}

/// What reqwest reports, sorted.
struct Fault {
    kind: Kind,
    outcome: Outcome,
    what: String,
    source: ::reqwest::Error,
}

/// Sorts what reqwest reports. Its own predicates overlap: a stalled body is a timeout and a decoding error, a cut one
/// is called a decoding error. So time comes first, then the phase, and everything after connecting is open.
fn fault(error: ::reqwest::Error, place: &str) -> Fault {
    // Its text contains the whole address, query included.
    let source = error.without_url();
    let (kind, outcome, what) = match () {
        () if source.is_builder() => {
            (Kind::Configuration, Outcome::NotSent, format!("The request to {place} cannot be made"))
        }
        () if source.is_connect() && source.is_timeout() => (
            Kind::Timeout,
            Outcome::NotSent,
            format!("No connection to {place} within {} s", CONNECT.as_secs()),
        ),
        () if source.is_timeout() => (Kind::Timeout, Outcome::Unknown, format!("{place} stopped answering")),
        () if source.is_dns() => {
            (Kind::Connect, Outcome::NotSent, format!("The name of {place} could not be resolved"))
        }
        () if source.is_connect() => match tls_failure(&source) {
            Some(error) => (
                Kind::Tls,
                Outcome::NotSent,
                format!("No encrypted connection to {place} is possible: {error}"),
            ),
            None => {
                let reason = innermost_io(&source).map(|error| format!(": {error}")).unwrap_or_default();
                (Kind::Connect, Outcome::NotSent, format!("No connection to {place}{reason}"))
            }
        },
        () if source.is_decode() || source.is_body() => {
            (Kind::Transport, Outcome::Unknown, format!("The answer of {place} broke off"))
        }
        () => (
            Kind::Transport,
            Outcome::Unknown,
            format!("The connection to {place} failed before an answer came"),
        ),
    };
    Fault { kind, outcome, what, source }
}

impl Fault {
    fn into_error(self) -> Error {
        let remedy = match (self.outcome, self.kind) {
            (Outcome::NotSent, Kind::Tls) => "Check the address and the machine's certificates and clock",
            (Outcome::NotSent, _) => {
                "Nothing was sent. Check the address, the network and the proxy settings"
            }
            (Outcome::Refused | Outcome::Unknown | Outcome::Done, _) => MAY_BE_BILLED,
        };
        Error::new(self.kind, self.outcome, self.what).with_remedy(remedy).with_source(self.source)
    }

    /// The image was bought before; the kind of trouble matters to the reader alone.
    fn into_download(self, place: &str) -> Error {
        download::failure(place, &self.what).with_source(self.source)
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An I/O error passes its content's source off as its own, and so hides the content itself.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(content) => Some(content as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

fn tls_failure<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn innermost_io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    chain(error).filter_map(|error| error.downcast_ref()).last()
}
