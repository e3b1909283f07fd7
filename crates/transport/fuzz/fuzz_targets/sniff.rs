//! The heads of images. The first byte says how much of the rest has come: what is known of an image then does not change
//! when more comes, and of the simple formats a few bytes at fixed places tell the same.
#![no_main]

use imagewire_transport::decode::{Format, Sniffed, sniff};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&part, bytes)) = input.split_first() else { return };
    let begun = &bytes[..bytes.len().min(usize::from(part))];
    let whole = sniff(bytes);
    if let Ok(found) = sniff(begun)
        && Format::KNOWN.contains(&found.format)
    {
        assert_eq!(whole, Ok(found));
    }
    let Ok(Sniffed { format, width, height }) = whole else { return };
    // A drawing may leave its size open.
    assert!(format == Format::Svg || (width > 0 && height > 0));
    let little = |at: usize| u32::from(bytes[at]) | u32::from(bytes[at + 1]) << 8;
    match format {
        Format::Png => {
            assert!(bytes.starts_with(b"\x89PNG"));
            assert_eq!(bytes[16..24], [width.to_be_bytes(), height.to_be_bytes()].concat());
        }
        Format::Gif => {
            assert!(bytes.starts_with(b"GIF8"));
            assert_eq!((little(6), little(8)), (width, height));
        }
        Format::Jpeg => assert!(bytes.starts_with(b"\xff\xd8\xff")),
        Format::Webp => assert!(bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WEBP"),
        Format::Svg => assert!(bytes.windows(4).any(|four| four == b"<svg")),
        Format::Other => {}
    }
});
