//! Where a request goes and who sends it.

mod address;
mod headers;
#[cfg(test)]
mod tests;

use std::fmt;

use http::{
    HeaderName, HeaderValue,
    header::{AUTHORIZATION, InvalidHeaderName},
};
use imagewire_types::operations::{Credential, Operation, Parameter};
use url::Url;

use crate::{Error, Secret};

pub(crate) use address::{host, is_loopback};

/// A service, its address, the parameters of path and query, and the credential.
///
/// Setters keep what they are given; [`Endpoint::url`] and [`build`](crate::http::build) judge it as a whole.
///
/// ```
/// use imagewire_transport::{Endpoint, operations};
///
/// let endpoint = Endpoint::new(&operations::HICAP)
///     .parameter("deploymentId", "dalle deployment")
///     .parameter("api-version", "2025-01-01-preview");
/// assert_eq!(
///     endpoint.url()?.as_str(),
///     "https://api.hicap.ai/v1/deployments/dalle%20deployment/images/generations?api-version=2025-01-01-preview",
/// );
/// # Ok::<(), imagewire_transport::Error>(())
/// ```
#[derive(Clone)]
pub struct Endpoint {
    operation: &'static Operation,
    base_url: Option<String>,
    parameters: Vec<(String, String)>,
    credential: Option<Secret>,
    credential_place: Option<Credential>,
    allow_http: bool,
    headers: Vec<(String, String)>,
    user_agent: Option<String>,
}

impl Endpoint {
    /// The service at its documented address, without parameters or credential.
    #[must_use]
    pub fn new(operation: &'static Operation) -> Self {
        Self {
            operation,
            base_url: None,
            parameters: Vec::new(),
            credential: None,
            credential_place: None,
            allow_http: false,
            headers: Vec::new(),
            user_agent: None,
        }
    }

