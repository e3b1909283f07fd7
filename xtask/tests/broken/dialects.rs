//! Mistakes in dialects.

use crate::{Case, DIALECT, Edit, replace};

const SECURITY: &str = r#"[{"bearer": []}, {"key": []}]"#;
const SEASON: &str = r#""in": "query",
            "required": false,"#;
const EXAMPLE: &str = r#"{ "summary": "A prompt", "value": { "prompt": "a kite", "n": 1 } }"#;
const OVERLAY: &str = r#""schema": { "properties": { "size": { "enum": ["512x512", null] } } },
      "x-advice": [{ "severity": "warning", "message": "brushes are rinsed at night" }]"#;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = facts();
    cases.extend(operations());
    cases.extend(schemas());
    cases
}

fn facts() -> Vec<Case> {
    vec![
        replace(
            "dialect-unknown-keyword",
            DIALECT,
            r#""openapi": "3.1.0","#,
            r#""openapi": "3.1.0", "webhooks": {},"#,
        ),
        replace(
            "dialect-variant-of-nobody",
            DIALECT,
            r#""openapi": "3.1.0","#,
            r#""openapi": "3.1.0", "x-variant-of": "acne","#,
        ),
        replace(
            "dialect-variant-of-itself",
            DIALECT,
            r#""openapi": "3.1.0","#,
            r#""openapi": "3.1.0", "x-variant-of": "acme","#,
        ),
        replace("dialect-another-openapi", DIALECT, r#""openapi": "3.1.0","#, r#""openapi": "3.0.3","#),
        replace(
            "dialect-info-unknown-keyword",
            DIALECT,
            r#""version": "1","#,
            r#""version": "1", "contact": {},"#,
        ),
        replace("dialect-info-no-title", DIALECT, r#""title": "Acme", "#, ""),
        replace(
            "dialect-server-unknown-keyword",
            DIALECT,
            r#""x-environment": ["ACME_BASE_URL"],"#,
            r#""x-environment": ["ACME_BASE_URL"], "description": "Ours.","#,
        ),
        replace("dialect-server-not-https", DIALECT, r#""https://{host}/v1/""#, r#""http://{host}/v1/""#),
        replace(
            "dialect-server-place-undescribed",
            DIALECT,
            r#""https://{host}/v1/""#,
            r#""https://{hots}/v1/""#,
        ),
        replace(
            "dialect-two-servers",
            DIALECT,
            r#""servers": ["#,
            r#""servers": [{ "url": "https://old.example", "x-environment": ["OLD"] },"#,
        ),
        replace(
            "dialect-environment-in-small-letters",
            DIALECT,
            r#"["ACME_BASE_URL"]"#,
            r#"["acme-base-url"]"#,
        ),
        replace("dialect-scheme-missing", DIALECT, SECURITY, r#"[{"bearer": []}, {"apiKey": []}]"#),
        replace(
            "dialect-scheme-unknown",
            DIALECT,
            r#""type": "http", "scheme": "bearer""#,
            r#""type": "http", "scheme": "basic""#,
        ),
        replace(
            "dialect-scheme-with-scopes",
            DIALECT,
            SECURITY,
            r#"[{"bearer": ["images:write"]}, {"key": []}]"#,
        ),
        replace("dialect-security-missing", DIALECT, r#"  "security": [{"bearer": []}, {"key": []}],"#, ""),
    ]
}

fn operations() -> Vec<Case> {
    let fixture =
        std::fs::read_to_string("tests/fixtures/schemas/dialects/acme.openapi.json").expect("the fixture");
    vec![
        replace(
            "dialect-path-parameter-without-place",
            DIALECT,
            r#""/studios/{studio}/images""#,
            r#""/studios/images""#,
        ),
        replace(
            "dialect-place-without-parameter",
            DIALECT,
            r#""/studios/{studio}/images""#,
            r#""/studios/{studio}/{room}/images""#,
        ),
        replace(
            "dialect-two-paths",
            DIALECT,
            "    }\n  },\n  \"components\"",
            "    },\n    \"/images\": { \"post\": {} }\n  },\n  \"components\"",
        ),
        replace(
            "dialect-path-without-slash",
            DIALECT,
            r#""/studios/{studio}/images""#,
            r#""studios/{studio}/images""#,
        ),
        replace("dialect-get", DIALECT, r#"      "post": {"#, r#"      "get": {"#),
        replace(
            "dialect-operation-unknown-keyword",
            DIALECT,
            r#""summary": "Draws","#,
            r#""summary": "Draws", "deprecated": true,"#,
        ),
        replace(
            "dialect-parameter-unknown-keyword",
            DIALECT,
            SEASON,
            r#""in": "query", "required": false, "style": "form","#,
        ),
        replace("dialect-parameter-in-cookie", DIALECT, SEASON, r#""in": "cookie", "required": false,"#),
        replace(
            "dialect-path-parameter-optional",
            DIALECT,
            r#""in": "path",
            "required": true,"#,
            r#""in": "path",
            "required": false,"#,
        ),
        replace(
            "dialect-role-of-a-query",
            DIALECT,
            SEASON,
            r#""in": "query", "required": false, "x-role": "deployment","#,
        ),
        replace("dialect-role-unknown", DIALECT, r#""x-role": "deployment""#, r#""x-role": "project""#),
        replace(
            "dialect-example-unknown-keyword",
            DIALECT,
            EXAMPLE,
            r#"{ "summary": "A prompt", "x-refuse": true, "value": { "prompt": "a kite" } }"#,
        ),
        replace("dialect-no-default-answer", DIALECT, r#"          "default": {"#, r#"          "4xx": {"#),
        ("dialect-no-rust-name", vec![Edit::Set("dialects/1st.openapi.json", fixture.clone())]),
        (
            "dialect-another-file-name",
            vec![Edit::Remove(DIALECT), Edit::Set("dialects/acme.schema.json", fixture)],
        ),
    ]
}

fn schemas() -> Vec<Case> {
    vec![
        replace(
            "dialect-request-open",
            DIALECT,
            "        },\n        \"additionalProperties\": false\n",
            "        }\n",
        ),
        replace(
            "dialect-request-lets-null-in",
            DIALECT,
            r#""additionalProperties": false"#,
            r#""additionalProperties": { "type": "null" }"#,
        ),
        replace(
            "dialect-request-required",
            DIALECT,
            r#""additionalProperties": false"#,
            r#""required": ["n"], "additionalProperties": false"#,
        ),
        replace(
            "dialect-request-of-another-schema",
            DIALECT,
            r#""$ref": "../wire/create-image-request.schema.json""#,
            r#""$ref": "../wire/image.schema.json""#,
        ),
        replace(
            "dialect-request-of-no-schema",
            DIALECT,
            r#"        "$ref": "../wire/create-image-request.schema.json","#,
            "",
        ),
        replace(
            "dialect-member-misspelt",
            DIALECT,
            r#""enum": ["draft", "fine_art"]"#,
            r#""enum": ["draft", "fine art"]"#,
        ),
        replace(
            "dialect-answer-missing",
            DIALECT,
            r#""Image": { "$ref": "../wire/image.schema.json", "properties""#,
            r#""Picture": { "$ref": "../wire/image.schema.json", "properties""#,
        ),
        replace(
            "dialect-answer-unknown-keyword",
            DIALECT,
            r#""required": ["data"],"#,
            r#""required": ["data"], "minProperties": 1,"#,
        ),
        replace(
            "dialect-reference-dangling",
            DIALECT,
            r##"{ "$ref": "#/components/schemas/Image" }"##,
            r##"{ "$ref": "#/components/schemas/Imag" }"##,
        ),
        replace(
            "dialect-reference-dangling-file",
            DIALECT,
            r#""../wire/error-response.schema.json""#,
            r#""../wire/error-reponse.schema.json""#,
        ),
        replace(
            "overlay-unknown-keyword",
            DIALECT,
            r#""match": ["brush-*"],"#,
            r#""match": ["brush-*"], "unless": [],"#,
        ),
        replace("overlay-without-match", DIALECT, r#"      "match": ["brush-*"],"#, ""),
        replace("overlay-star-inside", DIALECT, r#"["brush-*"]"#, r#"["*-brush"]"#),
        replace("overlay-empty", DIALECT, OVERLAY, r#""schema": {}"#),
        replace("overlay-closes", DIALECT, OVERLAY, r#""schema": { "additionalProperties": false }"#),
        replace("overlays-no-list", DIALECT, r#"  "x-models": ["#, r#"  "x-sources": {}, "x-models": ["#),
    ]
}
