//! A circuit breaker: while a service is down, calls fail at once instead of waiting for it one by one.
//!
//! A pure state machine. Time comes in with each call, as the duration since any fixed beginning.

use std::{collections::VecDeque, time::Duration};

use crate::{Error, Kind, Outcome};

/// Connections that fail one after another until it opens.
const CONNECTS: u32 = 5;
/// The least number of requests in [`WINDOW`] that say something about a rate.
const ENOUGH: usize = 10;
/// How long a request is remembered.
const WINDOW: Duration = Duration::from_secs(30);
/// How long it stays open at first, and at most.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);
/// As many requests are remembered.
const MEMORY: usize = 1000;

/// What a request says about the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It answered, be it with a refusal.
    Alive,
    /// No connection.
    Unreachable,
    /// It failed, or its answer did.
    Failing,
}

impl Sign {
    /// What an error says; `None` when it says nothing about the service, as a local mistake or a filter does.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        match (error.outcome(), error.kind()) {
            (Outcome::NotSent, Kind::Connect | Kind::Timeout | Kind::Tls | Kind::Transport) => {
                Some(Self::Unreachable)
            }
            (Outcome::NotSent, _) => None,
            // A filter on the answer, or an answer of a form that is new here: it works.
            (Outcome::Unknown, Kind::Moderation | Kind::NoImage | Kind::TooLarge) => Some(Self::Alive),
            (Outcome::Unknown, _) | (Outcome::Refused, Kind::Server) => Some(Self::Failing),
            (Outcome::Refused | Outcome::Done, _) => Some(Self::Alive),
        }
    }
}

/// The permission to send one request, which [`Breaker::record`] or [`Breaker::abandon`] must get back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// The service is not known to be down.
    Usual,
    /// The one request that tries whether the service is back.
    Probe,
}

/// Decides whether requests to one service go out.
#[derive(Clone, Debug)]
pub struct Breaker {
    state: State,
    /// When requests ended, and whether they failed; the oldest first.
    recent: VecDeque<(Duration, bool)>,
    unreachable: u32,
    /// How long it stays open the next time.
    next: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Duration,
    },
    /// One request is out to see whether the service is back.
    Probing {
        since: Duration,
    },
}

