//! What a request has to pass before its intent is written: the caps, the pace, and the pauses that all jobs share.

use std::time::Duration;

use imagewire_transport::limiter::Limiter;
use tokio::time::Instant;

use super::{Batch, job::Ended};
use crate::{Failure, Item, Spent, StopReason};

/// The first wait after a failure, and the longest; they double in between.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
/// After a refusal for the moment so many of the jobs go on, and each success brings back a tenth of one.
const DECREASE: f64 = 0.7;
const INCREASE: f64 = 0.1;

pub(super) struct Gate {
    limiter: Limiter,
    epoch: Instant,
    paused: Instant,
    jobs: f64,
    width: f64,
    /// Since when nothing succeeded.
    trouble: Option<Instant>,
    throttles: u32,
    patience: Duration,
    spent: Spent,
    max_images: Option<u64>,
    max_cost: Option<u64>,
    pub(super) stopped: Option<StopReason>,
}

/// Whether a request may go out.
pub(super) enum Admission {
    Go,
    /// Not before this.
    At(Instant),
    /// When others have come to their end, if at all.
    Later,
}

impl Gate {
    pub(super) fn new(batch: &Batch, spent: Spent) -> Self {
        let now = Instant::now();
        let jobs = f64::from(u32::try_from(batch.jobs).unwrap_or(u32::MAX));
        Self {
            limiter: Limiter::new(batch.images_per_minute),
            epoch: now,
            paused: now,
            jobs,
            width: jobs,
            trouble: None,
            throttles: 0,
            patience: batch.patience,
            spent,
            max_images: batch.max_images,
            max_cost: batch.max_cost,
            stopped: None,
        }
    }

    /// How many jobs may be under way.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 1 to the number of jobs"
    )]
    pub(super) fn width(&self) -> usize {
        self.width as usize
    }

    /// The first reason stays.
    pub(super) fn stop(&mut self, reason: StopReason) {
        self.stopped.get_or_insert(reason);
    }

    /// Asks to send an item. `is_idle`: nothing is under way that could make room within a cap.
    pub(super) fn admit(&mut self, item: &Item, is_idle: bool) -> Admission {
        if let Some(reason) = self.exceeded(item) {
            if is_idle {
                self.stop(StopReason::Cap(reason));
            }
            return Admission::Later;
        }
        let now = Instant::now();
        if now < self.paused {
            return Admission::At(self.paused);
        }
        match self.limiter.take(now - self.epoch, item.images()) {
            Ok(()) => {
                self.spent.add(item.images(), item.reserve);
                Admission::Go
            }
            Err(wait) => Admission::At(now + wait),
        }
    }

    fn exceeded(&self, item: &Item) -> Option<String> {
        let Spent { images, cost, .. } = self.spent;
        let asked = u64::from(item.images());
        match (self.max_images, self.max_cost, item.reserve) {
            (Some(cap), _, _) if images + asked > cap => Some(format!(
                "{:?} asks for {asked} of at most {cap} images, and {images} are bought or may have been",
                item.id
            )),
            (_, Some(cap), Some(reserve)) if cost.saturating_add(reserve) > cap => Some(format!(
                "{:?} may cost ${} of at most ${}, and ${} are spent or may have been",
                item.id,
                dollars(reserve),
                dollars(cap),
                dollars(cost)
            )),
            _ => None,
        }
    }

    /// Learns from how a job ended. The time is that of a pause that begins now, or until its item is sent again.
    pub(super) fn learn(&mut self, item: &Item, ended: &Ended, attempt: u32) -> Duration {
        let now = Instant::now();
        let release = |spent: &mut Spent| spent.remove(item.images(), item.reserve);
        match ended {
            Ended::Done { cost, .. } => {
                if cost.is_some() {
                    self.spent.remove(0, item.reserve);
                    self.spent.add(0, *cost);
                }
                (self.trouble, self.throttles) = (None, 0);
                self.width = (self.width + INCREASE).min(self.jobs);
                self.limiter.succeeded(now - self.epoch);
            }
            Ended::Failed(_) => {
                release(&mut self.spent);
                (self.trouble, self.throttles) = (None, 0);
            }
            Ended::Unknown(failure) => self.endure(now, Duration::ZERO, failure),
            Ended::Throttled { failure, after, images_per_minute, is_refusal } => {
                release(&mut self.spent);
                self.throttles += 1;
                if *is_refusal {
                    self.width = (self.width * DECREASE).max(1.0);
                    self.limiter.refused(now - self.epoch, *images_per_minute, None);
                }
                // Never earlier than the service says, and not all at the same moment.
                let after = after.map_or_else(
                    || backoff(self.throttles),
                    |after| after.mul_f64(1.0 + fastrand::f64() / 10.0),
                );
                self.paused = self.paused.max(now + after);
                self.endure(now, after, failure);
                return after;
            }
            Ended::Again { failure, after } => {
                release(&mut self.spent);
                let after = after.unwrap_or_else(|| backoff(attempt));
                self.endure(now, after, failure);
                return after;
            }
            Ended::Stop(_) => release(&mut self.spent),
            Ended::Disk { is_bought, .. } => {
                if !is_bought {
                    release(&mut self.spent);
                }
            }
        }
        Duration::ZERO
    }

    /// Trouble is waited out, but not forever.
    fn endure(&mut self, now: Instant, wait: Duration, failure: &Failure) {
        let since = *self.trouble.get_or_insert(now);
        if now.duration_since(since).saturating_add(wait) > self.patience {
            self.stop(StopReason::Patience(failure.clone()));
        }
    }
}

/// A random time, so that jobs that failed together do not come back together.
fn backoff(attempt: u32) -> Duration {
    let bound = FIRST.saturating_mul(2_u32.saturating_pow(attempt.min(16))).min(LONGEST);
    bound.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Millionths of a dollar in dollars.
fn dollars(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let cents = text.find('.').map_or(text.len(), |dot| dot + 3);
    let (kept, fine) = text.split_at(cents);
    format!("{kept}{}", fine.trim_end_matches('0'))
}
