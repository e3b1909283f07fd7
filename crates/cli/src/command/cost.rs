//! `imagewire cost`: what a request will cost, and who says so.

use std::{path::PathBuf, process::ExitCode};

use imagewire_cost::Cost;
use imagewire_types::{CreateImageRequest, Model, Size};
use imagewire_validate::Catalogue;
use serde_json::{Value, json};

use crate::{
    command::read,
    failure::Failure,
    output::{Output, OutputArguments},
    price::{self, CapArguments, PriceArguments},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A request body as JSON, or - for standard input; the flags come before what it says
    file: Option<PathBuf>,
    /// The service
    #[arg(long, value_name = "NAME", default_value = "openai")]
    dialect: String,
    /// The model [default: the body's own]
    #[arg(short, long, value_name = "NAME", env = "IMAGEWIRE_MODEL")]
    model: Option<String>,
    /// How many images
    #[arg(short, value_name = "COUNT")]
    n: Option<u32>,
    /// Width and height in pixels, or auto
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    size: Option<String>,
    /// As the model has it
    #[arg(long, value_name = "NAME")]
    quality: Option<String>,
    #[command(flatten)]
    prices: PriceArguments,
    #[command(flatten)]
    cap: CapArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Prints the amount and its sources. A price that nobody knows is said to be unknown, and is no failure.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::from(arguments.output);
    match execute(arguments, output) {
        Ok(code) => code,
        Err(failure) => output.failed(&failure),
    }
}

fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let dialect = Catalogue::built_in()
        .dialect(&arguments.dialect)
        .map_err(|error| Failure::configuration(error.to_string()))?;
    let mut request = match &arguments.file {
        None => CreateImageRequest::new(""),
        Some(file) => serde_json::from_slice(&read(file)?)
            .map_err(|error| Failure::configuration(format!("{} is no request: {error}", file.display())))?,
    };
    request.model = arguments.model.as_deref().map(Model::from).or(request.model);
    request.n = arguments.n.or(request.n);
    request.size = arguments.size.as_deref().map(Size::from).or(request.size);
    request.quality = arguments.quality.as_deref().map(Into::into).or(request.quality);
    let Some(model) = &request.model else {
        return Err(Failure::configuration("no model is named\nadd --model"));
    };
    let cost = arguments.prices.load()?.estimate(&request, &dialect.id, Some(model.as_str()));
    arguments.cap.check(&cost)?;
    let mut lines = vec![cost.to_string()];
    if let Cost::Known(known) = &cost {
        let sources = known.sources.iter();
        lines.extend(sources.map(|source| format!("  {}: {} <{}>", source.covers, source.title, source.url)));
    }
    let object: Value = json!({ "ok": true, "cost": price::describe(&cost) });
    Ok(output.succeeded(&lines, &object))
}
