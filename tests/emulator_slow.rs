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

/// A connection whose buffer is small, so that the server notices at once how little is taken.
async fn narrow(address: SocketAddr, body: &str) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let stream = socket.connect(address).await.expect("a connection").into_std().expect("a socket");
    stream.set_nonblocking(false).expect("a socket that blocks");
    let request = format!(
        "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    (&stream).write_all(request.as_bytes()).expect("sent");
    stream
}

/// Two pictures of 1024x1024, whose base64 takes 8 MB: more than systems buffer.
const LARGE: &str =
    r#"{"prompt":"a heron","model":"another","size":"1024x1024","n":2,"response_format":"b64_json"}"#;

/// A client that takes a little now and then, so that the server always gets on, is as good as one that takes nothing.
#[tokio::test]
async fn a_client_that_takes_next_to_nothing_is_let_go() {
    let short = Duration::from_millis(300);
    let emulator = Emulator::builder().patience(FOREVER, FOREVER, short).start().await.expect("a port");
    let mut stream = narrow(emulator.address(), LARGE).await;
    let metrics = format!("http://{}/metrics", emulator.address());
    let taken = blocking(move || {
        let mut taken = 0;
        for _ in 0..1_000 {
            taken += stream.read(&mut [0; 1_024]).unwrap_or_default();
            let answer = send("GET", &metrics, &[], &[]).expect("an answer");
            if String::from_utf8_lossy(&answer.body).contains("imagewire_emulator_connections 1\n") {
                return taken;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("still served after {taken} bytes");
    })
    .await;
    assert!(taken > 0, "{taken}");
}

/// Pictures that are on their way to clients take a bounded amount of memory: who comes too late is told so, and not billed.
#[tokio::test]
async fn pictures_that_are_not_taken_do_not_pile_up() {
    // For two pictures of 1024x1024, and not for three.
    let emulator = Emulator::builder().room(8 << 10).start().await.expect("a port");
    let mut first = narrow(emulator.address(), LARGE).await;
    let first = blocking(move || {
        // Nothing is taken of the first answer but its beginning.
        first.read_exact(&mut [0; 64]).expect("the beginning");
        first
    })
    .await;
    let second = narrow(emulator.address(), LARGE).await;
    let second = blocking(move || {
        let mut answer = [0; 512];
        let length = (&second).read(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    })
    .await;
    assert!(second.starts_with("HTTP/1.1 503") && second.contains("retry-after: 1"), "{second}");
    assert_eq!(emulator.ledger().images(), 2, "who is turned away is not billed");
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
