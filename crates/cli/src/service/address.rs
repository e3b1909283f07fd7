//! Addresses as people paste them: taken apart into what imagewire wants to know.

mod words;

use imagewire_types::operations::{self, OPERATIONS, Operation};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use self::words::{AZURE_HOSTS, ENDINGS, PORTALS};

/// A pasted address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The service that speaks there, as far as the address tells.
    pub(crate) dialect: &'static str,
    /// Scheme, host and port.
    pub(crate) endpoint: String,
    /// What `--base-url` takes.
    pub(crate) base_url: String,
    pub(crate) deployment: Option<String>,
    pub(crate) api_version: Option<String>,
    /// What was left out or guessed, in sentences.
    pub(crate) remarks: Vec<String>,
}

impl Address {
    /// Takes an address apart: a bare host, a resource's address, a base URL, or the whole address of a request.
    ///
    /// # Errors
    /// In words, when it is no address or the address of something else. The text is not repeated: a key may have been
    /// pasted with it.
    pub(crate) fn untangle(text: &str) -> Result<Self, String> {
        Parts::of(text).map(Parts::classified)
    }

    /// The same for a service that is known. What cannot be understood is left as it is, for the service to judge.
    ///
    /// # Errors
    /// For a user or a password in the address: it would be shown wherever the address is.
    pub(crate) fn for_service(operation: &'static Operation, text: &str) -> Result<Self, String> {
        let parts = match Parts::of(text) {
            Ok(parts) if parts.had_user => {
                return Err("it contains a user or a password: leave them out".to_owned());
            }
            Ok(parts) => parts,
            Err(_) => {
                return Ok(Self {
                    dialect: operation.dialect,
                    endpoint: String::new(),
                    base_url: text.to_owned(),
                    deployment: None,
                    api_version: None,
                    remarks: Vec::new(),
                });
            }
        };
        let found = match operation.dialect {
            "azure" | "azure-v1" => parts.azure(),
            "hicap" => parts.hicap(),
            "truefoundry" => parts.truefoundry(),
            _ => parts.plain(operation),
        };
        Ok(Self { dialect: operation.dialect, ..found })
    }
}

/// What the text of an address consists of, before anybody asks whose it is.
struct Parts {
    origin: String,
    host: String,
    /// Decoded; without the name of the operation at the end.
    segments: Vec<String>,
    /// Whether the path named image generation.
    is_whole: bool,
    api_version: Option<String>,
    remarks: Vec<String>,
    had_user: bool,
}

