//! Bodies: pieces that are sent as they are, and the ways in which a scenario breaks them.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep},
};

use crate::scenario::Delivery;

/// A body; its pieces may be shared with other bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces {
    queue: VecDeque<Bytes>,
    left: u64,
    /// How much is left is not told, so that an end before the end is seen.
    is_open: bool,
}

impl Pieces {
    pub(crate) fn push(&mut self, piece: impl Into<Bytes>) {
        let piece = piece.into();
        if !piece.is_empty() {
            self.left += length(&piece);
            self.queue.push_back(piece);
        }
    }

    pub(crate) fn from_text(text: &'static str) -> Self {
        let mut pieces = Self::default();
        pieces.push(text);
        pieces
    }

    /// Leaves the last two bytes out, without which no answer is JSON.
    pub(crate) fn cut_short(&mut self) {
        for _ in 0..2 {
            if let Some(last) = self.queue.back_mut() {
                last.truncate(last.len().saturating_sub(1));
                self.left = self.left.saturating_sub(1);
                if last.is_empty() {
                    self.queue.pop_back();
                }
            }
        }
    }

    /// All of it as one piece, unless it is longer than that.
    pub(crate) fn joined(&self, limit: usize) -> Option<Bytes> {
        let length = usize::try_from(self.left).ok().filter(|length| *length <= limit)?;
        let mut joined = BytesMut::with_capacity(length);
        self.queue.iter().for_each(|piece| joined.extend_from_slice(piece));
        Some(joined.freeze())
    }

    /// From now on the length is not told to the client; it is given back.
    pub(crate) fn hide_length(&mut self) -> u64 {
        self.is_open = true;
        self.left
    }

    pub(crate) fn next(&mut self) -> Option<Bytes> {
        let piece = self.queue.pop_front()?;
        self.left = self.left.saturating_sub(length(&piece));
        Some(piece)
    }
}

impl From<Bytes> for Pieces {
    fn from(piece: Bytes) -> Self {
        let mut pieces = Self::default();
        pieces.push(piece);
        pieces
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(self.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_open { SizeHint::default() } else { SizeHint::with_exact(self.left) }
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The connection that a request came by, as far as a scenario may touch it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_reset: AtomicBool,
    flushes: AtomicU64,
}

impl Line {
    /// From now on nothing is written, and closing the connection resets it.
    pub(crate) fn reset(&self) {
        self.0.is_reset.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.0.is_reset.load(Ordering::SeqCst)
    }

    /// Everything that was written so far is on its way.
    pub(crate) fn flushed(&self) {
        self.0.flushes.fetch_add(1, Ordering::SeqCst);
    }

    fn flushes(&self) -> u64 {
        self.0.flushes.load(Ordering::SeqCst)
    }
}

/// How long to wait before looking again whether everything is written.
const FLUSH_CHECKED_AFTER: Duration = Duration::from_millis(2);

/// A body that arrives as a scenario wants.
pub(crate) struct Faulty<B> {
    body: Pin<Box<B>>,
    delivery: Delivery,
    line: Option<Line>,
    sent: u64,
    /// What was taken from the body and not yet sent.
    waiting: Bytes,
    pause: Option<Pin<Box<Sleep>>>,
    /// How often the connection had been flushed when the last byte was handed over.
    flushed_before: Option<u64>,
    /// What is given back when the body is sent.
    held: Option<OwnedSemaphorePermit>,
}

impl<B> Faulty<B> {
    pub(crate) fn new(body: B, delivery: Delivery, line: Option<Line>) -> Self {
        if delivery == Delivery::Reset(None)
            && let Some(line) = &line
        {
            line.reset();
        }
        Self {
            body: Box::pin(body),
            delivery,
            line,
            sent: 0,
            waiting: Bytes::new(),
            pause: None,
            flushed_before: None,
            held: None,
        }
    }

    /// Keeps that until the body is sent, or given up.
    pub(crate) fn holding(mut self, held: Option<OwnedSemaphorePermit>) -> Self {
        self.held = held;
        self
    }

    /// How much may be sent now; `None` for everything.
    fn allowance(&self) -> Option<u64> {
        match self.delivery {
            Delivery::Whole => None,
            Delivery::Cut(after) | Delivery::Stall(after) | Delivery::Reset(Some(after)) => {
                Some(after.saturating_sub(self.sent))
            }
            Delivery::Reset(None) => Some(0),
            Delivery::Drip(bytes, _) => Some(bytes),
        }
    }

    /// Nothing more may be sent.
    fn end(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Delivery::Stall(_) = self.delivery {
            // Nobody wakes this body: the client's patience, or the server's end, does.
            return Poll::Pending;
        }
        if let (Some(line), true) = (&self.line, self.delivery != Delivery::Reset(None)) {
            // An error makes the server throw away what it has not written yet.
            let flushes = line.flushes();
            if *self.flushed_before.get_or_insert(flushes) == flushes {
                let mut pause = Box::pin(sleep(FLUSH_CHECKED_AFTER));
                // The pause is new, and registers who is to be woken.
                let _ = pause.as_mut().poll(context);
                self.pause = Some(pause);
                return Poll::Pending;
            }
        }
        if let (Delivery::Reset(_), Some(line)) = (self.delivery, &self.line) {
            line.reset();
        }
        Poll::Ready(Some(Err(io::Error::other("a scenario ends the body here"))))
    }
}

impl<B: Body<Data = Bytes, Error = io::Error>> Body for Faulty<B> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.delivery == Delivery::Whole {
            return self.body.as_mut().poll_frame(context);
        }
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.pause = None;
        }
        let allowance = self.allowance().unwrap_or(u64::MAX);
        if allowance == 0 {
            return self.end(context);
        }
        if !self.waiting.has_remaining() {
            match self.body.as_mut().poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.waiting = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                // A scenario that wants more bytes than there are still ends the way it says.
                Poll::Ready(None) if !matches!(self.delivery, Delivery::Drip(..)) => {
                    return self.end(context);
                }
                other => return other,
            }
        }
        let size = usize::try_from(allowance).unwrap_or(usize::MAX).min(self.waiting.len());
        let piece = self.waiting.split_to(size);
        self.sent += length(&piece);
        if let Delivery::Drip(_, pause) = self.delivery {
            self.pause = Some(Box::pin(sleep(pause)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.delivery == Delivery::Whole && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
