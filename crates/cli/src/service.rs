//! Which service a request goes to, and with which credential.

use std::{env, io};

use imagewire_emulator::Emulator;
use imagewire_transport::{Endpoint, Secret};
use imagewire_types::operations::{self, OPERATIONS, Operation};

use crate::{failure::Failure, output::note};

#[derive(Debug, clap::Args)]
pub(crate) struct ServiceArguments {
    /// The service: hicap, fastapi, truefoundry or openai
    #[arg(long, value_name = "NAME", default_value = "fastapi")]
    pub(crate) dialect: String,
    /// The server, up to where /images/generations (Hicap: /deployments/…) is appended; usually ends in /v1
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The deployment (Hicap)
    #[arg(long, value_name = "NAME")]
    deployment: Option<String>,
    /// The version of the API (Hicap)
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// Read the key from this environment variable instead of the service's usual one
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
}

impl ServiceArguments {
    pub(crate) fn operation(&self) -> Result<&'static Operation, Failure> {
        operations::find(&self.dialect).ok_or_else(|| {
            let known: Vec<&str> = OPERATIONS.iter().map(|operation| operation.dialect).collect();
            Failure::configuration(format!(
                "no service is named {:?}\nknown: {}",
                self.dialect,
                known.join(", ")
            ))
        })
    }

    /// The configured service or, when neither an address nor a key is configured, the emulator in this process, which
    /// runs as long as it is held.
    pub(crate) async fn connect(&self) -> Result<(Endpoint, Option<Emulator>), Failure> {
        let operation = self.operation()?;
        let base_url = self.base_url(operation);
        let key = self.key(operation)?;
        let endpoint = self.parameters(operation)?;
        match (base_url, key) {
            (None, None) => {
                let unable =
                    |error: io::Error| Failure::other(format!("the built-in emulator cannot start: {error}"));
                let emulator = Emulator::builder()
                    .dialect(&self.dialect)
                    .map_err(|error| Failure::configuration(error.to_string()))?;
                let emulator = emulator.start().await.map_err(unable)?;
                note(&format!(
                    "no {} is set: using the built-in emulator at http://{} (the picture is drawn, not generated)",
                    operation.credential_env.join(" or "),
                    emulator.address()
                ));
                let base_url = emulator.base_url(operation.dialect).unwrap_or_default();
                let key = Secret::new("no-key-needed").map_err(|error| Failure::transport(&error))?;
                Ok((endpoint.base_url(base_url).credential(key), Some(emulator)))
            }
            (_, None) => Err(self.no_key(operation)),
            (base_url, Some(key)) => {
                let endpoint = match base_url {
                    Some(base_url) => endpoint.base_url(base_url),
                    None => endpoint,
                };
                Ok((endpoint.credential(key), None))
            }
        }
    }

    /// The service as it would be called, without a key, for showing.
    pub(crate) fn sketch(&self) -> Result<Endpoint, Failure> {
        let operation = self.operation()?;
        let endpoint = self.parameters(operation)?;
        let endpoint = match self.base_url(operation) {
            Some(base_url) => endpoint.base_url(base_url),
            None => endpoint,
        };
        Ok(endpoint)
    }

    /// The variable that holds the key, or would.
    pub(crate) fn key_variable(&self) -> Result<String, Failure> {
        let operation = self.operation()?;
        let usual = operation
            .credential_env
            .iter()
            .find(|name| variable(name).is_some())
            .or(operation.credential_env.first());
        Ok(self.api_key_env.clone().or_else(|| usual.map(|name| (*name).to_owned())).unwrap_or_default())
    }

    fn no_key(&self, operation: &Operation) -> Failure {
        let names = match &self.api_key_env {
            Some(name) => name.clone(),
            None => operation.credential_env.join(" or "),
        };
        Failure::no_key(format!(
            "no key for {}: the environment variable {names} is not set",
            operation.title
        ))
    }

    fn key(&self, operation: &Operation) -> Result<Option<Secret>, Failure> {
        let own = self.api_key_env.as_deref();
        let names = own.map_or_else(|| operation.credential_env.to_vec(), |name| vec![name]);
        let Some((name, key)) = names.into_iter().find_map(|name| Some((name, variable(name)?))) else {
            return if own.is_some() { Err(self.no_key(operation)) } else { Ok(None) };
        };
        let key = Secret::new(key).map_err(|error| Failure::configuration(format!("in {name}: {error}")))?;
        Ok(Some(key))
    }

    fn base_url(&self, operation: &Operation) -> Option<String> {
        self.base_url.clone().or_else(|| operation.server_env.iter().find_map(|name| variable(name)))
    }

    /// Path and query parameters: from the flags, else as the service documents them.
    fn parameters(&self, operation: &'static Operation) -> Result<Endpoint, Failure> {
        let mut endpoint = Endpoint::new(operation);
        let flags = [
            ("--deployment", &self.deployment, operation.path_parameters.first()),
            ("--api-version", &self.api_version, operation.query_parameters.first()),
        ];
        for (flag, value, parameter) in flags {
            endpoint = match (parameter, value.as_deref()) {
                (Some(parameter), value) => match value.or(parameter.example) {
                    Some(value) => endpoint.parameter(parameter.name, value),
                    None => endpoint,
                },
                (None, Some(_)) => {
                    return Err(Failure::configuration(format!(
                        "{} has no {flag}: leave it out",
                        operation.title
                    )));
                }
                (None, None) => endpoint,
            };
        }
        Ok(endpoint)
    }
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
