//! The way to a service, step by step, and the answer to a request that cannot buy anything.

use std::{env, net::SocketAddr, time::Duration};

use imagewire_transport::{Checking, Endpoint, Error, Kind, Outcome, Policy, http::build};
use imagewire_types::{CreateImageRequest, Size};
use imagewire_validate::{Target, rule::ModelFrom};
use serde_json::{Value, json};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use url::{Host, Url};

use super::{Check, Findings};
use crate::service::Service;

/// For the name, and for a connection to one of its addresses.
const STEP: Duration = Duration::from_secs(5);
/// For the answer. A refusal takes no time; a service that draws does.
const ANSWER: Duration = Duration::from_secs(60);

/// Resolves the name and connects. False when that is impossible.
pub(super) async fn network(endpoint: &Endpoint, findings: &mut Findings) -> bool {
    // Whether it is usable has been checked before.
    let Ok(url) = endpoint.url() else { return true };
    let Some(host) = url.host_str() else { return true };
    let port = url.port_or_known_default().unwrap_or(443);
    if let Some(name) = proxy(&url) {
        let detail = format!("${name} is set: a proxy looks up {host} and connects to it");
        findings.checks.push(Check::skipped("network", detail));
        return true;
    }
    let addresses: Vec<SocketAddr> = match timeout(STEP, lookup_host((host, port))).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            let detail = format!("the name {host} cannot be resolved: {error}");
            findings.fail(7, Check::failed("dns", detail, "check the address for mistakes, and the network"));
            return false;
        }
        Err(_) => {
            let detail = format!("no answer about the name {host} within {} s", STEP.as_secs());
            findings.fail(7, Check::failed("dns", detail, "check the network and its name server"));
            return false;
        }
    };
    if matches!(url.host(), Some(Host::Domain(_))) {
        let count = addresses.len();
        let plural = if count == 1 { "address" } else { "addresses" };
        findings.checks.push(Check::ok("dns", format!("{host} has {count} {plural}")));
    }
    let mut reason = "the name has no address".to_owned();
    for address in addresses {
        match timeout(STEP, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                findings.checks.push(Check::ok("tcp", format!("{host}:{port} accepts connections")));
                return true;
            }
            Ok(Err(error)) => reason = error.to_string(),
            Err(_) => reason = format!("no answer within {} s", STEP.as_secs()),
        }
    }
    let detail = format!("no connection to {host}:{port}: {reason}");
    let remedy = "check the port, the firewall, and whether a proxy is needed (HTTPS_PROXY)";
    findings.fail(7, Check::failed("tcp", detail, remedy));
    false
}

/// The variable of the proxy through which the address would be reached, as far as its name tells.
fn proxy(url: &Url) -> Option<&'static str> {
    let is_near = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let names: &[&str] = if url.scheme() == "https" {
        &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        &["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"]
    };
    let set = names.iter().copied().find(|name| env::var(name).is_ok_and(|value| !value.is_empty()));
    set.filter(|_| !is_near)
}

/// No image in no size without a prompt: each of them alone is refused, so that nothing is made even where a service
/// overlooks one of them.
fn impossible(service: &Service) -> CreateImageRequest {
    let mut request = CreateImageRequest::new("").n(0).size(Size::new(1, 1));
    let from_body = Target::new(service.operation.dialect)
        .is_ok_and(|target| target.dialect().model_from == ModelFrom::Body);
    if from_body {
        request.model = service.model().map(Into::into);
    }
    request
}

/// Sends the request and says what the answer proves.
pub(super) async fn ask(service: &Service, endpoint: Endpoint, findings: &mut Findings) {
    let request = impossible(service);
    let is_encrypted = endpoint.url().is_ok_and(|url| url.scheme() == "https");
    findings.sent = build(&endpoint, &request).ok().map(|message| {
        json!({
            "method": message.method().as_str(),
            "url": message.uri().to_string(),
            "body": serde_json::from_slice::<Value>(message.body()).unwrap_or_default(),
        })
    });
    let client = match service.client(endpoint) {
        Ok(client) => client.checking(Checking::Off).retry(Policy::never()).timeout(ANSWER),
        Err(failure) => {
            findings.sent = None;
            findings
                .fail(failure.exit, Check::failed("tls", failure.message, "correct that, then try again"));
            return;
        }
    };
    let answer = client.generate(&request).await.map(|_| ());
    if let Err(error) = &answer
        && error.outcome() == Outcome::NotSent
    {
        findings.sent = None;
    }
    match &answer {
        Err(error) if error.kind() == Kind::Tls => {}
        Err(error) if error.status().is_none() && error.outcome() == Outcome::NotSent => {}
        _ if is_encrypted => {
            findings.checks.push(Check::ok("tls", "the connection is encrypted, the certificate trusted"));
        }
        _ => findings.checks.push(Check::skipped("tls", "the address is plain http")),
    }
    match answer {
        Err(error) if !agreed(&error) => judge(service, &error, findings),
        Ok(()) | Err(_) => {
            let detail = "the service agreed to a request that is impossible: it may have billed something";
            let remedy = "do not trust this address: it does not check what it is asked for";
            findings.fail(8, Check::failed("request", detail, remedy));
        }
    }
}

