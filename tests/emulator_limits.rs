//! What the emulator's server stands up to, and what it says about itself.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use imagewire_emulator::Emulator;
use imagewire_tests::http::{Answer, send};
use serde_json::json;

async fn call(
    method: &'static str,
    url: String,
    headers: &[(&'static str, &'static str)],
    body: Vec<u8>,
) -> Answer {
    let headers = headers.to_vec();
    let sent = move || send(method, &url, &headers, &body);
    tokio::task::spawn_blocking(sent).await.expect("no panic").expect("an answer")
}

/// What the server answers to bytes that may be no HTTP.
async fn raw(emulator: &Emulator, bytes: &str) -> String {
    let (address, bytes) = (emulator.address(), bytes.to_owned());
    let exchange = move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(bytes.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        // A server that closes without reading everything may reset the connection.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    tokio::task::spawn_blocking(exchange).await.expect("no panic")
}

fn url(emulator: &Emulator) -> String {
    format!("{}/images/generations", emulator.base_url("fastapi").expect("a service"))
}

const KEY: (&str, &str) = ("authorization", "Bearer k");

#[tokio::test]
async fn links_expire_and_must_be_whole() {
    let request = json!({ "prompt": "a heron", "size": "256x256" }).to_string().into_bytes();
    let emulator = Emulator::builder().start().await.expect("a port");
    let answer = call("POST", url(&emulator), &[KEY], request.clone()).await.json();
    let link = answer["data"][0]["url"].as_str().expect("a link").to_owned();
    assert_eq!(call("GET", link.clone(), &[], vec![]).await.status, 200);
    let (bare, _) = link.split_once('?').expect("a query");
    let cut = call("GET", bare.to_owned(), &[], vec![]).await;
    assert_eq!((cut.status, cut.header("x-ms-error-code")), (403, Some("AuthenticationFailed")));
    assert_eq!(call("POST", link, &[], vec![]).await.status, 405);

    let short = Emulator::builder().url_ttl(Duration::ZERO).start().await.expect("a port");
    let answer = call("POST", url(&short), &[KEY], request).await.json();
    let link = answer["data"][0]["url"].as_str().expect("a link").to_owned();
    let gone = call("GET", link, &[], vec![]).await;
    assert_eq!((gone.status, gone.header("content-type")), (403, Some("application/xml")));
    let text = String::from_utf8(gone.body).expect("UTF-8");
    assert!(text.contains("<Code>AuthenticationFailed</Code>") && text.contains("Expiry ["), "{text}");
}

#[tokio::test]
async fn one_key_opens_where_one_is_required() {
    let emulator = Emulator::builder().api_key("s3cret").start().await.expect("a port");
    let request = json!({ "prompt": "a heron" }).to_string().into_bytes();
    let open = call("POST", url(&emulator), &[("authorization", "Bearer s3cret")], request.clone()).await;
    assert_eq!(open.status, 200);
    for wrong in ["Bearer s3cre", "Bearer s3crett", "Bearer S3CRET", "Bearer k"] {
        let refused = call("POST", url(&emulator), &[("authorization", wrong)], request.clone()).await;
        assert_eq!(refused.status, 401);
        assert!(
            refused.json()["error"]["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("Incorrect API key"))
        );
        assert!(!String::from_utf8_lossy(&refused.body).contains("s3cre"));
    }
    let azure = emulator.base_url("azure").expect("a service");
    let azure = format!("{azure}/deployments/d/images/generations?api-version=1");
    let refused = call("POST", azure, &[("api-key", "no")], request).await;
    let text = String::from_utf8(refused.body).expect("UTF-8");
    assert!(
        text.starts_with(
            r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key"#
        ),
        "{text}"
    );
    assert!(!format!("{emulator:?}{:?}", Emulator::builder().api_key("s3cret")).contains("s3cret"));
}

#[tokio::test]
async fn only_names_of_this_machine_are_served() {
    let emulator = Emulator::builder().start().await.expect("a port");
    for (host, status) in [("localhost", "200"), ("127.0.0.1:1", "200"), ("evil.example", "400"), ("", "400")]
    {
        let answer =
            raw(&emulator, &format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
                .await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
    }
    let answer = raw(&emulator, "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let emulator = Emulator::builder().start().await.expect("a port");
    let large = call("POST", url(&emulator), &[KEY], vec![b' '; (1 << 20) + 1]).await;
    assert_eq!(large.status, 413);
    let long = call("GET", format!("http://{}/{}", emulator.address(), "x".repeat(9_000)), &[], vec![]).await;
    assert_eq!(long.status, 414);
    let headers = "x: y\r\n".repeat(200);
    let many = raw(&emulator, &format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")).await;
    assert!(many.starts_with("HTTP/1.1 431"), "{many}");
    let wide = "x".repeat(64 << 10);
    let wide =
        raw(&emulator, &format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: {wide}\r\n\r\n")).await;
    assert!(wide.is_empty() || wide.starts_with("HTTP/1.1 431"), "{wide}");
}

#[tokio::test]
async fn what_is_no_json_request_is_refused() {
    let emulator = Emulator::builder().start().await.expect("a port");
    let body = json!({ "prompt": "x" }).to_string().into_bytes();
    for header in [("content-type", "text/plain"), ("content-encoding", "gzip")] {
        assert_eq!(
            call("POST", url(&emulator), &[KEY, header], body.clone()).await.status,
            415,
            "{header:?}"
        );
    }
    let typed = [KEY, ("content-type", "application/json; charset=utf-8")];
    assert_eq!(call("POST", url(&emulator), &typed, body).await.status, 200);
    let wrong = call("GET", url(&emulator), &[KEY], vec![]).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    let nowhere = format!("http://{}/v1/elsewhere", emulator.address());
    assert_eq!(
        call("GET", nowhere, &[], vec![]).await.json()["error"]["message"],
        "Invalid URL (GET /v1/elsewhere)"
    );
    let azure = format!("{}/elsewhere", emulator.base_url("azure").expect("a service"));
    let nowhere = call("GET", azure, &[], vec![]).await;
    assert_eq!(nowhere.body, br#"{"error":{"code":"404","message":"Resource not found"}}"#);
}

#[tokio::test]
async fn too_much_at_a_time_is_told_to_come_back() {
    let busy = Emulator::builder().max_generations(0).start().await.expect("a port");
    let refused = call("POST", url(&busy), &[KEY], json!({ "prompt": "x" }).to_string().into_bytes()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(busy.ledger().generations(), 0);
    let full = Emulator::builder().max_connections(0).start().await.expect("a port");
    let refused = raw(&full, "").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
}

#[tokio::test]
async fn it_tells_how_it_is() {
    let emulator = Emulator::builder().start().await.expect("a port");
    let at = |path: &str| format!("http://{}{path}", emulator.address());
    assert_eq!(call("GET", at("/healthz"), &[], vec![]).await.body, b"ok\n");
    call("POST", url(&emulator), &[KEY], json!({ "prompt": "x", "n": 2 }).to_string().into_bytes()).await;
    call("POST", url(&emulator), &[KEY], b"{".to_vec()).await;
    let metrics = String::from_utf8(call("GET", at("/metrics"), &[], vec![]).await.body).expect("UTF-8");
    for line in [
        "imagewire_emulator_answers_total{dialect=\"fastapi\",status=\"200\"} 1",
        "imagewire_emulator_answers_total{dialect=\"fastapi\",status=\"400\"} 1",
        "imagewire_emulator_images_total 2",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} is missing in {metrics}");
    }
    assert_eq!(call("GET", at("/openapi/else.json"), &[], vec![]).await.status, 404);
    let document = call("GET", at("/openapi/hicap.json"), &[], vec![]).await.json();
    assert_eq!(document["info"]["title"], "Hicap");
}

#[tokio::test]
async fn it_ends_when_asked_to() {
    let emulator = Emulator::builder().start().await.expect("a port");
    assert_eq!(call("GET", format!("http://{}/healthz", emulator.address()), &[], vec![]).await.status, 200);
    emulator.shutdown().await.expect("an orderly end");
    assert!(TcpStream::connect(emulator.address()).is_err());
    emulator.wait().await.expect("nothing left to wait for");
}
