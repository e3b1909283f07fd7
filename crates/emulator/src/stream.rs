//! Streamed answers: unfinished pictures, each nearer to the final one, then the final one with its usage.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use imagewire_types::{ImageStreamEvent, ImageStreamEventType};

use crate::{
    answer::Job,
    body::{Faulty, Line, Pieces},
    order,
    refuse::Refusal,
    scenario::{Delivery, Oddity, StreamOddity},
    splice,
    studio::Studio,
};

/// What a proxy must see to keep a quiet connection.
const KEEP_ALIVE: &str = ": keep-alive\n\n";
/// An event of a service's tomorrow.
const UNKNOWN_EVENT: &str =
    "event: image_generation.emulated\ndata: {\"type\":\"image_generation.emulated\",\"progress\":0.5}\n\n";
/// How long a stream may be quiet.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(15);

/// One event of a stream, before it is drawn.
#[derive(Clone)]
enum Step {
    Picture {
        /// Which of the ordered pictures.
        image: usize,
        /// Which unfinished picture of how many; `None` for the final one.
        partial: Option<(u32, u32)>,
        /// Whether its JSON ends too early.
        is_cut: bool,
    },
    /// The filter stops the stream for that category.
    Error(String),
    Done,
    Unknown,
    Heartbeat(Duration),
}

/// The events of a job, in their order.
fn steps(job: &Job) -> Vec<Step> {
    let partials = job.order.partials.unwrap_or(0);
    let mut steps: Vec<Step> = (0..job.order.pictures.len())
        .flat_map(|image| {
            let partial = (0..partials).map(move |at| Some((at, partials)));
            partial.chain([None]).map(move |partial| Step::Picture { image, partial, is_cut: false })
        })
        .collect();
    let last = steps.len().saturating_sub(1);
    let place = |after: u32| usize::try_from(after).unwrap_or(usize::MAX);
    let is_of = |step: &Step, which: usize| matches!(step, Step::Picture { image, .. } if *image == which);
    let oddity = match &job.effects.oddity {
        Oddity::Stream(oddity) => *oddity,
        Oddity::Empty => return Vec::new(),
        Oddity::Missing(missing) => {
            let kept = job.order.pictures.len().saturating_sub(place(*missing));
            steps.retain(|step| matches!(step, Step::Picture { image, .. } if *image < kept));
            return steps;
        }
        Oddity::Blocked(index, category) => {
            if let Some(at) = steps.iter().rposition(|step| is_of(step, place(*index))) {
                steps.truncate(at);
                steps.push(Step::Error(category.clone()));
            }
            return steps;
        }
        Oddity::Malformed => {
            if let Some(Step::Picture { is_cut, .. }) = steps.last_mut() {
                *is_cut = true;
            }
            return steps;
        }
        Oddity::None
        | Oddity::ContentType(_)
        | Oddity::CreatedAsString
        | Oddity::WrongSize
        | Oddity::WrongFormat => return steps,
    };
    match oddity {
        StreamOddity::Cut(events) => steps.truncate(place(events)),
        StreamOddity::Error(after) => {
            steps.truncate(after.map_or(last, place));
            steps.push(Step::Error("violence".to_owned()));
        }
        StreamOddity::Done => {
            steps.truncate(last);
            steps.push(Step::Done);
        }
        StreamOddity::EarlyFinal => steps.retain(|step| matches!(step, Step::Picture { partial: None, .. })),
        StreamOddity::Unknown => steps.insert(last, Step::Unknown),
        StreamOddity::LateHeartbeat(silence) => steps.insert(last, Step::Heartbeat(silence)),
    }
    steps
}