/// Whether the answer began as one with images does.
fn agreed(error: &Error) -> bool {
    error.outcome() == Outcome::Done
        || matches!(
            error.kind(),
            Kind::Decode | Kind::Incomplete | Kind::TooLarge | Kind::Download | Kind::NoImage
        )
}

fn judge(service: &Service, error: &Error, findings: &mut Findings) {
    let said = error.to_string();
    let key = service.key.shown();
    let is_about_version = said.to_ascii_lowercase().contains("api version")
        || said.to_ascii_lowercase().contains("api-version");
    let (exit, check) = match error.kind() {
        Kind::Authentication => (
            4,
            Check::failed(
                "credentials",
                said,
                format!("check the key ({key}), and that it belongs to this address"),
            ),
        ),
        Kind::Permission => {
            (4, Check::failed("credentials", said, "the key is known; ask for access to image generation"))
        }
        Kind::Model => {
            let is_path = !service.operation.path_parameters.is_empty();
            let (name, value) = if is_path {
                ("deployment", service.settings.text("deployment"))
            } else {
                ("model", service.model())
            };
            let remedy = format!(
                "{name} {:?} is not there: use the name that the service's own pages show; a new one takes some minutes",
                value.unwrap_or_default()
            );
            (2, Check::failed(if is_path { "deployment" } else { "model" }, said, remedy))
        }
        Kind::InvalidRequest if is_about_version => {
            (2, Check::failed("api-version", said, "use an api-version that the service documents"))
        }
        Kind::InvalidRequest if matches!(error.status(), Some(404 | 405)) => (2, wrong_path(service, said)),
        Kind::InvalidRequest | Kind::Moderation => {
            let status = error.status().unwrap_or_default();
            findings.checks.push(Check::ok("credentials", "the service accepts the key"));
            let detail = format!("reached and authorised; the impossible request is refused (HTTP {status})");
            findings.checks.push(Check::ok("request", detail));
            if service.operation.path_parameters.is_empty() && service.model().is_none() {
                let detail = "none is configured, so whether the key may use one is not known";
                findings.checks.push(Check::skipped("model", detail));
            }
            return;
        }
        Kind::RateLimit => {
            findings.checks.push(Check::ok("credentials", "the service accepts the key"));
            findings.checks.push(Check::warning("request", said, "wait, then try again"));
            return;
        }
        Kind::Quota => (6, Check::failed("quota", said, "the key is accepted; see the account's billing")),
        Kind::Tls => {
            (7, Check::failed("tls", said, "for certificates of your own, set ca_file in a profile"))
        }
        Kind::Connect | Kind::Timeout | Kind::Transport if error.outcome() == Outcome::NotSent => {
            (7, Check::failed("request", said, "check the network, and the port if it is not 443"))
        }
        Kind::RedirectRefused => {
            (2, Check::failed("address", said, "use the address that it points to, if you trust it"))
        }
        Kind::UnexpectedContentType => {
            (2, Check::failed("address", said, "this is a page for people: check the base URL"))
        }
        Kind::Configuration => (2, Check::failed("configuration", said, "see `imagewire config show`")),
        Kind::Connect
        | Kind::Timeout
        | Kind::Transport
        | Kind::Truncated
        | Kind::Protocol
        | Kind::Server
        | Kind::Decode
        | Kind::Incomplete
        | Kind::TooLarge
        | Kind::NoImage
        | Kind::Download
        | Kind::Io
        | Kind::CircuitOpen => {
            // Whoever is silent may be drawing.
            let exit = if error.status().is_none() { 8 } else { 1 };
            (exit, Check::failed("request", said, "the service is in trouble: try again later"))
        }
    };
    findings.fail(exit, check);
}

/// Nothing is there. The parts of the address are listed, since the answer does not say which of them is wrong.
fn wrong_path(service: &Service, said: String) -> Check {
    let parts = ["base_url", "deployment", "api_version"].into_iter().filter_map(|name| {
        let setting = service.settings.find(name)?;
        Some(format!("{name} {} ({})", setting.value.as_str().unwrap_or_default(), setting.source))
    });
    let parts: Vec<String> = parts.collect();
    let mut remedy = format!("the path is wrong; it was made of {}", parts.join(", "));
    if service.operation.dialect == "azure" {
        remedy.push_str("; for an address that ends in /openai/v1 use --dialect azure-v1");
    }
    remedy.push_str("; `imagewire doctor --url` takes a pasted address apart");
    Check::failed("address", said, remedy)
}
