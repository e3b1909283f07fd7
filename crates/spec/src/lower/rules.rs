//! Narrowing schemas to rules.

use super::{
    cross::{cross_rule, remark},
    members::REQUEST,
    read::{entries, list, type_and_null},
};
use crate::{
    load::{Cursor, Diagnostics, Documents},
    rule::{Constraint, Field, FieldId, FieldKind, FieldRule, Literal, Others, RuleSet, SizeRule},
};

/// The bounds that the wire schema itself states.
pub(super) fn wire(documents: &Documents, fields: &[Field], diagnostics: &mut Diagnostics) -> RuleSet {
    let mut rules = Vec::new();
    for (wire, schema) in documents
        .get(REQUEST)
        .and_then(|document| document.root().get("properties"))
        .iter()
        .flat_map(Cursor::members)
    {
        let Some(position) = fields.iter().position(|field| field.name == wire) else { continue };
        let constraints: Vec<_> =
            range(&schema, diagnostics).into_iter().chain(length(&schema, diagnostics)).collect();
        if !constraints.is_empty() {
            let field = FieldId(u8::try_from(position).unwrap_or(u8::MAX));
            rules.push(FieldRule { field, constraints: constraints.into(), null: true, default: None });
        }
    }
    RuleSet {
        name: "every service".into(),
        fields: rules.into(),
        others: Others::Open,
        cross: Vec::new().into(),
        advice: Vec::new().into(),
    }
}

/// Reads `properties`, `additionalProperties`, `allOf` and `x-advice`.
///
/// Where `null_is_absent`, a schema that refuses an explicit null is an error: whether null may be sent is the
/// service's affair, so only a dialect may refuse it.
pub(super) fn rule_set(
    at: &Cursor<'_>,
    name: &str,
    fields: &[Field],
    null_is_absent: bool,
    diagnostics: &mut Diagnostics,
) -> RuleSet {
    let mut rules = Vec::new();
    for (wire, schema) in entries(at, "properties", diagnostics) {
        let Some(field) = field_id(wire, &schema, fields, diagnostics) else { continue };
        let Some(rule) = field_rule(&schema, field, fields, diagnostics) else { continue };
        if null_is_absent && !rule.null {
            diagnostics.error(
                &schema,
                format!("`{wire}` refuses null"),
                "null counts as absent here: add null to the enum, or leave the type to the dialect",
            );
        }
        rules.push(rule);
    }
    let others = match at.get("additionalProperties") {
        None => Others::Open,
        Some(schema) if schema.as_boolean() == Some(false) => {
            if null_is_absent {
                diagnostics.error(
                    &schema,
                    "members that are not listed may not even be null",
                    "null counts as absent here: write {\"type\": \"null\"}",
                );
            }
            Others::Refused
        }
        Some(schema) if schema.get("type").and_then(|ty| ty.as_text()) == Some("null") => {
            schema.only("the policy for other members", &["type"], diagnostics);
            Others::Absent
        }
        Some(schema) => {
            diagnostics.error(
                &schema,
                "not a policy for other members",
                if null_is_absent { "write {\"type\": \"null\"}" } else { "write `false`" },
            );
            Others::Open
        }
    };
    RuleSet {
        name: name.to_owned().into(),
        fields: rules.into(),
        others,
        cross: list(at, "allOf", diagnostics)
            .iter()
            .filter_map(|rule| cross_rule(rule, fields, diagnostics))
            .collect(),
        advice: list(at, "x-advice", diagnostics)
            .iter()
            .filter_map(|advice| remark(advice, fields, diagnostics))
            .collect(),
    }
}

/// What is said of a name that the request does not have.
pub(super) fn not_a_member(wire: &str) -> String {
    format!("`{wire}` is not a member of the request")
}

/// The member of that name.
pub(super) fn field_id(
    wire: &str,
    at: &Cursor<'_>,
    fields: &[Field],
    diagnostics: &mut Diagnostics,
) -> Option<FieldId> {
    let found =
        fields.iter().position(|field| field.name == wire).and_then(|position| u8::try_from(position).ok());
    if found.is_none() {
        let known: Vec<&str> = fields.iter().map(|field| field.name.as_ref()).collect();
        diagnostics.error(
            at,
            not_a_member(wire),
            format!("add it to the wire schema first; known: {}", known.join(", ")),
        );
    }
    found.map(FieldId)
}

const FIELD: &[&str] = &[
    "description",
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "x-size",
    "default",
    "examples",
];

