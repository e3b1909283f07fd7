//! Members without a field of their own.

use std::{fmt, marker::PhantomData};

use serde_json::Value;

/// The names that a struct has fields for.
pub trait Members {
    /// The names on the wire, in schema order.
    const NAMES: &'static [&'static str];
}

/// Members of a `T` that it has no field for, in the order they came. They are sent and received unchanged.
///
/// A name that `T` has a field for is refused, and each name stands once: nothing can be sent twice or past a check.
pub struct Extra<T> {
    members: Vec<(String, Value)>,
    owner: PhantomData<fn() -> T>,
}

/// The name belongs to a field of the struct: set that field instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedName(String);

impl fmt::Display for ReservedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` has a field of its own: set that instead of an extra member", self.0)
    }
}

impl std::error::Error for ReservedName {}

impl<T> Extra<T> {
    /// No members.
    #[must_use]
    pub const fn new() -> Self {
        Self { members: Vec::new(), owner: PhantomData }
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Takes the member of that name out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.remove(at).1)
    }

    /// Adds what a reader found; a name that came before is an error.
    pub(crate) fn read(&mut self, name: String, value: Value) -> Result<(), String> {
        if self.get(&name).is_some() {
            return Err(format!("duplicate field `{name}`"));
        }
        self.members.push((name, value));
        Ok(())
    }
}

impl<T: Members> Extra<T> {
    /// Sets a member; an earlier value of that name is replaced and returned.
    ///
    /// # Errors
    /// When `T` has a field of that name.
    pub fn insert(
        &mut self,
        name: impl Into<String>,
        value: impl Into<Value>,
    ) -> Result<Option<Value>, ReservedName> {
        let (name, value) = (name.into(), value.into());
        if T::NAMES.contains(&name.as_str()) {
            return Err(ReservedName(name));
        }
        if let Some((_, known)) = self.members.iter_mut().find(|(known, _)| *known == name) {
            return Ok(Some(std::mem::replace(known, value)));
        }
        self.members.push((name, value));
        Ok(None)
    }
}

impl<T> Default for Extra<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Extra<T> {
    fn clone(&self) -> Self {
        Self { members: self.members.clone(), owner: PhantomData }
    }
}

impl<T> PartialEq for Extra<T> {
    /// Order does not matter in JSON objects.
    fn eq(&self, other: &Self) -> bool {
        self.members.len() == other.members.len()
            && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

/// Names alone: what a service or a caller put there may be private.
impl<T> fmt::Debug for Extra<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
