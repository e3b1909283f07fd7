//! Whether a failed request is sent again, and when: a pure function of what happened.
//!
//! What counts is the [`Outcome`], not the family of the status. A request that did not leave, or that was turned away
//! for the moment, is repeated; one whose fate is open is not, because it may have been carried out and billed.

mod budget;
mod policy;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{Error, Kind, Outcome};

pub use budget::Budget;
use policy::Preset;
pub use policy::{LONGEST_WAIT, Policy};

/// What failed, as far as it matters for a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why it failed.
    pub kind: Kind,
    /// Whether images may have been bought.
    pub outcome: Outcome,
    /// The HTTP status of the answer, if one came.
    pub status: Option<u16>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// The service's own word, `x-should-retry`.
    pub should_retry: Option<bool>,
}

/// Where in its life a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// How many requests of the call were made, the failed one included: at least 1.
    pub attempt: u32,
    /// How many of them were sent although the fate of an earlier one was open.
    pub duplicates: u32,
    /// The time since the call began.
    pub elapsed: Duration,
    /// The time that the call may take in all.
    pub deadline: Duration,
    /// What is left of the allowance that all calls of a client share, see [`Budget`].
    pub budget: u32,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send the same request again.
    Retry {
        /// The wait before it. It ends before the deadline.
        after: Duration,
        /// What it takes from the shared allowance.
        cost: u32,
        /// Whether the images may be bought a second time by it.
        possible_duplicate: bool,
    },
    /// Give up.
    Stop(Reason),
}

/// Why a failed request is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The same request would fail again.
    Final,
    /// The request may have been carried out, and sending it again could buy the images twice.
    Open,
    /// The service said not to.
    Forbidden,
    /// All attempts are used up.
    Attempts,
    /// As many requests as allowed may already have bought the same images.
    Duplicates,
    /// The service asks for a longer wait than is ever waited, [`LONGEST_WAIT`].
    TooLong,
    /// The wait would not end before the deadline.
    Deadline,
    /// The allowance that all calls share is used up: the service is in trouble, and repetitions would add to it.
    Budget,
}

/// Decides on a repetition. `random` is a number from 0 (included) to 1 (excluded), taken afresh for each decision.
#[must_use]
pub fn decide(policy: &Policy, failure: &Failure, situation: &Situation, random: f64) -> Decision {
    let class = match (policy.preset, failure.should_retry) {
        (_, Some(false)) => return Decision::Stop(Reason::Forbidden),
        (Preset::Sdk, advised) => sdk_class(failure, advised == Some(true)),
        (Preset::Outcome, advised) => class(failure, situation.attempt, advised == Some(true)),
    };
    let possible_duplicate = failure.outcome == Outcome::Unknown;
    let (base, cost) = match class {
        Class::Transient => (policy.transient, Budget::TRANSIENT),
        Class::Throttled => (policy.throttled, Budget::THROTTLED),
        Class::Open if policy.retry_unknown => (policy.transient, Budget::TRANSIENT),
        Class::Open => return Decision::Stop(Reason::Open),
        Class::Final => return Decision::Stop(Reason::Final),
    };
    if situation.attempt >= policy.attempts {
        return Decision::Stop(Reason::Attempts);
    }
    if class == Class::Open && situation.duplicates >= policy.max_duplicates {
        return Decision::Stop(Reason::Duplicates);
    }
    let left = situation.deadline.saturating_sub(situation.elapsed);
    let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 0.0 };
    let after = match failure.retry_after {
        Some(delay) if delay > LONGEST_WAIT => return Decision::Stop(Reason::TooLong),
        Some(delay) if delay >= left => return Decision::Stop(Reason::Deadline),
        // Spread a little, so that waiting clients do not come back together; never earlier than stated.
        Some(delay) => delay + (delay / 10).min(left.saturating_sub(delay) / 2).mul_f64(random),
        None => policy.backoff(base, situation.attempt, random),
    };
    if after >= left {
        return Decision::Stop(Reason::Deadline);
    }
    if policy.preset == Preset::Outcome && cost > situation.budget {
        return Decision::Stop(Reason::Budget);
    }
    let cost = if policy.preset == Preset::Outcome { cost } else { 0 };
    Decision::Retry { after, cost, possible_duplicate }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Transient,
    Throttled,
    Open,
    Final,
}

fn class(failure: &Failure, attempt: u32, advised: bool) -> Class {
    let is_throttle = failure.kind == Kind::RateLimit || matches!(failure.status, Some(429 | 503 | 529));
    match (failure.outcome, failure.kind) {
        // Too early: once more, and then something else is wrong.
        (Outcome::Refused, Kind::Server) if failure.status == Some(425) && attempt > 1 => Class::Final,
        (Outcome::Refused, Kind::RateLimit | Kind::Server) if is_throttle => Class::Throttled,
        (Outcome::NotSent, Kind::Connect | Kind::Timeout | Kind::Transport)
        | (Outcome::Refused, Kind::RateLimit | Kind::Server) => Class::Transient,
        // The service knows better than a table; but its word does not make an account's trouble or a filter go away.
        (Outcome::Refused, Kind::InvalidRequest | Kind::Model) if advised => Class::Transient,
        (
            Outcome::Unknown,
            Kind::Timeout
            | Kind::Transport
            | Kind::Truncated
            | Kind::Protocol
            | Kind::Server
            | Kind::Decode
            | Kind::UnexpectedContentType
            | Kind::Incomplete,
        ) => Class::Open,
        (Outcome::NotSent | Outcome::Refused | Outcome::Unknown | Outcome::Done, _) => Class::Final,
    }
}

/// What the official clients of the best-known service do: statuses decide, and a broken connection is repeated.
fn sdk_class(failure: &Failure, advised: bool) -> Class {
    if failure.outcome == Outcome::Done {
        return Class::Final;
    }
    match (failure.status, failure.kind) {
        (Some(429), _) => Class::Throttled,
        (Some(408 | 409 | 500..), _)
        | (None, Kind::Connect | Kind::Timeout)
        | (_, Kind::Transport | Kind::Truncated | Kind::Protocol)
        | (Some(_), Kind::Timeout) => Class::Transient,
        (Some(status), _) if advised && !(200..300).contains(&status) => Class::Transient,
        (Some(_) | None, _) => Class::Final,
    }
}

impl Failure {
    /// What an error says about a repetition.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            outcome: error.outcome(),
            status: error.status(),
            retry_after: error.retry_after(),
            should_retry: error.should_retry(),
        }
    }
}
