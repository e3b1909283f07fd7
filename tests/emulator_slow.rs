//! Clients that take their time, or all places, and those beside them.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use imagewire_emulator::Emulator;
use imagewire_tests::http::send;
use serde_json::json;

/// Longer than any test waits.
const FOREVER: Duration = Duration::from_secs(600);

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

fn open(address: SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(bytes.as_bytes()).expect("sent");
    stream
}

/// Everything until the server lets go.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Posts a good request and returns the status.
fn good(url: &str) -> u16 {
    let body = json!({ "prompt": "a heron" }).to_string();
    send("POST", url, &[("authorization", "Bearer k")], body.as_bytes()).expect("an answer").status
}

fn url(emulator: &Emulator) -> String {
    format!("{}/images/generations", emulator.base_url("fastapi").expect("a service"))
}

#[tokio::test]
async fn headers_that_never_end_are_let_go_and_disturb_nobody() {
    let short = Duration::from_millis(300);
    let emulator = Emulator::builder().patience(short, FOREVER, FOREVER).start().await.expect("a port");
    let address = emulator.address();
    let half = "POST /v1/images/generations HTTP/1.1\r\nhost: local";
    let open = blocking(move || (0..200).map(|_| open(address, half)).collect::<Vec<_>>()).await;
    let url = url(&emulator);
    assert_eq!(
        blocking(move || (0..20).map(|_| good(&url)).filter(|status| *status == 200).count()).await,
        20
    );
    // Each of them ends, without an answer that could be taken for one.
    for answer in blocking(move || open.into_iter().map(rest).collect::<Vec<_>>()).await {
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_told_so() {
    let short = Duration::from_millis(100);
    let emulator = Emulator::builder().patience(FOREVER, short, FOREVER).start().await.expect("a port");
    let head = "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n";
    for start in [
        format!("{head}content-length: 100\r\n\r\n{{\"prompt\":"),
        format!("{head}transfer-encoding: chunked\r\n\r\n9\r\n{{\"prompt\"\r\n"),
    ] {
        let stream = open(emulator.address(), &start);
        let answer = blocking(move || rest(stream)).await;
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
    }
    assert_eq!(emulator.ledger().generations(), 0);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let short = Duration::from_millis(200);
    let emulator = Emulator::builder().patience(FOREVER, FOREVER, short).start().await.expect("a port");
    let body =
        json!({ "prompt": "a heron", "model": "another", "size": "512x512", "n": 10, "response_format": "b64_json" })
            .to_string();
    let mut stream = open(
        emulator.address(),
        &format!(
            "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let metrics = format!("http://{}/metrics", emulator.address());
    let (head, taken) = blocking(move || {
        let mut head = [0; 512];
        stream.read_exact(&mut head).expect("the beginning");
        // Nothing is taken until the connection that asks is the only one.
        loop {
            let answer = send("GET", &metrics, &[], &[]).expect("an answer");
            if String::from_utf8_lossy(&answer.body).contains("imagewire_emulator_connections 1\n") {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut taken = 0;
        let mut piece = [0; 8_192];
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            taken += read;
        }
        (String::from_utf8_lossy(&head).into_owned(), taken)
    })
    .await;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    assert!(taken < length.trim().parse().expect("a number"), "{taken} of {length} bytes");
}

/// A client that takes a little now and then is as good as one that takes nothing.
#[tokio::test]
async fn a_client_that_takes_next_to_nothing_is_let_go() {
    let short = Duration::from_millis(200);
    let emulator = Emulator::builder().patience(FOREVER, FOREVER, short).start().await.expect("a port");
    let body =
        json!({ "prompt": "a heron", "model": "another", "size": "512x512", "n": 10, "response_format": "b64_json" })
            .to_string();
    let mut stream = open(
        emulator.address(),
        &format!(
            "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let metrics = format!("http://{}/metrics", emulator.address());
    let taken = blocking(move || {
        stream.read_exact(&mut [0; 512]).expect("the beginning");
        let mut taken = 0;
        loop {
            taken += stream.read(&mut [0; 16]).unwrap_or_default();
            let answer = send("GET", &metrics, &[], &[]).expect("an answer");
            if String::from_utf8_lossy(&answer.body).contains("imagewire_emulator_connections 1\n") {
                return taken;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    })
    .await;
    assert!(taken > 0, "{taken}");
}

/// Large pictures that are on their way to clients take a bounded amount of memory: who comes too late is told so.
#[tokio::test]
async fn pictures_that_are_not_taken_do_not_pile_up() {
    let emulator = Emulator::builder().texture(0).start().await.expect("a port");
    let address = emulator.address();
    let body =
        json!({ "prompt": "a heron", "model": "another", "size": "4096x4096", "n": 9, "response_format": "b64_json" })
            .to_string();
    let request = format!(
        "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let first = blocking(move || {
        // Nothing is taken of the first answer but its beginning.
        let mut first = open(address, &request);
        first.read_exact(&mut [0; 64]).expect("the beginning");
        let second = rest(open(address, &request));
        assert!(second.starts_with("HTTP/1.1 503") && second.contains("retry-after: 1"), "{second}");
        first
    })
    .await;
    let url = url(&emulator);
    assert_eq!(blocking(move || good(&url)).await, 200, "links take no memory");
    drop(first);
}

#[tokio::test]
async fn connections_over_the_limit_are_told_to_come_back() {
    let emulator = Emulator::builder().max_connections(4).start().await.expect("a port");
    let held: Vec<TcpStream> =
        (0..4).map(|_| open(emulator.address(), "GET /healthz HTTP/1.1\r\nhost: ")).collect();
    let address = emulator.address();
    // The server takes connections in their order, so that the fifth finds no place.
    let refused = blocking(move || rest(TcpStream::connect(address).expect("a connection"))).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
    drop(held);
    let url = url(&emulator);
    let served = blocking(move || {
        loop {
            let body = json!({ "prompt": "a heron" }).to_string();
            match send("POST", &url, &[("authorization", "Bearer k")], body.as_bytes()) {
                Ok(answer) if answer.status == 503 => std::thread::sleep(Duration::from_millis(5)),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                other => return other.expect("an answer").status,
            }
        }
    });
    assert_eq!(served.await, 200);
}

#[tokio::test]
async fn members_that_stand_twice_are_refused() {
    let emulator = Emulator::builder().start().await.expect("a port");
    let url = url(&emulator);
    for body in [r#"{"prompt":"a","prompt":"b"}"#, r#"{"prompt":"a","n":1,"\u006e":2}"#] {
        let url = url.clone();
        let answer = blocking(move || send("POST", &url, &[("authorization", "Bearer k")], body.as_bytes()));
        let answer = answer.await.expect("an answer");
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].clone()),
            (400, json!("duplicate_parameter"))
        );
    }
}
