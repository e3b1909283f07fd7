//! What will be asked for, and where it goes: settled before anything is sent.

use std::{
    fs,
    path::{Path, PathBuf},
};

use imagewire_transport::{Destination, decode::Format};
use imagewire_types::{CreateImageRequest, Model, Size};
use imagewire_validate::{Change, Code, Report, Target, adapt, check, rule::ModelFrom};

use super::{Arguments, extra, manifest, name::Tokens, size};
use crate::{failure::Failure, output::note, service::Service};

/// The requests of one command.
pub(super) struct Plan {
    /// Several when the model makes fewer images at a time than are wanted; alike but for `n`.
    pub(super) requests: Vec<CreateImageRequest>,
    pub(super) changes: Vec<Change>,
    pub(super) report: Report,
}

/// The request as the flags say it; words for the size are resolved, and told.
pub(super) fn request(
    arguments: &Arguments,
    prompt: &str,
    service: &Service,
    target: &Target<'_>,
) -> Result<CreateImageRequest, Failure> {
    let asked = &arguments.request;
    let mut request = CreateImageRequest::new(prompt);
    if target.dialect().model_from == ModelFrom::Body {
        let model = asked.model.as_deref().or(service.model());
        request.model = Some(model.unwrap_or("dall-e-3").into());
    }
    request.n = asked.n;
    request.size = asked.size.as_deref().map(Size::from);
    request.quality = asked.quality.as_deref().map(Into::into);
    request.style = asked.style.as_deref().map(Into::into);
    request.response_format = asked.response_format.as_deref().map(Into::into);
    request.background = asked.background.as_deref().map(Into::into);
    request.moderation = asked.moderation.as_deref().map(Into::into);
    request.output_format = asked.output_format.as_deref().map(Into::into);
    request.output_compression = asked.output_compression;
    request.stream = asked.stream.then_some(true);
    request.partial_images = asked.partial_images;
    request.complexity = asked.complexity.as_deref().map(Into::into);
    request.frame_count = asked.frame_count;
    request.frame_duration_ms = asked.frame_duration_ms;
    request.user.clone_from(&asked.user);
    extra::add(&mut request, &asked.extra)?;
    let mut request = service.fill_in(request)?;
    if let Some(words) = &request.size {
        let model = request.model.as_ref().map(Model::as_str);
        let (size, told) = size::resolve(&words.as_str(), target, model)?;
        told.iter().for_each(|told| note(told));
        request.size = Some(size);
    }
    Ok(request)
}

/// Splits, adapts and judges.
pub(super) fn plan(
    request: &CreateImageRequest,
    target: &Target<'_>,
    arguments: &Arguments,
) -> Result<Plan, Failure> {
    let mut requests = if arguments.no_check { vec![request.clone()] } else { split(request, target) };
    let mut changes = Vec::new();
    if arguments.adapt {
        for (at, request) in requests.iter_mut().enumerate() {
            let adapted = adapt(request, target);
            *request = adapted.request;
            if at == 0 {
                changes = adapted.changes;
            }
        }
    }
    let reports: Vec<Report> = requests.iter().map(|request| check(request, target)).collect();
    let worst = reports.iter().position(|report| !report.is_accepted());
    if let (Some(report), false) = (worst.and_then(|at| reports.get(at)), arguments.no_check) {
        return Err(Failure::invalid(report));
    }
    let report = reports.into_iter().next().unwrap_or_default();
    Ok(Plan { requests, changes, report })
}

/// As many requests as it takes when the only thing wrong with `n` is that it is too large.
fn split(request: &CreateImageRequest, target: &Target<'_>) -> Vec<CreateImageRequest> {
    let wanted = request.n.unwrap_or(1);
    let report = check(request, target);
    let most = report
        .errors()
        .find(|finding| finding.pointer == "/n" && finding.code == Code::OutOfRange)
        .and_then(|finding| finding.nearest.as_ref()?.parse::<u32>().ok())
        .filter(|most| (1..wanted).contains(most));
    let Some(most) = most else { return vec![request.clone()] };
    let mut left = wanted;
    let mut requests = Vec::new();
    while left > 0 {
        let now = left.min(most);
        requests.push(request.clone().n(now));
        left -= now;
    }
    requests
}

/// Where the images of each request go.
pub(super) enum Places {
    /// To files; one destination a request.
    Files(Vec<Place>),
    /// The only image, as it is.
    Stdout,
}

