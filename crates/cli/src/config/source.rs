//! Where a value came from.

use std::{fmt, path::PathBuf};

use serde_json::{Value, json};

/// Where a value came from. A later one outranks the ones before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// imagewire's own knowledge of the service.
    BuiltIn,
    File(Place),
    /// The name of the variable.
    Environment(String),
    /// The flag, as it is written.
    Flag(&'static str),
}

/// A place in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// Whether the file is the project's, which others may have written.
    pub(crate) is_project: bool,
}

impl Source {
    /// The order of precedence, the highest last.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::BuiltIn => 0,
            Self::File(place) => 1 + u8::from(place.is_project),
            Self::Environment(_) => 3,
            Self::Flag(_) => 4,
        }
    }

    pub(crate) fn is_project(&self) -> bool {
        matches!(self, Self::File(place) if place.is_project)
    }

    /// For `--json`.
    pub(crate) fn describe(&self) -> Value {
        match self {
            Self::BuiltIn => json!({ "kind": "built_in" }),
            Self::File(place) => json!({
                "kind": if place.is_project { "project_file" } else { "user_file" },
                "path": place.path,
                "line": place.line,
                "column": place.column,
            }),
            Self::Environment(name) => json!({ "kind": "environment", "name": name }),
            Self::Flag(name) => json!({ "kind": "flag", "name": name }),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => formatter.write_str("built-in"),
            Self::File(place) => write!(formatter, "{place}"),
            Self::Environment(name) => write!(formatter, "env ${name}"),
            Self::Flag(name) => formatter.write_str(name),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}
