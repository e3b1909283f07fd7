//! `--extra NAME=VALUE`: members that have no flag.

use std::{path::Path, str};

use imagewire_types::CreateImageRequest;
use serde_json::Value;

use crate::{command::read, failure::Failure};

pub(super) fn add(request: &mut CreateImageRequest, extras: &[String]) -> Result<(), Failure> {
    for extra in extras {
        let Some((name, value)) = extra.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::configuration("--extra is not NAME=VALUE\nwrite --extra seed=7"));
        };
        let value = match value.strip_prefix('@') {
            None => parsed(value),
            Some(file) => {
                let contents = read(Path::new(file))?;
                let text = str::from_utf8(&contents)
                    .map_err(|_| Failure::configuration(format!("--extra {name}: {file} is not UTF-8")))?;
                parsed(text)
            }
        };
        let replaced = request.extra.insert(name, value).map_err(|_| {
            let flag = name.replace('_', "-");
            Failure::configuration(format!("--extra {name}: that member has a flag of its own\nuse --{flag}"))
        })?;
        if replaced.is_some() {
            return Err(Failure::configuration(format!("--extra {name} stands twice\nkeep one of the two")));
        }
    }
    Ok(())
}

/// JSON, or else the text itself.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}
