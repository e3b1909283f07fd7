//! Where the configuration files are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The name of a project's file.
pub(crate) const PROJECT: &str = "imagewire.toml";

/// The project's file: in this folder or the nearest one above it, up to the root of the repository or the home folder.
/// Outside of both, in this folder alone: what lies in `/tmp` may be anybody's.
pub(super) fn project() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    search(&here, home().as_deref())
}

pub(super) fn search(here: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let is_border = |folder: &Path| folder.join(".git").exists() || Some(folder) == home;
    let depth = here.ancestors().position(is_border).unwrap_or(0);
    here.ancestors().take(depth + 1).map(|folder| folder.join(PROJECT)).find(|path| path.is_file())
}

/// The user's file, whether or not it is there: `$XDG_CONFIG_HOME/imagewire/config.toml` on every system, `~/.config`
/// without that variable. A relative path in it is ignored, as its specification demands.
pub(super) fn user() -> Option<PathBuf> {
    let base = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(home()?.join(".config")))?;
    Some(base.join("imagewire").join("config.toml"))
}

pub(super) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|path| path.is_absolute())
}

/// A path in a file: `~/` is the home folder, and a relative path starts at the file's folder.
pub(super) fn resolve(text: &str, folder: &Path) -> PathBuf {
    match (text.strip_prefix("~/"), home()) {
        (Some(rest), Some(home)) => home.join(rest),
        (None, Some(home)) if text == "~" => home,
        _ => folder.join(text),
    }
}
