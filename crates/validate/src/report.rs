//! Findings: what is wrong, where, and what to do about it.

mod words;

use std::fmt;

use crate::{generated::fields::FIELDS, tree::Kind};
pub(crate) use words::*;

/// How grave a finding is. Only errors make a request unacceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is known against it, and nothing for it.
    Note,
    /// The service takes it and does something else than expected.
    Warning,
    /// The service refuses it.
    Error,
}

impl Severity {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)*) => {
        /// What kind of finding it is. The texts are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    NotJson => "not_json",
    /// A required member is missing.
    Missing => "missing",
    /// An explicit null where the service takes none.
    Null => "null",
    /// A value of the wrong kind.
    WrongType => "wrong_type",
    /// A member that stands twice.
    Duplicate => "duplicate",
    /// A member that the service or the model does not take.
    UnsupportedField => "unsupported_field",
    /// A value outside a closed set.
    UnsupportedValue => "unsupported_value",
    /// A number outside its bounds.
    OutOfRange => "out_of_range",
    /// A text that is too short.
    TooShort => "too_short",
    /// A text that is too long.
    TooLong => "too_long",
    /// Members that do not go together.
    Conflict => "conflict",
    /// The service will stop serving the model.
    Deprecated => "deprecated",
    /// The service no longer serves the model.
    Retired => "retired",
    /// A remark of the service's or the model's document.
    Advice => "advice",
    /// A model without rules here.
    UnknownModel => "unknown_model",
    /// A value of an open set that is new here.
    UnknownValue => "unknown_value",
    /// A member outside the whole vocabulary.
    UnknownMember => "unknown_member",
}

/// One thing to say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The place as a JSON pointer, such as `/n`; empty for the whole body.
    pub pointer: String,
    /// What kind of finding it is.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// What is accepted, in words, where that is known.
    pub allowed: Option<String>,
    /// The nearest valid value as it would be written, where there is one.
    pub nearest: Option<String>,
    /// A sentence for people.
    pub message: String,
    /// What stood there, where a program can make something of it. Never a free text such as the prompt.
    pub found: Option<Found>,
    /// What should have stood there, likewise.
    pub expected: Option<Expected>,
}

/// What stood in a member's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A value of another kind.
    Kind(Kind),
    /// A whole number outside its bounds.
    Integer(i128),
    /// A text of that many code points.
    Length(usize),
    /// A name outside a closed set, clipped and with control characters escaped.
    Name(String),
}

/// What should have stood in a member's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A value of this kind.
    Kind(Kind),
    /// A whole number between these bounds, both included; `i64::MAX` where there is no upper one.
    Range(i64, i64),
    /// A text of so many code points, both bounds included.
    Length(u32, u32),
    /// One of these names.
    OneOf(Vec<String>),
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.severity.as_str(), self.message)?;
        match &self.nearest {
            Some(nearest) => write!(formatter, " (nearest: {nearest})"),
            None => Ok(()),
        }
    }
}

/// Everything there is to say about a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(Vec<Finding>);

impl Report {
    /// Whether the service will take the request, as far as is known: whether no finding is an error.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.errors().next().is_none()
    }

    /// All findings.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }

    /// The findings that make the request unacceptable.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(|finding| finding.severity == Severity::Error)
    }

    pub(crate) fn findings_mut(&mut self) -> &mut Vec<Finding> {
        &mut self.0
    }

    /// Adds a finding. One of the same place and kind is replaced: rules come widest first, and the narrowest speaks.
    pub(crate) fn push(&mut self, finding: Finding) {
        let repeats = !matches!(finding.code, Code::Conflict | Code::Advice);
        match self.0.iter_mut().find(|known| known.pointer == finding.pointer && known.code == finding.code) {
            Some(known) if repeats => *known = finding,
            _ => self.0.push(finding),
        }
    }

    /// Orders the findings as the wire schema orders the members; those about the whole body or strangers come first.
    pub(crate) fn in_order_of_fields(&mut self) {
        if self.0.len() > 1 {
            let position = |finding: &Finding| {
                let name = finding.pointer.strip_prefix('/');
                FIELDS.iter().position(|field| Some(field.name.as_ref()) == name).map_or(0, |at| at + 1)
            };
            self.0.sort_by_key(position);
        }
    }

    /// Adds a finding that cannot be of the same place and kind as another.
    pub(crate) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for finding in other.0 {
            self.push(finding);
        }
    }
}
