//! The parser of event streams: a table of cases at every split, and a second implementation to agree with.

use imagewire_transport::stream::{EventTooLarge, Sse, SseParser};
use proptest::prelude::*;

type Event = (Option<String>, Vec<u8>);

/// Events and the number of comments.
fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, usize) {
    let mut parser = SseParser::new(1 << 20);
    let (mut events, mut comments, mut data) = (Vec::new(), 0, Vec::new());
    for piece in pieces {
        let mut input = piece;
        while let Some(found) = parser.feed(&mut input).expect("small events") {
            match found {
                Sse::Data(bytes) => data.extend_from_slice(bytes),
                Sse::Comment => comments += 1,
                Sse::End { name } => events.push((name, std::mem::take(&mut data))),
            }
        }
        assert!(input.is_empty());
    }
    (events, comments)
}

/// The same by the letter of the standard, on the whole stream.
fn by_the_letter(stream: &[u8]) -> (Vec<Event>, usize) {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < stream.len() {
        if matches!(stream[at], b'\r' | b'\n') {
            lines.push(&stream[start..at]);
            at += usize::from(stream[at..].starts_with(b"\r\n"));
            start = at + 1;
        }
        at += 1;
    }
    // A comment is reported when it begins, ended or not.
    let mut comments = usize::from(stream[start.min(stream.len())..].starts_with(b":"));
    let (mut events, mut data, mut name) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        if line.is_empty() {
            if !data.is_empty() {
                data.pop();
                let shown = String::from_utf8_lossy(&name).into_owned();
                events.push(((!name.is_empty()).then_some(shown), std::mem::take(&mut data)));
            }
            name.clear();
            continue;
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(0) => {
                comments += 1;
                continue;
            }
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                data.extend_from_slice(value);
                data.push(b'\n');
            }
            b"event" => name = value.to_vec(),
            _ => {}
        }
    }
    (events, comments)
}

/// A stream, and its events as `name=data`.
const CASES: &[(&[u8], &[&str])] = &[
    (b"", &[]),
    (b"\n\n\n", &[]),
    (b"data: x\n\n", &["=x"]),
    (b"data:x\n\n", &["=x"]),
    (b"data:  x\n\n", &["= x"]),
    (b"data: x \n\n", &["=x "]),
    (b"data:\tx\n\n", &["=\tx"]),
    (b"data\n\n", &["="]),
    (b"data:\n\n", &["="]),
    (b"data: \n\n", &["="]),
    (b"data\ndata\n\n", &["=\n"]),
    (b"data:\ndata:\n\n", &["=\n"]),
    (b"data: a\ndata: b\n\n", &["=a\nb"]),
    (b"data: a\ndata\ndata: b\n\n", &["=a\n\nb"]),
    (b"data: a\r\ndata: b\r\n\r\n", &["=a\nb"]),
    (b"data: a\rdata: b\r\r", &["=a\nb"]),
    (b"data: a\n\r\ndata: b\r\n\rdata: c\r\r\n", &["=a", "=b", "=c"]),
    (b"data: a\r\n\ndata: b\n\r", &["=a", "=b"]),
    (b"data: a\r\r\ndata: b\r\n\r\n", &["=a", "=b"]),
    (b"data: a\r\n\r\n\r\n", &["=a"]),
    (b"data: a", &[]),
    (b"data: a\n", &[]),
    (b"data: a\r\n", &[]),
    (b"data: a\n\ndata: b\n", &["=a"]),
    (b"event: e\ndata: x\n\n", &["e=x"]),
    (b"data: x\nevent: e\n\n", &["e=x"]),
    (b"event: e\n\ndata: x\n\n", &["=x"]),
    (b"event: e\ndata: x\n\ndata: y\n\n", &["e=x", "=y"]),
    (b"event: e\nevent: f\ndata: x\n\n", &["f=x"]),
    (b"event: e\nevent\ndata: x\n\n", &["=x"]),
    (b"event:\ndata: x\n\n", &["=x"]),
    (b"event: a:b\ndata: c: d\n\n", &["a:b=c: d"]),
    (b"event: \xc3\xa9\ndata: \xc3\xa9\n\n", &["\u{e9}=\u{e9}"]),
    (b"event: \xff\ndata: x\n\n", &["\u{fffd}=x"]),
    (b":\n\n", &[]),
    (b": comment\ndata: x\n: another\n\n", &["=x"]),
    (b":data: x\n\n", &[]),
    (b" data: x\n\n", &[]),
    (b"Data: x\n\n", &[]),
    (b"data : x\n\n", &[]),
    (b"dat: x\n\n", &[]),
    (b"datax: x\n\n", &[]),
    (b"datadata: x\n\n", &[]),
    (b"events: e\ndata: x\n\n", &["=x"]),
    (b"unknown: x\ndata: y\nmore\n\n", &["=y"]),
    (b"id: 1\0\nretry: never\nid\nretry: 10\ndata: x\n\n", &["=x"]),
    (b"data: a\0b\n\n", &["=a\0b"]),
    (b"da\0ta: x\n\n", &[]),
    (b"\xef\xbb\xbfdata: x\n\n", &["=x"]),
    (b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\ndata: y\n\n", &["=y"]),
    (b"\xef\xbbdata: x\n\ndata: y\n\n", &["=y"]),
    (b"\xef\n\ndata: y\n\n", &["=y"]),
    (b"\xef\xbb: x\ndata: y\n\n", &["=y"]),
    (b"\xef\xbb\xbf\n\ndata: y\n\n", &["=y"]),
    (b"\n\xef\xbb\xbfdata: x\n\n", &[]),
    (b"\xef\xbb\xbf: comment\n\n", &[]),
    (b"data: x\n\xef\xbb\xbf\n\n", &["=x"]),
    (b"<html>\n<p>data: x</p>\n\n", &[]),
    (b"{\"error\": 1}\n\n", &[]),
];

#[test]
fn cases_at_every_split() {
    for (stream, expected) in CASES {
        let shown = stream.escape_ascii();
        let (events, comments) = parse([*stream]);
        let texts: Vec<_> = events
            .iter()
            .map(|(name, data)| {
                format!("{}={}", name.as_deref().unwrap_or_default(), String::from_utf8_lossy(data))
            })
            .collect();
        assert_eq!(&texts, expected, "{shown}");
        assert_eq!((events.clone(), comments), by_the_letter(stream), "{shown}");
        assert_eq!((events.clone(), comments), parse(stream.chunks(1)), "{shown}");
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!((events.clone(), comments), parse(pieces), "{shown} at {first} and {second}");
            }
        }
    }
}

