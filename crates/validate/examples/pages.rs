//! Computes the examples of the reference pages: `cargo xtask codegen` runs it and puts what it prints into the pages.
//!
//! Prints one JSON object: for each page (`models/dall-e-3`, `dialects/hicap`) its examples as Markdown.

use imagewire_types::{CreateImageRequest, Model as ModelName};
use imagewire_validate::{
    Catalogue, Target, check_json, fields,
    rule::{Constraint, Model, ModelFrom, Others},
};
use serde_json::{Map, Value, json};

fn main() {
    let catalogue = Catalogue::built_in();
    let models = catalogue.models().map(|model| (format!("models/{}", model.id), model_examples(model)));
    let dialects = catalogue.dialects().iter().map(|dialect| {
        (format!("dialects/{}", dialect.id), dialect_examples(&dialect.id, dialect.model_from))
    });
    let pages: Map<String, Value> =
        models.chain(dialects).map(|(page, text)| (page, Value::from(text))).collect();
    println!("{}", Value::Object(pages));
}

fn model_examples(model: &Model) -> String {
    let request = CreateImageRequest::new("a corgi in a field").model(ModelName::from(model.id.as_ref()));
    let smallest = serde_json::to_string(&request).unwrap_or_default();
    let constant: String = model
        .id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    let rust = format!("CreateImageRequest::new(\"a corgi in a field\").model(Model::{constant})");
    let wrong = wrong(model);
    let said = said(&wrong, &target("openai").served_by(&model.id));
    format!(
        "## Smallest request\n\n```json\n{smallest}\n```\n\n```rust\n{rust}\n```\n\n\
         ## What the checker says\n\nOf this request at OpenAI:\n\n```json\n{wrong}\n```\n\n```text\n{said}\n```\n"
    )
}

/// A request that breaks a bound of the model and has a member too many.
fn wrong(model: &Model) -> Value {
    let mut body = json!({ "prompt": "a corgi in a field", "model": model.id });
    for (position, field) in (0_u8..).zip(fields()) {
        let Some(rule) = model.rules.fields.iter().find(|rule| rule.field.0 == position) else { continue };
        for constraint in rule.constraints.iter() {
            match (field.name.as_ref(), constraint) {
                ("n", Constraint::Range { max, .. }) if *max < i64::MAX => body["n"] = json!(max + 1),
                ("size", Constraint::OneOf(_) | Constraint::Size(_)) => body["size"] = json!("1000x1000"),
                _ => {}
            }
        }
    }
    let is_listed = |name: &str| {
        model
            .rules
            .fields
            .iter()
            .any(|rule| fields().get(usize::from(rule.field.0)).is_some_and(|field| field.name == name))
    };
    let stranger = if is_listed("style") { ("background", "transparent") } else { ("style", "vivid") };
    if model.rules.others != Others::Open {
        body[stranger.0] = json!(stranger.1);
    }
    body
}

fn dialect_examples(dialect: &str, model_from: ModelFrom) -> String {
    let mut wrong = json!({ "prompt": "a corgi in a field", "n": 0, "styl": "vivid", "user": null });
    if model_from == ModelFrom::Body {
        wrong["model"] = json!("dall-e-3");
    }
    let said = said(&wrong, &target(dialect));
    format!("## What the checker says\n\nOf this request:\n\n```json\n{wrong}\n```\n\n```text\n{said}\n```\n")
}

fn target(dialect: &str) -> Target<'static> {
    match Target::new(dialect) {
        Ok(target) => target,
        Err(error) => panic!("{error}"),
    }
}

fn said(body: &Value, target: &Target<'_>) -> String {
    let report = check_json(body.to_string().as_bytes(), target);
    let lines: Vec<String> =
        report.findings().iter().map(|finding| format!("{}: {finding}", finding.pointer)).collect();
    if lines.is_empty() { "nothing: the request is fine".to_owned() } else { lines.join("\n") }
}
