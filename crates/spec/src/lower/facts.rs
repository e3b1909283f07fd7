//! Dialect documents (OpenAPI 3.1) to HTTP facts and rules.

use super::{
    models::{sources, vocabulary},
    read::{list, names, text},
    rules::rule_set,
};
use crate::{
    ir::{Credential, Dialect, Operation, Parameter},
    load::{Cursor, Diagnostics, Document, Documents},
    name,
    rule::{self, Field, ModelFrom, Others, Overlay, RuleSet},
};

const WIRE_REQUEST: &str = "../wire/create-image-request.schema.json";

/// Lowers one dialect's document.
pub(super) fn dialect(
    document: &Document,
    documents: &Documents,
    fields: &[Field],
    diagnostics: &mut Diagnostics,
) -> Option<Dialect> {
    const KEYWORDS: &[&str] = &[
        "openapi",
        "info",
        "x-sources",
        "x-variant-of",
        "servers",
        "security",
        "paths",
        "components",
        "x-models",
    ];
    let root = document.root();
    root.only("a dialect", KEYWORDS, diagnostics);
    if !root.is_object() {
        return None;
    }
    references(&root, documents, diagnostics);
    let file = document.path().rsplit('/').next().unwrap_or_default();
    let Some(id) = file.strip_suffix(".openapi.json") else {
        diagnostics.error(
            &root,
            "the file's name does not end in `.openapi.json`",
            "rename it, such as `dialects/acme.openapi.json`",
        );
        return None;
    };
    if !name::is_identifier(&name::constant(id)) {
        diagnostics.error(&root, format!("`{id}` gives no Rust name"), "begin the file's name with a letter");
    }
    for part in ["/components/schemas/CreateImageRequest", "/x-models"] {
        if let Some(part) = root.at(part) {
            vocabulary(&part, fields, diagnostics);
        }
    }
    let title = text(&part(&root, "/info", diagnostics)?, "title", diagnostics)?;
    let operation = operation(&root, diagnostics)?;
    let model_from = if deployment(&root).is_some() { ModelFrom::Deployment } else { ModelFrom::Body };
    let request = part(&root, "/components/schemas/CreateImageRequest", diagnostics)?;
    request.only(
        "a dialect's request",
        &["$ref", "description", "properties", "additionalProperties", "allOf", "x-advice"],
        diagnostics,
    );
    let narrowed = request.get("$ref");
    if narrowed.as_ref().and_then(Cursor::as_text) != Some(WIRE_REQUEST) {
        let place = narrowed.unwrap_or_else(|| request.clone());
        let message = match request.get("$ref") {
            None => "no `$ref`",
            Some(_) => "not the wire request, which every dialect narrows",
        };
        diagnostics.error(&place, message, format!("write \"$ref\": \"{WIRE_REQUEST}\""));
    }
    let rules = rule_set(&request, &title, fields, false, diagnostics);
    if rules.others != Others::Refused {
        let help = "a dialect lists what its service documents: write \"additionalProperties\": false";
        match request.get("additionalProperties") {
            None => diagnostics.error(&request, "no `additionalProperties`", help),
            Some(place) => diagnostics.error(&place, "members that are not listed are let in", help),
        }
    }
    let overlays = list(&root, "x-models", diagnostics)
        .iter()
        .filter_map(|entry| overlay(entry, &title, fields, diagnostics))
        .collect();
    Some(Dialect {
        rules: rule::Dialect {
            id: id.to_owned().into(),
            title: title.into(),
            variant_of: variant_of(&root, id, documents, diagnostics),
            model_from,
            rules,
            overlays,
            sources: sources(&root, diagnostics).into(),
        },
        operation,
    })
}

