//! Streamed answers, by the names of the catalogue of failures (`b`). What the events mean is tested without connections
//! in `decode_stream.rs` and `decode_sse.rs` (b8 to b13, b16, b20, b21, b26).
#![cfg(feature = "reqwest")]

mod canary;
mod server;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use canary::{KEY, PROMPT, assert_private};
use imagewire_transport::{Checking, Client, Destination, Error, ImageEvent, Kind, Outcome, Progress, Timer};
use imagewire_types::{Base64, CreateImageRequest, UnixTime};
use server::{Reply, Server, html, json, reply};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const POST: &str = "/v1/images/generations";
const SOON: Duration = Duration::from_millis(300);
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req-1\r\n\r\n";

/// The service of the other tests documents no streams.
fn client_at(base: &str) -> Client {
    canary::client_at(base).checking(Checking::Off)
}

fn gif(number: u8) -> Vec<u8> {
    [&b"GIF89a\x03\0\x02\0\0\0\0;"[..], &[number; 50]].concat()
}

fn partial(number: u8) -> String {
    let image = Base64::encode(gif(number));
    // The image before what it is.
    format!(
        "event: image_generation.partial_image\ndata: {{\"b64_json\":\"{}\",\"partial_image_index\":{number},\"type\":\"image_generation.partial_image\"}}\n\n",
        image.as_str()
    )
}

fn completed(number: u8) -> String {
    let image = Base64::encode(gif(number));
    format!(
        "data: {{\"type\":\"image_generation.completed\",\"b64_json\":\"{}\",\"created_at\":7,\"usage\":{{\"total_tokens\":5}}}}\n\n",
        image.as_str()
    )
}

fn request() -> CreateImageRequest {
    CreateImageRequest::new(PROMPT).model("gpt-image-1").stream(true)
}

