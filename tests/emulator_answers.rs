//! Every answer of the emulator, refusals and events included, is one that the service's document describes.

use std::collections::{BTreeMap, BTreeSet};

use imagewire_emulator::{Emulator, Scenario};
use imagewire_tests::{
    http::{Answer, send},
    pairs,
};
use imagewire_types::operations::OPERATIONS;
use imagewire_validate::documents;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// What a document says about answers.
struct Document {
    document: Value,
    validators: BTreeMap<String, Validator>,
}

impl Document {
    fn new(dialect: &str) -> Self {
        let document: Value =
            serde_json::from_str(documents::openapi(dialect).expect("a service")).expect("JSON");
        let validators = ["ImagesResponse", "ErrorResponse", "ImageStreamEvent"]
            .into_iter()
            .filter(|name| document["components"]["schemas"].get(name).is_some())
            .map(|name| {
                let schema = json!({
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "$ref": format!("#/components/schemas/{name}"),
                    "components": document["components"],
                });
                let validator = jsonschema::draft202012::options().offline().build(&schema);
                (name.to_owned(), validator.expect("a self-contained schema"))
            })
            .collect();
        Self { document, validators }
    }

    fn assert(&self, name: &str, value: &Value, context: &str) {
        let errors: Vec<String> = self.validators[name]
            .iter_errors(value)
            .map(|error| {
                format!(
                    "{}: {}",
                    error.instance_path(),
                    error.to_string().chars().take(200).collect::<String>()
                )
            })
            .collect();
        assert!(errors.is_empty(), "{context}: {errors:?}");
    }

    /// The members that the document lists are all there may be.
    fn assert_listed(&self, name: &str, value: &Value, context: &str) {
        let listed = self.document["components"]["schemas"][name]["properties"].as_object().expect("a list");
        let found = value.as_object().expect("an object");
        let others: Vec<&String> = found.keys().filter(|member| !listed.contains_key(*member)).collect();
        assert!(others.is_empty(), "{context}: {others:?} in {name}");
    }

    /// The kind of answer, which is described.
    fn judge(&self, answer: &Answer, context: &str) -> &'static str {
        let responses = self.document["paths"].as_object().expect("paths").values().next().expect("a path");
        let responses = &responses["post"]["responses"];
        let response = responses.get(answer.status.to_string()).unwrap_or(&responses["default"]);
        let media_type = answer.header("content-type").expect("a content type");
        assert!(response["content"].get(media_type).is_some(), "{context}: {} {media_type}", answer.status);
        if answer.status != 200 {
            self.assert("ErrorResponse", &answer.json(), context);
            assert!(answer.json()["error"]["message"].is_string(), "{context}");
            return "refusal";
        }
        if media_type == "text/event-stream" {
            let text = std::str::from_utf8(&answer.body).expect("UTF-8");
            let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
            for event in events {
                let event = serde_json::from_str(event).expect("JSON");
                self.assert("ImageStreamEvent", &event, context);
                self.assert_listed("ImageStreamEvent", &event, context);
            }
            return "stream";
        }
        let told = answer.json();
        self.assert("ImagesResponse", &told, context);
        self.assert_listed("ImagesResponse", &told, context);
        for image in told["data"].as_array().into_iter().flatten() {
            self.assert_listed("Image", image, context);
        }
        match told["data"].get(0) {
            Some(image) if image.get("url").is_some() => "link",
            Some(image) if image.get("b64_json").is_some() => "base64",
            _ => "nothing",
        }
    }
}

/// One emulator for a service, with the model behind every deployment.
async fn started(dialect: &str) -> Emulator {
    let builder = Emulator::builder().texture(0).dialect(dialect).expect("a service");
    let models: BTreeSet<&str> = pairs().filter_map(|(_, model)| model).collect();
    let builder = models.into_iter().fold(builder, |builder, model| builder.deployment(model, model));
    builder.start().await.expect("a port")
}

async fn post(emulator: &Emulator, dialect: &str, model: Option<&str>, members: &Value) -> Answer {
    let operation = imagewire_types::operations::find(dialect).expect("a service");
    let base = emulator.base_url(dialect).expect("a service");
    let mut body: Map<String, Value> = members.as_object().cloned().expect("an object");
    body.entry("prompt").or_insert_with(|| "a heron".into());
    let mut path = operation.path.to_owned();
    match operation.path_parameters.first() {
        Some(parameter) => {
            path = path.replace(&format!("{{{}}}", parameter.name), model.unwrap_or("unbound"));
        }
        None => {
            if let Some(model) = model {
                body.insert("model".to_owned(), model.into());
            }
        }
    }
    let query = if operation.query_parameters.iter().any(|parameter| parameter.required) {
        "?api-version=2025-04-01-preview"
    } else {
        ""
    };
    let url = format!("{base}{path}{query}");
    let body = Value::Object(body).to_string();
    let sent = move || send("POST", &url, &[("authorization", "Bearer k")], body.as_bytes());
    tokio::task::spawn_blocking(sent).await.expect("no panic").expect("an answer")
}

#[tokio::test]
async fn answers_are_those_of_the_document() {
    let bodies = [
        json!({ "size": "1024x1024" }),
        json!({ "size": "1024x1024", "response_format": "url" }),
        json!({ "size": "1024x1024", "response_format": "b64_json" }),
        json!({ "size": "1024x1024", "stream": true, "partial_images": 1 }),
        json!({ "n": 0 }),
        json!({ "prompt": "" }),
        json!({ "size": 7, "seed": 1 }),
    ];
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for operation in OPERATIONS {
        let dialect = operation.dialect;
        let (document, emulator) = (Document::new(dialect), started(dialect).await);
        for (_, model) in pairs().filter(|(of, _)| *of == dialect) {
            for body in &bodies {
                let answer = post(&emulator, dialect, model, body).await;
                let context = format!("{dialect}, {model:?}, {body}");
                seen.entry(dialect).or_default().insert(document.judge(&answer, &context));
            }
        }
    }
    for (dialect, kinds) in seen {
        let streams = !matches!(dialect, "fastapi" | "hicap");
        let expected: BTreeSet<&str> =
            ["base64", "link", "refusal"].into_iter().chain(streams.then_some("stream")).collect();
        assert_eq!(kinds, expected, "{dialect}");
    }
}

#[tokio::test]
async fn what_goes_wrong_in_a_services_own_words_is_in_its_document() {
    let category = || "hate".to_owned();
    let scenarios = [
        Scenario::PromptBlock { category: category() },
        Scenario::OutputBlock { category: category() },
        Scenario::OneBlocked { index: 0, category: category() },
        Scenario::AccountBlock {},
        Scenario::EmptyData {},
        Scenario::rate_limit(1.5),
        Scenario::Quota {},
        Scenario::RetiredModel {},
        Scenario::DeploymentNotFound {},
        Scenario::status(500),
        Scenario::status(418),
        Scenario::FewerImages { missing: 1 },
        Scenario::StreamError { after: None },
    ];
    for operation in OPERATIONS {
        let dialect = operation.dialect;
        let (document, emulator) = (Document::new(dialect), started(dialect).await);
        for scenario in &scenarios {
            for stream in [false, true] {
                let body = if stream { json!({ "stream": true, "partial_images": 1 }) } else { json!({}) };
                emulator.scenario().clear();
                emulator.scenario().push(scenario.clone());
                let model = if dialect == "hicap" { None } else { Some("gpt-image-2") };
                let answer = post(&emulator, dialect, model, &body).await;
                document.judge(&answer, &format!("{dialect}, {scenario:?}"));
            }
        }
    }
}
