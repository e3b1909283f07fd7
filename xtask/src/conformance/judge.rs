//! The `jsonschema` crate on the source schemas, offline.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use imagewire_spec::load::Source;
use jsonschema::{Keyword, Registry, ValidationError, Validator};
use serde_json::{Map, Value, json};

const BASE: &str = "https://imagewire.invalid/schemas/";
const WIRE: &str = "wire/create-image-request.schema.json";

/// The documents, and validators for what they describe.
pub(super) struct Judge {
    documents: BTreeMap<String, Value>,
    /// The wire schema of requests, in one piece.
    wire: Value,
    /// What each dialect adds to it.
    narrowings: BTreeMap<String, Value>,
    registry: Registry<'static>,
}

impl Judge {
    /// Takes in all wire, dialect and model documents.
    pub(super) fn new(sources: &[Source]) -> Result<Self> {
        let mut documents = BTreeMap::new();
        for source in sources.iter().filter(|source| !source.path.starts_with("meta/")) {
            let document: Value =
                serde_json::from_str(&source.text).with_context(|| format!("schemas/{}", source.path))?;
            documents.insert(source.path.clone(), document);
        }
        let mut registry = Registry::new();
        for (path, document) in &documents {
            registry = registry.add(format!("{BASE}{path}"), document.clone())?;
        }
        let registry = registry.prepare().context("a reference of the schemas points nowhere")?;
        let mut wire = documents.get(WIRE).cloned().unwrap_or_default();
        inline(&mut wire, &documents);
        let mut narrowings = BTreeMap::new();
        let mut judge = Self { documents, wire, narrowings: BTreeMap::new(), registry };
        for (dialect, document) in judge.dialects() {
            let request = document.pointer("/components/schemas/CreateImageRequest");
            if let Some(Value::Object(request)) = request {
                let mut request = request.clone();
                request.remove("$ref");
                narrowings.insert(dialect.to_owned(), Value::Object(request));
            }
        }
        judge.narrowings = narrowings;
        Ok(judge)
    }

    /// The documents of a folder, by identifier.
    fn folder<'a>(&'a self, folder: &str, ending: &str) -> Vec<(&'a str, &'a Value)> {
        let id = |path: &'a str| path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(ending);
        self.documents.iter().filter_map(|(path, document)| Some((id(path)?, document))).collect()
    }

    /// The services.
    pub(super) fn dialects(&self) -> Vec<(&str, &Value)> {
        self.folder("dialects", ".openapi.json")
    }

    /// The models.
    pub(super) fn models(&self) -> Vec<(&str, &Value)> {
        self.folder("models", ".schema.json")
    }

    /// The names of the request's members.
    pub(super) fn members(&self) -> Vec<&str> {
        let request = self.documents.get(WIRE);
        let properties = request.and_then(|request| request.get("properties")?.as_object());
        properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    /// What wire, dialect, model and the dialect's rules for that model say of a request.
    pub(super) fn request(&self, dialect: &str, model: Option<&str>) -> Result<Validator> {
        let path = format!("dialects/{dialect}.openapi.json");
        let mut all =
            vec![reference(WIRE), reference(&format!("{path}#/components/schemas/CreateImageRequest"))];
        if let Some(model) = model {
            all.push(reference(&format!("models/{model}.schema.json")));
            let overlays =
                self.documents.get(&path).and_then(|document| document.get("x-models")?.as_array());
            for (at, overlay) in overlays.into_iter().flatten().enumerate() {
                if covers(overlay, model) && overlay.get("schema").is_some() {
                    all.push(reference(&format!("{path}#/x-models/{at}/schema")));
                }
            }
        }
        self.build(&json!({ "allOf": all }))
    }

    /// What the wire schema says of a request, without references.
    pub(super) fn wire(&self) -> &Value {
        &self.wire
    }

    /// What a dialect says of a request beyond the wire schema.
    pub(super) fn narrowing(&self, dialect: &str) -> Option<&Value> {
        self.narrowings.get(dialect)
    }

    /// A schema that a document refers to from its own place, such as `#/components/schemas/Image`.
    pub(super) fn referred(&self, from: &str, target: &str) -> Result<Validator> {
        let path = match target.strip_prefix("../") {
            Some(path) => path.to_owned(),
            None => format!("{from}{target}"),
        };
        self.build(&reference(&path))
    }

    /// A schema by itself, such as an edited copy of a model's.
    pub(super) fn build(&self, schema: &Value) -> Result<Validator> {
        jsonschema::draft202012::options()
            .offline()
            .with_registry(&self.registry)
            .with_keyword("x-size", size)
            .build(schema)
            .map_err(|error| anyhow::anyhow!("not a JSON Schema: {error}"))
    }
}

/// Whether a dialect's rules for some models are for this one.
pub(super) fn covers(overlay: &Value, model: &str) -> bool {
    let patterns = overlay.get("match").and_then(Value::as_array);
    patterns
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|pattern| pattern.strip_suffix('*').map_or(pattern == model, |start| model.starts_with(start)))
}

/// Puts the wire documents in the place of references to them. They do not refer to themselves.
fn inline(value: &mut Value, documents: &BTreeMap<String, Value>) {
    let target = value.get("$ref").and_then(Value::as_str).map(|target| format!("wire/{target}"));
    if let Some(document) = target.and_then(|target| documents.get(&target)) {
        *value = document.clone();
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| inline(member, documents)),
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, documents)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn reference(path: &str) -> Value {
    json!({ "$ref": format!("{BASE}{path}") })
}

/// The keyword `x-size`, as schemas/README.md tells it.
struct Size(Map<String, Value>);

#[expect(clippy::unnecessary_wraps, reason = "the crate asks for this signature")]
fn size<'a>(
    _: &'a Map<String, Value>,
    bounds: &'a Value,
    _: jsonschema::paths::Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    Ok(Box::new(Size(bounds.as_object().cloned().unwrap_or_default())))
}

impl<'i> Keyword<'i> for Size {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("not a size within bounds"))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        // Like every keyword about texts, it says nothing of other values.
        let Some(text) = instance.as_str() else { return true };
        if text == "auto" {
            return self.0.get("auto") != Some(&Value::Bool(false));
        }
        let edge = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
            digits.parse::<u32>().ok().filter(|_| plain)
        };
        let edges = text.split_once('x').and_then(|(width, height)| Some((edge(width)?, edge(height)?)));
        let Some((width, height)) = edges else { return false };
        let (width, height) = (u64::from(width), u64::from(height));
        let holds = |name: &str, test: &dyn Fn(u64) -> bool| {
            self.0.get(name).and_then(Value::as_u64).is_none_or(test)
        };
        holds("multipleOf", &|step| width.is_multiple_of(step) && height.is_multiple_of(step))
            && holds("maximumEdge", &|most| width.max(height) <= most)
            && holds("maximumRatio", &|ratio| width.max(height) <= ratio * width.min(height))
            && holds("minimumPixels", &|least| width * height >= least)
            && holds("maximumPixels", &|most| width * height <= most)
    }
}
