//! Reading bodies: not too much, and not for too long.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

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
    /// No piece came for as long as may pass between two.
    Idle,
    Broken(E),
}

/// The body, or the part of it that came. `announced` is the length that the head claims, 0 without one.
pub(super) async fn gather<C: Chunks>(
    chunks: &mut C,
    announced: u64,
    limit: u64,
    idle: Duration,
) -> Result<Vec<u8>, (Stop<C::Error>, Vec<u8>)> {
    // What is announced need not come, so not all of it is reserved at once.
    let mut body = Vec::with_capacity(usize::try_from(announced.min(limit).min(1 << 20)).unwrap_or_default());
    loop {
        match timeout(idle, chunks.next()).await {
            Ok(Ok(Some(chunk))) => {
                let room = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(body.len());
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    return Err((Stop::TooLarge, body));
                }
            }
            Ok(Ok(None)) => return Ok(body),
            Ok(Err(error)) => return Err((Stop::Broken(error), body)),
            Err(_) => return Err((Stop::Idle, body)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use tokio::time::{Instant, sleep};

    use super::*;

    /// Pieces, each after a time in seconds.
    struct Script(VecDeque<(u64, Result<&'static [u8], ()>)>);

    impl Chunks for Script {
        type Error = ();

        async fn next(&mut self) -> Result<Option<Bytes>, ()> {
            let Some((seconds, chunk)) = self.0.pop_front() else { return Ok(None) };
            sleep(Duration::from_secs(seconds)).await;
            chunk.map(|bytes| Some(Bytes::from_static(bytes)))
        }
    }

    async fn read(
        script: &[(u64, Result<&'static [u8], ()>)],
        limit: u64,
    ) -> Result<Vec<u8>, (Stop<()>, Vec<u8>)> {
        gather(&mut Script(script.iter().copied().collect()), 1 << 40, limit, Duration::from_secs(30)).await
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_starts_the_idle_time_anew() {
        let begin = Instant::now();
        let body = read(&[(29, Ok(b"a")), (29, Ok(b"b")), (29, Ok(b"c"))], 99).await;
        assert_eq!(body, Ok(b"abc".to_vec()));
        assert_eq!(begin.elapsed().as_secs(), 87);
        assert_eq!(read(&[(1, Ok(b"a")), (31, Ok(b"b"))], 99).await, Err((Stop::Idle, b"a".to_vec())));
        assert_eq!(begin.elapsed().as_secs(), 87 + 31);
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_is_exact_and_what_came_is_kept() {
        assert_eq!(read(&[(0, Ok(b"abc"))], 3).await, Ok(b"abc".to_vec()));
        assert_eq!(read(&[(0, Ok(b"ab")), (0, Ok(b"cd"))], 3).await, Err((Stop::TooLarge, b"abc".to_vec())));
        assert_eq!(read(&[(0, Ok(b"ab")), (0, Err(()))], 3).await, Err((Stop::Broken(()), b"ab".to_vec())));
        assert_eq!(read(&[], 0).await, Ok(Vec::new()));
    }
}
