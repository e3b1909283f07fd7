//! Names for images, from a template: `20261122T101500Z-a-corgi-in-a-field-1f3a9c2e`.

use std::{
    process,
    time::{Duration, SystemTime},
};

use imagewire_types::CreateImageRequest;
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// The template unless another is given.
pub(super) const USUAL: &str = "{timestamp}-{slug}-{hash8}";

const LONGEST_SLUG: usize = 40;
/// The longest name, in bytes: with number and extension it stays below the 255 of common file systems.
const LONGEST: usize = 200;

/// What the tokens of a template stand for.
#[derive(Debug)]
pub(super) struct Tokens {
    timestamp: String,
    slug: String,
    /// Of the request, and so known before anything is bought.
    hash: String,
    id: String,
    model: String,
    profile: String,
    seed: Option<String>,
}

impl Tokens {
    pub(super) fn of(
        request: &CreateImageRequest,
        service: &str,
        profile: &str,
        model: Option<&str>,
        now: SystemTime,
    ) -> Self {
        let body = serde_json::to_vec(request).unwrap_or_default();
        let hash = hex(&Sha256::new().chain_update(service).chain_update([0]).chain_update(body).finalize());
        let id = hex(&Sha256::digest(format!("{} {hash}", unique())));
        let seed = request
            .extra
            .get("seed")
            .map(|seed| seed.as_str().map_or_else(|| seed.to_string(), str::to_owned));
        Self {
            timestamp: humantime::format_rfc3339_seconds(now).to_string().replace(['-', ':'], ""),
            slug: slug(&request.prompt),
            hash,
            id: id[..12].to_owned(),
            model: plain(model.unwrap_or("deployment")),
            profile: plain(profile),
            seed: seed.as_deref().map(plain),
        }
    }

    /// The name of the files of one request, without extension. `index` counts the requests from 1 when there are
    /// several; without a token of its own it goes to the end.
    pub(super) fn fill(&self, template: &str, index: Option<usize>) -> Result<String, Failure> {
        let mut name = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((token, after)) = after.split_once('}') else {
                return Err(Failure::configuration(format!("--name {template:?}: a {{ without a }}")));
            };
            name.push_str(before);
            let value = match token {
                "timestamp" => &self.timestamp,
                "slug" => &self.slug,
                "hash8" => &self.hash[..8],
                "hash" => &self.hash,
                "id" => &self.id,
                "model" => &self.model,
                "profile" => &self.profile,
                "index" => &index.unwrap_or(1).to_string(),
                "seed" => self.seed.as_ref().ok_or_else(|| {
                    Failure::configuration(
                        "--name asks for {seed}, and the request has none\nadd --extra seed=…",
                    )
                })?,
                _ => {
                    return Err(Failure::configuration(format!(
                        "--name: {{{token}}} is no token\nuse {{timestamp}} {{slug}} {{hash8}} {{hash}} {{id}} \
                         {{index}} {{model}} {{profile}} {{seed}}"
                    )));
                }
            };
            // A prompt without a single letter leaves no gap.
            if value.is_empty() {
                name.truncate(name.trim_end_matches(['-', '_', '.']).len());
            }
            name.push_str(value);
            rest = after;
        }
        name.push_str(rest);
        if let (Some(index), false) = (index, template.contains("{index}")) {
            name.push_str(&format!("-{index}"));
        }
        let is_plain =
            !name.starts_with('.') && !name.contains(['/', '\\']) && !name.chars().any(char::is_control);
        if name.is_empty() || !is_plain || name.len() > LONGEST {
            return Err(Failure::configuration(format!(
                "--name gives {name:?}\nit must be a plain name of at most {LONGEST} bytes; --output takes folders"
            )));
        }
        Ok(name)
    }
}

/// A name that nothing has yet.
pub(super) fn unique() -> String {
    let now = SystemTime::now();
    let nanos = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_nanos();
    format!("{nanos}-{}", process::id())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The prompt's first words in ASCII letters and digits.
fn slug(prompt: &str) -> String {
    let mut slug = String::new();
    for word in prompt.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() >= LONGEST_SLUG {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    slug
}

/// In letters that every file system takes.
fn plain(text: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    text.chars().take(60).map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(prompt: &str) -> Tokens {
        Tokens::of(
            &CreateImageRequest::new(prompt),
            "openai",
            "openai",
            Some("account/gpt-image-2"),
            SystemTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn slugs_are_plain_names() {
        assert_eq!(slug("A corgi, in a field!"), "a-corgi-in-a-field");
        assert_eq!(slug("../../etc/passwd\0\u{1b}[2J"), "etc-passwd-2j");
        assert_eq!(slug("水獭"), "");
        assert!(slug(&"word ".repeat(100)).len() <= LONGEST_SLUG);
        assert!(slug(&"x".repeat(500)).is_empty());
    }

    #[test]
    fn templates_are_filled_and_the_hash_is_the_requests() {
        let one = tokens("A corgi").fill(USUAL, None).expect("a name");
        assert!(one.starts_with("19700101T000000Z-a-corgi-"), "{one}");
        assert_eq!(one, tokens("A corgi").fill(USUAL, None).expect("a name"));
        assert_ne!(one, tokens("A corgi.").fill(USUAL, None).expect("a name"));
        assert_eq!(
            tokens("x").fill("{slug}_{model}_{profile}", None).expect("a name"),
            "x_account-gpt-image-2_openai"
        );
        assert_eq!(tokens("x").fill("{slug}", Some(2)).expect("a name"), "x-2");
        assert_eq!(tokens("x").fill("{index} of {slug}", Some(2)).expect("a name"), "2 of x");
        assert!(tokens("水獭").fill(USUAL, None).expect("a name").starts_with("19700101T000000Z-"));
        assert!(!tokens("水獭").fill(USUAL, None).expect("a name").contains("--"));
    }

    #[test]
    fn names_stay_in_their_folder() {
        for template in
            ["../{slug}", "{slug}/x", "", ".hidden", "{nobody}", "{slug", "{seed}", "a\nb", &"x".repeat(201)]
        {
            assert!(tokens("x").fill(template, None).is_err(), "{template:?}");
        }
        let seeded = CreateImageRequest::new("x");
        let mut seeded = seeded;
        seeded.extra.insert("seed", 7).expect("no field");
        let seeded = Tokens::of(&seeded, "openai", "work", None, SystemTime::UNIX_EPOCH);
        assert_eq!(seeded.fill("{seed}-{model}", None).expect("a name"), "7-deployment");
    }
}