/// The service that this one is another address or edition of.
fn variant_of(
    root: &Cursor<'_>,
    id: &str,
    documents: &Documents,
    diagnostics: &mut Diagnostics,
) -> Option<rule::Text> {
    let at = root.get("x-variant-of")?;
    let other = text(root, "x-variant-of", diagnostics)?;
    let path = format!("dialects/{other}.openapi.json");
    // A document that is there and cannot be read is an error of its own.
    if other == id {
        diagnostics.error(
            &at,
            "a dialect is no variant of itself",
            "name another dialect, or remove the keyword",
        );
    } else if documents.get(&path).is_none() && !diagnostics.concern(&path) {
        let help = format!("there is no {path}");
        diagnostics.error(&at, format!("no dialect is named `{other}`"), help);
    }
    Some(other.into())
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
        let (outer, name) = pointer.rsplit_once('/').unwrap_or_default();
        let (at, missing) = match root.at(outer) {
            Some(outer) => (outer, name),
            None => (root.clone(), pointer),
        };
        diagnostics.error(&at, format!("no `{missing}`"), "describe it as the other dialects do");
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
    if let Some((second, place)) = paths.members().nth(1) {
        diagnostics.at_span(
            root.document().source(),
            place.pointer(),
            paths.name_span(second),
            "a second path",
            "a dialect describes image generation alone: another way to reach it is another dialect",
        );
    }
    item.only("a path", &["post"], diagnostics);
    let Some(post) = item.get("post") else {
        diagnostics.error(&item, "no `post`", "images are made by a POST: describe it");
        return None;
    };
    let mut path_parameters = Vec::new();
    let mut query_parameters = Vec::new();
    let mut header_parameters = Vec::new();
    for at in list(&post, "parameters", diagnostics) {
        let parameter = Parameter {
            name: text(&at, "name", diagnostics)?,
            description: text(&at, "description", diagnostics)?,
            required: at.get("required").and_then(|value| value.as_boolean()) == Some(true),
            example: at.get("example").and_then(|value| value.as_text()).map(str::to_owned),
            env: names(&at, "x-environment", diagnostics).into_iter().map(|(name, _)| name).collect(),
        };
        match text(&at, "in", diagnostics)?.as_str() {
            "path" if path.contains(&format!("{{{}}}", parameter.name)) => path_parameters.push(parameter),
            "path" => diagnostics.error(
                &at.get("name").unwrap_or_else(|| at.clone()),
                format!("the path has no place `{{{}}}`", parameter.name),
                format!("write it into the path {path}, or remove the parameter"),
            ),
            "query" => query_parameters.push(parameter),
            "header" => header_parameters.push(parameter),
            other => diagnostics.error(
                &at.get("in").unwrap_or_else(|| at.clone()),
                format!("`{other}` is not a place for a parameter"),
                "write \"path\", \"query\" or \"header\"",
            ),
        }
    }
    for place in places(path) {
        if !path_parameters.iter().any(|parameter| parameter.name == place) {
            diagnostics.at_span(
                root.document().source(),
                item.pointer(),
                paths.name_span(path),
                format!("`{{{place}}}` in the path is no parameter"),
                "describe it in `parameters`, with \"in\": \"path\"",
            );
        }
    }
    let address = text(&server, "url", diagnostics)?;
    for place in places(&address) {
        if server.at("/variables").and_then(|variables| variables.get(place)).is_none() {
            diagnostics.error(
                &server.get("url").unwrap_or_else(|| server.clone()),
                format!("`{{{place}}}` in the address is not described"),
                "describe it in `variables`",
            );
        }
    }
    let (credentials, credential_env) = credentials(root, diagnostics);
    let members = |pointer: &str| {
        root.at(pointer).iter().flat_map(Cursor::members).map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    Some(Operation {
        server: address.trim_end_matches('/').to_owned(),
        server_env: names(&server, "x-environment", diagnostics).into_iter().map(|(name, _)| name).collect(),
        method: "POST".to_owned(),
        path: path.to_owned(),
        path_parameters,
        query_parameters,
        header_parameters,
        credentials,
        credential_env,
        answer_members: members("/components/schemas/ImagesResponse/properties"),
        image_members: members("/components/schemas/Image/properties"),
    })
}

/// The names in braces of an address or a path.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// Where the credential goes, in the order of `security`, and the variables that hold it.
fn credentials(
    root: &Cursor<'_>,
    diagnostics: &mut Diagnostics,
) -> (Vec<Credential>, Vec<(String, Credential)>) {
    let (mut found, mut variables) = (Vec::new(), Vec::<(String, Credential)>::new());
    let requirements = list(root, "security", diagnostics);
    for requirement in &requirements {
        for (name, place) in requirement.members() {
            let Some(scheme) = root.at(&format!("/components/securitySchemes/{name}")) else {
                diagnostics.at_span(
                    root.document().source(),
                    place.pointer(),
                    requirement.name_span(name),
                    format!("no security scheme is named `{name}`"),
                    "describe it in `components`, under `securitySchemes`",
                );
                continue;
            };
            let member = |name: &str| scheme.get(name).and_then(|value| value.as_text());
            let credential = match (member("type"), member("scheme"), member("in"), member("name")) {
                (Some("http"), Some("bearer"), ..) => Credential::Bearer,
                (Some("apiKey"), _, Some("header"), Some(header)) => Credential::Header(header.to_owned()),
                _ => {
                    diagnostics.error(
                        &scheme
                            .get("scheme")
                            .or_else(|| scheme.get("type"))
                            .unwrap_or_else(|| scheme.clone()),
                        "not a scheme that imagewire sends",
                        "use http bearer, or an apiKey in a header",
                    );
                    continue;
                }
            };
            for (variable, _) in names(&scheme, "x-environment", diagnostics) {
                if variables.iter().all(|(known, _)| *known != variable) {
                    variables.push((variable, credential.clone()));
                }
            }
            found.push(credential);
        }
    }
    if requirements.is_empty() {
        let place = root.get("security").unwrap_or_else(|| root.clone());
        diagnostics.error(&place, "no `security`", "list the names of the service's security schemes");
    }
    (found, variables)
}

fn overlay(at: &Cursor<'_>, title: &str, fields: &[Field], diagnostics: &mut Diagnostics) -> Option<Overlay> {
    at.only("a rule for some models", &["match", "schema", "x-advice"], diagnostics);
    let models: Vec<_> =
        names(at, "match", diagnostics).into_iter().map(|(name, _)| rule::Text::from(name)).collect();
    if models.is_empty() {
        let help = "list the models: identifiers, or beginnings followed by `*`";
        diagnostics.error(at, "no `match`", help);
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
