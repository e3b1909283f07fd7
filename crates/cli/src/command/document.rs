//! `imagewire schema` and `imagewire openapi`: the specification as standard documents.

use std::process::ExitCode;

use imagewire_validate::documents;

use crate::{
    failure::Failure,
    output::{Output, print},
    service::DialectArguments,
};

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArguments {
    #[command(flatten)]
    service: DialectArguments,
    /// The model; without one, the models' rules are in it as if/then
    #[arg(short, long, value_name = "NAME")]
    model: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct OpenApiArguments {
    #[command(flatten)]
    service: DialectArguments,
}

pub(crate) fn schema(arguments: &SchemaArguments) -> ExitCode {
    printed(arguments.service.required().and_then(|dialect| {
        let schema = documents::schema(dialect, arguments.model.as_deref());
        let text = schema.map(|schema| serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n");
        text.map_err(|error| Failure::configuration(error.to_string()))
    }))
}

pub(crate) fn openapi(arguments: &OpenApiArguments) -> ExitCode {
    printed(arguments.service.required().and_then(|dialect| {
        let document = documents::openapi(dialect).map(str::to_owned);
        document.map_err(|error| Failure::configuration(error.to_string()))
    }))
}

fn printed(document: Result<String, Failure>) -> ExitCode {
    match document {
        Ok(text) => print(&text),
        Err(failure) => Output::new(false).failed(&failure),
    }
}
