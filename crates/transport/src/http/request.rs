//! Requests.

use ::http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{ACCEPT, CONTENT_TYPE},
};
use bytes::Bytes;
use imagewire_types::CreateImageRequest;

use crate::{Endpoint, Error};

/// The `User-Agent` of this release.
pub const USER_AGENT: &str = concat!("imagewire/", env!("CARGO_PKG_VERSION"));

const JSON: &str = "application/json";
/// Services that do not stream answer as usual.
const STREAM: &str = "text/event-stream, application/json";

/// The HTTP request that asks `endpoint` for images, with its body serialised once.
///
/// Do not let an HTTP client follow redirects with it or repeat it: each time it arrives, images are bought. Its
/// credential header is marked sensitive; its `Debug` shows the body, and so the prompt.
///
/// # Errors
/// [`Kind::Configuration`](crate::Kind::Configuration), as [`Endpoint::url`], and for headers that cannot be added.
pub fn build(endpoint: &Endpoint, request: &CreateImageRequest) -> Result<Request<Bytes>, Error> {
    let envelope = Envelope::new(endpoint)?;
    Ok(envelope.around(body(request)?, request.stream == Some(true)))
}

/// What all requests to an endpoint have in common. Its `Debug` would show more than a place, so it has none.
pub(crate) struct Envelope {
    method: Method,
    address: Uri,
    headers: HeaderMap,
}

impl Envelope {
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let url = endpoint.url()?;
        let operation = endpoint.operation();
        let unusable = || {
            let what = format!("{}'s address cannot be used in a request", operation.title);
            Error::configuration(what, "Check the base URL and the parameters")
        };
        let method = operation.method.parse().map_err(|_| unusable())?;
        let address = url.as_str().parse().map_err(|_| unusable())?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(ACCEPT, HeaderValue::from_static(JSON));
        for (name, value) in endpoint.extra_headers()?.into_iter().chain(endpoint.credential_header()?) {
            headers.append(name, value);
        }
        Ok(Self { method, address, headers })
    }

    /// The message with that body.
    pub(crate) fn around(&self, body: Bytes, streams: bool) -> Request<Bytes> {
        let mut built = Request::new(body);
        *built.method_mut() = self.method.clone();
        *built.uri_mut() = self.address.clone();
        *built.headers_mut() = self.headers.clone();
        if streams {
            built.headers_mut().insert(ACCEPT, HeaderValue::from_static(STREAM));
        }
        built
    }
}

/// The request as JSON.
pub(crate) fn body(request: &CreateImageRequest) -> Result<Bytes, Error> {
    // serde_json's message could quote the request, so it is not kept.
    let body = serde_json::to_vec(request).map_err(|_| {
        Error::configuration("The request cannot be written as JSON", "Check its extra members")
    })?;
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use imagewire_types::{Model, operations::HICAP};

    use super::*;
    use crate::Secret;

    #[test]
    fn the_request_is_as_documented() {
        let endpoint = Endpoint::new(&HICAP)
            .parameter("deploymentId", "dalle-deployment")
            .parameter("api-version", "2025-01-01-preview")
            .credential(Secret::new("key").unwrap());
        let request = build(&endpoint, &CreateImageRequest::new("a corgi").model(Model::DALL_E_3)).unwrap();
        assert_eq!(request.method(), "POST");
        assert_eq!(
            request.uri(),
            "https://api.hicap.ai/v1/deployments/dalle-deployment/images/generations?api-version=2025-01-01-preview"
        );
        let headers: Vec<_> =
            request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(
            headers,
            [
                ("content-type", &b"application/json"[..]),
                ("accept", b"application/json"),
                ("user-agent", USER_AGENT.as_bytes()),
                ("api-key", b"key"),
            ]
        );
        assert_eq!(request.body(), &br#"{"prompt":"a corgi","model":"dall-e-3"}"#[..]);
    }
}
