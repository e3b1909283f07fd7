//! Hand-written cases for each model, each with where its verdict comes from, judged by both judges. They guard against
//! mistakes that schema and tables share.

use imagewire_tests::oracle::Oracle;
use imagewire_validate::{Catalogue, Target, check_json};
use serde_json::{Value, json};

const OAI: &str = "OpenAI's OpenAPI description: CreateImageRequest";
const FAST: &str = "fastapi.ai: Create image";
const HICAP: &str = "Hicap: Generates a batch of images";
const TFY: &str = "TrueFoundry: Generate images from a prompt";
const RULE: &str = "OpenAI's OpenAPI description: size of gpt-image-2";
const REFUSAL: &str = "a refusal of the OpenAI API, quoted in public issues";
const AZURE: &str = "Azure: image generation how-to";

/// Service, members beside the prompt, whether it is accepted, and who says so.
type Case = (&'static str, Value, bool, &'static str);

fn dall_e_2() -> Vec<Case> {
    vec![
        ("fastapi", json!({ "n": 10, "size": "256x256" }), true, FAST),
        ("fastapi", json!({ "response_format": "b64_json", "user": "u" }), true, FAST),
        ("fastapi", json!({ "prompt": "x".repeat(1000) }), true, FAST),
        ("fastapi", json!({ "prompt": "x".repeat(1001) }), false, FAST),
        ("fastapi", json!({ "size": "1792x1024" }), false, FAST),
        ("fastapi", json!({ "style": "vivid" }), false, FAST),
        ("fastapi", json!({ "n": 11 }), false, FAST),
        ("hicap", json!({ "size": "512x512", "n": 1 }), true, HICAP),
        ("hicap", json!({ "n": 2 }), false, HICAP),
        ("openai", json!({ "quality": "standard", "response_format": null }), true, OAI),
        ("openai", json!({ "quality": "hd" }), false, OAI),
    ]
}

fn dall_e_3() -> Vec<Case> {
    vec![
        ("fastapi", json!({ "size": "1792x1024", "quality": "hd", "style": "natural" }), true, FAST),
        ("fastapi", json!({ "prompt": "x".repeat(4000), "n": 1 }), true, FAST),
        ("fastapi", json!({ "style": null, "size": null }), true, FAST),
        ("fastapi", json!({ "n": 2 }), false, FAST),
        ("fastapi", json!({ "prompt": "x".repeat(4001) }), false, FAST),
        ("fastapi", json!({ "response_format": "base64" }), false, FAST),
        (
            "hicap",
            json!({ "quality": "hd", "style": "vivid", "response_format": "b64_json", "user": "u" }),
            true,
            HICAP,
        ),
        ("hicap", json!({ "size": "512x512" }), false, FAST),
        ("hicap", json!({ "style": null }), false, HICAP),
        ("truefoundry", json!({ "style": "vivid", "background": null, "stream": null }), true, TFY),
        ("truefoundry", json!({ "background": "transparent" }), false, OAI),
    ]
}

/// What all GPT image models share.
fn gpt_image() -> Vec<Case> {
    vec![
        ("openai", json!({ "prompt": "x".repeat(32_000), "n": 10 }), true, OAI),
        ("openai", json!({ "prompt": "x".repeat(32_001) }), false, OAI),
        ("openai", json!({ "prompt": "" }), false, OAI),
        ("openai", json!({ "background": "transparent", "output_format": "webp" }), true, OAI),
        ("openai", json!({ "background": "transparent" }), true, OAI),
        ("openai", json!({ "background": "transparent", "output_format": "jpeg" }), false, REFUSAL),
        ("openai", json!({ "output_format": "jpeg", "output_compression": 100 }), true, OAI),
        ("openai", json!({ "output_compression": 50 }), false, OAI),
        ("openai", json!({ "output_format": "jpeg", "output_compression": 101 }), false, OAI),
        ("openai", json!({ "stream": true, "partial_images": 3 }), true, OAI),
        ("openai", json!({ "stream": true, "partial_images": 4 }), false, OAI),
        ("openai", json!({ "partial_images": 1 }), false, OAI),
        ("openai", json!({ "partial_images": 0, "stream": null }), true, OAI),
        ("openai", json!({ "response_format": "b64_json" }), false, REFUSAL),
        ("openai", json!({ "style": "vivid" }), false, OAI),
        ("truefoundry", json!({ "response_format": "url", "style": null }), true, TFY),
        ("azure", json!({ "output_format": "jpeg" }), true, AZURE),
        ("azure", json!({ "output_format": "webp" }), false, AZURE),
    ]
}