impl Breaker {
    /// Closed, with nothing remembered.
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Closed, recent: VecDeque::new(), unreachable: 0, next: FIRST }
    }

    /// Asks to send a request at `now`.
    ///
    /// # Errors
    /// The time until the next attempt makes sense.
    pub fn admit(&mut self, now: Duration) -> Result<Permit, Duration> {
        match self.state {
            State::Closed => Ok(Permit::Usual),
            State::Open { until } if now >= until => {
                self.state = State::Probing { since: now };
                Ok(Permit::Probe)
            }
            State::Open { until } => Err(until.saturating_sub(now)),
            // Whoever waits for the probe cannot know how long it takes.
            State::Probing { since } => Err(FIRST.saturating_sub(now.saturating_sub(since)).max(FIRST / 5)),
        }
    }

    /// Learns how a request ended. `random`, from 0 to 1, spreads the time that it stays open by up to a tenth.
    pub fn record(&mut self, permit: Permit, now: Duration, sign: Option<Sign>, random: f64) {
        let Some(sign) = sign else { return self.abandon(permit, now) };
        if permit == Permit::Probe {
            if sign == Sign::Alive {
                *self = Self::new();
            } else {
                self.open(now, random);
            }
            return;
        }
        self.unreachable = if sign == Sign::Unreachable { self.unreachable + 1 } else { 0 };
        self.recent.push_back((now, sign != Sign::Alive));
        while self.recent.len() > MEMORY
            || self.recent.front().is_some_and(|(ended, _)| *ended + WINDOW <= now)
        {
            self.recent.pop_front();
        }
        // Answers to requests that were sent before it opened change nothing.
        if self.state != State::Closed || sign == Sign::Alive {
            return;
        }
        let failed = self.recent.iter().filter(|(_, failed)| *failed).count();
        let often = self.recent.len() >= ENOUGH && failed * 2 >= self.recent.len();
        if self.unreachable >= CONNECTS || often {
            self.open(now, random);
        }
    }

    /// A request ended without saying anything about the service, such as one that the caller gave up.
    pub fn abandon(&mut self, permit: Permit, now: Duration) {
        if permit == Permit::Probe {
            // Anyone may try next.
            self.state = State::Open { until: now };
        }
    }

    /// Whether it has nothing to remember.
    #[must_use]
    pub fn is_idle(&self, now: Duration) -> bool {
        self.state == State::Closed && self.recent.iter().all(|(ended, _)| *ended + WINDOW <= now)
    }

    fn open(&mut self, now: Duration, random: f64) {
        let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 0.0 };
        self.state = State::Open { until: now + self.next + self.next.mul_f64(random / 10.0) };
        self.next = (self.next * 2).min(LONGEST);
        self.recent.clear();
        self.unreachable = 0;
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn fail(breaker: &mut Breaker, now: Duration, sign: Sign) {
        assert_eq!(breaker.admit(now), Ok(Permit::Usual));
        breaker.record(Permit::Usual, now, Some(sign), 0.0);
    }

    #[test]
    fn five_failed_connections_in_a_row_open_it() {
        let mut breaker = Breaker::new();
        for round in 0..4 {
            fail(&mut breaker, at(round), Sign::Unreachable);
        }
        fail(&mut breaker, at(4), Sign::Alive);
        // The row is broken, and four of five requests are too few for a rate.
        for round in 40..44 {
            fail(&mut breaker, at(round), Sign::Unreachable);
        }
        assert_eq!(breaker.admit(at(44)), Ok(Permit::Usual));
        fail(&mut breaker, at(44), Sign::Unreachable);
        assert_eq!(breaker.admit(at(44)), Err(at(5)));
        assert_eq!(breaker.admit(at(48)), Err(at(1)));
    }

    #[test]
    fn half_of_ten_requests_in_half_a_minute_open_it() {
        for (failures, opens) in [(4, false), (5, true), (10, true)] {
            let mut breaker = Breaker::new();
            for _ in 0..10 - failures {
                fail(&mut breaker, at(1), Sign::Alive);
            }
            for _ in 0..failures {
                fail(&mut breaker, at(2), Sign::Failing);
            }
            assert_eq!(breaker.admit(at(2)).is_err(), opens, "{failures}");
        }
        let mut breaker = Breaker::new();
        for round in 0..100 {
            // Never ten in half a minute.
            fail(&mut breaker, at(round * 4), Sign::Failing);
        }
        assert_eq!(breaker.admit(at(400)), Ok(Permit::Usual));
    }

    #[test]
    fn one_probe_decides_and_the_time_doubles() {
        let mut breaker = Breaker::new();
        (0..5).for_each(|_| fail(&mut breaker, at(0), Sign::Unreachable));
        let mut now = at(0);
        for expected in [5, 10, 20, 40, 60, 60] {
            let Err(wait) = breaker.admit(now) else { panic!("open") };
            assert_eq!(wait, at(expected));
            now += wait;
            assert_eq!(breaker.admit(now), Ok(Permit::Probe));
            // What was sent before it opened, and ends or is given up only now, is not the probe.
            breaker.record(Permit::Usual, now, Some(Sign::Alive), 0.0);
            breaker.record(Permit::Usual, now, Some(Sign::Failing), 0.0);
            breaker.abandon(Permit::Usual, now);
            assert!(breaker.admit(now).is_err(), "and no second one");
            breaker.record(Permit::Probe, now, Some(Sign::Failing), 0.0);
        }
        now += at(60);
        assert_eq!(breaker.admit(now), Ok(Permit::Probe));
        breaker.record(Permit::Probe, now, Some(Sign::Alive), 0.0);
        assert!(breaker.is_idle(now));
        (0..5).for_each(|_| fail(&mut breaker, now, Sign::Unreachable));
        assert_eq!(breaker.admit(now), Err(at(5)), "from the beginning again");
    }

    #[test]
    fn a_probe_that_is_given_up_lets_the_next_one_try() {
        let mut breaker = Breaker::new();
        (0..5).for_each(|_| fail(&mut breaker, at(0), Sign::Unreachable));
        assert_eq!(breaker.admit(at(5)), Ok(Permit::Probe));
        breaker.abandon(Permit::Probe, at(6));
        assert_eq!(breaker.admit(at(6)), Ok(Permit::Probe));
        breaker.record(Permit::Probe, at(6), None, 0.0);
        assert_eq!(breaker.admit(at(6)), Ok(Permit::Probe));
    }

    #[test]
    fn times_are_spread_by_a_tenth() {
        let mut breaker = Breaker::new();
        for _ in 0..5 {
            breaker.record(Permit::Usual, at(0), Some(Sign::Unreachable), 1.0);
        }
        assert_eq!(breaker.admit(at(0)), Err(Duration::from_millis(5500)));
    }

    #[test]
    fn what_errors_say_about_the_service() {
        use Kind::{
            Authentication, Connect, Download, InvalidRequest, Moderation, RateLimit, Server, Timeout,
            Transport,
        };
        use Outcome::{NotSent, Refused, Unknown};
        for (kind, outcome, expected) in [
            (Connect, NotSent, Some(Sign::Unreachable)),
            (Timeout, NotSent, Some(Sign::Unreachable)),
            (RateLimit, NotSent, None),
            (InvalidRequest, NotSent, None),
            (Timeout, Unknown, Some(Sign::Failing)),
            (Transport, Unknown, Some(Sign::Failing)),
            (Server, Unknown, Some(Sign::Failing)),
            (Server, Refused, Some(Sign::Failing)),
            (RateLimit, Refused, Some(Sign::Alive)),
            (Authentication, Refused, Some(Sign::Alive)),
            (Moderation, Refused, Some(Sign::Alive)),
            (Moderation, Unknown, Some(Sign::Alive)),
            (Download, Outcome::Done, Some(Sign::Alive)),
        ] {
            assert_eq!(Sign::of(&Error::new(kind, outcome, "")), expected, "{kind} {outcome}");
        }
    }
}
