//! Links to pictures. A link says everything about its picture, so serving it needs no memory of the answer.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use imagewire_types::UnixTime;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    draw::{Format, MAX_SIDE, Picture},
    order::Look,
};

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

/// Writes links that are good for a while, and reads them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    look: Look,
    ttl: Duration,
}

/// Why a link leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// No link of ours.
    Unknown,
    /// Its signature is missing, or somebody changed it.
    Unsigned,
    /// It was good until that second.
    Expired(i64),
}

impl Links {
    pub(crate) fn new(look: Look, ttl: Duration) -> Self {
        Self { look, ttl }
    }

    /// The link of a picture that was made at that time; `origin` is like `http://127.0.0.1:8080`.
    pub(crate) fn to(self, origin: &str, picture: &Picture, made: UnixTime) -> String {
        let path = path(picture);
        let expiry = made.0.saturating_add(i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX));
        format!("{origin}{path}?se={expiry}&sig={}", self.signature(&path, expiry))
    }

    /// The picture of a link, if it is still good at that time.
    pub(crate) fn picture(self, segment: &str, query: &str, now: UnixTime) -> Result<Picture, Broken> {
        let picture = picture(segment, self.look.texture).ok_or(Broken::Unknown)?;
        let parameter = |name: &str| {
            query.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name)
        };
        let expiry = parameter("se").and_then(|(_, expiry)| expiry.parse::<i64>().ok());
        let expiry = expiry.ok_or(Broken::Unsigned)?;
        let (_, signature) = parameter("sig").ok_or(Broken::Unsigned)?;
        if signature != self.signature(&path(&picture), expiry) {
            return Err(Broken::Unsigned);
        }
        if now.0 >= expiry { Err(Broken::Expired(expiry)) } else { Ok(picture) }
    }

    /// No secret keeps links apart from forgeries: clients shall only notice when they lose a part of the address.
    fn signature(self, path: &str, expiry: i64) -> String {
        let digest = Sha256::digest(format!("{} {expiry} {path}", self.look.seed));
        URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default())
    }
}

/// The path of a picture's link.
fn path(picture: &Picture) -> String {
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
fn picture(segment: &str, texture: u8) -> Option<Picture> {
    let (id, _) = segment.rsplit_once('.')?;
    let facts: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
    let number = |at: usize| facts.get(at).and_then(Value::as_u64);
    let side = |at: usize| {
        number(at).and_then(|side| u32::try_from(side).ok()).filter(|side| (1..=MAX_SIDE).contains(side))
    };
    Some(Picture {
        prompt: facts.get(0)?.as_str()?.to_owned(),
        width: side(1)?,
        height: side(2)?,
        format: match facts.get(3)?.as_str()? {
            "png" => Format::Png,
            "jpg" => Format::Jpeg,
            "webp" => Format::Webp,
            "gif" => Format::Gif,
            "svg" => Format::Svg,
            _ => return None,
        },
        compression: number(4).and_then(|level| u8::try_from(level).ok()),
        transparent: facts.get(5)?.as_bool()?,
        index: u32::try_from(number(6)?).ok()?,
        seed: number(7)?,
        texture,
        roughness: 0,
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
                texture: 3,
                roughness: 0,
            };
            let link = path(&drawn);
            assert!(link.len() < 2_000, "{}", link.len());
            assert_eq!(picture(link.trim_start_matches("/images/"), 3), Some(drawn));
        }
    }

    #[test]
    fn a_link_is_good_for_a_while_and_only_whole() {
        let links = Links::new(Look { seed: 7, texture: 3 }, Duration::from_secs(60));
        let drawn = picture("WyJ4Iiw2NCwzMiwicG5nIixudWxsLGZhbHNlLDAsN10.png", 3).expect("a picture");
        let link = links.to("http://localhost", &drawn, UnixTime(1_000));
        let (path, query) = link.split_once('?').expect("a query");
        let segment = path.trim_start_matches("http://localhost/images/");
        assert_eq!(links.picture(segment, query, UnixTime(1_059)), Ok(drawn));
        assert_eq!(links.picture(segment, query, UnixTime(1_060)), Err(Broken::Expired(1_060)));
        assert_eq!(links.picture(segment, "", UnixTime(1_000)), Err(Broken::Unsigned));
        let later = query.replace("se=1060", "se=9999");
        assert_eq!(links.picture(segment, &later, UnixTime(1_000)), Err(Broken::Unsigned));
        assert_eq!(links.picture("strange.png", query, UnixTime(1_000)), Err(Broken::Unknown));
    }

    #[test]
    fn long_prompts_that_begin_alike_are_told_apart() {
        let start = "x".repeat(400);
        assert_ne!(prompt_shown(&format!("{start}a")), prompt_shown(&format!("{start}b")));
    }

    #[test]
    fn strangers_are_no_links() {
        for segment in ["", "x", "x.png", "../../etc/passwd", "W10.png"] {
            assert_eq!(picture(segment, 3), None, "{segment}");
        }
    }
}
