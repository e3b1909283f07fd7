//! Answers that were recorded from one emulator, served again by another one that would answer otherwise.

use std::path::Path;

use imagewire_emulator::{Bundle, Emulator, Scenario};
use imagewire_tests::http::{Answer, send};
use imagewire_transport::{Checking, Client, Endpoint, Error, Generated, Kind, Secret, operations};
use imagewire_types::{CreateImageRequest, operations::Operation};
use serde_json::{Value, json};
use tempfile::TempDir;

const PROMPT: &str = "CANARY of a heron";

fn client(emulator: &Emulator) -> Client {
    at(emulator, &operations::FASTAPI)
}

fn at(emulator: &Emulator, operation: &'static Operation) -> Client {
    let base_url = emulator.base_url(operation.dialect).expect("a service");
    let endpoint = Endpoint::new(operation)
        .base_url(base_url)
        .credential(Secret::new("sk-CANARY-KEY").expect("a usable key"));
    Client::new(endpoint).expect("a client").checking(Checking::Off)
}

/// Draws small pictures; another seed draws others.
async fn emulator(seed: u64, bundles: Vec<Bundle>) -> Emulator {
    Emulator::builder().seed(seed).texture(0).replay(bundles).start().await.expect("a port")
}

async fn post(emulator: &Emulator, headers: &[(&'static str, &'static str)], body: &Value) -> Answer {
    let url = format!("{}/images/generations", emulator.base_url("fastapi").expect("a service"));
    let (headers, body) = ([&[("authorization", "Bearer one")], headers].concat(), body.to_string());
    let sent = move || send("POST", &url, &headers, body.as_bytes());
    tokio::task::spawn_blocking(sent).await.expect("no panic").expect("an answer")
}

async fn get(emulator: &Emulator, path: &str) -> Answer {
    let url = format!("http://{}{path}", emulator.address());
    let sent = move || send("GET", &url, &[], b"");
    tokio::task::spawn_blocking(sent).await.expect("no panic").expect("an answer")
}

fn read(folder: &Path) -> Vec<Bundle> {
    Bundle::read_all(folder).expect("bundles")
}

fn pictures(generated: &Generated) -> Vec<Vec<u8>> {
    generated.images.iter().map(|image| image.bytes.to_vec()).collect()
}

