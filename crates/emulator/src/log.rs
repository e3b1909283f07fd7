//! One event for each request for images, without prompts, keys or payloads.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Response};
use http_body::Body as _;
use imagewire_validate::Report;

/// A name from outside is told up to this many characters.
const SHOWN: usize = 64;

/// What is told of a request, gathered while it is answered.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) deployment: String,
    pub(crate) judged: Arc<Judged>,
}

/// What was found out about a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    model: String,
    /// The codes of the findings.
    findings: String,
}

impl Judged {
    pub(crate) fn new(model: &str, report: &Report) -> Self {
        let codes: Vec<&str> = report.findings().iter().map(|finding| finding.code.as_str()).collect();
        Self { model: shown(model), findings: codes.join(",") }
    }

    /// A request that was not judged.
    pub(crate) fn unjudged(model: &str) -> Self {
        Self { model: shown(model), findings: String::new() }
    }
}

impl Notes {
    pub(crate) fn deployment(&mut self, deployment: &str) {
        self.deployment = shown(deployment);
    }

    /// Tells it. A stream's bytes are not known when it begins, and told as 0.
    pub(crate) fn tell(&self, dialect: &str, id: &str, response: &Response<Body>, passed: Duration) {
        let Self { deployment, judged } = self;
        let Judged { model, findings } = &**judged;
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
