//! The shape of HTTP facts; the facts themselves are generated.

/// How a service makes images: address, method, parameters, credential.
///
/// ```
/// use imagewire_types::operations;
///
/// let hicap = operations::find("hicap").expect("a built-in service");
/// assert_eq!(hicap.path, "/deployments/{deploymentId}/images/generations");
/// assert_eq!(hicap.query_parameters[0].name, "api-version");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The service's identifier, such as `hicap`.
    pub dialect: &'static str,
    /// The service's name, such as `Hicap`.
    pub title: &'static str,
    /// The server's address without a trailing slash; `{name}` stands for what the caller must know.
    pub server: &'static str,
    /// Environment variables that replace the server; the first that is set wins.
    pub server_env: &'static [&'static str],
    /// The HTTP method.
    pub method: &'static str,
    /// The path after the server, with `{name}` for each path parameter.
    pub path: &'static str,
    /// The parameters of the path.
    pub path_parameters: &'static [Parameter],
    /// The parameters of the query.
    pub query_parameters: &'static [Parameter],
    /// The optional headers of the request.
    pub header_parameters: &'static [Parameter],
    /// Where the credential may go; the first is the service's own choice.
    pub credentials: &'static [Credential],
    /// Environment variables that hold the credential, and where it goes then; the first that is set wins.
    pub credential_env: &'static [(&'static str, Credential)],
    /// The members that the service documents in its answer.
    pub answer_members: &'static [&'static str],
    /// The members that the service documents in each image of its answer.
    pub image_members: &'static [&'static str],
}

/// A parameter of the path, the query or the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Whether a request must have it.
    pub required: bool,
    /// The documented example.
    pub example: Option<&'static str>,
    /// Environment variables that give it; the first that is set wins.
    pub env: &'static [&'static str],
}

/// Where a credential goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// The header `Authorization: Bearer <credential>`.
    Bearer,
    /// A header of this name with the bare credential.
    Header(&'static str),
}

impl Operation {
    /// The names of the environment variables that hold the credential: `HICAP_API_KEY`.
    #[must_use]
    pub fn credential_variables(&self) -> Vec<&'static str> {
        self.credential_env.iter().map(|(name, _)| *name).collect()
    }
}

/// The facts of the service with that identifier.
#[must_use]
pub fn find(dialect: &str) -> Option<&'static Operation> {
    crate::generated::operations::OPERATIONS.iter().copied().find(|operation| operation.dialect == dialect)
}
