mod random;

use super::*;

const CALL: Duration = Duration::from_secs(600);
/// The middle of every random range.
const HALF: f64 = 0.5;

fn failure(kind: Kind, outcome: Outcome, status: Option<u16>) -> Failure {
    Failure { kind, outcome, status, retry_after: None, should_retry: None }
}

fn first() -> Situation {
    Situation { attempt: 1, duplicates: 0, elapsed: Duration::ZERO, deadline: CALL, budget: Budget::CAPACITY }
}

fn retry(milliseconds: u64, cost: u32) -> Decision {
    Decision::Retry { after: Duration::from_millis(milliseconds), cost, possible_duplicate: false }
}

fn duplicate(milliseconds: u64, cost: u32) -> Decision {
    Decision::Retry { after: Duration::from_millis(milliseconds), cost, possible_duplicate: true }
}

use Decision::Stop;
use Kind::{
    Authentication, CircuitOpen, Configuration, Connect, Decode, Download, InvalidRequest, Io, Model,
    Moderation, NoImage, Permission, Quota, RateLimit, RedirectRefused, Server, Timeout, Tls, TooLarge,
    Transport, UnexpectedContentType,
};
use Outcome::{Done, NotSent, Refused, Unknown};
use Reason::{Attempts, Budget as Spent, Deadline, Duplicates, Final, Forbidden, Open, TooLong};

/// A failure; then what becomes of its first occurrence by default, with repetitions of open ones allowed, and in the
/// manner of the official clients.
type Row = (Kind, Outcome, Option<u16>, Decision, Decision, Decision);

#[test]
fn every_class_of_failure() {
    let (soon, later) = (retry(250, 10), retry(500, 5));
    let again = duplicate(250, 10);
    let an_eighth_off = Duration::from_micros(437_500);
    let sdk = Decision::Retry { after: an_eighth_off, cost: 0, possible_duplicate: false };
    let sdk_again = Decision::Retry { after: an_eighth_off, cost: 0, possible_duplicate: true };
    #[rustfmt::skip]
    let table: &[Row] = &[
        // It did not leave.
        (Connect, NotSent, None, soon, soon, sdk),
        (Timeout, NotSent, None, soon, soon, sdk),
        (Transport, NotSent, None, soon, soon, sdk),
        (Tls, NotSent, None, Stop(Final), Stop(Final), Stop(Final)),
        (Configuration, NotSent, None, Stop(Final), Stop(Final), Stop(Final)),
        (InvalidRequest, NotSent, None, Stop(Final), Stop(Final), Stop(Final)),
        (Io, NotSent, None, Stop(Final), Stop(Final), Stop(Final)),
        (CircuitOpen, NotSent, None, Stop(Final), Stop(Final), Stop(Final)),
        (RateLimit, NotSent, None, Stop(Final), Stop(Final), Stop(Final)),
        // Turned away for the moment.
        (RateLimit, Refused, Some(429), later, later, sdk),
        (RateLimit, Refused, Some(400), later, later, Stop(Final)),
        (RateLimit, Refused, Some(200), later, later, Stop(Final)),
        (Server, Refused, Some(503), later, later, sdk),
        (Server, Refused, Some(529), later, later, sdk),
        (Server, Refused, Some(425), soon, soon, Stop(Final)),
        // Refused for good.
        (Quota, Refused, Some(429), Stop(Final), Stop(Final), sdk),
        (Quota, Refused, Some(402), Stop(Final), Stop(Final), Stop(Final)),
        (Moderation, Refused, Some(400), Stop(Final), Stop(Final), Stop(Final)),
        (Moderation, Unknown, Some(200), Stop(Final), Stop(Final), Stop(Final)),
        (Authentication, Refused, Some(401), Stop(Final), Stop(Final), Stop(Final)),
        (Permission, Refused, Some(403), Stop(Final), Stop(Final), Stop(Final)),
        (Model, Refused, Some(404), Stop(Final), Stop(Final), Stop(Final)),
        (InvalidRequest, Refused, Some(400), Stop(Final), Stop(Final), Stop(Final)),
        (InvalidRequest, Refused, Some(409), Stop(Final), Stop(Final), sdk),
        (InvalidRequest, Refused, Some(413), Stop(Final), Stop(Final), Stop(Final)),
        (InvalidRequest, Refused, Some(422), Stop(Final), Stop(Final), Stop(Final)),
        (RedirectRefused, Refused, Some(307), Stop(Final), Stop(Final), Stop(Final)),
        // Its fate is open.
        (Timeout, Unknown, None, Stop(Open), again, sdk_again),
        (Timeout, Unknown, Some(200), Stop(Open), again, sdk_again),
        (Timeout, Unknown, Some(408), Stop(Open), again, sdk_again),
        (Transport, Unknown, None, Stop(Open), again, sdk_again),
        (Transport, Unknown, Some(200), Stop(Open), again, sdk_again),
        (Server, Unknown, Some(500), Stop(Open), again, sdk_again),
        (Server, Unknown, Some(502), Stop(Open), again, sdk_again),
        (Server, Unknown, Some(504), Stop(Open), again, sdk_again),
        (Server, Unknown, Some(520), Stop(Open), again, sdk_again),
        (Server, Unknown, Some(524), Stop(Open), again, sdk_again),
        (Server, Unknown, Some(200), Stop(Open), again, Stop(Final)),
        (Decode, Unknown, Some(200), Stop(Open), again, Stop(Final)),
        (UnexpectedContentType, Unknown, Some(200), Stop(Open), again, Stop(Final)),
        (TooLarge, Unknown, Some(200), Stop(Final), Stop(Final), Stop(Final)),
        (NoImage, Unknown, Some(200), Stop(Final), Stop(Final), Stop(Final)),
        // Bought.
        (Download, Done, None, Stop(Final), Stop(Final), Stop(Final)),
        (Decode, Done, None, Stop(Final), Stop(Final), Stop(Final)),
        (Io, Done, None, Stop(Final), Stop(Final), Stop(Final)),
    ];
    let policies = [Policy::default(), Policy::default().retry_unknown(1), Policy::compat()];
    for (kind, outcome, status, default, allowed, compat) in table {
        let failure = failure(*kind, *outcome, *status);
        for (policy, expected) in policies.iter().zip([default, allowed, compat]) {
            assert_eq!(decide(policy, &failure, &first(), HALF), *expected, "{failure:?} {policy:?}");
        }
        // The word of the service, where it may be heard: never against an open fate, a filter, or an account.
        let forbidden = Failure { should_retry: Some(false), ..failure };
        let advised = Failure { should_retry: Some(true), ..failure };
        for policy in &policies {
            assert_eq!(decide(policy, &forbidden, &first(), HALF), Stop(Forbidden));
        }
        let raised = match (kind, outcome, default) {
            (InvalidRequest | Model, Refused, Stop(Final)) => soon,
            _ => *default,
        };
        assert_eq!(decide(&Policy::default(), &advised, &first(), HALF), raised, "{advised:?}");
        assert_eq!(
            decide(&Policy::never(), &failure, &first(), HALF),
            match default {
                Decision::Retry { .. } => Stop(Attempts),
                Stop(reason) => Stop(*reason),
            }
        );
    }
}