/// Reads what one member takes.
pub(super) fn field_rule(
    at: &Cursor<'_>,
    field: FieldId,
    fields: &[Field],
    diagnostics: &mut Diagnostics,
) -> Option<FieldRule> {
    if at.as_boolean() == Some(true) {
        return Some(FieldRule { field, constraints: Vec::new().into(), null: true, default: None });
    }
    if !at.is_object() {
        diagnostics.error(at, "not a schema for a member", "write `true` or an object");
        return None;
    }
    at.only("a member's rules", FIELD, diagnostics);
    let kind = &fields.get(usize::from(field.0))?.kind;
    let mut null = true;
    let mut constraints = Vec::new();
    if at.get("type").is_some() {
        let (ty, nullable) = type_and_null(at, diagnostics)?;
        null = nullable;
        let expected = match kind {
            FieldKind::Text | FieldKind::Name(_) | FieldKind::Size | FieldKind::Model => "string",
            FieldKind::Integer => "integer",
            FieldKind::Boolean => "boolean",
        };
        if ty == "null" {
            constraints.push(Constraint::Absent);
        } else if ty != expected {
            let place = at.get("type").unwrap_or_else(|| at.clone());
            diagnostics.error(
                &place,
                format!("the wire schema says {expected}, not {ty}"),
                format!("write \"{expected}\""),
            );
        }
    }
    if let Some(values) = at.get("enum") {
        let mut texts = Vec::new();
        // A list that is no list, or empty, is an error of its own.
        let mut has_null = values.elements().next().is_none();
        for value in list(at, "enum", diagnostics) {
            match value.as_text() {
                Some(text) => texts.push(text.to_owned().into()),
                None if value.is_null() => has_null = true,
                None if matches!(kind, FieldKind::Integer | FieldKind::Boolean) => {}
                None => diagnostics.error(
                    &value,
                    "not a string",
                    "an enum lists strings, and null where absence is fine",
                ),
            }
        }
        if values.is_array() && values.elements().next().is_none() {
            diagnostics.error(&values, "an empty `enum`", "to forbid the member, write {\"type\": \"null\"}");
        }
        null &= has_null;
        constraints.push(Constraint::OneOf(texts.into()));
    }
    if let Some(value) = at.get("const") {
        null = false;
        match (value.as_boolean(), value.as_text()) {
            (Some(boolean), _) => constraints.push(Constraint::Is(boolean)),
            (_, Some(text)) => constraints.push(Constraint::OneOf(vec![text.to_owned().into()].into())),
            _ => diagnostics.error(
                &value,
                "not a truth value or a string",
                "use `minimum` and `maximum` for numbers",
            ),
        }
    }
    constraints.extend(range(at, diagnostics));
    constraints.extend(length(at, diagnostics));
    constraints.extend(size(at, diagnostics));
    for constraint in &constraints {
        if !fits(constraint, kind) {
            let (keywords, help) = match constraint {
                Constraint::Absent | Constraint::OneOf(_) => {
                    (["enum", "const"], "an `enum` is for texts; numbers have `minimum` and `maximum`")
                }
                Constraint::Range { .. } => {
                    (["minimum", "maximum"], "`minimum` and `maximum` are for integers")
                }
                Constraint::Length { .. } => {
                    (["minLength", "maxLength"], "`minLength` and `maxLength` are for texts")
                }
                Constraint::Is(_) => (["const", "const"], "a truth value is for booleans"),
                Constraint::Size(_) => (["x-size", "x-size"], "`x-size` is for sizes"),
            };
            let place = keywords.iter().find_map(|keyword| at.get(keyword)).unwrap_or_else(|| at.clone());
            diagnostics.error(&place, "the rule does not fit the member's type in the wire schema", help);
        }
    }
    if *kind == FieldKind::Size {
        for size in at.get("enum").iter().flat_map(Cursor::elements).chain(at.get("const")) {
            if let Some(text) = size.as_text().filter(|text| !SizeRule::ANY.accepts(text)) {
                diagnostics.error(
                    &size,
                    format!("`{text}` is not a size"),
                    "write \"auto\", or such as \"1024x1024\"",
                );
            }
        }
    }
    let default = at.get("default").and_then(|value| literal(&value, kind, &constraints, diagnostics));
    Some(FieldRule { field, constraints: constraints.into(), null, default })
}

fn fits(constraint: &Constraint, kind: &FieldKind) -> bool {
    match constraint {
        Constraint::Absent => true,
        Constraint::Range { .. } => *kind == FieldKind::Integer,
        Constraint::Is(_) => *kind == FieldKind::Boolean,
        Constraint::Size(_) => *kind == FieldKind::Size,
        Constraint::OneOf(_) | Constraint::Length { .. } => {
            !matches!(kind, FieldKind::Integer | FieldKind::Boolean)
        }
    }
}

fn integer(at: &Cursor<'_>, name: &str, diagnostics: &mut Diagnostics) -> Option<i64> {
    let value = at.get(name)?;
    let found = value.as_integer().filter(|number| *number >= 0);
    if found.is_none() {
        diagnostics.error(
            &value,
            format!("`{name}` is not a whole number of at least 0"),
            "write digits alone",
        );
    }
    found
}