fn stream(events: &[String]) -> Vec<u8> {
    [HEAD, &events.concat()].concat().into_bytes()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

/// All events, as text.
async fn told(client: &Client, request: &CreateImageRequest) -> Result<Vec<String>, Error> {
    let mut stream = client.stream(request).await?;
    let mut told = Vec::new();
    while let Some(event) = stream.next().await {
        told.push(match event {
            Ok(ImageEvent::Partial { number, image, .. }) => format!("partial {number} {}", image.bytes[20]),
            Ok(ImageEvent::Completed { image, event }) => {
                let tokens = event.usage.as_ref().and_then(|usage| usage.total_tokens);
                format!("completed {} {} {tokens:?}", image.index, image.bytes[20])
            }
            Ok(ImageEvent::Other { name }) => format!("other {name}"),
            Ok(event) => panic!("{event:?}"),
            Err(error) => {
                assert_private(&error);
                format!("{} {}", error.kind(), error.outcome())
            }
        });
    }
    assert!(stream.next().await.is_none());
    Ok(told)
}

/// b28: the result is there at once, although the server never closes the connection.
#[tokio::test]
async fn a_stream_to_its_end_by_all_ways() {
    let events = [
        ": hello\n\n".to_owned(),
        partial(0),
        partial(1),
        "event: new\ndata: {}\n\n".to_owned(),
        completed(2),
    ];
    let whole = stream(&events);
    let server = Server::run(move |_, _, _| Reply::Stall(whole.clone())).await;
    let client = client_at(&server.base());

    let expected = ["partial 0 0", "partial 1 1", "other new", "completed 0 2 Some(5)"];
    assert_eq!(told(&client, &CreateImageRequest::new(PROMPT).model("gpt-image-1")).await.unwrap(), expected);

    let generated = client.generate(&request()).await.unwrap();
    assert_eq!(generated.images.len(), 1);
    assert_eq!(generated.images[0].bytes, gif(2));
    assert_eq!(generated.response.created, Some(UnixTime(7)));
    assert_eq!(generated.response.usage.unwrap().total_tokens, Some(5));
    assert_eq!(generated.request_id.as_deref(), Some("req-1"));

    let folder = tempfile::tempdir().unwrap();
    let destination = Destination::file(folder.path().join("a.png"));
    client.generate_to(&request(), &destination).await.unwrap();
    assert_eq!(names(folder.path()), ["a.gif"]);

    let folder = tempfile::tempdir().unwrap();
    let destination = Destination::file(folder.path().join("a.png")).keep_partials(true);
    let kept: Arc<Mutex<Vec<_>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let client = client.observe(move |progress| {
        if let Progress::Partial { number, bytes, path } = progress {
            let bytes_on_disk = path.as_ref().map(|path| fs::read(path).unwrap());
            keeper.lock().unwrap_or_else(PoisonError::into_inner).push((*number, *bytes, bytes_on_disk));
        }
    });
    client.generate_to(&request(), &destination).await.unwrap();
    assert_eq!(names(folder.path()), ["a.gif", "a.partial-0.gif", "a.partial-1.gif"]);
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*kept, [(0, 64, Some(gif(0))), (1, 64, Some(gif(1)))]);

    assert_eq!(server.paths(), [POST; 4]);
    let seen = &server.seen()[0];
    assert_eq!(seen.header("accept"), Some("text/event-stream, application/json"));
    assert!(String::from_utf8_lossy(&seen.body).contains(r#""stream":true"#));
}

/// b1 to b7, b15, b19, b23, b25, b27: what a stream does, and what is made of it: by one request, always.
#[tokio::test]
async fn streams_that_fail() {
    use Kind::{
        Authentication, Decode, Incomplete, Moderation, NoImage, RateLimit, Timeout, Truncated,
        UnexpectedContentType,
    };
    use Outcome::{Refused, Unknown};
    let failure = |code: &str| {
        format!(
            "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"code\":\"{code}\",\"message\":\"{KEY} {PROMPT}\"}}}}\n\n"
        )
    };
    let chunked = |body: &str| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        format!("{head}{:x}\r\n{body}\r\n", body.len()).into_bytes()
    };
    let last: fn(Vec<u8>) -> Reply = Reply::Last;
    let stall: fn(Vec<u8>) -> Reply = Reply::Stall;
    let half = |event: &str| event[..event.len() / 2].to_owned();
    #[rustfmt::skip]
    let rows = vec![
        ("b1 nothing", last, stream(&[]), Incomplete, Unknown),
        ("b1 partial images alone", last, stream(&[partial(0), partial(1)]), Incomplete, Unknown),
        ("b2 cut inside an event", last, chunked(&half(&completed(0))), Truncated, Unknown),
        ("b3 an event without its end", last, stream(&[partial(0), completed(0).trim_end().to_owned()]), Incomplete, Unknown),
        ("b4 done", stall, stream(&[partial(0), "data: [DONE]\n\n".to_owned()]), Incomplete, Unknown),
        ("b5 refused at once", stall, stream(&[failure("moderation_blocked")]), Moderation, Refused),
        ("b5 refused after a while", stall, stream(&[partial(0), failure("moderation_blocked")]), Moderation, Unknown),
        ("b5 too many after a while", stall, stream(&[partial(0), failure("rate_limit_exceeded")]), RateLimit, Unknown),
        ("b7 no key", last, reply("401 Unauthorized", "", KEY.as_bytes()), Authentication, Refused),
        ("b6 a page", last, html("<html>CANARY"), UnexpectedContentType, Unknown),
        ("b6 cut JSON", last, json("{\"data\":[{\"b64_json\":\"CANARY"), Decode, Unknown),
        ("b25 packed", last, reply("200 OK", "content-type: text/event-stream\r\ncontent-encoding: gzip", b"\x1f\x8b"), Decode, Unknown),
        ("b27 no JSON", stall, stream(&[partial(0), "data: CANARY\n\n".to_owned()]), Decode, Unknown),
        ("a broken image", stall, stream(&["data: {\"type\":\"image_generation.completed\",\"b64_json\":\"!CANARY\"}\n\n".to_owned()]), Decode, Unknown),
        ("no image", stall, stream(&["data: {\"type\":\"image_generation.completed\"}\n\n".to_owned()]), NoImage, Unknown),
        ("b19 silence", stall, stream(&[partial(0)]), Timeout, Unknown),
    ];
    for (name, reply, answer, kind, outcome) in rows {
        let server = Server::run(move |_, _, _| reply(answer.clone())).await;
        let client = client_at(&server.base()).stream_idle_timeout(SOON);
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::directory(folder.path()).keep_partials(true);
        let error = client.generate_to(&request(), &destination).await.expect_err(name);
        assert_private(&error);
        assert_eq!((error.kind(), error.outcome()), (kind, outcome), "{name}: {error:?}");
        assert_eq!(error.timer().is_some(), kind == Timeout, "{name}");
        assert!(names(folder.path()).iter().all(|name| name.contains(".partial-")), "{name}");
        assert_eq!(server.paths(), [POST], "{name}");

        // Another client: this one may have learnt that its key is refused.
        let client = client_at(&server.base()).stream_idle_timeout(SOON);
        let ended = match told(&client, &request()).await {
            Ok(told) => told.last().expect(name).clone(),
            Err(error) => format!("{} {}", error.kind(), error.outcome()),
        };
        assert_eq!(ended, format!("{kind} {outcome}"), "{name}");
        assert_eq!(server.paths(), [POST, POST], "{name}");
    }
}

/// b6: a service that does not stream.
#[tokio::test]
async fn a_plain_answer_to_a_request_for_a_stream() {
    let server = Server::start(|base, seen| match seen.path() {
        POST => json(&format!(
            r#"{{"data":[{{"b64_json":"{}"}},{{"url":"{base}/i"}}],"usage":{{"total_tokens":9}}}}"#,
            Base64::encode(gif(1)).as_str()
        )),
        _ => reply("200 OK", "", &gif(2)),
    })
    .await;
    let client = client_at(&server.base());
    assert_eq!(told(&client, &request()).await.unwrap(), ["completed 0 1 Some(9)", "completed 1 2 None"]);
    assert_eq!(client.generate(&request()).await.unwrap().images.len(), 2);
}

/// b22: one of two images fails; the other one is kept.
#[tokio::test]
async fn one_of_two_images() {
    let failure = "data: {\"type\":\"error\",\"error\":{\"code\":\"moderation_blocked\"}}\n\n".to_owned();
    let whole = stream(&[completed(1), failure]);
    let server = Server::run(move |_, _, _| Reply::Stall(whole.clone())).await;
    let client = client_at(&server.base());
    let two = request().n(2);
    let error = client.generate(&two).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Moderation, Outcome::Unknown));
    assert_eq!(error.partial().unwrap().images[0].bytes, gif(1));
    assert_eq!(told(&client, &two).await.unwrap(), ["completed 0 1 Some(5)", "moderation unknown"]);
}

