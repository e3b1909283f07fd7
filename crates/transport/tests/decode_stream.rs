//! Streamed answers: what a stream says, whatever its pieces.

use imagewire_transport::{
    Kind, Outcome,
    decode::Fault,
    stream::{EventDecoder, Item, Limits, StreamError, Tally, Verdict},
};

/// What was found, as text: `+` a start, `!` a broken image, `name(image)` an event, `name` others.
fn decode<'a>(
    limits: Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (String, Result<(Verdict, Tally), StreamError>) {
    let mut decoder = EventDecoder::new(limits);
    let (mut found, mut image) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut input = piece;
        loop {
            match decoder.feed(&mut input) {
                Err(error) => {
                    assert_eq!(decoder.feed(&mut &b"data: {}\n\n"[..]), Err(error), "errors last");
                    return (found.join(" "), Err(error));
                }
                Ok(None) => break,
                Ok(Some(Item::Bytes(bytes))) => image.extend_from_slice(bytes),
                Ok(Some(Item::Start)) => {
                    image.clear();
                    found.push("+".to_owned());
                }
                Ok(Some(Item::End)) => found.push(format!("-{}", image.escape_ascii())),
                Ok(Some(Item::Broken(_))) => found.push("!".to_owned()),
                Ok(Some(Item::Event { event, image })) => {
                    assert!(event.b64_json.is_none_or(|payload| payload.as_str().is_empty()));
                    let index =
                        event.partial_image_index.map(|index| format!("#{index}")).unwrap_or_default();
                    let kind = event.kind.as_str().rsplit('.').next().unwrap_or_default();
                    found.push(format!("{kind}{index}({image})"));
                }
                Ok(Some(Item::Failure(body))) => found.push(format!(
                    "failure({},{})",
                    body.code.as_ref().map(|code| code.as_str().into_owned()).unwrap_or_default(),
                    body.message.unwrap_or_default()
                )),
                Ok(Some(Item::Other { name })) => found.push(format!("other({name})")),
                Ok(Some(Item::KeepAlive)) => found.push("alive".to_owned()),
                Ok(Some(Item::Done)) => found.push("done".to_owned()),
            }
        }
        assert!(input.is_empty());
    }
    (found.join(" "), Ok((decoder.verdict(), decoder.tally())))
}

const COMPLETED: &str = "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"Zm9v\"}\n\n";
const CUT: Verdict = Verdict::Incomplete { cut: true };
const SILENT: Verdict = Verdict::Incomplete { cut: false };

