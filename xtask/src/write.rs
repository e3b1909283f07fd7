//! Putting generated files where they belong, or comparing them with what is there.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::{Context as _, Result};
use similar::TextDiff;

use crate::{File, GENERATED_FOLDERS};

/// What to do with the generated files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Write what differs and delete what is stale.
    Write,
    /// Write nothing; tell what differs.
    Check,
}

/// What is not as it should be: paths, each with a unified diff from what is there to what is generated.
pub type Differences = BTreeMap<String, String>;

/// Compares the workspace with the generated files and, in [`Mode::Write`], mends it.
///
/// # Errors
/// When a file cannot be read, written or deleted.
pub fn apply(root: &Path, files: &[File], mode: Mode) -> Result<Differences> {
    let mut differences = update(root, files, mode)?;
    for path in stale(root, files)? {
        let full = root.join(&path);
        let text = fs::read_to_string(&full).unwrap_or_default();
        differences.insert(path.clone(), diff(&path, &text, ""));
        if mode == Mode::Write {
            fs::remove_file(&full).with_context(|| format!("cannot delete {}", full.display()))?;
        }
    }
    Ok(differences)
}

/// The same for these files alone: nothing is called stale.
///
/// # Errors
/// When a file cannot be read or written.
pub fn update(root: &Path, files: &[File], mode: Mode) -> Result<Differences> {
    let mut differences = Differences::new();
    for file in files {
        let path = root.join(&file.path);
        let present = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        if present.as_ref() == Some(&file.text) {
            continue;
        }
        differences.insert(file.path.clone(), diff(&file.path, present.as_deref().unwrap_or(""), &file.text));
        if mode == Mode::Write {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
            }
            replace(&path, &file.text).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(differences)
}

/// Puts the text in the file's place at once, so that an interrupted run leaves no half of it. The temporary file
/// lies in the same folder, where the next run would find it stale.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text)?;
    fs::rename(&temporary, path)
}

/// Files in the generated folders that are not generated any more.
fn stale(root: &Path, files: &[File]) -> Result<Vec<String>> {
    let mut stale = Vec::new();
    for folder in GENERATED_FOLDERS {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let path = format!("{folder}/{}", entry?.file_name().to_string_lossy());
            if !files.iter().any(|file| file.path == path) {
                stale.push(path);
            }
        }
    }
    stale.sort();
    Ok(stale)
}

fn diff(path: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().header(path, &format!("{path} (generated)")).to_string()
}
