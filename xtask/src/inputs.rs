//! Reading the schema folder.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use imagewire_spec::load::Source;

const FOLDERS: &[&str] = &["dialects", "meta", "models", "wire"];

/// All documents of a schema folder, by path.
///
/// # Errors
/// When a folder or file cannot be read, or something lies there that is no JSON file.
pub fn read(schemas: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in FOLDERS {
        let directory = schemas.join(folder);
        let entries =
            fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if !name.ends_with(".json") {
                bail!("{} is not a JSON document: move it out of {}", path.display(), directory.display());
            }
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            sources.push(Source { path: format!("{folder}/{name}"), text });
        }
    }
    sources.sort();
    Ok(sources)
}
