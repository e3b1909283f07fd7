//! What a call tells to `tracing`, with the feature of that name: services, numbers, kinds and outcomes. Never a prompt,
//! a credential, a payload, or an address beyond its host.

use imagewire_types::CreateImageRequest;

use crate::{Attempt, Endpoint, Error, retry::Decision};

/// Runs a call in a span of its own, and reports how it ended: how many images there are, unless they are still to come, and
/// the request id.
#[cfg(feature = "tracing")]
pub(crate) async fn call<T, E: AsRef<Error>>(
    endpoint: &Endpoint,
    request: &CreateImageRequest,
    call: impl Future<Output = Result<T, E>>,
    bought: impl Fn(&T) -> (Option<usize>, Option<&str>),
) -> Result<T, E> {
    use tracing::Instrument as _;

    let span = tracing::info_span!(
        "generate",
        dialect = endpoint.operation().dialect,
        place = endpoint.place(),
        model = request.model.as_ref().map(|model| crate::error::clip(model.as_str(), 60)),
        n = request.n,
    );
    async {
        let result = call.await;
        match &result {
            Ok(result) => {
                let (images, request_id) = bought(result);
                let what = if images.is_some() { "bought" } else { "the stream has begun" };
                tracing::info!(images, request_id, "{what}");
            }
            Err(error) => {
                let error = error.as_ref();
                tracing::warn!(kind = error.kind().as_str(), outcome = error.outcome().as_str(), "failed");
            }
        }
        result
    }
    .instrument(span)
    .await
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn call<T, E: AsRef<Error>, F: Future<Output = Result<T, E>>>(
    _: &Endpoint,
    _: &CreateImageRequest,
    call: F,
    _: impl Fn(&T) -> (Option<usize>, Option<&str>),
) -> F {
    call
}

/// Reports that an exchange was to be recorded and is not.
#[cfg(feature = "tracing")]
pub(crate) fn unrecorded(reason: &str) {
    tracing::warn!(reason, "no bundle saved");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn unrecorded(_: &str) {}

/// Reports a failed attempt and what is done about it.
#[cfg(feature = "tracing")]
pub(crate) fn failed(attempt: Option<&Attempt>, decision: &Decision) {
    let Some(attempt) = attempt else { return };
    tracing::debug!(
        number = attempt.number,
        kind = attempt.kind.as_str(),
        outcome = attempt.outcome.as_str(),
        status = attempt.status,
        request_id = attempt.request_id,
        decision = ?decision,
        "attempt failed"
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn failed(_: Option<&Attempt>, _: &Decision) {}
