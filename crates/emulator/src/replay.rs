//! Recorded answers, served again to the requests that they were recorded for.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header},
};
use bytes::Bytes;
use imagewire_bundle::{Bundle, End, Piece, redacted};
use serde_json::Value;

use crate::{
    body::{Faulty, Line, Pieces},
    gallery,
    link::Broken,
    refuse::Style,
    scenario::Delivery,
    server::{Shared, wrong_method},
};

/// Names the bundle that an answer is from.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("x-emulator-replayed");
/// By these headers an answer names its exchange.
const REQUEST_IDS: [&str; 4] =
    ["x-request-id", "apim-request-id", "x-api-request-id", "x-tfy-feedback-target-id"];

/// All recorded answers.
#[derive(Default)]
pub(crate) struct Replays {
    /// By the service, and the request as it is kept.
    answers: BTreeMap<(String, String), Turns>,
    /// The images that answers link to, by the answer and their numbers in it.
    images: BTreeMap<(usize, usize), (HeaderValue, Bytes)>,
}

/// The answers to one request: the next one each time, and after the last the first again.
pub(crate) struct Turns {
    first: Arc<Recorded>,
    others: Vec<Arc<Recorded>>,
    next: AtomicUsize,
}

/// A recorded answer.
pub(crate) struct Recorded {
    /// Its place among all, from 0.
    number: usize,
    name: HeaderValue,
    status: StatusCode,
    headers: HeaderMap,
    pieces: Vec<Piece>,
    end: End,
    /// The model that the request named.
    pub(crate) model: Option<String>,
    images: u32,
}

impl Replays {
    pub(crate) fn new(bundles: &[Bundle]) -> Self {
        let mut replays = Self::default();
        for (number, bundle) in bundles.iter().enumerate() {
            for link in bundle.links() {
                let media_type = HeaderValue::from_str(&link.media_type)
                    .unwrap_or(HeaderValue::from_static("application/octet-stream"));
                replays.images.insert((number, link.index), (media_type, link.bytes.clone()));
            }
            let exchange = bundle.exchange();
            let key = (exchange.dialect.clone(), exchange.request.body.to_string());
            let recorded = Arc::new(Recorded::new(number, bundle));
            match replays.answers.entry(key) {
                Entry::Vacant(place) => drop(place.insert(Turns::new(recorded))),
                Entry::Occupied(mut turns) => turns.get_mut().others.push(recorded),
            }
        }
        replays
    }

    /// The answers to a request with this body.
    pub(crate) fn find(&self, dialect: &str, body: &[u8]) -> Option<&Turns> {
        if self.answers.is_empty() {
            return None;
        }
        self.answers.get(&(dialect.to_owned(), redacted(body, None)?.to_string()))
    }
}

impl Turns {
    fn new(first: Arc<Recorded>) -> Self {
        Self { first, others: Vec::new(), next: AtomicUsize::new(0) }
    }

    pub(crate) fn next(&self) -> Arc<Recorded> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % (self.others.len() + 1);
        let other = turn.checked_sub(1).and_then(|turn| self.others.get(turn));
        Arc::clone(other.unwrap_or(&self.first))
    }
}

impl Recorded {
    fn new(number: usize, bundle: &Bundle) -> Self {
        let exchange = bundle.exchange();
        let member = |name: &str| exchange.request.body.get(name);
        let images = member("n").and_then(Value::as_u64).unwrap_or(1);
        let mut headers = HeaderMap::new();
        for (name, value) in &exchange.response.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value))
                && !matches!(name, header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION)
            {
                headers.append(name, value);
            }
        }
        let shown: String = bundle
            .name()
            .chars()
            .map(|character| if character.is_ascii_graphic() { character } else { '_' })
            .collect();
        Self {
            number,
            name: HeaderValue::from_str(&shown).unwrap_or(HeaderValue::from_static("unnamed")),
            status: StatusCode::from_u16(exchange.response.status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers,
            pieces: bundle.pieces(),
            end: exchange.response.end,
            model: member("model").and_then(Value::as_str).map(str::to_owned),
            images: u32::try_from(images).unwrap_or(u32::MAX),
        }
    }

    /// How many images it bought, if it was no refusal.
    pub(crate) fn bought(&self) -> Option<u32> {
        self.status.is_success().then_some(self.images)
    }

    /// The answer as it was, with links that lead to `origin`.
    pub(crate) fn answer(&self, origin: &str, line: Option<Line>) -> Response<Body> {
        let mut pieces = Pieces::default();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => pieces.push(bytes.clone()),
                Piece::Link(image) => pieces.push(format!("{origin}/replayed/{}/{image}", self.number)),
            }
        }
        let delivery = match self.end {
            End::Complete => Delivery::Whole,
            End::Cut => Delivery::Cut(pieces.hide_length()),
        };
        let mut response = Response::new(Body::new(Faulty::new(pieces, delivery, line)));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(REPLAYED, self.name.clone());
        response
    }
}

/// Whether the headers of a recorded answer name their exchange.
pub(crate) fn has_request_id(headers: &HeaderMap) -> bool {
    headers.contains_key(REPLAYED) && REQUEST_IDS.iter().any(|name| headers.contains_key(*name))
}

/// An image that a recorded answer links to.
pub(crate) async fn image(
    State(shared): State<Arc<Shared>>,
    Path((number, link)): Path<(String, String)>,
    method: Method,
    uri: Uri,
) -> Response<Body> {
    if !matches!(method, Method::GET | Method::HEAD) {
        return wrong_method(&method, uri.path(), "GET, HEAD").into_response(Style::OpenAi);
    }
    let place = number.parse().ok().zip(link.parse().ok());
    let Some((media_type, bytes)) = place.and_then(|place| shared.replays.images.get(&place)) else {
        return gallery::gone(Broken::Unknown, imagewire_types::UnixTime::now()).into_response(Style::Azure);
    };
    let mut response = Response::new(Body::from(bytes.clone()));
    response.headers_mut().insert(header::CONTENT_TYPE, media_type.clone());
    response
}
