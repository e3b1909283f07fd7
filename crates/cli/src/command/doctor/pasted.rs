//! `doctor --url`: a pasted address as flags and as a profile.

use imagewire_types::operations;
use serde_json::{Value, json};

use crate::{failure::Failure, service::Address};

pub(super) fn explain(text: &str) -> Result<(Vec<String>, Value), Failure> {
    let address = Address::untangle(text).map_err(Failure::configuration)?;
    let operation = operations::find(address.dialect)
        .ok_or_else(|| Failure::other(format!("no service is named {}", address.dialect)))?;
    let needs_deployment = !operation.path_parameters.is_empty();
    let version = operation.query_parameters.first();
    let api_version = address.api_version.as_deref().filter(|_| version.is_some());
    let suggested = version.filter(|version| version.required).and_then(|version| version.example);
    let edition = match (address.dialect, needs_deployment) {
        (_, true) => "deployments in the path, a dated api-version",
        ("azure-v1", false) => "v1: the deployment is sent as the model, no api-version is needed",
        (_, false) => "the model is sent in the request",
    };

    let mut lines = vec![
        format!("service      {} (--dialect {})", operation.title, address.dialect),
        format!("endpoint     {}", address.endpoint),
    ];
    if needs_deployment {
        let shown =
            address.deployment.as_deref().unwrap_or("(not in the address: the service's pages name it)");
        lines.push(format!("deployment   {shown}"));
    }
    if version.is_some() {
        let missing = suggested.map_or_else(
            || "(not in the address, and not needed)".to_owned(),
            |example| format!("(not in the address; {example} is used)"),
        );
        lines.push(format!("api-version  {}", api_version.map_or(missing, str::to_owned)));
    }
    lines.push(format!("edition      {edition}"));
    lines.extend(address.remarks.iter().map(|remark| format!("note         {remark}")));

    let deployment = needs_deployment.then(|| address.deployment.as_deref().unwrap_or("DEPLOYMENT"));
    let parts = [
        ("--dialect", "dialect", Some(address.dialect)),
        ("--base-url", "base_url", Some(address.base_url.as_str())),
        ("--deployment", "deployment", deployment),
        ("--api-version", "api_version", api_version.or(suggested)),
    ];
    let set = || parts.iter().filter_map(|(flag, key, value)| Some((*flag, *key, (*value)?)));
    let flags: Vec<String> = set().map(|(flag, _, value)| format!("{flag} {}", quoted(value))).collect();
    lines.push(String::new());
    lines.push("as flags:".to_owned());
    lines.push(format!("  imagewire generate PROMPT {}", flags.join(" ")));
    lines.push("as a profile in imagewire.toml:".to_owned());
    lines.push(format!("  [profiles.{}]", address.dialect));
    lines.extend(set().map(|(_, key, value)| format!("  {key} = {}", json!(value))));
    if let Some((name, _)) = operation.credential_env.first() {
        lines.push(format!("  api_key_env = {}", json!(name)));
    }

    let object = json!({
        "ok": true,
        "dialect": address.dialect,
        "endpoint": address.endpoint,
        "base_url": address.base_url,
        "deployment": address.deployment,
        "api_version": api_version,
        "edition": edition,
        "remarks": address.remarks,
        "flags": flags.join(" "),
    });
    Ok((lines, object))
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let is_plain =
        text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '='));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
