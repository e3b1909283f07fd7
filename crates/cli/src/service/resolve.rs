//! Flags, environment, files and built-in knowledge, laid over each other.

use imagewire_types::operations::{self, Credential, OPERATIONS, Operation, Parameter};
use serde_json::Value;

use super::{Address, Key, Service, ServiceArguments, Settings, key::variable};
use crate::{
    config::{Config, KEYS, Kind, Source},
    failure::Failure,
};

const DEFAULT_DIALECT: &str = "fastapi";

pub(super) fn resolve(arguments: &ServiceArguments) -> Result<Service, Failure> {
    let config = Config::load()?;
    let mut layers =
        Layers { config: &config, profile: None, settings: Settings::default(), remarks: Vec::new() };
    let operation = layers.operation(arguments)?;
    layers.address(arguments, operation)?;
    layers.others(operation)?;
    let key = layers.key(arguments, operation)?;
    let untrusted = config.project_file().filter(|_| !config.trusts_project()).map(Into::into);
    let Layers { settings, remarks, .. } = layers;
    Ok(Service { operation, settings, key, untrusted, remarks })
}

/// A key that is set although its service is not the one that was asked for.
pub(super) fn key_of_another_service(operation: &Operation) -> Option<(&'static str, &'static str)> {
    OPERATIONS.iter().filter(|other| other.title != operation.title).find_map(|other| {
        let (name, _) = other.credential_env.iter().find(|(name, _)| variable(name).is_some())?;
        Some((*name, other.dialect))
    })
}

struct Layers<'a> {
    config: &'a Config,
    profile: Option<String>,
    settings: Settings,
    remarks: Vec<String>,
}

