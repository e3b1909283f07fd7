//! HTTP/2 by hand: streams and connections that a server gives up, a57 of the catalogue of failures. What matters is
//! whether the server says that it did not look at the request.
#![cfg(feature = "reqwest")]

mod authority;
mod canary;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use authority::Authority;
use canary::{PROMPT, assert_private, endpoint_at};
use imagewire_transport::{Client, Error, Generated, Kind, Outcome, Policy};
use imagewire_types::CreateImageRequest;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200`, in the compressed form of headers.
const OK: u8 = 0x88;

const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// What the server does with a whole request.
#[derive(Clone, Copy, Debug)]
enum Act {
    Answer,
    /// Gives the stream up, for that reason.
    Reset(u32),
    /// Begins to answer, and gives the stream up then.
    ResetLate(u32),
    /// Gives the connection up for that reason, and says that it looked at no stream.
    GoAwayBefore(u32),
    /// The same, and says that it looked at this one.
    GoAwayAfter(u32),
    Close,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("small").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes()[..], payload].concat()
}

/// One connection; `act` is asked for each request that came whole.
async fn speak<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, act: impl Fn() -> Act) -> io::Result<()> {
    stream.read_exact(&mut [0; "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()]).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload).await?;
        let id = u32::from_be_bytes(id);
        if kind == SETTINGS && flags & ACK == 0 {
            stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await?;
        }
        if !matches!(kind, DATA | HEADERS) || flags & END_STREAM == 0 {
            continue;
        }
        let go_away =
            |last: u32, why: u32| frame(GOAWAY, 0, 0, &[last.to_be_bytes(), why.to_be_bytes()].concat());
        let (bytes, ends) = match act() {
            Act::Answer => {
                let body = br#"{"data":[{"b64_json":"R0lGODlhAQABAAAAADs="}]}"#;
                let head = frame(HEADERS, END_HEADERS, id, &[OK]);
                ([head, frame(DATA, END_STREAM, id, body)].concat(), false)
            }
            Act::Reset(why) => (frame(RST_STREAM, 0, id, &why.to_be_bytes()), false),
            Act::ResetLate(why) => {
                let head = frame(HEADERS, END_HEADERS, id, &[OK]);
                let part = frame(DATA, 0, id, br#"{"data":["#);
                ([head, part, frame(RST_STREAM, 0, id, &why.to_be_bytes())].concat(), false)
            }
            Act::GoAwayBefore(why) => (go_away(0, why), true),
            Act::GoAwayAfter(why) => (go_away(id, why), true),
            Act::Close => (Vec::new(), true),
        };
        stream.write_all(&bytes).await?;
        if ends {
            return stream.shutdown().await;
        }
    }
}

/// A call to a server that does `first` with the first request and answers all others; how many arrived whole.
async fn call(authority: &Authority, first: Act) -> (Result<Generated, Error>, usize) {
    let acceptor = authority.speaking("localhost", false, &[b"h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let arrived = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&arrived);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, counter) = (acceptor.clone(), Arc::clone(&counter));
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await?;
                let act = || if counter.fetch_add(1, Ordering::SeqCst) == 0 { first } else { Act::Answer };
                speak(stream, act).await
            });
        }
    });
    let builder = Client::builder(endpoint_at(&format!("https://localhost:{port}/v1")));
    let none = Duration::ZERO;
    let client = builder.ca_file(authority.file()).build().expect("a client");
    let client = client.retry(Policy::default().backoff_times(none, none, none));
    let result = client.generate(&CreateImageRequest::new(PROMPT)).await;
    server.abort();
    (result, arrived.load(Ordering::SeqCst))
}

/// A request that the server says it did not look at is sent again, on the same connection or on another one.
#[tokio::test]
async fn what_the_server_did_not_look_at_is_sent_again() {
    let authority = Authority::new();
    for first in [Act::Reset(REFUSED_STREAM), Act::GoAwayBefore(NO_ERROR)] {
        let (result, arrived) = call(&authority, first).await;
        let generated = result.unwrap_or_else(|error| panic!("{first:?}: {error:?}"));
        assert_eq!(arrived, 2, "{first:?}");
        let told: Vec<_> = generated.attempts.iter().map(|attempt| (attempt.kind, attempt.outcome)).collect();
        assert_eq!(told, [(Kind::Transport, Outcome::NotSent)], "{first:?}");
        assert!(!generated.attempts[0].possible_duplicate);
    }
}

/// After everything else the image may be bought, and one request is all there is.
#[tokio::test]
async fn what_the_server_gave_up_is_in_doubt() {
    let authority = Authority::new();
    for first in [
        Act::Reset(CANCEL),
        Act::Reset(NO_ERROR),
        Act::Reset(INTERNAL_ERROR),
        Act::Reset(PROTOCOL_ERROR),
        Act::Reset(ENHANCE_YOUR_CALM),
        // Whatever it says now: it had looked at the request.
        Act::ResetLate(REFUSED_STREAM),
        Act::ResetLate(CANCEL),
        Act::GoAwayBefore(INTERNAL_ERROR),
        Act::GoAwayAfter(NO_ERROR),
        Act::GoAwayAfter(ENHANCE_YOUR_CALM),
        Act::Close,
    ] {
        let (result, arrived) = call(&authority, first).await;
        let error = result.expect_err("no answer came");
        assert_private(&error);
        assert_eq!(
            (error.kind(), error.outcome()),
            (Kind::Transport, Outcome::Unknown),
            "{first:?}: {error:?}"
        );
        assert_eq!(arrived, 1, "{first:?}");
    }
}

#[tokio::test]
async fn a_good_server_is_understood() {
    let (result, arrived) = call(&Authority::new(), Act::Answer).await;
    assert_eq!((result.unwrap().images.len(), arrived), (1, 1));
}
