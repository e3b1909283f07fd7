//! Where bought images go: files, memory, and writers of the caller's. Nothing half is ever found under a final name, and
//! nothing that is paid for gets lost.
#![cfg(feature = "reqwest")]

mod canary;
mod server;
mod toxics;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use canary::{PROMPT, assert_private, client_at};
use imagewire_transport::{Client, Destination, Kind, Outcome, Progress, Timer, Unfinished};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Reply, Server, json, reply};
use toxics::{Proxy, Toxic};

const POST: &str = "/v1/images/generations";
const GIF: &[u8] = b"GIF89a\x03\0\x02\0\0\0\0;";

/// A large image, of its own content for each number.
fn large(number: u8) -> Vec<u8> {
    [&b"GIF89a\x03\0\x02\0\0\0\0;"[..], &vec![number; 90_000]].concat()
}

fn answer(images: &[Vec<u8>]) -> String {
    let items: Vec<String> = images
        .iter()
        .map(|image| format!(r#"{{"b64_json":"{}","revised_prompt":"r"}}"#, Base64::encode(image).as_str()))
        .collect();
    format!(r#"{{"created":1,"data":[{}],"usage":{{"total_tokens":7}}}}"#, items.join(","))
}

fn request(n: u32) -> CreateImageRequest {
    CreateImageRequest::new(PROMPT).model("dall-e-2").n(n)
}

/// Everything in a folder, hidden files included.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file"));
    entries
        .map(|entry| {
            (entry.file_name().into_string().expect("a name"), fs::read(entry.path()).unwrap_or_default())
        })
        .collect()
}

fn named(entries: &[(&str, Vec<u8>)]) -> BTreeMap<String, Vec<u8>> {
    entries.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).collect()
}

/// Sends the answer with its length, or in chunks without one.
fn sent(body: &str, chunked: bool) -> Vec<u8> {
    if !chunked {
        return json(body);
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).into_bytes()
}

/// The same answer whole and dribbled, with and without a length, short and long: the same files, the same bytes.
#[tokio::test]
async fn files_do_not_depend_on_how_the_answer_comes() {
    for images in [vec![GIF.to_vec()], vec![large(1), large(2), GIF.to_vec()]] {
        let body = answer(&images);
        for chunked in [false, true] {
            let body = body.clone();
            let server = Server::start(move |_, _| sent(&body, chunked)).await;
            let count = u32::try_from(images.len()).expect("a few");
            let direct = client_at(&server.base()).generate(&request(count)).await.unwrap();
            assert_eq!(direct.images.iter().map(|image| image.bytes.to_vec()).collect::<Vec<_>>(), images);
            for toxic in [Toxic::None, Toxic::Slicer(if images.len() == 1 { 1 } else { 977 })] {
                let proxy = Proxy::start(server.address(), Toxic::None, toxic).await;
                let folder = tempfile::tempdir().unwrap();
                let destination = Destination::file(folder.path().join("a.png"));
                let client = client_at(&proxy.base());
                let delivered = client.generate_to(&request(count), &destination).await.unwrap();
                assert_eq!(delivered.response, direct.response);
                assert_eq!(delivered.files.len(), images.len());
                for ((file, image), expected) in delivered.files.iter().zip(&direct.images).zip(&images) {
                    assert_eq!(&fs::read(&file.path).unwrap(), expected);
                    assert_eq!(file.bytes, expected.len() as u64);
                    assert_eq!((file.index, file.width, file.height), (image.index, 3, 2));
                    assert_eq!(file.revised_prompt.as_deref(), Some("r"));
                    assert!(file.extension_replaced);
                }
                let expected = if count == 1 { vec!["a.gif"] } else { vec!["a-1.gif", "a-2.gif", "a-3.gif"] };
                assert_eq!(files(folder.path()).into_keys().collect::<Vec<_>>(), expected);
            }
        }
    }
}

#[tokio::test]
async fn writers_get_their_images() {
    let images = vec![large(1), large(2)];
    let body = answer(&images);
    let server = Server::start(move |_, _| json(&body)).await;
    let mut opened = Vec::new();
    let open = |index| {
        opened.push(index);
        Vec::new()
    };
    let written = client_at(&server.base()).generate_into(&request(2), open).await.unwrap();
    assert_eq!(opened, [0, 1]);
    let bytes: Vec<_> = written.images.into_iter().map(|image| image.writer).collect();
    assert_eq!(bytes, images);
}

/// A writer that fails costs its image alone, and the error says that it was bought.
#[tokio::test]
async fn a_writer_that_fails() {
    let body = answer(&[large(1), large(2)]);
    let server = Server::start(move |_, _| json(&body)).await;
    let room: &'static mut [u8] = Vec::leak(vec![0; 1000]);
    let mut room = Some(room);
    let open = |index| {
        let enough = Vec::leak(vec![0; 1 << 20]);
        std::io::Cursor::new(if index == 0 { room.take().unwrap() } else { &mut *enough })
    };
    let unfinished = client_at(&server.base()).generate_into(&request(2), open).await.unwrap_err();
    let Unfinished { error, written } = unfinished;
    assert_eq!((error.kind(), error.outcome()), (Kind::Io, Outcome::Done));
    let written = written.expect("the other image");
    assert_eq!(written.images.iter().map(|image| image.index).collect::<Vec<_>>(), [1]);
    assert_eq!(server.paths(), [POST]);
}

/// What the server does, how the client is set up, and what comes of it.
type Row = (fn(Vec<u8>) -> Reply, fn(Client, Duration) -> Client, Kind, Option<Timer>);

/// a17, a14, a15: the answer breaks off after an image came whole: that one is kept, and the half one is not.
#[tokio::test]
async fn whole_images_of_a_broken_answer_are_kept() {
    let whole = json(&answer(&[large(1), large(2), large(3)]));
    let cut = whole.len() / 2;
    let head = whole[..cut].to_vec();
    let soon = Duration::from_millis(300);
    let rows: [Row; 4] = [
        (Reply::Last, |client, _| client, Kind::Truncated, None),
        (Reply::Stall, Client::body_idle_timeout, Kind::Timeout, Some(Timer::BodyIdle)),
        (Reply::Stall, Client::timeout, Kind::Timeout, Some(Timer::Deadline)),
        (Reply::Last, |client, _| client.max_answer_bytes(200_000), Kind::TooLarge, None),
    ];
    for (reply, adjust, kind, timer) in rows {
        // The last one is told of no length, or it would be refused at once.
        let head = if kind == Kind::TooLarge {
            let body = answer(&[large(1), large(2), large(3)]);
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{body}").into_bytes()
        } else {
            head.clone()
        };
        let server = Server::run(move |_, _, _| reply(head.clone())).await;
        let client = adjust(client_at(&server.base()), soon);

        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::file(folder.path().join("a.gif"));
        let error = client.generate_to(&request(3), &destination).await.unwrap_err();
        assert_private(&error);
        assert_eq!((error.kind(), error.outcome(), error.timer()), (kind, Outcome::Unknown, timer));
        assert_eq!(error.attempts().len(), 1);
        let delivered = error.delivered().expect("the first image");
        assert_eq!(delivered.files[0].path, folder.path().join("a-1.gif"));
        assert_eq!(files(folder.path()), named(&[("a-1.gif", large(1))]), "{kind}");

        let error = client.generate(&request(3)).await.unwrap_err();
        let partial = error.partial().expect("the first image");
        assert_eq!(partial.images.iter().map(|image| image.index).collect::<Vec<_>>(), [0]);
        assert_eq!(partial.images[0].bytes, large(1));
        assert_eq!(server.paths(), [POST, POST], "one request for each call");
    }
}

/// One of several images cannot be read: the others are saved, and numbered as they came.
#[tokio::test]
async fn the_other_images_are_saved() {
    let good = |number| Base64::encode(large(number)).into_string();
    let body = format!(
        r#"{{"data":[{{"b64_json":"{}"}},{{"b64_json":"{}!CANARY"}},{{}},{{"b64_json":"{}"}}]}}"#,
        good(1),
        good(2),
        good(3)
    );
    let server = Server::start(move |_, _| json(&body)).await;
    let folder = tempfile::tempdir().unwrap();
    let destination = Destination::directory(folder.path());
    let error = client_at(&server.base()).generate_to(&request(3), &destination).await.unwrap_err();
    assert_private(&error);
    assert_eq!((error.kind(), error.outcome()), (Kind::Decode, Outcome::Unknown));
    assert!(error.to_string().contains("data[1].b64_json is not base64"), "{error}");
    let indices: Vec<_> = error.delivered().unwrap().files.iter().map(|file| file.index).collect();
    assert_eq!(indices, [0, 3]);
    assert_eq!(files(folder.path()), named(&[("image-1.gif", large(1)), ("image-3.gif", large(3))]));
}

/// Nothing is bought when the images could not be saved, and nothing is lost when that shows too late.
#[tokio::test]
async fn a_destination_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (target, safe) = (folder.path().join("target"), folder.path().join("safe"));
    fs::create_dir(&safe).unwrap();
    fs::create_dir(&target).unwrap();
    fs::write(target.join("image.gif"), "theirs").unwrap();
    let spoil = target.clone();
    let body = answer(&[large(1)]);
    let server = Server::start(move |_, _| {
        // Somebody takes the name while the image is made.
        fs::write(spoil.join("b.gif"), "theirs").unwrap();
        json(&body)
    })
    .await;
    let client = client_at(&server.base());
    let destination = Destination::directory(&target).rescue_to(&safe);
    let error = client.generate_to(&request(1), &destination).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Io, Outcome::NotSent));
    assert!(server.paths().is_empty());

    let error = client.generate_to(&request(1), &destination.stem("b")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Io, Outcome::Done));
    let file = &error.delivered().unwrap().files[0];
    assert_eq!(fs::read(&file.path).unwrap(), large(1));
    assert_eq!(file.path.parent(), Some(&*safe));
    assert!(error.to_string().contains(&*file.path.to_string_lossy()), "{error}");
    assert_eq!(files(&target), named(&[("b.gif", b"theirs".to_vec()), ("image.gif", b"theirs".to_vec())]));
}

