//! Whether the head of a file allows transparency.

use crate::decode::Format;

/// `None` when the head does not tell.
pub(super) fn may_be_transparent(format: Format, bytes: &[u8]) -> Option<bool> {
    match format {
        Format::Jpeg => Some(false),
        Format::Png => png(bytes),
        Format::Webp => webp(bytes),
        Format::Gif | Format::Svg | Format::Other => None,
    }
}

/// The kind of colour says it, or else a chunk `tRNS`, which stands before the picture's data.
fn png(bytes: &[u8]) -> Option<bool> {
    // Signature of 8 bytes; length, `IHDR`, width, height and depth of 17.
    match bytes.get(25)? {
        4 | 6 => return Some(true),
        _ => {}
    }
    let mut rest = bytes.get(8..)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let name = after.get(..4)?;
        match name {
            b"tRNS" => return Some(true),
            b"IDAT" | b"IEND" => return Some(false),
            _ => {}
        }
        // Name and checksum beside the data; a length from outside must not overflow.
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_add(8)?;
        rest = after.get(length..)?;
    }
}

fn webp(bytes: &[u8]) -> Option<bool> {
    match bytes.get(12..16)? {
        // A flag of the extended header, or of the lossless bit stream after its 14 bits of width and of height.
        b"VP8X" => Some(bytes.get(20)? & 0x10 != 0),
        b"VP8L" => Some(bytes.get(24)? & 0x10 != 0),
        b"VP8 " => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    /// A PNG of that kind of colour, with those empty chunks after its head.
    fn coloured(kind: u8, chunks: &[&[u8; 4]]) -> Vec<u8> {
        let mut bytes = samples::png(1, 1);
        bytes[25] = kind;
        bytes.truncate(33);
        for chunk in chunks {
            bytes.extend([0, 0, 0, 0]);
            bytes.extend(*chunk);
            bytes.extend([0, 0, 0, 0]);
        }
        bytes
    }

    fn lossless(alpha: bool) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\0\0\0", &[if alpha { 0x10 } else { 0 }][..]].concat()
    }

    #[test]
    fn heads() {
        let mut extended = samples::webp(1, 1);
        extended[20] = 0x10;
        for (format, bytes, expected) in [
            (Format::Png, coloured(6, &[]), Some(true)),
            (Format::Png, coloured(4, &[]), Some(true)),
            (Format::Png, coloured(2, &[b"IDAT"]), Some(false)),
            (Format::Png, coloured(3, &[b"PLTE", b"tRNS", b"IDAT"]), Some(true)),
            (Format::Png, coloured(3, &[b"PLTE", b"IDAT", b"tRNS"]), Some(false)),
            (Format::Png, coloured(0, &[b"gAMA"]), None),
            (Format::Webp, samples::webp(1, 1), Some(false)),
            (Format::Webp, extended, Some(true)),
            (Format::Webp, lossless(true), Some(true)),
            (Format::Webp, lossless(false), Some(false)),
            (Format::Webp, b"RIFF\0\0\0\0WEBPVP8 \0".to_vec(), Some(false)),
            (Format::Jpeg, samples::jpeg(1, 1), Some(false)),
            (Format::Gif, samples::gif(1, 1), None),
        ] {
            assert_eq!(may_be_transparent(format, &bytes), expected, "{format} {bytes:?}");
        }
    }

    #[test]
    fn cut_and_lying_heads_do_no_harm() {
        for whole in [coloured(3, &[b"PLTE", b"tRNS"]), lossless(true), samples::webp(1, 1)] {
            for length in 0..whole.len() {
                for format in [Format::Png, Format::Webp] {
                    let _ = may_be_transparent(format, &whole[..length]);
                }
            }
        }
        let mut lying = coloured(3, &[b"PLTE"]);
        lying[33..37].fill(0xff);
        assert_eq!(png(&lying), None);
    }
}
