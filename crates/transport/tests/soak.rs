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
use imagewire_transport::{
    Checking, Client, Destination, Error, ImageEvent, Kind, Outcome, Policy, Unfinished,
};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Reply, Server, json, reply};
use toxics::{Proxy, Toxic};

/// Set to make more calls than usual.
const CALLS: &str = "IMAGEWIRE_SOAK_CALLS";
/// Set to repeat a run.
const SEED: &str = "IMAGEWIRE_SOAK_SEED";
const AT_ONCE: usize = 8;

/// An image of its own for each call, and each place in its answer. Some are large enough to be read piece by piece.
fn image(call: u64, index: usize) -> Vec<u8> {
    let noise = vec![b'x'; if call.is_multiple_of(5) { 80_000 } else { 0 }];
    [&b"GIF89a\x03\0\x02\0\0\0\0;"[..], &call.to_be_bytes(), &index.to_be_bytes(), &noise].concat()
}

/// How many images a call asks for.
fn images(call: u64) -> usize {
    if call.is_multiple_of(3) { 2 } else { 1 }
}

/// By which way a call asks for images.
#[derive(Clone, Copy, Debug)]
enum Way {
    Memory,
    Files,
    Writers,
    Stream,
}

/// What a call got: the images by their places, and the failure.
type Got = (BTreeMap<usize, Vec<u8>>, Option<Error>);

impl Way {
    fn of(call: u64) -> Self {
        match call % 4 {
            0 => Self::Memory,
            1 => Self::Files,
            2 => Self::Writers,
            _ => Self::Stream,
        }
    }

    async fn buy(self, client: &Client, request: &CreateImageRequest) -> Got {
        match self {
            Self::Memory => {
                let (generated, error) = match client.generate(request).await {
                    Ok(generated) => (Some(generated), None),
                    Err(error) => (error.partial().cloned(), Some(error)),
                };
                let images = generated.into_iter().flat_map(|generated| generated.images);
                (images.map(|image| (image.index, image.bytes.to_vec())).collect(), error)
            }
            Self::Files => {
                let folder = tempfile::tempdir().expect("a folder");
                let destination = Destination::directory(folder.path()).sync(false);
                let (delivered, error) = match client.generate_to(request, &destination).await {
                    Ok(delivered) => (Some(delivered), None),
                    Err(error) => (error.delivered().cloned(), Some(error)),
                };
                let files: Vec<_> = delivered.into_iter().flat_map(|delivered| delivered.files).collect();
                let there = std::fs::read_dir(folder.path()).expect("the folder").count();
                assert_eq!(there, files.len(), "a file that nobody knows of");
                let read = |path| std::fs::read(path).expect("the file");
                (files.into_iter().map(|file| (file.index, read(file.path))).collect(), error)
            }
            Self::Writers => {
                let (written, error) = match client.generate_into(request, |_| Vec::new()).await {
                    Ok(written) => (Some(written), None),
                    Err(Unfinished { error, written }) => (written.map(|written| *written), Some(error)),
                };
                let images = written.into_iter().flat_map(|written| written.images);
                (images.map(|image| (image.index, image.writer)).collect(), error)
            }
            Self::Stream => {
                let (mut images, mut failure) = (BTreeMap::new(), None);
                match client.stream(request).await {
                    Err(error) => failure = Some(error),
                    Ok(mut events) => {
                        while let Some(event) = events.next().await {
                            match event {
                                Ok(ImageEvent::Completed { image, .. }) => {
                                    images.insert(image.index, image.bytes.to_vec());
                                }
                                Ok(_) => {}
                                Err(error) => failure = failure.or(Some(error)),
                            }
                        }
                    }
                }
                (images, failure)
            }
        }
    }
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
        let mut numbers = seen.path().split(['/', '?']).skip(1);
        let mut number = || numbers.next().and_then(|number| number.parse().ok()).expect("a number");
        let (call, index) = (number(), number());
        reply("200 OK", "", &image(call, usize::try_from(index).expect("a place")))
    })
    .await;
    let elsewhere = Server::start(|_, _| reply("200 OK", "", &image(0, 0))).await;
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
            let n = u32::try_from(images(call)).expect("a few");
            let request = CreateImageRequest::new(format!("CANARY-PROMPT {call}")).n(n);
            let way = Way::of(call);
            let (got, failure) = way.buy(&client.checking(Checking::Off), &request).await;
            let entry = lock(&journal, call);
            let told = format!(
                "call {call}, {way:?}, {up:?} up, {down:?} down: {entry:?}, {} came, {failure:?}",
                got.len()
            );
            judge(call, entry, (got, failure), &told)
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
                let payload = |index| Base64::encode(image(call, index)).into_string();
                let item = |index| format!(r#"{{"b64_json":"{}"}}"#, payload(index));
                let items: Vec<String> = (0..images(call)).map(item).collect();
                let event = |index| {
                    let kind = "image_generation.completed";
                    format!(
                        "event: {kind}\ndata: {{\"type\":\"{kind}\",\"b64_json\":\"{}\"}}\n\n",
                        payload(index)
                    )
                };
                let good = if request.stream == Some(true) && dice.bool() {
                    let events: String = (0..images(call)).map(event).collect();
                    reply("200 OK", "content-type: text/event-stream", events.as_bytes())
                } else {
                    json(&format!(r#"{{"data":[{}]}}"#, items.join(",")))
                };
                match other {
                    3 => Reply::Reset,
                    4 => Reply::Last(Vec::new()),
                    5 => Reply::Last(good[..dice.usize(1..good.len())].to_vec()),
                    6 => Reply::Last(reply("500 Oops", "", echo.as_bytes())),
                    7 => Reply::Last(reply("200 OK", "content-type: text/html", b"<html>CANARY")),
                    9 => Reply::Last(links(&bad_links, call)),
                    10 => Reply::Last(links(&good_links, call)),
                    _ => Reply::Last(good),
                }
            }
        }
    })
    .await
}

/// Holds what a call says against what became of it.
fn judge(call: u64, entry: Entry, (got, failure): Got, told: &str) -> &'static str {
    assert!(entry.drawn <= 1, "bought twice: {told}");
    assert!(entry.posts <= 3, "{told}");
    for (index, bytes) in &got {
        assert!(*index < images(call) && *bytes == image(call, *index), "silently wrong: {told}");
        assert_eq!(entry.drawn, 1, "{told}");
    }
    let Some(error) = failure else {
        assert_eq!(got.len(), images(call), "lost: {told}");
        return "bought";
    };
    assert_private(&error);
    match error.outcome() {
        Outcome::NotSent | Outcome::Refused => assert_eq!(entry.drawn, 0, "{told}"),
        Outcome::Unknown => assert!(error.attempts().len() <= 3, "{told}"),
        // Its links lead where nobody may go. A stream tells of them in its answer alone.
        Outcome::Done => {
            assert_eq!((error.kind(), entry.drawn), (Kind::Download, 1), "{told}");
            let is_kept = error.links().len() == images(call);
            assert!(is_kept || matches!(Way::of(call), Way::Writers | Way::Stream), "{told}");
        }
    }
    error.outcome().as_str()
}

fn links(origin: &str, call: u64) -> Vec<u8> {
    let link = |index| format!(r#"{{"url":"{origin}/{call}/{index}?sig=CANARY-SIGNATURE"}}"#);
    let items: Vec<String> = (0..images(call)).map(link).collect();
    json(&format!(r#"{{"data":[{}]}}"#, items.join(",")))
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
