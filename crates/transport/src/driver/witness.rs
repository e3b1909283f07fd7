//! Whether a request may have arrived, and whether it moves.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::timeout;

/// A request is handed over in pieces of this size, so that it can be seen to move.
const PIECE: usize = 64 << 10;

/// Remembers whether anyone has taken the body of a request. Only on a connection that stands is it taken, and without
/// it a service has no whole request: as long as it is untouched, nothing can have been bought.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// How often a piece was asked for.
    taken: AtomicUsize,
    /// How many pieces there are; 0 until it is known.
    pieces: AtomicUsize,
}

/// A body that tells when it is taken. It is given out once.
pub(super) struct Watched {
    rest: Bytes,
    witness: Witness,
}

impl Witness {
    pub(super) fn may_have_arrived(&self) -> bool {
        self.taken() > 0
    }

    pub(super) fn watch(&self, bytes: Bytes) -> Watched {
        self.0.pieces.store(bytes.len().div_ceil(PIECE).max(1), Ordering::Release);
        Watched { rest: bytes, witness: self.clone() }
    }

    /// Waits for what comes of the request; `None` when, before all of it was handed over, no piece was taken for that
    /// long. Connecting has a time of its own, and after the last piece the service may think as long as it likes.
    pub(super) async fn stalled<T>(&self, answer: impl Future<Output = T>, stall: Duration) -> Option<T> {
        let mut answer = pin!(answer);
        // Nearly every request is one piece, which needs no watching.
        while self.0.pieces.load(Ordering::Acquire) > 1 && !self.is_handed_over() {
            let before = self.taken();
            if let Ok(result) = timeout(stall, answer.as_mut()).await {
                return Some(result);
            }
            if before > 0 && before == self.taken() && !self.is_handed_over() {
                return None;
            }
        }
        Some(answer.await)
    }

    fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Acquire)
    }

    fn is_handed_over(&self) -> bool {
        self.taken() >= self.0.pieces.load(Ordering::Acquire)
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.witness.0.taken.fetch_add(1, Ordering::AcqRel);
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    /// Exact, so that the request has a `Content-Length`.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::time::{Instant, sleep};

    use super::*;

    const STALL: Duration = Duration::from_secs(20);

    /// Takes a piece after each of the times in seconds, and answers after the last time.
    async fn upload(witness: &Witness, pieces: usize, times: &[u64], answer: u64) -> Option<u64> {
        let mut body = witness.watch(Bytes::from(vec![0; pieces * PIECE]));
        let begin = Instant::now();
        let taking = async {
            for time in times {
                sleep(Duration::from_secs(*time)).await;
                let mut context = Context::from_waker(Waker::noop());
                assert!(Pin::new(&mut body).poll_frame(&mut context).is_ready());
            }
            sleep(Duration::from_secs(answer)).await;
            begin.elapsed().as_secs()
        };
        witness.stalled(taking, STALL).await
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_upload_that_stops_is_given_up() {
        for (pieces, times, answer, expected) in [
            (1, &[1][..], 500, Some(501)),
            // Slow to connect, slow to go up, slow to answer.
            (3, &[100, 15, 15], 500, Some(630)),
            (3, &[1, 1, 90], 500, None),
            (3, &[1, 1], 500, None),
        ] {
            let witness = Witness::default();
            assert_eq!(upload(&witness, pieces, times, answer).await, expected, "{times:?}");
            assert!(witness.may_have_arrived());
        }
        assert!(!Witness::default().may_have_arrived());
    }
}
