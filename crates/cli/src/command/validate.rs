//! `imagewire validate`: what would the service say?

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use imagewire_validate::{Report, check_json};
use serde_json::json;

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
    #[command(flatten)]
    service: DialectArguments,
    /// The model whose rules apply, whatever the body says; for Hicap, what the deployment serves
    #[arg(short, long, value_name = "NAME")]
    model: Option<String>,
    #[command(flatten)]
    catalogue: CatalogueArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Exits with 3 when a finding is an error; warnings and notes are fine.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    match report(arguments) {
        Err(failure) => output.failed(&failure),
        Ok(report) => {
            let lines: Vec<String> =
                report.findings().iter().map(|finding| line(&arguments.file, finding)).collect();
            let object = json!({ "ok": report.is_accepted(), "findings": output::findings(&report) });
            let printed = output.succeeded(&lines, &object);
            if report.is_accepted() {
                if !arguments.json {
                    note("the request is fine");
                }
                printed
            } else {
                ExitCode::from(3)
            }
        }
    }
}

fn line(file: &Path, finding: &imagewire_validate::Finding) -> String {
    format!("{}:{}: {finding}", file.display(), finding.pointer)
}

fn report(arguments: &Arguments) -> Result<Report, Failure> {
    let catalogue = arguments.catalogue.load()?;
    let target = catalogue
        .target(arguments.service.required()?)
        .map_err(|error| Failure::configuration(error.to_string()))?;
    let target = match &arguments.model {
        Some(model) => target.served_by(model),
        None => target,
    };
    Ok(check_json(&read(&arguments.file)?, &target))
}
