//! What a batch's end means as an exit code.

use imagewire_batch::{Error, ErrorKind, Report, StopReason};
use serde_json::json;

use crate::failure::Failure;

/// The shell's own for a process that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// A batch that did not begin.
pub(super) fn failure(error: &Error) -> Failure {
    let (mut failure, kind) = match error.kind() {
        ErrorKind::Input | ErrorKind::NoLedger | ErrorKind::Changed | ErrorKind::Item => {
            (Failure::configuration(error.to_string()), "configuration")
        }
        ErrorKind::Locked => (Failure::configuration(error.to_string()), "locked"),
        ErrorKind::Io => (Failure::configuration(error.to_string()), "io"),
        ErrorKind::Damaged | ErrorKind::Version => (Failure::other(error.to_string()), "ledger"),
    };
    failure.attach("kind", json!(kind));
    failure
}

/// The most pressing comes first: images that are paid for and not in their place, then why the run stopped, then money
/// whose fate is open, then what failed. `first` is the kind of the first failure.
pub(super) fn code(report: &Report, faults: usize, first: Option<&str>) -> u8 {
    match &report.stopped {
        Some(StopReason::Interrupted) => return INTERRUPTED,
        Some(StopReason::Disk(_)) => return 10,
        Some(StopReason::Cap(_)) => return 11,
        Some(StopReason::Refused(failure) | StopReason::Patience(failure)) => return of_kind(&failure.kind),
        None => {}
    }
    let failed = report.failed + faults;
    if !report.unknown.is_empty() {
        8
    } else if report.missing > 0 {
        10
    } else if failed == 0 && report.partial == 0 {
        0
    } else if report.done + report.partial > 0 {
        9
    } else {
        first.map_or(3, of_kind)
    }
}

/// As for single calls.
fn of_kind(kind: &str) -> u8 {
    match kind {
        "configuration" => 2,
        "invalid_request" | "model" => 3,
        "authentication" | "permission" => 4,
        "moderation" => 5,
        "rate_limit" | "quota" => 6,
        "connect" | "timeout" | "transport" | "tls" | "circuit_open" => 7,
        _ => 1,
    }
}
