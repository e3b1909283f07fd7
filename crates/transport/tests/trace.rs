//! What a call tells to `tracing`, at every level and from every crate below: enough to follow it, and nothing private.
#![cfg(all(feature = "reqwest", feature = "tracing"))]

mod canary;
mod server;

use std::{
    fmt::{Debug, Write as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use canary::{PROMPT, client_at};
use imagewire_transport::Policy;
use imagewire_types::CreateImageRequest;
use server::{Server, json, reply};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// Writes everything down.
#[derive(Clone, Default)]
struct Recorder {
    text: Arc<Mutex<String>>,
    spans: Arc<AtomicU64>,
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").expect("memory");
    }
}

impl Recorder {
    fn write(&self, name: &str, record: impl FnOnce(&mut Line<'_>)) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(name);
        record(&mut Line(&mut text));
        text.push('\n');
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write(span.metadata().name(), |line| span.record(line));
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.write("record", |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.write("event", |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

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

    let text = recorder.text.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for expected in
        ["generate dialect=\"fastapi\"", "number=1 kind=\"server\"", "kind=\"decode\" outcome=\"unknown\""]
    {
        assert!(text.contains(expected), "{text}");
    }
    for private in ["CANARY", "Q0FOQVJZ", "/v1/"] {
        assert!(!text.contains(private), "{text}");
    }
}
