//! Wire names to Rust names.

/// The name of a struct field: the wire name, unless that is a word of the language.
#[must_use]
pub fn field(wire: &str) -> String {
    match wire {
        "type" => "kind".to_owned(),
        _ => wire.replace(['-', '.'], "_"),
    }
}

/// The name of an enum's variant: `b64_json` becomes `B64Json`, `image_generation.completed` its last part.
/// `Unknown` itself is for values without a name, so the value `unknown` is called `Unspecified`.
pub(crate) fn variant(wire: &str) -> String {
    match wire {
        "unknown" => "Unspecified".to_owned(),
        _ => pascal(wire.rsplit('.').next().unwrap_or(wire)),
    }
}

/// The name of a constant: `gpt-image-1.5` becomes `GPT_IMAGE_1_5`.
#[must_use]
pub fn constant(wire: &str) -> String {
    wire.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Whether Rust takes the name as an identifier.
pub(crate) fn is_identifier(name: &str) -> bool {
    const RESERVED: &[&str] = &[
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
        "extra", "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod", "move",
        "mut", "new", "pub", "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true",
        "type", "Unknown", "unsafe", "use", "where", "while",
    ];
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
}

fn pascal(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(|word| {
            let mut chars = word.chars();
            let first = chars.next()?;
            Some(first.to_ascii_uppercase().to_string() + chars.as_str())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_become_rust_names() {
        assert_eq!(variant("b64_json"), "B64Json");
        assert_eq!(variant("image_generation.partial_image"), "PartialImage");
        assert_eq!(constant("gpt-image-1.5"), "GPT_IMAGE_1_5");
        assert_eq!(field("type"), "kind");
        assert!(is_identifier("PartialImage") && !is_identifier("1024x1024") && !is_identifier("Unknown"));
    }
}
