//! What a request has to pass before it goes out: a limit of images, a number of places, and the circuit breaker.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};

use super::places::{Place, Places};
use crate::{
    Error, Kind, Outcome, Timer,
    breaker::{Breaker, Permit, Sign},
    limiter::Limiter,
    retry::Budget,
};

/// As many models have a breaker of their own; beyond that, those with nothing to remember are dropped.
const MODELS: usize = 64;

/// As many models are remembered for being refused.
const REFUSED_MODELS: usize = 1024;

/// What all calls of a client share.
pub(super) struct Gates {
    pub(super) budget: Budget,
    breakers: Mutex<BTreeMap<Arc<str>, Broken>>,
    limiter: Mutex<Limiter>,
    places: Option<Arc<Places>>,
    /// The service does not know the credential: no request of any model can succeed.
    unknown: Mutex<Option<String>>,
    /// The beginning of the time that breaker and limiter count in.
    epoch: Instant,
}

#[derive(Default)]
struct Broken {
    breaker: Breaker,
    /// The last failure, for the message.
    last: Option<(Kind, Option<u16>)>,
    /// The service does not let the credential use the model.
    forbidden: Option<String>,
}

/// The permission to send one request. Given back when it is dropped.
pub(super) struct Pass {
    gates: Arc<Gates>,
    model: Arc<str>,
    permit: Permit,
    is_recorded: bool,
    place: Option<Place>,
}

impl Gates {
    pub(super) fn new(places: Option<usize>, images_per_minute: Option<u32>) -> Arc<Self> {
        Arc::new(Self {
            budget: Budget::new(),
            breakers: Mutex::default(),
            limiter: Mutex::new(Limiter::new(images_per_minute)),
            places: places.map(Places::new),
            unknown: Mutex::default(),
            epoch: Instant::now(),
        })
    }

    /// Waits until a request for so many images of that model may go out. `place` is the service, for messages.
    pub(super) async fn enter(
        self: &Arc<Self>,
        model: &str,
        images: u32,
        end: Instant,
        place: &str,
    ) -> Result<Pass, Error> {
        let waiting = || {
            let what = format!("The time for the call ended while it waited for others to {place}");
            Error::new(Kind::Timeout, Outcome::NotSent, what)
                .with_remedy("Nothing was sent. Allow more time, or more calls at once")
                .with_timer(Timer::Deadline)
        };
        let taken = match &self.places {
            Some(places) => Some(timeout_at(end, Arc::clone(places).take()).await.map_err(|_| waiting())?),
            None => None,
        };
        Self::refuse(lock(&self.unknown).as_ref(), place)?;
        self.pace(images, end, place).await?;
        let (model, permit) = self.admit(model, place)?;
        Ok(Pass { gates: Arc::clone(self), model, permit, is_recorded: false, place: taken })
    }

    async fn pace(&self, images: u32, end: Instant, place: &str) -> Result<(), Error> {
        loop {
            let Err(wait) = lock(&self.limiter).take(self.now(), images) else { return Ok(()) };
            if Instant::now().checked_add(wait).is_none_or(|ready| ready >= end) {
                let seconds = wait.as_secs_f64().ceil();
                let what = format!("The limit of images in a minute at {place} is reached for {seconds} s");
                return Err(Error::new(Kind::RateLimit, Outcome::NotSent, what)
                    .with_remedy("Nothing was sent. Allow the call more time, or try again later")
                    .with_retry_after(Some(wait)));
            }
            sleep(wait).await;
        }
    }

