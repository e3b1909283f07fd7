//! From the command line and the file to items that are fine, before anything is bought.

use imagewire_batch::input::{self, Input};
use imagewire_transport::operations::Operation;
use imagewire_validate::{Code, Finding, Report, Severity, Target, adapt, check, rule::ModelFrom};
use serde_json::{Map, Value, json};

use super::{Arguments, exit, price};
use crate::{command::migrate, failure::Failure, output::note};

/// As many faults are listed one by one.
const LISTED: usize = 20;

/// `size=1024x1024`.
pub(super) fn member(text: &str) -> Result<(String, Value), String> {
    let (name, value) =
        text.split_once('=').ok_or("a name, =, and a value are expected, such as size=1024x1024")?;
    Ok((name.trim().to_owned(), input::member(name.trim(), value)?))
}

pub(super) fn read(arguments: &Arguments) -> Result<Input, Failure> {
    let service = arguments.service.resolve()?;
    let operation = service.operation;
    let target = arguments
        .catalogue
        .load()?
        .target(operation.dialect)
        .map_err(|error| Failure::configuration(error.to_string()))?;
    let mut defaults: Map<String, Value> = arguments.set.iter().cloned().collect();
    for (name, value) in service.settings.members("defaults") {
        defaults.entry(name).or_insert_with(|| value.clone());
    }
    let model = arguments.model.as_deref().or(service.model());
    let target = match (target.dialect().model_from, model) {
        (ModelFrom::Body, model) => {
            let model = model.unwrap_or("dall-e-3");
            defaults.entry("model").or_insert_with(|| model.into());
            target
        }
        (ModelFrom::Deployment, Some(model)) => target.served_by(model),
        (ModelFrom::Deployment, None) => target,
    };
    let file = arguments.file.as_deref().unwrap_or_else(|| std::path::Path::new("-"));
    let mut input = input::read(file, &defaults).map_err(|error| exit::failure(&error))?;
    judge(arguments, operation, &target, &mut input);
    price::reserve(arguments, operation.dialect, &mut input)?;
    if input.items.is_empty() && input.faults.is_empty() {
        return Err(Failure::configuration(format!("{} holds no requests", file.display())));
    }
    if input.faults.is_empty() || arguments.keep_going && !input.items.is_empty() {
        return Ok(input);
    }
    Err(refused(&input))
}

/// Adapts items where that is wanted, and takes out what the service would refuse.
fn judge(arguments: &Arguments, operation: &Operation, target: &Target<'_>, input: &mut Input) {
    if arguments.no_check {
        return;
    }
    input.check(|item| {
        if arguments.adapt {
            let adapted = adapt(&item.request, target);
            adapted
                .changes
                .iter()
                .for_each(|change| note(&format!("{}: {}", item.place, migrate::line(change))));
            item.request = adapted.request;
        }
        let report = check(&item.request, target);
        let place = &item.place;
        // A member that nobody knows is a slip more often than not.
        let is_worth_a_line =
            |finding: &&Finding| finding.severity == Severity::Warning || finding.code == Code::UnknownMember;
        for finding in report.findings().iter().filter(is_worth_a_line) {
            note(&format!("{place}: {finding}"));
        }
        if report.is_accepted() { Ok(()) } else { Err(objections(operation, &report)) }
    });
}

fn objections(operation: &Operation, report: &Report) -> String {
    let objections = report.errors().map(|finding| match &finding.nearest {
        Some(nearest) => format!("{} (nearest: {nearest})", finding.message),
        None => finding.message.clone(),
    });
    let objections: Vec<String> = objections.collect();
    format!("{} would refuse it: {}", operation.title, objections.join("; "))
}

fn refused(input: &Input) -> Failure {
    let (count, all) = (input.faults.len(), input.faults.len() + input.items.len());
    let mut lines: Vec<String> = vec![format!(
        "{count} of {all} items are not fine; nothing was sent. Correct them, or run the others with --keep-going"
    )];
    lines.extend(input.faults.iter().take(LISTED).map(ToString::to_string));
    if count > LISTED {
        lines.push(format!("and {} more", count - LISTED));
    }
    let mut failure = Failure::configuration(lines.join("\n"));
    failure.exit = 3;
    failure.attach("kind", json!("invalid_request"));
    let faults = input
        .faults
        .iter()
        .map(|fault| json!({ "place": fault.place, "id": fault.id, "message": fault.message }));
    failure.attach("faults", faults.collect());
    failure
}
