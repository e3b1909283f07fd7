//! What a scenario does to a request.

use std::time::Duration;

use axum::http::StatusCode;
use imagewire_types::operations::Operation;

use super::{Scenario, pace};
use crate::{order::Order, refuse::Refusal};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Ruling {
    /// It is answered, with these effects.
    Answer(Effects),
    /// It is refused; `true` when it is billed all the same.
    Refuse(Box<Refusal>, bool),
}

/// What is odd about an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    /// How long the answer takes to begin.
    pub(crate) delay: Duration,
    pub(crate) delivery: Delivery,
    pub(crate) oddity: Oddity,
}

/// What an answer says otherwise than it should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Oddity {
    #[default]
    None,
    ContentType(String),
    Malformed,
    CreatedAsString,
    Empty,
    WrongSize,
    WrongFormat,
    /// So many pictures are missing.
    Missing(u32),
    /// The filter stopped that picture, and what it saw.
    Blocked(u32, String),
    Stream(StreamOddity),
}

/// What is odd about the events of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamOddity {
    /// Only so many events come.
    Cut(u32),
    /// An error after so many events, or in the place of the last.
    Error(Option<u32>),
    /// `[DONE]` in the place of the last event.
    Done,
    /// No partial pictures.
    EarlyFinal,
    /// An unknown event before the last.
    Unknown,
    /// Silence and a comment before the last event.
    LateHeartbeat(Duration),
}

impl Effects {
    fn odd(oddity: Oddity) -> Self {
        Self { oddity, ..Self::default() }
    }
}

/// How a body gets to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delivery {
    #[default]
    Whole,
    /// The connection is closed after so many bytes.
    Cut(u64),
    /// Nothing comes after so many bytes.
    Stall(u64),
    /// So many bytes at a time, with a pause between.
    Drip(u64, Duration),
    /// The connection is reset after so many bytes, or before the answer.
    Reset(Option<u64>),
}

/// Who asked for what, as far as refusals tell.
pub(crate) struct Asked<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) order: &'a Order,
    pub(crate) id: &'a str,
    /// A number that stays the same for the same request.
    pub(crate) draw: u64,
}

pub(crate) fn rule(scenario: Scenario, asked: &Asked<'_>) -> Ruling {
    let Asked { operation, order, id, .. } = *asked;
    let (model, is_gpt) = (order.model.as_str(), order.is_gpt());
    let refuse = |refusal: Refusal| Ruling::Refuse(Box::new(refusal), false);
    let answer = Effects::default();
    if order.partials.is_none() && scenario.is_of_streams() {
        let message = "The scenario is about streams, and the request does not ask for one: set `stream`.";
        return refuse(Refusal::invalid("invalid_scenario", message));
    }
    Ruling::Answer(match scenario {
        // A limit was counted before it came here, and is kept.
        Scenario::None {} | Scenario::Limit { .. } => answer,
        Scenario::PromptBlock { category } => {
            return refuse(Refusal::filtered(operation, is_gpt, "input", &category, id));
        }
        Scenario::OutputBlock { category } => {
            return refuse(Refusal::filtered(operation, is_gpt, "output", &category, id));
        }
        Scenario::AccountBlock {} => return refuse(Refusal::account_blocked(operation)),
        Scenario::RateLimit { retry_after, form } => {
            return refuse(Refusal::rate_limited(operation, model, retry_after, form));
        }
        Scenario::Quota {} => return refuse(Refusal::out_of_quota()),
        Scenario::RetiredModel {} => return refuse(Refusal::retired(operation, model)),
        Scenario::DeploymentNotFound {} => return refuse(Refusal::no_deployment()),
        Scenario::Status { status, retry_after, billed } => {
            let refusal = Refusal::with_status(status_of(status));
            let refusal = match retry_after {
                Some(seconds) => refusal.retry_after(seconds),
                None => refusal,
            };
            return Ruling::Refuse(Box::new(refusal), billed);
        }
        Scenario::HtmlError { status } => return refuse(Refusal::html(status_of(status))),
        Scenario::OneBlocked { index, category } => Effects::odd(Oddity::Blocked(index, category)),
        Scenario::EmptyData {} => Effects::odd(Oddity::Empty),
        Scenario::MalformedJson {} => Effects::odd(Oddity::Malformed),
        Scenario::CutBody { after } => Effects { delivery: Delivery::Cut(after), ..answer },
        Scenario::Stall { after } => Effects { delivery: Delivery::Stall(after), ..answer },
        Scenario::Drip { bytes, millis } => {
            Effects { delivery: Delivery::Drip(bytes.max(1), Duration::from_millis(millis)), ..answer }
        }
        Scenario::Reset { after } => Effects { delivery: Delivery::Reset(after), ..answer },
        Scenario::WrongContentType { content_type } => Effects::odd(Oddity::ContentType(content_type)),
        Scenario::WrongSize {} => Effects::odd(Oddity::WrongSize),
        Scenario::WrongFormat {} => Effects::odd(Oddity::WrongFormat),
        Scenario::FewerImages { missing } => Effects::odd(Oddity::Missing(missing)),
        Scenario::CreatedAsString {} => Effects::odd(Oddity::CreatedAsString),
        Scenario::StreamCut { events } => Effects::odd(Oddity::Stream(StreamOddity::Cut(events))),
        Scenario::StreamError { after } => Effects::odd(Oddity::Stream(StreamOddity::Error(after))),
        Scenario::StreamDone {} => Effects::odd(Oddity::Stream(StreamOddity::Done)),
        Scenario::EarlyFinal {} => Effects::odd(Oddity::Stream(StreamOddity::EarlyFinal)),
        Scenario::UnknownEvent {} => Effects::odd(Oddity::Stream(StreamOddity::Unknown)),
        Scenario::LateHeartbeat { millis } => {
            let silence = Duration::from_millis(millis);
            Effects::odd(Oddity::Stream(StreamOddity::LateHeartbeat(silence)))
        }
        Scenario::Pace { compression } => {
            Effects { delay: pace::usual(order, asked.draw, compression), ..answer }
        }
        Scenario::Latency { millis } => Effects { delay: Duration::from_millis(millis), ..answer },
    })
}

/// A library user may push any number.
fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_informational() && !status.is_success())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
