//! Reading what must be there, and reporting what is there instead.

use crate::load::{Cursor, Diagnostics};

/// A member that must be there and be a string.
pub(super) fn text(at: &Cursor<'_>, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let found = at.get(name).and_then(|value| value.as_text()).map(str::to_owned);
    if found.is_none() {
        match at.get(name) {
            Some(value) => {
                diagnostics.error(&value, format!("`{name}` is not a string"), "write it in quotes");
            }
            None => diagnostics.error(at, format!("no `{name}`"), format!("add a `{name}` that is a string")),
        }
    }
    found
}

/// A list of strings, each with its place; absent is empty.
pub(super) fn names<'a>(
    at: &Cursor<'a>,
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Cursor<'a>)> {
    let mut found: Vec<(String, Cursor<'a>)> = Vec::new();
    for item in list(at, name, diagnostics) {
        match item.as_text() {
            Some(text) => found.push((text.to_owned(), item)),
            None => diagnostics.error(&item, "not a string", "write it in quotes"),
        }
    }
    found
}

/// The elements of an array; absent is empty, and anything else is reported.
pub(super) fn list<'a>(at: &Cursor<'a>, name: &str, diagnostics: &mut Diagnostics) -> Vec<Cursor<'a>> {
    let Some(list) = at.get(name) else { return Vec::new() };
    if !list.is_array() {
        diagnostics.error(&list, format!("`{name}` is not an array"), "write it in `[` and `]`");
    }
    list.elements().collect()
}

/// The members of an object; absent is empty, and anything else is reported.
pub(super) fn entries<'a>(
    at: &Cursor<'a>,
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<(&'a str, Cursor<'a>)> {
    let Some(object) = at.get(name) else { return Vec::new() };
    if !object.is_object() {
        diagnostics.error(
            &object,
            format!("`{name}` is not an object"),
            "write names and values in `{` and `}`",
        );
    }
    object.members().collect()
}

/// Reports a `type` that is not the one that goes with the rest of the schema.
pub(super) fn expect_type(at: &Cursor<'_>, expected: &str, diagnostics: &mut Diagnostics) {
    let found = at.get("type");
    if found.as_ref().and_then(Cursor::as_text) != Some(expected) {
        let place = found.unwrap_or_else(|| at.clone());
        diagnostics.error(
            &place,
            format!("the `type` is not \"{expected}\""),
            format!("write \"type\": \"{expected}\""),
        );
    }
}

/// The `type` of a schema without `null`, and whether `null` is among it.
pub(super) fn type_and_null<'a>(at: &Cursor<'a>, diagnostics: &mut Diagnostics) -> Option<(&'a str, bool)> {
    let Some(ty) = at.get("type") else {
        diagnostics.error(at, "no `type`", "say what kind of value it is");
        return None;
    };
    if let Some(name) = ty.as_text() {
        return Some((name, name == "null"));
    }
    let names: Vec<&str> = ty.elements().filter_map(|name| name.as_text()).collect();
    match names[..] {
        [name, "null"] | ["null", name] => Some((name, true)),
        _ => {
            diagnostics.error(&ty, "not a single type", "write one type, or one type and \"null\"");
            None
        }
    }
}
