//! Model files of the user's own, read at run time by the same loader as the built-in ones.

use std::fmt;

use imagewire_spec::{
    load::{Diagnostic, Diagnostics, Document, Source},
    lower,
};

use crate::{Catalogue, fields};

/// The largest model file that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Everything that is wrong with a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidModel(Vec<Diagnostic>);

impl InvalidModel {
    /// The problems, in the order of the file.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl fmt::Display for InvalidModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, diagnostic) in self.0.iter().enumerate() {
            write!(formatter, "{}{diagnostic}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidModel {}

impl Catalogue {
    /// Adds a model, from a document like those in `schemas/models`. It comes before a built-in model of that name.
    ///
    /// `path` is for messages alone; nothing is read from it.
    ///
    /// # Errors
    /// Everything that is wrong with the document, each with its place. Time and memory are bounded by its size, which
    /// may be at most 1 MiB.
    pub fn add(&mut self, path: &str, text: &str) -> Result<(), InvalidModel> {
        let mut diagnostics = Diagnostics::default();
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        if text.len() > MAX_BYTES {
            diagnostics.at_span(
                &source,
                "",
                0..0,
                "the file is larger than 1 MiB",
                "no model needs that much",
            );
            return Err(InvalidModel(diagnostics.into_sorted()));
        }
        let document = Document::parse(&source, &mut diagnostics);
        let model = document.and_then(|document| lower::model(&document, fields(), &mut diagnostics));
        match model {
            Some(model) if diagnostics.is_empty() => {
                self.own.push(model);
                Ok(())
            }
            _ => Err(InvalidModel(diagnostics.into_sorted())),
        }
    }
}
