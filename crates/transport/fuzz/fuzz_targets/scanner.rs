//! The scanner against `serde_json` and base64 on the whole body. The first byte of the input is the size of the pieces.
#![no_main]

use imagewire_transport::decode::{self, Limits, Place, ScanError, Scanned, Scanner};
use imagewire_types::ImagesResponse;
use libfuzzer_sys::fuzz_target;

type Read = (ImagesResponse, Vec<(usize, Option<Vec<u8>>)>);

fuzz_target!(|input: &[u8]| {
    let Some((&size, body)) = input.split_first() else { return };
    assert_eq!(scan(body.chunks(usize::from(size).max(1))).ok(), whole(body));
});

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

fn scan<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Read, ScanError> {
    let mut scanner = Scanner::new(Limits { images: usize::MAX, ..Limits::default() });
    let (mut payloads, mut at, mut image) = (Vec::new(), 0, Vec::new());
    for mut input in pieces {
        while let Some(found) = scanner.feed(&mut input)? {
            match found {
                Scanned::Start { place: Place::Item(index) } => at = index,
                Scanned::Start { place: Place::Event } => panic!("an answer is no event"),
                Scanned::Bytes(bytes) => image.extend_from_slice(bytes),
                Scanned::End => payloads.push((at, Some(std::mem::take(&mut image)))),
                Scanned::Broken(_) => {
                    payloads.push((at, None));
                    image.clear();
                }
            }
        }
    }
    Ok((scanner.finish()?, payloads))
}
