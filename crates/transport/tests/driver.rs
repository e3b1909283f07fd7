//! The client against a scripted server: what it makes of each answer, and how many requests the server saw.
#![cfg(feature = "reqwest")]

mod server;

use std::{fmt::Write as _, time::Duration};

use imagewire_transport::{
    Client, Endpoint, Error, Generated, Kind, Outcome, Secret, decode::Format, operations,
};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Server, html, json, reply};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const KEY: &str = "sk-CANARY-KEY";
const PROMPT: &str = "CANARY-PROMPT of a corgi";
const POST: &str = "/v1/images/generations";
const ONE_IMAGE: &str = r#"{"data":[{"b64_json":"R0lGODlhAQABAAAAADs="}]}"#;

fn gif(width: u8, height: u8) -> Vec<u8> {
    [b"GIF89a", &[width, 0, height, 0, 0, 0, 0, b';'][..]].concat()
}

fn client(base: &str) -> Client {
    let endpoint = Endpoint::new(&operations::FASTAPI)
        .base_url(base)
        .credential(Secret::new(KEY).expect("a usable key"));
    Client::new(endpoint).expect("a client for plain http")
}

async fn call(server: &Server) -> Result<Generated, Error> {
    client(&server.base()).generate(&CreateImageRequest::new(PROMPT)).await
}

/// A call that must fail after exactly one POST, and show nothing private.
async fn failure(server: &Server) -> Error {
    let error = call(server).await.expect_err("an error");
    assert_eq!(server.paths(), [POST], "{error:?}");
    assert_private(&error);
    error
}

fn assert_private(error: &Error) {
    let mut shown = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        write!(shown, " {inner} {inner:?}").expect("memory");
        source = inner.source();
    }
    for private in ["CANARY", POST] {
        assert!(!shown.contains(private), "{shown}");
    }
}

#[tokio::test]
async fn base64_images_arrive() {
    let server = Server::start(|_, _| {
        let (one, two) = (Base64::encode(gif(3, 2)), Base64::encode(gif(5, 4)));
        json(&format!(
            r#"{{"created":1,"data":[{{"b64_json":"{}","revised_prompt":"r"}},{{}},{{"b64_json":"{}"}}]}}"#,
            one.as_str(),
            two.as_str()
        ))
    })
    .await;
    let generated = call(&server).await.unwrap();
    let sizes: Vec<_> =
        generated.images.iter().map(|image| (image.index, image.width, image.height)).collect();
    assert_eq!(sizes, [(0, 3, 2), (2, 5, 4)]);
    assert_eq!(generated.images[0].format, Format::Gif);
    assert_eq!(generated.images[0].bytes, gif(3, 2));
    assert_eq!(generated.images[0].revised_prompt.as_deref(), Some("r"));
    assert_eq!(generated.request_id.as_deref(), Some("req-1"));
    assert_eq!(generated.response.data[0].b64_json, None);

    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].head.starts_with("POST /v1/images/generations HTTP/1.1\r\n"));
    assert_eq!(seen[0].header("authorization"), Some("Bearer sk-CANARY-KEY"));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("accept-encoding"), None);
    assert!(seen[0].header("user-agent").is_some_and(|agent| agent.starts_with("imagewire/")));
    assert_eq!(seen[0].body, br#"{"prompt":"CANARY-PROMPT of a corgi"}"#);
}

#[tokio::test]
async fn links_are_fetched_without_the_credential() {
    let server = Server::start(|base, request| match request.path() {
        POST => json(&format!(
            r#"{{"data":[{{"url":"{base}/image?sig=CANARY"}},{{"url":"data:;base64,R0lGODlhAQABAAAAADs"}}]}}"#
        )),
        "/image?sig=CANARY" => reply("302 Found", "location: /moved", b""),
        "/moved" => reply("200 OK", "content-type: text/html", &gif(3, 2)),
        _ => reply("404 Not Found", "", b""),
    })
    .await;
    let generated = call(&server).await.unwrap();
    assert_eq!(generated.images.len(), 2);
    assert_eq!(generated.images[0].bytes, gif(3, 2));
    assert_eq!(generated.images[1].bytes, gif(1, 1));
    assert!(generated.response.data[0].url.is_some());
    assert!(generated.response.data[1].url.is_none());
    assert!(!format!("{generated:?}").contains("CANARY"));

    assert_eq!(server.paths(), [POST, "/image?sig=CANARY", "/moved"]);
    for download in &server.seen()[1..] {
        assert!(!download.head.contains("CANARY-KEY"), "{}", download.head);
        for header in ["authorization", "api-key", "cookie", "referer"] {
            assert_eq!(download.header(header), None);
        }
    }
}

