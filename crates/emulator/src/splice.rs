//! JSON around payloads that are shared, never copied.

use bytes::Bytes;
use imagewire_types::{Image, ImageStreamEvent, ImagesResponse};
use serde_json::Error;

use crate::body::Pieces;

/// An image of an answer and its `b64_json`, which stands beside it.
pub(crate) struct SplicedImage {
    pub(crate) image: Image,
    pub(crate) payload: Option<Bytes>,
}

/// The answer as JSON, with the images in the place of its empty `data`.
pub(crate) fn answer(
    answer: &ImagesResponse,
    images: Vec<SplicedImage>,
    created_as_string: bool,
) -> Result<Pieces, Error> {
    let text = serde_json::to_string(answer)?;
    // `created` is a number and the only member before `data`, so that the first match is the place.
    let (before, after) = text.split_once("\"data\":[]").unwrap_or((text.as_str(), ""));
    let before = match (created_as_string, answer.created) {
        (true, Some(created)) => before.replacen(&created.to_string(), &format!("\"{created}\""), 1),
        _ => before.to_owned(),
    };
    let mut pieces = Pieces::default();
    pieces.push(format!("{before}\"data\":["));
    for (number, SplicedImage { image, payload }) in images.into_iter().enumerate() {
        let text = serde_json::to_string(&image)?;
        let members = text.strip_prefix('{').unwrap_or(&text);
        pieces.push(if number == 0 { "{" } else { ",{" });
        if let Some(payload) = payload {
            pieces.push("\"b64_json\":\"");
            pieces.push(payload);
            pieces.push(if members == "}" { "\"" } else { "\"," });
        }
        pieces.push(members.to_owned());
    }
    pieces.push(format!("]{after}"));
    Ok(pieces)
}

/// The event as a stream tells it, with the payload after its type.
pub(crate) fn event(
    event: &ImageStreamEvent,
    payload: Bytes,
    created_as_string: bool,
) -> Result<Pieces, Error> {
    let kind = event.kind.as_str();
    let mut text = serde_json::to_string(event)?;
    if let (true, Some(created)) = (created_as_string, event.created_at) {
        text =
            text.replacen(&format!("\"created_at\":{created}"), &format!("\"created_at\":\"{created}\""), 1);
    }
    let head = format!("{{\"type\":\"{kind}\"");
    let rest = text.strip_prefix(&head).unwrap_or("}");
    let mut pieces = Pieces::default();
    pieces.push(format!("event: {kind}\ndata: {head},\"b64_json\":\""));
    pieces.push(payload);
    pieces.push(format!("\"{rest}\n\n"));
    Ok(pieces)
}
