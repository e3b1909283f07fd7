//! Encrypted connections.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use rustls_platform_verifier::{BuilderVerifierExt as _, Verifier};

use crate::{Error, Kind, Outcome};

/// Whose certificates are accepted.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    /// Nobody's: for plain http, so that a machine without certificate authorities can use it.
    Nobody,
    /// The operating system's certificate authorities, and these.
    System(&'a [CertificateDer<'static>]),
}

/// Who the client is, for services that ask for a certificate.
pub(super) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// A configuration of our own rather than the HTTP library's: its provider is given and not installed for the whole
/// process, which is the application's business, and the authorities are only read when they are needed.
pub(super) fn config(trust: Trust<'_>, identity: Option<&Identity>) -> Result<ClientConfig, Error> {
    let unusable = |error: rustls::Error| {
        let what = format!("No encrypted connection is possible: {error}");
        Error::new(Kind::Tls, Outcome::NotSent, what)
            .with_remedy("Install the system's certificate authorities (often the package ca-certificates)")
            .with_source(error)
    };
    let provider = provider()?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let builder = match trust {
        Trust::Nobody => builder.with_root_certificates(RootCertStore::empty()),
        Trust::System([]) => builder.with_platform_verifier().map_err(unusable)?,
        Trust::System(more) => {
            let verifier =
                Verifier::new_with_extra_roots(more.iter().cloned(), provider).map_err(unusable)?;
            // The name is about verifiers in general; this one is the system's, and as strict.
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(Identity { chain, key }) => {
            builder.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(|error| {
                let what = format!("The client certificate cannot be used: {error}");
                Error::configuration(what, "Name a certificate and the private key that belongs to it")
            })?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificate authorities of a PEM file.
pub(super) fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    certificates(path, "certificate authorities")
}

/// The certificate of the client and its private key, each from a PEM file.
pub(super) fn identity(certificate: &Path, key: &Path) -> Result<Identity, Error> {
    let chain = certificates(certificate, "client certificate")?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| unusable(key, "private key", &why(&error, "it holds no private key in PEM form")))?;
    Ok(Identity { chain, key })
}

fn certificates(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(path, what, &why(&error, "it is not in PEM form")))?;
    if certificates.is_empty() {
        return Err(unusable(path, what, "it holds no certificate"));
    }
    Ok(certificates)
}

/// The content is not quoted: a private key may have been named by mistake.
fn why(error: &pem::Error, otherwise: &str) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        _ => otherwise.to_owned(),
    }
}

fn unusable(path: &Path, what: &str, why: &str) -> Error {
    let path = crate::error::clip(&path.to_string_lossy(), 1000);
    Error::configuration(
        format!("The {what} in {path} cannot be used: {why}"),
        "Name a file in PEM form that can be read",
    )
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
