//! One OpenAPI document for each dialect that needs no other file: the wire schemas and the models are folded in, the
//! models' rules as `if`/`then`, and what standard keywords cannot say is named.

use std::collections::BTreeMap;

use imagewire_spec::{
    ir::Specification,
    load::{Diagnostics, Documents, Source},
    rule::{Dialect, Literal, Model, ModelFrom, Stage},
};

use crate::{File, json::Json};

const SCHEMAS: &str = "#/components/schemas/";
/// Names what makes the service refuse a value that fits the schema beside it: the codes of what imagewire finds then, and
/// in words.
const INEXPRESSIBLE: &str = "x-inexpressible";

fn inexpressible(codes: &[&str], about: String) -> Json {
    let codes = codes.iter().map(|code| Json::text(*code)).collect();
    Json::object([("codes", Json::Array(codes)), ("about", Json::Text(about))])
}

/// The bundled documents of all dialects.
pub(crate) fn files(sources: &[Source], specification: &Specification) -> Vec<File> {
    let mut quiet = Diagnostics::default();
    let documents = Documents::parse(sources, &mut quiet);
    let mut files: Vec<File> = Vec::new();
    for dialect in &specification.dialects {
        let dialect = &dialect.rules;
        let path = format!("dialects/{}.openapi.json", dialect.id);
        let Some(document) = documents.get(&path) else { continue };
        let bundle = bundle(Json::read(&document.root()), dialect, specification, &documents);
        files.push(File {
            path: format!("crates/validate/openapi/{}.json", dialect.id),
            text: bundle.write(),
        });
    }
    files
}

fn bundle(
    mut document: Json,
    dialect: &Dialect,
    specification: &Specification,
    documents: &Documents,
) -> Json {
    let overlays = document.remove("x-models");
    document.walk(&mut |value| {
        value.remove("x-refused");
    });
    say_that_it_streams(&mut document);
    let wire = wire(documents, &document);
    let mut schemas: Vec<(String, Json)> =
        match document.get("components").and_then(|part| part.get("schemas")) {
            Some(Json::Object(schemas)) => schemas.clone(),
            _ => Vec::new(),
        };
    // What a request without a known model must be; each model goes before it, as the `if` of an `else`.
    let mut by_model = default_model(dialect, specification).map(|default| {
        let absent =
            Json::object([("not", Json::object([("required", Json::Array(vec![Json::text("model")]))]))]);
        Json::object([("if", absent), ("then", reference(&format!("model-{default}")))])
    });
    let mut conditions = Vec::new();
    for (at, overlay) in overlays.iter().flat_map(Json::elements).enumerate() {
        let Some(mut rules) = overlay.get("schema").cloned() else { continue };
        let patterns: Vec<&str> =
            overlay.get("match").iter().flat_map(|list| list.elements()).filter_map(Json::as_text).collect();
        rules.set("x-match", Json::Array(patterns.iter().map(|pattern| Json::text(*pattern)).collect()));
        let name = format!("rules-{at}");
        let names: Vec<String> = patterns.iter().map(|pattern| glob(pattern)).collect();
        conditions.push(when_model(&names, &name));
        schemas.push((name, rules));
    }
    for model in specification.models.iter().rev() {
        let name = format!("model-{}", model.id);
        let mut condition = when_model(&model_names(model), &name);
        if let Some(otherwise) = by_model {
            condition.set("else", otherwise);
        }
        by_model = Some(condition);
    }
    conditions.extend(by_model);
    for model in &specification.models {
        let Some(source) = documents.get(&format!("models/{}.schema.json", model.id)) else { continue };
        schemas.push((format!("model-{}", model.id), stripped(Json::read(&source.root()))));
    }
    schemas.extend(wire.into_iter().map(|(name, schema)| (name, stripped(schema))));
    let mut components = document.get("components").cloned().unwrap_or(Json::Object(Vec::new()));
    components.set("schemas", Json::Object(schemas));
    document.set("components", components);
    if dialect.model_from == ModelFrom::Body
        && let Some(request) = document
            .get_mut("components")
            .and_then(|part| part.get_mut("schemas"))
            .and_then(|part| part.get_mut("CreateImageRequest"))
    {
        request.set("allOf", Json::Array(conditions));
        name_retired_models(request, dialect, specification);
    }
    let names = wire_names(documents);
    document.walk(&mut |value| {
        value.remove("x-advice");
        say_what_sizes_cannot(value);
        say_that_it_is_not_empty(value);
        say_how_wide_integers_are(value);
        if let Some(Json::Text(reference)) = value.get_mut("$ref")
            && let Some(file) = reference.rsplit('/').next()
            && let Some(name) = names.get(file)
        {
            *reference = format!("{SCHEMAS}{name}");
        }
    });
    document
}

