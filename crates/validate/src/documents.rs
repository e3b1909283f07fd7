//! The specification as standard documents, for other people's tools.

use serde_json::{Map, Value, json};

use crate::{Catalogue, UnknownDialect, generated::documents::OPENAPI};

const COMPONENTS: &str = "#/components/schemas/";

/// The OpenAPI 3.1 document of a service, in one piece: it refers to no other file, and carries the models' rules as
/// `if`/`then`. What standard keywords cannot say stands under `x-inexpressible`,
/// with the codes of the findings that it is about.
///
/// # Errors
/// When no service has that identifier.
pub fn openapi(dialect: &str) -> Result<&'static str, UnknownDialect> {
    let found = OPENAPI.iter().find(|(id, _)| *id == dialect);
    found.map(|(_, document)| *document).ok_or_else(|| UnknownDialect::new(dialect))
}

/// A JSON Schema (2020-12) of the requests that a service takes for a model; without one, for all models.
///
/// # Errors
/// When no service has that identifier.
pub fn schema(dialect: &str, model: Option<&str>) -> Result<Value, UnknownDialect> {
    let mut document: Value = serde_json::from_str(openapi(dialect)?).unwrap_or_default();
    let definitions = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let mut definitions = definitions.map(std::mem::take).unwrap_or_default();
    let known = model.and_then(|model| Catalogue::built_in().model(model)).map(|model| model.id.as_ref());
    let mut title =
        format!("A request for images to {}", document["info"]["title"].as_str().unwrap_or(dialect));
    let mut all = vec![json!({ "$ref": "#/$defs/CreateImageRequest" })];
    if let Some(model) = model {
        title.push_str(&format!(", drawn by {model}"));
        // The model is known: its rules hold whatever the body's `model` says.
        if let Some(request) = definitions.get_mut("CreateImageRequest").and_then(Value::as_object_mut) {
            request.remove("allOf");
        }
        let name = known.unwrap_or_else(|| model.rsplit('/').next().unwrap_or(model));
        all.extend(
            definitions
                .iter()
                .filter(|(_, rules)| matches(rules, name))
                .map(|(key, _)| json!({ "$ref": format!("#/$defs/{key}") })),
        );
        all.extend(known.map(|id| json!({ "$ref": format!("#/$defs/model-{id}") })));
    }
    let mut root =
        json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "allOf": all });
    definitions.values_mut().for_each(relocate);
    let mut needed = Map::new();
    gather(&root, &mut definitions, &mut needed);
    root["$defs"] = Value::Object(needed);
    Ok(root)
}

/// Points references at the schema's own definitions.
fn relocate(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(COMPONENTS) {
                *text = format!("#/$defs/{name}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(relocate),
        Value::Object(members) => members.values_mut().for_each(relocate),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Moves the definitions that a value refers to, directly or through others.
fn gather(value: &Value, definitions: &mut Map<String, Value>, needed: &mut Map<String, Value>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix("#/$defs/")
                && let Some(definition) = definitions.remove(name)
            {
                gather(&definition, definitions, needed);
                needed.insert(name.to_owned(), definition);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, definitions, needed)),
        Value::Object(members) => members.values().for_each(|member| gather(member, definitions, needed)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn matches(rules: &Value, model: &str) -> bool {
    let patterns = rules["x-match"].as_array().map(Vec::as_slice).unwrap_or_default();
    patterns.iter().filter_map(Value::as_str).any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => model.starts_with(start),
        None => pattern == model,
    })
}