/// What an error tells, but for who was asked when.
fn told(error: &Error) -> (Kind, Option<u16>, Option<&str>) {
    (error.kind(), error.status(), error.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_gets_the_recorded_pictures() {
    let folder = TempDir::new().expect("a folder");
    let source = emulator(1, Vec::new()).await;
    let dall_e = CreateImageRequest::new(PROMPT).model("dall-e-2").size("256x256").n(2);
    let streamed = CreateImageRequest::new(PROMPT).model("gpt-image-1").stream(true).partial_images(1);
    let requests = [
        (&operations::FASTAPI, dall_e.clone().response_format("b64_json")),
        (&operations::FASTAPI, dall_e.clone().response_format("url")),
        (&operations::TRUEFOUNDRY, streamed),
    ];
    let mut bought = Vec::new();
    for (operation, request) in &requests {
        let recording = at(&source, operation).save_bundles(folder.path());
        bought.push(recording.generate(request).await.expect("pictures"));
    }
    let refused = dall_e.clone().size("1x1");
    let refusal =
        client(&source).save_bundles(folder.path()).generate(&refused).await.expect_err("a refusal");
    source.shutdown().await.expect("it ends");
    for bundle in std::fs::read_dir(folder.path()).expect("bundles") {
        for file in std::fs::read_dir(bundle.expect("a bundle").path()).expect("files") {
            let bytes = std::fs::read(file.expect("a file").path()).expect("readable");
            // What a picture shows stays in it; the emulator's show their prompts, drawn.
            assert!(!bytes.windows(6).any(|window| window == b"CANARY"));
        }
    }

    let replaying = emulator(2, read(folder.path())).await;
    for ((operation, request), before) in requests.iter().zip(&bought) {
        let after = at(&replaying, operation).generate(request).await.expect("pictures");
        assert!(pictures(before) == pictures(&after), "{:?}", request.response_format);
        assert_eq!(after.request_id, before.request_id);
        assert_eq!(after.response.usage, before.response.usage);
    }
    let before = replaying.ledger().images();
    assert_eq!(before, 2 + 2 + 1);
    assert_eq!(told(&client(&replaying).generate(&refused).await.expect_err("a refusal")), told(&refusal));
    assert_eq!((replaying.ledger().images(), replaying.ledger().requests()), (before, 4));
    // Another prompt, another seed: not what was recorded.
    let mut other = requests[0].1.clone();
    other.prompt = "two herons".to_owned();
    let drawn = client(&replaying).generate(&other).await.expect("pictures");
    assert!(pictures(&drawn) != pictures(&bought[0]));
    // Another service did not answer so.
    let drawn = at(&replaying, &operations::TRUEFOUNDRY).generate(&requests[0].1).await.expect("pictures");
    assert!(pictures(&drawn) != pictures(&bought[0]));
}

/// Three bundles: two pictures and a refusal of one request, in that order.
async fn three(folder: &Path) -> (CreateImageRequest, Vec<Bundle>) {
    let request = CreateImageRequest::new(PROMPT).model("dall-e-2").size("256x256");
    for seed in [1, 2] {
        let source = emulator(seed, Vec::new()).await;
        client(&source).save_bundles(folder).generate(&request).await.expect("a picture");
    }
    let source = emulator(1, Vec::new()).await;
    source.scenario().push(Scenario::PromptBlock { category: "violence".to_owned() });
    client(&source).save_bundles(folder).generate(&request).await.expect_err("a refusal");
    (request, read(folder))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bundles_of_one_request_take_turns() {
    let folder = TempDir::new().expect("a folder");
    let (request, bundles) = three(folder.path()).await;
    let replaying = emulator(3, bundles).await;
    let body = serde_json::to_value(&request).expect("JSON");
    let mut names = Vec::new();
    for _ in 0..4 {
        let answer = post(&replaying, &[], &body).await;
        names.push((answer.status, answer.header("x-emulator-replayed").map(str::to_owned)));
    }
    let from = |status, name: &str| (status, Some(name.to_owned()));
    assert_eq!(names, [from(200, "001"), from(200, "002"), from(400, "003"), from(200, "001")]);
    assert_eq!((replaying.ledger().generations(), replaying.ledger().images()), (3, 3));
    let entry = &replaying.ledger().entries()[0];
    assert_eq!((entry.dialect, entry.model.as_str(), entry.images), ("fastapi", "dall-e-2", 1));
    // Order and spelling of the members do not matter; the key does, as always.
    let spelled = json!({ "size": "256x256", "prompt": PROMPT, "model": "dall-e-2" });
    assert_eq!(post(&replaying, &[], &spelled).await.header("x-emulator-replayed"), Some("002"));
    let url = format!("{}/images/generations", replaying.base_url("fastapi").expect("a service"));
    let text = body.to_string();
    let keyless = tokio::task::spawn_blocking(move || send("POST", &url, &[], text.as_bytes()));
    assert_eq!(keyless.await.expect("no panic").expect("an answer").status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_gets_the_same_recorded_answer_and_is_billed_once() {
    let folder = TempDir::new().expect("a folder");
    let (request, bundles) = three(folder.path()).await;
    let replaying = emulator(3, bundles).await;
    let body = serde_json::to_value(&request).expect("JSON");
    let key = ("idempotency-key", "k");
    let (first, again) = (post(&replaying, &[key], &body).await, post(&replaying, &[key], &body).await);
    assert_eq!(
        (first.header("x-emulator-replayed"), again.header("x-emulator-replayed")),
        (Some("001"), Some("001"))
    );
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(replaying.ledger().images(), 1);
    let mut other = body.clone();
    other["n"] = json!(2);
    assert_eq!(post(&replaying, &[key], &other).await.status, 422);
    assert_eq!(post(&replaying, &[], &body).await.header("x-emulator-replayed"), Some("002"));
    // A recorded refusal leaves the key free.
    let refused = ("idempotency-key", "refused");
    assert_eq!(post(&replaying, &[refused], &body).await.status, 400);
    assert_eq!(post(&replaying, &[refused], &body).await.header("x-emulator-replayed"), Some("001"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_body_is_cut_again() {
    let folder = TempDir::new().expect("a folder");
    let source = emulator(1, Vec::new()).await;
    source.scenario().push(Scenario::CutBody { after: 5_000 });
    let request =
        CreateImageRequest::new(PROMPT).model("dall-e-2").size("256x256").response_format("b64_json");
    let before =
        client(&source).save_bundles(folder.path()).generate(&request).await.expect_err("half a picture");
    let bundles = read(folder.path());
    assert_eq!(bundles[0].body().len(), 5_000);
    let replaying = emulator(2, bundles).await;
    let after = client(&replaying).generate(&request).await.expect_err("half a picture");
    assert_eq!((told(&after), after.outcome()), (told(&before), before.outcome()));
    assert_eq!(replaying.ledger().images(), 1);
    let answer = post(&replaying, &[], &serde_json::to_value(&request).expect("JSON")).await;
    assert_eq!((answer.status, answer.body.len()), (200, 5_000));
    assert_eq!(answer.header("content-length"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_lead_to_the_recorded_images_and_nowhere_else() {
    let folder = TempDir::new().expect("a folder");
    let (request, bundles) = three(folder.path()).await;
    let replaying = emulator(3, bundles).await;
    let answer = post(&replaying, &[], &serde_json::to_value(&request).expect("JSON")).await;
    let origin = format!("http://{}", replaying.address());
    let link = answer.json()["data"][0]["url"].as_str().expect("a link").to_owned();
    assert_eq!(link, format!("{origin}/replayed/0/0"));
    let image = get(&replaying, "/replayed/0/0").await;
    assert_eq!((image.status, image.header("content-type")), (200, Some("image/png")));
    assert!(
        image.body == std::fs::read(folder.path().join("001/link-0.png")).expect("the file"),
        "its bytes"
    );
    for path in ["/replayed/0/1", "/replayed/9/0", "/replayed/x/0", "/replayed/0/..%2f..%2fbody"] {
        let answer = get(&replaying, path).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/xml")), "{path}");
    }
}