/// The stream of a job's events. `held` is kept until its end.
pub(crate) fn answer<H: Send + 'static>(
    job: Arc<Job>,
    studio: Arc<Studio>,
    delivery: Delivery,
    line: Option<Line>,
    held: H,
) -> Response<Body> {
    let steps = steps(&job);
    // An answer that takes its time takes it between its events.
    let pause = job.effects.delay / u32::try_from(steps.len()).unwrap_or(u32::MAX).max(1);
    let content_type = job.content_type("text/event-stream");
    let events = stream::iter(steps.into_iter().enumerate()).then(move |(number, step)| {
        // Mentioned, so that it lives as long as the events do.
        let _ = &held;
        let (job, studio) = (Arc::clone(&job), Arc::clone(&studio));
        async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            event(&job, &studio, step).await.map_err(|refusal| (refusal, number))
        }
    });
    let whole = stream::unfold(Some(Box::pin(events)), |events| async move {
        let mut events = events?;
        match events.next().await? {
            Ok(pieces) => Some((pieces, Some(events))),
            // The first failure is the last event.
            Err((refusal, number)) => Some((error_event(&refusal, number), None)),
        }
    });
    let frames = kept_alive(whole.boxed()).flat_map(|mut pieces| {
        stream::iter(std::iter::from_fn(move || pieces.next()).collect::<Vec<Bytes>>())
    });
    let body = StreamBody::new(frames.map(|bytes| Ok::<_, io::Error>(Frame::data(bytes))));
    let mut response = Response::new(Body::new(Faulty::new(body, delivery, line)));
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Puts a comment where nothing has been said for a while.
fn kept_alive(events: Pin<Box<dyn Stream<Item = Pieces> + Send>>) -> impl Stream<Item = Pieces> + Send {
    stream::unfold(events, |mut events| async move {
        match tokio::time::timeout(KEEP_ALIVE_AFTER, events.next()).await {
            Ok(pieces) => Some((pieces?, events)),
            Err(_) => Some((Pieces::from_text(KEEP_ALIVE), events)),
        }
    })
}

async fn event(job: &Job, studio: &Studio, step: Step) -> Result<Pieces, Refusal> {
    let (image, partial, is_cut) = match step {
        Step::Picture { image, partial, is_cut } => (image, partial, is_cut),
        Step::Error(category) => {
            return Err(Refusal::filtered(job.operation, true, "output", &category, &job.id));
        }
        Step::Done => return Ok(Pieces::from_text("data: [DONE]\n\n")),
        Step::Unknown => return Ok(Pieces::from_text(UNKNOWN_EVENT)),
        Step::Heartbeat(silence) => {
            tokio::time::sleep(silence).await;
            return Ok(Pieces::from_text(KEEP_ALIVE));
        }
    };
    let Some(picture) = job.order.pictures.get(image) else { return Ok(Pieces::default()) };
    let finished = order::sent(picture, &job.effects.oddity);
    let (kind, picture) = match partial {
        Some((at, of)) => (ImageStreamEventType::PartialImage, finished.unfinished(of.saturating_sub(at))),
        None => (ImageStreamEventType::Completed, finished),
    };
    let payload = studio.base64(&picture).await?;
    let order = &job.order;
    let mut event = ImageStreamEvent::new(kind)
        .created_at(job.created)
        .size(order.size())
        .quality(order.quality())
        .background(order.background())
        .output_format(order.output_format());
    match partial {
        Some((at, _)) => event.partial_image_index = Some(at),
        None => event.usage = Some(order.usage(1)),
    }
    let created_as_string = job.effects.oddity == Oddity::CreatedAsString;
    let mut pieces =
        splice::event(&event, payload, created_as_string).map_err(|error| Refusal::internal(&error))?;
    if is_cut {
        // The blank line, and the end of the JSON before it.
        pieces.cut_short();
        pieces.cut_short();
        pieces.push("\n\n");
    }
    Ok(pieces)
}

fn error_event(refusal: &Refusal, number: usize) -> Pieces {
    let mut pieces = Pieces::default();
    pieces.push(format!("event: error\ndata: {}\n\n", refusal.as_event(number)));
    pieces
}
