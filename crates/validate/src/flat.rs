//! The body of an ordinary request: an object of known members with plain values, each once. Anything else is read by
//! `tree`, which keeps what there is to say about it.

use std::fmt;

use imagewire_spec::rule::{FieldId, FieldKind};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use crate::{
    generated::fields::{COUNT, FIELDS, named},
    tree::Node,
    view::{Show, Viewer},
};

/// The members by position.
pub(crate) struct Flat<'a>([Option<Node<'a>>; COUNT]);

/// Reads an ordinary body without allocation, unless a text has escapes.
pub(crate) fn read(body: &[u8]) -> Option<Flat<'_>> {
    // Judging the encoding of the whole once is cheaper than that of every text.
    let mut reader = serde_json::Deserializer::from_str(str::from_utf8(body).ok()?);
    let mut flat = Flat([const { None }; COUNT]);
    Members(&mut flat).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(flat)
}

impl Show for Flat<'_> {
    fn show<'a>(&'a self, to: &mut impl Viewer<'a>) -> bool {
        (0_u8..).zip(FIELDS).zip(&self.0).all(|((position, field), node)| {
            let id = FieldId(position);
            match (node, &field.kind) {
                (None, _) => to.absent(id),
                (Some(Node::Null), _) => to.null(id),
                (
                    Some(Node::Text(text)),
                    FieldKind::Text | FieldKind::Name(_) | FieldKind::Size | FieldKind::Model,
                ) => to.text(id, text),
                (Some(Node::Integer(number)), FieldKind::Integer) => to.integer(id, *number),
                (Some(Node::Boolean(value)), FieldKind::Boolean) => to.boolean(id, *value),
                (Some(_), _) => false,
            }
        })
    }
}

/// Fills in the members, in place.
struct Members<'f, 'de>(&'f mut Flat<'de>);

impl<'de> DeserializeSeed<'de> for Members<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(Name(field)) = members.next_key()? {
            let place = self.0.0.get_mut(usize::from(field.0)).filter(|place| place.is_none());
            let place = place.ok_or_else(|| A::Error::custom("not an ordinary request"))?;
            let node = place.insert(members.next_value()?);
            if matches!(node, Node::Array(_) | Node::Object(_)) {
                return Err(A::Error::custom("not an ordinary request"));
            }
        }
        Ok(())
    }
}

/// The name of a member.
struct Name(FieldId);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(Known)
    }
}

struct Known;

impl Visitor<'_> for Known {
    type Value = Name;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
        named(name).map(Name).ok_or_else(|| E::custom("not an ordinary request"))
    }
}
