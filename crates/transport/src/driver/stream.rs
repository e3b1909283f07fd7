//! The events of a streamed answer, one by one.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use imagewire_types::{CreateImageRequest, ImageStreamEvent, ImageStreamEventType};
use imagewire_validate::Finding;
use tokio::time::Instant;

use super::{
    Body, Client, Head,
    arrive::{Arrived, Memory},
    call::{Round, Success},
    events::{Events, Happening},
    fetch::{Landed, Settled},
    gates::Pass,
    generate::{Opened, image},
    receive::{ENVELOPE, Haul, Receiver},
    record::Tape,
};
use crate::{
    Attempt, Error, GeneratedImage,
    http::{Answer, Exchange, Form, assemble},
    stream::{Limits, Verdict},
    trace,
};

/// Something that happened in a stream.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ImageEvent {
    /// An unfinished image.
    Partial {
        /// Its number, from 0.
        number: u32,
        /// The image; its index is that of the completed image that comes next.
        image: GeneratedImage,
        /// The event without its payload.
        event: Box<ImageStreamEvent>,
    },
    /// A completed image: it is bought.
    Completed {
        /// The image; its index counts the completed ones from 0.
        image: GeneratedImage,
        /// The event without its payload. It holds the usage that is billed.
        event: Box<ImageStreamEvent>,
    },
    /// An event that this release does not know.
    Other {
        /// Its type, cut after 100 characters.
        name: String,
    },
}

/// The events of an answer: a [`Stream`] that ends after the last completed image that was asked for, whether or not the
/// service closes the connection. Signs of life are not told, but count.
///
/// Completed images alone are results. When the answer ends without one, the stream ends with an error
/// ([`Kind::Incomplete`](crate::Kind::Incomplete)). It is never taken up again: that would buy again. Dropping it closes
/// the connection; the image may be billed all the same.
pub struct EventStream {
    request_id: Option<String>,
    attempts: Vec<Attempt>,
    findings: Vec<Finding>,
    state: State,
}

type Next = Pin<Box<dyn Future<Output = (Option<Box<Source>>, Option<Result<ImageEvent, Error>>)> + Send>>;

enum State {
    Ready(Box<Source>),
    Waiting(Next),
    Over,
}

/// Where the events come from.
struct Source {
    client: Client,
    request: CreateImageRequest,
    head: Head,
    end: Instant,
    deadline: std::time::Duration,
    /// Given back at the end: a stream takes a place among the calls at once.
    pass: Option<Pass>,
    events: Option<Events<Body, Memory>>,
    /// What is still to be told; all of it, when the service sent a plain answer.
    told: VecDeque<Result<ImageEvent, Error>>,
    completed: usize,
    failed: bool,
    tape: Tape,
}

impl Client {
    /// Buys images and tells what happens on the way: unfinished images, and completed ones. The request is sent with
    /// `stream` set; a service that does not stream and answers as usual makes a stream of completed images.
    ///
    /// # Errors
    /// As [`Client::generate`], as long as no stream has begun; what goes wrong later is in the stream.
    pub async fn stream(&self, request: &CreateImageRequest) -> Result<EventStream, Error> {
        let call = Box::pin(self.begin_stream(request.clone().stream(true)));
        trace::call(&self.endpoint, request, call, |stream| (None, stream.request_id())).await
    }

    async fn begin_stream(&self, request: CreateImageRequest) -> Result<EventStream, Error> {
        let order = self.order(&request)?;
        let call = self.call(&order);
        let (an_order, a_call, a_request) = (&order, &call, &request);
        let success = call.run(|round: Round| async move {
            let Opened { head, exchange, form, reading, tape } = self.open(an_order, &round).await?;
            let request_id = exchange.request_id.clone();
            if form == Form::Events {
                return Ok((head, request_id, tape, Ok(reading)));
            }
            let receiver = self.receiver(a_request, &head, exchange, form, a_call.deadline());
            let haul = receiver.receive(reading, &Memory).await?;
            Ok((head, request_id, tape, Err(haul)))
        });
        let Success { value: (head, request_id, tape, opened), failed, pass, .. } = success.await?;
        let (end, deadline) = (call.end(), call.deadline());
        let findings = order.findings;
        let mut source = Source {
            client: self.clone(),
            request,
            head,
            end,
            deadline,
            pass: Some(pass),
            events: None,
            told: VecDeque::new(),
            completed: 0,
            failed: false,
            tape,
        };
        match opened {
            Ok(reading) => {
                let images = source.request.n.unwrap_or(1);
                let limits = Limits { images, envelope: ENVELOPE, ..Limits::default() };
                source.events = Some(Events::new(reading, limits, Memory));
            }
            Err(haul) => {
                source.record(haul.failure.as_ref());
                let settled = self.settle(haul, &source.request, &Memory, end, &source.tape).await;
                source.tell_all(settled);
            }
        }
        let state = State::Ready(Box::new(source));
        Ok(EventStream { request_id, attempts: failed, findings, state })
    }
}

