//! One thing that was looked at.

use serde_json::{Value, json};

/// What was looked at, and what was found.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) status: Status,
    pub(super) detail: String,
    remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    /// Works, and is probably not what was meant.
    Warning,
    Failed,
    Skipped,
}

impl Check {
    pub(super) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, detail: detail.into(), remedy: None }
    }

    pub(super) fn skipped(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, status: Status::Skipped, detail: detail.into(), remedy: None }
    }

    pub(super) fn warning(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, status: Status::Warning, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn failed(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, status: Status::Failed, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    /// A line for what was found, and one for what to do.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut details = self.detail.lines();
        let first = details.next().unwrap_or_default();
        let mut lines = vec![format!("{:7}  {}: {first}", self.status.as_str(), self.name)];
        lines.extend(details.map(|line| format!("         {line}")));
        lines.extend(self.remedy.iter().map(|remedy| format!("         remedy: {remedy}")));
        lines
    }

    pub(super) fn describe(&self) -> Value {
        json!({
            "name": self.name,
            "status": self.status.as_str(),
            "detail": self.detail,
            "remedy": self.remedy,
        })
    }
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}
