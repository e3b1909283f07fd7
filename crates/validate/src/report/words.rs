//! How each finding is put into words, which never quote the prompt.

use imagewire_spec::rule::{Constraint, CrossRule, Field, FieldKind, Lifecycle, Model, RuleSet, Stage};
use imagewire_types::Size;

use super::{Code, Expected, Finding, Found, Severity};
use crate::{
    generated::fields::FIELDS,
    nearest::nearest,
    tree::{Kind, escaped},
    view::Scalar,
};

fn finding(pointer: String, code: Code, severity: Severity, message: String) -> Finding {
    Finding { pointer, code, severity, allowed: None, nearest: None, message, found: None, expected: None }
}

fn at(field: &Field) -> String {
    format!("/{}", field.name)
}

pub(crate) fn not_json(message: &str) -> Finding {
    finding(String::new(), Code::NotJson, Severity::Error, format!("the body is not JSON: {message}"))
}

pub(crate) fn not_an_object(found: Kind) -> Finding {
    let message = format!("the body is {}; an object is expected", found.in_words());
    Finding {
        found: Some(Found::Kind(found)),
        expected: Some(Expected::Kind(Kind::Object)),
        ..finding(String::new(), Code::WrongType, Severity::Error, message)
    }
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
    Finding {
        found: Some(Found::Kind(Kind::Null)),
        expected: Some(Expected::Kind(kind(field))),
        ..finding(at(field), Code::Null, Severity::Error, message)
    }
}

/// The kind of value that a member takes.
fn kind(field: &Field) -> Kind {
    match field.kind {
        FieldKind::Text | FieldKind::Name(_) | FieldKind::Size | FieldKind::Model => Kind::Text,
        FieldKind::Integer => Kind::Integer,
        FieldKind::Boolean => Kind::Boolean,
    }
}

pub(crate) fn wrong_type(field: &Field, found: Kind) -> Finding {
    let expected = kind(field);
    let message = format!("`{}` is {}; {} is expected", field.name, found.in_words(), expected.in_words());
    Finding {
        allowed: Some(expected.in_words().to_owned()),
        found: Some(Found::Kind(found)),
        expected: Some(Expected::Kind(expected)),
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
    let why = match constraint {
        Constraint::Size(rule) => dimensions(value).and_then(|(width, height)| rule.broken(width, height)),
        _ => None,
    };
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    Finding {
        allowed: Some(constraint.to_string()),
        nearest: nearest(value, constraint),
        found: operand(field, value),
        expected: expected(constraint),
        ..finding(
            at(field),
            code,
            Severity::Error,
            format!("`{name}` {found}; {} takes {constraint}{why}", set.name),
        )
    }
}

/// A value as programs may see it: of free texts the length alone.
fn operand(field: &Field, value: Scalar<'_>) -> Option<Found> {
    Some(match value {
        Scalar::Text(text) if field.kind == FieldKind::Text => Found::Length(text.chars().count()),
        Scalar::Text(text) => Found::Name(shown(text)),
        Scalar::Size(size) => Found::Name(shown(&size.as_str())),
        Scalar::Integer(number) => Found::Integer(number),
        Scalar::Boolean(_) => return None,
    })
}

fn expected(constraint: &Constraint) -> Option<Expected> {
    match constraint {
        Constraint::OneOf(values) => {
            Some(Expected::OneOf(values.iter().map(|value| value.clone().into_owned()).collect()))
        }
        Constraint::Range { min, max } => Some(Expected::Range(*min, *max)),
        Constraint::Length { min, max } => Some(Expected::Length(*min, *max)),
        Constraint::Absent | Constraint::Is(_) | Constraint::Size(_) => None,
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

pub(crate) fn blank(field: &Field) -> Finding {
    let message = format!("`{}` is nothing but white space", field.name);
    finding(at(field), Code::Advice, Severity::Warning, message)
}

pub(crate) fn long_in_bytes(field: &Field, bytes: usize, max: u32) -> Finding {
    let message = format!(
        "`{}` has at most {max} characters but {bytes} bytes; a service that counts bytes will refuse it",
        field.name
    );
    finding(at(field), Code::Advice, Severity::Note, message)
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

fn dimensions(value: Scalar<'_>) -> Option<(u32, u32)> {
    match value {
        Scalar::Text(text) => Size::from(text).dimensions(),
        Scalar::Size(size) => size.dimensions(),
        Scalar::Integer(_) | Scalar::Boolean(_) => None,
    }
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
