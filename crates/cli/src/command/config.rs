//! `imagewire config`: what is configured, and who said so.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use serde_json::{Value, json};

use crate::{
    config::{Config, KEYS, PROJECT},
    failure::Failure,
    output::{Output, note},
    service::{ServiceArguments, Setting},
};

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every value and where it came from
    Show(ShowArguments),
    /// Write a commented file; one that exists is left alone
    Init(InitArguments),
    /// Print which files are read
    Path(PathArguments),
}

#[derive(Debug, clap::Args)]
struct ShowArguments {
    #[command(flatten)]
    service: ServiceArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct InitArguments {
    /// The user's file instead of the project's
    #[arg(long)]
    global: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct PathArguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.command {
        Command::Show(arguments) => respond(arguments.json, show(arguments)),
        Command::Init(arguments) => respond(arguments.json, init(arguments.global)),
        Command::Path(arguments) => respond(arguments.json, paths()),
    }
}

fn respond(json: bool, answer: Result<(Vec<String>, Value), Failure>) -> ExitCode {
    let output = Output::new(json);
    match answer {
        Ok((lines, object)) => output.succeeded(&lines, &object),
        Err(failure) => output.failed(&failure),
    }
}

fn show(arguments: &ShowArguments) -> Result<(Vec<String>, Value), Failure> {
    let service = arguments.service.resolve()?;
    let settings: Vec<&Setting> = service.settings.iter().collect();
    let width = settings.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
    let values: Vec<String> = settings.iter().map(|setting| shown(setting)).collect();
    let value_width = values.iter().map(String::len).max().unwrap_or_default().min(60);
    let lines = settings
        .iter()
        .zip(&values)
        .map(|(setting, value)| format!("{:width$}  {value:value_width$}  {}", setting.name, setting.source));
    let entries = settings.iter().zip(&values).map(|(setting, value)| {
        let value = if is_private(setting) { Value::from(value.as_str()) } else { setting.value.clone() };
        json!({ "name": setting.name, "value": value, "source": setting.source.describe() })
    });
    let object = json!({
        "ok": true,
        "settings": entries.collect::<Vec<_>>(),
        "emulated": service.is_emulated(),
    });
    let mut lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    if service.is_emulated() {
        lines.push("no key is set, so the built-in emulator serves".to_owned());
    }
    Ok((lines, object))
}

/// Headers may hold what nobody else should read; a key is described by its origin anyway.
fn is_private(setting: &Setting) -> bool {
    setting.name.starts_with("headers.")
}

fn shown(setting: &Setting) -> String {
    match &setting.value {
        _ if is_private(setting) => "(set)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if setting.name == "timeout" => format!("{number} s"),
        value => value.to_string(),
    }
}

fn paths() -> Result<(Vec<String>, Value), Failure> {
    let config = Config::load()?;
    let user = Config::user_path();
    let project = config.project_file();
    let line = |label: &str, path: Option<&Path>, is_there: bool| match (path, is_there) {
        (Some(path), true) => format!("{label}  {}", path.display()),
        (Some(path), false) => format!("{label}  {} (not there)", path.display()),
        (None, _) => format!("{label}  (none)"),
    };
    let lines = vec![
        line("project", project, project.is_some()),
        line("user   ", user.as_deref(), config.has_user_file()),
    ];
    let object = json!({
        "ok": true,
        "project": { "path": project, "exists": project.is_some() },
        "user": { "path": user, "exists": config.has_user_file() },
    });
    Ok((lines, object))
}

fn init(is_global: bool) -> Result<(Vec<String>, Value), Failure> {
    let path = if is_global {
        Config::user_path().ok_or_else(|| {
            Failure::configuration("there is no home folder: set XDG_CONFIG_HOME to an absolute path")
        })?
    } else {
        here()?.join(PROJECT)
    };
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::configuration(format!("{} exists and is left as it is", path.display()))
        }
        _ => Failure::configuration(format!("cannot write {}: {error}", path.display())),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = fs::File::create_new(&path).map_err(failed)?;
    file.write_all(template(is_global).as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    note("every line of it is a comment: take away the # of those that you need");
    Ok((vec![path.display().to_string()], json!({ "ok": true, "path": path })))
}

fn here() -> Result<PathBuf, Failure> {
    env::current_dir().map_err(|error| Failure::configuration(format!("this folder cannot be used: {error}")))
}

/// A file with every key, all of them commented out.
pub(crate) fn template(is_global: bool) -> String {
    let mut text = String::from(
        "# imagewire's configuration. A flag outranks the environment, which outranks the project's imagewire.toml,\n\
         # which outranks the user's file. `imagewire config show` tells where each value comes from.\n\n\
         # The profile that is used without --profile.\n\
         # default_profile = \"work\"\n",
    );
    if is_global {
        text.push_str(
            "\n# Projects whose imagewire.toml may say where keys come from and where they are sent.\n\
             # trusted_projects = [\"~/work\"]\n",
        );
    }
    text.push_str("\n# [profiles.work]\n");
    for key in KEYS {
        let assignment = format!("{} = {}", key.name, key.example);
        text.push_str(&format!("# {assignment:44} # {}\n", key.about));
    }
    text
}
