//! The members of wire types, and of the request as rules see them.

use std::collections::BTreeMap;

use super::{
    lines,
    read::{names, text, type_and_null},
};
use crate::{
    ir::{Member, Type},
    load::{Cursor, Diagnostics, Document, Documents},
    name,
    rule::{Field, FieldKind},
};

/// The path of the request's schema, which the rules are about.
pub(super) const REQUEST: &str = "wire/create-image-request.schema.json";

/// The members of a struct, in the order of the file.
pub(super) fn members(
    root: &Cursor<'_>,
    documents: &Documents,
    diagnostics: &mut Diagnostics,
) -> Vec<Member> {
    let Some(properties) = root.get("properties") else {
        diagnostics.error(
            root,
            "no `properties`, no `anyOf`, and not an `x-scalar`",
            "say what the type is made of",
        );
        return Vec::new();
    };
    if !properties.is_object() {
        diagnostics.error(&properties, "`properties` is not an object", "write the members by name");
    }
    let required = names(root, "required", diagnostics);
    let can_tell = root.get("required").is_none_or(|list| list.is_array());
    for (wire, at) in &required {
        if properties.get(wire).is_none() {
            diagnostics.error(
                at,
                format!("`{wire}` is required but not described"),
                "add it to `properties`",
            );
        }
    }
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    properties
        .members()
        .filter_map(|(wire, schema)| {
            let rust = name::field(wire);
            if !name::is_identifier(&rust) {
                diagnostics.at_span(
                    root.document().source(),
                    schema.pointer(),
                    properties.name_span(wire),
                    format!("`{wire}` gives no Rust name"),
                    "use letters, digits and `_`, a letter first, and no word of the language",
                );
            } else if let Some(first) = taken.insert(rust.clone(), wire).filter(|first| *first != wire) {
                diagnostics.at_span(
                    root.document().source(),
                    schema.pointer(),
                    properties.name_span(wire),
                    format!("`{wire}` gives the Rust name of `{first}`, `{rust}`"),
                    "one struct cannot hold both: leave one of them to `extra`",
                );
            }
            let doc = lines(&text(&schema, "description", diagnostics)?);
            let (ty, nullable) = member_type(&schema, documents, diagnostics)?;
            let required = required.iter().any(|(name, _)| name == wire);
            if !required && !nullable && can_tell {
                diagnostics.error(
                    &schema,
                    format!("`{wire}` may be absent but not null"),
                    "readers take null for an absent member: add \"null\" to its type",
                );
            }
            let private = schema.get("x-private").and_then(|value| value.as_boolean()) == Some(true);
            let min_length = schema.get("minLength").and_then(|value| value.as_integer());
            Some(Member { wire: wire.to_owned(), rust, doc, ty, required, nullable, min_length, private })
        })
        .collect()
}

const PLAIN: &[&str] =
    &["description", "type", "format", "minimum", "minLength", "items", "examples", "x-private"];

/// The type of a member, and whether it may be null.
fn member_type(
    at: &Cursor<'_>,
    documents: &Documents,
    diagnostics: &mut Diagnostics,
) -> Option<(Type, bool)> {
    if let Some(choices) = at.get("anyOf") {
        at.only("a member with `anyOf`", &["description", "anyOf", "examples", "x-private"], diagnostics);
        let (mut ty, mut nullable) = (None, false);
        for choice in choices.elements() {
            if choice.get("type").and_then(|ty| ty.as_text()) == Some("null") {
                choice.only("the alternative null", &["type"], diagnostics);
                nullable = true;
            } else if ty.is_none() {
                ty = Some(alternative(&choice, documents, diagnostics)?);
            } else {
                diagnostics.error(
                    &choice,
                    "a second alternative",
                    "`anyOf` here is a type and `null`, nothing more",
                );
            }
        }
        if ty.is_none() {
            diagnostics.error(
                &choices,
                "no type among the alternatives",
                "write a `$ref` or an array, then null",
            );
        }
        return Some((ty?, nullable));
    }
    if at.get("$ref").is_some() {
        at.only("a member with `$ref`", &["description", "$ref", "x-private"], diagnostics);
        return Some((reference(at, documents, diagnostics)?, false));
    }
    at.only("a member", PLAIN, diagnostics);
    let (ty, nullable) = plain(at, documents, diagnostics)?;
    let misfit = [("minimum", !matches!(ty, Type::U32 | Type::U64)), ("minLength", ty != Type::Text)]
        .into_iter()
        .filter_map(|(keyword, misfit)| at.get(keyword).filter(|_| misfit));
    for bound in misfit {
        diagnostics.error(
            &bound,
            "the bound does not fit the `type`",
            "`minimum` is for integers, `minLength` for strings",
        );
    }
    Some((ty, nullable))
}

/// One alternative of `anyOf`, or what an array holds: a type and nothing about it.
fn alternative(at: &Cursor<'_>, documents: &Documents, diagnostics: &mut Diagnostics) -> Option<Type> {
    if at.get("$ref").is_some() {
        at.only("a reference", &["$ref"], diagnostics);
        return reference(at, documents, diagnostics);
    }
    at.only("a type", &["type", "format", "items"], diagnostics);
    let (ty, nullable) = plain(at, documents, diagnostics)?;
    if nullable {
        diagnostics.error(at, "null is not for this place", "take null out of the `type`");
    }
    Some(ty)
}

