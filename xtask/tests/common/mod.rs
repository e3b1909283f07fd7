//! The fixture: a small schema set with a little of everything, under the project's own meta-schemas.
#![allow(dead_code, reason = "each test program uses its part")]

use std::path::{Path, PathBuf};

use imagewire_spec::load::Source;
use xtask::inputs;

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_path_buf()
}

/// The project's own documents.
pub(crate) fn real() -> Vec<Source> {
    inputs::read(&workspace().join("schemas")).expect("the schemas can be read")
}

/// The fixture's documents and the project's meta-schemas.
pub(crate) fn fixture() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schemas");
    let mut sources: Vec<Source> =
        real().into_iter().filter(|source| source.path.starts_with("meta/")).collect();
    for part in ["dialects", "models", "wire"] {
        sources.extend(inputs::read_folder(&folder, part).expect("the fixture can be read"));
    }
    sources.sort();
    sources
}

/// The document at a path, to change its text.
pub(crate) fn document<'a>(sources: &'a mut [Source], path: &str) -> &'a mut String {
    &mut sources.iter_mut().find(|source| source.path == path).expect("a document of the set").text
}
