//! What became of the single attempts of a call.

use std::time::Duration;

use crate::{Error, Kind, Outcome};

/// One request of a call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Its place in the call, from 1.
    pub number: u32,
    /// Why it failed.
    pub kind: Kind,
    /// Whether this attempt may have bought images.
    pub outcome: Outcome,
    /// The HTTP status of its answer, if one came.
    pub status: Option<u16>,
    /// The service's name for the exchange.
    pub request_id: Option<String>,
    /// The time from the beginning of the call to this failure.
    pub elapsed: Duration,
    /// Whether it followed an attempt whose fate is open, so that it may have bought the same images again.
    pub possible_duplicate: bool,
}

impl Attempt {
    /// The record of a failure: attempt `number` of a call, from 1, `elapsed` after the call began.
    #[must_use]
    pub fn of(number: u32, error: &Error, elapsed: Duration, possible_duplicate: bool) -> Self {
        Self {
            number,
            kind: error.kind(),
            outcome: error.outcome(),
            status: error.status(),
            request_id: error.request_id().map(str::to_owned),
            elapsed,
            possible_duplicate,
        }
    }
}
