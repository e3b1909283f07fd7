//! Model files of the user's own, read at run time by the same loader as the built-in ones.

use imagewire_spec::{
    load::{Diagnostics, Document, InvalidFile, Source},
    lower,
};

use crate::{Catalogue, fields};

/// The largest model file that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

impl Catalogue {
    /// Adds a model, from a document like those in `schemas/models`. It comes before a built-in model of that name.
    ///
    /// `path` is for messages alone; nothing is read from it.
    ///
    /// # Errors
    /// Everything that is wrong with the document, each with its place. Time and memory are bounded by its size, which
    /// may be at most 1 MiB.
    pub fn add(&mut self, path: &str, text: &str) -> Result<(), InvalidFile> {
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
            return Err(diagnostics.into());
        }
        let document = Document::parse(&source, &mut diagnostics);
        let model = document.and_then(|document| lower::model(&document, fields(), &mut diagnostics));
        match model {
            Some(model) if diagnostics.is_empty() => {
                self.own.push(model);
                Ok(())
            }
            _ => Err(diagnostics.into()),
        }
    }
}
