//! The body of an answer: from pieces to images, each of which is written as it comes.

use std::collections::BTreeMap;

use ::http::{HeaderMap, StatusCode};
use imagewire_types::{CreateImageRequest, Image, ImageStreamEvent, ImageStreamEventType, ImagesResponse};
use memchr::memmem;

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

/// The largest answer without its payloads, in bytes: images may come as `data:` links as well.
pub(super) const ENVELOPE: usize = 64 << 20;
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

/// An answer on its way.
struct Arrival<'a, S: Sink> {
    sink: &'a S,
    scanner: Scanner,
    items: Items<S::Writer>,
    /// The image that is being received.
    current: Option<(usize, Incoming<S::Writer>)>,
}

impl<'a, S: Sink> Arrival<'a, S> {
    fn new(sink: &'a S) -> Self {
        let scanner = Scanner::new(Limits { envelope: ENVELOPE, ..Limits::default() });
        Self { sink, scanner, items: Items::new(), current: None }
    }
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
            Form::Json { .. } | Form::Other => self.gather(reading, sink).await,
            Form::Events => {
                let images = self.request.n.unwrap_or(1);
                let limits = stream::Limits { images, envelope: ENVELOPE, ..stream::Limits::default() };
                self.follow(Events::new(reading, limits, sink)).await
            }
        }
    }

    /// A short answer, or one that is none.
    async fn gather<C: Chunks<Error = Cut>, S: Sink>(
        &self,
        mut reading: Reading<C>,
        sink: &S,
    ) -> Result<Haul<S::Writer>, Error> {
        let is_answer = matches!(self.form, Form::Json { .. });
        let (body, stopped) = match reading.gather(self.head.length.unwrap_or_default()).await {
            Ok(body) if is_answer => {
                let cut = self.cut(body.len() as u64);
                (body, cut)
            }
            Ok(body) => (body, None),
            // The head has said enough; an explanation that is cut or too long must not hide it.
            Err((_, part)) if !is_answer => (part, None),
            Err((stop, part)) => (part, Some(self.halted(Halt::Stop(stop)))),
        };
        let (exchange, headers) = (&self.exchange, &self.head.headers);
        let read = || match self.form {
            Form::Json { sure } => {
                exchange.json(headers, &body, sure).map_err(|error| error.with_body(&body, &exchange.scrub))
            }
            Form::Events | Form::Other => exchange.read(headers, &body),
        };
        let error = match stopped.map_or_else(read, Err) {
            Ok(answer) => return Ok(Haul { answer, items: Items::new(), failure: None }),
            Err(error) if !is_answer => return Err(error),
            Err(error) => error,
        };
        let mut arrival = Arrival::new(sink);
        // What is wrong with the answer is known; this is for what can be saved of it.
        let _ = self.look(&body, 0, &mut arrival).await;
        self.salvage(arrival, error)
    }

    /// HTTP/2 may end a body before its announced length without calling it an error.
    fn cut(&self, received: u64) -> Option<Error> {
        self.head.length.filter(|length| received < *length).map(|_| {
            let what = format!("The answer of {} broke off before its end", self.exchange.endpoint.place());
            let error = Error::new(Kind::Truncated, Outcome::Unknown, what).with_remedy(MAY_BE_BILLED);
            self.exchange.finish(error)
        })
    }

    async fn scan<C: Chunks<Error = Cut>, S: Sink>(
        &self,
        mut reading: Reading<C>,
        sink: &S,
        sure: bool,
    ) -> Result<Haul<S::Writer>, Error> {
        let mut arrival = Arrival::new(sink);
        let result = match self.take(&mut reading, &mut arrival).await {
            Ok(()) => {
                let Arrival { scanner, items, .. } = &arrival;
                let read = || self.exchange.scanned(&self.head.headers, scanner, sure, !items.is_empty());
                self.cut(reading.received()).map_or_else(read, Err)
            }
            Err(halt) => Err(self.halted(halt)),
        };
        match result {
            Ok(answer) => Ok(Haul { answer, items: arrival.items, failure: None }),
            Err(error) => self.salvage(arrival, error),
        }
    }

    async fn take<C: Chunks<Error = Cut>, S: Sink>(
        &self,
        reading: &mut Reading<C>,
        arrival: &mut Arrival<'_, S>,
    ) -> Result<(), Halt> {
        while let Some(chunk) = reading.next().await? {
            let before = reading.received() - chunk.len() as u64;
            self.look(&chunk, before, arrival).await.map_err(Halt::Scan)?;
        }
        Ok(())
    }

    /// Takes the next piece of an answer, of which so many bytes came before.
    async fn look<S: Sink>(
        &self,
        piece: &[u8],
        before: u64,
        arrival: &mut Arrival<'_, S>,
    ) -> Result<(), ScanError> {
        let Arrival { sink, scanner, items, current } = arrival;
        let mut input = piece;
        while let Some(found) = scanner.feed(&mut input)? {
            match found {
                Scanned::Start { place: Place::Item(index) } => {
                    let taken = piece.len() - input.len();
                    let expected = self.expected(index, before + taken as u64);
                    *current = Some((index, Incoming::new(sink.open(index, expected))));
                }
                // Not in an answer.
                Scanned::Start { place: Place::Event } => *current = None,
                Scanned::Bytes(bytes) => {
                    if let Some((_, incoming)) = current {
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
        match u64::from(self.request.n.unwrap_or(1)).saturating_sub(index as u64) {
            // Nobody asked for it.
            0 => 0,
            images => left / 4 * 3 / images,
        }
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

    /// Keeps the images that came whole before the answer went wrong, and the links: they are paid for.
    fn salvage<S: Sink>(&self, arrival: Arrival<'_, S>, error: Error) -> Result<Haul<S::Writer>, Error> {
        let Arrival { scanner, items, .. } = arrival;
        let error = match error.body() {
            // What a service made of the prompt is as private as the prompt.
            None if memmem::find(scanner.envelope(), b"revised_prompt").is_none() => {
                error.with_body(scanner.envelope(), &self.exchange.scrub)
            }
            None | Some(_) => error,
        };
        let items: Items<S::Writer> = items.into_iter().filter(|(_, result)| result.is_ok()).collect();
        let mut response = scanner.whole_items().unwrap_or_else(|| ImagesResponse::new(Vec::new()));
        let came = items.last_key_value().map_or(0, |(last, _)| last + 1);
        if response.data.len() < came {
            response.data.resize(came, Image::new());
        }
        if items.is_empty() && !response.data.iter().any(|image| image.url.is_some()) {
            return Err(error);
        }
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
            Halt::Stop(Stop::Broken(fault)) => fault.into_broken_answer(),
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
