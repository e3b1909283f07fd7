//! Bodies that are likely to find a disagreement: edges, neighbours of edges, nulls, and values of the wrong kind.

use imagewire_validate::rule::{Constraint, Field, FieldKind, RuleSet};
use imagewire_validate::{Catalogue, fields};
use proptest::{
    prelude::*,
    sample::{Index, select},
};
use serde_json::Value;

/// A body as text: some members, each with one of its tokens, and now and then a stranger.
pub fn bodies() -> impl Strategy<Value = Vec<(String, String)>> {
    let all: Vec<(String, Vec<String>)> =
        fields().iter().map(|field| (field.name.clone().into_owned(), tokens(field))).collect();
    let member = (0..all.len(), any::<Index>()).prop_map(move |(at, token)| {
        let (name, tokens) = &all[at];
        (name.clone(), token.get(tokens).clone())
    });
    let stranger = (select(vec!["seed", "Prompt", "extra_body"]), select(vec!["1", "null", "{\"b\":[1,2]}"]))
        .prop_map(|(name, token)| (name.to_owned(), token.to_owned()));
    let members = prop::collection::vec(prop_oneof![12 => member, 1 => stranger], 0..6);
    (members, prop::bool::weighted(0.9)).prop_map(|(mut members, has_prompt)| {
        if has_prompt {
            members.push(("prompt".to_owned(), "\"a corgi in a field\"".to_owned()));
        }
        let mut seen = Vec::new();
        members.retain(|(name, _)| {
            let is_new = !seen.contains(name);
            seen.push(name.clone());
            is_new
        });
        members
    })
}

/// The body as JSON.
#[must_use]
pub fn text_of(members: &[(String, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, token)| format!("{}:{token}", Value::from(name.as_str()))).collect();
    format!("{{{}}}", members.join(","))
}

/// The body with that model instead of its own.
#[must_use]
pub fn with_model(mut members: Vec<(String, String)>, model: &str) -> Vec<(String, String)> {
    members.retain(|(name, _)| name != "model");
    members.push(("model".to_owned(), Value::from(model).to_string()));
    members
}

/// JSON texts for one member: everything that any rule mentions, what lies next to it, and what is no such value.
#[must_use]
pub fn tokens(field: &Field) -> Vec<String> {
    let mut tokens: Vec<String> = match &field.kind {
        FieldKind::Text => texts(),
        FieldKind::Name(known) => known.iter().map(|name| quoted(name)).chain(names()).collect(),
        FieldKind::Size => sizes(),
        FieldKind::Model => ["nobody/knows", ""].map(quoted).to_vec(),
        FieldKind::Integer => {
            ["0", "1", "1.0", "1e0", "2", "1.5", "4294967296", "18446744073709551616", "-1", "1e300", "-0.0"]
                .map(str::to_owned)
                .to_vec()
        }
        FieldKind::Boolean => vec!["true".to_owned(), "false".to_owned()],
    };
    for set in sets() {
        for rule in set.fields.iter().filter(|rule| fields().get(usize::from(rule.field.0)) == Some(field)) {
            rule.constraints.iter().for_each(|constraint| edges(constraint, &mut tokens));
        }
    }
    tokens.extend(["null", "true", "3", "\"x\"", "[]", "{\"a\":1}"].map(str::to_owned));
    tokens.sort();
    tokens.dedup();
    tokens
}

fn sets() -> impl Iterator<Item = &'static RuleSet> {
    let catalogue = Catalogue::built_in();
    let overlays =
        catalogue.dialects().iter().flat_map(|dialect| dialect.overlays.iter().map(|overlay| &overlay.rules));
    let dialects = catalogue.dialects().iter().map(|dialect| &dialect.rules);
    dialects.chain(catalogue.models().map(|model| &model.rules)).chain(overlays)
}

fn edges(constraint: &Constraint, tokens: &mut Vec<String>) {
    match constraint {
        Constraint::OneOf(values) => tokens.extend(values.iter().map(|value| quoted(value))),
        Constraint::Range { min, max } => {
            for number in [*min, *max] {
                tokens.extend(
                    [number.saturating_sub(1), number, number.saturating_add(1)]
                        .map(|number| number.to_string()),
                );
            }
        }
        Constraint::Length { min, max } => {
            for length in [*min, *max] {
                for length in [length.saturating_sub(1), length, length.saturating_add(1)]
                    .into_iter()
                    .filter(|length| *length < 50_000)
                {
                    tokens.push(quoted(&"é".repeat(length as usize)));
                    tokens.push(quoted(&"a".repeat(length as usize)));
                }
            }
        }
        Constraint::Size(rule) => {
            for width in
                [rule.multiple_of, rule.maximum_edge.min(4096), 1024, 816, 800, 3840, 2160, 1264, 1280]
            {
                for height in [rule.multiple_of, rule.maximum_edge.min(4096), 1024, 816, 2160, 3840, 3856] {
                    tokens.push(quoted(&format!("{width}x{height}")));
                }
            }
        }
        Constraint::Absent | Constraint::Is(_) => {}
    }
}

fn texts() -> Vec<String> {
    ["", " ", "a corgi in a field", "🦦", "e\u{301}"].map(quoted).to_vec()
}

fn names() -> impl Iterator<Item = String> {
    ["", "Auto", "ultra", "base64", "standard ", "<string>"].map(quoted).into_iter()
}

fn sizes() -> Vec<String> {
    [
        "auto",
        "",
        "1024x1024",
        "01024x1024",
        "1024X1024",
        "1024x",
        "x",
        "1x1",
        "4096x4096",
        "1536x1024",
        "1000x1000",
        "<string>",
    ]
    .map(quoted)
    .to_vec()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
