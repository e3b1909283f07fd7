//! The tree: JSON values in the order of the file, each with its place.

use std::{collections::BTreeSet, fmt::Write as _, ops::Range};

use jsonc_parser::{CollectOptions, ParseOptions, ast, common::Ranged};

use super::{Diagnostics, Source};

/// A parsed document.
#[derive(Clone, Debug)]
pub struct Document {
    source: Source,
    root: Node,
}

/// A JSON value with its place in the text.
#[derive(Clone, Debug)]
pub struct Node {
    /// The bytes of the value in the document's text.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A JSON value; objects keep the order of the file.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number as it is written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object: name, the name's place, value.
    Object(Vec<(String, Range<usize>, Node)>),
}

impl Document {
    /// Parses strict JSON, without duplicate names; what is wrong goes to `diagnostics`.
    pub fn parse(source: &Source, diagnostics: &mut Diagnostics) -> Option<Self> {
        // serde_json decides what JSON is and bounds the depth; jsonc-parser then tells the places.
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&source.text) {
            let start = offset(&source.text, error.line(), error.column());
            let (message, help) = not_json(&source.text, &error);
            diagnostics.at_span(source, "", start..start, message, help);
            return None;
        }
        let parsed = jsonc_parser::parse_to_ast(&source.text, &CollectOptions::default(), &strict());
        let Some(value) = parsed.ok().and_then(|parsed| parsed.value) else {
            diagnostics.at_span(source, "", 0..0, "not JSON", "write strict JSON (RFC 8259)");
            return None;
        };
        let mut duplicates = Vec::new();
        let root = node(&value, "", &mut duplicates);
        for (pointer, span) in duplicates {
            diagnostics.at_span(
                source,
                &pointer,
                span,
                "this name stands twice in its object",
                "keep one of the two",
            );
        }
        Some(Self { source: source.clone(), root })
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The document's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.source.path
    }

    /// The whole document.
    #[must_use]
    pub fn root(&self) -> Cursor<'_> {
        Cursor { document: self, node: &self.root, pointer: String::new() }
    }
}

/// Why a text is not JSON, and what to do about it.
fn not_json(text: &str, error: &serde_json::Error) -> (String, &'static str) {
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    if text.trim().is_empty() {
        ("the file is empty".to_owned(), "delete it, or copy a neighbour and edit that")
    } else if text.starts_with('\u{feff}') {
        ("the file begins with a byte order mark".to_owned(), "save it as UTF-8 without one")
    } else if reason.starts_with("recursion limit") {
        (
            "nested deeper than 127 levels".to_owned(),
            "no document here needs more than about 20: look for brackets too many",
        )
    } else if let Some(where_to) = reason.strip_prefix("EOF while parsing ") {
        (format!("not JSON: the file ends inside {where_to}"), "close what is open, or restore what is lost")
    } else if reason == "trailing characters" {
        ("not JSON: more text after the document's end".to_owned(), "a file holds one document")
    } else if reason == "trailing comma" {
        ("not JSON: a comma after the last item".to_owned(), "remove the comma")
    } else {
        (
            format!("not JSON: {reason}"),
            "write strict JSON: no comments, no trailing commas, names in double quotes",
        )
    }
}

fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn node(value: &ast::Value<'_>, pointer: &str, duplicates: &mut Vec<(String, Range<usize>)>) -> Node {
    let span = value.range();
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(boolean) => Value::Boolean(boolean.value),
        ast::Value::NumberLit(number) => Value::Number(number.value.to_owned()),
        ast::Value::StringLit(string) => Value::String(string.value.clone().into_owned()),
        ast::Value::Array(array) => Value::Array(
            array
                .elements
                .iter()
                .enumerate()
                .map(|(at, item)| node(item, &format!("{pointer}/{at}"), duplicates))
                .collect(),
        ),
        ast::Value::Object(object) => {
            let mut members: Vec<(String, Range<usize>, Node)> = Vec::new();
            let mut seen = BTreeSet::new();
            for property in &object.properties {
                let name = property.name.as_str().to_owned();
                let place = property.name.range();
                let pointer = join(pointer, &name);
                if !seen.insert(name.clone()) {
                    duplicates.push((pointer.clone(), place.start..place.end));
                }
                let value = node(&property.value, &pointer, duplicates);
                members.push((name, place.start..place.end, value));
            }
            Value::Object(members)
        }
    };
    Node { span: span.start..span.end, value }
}

