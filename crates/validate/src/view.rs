//! One way to look at a request, whether it is typed or bytes.

use std::borrow::Cow;

use imagewire_spec::rule::{Field, FieldId, FieldKind};
use imagewire_types::{CreateImageRequest, Size};

use crate::{
    generated::fields::{COUNT, FIELDS},
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

/// A request that shows its members one after the other.
pub(crate) trait Show {
    /// Shows all members in schema order, as long as the viewer says yes; tells whether it always did.
    fn show<'a>(&'a self, to: &mut impl Viewer<'a>) -> bool;
}

/// What looks at the members. Each method tells whether to go on.
pub(crate) trait Viewer<'a> {
    fn absent(&mut self, field: FieldId) -> bool;
    fn null(&mut self, field: FieldId) -> bool;
    fn text(&mut self, field: FieldId, text: &'a str) -> bool;
    fn size(&mut self, field: FieldId, size: &'a Size) -> bool;
    fn integer(&mut self, field: FieldId, number: i128) -> bool;
    fn boolean(&mut self, field: FieldId, value: bool) -> bool;
}

/// The members of a typed request.
pub(crate) struct Typed<'a>([Option<Scalar<'a>>; COUNT]);

impl<'a> Typed<'a> {
    pub(crate) fn new(request: &'a CreateImageRequest) -> Self {
        let mut view = Self([None; COUNT]);
        request.show(&mut view);
        view
    }

    fn put(&mut self, field: FieldId, value: Scalar<'a>) -> bool {
        self.0.get_mut(usize::from(field.0)).is_some_and(|place| {
            *place = Some(value);
            true
        })
    }
}

impl<'a> Viewer<'a> for Typed<'a> {
    fn absent(&mut self, _: FieldId) -> bool {
        true
    }

    fn null(&mut self, _: FieldId) -> bool {
        true
    }

    fn text(&mut self, field: FieldId, text: &'a str) -> bool {
        self.put(field, Scalar::Text(text))
    }

    fn size(&mut self, field: FieldId, size: &'a Size) -> bool {
        self.put(field, Scalar::Size(size))
    }

    fn integer(&mut self, field: FieldId, number: i128) -> bool {
        self.put(field, Scalar::Integer(number))
    }

    fn boolean(&mut self, field: FieldId, value: bool) -> bool {
        self.put(field, Scalar::Boolean(value))
    }
}

impl View for Typed<'_> {
    fn get(&self, field: FieldId) -> Seen<'_> {
        match self.0.get(usize::from(field.0)) {
            Some(Some(value)) => Seen::Value(*value),
            Some(None) | None => Seen::Absent,
        }
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