/// The wait that a service asks for, in milliseconds, and what becomes of it with all but `left` seconds used up.
#[test]
fn waits_that_a_service_asks_for() {
    #[rustfmt::skip]
    let table: &[(u64, u64, f64, Decision)] = &[
        (1, 600, 0.0, retry(1, 5)),
        (1000, 600, 0.0, retry(1000, 5)),
        (1000, 600, 0.5, retry(1050, 5)),
        (1500, 600, 1.0, retry(1650, 5)),
        (12_000, 600, 0.5, retry(12_600, 5)),
        (119_999, 600, 0.0, retry(119_999, 5)),
        (120_000, 600, 0.0, retry(120_000, 5)),
        (120_000, 600, 1.0, retry(132_000, 5)),
        (120_001, 600, 0.0, Stop(TooLong)),
        (121_000, 600, 0.0, Stop(TooLong)),
        (99_999_999_999_000, 600, 0.0, Stop(TooLong)),
        (u64::MAX, 600, 0.0, Stop(TooLong)),
        (29_000, 30, 0.0, retry(29_000, 5)),
        (29_000, 30, 1.0, retry(29_500, 5)),
        (30_000, 30, 0.0, Stop(Deadline)),
        (31_000, 30, 0.0, Stop(Deadline)),
        (1, 0, 0.0, Stop(Deadline)),
    ];
    for (asked, left, random, expected) in table {
        for (kind, status) in [(RateLimit, 429), (Server, 503), (Server, 529)] {
            let delay = Some(Duration::from_millis(*asked));
            let failure = Failure { retry_after: delay, ..failure(kind, Refused, Some(status)) };
            let situation = Situation { elapsed: CALL.saturating_sub(Duration::from_secs(*left)), ..first() };
            assert_eq!(
                decide(&Policy::default(), &failure, &situation, *random),
                *expected,
                "{asked} {left}"
            );
        }
    }
    let compat =
        Failure { retry_after: Some(Duration::from_secs(121)), ..failure(RateLimit, Refused, Some(429)) };
    assert_eq!(decide(&Policy::compat(), &compat, &first(), HALF), Stop(TooLong));
}

