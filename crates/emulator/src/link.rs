//! Links to pictures. A link says everything about its picture, so serving it needs no memory of the answer.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::draw::{DEFAULT_TEXTURE, Format, Picture};

/// Prompts are cut to this many characters in pictures and links; a digest of the whole keeps long ones apart.
const PROMPT_SHOWN: usize = 160;

/// The part of a prompt that decides the picture. The digest follows a control character, which captions leave out.
pub(crate) fn prompt_shown(prompt: &str) -> String {
    if prompt.chars().nth(PROMPT_SHOWN).is_none() {
        return prompt.to_owned();
    }
    let start: String = prompt.chars().take(PROMPT_SHOWN).collect();
    let digest = Sha256::digest(prompt.as_bytes());
    let digest = u64::from_be_bytes(std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default()));
    format!("{start}\u{1}{}", digest_letters(digest))
}

/// Sixteen control characters for the 64 bits, so that captions leave the digest out altogether.
fn digest_letters(digest: u64) -> String {
    (0..16)
        .filter_map(|at| char::from_u32(0x10 + u32::try_from((digest >> (at * 4)) & 0xf).unwrap_or_default()))
        .collect()
}

/// The path of a picture's link.
pub(crate) fn path(picture: &Picture) -> String {
    let facts = json!([
        picture.prompt,
        picture.width,
        picture.height,
        picture.format.extension(),
        picture.compression,
        picture.transparent,
        picture.index,
        picture.seed,
    ]);
    format!("/images/{}.{}", URL_SAFE_NO_PAD.encode(facts.to_string()), picture.format.extension())
}

/// The picture of a link's last path segment; `None` when it is no link of ours.
pub(crate) fn picture(segment: &str) -> Option<Picture> {
    let (id, _) = segment.rsplit_once('.')?;
    let facts: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
    let number = |at: usize| facts.get(at).and_then(Value::as_u64);
    Some(Picture {
        prompt: facts.get(0)?.as_str()?.to_owned(),
        width: u32::try_from(number(1)?).ok()?,
        height: u32::try_from(number(2)?).ok()?,
        format: match facts.get(3)?.as_str()? {
            "png" => Format::Png,
            "jpg" => Format::Jpeg,
            "webp" => Format::Webp,
            _ => return None,
        },
        compression: number(4).and_then(|level| u8::try_from(level).ok()),
        transparent: facts.get(5)?.as_bool()?,
        index: u32::try_from(number(6)?).ok()?,
        seed: number(7)?,
        texture: DEFAULT_TEXTURE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_everything_about_its_picture() {
        let long = "a very long prompt ".repeat(100);
        for prompt in ["", "a corgi in a field", "🦦 / .. %2e", long.as_str()] {
            let drawn = Picture {
                prompt: prompt_shown(prompt),
                width: 64,
                height: 32,
                format: Format::Webp,
                compression: Some(80),
                transparent: true,
                index: 3,
                seed: 7,
                texture: DEFAULT_TEXTURE,
            };
            let link = path(&drawn);
            assert!(link.len() < 2_000, "{}", link.len());
            assert_eq!(picture(link.trim_start_matches("/images/")), Some(drawn));
        }
    }

    #[test]
    fn long_prompts_that_begin_alike_are_told_apart() {
        let start = "x".repeat(400);
        assert_ne!(prompt_shown(&format!("{start}a")), prompt_shown(&format!("{start}b")));
    }

    #[test]
    fn strangers_are_no_links() {
        for segment in ["", "x", "x.png", "../../etc/passwd", "W10.png"] {
            assert_eq!(picture(segment), None, "{segment}");
        }
    }
}
