//! One call: its attempts, the waits between them, and the time for all of it.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

use super::{
    gates::{Gates, Pass},
    progress::{Observer, Progress},
    witness::Witness,
};
use crate::{
    Attempt, Error, Kind, Outcome, Timer,
    http::MAY_BE_BILLED,
    retry::{Decision, Failure, Policy, Situation, decide},
    trace,
};

/// A call under way.
pub(super) struct Call<'a> {
    pub(super) gates: &'a Arc<Gates>,
    pub(super) policy: Policy,
    /// The service, for messages.
    pub(super) place: &'a str,
    /// What the circuit breaker goes by.
    pub(super) model: &'a str,
    /// What the limit of images goes by.
    pub(super) images: u32,
    pub(super) observer: &'a Observer,
    deadline: Duration,
    begin: Instant,
}

/// One attempt of a call.
pub(super) struct Round {
    /// From 1.
    pub(super) number: u32,
    pub(super) witness: Witness,
    /// When the time for the call is over.
    pub(super) end: Instant,
}

/// An attempt that was not in vain.
pub(super) struct Success<T> {
    pub(super) value: T,
    /// Its number, from 1.
    pub(super) number: u32,
    /// Whether an earlier attempt may have bought the same images.
    pub(super) possible_duplicate: bool,
    /// The attempts before.
    pub(super) failed: Vec<Attempt>,
    /// To be told how the rest of the answer went.
    pub(super) pass: Pass,
}

impl<'a> Call<'a> {
    pub(super) fn begin(
        gates: &'a Arc<Gates>,
        policy: Policy,
        place: &'a str,
        deadline: Duration,
        observer: &'a Observer,
    ) -> Self {
        Self { gates, policy, place, model: "", images: 1, observer, deadline, begin: Instant::now() }
    }

    /// The record of a failure now.
    pub(super) fn attempt(&self, number: u32, error: &Error, possible_duplicate: bool) -> Attempt {
        Attempt::of(number, error, self.begin.elapsed(), possible_duplicate)
    }

    /// When the time for the call is over, downloads included.
    pub(super) fn end(&self) -> Instant {
        self.begin + self.deadline
    }

    /// Makes attempts until one succeeds or no other is allowed. The failed ones are in the result, or in the error.
    pub(super) async fn run<T, F>(&self, mut attempt: impl FnMut(Round) -> F) -> Result<Success<T>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut failed = Vec::new();
        let mut duplicates = 0;
        let mut last = None;
        for number in 1.. {
            let pass = match self.gates.enter(self.model, self.images, self.end(), self.place).await {
                Ok(pass) => pass,
                // What went wrong on the way says more than that nothing else could be tried.
                Err(error) => return Err(last.unwrap_or(error).with_attempts(failed)),
            };
            let witness = Witness::default();
            self.observer.tell(|| Progress::Sending { attempt: number });
            let round = Round { number, witness: witness.clone(), end: self.end() };
            let result = timeout_at(self.end(), attempt(round)).await;
            let late = |_| Err(out_of_time(self.place, self.deadline, witness.may_have_arrived()));
            let error = match result.unwrap_or_else(late) {
                Ok(value) => {
                    return Ok(Success { value, number, possible_duplicate: duplicates > 0, failed, pass });
                }
                Err(error) => error,
            };
            pass.record(Some(&error), fastrand::f64());
            let elapsed = self.begin.elapsed();
            failed.push(Attempt::of(number, &error, elapsed, duplicates > 0));
            let decision = self.gates.budget.decide(|budget| {
                let situation =
                    Situation { attempt: number, duplicates, elapsed, deadline: self.deadline, budget };
                decide(&self.policy, &Failure::of(&error), &situation, fastrand::f64())
            });
            trace::failed(failed.last(), &decision);
            match decision {
                Decision::Stop(_) => return Err(error.with_attempts(failed)),
                Decision::Retry { after, possible_duplicate, .. } => {
                    duplicates += u32::from(possible_duplicate);
                    self.observer.tell(|| Progress::Waiting { after, reason: error.kind() });
                    last = Some(error);
                    sleep(after).await;
                }
            }
        }
        // Not reached: the policy counts the attempts, and stops long before the numbers do.
        let late = || out_of_time(self.place, self.deadline, false);
        Err(last.unwrap_or_else(late).with_attempts(failed))
    }

    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }
}

/// The time for the call is over.
pub(super) fn out_of_time(place: &str, deadline: Duration, may_have_arrived: bool) -> Error {
    let seconds = deadline.as_secs_f64();
    let error = if may_have_arrived {
        let what = format!("No complete answer from {place} within {seconds} s");
        Error::new(Kind::Timeout, Outcome::Unknown, what).with_remedy(MAY_BE_BILLED)
    } else {
        let what = format!("No connection to {place} within {seconds} s");
        Error::new(Kind::Timeout, Outcome::NotSent, what)
            .with_remedy("Nothing was sent. Check the address, the network and the proxy settings")
    };
    error.with_timer(Timer::Deadline)
}
