//! Findings: what is wrong, where, and what to do about it, in words that never quote the prompt.

use std::fmt;

use imagewire_spec::rule::{Constraint, CrossRule, Field, FieldKind, Lifecycle, Model, RuleSet, Stage};

use crate::{generated::fields::FIELDS, nearest::nearest, tree::escaped, view::Scalar};

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

    pub(crate) fn merge(&mut self, other: Self) {
        for finding in other.0 {
            self.push(finding);
        }
    }
}

fn finding(pointer: String, code: Code, severity: Severity, message: String) -> Finding {
    Finding { pointer, code, severity, allowed: None, nearest: None, message }
}

fn at(field: &Field) -> String {
    format!("/{}", field.name)
}

pub(crate) fn not_json(message: &str) -> Finding {
    finding(String::new(), Code::NotJson, Severity::Error, format!("the body is not JSON: {message}"))
}

pub(crate) fn not_an_object(found: &str) -> Finding {
    finding(
        String::new(),
        Code::WrongType,
        Severity::Error,
        format!("the body is {found}; an object is expected"),
    )
}

pub(crate) fn duplicate(pointer: &str, name: &str) -> Finding {
    let message = format!("`{}` stands twice in its object: keep one of the two", shown(name));
    finding(format!("{pointer}/{}", escaped(name)), Code::Duplicate, Severity::Error, message)
}

pub(crate) fn unknown_member(name: &str) -> Finding {
    let similar = FIELDS
        .iter()
        .map(|field| (strsim::jaro_winkler(name, &field.name), field.name.as_ref()))
        .filter(|(similarity, _)| *similarity > 0.88)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let meant = similar.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"));
    let message = format!("`{}` is no member that imagewire knows{meant}", shown(name));
    finding(format!("/{}", escaped(name)), Code::UnknownMember, Severity::Note, message)
}

pub(crate) fn missing(field: &Field) -> Finding {
    let message = format!("`{}` is missing: every request needs it", field.name);
    finding(at(field), Code::Missing, Severity::Error, message)
}

pub(crate) fn null(field: &Field, set: &RuleSet) -> Finding {
    let message = format!("`{}` is null, which {} does not take: leave the member out", field.name, set.name);
    finding(at(field), Code::Null, Severity::Error, message)
}

pub(crate) fn wrong_type(field: &Field, found: &str) -> Finding {
    let expected = match field.kind {
        FieldKind::Text | FieldKind::Name(_) | FieldKind::Size | FieldKind::Model => "text",
        FieldKind::Integer => "a whole number",
        FieldKind::Boolean => "true or false",
    };
    let message = format!("`{}` is {found}; {expected} is expected", field.name);
    Finding {
        allowed: Some(expected.to_owned()),
        ..finding(at(field), Code::WrongType, Severity::Error, message)
    }
}

pub(crate) fn unsupported_field(field: &Field, set: &RuleSet) -> Finding {
    let message = format!("{} takes no `{}`: remove it", set.name, field.name);
    finding(at(field), Code::UnsupportedField, Severity::Error, message)
}

pub(crate) fn broken(field: &Field, value: Scalar<'_>, constraint: &Constraint, set: &RuleSet) -> Finding {
    let name = &field.name;
    let (code, found) = match (constraint, value) {
        (Constraint::Absent, _) => return unsupported_field(field, set),
        (Constraint::Length { min, .. }, Scalar::Text(text)) => {
            let length = text.chars().count();
            let code = if length < *min as usize { Code::TooShort } else { Code::TooLong };
            (code, format!("has {length} {}", if length == 1 { "character" } else { "characters" }))
        }
        (Constraint::Range { .. }, Scalar::Integer(number)) => (Code::OutOfRange, format!("is {number}")),
        (_, value) => (Code::UnsupportedValue, format!("is {}", in_words(value))),
    };
    Finding {
        allowed: Some(constraint.to_string()),
        nearest: nearest(value, constraint),
        ..finding(
            at(field),
            code,
            Severity::Error,
            format!("`{name}` {found}; {} takes {constraint}", set.name),
        )
    }
}

pub(crate) fn unknown_value(field: &Field, value: Scalar<'_>) -> Finding {
    let message = format!(
        "`{}` is {}, which imagewire does not know; it is sent unchanged",
        field.name,
        in_words(value)
    );
    finding(at(field), Code::UnknownValue, Severity::Note, message)
}

pub(crate) fn conflict(rule: &CrossRule, set: &RuleSet) -> Finding {
    let first = rule.when.first().and_then(|condition| FIELDS.get(usize::from(condition.field.0)));
    let message = format!("{}: {}", set.name, rule.in_words(FIELDS));
    finding(first.map_or_else(String::new, at), Code::Conflict, Severity::Error, message)
}

pub(crate) fn advice(field: Option<&Field>, severity: Severity, message: &str) -> Finding {
    finding(field.map_or_else(String::new, at), Code::Advice, severity, message.to_owned())
}

pub(crate) fn unknown_model(name: &str, from_request: bool, dialect: &str) -> Finding {
    let message =
        format!("imagewire has no rules for the model `{}`; those of {dialect} alone apply", shown(name));
    finding(model_pointer(from_request), Code::UnknownModel, Severity::Note, message)
}

pub(crate) fn life(model: &Model, life: &Lifecycle, from_request: bool, dialect: &str) -> Finding {
    let (code, verb) = match life.stage {
        Stage::Retired => (Code::Retired, "retired"),
        Stage::Active | Stage::Deprecated => (Code::Deprecated, "is about to retire"),
    };
    let date = life.date.as_ref().map_or_else(String::new, |date| format!(" on {date}"));
    let instead = life.successor.as_ref().map_or_else(String::new, |model| format!("; use {model} instead"));
    let message = format!("{dialect} {verb} {}{date}{instead}", model.id);
    finding(model_pointer(from_request), code, Severity::Warning, message)
}

fn model_pointer(from_request: bool) -> String {
    if from_request { "/model".to_owned() } else { String::new() }
}

fn in_words(value: Scalar<'_>) -> String {
    match value {
        Scalar::Text(text) => format!("`{}`", shown(text)),
        Scalar::Size(size) => format!("`{}`", shown(&size.as_str())),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Boolean(value) => value.to_string(),
    }
}

/// A short text from outside: clipped, with control characters escaped.
fn shown(text: &str) -> String {
    let clipped: String = text.chars().take(40).collect();
    let dots = if clipped.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", clipped.escape_debug())
}
