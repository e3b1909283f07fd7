//! Errors, and what bounds the memory.

use imagewire_transport::decode::{Fault, Limits, Scanned, Scanner};

#[test]
fn errors_tell_place_and_offset_and_nothing_else() {
    let tell = |body: &str| {
        let mut scanner = Scanner::new(Limits { envelope: 200, ..Limits::default() });
        let mut input = body.as_bytes();
        loop {
            match scanner.feed(&mut input) {
                Ok(Some(Scanned::Broken(error))) | Err(error) => return error.to_string(),
                Ok(Some(_)) => {}
                Ok(None) => return scanner.finish().expect_err(body).to_string(),
            }
        }
    };
    for (body, expected) in [
        (r#"{"data":[{},{"b64_json":"CANARY!=="}]}"#, "data[1].b64_json is not base64 (byte 31)"),
        (r#"{"data":[{"b64_json":" "}]}"#, "data[0].b64_json is empty (byte 24)"),
        (
            r#"{"data":[{"b64_json":"data:,CANARY"}]}"#,
            "data[0].b64_json is a data: link without base64 (byte 27)",
        ),
        (r#"{"data":[{"b64_json":"Zg","b64_json":"#, "data[0].b64_json stands twice (byte 36)"),
        (r#"{"data":[],"data":"#, "the JSON stands twice (byte 17)"),
        (r#"{"data":[{"b64_json":"CANA"#, "data[0].b64_json ends too early (byte 26)"),
        (r#"{"data":[{"b64_json":"Zm9vZm9v"}],"CANARY"}"#, "the JSON is not valid JSON (byte 42)"),
        (r#"{"data":[{"b64_json":"Zm9vZm9v"}"#, "the JSON ends too early (byte 31)"),
        ("{\"x\":\n\n\"CANARY\",\n\"data\":7}", "the JSON has another form than documented (byte 24)"),
        ("{\"data\":[{\"b64_json\":\"Zm9v\nCANARY", "data[0].b64_json is not base64 (byte 26)"),
    ] {
        assert_eq!(tell(body), expected, "{body}");
    }
    let shown = tell(&format!("{{\"x\":\"{}", "CANARY".repeat(100)));
    assert_eq!(shown, "the JSON is too large (byte 6)");
}

#[test]
fn errors_last() {
    let mut scanner = Scanner::new(Limits { envelope: 4, ..Limits::default() });
    let first = scanner.feed(&mut &b"{\"data\""[..]).expect_err("too large");
    assert_eq!(first.fault, Fault::TooLarge);
    assert_eq!(scanner.feed(&mut &b"{}"[..]), Err(first));
    assert_eq!(scanner.finish(), Err(first));
}

#[test]
fn the_envelope_may_be_as_large_as_its_limit() {
    let body = br#"{"data":[{"b64_json":"Zm9vYmFyZm9vYmFy"}]}"#;
    let envelope = br#"{"data":[{"b64_json":null}]}"#;
    for (limit, fits) in [(envelope.len(), true), (envelope.len() - 1, false)] {
        let mut scanner = Scanner::new(Limits { envelope: limit, ..Limits::default() });
        let mut input = &body[..];
        let result = loop {
            match scanner.feed(&mut input) {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.fault),
            }
        };
        assert_eq!(result, if fits { Ok(()) } else { Err(Fault::TooLarge) });
        if fits {
            assert_eq!(scanner.envelope(), envelope);
        }
    }
}

/// The memory law: 64 MB of images, and less than 256 KiB held.
#[test]
fn memory_does_not_grow_with_the_images() {
    let symbols: Vec<u8> =
        (0..16_384_u32).map(|n| b"ABCDEFGH01234567+/xyzw"[(n * n % 22) as usize]).collect();
    let mut scanner = Scanner::new(Limits::default());
    let (mut decoded, mut images, mut most, mut total) = (0_u64, 0, 0, 0);
    let mut take = |piece: &[u8]| {
        total += piece.len();
        let mut input = piece;
        while let Some(found) = scanner.feed(&mut input).expect("a valid body") {
            match found {
                Scanned::Bytes(bytes) => decoded += bytes.len() as u64,
                Scanned::End => images += 1,
                Scanned::Start { .. } => {}
                Scanned::Broken(error) => panic!("{error}"),
            }
        }
        most = most.max(scanner.capacity());
    };
    take(b"{\"data\":[");
    for image in 0..4 {
        take(if image == 0 { b"{\"b64_json\":\"" } else { b",{\"b64_json\":\"" });
        for _ in 0..1_000 {
            take(&symbols);
        }
        take(b"\"}");
    }
    take(b"]}");
    assert_eq!((images, decoded), (4, 4 * 1_000 * 16_384 * 3 / 4));
    assert!(total > 64_000_000 && most < 256 << 10, "{most} of {total}");
    assert_eq!(scanner.finish().expect("an answer").data.len(), 4);
}
