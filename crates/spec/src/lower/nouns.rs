//! Wire schemas to types.

use std::collections::BTreeMap;

use super::lines;
use crate::{
    ir::{Member, Module, Noun, Shape, Type, Variant},
    load::{Cursor, Diagnostics, Document, Documents},
    name,
    rule::{Field, FieldKind},
};

/// The path of the request's schema, which the rules are about.
pub(super) const REQUEST: &str = "wire/create-image-request.schema.json";

/// All wire types by module, each module with its outermost types first.
pub(super) fn modules(documents: &Documents, diagnostics: &mut Diagnostics) -> Vec<Module> {
    let mut modules: BTreeMap<String, Vec<(Noun, Vec<String>)>> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for document in documents.folder("wire") {
        let Some((module, noun)) = noun(document, documents, diagnostics) else { continue };
        if let Some(first) = names.insert(noun.name.clone(), document.path().to_owned()) {
            let root = document.root();
            let at = root.get("title").unwrap_or(root);
            diagnostics.error(
                &at,
                format!("`{}` is also the title of {first}", noun.name),
                "give each type a title of its own",
            );
        }
        let uses = uses(&noun.shape);
        modules.entry(module).or_default().push((noun, uses));
    }
    modules.into_iter().map(|(name, nouns)| Module { name, types: reading_order(nouns) }).collect()
}

/// Depth first from the types that no other type of the module uses, as a reader meets them.
fn reading_order(nouns: Vec<(Noun, Vec<String>)>) -> Vec<Noun> {
    fn visit(name: &str, nouns: &mut Vec<(Noun, Vec<String>)>, ordered: &mut Vec<Noun>) {
        let Some(at) = nouns.iter().position(|(noun, _)| noun.name == name) else { return };
        let (noun, uses) = nouns.remove(at);
        ordered.push(noun);
        for used in uses {
            visit(&used, nouns, ordered);
        }
    }
    let roots: Vec<String> = nouns
        .iter()
        .map(|(noun, _)| noun.name.clone())
        .filter(|name| !nouns.iter().any(|(noun, uses)| noun.name != *name && uses.contains(name)))
        .collect();
    let (mut rest, mut ordered) = (nouns, Vec::new());
    for root in roots {
        visit(&root, &mut rest, &mut ordered);
    }
    ordered.extend(rest.into_iter().map(|(noun, _)| noun));
    ordered
}

fn uses(shape: &Shape) -> Vec<String> {
    let Shape::Struct(members) = shape else { return Vec::new() };
    members
        .iter()
        .filter_map(|member| {
            let mut ty = &member.ty;
            while let Type::List(item) = ty {
                ty = item;
            }
            if let Type::Named(name) = ty { Some(name.clone()) } else { None }
        })
        .collect()
}

fn noun(document: &Document, documents: &Documents, diagnostics: &mut Diagnostics) -> Option<(String, Noun)> {
    let root = document.root();
    if !root.is_object() {
        diagnostics.error(&root, "a wire schema is an object", "see schemas/README.md");
        return None;
    }
    let title = text(&root, "title", diagnostics);
    let module = text(&root, "x-module", diagnostics);
    let doc = lines(&text(&root, "description", diagnostics)?);
    let (title, module) = (title?, module?);
    for (key, value) in [("title", &title), ("x-module", &module)] {
        if !name::is_identifier(value)
            && let Some(at) = root.get(key)
        {
            diagnostics.error(
                &at,
                format!("`{value}` is not a name that Rust takes"),
                "use letters and digits",
            );
        }
    }
    let shape = if root.get("x-scalar").and_then(|scalar| scalar.as_boolean()) == Some(true) {
        const KEYWORDS: &[&str] =
            &["$schema", "title", "description", "x-module", "x-scalar", "type", "examples"];
        root.only("a scalar", KEYWORDS, diagnostics);
        Shape::Scalar
    } else if let Some(any_of) = root.get("anyOf") {
        root.only(
            "an open enum",
            &["$schema", "title", "description", "x-module", "type", "anyOf", "examples"],
            diagnostics,
        );
        Shape::Enum(variants(&any_of, diagnostics))
    } else {
        const KEYWORDS: &[&str] =
            &["$schema", "title", "description", "x-module", "type", "properties", "required"];
        root.only("a struct", KEYWORDS, diagnostics);
        Shape::Struct(members(&root, documents, diagnostics))
    };
    Some((module, Noun { name: title, path: document.path().to_owned(), doc, shape }))
}

