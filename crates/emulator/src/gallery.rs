//! The pictures behind links, and what blob storage says when a link is no longer good.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderValue, Method, Response, StatusCode, Uri, header},
};
use imagewire_types::UnixTime;

use crate::{
    body::{Faulty, Pieces},
    link::Broken,
    refuse::{Refusal, Style},
    scenario::Delivery,
    server::{Shared, wrong_method},
};

pub(crate) async fn serve(
    State(shared): State<Arc<Shared>>,
    Path(link): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    uri: Uri,
) -> Response<Body> {
    if !matches!(method, Method::GET | Method::HEAD) {
        return wrong_method(&method, uri.path(), "GET, HEAD").into_response(Style::OpenAi);
    }
    let now = UnixTime::now();
    let picture = match shared.links.picture(&link, query.as_deref().unwrap_or_default(), now) {
        Ok(picture) => picture,
        Err(broken) => return gone(broken, now).into_response(Style::Azure),
    };
    let (Some(_seat), Some(room)) = (shared.studio.seat(), shared.studio.room(&picture, 1)) else {
        let refusal = Refusal::with_status(StatusCode::SERVICE_UNAVAILABLE).retry_after(1);
        return refusal.into_response(Style::OpenAi);
    };
    match shared.studio.file(&picture).await {
        Ok(bytes) => {
            // In two pieces: the second one is asked for when the first is nearly sent, and until then the memory is taken.
            let mut pieces = Pieces::default();
            let most = bytes.len().saturating_sub(1);
            pieces.push(bytes.slice(..most));
            pieces.push(bytes.slice(most..));
            let body = Faulty::new(pieces, Delivery::Whole, None).holding(Some(room));
            let mut response = Response::new(Body::new(body));
            let media_type = HeaderValue::from_static(picture.format.media_type());
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
            response
        }
        Err(refusal) => refusal.into_response(Style::OpenAi),
    }
}

/// Blob storage answers in XML.
pub(crate) fn gone(broken: Broken, now: UnixTime) -> Refusal {
    let (status, code, message, detail) = match broken {
        Broken::Unknown => {
            (StatusCode::NOT_FOUND, "ResourceNotFound", "The specified resource does not exist.", None)
        }
        Broken::Unsigned => {
            (StatusCode::FORBIDDEN, AUTHENTICATION, FAILED, Some("Signature did not match.".to_owned()))
        }
        Broken::Expired(until) => {
            let (until, now) = (date(UnixTime(until)), date(now));
            let detail = format!(
                "Signature not valid in the specified time frame: Expiry [{until}] - Current [{now}]"
            );
            (StatusCode::FORBIDDEN, AUTHENTICATION, FAILED, Some(detail))
        }
    };
    let detail = detail.map_or_else(String::new, |detail| {
        format!("<AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>")
    });
    let page = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message>{detail}</Error>"
    );
    Refusal::new(status, code, message)
        .with_page("application/xml", page)
        .with_header(header::HeaderName::from_static("x-ms-error-code"), HeaderValue::from_static(code))
}

const AUTHENTICATION: &str = "AuthenticationFailed";
const FAILED: &str = "Server failed to authenticate the request. Make sure the value of Authorization header is \
                      formed correctly including the signature.";

fn date(time: UnixTime) -> String {
    time.to_system_time().map_or_else(|| time.to_string(), httpdate::fmt_http_date)
}
