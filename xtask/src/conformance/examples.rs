//! The examples in the dialects against the schemas beside them.

use std::collections::BTreeSet;

use anyhow::Result;
use jsonschema::Validator;
use serde_json::Value;

use super::{Outcome, judge::Judge};

/// Every request example is accepted by wire, dialect and the model that it names, or refused where it says so.
pub(super) fn requests(judge: &Judge) -> Result<Outcome> {
    let (mut accepted, mut refused, mut failures) = (0_u32, 0_u32, Vec::new());
    for (dialect, document) in judge.dialects() {
        for (name, example) in examples(operation(document).and_then(|post| post.get("requestBody"))) {
            let value = example.get("value").unwrap_or(&Value::Null);
            let model = value.get("model").and_then(Value::as_str).and_then(|model| model.rsplit('/').next());
            let known = model.filter(|model| judge.models().iter().any(|(id, _)| id == model));
            let verdict = judge.request(dialect, known)?;
            let place = format!("dialects/{dialect}.openapi.json, request example `{name}`");
            if example.get("x-refused").is_some() {
                refused += 1;
                if verdict.is_valid(value) {
                    failures.push(format!("{place} is accepted, though it is marked `x-refused`"));
                }
            } else {
                accepted += 1;
                failures.extend(objections(&verdict, value, &place));
            }
        }
    }
    Ok(Outcome { summary: format!("{accepted} accepted, {refused} refused as marked"), failures })
}

/// Every example of an answer is as its schema says.
pub(super) fn answers(judge: &Judge) -> Result<Outcome> {
    let (mut count, mut failures) = (0_u32, Vec::new());
    for (dialect, document) in judge.dialects() {
        let path = format!("dialects/{dialect}.openapi.json");
        let responses = operation(document).and_then(|post| post.get("responses")?.as_object());
        for (status, response) in responses.into_iter().flatten() {
            let body = response.pointer("/content/application~1json");
            let target = body.and_then(|body| body.pointer("/schema/$ref")?.as_str()).unwrap_or_default();
            let verdict = judge.referred(&path, target)?;
            for (name, example) in examples(Some(response)) {
                count += 1;
                let value = example.get("value").unwrap_or(&Value::Null);
                failures.extend(objections(&verdict, value, &format!("{path}, {status} example `{name}`")));
            }
        }
    }
    Ok(Outcome { summary: format!("{count} valid"), failures })
}

fn operation(document: &Value) -> Option<&Value> {
    document.get("paths")?.as_object()?.values().next()?.get("post")
}

fn examples(holder: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let examples =
        holder.and_then(|holder| holder.pointer("/content/application~1json/examples")?.as_object());
    examples.into_iter().flatten().map(|(name, example)| (name.as_str(), example))
}

/// What speaks against a value; dialect and model often say the same.
fn objections(verdict: &Validator, value: &Value, place: &str) -> BTreeSet<String> {
    verdict
        .iter_errors(value)
        .map(|error| format!("{place}, at `{}`: {error}", error.instance_path()))
        .collect()
}