/// Where the images of one request go.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) destination: Destination,
    folder: PathBuf,
    pub(super) stem: String,
    asked: Option<String>,
}

/// `usual` is where images go unless a flag says otherwise.
pub(super) fn places(
    arguments: &Arguments,
    plan: &Plan,
    tokens: &Tokens,
    usual: Option<&Path>,
) -> Result<Places, Failure> {
    let saving = &arguments.saving;
    let count = plan.requests.len();
    let indices = || (1..=count).map(|index| (count > 1).then_some(index));
    // Unfinished images are worth keeping when they were asked for: each costs a little.
    let keeps_partials =
        plan.requests.iter().any(|request| request.partial_images.is_some_and(|count| count > 0));
    let settled =
        |destination: Destination| destination.overwrite(saving.force).keep_partials(keeps_partials);
    let directory = |folder: &Path| {
        indices()
            .map(|index| {
                let stem = tokens.fill(&saving.name, index)?;
                let destination = settled(Destination::directory(folder).stem(&stem));
                Ok(Place { destination, folder: folder.to_owned(), stem, asked: None })
            })
            .collect::<Result<_, Failure>>()
            .map(Places::Files)
    };
    match &saving.output {
        None => directory(usual.unwrap_or(Path::new("."))),
        Some(path) if path == Path::new("-") => stdout(arguments, plan),
        Some(path) if path.is_dir() || ends_in_separator(path) => directory(path),
        Some(path) => {
            let (stem, asked) = parts(path);
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let places = indices().map(|index| {
                let stem = index.map_or_else(|| stem.clone(), |index| format!("{stem}-{index}"));
                let name = asked.as_ref().map_or_else(|| stem.clone(), |asked| format!("{stem}.{asked}"));
                // Only numbered names are put together: others may be no text.
                let path = if index.is_some() { folder.join(name) } else { path.clone() };
                let destination = settled(Destination::file(path));
                Place { destination, folder: folder.clone(), stem, asked: asked.clone() }
            });
            Ok(Places::Files(places.collect()))
        }
    }
}

fn stdout(arguments: &Arguments, plan: &Plan) -> Result<Places, Failure> {
    let images: u32 = plan.requests.iter().map(|request| request.n.unwrap_or(1)).sum();
    let trouble = if images > 1 {
        Some("-o - writes one image, and -n asks for several\nsave them: -o DIR/")
    } else if arguments.output.json {
        Some("-o - and --json both want stdout\nsave the image: -o FILE")
    } else if arguments.saving.manifest {
        Some("-o - leaves no file to put a --manifest beside\nsave the image: -o FILE")
    } else if !arguments.dry_run && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        Some("-o - would write an image to the terminal\nsend it elsewhere: -o - > FILE")
    } else {
        None
    };
    trouble.map_or(Ok(Places::Stdout), |trouble| Err(Failure::configuration(trouble)))
}

impl Place {
    /// Looks, before anything is bought, whether everything can be saved under its name.
    pub(super) fn prepare(&self, images: u32, with_manifest: bool, force: bool) -> Result<(), Failure> {
        self.destination.prepare(images).map_err(|error| Failure::transport(&error))?;
        if !with_manifest || force {
            return Ok(());
        }
        let numbers = (1..=images.max(1)).map(|number| (images > 1).then_some(number));
        for stem in
            numbers.map(|number| number.map_or_else(|| self.stem.clone(), |at| format!("{}-{at}", self.stem)))
        {
            let extensions =
                Format::KNOWN.iter().map(|format| format.extension()).chain(self.asked.as_deref());
            for extension in extensions {
                let path = manifest::path(&self.folder.join(format!("{stem}.{extension}")));
                if fs::symlink_metadata(&path).is_ok() {
                    let shown = path.display();
                    return Err(Failure::configuration(format!(
                        "{shown}: it exists already\nchoose another name, or replace it with --force"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// The name without extension, and the extension: one to five letters, as [`Destination::file`] has it.
fn parts(path: &Path) -> (String, Option<String>) {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    match text(path.extension()) {
        Some(extension)
            if (1..=5).contains(&extension.len())
                && extension.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
        {
            (text(path.file_stem()).unwrap_or_default(), Some(extension))
        }
        _ => (text(path.file_name()).unwrap_or_default(), None),
    }
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}
