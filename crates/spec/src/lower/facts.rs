//! Dialect documents (OpenAPI 3.1) to HTTP facts and rules.

use super::{
    nouns::{names, text},
    rules::{rule_set, sources},
};
use crate::{
    ir::{Credential, Dialect, Operation, Parameter},
    load::{Cursor, Diagnostics, Document, Documents},
    rule::{self, Field, ModelFrom, Others, Overlay, RuleSet},
};

/// Lowers one dialect's document.
pub(super) fn dialect(
    document: &Document,
    documents: &Documents,
    fields: &[Field],
    diagnostics: &mut Diagnostics,
) -> Option<Dialect> {
    const KEYWORDS: &[&str] =
        &["openapi", "info", "x-sources", "servers", "security", "paths", "components", "x-models"];
    let root = document.root();
    root.only("a dialect", KEYWORDS, diagnostics);
    references(&root, documents, diagnostics);
    let file = document.path().rsplit('/').next().unwrap_or_default();
    let Some(id) = file.strip_suffix(".openapi.json") else {
        diagnostics.error(&root, "the file's name does not end in `.openapi.json`", "rename it");
        return None;
    };
    let title = text(&part(&root, "/info", diagnostics)?, "title", diagnostics)?;
    let operation = operation(&root, diagnostics)?;
    let model_from = if deployment(&root).is_some() { ModelFrom::Deployment } else { ModelFrom::Body };
    let request = part(&root, "/components/schemas/CreateImageRequest", diagnostics)?;
    request.only(
        "a dialect's request",
        &["$ref", "description", "properties", "required", "additionalProperties", "allOf", "x-advice"],
        diagnostics,
    );
    let rules = rule_set(&request, &title, fields, false, diagnostics);
    if rules.others != Others::Refused {
        diagnostics.error(
            &request,
            "a dialect lists what its service documents",
            "add `\"additionalProperties\": false`",
        );
    }
    let overlays = root
        .get("x-models")
        .iter()
        .flat_map(Cursor::elements)
        .filter_map(|entry| overlay(&entry, &title, fields, diagnostics))
        .collect();
    Some(Dialect {
        rules: rule::Dialect {
            id: id.to_owned().into(),
            title: title.into(),
            model_from,
            rules,
            overlays,
            sources: sources(&root, diagnostics).into(),
        },
        operation,
    })
}

/// Reports dangling references anywhere in the document; the lowering itself follows none of a dialect's.
fn references(at: &Cursor<'_>, documents: &Documents, diagnostics: &mut Diagnostics) {
    for (name, value) in at.members() {
        if name == "$ref" {
            documents.follow(&value, diagnostics);
        } else if name != "examples" {
            references(&value, documents, diagnostics);
        }
    }
    for item in at.elements() {
        references(&item, documents, diagnostics);
    }
}

/// A part that must be there.
fn part<'a>(root: &Cursor<'a>, pointer: &str, diagnostics: &mut Diagnostics) -> Option<Cursor<'a>> {
    let found = root.at(pointer);
    if found.is_none() {
        diagnostics.error(root, format!("nothing at {pointer}"), "compare with another dialect's document");
    }
    found
}

fn deployment<'a>(root: &Cursor<'a>) -> Option<Cursor<'a>> {
    let (_, path) = root.get("paths")?.members().next()?;
    path.at("/post/parameters")?.elements().find(|parameter| {
        parameter.get("x-role").and_then(|role| role.as_text().map(str::to_owned)).as_deref()
            == Some("deployment")
    })
}

