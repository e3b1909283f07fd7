//! The body of an answer: from pieces to images, each of which is written as it comes.

use std::collections::BTreeMap;

use ::http::{HeaderMap, StatusCode};
use imagewire_types::{CreateImageRequest, Image, ImageStreamEvent, ImageStreamEventType, ImagesResponse};

use super::{
    Cut,
    arrive::{Arrived, Incoming, Sink, Writer},
    body::{Chunks, Reading, Stop},
    events::{Events, Happening},
    progress::{Observer, Progress},
};
use crate::{
    Error, Kind, Outcome, Timer,
    decode::{Limits, Place, ScanError, Scanned, Scanner},
    http::{Answer, Exchange, Form, MAY_BE_BILLED, assemble},
    stream::{self, StreamError, Verdict},
};

/// A shorter answer is parsed at once when its length is known, which costs less than looking at it piece by piece.
const SHORT: u64 = 64 << 10;

/// The images of an answer, by their places in it.
pub(super) type Items<W> = BTreeMap<usize, Result<Arrived<W>, Error>>;

/// What came of a request.
pub(super) struct Haul<W> {
    /// Without the payloads that are in `items`.
    pub(super) answer: Answer,
    pub(super) items: Items<W>,
    /// The answer broke off after some images had come whole.
    pub(super) failure: Option<Error>,
}

/// An answer whose head has come.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) length: Option<u64>,
}

/// Why an answer is not read on.
pub(super) enum Halt {
    Stop(Stop<Cut>),
    Scan(ScanError),
    Event(StreamError),
}

impl From<Stop<Cut>> for Halt {
    fn from(stop: Stop<Cut>) -> Self {
        Self::Stop(stop)
    }
}

/// One answer, and what it takes to judge it.
pub(super) struct Receiver<'a> {
    pub(super) request: &'a CreateImageRequest,
    pub(super) exchange: Exchange<'a>,
    pub(super) head: &'a Head,
    pub(super) form: Form,
    /// The bounds of the body, for messages.
    pub(super) limit: u64,
    pub(super) idle: std::time::Duration,
    pub(super) deadline: std::time::Duration,
    pub(super) observer: &'a Observer,
}