    /// Replaces the server, that is everything before the operation's path: `https://host/v1`. Trailing slashes are
    /// ignored.
    ///
    /// It must be http or https, without user, password, query and fragment.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Sets a parameter of the path or the query by its documented name; a later value replaces an earlier one.
    ///
    /// A path value becomes exactly one segment, whatever is in it; `.`, `..`, control characters and empty values are
    /// refused.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.parameters.retain(|(known, _)| *known != name);
        self.parameters.push((name, value.into()));
        self
    }

    /// Sets the credential. The service's own first choice of header carries it, unless
    /// [`Endpoint::credential_place`] says otherwise.
    #[must_use]
    pub fn credential(mut self, secret: Secret) -> Self {
        self.credential = Some(secret);
        self
    }

    /// Sends the credential in another place than the service's first choice, such as a token of Microsoft Entra, which
    /// Azure takes as [`Credential::Bearer`].
    #[must_use]
    pub fn credential_place(mut self, place: Credential) -> Self {
        self.credential_place = Some(place);
        self
    }

    /// Allows sending the credential over plain http to another machine, where every station on the way can read it.
    /// Loopback addresses need no permission.
    #[must_use]
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// The service's facts.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The address of the operation, with all parameters in their places.
    ///
    /// # Errors
    /// [`Kind::Configuration`](crate::Kind::Configuration): an unusable base URL, a missing or unknown parameter, or a
    /// credential that would go over plain http to another machine.
    pub fn url(&self) -> Result<Url, Error> {
        let mut url = self.base()?;
        self.refuse_unknown_parameters()?;
        let mut segments = Vec::new();
        for segment in self.operation.path.split('/').skip(1) {
            segments.push(match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => self.path_value(name)?,
                None => segment,
            });
        }
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(segments),
            Err(()) => return Err(self.unusable("it cannot have a path")),
        };
        for parameter in self.operation.query_parameters {
            if let Some(value) = self.value(parameter.name).filter(|value| !value.is_empty()) {
                url.query_pairs_mut().append_pair(parameter.name, value);
            } else if parameter.required {
                return Err(self.missing(parameter));
            }
        }
        if self.credential.is_some() && url.scheme() == "http" && !self.allow_http && !is_loopback(&url) {
            return Err(Error::configuration(
                format!(
                    "{} is reached over plain http, which would show the credential to others",
                    self.place()
                ),
                "Use https, or allow plain http explicitly",
            ));
        }
        Ok(url)
    }

    /// The header that carries the credential, marked sensitive; `None` without one.
    pub(crate) fn credential_header(&self) -> Result<Option<(HeaderName, HeaderValue)>, Error> {
        let place = self.credential_place.as_ref().or(self.operation.credentials.first());
        let (Some(secret), Some(place)) = (&self.credential, place) else {
            return Ok(None);
        };
        let unusable = |_: InvalidHeaderName| {
            Error::configuration(
                format!("{}'s credential header has an invalid name", self.operation.title),
                "",
            )
        };
        let (name, value) = match *place {
            Credential::Bearer => {
                (AUTHORIZATION, HeaderValue::try_from(format!("Bearer {}", secret.expose())))
            }
            Credential::Header(name) => {
                (HeaderName::try_from(name).map_err(unusable)?, HeaderValue::try_from(secret.expose()))
            }
            _ => {
                return Err(Error::configuration(
                    format!("This release does not know where {}'s credential goes", self.operation.title),
                    "Update imagewire-transport",
                ));
            }
        };
        // `Secret` has already refused everything that a header cannot hold.
        let mut value = value.map_err(|_| {
            Error::configuration("The credential cannot stand in a header", "Check the credential")
        })?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }

    pub(crate) fn secret(&self) -> Option<&Secret> {
        self.credential.as_ref()
    }

    /// The service and its host, for messages: `Hicap (api.hicap.ai)`.
    pub(crate) fn place(&self) -> String {
        match self.base() {
            Ok(url) => format!("{} ({})", self.operation.title, host(&url)),
            Err(_) => self.operation.title.to_owned(),
        }
    }

    fn path_value(&self, name: &str) -> Result<&str, Error> {
        let value = self.value(name).unwrap_or_default();
        if value.is_empty() {
            return Err(
                match self.operation.path_parameters.iter().find(|parameter| parameter.name == name) {
                    Some(parameter) => self.missing(parameter),
                    None => Error::configuration(format!("The parameter `{name}` is missing"), "Set it"),
                },
            );
        }
        // The URL standard would resolve the dots, also between control characters, which it drops: the request would
        // go elsewhere.
        if matches!(value, "." | "..") || value.contains(char::is_control) {
            return Err(Error::configuration(
                format!("The parameter `{name}` has a value that cannot stand in a path"),
                "Set it to the documented identifier",
            ));
        }
        Ok(value)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn refuse_unknown_parameters(&self) -> Result<(), Error> {
        let known = || self.operation.path_parameters.iter().chain(self.operation.query_parameters);
        let Some((name, _)) =
            self.parameters.iter().find(|(name, _)| known().all(|known| known.name != name))
        else {
            return Ok(());
        };
        let names: Vec<_> = known().map(|parameter| format!("`{}`", parameter.name)).collect();
        let remedy = if names.is_empty() {
            "Leave it out".to_owned()
        } else {
            format!("The parameters are {}", names.join(" and "))
        };
        let name = crate::error::clip(name, 60);
        Err(Error::configuration(format!("{} has no parameter `{name}`", self.operation.title), remedy))
    }

    fn missing(&self, parameter: &Parameter) -> Error {
        let remedy = match parameter.example {
            Some(example) => format!("{} For example: {example}", parameter.description),
            None => parameter.description.to_owned(),
        };
        let what = format!("{} needs the parameter `{}`", self.operation.title, parameter.name);
        Error::configuration(what, remedy)
    }
}

/// Shows no value that a caller could have put a secret into: of the base URL the host, of parameters the names.
impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("Endpoint")
            .field("dialect", &self.operation.dialect)
            .field("host", &self.base().map_or_else(|_| "(unusable)".to_owned(), |url| host(&url)))
            .field("parameters", &names)
            .field("headers", &headers)
            .field("credential", &self.credential)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}
