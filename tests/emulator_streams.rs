//! Streamed answers of the emulator.

use imagewire_emulator::{Emulator, Scenario};
use imagewire_tests::http::{Answer, send};
use imagewire_types::{ImageStreamEvent, ImageStreamEventType};
use serde_json::{Value, json};

async fn stream(emulator: &Emulator, dialect: &str, body: Value) -> Answer {
    let url = format!("{}/images/generations", emulator.base_url(dialect).expect("a service"));
    let sent = move || send("POST", &url, &[("authorization", "Bearer k")], body.to_string().as_bytes());
    tokio::task::spawn_blocking(sent).await.expect("no panic").expect("an answer")
}

/// The events, each with the name that its `event:` line gives it.
fn events(answer: &Answer) -> Vec<ImageStreamEvent> {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/event-stream")),
        "{}",
        answer.head
    );
    let text = std::str::from_utf8(&answer.body).expect("UTF-8");
    assert!(!text.contains("[DONE]"));
    let blocks = text.split("\n\n").filter(|block| !block.is_empty());
    let event = |block: &str| {
        let (name, data) = block.split_once('\n').expect("two lines");
        let event: ImageStreamEvent =
            serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("an event");
        assert_eq!(name, format!("event: {}", event.kind));
        event
    };
    blocks.map(event).collect()
}

#[tokio::test]
async fn as_many_partial_pictures_as_asked_for_and_then_the_finished_one() {
    let emulator = Emulator::builder().dialect("openai").expect("a service").start().await.expect("a port");
    for (dialect, model) in [("openai", "gpt-image-2"), ("truefoundry", "openai-main/gpt-image-1")] {
        for partials in [None, Some(0), Some(1), Some(3)] {
            let mut body =
                json!({ "prompt": "a heron", "model": model, "size": "1024x1024", "stream": true });
            if let Some(partials) = partials {
                body["partial_images"] = json!(partials);
            }
            let events = events(&stream(&emulator, dialect, body).await);
            let (last, first) = events.split_last().expect("events");
            assert_eq!(first.len(), partials.unwrap_or(0), "{dialect}");
            for (at, event) in (0_u32..).zip(first) {
                assert_eq!(event.kind, ImageStreamEventType::PartialImage);
                assert_eq!((event.partial_image_index, &event.usage), (Some(at), &None));
            }
            assert_eq!(last.kind, ImageStreamEventType::Completed);
            let usage = last.usage.as_ref().expect("usage");
            assert!(usage.output_tokens > Some(0) && usage.input_tokens_details.is_some());
            for event in &events {
                let bytes = event.b64_json.as_ref().expect("a picture").decode().expect("base64");
                let picture = image::load_from_memory(&bytes).expect("a picture that decodes");
                assert_eq!((picture.width(), picture.height()), (1024, 1024));
                assert!(event.created_at.is_some() && event.size.is_some() && event.quality.is_some());
                assert!(event.background.is_some() && event.output_format.is_some());
            }
        }
    }
    assert_eq!(emulator.ledger().images(), 8);
}

#[tokio::test]
async fn the_finished_picture_is_the_one_of_an_answer_that_is_not_streamed() {
    let emulator = Emulator::builder().dialect("openai").expect("a service").start().await.expect("a port");
    let mut body =
        json!({ "prompt": "a heron", "model": "gpt-image-2", "partial_images": 2, "stream": true });
    let events = events(&stream(&emulator, "openai", body.clone()).await);
    let mut pictures: Vec<&str> =
        events.iter().map(|event| event.b64_json.as_ref().expect("a picture").as_str()).collect();
    body["stream"] = json!(false);
    body["partial_images"] = json!(0);
    let answer = stream(&emulator, "openai", body).await.json();
    assert_eq!(answer["data"][0]["b64_json"], pictures[2]);
    pictures.sort_unstable();
    pictures.dedup();
    assert_eq!(pictures.len(), 3, "each picture differs from the others");
}

#[tokio::test]
async fn models_that_do_not_stream_are_refused() {
    let emulator = Emulator::builder().start().await.expect("a port");
    for (dialect, body) in [
        ("truefoundry", json!({ "prompt": "x", "model": "dall-e-3", "stream": true })),
        ("fastapi", json!({ "prompt": "x", "model": "dall-e-3", "stream": true })),
    ] {
        let answer = stream(&emulator, dialect, body).await;
        assert_eq!((answer.status, answer.json()["error"]["param"].clone()), (400, json!("stream")));
    }
    assert_eq!(emulator.ledger().generations(), 0);
}

