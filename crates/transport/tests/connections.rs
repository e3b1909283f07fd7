//! Failures of connections rather than of answers: taken up again, given up, refused early. The names of the rows are
//! those of the table in `faults.rs`.
#![cfg(feature = "reqwest")]

mod canary;
mod server;

use std::time::Duration;

use canary::{PROMPT, client_at};
use imagewire_transport::{Checking, Kind, Outcome};
use imagewire_types::CreateImageRequest;
use server::{Reply, Server, json, reply};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const POST: &str = "/v1/images/generations";
/// Nothing waits for that long when all is well.
const NEVER: Duration = Duration::from_secs(60);
const GIF: &[u8] = b"GIF89a\x03\0\x02\0\0\0\0;";

fn image() -> Vec<u8> {
    json(r#"{"data":[{"b64_json":"R0lGODlhAwACAAAAADs="}]}"#)
}

/// The same on a connection that stays open.
fn kept() -> Vec<u8> {
    let text = String::from_utf8(image()).expect("text");
    text.replace("connection: close\r\n", "").into_bytes()
}

/// a12: a refusal that comes while the request still goes up is heard.
#[tokio::test]
async fn an_early_refusal_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 100]).await.unwrap();
        stream.write_all(&reply("413 Content Too Large", "", b"too large")).await.unwrap();
        // As good servers do: what comes is read, or the system would reset the connection under the answer.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
    let client = client_at(&base).checking(Checking::Off);
    let request = CreateImageRequest::new("x".repeat(8 << 20));
    let error = client.generate(&request).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.status()),
        (Kind::InvalidRequest, Outcome::Refused, Some(413))
    );
    server.abort();
}

/// a7, a8, a56: connections that are taken up again.
#[tokio::test]
async fn connections_that_are_used_again() {
    // a8: the second request arrives whole on the old connection, which then closes: bought or not, nobody knows.
    let server = Server::run(|_, _, number| match number {
        0 => Reply::Next(kept()),
        _ => Reply::Last(Vec::new()),
    })
    .await;
    let client = client_at(&server.base());
    let request = CreateImageRequest::new(PROMPT);
    assert!(client.generate(&request).await.is_ok());
    let error = client.generate(&request).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Transport, Outcome::Unknown));
    assert_eq!(server.paths(), [POST, POST]);

    // a56: what follows an answer poisons neither it nor the next one.
    let garbage = |_: &str, _: &server::Seen, _: usize| {
        Reply::Next([kept(), b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec()].concat())
    };
    let server = Server::run(garbage).await;
    let client = client_at(&server.base());
    for _ in 0..5 {
        match client.generate(&request).await {
            Ok(generated) => assert_eq!(generated.images[0].bytes, GIF),
            Err(error) => panic!("{error:?}"),
        }
    }

    // a7: a connection that closes between two requests. Either the client sees it in time, or it says that it does not
    // know; it never sends twice.
    let server = Server::run(|_, _, _| Reply::Last(kept())).await;
    let client = client_at(&server.base());
    for round in 1..=50 {
        let result = client.generate(&request).await;
        let in_doubt = result.is_err_and(|error| error.outcome() == Outcome::Unknown);
        assert!(server.paths().len() <= round, "{in_doubt}");
    }
}

/// a51: a call that is dropped closes its connection.
#[tokio::test]
async fn dropping_a_call_closes_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let client = client_at(&base);
    let call = tokio::spawn(async move { client.generate(&CreateImageRequest::new(PROMPT)).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !String::from_utf8_lossy(&request).contains(PROMPT) {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
    }
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let closed = tokio::time::timeout(NEVER, stream.read(&mut [0; 16])).await.expect("closed");
    assert!(matches!(closed, Ok(0) | Err(_)));
}

/// a62: the prompt reaches the service as it is.
#[tokio::test]
async fn prompts_arrive_byte_by_byte() {
    let server = Server::start(|_, _| image()).await;
    let client = client_at(&server.base());
    let prompts = [
        "ÅÍÎÏ˝ÓÔÒÚÆ☃",
        "表ポあA鷗ŒéＢ逍Üßªąñ丂㐀𠀀",
        "👩🏽 👨‍👩‍👧‍👦 🇺🇸",
        "مُنَاقَشَةُ",
        "\u{202e}test\u{202c}",
        "\u{feff}\u{200b}",
        "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
        "'; DROP TABLE prompts;--",
        "<script>alert(1)</script>",
        "\\\"\r\n\t\u{1}\u{7f}",
        "{}",
        "$HOME `id` $(id) %s%n",
        "null",
        "../../etc/passwd",
        "\u{1b}[31m",
    ];
    for prompt in prompts {
        client.generate(&CreateImageRequest::new(prompt)).await.unwrap();
    }
    let arrived: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| serde_json::from_slice::<CreateImageRequest>(&seen.body).unwrap().prompt)
        .collect();
    assert_eq!(arrived, prompts);
}
