//! Encrypted connections.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::{Error, Kind, Outcome};

/// Whose certificates are accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nobody's: for plain http, so that a machine without certificate authorities can use it.
    Nobody,
    /// The operating system's certificate authorities.
    System,
}

/// A configuration of our own rather than the HTTP library's: its provider is given and not installed for the whole
/// process, which is the application's business, and the authorities are only read when they are needed.
pub(super) fn config(trust: Trust) -> Result<ClientConfig, Error> {
    let unusable = |error: rustls::Error| {
        let what = format!("No encrypted connection is possible: {error}");
        Error::new(Kind::Tls, Outcome::NotSent, what)
            .with_remedy("Install the system's certificate authorities (often the package ca-certificates)")
            .with_source(error)
    };
    let builder = ClientConfig::builder_with_provider(provider()?)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let mut config = match trust {
        Trust::Nobody => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        Trust::System => builder.with_platform_verifier().map_err(unusable)?.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The application's choice, if it made one; else what this crate was built with.
fn provider() -> Result<Arc<CryptoProvider>, Error> {
    #[cfg(feature = "ring")]
    let built_in = Ok(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "aws-lc", not(feature = "ring")))]
    let built_in = Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "aws-lc", feature = "ring")))]
    let built_in = Err(Error::configuration(
        "imagewire-transport was built without a TLS provider",
        "Enable its feature ring or aws-lc, or install a provider of rustls",
    ));
    CryptoProvider::get_default().cloned().map_or(built_in, Ok)
}
