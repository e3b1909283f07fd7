//! `imagewire schema` and `imagewire openapi`: the specification as standard documents.

use std::process::ExitCode;

use imagewire_validate::documents;

use crate::{
    failure::Failure,
    output::{Output, print},
};

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArguments {
    /// The service
    #[arg(long, value_name = "NAME")]
    dialect: String,
    /// The model; without one, the models' rules are in it as if/then
    #[arg(short, long, value_name = "NAME")]
    model: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct OpenApiArguments {
    /// The service
    #[arg(long, value_name = "NAME")]
    dialect: String,
}

pub(crate) fn schema(arguments: &SchemaArguments) -> ExitCode {
    let schema = documents::schema(&arguments.dialect, arguments.model.as_deref());
    let text = schema.map(|schema| serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n");
    printed(text.map_err(|error| error.to_string()))
}

pub(crate) fn openapi(arguments: &OpenApiArguments) -> ExitCode {
    printed(documents::openapi(&arguments.dialect).map(str::to_owned).map_err(|error| error.to_string()))
}

fn printed(document: Result<String, String>) -> ExitCode {
    match document {
        Ok(text) => print(&text),
        Err(message) => Output::new(false).failed(&Failure::configuration(message)),
    }
}
