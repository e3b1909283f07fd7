//! Many calls over bad lines to a bad service, at random. The server's journal is the judge: nothing is lost, nothing is
//! bought twice, and no failure is told otherwise than it was. Nothing private is in an error, in what is logged, or on its
//! way to another server.
#![cfg(feature = "reqwest")]

mod canary;
#[cfg(feature = "tracing")]
mod recorder;
mod server;
mod toxics;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use canary::{KEY, assert_private, endpoint_at};
use imagewire_transport::{Client, Error, Generated, Kind, Outcome, Policy};
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

type Journal = Arc<Mutex<BTreeMap<u64, Entry>>>;

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
    let journal = Journal::default();
    let lock = |journal: &Mutex<BTreeMap<u64, Entry>>, call| {
        journal.lock().unwrap_or_else(PoisonError::into_inner).entry(call).or_default().to_owned()
    };
    // Where images may be fetched from, and where nobody may go.
    let pictures = Server::start(|_, seen| {
        let call = seen.path().trim_start_matches('/').split('?').next().and_then(|call| call.parse().ok());
        reply("200 OK", "", &image(call.expect("a number")))
    })
    .await;
    let elsewhere = Server::start(|_, _| reply("200 OK", "", &image(0))).await;
    let origins = (format!("http://{}", pictures.host()), format!("http://{}", elsewhere.host()));
    #[cfg(feature = "tracing")]
    let recorder = recorder::Recorder::default();
    #[cfg(feature = "tracing")]
    let (_guard, mut heard) = (listen(&recorder), 0);

    let server = service(Arc::clone(&journal), random.fork(), origins.clone()).await;
    let mut ended: BTreeMap<&str, u32> = BTreeMap::new();
    let mut running = tokio::task::JoinSet::new();
    for call in 0..calls {
        if running.len() >= AT_ONCE {
            count(&mut ended, running.join_next().await);
        }
        let (up, down) = (toxic(&mut random), toxic(&mut random));
        let (address, journal) = (server.address(), Arc::clone(&journal));
        let origin = origins.0.clone();
        #[cfg(feature = "tracing")]
        {
            heard += check(&recorder);
        }
        running.spawn(async move {
            let proxy = Proxy::start(address, up, down).await;
            let none = Duration::from_millis(1);
            let client = Client::builder(endpoint_at(&proxy.base())).allow_downloads_from(origin);
            let client = client.build().expect("a client");
            let client = client.retry(Policy::default().backoff_times(none, none, none));
            let result = client.generate(&CreateImageRequest::new(format!("CANARY-PROMPT {call}"))).await;
            let entry = lock(&journal, call);
            let told = format!("call {call}, {up:?} up, {down:?} down: {entry:?}, {result:?}");
            judge(call, entry, result, &told)
        });
    }
    while let Some(end) = running.join_next().await {
        count(&mut ended, Some(end));
    }
    println!("{ended:?}");
    #[cfg(feature = "tracing")]
    {
        heard += check(&recorder);
        println!("{heard} bytes of logs");
        assert!(heard > 0);
    }
    assert!(elsewhere.seen().is_empty());
    for request in pictures.seen() {
        for private in [KEY, "CANARY-PROMPT", "CANARY-TEAM", "authorization"] {
            assert!(!request.head.contains(private), "{}", request.head);
        }
    }
    assert_eq!(ended.values().map(|count| u64::from(*count)).sum::<u64>(), calls);
}

/// Draws, refuses, fails and repeats what it was sent, as `dice` will. Its links lead to the first origin and to the second.
async fn service(journal: Journal, dice: fastrand::Rng, origins: (String, String)) -> Server {
    let (dice, (good_links, bad_links)) = (Mutex::new(dice), origins);
    Server::run(move |_, seen, _| {
        let request: CreateImageRequest = serde_json::from_slice(&seen.body).expect("a request");
        let call: u64 =
            request.prompt.rsplit(' ').next().and_then(|call| call.parse().ok()).expect("a number");
        let mut entries = journal.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(call).or_default();
        entry.posts += 1;
        let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
        let echo = format!("{KEY} may not draw {}", request.prompt);
        let busy = |status: &str| Reply::Last(reply(status, "retry-after-ms: 1", echo.as_bytes()));
        match dice.u32(0..20) {
            0 => busy("429 Too Many Requests"),
            1 => busy("503 Service Unavailable"),
            2 => Reply::Last(reply("400 Bad Request", "", echo.as_bytes())),
            8 => {
                Reply::Last(reply("307 Hop", &format!("location: {bad_links}/CANARY?{KEY}"), echo.as_bytes()))
            }
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
                    9 => Reply::Last(link(&bad_links, call)),
                    10 => Reply::Last(link(&good_links, call)),
                    _ => Reply::Last(good),
                }
            }
        }
    })
    .await
}

/// Holds what a call says against what became of it.
fn judge(call: u64, entry: Entry, result: Result<Generated, Error>, told: &str) -> &'static str {
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
                // Its link leads where nobody may go.
                Outcome::Done => {
                    assert_eq!((error.kind(), entry.drawn), (Kind::Download, 1), "{told}");
                    assert!(error.partial().is_some_and(|part| part.response.data[0].url.is_some()));
                }
            }
            error.outcome().as_str()
        }
    }
}

fn link(origin: &str, call: u64) -> Vec<u8> {
    json(&format!(r#"{{"data":[{{"url":"{origin}/{call}?sig=CANARY-SIGNATURE"}}]}}"#))
}

#[cfg(feature = "tracing")]
fn listen(recorder: &recorder::Recorder) -> tracing::subscriber::DefaultGuard {
    log::set_boxed_logger(Box::new(recorder.clone())).expect("the only one");
    log::set_max_level(log::LevelFilter::Trace);
    tracing::subscriber::set_default(recorder.clone())
}

/// How much was logged since the last time, none of it private.
#[cfg(feature = "tracing")]
fn check(recorder: &recorder::Recorder) -> usize {
    let text = recorder.take();
    canary::assert_clean(&text);
    text.len()
}

/// A secret that gets into a log is found there.
#[cfg(feature = "tracing")]
#[test]
#[should_panic(expected = "CANARY in")]
fn a_leak_into_a_log_is_found() {
    let recorder = recorder::Recorder::default();
    tracing::subscriber::with_default(recorder.clone(), || tracing::trace!(key = KEY, "sent"));
    canary::assert_clean(&recorder.take());
}

fn count(ended: &mut BTreeMap<&'static str, u32>, end: Option<Result<&'static str, tokio::task::JoinError>>) {
    if let Some(end) = end {
        *ended.entry(end.expect("no panic")).or_default() += 1;
    }
}
