//! Why a command failed: for people, for `--json`, and as an exit code.

use imagewire_transport::{Error, Kind, Outcome};
use imagewire_validate::{Report, Severity};
use serde_json::{Value, json};

/// Some images came and others did not.
pub(crate) const PARTIAL: u8 = 9;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: u8,
    pub(crate) message: String,
    /// What and where, why, what to do, the request id: as far as they are known.
    lines: Vec<String>,
    /// The `error` object of `--json`.
    details: Value,
}

impl Failure {
    /// The first line of the message says what and where, the others why and what to do.
    pub(crate) fn new(
        exit: u8,
        kind: &str,
        code: Option<&str>,
        outcome: Outcome,
        message: impl Into<String>,
    ) -> Self {
        let message = message.into();
        let details = json!({
            "kind": kind,
            "code": code,
            "message": message,
            "outcome": outcome.as_str(),
            "retryable": false,
            "http_status": null,
            "request_id": null,
            "findings": [],
        });
        Self { exit, lines: message.lines().map(str::to_owned).collect(), message, details }
    }

    /// The command line or the configuration is at fault; nothing was sent.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(2, "configuration", None, Outcome::NotSent, message)
    }

    /// No key was found; nothing was sent.
    pub(crate) fn no_key(message: impl Into<String>) -> Self {
        Self::new(4, "authentication", None, Outcome::NotSent, message)
    }

    /// The request cannot be made as it is asked for; nothing was sent.
    pub(crate) fn impossible(code: &str, message: impl Into<String>) -> Self {
        Self::new(3, "invalid_request", Some(code), Outcome::NotSent, message)
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
        failure.lines = vec![error.what().to_owned()];
        failure.lines.extend(error.words().map(|words| format!("\"{words}\"")));
        failure.lines.extend(error.remedy().map(str::to_owned));
        failure.lines.extend(error.request_id().map(|id| format!("request id {id}")));
        failure.attach("http_status", json!(error.status()));
        failure.attach("request_id", json!(error.request_id()));
        failure.attach("retryable", json!(error.is_retryable()));
        if let Some(moderation) = error.moderation() {
            let category = |category: &imagewire_transport::Category| json!({ "name": category.name, "severity": category.severity });
            let categories: Vec<Value> = moderation.categories.iter().map(category).collect();
            let stage = moderation.stage.as_str();
            failure.attach("moderation", json!({ "stage": stage, "categories": categories }));
        }
        failure
    }

    /// It may cost more than is allowed; nothing was sent.
    pub(crate) fn over_budget(code: &str, message: impl Into<String>) -> Self {
        Self::new(11, "over_budget", Some(code), Outcome::NotSent, message)
    }

    /// The images are not what was asked for. They are bought and saved.
    pub(crate) fn mismatch(message: impl Into<String>) -> Self {
        Self::new(12, "mismatch", None, Outcome::Done, message)
    }

    /// The user ended the command while a request was under way.
    pub(crate) fn interrupted() -> Self {
        let message = "interrupted while a request was under way\nthe image may have been made and billed";
        Self::new(8, "interrupted", None, Outcome::Unknown, message)
    }

    /// Something outside imagewire failed.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(1, "other", None, Outcome::NotSent, message)
    }

    /// Something local failed after the images were bought.
    pub(crate) fn after_purchase(message: impl Into<String>) -> Self {
        Self::new(10, "io", None, Outcome::Done, message)
    }

    /// The same failure where others of the same command succeeded.
    pub(crate) fn partial(mut self) -> Self {
        self.exit = PARTIAL;
        self
    }

    /// Adds a line for people, such as where something is.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Adds a member to the `error` object of `--json`.
    pub(crate) fn attach(&mut self, name: &str, value: Value) {
        self.details[name] = value;
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
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
