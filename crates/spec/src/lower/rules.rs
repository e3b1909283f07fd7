//! Narrowing schemas to rules.

use std::collections::BTreeMap;

use super::nouns::{REQUEST, names as strings, text, type_and_null};
use crate::{
    ir,
    load::{Cursor, Diagnostics, Document, Documents},
    rule::{
        Advice, AdviceSeverity, Condition, Constraint, CrossRule, Field, FieldId, FieldKind, FieldRule,
        Lifecycle, Literal, Model, Others, Requirement, RuleSet, Source, Stage, Text,
    },
};

/// Lowers one model's document. `fields` are the members of the request.
pub fn model(document: &Document, fields: &[Field], diagnostics: &mut Diagnostics) -> Option<Model> {
    const KEYWORDS: &[&str] = &[
        "$schema",
        "title",
        "description",
        "x-aliases",
        "x-prefixes",
        "type",
        "properties",
        "additionalProperties",
        "allOf",
        "x-advice",
        "x-lifecycle",
        "x-sources",
    ];
    let root = document.root();
    root.only("a model", KEYWORDS, diagnostics);
    let id = text(&root, "title", diagnostics)?;
    let file = document.path().rsplit('/').next().unwrap_or_default();
    if let Some(stem) = file.strip_suffix(".schema.json")
        && stem != id
        && let Some(title) = root.get("title")
    {
        diagnostics.error(&title, format!("the file is named `{stem}`"), "name the file after the model");
    }
    let description = text(&root, "description", diagnostics)?;
    let rules = rule_set(&root, &id, fields, true, diagnostics);
    Some(Model {
        description: description.into(),
        aliases: owned(&root, "x-aliases", diagnostics),
        prefixes: owned(&root, "x-prefixes", diagnostics),
        rules,
        lifecycle: lifecycle(&root, diagnostics).into(),
        sources: sources(&root, diagnostics).into(),
        id: id.into(),
    })
}

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

fn owned(at: &Cursor<'_>, name: &str, diagnostics: &mut Diagnostics) -> crate::rule::List<Text> {
    strings(at, name, diagnostics).into_iter().map(|(text, _)| text.into()).collect()
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
    for (wire, schema) in at.get("properties").iter().flat_map(Cursor::members) {
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
        Some(schema) if schema.as_boolean() == Some(false) => Others::Refused,
        Some(schema) if schema.get("type").and_then(|ty| ty.as_text()) == Some("null") => Others::Absent,
        Some(schema) => {
            diagnostics.error(
                &schema,
                "not a policy for other members",
                "write `false` or `{\"type\": \"null\"}`, or leave it out",
            );
            Others::Open
        }
    };
    RuleSet {
        name: name.to_owned().into(),
        fields: rules.into(),
        others,
        cross: at
            .get("allOf")
            .iter()
            .flat_map(Cursor::elements)
            .filter_map(|rule| cross_rule(&rule, fields, diagnostics))
            .collect(),
        advice: at
            .get("x-advice")
            .iter()
            .flat_map(Cursor::elements)
            .filter_map(|advice| remark(&advice, fields, diagnostics))
            .collect(),
    }
}

