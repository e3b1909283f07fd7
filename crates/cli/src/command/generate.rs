//! `imagewire generate`: make images and save them.

mod name;
mod show;

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use imagewire_transport::{Checking, Destination, Error, Generated, GeneratedImage, Saved};
use imagewire_types::{CreateImageRequest, Size};
use imagewire_validate::{Change, Report, Target, adapt, check, rule::ModelFrom};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    catalogue::CatalogueArguments,
    command::migrate,
    failure::Failure,
    output::{self, Output, note},
    service::{self, Service},
};

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    /// What the picture shows, or - to read it from standard input
    prompt: String,
    #[command(flatten)]
    service: service::ServiceArguments,
    /// The model [default: dall-e-3]; for Hicap, what the deployment serves (checked against, never sent)
    #[arg(short, long, value_name = "NAME")]
    model: Option<String>,
    /// How many images
    #[arg(short, value_name = "COUNT")]
    n: Option<u32>,
    /// Width and height in pixels, or auto [the services default to 1024x1024 or auto]
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    size: Option<String>,
    /// standard, hd, auto, low, medium, high: as the model has it
    #[arg(long, value_name = "NAME")]
    quality: Option<String>,
    /// vivid or natural (dall-e-3)
    #[arg(long, value_name = "NAME")]
    style: Option<String>,
    /// url or `b64_json`; either way a file is saved
    #[arg(long, value_name = "NAME")]
    response_format: Option<String>,
    /// An opaque identifier of your end user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// transparent, opaque or auto (GPT image models)
    #[arg(long, value_name = "NAME")]
    background: Option<String>,
    /// auto or low (GPT image models)
    #[arg(long, value_name = "NAME")]
    moderation: Option<String>,
    /// png, jpeg or webp (GPT image models)
    #[arg(long, value_name = "NAME")]
    output_format: Option<String>,
    /// 0 to 100, for jpeg and webp (GPT image models)
    #[arg(long, value_name = "PERCENT")]
    output_compression: Option<u32>,
    /// How many unfinished images a stream shows, 0 to 3 (GPT image models)
    #[arg(long, value_name = "COUNT")]
    partial_images: Option<u32>,
    /// Where to save: a file, or a folder if it exists or ends in / [default: here, under a name of its own]
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    /// Send the request even if it breaks a rule that imagewire knows
    #[arg(long)]
    no_check: bool,
    /// Print the request and the same as a curl command, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Change what the service or the model does not accept, and tell each change
    #[arg(long, conflicts_with = "no_check")]
    adapt: bool,
    #[command(flatten)]
    catalogue: CatalogueArguments,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    match execute(arguments, output) {
        Ok(code) => code,
        Err(failure) => output.failed(&failure),
    }
}

