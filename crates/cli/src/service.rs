//! Which service a request goes to, with which credential, and who said so.

mod address;
mod key;
mod resolve;
mod setting;
mod trust;

use std::{
    cell::OnceCell,
    io,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use imagewire_emulator::Emulator;
use imagewire_transport::{Client, Endpoint, Secret};
use imagewire_types::{
    CreateImageRequest,
    operations::{OPERATIONS, Operation},
};
use serde_json::Value;

use crate::{failure::Failure, output::note};

pub(crate) use self::{
    address::Address,
    key::Key,
    setting::{Setting, Settings},
};

/// Which service; for commands that send nothing.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct DialectArguments {
    /// The service: hicap, fastapi, truefoundry, openai, azure and others
    #[arg(long, value_name = "NAME")]
    pub(crate) dialect: Option<String>,
    /// A profile of the configuration files (see `imagewire config`)
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

impl DialectArguments {
    /// The service that is named, by a flag, a variable or a profile.
    pub(crate) fn dialect(&self) -> Result<Option<&'static str>, Failure> {
        let arguments = ServiceArguments {
            dialect: self.dialect.clone(),
            profile: self.profile.clone(),
            ..ServiceArguments::default()
        };
        let service = arguments.resolve()?;
        let is_named = service.settings.source("dialect").is_some_and(|source| source.rank() > 0);
        Ok(is_named.then_some(service.operation.dialect))
    }

    /// The same where the command cannot do without.
    pub(crate) fn required(&self) -> Result<&'static str, Failure> {
        self.dialect()?.ok_or_else(|| {
            let known: Vec<&str> = OPERATIONS.iter().map(|operation| operation.dialect).collect();
            Failure::configuration(format!(
                "no service is named: add --dialect, or a profile with one\nknown: {}",
                known.join(", ")
            ))
        })
    }
}

/// Which service, and how it is reached.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ServiceArguments {
    /// The service: hicap, fastapi, truefoundry, openai, azure and others [default: fastapi]
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// A profile of the configuration files (see `imagewire config`)
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The server, up to where /images/generations (Hicap: /deployments/…) is appended; or a whole pasted address
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The deployment (Hicap, Azure)
    #[arg(long, value_name = "NAME")]
    deployment: Option<String>,
    /// The version of the API (Hicap, Azure)
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// Read the key from this environment variable instead of the service's usual one
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    #[arg(skip)]
    resolved: OnceCell<Rc<Service>>,
}

impl ServiceArguments {
    /// Flags, environment and files together; files are read once.
    ///
    /// # Errors
    /// For files that are not understood, and names that nobody knows.
    pub(crate) fn resolve(&self) -> Result<Rc<Service>, Failure> {
        if let Some(service) = self.resolved.get() {
            return Ok(Rc::clone(service));
        }
        let service = Rc::new(resolve::resolve(self)?);
        Ok(Rc::clone(self.resolved.get_or_init(|| service)))
    }

    pub(crate) fn operation(&self) -> Result<&'static Operation, Failure> {
        Ok(self.resolve()?.operation)
    }

    /// [`Service::connect`].
    pub(crate) async fn connect(&self) -> Result<(Endpoint, Option<Emulator>), Failure> {
        self.resolve()?.connect().await
    }

    /// The service as it would be called, without a key, for showing.
    pub(crate) fn sketch(&self) -> Result<Endpoint, Failure> {
        Ok(self.resolve()?.endpoint())
    }

    /// The variable that holds the key, or would.
    pub(crate) fn key_variable(&self) -> Result<String, Failure> {
        Ok(self.resolve()?.key.variable())
    }
}

/// A service and all that was said about it.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) operation: &'static Operation,
    /// Every value, and where it came from.
    pub(crate) settings: Settings,
    pub(crate) key: Key,
    /// The project's file; `None` when it is trusted or there is none.
    untrusted: Option<PathBuf>,
    /// What the user should know before anything is sent.
    remarks: Vec<String>,
}

impl Service {
    /// The model that requests ask for unless a flag says otherwise.
    pub(crate) fn model(&self) -> Option<&str> {
        self.settings.text("model")
    }

    /// Where images go unless a flag says otherwise.
    pub(crate) fn output_dir(&self) -> Option<&Path> {
        self.settings.text("output_dir").map(Path::new)
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.settings.number("timeout").map(Duration::from_secs)
    }

    pub(crate) fn images_per_minute(&self) -> Option<u32> {
        self.settings.number("images_per_minute").and_then(|number| u32::try_from(number).ok())
    }

    pub(crate) fn concurrency(&self) -> Option<usize> {
        self.settings.number("concurrency").and_then(|number| usize::try_from(number).ok())
    }