#[tokio::test]
async fn a_stream_can_fail_after_its_first_picture() {
    let emulator = Emulator::builder().dialect("openai").expect("a service").start().await.expect("a port");
    emulator.scenario().push(Scenario::StreamError { after: None });
    let body = json!({ "prompt": "a heron", "model": "gpt-image-2", "partial_images": 1, "stream": true });
    let events = events(&stream(&emulator, "openai", body).await);
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].kind, ImageStreamEventType::Error);
    assert!(events[1].error.is_some());
}

#[tokio::test]
async fn streams_that_are_not_what_they_should_be() {
    let emulator = Emulator::builder().dialect("openai").expect("a service").start().await.expect("a port");
    let body = json!({
        "prompt": "a heron", "model": "gpt-image-2", "size": "1024x1024", "partial_images": 2, "stream": true,
    });
    let ask = async |scenario: Scenario| {
        emulator.scenario().push(scenario);
        let answer = stream(&emulator, "openai", body.clone()).await;
        let text = String::from_utf8(answer.body).expect("UTF-8");
        let kind = |block: &str| match block.lines().next().unwrap_or_default() {
            line if line.starts_with("event: ") => line["event: ".len()..].to_owned(),
            line => line.to_owned(),
        };
        text.split("\n\n").filter(|block| !block.is_empty()).map(kind).collect::<Vec<_>>()
    };
    let (partial, completed) = ("image_generation.partial_image", "image_generation.completed");
    let unknown = "image_generation.emulated";
    assert_eq!(ask(Scenario::StreamCut { events: 1 }).await, [partial]);
    assert_eq!(ask(Scenario::StreamError { after: Some(1) }).await, [partial, "error"]);
    assert_eq!(ask(Scenario::StreamError { after: None }).await, [partial, partial, "error"]);
    assert_eq!(ask(Scenario::StreamDone {}).await, [partial, partial, "data: [DONE]"]);
    assert_eq!(ask(Scenario::EarlyFinal {}).await, [completed]);
    assert_eq!(ask(Scenario::UnknownEvent {}).await, [partial, partial, unknown, completed]);
    let late = ask(Scenario::LateHeartbeat { millis: 20 }).await;
    assert_eq!(late, [partial, partial, ": keep-alive", completed]);
    assert_eq!(ask(Scenario::EmptyData {}).await, [""; 0]);
    let blocked = Scenario::OneBlocked { index: 0, category: "hate".to_owned() };
    assert_eq!(ask(blocked).await, [partial, partial, "error"]);
    assert_eq!(emulator.ledger().images(), 9);
}

/// What answers say otherwise than they should, events say so as well.
#[tokio::test]
async fn what_is_odd_about_answers_is_odd_about_streams() {
    let emulator =
        Emulator::builder().dialect("truefoundry").expect("a service").start().await.expect("a port");
    let ask = async |scenario: Scenario| {
        emulator.scenario().push(scenario);
        let body =
            json!({ "prompt": "x", "model": "gpt-image-1", "n": 2, "size": "1024x1024", "stream": true });
        String::from_utf8(stream(&emulator, "truefoundry", body).await.body).expect("UTF-8")
    };
    let data = |text: &str| {
        text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(data(&ask(Scenario::FewerImages { missing: 1 }).await).len(), 1);
    let odd = data(&ask(Scenario::CreatedAsString {}).await);
    assert!(
        odd.iter().all(|event| serde_json::from_str::<Value>(event).expect("JSON")["created_at"].is_string())
    );
    let cut = data(&ask(Scenario::MalformedJson {}).await);
    let is_json: Vec<bool> = cut.iter().map(|event| serde_json::from_str::<Value>(event).is_ok()).collect();
    assert_eq!(is_json, [true, false]);
    let blocked = data(&ask(Scenario::OneBlocked { index: 1, category: "hate".to_owned() }).await);
    let error: ImageStreamEvent = serde_json::from_str(&blocked[1]).expect("an event");
    assert_eq!((error.kind, error.sequence_number), (ImageStreamEventType::Error, Some(1)));
    let details = error.error.and_then(|error| error.moderation_details).expect("details");
    assert_eq!(details.categories, Some(vec!["hate".to_owned()]));
}

/// A scenario that can have no effect says so, instead of letting a test pass that tests nothing.
#[tokio::test]
async fn scenarios_of_streams_want_a_stream() {
    let emulator = Emulator::builder().dialect("openai").expect("a service").start().await.expect("a port");
    emulator.scenario().push(Scenario::EarlyFinal {});
    let answer = stream(&emulator, "openai", json!({ "prompt": "x", "model": "gpt-image-2" })).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (400, json!("invalid_scenario")));
    assert_eq!(emulator.ledger().generations(), 0);
}
