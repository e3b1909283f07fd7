//! Whether one schema refuses what another accepts: by the schema algebra, or by a request that shows it.

use std::{collections::BTreeMap, fmt};

use anyhow::{Context as _, Result};
use jsonschema::canonical::{self, Containment};
use serde_json::{Map, Value, json};

use super::{judge::Judge, rules::project};

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

/// How it is known that a rule refuses something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Proof {
    Algebra,
    Witness,
}

/// That `whole` refuses something which the context and the rest of it accept.
pub(super) struct Claim<'a> {
    pub(super) context: &'a [&'a Value],
    pub(super) rest: &'a Value,
    pub(super) whole: &'a Value,
}

/// A claim without what does not bear on it.
pub(super) struct Projected {
    accepted: Value,
    whole: Value,
}

impl fmt::Display for Projected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} within {}", self.whole, self.accepted)
    }
}

impl Claim<'_> {
    pub(super) fn project(&self, members: &[String]) -> Projected {
        let accepted = self.context.iter().chain([&self.rest]).map(|part| project(part, members));
        let accepted = json!({ "allOf": accepted.collect::<Vec<Value>>() });
        Projected { accepted, whole: project(self.whole, members) }
    }

    /// How the claim is known to be true; `None` when it is not.
    pub(super) fn prove(
        &self,
        judge: &Judge,
        small: &Projected,
        bodies: Bodies<'_>,
    ) -> Result<Option<Proof>> {
        // The algebra takes a keyword of ours for a remark that asserts nothing.
        let is_own = |schema: &Value| schema.to_string().contains("\"x-size\"");
        if !is_own(&small.accepted) && !is_own(&small.whole) {
            let canonical = |schema| canonical::options().offline().canonicalize(schema);
            let (accepted, whole) = (canonical(&small.accepted)?, canonical(&small.whole)?);
            match whole.covers(&accepted).context("the schema algebra cannot compare these")? {
                Containment::Yes => return Ok(None),
                Containment::No => return Ok(Some(Proof::Algebra)),
                // It builds few values, and none of many thousand letters.
                Containment::Unknown => {}
            }
        }
        let accepted: Vec<&Value> = self.context.iter().copied().chain([self.rest]).collect();
        let (accepted, whole) = (judge.build(&json!({ "allOf": accepted }))?, judge.build(self.whole)?);
        let shows = |body: Value| accepted.is_valid(&body) && !whole.is_valid(&body);
        Ok(bodies.iter().any(shows).then_some(Proof::Witness))
    }
}

/// Requests with all combinations of telling values for some members.
#[derive(Clone, Copy)]
pub(super) struct Bodies<'a> {
    pub(super) members: &'a [String],
    pub(super) documents: &'a [&'a Value],
}

impl Bodies<'_> {
    /// The first member varies fastest.
    pub(super) fn iter(self) -> impl Iterator<Item = Value> {
        let choices: Vec<(String, Vec<Option<Value>>)> = self
            .members
            .iter()
            .map(|name| {
                let values = values(name, self.documents).into_iter().map(Some);
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
}

/// Telling values for a member: what the documents mention, what lies next to it, and a value of each other kind.
fn values(name: &str, documents: &[&Value]) -> Vec<Value> {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    let mut add = |value: Value| drop(found.insert(value.to_string(), value));
    let mut schemas = Vec::new();
    documents.iter().for_each(|document| schemas_of(name, document, &mut schemas));
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
