//! The commands that send nothing: `validate`, `models`, `explain`, `migrate`, `schema`, `openapi`.

mod shell;

use serde_json::{Value, json};
use shell::Home;

#[test]
fn requests_migrate_and_members_are_explained() {
    let home = Home::new();
    let body = r#"{"prompt":"a fox","model":"dall-e-3","quality":"hd","size":"1792x1024","style":"vivid"}"#;
    home.write("project/request.json", body);
    let arguments = [
        "migrate",
        "request.json",
        "--from",
        "dall-e-3",
        "--to",
        "gpt-image-1",
        "--fold-style",
        "--dialect",
        "openai",
    ];
    let ran = home.run(&[], &arguments);
    assert_eq!(
        ran.object(),
        json!({ "prompt": "a fox, in a vivid style", "model": "gpt-image-1", "quality": "high", "size": "1536x1024" })
    );
    assert!(ran.stderr().contains("dropped style"), "{}", ran.stderr());
    let ran = home.run(&[], &["explain", "size", "1920x1088", "--json"]);
    assert!(ran.object()["models"].as_array().is_some_and(|models| {
        models.iter().all(|model| model.as_str().is_some_and(|id| id.starts_with("gpt-image-2")))
    }));
    assert_eq!(home.run(&[], &["explain", "nothing"]).code(), Some(2));
}

#[test]
fn the_specification_is_printed_as_standard_documents() {
    let home = Home::new();
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&home.run(&[], arguments).stdout()).expect("JSON")
    };
    let schema = json(&["schema", "--dialect", "hicap", "--model", "dall-e-3"]);
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(json(&["openapi", "--dialect", "fastapi"])["openapi"], "3.1.0");
    assert_eq!(home.run(&[], &["openapi", "--dialect", "nobody"]).code(), Some(2));
}

#[test]
fn a_model_file_is_taken_at_run_time() {
    let home = Home::new();
    let model = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "house-model", "description": "A model of ours.", "type": "object",
        "properties": { "prompt": { "maxLength": 10 }, "model": true },
        "additionalProperties": { "type": "null" },
        "x-sources": [{ "covers": "all", "title": "Ourselves", "url": "https://example.com/", "checked": "2026-11-22" }]
    });
    home.write("project/house.json", &model.to_string());
    let arguments = ["generate", "a prompt that is too long", "-m", "house-model", "--models", "house.json"];
    let ran = home.run(&[], &arguments);
    assert_eq!(ran.code(), Some(3));
    assert!(ran.stderr().contains("house-model takes at most 10 characters"), "{}", ran.stderr());
    home.write("project/broken.json", "{");
    let ran = home.run(&[], &["models", "--models", "broken.json"]);
    assert_eq!(ran.code(), Some(2));
    assert!(ran.stderr().contains("broken.json:1:"), "{}", ran.stderr());
}

#[test]
fn validate_judges_files_and_standard_input() {
    let home = Home::new();
    home.write("project/request.json", r#"{"prompt":"x","n":3}"#);
    let ran = home.run(&[], &["validate", "request.json", "--dialect", "hicap"]);
    assert_eq!(
        (ran.code(), ran.stdout().as_str()),
        (Some(3), "request.json:/n: error: `n` is 3; Hicap takes 1 (nearest: 1)\n")
    );
    let ran = home.run(&[], &["validate", "request.json", "--dialect", "fastapi", "--json"]);
    assert_eq!((ran.code(), ran.object()["ok"].clone()), (Some(0), json!(true)));
    // The flag's model counts, not the body's or the default.
    let ran = home.run(&[], &["validate", "request.json", "--dialect", "fastapi", "--model", "dall-e-3"]);
    assert_eq!(ran.code(), Some(3));
    for (body, dialect, exit, said) in [
        ("", "hicap", 3, "not JSON"),
        ("[]", "hicap", 3, "an object is expected"),
        (r#"{"prompt":5}"#, "hicap", 3, "text is expected"),
        (r#"{"prompt":"x","prompt":"y"}"#, "hicap", 3, "stands twice"),
        (r#"{"prompt":"x","style":null}"#, "hicap", 3, "is null"),
        (r#"{"prompt":"x","style":null}"#, "truefoundry", 0, ""),
        (r#"{"prompt":"x"}"#, "nobody", 2, "no service is named"),
    ] {
        let ran = home.feed(body.as_bytes(), &["validate", "-", "--dialect", dialect]);
        assert_eq!(ran.code(), Some(exit), "{body}");
        assert!(
            ran.stdout().contains(said) || ran.stderr().contains(said),
            "{body}: {}{}",
            ran.stdout(),
            ran.stderr()
        );
    }
}

#[test]
fn models_are_listed_and_explained() {
    let home = Home::new();
    let listed = home.run(&[], &["models"]).stdout();
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("dall-e-3 ") && line.contains("retired at openai 2026-05-12")),
        "{listed}"
    );
    let page = home.run(&[], &["models", "openai-main/gpt-image-1"]).stdout();
    assert!(page.contains("1 to 32000 characters") && page.contains("JPEG has no alpha channel"), "{page}");
    let ran = home.run(&[], &["models", "dall-e-3", "--json"]);
    assert_eq!(ran.object()["model"]["accepts"]["n"]["accepts"], "1");
    assert_eq!(home.run(&[], &["models", "nobody"]).code(), Some(2));
}
