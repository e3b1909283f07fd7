//! Rate limits that count: so many requests and images of one key and deployment in a window.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// So many windows are kept; above that, those that ended are forgotten, and then all.
const KEPT: usize = 10_000;

/// Whose requests are counted together.
pub(crate) type Scope = [u8; 32];

/// What a window allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) requests: u32,
    pub(crate) images: u32,
    pub(crate) window: Duration,
}

/// The windows that are open.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<BTreeMap<Scope, Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: Instant,
    requests: u32,
    images: u32,
}

/// What is left after a request was counted, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) requests: u32,
    pub(crate) images: u32,
    /// Until the window ends.
    pub(crate) resets: Duration,
    /// Whether the request is over a limit, and not counted.
    pub(crate) is_over: bool,
}

impl Limits {
    pub(crate) fn count(&self, scope: Scope, allowance: Allowance, images: u32, now: Instant) -> Left {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= KEPT {
            windows.retain(|_, window| window.ends > now);
            if windows.len() >= KEPT {
                windows.clear();
            }
        }
        let fresh = Window { ends: now + allowance.window, requests: 0, images: 0 };
        let window = windows.entry(scope).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        let requests = window.requests.saturating_add(1);
        let all_images = window.images.saturating_add(images);
        let is_over = requests > allowance.requests || all_images > allowance.images;
        if !is_over {
            (window.requests, window.images) = (requests, all_images);
        }
        Left {
            requests: allowance.requests.saturating_sub(window.requests),
            images: allowance.images.saturating_sub(window.images),
            resets: window.ends.saturating_duration_since(now),
            is_over,
        }
    }
}

impl Left {
    /// The headers that tell it, as OpenAI writes them.
    pub(crate) fn tell(self, allowance: Allowance, headers: &mut HeaderMap) {
        let reset = in_units(self.resets);
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("x-ratelimit-limit-requests", &allowance.requests.to_string());
        set("x-ratelimit-remaining-requests", &self.requests.to_string());
        set("x-ratelimit-reset-requests", &reset);
        set("x-ratelimit-limit-input-images", &allowance.images.to_string());
        set("x-ratelimit-remaining-input-images", &self.images.to_string());
        set("x-ratelimit-reset-input-images", &reset);
    }
}

/// A time as OpenAI writes it: `6m0s`, `12s`, `250ms`.
fn in_units(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60, time.subsec_millis()) {
        (0, 0, millis) => format!("{millis}ms"),
        (0, seconds, 0) => format!("{seconds}s"),
        (0, seconds, millis) => format!("{seconds}.{millis:03}s"),
        (minutes, seconds, _) => format!("{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWANCE: Allowance = Allowance { requests: 3, images: 4, window: Duration::from_secs(60) };

    #[test]
    fn a_window_counts_down_and_begins_again() {
        let (limits, start) = (Limits::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let left = |scope, images, seconds| {
            let left = limits.count([scope; 32], ALLOWANCE, images, at(seconds));
            (left.requests, left.images, left.resets.as_secs(), left.is_over)
        };
        assert_eq!(left(1, 2, 0), (2, 2, 60, false));
        assert_eq!(left(1, 3, 10), (2, 2, 50, true));
        assert_eq!(left(1, 1, 20), (1, 1, 40, false));
        assert_eq!(left(1, 1, 20), (0, 0, 40, false));
        assert_eq!(left(1, 0, 59), (0, 0, 1, true));
        assert_eq!(left(2, 1, 59), (2, 3, 60, false), "another key has a window of its own");
        assert_eq!(left(1, 1, 60), (2, 3, 60, false));
    }

    #[test]
    fn times_are_written_in_their_units() {
        for (millis, expected) in [
            (0, "0ms"),
            (250, "250ms"),
            (12_000, "12s"),
            (1_500, "1.500s"),
            (360_000, "6m0s"),
            (61_999, "1m1s"),
        ] {
            assert_eq!(in_units(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn strangers_do_not_make_it_grow() {
        let (limits, now) = (Limits::default(), Instant::now());
        for number in 0..3 * KEPT as u64 {
            let mut scope = [0; 32];
            scope[..8].copy_from_slice(&number.to_be_bytes());
            limits.count(scope, ALLOWANCE, 1, now);
        }
        assert!(limits.0.lock().expect("no panic").len() <= KEPT);
    }
}
