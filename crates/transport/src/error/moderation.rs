//! What a content filter objected to.

use std::fmt;

/// What a content filter objected to, as far as the service tells. See [`Error::moderation`](crate::Error::moderation).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moderation {
    /// What was judged.
    pub stage: Stage,
    /// What was found in it, each category once; empty when the service keeps it to itself.
    pub categories: Vec<Category>,
}

/// What a content filter judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// The prompt; nothing was drawn.
    Prompt,
    /// The image, which was drawn.
    Output,
    /// Neither: the account is shut out for what it did before, and another prompt does not help.
    Account,
    /// The service does not say.
    Unknown,
}

/// Something that a content filter found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Category {
    /// Its name, such as `violence`.
    pub name: String,
    /// How bad it is, such as `medium`, if the service says so.
    pub severity: Option<String>,
}

impl Stage {
    /// The stage in `snake_case`, for machine-readable reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Output => "output",
            Self::Account => "account",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.severity {
            Some(severity) => write!(formatter, "{} ({severity})", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// What was found and in what: `violence (medium) in the prompt`.
impl fmt::Display for Moderation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, category) in self.categories.iter().enumerate() {
            write!(formatter, "{}{category}", if number == 0 { "" } else { ", " })?;
        }
        let place = match self.stage {
            Stage::Prompt => "in the prompt",
            Stage::Output => "in the image",
            Stage::Account => "the account is blocked",
            Stage::Unknown => return Ok(()),
        };
        match (self.categories.is_empty(), self.stage) {
            (true, Stage::Account) => formatter.write_str(place),
            (true, _) => write!(formatter, "something {place}"),
            (false, _) => write!(formatter, " {place}"),
        }
    }
}
