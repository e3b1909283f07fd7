//! What is done about requests that break a known rule.

use std::sync::{Mutex, PoisonError};

use imagewire_types::{CreateImageRequest, Model};
use imagewire_validate::{Finding, Severity, Target, check, rule::ModelFrom};

use crate::{Endpoint, Error, Kind, Outcome};

/// Whether requests are judged before they are sent. The rules come with this release; a service may have moved on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Checking {
    /// A request that breaks a rule is not sent: [`Kind::InvalidRequest`], [`Outcome::NotSent`].
    #[default]
    Enforce,
    /// Every request is sent; what was found is in [`Generated::findings`](crate::Generated::findings).
    Report,
    /// Requests are not judged.
    Off,
}

impl Checking {
    /// Judges the request by the rules of the endpoint's service and of the model: `served` when the caller names it,
    /// as deployments keep it to themselves, else the one of the request.
    ///
    /// # Errors
    /// [`Kind::InvalidRequest`] with [`Error::findings`], when rules are enforced and one is broken.
    pub fn judge(
        self,
        endpoint: &Endpoint,
        served: Option<&str>,
        request: &CreateImageRequest,
    ) -> Result<Vec<Finding>, Error> {
        self.judge_by(&Rules::default(), endpoint, served, request)
    }

    pub(crate) fn judge_by(
        self,
        rules: &Rules,
        endpoint: &Endpoint,
        served: Option<&str>,
        request: &CreateImageRequest,
    ) -> Result<Vec<Finding>, Error> {
        // A service without rules cannot be judged by them; what is known of it came with the same release.
        let (false, Ok(target)) = (self == Self::Off, Target::new(endpoint.operation().dialect)) else {
            return Ok(Vec::new());
        };
        let report = check(request, &rules.of(target, served, request));
        let findings = report.findings().to_vec();
        if self == Self::Report || report.is_accepted() {
            return Ok(findings);
        }
        Err(refusal(endpoint, findings))
    }
}

/// The rules of a client's requests. Those for some models are kept, so that they are resolved once.
#[derive(Default)]
pub(crate) struct Rules(Mutex<Vec<(Box<str>, Target<'static>)>>);

/// For so many models; nearly every client asks for one.
const KEPT: usize = 8;

impl Rules {
    fn of(
        &self,
        target: Target<'static>,
        served: Option<&str>,
        request: &CreateImageRequest,
    ) -> Target<'static> {
        let named = || request.model.as_ref().map(Model::as_str);
        let model = match target.dialect().model_from {
            ModelFrom::Body => served.or_else(named),
            ModelFrom::Deployment => served,
        };
        let Some(model) = model else { return target };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, target)) = kept.iter().find(|(known, _)| **known == *model) {
            return target.clone();
        }
        let target = target.served_by(model);
        kept.truncate(KEPT - 1);
        kept.insert(0, (model.into(), target.clone()));
        target
    }
}

fn refusal(endpoint: &Endpoint, findings: Vec<Finding>) -> Error {
    let errors: Vec<String> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| match &finding.nearest {
            Some(nearest) => format!("{} (nearest: {nearest})", finding.message),
            None => finding.message.clone(),
        })
        .collect();
    let what = format!("{} does not take this request: {}", endpoint.operation().title, errors.join("; "));
    let first = findings.iter().find(|finding| finding.severity == Severity::Error);
    let param = first.and_then(|finding| finding.pointer.strip_prefix('/')).map(str::to_owned);
    Error::new(Kind::InvalidRequest, Outcome::NotSent, what)
        .with_remedy("Change it, or switch the checking off if the rules are out of date; nothing was sent")
        .with_param(param)
        .with_findings(findings)
}

#[cfg(test)]
mod tests {
    use imagewire_types::operations::{FASTAPI, HICAP};
    use imagewire_validate::Code;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::new(&FASTAPI)
    }

    #[test]
    fn a_broken_rule_stops_the_request_and_is_named() {
        let request = CreateImageRequest::new("CANARY").model("dall-e-3").n(2).quality("ultra");
        let error = Checking::default().judge(&endpoint(), None, &request).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::InvalidRequest, Outcome::NotSent));
        assert_eq!(error.param(), Some("n"));
        assert!(!error.is_retryable());
        assert_eq!(error.findings().iter().filter(|finding| finding.code == Code::OutOfRange).count(), 1);
        let shown = error.to_string();
        for expected in ["fastapi.ai does not take this request", "`n` is 2; dall-e-3 takes 1", "`quality`"] {
            assert!(shown.contains(expected), "{shown}");
        }
        assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
    }

    #[test]
    fn reporting_lets_it_pass_and_off_does_not_look() {
        let request = CreateImageRequest::new("p").model("dall-e-3").n(2);
        assert!(!Checking::Report.judge(&endpoint(), None, &request).unwrap().is_empty());
        assert!(Checking::Off.judge(&endpoint(), None, &request).unwrap().is_empty());
    }

    #[test]
    fn rules_that_are_kept_say_the_same() {
        let rules = Rules::default();
        for model in ["dall-e-3", "dall-e-3", "dall-e-2", "next-years-model", "dall-e-3"] {
            for request in [CreateImageRequest::new("p"), CreateImageRequest::new("p").n(2).quality("ultra")]
            {
                let request = request.model(model);
                let (fresh, kept) = (
                    Target::new("fastapi").map(|target| check(&request, &target).findings().to_vec()),
                    Checking::Report.judge_by(&rules, &endpoint(), None, &request),
                );
                assert_eq!(fresh.unwrap(), kept.unwrap(), "{model}");
            }
        }
    }

    #[test]
    fn a_deployment_is_judged_by_the_model_it_serves() {
        let hicap = Endpoint::new(&HICAP);
        let request = CreateImageRequest::new("p").size("1792x1024");
        assert!(Checking::Enforce.judge(&hicap, None, &request).is_ok());
        assert!(Checking::Enforce.judge(&hicap, Some("dall-e-3"), &request).is_ok());
        let error = Checking::Enforce.judge(&hicap, Some("dall-e-2"), &request).unwrap_err();
        assert!(error.to_string().contains("`size` is `1792x1024`; dall-e-2 takes"), "{error}");
    }

    #[test]
    fn what_is_unknown_is_no_reason_to_refuse() {
        let request = CreateImageRequest::new("p").model("next-years-model");
        let findings = Checking::Enforce.judge(&endpoint(), None, &request).unwrap();
        assert_eq!(findings[0].code, Code::UnknownModel);
    }
}
