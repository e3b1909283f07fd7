//! What several test programs share.

#![allow(clippy::missing_panics_doc, reason = "a test that panics fails, which is what it is for")]

pub mod http;
pub mod oracle;
pub mod requests;

use std::path::{Path, PathBuf};

/// The workspace's folder.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Every dialect and, for each, every model and no model at all.
pub fn pairs() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let catalogue = imagewire_validate::Catalogue::built_in();
    catalogue.dialects().iter().flat_map(|dialect| {
        let models = catalogue_models().into_iter().map(Some).chain([None]);
        models.map(move |model| (dialect.id.as_ref(), model))
    })
}

fn catalogue_models() -> Vec<&'static str> {
    imagewire_validate::Catalogue::built_in().models().map(|model| model.id.as_ref()).collect()
}
