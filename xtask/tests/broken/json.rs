//! Documents that are not JSON, or not objects, and errors in several documents at once.

use crate::{Case, DIALECT, Edit, MODEL, QUALITY, REQUEST, replace};

pub(crate) fn cases() -> Vec<Case> {
    const PREFIXES: &str = r#""x-prefixes": ["brush-1-20"],"#;
    let nested = |levels: usize| format!("\"x-prefixes\": {}{},", "[".repeat(levels), "]".repeat(levels));
    let whole =
        std::fs::read_to_string("tests/fixtures/schemas/models/brush-1.schema.json").expect("the fixture");
    vec![
        replace("json-bare-word", MODEL, r#""title": "brush-1","#, r#""title": brush-1,"#),
        replace("json-trailing-comma", MODEL, PREFIXES, r#""x-prefixes": ["brush-1-20",],"#),
        replace("json-missing-comma", MODEL, PREFIXES, r#""x-prefixes": ["brush-1-20"]"#),
        replace("json-comment", MODEL, PREFIXES, "\"x-prefixes\": [], // none yet"),
        replace("json-duplicate-key", MODEL, PREFIXES, r#""x-prefixes": [], "x-prefixes": ["brush-1-20"],"#),
        ("json-half-a-file", vec![Edit::Set(MODEL, whole[..400].to_owned())]),
        ("json-two-documents", vec![Edit::Set(MODEL, format!("{whole}{{}}"))]),
        ("json-empty-file", vec![Edit::Set(MODEL, String::new())]),
        ("json-byte-order-mark", vec![Edit::Set(MODEL, format!("\u{feff}{whole}"))]),
        ("json-null-model", vec![Edit::Set(MODEL, "null\n".to_owned())]),
        ("json-null-wire", vec![Edit::Set(QUALITY, "null\n".to_owned())]),
        ("json-null-dialect", vec![Edit::Set(DIALECT, "null\n".to_owned())]),
        ("json-list-instead-of-model", vec![Edit::Set(MODEL, "[1, 2]\n".to_owned())]),
        ("json-nested-200", vec![Edit::Replace(MODEL, PREFIXES, nested(200))]),
        ("json-nested-100000", vec![Edit::Replace(MODEL, PREFIXES, nested(100_000))]),
        (
            "several-at-once",
            vec![
                Edit::Replace(
                    MODEL,
                    r#""maximum": 4, "default": 1"#,
                    r#""maximum": 4, "default": 9"#.to_owned(),
                ),
                Edit::Replace(MODEL, r#""stage": "deprecated""#, r#""stage": "resting""#.to_owned()),
                Edit::Replace(MODEL, r#""checked": "2026-11-22""#, r#""checked": "yesterday""#.to_owned()),
                Edit::Replace(
                    DIALECT,
                    r#""openapi": "3.1.0","#,
                    r#""openapi": "3.0.3", "tags": [],"#.to_owned(),
                ),
                Edit::Replace(
                    DIALECT,
                    r#"[{"bearer": []}, {"key": []}]"#,
                    r#"[{"bearer": []}, {"kez": []}]"#.to_owned(),
                ),
                Edit::Replace(QUALITY, r#""title": "Quality","#, r#""title": "quality","#.to_owned()),
                Edit::Replace(
                    REQUEST,
                    r#""$ref": "size.schema.json""#,
                    r#""$ref": "sise.schema.json""#.to_owned(),
                ),
                Edit::Set("wire/zzz.schema.json", "{".to_owned()),
            ],
        ),
    ]
}
