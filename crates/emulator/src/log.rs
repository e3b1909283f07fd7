//! One event for each request for images, without prompts, keys or payloads.

use std::time::Duration;

use axum::{body::Body, http::Response};
use http_body::Body as _;
use imagewire_validate::Report;

/// A name from outside is told up to this many characters.
const SHOWN: usize = 64;

/// What is told of a request, gathered while it is answered.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) deployment: String,
    model: String,
    findings: String,
}

impl Notes {
    pub(crate) fn model(&mut self, model: &str) {
        self.model = shown(model);
    }

    pub(crate) fn deployment(&mut self, deployment: &str) {
        self.deployment = shown(deployment);
    }

    /// The codes of what was found out about the request.
    pub(crate) fn findings(&mut self, report: &Report) {
        let codes: Vec<&str> = report.findings().iter().map(|finding| finding.code.as_str()).collect();
        self.findings = codes.join(",");
    }

    /// Tells it. A stream's bytes are not known when it begins, and told as 0.
    pub(crate) fn tell(&self, dialect: &str, id: &str, response: &Response<Body>, passed: Duration) {
        let Self { deployment, model, findings } = self;
        let status = response.status().as_u16();
        let bytes = response.body().size_hint().exact().unwrap_or_default();
        let ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(dialect, deployment, model, status, ms, bytes, request_id = id, findings, "answered");
    }
}

/// Short, and without characters that could draw on a terminal or begin a line.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect::<String>().escape_debug().to_string()
}