/// Where requests may ask for a stream, answers may be one.
fn say_that_it_streams(document: &mut Json) {
    let takes_stream = ["components", "schemas", "CreateImageRequest", "properties", "stream"]
        .into_iter()
        .try_fold(&*document, |place, name| place.get(name))
        .is_some();
    if !takes_stream {
        return;
    }
    let data = Json::object([
        ("type", Json::text("string")),
        ("contentMediaType", Json::text("application/json")),
        ("contentSchema", Json::object([("$ref", Json::text("../wire/image-stream-event.schema.json"))])),
    ]);
    let event = Json::object([
        ("description", Json::text("One event of the stream.")),
        ("type", Json::text("object")),
        (
            "properties",
            Json::object([("event", Json::object([("type", Json::text("string"))])), ("data", data)]),
        ),
        ("required", Json::Array(vec![Json::text("event"), Json::text("data")])),
    ]);
    document.walk(&mut |value| {
        if let Some(content) = value.get_mut("200").and_then(|answer| answer.get_mut("content")) {
            content.set("text/event-stream", Json::object([("schema", event.clone())]));
        }
    });
}

/// A service refuses the models that it has retired, whatever else a request says. That is no rule of the request's
/// form, so it is told and not enforced.
fn name_retired_models(request: &mut Json, dialect: &Dialect, specification: &Specification) {
    let ends = specification.models.iter().filter_map(|model| {
        let life = model.lifecycle.iter().find(|life| dialect.runs(life) && life.stage != Stage::Active)?;
        Some(match (life.stage, &life.date) {
            (Stage::Deprecated, Some(date)) => format!("{} from {date} on", model.id),
            _ => model.id.clone().into_owned(),
        })
    });
    let ends: Vec<String> = ends.collect();
    let model = request.get_mut("properties").and_then(|properties| properties.get_mut("model"));
    if let (Some(model), false) = (model, ends.is_empty()) {
        let about = format!("retired at this service and refused: {}", ends.join(", "));
        model.set(INEXPRESSIBLE, inexpressible(&["retired", "deprecated"], about));
    }
}

/// Wire documents by file name, with the names that they get in a bundle: their titles, which give way to the
/// dialect's own narrower schemas of the same name.
fn wire_names(documents: &Documents) -> BTreeMap<String, String> {
    let own = ["CreateImageRequest", "ImagesResponse", "Image"];
    documents
        .folder("wire")
        .filter_map(|document| {
            let title = document.root().get("title")?.as_text()?;
            let name = if own.contains(&title) { format!("Wire{title}") } else { title.to_owned() };
            Some((document.path().rsplit('/').next()?.to_owned(), name))
        })
        .collect()
}

