//! `imagewire batch status` and `imagewire batch reconcile`.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use imagewire_batch::{Ledger, State};
use serde_json::json;

use super::exit;
use crate::output::{Output, note};

#[derive(Debug, clap::Args)]
pub(super) struct StatusArguments {
    /// The folder of a batch
    directory: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ReconcileArguments {
    /// The folder of a batch
    directory: PathBuf,
    /// These items were bought, as the service's bill says: they are left alone from now on
    #[arg(long, value_name = "ID", num_args = 1..)]
    bought: Vec<String>,
    /// These items were not bought: the next run sends them
    #[arg(long, value_name = "ID", num_args = 1..)]
    not_bought: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Exits with 8 when an item's fate is open.
pub(super) fn status(arguments: &StatusArguments) -> ExitCode {
    let output = Output::new(arguments.json);
    let ledger = match Ledger::read(&arguments.directory) {
        Ok(ledger) => ledger,
        Err(error) => return output.failed(&exit::failure(&error)),
    };
    let running = Ledger::running(&arguments.directory);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unknown = Vec::new();
    for (id, entry) in ledger.iter() {
        let name = match entry.state {
            State::Done(_) => "done",
            State::Failed(_) => "failed",
            State::Pending => "pending",
            State::Bought => "bought",
            // While a run goes on they are simply under way.
            State::Unknown(None) | State::Received(_) if running.is_some() => "under_way",
            State::Unknown(_) | State::Received(_) => {
                unknown.push(id);
                "unknown"
            }
        };
        *counts.entry(name).or_default() += 1;
    }
    let spent = ledger.spent();
    let mut lines: Vec<String> =
        counts.iter().map(|(name, count)| format!("{count} {}", name.replace('_', " "))).collect();
    lines.push(format!("{} images bought or possibly bought", spent.images));
    lines.extend(unknown.iter().map(|id| format!("unknown {}", crate::output::printable(id))));
    if let Some(pid) = running {
        lines.push(format!("running as process {pid}"));
    }
    let object = json!({
        "ok": unknown.is_empty(),
        "counts": counts,
        "unknown": unknown,
        "images": spent.images,
        "cost": { "micro_usd": spent.cost, "unpriced_requests": spent.unpriced },
        "running": running,
    });
    let printed = output.succeeded(&lines, &object);
    if unknown.is_empty() { printed } else { ExitCode::from(8) }
}

/// Exits with 8 when an item's fate is still open.
pub(super) fn reconcile(arguments: &ReconcileArguments) -> ExitCode {
    let output = Output::new(arguments.json);
    let settled = imagewire_batch::reconcile(&arguments.directory, &arguments.bought, &arguments.not_bought);
    let settled = match settled {
        Ok(settled) => settled,
        Err(error) => return output.failed(&exit::failure(&error)),
    };
    let groups = [
        ("finished", &settled.finished),
        ("bought", &settled.bought),
        ("not bought", &settled.not_bought),
        ("unknown", &settled.unknown),
    ];
    let lines: Vec<String> = groups
        .iter()
        .flat_map(|(name, ids)| ids.iter().map(move |id| format!("{name} {}", crate::output::printable(id))))
        .collect();
    let object = json!({
        "ok": settled.unknown.is_empty(),
        "finished": settled.finished,
        "bought": settled.bought,
        "not_bought": settled.not_bought,
        "unknown": settled.unknown,
    });
    if lines.is_empty() && !arguments.json {
        note("no item's fate is open");
    }
    let printed = output.succeeded(&lines, &object);
    if settled.unknown.is_empty() { printed } else { ExitCode::from(8) }
}