fn fixed_sizes() -> Vec<Case> {
    vec![
        ("openai", json!({ "size": "1536x1024", "quality": "high" }), true, OAI),
        ("openai", json!({ "size": "auto", "quality": "auto" }), true, OAI),
        ("openai", json!({ "size": "1792x1024" }), false, OAI),
        ("openai", json!({ "quality": "xhigh" }), false, REFUSAL),
        ("openai", json!({ "quality": "hd" }), false, OAI),
    ]
}

fn free_sizes() -> Vec<Case> {
    vec![
        ("openai", json!({ "size": "1920x1088" }), true, RULE),
        ("openai", json!({ "size": "3840x2160" }), true, RULE),
        ("openai", json!({ "size": "2160x3840" }), true, RULE),
        (
            "openai",
            json!({ "size": "816x816" }),
            true,
            "a probe of the OpenAI API, noted in public repositories",
        ),
        ("openai", json!({ "size": "1536x512" }), true, RULE),
        ("openai", json!({ "size": "1920x1080" }), false, RULE),
        (
            "openai",
            json!({ "size": "800x800" }),
            false,
            "a probe of the OpenAI API, noted in public repositories",
        ),
        ("openai", json!({ "size": "512x512" }), false, RULE),
        ("openai", json!({ "size": "3856x2160" }), false, RULE),
        ("openai", json!({ "size": "2048x512" }), false, RULE),
        ("openai", json!({ "size": "3840x2176" }), false, RULE),
    ]
}

fn cases(model: &str) -> Vec<Case> {
    match model {
        "dall-e-2" => dall_e_2(),
        "dall-e-3" => dall_e_3(),
        "gpt-image-1" | "gpt-image-1-mini" | "gpt-image-1.5" | "chatgpt-image-latest" => {
            [gpt_image(), fixed_sizes()].concat()
        }
        "gpt-image-2" => {
            let own = vec![("openai", json!({ "quality": "xhigh" }), false, REFUSAL)];
            [gpt_image(), free_sizes(), own].concat()
        }
        _ => {
            // What only third parties report is accepted, with a warning.
            let reported = "third-party reports";
            let own = vec![
                ("openai", json!({ "quality": "xhigh" }), true, reported),
                ("openai", json!({ "quality": "max" }), true, reported),
                ("openai", json!({ "output_format": "gif" }), model.contains("2.6"), reported),
                ("openai", json!({ "complexity": "high" }), model.contains("2.6"), reported),
            ];
            [gpt_image(), free_sizes(), own].concat()
        }
    }
}

#[test]
fn every_model_has_cases_that_both_judges_decide_alike() {
    let mut count = 0;
    for model in Catalogue::built_in().models() {
        let cases = cases(&model.id);
        let accepted = cases.iter().filter(|(_, _, accepted, _)| *accepted).count();
        assert!(accepted >= 5 && cases.len() - accepted >= 5, "{}: {accepted} of {}", model.id, cases.len());
        for (dialect, members, accepted, source) in cases {
            let mut body = json!({ "prompt": "x" });
            for (name, value) in members.as_object().expect("members") {
                body[name] = value.clone();
            }
            let target = Target::new(dialect).expect("a service").served_by(&model.id);
            let report = check_json(body.to_string().as_bytes(), &target);
            let shown = if members["prompt"].is_null() { members } else { json!("a long prompt") };
            assert_eq!(
                report.is_accepted(),
                accepted,
                "{shown} for {} at {dialect} ({source}): {report:?}",
                model.id
            );
            let oracle = Oracle::new(dialect, Some(&model.id));
            assert_eq!(
                oracle.accepts(&body),
                accepted,
                "{shown} for {} at {dialect} ({source}), by jsonschema",
                model.id
            );
            count += 1;
        }
    }
    println!("{count} hand-written cases");
}

