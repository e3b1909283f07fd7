//! Downloads by name, with a name service of our own.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use imagewire_types::{CreateImageRequest, operations::FASTAPI};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{resolve::Guard, *};
use crate::{Kind, Outcome};

/// Answers every POST with a link to that address.
async fn service(link: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let body = format!(r#"{{"data":[{{"url":"{link}"}}]}}"#);
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length";
            let _ = stream.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
        }
    });
    address
}

async fn fetch(link: &'static str, guard: Guard) -> Error {
    let endpoint = Endpoint::new(&FASTAPI).base_url(format!("http://{}", service(link).await));
    let client = Client::builder(endpoint).build_with(guard).unwrap();
    client.generate(&CreateImageRequest::new("p")).await.unwrap_err()
}

/// c4, c6: the name leads to this machine, where someone listens and must see no connection.
#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_connected_to() {
    let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = inner.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while inner.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let names = Arc::clone(&asked);
    let guard = Guard::new(move |name| {
        assert_eq!(name, "images.example.com");
        names.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(vec![address]) })
    });
    let error = fetch("https://images.example.com/CANARY?sig=CANARY", guard).await;
    assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
    assert!(error.to_string().contains("the name leads to this machine"), "{error}");
    assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
    assert!(error.partial().unwrap().response.data[0].url.is_some());
    assert_eq!(asked.load(Ordering::SeqCst), 1, "refused for good, so asked once");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_tried_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let names = Arc::clone(&asked);
    let guard = Guard::new(move |_| {
        names.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Err(io::Error::other("no such name")) })
    });
    let error = fetch("https://images.example.com/a", guard).await;
    assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_inner_address_is_refused_before_any_name_is_asked_for() {
    for link in ["https://169.254.169.254/latest", "https://2130706433/", "http://images.example.com/a"] {
        let guard = Guard::new(|name| panic!("{name}"));
        let error = fetch(link, guard).await;
        assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done), "{link}");
    }
}

#[test]
fn certificate_files_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let build =
        |path| Client::builder(Endpoint::new(&FASTAPI).base_url("http://127.0.0.1:1")).ca_file(path).build();
    for content in ["", "CANARY", "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZ\n-----END PRIVATE KEY-----\n"] {
        std::fs::write(&file, content).unwrap();
        let error = build(file.clone()).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Configuration, Outcome::NotSent));
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
    }
    assert!(build(folder.path().join("none")).unwrap_err().to_string().contains("none cannot be used"));
}

#[test]
fn what_cannot_be_used_is_found_when_the_client_is_made() {
    let endpoint = || Endpoint::new(&FASTAPI).base_url("http://127.0.0.1:1");
    for builder in [
        Client::builder(endpoint().header("authorization", "CANARY")),
        Client::builder(endpoint().header("x-a", "CANARY\n")),
        Client::builder(endpoint().user_agent("CANARY\n")),
        Client::builder(endpoint()).allow_downloads_from("CANARY"),
    ] {
        let error = builder.clone().build().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Configuration, Outcome::NotSent));
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
    }
}
