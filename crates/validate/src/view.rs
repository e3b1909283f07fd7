//! One way to look at a request, whether it is typed or bytes.

use std::borrow::Cow;

use imagewire_spec::rule::{Field, FieldId, FieldKind};
use imagewire_types::{CreateImageRequest, Size};

use crate::{
    generated::fields::{FIELDS, member},
    tree::{Kind, Node},
};

/// A value of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'a> {
    Text(&'a str),
    Size(&'a Size),
    Integer(i128),
    Boolean(bool),
}

/// What stands in a member's place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen<'a> {
    Absent,
    Null,
    Value(Scalar<'a>),
    /// A value of another kind than the wire schema says.
    Wrong(Kind),
}

pub(crate) trait View {
    fn get(&self, field: FieldId) -> Seen<'_>;
}

pub(crate) struct Typed<'a>(pub(crate) &'a CreateImageRequest);

impl View for Typed<'_> {
    fn get(&self, field: FieldId) -> Seen<'_> {
        member(self.0, field).map_or(Seen::Absent, Seen::Value)
    }
}

/// The members of a body in order; of a name that stands twice, the last counts, as for most readers.
pub(crate) struct Json<'a>(pub(crate) &'a [(Cow<'a, str>, Node<'a>)]);

impl View for Json<'_> {
    fn get(&self, field: FieldId) -> Seen<'_> {
        let Some(Field { name, kind, .. }) = FIELDS.get(usize::from(field.0)) else { return Seen::Absent };
        let Some((_, node)) = self.0.iter().rev().find(|(known, _)| known == name) else {
            return Seen::Absent;
        };
        match (node, kind) {
            (Node::Null, _) => Seen::Null,
            (Node::Integer(number), FieldKind::Integer) => Seen::Value(Scalar::Integer(*number)),
            (Node::Boolean(value), FieldKind::Boolean) => Seen::Value(Scalar::Boolean(*value)),
            (Node::Text(text), FieldKind::Text | FieldKind::Name(_) | FieldKind::Size | FieldKind::Model) => {
                Seen::Value(Scalar::Text(text))
            }
            (other, _) => Seen::Wrong(other.kind()),
        }
    }
}
