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
    let mut models: Vec<_> = documents
        .folder("models")
        .filter_map(|document| models::model(document, &fields, &mut diagnostics))
        .collect();
    models.sort_by(|a, b| a.id.cmp(&b.id));
    for document in documents.folder("models") {
        models::vocabulary(&document.root(), &fields, &mut diagnostics);
    }
    let mut dialects: Vec<_> = documents
        .folder("dialects")
        .filter_map(|document| facts::dialect(document, &documents, &fields, &mut diagnostics))
        .collect();
    dialects.sort_by(|a, b| a.rules.id.cmp(&b.rules.id));
    let services: Vec<&str> = sources
        .iter()
        .filter_map(|source| source.path.strip_prefix("dialects/")?.split('.').next())
        .collect();
    models::names(&documents, &models, &services, &mut diagnostics);
    if diagnostics.is_empty() {
        Ok(Specification { modules, fields, wire, dialects, models })
    } else {
        let found = diagnostics.into_sorted();
        Err(found.into_iter().filter(|found| !is_consequence(found, &documents)).collect())
    }
}

/// Whether a rule is about a member that the request declares, or would declare if it were there and readable: then
/// the request's own errors say all there is to say.
fn is_consequence(found: &Diagnostic, documents: &Documents) -> bool {
    let Some(name) =
        found.pointer.rsplit('/').next().filter(|name| found.message == rules::not_a_member(name))
    else {
        return false;
    };
    match documents.get(members::REQUEST) {
        Some(request) => request.root().at(&format!("/properties/{name}")).is_some(),
        None => true,
    }
}

/// A description as documentation lines.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}