/// The wire schemas that a document needs, directly or through others.
fn wire(documents: &Documents, document: &Json) -> Vec<(String, Json)> {
    let names = wire_names(documents);
    let mut found: Vec<(String, Json)> = Vec::new();
    let mut waiting = vec![document.clone()];
    while let Some(mut next) = waiting.pop() {
        let mut files = Vec::new();
        next.walk(&mut |value| {
            let file =
                value.get("$ref").and_then(Json::as_text).and_then(|reference| reference.rsplit('/').next());
            files.extend(file.map(str::to_owned));
        });
        for file in files {
            let Some(name) = names.get(&file) else { continue };
            if let Some(source) = documents.get(&format!("wire/{file}"))
                && !found.iter().any(|(known, _)| known == name)
            {
                let schema = Json::read(&source.root());
                found.push((name.clone(), schema.clone()));
                waiting.push(schema);
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

/// A document without what is about imagewire itself.
fn stripped(mut document: Json) -> Json {
    document.walk(&mut |value| {
        if let Json::Object(members) = value {
            let is_own = |name: &str| {
                name == "$schema" || (name.starts_with("x-") && name != "x-size" && name != "x-match")
            };
            members.retain(|(name, _)| !is_own(name));
        }
    });
    document
}

/// Adds to an `x-size` what standard keywords can say of it, and names what they cannot.
fn say_what_sizes_cannot(value: &mut Json) {
    let Some(bounds) = value.get("x-size") else { return };
    let auto = bounds.get("auto") != Some(&Json::Plain("false".to_owned()));
    let pattern = if auto { "^(auto|[1-9][0-9]*x[1-9][0-9]*)$" } else { "^[1-9][0-9]*x[1-9][0-9]*$" };
    value.set("pattern", Json::text(pattern));
    let about = "x-size: the bounds on edges, shape and number of pixels".to_owned();
    value.set(INEXPRESSIBLE, inexpressible(&["unsupported_value"], about));
}

/// A required parameter of the query that is empty is a missing one.
fn say_that_it_is_not_empty(value: &mut Json) {
    let is_required = value.get("in") == Some(&Json::text("query"))
        && value.get("required") == Some(&Json::Plain("true".to_owned()));
    if let (true, Some(schema)) = (is_required, value.get_mut("schema")) {
        schema.set("minLength", Json::Plain("1".to_owned()));
    }
}

/// `format` alone forbids nothing.
fn say_how_wide_integers_are(value: &mut Json) {
    if value.get("format") == Some(&Json::text("uint32")) && value.get("maximum").is_none() {
        value.set("maximum", Json::Plain(u32::MAX.to_string()));
    }
}

fn when_model(names: &[String], then: &str) -> Json {
    let pattern = format!("^([\\s\\S]*/)?({})$", names.join("|"));
    let model = Json::object([("type", Json::text("string")), ("pattern", Json::Text(pattern))]);
    let condition = Json::object([
        ("properties", Json::object([("model", model)])),
        ("required", Json::Array(vec![Json::text("model")])),
    ]);
    Json::object([("if", condition), ("then", reference(then))])
}

fn reference(name: &str) -> Json {
    Json::object([("$ref", Json::Text(format!("{SCHEMAS}{name}")))])
}

/// Every name of a model as a regular expression.
fn model_names(model: &Model) -> Vec<String> {
    let exact = std::iter::once(&model.id).chain(model.aliases.iter()).map(|name| escaped(name));
    exact.chain(model.prefixes.iter().map(|prefix| format!("{}[^/]*", escaped(prefix)))).collect()
}

fn glob(pattern: &str) -> String {
    match pattern.strip_suffix('*') {
        Some(start) => format!("{}[^/]*", escaped(start)),
        None => escaped(pattern),
    }
}

fn escaped(name: &str) -> String {
    name.chars()
        .map(
            |c| {
                if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                    c.to_string()
                } else {
                    format!("\\{c}")
                }
            },
        )
        .collect()
}

/// The model that the service documents for requests without one.
fn default_model(dialect: &Dialect, specification: &Specification) -> Option<String> {
    let position = specification.fields.iter().position(|field| field.name == "model")?;
    let rule = dialect.rules.fields.iter().find(|rule| usize::from(rule.field.0) == position)?;
    match &rule.default {
        Some(Literal::Text(model)) => Some(model.clone().into_owned()),
        _ => None,
    }
}
