//! `cargo xtask conformance`: one line for each check of the schemas, with counts, and every failure in detail.

mod examples;
mod features;
mod judge;
mod liveness;
mod rules;
mod witness;

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result};
use imagewire_spec::load::Source;

use crate::{
    generate, inputs, meta, pages, report,
    write::{self, Mode},
};
use judge::Judge;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was checked, with counts.
    pub summary: String,
    /// What is wrong, a text for each failure.
    pub failures: Vec<String>,
}

/// Runs all checks and prints a line for each.
///
/// # Errors
/// When the schemas cannot be read, or a check cannot be started.
pub fn run(root: &Path) -> Result<ExitCode> {
    let sources = inputs::read(&root.join("schemas"))?;
    let mut failed = print("meta-schemas", &documents(&sources));
    failed |= print("generated files", &generated(root, &sources)?);
    for (name, outcome) in schemas(&sources)? {
        failed |= print(name, &outcome);
    }
    failed |= print("feature combinations", &features::combinations(root)?);
    failed |= print("two judges", &oracle(root)?);
    if failed {
        anstream::eprintln!("conformance: failed");
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The checks that the `jsonschema` crate makes on the source schemas.
///
/// # Errors
/// When the schemas are no JSON Schemas.
pub fn schemas(sources: &[Source]) -> Result<Vec<(&'static str, Outcome)>> {
    let judge = Judge::new(sources)?;
    Ok(vec![
        ("request examples", examples::requests(&judge)?),
        ("answer examples", examples::answers(&judge)?),
        ("no empty model", liveness::no_empty_model(&judge)?),
        ("no dead rule", liveness::no_dead_rule(&judge)?),
        ("no dead advice", liveness::no_dead_advice(&judge)?),
    ])
}

/// Prints the line of one check; tells whether it failed.
fn print(name: &str, outcome: &Outcome) -> bool {
    let failed = !outcome.failures.is_empty();
    let verdict = if failed { "\u{1b}[31mFAILED\u{1b}[0m" } else { "\u{1b}[32mok\u{1b}[0m    " };
    anstream::println!("{verdict} {name}: {}", outcome.summary);
    for failure in &outcome.failures {
        anstream::println!("{}\n", failure.trim_end());
    }
    failed
}

/// Every document against its meta-schema.
fn documents(sources: &[Source]) -> Outcome {
    let found = meta::check(sources).into_sorted();
    let judged = sources.iter().filter(|source| !source.path.starts_with("meta/")).count();
    let failures = if found.is_empty() { Vec::new() } else { vec![report::render(&found, sources, true)] };
    Outcome { summary: format!("{judged} documents"), failures }
}

/// The generated files against the documents.
fn generated(root: &Path, sources: &[Source]) -> Result<Outcome> {
    let mut files = match generate(sources) {
        Ok(files) => files,
        Err(diagnostics) => {
            let failures = vec![report::render(&diagnostics, sources, true)];
            return Ok(Outcome { summary: "nothing could be generated".to_owned(), failures });
        }
    };
    pages::complete(root, &mut files)?;
    let differences = write::apply(root, &files, Mode::Check)?;
    let failures = differences
        .keys()
        .map(|path| format!("{path} is out of date; to repair, run: cargo xtask codegen"))
        .collect();
    Ok(Outcome { summary: format!("{} files", files.len()), failures })
}

/// The rule tables against the `jsonschema` crate: a test of its own, because it needs the generated code.
fn oracle(root: &Path) -> Result<Outcome> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--quiet", "-p", "imagewire-tests", "--test", "oracle", "--", "--nocapture"])
        .current_dir(root)
        .output()
        .context("cannot start cargo")?;
    let (shown, told) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr).into_owned());
    // The line may follow the dot of another test.
    let line = shown.lines().find_map(|line| line.split_once("oracle: ")).map(|(_, counts)| counts);
    let failures = match (output.status.success(), line) {
        (true, Some(_)) => Vec::new(),
        (true, None) => vec![format!("the test passed but said nothing:\n{shown}")],
        (false, _) => vec![format!("{shown}\n{told}")],
    };
    Ok(Outcome { summary: line.unwrap_or("the oracle test gives no counts").to_owned(), failures })
}