fn range(at: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Option<Constraint> {
    let (least, greatest) = (integer(at, "minimum", diagnostics), integer(at, "maximum", diagnostics));
    if least.is_none() && greatest.is_none() {
        return None;
    }
    let (min, max) = (least.unwrap_or(0), greatest.unwrap_or(i64::MAX));
    empty(at, ["minimum", "maximum"], min > max, diagnostics);
    Some(Constraint::Range { min, max })
}

fn length(at: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Option<Constraint> {
    let (least, greatest) = (integer(at, "minLength", diagnostics), integer(at, "maxLength", diagnostics));
    if least.is_none() && greatest.is_none() {
        return None;
    }
    let (min, max) = (least.unwrap_or(0), greatest.unwrap_or(i64::from(u32::MAX)));
    empty(at, ["minLength", "maxLength"], min > max, diagnostics);
    Some(Constraint::Length {
        min: u32::try_from(min).unwrap_or(u32::MAX),
        max: u32::try_from(max).unwrap_or(u32::MAX),
    })
}

/// Bounds on sizes that are not a list.
fn size(at: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Option<Constraint> {
    const BOUNDS: &[&str] =
        &["auto", "multipleOf", "maximumEdge", "maximumRatio", "minimumPixels", "maximumPixels"];
    let at = at.get("x-size")?;
    if !at.is_object() {
        diagnostics.error(&at, "`x-size` is not an object", "write bounds such as {\"multipleOf\": 16}");
        return None;
    }
    at.only("`x-size`", BOUNDS, diagnostics);
    let auto = match at.get("auto") {
        Some(value) => value.as_boolean().unwrap_or_else(|| {
            diagnostics.error(&value, "`auto` is not a truth value", "write true or false");
            true
        }),
        None => true,
    };
    let small =
        |bound: Option<i64>, none: u32| bound.map_or(none, |bound| u32::try_from(bound).unwrap_or(u32::MAX));
    let large =
        |bound: Option<i64>, none: u64| bound.map_or(none, |bound| u64::try_from(bound).unwrap_or(u64::MAX));
    let rule = SizeRule {
        auto,
        multiple_of: small(integer(&at, "multipleOf", diagnostics), 1).max(1),
        maximum_edge: small(integer(&at, "maximumEdge", diagnostics), u32::MAX),
        maximum_ratio: small(integer(&at, "maximumRatio", diagnostics), u32::MAX),
        minimum_pixels: large(integer(&at, "minimumPixels", diagnostics), 0),
        maximum_pixels: large(integer(&at, "maximumPixels", diagnostics), u64::MAX),
    };
    if rule.nearest(1024, 1024).is_none() {
        diagnostics.error(&at, "no size meets all these bounds", "mend the bounds");
    }
    Some(Constraint::Size(rule))
}

fn empty(at: &Cursor<'_>, [least, greatest]: [&str; 2], is_empty: bool, diagnostics: &mut Diagnostics) {
    if is_empty {
        let place = at.get(least).unwrap_or_else(|| at.clone());
        diagnostics.error(
            &place,
            format!("`{least}` is above `{greatest}`"),
            "no request could meet both: swap or mend the bounds",
        );
    }
}

fn literal(
    value: &Cursor<'_>,
    kind: &FieldKind,
    constraints: &[Constraint],
    diagnostics: &mut Diagnostics,
) -> Option<Literal> {
    let literal = match kind {
        FieldKind::Boolean => value.as_boolean().map(Literal::Boolean),
        FieldKind::Integer => value.as_integer().map(Literal::Integer),
        FieldKind::Text | FieldKind::Name(_) | FieldKind::Size | FieldKind::Model => {
            value.as_text().map(|text| Literal::Text(text.to_owned().into()))
        }
    };
    if literal.is_none() {
        diagnostics.error(
            value,
            "the default is not a value of the member's type",
            "write a text, a whole number or a truth value, as the wire schema says",
        );
    }
    let broken = constraints.iter().find(|constraint| match (constraint, &literal) {
        (Constraint::OneOf(values), Some(Literal::Text(text))) => !values.contains(text),
        (Constraint::Range { min, max }, Some(Literal::Integer(number))) => !(min..=max).contains(&number),
        (Constraint::Length { min, max }, Some(Literal::Text(text))) => {
            !(u64::from(*min)..=u64::from(*max)).contains(&(text.chars().count() as u64))
        }
        (Constraint::Is(only), Some(Literal::Boolean(value))) => only != value,
        (Constraint::Size(rule), Some(Literal::Text(text))) => !rule.accepts(text),
        (Constraint::Absent, _) => true,
        (_, _) => false,
    });
    if let Some(broken) = broken {
        diagnostics.error(
            value,
            "the default breaks the member's own rules",
            format!("mend one of the two: the member takes {broken}"),
        );
    }
    literal
}
