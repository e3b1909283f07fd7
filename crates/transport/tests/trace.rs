//! What a call tells to `tracing`, at every level and from every crate below: enough to follow it, and nothing private.
#![cfg(all(feature = "reqwest", feature = "tracing"))]

mod canary;
mod recorder;
mod server;

use std::time::Duration;

use canary::{PROMPT, client_at};
use imagewire_transport::Policy;
use imagewire_types::CreateImageRequest;
use recorder::Recorder;
use server::{Server, json, reply};

#[tokio::test]
async fn calls_can_be_followed_and_show_nothing_private() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let server = Server::run(|base, seen, number| {
        server::Reply::Last(match (seen.path(), number) {
            (_, 0) => reply("503 Busy", "", format!("{} {PROMPT}", canary::KEY).as_bytes()),
            ("/v1/images/generations", _) => json(&format!(
                r#"{{"data":[{{"url":"{base}/CANARY?sig=CANARY"}},{{"b64_json":"Q0FOQVJZ"}}]}}"#
            )),
            _ => reply("200 OK", "", b"GIF89a\x03\0\x02\0\0\0\0;"),
        })
    })
    .await;
    let none = Duration::ZERO;
    let client = client_at(&server.base()).retry(Policy::default().backoff_times(none, none, none));
    client.generate(&CreateImageRequest::new(PROMPT).model("dall-e-2").n(2)).await.unwrap_err();

    let text = recorder.take();
    for expected in
        ["generate dialect=\"fastapi\"", "number=1 kind=\"server\"", "kind=\"decode\" outcome=\"unknown\""]
    {
        assert!(text.contains(expected), "{text}");
    }
    for private in ["CANARY", "Q0FOQVJZ", "/v1/"] {
        assert!(!text.contains(private), "{text}");
    }
}
