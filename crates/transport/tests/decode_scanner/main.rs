//! The scanner holds to one law: whatever the body and however it is cut, its verdict is that of `serde_json` and
//! `decode::base64` on the whole.

mod limits;
mod payloads;
mod random;

use imagewire_transport::decode::{self, Fault, Limits, Place, ScanError, Scanned, Scanner};
use imagewire_types::ImagesResponse;

/// What was read: the answer without payloads, and the payloads, `None` where they are broken.
type Read = (ImagesResponse, Vec<(usize, Option<Vec<u8>>)>);

fn whole(body: &[u8]) -> Option<Read> {
    let mut response: ImagesResponse = serde_json::from_slice(body).ok()?;
    let mut payloads = Vec::new();
    for (index, image) in response.data.iter_mut().enumerate() {
        if let Some(payload) = image.b64_json.take_if(|payload| !payload.as_str().is_empty()) {
            payloads.push((index, decode::base64(&payload, "it").ok().map(|bytes| bytes.to_vec())));
        }
    }
    Some((response, payloads))
}

fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Read, ScanError> {
    let mut scanner = Scanner::new(Limits::default());
    let (mut payloads, mut open) = (Vec::new(), None);
    for piece in pieces {
        let mut input = piece;
        while let Some(found) = scanner.feed(&mut input)? {
            match (found, &mut open) {
                (Scanned::Start { place: Place::Item(index) }, None) => open = Some((index, Vec::new())),
                (Scanned::Bytes(bytes), Some((_, image))) => {
                    assert!(!bytes.is_empty());
                    image.extend_from_slice(bytes);
                }
                (Scanned::End, Some(_)) => {
                    payloads.extend(open.take().map(|(index, image)| (index, Some(image))));
                }
                (Scanned::Broken(error), Some((index, _))) => {
                    assert!(error.is_about_payload());
                    assert_eq!(error.place, Some(Place::Item(*index)));
                    payloads.push((*index, None));
                    open = None;
                }
                (found, open) => panic!("{found:?} in {:?}", open.is_some()),
            }
        }
        assert!(input.is_empty());
    }
    let response = scanner.finish()?;
    assert!(open.is_none(), "a payload without an end");
    Ok((response, payloads))
}

/// Whole, in two pieces at every place, and byte by byte.
fn hold_to_the_law(body: &[u8]) {
    let expected = whole(body);
    let shown = String::from_utf8_lossy(body);
    assert_eq!(scan([body]).ok(), expected, "{shown}");
    assert_eq!(scan(body.chunks(1)).ok(), expected, "byte by byte: {shown}");
    for at in 0..=body.len() {
        let (head, tail) = body.split_at(at);
        assert_eq!(scan([head, tail]).ok(), expected, "cut at {at}: {shown}");
    }
}

