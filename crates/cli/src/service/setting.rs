//! Values with their origin.

use serde_json::Value;

use crate::config::Source;

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The key of the profile; the members of a table as `headers.NAME`.
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) source: Source,
}

/// All values that are set, in the order of the keys.
#[derive(Debug, Default)]
pub(crate) struct Settings(Vec<Setting>);

impl Settings {
    pub(super) fn push(&mut self, name: impl Into<String>, value: impl Into<Value>, source: Source) {
        self.0.push(Setting { name: name.into(), value: value.into(), source });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.0.iter()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.name == name)
    }

    pub(crate) fn source(&self, name: &str) -> Option<&Source> {
        self.find(name).map(|setting| &setting.source)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.find(name)?.value.as_str()
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.find(name)?.value.as_u64()
    }

    /// The members of a table by their names.
    pub(crate) fn members(&self, table: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().filter_map(move |setting| {
            let member = setting.name.strip_prefix(table)?.strip_prefix('.')?;
            Some((member, &setting.value))
        })
    }
}
