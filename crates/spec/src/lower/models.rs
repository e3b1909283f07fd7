//! Models: rules, names, life cycles and sources.

use std::collections::BTreeMap;

use super::{
    read::{entries, expect_type, list, names as strings, text},
    rules::{field_id, rule_set},
};
use crate::{
    load::{Cursor, Diagnostics, Document, Documents},
    name,
    rule::{self, Constraint, Equivalent, Field, FieldKind, Lifecycle, Model, Source, Stage},
};

/// Lowers one model's document. `fields` are the members of the request.
pub fn model(document: &Document, fields: &[Field], diagnostics: &mut Diagnostics) -> Option<Model> {
    const KEYWORDS: &[&str] = &[
        "$schema",
        "title",
        "description",
        "x-aliases",
        "x-prefixes",
        "x-returns",
        "type",
        "properties",
        "additionalProperties",
        "allOf",
        "x-advice",
        "x-equivalents",
        "x-lifecycle",
        "x-sources",
    ];
    let root = document.root();
    root.only("a model", KEYWORDS, diagnostics);
    if !root.is_object() {
        return None;
    }
    expect_type(&root, "object", diagnostics);
    let id = text(&root, "title", diagnostics)?;
    let file = document.path().rsplit('/').next().unwrap_or_default();
    if let Some(stem) = file.strip_suffix(".schema.json")
        && stem != id
        && let Some(title) = root.get("title")
    {
        let help = format!("name the file `{id}.schema.json`, or mend the title");
        diagnostics.error(&title, format!("the file is named `{stem}.schema.json`"), help);
    }
    let description = text(&root, "description", diagnostics)?;
    let rules = rule_set(&root, &id, fields, true, diagnostics);
    Some(Model {
        description: description.into(),
        aliases: owned(&root, "x-aliases", diagnostics),
        prefixes: owned(&root, "x-prefixes", diagnostics),
        returns: owned(&root, "x-returns", diagnostics),
        equivalents: equivalents(&root, fields, &rules, diagnostics).into(),
        rules,
        lifecycle: lifecycle(&root, diagnostics).into(),
        sources: sources(&root, diagnostics).into(),
        id: id.into(),
    })
}

fn owned(at: &Cursor<'_>, name: &str, diagnostics: &mut Diagnostics) -> rule::List<rule::Text> {
    strings(at, name, diagnostics).into_iter().map(|(text, _)| text.into()).collect()
}

/// What other models call what this one calls differently.
fn equivalents(
    root: &Cursor<'_>,
    fields: &[Field],
    rules: &rule::RuleSet,
    diagnostics: &mut Diagnostics,
) -> Vec<Equivalent> {
    let mut found = Vec::new();
    for (wire, pairs) in entries(root, "x-equivalents", diagnostics) {
        let Some(field) = field_id(wire, &pairs, fields, diagnostics) else { continue };
        let listed = rules.fields.iter().find(|rule| rule.field == field);
        let takes = |text: &str| {
            listed.is_some_and(|rule| {
                rule.constraints.iter().all(|constraint| match constraint {
                    // An empty list is an error of its own.
                    Constraint::OneOf(values) => {
                        values.is_empty() || values.iter().any(|value| value == text)
                    }
                    Constraint::Absent => false,
                    _ => true,
                })
            })
        };
        if !pairs.is_object() {
            diagnostics.error(&pairs, "not an object", "write values of other models, each with this one's");
        }
        for (from, to) in pairs.members() {
            match to.as_text() {
                Some(text) if !takes(text) => {
                    let message = format!("the model does not take `{text}`");
                    diagnostics.error(&to, message, format!("write a value that it takes for `{wire}`"));
                }
                Some(to) => {
                    found.push(Equivalent { field, from: from.to_owned().into(), to: to.to_owned().into() });
                }
                None => diagnostics.error(&to, "not a text", "write the value that this model takes"),
            }
        }
    }
    found
}