const BODIES: &[&str] = &[
    r#"{"created":1,"data":[{"b64_json":"Zm9v"},{"url":"https://x/y","b64_json":"YmFy"}],"usage":{"total_tokens":3}}"#,
    " \t{\r\n \"data\" : [ { \"b64_json\" : \"Zm9v\" , \"url\" : null } ] } \n",
    r#"{"d\u0061ta":[{"b64\u005fjson":"Zm9v"}]}"#,
    r#"{"data":[{"b64_json":null},{"b64_json":""},{"b64_json":"Zm9v","url":""},{}]}"#,
    r#"{"data":[{"x":{"b64_json":"Zm9v"}},{"x":[{"b64_json":"Zm9v"}],"b64_json":"Zm9v"}]}"#,
    r#"{"b64_json":"Zm9v","data":[]}"#,
    r#"{"data":[{"b64_json":"!"},{"b64_json":"Zm9v"}]}"#,
    r#"{"data":{"b64_json":"Zm9v"}}"#,
    r#"{"data":[[{"b64_json":"Zm9v"}]]}"#,
    r#"{"data":["b64_json",{"b64_json":"Zm9v"}]}"#,
    r#"{"x":{"data":[{"b64_json":"Zm9v"}]},"data":[{"b64_json":"YmFy"}]}"#,
    r#"{"x":[1,2,{"data":[{"b64_json":"Zm9v"}]}],"y":"data","data":[{"z":"b64_json","b64_json":"YmFy"}]}"#,
    r#"[{"data":[{"b64_json":"Zm9v"}]}]"#,
    r#"{"data":[{"b64_json":["Zm9v"]}]}"#,
    r#"{"data":[{"b64_json":5}]}"#,
    r#"{"data":[{"b64_json":"Zm9v","b64_json":"YmFy"}]}"#,
    r#"{"data":[{"b64_json":null,"b64_json":"YmFy"}]}"#,
    r#"{"data":[{"b64_json":"Zm9v","b64\u005Fjson":""}]}"#,
    r#"{"data":[{"b64_json":"Zm9v"}],"data":[{"b64_json":"YmFy"}]}"#,
    r#"{"data":null,"data":[{"b64_json":"YmFy"}]}"#,
    r#"{"data":[{"url":"a","url":"b","b64_json":"YmFy"}]}"#,
    r#"{"x":1,"x":2,"data":[{"b64_json":"YmFy"}]}"#,
    r#"{"x":{"y":1,"y":2},"data":[{"b64_json":"YmFy"}]}"#,
    r#"{"data":[{"b64_json" "Zm9v"}]}"#,
    r#"{"data":[{"b64_json":1 "Zm9v"}]}"#,
    r#"{"data":[{"b64_json":"Zm9v" "Zm9v"}]}"#,
    r#"{"data":[{"b64_json":"Zm9v"x}]}"#,
    r#"{"data":[{"b64_json":"Zm9v",}]}"#,
    r#"{"data":[{"b64_json":"Zm9v"},]}"#,
    r#"{"data":[{"b64_json"::"Zm9v"}]}"#,
    r#"{"data":[{,"b64_json":"Zm9v"}]}"#,
    r#"{"data":[{"b64_json":"Zm9v"]}}"#,
    r#"{"data":[{"b64_json":"Zm9v"}]}}"#,
    r#"{"data":[{"b64_json":"Zm9v"}]}{"data":[{"b64_json":"Zm9v"}]}"#,
    r#"{"data":[{"b64_json":"Zm9v"}]} x"#,
    r#"]]}}{"data":[{"b64_json":"Zm9v"}]}"#,
    r#"{"data":[{"b64_json":"Zm9v","revised_prompt":"say \"b64_json\": \\"}],"extra":"\u00e9\ud83d\ude00 é"}"#,
    r#"{"data":[{"b64_json":"Zm9v"}],"x":"\ud83d"}"#,
    r#"{"created":"1676540381","data":[{"b64_json":"Zm9v"}],"n":1e999}"#,
    r#"{"created":[],"data":[{"b64_json":"Zm9v"}]}"#,
    r#"{"data":[{"b64_json":"Zm9v"}],"n":01}"#,
    r#"{"data":"b64_json"}"#,
    "",
    " ",
    "null",
    "[]",
    "{}",
    "\"x\"",
    "{",
    "[",
    "\"",
    "nul",
    "<html>\"</html>",
    r#"{"error":{"message":"no"}}"#,
];

#[test]
fn places_and_look_alikes() {
    for body in BODIES {
        hold_to_the_law(body.as_bytes());
    }
}

/// Bodies cut at any byte are errors, and no image has ended that was not whole.
#[test]
fn a_cut_body_is_an_error_wherever_it_is_cut() {
    for body in BODIES.iter().map(|body| body.trim_end()) {
        if whole(body.as_bytes()).is_some() {
            for at in 0..body.len() {
                let error = scan([&body.as_bytes()[..at]]).expect_err(body);
                assert_eq!(error.fault, Fault::Truncated, "{at} of {body}");
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_where_serde_json_refuses_it() {
    for depth in [1, 120, 125, 126, 127, 128, 129, 100_000] {
        for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
            let body = format!(
                "{{\"data\":[{{\"b64_json\":\"Zm9v\"}}],\"x\":{}1{}}}",
                open.repeat(depth),
                close.repeat(depth)
            );
            assert_eq!(scan([body.as_bytes()]).ok(), whole(body.as_bytes()), "{depth}");
        }
    }
    assert_eq!(scan(["[".repeat(100_000).as_bytes()]).ok(), None);
    assert_eq!(scan([r#"{"data":["#.repeat(10_000).as_bytes()]).ok(), None);
}