impl EventStream {
    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<ImageEvent, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The service's name for this exchange.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The attempts that failed before. One with an open fate may have bought images as well.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// What is known about the request, errors included when the checking only reports.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl Stream for EventStream {
    type Item = Result<ImageEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut next: Next = match std::mem::replace(&mut self.state, State::Over) {
            State::Over => return Poll::Ready(None),
            State::Waiting(next) => next,
            State::Ready(source) => Box::pin(source.next()),
        };
        match next.as_mut().poll(context) {
            Poll::Pending => {
                self.state = State::Waiting(next);
                Poll::Pending
            }
            Poll::Ready((source, event)) => {
                if let Some(source) = source {
                    self.state = State::Ready(source);
                }
                let attempts = self.attempts.clone();
                Poll::Ready(event.map(|event| event.map_err(|error| error.with_attempts(attempts))))
            }
        }
    }
}

impl Source {
    /// The next event, and the source unless it has ended.
    async fn next(mut self: Box<Self>) -> (Option<Box<Self>>, Option<Result<ImageEvent, Error>>) {
        loop {
            if let Some(event) = self.told.pop_front() {
                return (Some(self), Some(event));
            }
            let Some(events) = &mut self.events else { return (None, None) };
            let happening = events.next().await;
            let (verdict, tally) = (events.verdict(), events.tally());
            let (happening, over) = match happening {
                Ok(Happening::Over) => (Ok(Happening::Over), true),
                Err(halt) => (Err(halt), true),
                Ok(happening) => (Ok(happening), false),
            };
            let told = match happening {
                Ok(Happening::Image { event, image }) => {
                    let last = tally.partial.saturating_sub(1);
                    self.image(event, image, last).await
                }
                Ok(Happening::Other { name }) => Some(Ok(ImageEvent::Other { name })),
                Ok(Happening::Failure(body)) => {
                    Some(Err(self.receiver().exchange.told(&self.head.headers, &body, tally)))
                }
                Ok(Happening::Over) if verdict == Verdict::Complete || self.failed => None,
                Ok(Happening::Over) => Some(Err(self.receiver().exchange.ended(verdict, tally))),
                Err(halt) => Some(Err(self.receiver().halted(halt))),
            };
            if let Some(Err(error)) = &told {
                self.failed = true;
                self.record(Some(error));
            }
            if over {
                self.record(None);
                return (None, told);
            }
            if told.is_some() {
                return (Some(self), told);
            }
        }
    }

    async fn image(
        &mut self,
        event: Box<ImageStreamEvent>,
        image: Option<Result<Arrived<Vec<u8>>, Error>>,
        last: u32,
    ) -> Option<Result<ImageEvent, Error>> {
        let index = self.completed;
        if event.kind != ImageStreamEventType::Completed {
            let Some(Ok(Arrived { writer, bytes, sniffed: Ok(sniffed) })) = image else { return None };
            let landed = Landed { index, number: 0, writer, bytes, sniffed, revised_prompt: None };
            let number = event.partial_image_index.unwrap_or(last);
            return Some(Ok(ImageEvent::Partial { number, image: self::image(landed, Bytes::from), event }));
        }
        self.completed += 1;
        let answer = Answer { response: assemble(vec![(*event).clone()]), request_id: None };
        let items = image.map(|image| (0, image)).into_iter().collect();
        let haul = Haul { answer, items, failure: None };
        let Settled { landed, failure, .. } =
            self.client.settle(haul, &self.request, &Memory, self.end, &self.tape).await;
        let completed = landed.into_iter().next().map(|landed| {
            let image = self::image(Landed { index, ..landed }, Bytes::from);
            Ok(ImageEvent::Completed { image, event })
        });
        match (completed, failure) {
            // Bytes that are no image are kept, since they are paid for, and that is told as well.
            (Some(completed), Some(failure)) => {
                self.failed = true;
                self.record(Some(&failure));
                self.told.push_back(Err(failure));
                Some(completed)
            }
            (completed, failure) => completed.or(failure.map(Err)),
        }
    }

    /// Tells a plain answer as if it had been a stream.
    fn tell_all(&mut self, settled: Settled<Vec<u8>>) {
        let Settled { mut response, landed, failure, .. } = settled;
        for landed in landed {
            let mut event = Box::new(ImageStreamEvent::new(ImageStreamEventType::Completed));
            // Once, since it is that of all images together.
            event.usage = response.usage.take();
            let image = image(landed, Bytes::from);
            self.told.push_back(Ok(ImageEvent::Completed { image, event }));
        }
        self.told.extend(failure.map(Err));
    }

    fn receiver(&self) -> Receiver<'_> {
        let Self { client, request, head, .. } = self;
        let exchange = Exchange::new(&client.endpoint, request, head.status, &head.headers);
        client.receiver(request, head, exchange, Form::Events, self.deadline)
    }

    /// Tells once how it went.
    fn record(&mut self, failure: Option<&Error>) {
        if let Some(pass) = self.pass.take() {
            pass.record(failure, fastrand::f64());
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EventStream")
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .field("is_over", &matches!(self.state, State::Over))
            .finish_non_exhaustive()
    }
}