#[test]
fn a_model_is_found_by_every_name() {
    let catalogue = Catalogue::built_in();
    let found = |name: &str| catalogue.model(name).map(|model| model.id.to_string());
    for (name, id) in [
        ("dall-e-3", Some("dall-e-3")),
        ("dalle3", Some("dall-e-3")),
        ("openai-main/dall-e-3", Some("dall-e-3")),
        ("account/group/dalle-2", Some("dall-e-2")),
        ("gpt-image-1-2025-04-23", Some("gpt-image-1")),
        ("openai/gpt-image-1-mini-2026-01-01", Some("gpt-image-1-mini")),
        ("gpt-image-1.5-2025-12-16", Some("gpt-image-1.5")),
        ("gpt-image-2-2026-04-21", Some("gpt-image-2")),
        ("gpt-image-2.5-flare-2026-09-08", Some("gpt-image-2.5-flare")),
        ("gpt-image-2.6-sunburst", Some("gpt-image-2.6-sunburst")),
        ("gpt-image-1-huge", None),
        ("gpt-image-3", None),
        ("dall-e-4", None),
        ("DALL-E-3", None),
        ("", None),
        ("/", None),
        ("dall-e-3/", None),
    ] {
        assert_eq!(found(name).as_deref(), id, "{name}");
    }
}

#[test]
fn a_model_file_adds_and_replaces_models() {
    let text = |n: u32| {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "house-model", "description": "A model of ours.", "x-aliases": ["dall-e-3"],
            "type": "object",
            "properties": { "prompt": { "maxLength": 10 }, "model": true, "n": { "minimum": 1, "maximum": n } },
            "additionalProperties": { "type": "null" },
            "x-sources": [{ "covers": "all", "title": "Ourselves", "url": "https://example.com/", "checked": "2026-11-22" }]
        })
        .to_string()
    };
    let mut catalogue = Catalogue::default();
    catalogue.add("house-model.json", &text(3)).expect("a good model");
    let target = catalogue.target("fastapi").expect("a service");
    let report = |body: Value| check_json(body.to_string().as_bytes(), &target);
    assert!(report(json!({ "prompt": "x", "model": "house-model", "n": 3 })).is_accepted());
    let refused = report(json!({ "prompt": "x", "model": "acme/dall-e-3", "n": 4, "style": "vivid" }));
    let messages: Vec<&str> = refused.findings().iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["`n` is 4; house-model takes 1 to 3", "house-model takes no `style`: remove it"]);
}

#[test]
fn hostile_model_files_are_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!(
        r#"{{"title":"m","properties":{{"size":{{"enum":[{}]}}}}}}"#,
        vec!["\"1x1\""; 100_000].join(",")
    );
    let huge = " ".repeat(2 << 20);
    for (name, text) in [
        ("deep", deep.as_str()),
        ("wide", &wide),
        ("huge", &huge),
        ("empty", ""),
        ("null", "null"),
        ("cycle", r##"{"title":"m","allOf":[{"$ref":"#"}]}"##),
        ("keyword", r#"{"title":"m","patternProperties":{}}"#),
    ] {
        let error = Catalogue::default().add("model.json", text).expect_err(name);
        assert!(!error.diagnostics().is_empty(), "{name}");
        assert!(error.to_string().starts_with("model.json:"), "{name}: {error}");
    }
}

#[test]
fn a_body_of_a_hundred_thousand_members_is_judged() {
    let target = Target::new("fastapi").expect("a service");
    let members: Vec<String> = (0..100_000).map(|number| format!("\"m{}\":1", number / 2)).collect();
    let body = format!("{{\"prompt\":\"x\",{}}}", members.join(","));
    let report = check_json(body.as_bytes(), &target);
    // Each name stands twice, and none is known.
    assert_eq!((report.errors().count(), report.findings().len()), (50_000, 100_000));
}
