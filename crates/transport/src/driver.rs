//! The client.

mod reqwest;
mod tls;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use imagewire_types::CreateImageRequest;
use tokio::time::timeout;

use crate::{
    Endpoint, Error, Generated, Kind, Outcome, Source, download,
    http::{self, MAY_BE_BILLED},
};

use self::reqwest::Wire;

/// How long a call may take from its beginning to the end of the answer, until [`Client::timeout`] says otherwise.
/// Slow models take minutes.
const DEADLINE: Duration = Duration::from_secs(600);
/// The largest answer, until [`Client::max_answer_bytes`] says otherwise: ten large images in base64.
const MAX_ANSWER: u64 = 256 << 20;

/// Sends requests to one [`Endpoint`]. Cheap to clone; clones share their connections.
///
/// A call is exactly one POST: it is not repeated, and redirects are refused. Images that come as links are downloaded
/// over connections of their own, which never carry the credential. Proxies from the environment are used, except to
/// loopback addresses.
///
/// Dropping the future of a call closes its connection; the image may be billed all the same.
#[derive(Clone)]
pub struct Client {
    endpoint: Arc<Endpoint>,
    wire: Arc<Wire>,
    timeout: Duration,
    max_answer: u64,
}

impl Client {
    /// Checks the endpoint and sets up what it needs. Plain http needs no certificates on the machine.
    ///
    /// # Errors
    /// [`Kind::Configuration`], as [`Endpoint::url`]; [`Kind::Tls`] when https has to be used and the machine has no
    /// certificate authorities.
    pub fn new(endpoint: Endpoint) -> Result<Self, Error> {
        let wire = Arc::new(Wire::new(&endpoint.url()?)?);
        Ok(Self { endpoint: Arc::new(endpoint), wire, timeout: DEADLINE, max_answer: MAX_ANSWER })
    }

    /// How long a call may take from its beginning to the end of the answer; 600 s by default. Downloads of links come
    /// on top, each with [`download::DEADLINE`]. Connecting alone may take 5 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest answer that is read, in bytes; 256 MiB by default.
    #[must_use]
    pub fn max_answer_bytes(mut self, bytes: u64) -> Self {
        self.max_answer = bytes;
        self
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Buys images: sends the request, reads the answer, fetches its links.
    ///
    /// # Errors
    /// [`Error::outcome`] says whether images may have been bought. When some images of an answer cannot be had, the
    /// others are in [`Error::partial`].
    pub async fn generate(&self, request: &CreateImageRequest) -> Result<Generated, Error> {
        if request.stream == Some(true) {
            return Err(Error::configuration(
                "`stream` is set, and this call does not read streams",
                "Leave it out",
            ));
        }
        // The request is checked against dialect and model here, before anything is sent.
        let message = http::build(&self.endpoint, request)?;
        let place = self.endpoint.place();
        let received = match timeout(self.timeout, self.wire.post(message, self.max_answer, &place)).await {
            Ok(received) => received?,
            Err(_) => {
                let what = format!("No complete answer from {place} within {} s", self.timeout.as_secs_f64());
                return Err(Error::new(Kind::Timeout, Outcome::Unknown, what).with_remedy(MAY_BE_BILLED));
            }
        };
        let answer = http::read(&self.endpoint, request, received.status, &received.headers, &received.body)?;
        // Large, and not needed while links are fetched.
        drop(received);
        self.collect(answer).await
    }

    /// Gathers the images of an answer; one that cannot be had does not cost the others.
    async fn collect(&self, mut answer: http::Answer) -> Result<Generated, Error> {
        let (mut images, mut failure) = (Vec::new(), None);
        for payload in answer.take_payloads() {
            let image = match payload {
                Ok(payload) => match self.fetch(&payload.source, payload.index).await {
                    Ok(bytes) => payload.into_image(bytes),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match image {
                Ok(image) => images.push(image),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        answer.finish(images, failure)
    }

    async fn fetch(&self, source: &Source, index: usize) -> Result<Bytes, Error> {
        match source {
            Source::Inline(bytes) => Ok(bytes.clone()),
            Source::Remote(url) => {
                let place = format!("data[{index}].url");
                match timeout(download::DEADLINE, self.wire.get(url.clone(), &place)).await {
                    Ok(bytes) => bytes,
                    Err(_) => {
                        let what = format!("it did not arrive within {} s", download::DEADLINE.as_secs());
                        Err(download::failure(&place, &what))
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("timeout", &self.timeout)
            .field("max_answer_bytes", &self.max_answer)
            .finish_non_exhaustive()
    }
}
