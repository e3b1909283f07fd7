//! Judging our own documents by the meta-schemas in `schemas/meta/`.

use imagewire_spec::load::{Diagnostics, Documents, Source};
use jsonschema::Validator;
use serde_json::Value;

/// Which meta-schema a folder's documents follow.
const META: &[(&str, &str)] = &[
    ("wire", "meta/wire.schema.json"),
    ("models", "meta/model.schema.json"),
    ("dialects", "meta/dialect.schema.json"),
];

/// Validates every document that is JSON against its folder's meta-schema.
#[must_use]
pub fn check(sources: &[Source]) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let mut quiet = Diagnostics::default();
    let documents = Documents::parse(sources, &mut quiet);
    for (folder, meta) in META {
        let Some(source) = sources.iter().find(|source| source.path == *meta) else { continue };
        let validator = match compile(source) {
            Ok(validator) => validator,
            Err(message) => {
                diagnostics.at_span(source, "", 0..0, message, "mend the meta-schema");
                continue;
            }
        };
        for document in documents.folder(folder) {
            let Ok(instance) = serde_json::from_str::<Value>(&document.source().text) else { continue };
            for error in validator.iter_errors(&instance) {
                let pointer = error.instance_path().to_string();
                let place = document.root().at(&pointer).unwrap_or_else(|| document.root());
                diagnostics.error(
                    &place,
                    error.masked().to_string(),
                    format!("see schemas/{meta} and schemas/README.md"),
                );
            }
        }
    }
    diagnostics
}

fn compile(source: &Source) -> Result<Validator, String> {
    let schema: Value = serde_json::from_str(&source.text).map_err(|error| format!("not JSON: {error}"))?;
    jsonschema::draft202012::options()
        .offline()
        .build(&schema)
        .map_err(|error| format!("not a JSON Schema: {error}"))
}
