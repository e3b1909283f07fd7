//! How many calls may be under way at once, when the caller set a limit: fewer after the service throttled one, and slowly
//! more again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// After a refusal for the moment the number becomes this part of what it was, and at least 1.
const DECREASE: f64 = 0.7;
/// So many successes raise it by one.
const RECOVERY: u32 = 10;

/// The places that calls take.
pub(super) struct Places {
    semaphore: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    /// What the caller set.
    ceiling: usize,
    /// How many places there should be.
    limit: usize,
    /// How many there are, those in use included: more than there should be, until some are given back.
    existing: usize,
    successes: u32,
    /// How often the limit was lowered.
    lowered: u64,
}

/// One place, given back when it is dropped.
pub(super) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    places: Arc<Places>,
    /// [`State::lowered`] when it was taken.
    taken: u64,
}

impl Places {
    pub(super) fn new(count: usize) -> Arc<Self> {
        let count = count.clamp(1, Semaphore::MAX_PERMITS);
        let state = State { ceiling: count, limit: count, existing: count, successes: 0, lowered: 0 };
        Arc::new(Self { semaphore: Arc::new(Semaphore::new(count)), state: Mutex::new(state) })
    }

    pub(super) async fn take(self: Arc<Self>) -> Place {
        // Never closed, so there always is a permit.
        let permit = Arc::clone(&self.semaphore).acquire_owned().await.ok();
        let taken = self.lock().lowered;
        Place { permit, places: self, taken }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The service refused the request for the moment. Requests that were under way together lower the limit once.
    pub(super) fn throttled(&self) {
        let mut state = self.places.lock();
        state.successes = 0;
        if self.taken < state.lowered {
            return;
        }
        state.lowered += 1;
        state.limit = lower(state.limit);
        while state.existing > state.limit
            && let Ok(permit) = self.places.semaphore.try_acquire()
        {
            permit.forget();
            state.existing -= 1;
        }
    }

    pub(super) fn succeeded(&self) {
        let mut state = self.places.lock();
        state.successes += 1;
        if state.successes < RECOVERY || state.limit >= state.ceiling {
            return;
        }
        state.successes = 0;
        state.limit += 1;
        if state.existing < state.limit {
            state.existing += 1;
            self.places.semaphore.add_permits(1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        if let Some(permit) = self.permit.take_if(|_| state.existing > state.limit) {
            permit.forget();
            state.existing -= 1;
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "it stays between 1 and what it was"
)]
fn lower(limit: usize) -> usize {
    ((limit as f64 * DECREASE) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many places can be taken now.
    fn free(places: &Arc<Places>) -> usize {
        places.semaphore.available_permits()
    }

    #[tokio::test]
    async fn refusals_lower_the_number_and_successes_raise_it() {
        let places = Places::new(10);
        let mut expected = Vec::new();
        for _ in 0..6 {
            let place = Arc::clone(&places).take().await;
            place.throttled();
            drop(place);
            expected.push(free(&places));
        }
        assert_eq!(expected, [7, 4, 2, 1, 1, 1]);
        for successes in 1..=200 {
            Arc::clone(&places).take().await.succeeded();
            assert_eq!(free(&places), (1 + successes / 10).min(10));
        }
    }

    #[tokio::test]
    async fn requests_that_fail_together_lower_it_once() {
        let places = Places::new(10);
        let mut taken = Vec::new();
        for _ in 0..10 {
            taken.push(Arc::clone(&places).take().await);
        }
        taken.iter().for_each(Place::throttled);
        // Those under way are left alone, and their places go when they are given back.
        assert_eq!(free(&places), 0);
        drop(taken);
        assert_eq!(free(&places), 7);
        let mut taken = Vec::new();
        for _ in 0..7 {
            taken.push(Arc::clone(&places).take().await);
        }
        taken[3].throttled();
        drop(taken);
        assert_eq!(free(&places), 4);
    }
}
