//! Reading schema documents: text to an ordered tree whose every value knows its place.

mod diagnostic;
mod resolve;
mod tree;

pub use diagnostic::{Diagnostic, Diagnostics, InvalidFile};
pub use resolve::Documents;
pub use tree::{Cursor, Document, Node, Value};

/// A schema file: its path with forward slashes, relative to the schema folder, and its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Such as `wire/quality.schema.json`.
    pub path: String,
    /// The file's contents.
    pub text: String,
}
