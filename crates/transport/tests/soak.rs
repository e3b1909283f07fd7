//! Many calls over bad lines to a bad service, at random. The server's journal is the judge: nothing is lost, nothing is
//! bought twice, and no failure is told otherwise than it was.
#![cfg(feature = "reqwest")]

mod canary;
mod server;
mod toxics;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use canary::{KEY, assert_private, endpoint_at};
use imagewire_transport::{Client, Outcome, Policy};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Reply, Server, json, reply};
use toxics::{Proxy, Toxic};

/// Set to make more calls than usual.
const CALLS: &str = "IMAGEWIRE_SOAK_CALLS";
/// Set to repeat a run.
const SEED: &str = "IMAGEWIRE_SOAK_SEED";
const AT_ONCE: usize = 8;

/// An image of its own for each call.
fn image(number: u64) -> Vec<u8> {
    [&b"GIF89a\x03\0\x02\0\0\0\0;"[..], &number.to_be_bytes()].concat()
}

/// What became of a call on the service's side.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    posts: u32,
    /// How many of them drew an image, delivered or not.
    drawn: u32,
}

fn number(environment: &str, usual: u64) -> u64 {
    std::env::var(environment).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn toxic(random: &mut fastrand::Rng) -> Toxic {
    match random.u32(0..20) {
        0 => Toxic::Latency(Duration::from_millis(random.u64(1..5))),
        1 => Toxic::Down,
        2 => Toxic::Bandwidth(random.usize(100..1000)),
        3 => Toxic::SlowClose(Duration::from_millis(random.u64(1..5))),
        4 => Toxic::Timeout(Some(Duration::from_millis(random.u64(1..5)))),
        5 => Toxic::ResetPeer,
        6 => Toxic::Slicer(random.usize(1..50)),
        7 => Toxic::LimitData(random.usize(1..600)),
        8 => Toxic::ResetAfter(random.usize(1..600)),
        _ => Toxic::None,
    }
}

#[tokio::test]
async fn nothing_is_lost_or_bought_twice() {
    let seed = number(SEED, fastrand::u64(..));
    let calls = number(CALLS, 400);
    println!("{SEED}={seed} {CALLS}={calls}");
    let mut random = fastrand::Rng::with_seed(seed);
    let journal: Arc<Mutex<BTreeMap<u64, Entry>>> = Arc::default();
    let lock = |journal: &Mutex<BTreeMap<u64, Entry>>, call| {
        journal.lock().unwrap_or_else(PoisonError::into_inner).entry(call).or_default().to_owned()
    };
    let (entries, dice) = (Arc::clone(&journal), Mutex::new(random.fork()));
    let server = Server::run(move |_, seen, _| {
        let request: CreateImageRequest = serde_json::from_slice(&seen.body).expect("a request");
        let call: u64 =
            request.prompt.rsplit(' ').next().and_then(|call| call.parse().ok()).expect("a number");
        let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(call).or_default();
        entry.posts += 1;
        let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
        // As services do that repeat what they were sent.
        let echo = format!("{KEY} may not draw {}", request.prompt);
        let busy = |status: &str| Reply::Last(reply(status, "retry-after-ms: 1", echo.as_bytes()));
        match dice.u32(0..20) {
            0 => busy("429 Too Many Requests"),
            1 => busy("503 Service Unavailable"),
            2 => Reply::Last(reply("400 Bad Request", "", echo.as_bytes())),
            other => {
                entry.drawn += 1;
                let payload = Base64::encode(image(call));
                let good = json(&format!(r#"{{"data":[{{"b64_json":"{}"}}]}}"#, payload.as_str()));
                match other {
                    3 => Reply::Reset,
                    4 => Reply::Last(Vec::new()),
                    5 => Reply::Last(good[..dice.usize(1..good.len())].to_vec()),
                    6 => Reply::Last(reply("500 Oops", "", echo.as_bytes())),
                    7 => Reply::Last(reply("200 OK", "content-type: text/html", b"<html>CANARY")),
                    _ => Reply::Last(good),
                }
            }
        }
    })
    .await;

    let mut ended: BTreeMap<&str, u32> = BTreeMap::new();
    let mut running = tokio::task::JoinSet::new();
    for call in 0..calls {
        if running.len() >= AT_ONCE {
            count(&mut ended, running.join_next().await);
        }
        let (up, down) = (toxic(&mut random), toxic(&mut random));
        let (address, journal) = (server.address(), Arc::clone(&journal));
        running.spawn(async move {
            let proxy = Proxy::start(address, up, down).await;
            let none = Duration::from_millis(1);
            let client = Client::new(endpoint_at(&proxy.base())).expect("a client");
            let client = client.retry(Policy::default().backoff_times(none, none, none));
            let result = client.generate(&CreateImageRequest::new(format!("CANARY-PROMPT {call}"))).await;
            let entry = lock(&journal, call);
            let told = format!("call {call}, {up:?} up, {down:?} down: {entry:?}, {result:?}");
            assert!(entry.drawn <= 1, "bought twice: {told}");
            assert!(entry.posts <= 3, "{told}");
            match result {
                Ok(generated) => {
                    assert_eq!(generated.images[0].bytes, image(call), "{told}");
                    assert_eq!(entry.drawn, 1, "{told}");
                    "bought"
                }
                Err(error) => {
                    assert_private(&error);
                    match error.outcome() {
                        Outcome::NotSent | Outcome::Refused => assert_eq!(entry.drawn, 0, "{told}"),
                        Outcome::Unknown => assert!(error.attempts().len() <= 3, "{told}"),
                        Outcome::Done => panic!("{told}"),
                    }
                    error.outcome().as_str()
                }
            }
        });
    }
    while let Some(end) = running.join_next().await {
        count(&mut ended, Some(end));
    }
    println!("{ended:?}");
    assert_eq!(ended.values().map(|count| u64::from(*count)).sum::<u64>(), calls);
}

fn count(ended: &mut BTreeMap<&'static str, u32>, end: Option<Result<&'static str, tokio::task::JoinError>>) {
    if let Some(end) = end {
        *ended.entry(end.expect("no panic")).or_default() += 1;
    }
}
