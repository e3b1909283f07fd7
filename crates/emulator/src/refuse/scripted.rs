//! Refusals that no request deserves by itself: filters, limits, faults. Scenarios ask for them.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use imagewire_types::operations::Operation;
use serde_json::{Value, json};

use super::{Refusal, Style};
use crate::{
    limits::{Allowance, Left},
    scenario::RetryForm,
};

impl Refusal {
    /// The content filter stopped the prompt (`input`) or the picture (`output`).
    pub(crate) fn filtered(
        operation: &Operation,
        is_gpt: bool,
        stage: &str,
        category: &str,
        id: &str,
    ) -> Self {
        if Style::of(operation) == Style::Azure && !is_gpt {
            let message = "Your request was rejected as a result of our safety system.";
            // What is there or not has no severity.
            let result = if matches!(category, "jailbreak" | "profanity") {
                json!({ "detected": true, "filtered": true })
            } else {
                json!({ "filtered": true, "severity": "high" })
            };
            let results = json!({ category: result });
            let inner = json!({ "code": "ResponsibleAIPolicyViolation", "content_filter_results": results });
            return Self::invalid("content_policy_violation", message).with_detail("inner_error", inner);
        }
        if is_gpt {
            let message = format!(
                "Your request was rejected by the safety system. If you believe this is an error, contact us at \
                 help.openai.com and include the request ID {id}. safety_violations=[{category}]."
            );
            let details = json!({ "moderation_stage": stage, "categories": [category] });
            return Self::invalid("moderation_blocked", message)
                .of_type("image_generation_user_error")
                .with_detail("moderation_details", details);
        }
        let message = if stage == "input" {
            "Your request was rejected as a result of our safety system. Your prompt may contain text that is not \
             allowed by our safety system."
        } else {
            "This request has been blocked by our content filters."
        };
        Self::invalid("content_policy_violation", message)
    }

    /// The service blocked the account, whatever the prompt says.
    pub(crate) fn account_blocked(operation: &Operation) -> Self {
        if Style::of(operation) == Style::Azure {
            let message = "Your resource has been temporarily blocked because we detected behavior that may violate \
                           our content policy.";
            return Self::gateway(StatusCode::FORBIDDEN, "Forbidden", message);
        }
        let message = "The account associated with this API key has been deactivated.";
        Self::new(StatusCode::UNAUTHORIZED, "account_deactivated", message)
    }

    /// Too many requests; says when to come back in the form that the scenario wants.
    pub(crate) fn rate_limited(operation: &Operation, model: &str, seconds: f64, form: RetryForm) -> Self {
        let seconds = if seconds.is_finite() { seconds.clamp(0.0, 86_400.0) } else { 0.0 };
        let status = StatusCode::TOO_MANY_REQUESTS;
        let refusal = if Style::of(operation) == Style::Azure {
            let message = format!(
                "You've exceeded the rate limit, please slow down and try again after {seconds} seconds."
            );
            Self::gateway(status, "429", message)
        } else {
            let message = format!(
                "Rate limit reached for {model} on input-images per min: Limit 5, Used 5, Requested 1. Please try \
                 again in {seconds}s."
            );
            Self::new(status, "rate_limit_exceeded", message).of_type("input-images")
        };
        let refusal = match form {
            RetryForm::Seconds => refusal.with_number(header::RETRY_AFTER, seconds.ceil()),
            RetryForm::Milliseconds => {
                refusal.with_number(HeaderName::from_static("retry-after-ms"), (seconds * 1_000.0).round())
            }
            RetryForm::Date => {
                let date = SystemTime::now() + Duration::from_secs_f64(seconds.ceil());
                match HeaderValue::from_str(&httpdate::fmt_http_date(date)) {
                    Ok(date) => refusal.with_header(header::RETRY_AFTER, date),
                    Err(_) => refusal,
                }
            }
            RetryForm::Message => return refusal,
        };
        if Style::of(operation) == Style::Azure {
            return refusal;
        }
        let limit = |name| HeaderName::from_static(name);
        refusal
            .with_header(limit("x-ratelimit-limit-requests"), HeaderValue::from_static("5"))
            .with_header(limit("x-ratelimit-remaining-requests"), HeaderValue::from_static("0"))
    }

    /// One request too many, by the emulator's own count.
    pub(crate) fn over(operation: &Operation, model: &str, allowance: Allowance, left: Left) -> Self {
        let (kind, limit, left_of) = if left.requests == 0 {
            ("requests", allowance.requests, left.requests)
        } else {
            ("input-images", allowance.images, left.images)
        };
        // Rounded up, so that who comes back in time is served.
        let seconds = left.resets.as_millis().div_ceil(1_000);
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut refusal = if Style::of(operation) == Style::Azure {
            let message = format!(
                "You've exceeded the rate limit, please slow down and try again after {seconds} seconds."
            );
            Self::gateway(status, "429", message)
        } else {
            let message = format!(
                "Rate limit reached for {model} on {kind} per min: Limit {limit}, Used {}. Please try again in \
                 {seconds}s.",
                limit.saturating_sub(left_of)
            );
            Self::new(status, "rate_limit_exceeded", message).of_type(kind)
        };
        if Style::of(operation) != Style::Azure {
            let mut headers = HeaderMap::new();
            left.tell(allowance, &mut headers);
            let named = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
            refusal.further.headers.extend(named);
        }
        refusal
            .with_header(header::RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)))
    }

    fn with_number(self, name: HeaderName, number: f64) -> Self {
        match HeaderValue::from_str(&number.to_string()) {
            Ok(value) => self.with_header(name, value),
            Err(_) => self,
        }
    }

    /// No money left.
    pub(crate) fn out_of_quota() -> Self {
        let message = "You exceeded your current quota, please check your plan and billing details.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "insufficient_quota", message).of_type("insufficient_quota")
    }

    /// The deployment does not exist (yet).
    pub(crate) fn no_deployment() -> Self {
        let message = "The API deployment for this resource does not exist. If you created the deployment within \
                       the last 5 minutes, please wait a moment and try again.";
        Self::gateway(StatusCode::NOT_FOUND, "DeploymentNotFound", message)
    }

    /// Any status, as the service words it.
    pub(crate) fn with_status(status: StatusCode) -> Self {
        let (code, message) = match status.as_u16() {
            408 => ("request_timeout", "The request timed out."),
            409 => ("conflict", "The request conflicts with another one. Please try again."),
            429 => ("rate_limit_exceeded", "Rate limit reached. Please slow down."),
            503 => ("overloaded", "The engine is currently overloaded, please try again later"),
            500.. => {
                ("server_error", "The server had an error while processing your request. Sorry about that!")
            }
            _ => ("emulated", "The emulator was told to answer with this status."),
        };
        let refusal = Self::new(status, code, message);
        if status.is_redirection() {
            return refusal.with_header(header::LOCATION, HeaderValue::from_static("/"));
        }
        if status.is_server_error() { refusal.without_code() } else { refusal }
    }

    /// A page of a proxy that knows nothing about JSON.
    pub(crate) fn html(status: StatusCode) -> Self {
        let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>emulated</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::with_status(status).with_page("text/html", page)
    }

    /// The error as a stream tells it after a 200 and so many events.
    pub(crate) fn as_event(&self, number: usize) -> Value {
        let mut error =
            json!({ "type": self.kind, "code": self.code, "message": self.message, "param": self.param });
        if let Some((name, detail)) = &self.further.detail {
            error[*name] = detail.clone();
        }
        json!({ "type": "error", "error": error, "sequence_number": number })
    }
}
