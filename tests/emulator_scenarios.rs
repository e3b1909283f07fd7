//! What goes wrong on demand, seen from a client.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
};

use imagewire_emulator::{Emulator, RetryForm, Scenario, Script};
use imagewire_tests::http::{Answer, send};
use serde_json::{Value, json};

async fn try_post(
    emulator: &Emulator,
    dialect: &str,
    headers: &[(&'static str, &'static str)],
    body: Value,
) -> io::Result<Answer> {
    let base = emulator.base_url(dialect).expect("a service");
    let url = match dialect {
        "hicap" => format!("{base}/deployments/d/images/generations?api-version=1"),
        _ => format!("{base}/images/generations"),
    };
    let mut headers = headers.to_vec();
    headers.push(("authorization", "Bearer k"));
    let sent = move || send("POST", &url, &headers, body.to_string().as_bytes());
    tokio::task::spawn_blocking(sent).await.expect("no panic")
}

async fn post(emulator: &Emulator, dialect: &str, body: Value) -> Answer {
    try_post(emulator, dialect, &[], body).await.expect("an answer")
}

async fn admin(
    emulator: &Emulator,
    method: &'static str,
    headers: &[(&'static str, &'static str)],
    body: &'static str,
) -> Answer {
    let url = format!("http://{}/_emulator/scenarios", emulator.address());
    let headers = headers.to_vec();
    let sent = move || send(method, &url, &headers, body.as_bytes());
    tokio::task::spawn_blocking(sent).await.expect("no panic").expect("an answer")
}

fn small() -> Value {
    json!({ "prompt": "a heron", "size": "256x256", "response_format": "b64_json" })
}

async fn started() -> Emulator {
    Emulator::builder().start().await.expect("a port")
}

