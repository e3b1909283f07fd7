//! The rules of a document one by one, and the part of a document that concerns some members.

use std::collections::BTreeSet;

use serde_json::Value;

use super::judge::Judge;

/// One rule of a document.
pub(super) enum Rule {
    /// A keyword of a member.
    Member(String, &'static str),
    /// A rule over several members, by position.
    Cross(usize),
    /// What becomes of members that are not listed.
    Others,
}

pub(super) fn rules(document: &Value) -> Vec<Rule> {
    const KEYWORDS: &[&str] =
        &["type", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "x-size"];
    let mut found = Vec::new();
    for (name, schema) in document.get("properties").and_then(Value::as_object).into_iter().flatten() {
        // Beside a list of values, the type is said for readers.
        let has_list = schema.get("enum").or(schema.get("const")).is_some();
        let keywords = KEYWORDS
            .iter()
            .filter(|keyword| schema.get(keyword).is_some() && !(has_list && **keyword == "type"));
        found.extend(keywords.map(|keyword| Rule::Member(name.clone(), keyword)));
    }
    let cross = document.get("allOf").and_then(Value::as_array).map_or(0, Vec::len);
    found.extend((0..cross).map(Rule::Cross));
    found.extend(document.get("additionalProperties").map(|_| Rule::Others));
    found
}

impl Rule {
    pub(super) fn pointer(&self) -> String {
        match self {
            Self::Member(name, keyword) => format!("/properties/{name}/{keyword}"),
            Self::Cross(at) => format!("/allOf/{at}"),
            Self::Others => "/additionalProperties".to_owned(),
        }
    }

    pub(super) fn remove_from(&self, document: &mut Value) {
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
                    && *at < rules.len()
                {
                    rules.remove(*at);
                }
            }
            Self::Others => drop(document.remove("additionalProperties")),
        }
    }

    /// The members that the rule is about.
    pub(super) fn members(&self, document: &Value, judge: &Judge) -> Vec<String> {
        match self {
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
        }
    }
}

/// The members in the `properties` of a condition or requirement.
pub(super) fn mentioned(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn cross_members(rule: &Value) -> Vec<String> {
    ["if", "then"].iter().filter_map(|part| rule.get(part)).flat_map(mentioned).collect()
}

fn cross_rules(document: &Value) -> impl Iterator<Item = &Value> {
    document.get("allOf").and_then(Value::as_array).into_iter().flatten()
}

/// These members, and all that rules over several members tie to them, directly or through others.
pub(super) fn connected(members: Vec<String>, documents: &[&Value]) -> Vec<String> {
    let mut found = members;
    let mut seen: BTreeSet<String> = found.iter().cloned().collect();
    loop {
        let rules = documents.iter().flat_map(|document| cross_rules(document)).map(cross_members);
        let tied = rules.filter(|all| all.iter().any(|name| seen.contains(name)));
        let new: BTreeSet<String> = tied.flatten().filter(|name| !seen.contains(name)).collect();
        if new.is_empty() {
            return found;
        }
        seen.extend(new.iter().cloned());
        found.extend(new);
    }
}

/// A document without what it says of other members. Others may be absent, and then no rule speaks of them: so nothing
/// is lost, and the question becomes small.
pub(super) fn project(document: &Value, members: &[String]) -> Value {
    let mut document = document.clone();
    let Some(parts) = document.as_object_mut() else { return document };
    parts.retain(|keyword, _| keyword == "x-size" || !keyword.starts_with("x-") && keyword != "title");
    if let Some(properties) = parts.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| members.contains(name));
    }
    if let Some(required) = parts.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| members.iter().any(|member| name == member));
    }
    if let Some(rules) = parts.get_mut("allOf").and_then(Value::as_array_mut) {
        rules.retain(|rule| cross_members(rule).iter().all(|name| members.contains(name)));
        if rules.is_empty() {
            parts.remove("allOf");
        }
    }
    document
}
