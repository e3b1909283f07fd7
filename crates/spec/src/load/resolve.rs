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
                (Some(_), _) if file.is_empty() => format!("this file has nothing at `{fragment}`"),
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

/// The known name that is a likely slip away.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, nearest) = known.iter().map(|other| (distance(name, other), *other)).min()?;
    (distance <= 3).then_some(nearest)
}

/// How many bytes must be put in, taken out or changed to make one name of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, wanted) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(byte != wanted);
            diagonal = row[to + 1];
            row[to + 1] = changed.min(row[to] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