/// The folder disappears while the images arrive, and there is no other: they are in the error.
#[tokio::test]
async fn what_cannot_be_saved_at_all_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target");
    let gone = target.clone();
    let body = answer(&[large(1), large(2)]);
    let server = Server::start(move |_, _| {
        fs::remove_dir_all(&gone).unwrap();
        json(&body)
    })
    .await;
    let destination = Destination::directory(&target).rescue_to(folder.path().join("nowhere"));
    let error = client_at(&server.base()).generate_to(&request(2), &destination).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Io, Outcome::Done));
    let kept: Vec<_> = error.partial().unwrap().images.iter().map(|image| image.bytes.to_vec()).collect();
    assert_eq!(kept, [large(1), large(2)]);
    assert!(files(folder.path()).is_empty());
}

/// Links are downloaded into files, and a download that breaks off is taken up from its beginning.
#[tokio::test]
async fn links_become_files() {
    let server = Server::run(|base, seen, number| match (seen.path(), number) {
        (POST, _) => Reply::Last(json(&format!(r#"{{"data":[{{"url":"{base}/image"}}]}}"#))),
        (_, 1) => {
            let cut = &large(9)[..50_000];
            Reply::Last([&b"HTTP/1.1 200 OK\r\ncontent-length: 90015\r\n\r\n"[..], cut].concat())
        }
        _ => Reply::Last(reply("200 OK", "content-type: image/gif", &large(1))),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let destination = Destination::directory(folder.path()).sync(false);
    let delivered = client_at(&server.base()).generate_to(&request(1), &destination).await.unwrap();
    assert!(delivered.response.data[0].url.is_some());
    assert_eq!(files(folder.path()), named(&[("image.gif", large(1))]));
    assert_eq!(server.paths(), [POST, "/image", "/image"]);
}

/// A call that is dropped leaves no file.
#[tokio::test]
async fn dropping_a_call_leaves_no_file() {
    let whole = json(&answer(&[large(1), large(2)]));
    let head = whole[..whole.len() - 100].to_vec();
    let server = Server::run(move |_, _, _| Reply::Stall(head.clone())).await;
    let folder = tempfile::tempdir().unwrap();
    let destination = Destination::directory(folder.path());
    let (came, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let client = client_at(&server.base()).observe(move |progress| {
        if let Progress::Image { .. } = progress {
            came.send(()).unwrap();
        }
    });
    let call = tokio::spawn(async move { client.generate_to(&request(2), &destination).await });
    seen.recv().await.unwrap();
    assert!(!files(folder.path()).is_empty());
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert!(files(folder.path()).is_empty());
}

/// What is told on the way, in order.
#[tokio::test]
async fn progress_is_told() {
    let body = answer(&[GIF.to_vec()]);
    let server = Server::run(move |_, _, number| {
        Reply::Last(match number {
            0 => reply("503 Busy", "retry-after-ms: 1", b""),
            _ => json(&body),
        })
    })
    .await;
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let teller = Arc::clone(&told);
    let client = client_at(&server.base()).observe(move |progress| {
        teller.lock().unwrap_or_else(PoisonError::into_inner).push(progress.clone());
    });
    let folder = tempfile::tempdir().unwrap();
    client.generate_to(&request(1), &Destination::directory(folder.path())).await.unwrap();
    let told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let names: Vec<String> = told
        .iter()
        .map(|progress| format!("{progress:?}").split([' ', '{']).next().unwrap_or_default().to_owned())
        .collect();
    let expected = ["Sending", "Answering", "Waiting", "Sending", "Answering", "Received", "Image", "Saved"];
    assert_eq!(names, expected);
}
