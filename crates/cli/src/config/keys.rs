//! The keys of a profile.

/// One key of a profile.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What it is, for the file that `config init` writes.
    pub(crate) about: &'static str,
    /// A value, as it is written there.
    pub(crate) example: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// The name of an environment variable.
    Variable,
    /// A path; relative to the file's folder.
    Path,
    /// A list of arguments, a line that is split into them, or `{ shell = "…" }`.
    Command,
    /// Whole seconds, or a text such as `2m`.
    Duration,
    /// A whole number from 1.
    Count,
    /// A table of texts.
    Headers,
    /// A table of members of the request.
    Fields,
}

impl Kind {
    /// What it takes, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Variable => "the name of an environment variable",
            Self::Path => "a path in quotes",
            Self::Command => "a list of arguments, a text, or { shell = \"…\" }",
            Self::Duration => "whole seconds, or a text such as \"2m\"",
            Self::Count => "a whole number from 1",
            Self::Headers => "a table of texts",
            Self::Fields => "a table of members of the request",
        }
    }
}

/// The keys from which a credential comes; one of them at most.
pub(crate) const CREDENTIALS: &[&str] = &["api_key_env", "api_key_file", "api_key_command"];

/// All keys, in the order in which people meet them.
pub(crate) const KEYS: &[Key] = &[
    key("dialect", Kind::Text, "the service: see `imagewire generate --help`", "\"hicap\""),
    key("base_url", Kind::Text, "its address, where it is not the usual one", "\"https://api.hicap.ai/v1\""),
    key("deployment", Kind::Text, "the deployment (Hicap, Azure)", "\"my-deployment\""),
    key("api_version", Kind::Text, "the version of the API (Hicap, Azure)", "\"2025-01-01-preview\""),
    key("api_key_env", Kind::Variable, "the variable that holds the key …", "\"HICAP_API_KEY\""),
    key("api_key_file", Kind::Path, "… or the file …", "\"~/.secrets/hicap\""),
    key(
        "api_key_command",
        Kind::Command,
        "… or the command that prints it; no shell is involved, unless as { shell = \"…\" }",
        "[\"pass\", \"show\", \"hicap\"]",
    ),
    key("auth", Kind::Text, "where the key goes: bearer, or the name of a header", "\"bearer\""),
    key("model", Kind::Text, "the model; for deployments, what they serve", "\"gpt-image-1\""),
    key("output_dir", Kind::Path, "where images are saved", "\"pictures\""),
    key("timeout", Kind::Duration, "how long a call may take", "\"5m\""),
    key("ca_file", Kind::Path, "certificate authorities to trust beside the system's", "\"gateway-ca.pem\""),
    key(
        "client_cert_file",
        Kind::Path,
        "the certificate to show to a gateway that asks for one",
        "\"me.pem\"",
    ),
    key("client_key_file", Kind::Path, "its private key", "\"me.key\""),
    key("images_per_minute", Kind::Count, "how many images may be asked for in a minute", "5"),
    key("concurrency", Kind::Count, "how many requests may be under way at once", "2"),
    key("headers", Kind::Headers, "headers of every request; never a key", "{ x-team = \"design\" }"),
    key(
        "defaults",
        Kind::Fields,
        "members of the request that no flag sets",
        "{ size = \"1024x1024\", quality = \"high\" }",
    ),
];

const fn key(name: &'static str, kind: Kind, about: &'static str, example: &'static str) -> Key {
    Key { name, kind, about, example }
}
