//! The published documents say what the source documents say, as far as standard keywords can.

use imagewire_tests::{oracle::Oracle, pairs, requests::tokens};
use imagewire_validate::{Catalogue, documents, fields, rule::ModelFrom};
use jsonschema::Validator;
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value};

fn validator(schema: &Value) -> Validator {
    assert!(jsonschema::draft202012::meta::is_valid(schema), "not a JSON Schema");
    jsonschema::draft202012::options().offline().build(schema).expect("a self-contained schema")
}

fn bodies() -> impl Strategy<Value = Map<String, Value>> {
    let all: Vec<(String, Vec<Value>)> = fields()
        .iter()
        .map(|field| {
            let values = tokens(field).iter().filter_map(|token| serde_json::from_str(token).ok()).collect();
            (field.name.clone().into_owned(), values)
        })
        .collect();
    let member = (0..all.len(), any::<Index>()).prop_map(move |(at, value)| {
        let (name, values) = &all[at];
        (name.clone(), value.get(values).clone())
    });
    prop::collection::vec(member, 0..5).prop_map(|members| {
        let mut body: Map<String, Value> = members.into_iter().collect();
        body.entry("prompt").or_insert_with(|| "a corgi in a field".into());
        body
    })
}

#[test]
fn schemas_for_a_model_say_what_the_sources_say() {
    for (dialect, model) in pairs() {
        let oracle = Oracle::new(dialect, model);
        let published =
            validator(&documents::schema(dialect, model.or(Some("nobody/knows"))).expect("a service"));
        let mut runner =
            TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&bodies(), |body| {
            let (expected, found) =
                (oracle.accepts(&body.clone().into()), published.is_valid(&body.clone().into()));
            // What standard keywords cannot say of a size is the only difference, and the document names it.
            let mut without_size = body.clone();
            without_size.remove("size");
            let is_size = found && !expected && oracle.accepts(&without_size.into());
            // Published documents say what a member holds at most that is 32 bits wide; the sources say `uint32`.
            let mut narrow = body.clone();
            narrow.retain(|_, value| value.as_f64().is_none_or(|number| number <= f64::from(u32::MAX)));
            let is_wide =
                expected && !found && narrow.len() < body.len() && published.is_valid(&narrow.into());
            prop_assert!(
                found == expected || is_size || is_wide,
                "{body:?} for {model:?} at {dialect}: {found}, not {expected}"
            );
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    }
}

#[test]
fn openapi_documents_find_the_model_by_every_name() {
    for dialect in Catalogue::built_in().dialects() {
        let document: Value =
            serde_json::from_str(documents::openapi(&dialect.id).expect("a service")).expect("JSON");
        assert_eq!(document["openapi"], "3.1.0");
        assert!(!document.to_string().contains(".schema.json"), "{} refers to other files", dialect.id);
        if dialect.model_from == ModelFrom::Deployment {
            continue;
        }
        let published = validator(&documents::schema(&dialect.id, None).expect("a service"));
        for model in Catalogue::built_in().models() {
            let snapshots = model.prefixes.iter().map(|prefix| format!("{prefix}26-01-01"));
            let names = std::iter::once(model.id.to_string())
                .chain(model.aliases.iter().map(ToString::to_string))
                .chain(snapshots);
            for name in names.flat_map(|name| [name.clone(), format!("account/{name}")]) {
                let body = |prompt: usize| serde_json::json!({ "prompt": "x".repeat(prompt), "model": name });
                let longest = if model.id == "dall-e-2" {
                    1000
                } else if model.id == "dall-e-3" {
                    4000
                } else {
                    32000
                };
                assert!(published.is_valid(&body(longest)), "{name} at {}", dialect.id);
                assert!(!published.is_valid(&body(longest + 1)), "{name} at {}", dialect.id);
            }
        }
    }
}
