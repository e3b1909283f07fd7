//! Base URLs.

use std::net::IpAddr;

use url::{Host, Url};

use super::Endpoint;
use crate::Error;

/// The host with its port if it is not the scheme's own, for messages. Never more of an address than that.
pub(crate) fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "no host".to_owned(),
    }
}

/// Whether the address is this machine, so that nothing leaves it and no proxy can help.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

impl Endpoint {
    /// The server, without a trailing slash in its path.
    pub(super) fn base(&self) -> Result<Url, Error> {
        let text = self.base_url.as_deref().unwrap_or(self.operation.server);
        if let (None, Some(placeholder)) = (&self.base_url, placeholder(text)) {
            return Err(Error::configuration(
                format!(
                    "{}'s address contains {{{placeholder}}}, which depends on your installation",
                    self.operation.title
                ),
                self.set_base_url(),
            ));
        }
        if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return Err(self.unusable("it contains blanks or control characters"));
        }
        if placeholder(text).is_some() {
            return Err(self.unusable("it still contains a {placeholder}"));
        }
        // The URL standard forgives `https:host` and backslashes; such a text is rather a mistake here.
        if !text.contains("://") || text.contains('\\') {
            return Err(self.unusable("it does not begin with http:// or https://"));
        }
        let mut url = Url::parse(text).map_err(|error| self.unusable(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(self.unusable("it does not begin with http:// or https://"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(self.unusable("it names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self.unusable("it contains a user or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(self.unusable("it contains a query or a fragment"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if path.ends_with("/images/generations") {
            return Err(self.unusable("it contains /images/generations, which is appended to it"));
        }
        url.set_path(&path);
        Ok(url)
    }

    /// An error that does not repeat the value: a key may have been pasted into the wrong place.
    pub(super) fn unusable(&self, why: &str) -> Error {
        Error::configuration(
            format!("The base URL for {} cannot be used: {why}", self.operation.title),
            format!("An example of its form: {}", self.operation.server),
        )
    }

    fn set_base_url(&self) -> String {
        match self.operation.server_env {
            [] => "Set the base URL".to_owned(),
            names => format!("Set the base URL or the environment variable {}", names.join(" or ")),
        }
    }
}

fn placeholder(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('{')?;
    rest.split_once('}').map(|(name, _)| name)
}
