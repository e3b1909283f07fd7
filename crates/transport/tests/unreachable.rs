//! Services that cannot be reached, or that fail whoever calls: a2, a3 and a50 of the catalogue of failures.
#![cfg(feature = "reqwest")]

mod canary;
mod server;

use std::time::Duration;

use canary::{PROMPT, assert_private, client_at, endpoint_at};
use imagewire_transport::{Client, Error, Kind, Outcome, Policy, Timer, retry::Budget};
use imagewire_types::CreateImageRequest;
use server::{Reply, Server, reply};
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::timeout,
};

/// Long enough for a connection on this machine, short enough to wait for.
const SOON: Duration = Duration::from_millis(300);

async fn failure(client: Client) -> Error {
    let none = Duration::ZERO;
    let client = client.retry(Policy::default().backoff_times(none, none, none));
    let error = client.generate(&CreateImageRequest::new(PROMPT)).await.expect_err("nobody there");
    assert_private(&error);
    error
}

/// a2: the name is looked up at each attempt, and nothing was sent.
#[tokio::test]
async fn a_name_without_an_address_is_not_sent() {
    // No name has so long a part, so no server of names is asked about it.
    let base = format!("http://{}.invalid/v1", "a".repeat(64));
    let client = Client::new(endpoint_at(&base).allow_http(true)).unwrap();
    let error = failure(client).await;
    assert_eq!((error.kind(), error.outcome()), (Kind::Connect, Outcome::NotSent), "{error:?}");
    assert_eq!(error.attempts().len(), 3);
    assert!(error.to_string().contains("could not be resolved"), "{error}");
}

/// a3: a server that has no room for connections does not answer the first packet.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_is_not_taken_up_is_not_sent() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts, so that after a few connections the queue is full.
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(SOON, TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100, "the queue does not fill");
    }
    let builder = Client::builder(endpoint_at(&format!("http://{address}/v1")));
    let error = failure(builder.connect_timeout(SOON).build().unwrap()).await;
    assert_eq!((error.kind(), error.outcome()), (Kind::Timeout, Outcome::NotSent), "{error:?}");
    assert_eq!((error.timer(), error.attempts().len()), (Some(Timer::Connect), 3));
}

/// a50: a thousand calls do not become a storm. What may be bought is asked for once, what is refused is asked for again
/// out of an allowance for all, and soon nobody asks any more.
#[tokio::test]
async fn a_thousand_calls_to_a_service_that_is_down() {
    const CALLS: usize = 1000;
    for (status, again) in [("500 Oops", 0), ("503 Busy", Budget::CAPACITY / Budget::THROTTLED)] {
        let server = Server::run(move |_, _, _| Reply::Last(reply(status, "", b""))).await;
        let none = Duration::ZERO;
        let client = client_at(&server.base()).retry(Policy::default().backoff_times(none, none, none));
        let (mut calls, mut errors) = (JoinSet::new(), Vec::new());
        for _ in 0..CALLS {
            if calls.len() == 50 {
                errors.extend(calls.join_next().await);
            }
            let client = client.clone();
            calls.spawn(async move { client.generate(&CreateImageRequest::new("a corgi")).await });
        }
        errors.extend(calls.join_all().await.into_iter().map(Ok));
        let (mut asked, mut spared) = (0, 0);
        for error in errors {
            let error = error.unwrap().expect_err("the service is down");
            let heard = error.attempts().iter().filter(|attempt| attempt.status.is_some()).count();
            assert!(heard <= 3, "{error:?}");
            asked += usize::from(heard > 0);
            spared += usize::from(heard == 0 && error.kind() == Kind::CircuitOpen);
        }
        assert_eq!(asked + spared, CALLS, "{status}");
        assert!(spared > CALLS / 2, "{status}: {asked} calls went out");
        let (posts, again) = (server.paths().len(), usize::try_from(again).unwrap());
        assert!((asked..=asked + again).contains(&posts), "{status}: {posts} requests of {asked} calls");
    }
}
