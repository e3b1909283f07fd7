//! Rules over several members, and remarks.

use super::{
    read::{entries, names as strings, text},
    rules::{field_id, field_rule},
};
use crate::{
    load::{Cursor, Diagnostics},
    rule::{Advice, AdviceSeverity, Condition, CrossRule, Field, Requirement},
};

/// Reads an `if` or a `when`: all of its members must be present with such values.
fn conditions(at: &Cursor<'_>, fields: &[Field], diagnostics: &mut Diagnostics) -> Vec<Condition> {
    at.only("a condition", &["properties", "required"], diagnostics);
    let required = strings(at, "required", diagnostics);
    let mut found = Vec::new();
    for (wire, schema) in entries(at, "properties", diagnostics) {
        let Some(field) = field_id(wire, &schema, fields, diagnostics) else { continue };
        let Some(rule) = field_rule(&schema, field, fields, diagnostics) else { continue };
        if rule.null || !required.iter().any(|(name, _)| name == wire) {
            diagnostics.error(
                &schema,
                format!("the condition also holds without `{wire}`"),
                "list it in `required` and give its `type`, `const` or `enum`, so that absent and null do not meet it",
            );
        }
        found.push(Condition { field, constraints: rule.constraints });
    }
    described(&required, at, diagnostics);
    some(at, diagnostics);
    found
}

/// Reports a condition or requirement about nothing.
fn some(at: &Cursor<'_>, diagnostics: &mut Diagnostics) {
    let help = "say which members it is about, and what their values must be";
    match at.get("properties") {
        None if at.is_object() => diagnostics.error(at, "no `properties`", help),
        Some(properties) if properties.is_object() && properties.members().next().is_none() => {
            diagnostics.error(&properties, "no member in `properties`", help);
        }
        None | Some(_) => {}
    }
}

/// Reports required members that have no schema.
fn described(required: &[(String, Cursor<'_>)], at: &Cursor<'_>, diagnostics: &mut Diagnostics) {
    for (wire, place) in required {
        if at.get("properties").and_then(|properties| properties.get(wire)).is_none() {
            diagnostics.error(
                place,
                format!("`{wire}` has no schema in `properties`"),
                "say what its value must be",
            );
        }
    }
}

/// Reads one rule of an `allOf`.
pub(super) fn cross_rule(
    at: &Cursor<'_>,
    fields: &[Field],
    diagnostics: &mut Diagnostics,
) -> Option<CrossRule> {
    at.only("a rule over several members", &["description", "if", "then"], diagnostics);
    let reason = text(at, "description", diagnostics)?;
    let (Some(when), Some(then)) = (at.get("if"), at.get("then")) else {
        let missing = if at.get("if").is_none() { "if" } else { "then" };
        diagnostics.error(
            at,
            format!("no `{missing}`"),
            "a rule over several members says `if` what, `then` what",
        );
        return None;
    };
    let when = conditions(&when, fields, diagnostics);
    then.only("a requirement", &["properties", "required"], diagnostics);
    let required = strings(&then, "required", diagnostics);
    let mut requirements = Vec::new();
    for (wire, schema) in entries(&then, "properties", diagnostics) {
        let Some(field) = field_id(wire, &schema, fields, diagnostics) else { continue };
        let Some(rule) = field_rule(&schema, field, fields, diagnostics) else { continue };
        let required = required.iter().any(|(name, _)| name == wire);
        if required == rule.null {
            let (message, help) = if required {
                (
                    format!("`{wire}` must be there, but may be null, which counts as absent"),
                    "take null out of its `enum` or `type`, or give it a `type`",
                )
            } else {
                (
                    format!("`{wire}` may be absent, but not null, which counts as absent"),
                    "list it in `required`, or let null in: a null in its `enum`, or \"null\" in its `type`",
                )
            };
            diagnostics.error(&schema, message, help);
        }
        requirements.push(Requirement { field, required, constraints: rule.constraints });
    }
    described(&required, &then, diagnostics);
    some(&then, diagnostics);
    Some(CrossRule { when: when.into(), then: requirements.into(), reason: reason.into() })
}

/// Reads one remark of an `x-advice`.
pub(super) fn remark(at: &Cursor<'_>, fields: &[Field], diagnostics: &mut Diagnostics) -> Option<Advice> {
    at.only("advice", &["when", "severity", "message"], diagnostics);
    let message = text(at, "message", diagnostics)?;
    let when = at.get("when").map(|when| conditions(&when, fields, diagnostics)).unwrap_or_default();
    let severity = match text(at, "severity", diagnostics)?.as_str() {
        "warning" => AdviceSeverity::Warning,
        "note" => AdviceSeverity::Note,
        other => {
            let place = at.get("severity").unwrap_or_else(|| at.clone());
            diagnostics.error(
                &place,
                format!("`{other}` is not a severity of advice"),
                "write \"warning\" or \"note\": errors are rules",
            );
            return None;
        }
    };
    Some(Advice { when: when.into(), severity, message: message.into() })
}
