//! The numbers that a decision is made with.

use std::time::Duration;

/// The longest wait that a service may ask for; a longer one ends the call, and the caller decides.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How often and how soon failed requests are sent again. The default makes at most three attempts, never repeats a
/// request whose fate is open, and waits a random time of up to 0.5 s (1 s after a refusal for the moment), doubling to
/// 8 s, unless the service says how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(super) preset: Preset,
    pub(super) attempts: u32,
    pub(super) transient: Duration,
    pub(super) throttled: Duration,
    pub(super) cap: Duration,
    pub(super) retry_unknown: bool,
    pub(super) max_duplicates: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preset {
    /// By what a failure means for money.
    Outcome,
    /// As the official clients do it, by status.
    Sdk,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            preset: Preset::Outcome,
            attempts: 3,
            transient: Duration::from_millis(500),
            throttled: Duration::from_secs(1),
            cap: Duration::from_secs(8),
            retry_unknown: false,
            max_duplicates: 1,
        }
    }
}

impl Policy {
    /// One attempt a call.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// What the official clients of the best-known service do, for those who depend on it: three attempts after HTTP
    /// 408, 409, 429, any 5xx and any broken connection. **It buys images again** after failures whose fate is open;
    /// such attempts are marked in [`Attempt::possible_duplicate`](crate::Attempt::possible_duplicate). The shared
    /// allowance does not apply. The deadline still covers the whole call.
    #[must_use]
    pub fn compat() -> Self {
        Self {
            preset: Preset::Sdk,
            throttled: Duration::from_millis(500),
            retry_unknown: true,
            max_duplicates: u32::MAX,
            ..Self::default()
        }
    }

    /// How many requests a call may make in all, the first included; 0 counts as 1. 3 by default.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The first wait after a failure of the network, the first wait after a refusal for the moment, and the longest:
    /// upper bounds of random times. 0.5 s, 1 s and 8 s by default.
    #[must_use]
    pub fn backoff_times(mut self, transient: Duration, throttled: Duration, longest: Duration) -> Self {
        // No call waits a day, and a product of shorter times cannot overflow.
        let day = Duration::from_secs(24 * 60 * 60);
        (self.transient, self.throttled, self.cap) =
            (transient.min(day), throttled.min(day), longest.min(day));
        self
    }

    /// Allows repeating requests whose fate is open, `duplicates` times a call: each **may buy the same images again**.
    /// Not allowed by default.
    #[must_use]
    pub fn retry_unknown(mut self, duplicates: u32) -> Self {
        self.retry_unknown = duplicates > 0;
        self.max_duplicates = duplicates;
        self
    }

    /// How many requests a call may make in all.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether each attempt tells the service how many went before it, as the official clients do.
    #[cfg(feature = "reqwest")]
    pub(crate) fn counts_retries(&self) -> bool {
        self.preset == Preset::Sdk
    }

    /// Full jitter: any time up to the bound, so that clients that failed together do not come back together. The
    /// official clients take off a quarter at most.
    pub(super) fn backoff(&self, base: Duration, attempt: u32, random: f64) -> Duration {
        let doubled = base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let bound = doubled.min(self.cap);
        match self.preset {
            Preset::Outcome => bound.mul_f64(random),
            Preset::Sdk => bound.mul_f64(1.0 - 0.25 * random),
        }
    }
}
