//! Wire schemas to types.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    lines,
    members::members,
    read::{expect_type, text},
};
use crate::{
    ir::{Module, Noun, Shape, Type, Variant},
    load::{Cursor, Diagnostics, Document, Documents},
    name,
};

/// Names of types that generated code uses for other things.
const TAKEN: &[&str] =
    &["Default", "Extra", "Into", "Option", "Self", "Some", "String", "UnknownValue", "Vec"];

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
    endless(&modules, documents, diagnostics);
    modules.into_iter().map(|(name, nouns)| Module { name, types: reading_order(nouns) }).collect()
}

/// Reports structs that hold themselves, which would have no end; a list may, because it can be empty.
fn endless(
    modules: &BTreeMap<String, Vec<(Noun, Vec<String>)>>,
    documents: &Documents,
    diagnostics: &mut Diagnostics,
) {
    let nouns: BTreeMap<&str, &Noun> =
        modules.values().flatten().map(|(noun, _)| (noun.name.as_str(), noun)).collect();
    let held = |name: &str| -> Vec<&str> {
        let Some(Shape::Struct(members)) = nouns.get(name).map(|noun| &noun.shape) else { return Vec::new() };
        members
            .iter()
            .filter_map(|member| if let Type::Named(name) = &member.ty { Some(name.as_str()) } else { None })
            .collect()
    };
    for (name, noun) in &nouns {
        let (mut seen, mut next) = (BTreeSet::new(), held(name));
        while let Some(inner) = next.pop() {
            if seen.insert(inner) {
                next.extend(held(inner));
            }
        }
        if seen.contains(name)
            && let Some(document) = documents.get(&noun.path)
        {
            let root = document.root();
            let at = root.get("properties").unwrap_or(root);
            diagnostics.error(
                &at,
                format!("`{name}` holds another `{name}`, and so on without end"),
                "break the circle of `$ref`, or make one of its members an array",
            );
        }
    }
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
        diagnostics.error(
            &root,
            "a wire schema is an object",
            "describe a struct, an open enum or a scalar: see schemas/README.md",
        );
        return None;
    }
    let title = text(&root, "title", diagnostics);
    let module = text(&root, "x-module", diagnostics);
    let doc = lines(&text(&root, "description", diagnostics)?);
    let (title, module) = (title?, module?);
    let type_name = name::is_identifier(&title) && title.starts_with(|c: char| c.is_ascii_uppercase());
    if (!type_name || TAKEN.contains(&title.as_str()))
        && let Some(at) = root.get("title")
    {
        let message = format!("no type can be named `{title}`");
        diagnostics.error(
            &at,
            message,
            "use letters and digits, a capital first, and no name that Rust or imagewire uses",
        );
    }
    let module_name = name::is_identifier(&module) && !module.contains(|c: char| c.is_ascii_uppercase());
    if (!module_name || module == "operations")
        && let Some(at) = root.get("x-module")
    {
        let message = format!("no module of wire types can be named `{module}`");
        diagnostics.error(
            &at,
            message,
            "use small letters, and not `operations`, which holds the HTTP facts",
        );
    }
    let shape = if let Some(scalar) = root.get("x-scalar") {
        const KEYWORDS: &[&str] =
            &["$schema", "title", "description", "x-module", "x-scalar", "type", "examples"];
        if scalar.as_boolean() != Some(true) {
            diagnostics.error(&scalar, "`x-scalar` is not `true`", "write `true`, or leave it out");
        }
        root.only("a scalar", KEYWORDS, diagnostics);
        Shape::Scalar
    } else if let Some(any_of) = root.get("anyOf") {
        root.only(
            "an open enum",
            &["$schema", "title", "description", "x-module", "type", "anyOf", "examples"],
            diagnostics,
        );
        expect_type(&root, "string", diagnostics);
        Shape::Enum(variants(&any_of, diagnostics))
    } else {
        const KEYWORDS: &[&str] =
            &["$schema", "title", "description", "x-module", "type", "properties", "required"];
        root.only("a struct", KEYWORDS, diagnostics);
        expect_type(&root, "object", diagnostics);
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