impl Layers<'_> {
    /// The profile and, with it, the service.
    fn operation(&mut self, arguments: &ServiceArguments) -> Result<&'static Operation, Failure> {
        let explicit = Self::said("--profile", arguments.profile.as_deref(), "IMAGEWIRE_PROFILE", &[]);
        let named = Self::said("--dialect", arguments.dialect.as_deref(), "IMAGEWIRE_DIALECT", &[]);
        let default = self.config.default_profile().map(|entry| {
            (entry.value.as_str().unwrap_or_default().to_owned(), Source::File(entry.place.clone()))
        });
        let is_explicit = explicit.is_some();
        if let Some((name, source)) = explicit.or(default) {
            if !self.config.has_profile(&name) {
                return Err(self.no_profile(&name, &source));
            }
            let own = self.config.value(&name, "dialect").and_then(|entry| entry.value.as_str());
            // A default profile describes one service; whoever names another one does not mean it.
            let is_other = named.as_ref().is_some_and(|(dialect, _)| Some(dialect.as_str()) != own);
            if is_explicit || !is_other {
                self.settings.push("profile", name.as_str(), source);
                self.profile = Some(name);
            }
        }
        let (dialect, source) = named
            .or_else(|| self.in_profile("dialect"))
            .unwrap_or_else(|| (DEFAULT_DIALECT.to_owned(), Source::BuiltIn));
        let operation = operations::find(&dialect).ok_or_else(|| {
            let known: Vec<&str> = OPERATIONS.iter().map(|operation| operation.dialect).collect();
            Failure::configuration(format!("no service is named {dialect:?}\nknown: {}", known.join(", ")))
        })?;
        self.settings.push("dialect", dialect, source);
        Ok(operation)
    }

    fn no_profile(&self, name: &str, source: &Source) -> Failure {
        let known = self.config.profile_names();
        let known = if known.is_empty() {
            "no file has a profile: `imagewire config init` writes one".to_owned()
        } else {
            format!("known: {}", known.join(", "))
        };
        Failure::configuration(format!("no profile is named {name:?} ({source})\n{known}"))
    }

    /// The address and what else an address can say.
    fn address(
        &mut self,
        arguments: &ServiceArguments,
        operation: &'static Operation,
    ) -> Result<(), Failure> {
        let base_url =
            self.pick("base_url", "--base-url", arguments.base_url.as_deref(), operation.server_env);
        let pasted = match base_url {
            None => {
                self.settings.push("base_url", operation.server, Source::BuiltIn);
                None
            }
            Some((text, source)) => {
                let address = Address::for_service(operation, &text).map_err(|error| {
                    Failure::configuration(format!("the address from {source} cannot be used: {error}"))
                })?;
                self.outdated(operation, &source);
                let remarks = address.remarks.iter();
                self.remarks
                    .extend(remarks.map(|remark| format!("note: in the address from {source}, {remark}")));
                self.settings.push("base_url", address.base_url.as_str(), source.clone());
                Some((address, source))
            }
        };
        let part = |pick: fn(&Address) -> Option<&String>| {
            pasted.as_ref().and_then(|(address, source)| Some((pick(address)?.clone(), source.clone())))
        };
        let deployment = part(|address| address.deployment.as_ref());
        self.parameter(
            "deployment",
            "--deployment",
            arguments.deployment.as_deref(),
            operation.path_parameters.first(),
            deployment,
            operation,
        )?;
        let api_version = part(|address| address.api_version.as_ref());
        self.parameter(
            "api_version",
            "--api-version",
            arguments.api_version.as_deref(),
            operation.query_parameters.first(),
            api_version,
            operation,
        )
    }

    /// A parameter of path or query: said by itself, or in a pasted address of a higher rank, or as documented.
    fn parameter(
        &mut self,
        name: &'static str,
        flag: &'static str,
        value: Option<&str>,
        parameter: Option<&Parameter>,
        pasted: Option<(String, Source)>,
        operation: &Operation,
    ) -> Result<(), Failure> {
        let Some(parameter) = parameter else {
            if value.is_some() {
                let model = if name == "deployment" { "; the model is given by -m" } else { "" };
                let message = format!("{} has no {flag}: leave it out{model}", operation.title);
                return Err(Failure::configuration(message));
            }
            return Ok(());
        };
        let said = self.pick(name, flag, value, parameter.env);
        let found = match (said, pasted) {
            (Some(said), Some(pasted)) => Some(if pasted.1.rank() > said.1.rank() { pasted } else { said }),
            (said, pasted) => said.or(pasted),
        };
        match (found, parameter.example) {
            (Some((value, source)), _) => self.settings.push(name, value, source),
            (None, Some(example)) if parameter.required => {
                self.settings.push(name, example, Source::BuiltIn);
            }
            (None, _) => {}
        }
        Ok(())
    }

    /// Everything that concerns neither the address nor the key.
    fn others(&mut self, operation: &Operation) -> Result<(), Failure> {
        for key in KEYS {
            match key.name {
                "dialect" | "base_url" | "deployment" | "api_version" | "auth" | "api_key_env"
                | "api_key_file" | "api_key_command" => {}
                "headers" => self.headers(operation),
                "defaults" => {
                    let Some(profile) = self.profile.clone() else { continue };
                    for (name, entry) in self.config.members(&profile, "defaults") {
                        let source = Source::File(entry.place.clone());
                        self.settings.push(format!("defaults.{name}"), entry.value.clone(), source);
                    }
                }
                name => {
                    let ours = format!("IMAGEWIRE_{}", name.to_uppercase());
                    let usual = usual(name, operation);
                    let set = [ours.as_str()].into_iter().chain(usual);
                    let set = set.into_iter().find_map(|place| Some((place.to_owned(), variable(place)?)));
                    if let Some((place, text)) = set {
                        let value = parsed(key.kind, &text).ok_or_else(|| {
                            Failure::configuration(format!("in ${place}: {} is expected", key.kind.words()))
                        })?;
                        self.settings.push(name, value, Source::Environment(place));
                    } else if let Some(profile) = self.profile.as_deref()
                        && let Some(entry) = self.config.value(profile, name)
                    {
                        self.settings.push(name, entry.value.clone(), Source::File(entry.place.clone()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Those that the service knows, from the environment, then the profile's.
    fn headers(&mut self, operation: &Operation) {
        for parameter in operation.header_parameters {
            let found = parameter.env.iter().find_map(|name| Some((*name, variable(name)?)));
            if let Some((name, value)) = found {
                let source = Source::Environment(name.to_owned());
                self.settings.push(format!("headers.{}", parameter.name), value, source);
            }
        }
        let Some(profile) = self.profile.clone() else { return };
        for (name, entry) in self.config.members(&profile, "headers") {
            let is_set = self.settings.members("headers").any(|(known, _)| known.eq_ignore_ascii_case(name));
            if !is_set {
                let source = Source::File(entry.place.clone());
                self.settings.push(format!("headers.{name}"), entry.value.clone(), source);
            }
        }
    }

    fn key(&mut self, arguments: &ServiceArguments, operation: &'static Operation) -> Result<Key, Failure> {
        let mut key =
            Key::find(operation, arguments.api_key_env.as_deref(), self.config, self.profile.as_deref());
        if !key.unused.is_empty() {
            let names: Vec<String> = key.unused.iter().map(|name| format!("${name}")).collect();
            self.remarks.push(format!(
                "note: using the key in ${}, not {}",
                key.variable(),
                names.join(" or ")
            ));
        }
        self.settings.push("api_key", key.shown(), key.source.clone());
        let auth = self.pick("auth", "", None, &[]);
        if let Some((auth, source)) = auth {
            let is_meant = |place: &&Credential| match place {
                Credential::Bearer => auth.eq_ignore_ascii_case("bearer"),
                Credential::Header(name) => auth.eq_ignore_ascii_case(name),
                _ => false,
            };
            let Some(place) = operation.credentials.iter().find(is_meant) else {
                let known: Vec<&str> = operation
                    .credentials
                    .iter()
                    .map(|place| match place {
                        Credential::Header(name) => *name,
                        _ => "bearer",
                    })
                    .collect();
                return Err(Failure::configuration(format!(
                    "{source}: {} does not take a key as {auth:?}\nknown: {}",
                    operation.title,
                    known.join(", ")
                )));
            };
            key.place = Some(*place);
            self.settings.push("auth", auth, source);
        }
        Ok(key)
    }

    /// Flag, environment or profile; a variable that sets aside what a profile says is worth a word.
    fn pick(
        &mut self,
        name: &'static str,
        flag: &'static str,
        value: Option<&str>,
        env: &[&str],
    ) -> Option<(String, Source)> {
        let said = Self::said(flag, value, &format!("IMAGEWIRE_{}", name.to_uppercase()), env);
        let profile = self.in_profile(name);
        if let (Some((_, source @ Source::Environment(_))), Some((_, other))) = (&said, &profile) {
            self.remarks.push(format!("note: {name} comes from {source}, not from {other}"));
        }
        said.or(profile)
    }

    fn said(flag: &'static str, value: Option<&str>, ours: &str, env: &[&str]) -> Option<(String, Source)> {
        if let Some(value) = value {
            return Some((value.to_owned(), Source::Flag(flag)));
        }
        let names = [ours].into_iter().chain(env.iter().copied());
        names.into_iter().find_map(|name| Some((variable(name)?, Source::Environment(name.to_owned()))))
    }

    fn in_profile(&self, key: &'static str) -> Option<(String, Source)> {
        let entry = self.config.value(self.profile.as_deref()?, key)?;
        Some((entry.value.as_str()?.to_owned(), Source::File(entry.place.clone())))
    }

    /// `OPENAI_API_BASE` is the older name of `OPENAI_BASE_URL`.
    fn outdated(&mut self, operation: &Operation, source: &Source) {
        let (Source::Environment(name), Some(first)) = (source, operation.server_env.first()) else { return };
        if name != first && first.replace("_BASE_URL", "_API_BASE") == *name {
            self.remarks.push(format!("note: ${name} is deprecated: the variable is now named ${first}"));
        }
    }
}

/// The variable that OpenAI's own command line has for a setting.
fn usual(key: &str, operation: &Operation) -> Option<&'static str> {
    match (operation.dialect, key) {
        ("openai", "client_cert_file") => Some("OPENAI_MTLS_CLIENT_CERT_FILE"),
        ("openai", "client_key_file") => Some("OPENAI_MTLS_CLIENT_KEY_FILE"),
        _ => None,
    }
}

/// The value of a variable as the key takes it.
fn parsed(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Count => text.parse::<u32>().ok().filter(|number| *number > 0).map(Value::from),
        Kind::Duration => {
            let seconds = text.parse().ok().or_else(|| Some(humantime::parse_duration(text).ok()?.as_secs()));
            seconds.filter(|seconds: &u64| *seconds > 0).map(Value::from)
        }
        Kind::Text | Kind::Variable | Kind::Path => Some(Value::from(text)),
        Kind::Command | Kind::Headers | Kind::Fields => None,
    }
}
