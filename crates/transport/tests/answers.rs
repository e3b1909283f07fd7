//! Answers that are packed, large, or framed twice, and prompts at their limit: a21, a22, a35, a54 and a61 of the catalogue
//! of failures.
#![cfg(feature = "reqwest")]

mod canary;
mod server;

use canary::{PROMPT, assert_private, client_at};
use imagewire_transport::{Client, Error, Generated, Kind, Outcome};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Reply, Server, json, reply};

const POST: &str = "/v1/images/generations";
const GIF: &[u8] = b"GIF89a\x03\0\x02\0\0\0\0;";
const BODY: &[u8] = br#"{"data":[{"b64_json":"R0lGODlhAwACAAAAADs="}]}"#;

async fn call(client: &Client) -> Result<Generated, Error> {
    client.generate(&CreateImageRequest::new(PROMPT)).await
}

/// a21, a22: no packed answer is asked for, and none is unpacked, so that a small one stays small. What is inside may be
/// paid for.
#[tokio::test]
async fn packed_answers_are_not_unpacked() {
    // Of each kind the head of a stream that unpacks to very much, and the answer itself with a name that lies.
    let gzip = &[&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], &[0; 1000]].concat();
    let zstd = &[&b"\x28\xb5\x2f\xfd\xa4\0\0\0\x20"[..], &[2; 1000]].concat();
    let rows: [(&str, &str, &[u8]); 10] = [
        ("a21", "gzip", gzip),
        ("a21", "x-gzip", gzip),
        ("a21", "deflate", &gzip[10..]),
        ("a21", "br", &[0x5b, 0xff, 0xff, 0xff, 0x1f]),
        ("a21", "zstd", zstd),
        ("a21 packed twice", "gzip, gzip", gzip),
        ("a22 nobody knows it", "CANARY", BODY),
        ("a22 a lie", "gzip", BODY),
        ("a22 nothing in it", "gzip", b""),
        ("a22 it seems to be none", "identity, gzip", BODY),
    ];
    for (name, encoding, body) in rows {
        let header = format!("content-type: application/json\r\ncontent-encoding: {encoding}");
        let answer = reply("200 OK", &header, body);
        let server = Server::start(move |_, _| answer.clone()).await;
        let error = call(&client_at(&server.base())).await.expect_err(name);
        assert_eq!((error.kind(), error.outcome()), (Kind::Decode, Outcome::Unknown), "{name}: {error:?}");
        if encoding != "CANARY" {
            assert_private(&error);
            assert!(error.to_string().contains("compressed"), "{name}: {error}");
        }
        assert_eq!(server.paths(), [POST], "{name}");
        assert_eq!(server.seen()[0].header("accept-encoding"), None, "{name}");
    }
}

/// a35: an image of 32 MiB, the largest that any model draws and more.
#[tokio::test]
async fn a_large_image_arrives() {
    let image: Vec<u8> =
        GIF.iter().copied().chain((0..32 << 20).map(|at: u32| at.to_be_bytes()[2])).collect();
    let answer = json(&format!(r#"{{"data":[{{"b64_json":"{}"}}]}}"#, Base64::encode(&image).as_str()));
    let server = Server::start(move |_, _| answer.clone()).await;
    let generated = call(&client_at(&server.base())).await.unwrap();
    assert!(generated.images[0].bytes == image);
    assert_eq!(server.paths(), [POST]);
}

/// a54: a length and chunks at once. The chunks count, as the standard says, and the connection is not used again: what
/// one side takes for the rest of an answer the other might take for the next one.
#[tokio::test]
async fn an_answer_that_is_framed_twice() {
    let framed = |length: usize| {
        let chunk = [format!("{:x}\r\n", BODY.len()).as_bytes(), BODY, b"\r\n0\r\n\r\n"].concat();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n");
        [head.into_bytes(), chunk].concat()
    };
    for length in [0, 5, BODY.len(), 1000] {
        let server = Server::run(move |_, _, _| Reply::Next(framed(length))).await;
        let client = client_at(&server.base());
        for calls in 1..=3 {
            match call(&client).await {
                Ok(generated) => assert_eq!(generated.images[0].bytes, GIF, "{length}"),
                Err(error) => panic!("{length}: {error:?}"),
            }
            assert_eq!(server.paths().len(), calls, "{length}");
        }
    }
    // Chunks that are none: nothing is guessed.
    let lie =
        [&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 50\r\n\r\n"[..], BODY].concat();
    let server = Server::run(move |_, _, _| Reply::Last(lie.clone())).await;
    let error = call(&client_at(&server.base())).await.unwrap_err();
    assert_private(&error);
    assert_eq!((error.kind(), error.outcome()), (Kind::Protocol, Outcome::Unknown), "{error:?}");
    assert_eq!(server.paths(), [POST]);
}

/// a61: a prompt is as long as it has Unicode scalar values, whatever it looks like; one too many is found before it is
/// sent.
#[tokio::test]
async fn prompts_at_their_limit() {
    let server = Server::start(|_, _| json(std::str::from_utf8(BODY).expect("text"))).await;
    let client = client_at(&server.base());
    for (model, limit) in [("dall-e-2", 1000), ("dall-e-3", 4000), ("gpt-image-1", 32_000)] {
        for letter in ["x", "é", "字", "🦊", "e\u{301}", "👩\u{200d}🚀"] {
            let scalars = letter.chars().count();
            let fits = letter.repeat(limit / scalars) + &"y".repeat(limit % scalars);
            let before = server.paths().len();
            let too_long = CreateImageRequest::new(format!("{fits}z")).model(model);
            let error = client.generate(&too_long).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.param()),
                (Kind::InvalidRequest, Some("prompt")),
                "{model} {letter}"
            );
            assert_eq!(
                (error.outcome(), server.paths().len()),
                (Outcome::NotSent, before),
                "{model} {letter}"
            );
            let generated = client.generate(&CreateImageRequest::new(fits).model(model)).await;
            assert!(generated.is_ok(), "{model} {letter}: {generated:?}");
        }
        assert!(client.generate(&CreateImageRequest::new("x").model(model)).await.is_ok());
    }
    let seen = server.paths().len();
    let error = client.generate(&CreateImageRequest::new("")).await.unwrap_err();
    assert_eq!((error.outcome(), server.paths().len()), (Outcome::NotSent, seen));
}
