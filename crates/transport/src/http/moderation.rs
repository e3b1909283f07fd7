//! What a content filter says it saw, from all the places where services write it.

use imagewire_types::{ErrorBody, ErrorLabel, Image, ModerationStage};
use serde_json::Value;

use crate::{Category, Kind, Moderation, Stage, error::Scrub};

/// As many categories are told; services know about ten.
const CATEGORIES: usize = 16;

/// What a refusal tells; `None` when it is not about the content.
pub(super) fn of_refusal(kind: Kind, body: &ErrorBody, scrub: &Scrub<'_>) -> Option<Moderation> {
    let message = body.message.as_deref().unwrap_or_default();
    if is_account(kind, body, message) {
        return Some(Moderation { stage: Stage::Account, categories: Vec::new() });
    }
    if kind != Kind::Moderation {
        return None;
    }
    let details = body.moderation_details.as_ref();
    let inner = body.inner_error.as_ref().or(body.innererror.as_ref());
    let results = inner
        .and_then(|inner| inner.content_filter_results.as_ref().or(inner.content_filter_result.as_ref()));
    let stage = match details.and_then(|details| details.moderation_stage.as_ref()) {
        Some(ModerationStage::Input) => Stage::Prompt,
        Some(ModerationStage::Output) => Stage::Output,
        // Azure tells results of the prompt's filter in a refusal, and refuses drawn images under this code.
        None if is_label(body.code.as_ref(), "contentFilter") => Stage::Output,
        None if results.is_some() => Stage::Prompt,
        Some(_) | None => Stage::Unknown,
    };
    let mut categories = Vec::new();
    let named = details.and_then(|details| details.categories.as_ref()).into_iter().flatten();
    named.for_each(|name| add(&mut categories, name, None, scrub));
    if let Some(Value::Object(results)) = results.and_then(|results| serde_json::to_value(results).ok()) {
        results.iter().for_each(|(name, result)| add_result(&mut categories, name, result, scrub));
    }
    if categories.is_empty() {
        in_words(message).for_each(|name| add(&mut categories, name, None, scrub));
    }
    Some(Moderation { stage, categories })
}

/// What an answer with a status of success tells of images that were held back; `None` when none was.
pub(super) fn of_images(images: &[Image], scrub: &Scrub<'_>) -> Option<Moderation> {
    let mut found: Option<Moderation> = None;
    for image in images {
        let output = serde_json::to_value(&image.content_filter_results);
        let prompt = serde_json::to_value(&image.prompt_filter_results);
        for (stage, results) in [(Stage::Prompt, prompt), (Stage::Output, output)] {
            let Ok(Value::Object(results)) = results else { continue };
            for (name, result) in results.iter().filter(|(_, result)| is_filtered(result)) {
                let found = found.get_or_insert(Moderation { stage, categories: Vec::new() });
                add_result(&mut found.categories, name, result, scrub);
            }
        }
    }
    found
}

/// The account is shut out, whatever the prompt: Azure says it with a status of its own and in words, OpenAI with a code.
fn is_account(kind: Kind, body: &ErrorBody, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    // A gateway may block a request by a policy of its own, which is another thing.
    let is_blocked =
        says(&["blocked"]) && says(&["policy"]) && says(&["account", "resource", "subscription"]);
    is_label(body.code.as_ref(), "account_deactivated")
        || (matches!(kind, Kind::Permission | Kind::Authentication) && is_blocked)
}

fn is_label(label: Option<&ErrorLabel>, text: &str) -> bool {
    label.is_some_and(|label| label.as_str().eq_ignore_ascii_case(text))
}

fn is_filtered(result: &Value) -> bool {
    result.get("filtered").and_then(Value::as_bool) == Some(true)
}

/// A category of a table of results, if the filter objected to it.
fn add_result(categories: &mut Vec<Category>, name: &str, result: &Value, scrub: &Scrub<'_>) {
    let is_detected = result.get("detected").and_then(Value::as_bool) == Some(true);
    if is_filtered(result) || is_detected {
        add(categories, name, result.get("severity").and_then(Value::as_str), scrub);
    }
}

fn add(categories: &mut Vec<Category>, name: &str, severity: Option<&str>, scrub: &Scrub<'_>) {
    let name = scrub.label(name);
    let is_known = categories.iter().any(|known| known.name == name);
    if !name.is_empty() && !is_known && categories.len() < CATEGORIES {
        categories.push(Category { name, severity: severity.map(|severity| scrub.label(severity)) });
    }
}

/// The names in a sentence that ends with `safety_violations=[violence, sexual]`.
fn in_words(message: &str) -> impl Iterator<Item = &str> {
    let names = message.split_once("safety_violations=[").and_then(|(_, rest)| rest.split_once(']'));
    names.map_or("", |(names, _)| names).split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(body: Value) -> Option<(Stage, Vec<String>)> {
        let body = serde_json::from_value(body).expect("an error body");
        let kind = super::super::refusal::kind(http::StatusCode::BAD_REQUEST, &body);
        let told = of_refusal(kind, &body, &Scrub::default())?;
        Some((told.stage, told.categories.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn every_place_where_a_filter_speaks() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let results = json!({
            "hate": { "filtered": false, "severity": "safe" },
            "jailbreak": { "detected": true, "filtered": true },
            "violence": { "filtered": true, "severity": "medium" },
        });
        for (body, stage, categories) in [
            (
                json!({ "code": "moderation_blocked", "moderation_details": { "moderation_stage": "output", "categories": ["sexual"] } }),
                Stage::Output,
                list(&["sexual"]),
            ),
            (
                json!({ "code": "moderation_blocked", "message": "… safety_violations=[violence, sexual]." }),
                Stage::Unknown,
                list(&["violence", "sexual"]),
            ),
            (
                json!({ "code": "content_policy_violation", "inner_error": { "code": "ResponsibleAIPolicyViolation", "content_filter_results": results } }),
                Stage::Prompt,
                list(&["jailbreak", "violence (medium)"]),
            ),
            (
                json!({ "innererror": { "code": "ResponsibleAIPolicyViolation", "content_filter_result": { "hate": { "filtered": true } } } }),
                Stage::Prompt,
                list(&["hate"]),
            ),
            (json!({ "code": "contentFilter" }), Stage::Output, list(&[])),
            (json!({ "code": "account_deactivated" }), Stage::Account, list(&[])),
        ] {
            assert_eq!(refusal(body.clone()), Some((stage, categories)), "{body}");
        }
        assert_eq!(refusal(json!({ "code": "invalid_value", "param": "size" })), None);
        let gateway = json!({ "code": "forbidden", "message": "Request blocked by gateway policy 'pii'" });
        assert_eq!(refusal(gateway), None);
        let azure = "Your resource has been temporarily blocked because of our content policy.";
        let azure = json!({ "code": "Forbidden", "message": azure });
        assert_eq!(refusal(azure), Some((Stage::Account, list(&[]))));
    }
}
