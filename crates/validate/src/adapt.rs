//! Turning a request into one that the target accepts, with a record of every change.

use imagewire_spec::rule::{Constraint, CrossRule, Equivalent, FieldId};
use imagewire_types::{CreateImageRequest, Model};
use serde_json::{Map, Value};

use crate::{
    Code, Finding, Report, Target, check,
    check::is_met,
    generated::fields::{FIELDS, PROMPT},
    view::Typed,
};

/// One change to a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The member as a JSON pointer.
    pub pointer: String,
    /// What it was; `None` when it was absent, and for the prompt, which is never quoted.
    pub from: Option<Value>,
    /// What it is now; `None` when it is absent, and for the prompt.
    pub to: Option<Value>,
    /// Why, as a sentence.
    pub reason: String,
}

/// An adapted request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Adapted {
    /// The request as it should be sent.
    pub request: CreateImageRequest,
    /// Everything that was changed, in order; empty when nothing had to be.
    pub changes: Vec<Change>,
    /// What is still to be said about the request: errors that no change can mend, such as a prompt that is too long.
    pub report: Report,
}

/// Changes what the target does not accept: drops members, maps values to what the model calls them, moves numbers
/// into their bounds. Nothing is changed without a record, and the prompt is never touched.
#[must_use]
pub fn adapt(request: &CreateImageRequest, target: &Target<'_>) -> Adapted {
    let mut request = request.clone();
    let mut changes = Vec::new();
    // Each step mends one finding for good; a rule set that contradicts itself must not keep it going for ever.
    for _ in 0..4 * FIELDS.len() {
        let Some(change) = next_change(&request, target, &changes) else { break };
        let Some(next) = apply(&request, &change) else { break };
        request = next;
        changes.push(change);
    }
    let report = check(&request, target);
    Adapted { request, changes, report }
}

/// Adapts a request to another model. With `fold_style`, a `style` that the new model does not take becomes a phrase of
/// the prompt instead of being dropped.
#[must_use]
pub fn migrate(request: &CreateImageRequest, to: &str, target: &Target<'_>, fold_style: bool) -> Adapted {
    let mut request = request.clone();
    let mut changes = Vec::new();
    let from = request.model.replace(Model::from(to));
    if from != request.model {
        changes.push(Change {
            pointer: "/model".to_owned(),
            from: from.map(|model| model.as_str().into()),
            to: Some(to.into()),
            reason: "the model was changed on request".to_owned(),
        });
    }
    let style = request.style.as_ref().map(|style| style.as_str().to_owned());
    let mut adapted = adapt(&request, target);
    if let (true, Some(style), None) = (fold_style, style, &adapted.request.style) {
        adapted.request.prompt.push_str(&format!(", in a {style} style"));
        adapted.changes.push(Change {
            pointer: format!("/{}", name(PROMPT)),
            from: None,
            to: None,
            reason: format!("the style `{style}` was folded into the prompt"),
        });
        adapted.report = check(&adapted.request, target);
    }
    changes.append(&mut adapted.changes);
    Adapted { changes, ..adapted }
}

fn next_change(request: &CreateImageRequest, target: &Target<'_>, earlier: &[Change]) -> Option<Change> {
    let report = check(request, target);
    let members = members(request);
    let simple = report.errors().find_map(|finding| mend(finding, &members, request, target));
    simple.or_else(|| {
        let named = request.model.as_ref().map(Model::as_str);
        let sets = target.sets(named);
        let broken =
            sets.iter().flat_map(|set| set.cross.iter()).find(|rule| !is_met(rule, &Typed::new(request)));
        broken.and_then(|rule| reconcile(rule, &members, earlier))
    })
}

/// What mends a finding about a single member.
fn mend(
    finding: &Finding,
    members: &Map<String, Value>,
    request: &CreateImageRequest,
    target: &Target<'_>,
) -> Option<Change> {
    let name = finding.pointer.strip_prefix('/')?;
    let from = members.get(name)?.clone();
    let field = FIELDS.iter().find(|field| field.name == name)?;
    let to = match finding.code {
        Code::UnsupportedField => None,
        Code::UnsupportedValue => {
            let meant = equivalent(name, from.as_str(), request, target).or_else(|| finding.nearest.clone());
            meant.map(Value::from)
        }
        Code::OutOfRange => Some(finding.nearest.as_ref()?.parse::<i64>().ok()?.into()),
        _ => return None,
    };
    if field.required && to.is_none() {
        return None;
    }
    Some(Change { pointer: finding.pointer.clone(), from: Some(from), to, reason: finding.message.clone() })
}

