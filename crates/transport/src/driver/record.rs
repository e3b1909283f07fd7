//! Recording exchanges as bundles, beside whatever else happens to them. Trouble with it is told, and changes nothing.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ::http::header::CONTENT_TYPE;
use imagewire_bundle::{Begun, End, LinkWriter, Recording};
use tokio::time::Instant;

use super::{
    Head,
    progress::{Observer, Progress},
};
use crate::{Endpoint, Error, Outcome, Secret, trace};

/// Where bundles are saved, if anywhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Option<Arc<imagewire_bundle::Recorder>>);

impl Recorder {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(Some(Arc::new(imagewire_bundle::Recorder::new(folder))))
    }

    /// Sees whether bundles can be saved, before anything is bought.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        let Some(recorder) = &self.0 else { return Ok(()) };
        recorder.prepare().map_err(|error| Error::unrecordable(Outcome::NotSent, &error))
    }

    /// The time, if anybody wants to know.
    pub(super) fn clock(&self) -> Option<Instant> {
        self.0.is_some().then(Instant::now)
    }

    /// Begins a bundle when the head of an answer has come.
    pub(super) fn begin(
        &self,
        endpoint: &Endpoint,
        request: &[u8],
        head: &Head,
        sent: Option<Instant>,
        observer: &Observer,
    ) -> Tape {
        let (Some(recorder), Some(sent)) = (&self.0, sent) else { return Tape(None) };
        let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let headers: Vec<(&str, &[u8])> = headers.collect();
        let begun = Begun {
            dialect: endpoint.operation().dialect,
            request,
            credential: endpoint.secret().map(Secret::expose),
            status: head.status.as_u16(),
            headers: &headers,
            after: sent.elapsed(),
        };
        let state = match recorder.begin(begun) {
            Ok(recording) => State::Running(Box::new(recording)),
            Err(error) => State::Broken(error),
        };
        Tape(Some(Arc::new(Reel { state: Mutex::new(state), observer: observer.clone() })))
    }
}

/// The bundle of one exchange, if it is recorded. It is complete when the last copy of this is dropped.
#[derive(Clone, Default)]
pub(super) struct Tape(Option<Arc<Reel>>);

struct Reel {
    state: Mutex<State>,
    observer: Observer,
}

enum State {
    Running(Box<Recording>),
    Broken(imagewire_bundle::Error),
    Over,
}

impl Tape {
    /// More of the answer's body came.
    pub(super) fn write(&self, bytes: &[u8]) {
        self.with(|recording| recording.write(bytes));
    }

    /// All of the answer came, or all that was asked for.
    pub(super) fn end(&self) {
        self.with(|recording| recording.end(End::Complete));
    }

    /// Does it, unless something went wrong before.
    fn with<T>(&self, act: impl FnOnce(&mut Recording) -> Result<T, imagewire_bundle::Error>) -> Option<T> {
        let mut state = self.0.as_ref()?.lock();
        let State::Running(recording) = &mut *state else { return None };
        match act(recording) {
            Ok(done) => Some(done),
            Err(error) => {
                // Dropped, the recording leaves nothing.
                *state = State::Broken(error);
                None
            }
        }
    }
}

/// A link of an answer that is recorded.
#[derive(Clone, Copy)]
pub(super) struct Linked<'a> {
    pub(super) tape: &'a Tape,
    /// As it stands in the answer.
    pub(super) link: Option<&'a str>,
}

impl<'a> Linked<'a> {
    /// Begins the copy of its image.
    pub(super) fn begin(self, head: &Head) -> Dub<'a> {
        let kind = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let writer = self.link.and_then(|link| self.tape.with(|recording| recording.link(link, kind)));
        Dub { tape: self.tape, writer: writer.flatten() }
    }
}

/// A copy of an image that is downloaded. It is kept when all of it came.
pub(super) struct Dub<'a> {
    tape: &'a Tape,
    writer: Option<LinkWriter>,
}

impl Dub<'_> {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if let Some(writer) = &mut self.writer
            && self.tape.with(|_| writer.write(bytes)).is_none()
        {
            self.writer = None;
        }
    }

    pub(super) fn keep(mut self) {
        if let Some(writer) = self.writer.take() {
            self.tape.with(|recording| {
                recording.keep(writer);
                Ok(())
            });
        }
    }
}

impl Drop for Dub<'_> {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            self.tape.with(|recording| {
                recording.discard(writer);
                Ok(())
            });
        }
    }
}

impl Reel {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reel {
    fn drop(&mut self) {
        let saved = match std::mem::replace(&mut *self.lock(), State::Over) {
            State::Running(recording) => recording.publish(),
            State::Broken(error) => Err(error),
            State::Over => return,
        };
        match saved {
            Ok(path) => self.observer.tell(|| Progress::Recorded { path }),
            Err(error) => {
                let reason = error.to_string();
                trace::unrecorded(&reason);
                self.observer.tell(|| Progress::Unrecorded { reason });
            }
        }
    }
}
