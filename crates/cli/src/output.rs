//! What goes to stdout and stderr: results and nothing else on one, everything else on the other.

mod escape;

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use anstyle::{AnsiColor, Style};
use imagewire_validate::{Report, Severity};
use serde_json::{Value, json};

use crate::failure::Failure;

pub(crate) use self::escape::printable;

/// How results and progress are told.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct OutputArguments {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Tell progress, notes and errors as one JSON object a line on stderr
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json_events: bool,
    /// Tell errors alone
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

/// What stderr is for: decided once, when a command begins.
static MANNER: AtomicU8 = AtomicU8::new(TEXT);
const TEXT: u8 = 0;
const QUIET: u8 = 1;
const EVENTS: u8 = 2;

/// Whether the last line of the terminal is one that will be written again.
static STATUS: Mutex<bool> = Mutex::new(false);

impl From<OutputArguments> for Output {
    fn from(arguments: OutputArguments) -> Self {
        let manner = match arguments {
            OutputArguments { json_events: true, .. } => EVENTS,
            OutputArguments { quiet: true, .. } => QUIET,
            OutputArguments { .. } => TEXT,
        };
        MANNER.store(manner, Ordering::Relaxed);
        Self { json: arguments.json }
    }
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) const fn is_json(self) -> bool {
        self.json
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
        self.failed_with(failure, json!({ "ok": false }))
    }

    /// The same, with more members in the object of `--json`.
    pub(crate) fn failed_with(self, failure: &Failure, mut object: Value) -> ExitCode {
        if self.json {
            object["error"] = failure.details().clone();
            print(&format!("{object}\n"));
        }
        if MANNER.load(Ordering::Relaxed) == EVENTS {
            event("error", failure.details().clone());
        } else if !self.json {
            let mut lines = failure.lines().iter();
            let first = lines.next().map_or("", String::as_str);
            styled(AnsiColor::Red.on_default().bold(), "error:", first);
            lines.for_each(|line| write_line(&format!("  {}", printable(line))));
        }
        ExitCode::from(failure.exit)
    }
}

/// Writes to stdout; a reader that has gone (`| head -1`) is no failure.
pub(crate) fn print(text: &str) -> ExitCode {
    clear_status();
    let mut stdout = anstream::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes paths to stdout, one a line: exactly as they are for pipes, with what could steer a terminal escaped for one.
pub(crate) fn print_paths(paths: &[PathBuf]) -> ExitCode {
    clear_status();
    let mut stdout = io::stdout().lock();
    let is_terminal = stdout.is_terminal();
    let all: io::Result<()> = paths.iter().try_for_each(|path| {
        if is_terminal {
            writeln!(stdout, "{}", printable(&path.to_string_lossy()))
        } else {
            write_path(&mut stdout, path)
        }
    });
    written(all.and_then(|()| stdout.flush()))
}

#[cfg(unix)]
fn write_path(stdout: &mut impl io::Write, path: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    stdout.write_all(path.as_os_str().as_bytes())?;
    stdout.write_all(b"\n")
}

#[cfg(not(unix))]
fn write_path(stdout: &mut impl io::Write, path: &Path) -> io::Result<()> {
    writeln!(stdout, "{}", path.display())
}

fn written(result: io::Result<()>) -> ExitCode {
    match result {
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
    match MANNER.load(Ordering::Relaxed) {
        QUIET => {}
        EVENTS => event("note", json!({ "text": line })),
        _ => write_line(&printable(line)),
    }
}

/// The same, for what deserves a second look.
pub(crate) fn warn(line: &str) {
    match MANNER.load(Ordering::Relaxed) {
        QUIET => {}
        EVENTS => event("warning", json!({ "text": line })),
        _ => styled(AnsiColor::Yellow.on_default().bold(), "warning:", line),
    }
}

/// One JSON object a line on stderr, if that is wanted. `members` is an object.
pub(crate) fn event(kind: &str, members: Value) {
    if MANNER.load(Ordering::Relaxed) == EVENTS {
        let mut object = json!({ "event": kind });
        if let (Value::Object(object), Value::Object(members)) = (&mut object, members) {
            object.extend(members);
        }
        write_line(&object.to_string());
    }
}

/// Whether stderr carries text for people.
pub(crate) fn is_text() -> bool {
    MANNER.load(Ordering::Relaxed) == TEXT
}

/// Whether stderr carries events.
pub(crate) fn is_events() -> bool {
    MANNER.load(Ordering::Relaxed) == EVENTS
}

/// Writes the line that tells progress, in place of the one before. Only for terminals.
pub(crate) fn status(line: &str) {
    let mut shown = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = write!(io::stderr().lock(), "\r\x1b[2K{}", printable(line));
    *shown = true;
}

/// Takes that line away.
pub(crate) fn clear_status() {
    clear(&mut STATUS.lock().unwrap_or_else(PoisonError::into_inner));
}

fn clear(shown: &mut bool) {
    if std::mem::take(shown) {
        let _ = write!(io::stderr().lock(), "\r\x1b[2K");
    }
}

fn write_line(line: &str) {
    let mut shown = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    clear(&mut shown);
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

fn styled(style: Style, head: &str, line: &str) {
    write_line(&format!("{style}{head}{style:#} {}", printable(line)));
}

/// `FORCE_COLOR` beside what anstream knows: `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`.
pub(crate) fn choose_colours() {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    if is_set("FORCE_COLOR") && !is_set("NO_COLOR") {
        anstream::ColorChoice::Always.write_global();
    }
}

/// Tells what was found out about a request that may be sent.
pub(crate) fn tell_findings(report: &Report) {
    for finding in report.findings() {
        match finding.severity {
            Severity::Error | Severity::Warning => warn(&finding.message),
            Severity::Note => note(&finding.to_string()),
        }
    }
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
