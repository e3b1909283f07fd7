//! `imagewire migrate`: a request for one model as a request for another.

use std::{path::PathBuf, process::ExitCode};

use imagewire_types::{CreateImageRequest, Model};
use imagewire_validate::{Change, migrate};
use serde_json::{Value, json};

use crate::{
    catalogue::CatalogueArguments,
    command::read,
    failure::Failure,
    output::{self, Output, note},
    service::DialectArguments,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The request body as JSON, or - for standard input
    file: PathBuf,
    /// The model that the request is for [default: the body's own]
    #[arg(long, value_name = "MODEL")]
    from: Option<String>,
    /// The model that it shall be for
    #[arg(long, value_name = "MODEL")]
    to: String,
    #[command(flatten)]
    service: DialectArguments,
    /// Turn a style that the new model does not take into a phrase of the prompt, instead of dropping it
    #[arg(long)]
    fold_style: bool,
    #[command(flatten)]
    catalogue: CatalogueArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the new body; every change goes to stderr. Exits with 3 when something is left that no change can mend.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    match execute(arguments, output) {
        Ok(code) => code,
        Err(failure) => output.failed(&failure),
    }
}

fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let catalogue = arguments.catalogue.load()?;
    let dialect = arguments.service.dialect()?.unwrap_or("openai");
    let target = catalogue.target(dialect).map_err(|error| Failure::configuration(error.to_string()))?;
    for name in arguments.from.iter().chain([&arguments.to]) {
        if catalogue.model(name).is_none() {
            return Err(Failure::configuration(format!(
                "no model is named {name:?}: see `imagewire models`"
            )));
        }
    }
    let body = read(&arguments.file)?;
    let mut request: CreateImageRequest = serde_json::from_slice(&body).map_err(|error| {
        Failure::configuration(format!("{} is no request: {error}", arguments.file.display()))
    })?;
    if let Some(from) = &arguments.from {
        request.model = Some(Model::from(from.as_str()));
    }
    let migrated = migrate(&request, &arguments.to, &target, arguments.fold_style);
    if !migrated.report.is_accepted() {
        return Err(Failure::invalid(&migrated.report));
    }
    let body = serde_json::to_value(&migrated.request).map_err(|error| Failure::other(error.to_string()))?;
    if !arguments.json {
        migrated.changes.iter().for_each(|change| note(&line(change)));
        migrated.report.findings().iter().for_each(|finding| note(&finding.to_string()));
    }
    let object = json!({
        "ok": true,
        "request": body,
        "changes": migrated.changes.iter().map(describe).collect::<Vec<_>>(),
        "findings": output::findings(&migrated.report),
    });
    Ok(output.succeeded(&[body.to_string()], &object))
}

/// A change in one line.
pub(crate) fn line(change: &Change) -> String {
    let shown =
        |value: &Option<Value>| value.as_ref().map_or_else(|| "(nothing)".to_owned(), ToString::to_string);
    let name = change.pointer.trim_start_matches('/');
    match (&change.from, &change.to) {
        (None, None) => format!("changed {name}: {}", change.reason),
        (from, None) => format!("dropped {name} {}: {}", shown(from), change.reason),
        (from, to) => format!("changed {name} from {} to {}: {}", shown(from), shown(to), change.reason),
    }
}

/// A change for `--json`.
pub(crate) fn describe(change: &Change) -> Value {
    json!({ "pointer": change.pointer, "from": change.from, "to": change.to, "reason": change.reason })
}