fn join(pointer: &str, name: &str) -> String {
    let mut joined = pointer.to_owned();
    let _ = write!(joined, "/{}", name.replace('~', "~0").replace('/', "~1"));
    joined
}

/// A value of a document together with its JSON pointer.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    document: &'a Document,
    node: &'a Node,
    pointer: String,
}

impl<'a> Cursor<'a> {
    /// The document.
    #[must_use]
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// The JSON pointer of the value.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The bytes of the value in the document's text.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.node.span.clone()
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &'a Value {
        &self.node.value
    }

    /// The member of that name, if this is an object that has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Self> {
        let Value::Object(members) = &self.node.value else { return None };
        let (_, _, node) = members.iter().find(|(known, ..)| known == name)?;
        Some(Self { document: self.document, node, pointer: join(&self.pointer, name) })
    }

    /// The value at a JSON pointer below this one.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<Self> {
        let mut here = self.clone();
        for part in pointer.split('/').skip(1) {
            let name = part.replace("~1", "/").replace("~0", "~");
            here = match (here.value(), name.parse::<usize>()) {
                (Value::Array(items), Ok(index)) => Self {
                    document: here.document,
                    node: items.get(index)?,
                    pointer: format!("{}/{index}", here.pointer),
                },
                _ => here.get(&name)?,
            };
        }
        Some(here)
    }

    /// The members of an object in the order of the file; nothing for other values.
    pub fn members(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let members: &'a [_] = if let Value::Object(members) = &self.node.value { members } else { &[] };
        let (document, pointer) = (self.document, self.pointer.clone());
        members.iter().map(move |(name, _, node)| {
            (name.as_str(), Self { document, node, pointer: join(&pointer, name) })
        })
    }

    /// The place of a member's name, for a problem with the name itself.
    #[must_use]
    pub fn name_span(&self, name: &str) -> Range<usize> {
        if let Value::Object(members) = &self.node.value
            && let Some((_, span, _)) = members.iter().find(|(known, ..)| known == name)
        {
            return span.clone();
        }
        self.span()
    }

    /// The elements of an array; nothing for other values.
    pub fn elements(&self) -> impl Iterator<Item = Self> + use<'a> {
        let elements: &'a [_] = if let Value::Array(elements) = &self.node.value { elements } else { &[] };
        let (document, pointer) = (self.document, self.pointer.clone());
        elements.iter().enumerate().map(move |(at, node)| Self {
            document,
            node,
            pointer: format!("{pointer}/{at}"),
        })
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&'a str> {
        if let Value::String(text) = &self.node.value { Some(text) } else { None }
    }

    /// The truth value, if this is one.
    #[must_use]
    pub fn as_boolean(&self) -> Option<bool> {
        if let Value::Boolean(boolean) = self.node.value { Some(boolean) } else { None }
    }

    /// The whole number, if this is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        if let Value::Number(number) = &self.node.value { number.parse().ok() } else { None }
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self.node.value, Value::Object(_))
    }

    /// Whether this is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self.node.value, Value::Array(_))
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    /// The value as JSON text, exactly as the file has it.
    #[must_use]
    pub fn json(&self) -> &'a str {
        self.document.source.text.get(self.span()).unwrap_or_default()
    }

    /// Reports what is not an object, and every member whose name is not among `allowed`. `what` names the kind of
    /// object.
    pub fn only(&self, what: &str, allowed: &[&str], diagnostics: &mut Diagnostics) {
        if !self.is_object() {
            let help = format!("write an object with some of: {}", allowed.join(", "));
            diagnostics.error(self, format!("{what} is an object"), help);
        }
        let members: &[_] = if let Value::Object(members) = &self.node.value { members } else { &[] };
        for (name, span, _) in members {
            if !allowed.contains(&name.as_str()) {
                diagnostics.at_span(
                    &self.document.source,
                    &join(&self.pointer, name),
                    span.clone(),
                    format!("`{name}` is not a keyword of {what}"),
                    format!("use one of: {}", allowed.join(", ")),
                );
            }
        }
    }
}
