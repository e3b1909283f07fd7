//! `imagewire batch`: many requests from a file, each bought once, whatever happens to the process.

mod exit;
mod prepare;
mod price;
mod progress;
mod result;
mod settle;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use imagewire_batch::{Batch, Event, Ledger, OnUnknown, Report, StopReason, Stopper, input::Input};
use imagewire_cost::Money;
use imagewire_transport::{Checking, Client};

use crate::{
    catalogue::CatalogueArguments,
    failure::Failure,
    output::{Output, note, print},
    service,
};

use self::{progress::Progress, result::Results};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// JSON lines, a table (.csv, .tsv), a folder of .txt files, or - for JSON lines on standard input
    #[arg(required = true)]
    file: Option<PathBuf>,
    /// The folder of the images and of the ledger; made when it is missing
    #[arg(short, long, value_name = "DIR", required = true)]
    output: Option<PathBuf>,
    #[command(flatten)]
    service: service::ServiceArguments,
    /// The model of items that name none [default: dall-e-3]; for Hicap, what the deployment serves
    #[arg(short, long, value_name = "NAME")]
    model: Option<String>,
    /// A member of the request for items that do not have it, such as size=1024x1024; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = prepare::member)]
    set: Vec<(String, serde_json::Value)>,
    /// How many requests are under way at once [default: 4]
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// How many images may be asked for in a minute
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    images_per_minute: Option<u32>,
    /// Buy no more images than this, earlier runs included
    #[arg(long, value_name = "COUNT")]
    max_images: Option<u64>,
    /// Spend no more than this, earlier runs included
    #[arg(long, value_name = "USD")]
    max_cost: Option<Money>,
    /// What to do with items that may have been bought when an earlier run ended: retry may buy them twice
    #[arg(long, value_name = "WHAT", default_value = "report", value_parser = ["report", "retry", "skip"])]
    on_unknown: String,
    /// Run the items that are fine when others are not
    #[arg(long)]
    keep_going: bool,
    /// Read the files of items that are done, and compare them with the ledger
    #[arg(long)]
    verify: bool,
    /// How often an item is sent in a run at most, when nothing is bought
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
    /// How long the service may be unreachable, overloaded or throttling before the run ends
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration)]
    patience: Duration,
    /// Send requests even if they break a rule that imagewire knows
    #[arg(long)]
    no_check: bool,
    /// Change what the service or the model does not accept, and tell each change
    #[arg(long, conflicts_with = "no_check")]
    adapt: bool,
    /// Check everything, send nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on with what an earlier run left: the default
    #[arg(long, hide = true)]
    resume: bool,
    #[command(flatten)]
    catalogue: CatalogueArguments,
    /// Print one JSON object at the end instead of a line for each item
    #[arg(long)]
    json: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Tell what is done and what is open
    Status(settle::StatusArguments),
    /// Settle items whose fate is open, without buying anything
    Reconcile(settle::ReconcileArguments),
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.command {
        Some(Command::Status(arguments)) => return settle::status(arguments),
        Some(Command::Reconcile(arguments)) => return settle::reconcile(arguments),
        None => {}
    }
    let output = Output::new(arguments.json);
    match execute(arguments) {
        Ok(code) => code,
        Err(failure) => output.failed(&failure),
    }
}

fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let input = prepare::read(arguments)?;
    if arguments.dry_run {
        let images: u64 = input.items.iter().map(|item| u64::from(item.images())).sum();
        note(&format!("{} items for {images} images are fine; nothing was sent", input.items.len()));
        return Ok(ExitCode::SUCCESS);
    }
    let directory = arguments.output.as_deref().unwrap_or_else(|| std::path::Path::new("."));
    let ledger = Ledger::open(directory).map_err(|error| exit::failure(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?;
    runtime.block_on(buy(arguments, ledger, input))
}

async fn buy(arguments: &Arguments, ledger: Ledger, input: Input) -> Result<ExitCode, Failure> {
    let directory = ledger.directory().to_owned();
    let service = arguments.service.resolve()?;
    let (endpoint, emulator) = service.connect().await?;
    // The requests have been judged already, by the user's own models as well.
    let client = service.client(endpoint)?.checking(Checking::Off);
    let jobs = arguments.jobs.map(usize::from).or(service.concurrency()).unwrap_or(4);
    let pace = arguments.images_per_minute.or(service.images_per_minute());
    let batch = price::settle(
        batch(arguments, client, jobs, pace),
        service.operation.dialect,
        arguments.model.clone(),
    );
    tokio::spawn(listen(batch.stopper()));
    let mut results = Results::new(&directory, arguments.json);
    let mut progress = Progress::new(input.items.len() + input.faults.len(), arguments.quiet);
    for fault in &input.faults {
        progress.aside(|| results.fault(fault));
        progress.fault(fault);
    }
    let faults = input.faults.len();
    let report = batch.run(ledger, input.items, |event| {
        if let Event::Item(outcome) = &event {
            progress.aside(|| results.item(outcome));
        }
        progress.show(&event);
    });
    let report = report.await;
    progress.end();
    let report = report.map_err(|error| exit::failure(&error))?;
    let code = exit::code(&report, faults, results.first_kind());
    close(&directory, &report, faults, arguments.quiet, emulator.is_some());
    if arguments.json {
        print(&result::line(&results.object(&report, faults, code)));
    }
    Ok(ExitCode::from(code))
}

fn batch(arguments: &Arguments, client: Client, jobs: usize, pace: Option<u32>) -> Batch {
    let mut batch = Batch::new(client)
        .jobs(jobs)
        .attempts(arguments.attempts)
        .patience(arguments.patience)
        .verify(arguments.verify)
        .on_unknown(match arguments.on_unknown.as_str() {
            "retry" => OnUnknown::Retry,
            "skip" => OnUnknown::Skip,
            _ => OnUnknown::Report,
        });
    if let Some(images) = pace {
        batch = batch.images_per_minute(images);
    }
    if let Some(images) = arguments.max_images {
        batch = batch.max_images(images);
    }
    if let Some(cost) = arguments.max_cost {
        batch = batch.max_cost(cost.micros());
    }
    batch
}

/// Ctrl-C once, and what is under way is waited for; twice, and it is not.
async fn listen(stopper: Stopper) {
    loop {
        interrupted().await;
        stopper.stop();
    }
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    drop(tokio::signal::ctrl_c().await);
}

/// The end, in words: money first.
fn close(directory: &std::path::Path, report: &Report, faults: usize, is_quiet: bool, is_emulated: bool) {
    if !is_quiet {
        note(&result::summary(report, faults));
        let cost = price::words(report, is_emulated);
        if !cost.is_empty() {
            note(&cost);
        }
    }
    match &report.stopped {
        None => {}
        Some(StopReason::Interrupted) => note("interrupted: run the same command again to go on"),
        Some(StopReason::Cap(reason)) => note(&format!("stopped by the cap: {reason}")),
        Some(StopReason::Refused(failure)) => {
            note(&format!("stopped: {}. Nothing else was sent", failure.message));
        }
        Some(StopReason::Patience(failure)) => {
            note(&format!("stopped: {}. Run the same command again to go on", failure.message));
        }
        Some(StopReason::Disk(error)) => note(&format!("error: {error}")),
    }
    if !report.unknown.is_empty() {
        let folder = directory.display();
        note(&format!(
            "{} unknown: may have been bought, not here, and never sent again by themselves. Look at the service's bill, \
             then settle them with `imagewire batch reconcile {folder} --bought ID` or `--not-bought ID`:",
            report.unknown.len()
        ));
        report.unknown.iter().for_each(|id| note(&format!("  unknown {id}")));
    }
}
