//! Streams at their edges, by the names of the catalogue of failures (`b`): connections that are reset, events that are very
//! large, very many, out of order or too late, and readers that take their time.
#![cfg(feature = "reqwest")]

mod canary;
mod server;
mod toxics;

use std::time::Duration;

use canary::{PROMPT, assert_private};
use imagewire_transport::{Checking, Client, Destination, ImageEvent, Kind, Outcome};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Reply, Server};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    time::{sleep, timeout},
};
use toxics::{Proxy, Toxic};

const POST: &str = "/v1/images/generations";
const SOON: Duration = Duration::from_millis(200);
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// The service of the other tests documents no streams.
fn client_at(base: &str) -> Client {
    canary::client_at(base).checking(Checking::Off)
}

fn request() -> CreateImageRequest {
    CreateImageRequest::new(PROMPT).model("gpt-image-1").stream(true)
}

fn gif(number: u8) -> Vec<u8> {
    [&b"GIF89a\x03\0\x02\0\0\0\0;"[..], &[number; 50]].concat()
}

fn event(kind: &str, place: u8, image: &[u8]) -> String {
    let payload = Base64::encode(image);
    format!(
        "data: {{\"type\":\"image_generation.{kind}\",\"partial_image_index\":{place},\"b64_json\":\"{}\"}}\n\n",
        payload.as_str()
    )
}

fn partial(number: u8) -> String {
    event("partial_image", number, &gif(number))
}

fn completed(number: u8) -> String {
    event("completed", 0, &gif(number))
}

fn stream(events: &[String]) -> Vec<u8> {
    [HEAD, &events.concat()].concat().into_bytes()
}

/// b2: a reset at any place is a broken connection, and what came of the image is no image.
#[tokio::test]
async fn a_reset_inside_a_stream() {
    let whole = stream(&[partial(0), completed(1)]);
    let length = whole.len();
    let server = Server::run(move |_, _, _| Reply::Stall(whole.clone())).await;
    for (at, toxic) in [HEAD.len() + 3, length / 2, length - 30]
        .into_iter()
        .flat_map(|at| [(at, Toxic::ResetAfter(at)), (at, Toxic::LimitData(at))])
    {
        let before = server.paths().len();
        let proxy = Proxy::start(server.address(), Toxic::None, toxic).await;
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::directory(folder.path());
        let error = client_at(&proxy.base()).generate_to(&request(), &destination).await.expect_err("broken");
        assert_private(&error);
        let expected = if matches!(toxic, Toxic::ResetAfter(_)) { Kind::Transport } else { Kind::Incomplete };
        assert_eq!((error.kind(), error.outcome()), (expected, Outcome::Unknown), "{at}: {error:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{at}");
        assert_eq!(server.paths()[before..], [POST], "{at}");
    }
}

/// b14: an image of 30 MiB in one event, through a reader that sees pieces of it.
#[tokio::test]
async fn a_large_event() {
    let image: Vec<u8> = gif(0).into_iter().chain((0..30_u32 << 20).map(|at| at.to_be_bytes()[2])).collect();
    let whole = stream(&[event("completed", 0, &image)]);
    let server = Server::run(move |_, _, _| Reply::Last(whole.clone())).await;
    let generated = client_at(&server.base()).generate(&request()).await.unwrap();
    assert!(generated.images[0].bytes == image);
    assert_eq!(server.paths(), [POST]);
}

/// b17, b18: many small events. While their reader does something else nothing more is taken from the connection, and no
/// timer runs against it.
#[tokio::test]
async fn a_reader_that_takes_its_time() {
    const EVENTS: usize = 200_000;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(64 << 10).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let mut service = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let _ = connection.read(&mut [0; 8192]).await.unwrap();
        connection.write_all(HEAD.as_bytes()).await.unwrap();
        let many = b"data: {\"type\":\"x\"}\n\n".repeat(1000);
        for _ in 0..EVENTS / 1000 {
            connection.write_all(&many).await.unwrap();
        }
        connection.write_all(completed(7).as_bytes()).await.unwrap();
    });
    let client = client_at(&base).stream_idle_timeout(SOON);
    let mut stream = client.stream(&request()).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    // 3.8 MB do not fit between the two.
    assert!(timeout(3 * SOON, &mut service).await.is_err(), "all was taken in advance");
    let (mut others, mut end) = (1, None);
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            ImageEvent::Completed { image, .. } => end = Some(image.bytes),
            _ => others += 1,
        }
        if others == EVENTS / 2 {
            sleep(2 * SOON).await;
        }
    }
    assert_eq!((others, end.as_deref()), (EVENTS, Some(&gif(7)[..])));
    service.await.unwrap();
}

/// b20, b21, b23: unfinished images in any order and number; the first completed image is the result, and what follows is not
/// looked at.
#[tokio::test]
async fn events_in_any_order() {
    for (events, told) in [
        (vec![partial(2), partial(0), partial(0), completed(5)], vec![2, 0, 0, 5]),
        (vec![completed(5)], vec![5]),
        (vec![partial(0), completed(5), completed(6), partial(7), "data: CANARY\n\n".to_owned()], vec![0, 5]),
    ] {
        let whole = stream(&events);
        let server = Server::run(move |_, _, _| Reply::Stall(whole.clone())).await;
        let client = client_at(&server.base());
        let mut stream = client.stream(&request().partial_images(3)).await.unwrap();
        let mut seen = Vec::new();
        while let Some(event) = stream.next().await {
            match event.unwrap() {
                ImageEvent::Partial { image, .. } | ImageEvent::Completed { image, .. } => {
                    seen.push(image.bytes[20]);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen, told);
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::file(folder.path().join("a.gif")).keep_partials(true);
        let delivered = client.generate_to(&request(), &destination).await.unwrap();
        assert_eq!(std::fs::read(&delivered.files[0].path).unwrap(), gif(5));
        assert_eq!(server.paths(), [POST, POST]);
    }
}
