//! Whether a request may have arrived.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Remembers whether anyone has taken the body of a request. Only on a connection that stands is it taken, and without
/// it a service has no whole request: as long as it is untouched, nothing can have been bought.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness(Arc<AtomicBool>);

/// A body that tells when it is taken. It is given out once.
pub(super) struct Watched {
    bytes: Option<Bytes>,
    witness: Witness,
}

impl Witness {
    pub(super) fn may_have_arrived(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn watch(&self, bytes: Bytes) -> Watched {
        Watched { bytes: Some(bytes), witness: self.clone() }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.witness.0.store(true, Ordering::Release);
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    /// Exact, so that the request has a `Content-Length`.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
