//! Requests with an `Idempotency-Key`: what was bought once under a key is not bought again.
//!
//! A key belongs to a credential, a service and a path. The same body gets the same answer, another body is refused,
//! and so is a second request while the first is being answered. Refused requests leave no trace, so that a key can be
//! used again after a mistake. Answers are pure functions of a small job, so jobs are kept and not bytes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::StatusCode;

use crate::{answer::Job, refuse::Refusal, replay::Recorded};

/// The longest key, in characters.
const MAX_KEY: usize = 255;
/// Keys are kept this long.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// So many keys are kept, the youngest ones.
const KEPT: usize = 10_000;
/// The prompts of kept jobs take up to so many bytes.
const KEPT_BYTES: usize = 64 << 20;

pub(crate) type Digest = [u8; 32];

/// What was accepted under a key.
#[derive(Clone)]
pub(crate) enum Bought {
    Job(Arc<Job>),
    Recorded(Arc<Recorded>),
    /// Billed, and answered with an error all the same.
    Refusal(Refusal),
}

struct Entry {
    body: Digest,
    number: u64,
    bought: Option<Bought>,
    is_running: bool,
}

impl Entry {
    fn size(&self) -> usize {
        match &self.bought {
            Some(Bought::Job(job)) => job.order.prompt.len() * 2,
            // Recorded answers are shared, and kept in any case.
            Some(Bought::Recorded(_) | Bought::Refusal(_)) | None => 0,
        }
    }
}

#[derive(Default)]
struct Keys {
    entries: BTreeMap<Digest, Entry>,
    /// Finished keys, the oldest first.
    finished: VecDeque<(Instant, Digest)>,
    bytes: usize,
}

/// The keys that were used.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Keys>);

/// What a key stands for.
pub(crate) enum Claim {
    /// Nothing yet: the request is carried out, and its outcome belongs to the key.
    New(Claimed),
    /// This was bought before, by the request of that number.
    Replay(Bought, u64),
}

impl Memory {
    pub(crate) fn claim(self: &Arc<Self>, key: Digest, body: Digest, number: u64) -> Result<Claim, Refusal> {
        let mut keys = self.lock();
        keys.forget_old();
        match keys.entries.get(&key) {
            Some(entry) if entry.body != body => {
                let message = "This idempotency key was used before, with other parameters. Use a key of its own for \
                               each request.";
                let refusal =
                    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", message);
                Err(refusal.of_type("idempotency_error"))
            }
            Some(entry) => match (&entry.bought, entry.is_running) {
                (Some(bought), false) => Ok(Claim::Replay(bought.clone(), entry.number)),
                _ => {
                    let message = "Another request with this idempotency key is being carried out.";
                    let refusal = Refusal::new(StatusCode::CONFLICT, "idempotency_key_in_use", message);
                    Err(refusal.of_type("idempotency_error"))
                }
            },
            None => {
                keys.entries.insert(key, Entry { body, number, bought: None, is_running: true });
                Ok(Claim::New(Claimed { memory: Arc::clone(self), key }))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn forget_old(&mut self) {
        while let Some((finished, key)) = self.finished.front().copied() {
            let is_old = finished.elapsed() > KEPT_FOR;
            if !is_old && self.finished.len() <= KEPT && self.bytes <= KEPT_BYTES {
                return;
            }
            self.finished.pop_front();
            if let Some(entry) = self.entries.remove(&key) {
                self.bytes = self.bytes.saturating_sub(entry.size());
            }
        }
    }
}

/// A key while its request is carried out. Dropping it ends that, whether the client waited for the answer or not.
pub(crate) struct Claimed {
    memory: Arc<Memory>,
    key: Digest,
}

impl Claimed {
    /// From here on the request is billed.
    pub(crate) fn bought(&self, bought: Bought) {
        if let Some(entry) = self.memory.lock().entries.get_mut(&self.key) {
            entry.bought = Some(bought);
        }
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        let mut keys = self.memory.lock();
        let Some(entry) = keys.entries.get_mut(&self.key) else { return };
        entry.is_running = false;
        if entry.bought.is_none() {
            keys.entries.remove(&self.key);
            return;
        }
        let size = entry.size();
        keys.bytes += size;
        keys.finished.push_back((Instant::now(), self.key));
        keys.forget_old();
    }
}

/// Whether a key may be one.
pub(crate) fn check(key: &str) -> Result<(), Refusal> {
    if key.is_empty() || key.chars().count() > MAX_KEY {
        let message = format!("An idempotency key has 1 to {MAX_KEY} characters.");
        return Err(Refusal::invalid("invalid_idempotency_key", message).of_type("idempotency_error"));
    }
    Ok(())
}