#[test]
fn streams_at_every_split() {
    let done = format!("{COMPLETED}data: [DONE]\n\n");
    let twice = format!("{COMPLETED}{COMPLETED}data: nonsense\n\n: x\n");
    let cases: &[(&str, &str, Verdict)] = &[
        ("", "", SILENT),
        (COMPLETED, "+ -foo completed(true)", Verdict::Complete),
        (&done, "+ -foo completed(true) done", Verdict::Complete),
        (&twice, "+ -foo completed(true) alive", Verdict::Complete),
        // The type after the image, the event's name in place of the type, the name after the data.
        (
            "data: {\"b64_json\":\"YQ==\",\"partial_image_index\":0,\"type\":\"image_generation.partial_image\"}\n\n",
            "+ -a partial_image#0(true)",
            SILENT,
        ),
        (
            "event: image_generation.completed\ndata: {\"b64_json\":\"Zg\"}\n\n",
            "+ -f completed(true)",
            Verdict::Complete,
        ),
        (
            "data: {\"b64_json\":\"Zg\",\"type\":null}\nevent: image_generation.completed\n\n",
            "+ -f completed(true)",
            Verdict::Complete,
        ),
        // The type wins over the name.
        (
            "event: image_generation.completed\ndata: {\"type\":\"new\",\"b64_json\":\"Zg\"}\n\n",
            "+ -f other(new)",
            SILENT,
        ),
        ("data: {\"b64_json\":\"Zg\"}\n\n", "+ -f other()", SILENT),
        ("event: ping\ndata: {}\n\n", "other(ping)", SILENT),
        ("data: {\"type\":\"x\",\"b64_json\":7,\"created_at\":{}}\n\n", "other(x)", SILENT),
        // Several lines of data, and signs of life.
        (
            ":\r\ndata: {\"type\":\r\ndata:  \"image_generation.completed\",\r\ndata:\"b64_json\":\r\n: x\r\ndata: \"Zg==\"}\r\n\r\n",
            "alive alive + -f completed(true)",
            Verdict::Complete,
        ),
        ("data:\n\ndata: \n\n", "alive alive", SILENT),
        // No image, a broken image, a link.
        ("data: {\"type\":\"image_generation.completed\"}\n\n", "completed(false)", Verdict::Unusable),
        (
            "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"\"}\n\n",
            "completed(false)",
            Verdict::Unusable,
        ),
        (
            "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"?\"}\n\n",
            "+ ! completed(false)",
            Verdict::Unusable,
        ),
        (
            "data: {\"type\":\"image_generation.completed\",\"url\":\"https://x/y\"}\n\n",
            "completed(false)",
            Verdict::Complete,
        ),
        // Failures in all their clothes.
        (
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"code\":\"c\",\"message\":\"m\"},\"sequence_number\":0}\n\n",
            "failure(c,m)",
            Verdict::Failed,
        ),
        (
            "data: {\"type\":\"error\",\"code\":\"c\",\"message\":\"m\",\"param\":null}\n\n",
            "failure(c,m)",
            Verdict::Failed,
        ),
        ("event: error\ndata: {\"code\":5,\"message\":\"m\"}\n\n", "failure(5,m)", Verdict::Failed),
        ("event: error\ndata: {\"code\":\"c\",\"message\":[]}\n\n", "failure(c,)", Verdict::Failed),
        ("data: {\"error\":\"m\"}\n\n", "failure(,m)", Verdict::Failed),
        ("data: {\"error\":{\"code\":\"c\",\"message\":5}}\n\n", "failure(c,)", Verdict::Failed),
        (
            "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"Zg\",\"error\":{\"code\":\"c\"}}\n\n",
            "+ -f failure(c,)",
            Verdict::Failed,
        ),
        (
            "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"Zg\",\"error\":null}\n\n",
            "+ -f completed(true)",
            Verdict::Complete,
        ),
        // Streams that end too early.
        ("data: [DONE]\n\n", "done", SILENT),
        ("data: [DONE]\n\ndata: {\"type\":\"image_generation.completed\"}\n\n", "done", SILENT),
        ("data: {\"type\":\"image_generation.completed\",\"b64_json\":\"Zg\"}\n", "+ -f", CUT),
        ("data: {\"type\":\"image_generation.completed\",\"b64_json\":\"Zg", "+", CUT),
        // What is not text becomes U+FFFD, as the format wants it; it never becomes an image.
        ("\u{feff}data: {\"type\":\"\u{e9}\"}\n\n", "other(\u{e9})", SILENT),
    ];
    for (stream, expected, verdict) in cases {
        let stream = stream.as_bytes();
        let shown = stream.escape_ascii();
        let (found, end) = decode(Limits::default(), [stream]);
        assert_eq!(&found, expected, "{shown}");
        assert_eq!(end.expect("a stream").0, *verdict, "{shown}");
        assert_eq!(decode(Limits::default(), stream.chunks(1)), (found.clone(), end), "{shown}");
        for at in 0..=stream.len() {
            let (head, tail) = stream.split_at(at);
            assert_eq!(decode(Limits::default(), [head, tail]), (found.clone(), end), "{shown} at {at}");
        }
    }
}

/// The end of an image is told with its closing quote, though nothing may follow for long.
#[test]
fn nothing_waits_for_the_next_piece() {
    assert_eq!(decode(Limits::default(), [&b"data: {\"b64_json\":\"Zm9v\""[..]]).0, "+ -foo");
    assert_eq!(decode(Limits::default(), [&b"data: {\"b64_json\":\"Zg\""[..]]).0, "+ -f");
    assert_eq!(decode(Limits::default(), [&b"data: {\"b64_json\":\"Z\""[..]]).0, "+ !");
}

#[test]
fn bytes_that_are_not_text() {
    let stream = b"data: {\"type\":\"\xff\xc3\",\"b64_json\":\"Zg\xff\"}\n\n";
    for size in 1..stream.len() {
        let (found, end) = decode(Limits::default(), stream.chunks(size));
        assert_eq!(found, "+ ! other(\u{fffd}\u{fffd})");
        assert!(end.is_ok());
    }
}