impl Parts {
    fn of(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_matches(['"', '\'', '`', '<', '>', ',', ';']).trim();
        let mut remarks = Vec::new();
        let with_scheme;
        let text = if text.contains("://") {
            text
        } else {
            let is_local = text.starts_with("localhost") || text.starts_with("127.");
            let scheme = if is_local { "http" } else { "https" };
            remarks.push(format!("no scheme is given; {scheme}:// is assumed"));
            with_scheme = format!("{scheme}://{text}");
            &with_scheme
        };
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err("an address has no blanks and no backslashes".to_owned());
        }
        let url = Url::parse(text).map_err(|error| format!("this is no address: {error}"))?;
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.trim_end_matches('.').to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => format!("[{address}]"),
            _ => return Err("this address names no host".to_owned()),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err("an address begins with https:// (or http:// on this machine)".to_owned());
        }
        if !host.contains('.') && host != "localhost" && !host.starts_with('[') && url.port().is_none() {
            return Err(
                "this is no address: a host such as my-resource.openai.azure.com is expected".to_owned()
            );
        }
        if let Some((_, what)) = PORTALS.iter().find(|(portal, _)| host == *portal) {
            return Err(format!(
                "this is the address of {what}, where people look at resources; programs need the endpoint that it \
                 shows under \"Keys and Endpoint\""
            ));
        }
        let had_user = !url.username().is_empty() || url.password().is_some();
        if had_user {
            remarks.push(
                "a user or a password in the address is left out: keys belong in the environment".into(),
            );
        }
        let mut api_version = None;
        for (name, value) in url.query_pairs() {
            if name.eq_ignore_ascii_case("api-version") || name.eq_ignore_ascii_case("api_version") {
                api_version = Some(value.into_owned()).filter(|value| !value.is_empty());
            } else if words::sounds_like_a_key(&name) {
                remarks.push(
                    "a key in the address is left out: replace that key, since addresses end up in logs"
                        .into(),
                );
            } else {
                let name: String = name.chars().take(40).collect();
                remarks.push(format!("the query parameter {name:?} is left out"));
            }
        }
        let decode = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
        let mut segments: Vec<String> = url
            .path_segments()
            .map(|segments| segments.filter(|segment| !segment.is_empty()).map(decode).collect())
            .unwrap_or_default();
        let mut is_whole = false;
        for (ending, remark) in ENDINGS {
            let tail = segments.len().checked_sub(ending.len()).and_then(|start| segments.get(start..));
            if tail.is_some_and(|tail| tail.iter().eq(ending.iter())) {
                segments.truncate(segments.len() - ending.len());
                is_whole = true;
                remarks.extend((!remark.is_empty()).then(|| (*remark).to_owned()));
                break;
            }
        }
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let origin = format!("{}://{host}{port}", url.scheme());
        Ok(Self { origin, host, segments, is_whole, api_version, remarks, had_user })
    }

    /// Whose address it is, from the host and the path alone.
    fn classified(self) -> Address {
        let has = |name: &str| self.segments.iter().any(|segment| segment == name);
        let is_azure = AZURE_HOSTS.iter().any(|ending| self.host.ends_with(ending));
        let follows = |pair: [&str; 2]| self.segments.windows(2).any(|window| window == pair);
        if is_azure || has("openai") {
            return self.azure();
        }
        if self.host == "gateway.truefoundry.ai" {
            return self.plain(&operations::TRUEFOUNDRY_GATEWAY);
        }
        if follows(["api", "llm"]) || self.host.ends_with(".truefoundry.com") {
            return self.truefoundry();
        }
        if has("deployments") || (self.host == "api.hicap.ai" && !self.is_whole) {
            return self.hicap();
        }
        let known = OPERATIONS.iter().filter(|operation| host_of(operation.server) == Some(&self.host));
        // Of the editions of a service that share a host, the one whose path is as plain as this address.
        let plain = known.into_iter().find(|operation| operation.path_parameters.is_empty());
        self.plain(plain.unwrap_or(&&operations::OPENAI))
    }

    /// `…/openai`, then `deployments/NAME` or `v1`.
    fn azure(mut self) -> Address {
        let (prefix, rest) = match self.segments.iter().position(|segment| segment == "openai") {
            Some(at) => (self.segments[..at].to_vec(), self.segments[at + 1..].to_vec()),
            None => match self.segments.first().map(String::as_str) {
                None => (Vec::new(), Vec::new()),
                Some("deployments" | "v1") => {
                    self.remarks.push("/openai is missing in the path; it is added".to_owned());
                    (Vec::new(), self.segments.clone())
                }
                Some("api") if self.segments.get(1).is_some_and(|segment| segment == "projects") => {
                    self.remarks.push(
                        "this is the address of a Foundry project; images are made by its resource"
                            .to_owned(),
                    );
                    (Vec::new(), Vec::new())
                }
                // A gateway may serve the whole below a path of its own.
                Some(_) => (self.segments.clone(), Vec::new()),
            },
        };
        let is_dated = |version: &str| version.starts_with(|c: char| c.is_ascii_digit());
        let mut deployment = None;
        let dialect = match rest.first().map(String::as_str) {
            Some("v1") => {
                if self.api_version.as_deref().is_some_and(is_dated) {
                    self.remarks.push("the v1 edition takes no dated api-version; it is left out".to_owned());
                    self.api_version = None;
                }
                "azure-v1"
            }
            Some("deployments") => {
                deployment = rest.get(1).cloned();
                "azure"
            }
            Some(_) => {
                self.remarks.push("what follows /openai in the path is left out".to_owned());
                "azure"
            }
            None => match self.api_version.as_deref() {
                Some(version) if !is_dated(version) => "azure-v1",
                _ => "azure",
            },
        };
        let base_url = self.below(&[&prefix[..], &["openai".to_owned()]].concat());
        self.address(dialect, base_url, deployment)
    }

    /// `deployments/NAME` below the server's path.
    fn hicap(mut self) -> Address {
        let at = self.segments.iter().position(|segment| segment == "deployments");
        let mut deployment = None;
        if let Some(at) = at {
            deployment = self.segments.get(at + 1).cloned();
            self.segments.truncate(at);
        }
        if self.segments.is_empty() && self.host == "api.hicap.ai" {
            self.segments.push("v1".to_owned());
        }
        let base_url = self.below(&self.segments);
        self.address("hicap", base_url, deployment)
    }

    /// `/api/llm` below the control plane's host.
    fn truefoundry(mut self) -> Address {
        if self.segments.is_empty() {
            self.segments.extend(["api", "llm"].map(str::to_owned));
        }
        let base_url = self.below(&self.segments);
        self.address("truefoundry", base_url, None)
    }

    /// Nothing but a server's path.
    fn plain(mut self, operation: &Operation) -> Address {
        if self.segments.is_empty() && host_of(operation.server) == Some(&self.host) {
            let path = operation.server.rsplit_once("://").and_then(|(_, rest)| rest.split_once('/'));
            self.segments.extend(path.map(|(_, path)| path.to_owned()));
        }
        let base_url = self.below(&self.segments);
        self.address(operation.dialect, base_url, None)
    }

    fn below(&self, segments: &[String]) -> String {
        let mut url = self.origin.clone();
        for segment in segments {
            url.push('/');
            url.push_str(segment);
        }
        url
    }

    fn address(self, dialect: &'static str, base_url: String, deployment: Option<String>) -> Address {
        let deployment = deployment.filter(|name| !name.is_empty());
        let Self { origin: endpoint, api_version, remarks, .. } = self;
        Address { dialect, endpoint, base_url, deployment, api_version, remarks }
    }
}

/// The host of a documented server; `None` where it depends on the installation.
fn host_of(server: &str) -> Option<&str> {
    let (_, rest) = server.split_once("://")?;
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    (!host.contains('{')).then_some(host)
}