#[test]
fn comments_are_told_when_they_begin_and_weigh_nothing() {
    let mut parser = SseParser::new(100);
    assert_eq!(parser.feed(&mut &b": still"[..]), Ok(Some(Sse::Comment)));
    let mut comments = 0;
    for _ in 0..10_000 {
        let mut input = &b" here\n: and"[..];
        while let Some(found) = parser.feed(&mut input).expect("comments have no limit") {
            assert_eq!(found, Sse::Comment);
            comments += 1;
        }
    }
    assert_eq!(comments, 10_000);
    assert!(!parser.is_inside_event());
}

/// An event ends at its limit, however it grows: a line without end, data without a blank line, unknown fields.
#[test]
fn large_events_are_refused() {
    for (line, events_of) in [
        (&b"x"[..], "data: "),
        (b"data: x\n", ""),
        (b"data\n", ""),
        (b"y: x\n", ""),
        (b"event: x\n", ""),
        (b"y", ""),
    ] {
        let mut parser = SseParser::new(1000);
        let mut feed = |piece: &[u8]| {
            let mut input = piece;
            while parser.feed(&mut input)?.is_some() {}
            Ok(())
        };
        feed(events_of.as_bytes()).expect("small");
        let ended = (0..2000).find_map(|_| feed(line).err());
        assert_eq!(ended, Some(EventTooLarge), "{}", line.escape_ascii());
    }
    let mut parser = SseParser::new(10);
    let stream = b"data: 123456\n\n".repeat(1000);
    let mut input = &stream[..];
    while parser.feed(&mut input).expect("each is small").is_some() {}
}

/// Data is passed on at once: nothing waits for the end of its line.
#[test]
fn data_is_not_collected() {
    let mut parser = SseParser::new(u64::MAX);
    let piece = [b'A'; 4096];
    let mut passed = 0;
    assert_eq!(parser.feed(&mut &b"data: "[..]), Ok(None));
    for _ in 0..1000 {
        let mut input = &piece[..];
        while let Some(Sse::Data(data)) = parser.feed(&mut input).expect("no limit") {
            passed += data.len();
        }
    }
    assert_eq!(passed, 4096 * 1000);
    assert!(parser.is_inside_event());
}

/// What streams are made of, and what they should not be made of.
const PARTS: &[&[u8]] = &[
    b"data",
    b"event",
    b"id",
    b":",
    b": ",
    b" ",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"x",
    b"\xef\xbb\xbf",
    b"\xef",
    b"\xbb",
    b"\xff",
    b"\0",
    b"data: {}\n",
    b"event: e\r",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_stream(
        parts in proptest::collection::vec(
            proptest::sample::select(PARTS), 0..40,
        ),
        sizes in proptest::collection::vec(1..9_usize, 1..5),
    ) {
        let stream = parts.concat();
        let mut rest = &stream[..];
        let mut sizes = sizes.iter().cycle();
        let pieces = std::iter::from_fn(|| {
            let size = sizes.next().copied().unwrap_or(1).min(rest.len());
            (size > 0).then(|| rest.split_off(..size)).flatten()
        });
        prop_assert_eq!(parse(pieces), by_the_letter(&stream));
    }
}