fn execute(mut arguments: Arguments, output: Output) -> Result<ExitCode, Failure> {
    if arguments.prompt == "-" {
        arguments.prompt = read_prompt()
            .map_err(|error| Failure::configuration(format!("cannot read the prompt: {error}")))?;
    }
    let target = target(&arguments)?;
    let service = arguments.service.resolve()?;
    let mut request = service.fill_in(request(&arguments, &service, &target))?;
    let mut changes = Vec::new();
    if arguments.adapt {
        let adapted = adapt(&request, &target);
        (request, changes) = (adapted.request, adapted.changes);
        changes.iter().for_each(|change| note(&migrate::line(change)));
    }
    let report = check(&request, &target);
    if !report.is_accepted() && !arguments.no_check {
        return Err(Failure::invalid(&report));
    }
    for finding in report.findings() {
        note(&finding.to_string());
    }
    if arguments.dry_run {
        return show::run(&arguments.service, &request, output);
    }
    let destination = destination(&arguments, service.output_dir());
    destination.prepare(request.n.unwrap_or(1)).map_err(|error| Failure::transport(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?;
    let bought = runtime.block_on(async {
        let (endpoint, _emulator) = arguments.service.connect().await?;
        // The request has been judged above, by the user's own models as well.
        let client = service.client(endpoint)?.checking(Checking::Off);
        Ok(client.generate(&request).await)
    })?;
    finish(bought, &destination, &report, &changes, output)
}

/// Saves what was bought, also when only a part of it came.
fn finish(
    bought: Result<Generated, Error>,
    destination: &Destination,
    report: &Report,
    changes: &[Change],
    output: Output,
) -> Result<ExitCode, Failure> {
    match bought {
        Ok(generated) => {
            let saved = save(destination, &generated.images)?;
            Ok(succeed(&generated, &saved, report, changes, output))
        }
        Err(error) => {
            let mut failure = Failure::transport(&error);
            if let Some(partial) = error.partial().filter(|partial| !partial.images.is_empty()) {
                let saved = save(destination, &partial.images)?;
                saved.iter().for_each(|saved| note(&format!("saved {}", saved.path.display())));
                failure = failure.partial(describe(&partial.images, &saved));
            }
            Err(failure)
        }
    }
}

/// When the destination fails after all, the images go to the system's temporary folder: they are paid for.
fn save(destination: &Destination, images: &[GeneratedImage]) -> Result<Vec<Saved>, Failure> {
    destination.save(images).map_err(|error| {
        let failure = Failure::transport(&error);
        let stem = format!("imagewire-{}-{}", name::timestamp(), std::process::id());
        match Destination::directory(std::env::temp_dir()).stem(stem).save(images) {
            Ok(saved) => {
                saved.iter().for_each(|saved| note(&format!("saved {} instead", saved.path.display())));
                failure.rescued(describe(images, &saved))
            }
            Err(_) => failure,
        }
    })
}

fn succeed(
    generated: &Generated,
    saved: &[Saved],
    report: &Report,
    changes: &[Change],
    output: Output,
) -> ExitCode {
    for entry in saved.iter().filter(|entry| entry.extension_replaced) {
        note(&format!(
            "note: the image is {}, so its name ends in .{}",
            entry.format,
            entry.format.extension()
        ));
    }
    let paths: Vec<String> = saved.iter().map(|saved| saved.path.display().to_string()).collect();
    let object = json!({
        "ok": true,
        "images": describe(&generated.images, saved),
        "request_id": generated.request_id,
        "findings": output::findings(report),
        "changes": changes.iter().map(migrate::describe).collect::<Vec<_>>(),
    });
    output.succeeded(&paths, &object)
}

fn describe(images: &[GeneratedImage], saved: &[Saved]) -> Value {
    let entries = images.iter().zip(saved).map(|(image, saved)| {
        json!({
            "index": image.index,
            "path": saved.path,
            "width": image.width,
            "height": image.height,
            "format": image.format.to_string().to_lowercase(),
            "bytes": saved.bytes,
            "sha256": hex(&Sha256::digest(&image.bytes)),
            "revised_prompt": image.revised_prompt,
        })
    });
    entries.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_prompt() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn target(arguments: &Arguments) -> Result<Target<'static>, Failure> {
    let service = arguments.service.resolve()?;
    let target = arguments
        .catalogue
        .load()?
        .target(arguments.service.operation()?.dialect)
        .map_err(|error| Failure::configuration(error.to_string()))?;
    Ok(match (arguments.model.as_deref().or(service.model()), target.dialect().model_from) {
        (Some(model), ModelFrom::Deployment) => target.served_by(model),
        (Some(_), ModelFrom::Body) | (None, _) => target,
    })
}

fn request(arguments: &Arguments, service: &Service, target: &Target<'_>) -> CreateImageRequest {
    let mut request = CreateImageRequest::new(arguments.prompt.as_str());
    if target.dialect().model_from == ModelFrom::Body {
        let model = arguments.model.as_deref().or(service.model());
        request.model = Some(model.unwrap_or("dall-e-3").into());
    }
    request.n = arguments.n;
    request.size = arguments.size.as_deref().map(Size::from);
    request.quality = arguments.quality.as_deref().map(Into::into);
    request.style = arguments.style.as_deref().map(Into::into);
    request.response_format = arguments.response_format.as_deref().map(Into::into);
    request.user.clone_from(&arguments.user);
    request.background = arguments.background.as_deref().map(Into::into);
    request.moderation = arguments.moderation.as_deref().map(Into::into);
    request.output_format = arguments.output_format.as_deref().map(Into::into);
    request.output_compression = arguments.output_compression;
    request.partial_images = arguments.partial_images;
    request
}

fn destination(arguments: &Arguments, usual: Option<&Path>) -> Destination {
    let stem = name::stem(&arguments.prompt);
    let destination = match &arguments.output {
        None => Destination::directory(usual.unwrap_or(Path::new("."))).stem(stem),
        Some(path) if path.is_dir() || ends_in_separator(path) => Destination::directory(path).stem(stem),
        Some(path) => Destination::file(path),
    };
    destination.overwrite(arguments.force)
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

impl Failure {
    /// Some images came and are saved.
    fn partial(mut self, images: Value) -> Self {
        self.exit = 9;
        self.attach("images", images);
        self
    }

    /// The images are saved, elsewhere.
    fn rescued(mut self, images: Value) -> Self {
        self.attach("images", images);
        self
    }
}