    /// Fills in the members of the request that the profile has a value for and nobody has set.
    pub(crate) fn fill_in(&self, request: CreateImageRequest) -> Result<CreateImageRequest, Failure> {
        let unusable = |error: serde_json::Error| Failure::other(format!("the request is unusable: {error}"));
        let mut body = serde_json::to_value(&request).map_err(unusable)?;
        let mut is_changed = false;
        for (name, value) in self.settings.members("defaults") {
            if body.get(name).is_none_or(Value::is_null) {
                body[name] = value.clone();
                is_changed = true;
            }
        }
        if is_changed { serde_json::from_value(body).map_err(unusable) } else { Ok(request) }
    }

    /// Whether neither an address nor a key is configured, so that the built-in emulator serves.
    pub(crate) fn is_emulated(&self) -> bool {
        self.settings.source("base_url").is_none_or(|source| source.rank() == 0) && self.key.is_absent()
    }

    /// The configured service or, when neither an address nor a key is configured, the emulator in this process, which
    /// runs as long as it is held.
    pub(crate) async fn connect(&self) -> Result<(Endpoint, Option<Emulator>), Failure> {
        self.remarks.iter().for_each(|remark| note(remark));
        if self.is_emulated() {
            let (endpoint, emulator) = self.emulate().await?;
            let names = self.operation.credential_variables().join(" or ");
            note(&format!(
                "no {names} is set: using the built-in emulator at http://{} (the picture is drawn, not generated)",
                emulator.address()
            ));
            if let Some((name, dialect)) = resolve::key_of_another_service(self.operation) {
                note(&format!("note: ${name} is set; --dialect {dialect} would use it"));
            }
            return Ok((endpoint, Some(emulator)));
        }
        trust::demand(self)?;
        let endpoint = self.endpoint().credential(self.key.read(self.operation).await?);
        Ok((endpoint, None))
    }

    /// The emulator in this process.
    pub(crate) async fn emulate(&self) -> Result<(Endpoint, Emulator), Failure> {
        let unable =
            |error: io::Error| Failure::other(format!("the built-in emulator cannot start: {error}"));
        let emulator = Emulator::builder()
            .dialect(self.operation.dialect)
            .map_err(|error| Failure::configuration(error.to_string()))?;
        let emulator = emulator.start().await.map_err(unable)?;
        let base_url = emulator.base_url(self.operation.dialect).unwrap_or_default();
        let key = Secret::new("no-key-needed").map_err(|error| Failure::transport(&error))?;
        Ok((self.endpoint().base_url(base_url).credential(key), emulator))
    }

    /// A client with the profile's connections, pace and patience.
    pub(crate) fn client(&self, endpoint: Endpoint) -> Result<Client, Failure> {
        let mut builder = Client::builder(endpoint);
        if let Some(file) = self.settings.text("ca_file") {
            builder = builder.ca_file(file);
        }
        match (self.settings.text("client_cert_file"), self.settings.text("client_key_file")) {
            (Some(certificate), Some(key)) => builder = builder.client_certificate(certificate, key),
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => {
                return Err(Failure::configuration(
                    "a client certificate needs client_cert_file and client_key_file: set both or neither",
                ));
            }
        }
        if let Some(images) = self.images_per_minute() {
            builder = builder.images_per_minute(images);
        }
        if let Some(requests) = self.concurrency() {
            builder = builder.max_concurrent(requests);
        }
        let client = builder.build().map_err(|error| Failure::transport(&error))?;
        Ok(match self.timeout() {
            Some(timeout) => client.timeout(timeout),
            None => client,
        })
    }

    /// Address, parameters and headers, without a key.
    pub(crate) fn endpoint(&self) -> Endpoint {
        let mut endpoint = Endpoint::new(self.operation);
        let base_url = self.settings.find("base_url").filter(|setting| setting.source.rank() > 0);
        if let Some(base_url) = base_url.and_then(|setting| setting.value.as_str()) {
            endpoint = endpoint.base_url(base_url);
        }
        let parameters = [
            ("deployment", self.operation.path_parameters.first()),
            ("api_version", self.operation.query_parameters.first()),
        ];
        for (name, parameter) in parameters {
            if let (Some(parameter), Some(value)) = (parameter, self.settings.text(name)) {
                endpoint = endpoint.parameter(parameter.name, value);
            }
        }
        for (name, value) in self.settings.members("headers") {
            endpoint = endpoint.header(name, value.as_str().unwrap_or_default());
        }
        match self.key.place {
            Some(place) => endpoint.credential_place(place),
            None => endpoint,
        }
    }
}