impl Receiver<'_> {
    /// Reads an answer and writes its images to the sink.
    pub(super) async fn receive<C: Chunks<Error = Cut>, S: Sink>(
        &self,
        reading: Reading<C>,
        sink: &S,
    ) -> Result<Haul<S::Writer>, Error> {
        match self.form {
            Form::Json { sure } if self.head.length.is_none_or(|length| length > SHORT) => {
                self.scan(reading, sink, sure).await
            }
            Form::Json { .. } | Form::Other => self.gather(reading).await,
            Form::Events => {
                let images = self.request.n.unwrap_or(1);
                let limits = stream::Limits { images, ..stream::Limits::default() };
                self.follow(Events::new(reading, limits, sink)).await
            }
        }
    }

    /// A short answer, or one that is none.
    async fn gather<C: Chunks<Error = Cut>, W>(&self, mut reading: Reading<C>) -> Result<Haul<W>, Error> {
        let is_answer = matches!(self.form, Form::Json { .. });
        let body = match reading.gather(self.head.length.unwrap_or_default()).await {
            Ok(body) => body,
            // The head has said enough; an explanation that is cut or too long must not hide it.
            Err((_, part)) if !is_answer => part,
            Err((stop, _)) => return Err(self.halted(Halt::Stop(stop))),
        };
        let answer = self.exchange.read(&self.head.headers, &body)?;
        Ok(Haul { answer, items: Items::new(), failure: None })
    }

    async fn scan<C: Chunks<Error = Cut>, S: Sink>(
        &self,
        mut reading: Reading<C>,
        sink: &S,
        sure: bool,
    ) -> Result<Haul<S::Writer>, Error> {
        let (mut scanner, mut items) = (Scanner::new(Limits::default()), Items::new());
        let result = match self.take(&mut reading, &mut scanner, &mut items, sink).await {
            Ok(()) => self.exchange.scanned(&self.head.headers, &scanner, sure, !items.is_empty()),
            Err(halt) => Err(self.halted(halt)),
        };
        match result {
            Ok(answer) => Ok(Haul { answer, items, failure: None }),
            Err(error) => self.salvage(items, error),
        }
    }

    async fn take<C: Chunks<Error = Cut>, S: Sink>(
        &self,
        reading: &mut Reading<C>,
        scanner: &mut Scanner,
        items: &mut Items<S::Writer>,
        sink: &S,
    ) -> Result<(), Halt> {
        let mut current = None;
        while let Some(chunk) = reading.next().await? {
            let mut input = &chunk[..];
            while let Some(found) = scanner.feed(&mut input).map_err(Halt::Scan)? {
                match found {
                    Scanned::Start { place: Place::Item(index) } => {
                        let expected = self.expected(index, reading.received() - input.len() as u64);
                        current = Some((index, Incoming::new(sink.open(index, expected))));
                    }
                    // Not in an answer.
                    Scanned::Start { place: Place::Event } => current = None,
                    Scanned::Bytes(bytes) => {
                        if let Some((_, incoming)) = &mut current {
                            incoming.write(bytes).await;
                        }
                    }
                    Scanned::End => {
                        if let Some((index, incoming)) = current.take() {
                            items.insert(index, self.arrived(index, incoming).await);
                        }
                    }
                    Scanned::Broken(error) => {
                        if let Some((index, _)) = current.take() {
                            items.insert(index, Err(error.into()));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn arrived<W: Writer>(&self, index: usize, incoming: Incoming<W>) -> Result<Arrived<W>, Error> {
        let arrived = incoming.end().await;
        if let Ok(Arrived { bytes, .. }) = &arrived {
            self.observer.tell(|| Progress::Image { index, bytes: *bytes });
        }
        arrived
    }

    /// About how many bytes the image has, if those that are still to come are of one size.
    fn expected(&self, index: usize, received: u64) -> u64 {
        let left = self.head.length.unwrap_or_default().saturating_sub(received);
        let images = u64::from(self.request.n.unwrap_or(1)).saturating_sub(index as u64).max(1);
        left / 4 * 3 / images
    }

    /// Reads a stream to its end, or to the last image that was asked for.
    async fn follow<C: Chunks<Error = Cut>, S: Sink>(
        &self,
        mut events: Events<C, &S>,
    ) -> Result<Haul<S::Writer>, Error> {
        let (mut completed, mut items, mut failure) = (Vec::<ImageStreamEvent>::new(), Items::new(), None);
        loop {
            match events.next().await {
                Ok(Happening::Image { event, image }) if event.kind == ImageStreamEventType::Completed => {
                    let index = completed.len();
                    if let Some(Ok(Arrived { bytes, .. })) = &image {
                        self.observer.tell(|| Progress::Image { index, bytes: *bytes });
                    }
                    items.extend(image.map(|image| (index, image)));
                    completed.push(*event);
                }
                Ok(Happening::Image { event, image }) => {
                    let Some(Ok(Arrived { writer, bytes, sniffed: Ok(sniffed) })) = image else { continue };
                    let last = events.tally().partial.saturating_sub(1);
                    let number = event.partial_image_index.unwrap_or(last);
                    let path = events.sink().partial(writer, number, sniffed);
                    self.observer.tell(|| Progress::Partial { number, bytes, path });
                }
                Ok(Happening::Failure(body)) => {
                    let told = self.exchange.told(&self.head.headers, &body, events.tally());
                    failure = failure.or(Some(told));
                }
                Ok(Happening::Other { .. }) => {}
                Ok(Happening::Over) => break,
                Err(halt) => {
                    failure = failure.or_else(|| Some(self.halted(halt)));
                    break;
                }
            }
        }
        match (events.verdict(), failure) {
            (Verdict::Complete, failure) => {
                let request_id = self.exchange.request_id.clone();
                let answer = Answer { response: assemble(completed), request_id };
                Ok(Haul { answer, items, failure })
            }
            (_, Some(failure)) => Err(failure),
            (verdict, None) => match items.into_values().find_map(Result::err) {
                Some(broken) => Err(self.exchange.finish(broken)),
                None => Err(self.exchange.ended(verdict, events.tally())),
            },
        }
    }

    /// Keeps the images that came whole before the answer went wrong: they are paid for.
    fn salvage<W>(&self, items: Items<W>, error: Error) -> Result<Haul<W>, Error> {
        let is_whole =
            |result: &Result<Arrived<W>, Error>| result.as_ref().is_ok_and(|arrived| arrived.sniffed.is_ok());
        let items: Items<W> = items.into_iter().filter(|(_, result)| is_whole(result)).collect();
        let Some((last, _)) = items.last_key_value() else { return Err(error) };
        let response = ImagesResponse::new(vec![Image::new(); last + 1]);
        let answer = Answer { response, request_id: self.exchange.request_id.clone() };
        Ok(Haul { answer, items, failure: Some(error) })
    }

    pub(super) fn halted(&self, halt: Halt) -> Error {
        let place = self.exchange.endpoint.place();
        let open = |kind, what: String| Error::new(kind, Outcome::Unknown, what).with_remedy(MAY_BE_BILLED);
        let late = |timer, what| open(Kind::Timeout, what).with_timer(timer);
        let idle = self.idle.as_secs_f64();
        let error = match halt {
            Halt::Scan(error) => return self.exchange.unreadable(&error),
            Halt::Event(error) => return self.exchange.unreadable_stream(&error),
            // An answer has begun, so the request has arrived.
            Halt::Stop(Stop::Broken(fault)) => fault.into_error(true),
            Halt::Stop(Stop::TooLarge) => too_large(&place, self.limit),
            Halt::Stop(Stop::Late(Timer::Deadline)) => super::call::out_of_time(&place, self.deadline, true),
            Halt::Stop(Stop::Late(timer @ Timer::FirstByte)) => {
                late(timer, format!("The stream of {place} did not begin in time"))
            }
            Halt::Stop(Stop::Late(
                timer @ (Timer::BodyIdle | Timer::StreamIdle | Timer::Connect | Timer::Upload),
            )) => late(timer, format!("The answer of {place} stopped: nothing came for {idle} s")),
        };
        self.exchange.finish(error)
    }
}

pub(super) fn too_large(place: &str, limit: u64) -> Error {
    let what = format!("The answer of {place} is larger than {limit} bytes");
    Error::new(Kind::TooLarge, Outcome::Unknown, what).with_remedy(MAY_BE_BILLED)
}