/// The wire type that a `$ref` leads to.
fn reference(at: &Cursor<'_>, documents: &Documents, diagnostics: &mut Diagnostics) -> Option<Type> {
    let reference = at.get("$ref")?;
    let target = documents.follow(&reference, diagnostics)?;
    if !target.pointer().is_empty() || !target.document().path().starts_with("wire/") {
        diagnostics.error(&reference, "not a wire type", "refer to a whole file of schemas/wire");
        return None;
    }
    // A target without a title is an error of its own.
    Some(Type::Named(text(&target, "title", &mut Diagnostics::default())?))
}

/// The type that `type`, `format` and `items` name, and whether null is among it.
fn plain(at: &Cursor<'_>, documents: &Documents, diagnostics: &mut Diagnostics) -> Option<(Type, bool)> {
    let (name, nullable) = type_and_null(at, diagnostics)?;
    let format = at.get("format").map(|format| format.as_text().unwrap_or_default());
    if let Some(items) = at.get("items").filter(|_| name != "array") {
        diagnostics.error(&items, "`items` is for arrays", "write \"type\": \"array\", or remove it");
    }
    let ty = match (name, format) {
        ("string", None) => Type::Text,
        ("boolean", None) => Type::Boolean,
        ("integer", Some("uint32")) => Type::U32,
        ("integer", Some("uint64")) => Type::U64,
        ("array", None) => {
            let Some(items) = at.get("items") else {
                diagnostics.error(at, "an array without `items`", "say what it holds");
                return None;
            };
            Type::List(Box::new(alternative(&items, documents, diagnostics)?))
        }
        ("integer", None) => {
            diagnostics.error(at, "an integer without `format`", "add \"format\": \"uint32\" or \"uint64\"");
            return None;
        }
        _ => {
            let place = at.get("format").or_else(|| at.get("type")).unwrap_or_else(|| at.clone());
            diagnostics.error(
                &place,
                "no wire type has this `type` and `format`",
                "use string, boolean, array, or integer with format uint32 or uint64",
            );
            return None;
        }
    };
    Some((ty, nullable))
}

/// The members of the request as the rules see them.
pub(super) fn request_fields(documents: &Documents, diagnostics: &mut Diagnostics) -> Vec<Field> {
    let Some(document) = documents.get(REQUEST) else {
        // A document that is there and cannot be read is reported as such.
        if let Some(other) = documents.iter().next().filter(|_| !diagnostics.concern(REQUEST)) {
            let root = other.root();
            diagnostics.error(
                &root,
                format!("there is no {REQUEST}"),
                "describe the request: rules are about its members",
            );
        }
        return Vec::new();
    };
    let root = document.root();
    let Some(properties) = root.get("properties") else { return Vec::new() };
    let mut quiet = Diagnostics::default();
    let required = names(&root, "required", &mut quiet);
    let mut fields = Vec::new();
    for (wire, schema) in properties.members() {
        let Some((ty, nullable)) = member_type(&schema, documents, &mut quiet) else { continue };
        let kind = match &ty {
            Type::Text => FieldKind::Text,
            Type::Boolean => FieldKind::Boolean,
            Type::U32 | Type::U64 => FieldKind::Integer,
            Type::Named(title) if title == "Size" => FieldKind::Size,
            Type::Named(title) if title == "Model" => FieldKind::Model,
            Type::Named(title) => {
                let Some(values) = known_values(documents, title) else {
                    diagnostics.error(
                        &schema,
                        format!("rules cannot judge `{title}` values"),
                        "use an open enum, a size or a model",
                    );
                    continue;
                };
                FieldKind::Name(values.into())
            }
            Type::List(_) => {
                diagnostics.error(&schema, "rules cannot judge an array", "leave it to the service");
                continue;
            }
        };
        let description =
            schema.get("description").and_then(|text| text.as_text()).unwrap_or_default().to_owned();
        fields.push(Field {
            name: wire.to_owned().into(),
            kind,
            required: required.iter().any(|(name, _)| name == wire),
            nullable,
            description: description.into(),
        });
    }
    // A `FieldId` is a byte.
    if fields.len() > usize::from(u8::MAX) {
        diagnostics.error(&properties, "more than 255 members", "leave rare ones to `extra`");
    }
    fields
}

fn known_values(documents: &Documents, title: &str) -> Option<Vec<crate::rule::Text>> {
    let mut namesakes = documents
        .folder("wire")
        .map(Document::root)
        .filter(|root| root.get("title").and_then(|text| text.as_text()) == Some(title));
    let choices = namesakes.find_map(|root| root.get("anyOf"))?;
    Some(
        choices
            .elements()
            .filter_map(|choice| Some(choice.get("const")?.as_text()?.to_owned().into()))
            .collect(),
    )
}