fn lifecycle(root: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Vec<Lifecycle> {
    let mut found = Vec::new();
    for (dialect, entry) in entries(root, "x-lifecycle", diagnostics) {
        entry.only("a life cycle entry", &["stage", "date", "successor"], diagnostics);
        let stage = match text(&entry, "stage", diagnostics).as_deref() {
            Some("active") => Stage::Active,
            Some("deprecated") => Stage::Deprecated,
            Some("retired") => Stage::Retired,
            Some(other) => {
                let place = entry.get("stage").unwrap_or(entry);
                diagnostics.error(
                    &place,
                    format!("`{other}` is not a stage"),
                    "write active, deprecated or retired",
                );
                continue;
            }
            None => continue,
        };
        let mut optional =
            |name: &str| entry.get(name).and_then(|_| text(&entry, name, diagnostics)).map(rule::Text::from);
        found.push(Lifecycle {
            dialect: dialect.to_owned().into(),
            stage,
            date: optional("date"),
            successor: optional("successor"),
        });
    }
    found
}

/// The `x-sources` of a document; none at all is an error.
pub(super) fn sources(root: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Vec<Source> {
    let found = list(root, "x-sources", diagnostics);
    let help = "say where the rules come from and when you read it";
    match root.get("x-sources") {
        None => diagnostics.error(root, "no `x-sources`", help),
        Some(list) if list.is_array() && found.is_empty() => diagnostics.error(&list, "no source", help),
        Some(_) => {}
    }
    found
        .into_iter()
        .filter_map(|entry| {
            entry.only("a source", &["covers", "title", "url", "checked"], diagnostics);
            let mut member = |name: &str| text(&entry, name, diagnostics).map(rule::Text::from);
            Some(Source {
                covers: member("covers")?,
                title: member("title")?,
                url: member("url")?,
                checked: member("checked")?,
            })
        })
        .collect()
}

/// Checks names across documents: every identifier, alias and prefix once, identifiers that give Rust names, and
/// life cycles of known services. `dialects` are the identifiers of all services, broken ones included.
pub(super) fn names(
    documents: &Documents,
    models: &[Model],
    dialects: &[&str],
    diagnostics: &mut Diagnostics,
) {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    // A file that is named otherwise than its title is an error of its own.
    let documents =
        |model: &Model| documents.get(&format!("models/{}.schema.json", model.id)).map(Document::root);
    let models: Vec<_> = models.iter().filter_map(|model| Some((model, documents(model)?))).collect();
    for (model, root) in &models {
        if let (Some(first), Some(at)) = (taken.insert(&model.id, &model.id), root.get("title")) {
            diagnostics.error(&at, format!("`{first}` is described twice"), "keep one of the files");
        }
    }
    for (model, root) in &models {
        for (keyword, names) in [("x-aliases", &model.aliases), ("x-prefixes", &model.prefixes)] {
            for (name, place) in names.iter().zip(list(root, keyword, &mut Diagnostics::default())) {
                if name.is_empty() {
                    diagnostics.error(&place, "an empty name", "it would stand for every model: remove it");
                } else if let Some(first) = taken.insert(name, &model.id) {
                    let message = if name == first {
                        format!("`{name}` is a model itself")
                    } else {
                        format!("`{name}` already stands for `{first}`")
                    };
                    diagnostics.error(&place, message, "a name leads to one model: remove it here or there");
                }
            }
        }
        if let Some(entries) = root.get("x-lifecycle") {
            for (dialect, place) in entries.members().filter(|(dialect, _)| !dialects.contains(dialect)) {
                diagnostics.at_span(
                    root.document().source(),
                    place.pointer(),
                    entries.name_span(dialect),
                    format!("no dialect is named `{dialect}`"),
                    format!("known: {}", dialects.join(", ")),
                );
            }
        }
    }
    let mut constants: BTreeMap<String, &str> = BTreeMap::new();
    for (model, root) in &models {
        let constant = name::constant(&model.id);
        let Some(at) = root.get("title") else { continue };
        if !name::is_identifier(&constant) || constant == "KNOWN" {
            let help = "begin it with a letter, and use letters, digits, `.`, `_` and `-`";
            diagnostics.error(&at, format!("`{}` gives no Rust name", model.id), help);
        } else if let Some(first) = constants.insert(constant.clone(), &model.id) {
            let message = format!("`{}` gives the Rust name of `{first}`, `{constant}`", model.id);
            diagnostics.error(&at, message, "two models cannot share it: make one an alias of the other");
        }
    }
}

/// Checks that every text that a document of ours lists for a member is a known value of the member's wire type: a
/// misspelt one would otherwise be a rule that nobody can meet. (A user's own model may bring new values.)
pub(super) fn vocabulary(at: &Cursor<'_>, fields: &[Field], diagnostics: &mut Diagnostics) {
    for (wire, schema) in at.get("properties").iter().flat_map(Cursor::members) {
        let Some(FieldKind::Name(known)) =
            fields.iter().find(|field| field.name == wire).map(|field| &field.kind)
        else {
            continue;
        };
        for value in schema.get("enum").iter().flat_map(Cursor::elements).chain(schema.get("const")) {
            if let Some(text) = value.as_text().filter(|text| !known.iter().any(|known| known == text)) {
                diagnostics.error(
                    &value,
                    format!("`{text}` is not a known value of `{wire}`"),
                    format!("known: {}; a new value goes into schemas/wire first", known.join(", ")),
                );
            }
        }
    }
    for (_, part) in at.members().filter(|(name, _)| *name != "properties" && *name != "examples") {
        vocabulary(&part, fields, diagnostics);
    }
    for part in at.elements() {
        vocabulary(&part, fields, diagnostics);
    }
}