#[tokio::test]
async fn a_failed_download_keeps_the_other_images_and_the_link() {
    for (answer, expected) in [
        (reply("403 Forbidden", "", b"expired"), "may have expired"),
        (reply("200 OK", "content-type: image/png", b"<html>CANARY</html>"), "no image"),
        (reply("200 OK", "content-length: 999999999999", b"GIF"), "larger than"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nGIF89a".to_vec(), "broke off"),
        (Vec::new(), "before an answer came"),
        (reply("302 Found", "location: file:///etc/passwd", b""), "neither http nor https"),
        (reply("302 Found", "location: /image", b""), "redirects more than 3 times"),
    ] {
        let server = Server::start(move |base, request| match request.path() {
            POST => json(&format!(
                r#"{{"data":[{{"url":"{base}/image"}},{{"b64_json":"R0lGODlhAQABAAAAADs="}}]}}"#
            )),
            _ => answer.clone(),
        })
        .await;
        let error = call(&server).await.unwrap_err();
        assert_private(&error);
        assert_eq!(error.outcome(), Outcome::Done, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(server.paths().iter().filter(|path| *path == POST).count(), 1);
        let partial = error.into_partial().unwrap();
        assert_eq!(partial.images.len(), 1);
        assert_eq!(partial.images[0].index, 1);
        assert!(partial.response.data[0].url.is_some());
    }
}

#[tokio::test]
async fn redirects_are_refused_and_nothing_is_sent_on() {
    let target = Server::start(|_, _| json("{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = format!("location: {}", target.base());
        for location in [elsewhere, format!("location: {POST}")] {
            let server = Server::start(move |_, _| reply(&format!("{status} Moved"), &location, b"")).await;
            let error = failure(&server).await;
            assert_eq!((error.kind(), error.outcome()), (Kind::RedirectRefused, Outcome::Refused));
            assert_eq!(error.status(), Some(status));
        }
    }
    assert_eq!(target.paths(), [""; 0]);
}

#[tokio::test]
async fn answers_that_are_no_success() {
    let cut_error =
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: 99\r\nx-request-id: req-1\r\n\r\n{\"error\":";
    let long_error =
        [b"HTTP/1.1 500 X\r\nx-request-id: req-1\r\n\r\n".to_vec(), vec![b' '; 1 << 20]].concat();
    #[rustfmt::skip]
    let table: Vec<(Vec<u8>, Kind, Outcome, Option<u16>)> = vec![
        (reply("500 Internal Server Error", "", b"oops"), Kind::Server, Outcome::Unknown, Some(500)),
        (reply("401 Unauthorized", "", KEY.as_bytes()), Kind::Authentication, Outcome::Refused, Some(401)),
        (cut_error.into(), Kind::Authentication, Outcome::Refused, Some(401)),
        (long_error, Kind::Server, Outcome::Unknown, Some(500)),
        (html("<html>CANARY</html>"), Kind::UnexpectedContentType, Outcome::Unknown, Some(200)),
        (json(""), Kind::Decode, Outcome::Unknown, Some(200)),
        (json("{\"data\":[{\"b64_json\":\"CANARY"), Kind::Decode, Outcome::Unknown, Some(200)),
        (json(r#"{"data":[{"b64_json":"!CANARY"}]}"#), Kind::Decode, Outcome::Unknown, None),
        (json(r#"{"data":[{"b64_json":"Q0FOQVJZ"}]}"#), Kind::Decode, Outcome::Unknown, None),
        (json(r#"{"data":[{"url":"ftp://CANARY"}]}"#), Kind::Download, Outcome::Done, None),
        (json(r#"{"data":[]}"#), Kind::NoImage, Outcome::Unknown, Some(200)),
        (json(r#"{"error":{"code":"contentFilter"}}"#), Kind::Moderation, Outcome::Refused, Some(200)),
        // transport
        (Vec::new(), Kind::Transport, Outcome::Unknown, None),
        (b"HTTP/1.1 200".to_vec(), Kind::Transport, Outcome::Unknown, None),
        (b"not HTTP at all\r\n\r\n".to_vec(), Kind::Protocol, Outcome::Unknown, None),
        (b"HTTP/1.1 200 OK\r\nx-request-id: req-1\r\ncontent-length: 99\r\n\r\n{\"data\":[".to_vec(), Kind::Truncated, Outcome::Unknown, Some(200)),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"dat\r\n".to_vec(), Kind::Truncated, Outcome::Unknown, Some(200)),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n{}".to_vec(), Kind::TooLarge, Outcome::Unknown, Some(200)),
    ];
    for (answer, kind, outcome, status) in table {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned();
        let server = Server::start(move |_, _| answer.clone()).await;
        let error = failure(&server).await;
        assert_eq!(
            (error.kind(), error.outcome(), error.status()),
            (kind, outcome, status),
            "{shown}: {error:?}"
        );
        assert!(error.to_string().contains(&server.host()) || status.is_none(), "{error}");
        assert_eq!(error.request_id().is_some(), shown.contains("req-1"), "{error}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_at_the_limit() {
    let server = Server::start(|_, _| {
        [b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec(), vec![b' '; 100_000]].concat()
    })
    .await;
    let client = client(&server.base()).max_answer_bytes(99_999);
    let error = client.generate(&CreateImageRequest::new(PROMPT)).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::TooLarge, Outcome::Unknown));
    assert_eq!(server.paths(), [POST]);
}

#[tokio::test]
async fn nobody_listening_is_not_sent() {
    let server = Server::start(|_, _| Vec::new()).await;
    let base = server.base();
    server.stop().await;
    let error = client(&base).generate(&CreateImageRequest::new(PROMPT)).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Connect, Outcome::NotSent), "{error:?}");
    assert!(error.is_retryable());
    assert!(error.to_string().contains("127.0.0.1:"), "{error}");
    assert_private(&error);
}

#[tokio::test]
async fn https_to_a_server_that_speaks_none_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}/v1", listener.local_addr().unwrap());
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        // Until the client gives up, so that it reads the answer and not a reset.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let endpoint = Endpoint::new(&operations::FASTAPI).base_url(base);
    let error = match Client::new(endpoint) {
        Ok(client) => client.generate(&CreateImageRequest::new(PROMPT)).await.unwrap_err(),
        // A machine without certificate authorities says so before anything is sent.
        Err(error) => error,
    };
    assert_eq!((error.kind(), error.outcome()), (Kind::Tls, Outcome::NotSent), "{error:?}");
    assert!(!error.is_retryable());
    plain.abort();
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let server = Server::silent().await;
    let client = client(&server.base()).timeout(Duration::from_millis(300));
    let error = client.generate(&CreateImageRequest::new(PROMPT)).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Timeout, Outcome::Unknown), "{error:?}");
    assert!(error.to_string().contains("within 0.3 s"), "{error}");
}

#[tokio::test]
async fn one_client_serves_many_calls() {
    let server = Server::start(|_, _| json(ONE_IMAGE)).await;
    let client = client(&server.base());
    let request = CreateImageRequest::new(PROMPT);
    let again = client.clone();
    // On another task, so that the future has to be `Send`.
    let other = tokio::spawn(async move { again.generate(&CreateImageRequest::new(PROMPT)).await });
    assert!(client.generate(&request).await.is_ok() && other.await.unwrap().is_ok());
    assert_eq!(server.paths(), [POST, POST]);
    assert!(!format!("{client:?}").contains("CANARY"));
}
