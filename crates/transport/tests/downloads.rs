//! Downloads that fail, by the names of the catalogue of failures: the image is bought, its link is kept, and nothing of
//! ours goes to another server. Addresses and their spellings are tested beside the code (c3 to c7).
#![cfg(feature = "reqwest")]

mod canary;
mod server;
mod toxics;

use canary::{PROMPT, assert_private, client_at, endpoint_at};
use imagewire_transport::{Client, Error, Generated, Kind, Outcome};
use imagewire_types::CreateImageRequest;
use server::{Reply, Seen, Server, json, reply};
use toxics::{Proxy, Toxic};

const POST: &str = "/v1/images/generations";
const GIF: &[u8] = b"GIF89a\x03\0\x02\0\0\0\0;";

fn link(base: &str) -> Vec<u8> {
    json(&format!(r#"{{"data":[{{"url":"{base}/image?sig=CANARY-SIGNATURE"}}]}}"#))
}

async fn call(client: &Client) -> Result<Generated, Error> {
    client.generate(&CreateImageRequest::new(PROMPT)).await
}

/// A service that links to itself, where this answers.
async fn linked(answer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Server {
    Server::run(move |base, seen, number| match seen.path() {
        POST => Reply::Last(link(base)),
        _ => answer(number),
    })
    .await
}

fn image(body: &[u8]) -> Reply {
    Reply::Last(reply("200 OK", "content-type: image/gif", body))
}

/// c2, c8, c9, c10, c11: what the server of the image does; what is said about it, and how often it was asked.
#[tokio::test]
async fn downloads_that_fail() {
    type Row = (&'static str, fn() -> Reply, &'static str, Kind, usize);
    fn status(status: &str) -> Reply {
        Reply::Last(reply(status, "", b"CANARY"))
    }
    #[rustfmt::skip]
    let rows: &[Row] = &[
        ("c2 403", || status("403 Forbidden"), "may have expired", Kind::Download, 1),
        ("c2 404", || status("404 Not Found"), "may have expired", Kind::Download, 1),
        ("c2 410", || status("410 Gone"), "may have expired", Kind::Download, 1),
        ("400", || status("400 Bad Request"), "answered HTTP 400", Kind::Download, 1),
        ("500", || status("500 Oops"), "answered HTTP 500", Kind::Download, 3),
        ("503", || status("503 Busy"), "answered HTTP 503", Kind::Download, 3),
        ("429", || status("429 Slow"), "answered HTTP 429", Kind::Download, 3),
        ("c8 an absurd length", || Reply::Last(reply("200 OK", "content-length: 99999999999", b"GIF")), "larger than 64 MiB", Kind::Download, 1),
        ("c8 without a length", || Reply::Last([b"HTTP/1.1 200 OK\r\n\r\nGIF89a".to_vec(), vec![0; (64 << 20) + 1]].concat()), "larger than 64 MiB", Kind::Download, 1),
        ("c9 shorter than announced", || Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nGIF89a".to_vec()), "broke off", Kind::Download, 3),
        ("c9 closed", || Reply::Last(Vec::new()), "before an answer came", Kind::Download, 3),
        ("c9 reset", || Reply::Reset, "before an answer came", Kind::Download, 3),
        ("c10 a page", || image(b"<html>CANARY</html>"), "no image", Kind::Decode, 1),
        ("c10 nothing", || image(b""), "no image", Kind::Decode, 1),
        ("c11 packed", || Reply::Last(reply("200 OK", "content-encoding: gzip", b"\x1f\x8b\x08\0\0\0\0\0")), "no image", Kind::Decode, 1),
        ("c14 a vector image", || image(b"<svg xmlns='http://www.w3.org/2000/svg'><script>CANARY</script></svg>"), "no image", Kind::Decode, 1),
    ];
    for (name, answer, says, kind, tries) in rows {
        let answer = *answer;
        let server = linked(move |_| answer()).await;
        let error = call(&client_at(&server.base())).await.expect_err(name);
        assert_private(&error);
        assert_eq!((error.kind(), error.outcome()), (*kind, Outcome::Done), "{name}: {error:?}");
        assert!(error.to_string().contains(says), "{name}: {error}");
        assert_eq!(error.is_expired_link(), name.starts_with("c2"), "{name}");
        let seen = server.paths();
        assert_eq!((seen[0].as_str(), seen.len()), (POST, tries + 1), "{name}: {seen:?}");
        assert!(error.into_partial().expect(name).response.data[0].url.is_some(), "{name}");
    }
}

/// c9: fetching is free, so passing failures are tried again, and the image is still bought once.
#[tokio::test]
async fn passing_failures_pass() {
    let failures: [fn() -> Reply; 4] = [
        || Reply::Reset,
        || Reply::Last(reply("503 Busy", "", b"")),
        || Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nGIF89a".to_vec()),
        || Reply::Last(reply("408 Slow", "", b"")),
    ];
    for failure in failures {
        let server = linked(move |number| if number < 3 { failure() } else { image(GIF) }).await;
        let generated = call(&client_at(&server.base())).await.unwrap();
        assert_eq!(generated.images[0].bytes, GIF);
        assert_eq!(server.paths().iter().filter(|path| *path == POST).count(), 1);
        assert_eq!(server.paths().len(), 4);
    }
}

/// c1: an allowed server elsewhere gets a plain request, and an answer of many names and types is just bytes (c15).
#[tokio::test]
async fn other_servers_get_nothing_of_ours() {
    let elsewhere = Server::start(|_, _| {
        reply("200 OK", "content-disposition: attachment; filename=\"../../etc/passwd\"", GIF)
    })
    .await;
    let origin = format!("http://{}", elsewhere.host());
    let to = origin.clone();
    let service = Server::start(move |_, _| link(&to)).await;
    let client = Client::builder(endpoint_at(&service.base())).allow_downloads_from(origin).build().unwrap();
    // c17: the same link, twice.
    for _ in 0..2 {
        assert_eq!(call(&client).await.unwrap().images[0].bytes, GIF);
    }
    let seen = elsewhere.seen();
    assert_eq!(seen.len(), 2);
    for request in &seen {
        assert!(request.head.starts_with("GET /image?sig=CANARY-SIGNATURE HTTP/1.1\r\n"), "{}", request.head);
        for canary in ["CANARY-KEY", "CANARY-PROMPT", "CANARY-TEAM"] {
            assert!(!request.head.contains(canary), "{}", request.head);
        }
        for header in ["authorization", "api-key", "cookie", "referer", "x-team"] {
            assert_eq!(request.header(header), None);
        }
    }
}

/// c4, c7: another server on this machine is not gone to, neither by a link nor by a redirect.
#[tokio::test]
async fn servers_that_are_not_allowed_see_no_connection() {
    let inner = Server::start(|_, _| reply("200 OK", "", GIF)).await;
    let target = format!("http://{}", inner.host());
    let by_link = target.clone();
    let direct = Server::start(move |_, _| link(&by_link)).await;
    let redirecting = Server::run(move |base, seen: &Seen, _| {
        Reply::Last(match seen.path() {
            POST => link(base),
            _ => reply("302 Found", &format!("location: {target}/CANARY"), b""),
        })
    })
    .await;
    for server in [direct, redirecting] {
        let error = call(&client_at(&server.base())).await.unwrap_err();
        assert_private(&error);
        assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
        assert!(error.to_string().contains("leads to this machine"), "{error}");
    }
    assert!(inner.paths().is_empty());
}

/// c7: three redirects are followed and a fourth is not.
#[tokio::test]
async fn at_most_three_redirects() {
    for (hops, good) in [(1, true), (3, true), (4, false), (11, false)] {
        let server = Server::run(move |base, seen, number| match (seen.path(), number) {
            (POST, _) => Reply::Last(link(base)),
            (_, number) if number <= hops => Reply::Last(reply("307 Hop", "location: /next", b"")),
            _ => image(GIF),
        })
        .await;
        let result = call(&client_at(&server.base())).await;
        assert_eq!(result.is_ok(), good, "{hops}");
        assert_eq!(server.paths().len(), 1 + 1 + hops.min(3), "{hops}");
    }
}

/// c12: the time for the call holds for its downloads, and the link survives.
#[tokio::test]
async fn a_download_ends_with_its_call() {
    let images = linked(|_| image(GIF)).await;
    let proxy = Proxy::start(images.address(), Toxic::None, Toxic::Bandwidth(1)).await;
    let origin = proxy.base().replace("/v1", "");
    let to = origin.clone();
    let service = Server::start(move |_, _| link(&to)).await;
    let builder = Client::builder(endpoint_at(&service.base())).allow_downloads_from(origin);
    let client = builder.build().unwrap().timeout(std::time::Duration::from_millis(400));
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
    assert!(error.to_string().contains("did not arrive within 0."), "{error}");
    assert!(error.partial().unwrap().response.data[0].url.is_some());
}
