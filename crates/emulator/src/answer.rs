//! Answers: how the service words what was ordered.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use bytes::Bytes;
use imagewire_types::{
    BlocklistMatch, ContentFilterDetection, ContentFilterResult, ContentFilterResults, ContentFilterSeverity,
    CustomBlocklists, Image, ImagesResponse, PromptFilterResults, UnixTime, operations::Operation,
};

use tokio::sync::OwnedSemaphorePermit;

use crate::{
    body::{Faulty, Line, Pieces},
    draw::Picture,
    link::Links,
    order::{self, Order},
    refuse::Refusal,
    scenario::{Delivery, Effects, Oddity},
    splice,
    studio::Studio,
};

/// Everything that decides an answer, so that the same job always gives the same bytes.
pub(crate) struct Job {
    pub(crate) operation: &'static Operation,
    pub(crate) order: Arc<Order>,
    pub(crate) created: UnixTime,
    /// The name of the exchange.
    pub(crate) id: String,
    /// Where links lead, such as `http://127.0.0.1:8080`.
    pub(crate) origin: String,
    pub(crate) effects: Effects,
}

impl Job {
    /// The whole answer. `line` is the connection that a scenario may break, `room` the memory for its pictures.
    pub(crate) async fn answer(
        &self,
        studio: &Studio,
        links: &Links,
        delivery: Delivery,
        line: Option<Line>,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<Response<Body>, Refusal> {
        let mut pieces = match self.order.last.of(self) {
            Some(text) => text.into(),
            None => self.pieces(studio, links).await?,
        };
        if self.effects.oddity == Oddity::Malformed {
            pieces.cut_short();
        }
        let mut response = Response::new(Body::new(Faulty::new(pieces, delivery, line).holding(room)));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.content_type("application/json"));
        Ok(response)
    }

    /// Nothing but its order, its time and its origin decides what it says.
    fn is_usual(&self) -> bool {
        self.order.as_link && self.effects.oddity == Oddity::None
    }

    pub(crate) fn content_type(&self, usual: &'static str) -> HeaderValue {
        let other = match &self.effects.oddity {
            Oddity::ContentType(other) => HeaderValue::from_str(other).ok(),
            _ => None,
        };
        other.unwrap_or(HeaderValue::from_static(usual))
    }

    async fn pieces(&self, studio: &Studio, links: &Links) -> Result<Pieces, Refusal> {
        let Self { order, effects, .. } = self;
        let mut images = Vec::new();
        let missing = match effects.oddity {
            Oddity::Empty => usize::MAX,
            Oddity::Missing(count) => usize::try_from(count).unwrap_or(usize::MAX),
            _ => 0,
        };
        let kept = order.pictures.len().saturating_sub(missing);
        for picture in order.pictures.iter().take(kept) {
            if let Some(image) = self.image(picture, studio, links).await? {
                images.push(image);
            }
        }
        let mut answer = ImagesResponse::new(Vec::new()).created(self.created);
        answer.background = order.returns("background").then(|| order.background());
        answer.output_format = order.returns("output_format").then(|| order.output_format());
        answer.quality = order.returns("quality").then(|| order.quality());
        answer.size = order.returns("size").then(|| order.size());
        answer.usage = order.returns("usage").then(|| order.usage(order.pictures.len()));
        let pieces = splice::answer(&answer, images, effects.oddity == Oddity::CreatedAsString)
            .map_err(|error| Refusal::internal(&error))?;
        order.last.keep(self, &pieces);
        Ok(pieces)
    }

    async fn image(
        &self,
        picture: &Picture,
        studio: &Studio,
        links: &Links,
    ) -> Result<Option<splice::SplicedImage>, Refusal> {
        let Self { operation, order, effects, .. } = self;
        let documents = |member: &str| operation.image_members.contains(&member);
        let blocked = match &effects.oddity {
            Oddity::Blocked(index, category) if *index == picture.index => Some(category),
            _ => None,
        };
        if blocked.is_some() && !documents("content_filter_results") {
            return Ok(None);
        }
        let sent = order::sent(picture, &effects.oddity);
        let mut image = Image::new();
        let mut payload = None;
        if blocked.is_none() && order.as_link {
            image.url = Some(links.to(&self.origin, &sent, self.created));
        } else if blocked.is_none() {
            payload = Some(studio.base64(&sent).await?);
        }
        if order.returns("revised_prompt") {
            image.revised_prompt = Some(order.prompt.clone());
        }
        if documents("content_filter_results") {
            let mut results = nothing_in_the_image();
            if let Some(category) = blocked {
                mark(&mut results, category);
            }
            image.content_filter_results = Some(results);
        }
        if documents("prompt_filter_results") {
            image.prompt_filter_results = Some(nothing_in_the_prompt());
        }
        Ok(Some(splice::SplicedImage { image, payload }))
    }
}

