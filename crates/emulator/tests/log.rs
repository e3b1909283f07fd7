//! What is logged of a request, and what never is.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex},
};

use imagewire_emulator::Emulator;
use serde_json::Value;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn post(address: SocketAddr, path: &str, body: &str) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer the-secret-key\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    stream.read_to_end(&mut Vec::new()).expect("an answer");
}

#[tokio::test]
async fn one_line_a_request_without_prompt_or_key() {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber =
        tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).expect("the only one");
    let emulator = Emulator::builder().start().await.expect("a port");
    let address = emulator.address();
    let requests = move || {
        post(address, "/v1/images/generations", r#"{"prompt":"a secret heron","model":"dall-e-3"}"#);
        post(
            address,
            "/v1/images/generations",
            r#"{"prompt":"a secret heron","model":"x\n\u001b[2J","n":99}"#,
        );
        post(
            address,
            "/v1/deployments/a%0ab%1b/images/generations?api-version=1",
            r#"{"prompt":"a secret heron","seed":1}"#,
        );
    };
    tokio::task::spawn_blocking(requests).await.expect("no panic");
    let text = String::from_utf8(kept.0.lock().expect("no panic").clone()).expect("UTF-8");
    assert!(!text.contains("secret"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (&lines[0]["dialect"], &lines[0]["model"], &lines[0]["status"], &lines[0]["findings"]),
        (&"fastapi".into(), &"dall-e-3".into(), &200.into(), &"".into())
    );
    assert!(lines[0]["bytes"].as_u64() > Some(100) && lines[0]["ms"].is_u64());
    assert_eq!(lines[0]["request_id"], "req_00000000000000000000000000000001");
    assert_eq!((&lines[1]["status"], &lines[1]["model"]), (&400.into(), &"x\\n\\u{1b}[2J".into()));
    assert!(
        lines[1]["findings"]
            .as_str()
            .is_some_and(|codes| codes.split(',').any(|code| code == "out_of_range"))
    );
    assert_eq!((&lines[2]["dialect"], &lines[2]["deployment"]), (&"hicap".into(), &"a\\nb\\u{1b}".into()));
}
