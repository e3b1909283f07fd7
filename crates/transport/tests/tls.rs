//! Encrypted connections, with a certificate authority made for the test: a4, a5 and c18 of the catalogue of failures.
#![cfg(feature = "reqwest")]

mod canary;
mod server;
mod toxics;

use std::{path::PathBuf, sync::Arc, time::Duration};

use canary::{PROMPT, assert_private, endpoint_at};
use imagewire_transport::{Client, Error, Generated, Kind, Outcome, Policy, Timer};
use imagewire_types::CreateImageRequest;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use server::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};
use toxics::{Proxy, Toxic};

const ONE_IMAGE: &str = r#"{"data":[{"b64_json":"R0lGODlhAQABAAAAADs="}]}"#;

struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("a file");
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server with a certificate for that name.
    fn acceptor(&self, name: &str, expired: bool) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        if expired {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .expect("a fitting key");
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Answers over TLS; the address.
async fn serve(acceptor: TlsAcceptor, answer: Vec<u8>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                // A client that does not trust the server goes away here.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.read(&mut vec![0; 8192]).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    address
}

async fn call(client: &Client) -> Result<Generated, Error> {
    client.generate(&CreateImageRequest::new(PROMPT)).await
}

#[tokio::test]
async fn a_certificate_file_makes_a_private_server_trusted() {
    let authority = Authority::new();
    let address = serve(authority.acceptor("localhost", false), json(ONE_IMAGE)).await;
    let base = format!("https://localhost:{}/v1", address.port());
    let client = Client::builder(endpoint_at(&base)).ca_file(authority.file()).build().unwrap();
    assert_eq!(call(&client).await.unwrap().images.len(), 1);
}

/// a4: another authority, another name, an old certificate. Not tried again, and no way round it.
#[tokio::test]
async fn certificates_that_are_not_to_be_trusted() {
    let (ours, other) = (Authority::new(), Authority::new());
    for (name, acceptor) in [
        ("another authority", other.acceptor("localhost", false)),
        ("another name", ours.acceptor("images.example.com", false)),
        ("expired", ours.acceptor("localhost", true)),
    ] {
        let address = serve(acceptor, json(ONE_IMAGE)).await;
        let base = format!("https://localhost:{}/v1", address.port());
        let client = Client::builder(endpoint_at(&base)).ca_file(ours.file()).build().unwrap();
        let error = call(&client).await.expect_err(name);
        assert_private(&error);
        assert_eq!((error.kind(), error.outcome()), (Kind::Tls, Outcome::NotSent), "{name}: {error:?}");
        assert_eq!(error.attempts().len(), 1, "{name}");
    }
}

/// c18: the same for the server of an image. It is bought; its link is kept.
#[tokio::test]
async fn an_image_server_that_is_not_to_be_trusted() {
    let (ours, other) = (Authority::new(), Authority::new());
    let images = serve(other.acceptor("localhost", false), Vec::new()).await;
    let origin = format!("https://localhost:{}", images.port());
    let answer = json(&format!(r#"{{"data":[{{"url":"{origin}/CANARY"}}]}}"#));
    let service = serve(ours.acceptor("localhost", false), answer).await;
    let base = format!("https://localhost:{}/v1", service.port());
    let builder = Client::builder(endpoint_at(&base)).ca_file(ours.file()).allow_downloads_from(origin);
    let error = call(&builder.build().unwrap()).await.unwrap_err();
    assert_private(&error);
    assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
    assert!(error.to_string().contains("No encrypted connection"), "{error}");
    assert!(error.partial().unwrap().response.data[0].url.is_some());
}

/// a5: a server that says nothing while the connection is made.
#[tokio::test]
async fn a_handshake_that_stalls_is_not_sent() {
    let authority = Authority::new();
    let address = serve(authority.acceptor("localhost", false), json(ONE_IMAGE)).await;
    let proxy = Proxy::start(address, Toxic::Timeout(None), Toxic::None).await;
    let base = proxy.base().replace("http:", "https:");
    let builder = Client::builder(endpoint_at(&base)).ca_file(authority.file());
    let client = builder.connect_timeout(Duration::from_millis(200)).build().unwrap().retry(Policy::never());
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Timeout, Outcome::NotSent), "{error:?}");
    assert_eq!(error.timer(), Some(Timer::Connect));

    // The same when the whole call ends first.
    let builder = Client::builder(endpoint_at(&base)).ca_file(authority.file());
    let client = builder.build().unwrap().timeout(Duration::from_millis(200));
    let error = call(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Timeout, Outcome::NotSent), "{error:?}");
    assert_eq!(error.timer(), Some(Timer::Deadline));
}
