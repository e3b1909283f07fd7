//! Any failures in any order.

use proptest::{prelude::*, sample::select};

use super::*;

fn failures() -> impl Strategy<Value = Failure> {
    let kinds = vec![
        Configuration,
        Connect,
        Tls,
        Timeout,
        Transport,
        RedirectRefused,
        Authentication,
        Permission,
        Model,
        InvalidRequest,
        Moderation,
        RateLimit,
        Quota,
        Server,
        UnexpectedContentType,
        Decode,
        TooLarge,
        NoImage,
        Download,
        Io,
        CircuitOpen,
    ];
    let statuses =
        vec![None, Some(200), Some(400), Some(408), Some(409), Some(425), Some(429), Some(500), Some(503)];
    (
        select(kinds),
        select(vec![NotSent, Refused, Unknown, Done]),
        select(statuses),
        proptest::option::of(0_u64..200_000),
        proptest::option::of(any::<bool>()),
    )
        .prop_map(|(kind, outcome, status, delay, should_retry)| Failure {
            kind,
            outcome,
            status,
            retry_after: delay.map(Duration::from_millis),
            should_retry,
        })
}

fn policies() -> impl Strategy<Value = Policy> {
    (any::<bool>(), 0_u32..8, 0_u32..4).prop_map(|(compat, attempts, duplicates)| {
        if compat {
            Policy::compat().attempts(attempts)
        } else {
            Policy::default().attempts(attempts).retry_unknown(duplicates)
        }
    })
}

proptest! {
    /// A whole call, with any failures in any order.
    #[test]
    fn no_call_outlives_its_deadline_or_its_attempts(
        policy in policies(),
        failures in proptest::collection::vec((failures(), 0_u64..40_000, 0.0..1.0_f64), 1..12),
        deadline in 0_u64..400_000,
    ) {
        let deadline = Duration::from_millis(deadline);
        let (mut elapsed, mut slept, mut posts, mut duplicates) = (Duration::ZERO, Duration::ZERO, 0, 0);
        let budget = Budget::new();
        for (failure, took, random) in &failures {
            posts += 1;
            elapsed += Duration::from_millis(*took);
            let decision = budget.decide(|budget| {
                let situation = Situation { attempt: posts, duplicates, elapsed, deadline, budget };
                decide(&policy, failure, &situation, *random)
            });
            let Decision::Retry { after, possible_duplicate, .. } = decision else { break };
            duplicates += u32::from(possible_duplicate);
            prop_assert!(elapsed + after < deadline);
            prop_assert!(failure.retry_after.is_none_or(|delay| after >= delay && delay <= LONGEST_WAIT));
            prop_assert!(failure.should_retry != Some(false) && failure.outcome != Done);
            elapsed += after;
            slept += after;
        }
        prop_assert!(posts <= policy.max_attempts());
        prop_assert!(slept < deadline || slept.is_zero());
    }

    #[test]
    fn what_may_be_bought_is_not_bought_again_by_default(
        failure in failures(), attempt in 1_u32..5, random in 0.0..1.0_f64, attempts in 1_u32..9,
    ) {
        let situation = Situation { attempt, ..first() };
        let decision = decide(&Policy::default().attempts(attempts), &failure, &situation, random);
        if matches!(failure.outcome, Unknown | Done) {
            prop_assert!(matches!(decision, Stop(_)));
        }
        if let Decision::Retry { possible_duplicate, .. } = decision {
            prop_assert!(!possible_duplicate);
            prop_assert!(!matches!(failure.kind, Quota | Moderation | Authentication | Permission | Tls));
        }
    }
}