fn variants(any_of: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Vec<Variant> {
    let mut variants: Vec<Variant> = Vec::new();
    let mut open = false;
    for choice in any_of.elements() {
        if open {
            diagnostics.error(&choice, "a choice after the open one", "put `{\"type\": \"string\"}` last");
        }
        let Some(value) = choice.get("const") else {
            choice.only("the open choice", &["type"], diagnostics);
            open = choice.get("type").and_then(|ty| ty.as_text()) == Some("string");
            continue;
        };
        choice.only("a known value", &["const", "description"], diagnostics);
        let Some(wire) = value.as_text() else {
            diagnostics.error(&value, "a known value is a string", "write it in quotes");
            continue;
        };
        let rust = name::variant(wire);
        let doc = text(&choice, "description", diagnostics).as_deref().map(lines).unwrap_or_default();
        if !name::is_identifier(&rust) {
            diagnostics.error(
                &value,
                format!("`{wire}` gives no Rust name"),
                "start it with a letter, or make the type a scalar",
            );
        } else if variants.iter().any(|known| known.rust == rust) {
            diagnostics.error(
                &value,
                format!("`{wire}` gives the Rust name of another value, `{rust}`"),
                "tell them apart",
            );
        }
        variants.push(Variant { wire: wire.to_owned(), rust, doc });
    }
    if !open {
        diagnostics.error(
            any_of,
            "the set of values is closed",
            "end it with `{\"type\": \"string\"}`: services add values",
        );
    }
    variants
}

fn members(root: &Cursor<'_>, documents: &Documents, diagnostics: &mut Diagnostics) -> Vec<Member> {
    let Some(properties) = root.get("properties") else {
        diagnostics.error(
            root,
            "no `properties`, no `anyOf`, and not an `x-scalar`",
            "say what the type is made of",
        );
        return Vec::new();
    };
    let required = names(root, "required", diagnostics);
    for (wire, at) in &required {
        if properties.get(wire).is_none() {
            diagnostics.error(
                at,
                format!("`{wire}` is required but not described"),
                "add it to `properties`",
            );
        }
    }
    properties
        .members()
        .filter_map(|(wire, schema)| {
            let rust = name::field(wire);
            if !name::is_identifier(&rust) {
                diagnostics.error(
                    &schema,
                    format!("`{wire}` gives no Rust name"),
                    "use letters, digits and `_`",
                );
            }
            let doc = lines(&text(&schema, "description", diagnostics)?);
            let (ty, nullable) = member_type(&schema, documents, diagnostics)?;
            let required = required.iter().any(|(name, _)| name == wire);
            if !required && !nullable {
                diagnostics.error(
                    &schema,
                    format!("`{wire}` may be absent but not null"),
                    "readers take null for an absent member: add \"null\" to its type",
                );
            }
            let private = schema.get("x-private").and_then(|value| value.as_boolean()) == Some(true);
            Some(Member { wire: wire.to_owned(), rust, doc, ty, required, nullable, private })
        })
        .collect()
}

const MEMBER: &[&str] = &[
    "description",
    "type",
    "format",
    "minimum",
    "minLength",
    "$ref",
    "anyOf",
    "items",
    "examples",
    "x-private",
];

/// The type of a member, and whether it may be null.
fn member_type(
    at: &Cursor<'_>,
    documents: &Documents,
    diagnostics: &mut Diagnostics,
) -> Option<(Type, bool)> {
    at.only("a member", MEMBER, diagnostics);
    if let Some(choices) = at.get("anyOf") {
        let (mut ty, mut nullable) = (None, false);
        for choice in choices.elements() {
            if choice.get("type").and_then(|ty| ty.as_text()) == Some("null") {
                nullable = true;
            } else if ty.is_none() {
                ty = Some(member_type(&choice, documents, diagnostics)?.0);
            } else {
                diagnostics.error(
                    &choice,
                    "a second alternative",
                    "`anyOf` here is a type and `null`, nothing more",
                );
            }
        }
        return Some((ty?, nullable));
    }
    if let Some(reference) = at.get("$ref") {
        let target = documents.follow(&reference, diagnostics)?;
        return Some((Type::Named(text(&target, "title", diagnostics)?), false));
    }
    let (name, nullable) = type_and_null(at, diagnostics)?;
    let format = at.get("format").and_then(|format| format.as_text());
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
            Type::List(Box::new(member_type(&items, documents, diagnostics)?.0))
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

/// The `type` of a schema without `null`, and whether `null` is among it.
pub(super) fn type_and_null<'a>(at: &Cursor<'a>, diagnostics: &mut Diagnostics) -> Option<(&'a str, bool)> {
    let Some(ty) = at.get("type") else {
        diagnostics.error(at, "no `type`", "say what kind of value it is");
        return None;
    };
    if let Some(name) = ty.as_text() {
        return Some((name, name == "null"));
    }
    let names: Vec<&str> = ty.elements().filter_map(|name| name.as_text()).collect();
    match names[..] {
        [name, "null"] | ["null", name] => Some((name, true)),
        _ => {
            diagnostics.error(&ty, "not a type", "write one type, or one type and \"null\"");
            None
        }
    }
}

/// The members of the request as the rules see them.
pub(super) fn request_fields(documents: &Documents, diagnostics: &mut Diagnostics) -> Vec<Field> {
    let Some(document) = documents.get(REQUEST) else { return Vec::new() };
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
            Type::Named(title) => match known_values(documents, title) {
                Some(values) => FieldKind::Name(values.into()),
                None => {
                    diagnostics.error(
                        &schema,
                        format!("rules cannot judge a `{title}`"),
                        "use an open enum, a size or a model",
                    );
                    continue;
                }
            },
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
    fields
}

fn known_values(documents: &Documents, title: &str) -> Option<Vec<crate::rule::Text>> {
    let document = documents
        .folder("wire")
        .find(|document| document.root().get("title").and_then(|text| text.as_text()) == Some(title))?;
    let choices = document.root().get("anyOf")?;
    Some(
        choices
            .elements()
            .filter_map(|choice| Some(choice.get("const")?.as_text()?.to_owned().into()))
            .collect(),
    )
}

/// A member that must be there and be a string.
pub(super) fn text(at: &Cursor<'_>, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let found = at.get(name).and_then(|value| value.as_text()).map(str::to_owned);
    if found.is_none() {
        diagnostics.error(at, format!("no `{name}`"), format!("add a `{name}` that is a string"));
    }
    found
}

/// A list of strings, each with its place; absent is empty.
pub(super) fn names<'a>(
    at: &Cursor<'a>,
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Cursor<'a>)> {
    let Some(list) = at.get(name) else { return Vec::new() };
    if !list.is_array() {
        diagnostics.error(&list, format!("`{name}` is not an array"), "write an array of strings");
    }
    list.elements()
        .filter_map(|item| match item.as_text() {
            Some(text) => Some((text.to_owned(), item)),
            None => {
                diagnostics.error(&item, "not a string", "write a string");
                None
            }
        })
        .collect()
}
