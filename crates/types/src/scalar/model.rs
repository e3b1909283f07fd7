//! Model identifiers.

use std::borrow::Cow;

/// The identifier of an image model. The known ones are constants; any other text is one as well.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(transparent))]
pub struct Model(Cow<'static, str>);

impl Model {
    /// A model that is known when the program is compiled.
    #[must_use]
    pub const fn from_static(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// The identifier on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Model {
    fn from(id: &str) -> Self {
        Self(Cow::Owned(id.to_owned()))
    }
}

impl From<String> for Model {
    fn from(id: String) -> Self {
        Self(Cow::Owned(id))
    }
}

crate::wire::wire_text!(Model);
