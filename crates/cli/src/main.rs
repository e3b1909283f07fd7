//! `imagewire`: images from the command line. See `imagewire --help`.

mod catalogue;
mod command;
mod config;
mod failure;
mod help;
mod log;
mod output;
mod price;
mod progress;
mod service;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::{failure::Failure, output::Output};

/// Makes images: checked before they are bought, saved whole or not at all.
#[derive(Debug, Parser)]
#[command(name = "imagewire", version, about, after_help = help::WHOLE, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make images and save them
    #[command(after_help = help::GENERATE)]
    Generate(Box<command::generate::Arguments>),
    /// Make the images of a whole file of requests, each bought once, whatever happens to the process
    #[command(after_help = help::BATCH)]
    Batch(Box<command::batch::Arguments>),
    /// Estimate what a request costs
    #[command(after_help = help::COST)]
    Cost(command::cost::Arguments),
    /// Judge a request without sending it
    #[command(after_help = help::VALIDATE)]
    Validate(command::validate::Arguments),
    /// Show what models accept, and how long they live
    #[command(after_help = help::MODELS)]
    Models(command::models::Arguments),
    /// Tell what a member of the request accepts, who says so, and which models take a value
    #[command(after_help = help::EXPLAIN)]
    Explain(command::explain::Arguments),
    /// Turn a request for one model into one for another
    #[command(after_help = help::MIGRATE)]
    Migrate(command::migrate::Arguments),
    /// Print a JSON Schema of the requests that a service takes
    #[command(after_help = help::SCHEMA)]
    Schema(command::document::SchemaArguments),
    /// Print a service's OpenAPI document, in one piece
    #[command(after_help = help::OPENAPI)]
    Openapi(command::document::OpenApiArguments),
    /// Serve all dialects locally, with real pictures, for tests
    #[command(after_help = help::EMULATE)]
    Emulate(command::emulate::Arguments),
    /// Show, write and find the configuration
    #[command(after_help = help::CONFIG)]
    Config(command::config::Arguments),
    /// Check the way to a service, without buying anything
    #[command(after_help = help::DOCTOR)]
    Doctor(Box<command::doctor::Arguments>),
    /// Print a script that completes commands in a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(command::manual::CompletionsArguments),
    /// Print the manual page, or write all pages
    #[command(after_help = help::MAN)]
    Man(command::manual::ManArguments),
}

fn main() -> ExitCode {
    output::choose_colours();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    // The emulator's log has formats of its own.
    if !matches!(arguments.command, Command::Emulate(_)) {
        log::listen(None);
    }
    match arguments.command {
        Command::Generate(arguments) => command::generate::run(&arguments),
        Command::Batch(arguments) => command::batch::run(&arguments),
        Command::Cost(arguments) => command::cost::run(&arguments),
        Command::Validate(arguments) => command::validate::run(&arguments),
        Command::Models(arguments) => command::models::run(&arguments),
        Command::Explain(arguments) => command::explain::run(&arguments),
        Command::Migrate(arguments) => command::migrate::run(&arguments),
        Command::Schema(arguments) => command::document::schema(&arguments),
        Command::Openapi(arguments) => command::document::openapi(&arguments),
        Command::Emulate(arguments) => command::emulate::run(&arguments),
        Command::Config(arguments) => command::config::run(&arguments),
        Command::Doctor(arguments) => command::doctor::run(&arguments),
        Command::Completions(arguments) => command::manual::completions(&arguments, Arguments::command()),
        Command::Man(arguments) => command::manual::man(&arguments, Arguments::command()),
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