/// Own waits: attempt, random number, and the waits after a failure of the network, after a refusal for the moment, and
/// in the manner of the official clients.
#[test]
fn waits_double_up_to_a_bound_and_are_random() {
    let policy = Policy::default().attempts(99);
    let compat = Policy::compat().attempts(99);
    #[rustfmt::skip]
    let table: &[(u32, f64, u64, u64, u64)] = &[
        (1, 0.0, 0, 0, 500),
        (1, 0.5, 250, 500, 437),
        (1, 1.0, 500, 1000, 375),
        (2, 1.0, 1000, 2000, 750),
        (3, 1.0, 2000, 4000, 1500),
        (4, 0.5, 2000, 4000, 3500),
        (5, 1.0, 8000, 8000, 6000),
        (6, 1.0, 8000, 8000, 6000),
        (40, 0.25, 2000, 2000, 7500),
        (98, 1.0, 8000, 8000, 6000),
        (1, f64::NAN, 0, 0, 500),
        (1, -1.0, 0, 0, 500),
        (1, f64::INFINITY, 0, 0, 500),
        (1, 7.0, 500, 1000, 375),
    ];
    for (attempt, random, network, moment, sdk) in table {
        let situation = Situation { attempt: *attempt, ..first() };
        for (policy, failure, expected) in [
            (&policy, failure(Connect, NotSent, None), *network),
            (&policy, failure(RateLimit, Refused, Some(429)), *moment),
            (&compat, failure(Server, Refused, Some(503)), *sdk),
        ] {
            let Decision::Retry { after, .. } = decide(policy, &failure, &situation, *random) else {
                panic!("{attempt} {random}");
            };
            assert_eq!(after.as_millis(), u128::from(expected), "{attempt} {random} {failure:?}");
        }
    }
}

/// Attempt, duplicates, seconds left of the call, tokens left; then the decision after a failure of the network, after a
/// refusal for the moment, and after an open one that may be repeated once.
#[test]
fn limits() {
    let (soon, later, again) = (retry(0, 10), retry(0, 5), duplicate(0, 10));
    #[rustfmt::skip]
    let table: &[(u32, u32, u64, u32, Decision, Decision, Decision)] = &[
        (1, 0, 600, 100, soon, later, again),
        (2, 0, 600, 100, soon, later, again),
        (3, 0, 600, 100, Stop(Attempts), Stop(Attempts), Stop(Attempts)),
        (u32::MAX, 0, 600, 100, Stop(Attempts), Stop(Attempts), Stop(Attempts)),
        (2, 1, 600, 100, soon, later, Stop(Duplicates)),
        (1, 0, 0, 100, Stop(Deadline), Stop(Deadline), Stop(Deadline)),
        (1, 0, 600, 10, soon, later, again),
        (1, 0, 600, 9, Stop(Spent), later, Stop(Spent)),
        (1, 0, 600, 5, Stop(Spent), later, Stop(Spent)),
        (1, 0, 600, 4, Stop(Spent), Stop(Spent), Stop(Spent)),
        (1, 0, 600, 0, Stop(Spent), Stop(Spent), Stop(Spent)),
    ];
    let policy = Policy::default().retry_unknown(1);
    for (attempt, duplicates, left, budget, network, moment, open) in table {
        let situation = Situation {
            attempt: *attempt,
            duplicates: *duplicates,
            elapsed: CALL.saturating_sub(Duration::from_secs(*left)),
            deadline: CALL,
            budget: *budget,
        };
        for (failure, expected) in [
            (failure(Connect, NotSent, None), network),
            (failure(RateLimit, Refused, Some(429)), moment),
            (failure(Transport, Unknown, None), open),
        ] {
            assert_eq!(decide(&policy, &failure, &situation, 0.0), *expected, "{situation:?} {failure:?}");
        }
    }
    let early = failure(Server, Refused, Some(425));
    let second = Situation { attempt: 2, ..first() };
    assert_eq!(decide(&Policy::default(), &early, &second, 0.0), Stop(Final));
    let spent = Situation { budget: 0, ..first() };
    assert!(matches!(
        decide(&Policy::compat(), &failure(Connect, NotSent, None), &spent, 0.0),
        Decision::Retry { cost: 0, .. }
    ));
}

#[test]
fn a_dead_service_gets_ten_repetitions_however_many_calls_there_are() {
    let budget = Budget::new();
    let policy = Policy::default();
    let dead = failure(Connect, NotSent, None);
    let mut requests = 0;
    for _ in 0..1000 {
        for attempt in 1.. {
            requests += 1;
            let decision = budget
                .decide(|budget| decide(&policy, &dead, &Situation { attempt, budget, ..first() }, 0.0));
            if matches!(decision, Stop(_)) {
                break;
            }
        }
    }
    assert_eq!(requests, 1010);
    for _ in 0..10 {
        budget.succeeded();
    }
    let one = budget.decide(|budget| decide(&policy, &dead, &Situation { budget, ..first() }, 0.0));
    assert_eq!(one, retry(0, 10));
}
