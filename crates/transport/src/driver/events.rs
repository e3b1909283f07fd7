//! A streamed answer: what happens in it, with each image already written when its event is told.

use bytes::{Buf as _, Bytes};
use imagewire_types::{ErrorBody, ImageStreamEvent, ImageStreamEventType};

use super::{
    Cut,
    arrive::{Arrived, Incoming, Sink},
    body::{Chunks, Reading},
    receive::Halt,
};
use crate::{
    Error,
    stream::{EventDecoder, Item, Limits, Tally, Verdict},
};

/// Reads a stream event by event.
pub(super) struct Events<C, S: Sink> {
    reading: Reading<C>,
    /// What came and is not looked at yet.
    chunk: Bytes,
    decoder: EventDecoder,
    sink: S,
    incoming: Option<Incoming<S::Writer>>,
    arrived: Option<Result<Arrived<S::Writer>, Error>>,
    completed: usize,
}

/// An event of a stream.
pub(super) enum Happening<W> {
    /// A partial or a completed image. The image is missing if the event has none, or a link.
    Image { event: Box<ImageStreamEvent>, image: Option<Result<Arrived<W>, Error>> },
    /// The service says that it failed.
    Failure(Box<ErrorBody>),
    /// An event that this release does not know.
    Other { name: String },
    /// Nothing that matters will follow.
    Over,
}

impl<C: Chunks<Error = Cut>, S: Sink> Events<C, S> {
    pub(super) fn new(reading: Reading<C>, limits: Limits, sink: S) -> Self {
        let decoder = EventDecoder::new(limits);
        Self { reading, chunk: Bytes::new(), decoder, sink, incoming: None, arrived: None, completed: 0 }
    }

    pub(super) async fn next(&mut self) -> Result<Happening<S::Writer>, Halt> {
        // Whoever has what was asked for does not wait for the service to close the connection.
        while !self.decoder.is_over() {
            let mut input = &self.chunk[..];
            let item = self.decoder.feed(&mut input).map_err(Halt::Event)?;
            let taken = self.chunk.len() - input.len();
            self.chunk.advance(taken);
            match item {
                None => match self.reading.next().await? {
                    Some(chunk) => self.chunk = chunk,
                    None => break,
                },
                Some(Item::Start) => {
                    self.incoming = Some(Incoming::new(self.sink.open(self.completed, 0)));
                }
                Some(Item::Bytes(bytes)) => {
                    if let Some(incoming) = &mut self.incoming {
                        incoming.write(bytes).await;
                    }
                }
                Some(Item::End) => {
                    if let Some(incoming) = self.incoming.take() {
                        self.arrived = Some(incoming.end().await);
                    }
                }
                Some(Item::Broken(error)) => {
                    self.incoming = None;
                    self.arrived = Some(Err(error.into()));
                }
                Some(Item::Event { event, .. }) => {
                    self.completed += usize::from(event.kind == ImageStreamEventType::Completed);
                    if self.decoder.is_over() {
                        self.reading.enough();
                    }
                    return Ok(Happening::Image { event, image: self.arrived.take() });
                }
                Some(Item::Failure(body)) => {
                    self.arrived = None;
                    return Ok(Happening::Failure(body));
                }
                Some(Item::Other { name }) => {
                    self.arrived = None;
                    return Ok(Happening::Other { name });
                }
                Some(Item::KeepAlive | Item::Done) => {}
            }
        }
        // An image whose event did not end is none.
        (self.incoming, self.arrived) = (None, None);
        Ok(Happening::Over)
    }

    pub(super) fn sink(&self) -> &S {
        &self.sink
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.decoder.verdict()
    }

    pub(super) fn tally(&self) -> Tally {
        self.decoder.tally()
    }
}
