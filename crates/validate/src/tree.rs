//! A JSON body as it was written: members in order, duplicates kept.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Texts and names borrow from the body, unless they hold escapes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Boolean(bool),
    /// A number without a fraction, however it is written; beyond the range the nearest one.
    Integer(i128),
    Fraction,
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Members<'a>),
}

/// The members of an object in order.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

impl Node<'_> {
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
pub(crate) fn parse(body: &[u8]) -> Result<Node<'_>, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// Reports every name that stands more than once in its object: the object's pointer, and the name.
pub(crate) fn duplicates(
    members: &[(Cow<'_, str>, Node<'_>)],
    pointer: &str,
    found: &mut impl FnMut(&str, &str),
) {
    // A glance is enough for a request; a hostile body may have a hundred thousand members.
    const FEW: usize = 32;
    let (mut seen, mut reported) = (BTreeSet::new(), BTreeSet::new());
    for (at, (name, node)) in members.iter().enumerate() {
        let is_repeated = if members.len() <= FEW {
            members.iter().take(at).any(|(earlier, _)| earlier == name)
        } else {
            !seen.insert(name)
        };
        if is_repeated && reported.insert(name) {
            found(pointer, name);
        }
        if matches!(node, Node::Object(_) | Node::Array(_)) {
            nested(node, &format!("{pointer}/{}", escaped(name)), found);
        }
    }
}

fn nested(node: &Node<'_>, pointer: &str, found: &mut impl FnMut(&str, &str)) {
    match node {
        Node::Object(members) => duplicates(members, pointer, found),
        Node::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if matches!(item, Node::Object(_) | Node::Array(_)) {
                    nested(item, &format!("{pointer}/{at}"), found);
                }
            }
        }
        Node::Null | Node::Boolean(_) | Node::Integer(_) | Node::Fraction | Node::Text(_) => {}
    }
}

/// A name as a part of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(number.into()))
    }

    #[allow(clippy::cast_possible_truncation, reason = "the value is whole, and `as` saturates")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<Node<'de>, E> {
        Ok(if number.fract() == 0.0 { Node::Integer(number as i128) } else { Node::Fraction })
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        let mut object = Vec::new();
        // A name is a text like any other.
        while let Some((name, value)) = members.next_entry::<Node<'de>, Node<'de>>()? {
            if let Node::Text(name) = name {
                object.push((name, value));
            }
        }
        Ok(Node::Object(object))
    }
}
