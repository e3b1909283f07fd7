//! imagewire's own build tasks. [`generate`] is pure: schema documents in, files out.

pub mod conformance;
mod emit;
pub mod inputs;
pub mod meta;
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
pub const GENERATED_FOLDERS: &[&str] =
    &["crates/types/src/generated", "crates/validate/src/generated", "docs/dialects", "docs/models"];

/// Loads, checks and lowers the documents.
///
/// # Errors
/// Everything that is wrong with them.
pub fn specification(sources: &[Source]) -> Result<Specification, Vec<Diagnostic>> {
    let lowered = lower::specification(sources);
    // The loader's own findings name the place best; the meta-schemas then judge what it has no opinion on.
    let meta = meta::check(sources);
    match lowered {
        Ok(specification) if meta.is_empty() => Ok(specification),
        Ok(_) => Err(meta.into_sorted()),
        Err(mut found) => {
            let clean = |other: &Diagnostic| !found.iter().any(|known| known.path == other.path);
            let rest: Vec<Diagnostic> = meta.into_sorted().into_iter().filter(clean).collect();
            found.extend(rest);
            Err(found)
        }
    }
}

/// All generated files, by path.
///
/// # Errors
/// Everything that is wrong with the documents.
pub fn generate(sources: &[Source]) -> Result<Vec<File>, Vec<Diagnostic>> {
    let specification = specification(sources)?;
    let mut files = emit::files(&specification);
    files.sort();
    Ok(files)
}
