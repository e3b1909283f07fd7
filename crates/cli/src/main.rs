//! `imagewire`: images from the command line. See `imagewire --help`.

mod catalogue;
mod command;
mod failure;
mod output;
mod service;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{failure::Failure, output::Output};

/// Makes images: checked before they are bought, saved whole or not at all.
#[derive(Debug, Parser)]
#[command(name = "imagewire", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  imagewire generate \"a corgi in a field\"                without a key: from the built-in emulator
  FAST_API_KEY=… imagewire generate \"an otter\" -o out/    from fastapi.ai
  imagewire validate request.json --dialect hicap         what would Hicap say?
  imagewire models dall-e-3                               what does it accept?
  imagewire emulate --listen 127.0.0.1:8080               a free service to test against

Exit codes:
  0 ok   1 other   2 usage or configuration   3 invalid request   4 authentication or permission
  5 moderation   6 rate limit or quota   7 not sent   8 outcome unknown, may have been billed
  9 partial success   10 local I/O after a paid call";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make images and save them
    Generate(Box<command::generate::Arguments>),
    /// Judge a request without sending it
    Validate(command::validate::Arguments),
    /// Show what models accept, and how long they live
    Models(command::models::Arguments),
    /// Tell what a member of the request accepts, who says so, and which models take a value
    Explain(command::explain::Arguments),
    /// Turn a request for one model into one for another
    Migrate(command::migrate::Arguments),
    /// Print a JSON Schema of the requests that a service takes
    Schema(command::document::SchemaArguments),
    /// Print a service's OpenAPI document, in one piece
    Openapi(command::document::OpenApiArguments),
    /// Serve all dialects locally, with real pictures, for tests
    Emulate(command::emulate::Arguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    match arguments.command {
        Command::Generate(arguments) => command::generate::run(*arguments),
        Command::Validate(arguments) => command::validate::run(&arguments),
        Command::Models(arguments) => command::models::run(&arguments),
        Command::Explain(arguments) => command::explain::run(&arguments),
        Command::Migrate(arguments) => command::migrate::run(&arguments),
        Command::Schema(arguments) => command::document::schema(&arguments),
        Command::Openapi(arguments) => command::document::openapi(&arguments),
        Command::Emulate(arguments) => command::emulate::run(&arguments),
    }
}

/// clap's own words; with `--json` as the one object that was promised.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        return Output::new(true).failed(&Failure::configuration(message));
    }
    // A closed pipe leaves nobody to tell.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
