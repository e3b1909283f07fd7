//! The table of failures: what the client makes of each, and how many requests reached the service. Each row has the
//! name that it goes by in the catalogue of failures (`a` for the exchange, `c` for downloads).
//!
//! Of the exchange, the rows that need no connection are tested beside the code: a6 and a59 with endpoints and
//! secrets, a24 to a34 and a37 with answers, a39 to a50 with retries and calls, a61 with the checking.
#![cfg(feature = "reqwest")]

mod canary;
mod server;
mod toxics;

use std::time::Duration;

use canary::{KEY, PROMPT, assert_private, client_at};
use imagewire_transport::{Client, Error, Generated, Kind, Outcome, Policy, Timer};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Reply, Server, html, json, reply};
use toxics::{Proxy, Toxic};

const POST: &str = "/v1/images/generations";
/// Long enough for a loopback exchange on a busy machine, short enough to wait for.
const SOON: Duration = Duration::from_millis(400);

fn gif() -> Vec<u8> {
    b"GIF89a\x03\0\x02\0\0\0\0;".to_vec()
}

fn image() -> Vec<u8> {
    json(&format!(r#"{{"data":[{{"b64_json":"{}"}}]}}"#, Base64::encode(gif()).as_str()))
}

/// An answer that begins well: its length is that of the whole.
fn half() -> Vec<u8> {
    let whole = image();
    whole[..whole.len() - 20].to_vec()
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    [&head[..], body].concat()
}

fn headers(lines: &str) -> Vec<u8> {
    let body = r#"{"data":[{"b64_json":"R0lGODlhAwACAAAAADs="}]}"#;
    format!("HTTP/1.1 200 OK\r\n{lines}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Waits that do not matter here are none.
fn hasty(client: Client) -> Client {
    let none = Duration::ZERO;
    client.retry(Policy::default().backoff_times(none, none, none))
}

/// A row: its name, what the server does with its first request and with all others, what the line does in both
/// directions, and what comes of it: kind and outcome, or an image, and how many requests arrived.
struct Row {
    name: &'static str,
    first: fn() -> Reply,
    then: fn() -> Reply,
    up: Toxic,
    down: Toxic,
    ends: Result<(), (Kind, Outcome)>,
    posts: usize,
}

fn row(
    name: &'static str,
    first: fn() -> Reply,
    up: Toxic,
    down: Toxic,
    ends: Result<(), (Kind, Outcome)>,
    posts: usize,
) -> Row {
    Row { name, first, then: first, up, down, ends, posts }
}

fn last(bytes: Vec<u8>) -> Reply {
    Reply::Last(bytes)
}

async fn check(row: Row, adjust: fn(Client) -> Client) -> Result<Generated, Error> {
    let Row { name, first, then, up, down, ends, posts } = row;
    let server = Server::run(move |_, _, number| if number == 0 { first() } else { then() }).await;
    let proxy = Proxy::start(server.address(), up, down).await;
    let client = adjust(hasty(client_at(&proxy.base())));
    let result = client.generate(&CreateImageRequest::new(PROMPT)).await;
    match &result {
        Ok(generated) => assert_eq!(generated.images[0].bytes, gif(), "{name}"),
        Err(error) => {
            assert_private(error);
            let listed = error.attempts().len();
            let at_least = posts.max(1);
            assert!(listed >= at_least, "{name}: {listed} attempts listed, {posts} requests arrived");
        }
    }
    let ended = result.as_ref().map(drop).map_err(|error| (error.kind(), error.outcome()));
    assert_eq!(ended, ends, "{name}: {result:?}");
    assert_eq!(server.paths(), vec![POST; posts], "{name}");
    result
}

/// a8 to a20, a23, a40, a42, a43, a45 to a47, a53 to a55: one request, whatever happens to its answer.
#[tokio::test]
async fn failures_with_an_open_fate_cost_one_request() {
    use Kind::{
        Decode, Protocol, Server as Failed, Timeout, TooLarge, Transport, Truncated, UnexpectedContentType,
    };
    use Outcome::Unknown;
    let open = |kind| Err((kind, Unknown));
    let (free, limit) = (Toxic::None, Toxic::LimitData);
    #[rustfmt::skip]
    let rows = vec![
        row("a9 closed after the request", || last(Vec::new()), free, free, open(Transport), 1),
        row("a10 reset after the request", || Reply::Reset, free, free, open(Transport), 1),
        row("a10 reset on the line, before the answer", || last(image()), free, Toxic::ResetPeer, open(Transport), 1),
        row("a10 reset on the line, in the head", || last(image()), free, Toxic::ResetAfter(10), open(Transport), 1),
        row("a10 reset on the line, in the body", || last(image()), free, Toxic::ResetAfter(140), open(Transport), 1),
        row("a11 reset while the request goes up", || last(image()), Toxic::ResetAfter(200), free, open(Transport), 0),
        row("a11 cut while the request goes up", || last(image()), limit(200), free, open(Transport), 0),
        row("a9 cut before the answer", || last(image()), free, limit(1), open(Transport), 1),
        row("a17 cut in the head", || last(image()), free, limit(20), open(Transport), 1),
        row("a17 cut in the body", || last(image()), free, limit(140), open(Truncated), 1),
        row("a17 shorter than announced", || last(half()), free, free, open(Truncated), 1),
        row("a17 cut by a closing proxy", || last(image()), free, Toxic::Timeout(Some(Duration::ZERO)), open(Transport), 1),
        row("a18 chunks without an end", || last(chunked(b"5\r\n{\"dat\r\n")), free, free, open(Truncated), 1),
        row("a18 a bad chunk size", || last(chunked(b"zz\r\n{}\r\n0\r\n\r\n")), free, free, open(Protocol), 1),
        row("a18 a chunk extension without end", || last([chunked(b"5;"), vec![b'x'; 1 << 20]].concat()), free, free, open(Protocol), 1),
        row("a19 an absurd length", || last(reply("200 OK", "content-length: 100000000000000", b"{}")), free, free, open(TooLarge), 1),
        row("a23 a page instead of JSON", || last(html("<html>CANARY</html>")), free, free, open(UnexpectedContentType), 1),
        row("a24 nothing", || last(json("")), free, free, open(Decode), 1),
        row("a25 cut JSON of the right length", || last(json("{\"data\":[{\"b64_json\":\"CANARY")), free, free, open(Decode), 1),
        row("a43 408", || last(reply("408 Request Timeout", "", b"")), free, free, open(Timeout), 1),
        row("a46 500", || last(reply("500 Internal Server Error", "", b"")), free, free, open(Failed), 1),
        row("a46 500 that asks to wait", || last(reply("500 Oops", "retry-after: 1", b"")), free, free, open(Failed), 1),
        row("a46 502", || last(reply("502 Bad Gateway", "content-type: text/html", b"<html>")), free, free, open(Failed), 1),
        row("a46 504", || last(reply("504 Gateway Timeout", "", b"")), free, free, open(Failed), 1),
        row("a46 520", || last(reply("520 Web", "", b"")), free, free, open(Failed), 1),
        row("a46 524", || last(reply("524 Web", "", b"")), free, free, open(Failed), 1),
        row("a47 500 that is said to be safe", || last(reply("500 Oops", "x-should-retry: true", b"")), free, free, open(Failed), 1),
        row("a53 a thousand headers", || last(headers(&"x-a: b\r\n".repeat(1000))), free, free, open(Protocol), 1),
        row("a53 a header of a mebibyte", || last(headers(&format!("x-a: {}\r\n", "b".repeat(1 << 20)))), free, free, open(Protocol), 1),
        row("a53 a NUL in a header", || last(headers("x-a: b\0c\r\n")), free, free, open(Protocol), 1),
        row("a54 two lengths", || last(headers("content-length: 5\r\n")), free, free, open(Protocol), 1),
        row("a55 informational answers without end", || last(b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100_000)), free, free, open(Transport), 1),
        row("not HTTP", || last(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()), free, free, open(Protocol), 1),
    ];
    for row in rows {
        let _ = check(row, |client| client).await;
    }
}

/// a13, a14, a15: times that run out, each said by its name.
#[tokio::test]
async fn times_that_run_out() {
    let timeout = Err((Kind::Timeout, Outcome::Unknown));
    let idle: fn(Client) -> Client = |client| client.body_idle_timeout(SOON);
    let whole: fn(Client) -> Client = |client| client.timeout(SOON);
    let (free, stopped) = (Toxic::None, Toxic::Timeout(None));
    let drip = Toxic::Bandwidth(1);
    #[rustfmt::skip]
    let rows = vec![
        (row("a13 no head", || Reply::Stall(Vec::new()), free, free, timeout, 1), whole, Timer::Deadline),
        (row("a13 no head comes through", || last(image()), free, stopped, timeout, 1), whole, Timer::Deadline),
        (row("a13 half a head", || Reply::Stall(b"HTTP/1.1 200 OK\r\n".to_vec()), free, free, timeout, 1), whole, Timer::Deadline),
        (row("a14 the body stops", || Reply::Stall(half()), free, free, timeout, 1), idle, Timer::BodyIdle),
        (row("a15 the body drips", || last(image()), free, drip, timeout, 1), whole, Timer::Deadline),
        (row("the request does not get through", || last(image()), stopped, free, timeout, 0), whole, Timer::Deadline),
    ];
    for (row, adjust, timer) in rows {
        let name = row.name;
        let error = check(row, adjust).await.expect_err(name);
        assert_eq!(error.timer(), Some(timer), "{name}");
    }
}

/// The line is bad, and the image arrives whole all the same.
#[tokio::test]
async fn bad_lines_that_do_no_harm() {
    let (free, moment) = (Toxic::None, Duration::from_millis(20));
    #[rustfmt::skip]
    let rows = vec![
        row("latency up", || last(image()), Toxic::Latency(moment), free, Ok(()), 1),
        row("latency down", || last(image()), free, Toxic::Latency(moment), Ok(()), 1),
        row("little bandwidth", || last(image()), Toxic::Bandwidth(100), Toxic::Bandwidth(50), Ok(()), 1),
        row("one byte at a time", || last(image()), Toxic::Slicer(1), Toxic::Slicer(1), Ok(()), 1),
        row("a slow close", || last(image()), Toxic::SlowClose(moment), Toxic::SlowClose(moment), Ok(()), 1),
        row("reset after the answer", || last(image()), free, Toxic::ResetAfter(usize::MAX), Ok(()), 1),
        row("a55 some informational answers", || last([b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50), image()].concat()), free, free, Ok(()), 1),
        row("a22 a body that says it is not packed", || last(headers("content-encoding: identity\r\n")), free, free, Ok(()), 1),
        row("a lot of headers", || last(headers(&"x-a: b\r\n".repeat(90))), free, free, Ok(()), 1),
    ];
    for row in rows {
        let _ = check(row, |client| client).await;
    }
}

/// a1, a38 to a42, a45, a47: refusals are final, or are tried again, and cost nothing.
#[tokio::test]
async fn refusals() {
    use Kind::{Authentication, Connect, InvalidRequest, Model, Moderation, Permission, Quota, RateLimit};
    use Outcome::{NotSent, Refused};
    const FILTER: &[u8] = br#"{"error":{"code":"content_policy_violation","message":"No"}}"#;
    const BROKE: &[u8] = br#"{"error":{"code":"insufficient_quota","message":"Pay"}}"#;
    const WORDS: &[u8] = br#"{"error":{"message":"Please try again in 3ms."}}"#;
    let refused = |kind| Err((kind, Refused));
    let free = Toxic::None;
    #[rustfmt::skip]
    let mut rows = vec![
        row("a1 nobody listens", || last(image()), Toxic::Down, free, Err((Connect, NotSent)), 0),
        row("a37 filtered", || last(reply("400 Bad Request", "", FILTER)), free, free, refused(Moderation), 1),
        row("a38 400", || last(reply("400 Bad Request", "", b"")), free, free, refused(InvalidRequest), 1),
        row("a38 401", || last(reply("401 Unauthorized", "", KEY.as_bytes())), free, free, refused(Authentication), 1),
        row("a38 403", || last(reply("403 Forbidden", "", b"")), free, free, refused(Permission), 1),
        row("a38 404", || last(reply("404 Not Found", "", br#"{"error":{"message":"no such model"}}"#)), free, free, refused(Model), 1),
        row("a38 422", || last(reply("422 Unprocessable", "", b"")), free, free, refused(InvalidRequest), 1),
        row("a40 no money", || last(reply("429 Too Many Requests", "retry-after: 1", BROKE)), free, free, refused(Quota), 1),
        row("a41 more than two minutes", || last(reply("429 Too Many Requests", "retry-after: 121", b"")), free, free, refused(RateLimit), 1),
        row("a44 409", || last(reply("409 Conflict", "", b"")), free, free, refused(InvalidRequest), 1),
        row("a47 not to be tried again", || last(reply("429 Too Many Requests", "x-should-retry: false", b"")), free, free, refused(RateLimit), 1),
        row("a48 three times", || last(reply("429 Too Many Requests", "retry-after-ms: 1", b"")), free, free, refused(RateLimit), 3),
        row("a42 three times", || last(reply("503 Service Unavailable", "", b"")), free, free, refused(Kind::Server), 3),
        row("a45 twice", || last(reply("425 Too Early", "", b"")), free, free, refused(Kind::Server), 2),
    ];
    let then_good = |name, first: fn() -> Reply| Row {
        then: || last(image()),
        ..row(name, first, Toxic::None, Toxic::None, Ok(()), 2)
    };
    #[rustfmt::skip]
    rows.extend([
        then_good("a39 a number", || last(reply("429 Too Many Requests", "retry-after: 0.002", b""))),
        then_good("a39 milliseconds", || last(reply("429 Too Many Requests", "retry-after-ms: 2", b""))),
        then_good("a39 words", || last(reply("429 Too Many Requests", "", WORDS))),
        then_good("a41 nonsense", || last(reply("429 Too Many Requests", "retry-after: soon", b""))),
        then_good("a41 a negative number", || last(reply("429 Too Many Requests", "retry-after: -1", b""))),
        then_good("a42 503", || last(reply("503 Service Unavailable", "retry-after-ms: 2", b""))),
        then_good("a46 529", || last(reply("529 Overloaded", "", b""))),
        then_good("a47 409 that is said to be safe", || last(reply("409 Conflict", "x-should-retry: true", b""))),
    ]);
    for row in rows {
        let (name, posts) = (row.name, row.posts);
        match check(row, |client| client).await {
            Ok(generated) => assert_eq!(generated.attempts.len(), posts - 1, "{name}"),
            Err(error) => {
                assert_eq!(error.attempts().len(), posts.max(if posts == 0 { 3 } else { 1 }), "{name}");
            }
        }
    }
}

/// The manner of the official clients, for those who ask for it: three requests after an open failure.
#[tokio::test]
async fn the_compatible_policy_buys_again() {
    for first in
        [|| Reply::Reset, || last(reply("500 Oops", "", b"")), || last(reply("409 Conflict", "", b""))]
    {
        let server = Server::run(move |_, _, number| if number < 2 { first() } else { last(image()) }).await;
        let none = Duration::ZERO;
        let client = client_at(&server.base()).retry(Policy::compat().backoff_times(none, none, none));
        let generated = client.generate(&CreateImageRequest::new(PROMPT)).await.unwrap();
        assert_eq!(generated.attempts.len(), 2);
        let counts: Vec<_> =
            server.seen().iter().map(|seen| seen.header("x-retry-count").map(str::to_owned)).collect();
        assert_eq!(counts, ["0", "1", "2"].map(|count| Some(count.to_owned())));
        let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]));
    }
}
