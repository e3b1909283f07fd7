//! Answers: how the service words what was ordered.

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use imagewire_types::{
    BlocklistMatch, ContentFilterDetection, ContentFilterResult, ContentFilterResults, ContentFilterSeverity,
    CustomBlocklists, Image, ImagesResponse, PromptFilterResults, UnixTime, operations::Operation,
};

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
    pub(crate) order: Order,
    pub(crate) created: UnixTime,
    /// Where links lead, such as `http://127.0.0.1:8080`.
    pub(crate) origin: String,
    pub(crate) effects: Effects,
}

impl Job {
    /// The whole answer. `line` is the connection that a scenario may break.
    pub(crate) async fn answer(
        &self,
        studio: &Studio,
        links: &Links,
        delivery: Delivery,
        line: Option<Line>,
    ) -> Result<Response<Body>, Refusal> {
        let mut pieces = self.pieces(studio, links).await?;
        if self.effects.oddity == Oddity::Malformed {
            pieces.cut_short();
        }
        let mut response = Response::new(Body::new(Faulty::new(pieces, delivery, line)));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.content_type("application/json"));
        Ok(response)
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
        splice::answer(&answer, images, effects.oddity == Oddity::CreatedAsString)
            .map_err(|error| Refusal::internal(&error))
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
