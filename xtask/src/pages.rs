//! The second stage of the reference pages: their examples are computed by the generated code itself, in a child
//! process, because the generator depends on nothing generated.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::File;

/// Where the examples of a page go.
pub(crate) const PLACE: &str = "<!-- examples -->\n";

/// Puts the computed examples into the pages. The child runs the tables that are in the workspace, so write them first.
///
/// # Errors
/// When the child cannot be built or run, or gives no examples for a page.
pub fn complete(root: &Path, files: &mut [File]) -> Result<()> {
    if !files.iter().any(|file| file.text.contains(PLACE)) {
        return Ok(());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "-p", "imagewire-validate", "--example", "pages"])
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the pages' examples cannot be computed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let examples: BTreeMap<String, String> =
        serde_json::from_slice(&output.stdout).context("the pages' examples cannot be read")?;
    for file in files.iter_mut().filter(|file| file.text.contains(PLACE)) {
        let page =
            file.path.strip_prefix("docs/").and_then(|path| path.strip_suffix(".md")).unwrap_or_default();
        let Some(text) = examples.get(page) else { bail!("there are no examples for {}", file.path) };
        file.text = file.text.replace(PLACE, text);
    }
    Ok(())
}

/// Whether a file is a page whose examples are computed, and so has to wait for the second stage.
#[must_use]
pub fn waits(file: &File) -> bool {
    file.text.contains(PLACE)
}
