//! Mistakes in models.

use std::fs;

use crate::{Case, Edit, MODEL, replace};

const N: &str = r#"{ "minimum": 1, "maximum": 4, "default": 1 }"#;
const QUALITY: &str = r#""enum": ["draft", "fine_art", null], "default": "draft""#;
const SIZE: &str = r#""enum": ["auto", "512x512", null], "default": "auto""#;
const IF: &str = r#"{ "properties": { "quality": { "const": "fine_art" } }, "required": ["quality"] }"#;
const THEN: &str = r#"{ "properties": { "size": { "enum": ["512x512"] } }, "required": ["size"] }"#;
const SOURCES: &str = r#"{ "covers": "everything", "title": "Our imagination", "url": "https://example.com/brush", "checked": "2026-11-22" }"#;

/// The model under another name, with other aliases.
fn copy(title: &str, aliases: &str) -> String {
    fs::read_to_string("tests/fixtures/schemas/models/brush-1.schema.json")
        .expect("the fixture")
        .replace(r#""title": "brush-1""#, &format!("\"title\": \"{title}\""))
        .replace(r#"["brush"]"#, aliases)
        .replace(r#"["brush-1-20"]"#, "[]")
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = names();
    cases.extend(members());
    cases.extend(several_members());
    cases.extend(facts());
    cases
}

fn names() -> Vec<Case> {
    let other = |name, path, title, aliases| (name, vec![Edit::Set(path, copy(title, aliases))]);
    vec![
        replace(
            "model-unknown-keyword",
            MODEL,
            r#""type": "object","#,
            r#""type": "object", "unevaluatedProperties": false,"#,
        ),
        replace("model-no-title", MODEL, r#"  "title": "brush-1","#, ""),
        replace("model-title-is-not-the-file", MODEL, r#""title": "brush-1""#, r#""title": "brush-one""#),
        replace("model-title-no-text", MODEL, r#""title": "brush-1""#, r#""title": 1"#),
        replace("model-another-type", MODEL, r#""type": "object","#, r#""type": "string","#),
        replace("model-aliases-no-list", MODEL, r#"["brush"]"#, r#""brush""#),
        replace("model-prefixes-no-list", MODEL, r#"["brush-1-20"]"#, r#"{ "brush-1-20": true }"#),
        replace("model-prefix-no-text", MODEL, r#"["brush-1-20"]"#, "[20]"),
        replace("model-prefix-empty", MODEL, r#"["brush-1-20"]"#, r#"[""]"#),
        replace("model-alias-with-blanks", MODEL, r#"["brush"]"#, r#"["brush one"]"#),
        other("model-alias-twice", "models/brush-2.schema.json", "brush-2", r#"["brush"]"#),
        other("model-alias-is-another-model", "models/brush-2.schema.json", "brush-2", r#"["brush-1"]"#),
        other("model-no-rust-name", "models/2-brush.schema.json", "2-brush", "[]"),
        other("model-one-rust-name", "models/brush.1.schema.json", "brush.1", "[]"),
    ]
}

fn members() -> Vec<Case> {
    vec![
        replace("model-member-unknown", MODEL, r#""stream": true"#, r#""steam": true"#),
        replace("model-member-false", MODEL, r#""stream": true"#, r#""stream": false"#),
        replace("model-member-unknown-keyword", MODEL, N, r#"{ "minimum": 1, "multipleOf": 2 }"#),
        replace("model-member-another-type", MODEL, N, r#"{ "type": ["string", "null"] }"#),
        replace("model-bounds-crossed", MODEL, N, r#"{ "minimum": 4, "maximum": 1 }"#),
        replace(
            "model-lengths-crossed",
            MODEL,
            r#""minLength": 1, "maxLength": 32000"#,
            r#""minLength": 10, "maxLength": 1"#,
        ),
        replace("model-bound-no-number", MODEL, N, r#"{ "minimum": "1", "maximum": 1.5 }"#),
        replace("model-bound-for-text", MODEL, QUALITY, r#""maximum": 3"#),
        replace("model-enum-for-number", MODEL, N, r#"{ "enum": ["1", null] }"#),
        replace("model-enum-of-numbers", MODEL, N, r#"{ "enum": [1, 2, null] }"#),
        replace("model-enum-empty", MODEL, QUALITY, r#""enum": []"#),
        replace("model-enum-no-list", MODEL, QUALITY, r#""enum": "draft""#),
        replace("model-enum-twice", MODEL, QUALITY, r#""enum": ["draft", "draft", null]"#),
        replace("model-enum-without-null", MODEL, QUALITY, r#""enum": ["draft", "fine_art"]"#),
        replace("model-enum-misspelt", MODEL, QUALITY, r#""enum": ["draught", "fine_art", null]"#),
        replace("model-size-misspelt", MODEL, SIZE, r#""enum": ["512*512", null]"#),
        replace(
            "model-size-unknown-bound",
            MODEL,
            r#""auto": false, "multipleOf": 8"#,
            r#""auto": false, "multipleOff": 8"#,
        ),
        replace("model-size-for-number", MODEL, N, r#"{ "x-size": { "multipleOf": 8 } }"#),
        replace(
            "model-size-bounds-crossed",
            MODEL,
            r#""auto": false, "multipleOf": 8"#,
            r#""minimumPixels": 9000000, "multipleOf": 8"#,
        ),
        replace(
            "model-size-multiple-of-zero",
            MODEL,
            r#""auto": false, "multipleOf": 8"#,
            r#""auto": false, "multipleOf": 0"#,
        ),
        replace("model-default-outside", MODEL, N, r#"{ "minimum": 1, "maximum": 4, "default": 5 }"#),
        replace(
            "model-default-not-listed",
            MODEL,
            QUALITY,
            r#""enum": ["draft", null], "default": "fine_art""#,
        ),
        replace("model-default-another-type", MODEL, N, r#"{ "minimum": 1, "default": "one" }"#),
        replace(
            "model-others-open",
            MODEL,
            r#""additionalProperties": { "type": "null" }"#,
            r#""additionalProperties": true"#,
        ),
        replace(
            "model-others-refused",
            MODEL,
            r#""additionalProperties": { "type": "null" }"#,
            r#""additionalProperties": false"#,
        ),
    ]
}

fn several_members() -> Vec<Case> {
    vec![
        replace(
            "condition-unknown-keyword",
            MODEL,
            IF,
            r#"{ "properties": { "quality": { "const": "fine_art" } }, "required": ["quality"], "not": {} }"#,
        ),
        replace(
            "condition-not-required",
            MODEL,
            IF,
            r#"{ "properties": { "quality": { "const": "fine_art" } } }"#,
        ),
        replace(
            "condition-met-by-null",
            MODEL,
            IF,
            r#"{ "properties": { "quality": { "enum": ["fine_art", null] } }, "required": ["quality"] }"#,
        ),
        replace("condition-without-members", MODEL, IF, "{}"),
        replace("condition-no-object", MODEL, IF, "true"),
        replace(
            "condition-required-undescribed",
            MODEL,
            IF,
            r#"{ "properties": { "quality": { "const": "fine_art" } }, "required": ["quality", "n"] }"#,
        ),
        replace(
            "condition-misspelt",
            MODEL,
            IF,
            r#"{ "properties": { "quality": { "const": "fine-art" } }, "required": ["quality"] }"#,
        ),
        replace(
            "requirement-optional-but-not-null",
            MODEL,
            THEN,
            r#"{ "properties": { "size": { "enum": ["512x512"] } } }"#,
        ),
        replace(
            "requirement-required-but-null",
            MODEL,
            THEN,
            r#"{ "properties": { "size": { "enum": ["512x512", null] } }, "required": ["size"] }"#,
        ),
        replace(
            "requirement-required-undescribed",
            MODEL,
            THEN,
            r#"{ "properties": { "size": { "enum": ["512x512"] } }, "required": ["size", "user"] }"#,
        ),
        replace(
            "requirement-another-required",
            MODEL,
            THEN,
            r#"{ "properties": { "size": { "enum": ["512x512", null] } }, "required": ["user"] }"#,
        ),
        replace(
            "requirement-unknown-keyword",
            MODEL,
            THEN,
            r#"{ "properties": { "size": { "enum": ["512x512"] } }, "required": ["size"], "minProperties": 2 }"#,
        ),
        replace("requirement-empty", MODEL, THEN, "{}"),
        replace(
            "rule-without-then",
            MODEL,
            r#""then": { "properties": { "size""#,
            r#""else": { "properties": { "size""#,
        ),
        replace("rule-without-description", MODEL, r#"      "description": "a series has a size","#, ""),
        replace("rules-no-list", MODEL, r#""allOf": ["#, r#""x-advice": {}, "allOf": ["#),
    ]
}

fn facts() -> Vec<Case> {
    vec![
        replace("advice-unknown-severity", MODEL, r#""severity": "note""#, r#""severity": "error""#),
        replace(
            "advice-unknown-keyword",
            MODEL,
            r#""severity": "note""#,
            r#""severity": "note", "code": "slow""#,
        ),
        replace(
            "advice-no-message",
            MODEL,
            r#""severity": "note",
      "message": "streams are slow""#,
            r#""severity": "note""#,
        ),
        replace("equivalents-no-object", MODEL, r#"{ "hd": "fine_art" }"#, r#""fine_art""#),
        replace("equivalents-of-nothing", MODEL, r#"{ "quality": { "hd""#, r#"{ "qualities": { "hd""#),
        replace("equivalents-not-taken", MODEL, r#"{ "hd": "fine_art" }"#, r#"{ "hd": "finest_art" }"#),
        replace("returns-unknown", MODEL, r#"["url"]"#, r#"["image_url"]"#),
        replace("returns-no-list", MODEL, r#"["url"]"#, r#""url""#),
        replace("lifecycle-unknown-stage", MODEL, r#""stage": "deprecated""#, r#""stage": "sunset""#),
        replace("lifecycle-unknown-dialect", MODEL, r#"{ "acme": {"#, r#"{ "acne": {"#),
        replace("lifecycle-bad-date", MODEL, r#""date": "2027-01-31""#, r#""date": "31.1.2027""#),
        replace("lifecycle-date-no-text", MODEL, r#""date": "2027-01-31""#, r#""date": 2027"#),
        replace("sources-none", MODEL, SOURCES, ""),
        replace(
            "sources-unknown-keyword",
            MODEL,
            r#""checked": "2026-11-22""#,
            r#""checked": "2026-11-22", "by": "me""#,
        ),
        replace("sources-not-checked", MODEL, r#", "checked": "2026-11-22""#, ""),
        replace("sources-bad-date", MODEL, r#""checked": "2026-11-22""#, r#""checked": "2026-13-22""#),
        replace(
            "sources-bad-url",
            MODEL,
            r#""url": "https://example.com/brush""#,
            r#""url": "example.com/brush""#,
        ),
    ]
}
