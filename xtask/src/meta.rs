//! Judging our own documents by the meta-schemas in `schemas/meta/`.

use imagewire_spec::load::{Cursor, Diagnostics, Documents, Source};
use jsonschema::{Registry, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Value, json};

/// Which meta-schema a folder's documents follow.
const META: &[(&str, &str)] = &[
    ("wire", "meta/wire.schema.json"),
    ("models", "meta/model.schema.json"),
    ("dialects", "meta/dialect.schema.json"),
];

/// Where the meta-schemas stand for the validator, which fetches nothing.
const BASE: &str = "https://imagewire.invalid/schemas/";

/// As many errors of one document as help anybody: what is wrong in larger numbers is no slip.
const ENOUGH: usize = 500;

/// Validates every document that is JSON against its folder's meta-schema.
#[must_use]
pub fn check(sources: &[Source]) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let mut quiet = Diagnostics::default();
    let documents = Documents::parse(sources, &mut quiet);
    let schemas: Vec<(&str, Value)> = sources
        .iter()
        .filter(|source| source.path.starts_with("meta/"))
        .filter_map(|source| Some((source.path.as_str(), serde_json::from_str(&source.text).ok()?)))
        .collect();
    for (folder, meta) in META {
        let Some(source) = sources.iter().find(|source| source.path == *meta) else { continue };
        let validator = match compile(meta, &schemas) {
            Ok(validator) => validator,
            Err(message) => {
                diagnostics.at_span(source, "", 0..0, message, "mend the meta-schema");
                continue;
            }
        };
        for document in documents.folder(folder) {
            let Ok(instance) = serde_json::from_str::<Value>(&document.source().text) else { continue };
            for error in validator.iter_errors(&instance).take(ENOUGH) {
                let place = document.root().at(error.instance_path().as_str());
                report(&error, &place.unwrap_or_else(|| document.root()), &schemas, &mut diagnostics);
            }
        }
    }
    diagnostics
}

fn compile(meta: &str, schemas: &[(&str, Value)]) -> Result<Validator, String> {
    let registry = schemas
        .iter()
        .try_fold(Registry::new(), |registry, (path, schema)| registry.add(format!("{BASE}{path}"), schema))
        .and_then(jsonschema::RegistryBuilder::prepare)
        .map_err(|error| format!("a reference of the meta-schemas points nowhere: {error}"))?;
    jsonschema::draft202012::options()
        .offline()
        .with_registry(&registry)
        .build(&json!({ "$ref": format!("{BASE}{meta}") }))
        .map_err(|error| format!("not a JSON Schema: {error}"))
}

/// Says what is wrong in our words; what belongs there instead is the meta-schema's own description.
fn report(
    error: &ValidationError<'_>,
    at: &Cursor<'_>,
    schemas: &[(&str, Value)],
    diagnostics: &mut Diagnostics,
) {
    let schema = judging(error, schemas);
    let wanted = schema.and_then(|schema| describe(schema, schemas)).map_or_else(
        || "see schemas/README.md for what belongs here".to_owned(),
        |description| format!("wanted: {description}"),
    );
    let source = at.document().source();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known: Vec<&str> = schema
                .and_then(|schema| schema.get("properties")?.as_object())
                .map(|properties| properties.keys().map(String::as_str).collect())
                .unwrap_or_default();
            for name in unexpected.iter().take(ENOUGH) {
                let pointer = at.get(name).map_or_else(String::new, |value| value.pointer().to_owned());
                let message = format!("`{name}` is not a keyword here");
                let help = format!("use one of: {}", known.join(", "));
                diagnostics.at_span(source, &pointer, at.name_span(name), message, help);
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let meaning = schema
                .and_then(|schema| describe(schema.get("properties")?.get(name)?, schemas))
                .map_or(format!("; {wanted}"), |description| format!(": {description}"));
            diagnostics.error(at, format!("no `{name}`"), format!("add `{name}`{meaning}"));
        }
        ValidationErrorKind::PropertyNames { error } => {
            let wanted = judging(error, schemas)
                .and_then(|schema| describe(schema, schemas))
                .map_or(wanted, |description| format!("wanted: {description}"));
            let name = error.instance().as_str().unwrap_or_default();
            let pointer = at.get(name).map_or_else(String::new, |value| value.pointer().to_owned());
            diagnostics.at_span(
                source,
                &pointer,
                at.name_span(name),
                format!("`{name}` is not a name here"),
                wanted,
            );
        }
        ValidationErrorKind::UniqueItems => {
            diagnostics.error(at, "an item stands twice", "keep one of the two");
        }
        _ => {
            let text = at.json();
            let is_short = text.len() <= 60 && !text.contains('\n');
            let value = if is_short { format!("`{text}`") } else { "this value".to_owned() };
            diagnostics.error(at, format!("{value} does not fit here"), wanted);
        }
    }
}

/// The meta-schema whose keyword refused the value.
fn judging<'a>(error: &ValidationError<'_>, schemas: &'a [(&str, Value)]) -> Option<&'a Value> {
    let location = error.absolute_keyword_location()?.as_str().strip_prefix(BASE)?;
    let (path, pointer) = location.split_once('#')?;
    let pointer = pointer.replace("%24", "$");
    let (schema, _keyword) = pointer.rsplit_once('/')?;
    schemas.iter().find(|(known, _)| *known == path)?.1.pointer(schema)
}

/// The description of a meta-schema, or of the one that it refers to.
fn describe<'a>(schema: &'a Value, schemas: &'a [(&str, Value)]) -> Option<&'a str> {
    if let Some(description) = schema.get("description") {
        return description.as_str();
    }
    let (path, pointer) = schema.get("$ref")?.as_str()?.split_once('#')?;
    // A reference inside a file names no file: the definitions' names are unlike enough to look in all of them.
    let path = format!("meta/{path}");
    schemas
        .iter()
        .filter(|(known, _)| path == "meta/" || *known == path)
        .find_map(|(_, schema)| schema.pointer(pointer)?.get("description")?.as_str())
}
