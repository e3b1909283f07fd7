//! `imagewire explain`: what a member accepts, who says so, and which models take a value.

use std::process::ExitCode;

use imagewire_validate::{Explanation, explain, fields, models_that_take};
use serde_json::{Value, json};

use crate::{catalogue::CatalogueArguments, failure::Failure, output::Output, service::DialectArguments};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A member of the request, such as size
    member: String,
    /// A value: which models take it?
    value: Option<String>,
    #[command(flatten)]
    service: DialectArguments,
    /// The model
    #[arg(short, long, value_name = "NAME")]
    model: Option<String>,
    #[command(flatten)]
    catalogue: CatalogueArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    match answer(arguments) {
        Ok((lines, object)) => output.succeeded(&lines, &object),
        Err(failure) => output.failed(&failure),
    }
}

fn answer(arguments: &Arguments) -> Result<(Vec<String>, Value), Failure> {
    let catalogue = arguments.catalogue.load()?;
    let dialect = arguments.service.dialect()?.unwrap_or("openai");
    let target = catalogue.target(dialect).map_err(|error| Failure::configuration(error.to_string()))?;
    let target = match &arguments.model {
        Some(model) => target.served_by(model),
        None => target,
    };
    let Some(explanation) = explain(&arguments.member, &target, None) else {
        let known: Vec<&str> = fields().iter().map(|field| field.name.as_ref()).collect();
        let message = format!("no request has a member {:?}\nknown: {}", arguments.member, known.join(", "));
        return Err(Failure::configuration(message));
    };
    let mut lines = page(&explanation);
    let mut object = describe(&explanation);
    if let Some(text) = &arguments.value {
        let value = value(text);
        let models = models_that_take(catalogue, dialect, &arguments.member, &value)
            .map_err(|error| Failure::configuration(error.to_string()))?;
        let ids: Vec<&str> = models.iter().map(|model| model.id.as_ref()).collect();
        lines.push(String::new());
        lines.push(if ids.is_empty() {
            format!("no model takes {text}")
        } else {
            format!("{text} is taken by {}", ids.join(", "))
        });
        object["value"] = value;
        object["models"] = json!(ids);
    }
    Ok((lines, object))
}

/// A number or a truth value where the text is one, else the text itself.
fn value(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => value,
        _ => Value::from(text),
    }
}

fn page(explanation: &Explanation<'_>) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", explanation.field.name, explanation.field.description)];
    for layer in &explanation.layers {
        let default =
            layer.default.as_ref().map_or_else(String::new, |default| format!(" (default {default})"));
        lines.push(String::new());
        lines.push(format!("{}: {}{default}", layer.name, layer.accepts.replace('`', "")));
        lines.extend(layer.rules.iter().map(|rule| format!("  {}", rule.replace('`', ""))));
        lines.extend(layer.sources.iter().map(|source| {
            format!("  source: {}: {} <{}>, read {}", source.covers, source.title, source.url, source.checked)
        }));
    }
    lines
}

fn describe(explanation: &Explanation<'_>) -> Value {
    let layers = explanation.layers.iter().map(|layer| {
        json!({
            "name": layer.name,
            "accepts": layer.accepts,
            "null": layer.null,
            "default": layer.default,
            "rules": layer.rules,
            "sources": layer.sources.iter().map(|source| json!({ "covers": source.covers, "title": source.title, "url": source.url, "checked": source.checked })).collect::<Vec<_>>(),
        })
    });
    json!({ "ok": true, "member": explanation.field.name, "description": explanation.field.description, "says": layers.collect::<Vec<_>>() })
}
