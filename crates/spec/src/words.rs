//! Rules in words, for findings and reference pages alike.

use std::fmt;

use crate::rule::{
    AdviceSeverity, Condition, Constraint, CrossRule, Field, FieldId, FieldRule, List, Literal, Requirement,
    Text,
};

impl fmt::Display for Constraint {
    /// What the constraint accepts: `1 to 10`, `standard or hd`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("not supported"),
            Self::OneOf(values) => formatter.write_str(&choice(values)),
            Self::Range { min, max } if min == max => write!(formatter, "{min}"),
            Self::Range { min, max: i64::MAX } => write!(formatter, "{min} or more"),
            Self::Range { min, max } => write!(formatter, "{min} to {max}"),
            Self::Length { min, max: u32::MAX } => write!(formatter, "at least {min} {}", characters(*min)),
            Self::Length { min: 0, max } => write!(formatter, "at most {max} {}", characters(*max)),
            Self::Length { min, max } => write!(formatter, "{min} to {max} {}", characters(*max)),
            Self::Is(value) => write!(formatter, "{value}"),
            Self::Size(rule) => write!(formatter, "{rule}"),
        }
    }
}

fn characters(count: u32) -> &'static str {
    if count == 1 { "character" } else { "characters" }
}

fn choice(values: &[Text]) -> String {
    match values {
        [] => "nothing".to_owned(),
        [only] => format!("`{only}`"),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(|value| format!("`{value}`")).collect();
            format!("{} or `{last}`", rest.join(", "))
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::Text(value) => formatter.write_str(value),
        }
    }
}

impl FieldRule {
    /// What the member takes, in words.
    #[must_use]
    pub fn accepts(&self) -> String {
        if self.constraints.is_empty() { "any value".to_owned() } else { joined(&self.constraints) }
    }
}

impl AdviceSeverity {
    /// The severity as documents write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl CrossRule {
    /// The rule as a sentence: when, what, why.
    #[must_use]
    pub fn in_words(&self, fields: &[Field]) -> String {
        let when: Vec<String> = self.when.iter().map(|condition| condition.in_words(fields)).collect();
        let then: Vec<String> = self.then.iter().map(|requirement| requirement.in_words(fields)).collect();
        format!("with {}, {}: {}", when.join(" and "), then.join(" and "), self.reason)
    }
}

impl Condition {
    /// The condition as a phrase: `` `background` `transparent` ``.
    #[must_use]
    pub fn in_words(&self, fields: &[Field]) -> String {
        phrase(self.field, &self.constraints, fields)
    }
}

impl Requirement {
    /// The requirement as a phrase.
    #[must_use]
    pub fn in_words(&self, fields: &[Field]) -> String {
        let name = name(self.field, fields);
        if self.constraints.contains(&Constraint::Absent) {
            return format!("`{name}` must be absent");
        }
        let verb = if self.required { "is required to be" } else { "must be absent or" };
        format!("`{name}` {verb} {}", joined(&self.constraints))
    }
}

fn phrase(field: FieldId, constraints: &List<Constraint>, fields: &[Field]) -> String {
    if constraints.is_empty() {
        format!("`{}`", name(field, fields))
    } else {
        format!("`{}` {}", name(field, fields), joined(constraints))
    }
}

fn joined(constraints: &[Constraint]) -> String {
    constraints.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn name(field: FieldId, fields: &[Field]) -> &str {
    fields.get(usize::from(field.0)).map_or("", |field| &field.name)
}
