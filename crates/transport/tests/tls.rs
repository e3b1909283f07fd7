//! Encrypted connections, with a certificate authority made for the test: a4, a5 and c18 of the catalogue of failures.
#![cfg(feature = "reqwest")]

mod authority;
mod canary;
mod server;
mod toxics;

use std::time::Duration;

use authority::Authority;
use canary::{PROMPT, assert_private, endpoint_at};
use imagewire_transport::{Client, Error, Generated, Kind, Outcome, Policy, Timer};
use imagewire_types::CreateImageRequest;
use server::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use toxics::{Proxy, Toxic};

const ONE_IMAGE: &str = r#"{"data":[{"b64_json":"R0lGODlhAQABAAAAADs="}]}"#;

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

/// A gateway that asks who calls; nobody without a certificate gets through, and nothing is bought.
#[tokio::test]
async fn a_client_certificate_opens_a_gateway_that_asks_for_one() {
    let authority = Authority::new();
    let address = serve(authority.asking("localhost"), json(ONE_IMAGE)).await;
    let base = format!("https://localhost:{}/v1", address.port());
    let builder = Client::builder(endpoint_at(&base)).ca_file(authority.file());
    let unknown = builder.clone().build().unwrap().retry(Policy::never());
    assert!(call(&unknown).await.is_err());

    let (certificate, key) = authority.client();
    let known = builder.clone().client_certificate(&certificate, &key).build().unwrap();
    assert_eq!(call(&known).await.unwrap().images.len(), 1);

    let swapped = builder.client_certificate(&key, &certificate).build().unwrap_err();
    assert_eq!(swapped.kind(), Kind::Configuration);
    assert!(swapped.to_string().contains("client.key cannot be used"), "{swapped}");
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
