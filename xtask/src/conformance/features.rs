//! Every combination of the features of `imagewire-types` compiles without a warning.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::Outcome;

const PACKAGE: &str = "imagewire-types";

pub(super) fn combinations(root: &Path) -> Result<Outcome> {
    let features = features(root)?;
    let (mut count, mut failures) = (0_u32, Vec::new());
    for chosen in 0_usize..1 << features.len() {
        count += 1;
        let chosen: Vec<&str> = (0..features.len())
            .filter(|at| chosen & 1 << at != 0)
            .filter_map(|at| features.get(at))
            .map(String::as_str)
            .collect();
        let list = chosen.join(",");
        let output = cargo(root)
            .args(["check", "--quiet", "-p", PACKAGE, "--no-default-features", "--features", &list])
            .output()
            .context("cannot start cargo")?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || said.contains("warning:") {
            failures.push(format!("{PACKAGE} with features [{list}]:\n{said}"));
        }
    }
    Ok(Outcome { summary: format!("{count} of {PACKAGE}: {}", features.join(", ")), failures })
}

/// The package's own features, `default` aside.
fn features(root: &Path) -> Result<Vec<String>> {
    let output = cargo(root)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start cargo")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata says no JSON")?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let Some(package) = packages.into_iter().find(|package| package["name"] == PACKAGE) else {
        bail!("there is no package {PACKAGE}");
    };
    let features = package["features"].as_object().into_iter().flatten();
    Ok(features.map(|(name, _)| name.clone()).filter(|name| name != "default").collect())
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}
