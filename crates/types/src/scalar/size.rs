//! Image sizes.

use std::borrow::Cow;

/// The size of an image: left to the model, or width and height in pixels. Other text is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct Size(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Automatic,
    Pixels { width: u32, height: u32 },
    Other(Box<str>),
}

impl Size {
    /// The model chooses.
    pub const AUTO: Self = Self(Kind::Automatic);

    /// Width and height in pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self(Kind::Pixels { width, height })
    }

    /// Width and height in pixels, when they are given.
    #[must_use]
    pub const fn dimensions(&self) -> Option<(u32, u32)> {
        match self.0 {
            Kind::Pixels { width, height } => Some((width, height)),
            Kind::Automatic | Kind::Other(_) => None,
        }
    }

    /// Whether the model chooses.
    #[must_use]
    pub const fn is_auto(&self) -> bool {
        matches!(self.0, Kind::Automatic)
    }

    /// The size on the wire.
    #[must_use]
    pub fn as_str(&self) -> Cow<'_, str> {
        match &self.0 {
            Kind::Automatic => Cow::Borrowed("auto"),
            Kind::Pixels { width, height } => Cow::Owned(format!("{width}x{height}")),
            Kind::Other(text) => Cow::Borrowed(text),
        }
    }
}

impl From<&str> for Size {
    /// Only the canonical spelling (`1024x1024`: lower-case `x`, no sign, no leading zero) becomes pixels, so that
    /// every text is written as it was read.
    fn from(text: &str) -> Self {
        if text == "auto" {
            return Self::AUTO;
        }
        let pixels = text.split_once('x').and_then(|(width, height)| Some((number(width)?, number(height)?)));
        match pixels {
            Some((width, height)) => Self::new(width, height),
            None => Self(Kind::Other(text.into())),
        }
    }
}

impl From<String> for Size {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

fn number(digits: &str) -> Option<u32> {
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if canonical { digits.parse().ok() } else { None }
}

crate::wire::wire_text!(Size);
