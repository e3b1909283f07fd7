//! Fetching the images of an answer.

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::{Client, fault::Lost};
use crate::{
    Error, Generated, Outcome, Source, Timer, download, http,
    retry::{Decision, Failure, Policy, Situation, decide},
};

impl Client {
    /// Gathers the images of an answer; one that cannot be had does not cost the others.
    pub(super) async fn collect(&self, mut answer: http::Answer, end: Instant) -> Result<Generated, Error> {
        let (mut images, mut failure) = (Vec::new(), None);
        for payload in answer.take_payloads() {
            let image = match payload {
                Ok(payload) => match self.fetch(&payload.source, payload.index, end).await {
                    Ok(bytes) => payload.into_image(bytes),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match image {
                Ok(image) => images.push(image),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        answer.finish(images, failure)
    }

    async fn fetch(&self, source: &Source, index: usize, end: Instant) -> Result<Bytes, Error> {
        match source {
            Source::Inline(bytes) => Ok(bytes.clone()),
            Source::Remote(url) => self.download(url, &format!("data[{index}].url"), end).await,
        }
    }

    /// Fetching costs nothing, so passing failures are tried again, all within one time.
    async fn download(&self, url: &Url, place: &str, end: Instant) -> Result<Bytes, Error> {
        let begin = Instant::now();
        let until = end.min(begin + download::DEADLINE);
        let policy = Policy::default().attempts(download::ATTEMPTS);
        for attempt in 1.. {
            let Lost { error, is_passing } = match timeout_at(until, self.wire.get(url.clone(), place)).await
            {
                Ok(Ok(bytes)) => return Ok(bytes),
                Ok(Err(lost)) => lost,
                Err(_) => break,
            };
            let failure = Failure {
                // As a request that did not leave: it is free, and may be made again.
                outcome: if is_passing { Outcome::NotSent } else { Outcome::Done },
                kind: crate::Kind::Transport,
                ..Failure::of(&error)
            };
            let situation = Situation {
                attempt,
                duplicates: 0,
                elapsed: begin.elapsed(),
                deadline: until.duration_since(begin),
                budget: u32::MAX,
            };
            match decide(&policy, &failure, &situation, fastrand::f64()) {
                Decision::Retry { after, .. } => sleep(after).await,
                Decision::Stop(_) => return Err(error),
            }
        }
        let seconds = until.duration_since(begin).as_secs_f64();
        let what = format!("it did not arrive within {seconds} s");
        Err(download::failure(place, &what).with_timer(Timer::Deadline))
    }
}
