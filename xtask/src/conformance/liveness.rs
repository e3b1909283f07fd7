//! Whether the rules can be met at all, and whether each of them ever refuses anything.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    Outcome,
    judge::{Judge, covers},
    rules::{Rule, connected, mentioned, rules},
    witness::{Bodies, Claim, Proof},
};

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

/// For every rule of a model or a service, and of a service for some models, there is a request that the other rules
/// accept and this one refuses. The schema algebra of the `jsonschema` crate proves it for the standard keywords; where
/// it cannot tell, and for keywords of our own, a request from each side shows it.
pub(super) fn no_dead_rule(judge: &Judge) -> Result<Outcome> {
    let (mut proved, mut witnessed, mut failures) = (0_u32, 0_u32, Vec::new());
    // The models of a family ask the same questions.
    let mut known = BTreeMap::new();
    for subject in subjects(judge) {
        for rule in rules(&subject.schema) {
            let mut found = None;
            for context in subject.contexts(&rule) {
                let parts: Vec<&Value> = context.iter().copied().chain([&subject.schema]).collect();
                let members = connected(rule.members(&subject.schema, judge), &parts);
                let mut rest = subject.schema.clone();
                rule.remove_from(&mut rest);
                let claim = Claim { context: &context, rest: &rest, whole: &subject.schema };
                let small = claim.project(&members);
                let question = small.to_string();
                let answer = match known.get(&question) {
                    Some(answer) => *answer,
                    None => {
                        let bodies = Bodies { members: &members, documents: &parts };
                        let answer = claim.prove(judge, &small, bodies)?;
                        known.insert(question, answer);
                        answer
                    }
                };
                found = found.max(answer);
                if found.is_some() {
                    break;
                }
            }
            match found {
                Some(Proof::Algebra) => proved += 1,
                Some(Proof::Witness) => witnessed += 1,
                None => failures.push(format!(
                    "{}: {} refuses nothing that the other rules accept: remove it, or mend it",
                    subject.place,
                    rule.pointer()
                )),
            }
        }
    }
    Ok(Outcome {
        summary: format!(
            "{} rules refuse something: {proved} by the schema algebra, {witnessed} by a witness",
            proved + witnessed
        ),
        failures,
    })
}

/// For every remark there is an acceptable request that it is made on.
pub(super) fn no_dead_advice(judge: &Judge) -> Result<Outcome> {
    let (mut count, mut failures) = (0_u32, Vec::new());
    for subject in subjects(judge) {
        for (at, remark) in subject.advice.iter().enumerate() {
            count += 1;
            let Some(when) = remark.get("when") else { continue };
            let mut is_made = false;
            for context in &subject.contexts {
                let parts: Vec<&Value> = context.iter().copied().chain([&subject.schema, when]).collect();
                let all = judge.build(&json!({ "allOf": parts }))?;
                let members = connected(mentioned(when), &parts);
                let bodies = Bodies { members: &members, documents: &parts };
                is_made |= bodies.iter().any(|body| all.is_valid(&body));
            }
            if !is_made {
                failures.push(format!(
                    "{}: /x-advice/{at} is about requests that are refused anyway",
                    subject.place
                ));
            }
        }
    }
    Ok(Outcome { summary: format!("{count} remarks can be made"), failures })
}

/// A schema whose rules are judged.
struct Subject<'a> {
    /// The document and the place in it, for messages.
    place: String,
    schema: Value,
    advice: Vec<Value>,
    /// The schemas that hold beside it; a rule need be of use in one of these settings.
    contexts: Vec<Vec<&'a Value>>,
    /// Whether a member's own bounds may repeat the context's, so that the document tells all.
    may_repeat: bool,
}

impl<'a> Subject<'a> {
    fn contexts(&self, rule: &Rule) -> Vec<Vec<&'a Value>> {
        if self.may_repeat && matches!(rule, Rule::Member(..)) {
            vec![Vec::new()]
        } else {
            self.contexts.clone()
        }
    }
}

fn subjects(judge: &Judge) -> Vec<Subject<'_>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for (model, document) in judge.models() {
        found.push(Subject {
            place: format!("models/{model}.schema.json"),
            schema: document.clone(),
            advice: list(&document["x-advice"]),
            contexts: vec![vec![judge.wire()]],
            may_repeat: true,
        });
    }
    for (dialect, document) in judge.dialects() {
        let place = format!("dialects/{dialect}.openapi.json");
        let Some(request) = judge.narrowing(dialect) else { continue };
        found.push(Subject {
            place: format!("{place}, /components/schemas/CreateImageRequest"),
            schema: request.clone(),
            advice: list(&request["x-advice"]),
            contexts: vec![vec![judge.wire()]],
            may_repeat: true,
        });
        for (at, overlay) in list(&document["x-models"]).iter().enumerate() {
            let models = judge.models().into_iter().filter(|(model, _)| covers(overlay, model));
            found.push(Subject {
                place: format!("{place}, /x-models/{at}"),
                schema: overlay.get("schema").cloned().unwrap_or_else(|| json!({})),
                advice: list(&overlay["x-advice"]),
                contexts: models.map(|(_, model)| vec![judge.wire(), request, model]).collect(),
                may_repeat: false,
            });
        }
    }
    found
}
