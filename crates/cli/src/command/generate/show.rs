//! `--dry-run`: the request as it would be sent, and the same for curl. The key's place shows the variable's name.

use std::process::ExitCode;

use imagewire_cost::Cost;
use imagewire_transport::{Secret, http::build};
use serde_json::{Value, json};

use super::plan::{Place, Places, Plan};
use crate::{
    failure::Failure,
    output::{Output, note},
    price, service,
};

pub(super) fn run(
    service: &service::ServiceArguments,
    plan: &Plan,
    places: &Places,
    estimate: &Cost,
    output: Output,
) -> Result<ExitCode, Failure> {
    let request = plan.requests.first().ok_or_else(|| Failure::other("there is nothing to send"))?;
    let variable = service.key_variable()?;
    let place = Secret::new(format!("${variable}")).map_err(|error| Failure::transport(&error))?;
    let endpoint = service.sketch()?.credential(place).allow_http(true);
    let message = build(&endpoint, request).map_err(|error| Failure::transport(&error))?;
    let headers: Vec<(String, String)> = message
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = String::from_utf8_lossy(message.body()).into_owned();
    let curl = curl(message.method().as_str(), &message.uri().to_string(), &headers, &body);
    let mut lines = vec![format!("{} {}", message.method(), message.uri())];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.extend([String::new(), body.clone(), String::new(), curl.clone()]);
    let names: Vec<&str> = match places {
        Places::Files(places) => places.iter().map(|place: &Place| place.stem.as_str()).collect(),
        Places::Stdout => Vec::new(),
    };
    if !output.is_json() {
        if plan.requests.len() > 1 {
            note(&format!("{} requests like this one", plan.requests.len()));
        }
        names
            .iter()
            .for_each(|name| note(&format!("would be saved as {name}, with the extension of what comes")));
        note(&format!("would cost {estimate}"));
    }
    let headers: serde_json::Map<String, Value> =
        headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    let object = json!({
        "ok": true,
        "dry_run": true,
        "request": {
            "method": message.method().as_str(),
            "url": message.uri().to_string(),
            "headers": headers,
            "body": serde_json::from_str::<Value>(&body).unwrap_or_default(),
        },
        "curl": curl,
        "requests": plan.requests.len(),
        "names": names,
        "estimate": price::describe(estimate),
    });
    Ok(output.succeeded(&lines, &object))
}

/// A command for a POSIX shell, which puts the key in.
fn curl(method: &str, url: &str, headers: &[(String, String)], body: &str) -> String {
    let mut command = format!("curl -X {method} {}", quoted(url));
    for (name, value) in headers.iter().filter(|(name, _)| name != "user-agent" && name != "accept") {
        // Double quotes where the shell shall put the key in; nothing else in a header needs quoting.
        command.push_str(&if value.contains('$') {
            format!(" -H \"{name}: {value}\"")
        } else {
            format!(" -H {}", quoted(&format!("{name}: {value}")))
        });
    }
    command.push_str(" -d ");
    command.push_str(&quoted(body));
    command
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