fn operation(root: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Option<Operation> {
    let server = part(root, "/servers/0", diagnostics)?;
    let paths = part(root, "/paths", diagnostics)?;
    let Some((path, item)) = paths.members().next() else {
        diagnostics.error(&paths, "no path", "describe the path of the image generation");
        return None;
    };
    if paths.members().nth(1).is_some() {
        diagnostics.error(&paths, "more than one path", "a dialect describes image generation alone");
    }
    let Some((method, post)) = item.members().next() else {
        diagnostics.error(&item, "no operation", "describe its `post`");
        return None;
    };
    let mut path_parameters = Vec::new();
    let mut query_parameters = Vec::new();
    for at in post.get("parameters").iter().flat_map(Cursor::elements) {
        let parameter = Parameter {
            name: text(&at, "name", diagnostics)?,
            description: text(&at, "description", diagnostics)?,
            required: at.get("required").and_then(|value| value.as_boolean()) == Some(true),
            example: at.get("example").and_then(|value| value.as_text()).map(str::to_owned),
        };
        match text(&at, "in", diagnostics)?.as_str() {
            "path" if path.contains(&format!("{{{}}}", parameter.name)) => path_parameters.push(parameter),
            "path" => diagnostics.error(&at, "the path has no such place", "write it in braces in the path"),
            "query" => query_parameters.push(parameter),
            _ => diagnostics.error(&at, "not a place for a parameter", "write \"path\" or \"query\""),
        }
    }
    let (credentials, credential_env) = credentials(root, diagnostics);
    let members = |pointer: &str| {
        root.at(pointer).iter().flat_map(Cursor::members).map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    Some(Operation {
        server: text(&server, "url", diagnostics)?.trim_end_matches('/').to_owned(),
        server_env: names(&server, "x-environment", diagnostics).into_iter().map(|(name, _)| name).collect(),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        path_parameters,
        query_parameters,
        credentials,
        credential_env,
        answer_members: members("/components/schemas/ImagesResponse/properties"),
        image_members: members("/components/schemas/Image/properties"),
    })
}

/// Where the credential goes, in the order of `security`, and the variables that hold it.
fn credentials(root: &Cursor<'_>, diagnostics: &mut Diagnostics) -> (Vec<Credential>, Vec<String>) {
    let (mut found, mut variables) = (Vec::new(), Vec::new());
    for requirement in root.get("security").iter().flat_map(Cursor::elements) {
        for (name, place) in requirement.members() {
            let Some(scheme) = root.at(&format!("/components/securitySchemes/{name}")) else {
                diagnostics.error(
                    &place,
                    format!("no security scheme is named `{name}`"),
                    "describe it in `components`",
                );
                continue;
            };
            let member = |name: &str| scheme.get(name).and_then(|value| value.as_text());
            match (member("type"), member("scheme"), member("in"), member("name")) {
                (Some("http"), Some("bearer"), ..) => found.push(Credential::Bearer),
                (Some("apiKey"), _, Some("header"), Some(header)) => {
                    found.push(Credential::Header(header.to_owned()))
                }
                _ => diagnostics.error(
                    &scheme,
                    "not a scheme that imagewire sends",
                    "use http bearer, or an apiKey in a header",
                ),
            }
            for (variable, _) in names(&scheme, "x-environment", diagnostics) {
                if !variables.contains(&variable) {
                    variables.push(variable);
                }
            }
        }
    }
    if found.is_empty() {
        diagnostics.error(root, "no credential", "list the service's schemes in `security`");
    }
    (found, variables)
}

fn overlay(at: &Cursor<'_>, title: &str, fields: &[Field], diagnostics: &mut Diagnostics) -> Option<Overlay> {
    at.only("a rule for some models", &["match", "schema", "x-advice"], diagnostics);
    let models: Vec<_> =
        names(at, "match", diagnostics).into_iter().map(|(name, _)| rule::Text::from(name)).collect();
    if models.is_empty() {
        diagnostics.error(at, "no `match`", "list the models: identifiers, or beginnings followed by `*`");
        return None;
    }
    let schema = at.get("schema");
    if let Some(schema) = &schema {
        schema.only("a service's rules for some models", &["properties", "allOf"], diagnostics);
    }
    let rules = schema.map(|schema| rule_set(&schema, title, fields, true, diagnostics));
    let advice = rule_set(at, title, fields, true, diagnostics).advice;
    let rules = rules.unwrap_or(RuleSet {
        name: title.to_owned().into(),
        fields: Vec::new().into(),
        others: Others::Open,
        cross: Vec::new().into(),
        advice: Vec::new().into(),
    });
    Some(Overlay { models: models.into(), rules: RuleSet { advice, ..rules } })
}
