//! What the environment does to the client: proxies and certificates. Each case runs in a process of its own, since an
//! environment belongs to a process.
#![cfg(feature = "reqwest")]

mod server;

use std::process::Command;

use imagewire_transport::{Client, Endpoint, Kind, Outcome, Secret, operations};
use imagewire_types::CreateImageRequest;
use server::{Server, json, reply};

const ONE_IMAGE: &str = r#"{"data":[{"b64_json":"R0lGODlhAQABAAAAADs="}]}"#;

/// Runs a test of this file in a process with that environment.
async fn rerun(test: &'static str, environment: Vec<(&'static str, String)>) {
    let run = move || {
        let mut child = Command::new(std::env::current_exe()?);
        child.args(["--ignored", "--exact", test]).envs(environment);
        // The last one would switch proxies off, as in a CGI script.
        for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
            child.env_remove(name);
        }
        child.output()
    };
    let output = tokio::task::spawn_blocking(run).await.expect("no panic").expect("a child process");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && report.contains("1 passed"), "{report}");
}

fn proxy(address: &str) -> Vec<(&'static str, String)> {
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        .map(|name| (name, address.to_owned()))
        .into()
}

fn no_certificates() -> Vec<(&'static str, String)> {
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(|name| (name, "/nonexistent".to_owned())).into()
}

#[tokio::test]
async fn loopback_needs_no_certificates_and_takes_no_proxy() {
    let mut environment = proxy("http://127.0.0.1:1");
    environment.extend(no_certificates());
    rerun("child_loopback", environment).await;
}

#[tokio::test]
#[ignore = "needs the environment that another test runs it in"]
async fn child_loopback() {
    let server = Server::start(|base, request| match request.path() {
        "/image" => reply("200 OK", "", b"GIF89a\x01\0\x01\0\0\0\0;"),
        _ => json(&format!(r#"{{"data":[{{"url":"{base}/image"}}]}}"#)),
    })
    .await;
    let endpoint = Endpoint::new(&operations::FASTAPI).base_url(server.base());
    let client = Client::new(endpoint).unwrap();
    assert_eq!(client.generate(&CreateImageRequest::new("a corgi")).await.unwrap().images.len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn https_without_certificates_is_an_error_before_anything_is_sent() {
    rerun("child_https", no_certificates()).await;
}

#[tokio::test]
#[ignore = "needs the environment that another test runs it in"]
async fn child_https() {
    let error = Client::new(Endpoint::new(&operations::FASTAPI)).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Tls, Outcome::NotSent));
    assert!(error.to_string().contains("ca-certificates"), "{error}");

    // The same trouble after the image was bought must not look as if nothing had been.
    let server = Server::start(|_, _| json(r#"{"data":[{"url":"https://imagewire.invalid/image"}]}"#)).await;
    let client = Client::new(Endpoint::new(&operations::FASTAPI).base_url(server.base())).unwrap();
    let error = client.generate(&CreateImageRequest::new("a corgi")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
}

#[tokio::test]
async fn other_addresses_go_through_the_proxy() {
    let station = Server::start(|_, _| json(ONE_IMAGE)).await;
    rerun("child_through_a_proxy", proxy(&format!("http://user:CANARY@{}", station.host()))).await;
    assert_eq!(station.paths(), ["http://imagewire.invalid/v1/images/generations"]);
    assert!(station.seen()[0].header("proxy-authorization").is_some());
}

#[tokio::test]
#[ignore = "needs the environment that another test runs it in"]
async fn child_through_a_proxy() {
    let endpoint = Endpoint::new(&operations::FASTAPI).base_url("http://imagewire.invalid/v1");
    let client = Client::new(endpoint).unwrap();
    assert_eq!(client.generate(&CreateImageRequest::new("a corgi")).await.unwrap().images.len(), 1);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_not_sent_and_its_password_stays_private() {
    rerun("child_without_its_proxy", proxy("http://user:CANARY@127.0.0.1:1")).await;
}

#[tokio::test]
#[ignore = "needs the environment that another test runs it in"]
async fn child_without_its_proxy() {
    let endpoint = Endpoint::new(&operations::FASTAPI)
        .base_url("http://imagewire.invalid/v1")
        .credential(Secret::new("CANARY").unwrap())
        .allow_http(true);
    let client = Client::new(endpoint).unwrap();
    let error = client.generate(&CreateImageRequest::new("a corgi")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (Kind::Connect, Outcome::NotSent), "{error:?}");
    let mut source = Some(&error as &dyn std::error::Error);
    while let Some(shown) = source {
        assert!(!format!("{shown} {shown:?}").contains("CANARY"), "{shown:?}");
        source = shown.source();
    }
}
