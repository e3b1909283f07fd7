//! A stream in pieces against the same stream in one. The first byte of the input is the size of the pieces.
#![no_main]

use imagewire_transport::stream::{EventDecoder, Item, Limits, Sse, SseParser};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&size, stream)) = input.split_first() else { return };
    let size = usize::from(size).max(1);
    assert_eq!(parse(stream.chunks(size)), parse(std::iter::once(stream)));
    assert_eq!(decode(stream.chunks(size)), decode(std::iter::once(stream)));
});

fn parse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<(Option<String>, Vec<u8>)>, bool) {
    let mut parser = SseParser::new(1 << 20);
    let (mut events, mut data) = (Vec::new(), Vec::new());
    for mut input in pieces {
        loop {
            match parser.feed(&mut input) {
                Ok(Some(Sse::Data(bytes))) => data.extend_from_slice(bytes),
                Ok(Some(Sse::Comment)) => {}
                Ok(Some(Sse::End { name })) => events.push((name, std::mem::take(&mut data))),
                Ok(None) => break,
                Err(_) => return (events, false),
            }
        }
    }
    (events, true)
}

/// What was found, with the bytes of images that came whole.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<String>, String) {
    let mut decoder = EventDecoder::new(Limits { images: 3, ..Limits::default() });
    let (mut found, mut image) = (Vec::new(), Vec::new());
    for mut input in pieces {
        loop {
            match decoder.feed(&mut input) {
                Ok(Some(Item::Bytes(bytes))) => image.extend_from_slice(bytes),
                Ok(Some(Item::Broken(_))) => image.clear(),
                Ok(Some(Item::End)) => found.push(format!("{:?}", std::mem::take(&mut image))),
                Ok(Some(item)) => found.push(format!("{item:?}")),
                Ok(None) => break,
                Err(error) => return (found, format!("{:?} in {}", error.error.fault, error.event)),
            }
        }
    }
    (found, format!("{:?} {:?}", decoder.verdict(), decoder.tally()))
}