/// What the model calls a value of other models.
fn equivalent(
    name: &str,
    value: Option<&str>,
    request: &CreateImageRequest,
    target: &Target<'_>,
) -> Option<String> {
    let model = target.model(request.model.as_ref().map(Model::as_str))?;
    let is_meant = |pair: &&Equivalent| self::name(pair.field) == name && Some(pair.from.as_ref()) == value;
    model.equivalents.iter().find(is_meant).map(|pair| pair.to.clone().into_owned())
}

/// A rule over several members: changes a member that is there to the first value that goes with the others, or drops
/// the member that made the rule apply. Members that the caller did not set are not invented, and none is changed back
/// and forth between rules that want different things of it.
fn reconcile(rule: &CrossRule, members: &Map<String, Value>, earlier: &[Change]) -> Option<Change> {
    let change = |field: FieldId, to: Option<Value>| {
        let name = name(field);
        Some(Change {
            pointer: format!("/{name}"),
            from: Some(members.get(name)?.clone()),
            to,
            reason: rule.in_words(FIELDS),
        })
    };
    let is_open = |field: FieldId| {
        let name = name(field);
        members.contains_key(name)
            && !earlier.iter().any(|change| change.pointer.strip_prefix('/') == Some(name))
    };
    for requirement in rule.then.iter().filter(|requirement| is_open(requirement.field)) {
        for constraint in requirement.constraints.iter() {
            if let Constraint::OneOf(values) = constraint
                && let Some(first) = values.first()
                && members
                    .get(name(requirement.field))
                    .and_then(Value::as_str)
                    .is_none_or(|value| !values.iter().any(|allowed| allowed == value))
            {
                return change(requirement.field, Some(first.as_ref().into()));
            }
        }
    }
    change(rule.when.first()?.field, None)
}

fn members(request: &CreateImageRequest) -> Map<String, Value> {
    match serde_json::to_value(request) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn apply(request: &CreateImageRequest, change: &Change) -> Option<CreateImageRequest> {
    let mut members = members(request);
    let name = change.pointer.strip_prefix('/')?;
    match &change.to {
        Some(value) => drop(members.insert(name.to_owned(), value.clone())),
        None => drop(members.remove(name)),
    }
    serde_json::from_value(Value::Object(members)).ok()
}

fn name(field: FieldId) -> &'static str {
    FIELDS.get(usize::from(field.0)).map_or("", |field| &field.name)
}

#[cfg(test)]
mod tests {
    use imagewire_types::{Background, OutputFormat, Quality, Size, Style};

    use super::*;

    fn changes(adapted: &Adapted) -> Vec<(&str, Option<Value>)> {
        adapted.changes.iter().map(|change| (change.pointer.as_str(), change.to.clone())).collect()
    }

    #[test]
    fn a_dall_e_3_request_becomes_one_for_gpt_image_1() {
        let target = Target::new("openai").expect("a service");
        let request = CreateImageRequest::new("a fox")
            .model(Model::DALL_E_3)
            .quality(Quality::Hd)
            .size(Size::new(1792, 1024))
            .style(Style::Vivid)
            .response_format("b64_json");
        let migrated = migrate(&request, "gpt-image-1", &target, true);
        assert!(migrated.report.is_accepted(), "{:?}", migrated.report);
        assert_eq!(
            changes(&migrated),
            [
                ("/model", Some("gpt-image-1".into())),
                ("/size", Some("1536x1024".into())),
                ("/quality", Some("high".into())),
                ("/style", None),
                ("/response_format", None),
                ("/prompt", None),
            ]
        );
        assert_eq!(migrated.request.prompt, "a fox, in a vivid style");
        assert_eq!(migrate(&request, "gpt-image-1", &target, false).request.prompt, "a fox");
    }

    #[test]
    fn members_that_contradict_each_other_are_reconciled() {
        let target = Target::new("openai").expect("a service");
        let request = CreateImageRequest::new("a fox")
            .model(Model::GPT_IMAGE_1)
            .background(Background::Transparent)
            .output_format(OutputFormat::Jpeg)
            .output_compression(80)
            .partial_images(2)
            .n(12);
        let adapted = adapt(&request, &target);
        assert!(adapted.report.is_accepted(), "{:?}", adapted.report);
        assert_eq!(adapted.request.n, Some(10));
        assert_eq!(adapted.request.partial_images, None);
    }

    #[test]
    fn what_is_fine_is_not_changed_and_what_cannot_be_mended_is_reported() {
        let target = Target::new("fastapi").expect("a service");
        let fine = CreateImageRequest::new("a fox").model(Model::DALL_E_3);
        assert_eq!(adapt(&fine, &target).changes, []);
        let long = CreateImageRequest::new("x".repeat(5000)).model(Model::DALL_E_3);
        let adapted = adapt(&long, &target);
        assert_eq!((adapted.changes.len(), adapted.report.is_accepted()), (0, false));
        assert_eq!(adapted.request, long);
    }
}
