//! Bundles on the disk: written whole or not at all, and read with care.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use imagewire_bundle::{Begun, Bundle, End, Piece, Recorder, Recording};
use serde_json::{Value, json};
use tempfile::TempDir;

const BODY: &[u8] = br#"{"data":[{"url":"https://a.example/CANARY?sig=1"},{"url":"https://b.example/"}]}"#;
const LINK: &str = "https://b.example/";

fn begun() -> Begun<'static> {
    Begun {
        dialect: "openai",
        request: br#"{"prompt":"CANARY of a corgi","n":2}"#,
        credential: Some("sk-CANARY-KEY"),
        status: 200,
        headers: &[("content-type", b"application/json"), ("set-cookie", b"CANARY")],
        after: Duration::from_millis(1_500),
    }
}

fn begin(folder: &Path) -> Recording {
    Recorder::new(folder).begin(begun()).expect("a recording")
}

/// A bundle with one of its two links.
fn write(folder: &Path) -> PathBuf {
    let mut recording = begin(folder);
    recording.write(&BODY[..40]).expect("written");
    recording.write(&BODY[40..]).expect("written");
    recording.end(End::Complete).expect("written");
    assert!(recording.link("https://c.example/", "image/png").expect("no trouble").is_none());
    let mut lost = recording.link(LINK, "image/png").expect("no trouble").expect("a link");
    lost.write(b"half").expect("written");
    recording.discard(lost);
    let mut link = recording.link(LINK, "image/png; x=1").expect("no trouble").expect("a link");
    link.write(b"a picture").expect("written");
    recording.keep(link);
    assert!(recording.link(LINK, "image/png").expect("no trouble").is_none(), "it has it already");
    recording.publish().expect("a bundle")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn what_was_written_is_read() {
    let root = TempDir::new().expect("a folder");
    let folder = root.path().join("not/yet/there");
    Recorder::new(&folder).prepare().expect("a folder");
    assert!(names(&folder).is_empty());
    let path = write(&folder);
    assert_eq!((names(&folder), path.file_name()), (vec!["001".to_owned()], Some("001".as_ref())));
    assert_eq!(names(&path), ["body", "exchange.json", "link-1.png"]);
    for name in names(&path) {
        let bytes = fs::read(path.join(&name)).expect("readable");
        assert!(!String::from_utf8_lossy(&bytes).contains("CANARY"), "{name}");
    }
    let bundle = Bundle::read(&path).expect("a bundle");
    assert_eq!(bundle.name(), "001");
    let exchange = bundle.exchange();
    assert_eq!((exchange.dialect.as_str(), exchange.request.body["n"].as_u64()), ("openai", Some(2)));
    assert_eq!(exchange.response.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    assert_eq!((exchange.response.end, exchange.timing.head_ms), (End::Complete, 1_500));
    assert!(exchange.timing.end_ms >= 1_500);
    let bytes = |text: &'static str| Piece::Bytes(text.into());
    let expected = [
        bytes(r#"{"data":[{"url":""#),
        Piece::Link(0),
        bytes(r#""},{"url":""#),
        Piece::Link(1),
        bytes(r#""}]}"#),
    ];
    assert_eq!(bundle.pieces(), expected);
    let [link] = bundle.links() else { panic!("one link") };
    assert_eq!((link.index, link.media_type.as_str(), &link.bytes[..]), (1, "image/png", &b"a picture"[..]));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let root = TempDir::new().expect("a folder");
    let path = write(root.path());
    for name in names(&path) {
        let mode = fs::metadata(path.join(&name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn numbers_go_on_and_nothing_is_replaced() {
    let root = TempDir::new().expect("a folder");
    fs::write(root.path().join("007"), "theirs").expect("a file");
    fs::create_dir(root.path().join("mine")).expect("a folder");
    assert_eq!(write(root.path()).file_name(), Some("008".as_ref()));
    assert_eq!(write(root.path()).file_name(), Some("009".as_ref()));
    assert_eq!(fs::read(root.path().join("007")).expect("theirs"), b"theirs");
    // Two that end at the same time.
    let (one, other) = (begin(root.path()), begin(root.path()));
    assert_ne!(one.publish().expect("a bundle"), other.publish().expect("a bundle"));
}

#[test]
fn a_recording_that_is_dropped_leaves_nothing() {
    let root = TempDir::new().expect("a folder");
    let mut recording = begin(root.path());
    recording.write(BODY).expect("written");
    assert!(names(root.path()).iter().all(|name| name.starts_with('.')));
    drop(recording);
    assert!(names(root.path()).is_empty());
}

#[test]
fn a_compressed_answer_is_not_kept() {
    let root = TempDir::new().expect("a folder");
    let gzip = Begun { headers: &[("content-encoding", b"gzip")], ..begun() };
    let error = Recorder::new(root.path()).begin(gzip).map(drop).expect_err("gzip");
    assert!(error.to_string().contains("compressed"), "{error}");
    assert!(names(root.path()).is_empty());
}

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let root = TempDir::new().expect("a folder");
    let file = root.path().join("file");
    fs::write(&file, "").expect("a file");
    let error = Recorder::new(file.join("x")).prepare().expect_err("a file is no folder");
    assert!(error.to_string().contains("cannot make the folder"), "{error}");
    // It goes away in the middle.
    let folder = root.path().join("gone");
    fs::create_dir(&folder).expect("a folder");
    let recording = begin(&folder);
    fs::remove_dir_all(&folder).expect("removed");
    assert!(recording.publish().is_err());
}

/// A change of `exchange.json`.
type Edit = fn(&mut Value);

/// The folder of a bundle whose `exchange.json` was changed.
fn edited(root: &Path, edit: impl Fn(&mut Value)) -> PathBuf {
    let path = write(root);
    let file = path.join("exchange.json");
    let mut exchange: Value = serde_json::from_slice(&fs::read(&file).expect("readable")).expect("JSON");
    edit(&mut exchange);
    fs::write(&file, exchange.to_string()).expect("writable");
    path
}

#[test]
fn what_is_not_as_it_should_be_is_refused_with_its_name() {
    let root = TempDir::new().expect("a folder");
    fs::write(root.path().join("secret"), "CANARY").expect("a file");
    let edits: [(Edit, &str); 9] = [
        (|exchange| exchange["format"] = json!(2), "format 2, and this release knows format 1"),
        (|exchange| exchange["format"] = json!("1"), "no format number"),
        (|exchange| exchange["extra"] = json!(1), "unknown field `extra`"),
        (|exchange| exchange["response"]["status"] = json!(101), "status 101"),
        (|exchange| exchange["response"]["headers"] = json!([["a b", "c"]]), "header that cannot be sent"),
        (
            |exchange| exchange["response"]["headers"] = json!([["a", "b\r\nc: d"]]),
            "header that cannot be sent",
        ),
        (|exchange| exchange["links"][0]["file"] = json!("../../secret"), "no file beside it"),
        (|exchange| exchange["links"][0]["file"] = json!("/etc/passwd"), "no file beside it"),
        (|exchange| exchange["links"][0]["file"] = json!(".."), "no file beside it"),
    ];
    for (edit, expected) in edits {
        let path = edited(root.path(), edit);
        let error = Bundle::read(&path).expect_err(expected).to_string();
        assert!(error.contains(expected) && error.contains("exchange.json"), "{error}");
    }
    let path = edited(root.path(), |_| {});
    fs::remove_file(path.join("body")).expect("removed");
    let error = Bundle::read(&path).expect_err("no body").to_string();
    assert!(error.contains("body: cannot read it"), "{error}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root.path().join("secret"), path.join("body")).expect("a link");
        let error = Bundle::read(&path).expect_err("a link").to_string();
        assert!(error.contains("no plain file"), "{error}");
    }
}

#[test]
fn files_that_are_too_large_are_refused() {
    let root = TempDir::new().expect("a folder");
    for (name, size, expected) in
        [("body", 600 << 20, "512 MiB"), ("exchange.json", (4 << 20) + 1, "larger than 4 MiB")]
    {
        let path = write(root.path());
        let file = fs::OpenOptions::new().write(true).open(path.join(name)).expect("a file");
        // Sparse: it takes no room.
        file.set_len(size).expect("a length");
        let error = Bundle::read(&path).expect_err("too much").to_string();
        assert!(error.contains(expected) && error.contains(name), "{error}");
        assert!(!error.contains("CANARY"), "{error}");
    }
}

#[test]
fn more_than_fits_is_refused() {
    let root = TempDir::new().expect("a folder");
    for _ in 0..2 {
        let body = fs::OpenOptions::new().write(true).open(write(root.path()).join("body")).expect("a file");
        body.set_len(300 << 20).expect("a length");
    }
    let error = Bundle::read_all(root.path()).expect_err("too much").to_string();
    assert!(error.contains("512 MiB") && error.contains("002"), "{error}");
}

#[test]
fn all_bundles_of_a_folder_are_read_in_order() {
    let root = TempDir::new().expect("a folder");
    let first = write(root.path());
    for name in ["1000", "999", "a bug", ".hidden"] {
        let folder = root.path().join(name);
        fs::create_dir(&folder).expect("a folder");
        for file in names(&first) {
            fs::copy(first.join(&file), folder.join(&file)).expect("copied");
        }
    }
    fs::write(root.path().join("notes.txt"), "mine").expect("a file");
    let bundles = Bundle::read_all(root.path()).expect("bundles");
    let found: Vec<&str> = bundles.iter().map(Bundle::name).collect();
    assert_eq!(found, ["001", "999", "1000", "a bug"]);
    assert_eq!(Bundle::read_all(&first).expect("one bundle").len(), 1);
    let empty = TempDir::new().expect("a folder");
    let error = Bundle::read_all(empty.path()).expect_err("nothing").to_string();
    assert!(error.contains("holds no bundle"), "{error}");
    assert!(Bundle::read_all(empty.path().join("absent")).is_err());
}
