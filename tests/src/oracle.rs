//! The second judge: the `jsonschema` crate on the source documents. It calls no code of imagewire's.

use std::{collections::BTreeMap, fs, sync::LazyLock};

use jsonschema::{Keyword, Registry, ValidationError, Validator};
use serde_json::{Value, json};

const BASE: &str = "https://imagewire.invalid/schemas/";

/// All schema documents by path, such as `models/dall-e-3.schema.json`.
#[must_use]
pub fn documents() -> BTreeMap<String, Value> {
    let mut documents = BTreeMap::new();
    for folder in ["wire", "dialects", "models"] {
        let entries =
            fs::read_dir(crate::workspace().join("schemas").join(folder)).expect("the schema folders exist");
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a readable file");
            documents.insert(format!("{folder}/{name}"), serde_json::from_str(&text).expect("strict JSON"));
        }
    }
    documents
}

static DOCUMENTS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(documents);

static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    documents()
        .into_iter()
        .try_fold(Registry::new(), |registry, (path, document)| {
            registry.add(format!("{BASE}{path}"), document)
        })
        .and_then(jsonschema::RegistryBuilder::prepare)
        .expect("every reference resolves")
});

/// Judges bodies for one service and one model (or, without one, by the service alone).
pub struct Oracle {
    validator: Validator,
    vocabulary: Vec<String>,
}

impl Oracle {
    /// Wire, dialect, model and the dialect's rules for that model, all of which must accept.
    #[must_use]
    pub fn new(dialect: &str, model: Option<&str>) -> Self {
        let documents = &*DOCUMENTS;
        let dialect_path = format!("dialects/{dialect}.openapi.json");
        let reference = |path: &str| json!({ "$ref": format!("{BASE}{path}") });
        let mut all = vec![
            reference("wire/create-image-request.schema.json"),
            reference(&format!("{dialect_path}#/components/schemas/CreateImageRequest")),
        ];
        if let Some(model) = model {
            all.push(reference(&format!("models/{model}.schema.json")));
            let overlays = documents[&dialect_path]["x-models"].as_array().cloned().unwrap_or_default();
            for (at, overlay) in overlays.iter().enumerate() {
                let patterns = overlay["match"].as_array().expect("a list of models");
                let covers = |pattern: &Value| {
                    let pattern = pattern.as_str().expect("a name");
                    pattern.strip_suffix('*').map_or(pattern == model, |start| model.starts_with(start))
                };
                if patterns.iter().any(covers) && overlay.get("schema").is_some() {
                    all.push(reference(&format!("{dialect_path}#/x-models/{at}/schema")));
                }
            }
        }
        let vocabulary = documents["wire/create-image-request.schema.json"]["properties"]
            .as_object()
            .expect("the request's members")
            .keys()
            .cloned()
            .collect();
        let validator = jsonschema::draft202012::options()
            .offline()
            .with_keyword("x-size", |_, bounds, _| Ok(Box::new(SizeBounds(bounds.clone()))))
            .with_registry(&REGISTRY)
            .build(&json!({ "allOf": all }))
            .expect("the documents are JSON Schemas");
        Self { validator, vocabulary }
    }

    /// Whether a body that has no members outside the vocabulary is acceptable.
    #[must_use]
    pub fn accepts_strictly(&self, body: &Value) -> bool {
        self.validator.is_valid(body)
    }

    /// Whether a body is acceptable. Members outside the vocabulary are nobody's affair.
    #[must_use]
    pub fn accepts(&self, body: &Value) -> bool {
        let mut body = body.clone();
        if let Value::Object(members) = &mut body {
            members.retain(|name, _| self.vocabulary.contains(name));
        }
        self.validator.is_valid(&body)
    }
}

/// `x-size`, restated from the services' prose: `auto`, or width and height as digits around an `x`, where both edges
/// are multiples of a number, none is longer than a maximum, the longer is at most so many times the shorter, and their
/// product lies between two bounds.
struct SizeBounds(Value);

impl SizeBounds {
    fn bound(&self, name: &str) -> Option<u128> {
        self.0.get(name).map(|bound| bound.as_u64().expect("a whole number").into())
    }

    fn accept(&self, text: &str) -> bool {
        if text == "auto" {
            return self.0.get("auto").is_none_or(|auto| auto == true);
        }
        let edges: Vec<&str> = text.split('x').collect();
        let is_number = |edge: &&str| {
            !edge.is_empty() && !edge.starts_with('0') && edge.chars().all(|c| c.is_ascii_digit())
        };
        if edges.len() != 2 || !edges.iter().all(is_number) {
            return false;
        }
        let edges: Vec<u128> = edges.iter().filter_map(|edge| edge.parse().ok()).collect();
        let [width, height] = edges[..] else { return false };
        let fits_a_pixel_count = width <= u32::MAX.into() && height <= u32::MAX.into();
        fits_a_pixel_count
            && self.bound("multipleOf").is_none_or(|step| width % step == 0 && height % step == 0)
            && self.bound("maximumEdge").is_none_or(|edge| width <= edge && height <= edge)
            && self
                .bound("maximumRatio")
                .is_none_or(|ratio| width <= height * ratio && height <= width * ratio)
            && self.bound("minimumPixels").is_none_or(|least| width * height >= least)
            && self.bound("maximumPixels").is_none_or(|most| width * height <= most)
    }
}

impl<'i> Keyword<'i> for SizeBounds {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("not a size within the bounds"))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_str().is_none_or(|text| self.accept(text))
    }
}
