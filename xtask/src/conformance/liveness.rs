//! Whether the rules can be met at all, and whether each of them ever refuses anything.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{Outcome, judge::Judge};

/// Bodies tried for one rule at most; a model's rules need a few hundred.
const BODIES: usize = 20_000;

/// Sizes on both sides of every bound that `x-size` can state.
const SIZES: &[&str] = &[
    "auto",
    "16x16",
    "1000x1000",
    "1024x1024",
    "1024x64",
    "2048x2048",
    "3840x2160",
    "4096x4096",
    "8192x8192",
];

/// For every service and model, the smallest request is accepted.
pub(super) fn no_empty_model(judge: &Judge) -> Result<Outcome> {
    let (mut pairs, mut failures) = (0_u32, Vec::new());
    for (dialect, _) in judge.dialects() {
        for (model, _) in judge.models() {
            pairs += 1;
            for error in judge.request(dialect, Some(model))?.iter_errors(&json!({ "prompt": "a kite" })) {
                failures.push(format!("{model} at {dialect} refuses a prompt alone: {error}"));
            }
        }
    }
    Ok(Outcome { summary: format!("{pairs} services and models accept a prompt alone"), failures })
}

/// For every rule of a model there is a request that the model's other rules accept and this one refuses.
pub(super) fn no_dead_rule(judge: &Judge) -> Result<Outcome> {
    let (mut count, mut failures) = (0_u32, Vec::new());
    let wire = judge.wire()?;
    for (model, document) in judge.models() {
        let whole = judge.build(document)?;
        for rule in rules(document) {
            count += 1;
            let mut rest = document.clone();
            rule.remove_from(&mut rest);
            let rest = judge.build(&rest)?;
            // A member's own bounds may repeat the wire's, so that a model's file tells all; other rules may not.
            let alone = matches!(rule, Rule::Member(..));
            let is_witness =
                |body: &Value| (alone || wire.is_valid(body)) && rest.is_valid(body) && !whole.is_valid(body);
            if !bodies(&rule.members(document, judge), document).any(|body| is_witness(&body)) {
                failures.push(format!(
                    "models/{model}.schema.json: {} refuses nothing that the model's other rules accept: remove it, \
                     or mend it",
                    rule.pointer()
                ));
            }
        }
    }
    Ok(Outcome {
        summary: format!("{count} rules of {} models refuse something", judge.models().len()),
        failures,
    })
}

/// For every remark of a model there is an acceptable request that it is made on.
pub(super) fn no_dead_advice(judge: &Judge) -> Result<Outcome> {
    let (mut count, mut failures) = (0_u32, Vec::new());
    let wire = judge.wire()?;
    for (model, document) in judge.models() {
        let whole = judge.build(document)?;
        let advice = document.get("x-advice").and_then(Value::as_array);
        for (at, remark) in advice.into_iter().flatten().enumerate() {
            count += 1;
            let Some(when) = remark.get("when") else { continue };
            let condition = judge.build(when)?;
            let mut members = mentioned(when);
            members.extend(neighbours(&members, document));
            let is_met =
                |body: &Value| wire.is_valid(body) && whole.is_valid(body) && condition.is_valid(body);
            if !bodies(&members, document).any(|body| is_met(&body)) {
                failures.push(format!(
                    "models/{model}.schema.json: /x-advice/{at} is about requests that the model refuses anyway"
                ));
            }
        }
    }
    Ok(Outcome { summary: format!("{count} remarks can be made"), failures })
}

/// One rule of a model's document.
enum Rule {
    /// A keyword of a member.
    Member(String, &'static str),
    /// A rule over several members, by position.
    Cross(usize),
    /// What becomes of members that are not listed.
    Others,
}

fn rules(document: &Value) -> Vec<Rule> {
    const KEYWORDS: &[&str] =
        &["type", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "x-size"];
    let mut found = Vec::new();
    for (name, schema) in document.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let keywords = KEYWORDS.iter().filter(|keyword| schema.get(keyword).is_some());
        found.extend(keywords.map(|keyword| Rule::Member(name.clone(), keyword)));
    }
    let cross = document.get("allOf").and_then(Value::as_array).map_or(0, Vec::len);
    found.extend((0..cross).map(Rule::Cross));
    found.extend(document.get("additionalProperties").map(|_| Rule::Others));
    found
}

impl Rule {
    fn pointer(&self) -> String {
        match self {
            Self::Member(name, keyword) => format!("/properties/{name}/{keyword}"),
            Self::Cross(at) => format!("/allOf/{at}"),
            Self::Others => "/additionalProperties".to_owned(),
        }
    }

