//! A limit of images in a minute that learns from refusals.
//!
//! A pure bucket of tokens, one an image. Time comes in with each call, as the duration since any fixed beginning.

use std::time::Duration;

use crate::retry::LONGEST_WAIT;

const MINUTE: f64 = 60.0;
/// After a refusal without numbers the rate becomes this part of what it was.
const DECREASE: f64 = 0.7;
/// So many successes in a row raise the rate by one image a minute.
const RECOVERY: u32 = 10;

/// Decides when the next images may be asked for.
#[derive(Clone, Debug, Default)]
pub struct Limiter {
    /// What the caller set: the rate never rises above it.
    ceiling: Option<f64>,
    /// Images in a minute; `None` while there is no limit.
    rate: Option<f64>,
    /// Below zero after a request for more images than fit.
    tokens: f64,
    updated: Duration,
    /// Nobody sends before this: at most [`LONGEST_WAIT`] after a refusal, which may be about one model of many.
    paused: Duration,
    successes: u32,
}

impl Limiter {
    /// At most so many images in a minute, at least 1; no limit with `None`, until the service names one.
    #[must_use]
    pub fn new(images_per_minute: Option<u32>) -> Self {
        let rate = images_per_minute.map(|limit| f64::from(limit.max(1)));
        Self { ceiling: rate, rate, tokens: rate.unwrap_or_default(), ..Self::default() }
    }

    /// Takes `images` out of the minute.
    ///
    /// # Errors
    /// How long to wait before asking again; nothing is taken.
    pub fn take(&mut self, now: Duration, images: u32) -> Result<(), Duration> {
        if now < self.paused {
            return Err(self.paused.saturating_sub(now));
        }
        let Some(rate) = self.refill(now) else { return Ok(()) };
        // More than a minute's worth at once goes out when the bucket is full, and is waited for afterwards.
        let needed = f64::from(images).min(rate);
        if self.tokens >= needed {
            self.tokens -= f64::from(images);
            return Ok(());
        }
        let wait = (needed - self.tokens) / rate * MINUTE;
        // Rounded up, so that the next try does not come a moment too early.
        Err(Duration::try_from_secs_f64(wait)
            .unwrap_or(Duration::MAX)
            .saturating_add(Duration::from_millis(1)))
    }

    /// The service refused: `limit` and `delay` are what it said, if it said anything.
    pub fn refused(&mut self, now: Duration, limit: Option<u32>, delay: Option<Duration>) {
        self.successes = 0;
        if let Some(delay) = delay {
            self.paused = self.paused.max(now.saturating_add(delay.min(LONGEST_WAIT)));
        }
        let current = self.refill(now);
        self.rate = match (limit, current) {
            (Some(limit), _) => {
                let limit = f64::from(limit.max(1));
                let ceiling = self.ceiling.map_or(limit, |own| own.min(limit));
                self.ceiling = Some(ceiling);
                Some(ceiling)
            }
            (None, Some(rate)) => Some((rate * DECREASE).max(1.0)),
            (None, None) => None,
        };
        // The service counts nothing as left.
        self.tokens = self.tokens.min(0.0);
    }

    /// The service delivered: after some successes the rate rises again, up to the limit that is known.
    pub fn succeeded(&mut self, now: Duration) {
        let (Some(rate), Some(ceiling)) = (self.refill(now), self.ceiling) else { return };
        self.successes += 1;
        if self.successes >= RECOVERY {
            self.successes = 0;
            self.rate = Some((rate + 1.0).min(ceiling));
        }
    }

    /// The images in a minute that are allowed now; `None` without a limit.
    #[must_use]
    pub fn images_per_minute(&self) -> Option<f64> {
        self.rate
    }

