//! A folder of texts: each is a prompt, and its name the id.

use std::{fs, io, path::Path};

use serde_json::{Map, Value};

use super::Collector;

/// The longest text in bytes.
const LONGEST: u64 = 1 << 20;

pub(super) fn read(folder: &Path, items: &mut Collector<'_>) -> io::Result<()> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if (extension == "txt" || extension == "md") && !is_hidden && path.is_file() {
            paths.push(path);
        }
    }
    // What the system lists first is chance.
    paths.sort();
    if paths.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the folder holds no .txt or .md files"));
    }
    for path in paths {
        let place = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = match text(&path) {
            Ok(text) => text,
            Err(message) => {
                items.fault(place, Some(id), message);
                continue;
            }
        };
        let prompt = text.trim_start_matches('\u{feff}').trim();
        if prompt.is_empty() {
            items.fault(place, Some(id), "the file is empty; say what the picture shows".to_owned());
            continue;
        }
        let members = [("id", id.as_str()), ("prompt", prompt)]
            .map(|(name, text)| (name.to_owned(), Value::from(text)));
        items.object(place, Map::from_iter(members));
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, String> {
    let length = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?.len();
    if length > LONGEST {
        return Err("the file is longer than 1 MiB; a prompt is expected".to_owned());
    }
    let bytes = fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "the file is not UTF-8; save it as UTF-8".to_owned())
}
