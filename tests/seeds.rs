//! The three service documents as tests: their requests against the emulator, their answers through the types, and
//! every property they name.

use imagewire_emulator::Emulator;
use imagewire_tests::{
    http::{Answer, send},
    oracle::documents,
};
use imagewire_types::{CreateImageRequest, ErrorResponse, ImageStreamEvent, ImagesResponse, Size};
use imagewire_validate::{Code, Severity, Target, check_json};
use serde_json::{Value, from_value, json, to_value};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(url: String, headers: &[(&'static str, &'static str)], body: Value) -> Answer {
    let headers = headers.to_vec();
    let sent = tokio::task::spawn_blocking(move || send("POST", &url, &headers, body.to_string().as_bytes()));
    sent.await.expect("no panic").expect("an answer")
}

async fn get(url: String) -> Answer {
    tokio::task::spawn_blocking(move || send("GET", &url, &[], b""))
        .await
        .expect("no panic")
        .expect("an answer")
}

fn example(dialect: &str, of: &str, name: &str) -> Value {
    let document = documents()[&format!("dialects/{dialect}.openapi.json")].clone();
    let (_, path) = document["paths"].as_object().expect("paths").iter().next().expect("a path");
    let part = if of == "request" { &path["post"]["requestBody"] } else { &path["post"]["responses"]["200"] };
    part["content"]["application/json"]["examples"][name]["value"].clone()
}

fn png_size(bytes: &[u8]) -> (u32, u32) {
    let image = image::load_from_memory(bytes).expect("a picture that decodes");
    (image.width(), image.height())
}

