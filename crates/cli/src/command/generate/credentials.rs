//! Whether an image carries content credentials: a C2PA manifest store, wherever its format keeps one.
//!
//! Only their presence is told. Whether they are genuine is for tools that verify signatures.

use imagewire_transport::decode::Format;

pub(super) fn present(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Png => png(bytes),
        Format::Jpeg => jpeg(bytes),
        Format::Webp => webp(bytes),
        Format::Gif | Format::Svg | Format::Other => false,
    }
}

/// A chunk `caBX`.
fn png(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        match after.get(..4) {
            Some(b"caBX") => return true,
            Some(b"IEND") | None => return false,
            Some(_) => {}
        }
        let skipped =
            usize::try_from(u32::from_be_bytes(*length)).ok().and_then(|length| length.checked_add(8));
        rest = skipped.and_then(|skipped| after.get(skipped..)).unwrap_or_default();
    }
    false
}

/// A segment APP11 with a JUMBF box whose label is `c2pa`; all segments stand before the picture's data.
fn jpeg(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xff, marker, after @ ..] = rest {
        match marker {
            // Fill bytes, and markers without a length.
            0xff => {
                rest = &rest[1..];
                continue;
            }
            0x01 | 0xd0..=0xd7 => {
                rest = after;
                continue;
            }
            0xd9 | 0xda => return false,
            _ => {}
        }
        let Some((length, _)) = after.split_first_chunk::<2>() else { return false };
        let segment = after.get(..usize::from(u16::from_be_bytes(*length))).unwrap_or_default();
        if *marker == 0xeb && contains(segment, b"jumb") && contains(segment, b"c2pa") {
            return true;
        }
        if segment.len() < 2 {
            return false;
        }
        rest = &after[segment.len()..];
    }
    false
}

/// A chunk `C2PA`.
fn webp(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some((name, after)) = rest.split_first_chunk::<4>() {
        if name == b"C2PA" {
            return true;
        }
        let Some((length, after)) = after.split_first_chunk::<4>() else { return false };
        // Chunks begin at even places.
        let skipped = usize::try_from(u32::from_le_bytes(*length))
            .ok()
            .and_then(|length| length.checked_next_multiple_of(2));
        rest = skipped.and_then(|skipped| after.get(skipped..)).unwrap_or_default();
    }
    false
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_with(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (name, data) in chunks {
            bytes.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
            bytes.extend(*name);
            bytes.extend(*data);
            bytes.extend([0; 4]);
        }
        bytes
    }

    fn jpeg_with(segments: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8];
        for (marker, data) in segments {
            bytes.extend([0xff, *marker]);
            bytes.extend(u16::try_from(data.len() + 2).expect("short").to_be_bytes());
            bytes.extend(*data);
        }
        bytes
    }

    fn webp_with(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        for (name, data) in chunks {
            bytes.extend(*name);
            bytes.extend(u32::try_from(data.len()).expect("short").to_le_bytes());
            bytes.extend(*data);
            bytes.extend(vec![0; data.len() % 2]);
        }
        bytes
    }

    #[test]
    fn each_format_has_its_place() {
        let jumbf: &[u8] = b"JP\0\x01\0\0\0\x01\0\0\0\x30jumb\0\0\0\x20jumdc2pa\0\x11";
        let with = [
            (Format::Png, png_with(&[(b"IHDR", &[0; 13]), (b"caBX", b"x"), (b"IDAT", b"y")])),
            (Format::Jpeg, jpeg_with(&[(0xe0, b"JFIF"), (0xeb, jumbf), (0xda, b"")])),
            (Format::Webp, webp_with(&[(b"VP8X", &[0; 10]), (b"ICCP", b"odd"), (b"C2PA", b"x")])),
        ];
        for (format, bytes) in &with {
            assert!(present(bytes, *format), "{format}");
            // Nothing panics, and nothing is found in what was cut off before it.
            for length in 0..bytes.len() {
                present(&bytes[..length], *format);
            }
        }
        for (format, bytes) in [
            (Format::Png, png_with(&[(b"IHDR", b"caBX"), (b"IEND", b""), (b"caBX", b"")])),
            (Format::Jpeg, jpeg_with(&[(0xe1, jumbf), (0xeb, b"JP other"), (0xda, jumbf)])),
            (Format::Webp, webp_with(&[(b"VP8 ", b"C2PA"), (b"EXIF", b"")])),
            (Format::Gif, b"GIF89a C2PA".to_vec()),
            (Format::Png, vec![0xff; 64]),
            (Format::Jpeg, vec![0xff; 64]),
            (Format::Jpeg, vec![0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff]),
            (Format::Webp, vec![0xff; 64]),
        ] {
            assert!(!present(&bytes, format), "{format}");
        }
    }
}
