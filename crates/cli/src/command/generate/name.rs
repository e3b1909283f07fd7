//! Names for images: `20261122T101500Z-a-corgi-in-a-field-1f3a9c2e`.

use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

const LONGEST_SLUG: usize = 40;

/// The present in UTC, in letters that every file system takes.
pub(super) fn timestamp() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string().replace(['-', ':'], "")
}

/// A name for the prompt's images, without an extension.
pub(super) fn stem(prompt: &str) -> String {
    let digest: String =
        Sha256::digest(prompt.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let slug = slug(prompt);
    if slug.is_empty() {
        format!("{}-{digest}", timestamp())
    } else {
        format!("{}-{slug}-{digest}", timestamp())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_plain_names() {
        assert_eq!(slug("A corgi, in a field!"), "a-corgi-in-a-field");
        assert_eq!(slug("../../etc/passwd\0\u{1b}[2J"), "etc-passwd-2j");
        assert_eq!(slug("水獭"), "");
        assert!(slug(&"word ".repeat(100)).len() <= LONGEST_SLUG);
        assert!(slug(&"x".repeat(500)).is_empty());
    }
}
