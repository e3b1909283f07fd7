//! The schemas that schemars derives from the types mean the same as the wire schemas that the types come from.

use imagewire_tests::oracle::documents;
use imagewire_types::{CreateImageRequest, ErrorResponse, ImageStreamEvent, ImagesResponse};
use jsonschema::canonical::{CanonicalSchema, Containment};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// The wire schema with every reference replaced by what it points to.
fn wire(name: &str) -> Value {
    fn inline(value: &mut Value) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            *value = documents()[&format!("wire/{reference}")].clone();
        }
        match value {
            Value::Object(members) => members.values_mut().for_each(inline),
            Value::Array(items) => items.iter_mut().for_each(inline),
            _ => {}
        }
    }
    let mut schema = documents()[&format!("wire/{name}.schema.json")].clone();
    inline(&mut schema);
    schema
}

fn derived<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn canonical(schema: &Value) -> CanonicalSchema {
    jsonschema::canonicalize(schema).expect("a schema that the algebra understands")
}

/// Whether each accepts everything that the other accepts.
fn mean_the_same(one: &Value, other: &Value) -> bool {
    let (one, other) = (canonical(one), canonical(other));
    let covers = |a: &CanonicalSchema, b: &CanonicalSchema| matches!(a.covers(b), Ok(Containment::Yes));
    covers(&one, &other) && covers(&other, &one)
}

#[test]
fn derived_schemas_mean_what_the_wire_schemas_say() {
    for (name, derived) in [
        ("create-image-request", derived::<CreateImageRequest>()),
        ("images-response", derived::<ImagesResponse>()),
        ("image-stream-event", derived::<ImageStreamEvent>()),
        ("error-response", derived::<ErrorResponse>()),
    ] {
        let wire = wire(name);
        assert!(
            mean_the_same(&wire, &derived),
            "{name}\nwire: {}\nderived: {}",
            canonical(&wire).to_json_schema(),
            canonical(&derived).to_json_schema()
        );
    }
}

#[test]
fn the_comparison_notices_a_wrong_field() {
    let mut wrong = wire("create-image-request");
    wrong["properties"]["n"] = serde_json::json!({ "type": "string" });
    assert!(!mean_the_same(&wrong, &derived::<CreateImageRequest>()));
    let mut stricter = wire("create-image-request");
    stricter["required"] = serde_json::json!(["prompt", "model"]);
    assert!(!mean_the_same(&stricter, &derived::<CreateImageRequest>()));
}
