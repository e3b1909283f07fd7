//! File names for items: plain everywhere, never two alike, and as near to the id as that allows.

use std::collections::BTreeSet;

use crate::Digest;

/// The longest name in bytes; with number and extension it stays below 120.
const LONGEST: usize = 100;
/// What a digest adds.
const SUFFIX: usize = 9;

/// Names that are taken.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    pub(crate) fn take(&mut self, name: String) {
        self.taken.insert(name);
    }

    /// A free name for the files of an item, without number and extension. It is taken then.
    pub(crate) fn give(&mut self, id: &str) -> String {
        let plain = plain(id);
        let mut name = if plain == id { plain.clone() } else { suffixed(&plain, id, 0) };
        for round in 0.. {
            if !self.taken.contains(&name) {
                break;
            }
            name = suffixed(&plain, id, round);
        }
        self.taken.insert(name.clone());
        name
    }
}

/// In ASCII letters, digits, dots, underscores and hyphens.
fn plain(id: &str) -> String {
    let mut name = String::new();
    for character in id.chars() {
        let character = character.to_ascii_lowercase();
        if character.is_ascii_lowercase() || character.is_ascii_digit() || matches!(character, '.' | '_') {
            name.push(character);
        } else if !name.ends_with('-') || character == '-' {
            name.push('-');
        }
        if name.len() > LONGEST {
            name.truncate(LONGEST - SUFFIX);
            break;
        }
    }
    // Names with a dot before them are hidden, those that end in one lose it on some systems.
    let name = name.trim_start_matches(['.', '-']).trim_end_matches('.');
    if name.is_empty() {
        "item".to_owned()
    } else if is_device(name) {
        format!("item-{name}")
    } else {
        name.to_owned()
    }
}

fn suffixed(plain: &str, id: &str, round: u32) -> String {
    let digest = match round {
        0 => Digest::of(id.as_bytes()),
        _ => Digest::of(format!("{round}\0{id}").as_bytes()),
    };
    let kept = plain.get(..LONGEST - SUFFIX).unwrap_or(plain);
    format!("{kept}-{}", digest.short())
}

/// Names that mean a device on Windows, whatever follows their first dot.
fn is_device(name: &str) -> bool {
    let name = name.split('.').next().unwrap_or_default();
    let numbered = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|digit| digit.is_ascii_digit()))
    };
    matches!(name, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") || numbered("com") || numbered("lpt")
}

/// The first words of a prompt, for items without an id.
pub(crate) fn slug(prompt: &str) -> String {
    let mut slug = String::new();
    for word in prompt.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() >= 40 {
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
    use proptest::prelude::*;

    use super::*;

    fn is_safe(name: &str) -> bool {
        let plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        !name.is_empty()
            && name.len() <= LONGEST
            && name.bytes().all(plain)
            && !name.starts_with('.')
            && !is_device(name)
    }

    #[test]
    fn plain_ids_are_their_own_names() {
        let mut names = Names::default();
        for id in ["fox", "fox-2", "0001", "a.b_c", "x.png"] {
            assert_eq!(names.give(id), id);
        }
    }

    #[test]
    fn others_are_changed_and_say_so() {
        let mut names = Names::default();
        assert_eq!(names.give("Fox"), format!("fox-{}", Digest::of(b"Fox").short()));
        assert!(names.give("a/b").starts_with("a-b-"));
        assert!(names.give("..").starts_with("item-"));
        assert!(names.give("con.txt").starts_with("item-con.txt-"));
        assert!(names.give("水獭").starts_with("item-"));
    }

    proptest! {
        #[test]
        fn no_id_leaves_the_folder_and_no_two_meet(ids in prop::collection::btree_set(any::<String>(), 0..40)) {
            let mut names = Names::default();
            let given: Vec<String> = ids.iter().map(|id| names.give(id)).collect();
            prop_assert!(given.iter().all(|name| is_safe(name)), "{given:?}");
            prop_assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), ids.len());
        }
    }
}
