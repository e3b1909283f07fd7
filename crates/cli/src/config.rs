//! The configuration files: one of the project, one of the user.

mod file;
mod keys;
mod paths;
mod source;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::failure::Failure;

pub(crate) use self::{
    file::{Entry, File},
    keys::{KEYS, Kind},
    paths::PROJECT,
    source::Source,
};

/// What the files say. Nothing is looked up in the environment here.
#[derive(Debug, Default)]
pub(crate) struct Config {
    project: Option<File>,
    user: Option<File>,
}

impl Config {
    /// Reads the files that are there.
    ///
    /// # Errors
    /// For files that cannot be read or are not understood, with every problem and its place.
    pub(crate) fn load() -> Result<Self, Failure> {
        let read = |path: Option<PathBuf>, is_project| match path {
            Some(path) => File::read(&path, is_project).map_err(Failure::configuration),
            None => Ok(None),
        };
        Ok(Self { project: read(paths::project(), true)?, user: read(paths::user(), false)? })
    }

    /// The project's file, where it was found.
    pub(crate) fn project_file(&self) -> Option<&Path> {
        self.project.as_ref().map(|file| file.path.as_path())
    }

    /// Where the user's file is or would be; `None` without a home.
    pub(crate) fn user_path() -> Option<PathBuf> {
        paths::user()
    }

    pub(crate) fn has_user_file(&self) -> bool {
        self.user.is_some()
    }

    pub(crate) fn default_profile(&self) -> Option<&Entry> {
        self.files().find_map(|file| file.default_profile.as_ref())
    }

    pub(crate) fn profile_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.files().flat_map(|file| file.profiles.keys()).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether a file has a profile of that name.
    pub(crate) fn has_profile(&self, name: &str) -> bool {
        self.files().any(|file| file.profiles.contains_key(name))
    }

    /// What a profile says about one of several keys that exclude each other: the nearest file decides.
    pub(crate) fn any_of(&self, profile: &str, keys: &[&'static str]) -> Option<(&'static str, &Entry)> {
        self.files().find_map(|file| {
            let entries = file.profiles.get(profile)?;
            keys.iter().find_map(|key| Some((*key, entries.get(*key)?)))
        })
    }

    /// What a profile says about a key.
    pub(crate) fn value(&self, profile: &str, key: &'static str) -> Option<&Entry> {
        self.any_of(profile, &[key]).map(|(_, entry)| entry)
    }

    /// The members of a table in a profile, such as its headers; those of the nearest file first, and each once.
    pub(crate) fn members(&self, profile: &str, key: &str) -> Vec<(&str, &Entry)> {
        let mut found: Vec<(&str, &Entry)> = Vec::new();
        let beginning = format!("{key}.");
        for (name, entry) in self.files().filter_map(|file| file.profiles.get(profile)).flatten() {
            let Some(member) = name.strip_prefix(&beginning) else { continue };
            if found.iter().all(|(known, _)| !known.eq_ignore_ascii_case(member)) {
                found.push((member, entry));
            }
        }
        found
    }

    /// Whether the user trusts the project's file to say where keys come from and go to.
    pub(crate) fn trusts_project(&self) -> bool {
        let Some(folder) = self.project_file().and_then(Path::parent) else { return true };
        let trusted = self.user.iter().flat_map(|file| &file.trusted_projects);
        trusted.into_iter().any(|path| {
            folder.starts_with(path) || path.canonicalize().is_ok_and(|path| folder.starts_with(path))
        })
    }

    /// Nearest first.
    fn files(&self) -> impl Iterator<Item = &File> {
        self.project.iter().chain(&self.user)
    }
}
