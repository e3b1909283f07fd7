//! JSON that keeps the order of its members: bundled documents read like the ones they come from.

use imagewire_spec::load::{Cursor, Value};

/// An ordered JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// Anything that is written as it was read: null, truth values, numbers.
    Plain(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// What a cursor stands on.
    pub(crate) fn read(at: &Cursor<'_>) -> Self {
        match at.value() {
            Value::Null => Self::Plain("null".to_owned()),
            Value::Boolean(value) => Self::Plain(value.to_string()),
            Value::Number(number) => Self::Plain(number.clone()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(_) => Self::Array(at.elements().map(|item| Self::read(&item)).collect()),
            Value::Object(_) => Self::Object(
                at.members().map(|(name, value)| (name.to_owned(), Self::read(&value))).collect(),
            ),
        }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => {
                members.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Sets a member, in its place or at the end.
    pub(crate) fn set(&mut self, name: &str, value: Self) {
        if let Some(known) = self.get_mut(name) {
            *known = value;
        } else if let Self::Object(members) = self {
            members.push((name.to_owned(), value));
        }
    }

    /// Takes a member out.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        let at = members.iter().position(|(known, _)| known == name)?;
        Some(members.remove(at).1)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn elements(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    /// Calls `visit` for this value and everything in it, the outer ones first.
    pub(crate) fn walk(&mut self, visit: &mut impl FnMut(&mut Self)) {
        visit(self);
        match self {
            Self::Array(items) => items.iter_mut().for_each(|item| item.walk(visit)),
            Self::Object(members) => members.iter_mut().for_each(|(_, value)| value.walk(visit)),
            Self::Plain(_) | Self::Text(_) => {}
        }
    }

    /// The value as text: what fits stands on one line.
    pub(crate) fn write(&self) -> String {
        let mut text = String::new();
        self.lines(&mut text, 0);
        text.push('\n');
        text
    }

    fn lines(&self, text: &mut String, indent: usize) {
        let line = self.line();
        if (indent > 0 && indent + line.len() <= 110) || matches!(self, Self::Plain(_) | Self::Text(_)) {
            text.push_str(&line);
            return;
        }
        let inner = " ".repeat(indent + 2);
        let (open, close, count) = match self {
            Self::Array(items) => ('[', ']', items.len()),
            Self::Object(members) => ('{', '}', members.len()),
            Self::Plain(_) | Self::Text(_) => return,
        };
        text.push(open);
        for at in 0..count {
            text.push_str(if at == 0 { "\n" } else { ",\n" });
            text.push_str(&inner);
            match self {
                Self::Array(items) => items[at].lines(text, indent + 2),
                Self::Object(members) => {
                    let (name, value) = &members[at];
                    text.push_str(&quoted(name));
                    text.push_str(": ");
                    value.lines(text, indent + 2);
                }
                Self::Plain(_) | Self::Text(_) => {}
            }
        }
        text.push('\n');
        text.push_str(&" ".repeat(indent));
        text.push(close);
    }

    fn line(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Text(text) => quoted(text),
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::line).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(members) if members.is_empty() => "{}".to_owned(),
            Self::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("{}: {}", quoted(name), value.line()))
                    .collect();
                format!("{{ {} }}", members.join(", "))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