#[tokio::test]
async fn refusals_are_worded_by_the_service_and_not_billed() {
    let emulator = started().await;
    let category = || "violence".to_owned();
    let cases = [
        (
            Scenario::PromptBlock { category: category() },
            400,
            "content_policy_violation",
            "content_policy_violation",
        ),
        (
            Scenario::OutputBlock { category: category() },
            400,
            "content_policy_violation",
            "content_policy_violation",
        ),
        (Scenario::AccountBlock {}, 401, "account_deactivated", "Forbidden"),
        (Scenario::rate_limit(3.0), 429, "rate_limit_exceeded", "429"),
        (Scenario::Quota {}, 429, "insufficient_quota", "insufficient_quota"),
        (Scenario::RetiredModel {}, 400, "invalid_value", "invalid_value"),
        (Scenario::DeploymentNotFound {}, 404, "DeploymentNotFound", "DeploymentNotFound"),
        (Scenario::status(409), 409, "conflict", "conflict"),
    ];
    for (scenario, status, fastapi, hicap) in cases {
        emulator.scenario().push_times(2, &scenario);
        let answer = post(&emulator, "fastapi", small()).await;
        assert_eq!(answer.status, status, "{scenario:?}");
        assert_eq!(answer.json()["error"]["code"], fastapi, "{scenario:?}");
        let answer = post(&emulator, "hicap", json!({ "prompt": "a heron" })).await;
        assert_eq!(answer.json()["error"]["code"], hicap, "{scenario:?}");
        assert!(answer.body.starts_with(b"{\"error\":{\"code\":"), "{answer:?}");
        if let Scenario::PromptBlock { .. } = scenario {
            let results = &answer.json()["error"]["inner_error"]["content_filter_results"];
            assert_eq!(results["violence"], json!({ "filtered": true, "severity": "high" }));
        }
        if let Scenario::AccountBlock {} = scenario {
            assert_eq!(answer.status, 403);
        }
    }
    emulator.scenario().push(Scenario::PromptBlock { category: category() });
    let gpt =
        post(&emulator, "truefoundry", json!({ "prompt": "a heron", "model": "gpt-image-1" })).await.json();
    assert_eq!(
        (&gpt["error"]["code"], &gpt["error"]["type"]),
        (&json!("moderation_blocked"), &json!("image_generation_user_error"))
    );
    assert_eq!(
        gpt["error"]["moderation_details"],
        json!({ "moderation_stage": "input", "categories": ["violence"] })
    );
    assert_eq!(emulator.ledger().generations(), 0);
    // Everything is used up.
    assert_eq!(post(&emulator, "fastapi", small()).await.status, 200);
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back_in_every_form() {
    let emulator = started().await;
    let mut answers = Vec::new();
    for form in [RetryForm::Seconds, RetryForm::Milliseconds, RetryForm::Date, RetryForm::Message] {
        emulator.scenario().push(Scenario::RateLimit { retry_after: 1.5, form });
        answers.push(post(&emulator, "fastapi", small()).await);
    }
    assert_eq!(answers[0].header("retry-after"), Some("2"));
    assert_eq!(answers[0].header("x-ratelimit-remaining-requests"), Some("0"));
    assert_eq!(answers[1].header("retry-after-ms"), Some("1500"));
    assert!(answers[2].header("retry-after").is_some_and(|date| date.ends_with(" GMT")));
    assert_eq!(answers[3].header("retry-after"), None);
    assert!(answers[3].json()["error"]["message"].as_str().is_some_and(|text| text.ends_with("in 1.5s.")));
}

#[tokio::test]
async fn answers_that_are_not_what_they_seem() {
    let emulator = started().await;
    let ask = async |scenario: Scenario, body: Value| {
        emulator.scenario().push(scenario);
        post(&emulator, "fastapi", body).await
    };
    assert_eq!(ask(Scenario::EmptyData {}, small()).await.json()["data"], json!([]));
    let mut four = small();
    four["n"] = json!(4);
    let fewer = ask(Scenario::FewerImages { missing: 3 }, four.clone()).await.json();
    assert_eq!(fewer["data"].as_array().map(Vec::len), Some(1));
    let blocked = Scenario::OneBlocked { index: 1, category: "hate".to_owned() };
    assert_eq!(ask(blocked.clone(), four).await.json()["data"].as_array().map(Vec::len), Some(3));
    assert!(ask(Scenario::CreatedAsString {}, small()).await.json()["created"].is_string());
    let malformed = ask(Scenario::MalformedJson {}, small()).await;
    assert!(serde_json::from_slice::<Value>(&malformed.body).is_err());
    assert_eq!(malformed.header("content-length"), Some(malformed.body.len().to_string().as_str()));
    let plain = ask(Scenario::WrongContentType { content_type: "text/plain".to_owned() }, small()).await;
    assert_eq!((plain.header("content-type"), plain.json()["created"].is_i64()), (Some("text/plain"), true));
    let html = ask(Scenario::HtmlError { status: 524 }, small()).await;
    assert_eq!((html.status, html.header("content-type")), (524, Some("text/html")));

    let picture = |answer: &Answer| {
        let answer: imagewire_types::ImagesResponse =
            serde_json::from_value(answer.json()).expect("an answer");
        answer.data[0].b64_json.as_ref().expect("a payload").decode().expect("base64")
    };
    let half = picture(&ask(Scenario::WrongSize {}, small()).await);
    assert_eq!(image::load_from_memory(&half).expect("a picture").width(), 128);
    let jpeg = picture(&ask(Scenario::WrongFormat {}, small()).await);
    assert_eq!(image::guess_format(&jpeg).expect("a format"), image::ImageFormat::Jpeg);
    let billed = emulator.ledger().images();
    assert_eq!(billed, 1 + 4 + 4 + 1 + 1 + 1 + 1 + 1);

    // Where the service documents filter results, the item says why it is empty.
    emulator.scenario().push(Scenario::OneBlocked { index: 0, category: "hate".to_owned() });
    let hicap = post(&emulator, "hicap", json!({ "prompt": "a heron" })).await.json();
    assert_eq!(
        hicap["data"][0]["content_filter_results"]["hate"],
        json!({ "filtered": true, "severity": "high" })
    );
    assert!(hicap["data"][0]["url"].is_null());
}

#[tokio::test]
async fn connections_that_break() {
    let emulator = started().await;
    emulator.scenario().push(Scenario::CutBody { after: 64 });
    let cut = post(&emulator, "fastapi", small()).await;
    assert_eq!(cut.body.len(), 64);
    assert!(cut.header("content-length").is_some_and(|length| length != "64"));
    emulator.scenario().push(Scenario::Drip { bytes: 4_096, millis: 0 });
    assert_eq!(post(&emulator, "fastapi", small()).await.json()["data"].as_array().map(Vec::len), Some(1));
    for after in [None, Some(0), Some(64)] {
        emulator.scenario().push(Scenario::Reset { after });
        let reset = try_post(&emulator, "fastapi", &[], small()).await.expect_err("no answer");
        assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset, "{after:?}: {reset}");
    }
    assert_eq!(emulator.ledger().images(), 5);
}

#[tokio::test]
async fn a_stalled_answer_stops_and_stays() {
    let emulator = started().await;
    emulator.scenario().push(Scenario::Stall { after: 10 });
    let (address, body) = (emulator.address(), small().to_string());
    let exchange = move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let request = format!(
            "POST /v1/images/generations HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a head");
            answer.push(byte[0]);
        }
        stream.read_exact(&mut [0; 10]).expect("ten bytes");
        stream.set_read_timeout(Some(std::time::Duration::from_millis(50))).expect("a timeout");
        stream.read(&mut byte).expect_err("nothing more, and no end").kind()
    };
    let kind = tokio::task::spawn_blocking(exchange).await.expect("no panic");
    assert!(matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{kind:?}");
}

#[tokio::test]
async fn requests_name_scenarios_only_where_they_may() {
    let header = [("x-emulator-scenario", "status;status=503;retry_after=7")];
    let mut told = small();
    told["prompt"] = json!("a heron [[scenario:quota]]");
    let closed = started().await;
    assert_eq!(try_post(&closed, "fastapi", &header, told.clone()).await.expect("an answer").status, 200);

    let open = Emulator::builder().scenarios(true).start().await.expect("a port");
    let answer = try_post(&open, "fastapi", &header, told.clone()).await.expect("an answer");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("7")));
    assert_eq!(post(&open, "fastapi", told).await.json()["error"]["code"], "insufficient_quota");
    let unknown = [("x-emulator-scenario", "else")];
    let answer = try_post(&open, "fastapi", &unknown, small()).await.expect("an answer");
    assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (400, json!("invalid_scenario")));
}

