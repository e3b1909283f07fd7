//! Answers that are judged while they arrive.

use ::http::HeaderMap;
use imagewire_types::{CreateImageRequest, ErrorBody, Image, ImageStreamEvent, ImagesResponse, Usage};
use serde_json::Value;

use super::{Answer, Exchange, Form, MAY_BE_BILLED, form};
use crate::{
    Error, Kind, Outcome,
    decode::{Fault, ScanError, Scanner},
    http::refusal,
    stream::{StreamError, Tally, Verdict},
};

impl Exchange<'_> {
    /// How the body is to be read. [`Form::Other`] is none to look for images in.
    pub(crate) fn form(&self, request: &CreateImageRequest, headers: &HeaderMap) -> Form {
        match form(headers) {
            _ if !self.status.is_success() || self.refuse_compression(headers).is_err() => Form::Other,
            // A stream that nobody asked for is no answer.
            Form::Events if request.stream != Some(true) => Form::Other,
            form => form,
        }
    }

    /// Judges an answer that a scanner has read to its end.
    pub(crate) fn scanned(
        &self,
        headers: &HeaderMap,
        scanner: &Scanner,
        sure: bool,
        has_payload: bool,
    ) -> Result<Answer, Error> {
        match scanner.response() {
            Ok(response) => self.judge(headers, response, has_payload),
            Err(_) if scanner.envelope().trim_ascii().is_empty() => {
                Err(self.doubtful(Kind::Decode, "is empty"))
            }
            Err(ScanError { fault: Fault::Syntax, .. }) if !sure => {
                Err(self.unexpected_type(headers, scanner.envelope()))
            }
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    pub(crate) fn unreadable(&self, error: &ScanError) -> Error {
        self.doubtful(error.fault.kind(), &format!("cannot be read: {error}"))
    }

    pub(crate) fn unreadable_stream(&self, error: &StreamError) -> Error {
        self.doubtful(error.error.fault.kind(), &format!("cannot be read: {error}"))
    }

    /// A failure that a stream tells. Once images were drawn, nobody knows what is billed.
    pub(crate) fn told(&self, headers: &HeaderMap, body: &ErrorBody, before: Tally) -> Error {
        let error = refusal::explained(self, headers, body);
        if before.partial + before.completed + before.unusable == 0 || error.outcome() != Outcome::Refused {
            return error;
        }
        let billed = "The image may have been made and billed";
        match error.kind() {
            Kind::Moderation => {
                error.with_outcome(Outcome::Unknown).with_remedy(format!("Change the prompt. {billed}"))
            }
            _ => error.with_outcome(Outcome::Unknown).with_remedy(MAY_BE_BILLED),
        }
    }

    /// The end of a stream that completed nothing.
    pub(crate) fn ended(&self, verdict: Verdict, tally: Tally) -> Error {
        match verdict {
            Verdict::Incomplete { cut } => {
                let inside = if cut { ", inside an event" } else { "" };
                let what = format!(
                    "ended without a completed image{inside} ({} unfinished ones came)",
                    tally.partial
                );
                self.doubtful(Kind::Incomplete, &what)
            }
            Verdict::Unusable => self.doubtful(Kind::NoImage, "holds no image that can be read"),
            // Both have been told by what was found.
            Verdict::Complete | Verdict::Failed => self.doubtful(Kind::NoImage, "holds no image"),
        }
    }
}

/// The answer that the completed events of a stream stand for.
pub(crate) fn assemble(events: Vec<ImageStreamEvent>) -> ImagesResponse {
    let mut response = ImagesResponse::new(Vec::new());
    for event in events {
        let text = |name: &str| event.extra.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut image = Image::new();
        (image.url, image.revised_prompt) = (text("url"), text("revised_prompt"));
        response.data.push(image);
        response.created = event.created_at.or(response.created);
        response.size = event.size.or(response.size);
        response.quality = event.quality.or(response.quality);
        response.background = event.background.or(response.background);
        response.output_format = event.output_format.or(response.output_format);
        response.usage = match (response.usage, event.usage) {
            (Some(before), Some(usage)) => Some(sum(before, &usage)),
            (before, usage) => usage.or(before),
        };
    }
    response
}

/// Both together; the details, which nobody needs for the bill, are left out.
fn sum(before: Usage, usage: &Usage) -> Usage {
    let add = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    };
    let mut sum = before;
    sum.input_tokens = add(sum.input_tokens, usage.input_tokens);
    sum.output_tokens = add(sum.output_tokens, usage.output_tokens);
    sum.total_tokens = add(sum.total_tokens, usage.total_tokens);
    (sum.input_tokens_details, sum.output_tokens_details) = (None, None);
    sum
}
