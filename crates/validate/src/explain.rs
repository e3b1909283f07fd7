//! What a member accepts, who says so, and which models take a value.

use imagewire_spec::rule::{Field, Model, Others, RuleSet, Source};
use serde_json::{Value, json};

use crate::{Catalogue, Report, Target, check_json, fields};

/// What there is to know about one member of the request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation<'a> {
    /// The member.
    pub field: &'static Field,
    /// Who says something about it, the widest first: the service, the model, the service's rules for that model.
    pub layers: Vec<Layer<'a>>,
}

/// What one document says about a member.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Layer<'a> {
    /// Who says it: `Hicap`, `dall-e-3`.
    pub name: &'a str,
    /// What it accepts, in words.
    pub accepts: String,
    /// Whether an explicit null is taken.
    pub null: bool,
    /// What is assumed when the member is absent.
    pub default: Option<String>,
    /// Rules over several members that concern it, as sentences.
    pub rules: Vec<String>,
    /// Where that comes from.
    pub sources: &'a [Source],
}

/// Explains a member; `None` when no request has one of that name. `model` is the request's own `model`, if it has one.
#[must_use]
pub fn explain<'a>(member: &str, target: &Target<'a>, model: Option<&str>) -> Option<Explanation<'a>> {
    let (position, field) = (0_u8..).zip(fields()).find(|(_, field)| field.name == member)?;
    let known = target.model(model);
    let sources = |set: &RuleSet| match known {
        Some(model) if std::ptr::eq(set, &raw const model.rules) => model.sources.as_ref(),
        _ => target.dialect().sources.as_ref(),
    };
    // The first set says what holds at every service: that is the type of the member.
    let layers =
        target.sets(model).iter().skip(1).filter_map(|set| layer(set, position, sources(set))).collect();
    Some(Explanation { field, layers })
}

fn layer<'a>(set: &'a RuleSet, position: u8, sources: &'a [Source]) -> Option<Layer<'a>> {
    let rule = set.fields.iter().find(|rule| rule.field.0 == position);
    let rules: Vec<String> = set
        .cross
        .iter()
        .filter(|cross| {
            cross.when.iter().any(|condition| condition.field.0 == position)
                || cross.then.iter().any(|requirement| requirement.field.0 == position)
        })
        .map(|cross| cross.in_words(fields()))
        .collect();
    let (accepts, null) = match (rule, set.others) {
        (Some(rule), _) => (rule.accepts(), rule.null),
        (None, Others::Open) if rules.is_empty() => return None,
        (None, Others::Open) => ("any value".to_owned(), true),
        (None, Others::Absent) => ("not supported".to_owned(), true),
        (None, Others::Refused) => ("not supported".to_owned(), false),
    };
    let default = rule.and_then(|rule| rule.default.as_ref()).map(ToString::to_string);
    Some(Layer { name: &set.name, accepts, null, default, rules, sources })
}

/// The models of a catalogue that take a value for a member at a service, judged by a request that has nothing else.
///
/// # Errors
/// When no service has that identifier.
pub fn models_that_take<'a>(
    catalogue: &'a Catalogue,
    dialect: &str,
    member: &str,
    value: &Value,
) -> Result<Vec<&'a Model>, crate::UnknownDialect> {
    let target = catalogue.target(dialect)?;
    let mut body = json!({ "prompt": "x" });
    body[member] = value.clone();
    let body = body.to_string();
    let pointer = format!("/{member}");
    let takes = |report: Report| !report.errors().any(|finding| finding.pointer == pointer);
    Ok(catalogue
        .models()
        .filter(|model| takes(check_json(body.as_bytes(), &target.clone().served_by(&model.id))))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_names_who_says_what() {
        let target = Target::new("fastapi").expect("a service");
        let explanation = explain("n", &target, Some("dall-e-3")).expect("a member");
        let said: Vec<(&str, &str)> =
            explanation.layers.iter().map(|layer| (layer.name, layer.accepts.as_str())).collect();
        assert_eq!(said, [("fastapi.ai", "1 to 10"), ("dall-e-3", "1")]);
        assert!(explanation.layers.iter().all(|layer| !layer.sources.is_empty()));
        assert_eq!(explain("nothing", &target, None), None);
    }

    #[test]
    fn models_are_found_by_what_they_take() {
        let ids = |member: &str, value: Value| -> Vec<String> {
            let models =
                models_that_take(Catalogue::built_in(), "openai", member, &value).expect("a service");
            models.iter().map(|model| model.id.to_string()).collect()
        };
        assert_eq!(ids("style", json!("vivid")), ["dall-e-3"]);
        assert_eq!(ids("size", json!("1792x1024")).first().map(String::as_str), Some("dall-e-3"));
        assert!(ids("size", json!("1920x1088")).iter().all(|id| id.starts_with("gpt-image-2")));
    }
}