#[tokio::test]
async fn hicaps_curl_command() {
    let emulator = Emulator::builder().start().await.expect("a free port");
    let base = emulator.base_url("hicap").expect("a service");
    let url =
        format!("{base}/deployments/dalle-deployment/images/generations?api-version=2025-01-01-preview");
    assert!(url.contains("/v1/deployments/"), "{url}");
    let answer = post(url, &[JSON, ("api-key", "test")], example("hicap", "request", "documented")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert!(body["created"].is_i64());
    let image = &body["data"][0];
    for category in ["sexual", "violence", "hate", "self_harm"] {
        for results in ["content_filter_results", "prompt_filter_results"] {
            assert_eq!(image[results][category], json!({ "filtered": false, "severity": "safe" }));
        }
    }
    for category in ["profanity", "jailbreak"] {
        assert_eq!(image["prompt_filter_results"][category], json!({ "filtered": false, "detected": false }));
    }
    assert_eq!(
        image["prompt_filter_results"]["custom_blocklists"],
        json!({ "filtered": false, "details": [] })
    );
    assert!(image["revised_prompt"].is_string());
    let picture = get(image["url"].as_str().expect("a link").to_owned()).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    assert_eq!(png_size(&picture.body), (1024, 1024));
    assert_eq!(emulator.ledger().images(), 1);
}

#[tokio::test]
async fn fastapis_curl_command() {
    let emulator = Emulator::builder().start().await.expect("a free port");
    let url = format!("{}/images/generations", emulator.base_url("fastapi").expect("a service"));
    let bearer = ("authorization", "Bearer test");
    let answer = post(url, &[JSON, bearer], example("fastapi", "request", "documented")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["data"].as_array().map(Vec::len), Some(1));
    assert!(body["data"][0]["content_filter_results"].is_null());
    let picture = get(body["data"][0]["url"].as_str().expect("a link").to_owned()).await;
    assert_eq!(png_size(&picture.body), (1024, 1024));
}

#[tokio::test]
async fn truefoundrys_curl_command() {
    let emulator = Emulator::builder().start().await.expect("a free port");
    let url = format!("{}/images/generations", emulator.base_url("truefoundry").expect("a service"));
    assert!(url.ends_with("/api/llm/images/generations"), "{url}");
    let bearer = ("authorization", "Bearer test");
    let filled_in = example("truefoundry", "request", "filledIn");
    assert!(filled_in["style"].is_null() && filled_in["output_format"] == "webp");
    let answer = post(url.clone(), &[JSON, bearer], filled_in).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer: ImagesResponse = from_value(answer.json()).expect("a documented answer");
    // GPT image models answer with the image itself, also when a link was asked for.
    let bytes = answer.data[0].b64_json.as_ref().expect("a payload").decode().expect("base64");
    assert_eq!(image::guess_format(&bytes).expect("a known format"), image::ImageFormat::WebP);
    assert_eq!(png_size(&bytes), (1024, 1024));

    let refused = post(url, &[JSON, bearer], example("truefoundry", "request", "documented")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"]["param"], "output_compression");
}

#[test]
fn truefoundrys_placeholder_is_refused_for_one_reason_and_the_rest_is_open() {
    let body = example("truefoundry", "request", "documented");
    let report = check_json(body.to_string().as_bytes(), &Target::new("truefoundry").expect("a service"));
    let errors: Vec<(&str, Code)> =
        report.errors().map(|finding| (finding.pointer.as_str(), finding.code)).collect();
    assert_eq!(errors, [("/output_compression", Code::OutOfRange)]);
    let notes: Vec<&str> = report
        .findings()
        .iter()
        .filter(|finding| finding.severity == Severity::Note)
        .map(|finding| finding.pointer.as_str())
        .collect();
    for open in ["/model", "/size", "/quality", "/style", "/background", "/moderation", "/output_format"] {
        assert!(notes.contains(&open), "{open} is missing in {notes:?}");
    }
}

#[tokio::test]
async fn who_is_let_in() {
    let emulator = Emulator::builder().start().await.expect("a free port");
    let hicap =
        format!("{}/deployments/anything/images/generations", emulator.base_url("hicap").expect("a service"));
    let with_version = format!("{hicap}?api-version=2025-01-01-preview");
    let fastapi = format!("{}/images/generations", emulator.base_url("fastapi").expect("a service"));
    let good = json!({ "prompt": "x" });
    // The credential comes before everything else, even before a body that is no request.
    for (url, headers) in [
        (&with_version, vec![]),
        (&with_version, vec![("api-key", "")]),
        (&with_version, vec![("authorization", "Bearer ")]),
        (&fastapi, vec![("api-key", "test")]),
        (&fastapi, vec![("authorization", "Basic test")]),
    ] {
        let answer = post(url.clone(), &headers, json!("no request")).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        // Hicap's gateway is Azure's, and says so in its own way.
        let code = if url.contains("/deployments/") { "401" } else { "invalid_api_key" };
        assert_eq!(answer.json()["error"]["code"], code);
    }
    for headers in [
        vec![("api-key", "k")],
        vec![("authorization", "Bearer k")],
        vec![("api-key", "k"), ("authorization", "bearer k")],
    ] {
        assert_eq!(post(with_version.clone(), &headers, good.clone()).await.status, 200, "{headers:?}");
    }
    for url in [hicap.clone(), format!("{hicap}?api-version=")] {
        let answer = post(url, &[("api-key", "k")], good.clone()).await;
        assert_eq!((answer.status, answer.json()["error"]["param"].clone()), (400, json!("api-version")));
    }
    let streamed = post(
        format!("{}/images/generations", emulator.base_url("truefoundry").expect("a service")),
        &[("authorization", "Bearer k")],
        json!({ "prompt": "x", "model": "dall-e-3", "stream": true }),
    );
    let streamed = streamed.await;
    assert_eq!((streamed.status, streamed.json()["error"]["param"].clone()), (400, json!("stream")));
    for body in
        ["", "[]", "{", r#"{"prompt":"x","prompt":"y"}"#, r#"{"prompt":5}"#, r#"{"prompt":"x","seed":1}"#]
    {
        let url = fastapi.clone();
        let answer = tokio::task::spawn_blocking(move || {
            send("POST", &url, &[("authorization", "Bearer k")], body.as_bytes()).expect("an answer")
        });
        let answer = answer.await.expect("no panic");
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.json()["error"]["message"].is_string());
    }
    assert_eq!(emulator.ledger().generations(), 3);
}

#[tokio::test]
async fn n_images_of_an_answer_differ_and_the_same_request_gives_the_same_bytes() {
    let emulator = Emulator::builder().start().await.expect("a free port");
    let url = format!("{}/images/generations", emulator.base_url("fastapi").expect("a service"));
    let body = json!({ "prompt": "two herons", "n": 2, "size": "256x256", "response_format": "b64_json" });
    let once = post(url.clone(), &[("authorization", "Bearer k")], body.clone()).await.json();
    let twice = post(url, &[("authorization", "Bearer k")], body).await.json();
    assert_ne!(once["data"][0]["b64_json"], once["data"][1]["b64_json"]);
    assert_eq!(once["data"], twice["data"]);
    assert_eq!(emulator.ledger().images(), 4);
}

/// The value as imagewire writes it, where that differs from what the document shows.
fn normalised(mut answer: Value) -> Value {
    if let Some(created) = answer["created"].as_str() {
        answer["created"] = json!(created.parse::<i64>().expect("digits"));
    }
    answer
}

#[test]
fn documented_answers_survive_a_round_trip() {
    for (dialect, name) in [
        ("hicap", "documented"),
        ("fastapi", "documented"),
        ("fastapi", "imageObject"),
        ("truefoundry", "documented"),
        ("openai", "gptImage"),
    ] {
        let documented = example(dialect, "response", name);
        assert!(documented["data"].is_array(), "{dialect} {name}");
        let answer: ImagesResponse = from_value(documented.clone()).expect("a documented answer");
        assert_eq!(to_value(&answer).expect("JSON"), normalised(documented), "{dialect} {name}");
    }
    for dialect in ["hicap", "fastapi", "truefoundry"] {
        let documented = example(dialect, "request", "documented");
        let request: CreateImageRequest = from_value(documented.clone()).expect("a documented request");
        assert_eq!(to_value(&request).expect("JSON"), documented, "{dialect}");
    }
}

#[test]
fn answers_errors_and_events_in_recorded_shapes_survive_a_round_trip() {
    let folder = imagewire_tests::workspace().join("tests/fixtures");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let value: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let rewritten = match name.split('-').next() {
            Some("answer") => to_value(from_value::<ImagesResponse>(value.clone()).expect("an answer")),
            Some("error") => to_value(from_value::<ErrorResponse>(value.clone()).expect("an error")),
            Some("event") => to_value(from_value::<ImageStreamEvent>(value.clone()).expect("an event")),
            _ => panic!("{name} says nothing about its shape"),
        };
        // An explicit null reads as absent; only error labels keep it.
        assert_eq!(without_nulls(rewritten.expect("JSON")), without_nulls(value), "{name}");
        count += 1;
    }
    assert!(count >= 10, "{count} fixtures");
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// Every property that the three documents name, where the schemas must have it.
const PROPERTIES: &[(&str, &str, &[&str])] = &[
    (
        "hicap",
        "/components/schemas/CreateImageRequest/properties",
        &["prompt", "n", "size", "response_format", "user", "quality", "style"],
    ),
    ("hicap", "/components/schemas/ImagesResponse/properties", &["created", "data"]),
    (
        "hicap",
        "/components/schemas/Image/properties",
        &["url", "b64_json", "content_filter_results", "revised_prompt", "prompt_filter_results"],
    ),
    (
        "hicap",
        "/components/schemas/Image/properties/content_filter_results/properties",
        &["sexual", "violence", "hate", "self_harm"],
    ),
    (
        "hicap",
        "/components/schemas/Image/properties/prompt_filter_results/properties",
        &["sexual", "violence", "hate", "self_harm", "profanity", "jailbreak", "custom_blocklists"],
    ),
    (
        "fastapi",
        "/components/schemas/CreateImageRequest/properties",
        &["prompt", "model", "n", "quality", "response_format", "size", "style", "user"],
    ),
    ("fastapi", "/components/schemas/ImagesResponse/properties", &["created", "data"]),
    ("fastapi", "/components/schemas/Image/properties", &["b64_json", "url", "revised_prompt"]),
    (
        "truefoundry",
        "/components/schemas/CreateImageRequest/properties",
        &[
            "prompt",
            "background",
            "model",
            "moderation",
            "n",
            "output_compression",
            "output_format",
            "partial_images",
            "quality",
            "response_format",
            "size",
            "stream",
            "style",
            "user",
        ],
    ),
    ("truefoundry", "/components/schemas/ImagesResponse/properties", &["created", "data"]),
    ("truefoundry", "/components/schemas/Image/properties", &["url", "b64_json", "revised_prompt"]),
];

/// What the types have: the members of the answer types as the wire schemas name them.
const WIRE: &[(&str, &[&str])] = &[
    ("images-response", &["created", "data"]),
    ("image", &["url", "b64_json", "revised_prompt", "content_filter_results", "prompt_filter_results"]),
    ("content-filter-result", &["filtered", "severity"]),
    ("content-filter-detection", &["filtered", "detected"]),
    ("custom-blocklists", &["filtered", "details"]),
    ("blocklist-match", &["filtered", "id"]),
];

#[test]
fn no_documented_property_is_missing() {
    let documents = documents();
    for (dialect, pointer, names) in PROPERTIES {
        let document = &documents[&format!("dialects/{dialect}.openapi.json")];
        let properties = document
            .pointer(pointer)
            .and_then(Value::as_object)
            .unwrap_or_else(|| panic!("{dialect} {pointer}"));
        for name in *names {
            assert!(properties.contains_key(*name), "{dialect} lacks {pointer}/{name}");
        }
        if pointer.contains("CreateImageRequest") {
            assert_eq!(
                properties.len(),
                names.len(),
                "{dialect} has a member that its document does not name"
            );
            let wire = &documents["wire/create-image-request.schema.json"]["properties"];
            assert!(names.iter().all(|name| !wire[name].is_null()), "{dialect}");
        }
    }
    for (file, names) in WIRE {
        let properties = &documents[&format!("wire/{file}.schema.json")]["properties"];
        for name in *names {
            assert!(!properties[name].is_null(), "{file} lacks {name}");
        }
    }
}

#[test]
fn bounds_and_defaults_of_the_documents_are_in_the_schemas() {
    let documents = documents();
    let request = |dialect: &str| {
        documents[&format!("dialects/{dialect}.openapi.json")]["components"]["schemas"]["CreateImageRequest"]
            ["properties"]
            .clone()
    };
    let hicap = request("hicap");
    assert_eq!(
        (&hicap["n"]["minimum"], &hicap["n"]["maximum"], &hicap["n"]["default"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!((&hicap["prompt"]["minLength"], &hicap["prompt"]["maxLength"]), (&json!(1), &json!(4000)));
    assert_eq!(hicap["size"]["enum"].as_array().map(Vec::len), Some(5));
    let defaults =
        [("size", "1024x1024"), ("response_format", "url"), ("quality", "standard"), ("style", "vivid")];
    let fastapi = request("fastapi");
    for (name, default) in defaults {
        assert_eq!(
            (&hicap[name]["default"], &fastapi[name]["default"]),
            (&json!(default), &json!(default)),
            "{name}"
        );
    }
    assert_eq!(fastapi["model"]["default"], "dall-e-2");
    assert_eq!((&fastapi["n"]["minimum"], &fastapi["n"]["maximum"]), (&json!(1), &json!(10)));
    let truefoundry = request("truefoundry");
    assert_eq!(
        (&truefoundry["n"]["maximum"], &truefoundry["output_compression"]["maximum"]),
        (&json!(10), &json!(100))
    );
    assert_eq!(
        (&truefoundry["partial_images"]["default"], &truefoundry["stream"]["default"]),
        (&json!(0), &json!(false))
    );
    let accepts = |model: &str, prompt: usize, size: &str| {
        let request = CreateImageRequest::new("x".repeat(prompt)).model(model).size(Size::from(size));
        imagewire_validate::check(&request, &Target::new("fastapi").expect("a service")).is_accepted()
    };
    assert!(
        accepts("dall-e-2", 1000, "512x512")
            && !accepts("dall-e-2", 1001, "512x512")
            && !accepts("dall-e-2", 1, "1792x1024")
    );
    assert!(
        accepts("dall-e-3", 4000, "1792x1024")
            && !accepts("dall-e-3", 4001, "1792x1024")
            && !accepts("dall-e-3", 1, "512x512")
    );
}
