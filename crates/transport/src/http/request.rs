//! Requests.

use ::http::{
    Request,
    header::{ACCEPT, CONTENT_TYPE},
};
use bytes::Bytes;
use imagewire_types::CreateImageRequest;

use crate::{Endpoint, Error};

/// The `User-Agent` of this release.
pub const USER_AGENT: &str = concat!("imagewire/", env!("CARGO_PKG_VERSION"));

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
    let url = endpoint.url()?;
    // serde_json's message could quote the request, so it is not kept.
    let body = serde_json::to_vec(request).map_err(|_| {
        Error::configuration("The request cannot be written as JSON", "Check its extra members")
    })?;
    let mut built = Request::builder()
        .method(endpoint.operation().method)
        .uri(url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, if request.stream == Some(true) { STREAM } else { "application/json" });
    for (name, value) in endpoint.extra_headers()?.into_iter().chain(endpoint.credential_header()?) {
        built = built.header(name, value);
    }
    built.body(Bytes::from(body)).map_err(|_| {
        let what = format!("{}'s address cannot be used in a request", endpoint.operation().title);
        Error::configuration(what, "Check the base URL and the parameters")
    })
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
