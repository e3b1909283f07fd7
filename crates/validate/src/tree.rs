//! A JSON body as it was written: members in order, duplicates kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Boolean(bool),
    /// A number without a fraction, however it is written; beyond the range the nearest one.
    Integer(i128),
    Fraction,
    Text(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The kind of value.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Boolean(_) => Kind::Boolean,
            Self::Integer(_) => Kind::Integer,
            Self::Fraction => Kind::Fraction,
            Self::Text(_) => Kind::Text,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
        }
    }
}

/// A kind of JSON value; numbers are told apart by whether they are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction.
    Integer,
    /// A number with a fraction.
    Fraction,
    /// A text.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// The kind in words, as a sentence about a value has it.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Fraction => "a number with a fraction",
            Self::Text => "text",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// Parses a whole body; the message of a failure tells the place and quotes nothing.
pub(crate) fn parse(body: &[u8]) -> Result<Node, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// Reports every name that stands more than once in its object: the object's pointer, and the name.
pub(crate) fn duplicates(members: &[(String, Node)], pointer: &str, found: &mut impl FnMut(&str, &str)) {
    for (at, (name, node)) in members.iter().enumerate() {
        if members.iter().take(at).any(|(earlier, _)| earlier == name) {
            found(pointer, name);
        }
        nested(node, &format!("{pointer}/{}", escaped(name)), found);
    }
}

fn nested(node: &Node, pointer: &str, found: &mut impl FnMut(&str, &str)) {
    match node {
        Node::Object(members) => duplicates(members, pointer, found),
        Node::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                nested(item, &format!("{pointer}/{at}"), found);
            }
        }
        Node::Null | Node::Boolean(_) | Node::Integer(_) | Node::Fraction | Node::Text(_) => {}
    }
}

/// A name as a part of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Integer(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Integer(number.into()))
    }

    #[allow(clippy::cast_possible_truncation, reason = "the value is whole, and `as` saturates")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<Node, E> {
        Ok(if number.fract() == 0.0 { Node::Integer(number as i128) } else { Node::Fraction })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Node::Object(object))
    }
}
