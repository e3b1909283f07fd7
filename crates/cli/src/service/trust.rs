//! What a project's file may not decide on its own.
//!
//! Such a file comes with a repository that somebody else may have written. It must neither run a command, nor read a
//! file, nor send a key to an address of its choice, until the user has said that the project is trusted.

use std::{env, path::Path};

use url::{Host, Url};

use super::Service;
use crate::{config::Source, failure::Failure};

/// Trusts the project for one run, as in CI.
const VARIABLE: &str = "IMAGEWIRE_TRUST_PROJECT";

/// Refuses what an untrusted project decides.
///
/// # Errors
/// With the place that decides it and the remedy.
pub(super) fn demand(service: &Service) -> Result<(), Failure> {
    let Some(file) = &service.untrusted else { return Ok(()) };
    if env::var(VARIABLE).is_ok_and(|value| value == "1") {
        return Ok(());
    }
    let settings =
        ["base_url", "ca_file", "client_key_file"].into_iter().filter_map(|name| service.settings.find(name));
    let setting = settings
        .filter(|setting| setting.source.is_project())
        .find(|setting| setting.name != "base_url" || !setting.value.as_str().is_some_and(is_this_machine));
    let what = match (&service.key.source, setting) {
        (source @ Source::File(_), _) if source.is_project() && !service.key.is_variable() => {
            format!("{source} says how the key is obtained")
        }
        (_, Some(setting)) if setting.name == "ca_file" => {
            format!("{} says which certificate authorities are trusted", setting.source)
        }
        (_, Some(setting)) if setting.name == "client_key_file" => {
            format!("{} says which private key is used", setting.source)
        }
        (_, Some(setting)) => format!("{} says where the key is sent", setting.source),
        (_, None) => return Ok(()),
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    Err(Failure::configuration(format!(
        "{what}, and this project is not trusted\nread that file; then add {:?} to trusted_projects in your own file \
         (`imagewire config path`), or set {VARIABLE}=1 for this run; nothing was sent",
        folder.display().to_string()
    )))
}

fn is_this_machine(url: &str) -> bool {
    match Url::parse(url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