/// b19: the times until the first byte, and of the upload.
#[tokio::test]
async fn times_that_run_out() {
    for answer in [Vec::new(), stream(&[])] {
        let server = Server::run(move |_, _, _| Reply::Stall(answer.clone())).await;
        let client = client_at(&server.base()).first_byte_timeout(SOON);
        let error = client.generate(&request()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Timeout, Outcome::Unknown));
        assert_eq!(error.timer(), Some(Timer::FirstByte));
        assert_eq!(server.paths(), [POST]);
    }

    // Nobody reads what goes up.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let deaf = tokio::spawn(async move {
        let _stream = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    });
    let client = client_at(&base).upload_timeout(SOON);
    let error = client.generate(&CreateImageRequest::new("x".repeat(32 << 20))).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Timeout, Outcome::Unknown));
    assert_eq!(error.timer(), Some(Timer::Upload));
    deaf.abort();
}

/// A partial image is on the disk before its event has ended; b24: whoever has seen enough closes the connection.
#[tokio::test]
async fn partial_images_do_not_wait_and_dropping_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let client = client_at(&base);
    let folder = tempfile::tempdir().unwrap();
    let destination = Destination::directory(folder.path());
    let call = tokio::spawn(async move { client.generate_to(&request(), &destination).await });
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut sent = Vec::new();
    while !String::from_utf8_lossy(&sent).contains(PROMPT) {
        assert_ne!(connection.read_buf(&mut sent).await.unwrap(), 0);
    }
    let event = partial(0);
    // All of the image, and not its event.
    let (image, _) = event.split_once("\",\"partial_image_index").unwrap();
    connection.write_all([HEAD, image, "\""].concat().as_bytes()).await.unwrap();
    while !fs::read_dir(folder.path())
        .unwrap()
        .any(|entry| fs::read(entry.unwrap().path()).unwrap() == gif(0))
    {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let closed = connection.read(&mut [0; 16]).await;
    assert!(matches!(closed, Ok(0) | Err(_)));
    assert!(names(folder.path()).is_empty());
}

/// A stream of any kind of futures, and one place among the calls at once.
#[tokio::test]
async fn a_stream_takes_a_place_until_it_is_dropped() {
    let whole = stream(&[partial(0)]);
    let server = Server::run(move |_, _, _| Reply::Stall(whole.clone())).await;
    let builder = Client::builder(canary::endpoint_at(&server.base())).max_concurrent(1);
    let client = builder.build().unwrap().checking(Checking::Off).timeout(SOON);
    let mut first = client.stream(&request()).await.unwrap();
    assert!(first.next().await.unwrap().is_ok());
    let error = client.stream(&request()).await.unwrap_err();
    assert_eq!((error.outcome(), error.timer()), (Outcome::NotSent, Some(Timer::Deadline)));
    drop(first);
    assert!(client.stream(&request()).await.is_ok());
}
