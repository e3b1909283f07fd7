//! What goes to stdout and stderr: results and nothing else on one, everything else on the other.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use imagewire_validate::Report;
use serde_json::{Value, json};

use crate::failure::Failure;

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the result: lines for people and pipes, or the one object of `--json`.
    pub(crate) fn succeeded(self, lines: &[String], object: &Value) -> ExitCode {
        let text = if self.json {
            format!("{object}\n")
        } else {
            lines.iter().map(|line| format!("{line}\n")).collect()
        };
        print(&text)
    }

    /// Reports a failure and gives its exit code.
    pub(crate) fn failed(self, failure: &Failure) -> ExitCode {
        if self.json {
            print(&format!("{}\n", json!({ "ok": false, "error": failure.details() })));
        } else {
            let mut lines = failure.message.lines();
            note(&format!("error: {}", lines.next().unwrap_or_default()));
            lines.for_each(|line| note(&format!("  {line}")));
        }
        ExitCode::from(failure.exit)
    }
}

/// Writes to stdout; a reader that has gone (`| head -1`) is no failure.
pub(crate) fn print(text: &str) -> ExitCode {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: cannot write to stdout: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A line on stderr, with what could steer a terminal escaped.
pub(crate) fn note(line: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "{}", printable(line));
}

/// Control characters and overrides of the text direction as escapes.
pub(crate) fn printable(text: &str) -> String {
    let is_safe = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if is_safe(c) || c == '\t' { c.to_string() } else { c.escape_default().to_string() })
        .collect()
}

/// Findings as the objects of `--json`.
pub(crate) fn findings(report: &Report) -> Value {
    let findings = report.findings().iter().map(|finding| {
        json!({
            "pointer": finding.pointer,
            "code": finding.code.as_str(),
            "severity": finding.severity.as_str(),
            "allowed": finding.allowed,
            "nearest": finding.nearest,
            "message": finding.message,
        })
    });
    findings.collect()
}