fn field_id(wire: &str, at: &Cursor<'_>, fields: &[Field], diagnostics: &mut Diagnostics) -> Option<FieldId> {
    let found =
        fields.iter().position(|field| field.name == wire).and_then(|position| u8::try_from(position).ok());
    if found.is_none() {
        let known: Vec<&str> = fields.iter().map(|field| field.name.as_ref()).collect();
        diagnostics.error(
            at,
            format!("`{wire}` is not a member of the request"),
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
    "default",
    "examples",
];

fn field_rule(
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
            diagnostics.error(
                at,
                format!("the wire schema says {expected}, not {ty}"),
                format!("write \"{expected}\""),
            );
        }
    }
    if let Some(values) = at.get("enum") {
        let mut texts = Vec::new();
        let mut has_null = false;
        for value in values.elements() {
            match value.as_text() {
                Some(text) => texts.push(text.to_owned().into()),
                None if value.is_null() => has_null = true,
                None => diagnostics.error(
                    &value,
                    "not a string",
                    "an enum lists strings, and null where absence is fine",
                ),
            }
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
    for constraint in &constraints {
        let fits = match (constraint, kind) {
            (Constraint::Absent, _)
            | (Constraint::Range { .. }, FieldKind::Integer)
            | (Constraint::Is(_), FieldKind::Boolean) => true,
            (Constraint::OneOf(_) | Constraint::Length { .. }, kind) => {
                !matches!(kind, FieldKind::Integer | FieldKind::Boolean)
            }
            (Constraint::Range { .. } | Constraint::Is(_), _) => false,
        };
        if !fits {
            diagnostics.error(
                at,
                "the rule does not fit the member's type",
                "see the member in the wire schema",
            );
        }
    }
    let default = at.get("default").and_then(|value| literal(&value, &constraints, diagnostics));
    Some(FieldRule { field, constraints: constraints.into(), null, default })
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
    empty(at, min > max, diagnostics);
    Some(Constraint::Range { min, max })
}

fn length(at: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Option<Constraint> {
    let (least, greatest) = (integer(at, "minLength", diagnostics), integer(at, "maxLength", diagnostics));
    if least.is_none() && greatest.is_none() {
        return None;
    }
    let (min, max) = (least.unwrap_or(0), greatest.unwrap_or(i64::from(u32::MAX)));
    empty(at, min > max, diagnostics);
    Some(Constraint::Length {
        min: u32::try_from(min).unwrap_or(u32::MAX),
        max: u32::try_from(max).unwrap_or(u32::MAX),
    })
}

fn empty(at: &Cursor<'_>, is_empty: bool, diagnostics: &mut Diagnostics) {
    if is_empty {
        diagnostics.error(
            at,
            "the least value is above the greatest",
            "no request could meet it: swap or mend the bounds",
        );
    }
}

fn literal(value: &Cursor<'_>, constraints: &[Constraint], diagnostics: &mut Diagnostics) -> Option<Literal> {
    let literal = value
        .as_boolean()
        .map(Literal::Boolean)
        .or_else(|| value.as_integer().map(Literal::Integer))
        .or_else(|| value.as_text().map(|text| Literal::Text(text.to_owned().into())));
    let allowed = constraints.iter().all(|constraint| match (constraint, &literal) {
        (Constraint::OneOf(values), Some(Literal::Text(text))) => values.contains(text),
        (Constraint::Range { min, max }, Some(Literal::Integer(number))) => (min..=max).contains(&number),
        (Constraint::Absent, _) | (_, None) => false,
        (_, Some(_)) => true,
    });
    if !allowed {
        diagnostics.error(value, "the default breaks the member's own rules", "mend one of the two");
    }
    literal
}

fn conditions(at: &Cursor<'_>, fields: &[Field], diagnostics: &mut Diagnostics) -> Vec<Condition> {
    at.only("a condition", &["properties", "required"], diagnostics);
    let required = strings(at, "required", diagnostics);
    let mut found = Vec::new();
    for (wire, schema) in at.get("properties").iter().flat_map(Cursor::members) {
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
    for (wire, at) in required {
        if !fields.iter().any(|field| {
            field.name == wire && found.iter().any(|c| fields.get(usize::from(c.field.0)) == Some(field))
        }) {
            diagnostics.error(
                &at,
                format!("`{wire}` has no schema in `properties`"),
                "say what its value must be",
            );
        }
    }
    found
}

fn cross_rule(at: &Cursor<'_>, fields: &[Field], diagnostics: &mut Diagnostics) -> Option<CrossRule> {
    at.only("a rule over several members", &["description", "if", "then"], diagnostics);
    let reason = text(at, "description", diagnostics)?;
    let (Some(when), Some(then)) = (at.get("if"), at.get("then")) else {
        diagnostics.error(at, "a rule needs `if` and `then`", "add the missing one");
        return None;
    };
    let when = conditions(&when, fields, diagnostics);
    then.only("a requirement", &["properties", "required"], diagnostics);
    let required = strings(&then, "required", diagnostics);
    let mut requirements = Vec::new();
    for (wire, schema) in then.get("properties").iter().flat_map(Cursor::members) {
        let Some(field) = field_id(wire, &schema, fields, diagnostics) else { continue };
        let Some(rule) = field_rule(&schema, field, fields, diagnostics) else { continue };
        let required = required.iter().any(|(name, _)| name == wire);
        if required == rule.null {
            diagnostics.error(
                &schema,
                format!("`{wire}` treats null and absence differently"),
                "either list it in `required` and refuse null, or do neither",
            );
        }
        requirements.push(Requirement { field, required, constraints: rule.constraints });
    }
    if requirements.len() < required.len() {
        diagnostics.error(
            &then,
            "a required member has no schema in `properties`",
            "say what its value must be",
        );
    }
    Some(CrossRule { when: when.into(), then: requirements.into(), reason: reason.into() })
}

fn remark(at: &Cursor<'_>, fields: &[Field], diagnostics: &mut Diagnostics) -> Option<Advice> {
    at.only("advice", &["when", "severity", "message"], diagnostics);
    let message = text(at, "message", diagnostics)?;
    let when = at.get("when").map(|when| conditions(&when, fields, diagnostics)).unwrap_or_default();
    let severity = match text(at, "severity", diagnostics)?.as_str() {
        "warning" => AdviceSeverity::Warning,
        "note" => AdviceSeverity::Note,
        other => {
            diagnostics.error(
                at,
                format!("`{other}` is not a severity of advice"),
                "write \"warning\" or \"note\": errors are rules",
            );
            return None;
        }
    };
    Some(Advice { when: when.into(), severity, message: message.into() })
}

fn lifecycle(root: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Vec<Lifecycle> {
    let mut found = Vec::new();
    for (dialect, entry) in root.get("x-lifecycle").iter().flat_map(Cursor::members) {
        entry.only("a life cycle entry", &["stage", "date", "successor"], diagnostics);
        let stage = match text(&entry, "stage", diagnostics).as_deref() {
            Some("active") => Stage::Active,
            Some("deprecated") => Stage::Deprecated,
            Some("retired") => Stage::Retired,
            Some(other) => {
                diagnostics.error(
                    &entry,
                    format!("`{other}` is not a stage"),
                    "write active, deprecated or retired",
                );
                continue;
            }
            None => continue,
        };
        let optional =
            |name: &str| entry.get(name).and_then(|value| value.as_text()).map(|text| text.to_owned().into());
        found.push(Lifecycle {
            dialect: dialect.to_owned().into(),
            stage,
            date: optional("date"),
            successor: optional("successor"),
        });
    }
    found
}

/// The `x-sources` of a document; none at all is an error.
pub(super) fn sources(root: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Vec<Source> {
    let Some(list) = root.get("x-sources").filter(|list| list.elements().next().is_some()) else {
        diagnostics.error(root, "no `x-sources`", "say where the rules come from and when you read it");
        return Vec::new();
    };
    list.elements()
        .filter_map(|entry| {
            entry.only("a source", &["covers", "title", "url", "checked"], diagnostics);
            let mut member = |name: &str| text(&entry, name, diagnostics).map(Text::from);
            Some(Source {
                covers: member("covers")?,
                title: member("title")?,
                url: member("url")?,
                checked: member("checked")?,
            })
        })
        .collect()
}

/// Checks names across documents: every identifier, alias and prefix once, and life cycles of known services.
pub(super) fn names(
    documents: &Documents,
    models: &[Model],
    dialects: &[ir::Dialect],
    diagnostics: &mut Diagnostics,
) {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for model in models {
        let Some(document) = documents.get(&format!("models/{}.schema.json", model.id)) else { continue };
        let own = [
            ("title", std::slice::from_ref(&model.id)),
            ("x-aliases", &model.aliases),
            ("x-prefixes", &model.prefixes),
        ];
        for (keyword, names) in own {
            for (at, name) in names.iter().enumerate() {
                let Some(list) = document.root().get(keyword) else { continue };
                let place = list.elements().nth(at).unwrap_or(list);
                if name.is_empty() {
                    diagnostics.error(&place, "an empty name", "it would stand for every model: remove it");
                } else if let Some(first) = taken.insert(name, &model.id) {
                    diagnostics.error(
                        &place,
                        format!("`{name}` already stands for `{first}`"),
                        "a name leads to one model: remove it here or there",
                    );
                }
            }
        }
        for entry in model.lifecycle.iter() {
            if !dialects.iter().any(|dialect| dialect.rules.id == entry.dialect)
                && let Some(place) =
                    document.root().get("x-lifecycle").and_then(|list| list.get(&entry.dialect))
            {
                let known: Vec<&str> = dialects.iter().map(|dialect| dialect.rules.id.as_ref()).collect();
                diagnostics.error(
                    &place,
                    format!("no dialect is named `{}`", entry.dialect),
                    format!("known: {}", known.join(", ")),
                );
            }
        }
    }
}
