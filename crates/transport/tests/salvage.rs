//! What is paid for is kept, by whatever way it was asked for and whatever goes wrong after it came.
#![cfg(feature = "reqwest")]

mod canary;
mod server;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use canary::{PROMPT, assert_private, client_at};
use imagewire_transport::{
    Checking, Client, Destination, ImageEvent, Kind, Outcome, Timer, Unfinished, decode::Format,
};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Reply, Server, json, reply};
use tokio::io::AsyncWrite;

const POST: &str = "/v1/images/generations";
const GIF: &[u8] = b"GIF89a\x03\0\x02\0\0\0\0;";

fn request() -> CreateImageRequest {
    CreateImageRequest::new(PROMPT)
}

fn payload(image: &[u8]) -> String {
    Base64::encode(image).into_string()
}

/// Larger than what is read in one piece.
fn large(number: u8) -> Vec<u8> {
    [GIF, &vec![number; 90_000]].concat()
}

/// c2: nothing could be saved, and the link, for which is paid, is in the failure of every way to ask.
#[tokio::test]
async fn the_link_of_an_image_that_cannot_be_had_is_kept() {
    let server = Server::start(|base, seen| match seen.path() {
        POST => {
            json(&format!(r#"{{"data":[{{"url":"{base}/gone?sig=CANARY"}}],"usage":{{"total_tokens":7}}}}"#))
        }
        _ => reply("403 Forbidden", "", b""),
    })
    .await;
    let link = format!("http://{}/gone?sig=CANARY", server.host());
    let client = client_at(&server.base());
    let folder = tempfile::tempdir().unwrap();

    let to_files = client.generate_to(&request(), &Destination::directory(folder.path())).await.unwrap_err();
    assert_private(&to_files);
    let delivered = to_files.delivered().expect("the answer");
    assert!(delivered.files.is_empty());
    assert_eq!(delivered.response.data[0].url.as_ref(), Some(&link));
    assert!(delivered.response.usage.is_some());
    assert_eq!(to_files.links(), [link.as_str()]);

    let to_memory = client.generate(&request()).await.unwrap_err();
    assert_eq!(to_memory.links(), [link.as_str()]);

    let Unfinished { error, written } = client.generate_into(&request(), |_| Vec::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
    assert_eq!(written.expect("the answer").response.data[0].url.as_ref(), Some(&link));
    assert_eq!(server.paths(), [POST, "/gone?sig=CANARY"].repeat(3));
}

/// Some services put the image into the link; an image of usual size is larger than anything else in an answer.
#[tokio::test]
async fn large_data_links_are_images() {
    let image = [GIF, &vec![7; 3 << 20]].concat();
    let body = format!(r#"{{"data":[{{"url":"data:image/gif;base64,{}"}}]}}"#, payload(&image));
    let server = Server::start(move |_, _| json(&body)).await;
    let generated = client_at(&server.base()).generate(&request()).await.unwrap();
    assert_eq!(generated.images[0].bytes, image);
    assert_eq!(generated.response.data[0].url, None);
}

/// An answer that breaks off: what came before that is kept, however short it is, links included.
#[tokio::test]
async fn what_came_before_an_answer_broke_off() {
    for filler in [0, 200_000] {
        let server = Server::start(move |base, seen| {
            if seen.path() != POST {
                return reply("200 OK", "content-type: image/gif", GIF);
            }
            let (image, filler) = (payload(GIF), "x".repeat(filler));
            let whole = format!(
                r#"{{"created":7,"filler":"{filler}","data":[{{"b64_json":"{image}"}},{{"url":"{base}/2","revised_prompt":"r"}},{{"b64_json":"{image}"}}]}}"#
            );
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-request-id: req-1\r\n\r\n",
                whole.len()
            );
            (head + &whole[..whole.len() - 10]).into_bytes()
        })
        .await;
        let error = client_at(&server.base()).generate(&request().n(3)).await.unwrap_err();
        assert_private(&error);
        assert_eq!((error.kind(), error.outcome()), (Kind::Truncated, Outcome::Unknown));
        assert_eq!(error.request_id(), Some("req-1"));
        let partial = error.partial().expect("two images");
        assert_eq!(
            partial.images.iter().map(|image| (image.index, &image.bytes[..])).collect::<Vec<_>>(),
            [(0, GIF), (1, GIF)]
        );
        assert_eq!(partial.images[1].revised_prompt.as_deref(), Some("r"));
        assert_eq!(partial.response.created.map(|time| time.0), Some(7));
        assert_eq!(server.paths(), [POST, "/2"]);
        assert_eq!(error.body(), None, "what a service made of the prompt is as private as the prompt");
    }
}

/// The payload is broken and there is a link as well, in answers that are read at once and piece by piece.
#[tokio::test]
async fn a_link_beside_a_broken_payload() {
    for filler in [0, 200_000] {
        let server = Server::start(move |base, seen| match seen.path() {
            POST => json(&format!(
                r#"{{"filler":"{}","data":[{{"b64_json":"!","url":"{base}/1"}}]}}"#,
                "x".repeat(filler)
            )),
            _ => reply("200 OK", "content-type: image/gif", GIF),
        })
        .await;
        let generated = client_at(&server.base()).generate(&request()).await.unwrap();
        assert_eq!(generated.images[0].bytes, GIF);
    }
}

/// An answer that is whole and cannot be read all the same, short or long.
#[tokio::test]
async fn what_stands_in_an_answer_that_cannot_be_read() {
    for (filler, end) in [(0, r#",{"b64_json":5}]}"#), (200_000, r#",{"b64_json":5}]}"#), (0, "]} and more")]
    {
        let server = Server::start(move |base, seen| match seen.path() {
            POST => {
                json(&format!(r#"{{"filler":"{}","data":[{{"url":"{base}/1"}}{end}"#, "x".repeat(filler)))
            }
            _ => reply("200 OK", "content-type: image/gif", GIF),
        })
        .await;
        let error = client_at(&server.base()).generate(&request().n(2)).await.unwrap_err();
        assert_private(&error);
        assert_eq!((error.kind(), error.outcome()), (Kind::Decode, Outcome::Unknown), "{end}");
        assert_eq!(error.partial().expect("the image").images[0].bytes, GIF, "{end}");
        assert!(
            error.body().is_some_and(|body| body.contains("\"data\":")) || filler > 0,
            "{:?}",
            error.body()
        );
    }
}

/// A completed event with bytes that are no image: they are told, and so is that they are none.
#[tokio::test]
async fn bytes_of_a_stream_that_are_no_image() {
    let page = payload(b"<html>CANARY</html>");
    let event = format!(
        "event: image_generation.completed\ndata: {{\"type\":\"image_generation.completed\",\"b64_json\":\"{page}\"}}\n\n"
    );
    let server =
        Server::start(move |_, _| reply("200 OK", "content-type: text/event-stream", event.as_bytes())).await;
    let client = client_at(&server.base()).checking(Checking::Off);
    let mut stream = client.stream(&request()).await.unwrap();
    let Some(Ok(ImageEvent::Completed { image, .. })) = stream.next().await else { panic!("what came") };
    assert_eq!((image.format, &image.bytes[..]), (Format::Other, &b"<html>CANARY</html>"[..]));
    let error = stream.next().await.expect("a failure").unwrap_err();
    assert_private(&error);
    assert_eq!((error.kind(), error.outcome()), (Kind::Decode, Outcome::Unknown));
    assert!(stream.next().await.is_none());
}

/// More images than any service makes, each of which takes memory and perhaps a file.
#[tokio::test]
async fn images_without_number_are_refused() {
    let items = format!(r#"{{"b64_json":"{}"}}"#, payload(GIF));
    let body = format!(r#"{{"data":[{}]}}"#, vec![items; 10_000].join(","));
    let commas = format!(r#"{{"data":[{}"#, ",".repeat(1_000_000));
    for body in [body, commas] {
        let server = Server::start(move |_, _| json(&body)).await;
        let folder = tempfile::tempdir().unwrap();
        let error = client_at(&server.base())
            .generate_to(&request(), &Destination::directory(folder.path()))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::TooLarge, Outcome::Unknown));
        let saved = error.delivered().map_or(0, |delivered| delivered.files.len());
        assert!(saved <= 1_000, "{saved}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), saved);
    }
}

/// Takes so many bytes and then nothing more.
struct Stuck(usize);

impl AsyncWrite for Stuck {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 && !bytes.is_empty() { Poll::Pending } else { Poll::Ready(Ok(taken)) }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The caller's own writer does not get on until the time for the call is over: it costs its image alone.
#[tokio::test]
async fn a_writer_that_stops_does_not_take_the_others_along() {
    let body = format!(
        r#"{{"data":[{{"b64_json":"{}"}},{{"b64_json":"{}"}}]}}"#,
        payload(&large(1)),
        payload(&large(2))
    );
    let server = Server::start(move |_, _| json(&body)).await;
    let client = client_at(&server.base()).timeout(Duration::from_secs(2));
    let open = |index| Stuck(if index == 0 { usize::MAX } else { 50_000 });
    let Unfinished { error, written } = client.generate_into(&request().n(2), open).await.unwrap_err();
    let whole = written.expect("the first image").images;
    assert_eq!(
        whole.iter().map(|image| (image.index, image.bytes)).collect::<Vec<_>>(),
        [(0, large(1).len() as u64)]
    );
    assert!(matches!(error.kind(), Kind::Io | Kind::Timeout), "{error:?}");
    assert_eq!(server.paths(), [POST]);
}

/// Times without end are no times, and no panic.
#[tokio::test]
async fn endless_times() {
    let body = format!(r#"{{"data":[{{"b64_json":"{}"}}]}}"#, payload(&large(1)));
    let server = Server::run(move |_, _, _| Reply::Last(json(&body))).await;
    let long = Duration::MAX;
    let client = Client::body_idle_timeout(client_at(&server.base()), long)
        .timeout(long)
        .upload_timeout(long)
        .first_byte_timeout(long)
        .stream_idle_timeout(long);
    assert_eq!(client.generate(&request()).await.unwrap().images.len(), 1);
    let client = client.checking(Checking::Off);
    let mut stream = client.stream(&request()).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    let soon = client.timeout(Duration::ZERO).generate(&request()).await.unwrap_err();
    assert_eq!(soon.timer(), Some(Timer::Deadline));
}
