//! Every finding, in the services' words.

use std::collections::BTreeSet;

use imagewire_types::operations::{Operation, find};
use imagewire_validate::{Code, Target, check_json};
use serde_json::{Value, json};

use super::{
    Style, from_report,
    words::{is_refused, refusal},
};

const SECRET: &str = "the heron nobody may see";

fn operation(dialect: &str) -> &'static Operation {
    find(dialect).expect("a built-in service")
}

/// The error that a body gets from a service.
fn error(dialect: &str, body: &str) -> Option<Value> {
    let (operation, target) = (operation(dialect), Target::new(dialect).expect("a built-in service"));
    let named = serde_json::from_str::<Value>(body).ok();
    let named = named.as_ref().and_then(|body| body["model"].as_str());
    let refusal = from_report(&check_json(body.as_bytes(), &target), operation, target.model(named))?;
    let envelope: Value = serde_json::from_str(&refusal.envelope(Style::of(operation))).expect("JSON");
    Some(envelope["error"].clone())
}

fn is(message: &str, kind: &str, param: &str, code: &str) -> Value {
    json!({ "message": message, "type": kind, "param": param, "code": code })
}

const INVALID: &str = "invalid_request_error";
const USER_ERROR: &str = "image_generation_user_error";

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn openais_words() {
    let long = format!(r#"{{"model":"gpt-image-2","prompt":"{}"}}"#, "x".repeat(32_001));
    let cases = [
        (
            r#"{"model":"gpt-image-2","prompt":"x","seed":1}"#,
            is("Unknown parameter: 'seed'.", INVALID, "seed", "unknown_parameter"),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":"x","response_format":"url"}"#,
            is("Unknown parameter: 'response_format'.", INVALID, "response_format", "unknown_parameter"),
        ),
        (
            long.as_str(),
            is(
                "Invalid 'prompt': string too long. Expected a string with maximum length 32000, but got a string with \
                 length 32001 instead.",
                INVALID,
                "prompt",
                "string_above_max_length",
            ),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":"x","n":11}"#,
            is(
                "Invalid 'n': integer above maximum value. Expected a value <= 10, but got 11 instead.",
                INVALID,
                "n",
                "integer_above_max_value",
            ),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":"x","n":0}"#,
            is(
                "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead.",
                INVALID,
                "n",
                "integer_below_min_value",
            ),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":"x","moderation":"high"}"#,
            is(
                "Invalid value: 'high'. Supported values are: 'auto' and 'low'.",
                USER_ERROR,
                "moderation",
                "invalid_value",
            ),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":"x","quality":"xhigh"}"#,
            is(
                "The model 'gpt-image-2' does not support quality 'xhigh'",
                USER_ERROR,
                "quality",
                "invalid_value",
            ),
        ),
        (
            r#"{"model":"gpt-image-2"}"#,
            is("Missing required parameter: 'prompt'.", INVALID, "prompt", "missing_required_parameter"),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":""}"#,
            is(
                "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty string \
                 instead.",
                INVALID,
                "prompt",
                "empty_string",
            ),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":"x","n":"two"}"#,
            is(
                "Invalid type for 'n': expected an integer, but got a string instead.",
                INVALID,
                "n",
                "invalid_type",
            ),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":null}"#,
            is(
                "Invalid type for 'prompt': expected a string, but got null instead.",
                INVALID,
                "prompt",
                "invalid_type",
            ),
        ),
        (
            r#"{"model":"gpt-image-2","prompt":"x","background":"transparent","output_format":"jpeg"}"#,
            is(
                "Transparent background is not supported for JPEG output format",
                USER_ERROR,
                "background",
                "invalid_value",
            ),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(error("openai", body), Some(expected), "{body:.80}");
    }
    assert_eq!(error("openai", r#"{"model":"gpt-image-2","prompt":"x"}"#), None);
}

#[test]
fn only_who_runs_the_models_refuses_a_retired_one() {
    let body = r#"{"model":"dall-e-3","prompt":"x"}"#;
    let retired = error("openai", body).expect("a refusal");
    assert_eq!((&retired["code"], &retired["param"]), (&json!("invalid_value"), &json!("model")));
    let message = retired["message"].as_str().expect("a text");
    assert!(
        message.starts_with("Invalid value: 'dall-e-3'. Supported values are: 'chatgpt-image-latest', "),
        "{message}"
    );
    assert!(!message.contains("'dall-e-2'"), "{message}");
    for seed in ["hicap", "fastapi", "truefoundry"] {
        let body = if seed == "hicap" { r#"{"prompt":"x"}"# } else { body };
        assert_eq!(error(seed, body), None, "{seed}");
    }
    // Names come before the model, and the model before values.
    let code = |body| error("openai", body).expect("a refusal")["param"].clone();
    assert_eq!(code(r#"{"model":"dall-e-3","prompt":"x","seed":1}"#), "seed");
    assert_eq!(code(r#"{"model":"dall-e-3","prompt":"x","n":99}"#), "model");
}

/// A request for each finding that a request can cause: service, body, and the code of the refusal, if there is one.
const WALK: &[(Code, &str, &str, Option<&str>)] = &[
    (Code::NotJson, "fastapi", "{", Some("")),
    (Code::Missing, "fastapi", r#"{"model":"dall-e-2"}"#, Some("missing_required_parameter")),
    (Code::Null, "fastapi", r#"{"prompt":null}"#, Some("invalid_type")),
    (Code::WrongType, "fastapi", r#"{"prompt":"the heron nobody may see","n":"2"}"#, Some("invalid_type")),
    (Code::WrongType, "fastapi", r#"["the heron nobody may see"]"#, Some("invalid_type")),
    (
        Code::Duplicate,
        "fastapi",
        r#"{"prompt":"the heron nobody may see","prompt":"x"}"#,
        Some("duplicate_parameter"),
    ),
    (
        Code::UnsupportedField,
        "hicap",
        r#"{"prompt":"the heron nobody may see","stream":true}"#,
        Some("unknown_parameter"),
    ),
    (
        Code::UnsupportedValue,
        "fastapi",
        r#"{"prompt":"the heron nobody may see","size":"1x1"}"#,
        Some("invalid_value"),
    ),
    (
        Code::OutOfRange,
        "hicap",
        r#"{"prompt":"the heron nobody may see","n":2}"#,
        Some("integer_above_max_value"),
    ),
    (Code::TooShort, "fastapi", r#"{"prompt":""}"#, Some("empty_string")),
    (Code::TooLong, "fastapi", "", Some("string_above_max_length")),
    (
        Code::Conflict,
        "truefoundry",
        r#"{"prompt":"the heron nobody may see","model":"gpt-image-1","output_compression":50}"#,
        Some("invalid_value"),
    ),
    (
        Code::Retired,
        "openai",
        r#"{"prompt":"the heron nobody may see","model":"dall-e-2"}"#,
        Some("invalid_value"),
    ),
    (Code::Deprecated, "openai", r#"{"prompt":"the heron nobody may see","model":"gpt-image-1.5"}"#, None),
    (
        Code::Advice,
        "truefoundry",
        r#"{"prompt":"the heron nobody may see","model":"gpt-image-1","response_format":"url"}"#,
        None,
    ),
    (Code::UnknownModel, "fastapi", r#"{"prompt":"the heron nobody may see","model":"else"}"#, None),
    (
        Code::UnknownValue,
        "truefoundry",
        r#"{"prompt":"the heron nobody may see","model":"else","quality":"odd"}"#,
        None,
    ),
    (
        Code::UnknownMember,
        "fastapi",
        r#"{"prompt":"the heron nobody may see","the_seed":1}"#,
        Some("unknown_parameter"),
    ),
];

#[test]
fn every_finding_has_its_refusal_or_is_none() {
    let mut walked = BTreeSet::new();
    for (code, dialect, body, expected) in WALK {
        let long = format!(r#"{{"prompt":"{}"}}"#, SECRET.repeat(500));
        let body = if *code == Code::TooLong { long.as_str() } else { body };
        let (operation, target) = (operation(dialect), Target::new(dialect).expect("a built-in service"));
        let report = check_json(body.as_bytes(), &target);
        let finding = report.findings().iter().find(|finding| finding.code == *code);
        let finding = finding.unwrap_or_else(|| panic!("{code:?} is not found in {:?}", report.findings()));
        assert_eq!(is_refused(finding, operation, None), expected.is_some(), "{code:?}");
        // Also what is not refused has words, should a service start to refuse it.
        for style in [Style::OpenAi, Style::Azure, Style::TrueFoundry] {
            let envelope = refusal(finding, operation, None).envelope(style);
            assert!(!envelope.contains(SECRET), "{envelope}");
            let error: Value = serde_json::from_str(&envelope).expect("JSON");
            assert!(
                error["error"]["message"].as_str().is_some_and(|message| message.len() > 15),
                "{envelope}"
            );
            if let Some(expected) = expected {
                assert_eq!(error["error"]["code"].as_str().unwrap_or_default(), *expected, "{envelope}");
            }
        }
        walked.insert(*code);
    }
    for code in Code::ALL {
        assert!(walked.contains(code), "{code:?} is not walked");
    }
}

#[test]
fn each_service_has_its_envelope() {
    let refusal = super::Refusal::invalid("unknown_parameter", "Unknown parameter: 'x'.").about("x");
    assert_eq!(
        refusal.envelope(Style::Azure),
        r#"{"error":{"code":"unknown_parameter","message":"Unknown parameter: 'x'.","param":"x","type":"invalid_request_error"}}"#
    );
    assert_eq!(
        refusal.envelope(Style::TrueFoundry),
        r#"{"error":{"message":"Unknown parameter: 'x'.","type":"invalid_request_error","param":"x","code":"unknown_parameter"}}"#
    );
    assert_eq!(
        refusal.envelope(Style::OpenAi),
        "{\n  \"error\": {\n    \"message\": \"Unknown parameter: 'x'.\",\n    \"type\": \"invalid_request_error\",\n    \
         \"param\": \"x\",\n    \"code\": \"unknown_parameter\"\n  }\n}"
    );
    let styles: Vec<Style> = ["hicap", "azure", "azure-v1", "truefoundry", "fastapi", "openai"]
        .map(|dialect| Style::of(operation(dialect)))
        .to_vec();
    let (azure, openai) = (Style::Azure, Style::OpenAi);
    assert_eq!(styles, [azure, azure, azure, Style::TrueFoundry, openai, openai]);
}
