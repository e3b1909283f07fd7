//! imagewire's own build tasks. [`generate`] is pure: schema documents in, files out.

mod bundle;
pub mod conformance;
pub mod diff;
mod emit;
pub mod inputs;
mod json;
pub mod meta;
pub mod pages;
pub mod report;
pub mod write;

use imagewire_spec::{
    ir::Specification,
    load::{Diagnostic, Source},
    lower,
};

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its path with forward slashes, relative to the workspace.
    pub path: String,
    /// Its contents.
    pub text: String,
}

/// Folders that hold generated files alone: what is there and not generated any more is stale.
pub const GENERATED_FOLDERS: &[&str] = &[
    "crates/types/src/generated",
    "crates/validate/openapi",
    "crates/validate/src/generated",
    "docs/dialects",
    "docs/models",
];

/// Loads, checks and lowers the documents.
///
/// # Errors
/// Everything that is wrong with them.
pub fn specification(sources: &[Source]) -> Result<Specification, Vec<Diagnostic>> {
    let lowered = lower::specification(sources);
    // The loader's own findings name the place best; the meta-schemas then judge what it has no opinion on.
    let meta = meta::check(sources).into_sorted();
    match lowered {
        Ok(specification) if meta.is_empty() => Ok(specification),
        Ok(_) => Err(meta),
        Err(mut found) => {
            let rest: Vec<Diagnostic> =
                meta.into_iter().filter(|other| !found.iter().any(|known| overlap(known, other))).collect();
            found.extend(rest);
            found.sort_by(|a, b| (&a.path, a.span.start).cmp(&(&b.path, b.span.start)));
            Err(found)
        }
    }
}

/// Whether the second finding is about the same place as the first, or about its surroundings or parts.
fn overlap(known: &Diagnostic, other: &Diagnostic) -> bool {
    let inside = |outer: &str, inner: &str| {
        !outer.is_empty() && inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
    };
    let (a, b) = (known.pointer.as_str(), other.pointer.as_str());
    // Both judges word a missing member alike, so that two different ones in one place are told apart.
    let differ = other.message.starts_with("no `") && known.message != other.message;
    known.path == other.path && ((a == b && !differ) || inside(a, b) || inside(b, a))
}

/// All generated files, by path; [`pages::complete`] then computes the examples of the reference pages.
///
/// # Errors
/// Everything that is wrong with the documents.
pub fn generate(sources: &[Source]) -> Result<Vec<File>, Vec<Diagnostic>> {
    let specification = specification(sources)?;
    let mut files = emit::files(&specification);
    files.extend(bundle::files(sources, &specification));
    files.sort();
    Ok(files)
}
