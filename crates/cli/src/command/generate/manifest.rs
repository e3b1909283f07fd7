//! `--manifest`: a `FILE.json` beside each image.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use imagewire_cost::Cost;
use imagewire_types::{CreateImageRequest, ImagesResponse};
use serde_json::{Value, json};

use super::picture::Picture;
use crate::price;

/// The version of the manifest's form.
const SCHEMA_VERSION: u32 = 1;

/// What a manifest tells beside the image itself.
pub(super) struct Told<'a> {
    pub(super) service: &'a str,
    pub(super) model: Option<&'a str>,
    pub(super) request: &'a CreateImageRequest,
    pub(super) response: Option<&'a ImagesResponse>,
    pub(super) request_id: Option<&'a str>,
    pub(super) cost: &'a Cost,
}

/// The manifest's path: the image's own with `.json` after it.
pub(super) fn path(image: &Path) -> PathBuf {
    let mut path = image.as_os_str().to_owned();
    path.push(".json");
    path.into()
}

/// Writes it whole or not at all.
pub(super) fn write(picture: &Picture, told: &Told<'_>, overwrite: bool) -> io::Result<PathBuf> {
    let path = path(&picture.path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".imagewire-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    let text = serde_json::to_string_pretty(&describe(picture, told))?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    let published = if overwrite { file.persist(&path) } else { file.persist_noclobber(&path) };
    published.map_err(|error| error.error)?;
    Ok(path)
}

fn describe(picture: &Picture, told: &Told<'_>) -> Value {
    let usage = told.response.and_then(|response| response.usage.as_ref());
    let mut manifest = json!({
        "schema_version": SCHEMA_VERSION,
        "created": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        "tool": concat!("imagewire ", env!("CARGO_PKG_VERSION")),
        "service": told.service,
        "model": told.model,
        "request": told.request,
        "request_id": told.request_id,
        "usage": usage,
        "cost_of_request": price::describe(told.cost),
        "file": picture.path.file_name().map(|name| name.to_string_lossy()),
    });
    let image = picture.describe(picture.index);
    for name in
        ["index", "width", "height", "format", "bytes", "sha256", "content_credentials", "revised_prompt"]
    {
        manifest[name] = image[name].clone();
    }
    manifest
}
