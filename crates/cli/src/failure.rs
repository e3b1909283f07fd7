//! Why a command failed: for people, for `--json`, and as an exit code.

use imagewire_transport::{Error, Kind, Outcome};
use imagewire_validate::{Report, Severity};
use serde_json::{Value, json};

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: u8,
    pub(crate) message: String,
    /// The `error` object of `--json`.
    details: Value,
}

impl Failure {
    fn new(exit: u8, kind: &str, code: Option<&str>, outcome: Outcome, message: impl Into<String>) -> Self {
        let message = message.into();
        let details = json!({ "kind": kind, "code": code, "message": message, "outcome": outcome.as_str() });
        Self { exit, message, details }
    }

    /// The command line or the configuration is at fault; nothing was sent.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(2, "configuration", None, Outcome::NotSent, message)
    }

    /// No key was found; nothing was sent.
    pub(crate) fn no_key(message: impl Into<String>) -> Self {
        Self::new(4, "authentication", None, Outcome::NotSent, message)
    }

    /// The request breaks a rule; nothing was sent.
    pub(crate) fn invalid(report: &Report) -> Self {
        let lines: Vec<String> = report
            .findings()
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| match &finding.nearest {
                Some(nearest) => format!("{} (nearest: {nearest})", finding.message),
                None => finding.message.clone(),
            })
            .collect();
        let code = report.errors().next().map(|finding| finding.code.as_str());
        let mut failure = Self::new(3, "invalid_request", code, Outcome::NotSent, lines.join("\n"));
        failure.attach("findings", crate::output::findings(report));
        failure
    }

    /// A failure of the call or of saving what it bought.
    pub(crate) fn transport(error: &Error) -> Self {
        let mut failure =
            Self::new(exit(error), error.kind().as_str(), error.code(), error.outcome(), error.to_string());
        failure.attach("http_status", json!(error.status()));
        failure.attach("request_id", json!(error.request_id()));
        failure.attach("retryable", json!(error.is_retryable()));
        failure
    }

    /// Something outside imagewire failed.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(1, "other", None, Outcome::NotSent, message)
    }

    /// Adds a member to the `error` object of `--json`.
    pub(crate) fn attach(&mut self, name: &str, value: Value) {
        self.details[name] = value;
    }

    pub(crate) fn details(&self) -> &Value {
        &self.details
    }
}

/// The documented exit code of a failed call.
fn exit(error: &Error) -> u8 {
    match error.kind() {
        Kind::Configuration => 2,
        Kind::InvalidRequest | Kind::Model => 3,
        Kind::Authentication | Kind::Permission => 4,
        Kind::Moderation => 5,
        Kind::RateLimit | Kind::Quota => 6,
        Kind::Io if error.outcome() == Outcome::NotSent => 2,
        Kind::Io | Kind::Download => 10,
        _ => match error.outcome() {
            Outcome::NotSent => 7,
            Outcome::Unknown => 8,
            Outcome::Refused | Outcome::Done => 1,
        },
    }
}
