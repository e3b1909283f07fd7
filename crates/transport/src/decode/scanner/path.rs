//! Where in a JSON text the reader stands, as far as it matters for payloads.
//!
//! Only the containers on the way to a payload are told apart; of everything else the depth is counted. On valid JSON
//! this is exact. On invalid JSON it may be wrong without harm: a payload is replaced by `null`, which stands nowhere
//! where a string may not stand, so what was invalid remains so and `serde_json` says it at the end.

use super::super::{Fault, Place};

/// The document that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{"data": [{"b64_json": …}]}`
    Answer,
    /// `{"b64_json": …}`
    Event,
}

/// The place of the reader.
#[derive(Debug)]
pub(super) struct Path {
    shape: Shape,
    /// How many containers are open.
    depth: usize,
    /// How many of them, from the outside, lie on the way to a payload.
    on: usize,
    slot: Slot,
    /// How many items of `data` came before.
    index: usize,
    /// Whether the wanted member came already, of the outer and the inner object.
    seen: [bool; 2],
}

/// What the innermost object on the way expects next. Irrelevant while the innermost container is a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Name,
    Colon { wanted: bool },
    Value { wanted: bool },
}

/// What a string is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A member's name, which must be reported by [`Path::name`].
    Name,
    Payload(Place),
    Other,
}

impl Path {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, depth: 0, on: 0, slot: Slot::Value { wanted: false }, index: 0, seen: [false; 2] }
    }

    /// Takes a byte that stands in no string; whether an item of `data` ends with it.
    pub(super) fn structure(&mut self, byte: u8) -> bool {
        let was_in_item = self.shape == Shape::Answer && self.on == 3;
        match byte {
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' => self.close(),
            b',' if self.depth == self.on => {
                if self.in_object() {
                    self.slot = Slot::Name;
                } else {
                    self.index = self.index.saturating_add(1);
                }
            }
            b':' if self.depth == self.on => {
                if let Slot::Colon { wanted } = self.slot {
                    self.slot = Slot::Value { wanted };
                }
            }
            _ => {}
        }
        was_in_item && self.on == 2
    }

    /// How many items of `data` came before the one that the reader stands in.
    pub(super) fn items_before(&self) -> usize {
        self.index
    }

    /// What a string that begins here is for.
    pub(super) fn role(&self) -> Role {
        if self.depth != self.on || !self.in_object() {
            return Role::Other;
        }
        match (self.slot, self.shape, self.on) {
            (Slot::Name, ..) => Role::Name,
            (Slot::Value { wanted: true }, Shape::Answer, 3) => Role::Payload(Place::Item(self.index)),
            (Slot::Value { wanted: true }, Shape::Event, 1) => Role::Payload(Place::Event),
            (Slot::Value { .. } | Slot::Colon { .. }, ..) => Role::Other,
        }
    }

    /// Takes a member's name as it is written, quotes included.
    pub(super) fn name(&mut self, raw: &[u8]) -> Result<(), (Fault, Option<Place>)> {
        let (wanted, place) = match (self.shape, self.on) {
            (Shape::Answer, 1) => ("data", None),
            (Shape::Answer, _) => ("b64_json", Some(Place::Item(self.index))),
            (Shape::Event, _) => ("b64_json", Some(Place::Event)),
        };
        let wanted = is_name(raw, wanted);
        self.slot = Slot::Colon { wanted };
        let seen = &mut self.seen[usize::from(self.on > 1)];
        if wanted && *seen {
            return Err((Fault::Duplicate, place));
        }
        *seen |= wanted;
        Ok(())
    }

    fn open(&mut self, object: bool) {
        let fits = self.depth == self.on
            && match (self.shape, self.on) {
                (_, 0) | (Shape::Answer, 2) => object,
                (Shape::Answer, 1) => !object && self.slot == Slot::Value { wanted: true },
                (Shape::Answer | Shape::Event, _) => false,
            };
        self.depth = self.depth.saturating_add(1);
        if fits {
            self.on += 1;
            if object {
                self.slot = Slot::Name;
                self.seen[usize::from(self.on > 1)] = false;
            } else {
                self.index = 0;
            }
        }
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.on > self.depth {
            self.on = self.depth;
            self.slot = Slot::Value { wanted: false };
        }
    }

    fn in_object(&self) -> bool {
        matches!(self.on, 1 | 3)
    }
}

fn is_name(raw: &[u8], name: &str) -> bool {
    if !raw.contains(&b'\\') {
        return raw.get(1..raw.len().saturating_sub(1)) == Some(name.as_bytes());
    }
    // No character is written with more than six bytes.
    raw.len() <= 6 * name.len() + 2 && serde_json::from_slice::<String>(raw).is_ok_and(|text| text == name)
}