#[tokio::test]
async fn a_script_says_what_happens_to_whom() {
    let text = "[[step]]\nkind = \"rate-limit\"\nretry_after = 1\ntimes = 2\n[[step]]\nkind = \"none\"\n[[step]]\nkind = \"quota\"\n";
    let script = Script::from_toml(text).expect("a script");
    let emulator = Emulator::builder().script(script).start().await.expect("a port");
    // Refused requests use nothing up.
    assert_eq!(post(&emulator, "fastapi", json!({ "prompt": "" })).await.status, 400);
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(post(&emulator, "fastapi", small()).await.status);
    }
    assert_eq!(seen, [429, 429, 200, 429, 200]);
}

#[tokio::test]
async fn the_admin_api_pushes_lists_and_forgets() {
    let emulator = Emulator::builder().admin(true).start().await.expect("a port");
    let typed = [("content-type", "application/json")];
    let pushed =
        admin(&emulator, "POST", &typed, r#"[{"kind":"quota","times":2},{"kind":"status","status":500}]"#)
            .await;
    assert_eq!(pushed.json()["waiting"].as_array().map(Vec::len), Some(3));
    assert_eq!(post(&emulator, "fastapi", small()).await.status, 429);
    assert_eq!(admin(&emulator, "GET", &[], "").await.json()["waiting"][0], json!({ "kind": "quota" }));
    assert_eq!(admin(&emulator, "POST", &typed, r#"{"kind":"else"}"#).await.status, 400);
    // A page of another site cannot send this type unasked.
    assert_eq!(admin(&emulator, "POST", &[], r#"{"kind":"quota"}"#).await.status, 415);
    assert_eq!(
        admin(&emulator, "POST", &[("content-type", "text/plain")], r#"{"kind":"quota"}"#).await.status,
        415
    );
    assert_eq!(admin(&emulator, "DELETE", &[], "").await.json()["waiting"], json!([]));
    assert_eq!(post(&emulator, "fastapi", small()).await.status, 200);
}

#[tokio::test]
async fn limits_count_down_for_each_key_and_deployment() {
    let script = "repeat = true\n[[step]]\nkind = \"limit\"\nrequests = 2\nimages = 5\n";
    let script = Script::from_toml(script).expect("a script");
    let emulator = Emulator::builder().script(script).start().await.expect("a port");
    let ask = async |dialect: &str, body: Value| {
        let answer = post(&emulator, dialect, body).await;
        let number = |name: &str| answer.header(name).map(|value| value.parse::<u32>().expect("a number"));
        let left = number("x-ratelimit-remaining-requests");
        // Azure is not known to tell what is left.
        assert_eq!(number("x-ratelimit-limit-requests"), (dialect != "hicap").then_some(2));
        let reset = answer.header("x-ratelimit-reset-input-images");
        assert_eq!(reset.is_some_and(|reset| reset.ends_with('s')), dialect != "hicap");
        (answer.status, left, number("x-ratelimit-remaining-input-images"), number("retry-after").is_some())
    };
    let many = |n: u32| json!({ "prompt": "a heron", "size": "256x256", "n": n });
    assert_eq!(ask("fastapi", many(2)).await, (200, Some(1), Some(3), false));
    assert_eq!(ask("fastapi", many(4)).await, (429, Some(1), Some(3), true));
    assert_eq!(ask("fastapi", many(1)).await, (200, Some(0), Some(2), false));
    assert_eq!(ask("fastapi", many(1)).await, (429, Some(0), Some(2), true));
    for (status, is_told) in [(200, false), (200, false), (429, true)] {
        assert_eq!(ask("hicap", json!({ "prompt": "a heron" })).await, (status, None, None, is_told));
    }
    assert_eq!(emulator.ledger().images(), 5);
}

#[tokio::test]
async fn answers_take_their_time() {
    let emulator = started().await;
    let timed = async |scenario: Scenario| {
        emulator.scenario().push(scenario);
        let begun = std::time::Instant::now();
        assert_eq!(post(&emulator, "fastapi", small()).await.status, 200);
        begun.elapsed()
    };
    timed(Scenario::None {}).await;
    // dall-e-2 at 256x256 takes 3 seconds in the middle, and never less than a tenth of that.
    assert!(timed(Scenario::Pace { compression: 10.0 }).await >= std::time::Duration::from_millis(30));
}

/// The table of the guide.
#[test]
fn the_guide_lists_every_scenario() {
    let message =
        serde_json::from_value::<Scenario>(json!({ "kind": "?" })).expect_err("no scenario").to_string();
    let kinds: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
    assert!(kinds.len() > 20, "{message}");
    let guide = std::fs::read_to_string(imagewire_tests::workspace().join("docs/guide/testing.md"))
        .expect("the guide");
    for kind in kinds {
        assert!(guide.contains(&format!("| `{kind}` |")), "{kind} is not in the guide's table");
    }
}
