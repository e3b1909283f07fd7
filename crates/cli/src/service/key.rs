//! Where a key comes from. It is read when it is needed, and never shown.

use std::{env, fs, path::PathBuf, process::Stdio, time::Duration};

use imagewire_transport::Secret;
use imagewire_types::operations::{Credential, Operation};
use tokio::process::Command;

use crate::{
    config::{Config, Source},
    failure::Failure,
    output::note,
};

/// How long a command may take to print the key: somebody may have to unlock a store first.
const COMMAND_WITHIN: Duration = Duration::from_secs(60);
/// More than any token has, in bytes.
const LONGEST: usize = 64 << 10;

/// Where the key comes from, and where that was said.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) origin: Origin,
    pub(crate) source: Source,
    /// Where it goes; the service's own choice without.
    pub(crate) place: Option<Credential>,
    /// Other variables of the service that are set and not used.
    pub(crate) unused: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Variable(String),
    /// The first of the service's own variables that is set.
    Usual(&'static Operation, Option<&'static str>),
    File(PathBuf),
    /// A program and its arguments.
    Command(Vec<String>),
}

impl Key {
    /// The flag, the variable about variables, the profile, or what the service usually uses.
    pub(super) fn find(
        operation: &'static Operation,
        flag: Option<&str>,
        config: &Config,
        profile: Option<&str>,
    ) -> Self {
        let set: Vec<_> =
            operation.credential_env.iter().filter(|(name, _)| variable(name).is_some()).collect();
        let usual = |name: &str| operation.credential_env.iter().find(|(known, _)| *known == name);
        let named = |name: &str, source| Self {
            place: usual(name).map(|(_, place)| *place),
            origin: Origin::Variable(name.to_owned()),
            source,
            unused: Vec::new(),
        };
        if let Some(name) = flag {
            return named(name, Source::Flag("--api-key-env"));
        }
        let of_ours = "IMAGEWIRE_API_KEY_ENV";
        if let Some(name) = variable(of_ours) {
            return named(&name, Source::Environment(of_ours.to_owned()));
        }
        let profile = profile
            .and_then(|profile| config.any_of(profile, &["api_key_env", "api_key_file", "api_key_command"]));
        if let Some((key, entry)) = profile {
            let source = Source::File(entry.place.clone());
            let text = entry.value.as_str().unwrap_or_default();
            let origin = match key {
                "api_key_file" => Origin::File(PathBuf::from(text)),
                "api_key_command" => Origin::Command(
                    entry
                        .value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|argument| argument.as_str().map(str::to_owned))
                        .collect(),
                ),
                _ => return named(text, source),
            };
            return Self { origin, source, place: None, unused: Vec::new() };
        }
        Self {
            origin: Origin::Usual(operation, set.first().map(|(name, _)| *name)),
            source: set.first().map_or(Source::BuiltIn, |(name, _)| Source::Environment((*name).to_owned())),
            place: set.first().map(|(_, place)| *place),
            unused: set.iter().skip(1).map(|(name, _)| *name).collect(),
        }
    }

    /// The variable that holds the key, or what stands for it in a command that is shown.
    pub(crate) fn variable(&self) -> String {
        match &self.origin {
            Origin::Variable(name) => name.clone(),
            Origin::Usual(operation, set) => set
                .or(operation.credential_env.first().map(|(name, _)| *name))
                .unwrap_or("API_KEY")
                .to_owned(),
            Origin::File(_) | Origin::Command(_) => "API_KEY".to_owned(),
        }
    }

    /// `env $HICAP_API_KEY (set)`.
    pub(crate) fn shown(&self) -> String {
        let state = |is_set: bool| if is_set { "set" } else { "not set" };
        match &self.origin {
            Origin::Variable(name) => format!("env ${name} ({})", state(variable(name).is_some())),
            Origin::Usual(_, Some(name)) => format!("env ${name} (set)"),
            Origin::Usual(operation, None) => {
                let names: Vec<String> =
                    operation.credential_variables().iter().map(|name| format!("${name}")).collect();
                format!("env {} (not set)", names.join(" or "))
            }
            Origin::File(path) => {
                format!("file {} ({})", path.display(), if path.is_file() { "there" } else { "missing" })
            }
            // Arguments may hold what nobody else should read.
            Origin::Command(arguments) => {
                format!("command {} …", arguments.first().map_or("", String::as_str))
            }
        }
    }

    pub(super) fn is_variable(&self) -> bool {
        matches!(self.origin, Origin::Variable(_) | Origin::Usual(..))
    }

    /// Whether nobody has said anything about a key, and none is there.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.origin, Origin::Usual(_, None))
    }

    /// The key itself.
    ///
    /// # Errors
    /// When it is not there or cannot be used; the message says where it was expected and never what was found.
    pub(crate) async fn read(&self, operation: &Operation) -> Result<Secret, Failure> {
        let (place, text) = match &self.origin {
            Origin::Variable(name) => {
                (format!("${name}"), variable(name).ok_or_else(|| missing(operation, name))?)
            }
            Origin::Usual(_, Some(name)) => {
                (format!("${name}"), variable(name).ok_or_else(|| missing(operation, name))?)
            }
            Origin::Usual(_, None) => {
                return Err(missing(operation, &operation.credential_variables().join(" or ")));
            }
            Origin::File(path) => {
                warn_if_open(path);
                let text = fs::read_to_string(path).map_err(|error| {
                    Failure::no_key(format!("the key file {} cannot be read: {error}", path.display()))
                })?;
                (path.display().to_string(), text.trim().to_owned())
            }
            Origin::Command(arguments) => ("the output of api_key_command".to_owned(), run(arguments).await?),
        };
        Secret::new(text).map_err(|error| Failure::configuration(format!("in {place}: {error}")))
    }
}

fn missing(operation: &Operation, names: &str) -> Failure {
    Failure::no_key(format!("no key for {}: the environment variable {names} is not set", operation.title))
}

/// What the command prints, without the white space around it. Its messages are repeated only when it fails.
async fn run(arguments: &[String]) -> Result<String, Failure> {
    let Some((program, rest)) = arguments.split_first() else {
        return Err(Failure::configuration("api_key_command is empty"));
    };
    let failed = |what: String| Failure::no_key(format!("api_key_command ({program}) {what}"));
    let command = Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = match tokio::time::timeout(COMMAND_WITHIN, command).await {
        Ok(output) => output.map_err(|error| failed(format!("cannot be run: {error}")))?,
        Err(_) => return Err(failed(format!("took longer than {} s", COMMAND_WITHIN.as_secs()))),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said.trim().lines().last().unwrap_or_default().chars().take(200).collect();
        return Err(failed(format!("failed with {}\n{said}", output.status)));
    }
    if output.stdout.len() > LONGEST {
        return Err(failed("printed more than a key".to_owned()));
    }
    match String::from_utf8(output.stdout) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Ok(_) => Err(failed("printed nothing".to_owned())),
        Err(_) => Err(failed("printed something that is no text".to_owned())),
    }
}

#[cfg(unix)]
fn warn_if_open(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path).map_or(0, |data| data.permissions().mode());
    if mode & 0o004 != 0 {
        let path = path.display();
        note(&format!("warning: everybody on this machine can read the key file {path}: chmod 600 {path}"));
    }
}

#[cfg(not(unix))]
fn warn_if_open(_path: &std::path::Path) {}

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
