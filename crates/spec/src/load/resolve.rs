//! A set of documents, and the references between them.

use std::collections::BTreeMap;

use super::{Cursor, Diagnostics, Document, Source};

/// Parsed documents by path.
#[derive(Clone, Debug, Default)]
pub struct Documents(BTreeMap<String, Document>);

impl Documents {
    /// Parses all sources; what is wrong goes to `diagnostics`, and documents that cannot be read are left out.
    pub fn parse(sources: &[Source], diagnostics: &mut Diagnostics) -> Self {
        Self(
            sources
                .iter()
                .filter_map(|source| Some((source.path.clone(), Document::parse(source, diagnostics)?)))
                .collect(),
        )
    }

    /// The document at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Document> {
        self.0.get(path)
    }

    /// The documents of a folder, by path.
    pub fn folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Document> {
        self.0
            .values()
            .filter(move |document| document.path().split_once('/').is_some_and(|(start, _)| start == folder))
    }

    /// All documents, by path.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.0.values()
    }

    /// What the `$ref` at `at` points to; a dangling one is reported.
    pub fn follow<'a>(&'a self, at: &Cursor<'a>, diagnostics: &mut Diagnostics) -> Option<Cursor<'a>> {
        let Some(reference) = at.as_text() else {
            diagnostics.error(
                at,
                "`$ref` is not a string",
                "write the relative path of a file in this folder tree",
            );
            return None;
        };
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let path = relative(at.document().path(), file);
        let document = self.get(&path);
        let target = document.and_then(|document| document.root().at(fragment));
        if target.is_none() {
            let known: Vec<&str> = self.folder("wire").map(Document::path).collect();
            let help = match (document, nearest(&path, &known)) {
                (Some(_), _) => format!("{path} is there, but has nothing at `{fragment}`"),
                (None, Some(nearest)) => format!("there is no readable {path}; did you mean {nearest}?"),
                (None, None) => format!("there is no readable {path}"),
            };
            diagnostics.error(at, format!("`{reference}` points nowhere"), help);
        }
        target
    }
}

/// Joins a reference to the folder of the file that makes it.
fn relative(from: &str, file: &str) -> String {
    if file.is_empty() {
        return from.to_owned();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The known name with the longest common beginning, when it is long enough to be a likely slip.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let shared = |other: &str| name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    known.iter().copied().max_by_key(|other| shared(other)).filter(|other| shared(other) > "wire/".len() + 2)
}
