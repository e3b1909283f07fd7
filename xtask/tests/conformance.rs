//! The checks of `cargo xtask conformance`: they pass on the project's schemas, and notice what they are for.

mod common;

use common::{document, fixture, real};
use xtask::conformance::{Outcome, schemas};

fn check(sources: &[imagewire_spec::load::Source], name: &str) -> Outcome {
    let all = schemas(sources).expect("the schemas are JSON Schemas");
    all.into_iter().find(|(known, _)| *known == name).expect("a check of that name").1
}

/// Each edit of the fixture, and the check that must notice it.
fn assert_noticed(name: &str, path: &str, from: &str, to: &str) {
    let mut sources = fixture();
    let text = document(&mut sources, path);
    assert!(text.contains(from), "`{from}` stands in {path}");
    *text = text.replace(from, to);
    let outcome = check(&sources, name);
    assert!(!outcome.failures.is_empty(), "{name} notices `{to}`: {}", outcome.summary);
}

const DIALECT: &str = "dialects/acme.openapi.json";
const MODEL: &str = "models/brush-1.schema.json";

#[test]
fn all_checks_pass_on_the_schemas_and_the_fixture() {
    for sources in [real(), fixture()] {
        for (name, outcome) in schemas(&sources).expect("the schemas are JSON Schemas") {
            assert!(outcome.failures.is_empty(), "{name}: {:#?}", outcome.failures);
            assert!(!outcome.summary.starts_with('0') || name == "no dead advice", "{name} checks something");
        }
    }
}

#[test]
fn a_wrong_request_example_is_noticed() {
    assert_noticed(
        "request examples",
        DIALECT,
        r#""prompt": "a kite", "n": 1 }"#,
        r#""prompt": "a kite", "n": 11 }"#,
    );
    assert_noticed(
        "request examples",
        DIALECT,
        r#""prompt": "a kite", "n": 0 }"#,
        r#""prompt": "a kite", "n": 2 }"#,
    );
}

#[test]
fn a_wrong_answer_example_is_noticed() {
    assert_noticed(
        "answer examples",
        DIALECT,
        r#"{ "data": [{ "url": "https://..." }] }"#,
        r#"{ "data": [{ "url": 1 }] }"#,
    );
    assert_noticed("answer examples", DIALECT, r#"{ "data": [{ "url": "https://..." }] }"#, "{}");
}

#[test]
fn an_empty_model_is_noticed() {
    assert_noticed(
        "no empty model",
        MODEL,
        r#""minLength": 1, "maxLength": 32000"#,
        r#""minLength": 1, "maxLength": 2"#,
    );
}

#[test]
fn a_dead_rule_is_noticed() {
    // A condition that no acceptable request meets.
    assert_noticed(
        "no dead rule",
        MODEL,
        r#""type": "integer", "minimum": 2"#,
        r#""type": "integer", "minimum": 5"#,
    );
    // A requirement that asks for nothing new.
    assert_noticed(
        "no dead rule",
        MODEL,
        r#""stream": { "type": "null" }"#,
        r#""stream": { "type": ["boolean", "null"] }"#,
    );
}

#[test]
fn a_dead_rule_of_a_service_is_noticed() {
    // A condition that the service itself refuses.
    assert_noticed(
        "no dead rule",
        DIALECT,
        r#""additionalProperties": false"#,
        r#""additionalProperties": false,
        "allOf": [
          {
            "description": "never",
            "if": { "properties": { "n": { "type": "integer", "minimum": 11 } }, "required": ["n"] },
            "then": { "properties": { "stream": { "type": "null" } } }
          }
        ]"#,
    );
    // An addition for some models that says what they say themselves.
    assert_noticed(
        "no dead rule",
        DIALECT,
        r#""size": { "enum": ["512x512", null] }"#,
        r#""size": { "enum": ["auto", "512x512", null] }"#,
    );
}

#[test]
fn dead_advice_is_noticed() {
    assert_noticed(
        "no dead advice",
        MODEL,
        r#""when": { "properties": { "stream": { "const": true } }, "required": ["stream"] }"#,
        r#""when": { "properties": { "user": { "type": "string" } }, "required": ["user"] }"#,
    );
    // At the service, for some models.
    assert_noticed(
        "no dead advice",
        DIALECT,
        r#""x-advice": [{ "severity""#,
        r#""x-advice": [{ "when": { "properties": { "size": { "const": "auto" } }, "required": ["size"] }, "severity""#,
    );
}
