//! The emulator's ledger, and requests that must not be bought twice.

use imagewire_emulator::{Emulator, Scenario};
use imagewire_tests::http::{Answer, send};
use serde_json::{Value, json};

fn base(emulator: &Emulator) -> String {
    emulator.base_url("fastapi").expect("a service")
}

async fn post(emulator: &Emulator, headers: &[(&'static str, &'static str)], body: Value) -> Answer {
    let url = format!("{}/images/generations", base(emulator));
    let headers = headers.to_vec();
    let sent = move || send("POST", &url, &headers, body.to_string().as_bytes());
    tokio::task::spawn_blocking(sent).await.expect("no panic").expect("an answer")
}

async fn get(emulator: &Emulator, path: &str) -> Answer {
    let url = format!("http://{}{path}", emulator.address());
    let sent = move || send("GET", &url, &[], b"");
    tokio::task::spawn_blocking(sent).await.expect("no panic").expect("an answer")
}

const KEY: (&str, &str) = ("authorization", "Bearer one");

#[tokio::test]
async fn every_purchase_has_an_entry() {
    let emulator = Emulator::builder().admin(true).start().await.expect("a port");
    let body = json!({ "prompt": "two herons", "model": "dall-e-2", "n": 2 });
    assert_eq!(post(&emulator, &[KEY], json!({ "prompt": "" })).await.status, 400);
    assert_eq!(post(&emulator, &[KEY, ("idempotency-key", "abc")], body).await.status, 200);
    let entries = emulator.ledger().entries();
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!(
        (entry.number, entry.dialect, entry.model.as_str(), entry.images),
        (2, "fastapi", "dall-e-2", 2)
    );
    assert_eq!(entry.idempotency_key.as_deref(), Some("abc"));
    let ledger = get(&emulator, "/_emulator/ledger").await.json();
    assert_eq!(
        (&ledger["requests"], &ledger["generations"], &ledger["images"]),
        (&json!(2), &json!(1), &json!(2))
    );
    assert_eq!(ledger["entries"][0]["digest"].as_str().map(str::len), Some(64));
    assert!(!ledger.to_string().contains("heron"));
    assert_eq!(get(&emulator, "/_emulator/ledger?limit=0").await.json()["entries"], json!([]));

    let closed = Emulator::builder().start().await.expect("a port");
    for path in ["/_emulator/ledger", "/_emulator/scenarios"] {
        assert_eq!(get(&closed, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_same_key_and_body_are_bought_once_and_answered_alike() {
    let emulator = Emulator::builder().start().await.expect("a port");
    let body = json!({ "prompt": "a heron", "size": "256x256", "response_format": "b64_json" });
    let named = [KEY, ("idempotency-key", "first")];
    let first = post(&emulator, &named, body.clone()).await;
    let again = post(&emulator, &named, body.clone()).await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("x-request-id"), again.header("x-request-id"));
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        (None, Some("true"))
    );
    assert_eq!(emulator.ledger().images(), 1);

    let mut other = body.clone();
    other["prompt"] = json!("two herons");
    let refused = post(&emulator, &named, other.clone()).await;
    assert_eq!((refused.status, refused.json()["error"]["type"].clone()), (422, json!("idempotency_error")));
    // Another credential's key is another key.
    let stranger = [("authorization", "Bearer two"), ("idempotency-key", "first")];
    assert_eq!(post(&emulator, &stranger, other).await.status, 200);
    // A refused request leaves the key free.
    let later = [KEY, ("idempotency-key", "later")];
    assert_eq!(post(&emulator, &later, json!({ "prompt": "" })).await.status, 400);
    emulator.scenario().push(Scenario::status(500));
    assert_eq!(post(&emulator, &later, body.clone()).await.status, 500);
    assert_eq!(post(&emulator, &later, body.clone()).await.status, 200);
    assert_eq!(emulator.ledger().images(), 3);
    assert_eq!(post(&emulator, &[KEY, ("idempotency-key", "")], body).await.status, 400);
}

#[tokio::test]
async fn what_was_lost_on_the_way_is_not_bought_again() {
    let emulator = Emulator::builder().start().await.expect("a port");
    let body = json!({ "prompt": "a heron", "size": "256x256", "response_format": "b64_json" });
    let named = [KEY, ("idempotency-key", "k")];
    emulator.scenario().push(Scenario::CutBody { after: 10 });
    assert_eq!(post(&emulator, &named, body.clone()).await.body.len(), 10);
    let again = post(&emulator, &named, body.clone()).await;
    assert!(again.json()["data"][0]["b64_json"].is_string());
    // An error after the purchase stays one for its key.
    let billed = Scenario::Status { status: 500, retry_after: None, billed: true };
    emulator.scenario().push(billed);
    let other = [KEY, ("idempotency-key", "other")];
    let (first, second) = (post(&emulator, &other, body.clone()).await, post(&emulator, &other, body).await);
    assert_eq!((first.status, second.status, first.body == second.body), (500, 500, true));
    assert_eq!(emulator.ledger().images(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_use_is_refused_until_its_answer_is_there() {
    use std::io::Write as _;

    let emulator = Emulator::builder().start().await.expect("a port");
    let body = json!({ "prompt": "a heron" });
    let text = body.to_string();
    // An hour: the first request is under way for as long as this test takes.
    emulator.scenario().push(Scenario::Latency { millis: 3_600_000 });
    let mut slow = std::net::TcpStream::connect(emulator.address()).expect("a connection");
    let head = format!(
        "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer one\r\n\
         idempotency-key: k\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    );
    slow.write_all(head.as_bytes()).expect("sent");
    while emulator.ledger().generations() == 0 {
        tokio::task::yield_now().await;
    }
    let named = [KEY, ("idempotency-key", "k")];
    let refused = post(&emulator, &named, body.clone()).await;
    assert_eq!((refused.status, refused.json()["error"]["type"].clone()), (409, json!("idempotency_error")));
    // The client gives up; what it bought waits for it.
    drop(slow);
    let mut answer = refused;
    while answer.status == 409 {
        answer = post(&emulator, &named, body.clone()).await;
    }
    assert_eq!(answer.status, 200);
    assert_eq!(emulator.ledger().images(), 1);
}
