//! Exchanges that are recorded: all of the answer, nothing that is private, and never at the cost of an image.
#![cfg(feature = "reqwest")]

mod canary;
mod server;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use canary::{KEY, PROMPT, assert_clean, assert_private, client_at};
use imagewire_bundle::{Bundle, End, Piece};
use imagewire_transport::{Checking, Client, Kind, Outcome, Progress};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Reply, Server, json, reply};

const POST: &str = "/v1/images/generations";
const USER: &str = "CANARY-user-9";

fn gif(number: u8) -> Vec<u8> {
    [&b"GIF89a\x03\0\x02\0\0\0\0;"[..], &vec![number; 70_000]].concat()
}

fn payload(number: u8) -> String {
    Base64::encode(gif(number)).into_string()
}

fn request() -> CreateImageRequest {
    CreateImageRequest::new(PROMPT).model("dall-e-2").user(USER)
}

/// What is told of the bundles of a call.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Progress>>>);

impl Told {
    fn hear(&self, client: Client) -> Client {
        let told = self.clone();
        client.observe(move |progress| {
            if let Progress::Recorded { .. } | Progress::Unrecorded { .. } = progress {
                told.0.lock().unwrap_or_else(PoisonError::into_inner).push(progress.clone());
            }
        })
    }

    fn all(&self) -> Vec<Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The reason why the only exchange was not recorded.
    fn trouble(&self) -> String {
        match self.all().as_slice() {
            [Progress::Unrecorded { reason }] => reason.clone(),
            other => panic!("{other:?}"),
        }
    }
}

/// The bundles of a folder, each file of which was looked through.
fn bundles(folder: &Path) -> Vec<Bundle> {
    for bundle in fs::read_dir(folder).expect("bundles") {
        for file in fs::read_dir(bundle.expect("a bundle").path()).expect("files") {
            let file = file.expect("a file").path();
            let bytes = fs::read(&file).expect("readable");
            assert_clean(&format!("{}: {}", file.display(), String::from_utf8_lossy(&bytes)));
        }
    }
    Bundle::read_all(folder).expect("bundles")
}

fn text(bundle: &Bundle) -> String {
    String::from_utf8(bundle.body().to_vec()).expect("UTF-8")
}

/// A service that repeats everything it was told, in its headers as well.
#[tokio::test]
async fn an_answer_is_recorded_without_what_is_private() {
    // Read at once, and piece by piece.
    for image in ["R0lGODlhAwACAAAAADs=".to_owned(), payload(1)] {
        let echo = format!(
            r#"{{"created":1,"data":[{{"b64_json":"{image}","revised_prompt":"A CANARY"}}],"echo":["{PROMPT}","\u0043ANARY-user-9","Bearer {KEY}"]}}"#
        );
        let head =
            format!("content-type: application/json\r\nset-cookie: CANARY=1\r\nx-ms-region: {KEY} {PROMPT}");
        let server = Server::start(move |_, _| reply("200 OK", &head, echo.as_bytes())).await;
        let folder = tempfile::tempdir().unwrap();
        let told = Told::default();
        let client = told.hear(client_at(&server.base())).save_bundles(folder.path());
        client.generate(&request()).await.unwrap();
        let [bundle] = bundles(folder.path()).try_into().unwrap();
        assert_eq!(
            text(&bundle),
            format!(
                r#"{{"created":1,"data":[{{"b64_json":"{image}","revised_prompt":"[revised prompt of 8 characters]"}}],"echo":["[prompt]","[user]","Bearer [credential]"]}}"#
            )
        );
        let exchange = bundle.exchange();
        assert_eq!((exchange.dialect.as_str(), exchange.response.end), ("fastapi", End::Complete));
        let headers: Vec<_> =
            exchange.response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("content-type", "application/json"),
            ("x-ms-region", "[credential] [prompt]"),
            ("x-request-id", "req-1"),
        ];
        assert_eq!(headers, expected);
        assert_eq!(exchange.request.body["model"], "dall-e-2");
        assert_eq!(exchange.request.body["prompt"]["characters"], PROMPT.chars().count());
        let path = folder.path().join("001").canonicalize().unwrap();
        assert_eq!(told.all(), [Progress::Recorded { path }]);
    }
}

