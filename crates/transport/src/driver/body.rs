//! Reading bodies: not too much, and not for too long.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::{
    progress::{Observer, Progress},
    record::Tape,
};
use crate::Timer;

/// A body that is read piece by piece.
pub(super) trait Chunks: Send {
    type Error: Send;

    /// The next piece; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Self::Error>> + Send;
}

/// Why reading a body ended early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop<E> {
    /// There is more than allowed.
    TooLarge,
    /// That time ran out.
    Late(Timer),
    Broken(E),
}

/// How much of a body is read, and for how long. Only the time for which the other side is waited for counts, but for
/// the end.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// The largest size in bytes.
    pub(super) limit: u64,
    /// When the first byte has to come, if not after the time between two.
    pub(super) first: Option<Instant>,
    /// The longest time between two pieces, and its name.
    pub(super) idle: (Duration, Timer),
    /// When all of it has to be there.
    pub(super) end: Instant,
}

/// A body within its bounds.
pub(super) struct Reading<C> {
    chunks: C,
    bounds: Bounds,
    received: u64,
    is_over: bool,
    observer: Observer,
    tape: Tape,
}

impl<C: Chunks> Reading<C> {
    pub(super) fn new(chunks: C, bounds: Bounds, observer: Observer) -> Self {
        Self { chunks, bounds, received: 0, is_over: false, observer, tape: Tape::default() }
    }

    /// What comes is recorded as well.
    pub(super) fn recorded(self, tape: Tape) -> Self {
        Self { tape, ..self }
    }

    /// Nothing more is wanted.
    pub(super) fn enough(&self) {
        self.tape.end();
    }

    /// The next piece; `None` at the end. What exceeds the limit is cut off and told by the call after that.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Stop<C::Error>> {
        if self.is_over {
            return Err(Stop::TooLarge);
        }
        let (idle, timer) = self.bounds.idle;
        let (until, timer) = match self.bounds.first.filter(|_| self.received == 0) {
            Some(first) => (first, Timer::FirstByte),
            None => (Instant::now() + idle, timer),
        };
        let (until, timer) =
            if until < self.bounds.end { (until, timer) } else { (self.bounds.end, Timer::Deadline) };
        match timeout_at(until, self.chunks.next()).await {
            Ok(Ok(Some(mut chunk))) => {
                let room = self.bounds.limit - self.received;
                if chunk.len() as u64 > room {
                    self.is_over = true;
                    chunk.truncate(usize::try_from(room).unwrap_or(usize::MAX));
                }
                self.received += chunk.len() as u64;
                self.tape.write(&chunk);
                self.observer.tell(|| Progress::Received { bytes: self.received });
                Ok(Some(chunk))
            }
            Ok(Ok(None)) => {
                self.tape.end();
                Ok(None)
            }
            Ok(Err(error)) => Err(Stop::Broken(error)),
            Err(_) => Err(Stop::Late(timer)),
        }
    }

    /// How many bytes came.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// All of it, or the part that came. `announced` is the length that the head claims, 0 without one.
    pub(super) async fn gather(&mut self, announced: u64) -> Result<Vec<u8>, (Stop<C::Error>, Vec<u8>)> {
        // What is announced need not come, so not all of it is reserved at once.
        let reserve = announced.min(self.bounds.limit).min(1 << 20);
        let mut body = Vec::with_capacity(usize::try_from(reserve).unwrap_or_default());
        // When as much came as is announced, the end need not be waited for.
        while announced == 0 || (body.len() as u64) < announced {
            match self.next().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(stop) => return Err((stop, body)),
            }
        }
        self.enough();
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use tokio::time::sleep;

    use super::*;

    type Script = &'static [(u64, Result<&'static [u8], ()>)];

    /// Pieces, each after a time in seconds.
    struct Scripted(VecDeque<(u64, Result<&'static [u8], ()>)>);

    impl Chunks for Scripted {
        type Error = ();

        async fn next(&mut self) -> Result<Option<Bytes>, ()> {
            let Some((seconds, chunk)) = self.0.pop_front() else { return Ok(None) };
            sleep(Duration::from_secs(seconds)).await;
            chunk.map(|bytes| Some(Bytes::from_static(bytes)))
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn bounds(limit: u64) -> Bounds {
        let end = Instant::now() + seconds(600);
        Bounds { limit, first: None, idle: (seconds(30), Timer::BodyIdle), end }
    }

    async fn read(script: Script, bounds: Bounds) -> Result<Vec<u8>, (Stop<()>, Vec<u8>)> {
        let chunks = Scripted(script.iter().copied().collect());
        Reading::new(chunks, bounds, Observer::default()).gather(1 << 40).await
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_starts_the_idle_time_anew() {
        let begin = Instant::now();
        let body = read(&[(29, Ok(b"a")), (29, Ok(b"b")), (29, Ok(b"c"))], bounds(99)).await;
        assert_eq!(body, Ok(b"abc".to_vec()));
        assert_eq!(begin.elapsed().as_secs(), 87);
        let late = read(&[(1, Ok(b"a")), (31, Ok(b"b"))], bounds(99)).await;
        assert_eq!(late, Err((Stop::Late(Timer::BodyIdle), b"a".to_vec())));
        assert_eq!(begin.elapsed().as_secs(), 87 + 31);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_has_a_time_of_its_own_and_the_end_holds_for_all() {
        let first = Instant::now() + seconds(300);
        let slow = Bounds { first: Some(first), ..bounds(99) };
        assert_eq!(read(&[(299, Ok(b"a")), (29, Ok(b"b"))], slow).await, Ok(b"ab".to_vec()));
        let slow = Bounds { first: Some(Instant::now() + seconds(300)), ..bounds(99) };
        assert_eq!(read(&[(301, Ok(b"a"))], slow).await, Err((Stop::Late(Timer::FirstByte), vec![])));
        let short = Bounds { end: Instant::now() + seconds(40), ..bounds(99) };
        let dripping: Script = &[(25, Ok(b"a")), (25, Ok(b"b"))];
        assert_eq!(read(dripping, short).await, Err((Stop::Late(Timer::Deadline), b"a".to_vec())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_is_exact_and_what_came_is_kept() {
        assert_eq!(read(&[(0, Ok(b"abc"))], bounds(3)).await, Ok(b"abc".to_vec()));
        let more = read(&[(0, Ok(b"ab")), (0, Ok(b"cd"))], bounds(3)).await;
        assert_eq!(more, Err((Stop::TooLarge, b"abc".to_vec())));
        let broken = read(&[(0, Ok(b"ab")), (0, Err(()))], bounds(3)).await;
        assert_eq!(broken, Err((Stop::Broken(()), b"ab".to_vec())));
        assert_eq!(read(&[], bounds(0)).await, Ok(Vec::new()));
    }
}