    fn admit(&self, model: &str, place: &str) -> Result<(Arc<str>, Permit), Error> {
        let (mut breakers, now) = (lock(&self.breakers), self.now());
        let known = breakers.get_key_value(model).map(|(model, _)| Arc::clone(model));
        if breakers.len() >= MODELS && known.is_none() {
            // To forget that a model was refused costs another refusal, and no more.
            let keeps_refused = breakers.len() < REFUSED_MODELS;
            breakers.retain(|_, known| {
                (keeps_refused && known.forbidden.is_some()) || !known.breaker.is_idle(now)
            });
        }
        let model = known.unwrap_or_else(|| model.into());
        let broken = breakers.entry(Arc::clone(&model)).or_default();
        Self::refuse(broken.forbidden.as_ref(), place)?;
        let wait = match broken.breaker.admit(now) {
            Ok(permit) => return Ok((model, permit)),
            Err(wait) => wait,
        };
        let seconds = wait.as_secs_f64().ceil();
        let last = match broken.last {
            Some((kind, Some(status))) => format!(" (the last one: {kind}, HTTP {status})"),
            Some((kind, None)) => format!(" (the last one: {kind})"),
            None => String::new(),
        };
        let what = format!("Too many requests to {place} failed lately{last}; none is sent for {seconds} s");
        Err(Error::new(Kind::CircuitOpen, Outcome::NotSent, what)
            .with_remedy("Try again then")
            .with_retry_after(Some(wait)))
    }

    /// A credential that was refused will be refused again; asking on makes services suspicious.
    fn refuse(refused: Option<&String>, place: &str) -> Result<(), Error> {
        let Some(refusal) = refused else { return Ok(()) };
        let what = format!("Nothing more is sent to {place} with this credential, since {refusal}");
        Err(Error::new(Kind::CircuitOpen, Outcome::NotSent, what)
            .with_remedy("Correct the credential or its rights, and make a new client"))
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
}

impl Pass {
    /// Learns from how the request ended. A service that answers is not down, but a credential that it does not accept is
    /// not offered again: of 401, to no model, of 403, not to that one.
    pub(super) fn record(mut self, failure: Option<&Error>, random: f64) {
        self.is_recorded = true;
        let now = self.gates.now();
        let sign = failure.map_or(Some(Sign::Alive), Sign::of);
        if let Some(broken) = lock(&self.gates.breakers).get_mut(&self.model) {
            broken.breaker.record(self.permit, now, sign, random);
            if let Some(error) = failure.filter(|_| sign.is_some_and(|sign| sign != Sign::Alive)) {
                broken.last = Some((error.kind(), error.status()));
            }
            if let Some(error) = failure.filter(|error| error.kind() == Kind::Permission) {
                broken.forbidden = refusal(error);
            }
        }
        if let Some(error) = failure.filter(|error| error.kind() == Kind::Authentication) {
            *lock(&self.gates.unknown) = refusal(error);
        }
        if let Some(place) = &self.place {
            match failure {
                None => place.succeeded(),
                Some(error) if is_throttle(error) => place.throttled(),
                Some(_) => {}
            }
        }
        if failure.is_none() {
            self.gates.budget.succeeded();
        }
        let mut limiter = lock(&self.gates.limiter);
        match failure {
            None => limiter.succeeded(now),
            Some(error) if is_throttle(error) => {
                limiter.refused(now, error.images_per_minute(), error.retry_after());
            }
            Some(_) => {}
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        // The caller gave the call up, which says nothing about the service.
        if !self.is_recorded
            && let Some(broken) = lock(&self.gates.breakers).get_mut(&self.model)
        {
            broken.breaker.abandon(self.permit, self.gates.now());
        }
    }
}

fn is_throttle(error: &Error) -> bool {
    error.kind() == Kind::RateLimit && error.outcome() == Outcome::Refused
}

/// What was refused for good, in words that are safe to repeat.
fn refusal(error: &Error) -> Option<String> {
    if error.outcome() != Outcome::Refused {
        return None;
    }
    let status = error.status().map(|status| format!(", HTTP {status}")).unwrap_or_default();
    let code = error.code().map(|code| format!(", {code}")).unwrap_or_default();
    Some(format!("it was refused before ({}{status}{code})", error.kind()))
}

/// What is kept is whole after each step, so that a panic elsewhere does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
