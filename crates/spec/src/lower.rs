//! Documents to intermediate representation. Every keyword is either understood or an error: nothing is dropped.

mod cross;
mod facts;
mod members;
mod models;
mod nouns;
mod read;
mod rules;

pub use models::model;

use crate::{
    ir::Specification,
    load::{Diagnostic, Diagnostics, Documents, Source},
};

/// Lowers a whole set of sources: `wire/`, `dialects/` and `models/`.
///
/// # Errors
/// Everything that is wrong with them, in the order of files and places.
pub fn specification(sources: &[Source]) -> Result<Specification, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let documents = Documents::parse(sources, &mut diagnostics);
    let modules = nouns::modules(&documents, &mut diagnostics);
    let fields = members::request_fields(&documents, &mut diagnostics);
    let wire = rules::wire(&documents, &fields, &mut diagnostics);
    let models: Vec<_> = documents
        .folder("models")
        .filter_map(|document| models::model(document, &fields, &mut diagnostics))
        .collect();
    for document in documents.folder("models") {
        models::vocabulary(&document.root(), &fields, &mut diagnostics);
    }
    let dialects: Vec<_> = documents
        .folder("dialects")
        .filter_map(|document| facts::dialect(document, &documents, &fields, &mut diagnostics))
        .collect();
    models::names(&documents, &models, &dialects, &mut diagnostics);
    if diagnostics.is_empty() {
        Ok(Specification { modules, fields, wire, dialects, models })
    } else {
        Err(diagnostics.into_sorted())
    }
}

/// A description as documentation lines.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}
