//! Images that are not what they seem: c13, c14 and c17 of the catalogue of failures. Nothing is unpacked, drawn or run
//! here, so they are bytes with a head; what matters is what they are called and what is said about them.
#![cfg(feature = "reqwest")]

mod canary;
mod server;

use canary::{PROMPT, assert_private, client_at};
use imagewire_transport::{Checking, Destination, Kind, Mismatch, Outcome, decode::Format};
use imagewire_types::{Base64, CreateImageRequest};
use server::{Server, json, reply};

const POST: &str = "/v1/images/generations";

/// A part of a PNG; its checksum is not looked at.
fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("small").to_be_bytes();
    [&length[..], &name, content, &[0; 4]].concat()
}

fn png(width: u32, height: u32, rest: &[Vec<u8>]) -> Vec<u8> {
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), b"\x08\x06\0\0\0"].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(*b"IHDR", &head), rest.concat(), chunk(*b"IEND", b"")].concat()
}

fn jpeg() -> Vec<u8> {
    let frame = b"\xff\xc0\0\x11\x08\0\x02\0\x03\x03\x01\x11\0\x02\x11\0\x03\x11\0";
    [&b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"[..], frame, b"\xff\xd9"].concat()
}

/// A service that sends each image in the answer, and a link to it.
async fn service(images: Vec<Vec<u8>>) -> Server {
    Server::start(move |base, seen| {
        if seen.path() == POST {
            let items = images.iter().enumerate().map(|(at, image)| {
                let payload = Base64::encode(image);
                format!(r#"{{"b64_json":"{}"}},{{"url":"{base}/{at}.php?../../x.exe"}}"#, payload.as_str())
            });
            return json(&format!(r#"{{"data":[{}]}}"#, items.collect::<Vec<_>>().join(",")));
        }
        let at = seen.path().trim_start_matches('/').split('.').next().and_then(|at| at.parse().ok());
        reply("200 OK", "content-type: text/html", &images[at.unwrap_or(0_usize)])
    })
    .await
}

/// c13: sizes, frames and packed texts that would fill a machine's memory cost nothing here, and are told.
#[tokio::test]
async fn images_that_would_burst() {
    let flood = [&b"x\0\0\x78\xda"[..], &[0; 2000]].concat();
    let frames = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let images = vec![
        png(60_000, 60_000, &[]),
        png(1 << 31, 1 << 31, &[]),
        png(u32::MAX, 1, &[]),
        png(3, 2, &[chunk(*b"acTL", &frames)]),
        png(3, 2, &[chunk(*b"iCCP", &flood), chunk(*b"zTXt", &flood), chunk(*b"iTXt", &flood)]),
        // A part that claims to be longer than the file.
        [png(3, 2, &[]), b"\xff\xff\xff\xffIDAT".to_vec()].concat(),
    ];
    let server = service(images.clone()).await;
    let request = CreateImageRequest::new(PROMPT);
    let generated = client_at(&server.base()).generate(&request).await.unwrap();
    let suspicious: Vec<usize> = generated
        .audit(&request)
        .into_iter()
        .filter_map(|found| match found {
            Mismatch::Suspicious { index, .. } => Some(index),
            _ => None,
        })
        .collect();
    assert_eq!(suspicious, [0, 1, 2, 3, 4, 5]);
    for (at, image) in generated.images.iter().enumerate() {
        assert_eq!(image.bytes, images[at / 2], "{at}");
    }
}

/// c14, c17: a file is called what its first bytes say, whatever else it is and whatever its link is called; two links to
/// the same image make two files.
#[tokio::test]
async fn images_that_are_something_else_as_well() {
    let gif = b"GIF89a\x03\0\x02\0\0\0\0;".to_vec();
    let images = vec![
        [&gif[..], b"PK\x03\x04 a Java archive"].concat(),
        [png(3, 2, &[]), b"<html><script>CANARY()</script>".to_vec()].concat(),
        [jpeg(), b"<?php __HALT_COMPILER(); ?>".to_vec()].concat(),
        [&b"GIF89a/*\x03\0\0\0\0"[..], b"*/=1;CANARY();"].concat(),
    ];
    let formats = [Format::Gif, Format::Png, Format::Jpeg, Format::Gif];
    let server = service(images.clone()).await;
    let generated = client_at(&server.base()).generate(&CreateImageRequest::new(PROMPT)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let saved = Destination::directory(folder.path()).save(&generated.images).unwrap();
    assert_eq!(saved.len(), 2 * images.len());
    for (at, saved) in saved.iter().enumerate() {
        assert_eq!(saved.path.parent(), Some(folder.path()));
        assert_eq!(saved.path.extension().and_then(|end| end.to_str()), Some(formats[at / 2].extension()));
        assert_eq!(std::fs::read(&saved.path).unwrap(), images[at / 2], "{at}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), saved.len());
}

/// c14: what a browser would run is no image. What came with the answer is paid for and kept, under a name that nothing runs;
/// what a link leads to is not.
#[tokio::test]
async fn pages_and_drawings_are_no_images() {
    for content in [
        &b"<svg xmlns='http://www.w3.org/2000/svg'><script>CANARY()</script></svg>"[..],
        b"<?xml version='1.0'?><svg/>",
        b"<!DOCTYPE html><img src='data:image/png;base64,'>",
        b"%PDF-1.7 CANARY",
        b"MZ\x90\0CANARY",
        b"\x7fELF",
        b"#!/bin/sh\n",
        b"PK\x03\x04",
    ] {
        let server = service(vec![content.to_vec()]).await;
        let error =
            client_at(&server.base()).generate(&CreateImageRequest::new(PROMPT)).await.expect_err("no image");
        assert_private(&error);
        assert_eq!((error.kind(), error.outcome()), (Kind::Decode, Outcome::Unknown), "{error:?}");
        let kept = &error.partial().unwrap().images;
        let [kept] = &kept[..] else { panic!("{kept:?}") };
        assert_eq!((kept.format, kept.width, kept.height), (Format::Other, 0, 0));
        assert_eq!((&kept.bytes[..], kept.format.extension()), (content, "img"));
    }
}

/// Whoever asks for a drawing gets it, whatever is in it.
#[tokio::test]
async fn a_drawing_that_was_asked_for() {
    let drawing =
        b"<svg xmlns='http://www.w3.org/2000/svg' width='3' height='2'><circle r='1'/></svg>".to_vec();
    let server = service(vec![drawing.clone()]).await;
    let client = client_at(&server.base()).checking(Checking::Off);
    let request = CreateImageRequest::new(PROMPT).n(2).output_format("svg");
    let generated = client.generate(&request).await.unwrap();
    assert_eq!(generated.audit(&request), []);
    for image in generated.images {
        assert_eq!((image.format, image.width, image.height), (Format::Svg, 3, 2));
        assert_eq!(image.bytes, drawing);
    }
}
