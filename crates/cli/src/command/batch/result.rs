//! The results: a line of JSON for each item, or one object at the end.

use std::path::{Path, PathBuf};

use imagewire_batch::{Failure, Outcome, Report, Status, input::Fault};
use serde_json::{Value, json};

use crate::output::print;

pub(super) struct Results {
    directory: PathBuf,
    /// `None` when they are printed as they come.
    kept: Option<Vec<Value>>,
    first_kind: Option<String>,
}

impl Results {
    pub(super) fn new(directory: &Path, keep: bool) -> Self {
        Self { directory: directory.to_owned(), kept: keep.then(Vec::new), first_kind: None }
    }

    pub(super) fn item(&mut self, outcome: &Outcome) {
        if let (Status::Failed, Some(failure)) = (outcome.status, &outcome.failure) {
            self.first_kind.get_or_insert_with(|| failure.kind.to_string());
        }
        let result = result(&self.directory, outcome);
        self.put(result);
    }

    pub(super) fn fault(&mut self, fault: &Fault) {
        self.first_kind.get_or_insert_with(|| "invalid_request".to_owned());
        self.put(json!({
            "id": fault.id,
            "status": "failed",
            "files": [],
            "sha256": [],
            "error": { "kind": "invalid_request", "place": fault.place, "message": fault.message, "outcome": "not_sent" },
        }));
    }

    fn put(&mut self, result: Value) {
        match &mut self.kept {
            Some(kept) => kept.push(result),
            None => drop(print(&line(&result))),
        }
    }

    /// The kind of the first failure.
    pub(super) fn first_kind(&self) -> Option<&str> {
        self.first_kind.as_deref()
    }

    /// Everything in one object.
    pub(super) fn object(self, report: &Report, faults: usize, code: u8) -> Value {
        json!({
            "ok": code == 0,
            "exit_code": code,
            "counts": {
                "items": report.items + faults,
                "done": report.done,
                "earlier": report.earlier,
                "partial": report.partial,
                "missing": report.missing,
                "failed": report.failed + faults,
                "unknown": report.unknown.len(),
                "skipped": report.skipped,
                "pending": report.pending,
            },
            "unknown": report.unknown,
            "images": report.spent.images,
            "cost": cost(report),
            "items": self.kept.unwrap_or_default(),
        })
    }
}

/// A line of JSON that steers no terminal: JSON's own escapes leave out some controls, and all that turn the text round.
pub(super) fn line(value: &Value) -> String {
    let mut line = String::new();
    for character in value.to_string().chars() {
        let steers = character.is_control()
            || matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers {
            // None of them is outside of strings, or needs more than four digits.
            line.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    line
}

fn result(directory: &Path, outcome: &Outcome) -> Value {
    let files = outcome.files.iter().map(|file| directory.join(file.name.as_ref()));
    let mut result = json!({
        "id": outcome.id,
        "status": outcome.status.as_str(),
        "files": files.collect::<Vec<_>>(),
        "sha256": outcome.files.iter().map(|file| file.sha256.to_string()).collect::<Vec<_>>(),
        "error": outcome.failure.as_ref().map(|failure| describe(failure, outcome.status)),
    });
    if outcome.is_earlier {
        result["earlier"] = true.into();
    }
    if !outcome.rescued.is_empty() {
        result["rescued"] = json!(outcome.rescued);
    }
    result
}

pub(super) fn describe(failure: &Failure, status: Status) -> Value {
    let outcome = match status {
        Status::Done | Status::Partial | Status::Missing => "done",
        Status::Unknown | Status::Skipped => "unknown",
        Status::Failed if failure.http_status.is_some() => "refused",
        Status::Failed | Status::Pending => "not_sent",
    };
    json!({
        "kind": failure.kind,
        "code": failure.code,
        "message": failure.message,
        "outcome": outcome,
        "retryable": failure.retryable,
        "http_status": failure.http_status,
        "request_id": failure.request_id,
        "links": failure.links,
    })
}

/// What was spent in all runs, as far as prices are known.
fn cost(report: &Report) -> Value {
    let spent = report.spent;
    json!({ "micro_usd": spent.cost, "unpriced_requests": spent.unpriced })
}

/// `48 of 50 done (12 before), 1 failed, 1 unknown`.
pub(super) fn summary(report: &Report, faults: usize) -> String {
    let mut parts = vec![format!("{} of {} done", report.done, report.items + faults)];
    if report.earlier > 0 {
        parts[0].push_str(&format!(" ({} before)", report.earlier));
    }
    let counts = [
        (report.partial, "partial"),
        (report.missing, "missing: bought before, and their files are changed or gone"),
        (report.failed + faults, "failed"),
        (report.unknown.len(), "unknown"),
        (report.skipped, "skipped"),
        (report.pending, "not sent"),
    ];
    parts
        .extend(counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")));
    parts.join(", ")
}
