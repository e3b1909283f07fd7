//! `imagewire models`: what each model accepts, and how long it lives.

use std::process::ExitCode;

use imagewire_validate::{
    fields,
    rule::{Model, Others},
};
use serde_json::{Value, json};

use crate::{catalogue::CatalogueArguments, failure::Failure, output::Output};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A model's identifier or alias; without it, all models are listed
    name: Option<String>,
    #[command(flatten)]
    catalogue: CatalogueArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    let catalogue = match arguments.catalogue.load() {
        Ok(catalogue) => catalogue,
        Err(failure) => return output.failed(&failure),
    };
    let Some(name) = &arguments.name else {
        let models: Vec<&Model> = catalogue.models().collect();
        let width = models.iter().map(|model| model.id.len()).max().unwrap_or_default();
        let lines: Vec<String> = models.iter().map(|model| summary(model, width)).collect();
        let object =
            json!({ "ok": true, "models": models.iter().map(|model| describe(model)).collect::<Vec<_>>() });
        return output.succeeded(&lines, &object);
    };
    match catalogue.model(name) {
        Some(model) => output.succeeded(&page(model), &json!({ "ok": true, "model": describe(model) })),
        None => {
            let known: Vec<&str> = catalogue.models().map(|model| model.id.as_ref()).collect();
            output.failed(&Failure::configuration(format!(
                "no model is named {name:?}\nknown: {}",
                known.join(", ")
            )))
        }
    }
}

fn summary(model: &Model, width: usize) -> String {
    let life = life(model);
    let life = if life.is_empty() { String::new() } else { format!(" ({})", life.join("; ")) };
    format!("{:width$}  {}{life}", model.id, model.description)
}

fn life(model: &Model) -> Vec<String> {
    let entry = |entry: &imagewire_validate::rule::Lifecycle| {
        let date = entry.date.as_ref().map_or_else(String::new, |date| format!(" {date}"));
        let successor = entry.successor.as_ref().map_or_else(String::new, |model| format!(", then {model}"));
        format!("{} at {}{date}{successor}", entry.stage.as_str(), entry.dialect)
    };
    model.lifecycle.iter().map(entry).collect()
}

/// What the model says about each member of the request: its name, what it accepts, the default.
fn members(model: &Model) -> impl Iterator<Item = (&'static str, String, Option<String>)> {
    (0_u8..).zip(fields()).map(|(position, field)| {
        let rule = model.rules.fields.iter().find(|rule| rule.field.0 == position);
        let accepts = match (rule, model.rules.others) {
            (Some(rule), _) => rule.accepts().replace('`', ""),
            (None, Others::Open) => "any value".to_owned(),
            (None, Others::Absent | Others::Refused) => "not supported".to_owned(),
        };
        let default = rule.and_then(|rule| rule.default.as_ref()).map(ToString::to_string);
        (field.name.as_ref(), accepts, default)
    })
}

fn page(model: &Model) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", model.id, model.description)];
    if !model.aliases.is_empty() {
        lines.push(format!("also named {}", model.aliases.join(", ")));
    }
    lines.extend(life(model));
    lines.push(String::new());
    let width = fields().iter().map(|field| field.name.len()).max().unwrap_or_default();
    for (name, accepts, default) in members(model) {
        let default = default.map_or_else(String::new, |default| format!(" (default {default})"));
        lines.push(format!("  {name:width$}  {accepts}{default}"));
    }
    if !model.rules.cross.is_empty() || !model.rules.advice.is_empty() {
        lines.push(String::new());
    }
    lines.extend(
        model.rules.cross.iter().map(|rule| format!("  {}", rule.in_words(fields()).replace('`', ""))),
    );
    lines.extend(
        model.rules.advice.iter().map(|advice| format!("  {}: {}", advice.severity.as_str(), advice.message)),
    );
    lines.push(String::new());
    lines.extend(model.sources.iter().map(|source| {
        format!("source: {}: {} <{}>, read {}", source.covers, source.title, source.url, source.checked)
    }));
    lines
}

fn describe(model: &Model) -> Value {
    let accepts: serde_json::Map<String, Value> = members(model)
        .map(|(name, accepts, default)| (name.to_owned(), json!({ "accepts": accepts, "default": default })))
        .collect();
    let lifecycle: Vec<Value> = model
        .lifecycle
        .iter()
        .map(|life| json!({ "dialect": life.dialect, "stage": life.stage.as_str(), "date": life.date, "successor": life.successor }))
        .collect();
    json!({
        "id": model.id,
        "description": model.description,
        "aliases": model.aliases,
        "lifecycle": lifecycle,
        "accepts": accepts,
        "rules": model.rules.cross.iter().map(|rule| rule.in_words(fields())).collect::<Vec<_>>(),
        "sources": model.sources.iter().map(|source| json!({ "covers": source.covers, "title": source.title, "url": source.url, "checked": source.checked })).collect::<Vec<_>>(),
    })
}