    fn remove_from(&self, document: &mut Value) {
        let Some(document) = document.as_object_mut() else { return };
        match self {
            Self::Member(name, keyword) => {
                let schema = document.get_mut("properties").and_then(|properties| properties.get_mut(name));
                if let Some(schema) = schema.and_then(Value::as_object_mut) {
                    schema.remove(*keyword);
                }
            }
            Self::Cross(at) => {
                if let Some(Value::Array(rules)) = document.get_mut("allOf")
                    && let Some(rule) = rules.get_mut(*at)
                {
                    *rule = Value::Bool(true);
                }
            }
            Self::Others => drop(document.remove("additionalProperties")),
        }
    }

    /// The members that a request needs to show what the rule does: its own, and those that its own depend on.
    fn members(&self, document: &Value, judge: &Judge) -> Vec<String> {
        let mut members = match self {
            Self::Member(name, _) => vec![name.clone()],
            Self::Cross(at) => {
                document.pointer(&format!("/allOf/{at}")).map(cross_members).unwrap_or_default()
            }
            Self::Others => {
                let listed = document.get("properties");
                let is_listed = |name: &str| listed.is_some_and(|listed| listed.get(name).is_some());
                let unlisted = judge.members().into_iter().find(|name| !is_listed(name));
                vec![unlisted.unwrap_or("a_member_of_nobody").to_owned()]
            }
        };
        members.extend(neighbours(&members, document));
        members
    }
}

/// The members in the `properties` of a condition or requirement.
fn mentioned(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn cross_members(rule: &Value) -> Vec<String> {
    let mut members: Vec<String> =
        ["if", "then"].iter().filter_map(|part| rule.get(part)).flat_map(mentioned).collect();
    members.sort();
    members.dedup();
    members
}

/// Members that some rule over several members ties to these.
fn neighbours(members: &[String], document: &Value) -> Vec<String> {
    let rules = document.get("allOf").and_then(Value::as_array);
    let tied = rules
        .into_iter()
        .flatten()
        .map(cross_members)
        .filter(|all| all.iter().any(|name| members.contains(name)));
    let mut found: Vec<String> = tied.flatten().filter(|name| !members.contains(name)).collect();
    found.sort();
    found.dedup();
    found
}

/// Requests with all combinations of telling values for these members; the first member varies fastest.
fn bodies(members: &[String], document: &Value) -> impl Iterator<Item = Value> {
    let choices: Vec<(String, Vec<Option<Value>>)> = members
        .iter()
        .map(|name| {
            let values = values(name, document).into_iter().map(Some);
            (name.clone(), std::iter::once(None).chain(values).collect())
        })
        .collect();
    let count = choices.iter().map(|(_, values)| values.len()).product::<usize>().min(BODIES);
    (0..count).map(move |mut at| {
        let mut body = Map::from_iter([("prompt".to_owned(), Value::from("a kite"))]);
        for (name, values) in &choices {
            if let Some(Some(value)) = values.get(at % values.len()) {
                body.insert(name.clone(), value.clone());
            }
            at /= values.len();
        }
        Value::Object(body)
    })
}

/// Telling values for a member: what the document mentions, what lies next to it, and a value of each other kind.
fn values(name: &str, document: &Value) -> Vec<Value> {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    let mut add = |value: Value| drop(found.insert(value.to_string(), value));
    let mut schemas = Vec::new();
    schemas_of(name, document, &mut schemas);
    for schema in schemas {
        let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        listed.chain(schema.get("const")).for_each(|value| add(value.clone()));
        for keyword in ["minimum", "maximum"] {
            if let Some(bound) = schema.get(keyword).and_then(Value::as_i64) {
                for number in [bound.saturating_sub(1), bound, bound.saturating_add(1)] {
                    add(number.into());
                }
            }
        }
        for keyword in ["minLength", "maxLength"] {
            let bound =
                schema.get(keyword).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
            if let Some(bound) = bound.filter(|bound| *bound < 1_000_000) {
                for length in [bound.saturating_sub(1), bound, bound + 1] {
                    add("é".repeat(length).into());
                }
            }
        }
        if schema.get("x-size").is_some() {
            for size in SIZES {
                add((*size).into());
            }
        }
    }
    for other in [json!("of no list"), json!(true), json!(false), json!(1), Value::Null] {
        add(other);
    }
    found.into_values().collect()
}

/// Every schema for a member of that name, wherever it stands in the document.
fn schemas_of<'a>(name: &str, part: &'a Value, found: &mut Vec<&'a Value>) {
    match part {
        Value::Object(members) => {
            found.extend(members.get("properties").and_then(|properties| properties.get(name)));
            members.values().for_each(|value| schemas_of(name, value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| schemas_of(name, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
