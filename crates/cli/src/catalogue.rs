//! The models that the commands know: the built-in ones and the user's own.

use std::{fs, path::PathBuf};

use imagewire_validate::Catalogue;

use crate::failure::Failure;

#[derive(Debug, Default, clap::Args)]
pub(crate) struct CatalogueArguments {
    /// A model file of your own (see schemas/README.md); it adds a model or replaces a built-in one
    #[arg(long = "models", value_name = "FILE.json")]
    files: Vec<PathBuf>,
}

impl CatalogueArguments {
    /// Lives as long as the process: commands read it once.
    pub(crate) fn load(&self) -> Result<&'static Catalogue, Failure> {
        if self.files.is_empty() {
            return Ok(Catalogue::built_in());
        }
        let mut catalogue = Catalogue::default();
        for file in &self.files {
            let path = file.display().to_string();
            let text = fs::read_to_string(file)
                .map_err(|error| Failure::configuration(format!("cannot read {path}: {error}")))?;
            catalogue.add(&path, &text).map_err(|error| Failure::configuration(error.to_string()))?;
        }
        Ok(Box::leak(Box::new(catalogue)))
    }
}
