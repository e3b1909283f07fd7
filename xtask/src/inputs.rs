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
        sources.extend(read_folder(schemas, folder)?);
    }
    sources.sort();
    Ok(sources)
}

/// The documents of one of its folders, in no particular order.
///
/// # Errors
/// As [`read`].
pub fn read_folder(schemas: &Path, folder: &str) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let directory = schemas.join(folder);
    let entries = fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            bail!("{} is not a JSON document: move it out of {}", path.display(), directory.display());
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let Ok(text) = String::from_utf8(bytes) else {
            bail!("{} is not UTF-8: save it as such, without a byte order mark", path.display());
        };
        sources.push(Source { path: format!("{folder}/{name}"), text });
    }
    Ok(sources)
}