#[tokio::test]
async fn every_attempt_is_recorded() {
    let answer = format!(r#"{{"data":[{{"b64_json":"{}"}}]}}"#, payload(1));
    let refusal = format!(r#"{{"error":{{"message":"no '{PROMPT}'","code":"rate_limit_exceeded"}}}}"#);
    let server = Server::run(move |_, _, number| {
        Reply::Last(match number {
            0 => reply("429 Too Many Requests", "retry-after-ms: 1", refusal.as_bytes()),
            _ => json(&answer),
        })
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let client = client_at(&server.base()).save_bundles(folder.path().join("new"));
    client.generate(&request()).await.unwrap();
    let [refused, answered] = bundles(&folder.path().join("new")).try_into().unwrap();
    assert_eq!(text(&refused), r#"{"error":{"message":"no '[prompt]'","code":"rate_limit_exceeded"}}"#);
    let response = &refused.exchange().response;
    assert_eq!((response.status, response.end), (429, End::Complete));
    assert!(response.headers.contains(&("retry-after-ms".to_owned(), "1".to_owned())));
    assert_eq!(answered.exchange().response.status, 200);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_recorded_as_far_as_it_came() {
    let whole = json(&format!(r#"{{"echo":"{PROMPT}","data":[{{"b64_json":"{}"}}]}}"#, payload(1)));
    let part = whole[..whole.len() / 2].to_vec();
    let server = Server::start(move |_, _| part.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let error = client_at(&server.base()).save_bundles(folder.path()).generate(&request()).await.unwrap_err();
    assert_private(&error);
    let [bundle] = bundles(folder.path()).try_into().unwrap();
    assert_eq!(bundle.exchange().response.end, End::Cut);
    assert!(text(&bundle).starts_with(r#"{"echo":"[prompt]","data":[{"b64_json":""#));
    assert!(bundle.body().len() > 10_000);

    // So is one whose call is given up.
    let head = whole[..whole.len() - 10].to_vec();
    let server = Server::run(move |_, _, _| Reply::Stall(head.clone())).await;
    let folder = tempfile::tempdir().unwrap();
    let (came, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let client = client_at(&server.base()).save_bundles(folder.path()).observe(move |progress| {
        if let Progress::Received { .. } = progress {
            came.send(()).unwrap();
        }
    });
    let call = tokio::spawn(async move { client.generate(&request()).await });
    seen.recv().await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let [bundle] = bundles(folder.path()).try_into().unwrap();
    assert_eq!(bundle.exchange().response.end, End::Cut);
}

fn streamed(image: &str) -> Vec<u8> {
    let event = |kind: &str| {
        format!(
            "event: image_generation.{kind}\ndata: {{\"type\":\"image_generation.{kind}\",\"b64_json\":\"{image}\",\"partial_image_index\":0,\"note\":\"{PROMPT}\"}}\n\n"
        )
    };
    let events = event("partial_image") + &event("completed");
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{events}").into_bytes()
}

/// A stream is complete with its last image, whether or not the service closes the connection.
#[tokio::test]
async fn a_stream_is_recorded_to_its_last_image() {
    let answer = streamed(&payload(1));
    let server = Server::run(move |_, _, _| Reply::Stall(answer.clone())).await;
    let folder = tempfile::tempdir().unwrap();
    let client = client_at(&server.base()).checking(Checking::Off).save_bundles(folder.path());
    let request = request().model("gpt-image-1").stream(true);
    client.generate(&request).await.unwrap();
    let mut stream = client.stream(&request).await.unwrap();
    // The unfinished image, and the completed one; nobody asks whether more comes.
    stream.next().await.unwrap().unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let mut given_up = client.stream(&request).await.unwrap();
    given_up.next().await.unwrap().unwrap();
    drop(given_up);
    let [one, other, part] = bundles(folder.path()).try_into().unwrap();
    let ends = [&one, &other, &part].map(|bundle| bundle.exchange().response.end);
    assert_eq!(ends[..2], [End::Complete, End::Complete]);
    // All of it may have come in one piece, and then the last image has not been looked for.
    assert_eq!(ends[2], End::Cut);
    assert_eq!(one.body(), other.body());
    assert_eq!(text(&one).matches("[prompt]").count(), 2);
    assert_eq!(text(&one).matches(&payload(1)).count(), 2);
}

/// What is downloaded is recorded, each link with its own image, and nothing of what broke off.
#[tokio::test]
async fn linked_images_are_recorded() {
    let server = Server::run(|base, seen, number| match (seen.path(), number) {
        (POST, _) => Reply::Last(json(&format!(
            r#"{{"docs":{{"url":"{base}/docs"}},"data":[{{"url":"{}\/CANARY?sig=1"}},{{"url":"{base}/gone"}}]}}"#,
            base.replace('/', "\\/")
        ))),
        ("/CANARY?sig=1", 1) => {
            let cut = [&b"HTTP/1.1 200 OK\r\ncontent-length: 70015\r\n\r\n"[..], &gif(9)[..50_000]].concat();
            Reply::Last(cut)
        }
        ("/gone", _) => Reply::Last(reply("404 Gone", "", b"")),
        _ => Reply::Last(reply("200 OK", "content-type: image/gif", &gif(1))),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let client = client_at(&server.base()).save_bundles(folder.path());
    let error = client.generate(&request().n(2)).await.unwrap_err();
    assert_eq!(error.partial().unwrap().images.len(), 1);
    let [bundle] = bundles(folder.path()).try_into().unwrap();
    let [link] = bundle.links() else { panic!("one image") };
    assert_eq!((link.index, link.media_type.as_str()), (1, "image/gif"));
    assert!(link.bytes == gif(1), "the image, whole");
    let links = bundle.pieces().iter().filter(|piece| matches!(piece, Piece::Link(_))).count();
    assert_eq!(links, 3);
    assert!(!text(&bundle).contains("http"));
    let mut files: Vec<_> =
        fs::read_dir(folder.path().join("001")).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["body", "exchange.json", "link-1.gif"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_costs_nothing() {
    let server = Server::start(|_, _| json("{}")).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let client = client_at(&server.base()).save_bundles(folder.path().join("file/bundles"));
    let error = client.generate(&request()).await.unwrap_err();
    assert_private(&error);
    assert_eq!((error.kind(), error.outcome()), (Kind::Io, Outcome::NotSent));
    assert!(error.to_string().contains("No bundle can be saved"), "{error}");
    let error = client.checking(Checking::Off).stream(&request()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Io, Outcome::NotSent));
    assert!(server.paths().is_empty());
}

/// Trouble with the folder after the request went out costs the bundle and nothing else.
#[tokio::test]
async fn trouble_with_a_bundle_loses_no_image() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target");
    // Before the answer begins, and between the answer and its link.
    for (spoiled_at, why) in [(0, "cannot write into the folder"), (1, "link-0.gif: cannot make it")] {
        let gone = target.clone();
        let server = Server::run(move |base, seen, number| {
            if number == spoiled_at {
                fs::remove_dir_all(&gone).unwrap();
            }
            Reply::Last(match seen.path() {
                POST => json(&format!(r#"{{"data":[{{"url":"{base}/image"}}]}}"#)),
                _ => reply("200 OK", "content-type: image/gif", &gif(1)),
            })
        })
        .await;
        let told = Told::default();
        let client = told.hear(client_at(&server.base())).save_bundles(&target);
        let generated = client.generate(&request()).await.unwrap();
        assert!(generated.images[0].bytes == gif(1), "the image, whole");
        assert_eq!(server.paths(), [POST, "/image"]);
        assert!(told.trouble().contains(why), "{}", told.trouble());
        assert!(!target.exists());
    }
    // Nothing can be taken out of what is compressed.
    let server = Server::start(|_, _| {
        reply("400 Bad Request", "content-type: application/json\r\ncontent-encoding: gzip", b"CANARY")
    })
    .await;
    let told = Told::default();
    let client = told.hear(client_at(&server.base())).save_bundles(&target);
    assert_eq!(client.generate(&request()).await.unwrap_err().status(), Some(400));
    assert!(told.trouble().contains("compressed"), "{}", told.trouble());
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
}