    fn refill(&mut self, now: Duration) -> Option<f64> {
        let passed = now.saturating_sub(self.updated).as_secs_f64();
        self.updated = self.updated.max(now);
        let rate = self.rate?;
        self.tokens = (self.tokens + passed * rate / MINUTE).min(rate);
        Some(rate)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn wait(limiter: &mut Limiter, now: Duration, images: u32) -> Option<u64> {
        limiter.take(now, images).err().map(|wait| wait.as_secs())
    }

    #[test]
    fn a_minutes_worth_at_once_and_then_one_by_one() {
        let mut limiter = Limiter::new(Some(5));
        assert_eq!(wait(&mut limiter, at(0), 5), None);
        assert_eq!(wait(&mut limiter, at(0), 1), Some(12));
        assert_eq!(wait(&mut limiter, at(11), 1), Some(1));
        assert_eq!(wait(&mut limiter, at(13), 1), None);
        assert_eq!(wait(&mut limiter, at(14), 2), Some(22));
    }

    #[test]
    fn without_a_limit_nothing_waits_until_the_service_says_so() {
        let mut limiter = Limiter::new(None);
        for _ in 0..1000 {
            assert_eq!(wait(&mut limiter, at(0), 10), None);
        }
        limiter.refused(at(0), None, Some(at(12)));
        assert_eq!(wait(&mut limiter, at(2), 1), Some(10));
        assert_eq!(wait(&mut limiter, at(12), 1), None);
        assert_eq!(limiter.images_per_minute(), None);

        limiter.refused(at(20), Some(5), None);
        assert_eq!(limiter.images_per_minute(), Some(5.0));
        assert_eq!(wait(&mut limiter, at(20), 1), Some(12));
        assert_eq!(wait(&mut limiter, at(33), 1), None);
    }

    #[test]
    fn refusals_without_numbers_lower_the_rate_and_successes_raise_it() {
        let mut limiter = Limiter::new(Some(10));
        limiter.refused(at(0), None, None);
        assert_eq!(limiter.images_per_minute(), Some(7.0));
        (0..20).for_each(|_| limiter.refused(at(0), None, None));
        assert_eq!(limiter.images_per_minute(), Some(1.0));
        (0..9).for_each(|_| limiter.succeeded(at(1)));
        assert_eq!(limiter.images_per_minute(), Some(1.0));
        (0..1000).for_each(|_| limiter.succeeded(at(1)));
        assert_eq!(limiter.images_per_minute(), Some(10.0));
        limiter.refused(at(2), Some(50), None);
        assert_eq!(limiter.images_per_minute(), Some(10.0), "the caller's limit stays");
    }

    #[test]
    fn more_images_than_a_minute_has_are_paid_back() {
        let mut limiter = Limiter::new(Some(2));
        assert_eq!(wait(&mut limiter, at(0), 10), None);
        assert_eq!(wait(&mut limiter, at(0), 1), Some(270));
        assert_eq!(wait(&mut limiter, at(271), 1), None);
    }

    proptest! {
        /// In any stretch of time no more goes out than a full bucket and what flows in.
        #[test]
        fn the_rate_holds(limit in 1_u32..100, steps in prop::collection::vec((0_u64..20_000, 1_u32..10), 1..200)) {
            let mut limiter = Limiter::new(Some(limit));
            let (mut now, mut sent) = (Duration::ZERO, 0.0);
            for (step, images) in steps {
                now += Duration::from_millis(step);
                let images = images.min(limit);
                if limiter.take(now, images).is_ok() {
                    sent += f64::from(images);
                }
            }
            let allowed = f64::from(limit) * (1.0 + now.as_secs_f64() / 60.0);
            prop_assert!(sent <= allowed + 1e-6, "{sent} > {allowed}");
        }

        #[test]
        fn whoever_waits_as_told_goes(limit in 1_u32..100, images in 1_u32..10, before in 0_u32..10) {
            let mut limiter = Limiter::new(Some(limit));
            for _ in 0..before {
                let _ = limiter.take(Duration::ZERO, 3);
            }
            if let Err(wait) = limiter.take(Duration::ZERO, images) {
                prop_assert_eq!(limiter.take(wait, images), Ok(()));
            }
        }
    }
}