/// The last answer to an order, for as long as the next would say the same: within one second, to the same address.
/// Answers with pictures in them are not kept here; their pictures are kept by the studio.
#[derive(Debug, Default)]
pub(crate) struct LastAnswer(Mutex<Option<(UnixTime, String, Bytes)>>);

/// A longer answer is not kept, in bytes.
const LONG: usize = 8 << 10;

impl LastAnswer {
    fn of(&self, job: &Job) -> Option<Bytes> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (created, origin, text) = last.as_ref()?;
        (job.is_usual() && *created == job.created && *origin == job.origin).then(|| text.clone())
    }

    fn keep(&self, job: &Job, pieces: &Pieces) {
        if let Some(text) = pieces.joined(LONG).filter(|_| job.is_usual()) {
            let last = (job.created, job.origin.clone(), text);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        }
    }
}

fn safe() -> ContentFilterResult {
    ContentFilterResult::new().filtered(false).severity(ContentFilterSeverity::Safe)
}

fn nothing_in_the_image() -> ContentFilterResults {
    ContentFilterResults::new().sexual(safe()).violence(safe()).hate(safe()).self_harm(safe())
}

/// Says what the filter saw; a category that the service does not name counts as violence.
fn mark(results: &mut ContentFilterResults, category: &str) {
    let seen = Some(ContentFilterResult::new().filtered(true).severity(ContentFilterSeverity::High));
    match category {
        "sexual" => results.sexual = seen,
        "hate" => results.hate = seen,
        "self_harm" => results.self_harm = seen,
        _ => results.violence = seen,
    }
}

fn nothing_in_the_prompt() -> PromptFilterResults {
    let absent = || ContentFilterDetection::new().filtered(false).detected(false);
    PromptFilterResults::new()
        .sexual(safe())
        .violence(safe())
        .hate(safe())
        .self_harm(safe())
        .profanity(absent())
        .jailbreak(absent())
        .custom_blocklists(CustomBlocklists::new().filtered(false).details(Vec::<BlocklistMatch>::new()))
}

#[cfg(test)]
mod tests {
    use imagewire_types::{CreateImageRequest, operations};
    use imagewire_validate::Target;

    use super::*;
    use crate::order::Look;

    #[test]
    fn a_last_answer_is_given_where_it_would_be_the_same() {
        let (operation, look) = (&operations::FASTAPI, Look { seed: 0, texture: 0 });
        let target = Target::new(operation.dialect).expect("a service");
        let order = |request| Arc::new(Order::new(request, &target, operation, look).expect("an order"));
        let links = order(CreateImageRequest::new("x"));
        let job = |order: &Arc<Order>, created, origin: &str, oddity| Job {
            operation,
            order: Arc::clone(order),
            created: UnixTime(created),
            id: String::new(),
            origin: origin.to_owned(),
            effects: Effects { oddity, ..Effects::default() },
        };
        let text = Pieces::from_text("text");
        let first = job(&links, 1, "http://a", Oddity::None);
        links.last.keep(&first, &text);
        assert_eq!(links.last.of(&first).as_deref(), Some(&b"text"[..]));
        for other in [
            job(&links, 2, "http://a", Oddity::None),
            job(&links, 1, "http://b", Oddity::None),
            job(&links, 1, "http://a", Oddity::Empty),
        ] {
            assert_eq!(links.last.of(&other), None);
        }
        let inline = order(CreateImageRequest::new("x").response_format("b64_json"));
        let picture = job(&inline, 1, "http://a", Oddity::None);
        inline.last.keep(&picture, &text);
        assert_eq!(inline.last.of(&picture), None, "pictures are not kept twice");
    }
}