#[test]
fn events_that_cannot_be_read() {
    let small = Limits { event: 200, envelope: 100, images: 1 };
    let long = format!("data: {{\"b64_json\":\"{}", "QUJD".repeat(100));
    let wide = format!("data: {{\"x\":\"{}", "x".repeat(100));
    for (stream, fault, event) in [
        ("data: {\"type\":\"x\"}\n\ndata: {\n\n", Fault::Truncated, 2),
        ("data: nonsense\n\n", Fault::Syntax, 1),
        ("data: 5\n\n", Fault::Form, 1),
        ("data: [1]\n\n", Fault::Form, 1),
        ("data: {\"type\":5}\n\n", Fault::Form, 1),
        ("data: {\"type\":\"image_generation.completed\",\"b64_json\":5}\n\n", Fault::Form, 1),
        ("data: {\"type\":\"image_generation.completed\",\"size\":\"a\",\"size\":\"b\"}\n\n", Fault::Form, 1),
        ("data: {\"b64_json\":\"Zg\",\"b64_json\":\"Zg\"}\n\n", Fault::Duplicate, 1),
        ("data: {\"b64_json\":\"Zm9v\ndata: Zm9v\"}\n\n", Fault::Syntax, 1),
        ("data: {\"b64_json\":\"Zg\n\n", Fault::Truncated, 1),
        (&long, Fault::TooLarge, 1),
        (&wide, Fault::TooLarge, 1),
    ] {
        for size in [1, 7, stream.len()] {
            let error = decode(small, stream.as_bytes().chunks(size)).1.expect_err(stream);
            assert_eq!((error.error.fault, error.event), (fault, event), "{stream}");
            let error = imagewire_transport::Error::from(error);
            assert_eq!(error.outcome(), Outcome::Unknown);
            assert_eq!(error.kind(), if fault == Fault::TooLarge { Kind::TooLarge } else { Kind::Decode });
            assert!(error.to_string().contains(&format!("in event {event}, ")), "{error}");
        }
    }
}

#[test]
fn several_images_until_each_came_or_failed() {
    let failure = "data: {\"error\":{\"code\":\"c\"}}\n\n";
    let stream = format!("{COMPLETED}{failure}{COMPLETED}");
    let (found, end) = decode(Limits { images: 2, ..Limits::default() }, [stream.as_bytes()]);
    assert_eq!(found, "+ -foo completed(true) failure(c,)");
    let (verdict, tally) = end.expect("a stream");
    assert_eq!(verdict, Verdict::Complete);
    assert_eq!(tally, Tally { events: 3, completed: 1, failures: 1, late: 1, ..Tally::default() });
}

/// A partial image is there before its event has ended, and memory does not depend on its size.
#[test]
fn images_come_before_their_event_ends() {
    let mut decoder = EventDecoder::new(Limits::default());
    let piece = "QUJD".repeat(4096);
    let mut total = 0;
    let mut take = |text: &str| {
        let mut input = text.as_bytes();
        while let Some(item) = decoder.feed(&mut input).expect("a valid stream") {
            match item {
                Item::Bytes(bytes) => total += bytes.len(),
                Item::Start => {}
                item => panic!("{item:?}"),
            }
        }
        assert!(decoder.capacity() < 128 << 10);
    };
    take("data: {\"b64_json\":\"");
    for _ in 0..1000 {
        take(&piece);
    }
    assert_eq!(total, 1000 * 4096 * 3);
}

#[test]
fn nothing_private_is_shown() {
    let mut decoder = EventDecoder::new(Limits::default());
    let mut input =
        &b"data: {\"b64_json\":\"Q0FOQVJZ\",\"error\":{\"message\":\"CANARY\",\"x\":\"CANARY\"},\"prompt\":\"CANARY\"}\n\n"[..];
    let mut shown = String::new();
    while let Some(item) = decoder.feed(&mut input).expect("a valid stream") {
        shown += &format!("{item:?}");
    }
    shown += &format!("{decoder:?}");
    assert!(shown.contains("Failure") && shown.contains("Bytes(6)"), "{shown}");
    assert!(!shown.contains("CANARY") && !shown.contains("Q0FO") && !shown.contains("67"), "{shown}");
}
