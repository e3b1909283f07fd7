//! `cargo xtask`: imagewire's own build tasks.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{
    conformance, diff, generate, inputs, pages, report, specification,
    write::{self, Mode},
};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "imagewire's own build tasks")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Generate types, rules and reference pages from schemas/
    Codegen {
        /// Write nothing; print what differs and fail
        #[arg(long)]
        check: bool,
    },
    /// Check the schemas: meta-schemas, examples, rule tables against the jsonschema crate
    Conformance,
    /// Tell what changed in the specification since a git revision
    Diff {
        /// The old revision, such as a tag or a commit
        old: String,
    },
}

fn main() -> Result<ExitCode> {
    let root = root();
    match Arguments::parse().task {
        Task::Codegen { check } => codegen(&root, if check { Mode::Check } else { Mode::Write }),
        Task::Conformance => conformance::run(&root),
        Task::Diff { old } => changes(&root, &old),
    }
}

/// The workspace, wherever the command is run from.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

fn codegen(root: &Path, mode: Mode) -> Result<ExitCode> {
    let started = Instant::now();
    let sources = inputs::read(&root.join("schemas"))?;
    let mut changed = write::Differences::new();
    let mut files = match generate(&sources) {
        Ok(files) => files,
        Err(diagnostics) => {
            anstream::eprint!("{}", report::render(&diagnostics, &sources, true));
            anstream::eprintln!("nothing was generated; schemas/README.md says what documents may contain");
            return Ok(ExitCode::FAILURE);
        }
    };
    if mode == Mode::Write {
        // The examples are computed by the new tables.
        let ready: Vec<_> = files.iter().filter(|file| !pages::waits(file)).cloned().collect();
        changed = write::update(root, &ready, mode)?;
    }
    pages::complete(root, &mut files)?;
    let mut differences = write::apply(root, &files, mode)?;
    differences.append(&mut changed);
    let elapsed = started.elapsed().as_millis();
    match mode {
        Mode::Write => {
            for path in differences.keys() {
                anstream::println!("{} {path}", if root.join(path).exists() { "wrote" } else { "deleted" });
            }
            anstream::println!(
                "{} files generated, {} changed, {elapsed} ms",
                files.len(),
                differences.len()
            );
            Ok(ExitCode::SUCCESS)
        }
        Mode::Check if differences.is_empty() => {
            anstream::println!("{} generated files are up to date, {elapsed} ms", files.len());
            Ok(ExitCode::SUCCESS)
        }
        Mode::Check => {
            for diff in differences.values() {
                anstream::println!("{}", report::diff(diff));
            }
            let (count, all) = (differences.len(), files.len());
            anstream::eprintln!(
                "{count} of {all} generated files {} out of date; to repair, run: cargo xtask codegen",
                if count == 1 { "is" } else { "are" }
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Exits with success whatever it finds: what a difference means is for the reader to say.
fn changes(root: &Path, revision: &str) -> Result<ExitCode> {
    let (old, new) = (diff::sources_at(root, revision)?, inputs::read(&root.join("schemas"))?);
    let lower = |sources: &[_]| {
        specification(sources).map_err(|found| anyhow::anyhow!("{}", report::render(&found, sources, false)))
    };
    let differences = diff::compare(&lower(&old)?, &lower(&new)?);
    for difference in &differences {
        anstream::println!("{difference}");
    }
    let breaking =
        differences.iter().filter(|difference| difference.effect == diff::Effect::Breaking).count();
    anstream::println!("{} differences since {revision}, {breaking} of them breaking", differences.len());
    Ok(ExitCode::SUCCESS)
}
