//! What is wrong with a document, where, and what to do about it.

use std::{fmt, ops::Range};

use super::{Cursor, Source};

/// One thing that is wrong with a schema document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The document's path.
    pub path: String,
    /// The JSON pointer of the place, such as `/properties/n`.
    pub pointer: String,
    /// The bytes of the place in the document's text.
    pub span: Range<usize>,
    /// Line and column of the place, counted from 1.
    pub line_column: (usize, usize),
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column;
        let pointer = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        write!(formatter, "{}:{line}:{column}: at {pointer}: {}; {}", self.path, self.message, self.help)
    }
}

/// How many problems are collected: a hostile document could make one of every byte.
const LIMIT: usize = 500;

/// All that is wrong with a set of documents: problems are collected, so that one run reports them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Reports a problem at a place.
    pub fn error(&mut self, at: &Cursor<'_>, message: impl Into<String>, help: impl Into<String>) {
        self.at_span(at.document().source(), at.pointer(), at.span(), message, help);
    }

    /// Reports a problem at a range of bytes of a document.
    pub fn at_span(
        &mut self,
        source: &Source,
        pointer: &str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = match self.0.len() {
            ..LIMIT => (message.into(), help.into()),
            LIMIT => ("too many errors to show them all".to_owned(), "mend the others first".to_owned()),
            _ => return,
        };
        let diagnostic = Diagnostic {
            path: source.path.clone(),
            pointer: pointer.to_owned(),
            line_column: line_column(&source.text, span.start),
            span,
            message,
            help,
        };
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something is wrong with the document at that path.
    #[must_use]
    pub fn concern(&self, path: &str) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.path == path)
    }

    /// The problems, by document and place.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.0.sort_by(|a, b| (&a.path, a.span.start).cmp(&(&b.path, b.span.start)));
        self.0
    }
}

fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Everything that is wrong with a file that was given at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFile(Vec<Diagnostic>);

impl InvalidFile {
    /// The problems, in the order of the file.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl From<Diagnostics> for InvalidFile {
    fn from(diagnostics: Diagnostics) -> Self {
        Self(diagnostics.into_sorted())
    }
}

impl fmt::Display for InvalidFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, diagnostic) in self.0.iter().enumerate() {
            write!(formatter, "{}{diagnostic}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidFile {}
