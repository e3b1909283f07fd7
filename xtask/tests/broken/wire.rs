//! Mistakes in wire schemas.

use crate::{Case, Edit, QUALITY, REQUEST, RESPONSE, replace};

const OPEN: &str = "    { \"const\": \"unknown\", \"description\": \"A word that Rust's `Unknown` must not swallow.\" },\n    { \"type\": \"string\" }\n";
const DATA: &str = r#""type": "array", "items": { "$ref": "image.schema.json" }"#;
const IMAGE: &str = "wire/image.schema.json";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = documents();
    cases.extend(members());
    cases.extend(references());
    cases.extend(enums());
    cases
}

fn documents() -> Vec<Case> {
    vec![
        replace("wire-unknown-keyword", REQUEST, r#""x-module": "request","#, r#""$id": "https://example.com", "x-module": "request","#),
        replace("wire-no-title", QUALITY, r#"  "title": "Quality","#, ""),
        replace("wire-no-description", QUALITY, r#"  "description": "How much effort goes into a picture.","#, ""),
        replace("wire-no-module", QUALITY, r#"  "x-module": "request","#, ""),
        replace("wire-no-schema-keyword", QUALITY, r#"  "$schema": "https://json-schema.org/draft/2020-12/schema","#, ""),
        replace("wire-module-taken", QUALITY, r#""x-module": "request""#, r#""x-module": "operations""#),
        replace("wire-title-no-type", QUALITY, r#""title": "Quality""#, r#""title": "Image quality""#),
        replace("wire-title-taken", QUALITY, r#""title": "Quality""#, r#""title": "Option""#),
        replace("wire-title-twice", QUALITY, r#""title": "Quality""#, r#""title": "Image""#),
        replace("wire-struct-of-another-type", RESPONSE, r#""type": "object""#, r#""type": "array""#),
        replace("wire-scalar-false", "wire/size.schema.json", r#""x-scalar": true"#, r#""x-scalar": false"#),
        replace("wire-required-undescribed", RESPONSE, r#""required": ["data"]"#, r#""required": ["data", "usage"]"#),
        replace("wire-required-no-list", RESPONSE, r#""required": ["data"]"#, r#""required": "data""#),
        replace("wire-endless", IMAGE, r#""type": ["string", "null"], "x-private": true"#, r#""anyOf": [{ "$ref": "image.schema.json" }, { "type": "null" }]"#),
        ("wire-properties-no-object", vec![Edit::Set(
            RESPONSE,
            r#"{ "title": "ImagesResponse", "description": "Broken.", "x-module": "response", "type": "object", "properties": ["data"] }"#.to_owned(),
        )]),
        ("wire-no-request", vec![Edit::Remove(REQUEST)]),
    ]
}

fn members() -> Vec<Case> {
    vec![
        replace("wire-member-pattern", REQUEST, r#""minLength": 1,"#, r#""minLength": 1, "pattern": "^a","#),
        replace("wire-member-no-description", REQUEST, r#""description": "Whether in pieces.", "#, ""),
        replace(
            "wire-member-not-nullable",
            REQUEST,
            r#""type": ["boolean", "null"]"#,
            r#""type": "boolean""#,
        ),
        replace(
            "wire-member-unknown-type",
            REQUEST,
            r#""type": ["boolean", "null"]"#,
            r#""type": ["bool", "null"]"#,
        ),
        replace(
            "wire-member-two-types",
            REQUEST,
            r#""type": ["boolean", "null"]"#,
            r#""type": ["boolean", "string", "null"]"#,
        ),
        replace("wire-member-no-type", REQUEST, r#", "type": ["boolean", "null"]"#, ""),
        replace("wire-member-unknown-format", REQUEST, r#""format": "uint32""#, r#""format": "int8""#),
        replace("wire-member-no-format", REQUEST, r#""format": "uint32", "#, ""),
        replace("wire-member-no-rust-name", REQUEST, r#""user": {"#, r#""2nd user": {"#),
        replace("wire-member-word-of-rust", REQUEST, r#""user": {"#, r#""async": {"#),
        replace(
            "wire-members-one-rust-name",
            IMAGE,
            r#""url": {"#,
            r#""kind": { "description": "Which.", "type": ["string", "null"] }, "url": {"#,
        ),
        replace(
            "wire-member-list-for-rules",
            REQUEST,
            r#""type": ["boolean", "null"]"#,
            r#""anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "null" }]"#,
        ),
        replace(
            "wire-member-private-no",
            REQUEST,
            r#""minLength": 1, "x-private": true"#,
            r#""minLength": 1, "x-private": "yes""#,
        ),
        replace(
            "wire-member-bound-misfits",
            REQUEST,
            r#""type": ["boolean", "null"]"#,
            r#""type": ["boolean", "null"], "minLength": 2"#,
        ),
        replace("wire-member-negative-bound", REQUEST, r#""minimum": 0"#, r#""minimum": -1"#),
    ]
}

fn references() -> Vec<Case> {
    vec![
        replace("wire-array-without-items", RESPONSE, DATA, r#""type": "array""#),
        replace(
            "wire-array-of-nulls",
            RESPONSE,
            DATA,
            r#""type": "array", "items": { "type": ["string", "null"] }"#,
        ),
        replace(
            "wire-reference-dangling",
            RESPONSE,
            r#""$ref": "image.schema.json""#,
            r#""$ref": "images.schema.json""#,
        ),
        replace(
            "wire-reference-dangling-part",
            RESPONSE,
            r#""$ref": "image.schema.json""#,
            r#""$ref": "image.schema.json#/$defs/image""#,
        ),
        replace(
            "wire-reference-to-a-part",
            RESPONSE,
            r#""$ref": "image.schema.json""#,
            r#""$ref": "quality.schema.json#/anyOf/0""#,
        ),
        replace(
            "wire-reference-to-a-model",
            RESPONSE,
            r#""$ref": "image.schema.json""#,
            r#""$ref": "../models/brush-1.schema.json""#,
        ),
        replace("wire-reference-no-text", RESPONSE, r#""$ref": "image.schema.json""#, r#""$ref": 7"#),
        replace(
            "wire-reference-with-more",
            RESPONSE,
            r#"[{"$ref": "quality.schema.json"}, {"type": "null"}]"#,
            r#"[{"$ref": "quality.schema.json", "minLength": 2}, {"type": "null"}]"#,
        ),
        replace(
            "wire-null-alone",
            RESPONSE,
            r#"[{"$ref": "quality.schema.json"}, {"type": "null"}]"#,
            r#"[{"type": "null"}]"#,
        ),
        replace(
            "wire-two-alternatives",
            RESPONSE,
            r#"[{"$ref": "quality.schema.json"}, {"type": "null"}]"#,
            r#"[{"$ref": "quality.schema.json"}, {"$ref": "size.schema.json"}, {"type": "null"}]"#,
        ),
    ]
}

fn enums() -> Vec<Case> {
    vec![
        replace(
            "wire-enum-closed",
            QUALITY,
            OPEN,
            "    { \"const\": \"unknown\", \"description\": \"Closed.\" }\n",
        ),
        replace(
            "wire-enum-after-the-open-choice",
            QUALITY,
            OPEN,
            "    { \"type\": \"string\" },\n    { \"const\": \"late\", \"description\": \"Too late.\" }\n",
        ),
        replace(
            "wire-enum-one-rust-name",
            QUALITY,
            OPEN,
            "    { \"const\": \"fine-art\", \"description\": \"Again.\" },\n    { \"type\": \"string\" }\n",
        ),
        replace(
            "wire-enum-no-rust-name",
            QUALITY,
            OPEN,
            "    { \"const\": \"4k\", \"description\": \"Large.\" },\n    { \"type\": \"string\" }\n",
        ),
        replace(
            "wire-enum-value-no-text",
            QUALITY,
            OPEN,
            "    { \"const\": 4, \"description\": \"A number.\" },\n    { \"type\": \"string\" }\n",
        ),
        replace(
            "wire-enum-value-no-description",
            QUALITY,
            OPEN,
            "    { \"const\": \"late\" },\n    { \"type\": \"string\" }\n",
        ),
        replace("wire-enum-of-numbers", QUALITY, r#""type": "string","#, r#""type": "integer","#),
    ]
}
