//! The allowance for repetitions that all calls of a client share.

use std::sync::{Mutex, PoisonError};

use super::Decision;

/// A bucket of tokens: repetitions take some out, successes put some back. While a service is down it empties, and calls
/// fail after their first attempt instead of adding to the trouble.
#[derive(Debug)]
pub struct Budget(Mutex<u32>);

impl Budget {
    /// What a full bucket holds.
    pub const CAPACITY: u32 = 100;
    /// The price of a repetition after a failure of the network.
    pub const TRANSIENT: u32 = 10;
    /// The price of a repetition after a refusal for the moment.
    pub const THROTTLED: u32 = 5;

    /// A full bucket.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(Self::CAPACITY))
    }

    /// Decides with the tokens that are left, and takes the price out in the same step.
    pub fn decide(&self, decide: impl FnOnce(u32) -> Decision) -> Decision {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let decision = decide(*tokens);
        if let Decision::Retry { cost, .. } = decision {
            *tokens = tokens.saturating_sub(cost);
        }
        decision
    }

    /// A success puts one token back.
    pub fn succeeded(&self) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens = (*tokens + 1).min(Self::CAPACITY);
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}
