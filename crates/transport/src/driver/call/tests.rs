//! Calls under a clock that stands still while something can be done: all times are exact.

use std::{cell::RefCell, collections::VecDeque};

use super::*;

/// An attempt that takes so many seconds and ends like this.
type Step = (u64, Result<&'static str, Error>);

const CALL: Duration = Duration::from_secs(600);

fn connect() -> Error {
    Error::new(Kind::Connect, Outcome::NotSent, "no connection")
}

fn open() -> Error {
    Error::new(Kind::Transport, Outcome::Unknown, "broken")
}

fn busy(seconds: u64) -> Error {
    Error::new(Kind::RateLimit, Outcome::Refused, "slow down")
        .with_status(http::StatusCode::TOO_MANY_REQUESTS)
        .with_request_id(Some("req-9".to_owned()))
        .with_retry_after(Some(Duration::from_secs(seconds)))
}

fn call(gates: &Arc<Gates>, policy: Policy, deadline: Duration) -> Call<'_> {
    const NOBODY: &Observer = &Observer::nobody();
    Call::begin(gates, policy, "Example", deadline, NOBODY)
}

/// Runs a call against a script; the answer, and how many attempts were made.
async fn run(
    gates: &Arc<Gates>,
    policy: Policy,
    deadline: Duration,
    steps: Vec<Step>,
) -> (Result<(&'static str, Vec<Attempt>), Error>, u32) {
    let script = RefCell::new(VecDeque::from(steps));
    let made = RefCell::new(0);
    let call = call(gates, policy, deadline);
    let result = call.run(|round| {
        *made.borrow_mut() += 1;
        assert_eq!(round.number, *made.borrow());
        let (seconds, result) = script.borrow_mut().pop_front().expect("no more attempts");
        async move {
            if !matches!(&result, Err(error) if error.outcome() == Outcome::NotSent) {
                touch(&round.witness);
            }
            sleep(Duration::from_secs(seconds)).await;
            result
        }
    });
    let result = result.await.map(|success| {
        success.pass.record(None, 0.0);
        (success.value, success.failed)
    });
    let made = *made.borrow();
    (result, made)
}

/// As if the request had been written.
fn touch(witness: &Witness) {
    use http_body::Body as _;

    let mut body = witness.watch(bytes::Bytes::from_static(b"{}"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::Pin::new(&mut body).poll_frame(&mut context).is_ready());
}

/// a1, a48
#[tokio::test(start_paused = true)]
async fn what_did_not_leave_is_sent_again_and_every_attempt_is_listed() {
    let gates = Gates::new(None, None);
    let (result, made) =
        run(&gates, Policy::default(), CALL, vec![(1, Err(connect())), (1, Err(busy(7))), (1, Ok("image"))])
            .await;
    let (value, failed) = result.unwrap();
    assert_eq!((value, made), ("image", 3));
    let listed: Vec<_> =
        failed.iter().map(|attempt| (attempt.number, attempt.kind, attempt.outcome)).collect();
    assert_eq!(listed, [(1, Kind::Connect, Outcome::NotSent), (2, Kind::RateLimit, Outcome::Refused)]);
    assert_eq!(failed[1].status, Some(429));
    assert_eq!(failed[1].request_id.as_deref(), Some("req-9"));
    assert_eq!(failed[0].elapsed, Duration::from_secs(1));
    assert!(failed.iter().all(|attempt| !attempt.possible_duplicate));

    let (result, made) =
        run(&gates, Policy::default(), CALL, (0..3).map(|_| (1, Err(connect()))).collect()).await;
    let error = result.unwrap_err();
    assert_eq!((error.attempts().len(), made), (3, 3));
    assert!(error.to_string().ends_with("(3 attempts)"), "{error}");
}

/// a39, a41: the wait is as long as asked for, and at most a tenth longer.
#[tokio::test(start_paused = true)]
async fn waits_that_are_asked_for_are_kept() {
    for (asked, made, least, most) in [(12, 2, 12.0, 13.2), (120, 2, 120.0, 132.0), (121, 1, 0.0, 0.0)] {
        let gates = Gates::new(None, None);
        let begin = Instant::now();
        let (result, attempts) =
            run(&gates, Policy::default(), CALL, vec![(0, Err(busy(asked))), (0, Ok("image"))]).await;
        assert_eq!(attempts, made, "{asked}");
        let waited = begin.elapsed().as_secs_f64();
        assert!(waited >= least && waited <= most + 0.01, "{asked}: {waited}");
        if made == 1 {
            assert_eq!(result.unwrap_err().retry_after(), Some(Duration::from_secs(asked)));
        }
    }
}

/// a8-a11, a43, a46
#[tokio::test(start_paused = true)]
async fn what_may_be_bought_is_not_sent_again() {
    let gates = Gates::new(None, None);
    let (result, made) = run(&gates, Policy::default(), CALL, vec![(1, Err(open()))]).await;
    assert_eq!((result.unwrap_err().outcome(), made), (Outcome::Unknown, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_allows_it_buys_twice_at_most_and_is_told() {
    let gates = Gates::new(None, None);
    let policy = Policy::default().attempts(9).retry_unknown(1);
    let (result, made) =
        run(&gates, policy, CALL, vec![(0, Err(open())), (0, Err(connect())), (0, Ok("image"))]).await;
    let (_, failed) = result.unwrap();
    assert_eq!(made, 3);
    assert_eq!(failed.iter().map(|attempt| attempt.possible_duplicate).collect::<Vec<_>>(), [false, true]);

    let (result, made) = run(&gates, policy, CALL, vec![(0, Err(open())), (0, Err(open()))]).await;
    assert_eq!((result.unwrap_err().attempts().len(), made), (2, 2));

    // The last attempt did not leave, but the first one may have bought an image: so the call may have.
    let policy = Policy::default().attempts(2).retry_unknown(1);
    let (result, _) = run(&gates, policy, CALL, vec![(0, Err(open())), (0, Err(connect()))]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Connect, Outcome::Unknown));
    assert!(!error.is_retryable());
}

/// a13, a15, a49
#[tokio::test(start_paused = true)]
async fn one_deadline_covers_everything() {
    let deadline = Duration::from_secs(30);
    for (steps, made, took, kind, outcome) in [
        // The answer does not come.
        (vec![(31, Ok("late"))], 1, 30, Kind::Timeout, Outcome::Unknown),
        // The connection does not come: nothing can have been bought.
        (vec![(31, Err(connect()))], 1, 30, Kind::Timeout, Outcome::NotSent),
        // The wait would be longer than what is left: back at once.
        (vec![(11, Err(busy(20)))], 1, 11, Kind::RateLimit, Outcome::Refused),
        (vec![(1, Err(busy(20))), (9, Ok("late"))], 2, 30, Kind::Timeout, Outcome::Unknown),
    ] {
        let gates = Gates::new(None, None);
        let begin = Instant::now();
        let (result, attempts) = run(&gates, Policy::default(), deadline, steps).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.outcome(), attempts), (kind, outcome, made), "{error}");
        assert_eq!(begin.elapsed().as_secs(), took, "{error}");
        assert_eq!(error.timer(), (kind == Kind::Timeout).then_some(Timer::Deadline));
        assert_eq!(error.attempts().len(), usize::try_from(made).unwrap());
    }
    let gates = Gates::new(None, None);
    let (result, _) = run(&gates, Policy::default(), super::super::AGES, vec![(86_400, Ok("slow"))]).await;
    assert!(result.is_ok());
}

/// a16: nothing but the deadline watches a silent service.
#[tokio::test(start_paused = true)]
async fn a_slow_model_is_waited_for() {
    let gates = Gates::new(None, None);
    for minutes in 1..10 {
        let (result, _) = run(&gates, Policy::default(), CALL, vec![(minutes * 60, Ok("image"))]).await;
        assert!(result.is_ok(), "{minutes}");
    }
}

/// a50: the first attempts of all calls, and ten more, before the circuit breaker is thought of.
#[tokio::test(start_paused = true)]
async fn a_dead_service_is_left_alone() {
    let gates = Gates::new(None, None);
    let (mut posts, mut at_once) = (0, 0);
    for _ in 0..1000 {
        let (result, made) =
            run(&gates, Policy::default(), CALL, (0..3).map(|_| (0, Err(connect()))).collect()).await;
        posts += made;
        let error = result.unwrap_err();
        if error.kind() == Kind::CircuitOpen {
            at_once += 1;
            assert!(error.attempts().is_empty() && error.retry_after().is_some());
            assert!(error.to_string().contains("the last one: connect"), "{error}");
        }
    }
    assert!(posts <= 12, "{posts}");
    assert!(at_once > 990, "{at_once}");
    // After a while one request finds out that the service is back.
    sleep(Duration::from_secs(70)).await;
    let (result, _) = run(&gates, Policy::default(), CALL, vec![(0, Ok("image"))]).await;
    assert!(result.is_ok());
    let (result, _) = run(&gates, Policy::default(), CALL, vec![(0, Ok("image"))]).await;
    assert!(result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_does_not_lock_the_breaker() {
    let gates = Gates::new(None, None);
    for _ in 0..2 {
        let _ = run(&gates, Policy::default(), CALL, (0..3).map(|_| (0, Err(connect()))).collect()).await;
    }
    sleep(Duration::from_secs(10)).await;
    {
        let probe = run(&gates, Policy::default(), CALL, vec![(60, Ok("image"))]);
        assert!(tokio::time::timeout(Duration::from_secs(1), probe).await.is_err());
    }
    let (result, _) = run(&gates, Policy::default(), CALL, vec![(0, Ok("image"))]).await;
    assert!(result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn as_many_requests_at_once_as_there_are_places() {
    let gates = Gates::new(Some(2), None);
    let begin = Instant::now();
    let one = || run(&gates, Policy::default(), CALL, vec![(10, Ok("image"))]);
    let five = tokio::join!(one(), one(), one(), one(), one());
    let five: [_; 5] = five.into();
    assert!(five.iter().all(|(result, _)| result.is_ok()));
    assert_eq!(begin.elapsed().as_secs(), 30);

    let impatient = || run(&gates, Policy::default(), Duration::from_secs(5), vec![(4, Ok("image"))]);
    let (_, _, late) = tokio::join!(one(), one(), impatient());
    let error = late.0.unwrap_err();
    assert_eq!((error.kind(), error.outcome(), late.1), (Kind::Timeout, Outcome::NotSent, 0));
}

/// Waiting callers hold no place, so that those who wait for nothing pass.
#[tokio::test(start_paused = true)]
async fn a_pause_does_not_occupy_a_place() {
    let gates = Gates::new(Some(1), None);
    let waiting = run(&gates, Policy::default(), CALL, vec![(0, Err(connect())), (0, Ok("image"))]);
    let (a, b) = tokio::join!(waiting, run(&gates, Policy::default(), CALL, vec![(1, Ok("image"))]));
    assert!(a.0.is_ok() && b.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_images_is_learnt_from_a_refusal_and_shared() {
    let gates = Gates::new(None, None);
    let limited = busy(12).with_advice(None, Some(5));
    let (result, _) = run(&gates, Policy::never(), CALL, vec![(0, Err(limited))]).await;
    assert_eq!(result.unwrap_err().kind(), Kind::RateLimit);
    let begin = Instant::now();
    for _ in 0..3 {
        let (result, _) = run(&gates, Policy::default(), CALL, vec![(0, Ok("image"))]).await;
        assert!(result.is_ok());
    }
    // Five a minute are one every twelve seconds.
    assert_eq!(begin.elapsed().as_secs(), 36);
    let (result, made) = run(&gates, Policy::default(), Duration::from_secs(5), vec![]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.outcome(), made), (Kind::RateLimit, Outcome::NotSent, 0));
    assert!(error.retry_after().is_some() && error.is_retryable());
}

/// 4.3: a credential that was refused is not offered again: of 401 to no model, of 403 not to that one.
#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_not_offered_again() {
    let refused = |kind, status| {
        let status = http::StatusCode::from_u16(status).expect("a status");
        Error::new(kind, Outcome::Refused, "no").with_status(status)
    };
    for (kind, status, others) in [(Kind::Authentication, 401, false), (Kind::Permission, 403, true)] {
        let gates = Gates::new(None, None);
        let (result, _) = run(&gates, Policy::default(), CALL, vec![(1, Err(refused(kind, status)))]).await;
        assert_eq!(result.unwrap_err().kind(), kind);
        let (result, made) = run(&gates, Policy::default(), CALL, vec![]).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.outcome(), made), (Kind::CircuitOpen, Outcome::NotSent, 0));
        assert!(!error.is_retryable());
        assert!(error.to_string().contains(&format!("refused before ({kind}, HTTP {status})")), "{error}");
        let mut other = call(&gates, Policy::default(), CALL);
        other.model = "another";
        let result = other.run(|_| async { Ok(()) }).await;
        assert_eq!(result.is_ok(), others);
    }
}
